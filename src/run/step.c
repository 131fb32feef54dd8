/* The schemes of theory.md (19), (20) share everything but the number of drift evaluations and the averaging of the
 * present force.  X_n joins the past before the prediction is evaluated, which then is the one more sample. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/step.h>

#include <math.h>
#include <string.h>

struct mn_stepper {
  mn_dynamics dynamics;
  mn_drift *drift;
  mn_history *history;
  int64_t local;
  double *noise;     /* [local, 2] sqrt(2) times the Brownian increment */
  double *force;     /* [local, 2] */
  double *force_end; /* [local, 2] */
  double *predicted; /* [local, 2] */
  mn_step_seconds seconds;
};

mn_error *mn_stepper_create(const mn_dynamics *dynamics, mn_drift *drift, mn_history *history, mn_stepper **stepper)
{
  mn_stepper *s = NULL;
  mn_error *error = mn_alloc(&s, 1, sizeof *s);
  if (!error) {
    s->dynamics = *dynamics;
    s->drift = drift;
    s->history = history;
    s->local = mn_block_count(drift->block);
    double **arrays[] = {&s->noise, &s->force, &s->force_end, &s->predicted};
    for (int k = 0; k < 4 && !error; k++) {
      error = mn_alloc(arrays[k], 2 * s->local, sizeof **arrays[k]);
    }
  }
  error = mn_agree(&drift->parallel, error);
  if (error) {
    mn_stepper_destroy(&s);
  }
  *stepper = s;
  return error;
}

void mn_stepper_destroy(mn_stepper **stepper)
{
  mn_stepper *s = *stepper;
  if (s) {
    mn_free(&s->noise);
    mn_free(&s->force);
    mn_free(&s->force_end);
    mn_free(&s->predicted);
  }
  mn_free(stepper);
}

mn_step_seconds mn_stepper_seconds(const mn_stepper *s)
{
  return s->seconds;
}

void mn_step_noise(const mn_dynamics *dynamics, mn_block block, int64_t n, double *noise)
{
  const int substeps = dynamics->noise_substeps;
  const double scale = sqrt(2.0 * mn_schedule_step(&dynamics->schedule, n) / substeps);
  for (int64_t i = 0; i < mn_block_count(block); i++) {
    double sum[2] = {0.0, 0.0};
    for (int k = 0; k < substeps; k++) {
      double normal[2];
      const uint64_t fine = (uint64_t)n * (uint64_t)substeps + (uint64_t)k;
      mn_noise_normal(dynamics->seed, MN_STREAM_MOTION, (uint32_t)(block.begin + i), fine, 0, normal);
      sum[0] += normal[0];
      sum[1] += normal[1];
    }
    noise[2 * i] = scale * sum[0];
    noise[2 * i + 1] = scale * sum[1];
  }
}

static void add_field(const mn_stepper *s, double t, const double *x, double *force)
{
  const mn_dynamics *d = &s->dynamics;
  if (d->field.kind == MN_FIELD_ZERO) {
    return;
  }
  for (int64_t i = 0; i < s->local; i++) {
    double gradient[2];
    mn_field_at(&d->field, &d->model, t, x[2 * i], x[2 * i + 1], gradient);
    force[2 * i] += d->model.chi * gradient[0];
    force[2 * i + 1] += d->model.chi * gradient[1];
  }
}

/* Memory drift and that of c_0 at (t, x). */
static mn_error *evaluate(mn_stepper *s, double t, double h, const double *x, double *force)
{
  const double ahead = s->dynamics.scheme == MN_SCHEME_EULER ? 0.0 : h;
  const double start = mn_seconds();
  const double exchanged = s->drift->cost.exchange;
  MN_TRY(mn_drift_evaluate(s->drift, s->history, t, ahead, x, force));
  const double exchange = s->drift->cost.exchange - exchanged;
  s->seconds.exchange += exchange;
  s->seconds.drift += mn_seconds() - start - exchange;
  add_field(s, t, x, force);
  return NULL;
}

static mn_error *remember(mn_stepper *s, double t, double h, const double *x)
{
  const double start = mn_seconds();
  MN_TRY(mn_drift_remember(s->drift, s->history, t, h, x));
  s->seconds.exchange += mn_seconds() - start;
  return NULL;
}

/* x + h force + noise */
static void move(const mn_stepper *s, double h, const double *x, const double *force, double *to)
{
  for (int64_t k = 0; k < 2 * s->local; k++) {
    to[k] = x[k] + h * force[k] + s->noise[k];
  }
}

mn_error *mn_stepper_advance(mn_stepper *s, int64_t n, double *x, double *free_path)
{
  const double start = mn_seconds();
  const mn_step_seconds before = s->seconds;
  const double t = mn_schedule_time(&s->dynamics.schedule, n);
  const double h = mn_schedule_step(&s->dynamics.schedule, n);
  MN_TRY(evaluate(s, t, h, x, s->force));
  MN_TRY(remember(s, t, h, x));
  mn_step_noise(&s->dynamics, s->drift->block, n, s->noise);
  if (s->dynamics.scheme == MN_SCHEME_HEUN) {
    move(s, h, x, s->force, s->predicted);
    MN_TRY(evaluate(s, mn_schedule_time(&s->dynamics.schedule, n + 1), h, s->predicted, s->force_end));
    for (int64_t k = 0; k < 2 * s->local; k++) {
      s->force[k] = 0.5 * (s->force[k] + s->force_end[k]);
    }
  }
  move(s, h, x, s->force, x);
  for (int64_t k = 0; k < 2 * s->local; k++) {
    free_path[k] += s->noise[k];
  }
  s->seconds.rest += mn_seconds() - start - (s->seconds.drift - before.drift) - (s->seconds.exchange - before.exchange);
  return NULL;
}
