/** @file witness.h  A continuum case from its options to its outcome: what run.h is for cells.
 *
 * Writes the run directory of docs/format.md: a row of series.h5 for every step (or every few), snapshots at the times
 * of the snapshots of the run of cells with the same case, checkpoints.  Resuming on the same number of ranks gives the
 * bytes of the uninterrupted case.
 */
#ifndef MNEMOTAXIS_WITNESS_H
#define MNEMOTAXIS_WITNESS_H

#include <mnemotaxis/pde.h>
#include <mnemotaxis/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything a continuum case is. */
typedef struct mn_witness_options {
  mn_pde_options pde;
  const char *initial_file; /**< for MN_INITIAL_FILE */
  const char *initial_dataset;
  mn_schedule schedule;     /**< steps of the run of cells; snapshots are taken at its times */
  int64_t steps;            /**< of the run of cells */
  mn_output_options output; /**< `every` counts steps of this case, `snapshot_every` those of the run of cells */
  mn_stop_options stop;
  const char *parameters; /**< text stored in checkpoints */
  const char *used;       /**< text of used.ini */
} mn_witness_options;

/** How far a case has come; given to the reporter. */
typedef struct mn_witness_progress {
  const mn_pde_report *pde;
  double end;
  double seconds;    /**< wall time since the case (or its resumption) began */
  double output;     /**< share of it */
  const char *event; /**< NULL for a plain report, or what has just happened */
} mn_witness_progress;

/** Called on rank 0 after every step and event. */
typedef void mn_witness_reporter(void *context, const mn_witness_progress *progress);

/** What a finished or stopped case can tell. */
typedef struct mn_witness_report {
  mn_outcome outcome;
  bool concentrating; /**< finished before its end, because no mesh can follow the density any more */
  mn_pde_report pde;
  mn_observation last; /**< newest row of the series */
  double first_square; /**< E|X_0|^2 */
  int64_t peak_bytes;  /**< largest allocation of any rank, the solver library's not counted */
} mn_witness_report;

/** Solves from the start, or goes on from a checkpoint.  Collective; the solver library must have been started.
 * @param checkpoint  path of the checkpoint to go on from, or NULL; its parameters must be the options'
 * Fails: as mn_run and mn_pde_create; MN_USAGE also on unknown options of the solver.  Nothing is written then. */
mn_error *mn_witness(const mn_parallel *parallel, const mn_witness_options *options, const char *checkpoint,
                     mn_witness_reporter *reporter, void *context, mn_witness_report *report) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
