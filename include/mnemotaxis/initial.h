/** @file initial.h  Where the cells start. */
#ifndef MNEMOTAXIS_INITIAL_H
#define MNEMOTAXIS_INITIAL_H

#include <mnemotaxis/field.h>
#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mn_initial_kind {
  MN_INITIAL_GAUSSIAN, /**< normal, `variance` per coordinate */
  MN_INITIAL_DISK,     /**< uniform in the disk of `radius` */
  MN_INITIAL_RING,     /**< uniform angle, radius normal around `radius` with deviation `width` */
  MN_INITIAL_DIRAC,    /**< all at the centre */
  MN_INITIAL_CLUSTERS, /**< a mixture of normal laws */
  MN_INITIAL_FILE      /**< read from an HDF5 file (dataset.h), not drawn */
} mn_initial_kind;

/** The law of the starting points; all shapes are shifted by the centre. */
typedef struct mn_initial {
  mn_initial_kind kind;
  double centre[2];
  double variance; /**< per coordinate */
  double radius;
  double width;
  int clusters;
  mn_blob cluster[MN_BLOBS_MAX]; /**< amplitude: relative weight, > 0; sigma >= 0: deviation per coordinate */
} mn_initial;

/** Draws the starting points of a block; kind must not be MN_INITIAL_FILE.  Local.
 * @param seed  of the run
 * @param x     [cells of block, 2]
 * Accuracy: exact laws; what a cell draws depends on seed and id alone. */
void mn_initial_draw(const mn_initial *initial, uint32_t seed, mn_block block, double *x);

/** Exact E|X_0|^2 and, in `centre`, E X_0 of a law that is drawn.  Local.  @param centre  [2] */
double mn_initial_mean_square(const mn_initial *initial, double centre[2]);

/** Variance per coordinate of a law, for forecasts; 1 for positions from a file.  Local. */
double mn_initial_variance(const mn_initial *initial);

#ifdef __cplusplus
}
#endif
#endif
