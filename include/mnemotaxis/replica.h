/** @file replica.h  One run of a study: from options and a seed to statistics, without files. */
#ifndef MNEMOTAXIS_REPLICA_H
#define MNEMOTAXIS_REPLICA_H

#include <mnemotaxis/chaos.h>
#include <mnemotaxis/mean_field.h>
#include <mnemotaxis/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Runs cells to the end, and cells of the limit beside them.  Collective.
 * @param options    output, stop.checkpoint and seed are not used; stop.requested ends the replica early
 * @param seed       of this replica
 * @param field      of the limit, or NULL: statistics that need it are NaN
 * @param yardstick  of its density, NULL with `field`
 * @param value      [MN_STATISTICS], the same bits on every rank and any number of ranks
 * @param stopped    true: a stop was requested, there are no values */
mn_error *mn_replica_run(const mn_parallel *parallel, const mn_run_options *options, uint32_t seed,
                         const mn_mean_field *field, mn_yardstick *yardstick, double *value,
                         bool *stopped) MN_MUST_CHECK;

/** The seed of a replica: that of the study, the number of cells and the replica decide it, nothing else, so that
 * variations of the parameters see the same noise.  Local. */
uint32_t mn_replica_seed(uint32_t seed, int64_t count, int64_t replica);

#ifdef __cplusplus
}
#endif
#endif
