/* own_path.h  What a field of all cells holds of a cell's own trail, taken out. */
#ifndef MN_DRIFT_OWN_PATH_H
#define MN_DRIFT_OWN_PATH_H

#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/trail.h>

/* Subtracts from sum [local, 2] the gradient of what the own trail has left, in units of one source.  Local.
 * mine: [local, 2] positions at `now`;  accuracy: of the largest force of a sample; float lanes where that allows.
 * Cost: about 2.5 ns per cell and sample in float, at the pace past positions come in; 6 ns in double. */
mn_error *mn_own_path_subtract(const mn_trail *trail, const mn_model *model, double now, double accuracy,
                               const double *mine, double *sum) MN_MUST_CHECK;

/* Measures what the samples older than `now` are felt of by their own cells (trail->felt), over an even choice of some
 * thousand cells.  Hits of narrow trails are rare, so no sample is taken to be felt less than the mean over all of
 * lag^(3/2) felt tells, or than a Brownian path would feel it.  Collective: the same on all ranks, and on any number of
 * them.  count: cells in all */
mn_error *mn_own_path_feel(const mn_parallel *parallel, int64_t count, const mn_model *model, double now,
                           const double *mine, mn_trail *trail) MN_MUST_CHECK;

/* For cells i from `begin` up to `end`: sum_i += sum over samples k and the Gaussians of rules[k] of
 * weight exp(-rate |r|^2) r,  r = mine_i - then[k]_i.
 * mine, then[k], sum: [local, 2].  Relative error of a term: 2e-6 in float, 1e-12 in double. */
void mn_own_path_float(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const double *mine,
                       double *const *then, double *sum);
void mn_own_path_double(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const double *mine,
                        double *const *then, double *sum);

#endif
