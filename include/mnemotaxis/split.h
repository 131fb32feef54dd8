/** @file split.h  The present force as a superposition of Gaussians, cut by their variance.
 *
 * Over its window the newest sample is a mixture of Gaussians of variance w per coordinate, of mass dm(w) on
 * narrowest <= w <= widest (theory.md (27)).  A range of variances has the symbol and the profile
 *
 *     S(k2) = int exp(-k2 w/2) dm(w),    f(r2) = int exp(-r2/(2w))/(2 pi w^2) dm(w):
 *
 * narrow Gaussians are summed over near pairs, wide ones on meshes.  One rule serves both faces.
 */
#ifndef MNEMOTAXIS_SPLIT_H
#define MNEMOTAXIS_SPLIT_H

#include <mnemotaxis/profile.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_SPLIT_MAX = 1440 /**< 12 of 55 octaves, and 2 log2(step lambda/theta) + 5 more at kinks (test_narrow) */ };

/** sum over k < count of mass[k] times a normalised Gaussian of variance[k] per coordinate. */
typedef struct mn_split {
  int count;
  double variance[MN_SPLIT_MAX]; /**< length^2 */
  double mass[MN_SPLIT_MAX];
} mn_split;

/** Smallest variance in the present: that of the regularization.  Local. */
double mn_split_narrowest(const mn_model *model);

/** Largest variance in the present: at the far end of window and step ahead.  Local. */
double mn_split_widest(const mn_model *model, const mn_present *present);

/** dm/dw.  Local. */
double mn_split_density(const mn_model *model, const mn_present *present, double w);

/** Gauss-Legendre rule for the variances of the present in [low, high).  Local.
 * @param low    > 0, at least mn_split_least of the smallest r2 of a table
 * @param high   may be INFINITY
 * @param split  receives the rule; empty when the range is
 * Accuracy: symbol 1e-13 of the mass at k = 0, profile 1e-12 of its largest value (test_split). */
void mn_split_range(const mn_model *model, const mn_present *present, double low, double high, mn_split *split);

/** Variances below it add less than 1e-19 of what those near r2 do to a profile at r2 or farther.  Local. */
double mn_split_least(double r2);

/** Which variances of which present force. */
typedef struct mn_symbol_key {
  mn_present present;
  double low, high;
} mn_symbol_key;

/** S(kx^2 + ky^2) of a range of variances for all pairs of wave numbers.  Local.
 * @param kx      [columns]
 * @param ky      [rows]
 * @param symbol  [columns, rows]
 * Accuracy: 1e-11 of S(0), and 1e-11 of S(k2/2) while that is not above 100 S(k2) (test_split).
 * Cost: 0.3 ms and more for the table, and 3 ns per pair. */
void mn_split_tabulate(const mn_model *model, const mn_symbol_key *key, int64_t columns, const double *kx, int64_t rows,
                       const double *ky, double *symbol);

/** S(k2).  Local. */
double mn_split_symbol(const mn_split *split, double k2);

/** f(r2).  Local. */
double mn_split_profile(const mn_split *split, double r2);

#ifdef __cplusplus
}
#endif
#endif
