/* What the schemes do on average.  Truth: the first order laws (laws.h, from docs/theory.md, section 6); mean field
 * values of an independent radial solver; orders of convergence on common noise.  All claims are about linear
 * combinations of the pull at several step sizes, at 5 standard errors of independent replicas (seeds fixed, false
 * alarm below 6e-7). Steps are powers of 2, so that differences of times are exact and tables of the present force are
 * made once. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/laws.h>
#include <mnemotaxis/step.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { CELLS_MAX = 128, LEVELS = 4, COLUMNS = 2 * LEVELS, REPLICAS = 1500, FINEST = 32, GROWING = LEVELS };

static const int steps_at[LEVELS] = {4, 8, 16, 32};

/* Pulls of replicas: row by row the mean over cells of |X|^2 - |B|^2 at time 1, in columns of scheme and level. */
static double pulls[REPLICAS][COLUMNS];

static double pull_of(const mn_parallel *p, const mn_dynamics *d, mn_drift *drift, double variance)
{
  double x[2 * CELLS_MAX];
  double b[2 * CELLS_MAX];
  double sum = 0.0;
  int64_t steps = 0;
  mn_history *history = NULL;
  mn_stepper *stepper = NULL;
  check_ok(mn_history_create(p, &d->model, &(mn_history_options){.tolerance = 1e-3}, drift->count, &history));
  check_ok(mn_stepper_create(d, drift, history, &stepper));
  mn_initial_draw(&(mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = variance}, d->seed, drift->block, x);
  memcpy(b, x, sizeof b);
  check_ok(mn_schedule_steps(&d->schedule, 1.0, &steps));
  for (int64_t n = 0; n < steps; n++) {
    check_ok(mn_stepper_advance(stepper, n, x, b));
  }
  for (int64_t k = 0; k < 2 * drift->count; k++) {
    sum += (x[k] * x[k] - b[k] * b[k]) / (double)drift->count;
  }
  mn_stepper_destroy(&stepper);
  mn_history_destroy(&history);
  return sum;
}

/* Steps of a level, or growing ones up to the finest. */
static mn_dynamics dynamics_at(const mn_model *model, mn_scheme scheme, int level)
{
  mn_dynamics d = {*model, .scheme = scheme, .noise_substeps = 1};
  if (level == GROWING) {
    check_ok(mn_schedule_make(1.0 / FINEST, 1e-4, 1.3, &d.schedule));
  } else {
    check_ok(mn_schedule_make(1.0 / steps_at[level], 0.0, 1.2, &d.schedule));
    d.noise_substeps = FINEST / steps_at[level];
  }
  return d;
}

