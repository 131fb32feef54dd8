/** @file observe.h  What is measured of the cloud, with standard errors.
 *
 * Standard errors treat the cells as independent, which they are up to O(1/N) (propagation of chaos);
 * an observable without a meaningful one (a minimum, an exact quantity) has NaN.  That of MN_PULL, a sum
 * over pairs, is doubled and errs on the large side: over seeds it is 1.1 to 4 times the true one.
 */
#ifndef MNEMOTAXIS_OBSERVE_H
#define MNEMOTAXIS_OBSERVE_H

#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_SHARES = 4 /**< radii within which the share of cells is counted */ };

/** Index of an observable in mn_observables and mn_observation. */
typedef enum mn_observable {
  MN_MEAN_SQUARE,
  MN_PULL,
  MN_CENTRE_X,
  MN_CENTRE_Y,
  MN_RADIUS_Q10,
  MN_RADIUS_Q25,
  MN_RADIUS_Q50,
  MN_RADIUS_Q75,
  MN_RADIUS_Q90,
  MN_MIN_DISTANCE,
  MN_PAIR_DRIFT_1,
  MN_PAIR_DRIFT_32,
  MN_CHEMICAL_MASS,
  MN_FORGOTTEN_DRIFT,
  MN_AUDIT_ERROR,
  MN_AUDIT_EXPECTED,
  MN_SHARE_WITHIN,
  MN_PEAK_DENSITY = MN_SHARE_WITHIN + MN_SHARES,
  MN_DENSITY_L2,
  MN_EDGE_MASS,
  MN_SMALLEST_CELL,
  MN_OBSERVABLES
} mn_observable;

/** Name in series.h5 and meaning. */
typedef struct mn_observable_info {
  const char *name;
  const char *about;
} mn_observable_info;

extern const mn_observable_info mn_observables[MN_OBSERVABLES];

/** Values and standard errors at one time. */
typedef struct mn_observation {
  double time;
  int64_t step;
  double value[MN_OBSERVABLES];
  double error[MN_OBSERVABLES];
} mn_observation;

/** Measures positions: everything but MN_CHEMICAL_MASS, MN_FORGOTTEN_DRIFT and what audits find, which the caller sets;
 * what only a continuum has (MN_PEAK_DENSITY and what follows) is NaN. Collective; the same bits on every rank and any
 * number of ranks.
 * @param count       cells in all
 * @param x           [local cells, 2]
 * @param free_path   [local cells, 2] the same cells without drift (step.h), the control of MN_PULL
 * @param pairs       number of pairs looked at
 * @param pair_drift  [local pairs, 2] D^{i,i+1} (mn_drift_partner), shared by mn_block_of
 * @param radii       [MN_SHARES]
 * Cost: O(N log N) on every rank and one gather of all positions. */
mn_error *mn_observe(const mn_parallel *parallel, int64_t count, const double *x, const double *free_path,
                     int64_t pairs, const double *pair_drift, const double radii[MN_SHARES],
                     mn_observation *out) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
