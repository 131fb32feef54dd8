/** @file field.h  The chemical that was there at the start: b_t = exp(-lambda t/theta) g_t * c_0, theory.md (5).
 *
 * c_0 is zero, a sum of Gaussians, or a field on a uniform grid, read as the bilinear interpolant of
 * its nodes, for which the convolution with the heat kernel is a closed form.  Nodes outside the grid
 * are 0, so the field falls to zero over one cell past the border.
 */
#ifndef MNEMOTAXIS_FIELD_H
#define MNEMOTAXIS_FIELD_H

#include <mnemotaxis/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_BLOBS_MAX = 16 };

typedef enum mn_field_kind { MN_FIELD_ZERO, MN_FIELD_GAUSSIAN, MN_FIELD_GRID } mn_field_kind;

/** One Gaussian: amplitude exp(-|x - centre|^2/(2 sigma^2)). */
typedef struct mn_blob {
  double amplitude; /**< chemical per area */
  double x, y;      /**< centre */
  double sigma;     /**< > 0 */
} mn_blob;

/** The initial chemical c_0. */
typedef struct mn_field {
  mn_field_kind kind;
  int blobs;
  mn_blob blob[MN_BLOBS_MAX];
  int rows, columns;  /**< of the grid: y, x */
  double origin[2];   /**< x, y of node [0, 0] */
  double spacing[2];  /**< in x, y */
  const double *node; /**< [rows, columns], owned by the caller, must outlive the field's use */
} mn_field;

/** Value and gradient of b_t at one point.  Local.
 * @param t         time >= 0
 * @param gradient  [2]
 * @returns b_t(x, y)
 * Accuracy: rounding.
 * Cost: one exponential per Gaussian; rows + columns error functions and rows x columns products for a
 * grid (rows farther than 9 widths of the heat kernel are skipped). */
double mn_field_at(const mn_field *field, const mn_model *model, double t, double x, double y, double gradient[2]);

/** Total chemical of c_0 (its integral).  Local. */
double mn_field_mass(const mn_field *field);

#ifdef __cplusplus
}
#endif
#endif