/* Fills one column; ranks share the replicas. */
static void measure(int column, const mn_model *model, mn_scheme scheme, int level, int64_t cells, double variance,
                    int replicas)
{
  mn_dynamics d = dynamics_at(model, scheme, level);
  mn_parallel alone;
  mn_drift *drift = NULL;
  static double values[REPLICAS];
  memset(values, 0, sizeof values);
  mn_parallel_create(MPI_COMM_SELF, &alone);
  check_ok(mn_drift_create(&alone, &mn_drift_direct, model, &(mn_drift_options){.tolerance = 1e-3}, cells, &drift));
  for (int r = check_world()->rank; r < replicas; r += check_world()->size) {
    d.seed = (uint32_t)(1000 + r);
    values[r] = pull_of(&alone, &d, drift, variance);
  }
  mn_drift_destroy(&drift);
  mn_parallel_destroy(&alone);
  MPI_Allreduce(MPI_IN_PLACE, values, replicas, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  for (int r = 0; r < replicas; r++) {
    pulls[r][column] = values[r];
  }
}

typedef struct estimate {
  double mean, error;
} estimate;

/* Mean over replicas of a linear combination of columns, with its standard error. */
static estimate combination(const double weights[COLUMNS], int replicas)
{
  double sum = 0.0;
  double squares = 0.0;
  for (int r = 0; r < replicas; r++) {
    double value = 0.0;
    for (int c = 0; c < COLUMNS; c++) {
      value += weights[c] * pulls[r][c];
    }
    sum += value;
    squares += value * value;
  }
  const double mean = sum / replicas;
  return (estimate){mean, sqrt((squares / replicas - mean * mean) / (replicas - 1))};
}

static void check_positive(const double weights[COLUMNS], int replicas, const char *why)
{
  const estimate e = combination(weights, replicas);
  if (!(e.mean > 5.0 * e.error)) {
    fail_msg("%.5f +- %.5f is not surely positive: %s", e.mean, e.error, why);
  }
}

static void measure_both(const mn_model *model, double variance, int replicas)
{
  for (int level = 0; level < LEVELS; level++) {
    measure(level, model, MN_SCHEME_HEUN, level, 128, variance, replicas);
    measure(LEVELS + level, model, MN_SCHEME_AVERAGED, level, 128, variance, replicas);
  }
}

/* D_k is what halving the step for the k-th time changes. */
static void steps_from_a_normal_cloud_converge_and_heun_wins(void **state)
{
  (void)state;
  const int replicas = 60;
  const mn_model model = {.theta = 1.0, .chi = 2.0 * pi};
  measure_both(&model, 1.0, replicas);
  check_positive((double[COLUMNS]){1.0, -3.0, 2.0}, replicas, "heun: D_1 > 2 D_2");
  check_positive((double[COLUMNS]){0.0, 1.0, -3.0, 2.0}, replicas, "heun: D_2 > 2 D_3");
  check_positive((double[COLUMNS]){0, 0, 0, 0, 1.0, -2.7, 1.7}, replicas, "averaged: D_1 > 1.7 D_2");
  check_positive((double[COLUMNS]){0, 0, 0, 0, 0, 1.0, -2.7, 1.7}, replicas, "averaged: D_2 > 1.7 D_3");
  check_positive((double[COLUMNS]){-0.75, 0.75, 0, 0, 0.5625, -0.5625}, replicas, "heun: D_1 below 3/4 of averaged");
  check_positive((double[COLUMNS]){0, -1.0, 1.0, 0, 0, 0.65, -0.65}, replicas, "heun: D_2 below 0.65 of averaged");
  check_positive((double[COLUMNS]){0, 0, -1.0, 1.0, 0, 0, 0.55, -0.55}, replicas, "heun: D_3 below 0.55 of averaged");
  /* what is left of heun is D_3/1.5 or less, of averaged D_3/1.2 */
  const estimate left = combination((double[COLUMNS]){0, 0, 0, 1.0, 0, 0, 0.8, -1.8}, replicas);
  const estimate last = combination((double[COLUMNS]){0, 0, 1.0, -1.0}, replicas);
  check_absolute(left.mean, 0.0, 5.0 * left.error + last.mean, "both have the same limit, up to the rest of heun");
  const estimate heun = combination((double[COLUMNS]){0, 0, 0, 1.0}, replicas);
  check_absolute(6.0 + heun.mean, 5.77313, 5.0 * heun.error + last.mean,
                 "mean field value, 5 standard errors, rest of heun");
}

/* From a point the present force dominates: order about 0.6. */
static void steps_from_a_point_converge(void **state)
{
  (void)state;
  const int replicas = 60;
  const mn_model model = {.theta = 1.0, .chi = 2.0 * pi};
  measure_both(&model, 0.0, replicas);
  check_positive((double[COLUMNS]){1.0, -2.3, 1.3}, replicas, "heun: D_1 > 1.3 D_2");
  check_positive((double[COLUMNS]){0.0, 1.0, -2.3, 1.3}, replicas, "heun: D_2 > 1.3 D_3");
  check_positive((double[COLUMNS]){0, 0, 0, 0, 1.0, -2.3, 1.3}, replicas, "averaged: D_1 > 1.3 D_2");
  check_positive((double[COLUMNS]){0, 0, 0, 0, 0, 1.0, -2.3, 1.3}, replicas, "averaged: D_2 > 1.3 D_3");
  check_positive((double[COLUMNS]){-1.0, 1.0, 0, 0, 1.0, -1.0}, replicas, "heun: D_1 below that of averaged");
  check_positive((double[COLUMNS]){0, 0, -1.0, 1.0, 0, 0, 1.0, -1.0}, replicas, "heun: D_3 below that of averaged");
}

/* The rest of equal steps from a point is between D_3 and 2 D_3 (rho from 1.5 to 2). */
static void growing_steps_come_nearer_the_limit_from_a_point(void **state)
{
  (void)state;
  const int replicas = 100;
  const mn_model model = {.theta = 1.0, .chi = 2.0 * pi};
  measure(2, &model, MN_SCHEME_HEUN, 2, 128, 0.0, replicas);
  measure(3, &model, MN_SCHEME_HEUN, 3, 128, 0.0, replicas);
  measure(4, &model, MN_SCHEME_HEUN, GROWING, 128, 0.0, replicas);
  check_positive((double[COLUMNS]){0, 0, 0, 1.0, -1.0}, replicas, "equal steps pull less than growing ones");
  check_positive((double[COLUMNS]){0, 0, 2.0, -3.0, 1.0}, replicas, "growing steps pull no more than the limit");
}

static void decay_gives_the_mean_field_value_too(void **state)
{
  (void)state;
  const int replicas = 60;
  const mn_model model = {.theta = 1.0, .chi = 2.0 * pi, .lambda = 1.0};
  measure(2, &model, MN_SCHEME_HEUN, 2, 128, 1.0, replicas);
  measure(3, &model, MN_SCHEME_HEUN, 3, 128, 1.0, replicas);
  const estimate last = combination((double[COLUMNS]){0, 0, 1.0, -1.0}, replicas);
  const estimate heun = combination((double[COLUMNS]){0, 0, 0, 1.0}, replicas);
  check_absolute(6.0 + heun.mean, 5.82833, 5.0 * heun.error + last.mean,
                 "mean field value, 5 standard errors, rest of heun");
}

/* A bias that shrinks by rho a halving leaves D/(rho - 1): from a normal cloud rho is 1.85 to 3.5, from a point 1.5
 * to 2. Half the pull of twice the sensitivity, less the pull itself, is what is of second order. */
static void check_law(mn_model model, int64_t cells, double variance, int replicas)
{
  const double rest = variance > 0.0 ? 0.8 : 1.5;
  const double range = variance > 0.0 ? 0.4 : 0.5;
  const double law = mn_law_pull(&model, variance, 1.0);
  measure(2, &model, MN_SCHEME_HEUN, 2, cells, variance, replicas);
  measure(3, &model, MN_SCHEME_HEUN, 3, cells, variance, replicas);
  model.chi *= 2.0;
  measure(4, &model, MN_SCHEME_HEUN, 2, cells, variance, replicas);
  const estimate limit = combination((double[COLUMNS]){0, 0, 1.0 - rest, 1.0 + rest, -0.5}, replicas);
  const estimate last = combination((double[COLUMNS]){0, 0, 1.0, -1.0}, replicas);
  check_absolute(limit.mean, law, 5.0 * limit.error + range * last.mean, "5 standard errors, range of the rest");
}

static void the_first_order_laws_hold_for_any_number_of_cells(void **state)
{
  (void)state;
  check_law((mn_model){.theta = 1.0, .chi = 0.5}, 128, 1.0, 100);
  check_law((mn_model){.theta = 1.0, .chi = 0.5}, 128, 0.0, 100);
  check_law((mn_model){.theta = 0.05, .chi = 0.5}, 32, 1.0, 200);
  check_law((mn_model){.theta = 10.0, .chi = 0.5}, 32, 0.0, 200);
  check_law((mn_model){.theta = 1.0, .chi = 0.5}, 3, 1.0, 1500);
  check_law((mn_model){.theta = 1.0, .chi = 0.5}, 2, 0.0, 1500);
  check_law((mn_model){.theta = 1.0, .chi = 0.5, .lambda = 3.0}, 64, 1.0, 100);
  check_law((mn_model){.theta = 0.2, .chi = 0.5, .lambda = 1.0}, 64, 0.0, 100);
}

MN_TESTS("step_laws", cmocka_unit_test(steps_from_a_normal_cloud_converge_and_heun_wins),
         cmocka_unit_test(steps_from_a_point_converge),
         cmocka_unit_test(growing_steps_come_nearer_the_limit_from_a_point),
         cmocka_unit_test(decay_gives_the_mean_field_value_too),
         cmocka_unit_test(the_first_order_laws_hold_for_any_number_of_cells));
