/** @file audit.h  An engine held against the direct sum, for a few cells.
 *
 * Fields of all cells are fast and hard to check by eye; the drift of a few of them can be summed literally, over all
 * pairs and lags, beside any run that remembers all paths.  The error is measured as mn_drift_options.tolerance is, by
 * the rms drift of all cells: a few may feel nothing while one encounter elsewhere makes the drift of all.  So a single
 * cell that the engine has far too large hides the errors of others until it is drawn itself.
 */
#ifndef MNEMOTAXIS_AUDIT_H
#define MNEMOTAXIS_AUDIT_H

#include <mnemotaxis/drift.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Accuracy of an audit's direct sum, of the engine's tolerance: 0.1.  A history must be as sharp (mn_history_options),
 * should its coding not be shared by both sides. */
extern const double mn_audit_accuracy;

/** What an audit has found. */
typedef struct mn_audit {
  int64_t cells;   /**< looked at */
  double drift;    /**< rms over all cells as the engine has it, or over these summed directly, whichever is larger */
  double observed; /**< rms error of the engine over these cells, relative to `drift`; NaN while there is no drift,
                        infinite where some drift, of any cell, is not a number */
  double expected; /**< what the engine has reckoned with */
} mn_audit;

/** Sums the drift of a few cells directly and compares.  Collective.
 * @param past   of all cells
 * @param ahead  as in mn_drift_evaluate
 * @param mine   [local cells, 2] positions at `now`
 * @param found  [local cells, 2] what the engine says
 * @param cells  how many are drawn, with replacement, from (seed, moment)
 * Accuracy: mn_audit_accuracy of the engine's tolerance, also where tails are all that is felt, down to rms drifts of
 * 1e-4 of the largest force of a past sample, chi/(N-1) 0.068 sqrt(theta/h); against paths as `past` has them: the
 * engine `direct` sums the same coded ones, so what coding costs it is not seen.  Samples that were coded more coarsely
 * (those of a run that began without audits) count with the error of their coding.
 * Cost: cells x N x samples Gaussians, shared by the ranks. */
mn_error *mn_audit_drift(const mn_drift *drift, const mn_history *past, double now, double ahead, const double *mine,
                         const double *found, int64_t cells, uint32_t seed, uint64_t moment,
                         mn_audit *audit) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
