/** @file mean_field.h  N = infinity for one cell: dX = sqrt(2) dW + chi grad c(t, X) dt, c of the continuum.
 *
 * The limit of a cell of the system as N grows.  Driven by the noise of a cell and started where it starts, it stays
 * close to it: how close is the coupling distance E|X^{i,N}_t - X_t|^2.
 */
#ifndef MNEMOTAXIS_MEAN_FIELD_H
#define MNEMOTAXIS_MEAN_FIELD_H

#include <mnemotaxis/pde.h>
#include <mnemotaxis/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The chemical of the continuum at some moments, the density at the last; read-only. */
typedef struct mn_mean_field {
  double end;
  int moments;
  mn_plane *plane; /**< [moments] ascending times from 0 to `end`; density in the last one only */
} mn_mean_field;

/** Solves the continuum and keeps its chemical at the times of the steps, or, if there are many, at some of them.
 * Collective; the solver library must have been started.  On one rank the same bits always.
 * @param steps  of the schedule, at least 1; the last one ends the field
 * @param stop   asked on every rank after every step of the continuum, NULL: never; as in mn_stop_options
 * @param field  receives the field; NULL when a stop was requested before the end
 * Fails: as mn_pde_create; MN_USAGE when the density concentrates before the end. */
mn_error *mn_mean_field_solve(const mn_parallel *parallel, const mn_pde_options *options, const mn_schedule *schedule,
                              int64_t steps, const mn_stop_options *stop, mn_mean_field **field) MN_MUST_CHECK;

/** Gives the field of rank 0 to all ranks.  Collective.
 * @param field  of rank 0; elsewhere receives a copy */
mn_error *mn_mean_field_share(const mn_parallel *parallel, mn_mean_field **field) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_mean_field_destroy(mn_mean_field **field);

/** grad c(t, x).  Local.
 * Accuracy: that of the continuum; between moments a cubic in time.
 * Cost: 0.3 us at a moment, 1.2 us between. */
void mn_mean_field_gradient(const mn_mean_field *field, double t, const double x[2], double gradient[2]);

/** Moves cells of the limit from t_n to t_{n+1}: heun, or with the gradient at t_n only for other schemes.  Local.
 * @param noise  [count, 2] mn_step_noise of the cells they are coupled with
 * @param x      [count, 2] */
void mn_mean_field_advance(const mn_mean_field *field, const mn_dynamics *dynamics, int64_t n, int64_t count,
                           const double *noise, double *x);

#ifdef __cplusplus
}
#endif
#endif
