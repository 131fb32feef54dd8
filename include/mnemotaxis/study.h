/** @file study.h  Many runs: variations of the parameters x numbers of cells x replicas, over groups of ranks.
 *
 * A replica that is finished is a line in a journal of the study's directory (journal.h); what is in no journal is
 * still to be done, so a study can be killed at any moment, go on with other ranks and groups, and be shared by several
 * jobs, without a gap or a duplicate.  study.h5 is made from the journals alone and has the same bytes whoever computed
 * what.
 */
#ifndef MNEMOTAXIS_STUDY_H
#define MNEMOTAXIS_STUDY_H

#include <mnemotaxis/rates.h>
#include <mnemotaxis/replica.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One choice of the parameters that are varied. */
typedef struct mn_variation {
  const char *name;          /**< "model.theta=1 time.step=0.02", "-" if nothing is varied; identifies it in journals */
  mn_pde_options continuum;  /**< its limit */
  const mn_run_options *run; /**< [counts] what to run for each number of cells */
} mn_variation;

/** Everything a study is. */
typedef struct mn_study_options {
  const char *directory;
  int variations;
  const mn_variation *variation;
  int counts;
  const int64_t *count; /**< [counts] numbers of cells */
  int64_t replicas;     /**< of each */
  uint32_t seed;
  bool limit;      /**< solve the continuum, for distances and coupling */
  int groups;      /**< of ranks; 0: as many as end soonest together, by the cost of runs measured so far or expected */
  int part, parts; /**< this job does every parts-th replica, beginning with the part-th, 1 <= part <= parts */
  mn_stop_options stop;
} mn_study_options;

/** How far a study has come. */
typedef struct mn_study_progress {
  int64_t done, tasks; /**< replicas: finished, failed ones too, and in all, of this part */
  double seconds;      /**< since the study went on */
  double left;         /**< seconds expected; NaN: unknown */
  const char *event;   /**< what has just happened, or NULL */
} mn_study_progress;

/** Called on rank 0 between its own replicas and at events. */
typedef void mn_study_reporter(void *context, const mn_study_progress *progress);

/** The results: rows are variations x counts. */
typedef struct mn_study_result {
  int variations, counts;
  int64_t *replicas;     /**< [rows] finished and not failed */
  int64_t *failed;       /**< [rows] */
  mn_estimate *estimate; /**< [rows, MN_QUANTITIES] */
  mn_estimate *paired;   /**< [rows, MN_QUANTITIES] less that of the last variation, with the same noise */
  mn_fit *fit;           /**< [variations, MN_QUANTITIES] */
  mn_outcome outcome;
  bool complete; /**< all parts have done all they had to */
  double busy;   /**< share of the time of all ranks spent in replicas; NaN: nothing was left to do */
} mn_study_result;

/** Does what is left of a study, then makes study.h5 from what is done.  Collective; with a limit the solver library
 * must have been started.  Replicas that fail are recorded with the reason, do not end the others, and are
 * tried again by the next call. Fails: MN_USAGE
 * when the continuum of a variation cannot be solved, MN_IO. */
mn_error *mn_study(const mn_parallel *parallel, const mn_study_options *options, mn_study_reporter *reporter,
                   void *context, mn_study_result *result) MN_MUST_CHECK;

/** Releases the arrays.  Local. */
void mn_study_result_clear(mn_study_result *result);

#ifdef __cplusplus
}
#endif
#endif
