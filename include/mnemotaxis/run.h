/** @file run.h  A simulation from its options to its outcome.
 *
 * Writes the run directory of docs/format.md: series, snapshots, checkpoints.  Resuming gives the bytes
 * of the uninterrupted run, on the same or any other number of ranks.
 */
#ifndef MNEMOTAXIS_RUN_H
#define MNEMOTAXIS_RUN_H

#include <mnemotaxis/initial.h>
#include <mnemotaxis/observe.h>
#include <mnemotaxis/step.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What is written, and when. */
typedef struct mn_output_options {
  const char *directory;
  bool replace;           /**< a run that is already in the directory may be deleted */
  int64_t every;          /**< steps between rows of series.h5, >= 1 */
  int64_t snapshot_every; /**< steps between snapshots; 0: the first and the last moment only */
  int64_t path_every;     /**< steps between samples of paths.h5; 0: none */
  bool drift;             /**< snapshots hold the un-averaged drift (one more evaluation each) */
  int fields;             /**< cells per side of the density and chemical meshes of snapshots; 0: none */
  double radii[MN_SHARES];
} mn_output_options;

/** When the state is saved, and when the run ends before its end. */
typedef struct mn_stop_options {
  int64_t checkpoint_steps;         /**< steps between checkpoints; 0: by time only */
  double checkpoint_minutes;        /**< wall minutes between checkpoints; 0: by steps only */
  int keep;                         /**< older checkpoints kept */
  double wall_minutes;              /**< stop with a checkpoint after this; 0: no limit */
  bool (*requested)(void *context); /**< asked on every rank after every step; NULL: never */
  void *context;
} mn_stop_options;

/** Everything a run is. */
typedef struct mn_run_options {
  mn_dynamics dynamics;
  mn_initial initial;
  const char *initial_file; /**< for MN_INITIAL_FILE */
  const char *initial_dataset;
  int64_t count; /**< cells, >= 2 */
  int64_t steps; /**< total number of steps to reach the end */
  const mn_drift_engine *engine;
  mn_drift_options drift;
  mn_history_options history;
  int64_t audit; /**< cells whose drift is compared with the direct sum at every row; 0: none */
  mn_output_options output;
  mn_stop_options stop;
  const char *parameters; /**< text stored in checkpoints */
  const char *used;       /**< text of used.ini */
} mn_run_options;

/** How far a run has come; given to the reporter. */
typedef struct mn_progress {
  int64_t step, first_step, steps;
  double time;
  double seconds;                 /**< wall time since the run (or its resumption) began */
  double drift, exchange, output; /**< shares of it */
  const char *event;              /**< NULL for a plain report, or what has just happened */
} mn_progress;

/** Called on rank 0 after every step and event. */
typedef void mn_reporter(void *context, const mn_progress *progress);

typedef enum mn_outcome { MN_FINISHED, MN_STOPPED } mn_outcome;

/** What a finished or stopped run can tell. */
typedef struct mn_run_report {
  mn_outcome outcome;
  mn_observation last;    /**< newest row of the series */
  double history_bits;    /**< per coordinate; NaN without a past */
  int64_t history_bytes;  /**< per rank */
  int64_t peak_bytes;     /**< largest allocation of any rank */
  int64_t forgotten;      /**< samples */
  double forgotten_drift; /**< bound, as in the series */
  mn_drift_cost cost;     /**< of rank 0 */
  double audit_worst;     /**< largest error an audit has found; 0 without audits */
  double audit_expected;  /**< what the engine reckoned with at that time */
} mn_run_report;

/** Cells whose paths a run keeps: all, or the witnesses of its engine.  Local. */
int64_t mn_run_witnesses(const mn_run_options *options);

/** Where the cells start: drawn, or read from a file.  Collective.
 * @param seed  of what is drawn
 * @param x     [local cells, 2] */
mn_error *mn_run_start(const mn_parallel *parallel, const mn_run_options *options, uint32_t seed,
                       double *x) MN_MUST_CHECK;

/** The engine that is faster for this run, whatever its options name.  Collective; all ranks hear the same.
 * Where constants (mn_drift_rivals, for the region of the cells) leave it open, both engines take the first steps of
 * the run, on all ranks; where that would be long or large, constants decide.
 * Fails: MN_DATA if the start cannot be read, MN_IO, MN_INTERNAL.
 * Accuracy: the choice takes at most 1.06 times the time of the faster engine (bench_auto, 315 runs).
 * Cost: about a second, at most some; all ranks together up to a quarter of a machine's memory. */
mn_error *mn_run_fastest(const mn_parallel *parallel, const mn_run_options *options,
                         const mn_drift_engine **fastest) MN_MUST_CHECK;

/** Runs from the start, or goes on from a checkpoint.  Collective.
 * @param checkpoint  path of the checkpoint to go on from, or NULL; its parameters must be the options'
 * @param report      receives the outcome
 * Fails: MN_USAGE when the directory cannot be used, MN_DATA on bad input (nothing is written then), MN_IO when
 * something could not be written, MN_INTERNAL. */
mn_error *mn_run(const mn_parallel *parallel, const mn_run_options *options, const char *checkpoint,
                 mn_reporter *reporter, void *context, mn_run_report *report) MN_MUST_CHECK;

/** What the engine is expected to need at the end.  Local. */
mn_forecast mn_run_forecast(const mn_run_options *options, int ranks);

/** Bytes one rank is expected to need at the end of the run: history, engine, cells.  Local.
 * Accuracy: 5 % of the peak measured (test_run), for Brownian-like paths. */
int64_t mn_run_expected_bytes(const mn_run_options *options, int ranks);

#ifdef __cplusplus
}
#endif
#endif
