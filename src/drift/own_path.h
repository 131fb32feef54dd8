/* own_path.h  What a field of all cells holds of a cell's own trail, taken out. */
#ifndef MN_DRIFT_OWN_PATH_H
#define MN_DRIFT_OWN_PATH_H

#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/trail.h>

/* Accuracy that own trails need, of the largest force of a sample whose youngest lag is `window`.  Local.
 * relative: of the whole force;  allowed: error in units of one source */
double mn_own_path_accuracy(const mn_model *model, double window, double relative, double allowed);

/* Rounding of positions that makes a tenth of that accuracy, for mn_trail_resolve; falls to 0 where float lanes would
 * err by a fifth of it.  Local. */
double mn_own_path_finest(const mn_model *model, double window, double accuracy);

/* Subtracts from sum [local, 2] the gradient of what the own trail has left, in units of one source.  Local.
 * mine: [local, 2] positions at `now`;  accuracy: of the largest force of a sample;  float lanes where the trail has
 * one word.  Cost: about 2 ns per cell and sample in float; 6 ns in double.  Fails: MN_INTERNAL when a cell is
 * outside of the region of the trail. */
mn_error *mn_own_path_subtract(const mn_trail *trail, const mn_model *model, double now, double accuracy,
                               const double *mine, double *sum) MN_MUST_CHECK;

/* Measures what the samples older than `now` are felt of by their own cells (trail->felt), over an even choice of some
 * thousand cells.  Hits of narrow trails are rare, so no sample is taken to be felt less than the mean over all of
 * lag^(3/2) felt tells, or than a Brownian path would feel it.  Collective: the same on all ranks, and on any number of
 * them.  count: cells in all */
mn_error *mn_own_path_feel(const mn_parallel *parallel, int64_t count, const mn_model *model, double now,
                           const double *mine, mn_trail *trail) MN_MUST_CHECK;

/* For cells i from `begin` up to `end`: sum_i += sum over samples k and the Gaussians of rules[k] of
 * weight exp(-rate |r|^2) r,  r = here_i - then[k]_i.
 * here: [2 words, end - begin], then[k]: [2 words, stride], as in trail.h, one word in float and two in double;
 * sum: [local, 2].  Relative error of a term: 2e-6 in float, 1e-12 in double. */
void mn_own_path_float(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const int32_t *here,
                       int32_t *const *then, int64_t stride, double *sum);
void mn_own_path_double(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const int32_t *here,
                        int32_t *const *then, int64_t stride, double *sum);

#endif
