/** @file step.h  One step of the particle system: the schemes.  docs/theory.md, section 4. */
#ifndef MNEMOTAXIS_STEP_H
#define MNEMOTAXIS_STEP_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/field.h>
#include <mnemotaxis/schedule.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How positions go from t_n to t_{n+1}. */
typedef enum mn_scheme {
  MN_SCHEME_HEUN,     /**< mean of the drift now and at the predicted end of the step; two evaluations */
  MN_SCHEME_AVERAGED, /**< drift now, its present part averaged over the step ahead; one evaluation */
  MN_SCHEME_EULER     /**< drift now, un-averaged: E|X|^2 = infinity for the scheme; for comparison only */
} mn_scheme;

/** What a step needs besides the state; fixed for a run. */
typedef struct mn_dynamics {
  mn_model model;
  mn_field field;
  mn_schedule schedule;
  mn_scheme scheme;
  uint32_t seed;
  int noise_substeps; /**< the increment of a step is the sum of that many draws: a run with step h and k
                           substeps and one with step h/k and 1 follow the same Brownian paths */
} mn_dynamics;

/** Where the time of a run goes, seconds of this rank. */
typedef struct mn_step_seconds {
  double drift;    /**< evaluating the drift, exchange not counted */
  double exchange; /**< gathering positions and slabs */
  double rest;     /**< noise, c_0, moving */
} mn_step_seconds;

/** The noise of step n for the cells of a block: sqrt(2) times the Brownian increment, at most a function of seed, cell
 * and step.  Local.  @param noise  [cells of block, 2] */
void mn_step_noise(const mn_dynamics *dynamics, mn_block block, int64_t n, double *noise);

typedef struct mn_stepper mn_stepper;

/** Prepares work space for `count` cells.  Collective.  `drift` and `history` stay the caller's. */
mn_error *mn_stepper_create(const mn_dynamics *dynamics, mn_drift *drift, mn_history *history,
                            mn_stepper **stepper) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_stepper_destroy(mn_stepper **stepper);

/** Moves the cells from t_n to t_{n+1} and appends X_n to the history.  Collective.
 * @param n  number of the step
 * @param x          [local cells, 2] X_n in, X_{n+1} out
 * @param free_path  [local cells, 2] the same cells without any drift, moved by the same noise */
mn_error *mn_stepper_advance(mn_stepper *stepper, int64_t n, double *x, double *free_path) MN_MUST_CHECK;

/** Seconds spent since creation.  Local. */
mn_step_seconds mn_stepper_seconds(const mn_stepper *stepper);

#ifdef __cplusplus
}
#endif
#endif
