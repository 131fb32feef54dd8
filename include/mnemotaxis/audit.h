/** @file audit.h  An engine held against the direct sum, for a few cells.
 *
 * Fields of all cells are fast and hard to check by eye; the drift of a few of them can be summed literally, over all
 * pairs and lags, beside any run that remembers all paths.
 */
#ifndef MNEMOTAXIS_AUDIT_H
#define MNEMOTAXIS_AUDIT_H

#include <mnemotaxis/drift.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What an audit has found. */
typedef struct mn_audit {
  int64_t cells;   /**< looked at */
  double drift;    /**< their rms drift, summed directly */
  double observed; /**< rms error of the engine over these cells, relative to `drift`; NaN while there is no drift */
  double expected; /**< what the engine has reckoned with */
} mn_audit;

/** Sums the drift of a few cells directly and compares.  Collective.
 * @param past   of all cells
 * @param ahead  as in mn_drift_evaluate
 * @param mine   [local cells, 2] positions at `now`
 * @param found  [local cells, 2] what the engine says
 * @param cells  how many are drawn, with replacement, from (seed, moment)
 * Accuracy: that of the direct sum is a tenth of the engine's tolerance.
 * Cost: cells x N x samples Gaussians, shared by the ranks. */
mn_error *mn_audit_drift(const mn_drift *drift, const mn_history *past, double now, double ahead, const double *mine,
                         const double *found, int64_t cells, uint32_t seed, uint64_t moment,
                         mn_audit *audit) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
