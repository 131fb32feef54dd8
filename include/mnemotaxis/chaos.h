/** @file chaos.h  What one run of N cells tells about propagation of chaos.
 *
 * Statistics of a replica; averages over replicas, and how they fall with N, are made in rates.h.  phi_0 ... phi_3 are
 * smooth bounded functions: exp(-2|x|^2), exp(-|x|^2/2), cos x_1, |x|^2/(4 + |x|^2).  X is a cell, Y the cell of the
 * limit that starts where it starts and is driven by the same noise (mean_field.h).
 */
#ifndef MNEMOTAXIS_CHAOS_H
#define MNEMOTAXIS_CHAOS_H

#include <mnemotaxis/distance.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_TESTS_OF_CHAOS = 4 /**< test functions */ };

/** Index of a statistic. */
typedef enum mn_statistic {
  MN_STATISTIC_SQUARE,
  MN_STATISTIC_MODULUS,
  MN_STATISTIC_MEAN,                                                 /**< of phi_m */
  MN_STATISTIC_PAIR = MN_STATISTIC_MEAN + MN_TESTS_OF_CHAOS,         /**< of phi_m(X^i) phi_m(X^j), i != j */
  MN_STATISTIC_LIMIT_SQUARE = MN_STATISTIC_PAIR + MN_TESTS_OF_CHAOS, /**< the first one that needs the limit */
  MN_STATISTIC_WEAK,                                                 /**< of phi_m(X) - phi_m(Y) */
  MN_STATISTIC_DISTANCE = MN_STATISTIC_WEAK + MN_TESTS_OF_CHAOS,
  MN_STATISTIC_COUPLING = MN_STATISTIC_DISTANCE + MN_DISTANCES,
  MN_STATISTIC_COUPLING_SUP,
  MN_STATISTICS
} mn_statistic;

/** Name in result files and meaning. */
typedef struct mn_statistic_info {
  char name[32];
  const char *about;
} mn_statistic_info;

/** Of statistic k.  Local. */
mn_statistic_info mn_statistic_at(int k);

/** phi_m(x).  Local. */
double mn_test_function(int m, const double x[2]);

/** Statistics of positions that every rank knows.  Local.
 * @param x          [count, 2] cells at the end
 * @param limit      [count, 2] cells of the limit, or NULL: what needs them becomes NaN
 * @param yardstick  of the density of the limit, NULL with `limit`
 * @param value      [MN_STATISTICS] receives all but MN_STATISTIC_MODULUS and MN_STATISTIC_COUPLING_SUP */
mn_error *mn_chaos_measure(int64_t count, const double *x, const double *limit, mn_yardstick *yardstick,
                           double *value) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
