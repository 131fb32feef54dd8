/** @file comparison.h  Cells against continuum, time by time: compare.h5.
 *
 * /compare/time [T], and for every entry of mn_comparisons /compare/<name>, <name>_expected and
 * <name>_deviation, all [T]: what was found, its mean and its standard deviation if the cells were
 * independent samples of the continuum.
 */
#ifndef MNEMOTAXIS_COMPARISON_H
#define MNEMOTAXIS_COMPARISON_H

#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Index of a compared quantity. */
typedef enum mn_compared {
  MN_COMPARED_SQUARE,   /**< E|X|^2 of the cells less that of the continuum */
  MN_COMPARED_DISTANCE, /**< three distances, in the order of mn_distance */
  MN_COMPARED_CHEMICAL = MN_COMPARED_DISTANCE + 3,
  MN_COMPARED_GRADIENT,
  MN_COMPARISONS
} mn_compared;

/** Name in compare.h5 and meaning. */
typedef struct mn_comparison_info {
  const char *name;
  const char *about;
} mn_comparison_info;

extern const mn_comparison_info mn_comparisons[MN_COMPARISONS];

/** One time; NaN: not known. */
typedef struct mn_comparison {
  double time;
  double value[MN_COMPARISONS];
  double expected[MN_COMPARISONS];
  double deviation[MN_COMPARISONS];
} mn_comparison;

/** Writes a sealed file.  Collective; every rank has all rows. */
mn_error *mn_comparison_write(const mn_parallel *parallel, const char *path, int64_t rows,
                              const mn_comparison *row) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
