/** @file rates.h  From replicas to quantities with errors, and how these fall with the number of cells.
 *
 * N^(-1) for the coupling distance and the pair correlation and N^(-1/2) for distances of the empirical measure are
 * what propagation of chaos suggests; for this system they are empirical targets, not theorems.
 */
#ifndef MNEMOTAXIS_RATES_H
#define MNEMOTAXIS_RATES_H

#include <mnemotaxis/chaos.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Index of a quantity: an average over replicas. */
typedef enum mn_quantity {
  MN_QUANTITY_SQUARE,
  MN_QUANTITY_MODULUS,
  MN_QUANTITY_WEAK,                                               /**< E phi_m(X) - E phi_m(Y) */
  MN_QUANTITY_CORRELATION = MN_QUANTITY_WEAK + MN_TESTS_OF_CHAOS, /**< E phi_m(X^1) phi_m(X^2) - (E phi_m(X^1))^2 */
  MN_QUANTITY_DISTANCE = MN_QUANTITY_CORRELATION + MN_TESTS_OF_CHAOS,
  MN_QUANTITY_COUPLING = MN_QUANTITY_DISTANCE + MN_DISTANCES,
  MN_QUANTITY_COUPLING_SUP,
  MN_QUANTITIES
} mn_quantity;

/** Name in study.h5, meaning, and the exponent it is held against (0: none). */
typedef struct mn_quantity_info {
  char name[32];
  const char *about;
  double target;
} mn_quantity_info;

/** Of quantity k.  Local. */
mn_quantity_info mn_quantity_at(int k);

/** An average over replicas. */
typedef struct mn_estimate {
  double value; /**< NaN when there are too few replicas for it */
  double error; /**< standard error over replicas (jackknife); NaN for fewer than 2, of correlations 3 */
} mn_estimate;

/** Averages.  Local.
 * @param values    [replicas, MN_STATISTICS]
 * @param estimate  [MN_QUANTITIES] */
void mn_rates_average(int64_t replicas, const double *values, mn_estimate *estimate);

/** Differences of averages between two variations whose k-th replicas have the same noise: their errors are those of
 * the differences, far below those of either.  Local.
 * @param values,minus  [replicas, MN_STATISTICS] */
void mn_rates_compare(int64_t replicas, const double *values, const double *minus, mn_estimate *estimate);

/** |quantity| = prefactor N^exponent. */
typedef struct mn_fit {
  double exponent, prefactor; /**< NaN: no fit */
  double low, high;           /**< 95 % of the exponents of resampled replicas lie between */
} mn_fit;

enum { MN_RESAMPLINGS = 1000 };

/** Fits powers by least squares in logarithms, weighted by the errors, over all numbers of cells that have at least 4
 * replicas.  Local.  There is a fit where they are at least 3, and the quantity has one sign and is 2 standard errors
 * from 0 at each of them.
 * @param count     [counts] numbers of cells
 * @param replicas  [counts]
 * @param values    [counts] arrays [replicas, MN_STATISTICS]
 * @param seed      of the resamplings
 * @param fit       [MN_QUANTITIES] */
void mn_rates_fit(int counts, const int64_t *count, const int64_t *replicas, const double *const *values, uint32_t seed,
                  mn_fit *fit);

#ifdef __cplusplus
}
#endif
#endif
