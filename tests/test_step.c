/* The schemes, path by path; test_step_laws.c has what they do on average.  Truth: Brownian paths where nothing pulls;
 * the gradient of c_0 and the averaged present force, docs/theory.md, in closed form; Brownian scaling. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/step.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { CELLS_MAX = 256 };

/* A stepper with what it needs. */
typedef struct machine {
  mn_dynamics dynamics;
  mn_drift *drift;
  mn_history *history;
  mn_stepper *stepper;
} machine;

static machine started(const mn_parallel *p, const mn_dynamics *dynamics, int64_t cells)
{
  machine m = {.dynamics = *dynamics};
  const mn_model *model = &m.dynamics.model;
  m.dynamics.noise_substeps = dynamics->noise_substeps > 0 ? dynamics->noise_substeps : 1;
  check_ok(mn_drift_create(p, &mn_drift_direct, model, &(mn_drift_options){.tolerance = 1e-4}, cells, &m.drift));
  check_ok(mn_history_create(p, model, &(mn_history_options){.tolerance = 1e-4}, cells, &m.history));
  check_ok(mn_stepper_create(&m.dynamics, m.drift, m.history, &m.stepper));
  return m;
}

static void stopped(machine *m)
{
  mn_stepper_destroy(&m->stepper);
  mn_history_destroy(&m->history);
  mn_drift_destroy(&m->drift);
}

static mn_schedule equal_steps(double step)
{
  mn_schedule schedule;
  check_ok(mn_schedule_make(step, 0.0, 1.2, &schedule));
  return schedule;
}

static void run(machine *m, int64_t steps, double *x, double *free_path)
{
  for (int64_t n = 0; n < steps; n++) {
    check_ok(mn_stepper_advance(m->stepper, n, x, free_path));
  }
}

/* Normal starting points of this rank's block, the same in x and in the free path. */
static void start(const machine *m, double variance, double *x, double *free_path)
{
  const mn_initial law = {.kind = MN_INITIAL_GAUSSIAN, .variance = variance};
  mn_initial_draw(&law, m->dynamics.seed, m->drift->block, x);
  memcpy(free_path, x, (size_t)(2 * mn_block_count(m->drift->block)) * sizeof *x);
}

static void without_sensitivity_cells_are_their_free_paths(void **state)
{
  (void)state;
  double x[2 * CELLS_MAX];
  double free_path[2 * CELLS_MAX];
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    const mn_dynamics d = {
        .model = {.theta = 1.0}, .schedule = equal_steps(0.1), .scheme = (mn_scheme)scheme, .seed = 4};
    machine m = started(check_world(), &d, 100);
    start(&m, 1.0, x, free_path);
    run(&m, 10, x, free_path);
    for (int64_t k = 0; k < 2 * mn_block_count(m.drift->block); k++) {
      assert_true(x[k] == free_path[k]);
    }
    assert_int_equal(mn_history_samples(m.history), 10);
    stopped(&m);
  }
}

/* Square increments of 2 x 100 coordinates over 50 steps: relative error sqrt(2/10000) each. */
static void free_paths_are_brownian_with_variance_two_t(void **state)
{
  (void)state;
  double x[2 * CELLS_MAX];
  double b[2 * CELLS_MAX];
  double before[2 * CELLS_MAX];
  double sums[2] = {0.0, 0.0};
  const mn_dynamics d = {
      .model = {.theta = 1.0}, .schedule = equal_steps(0.1), .scheme = MN_SCHEME_AVERAGED, .seed = 8};
  machine m = started(check_world(), &d, 100);
  start(&m, 1.0, x, b);
  for (int64_t n = 0; n < 50; n++) {
    memcpy(before, b, sizeof b);
    check_ok(mn_stepper_advance(m.stepper, n, x, b));
    for (int64_t k = 0; k < 2 * mn_block_count(m.drift->block); k++) {
      sums[0] += b[k] - before[k];
      sums[1] += (b[k] - before[k]) * (b[k] - before[k]);
    }
  }
  stopped(&m);
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  check_absolute(sums[0] / 1e4, 0.0, 5.0 * sqrt(0.2 / 1e4), "5 standard errors");
  check_relative(sums[1] / 1e4, 0.2, 5.0 * sqrt(2.0 / 1e4), "5 standard errors");
}

static void substeps_follow_the_same_brownian_paths(void **state)
{
  (void)state;
  double ends[2][2 * CELLS_MAX];
  double x[2 * CELLS_MAX];
  for (int k = 0; k < 2; k++) {
    const mn_dynamics d = {.model = {.theta = 1.0, .chi = 1.0},
                           .schedule = equal_steps(k ? 0.1 : 0.5),
                           .scheme = MN_SCHEME_AVERAGED,
                           .seed = 5,
                           .noise_substeps = k ? 1 : 5};
    machine m = started(check_world(), &d, 100);
    start(&m, 1.0, x, ends[k]);
    run(&m, k ? 10 : 2, x, ends[k]);
    stopped(&m);
  }
  for (int64_t k = 0; k < 2 * mn_block_count(mn_block_of(100, check_world()->rank, check_world()->size)); k++) {
    check_absolute(ends[0][k], ends[1][k], 1e-13, "ten roundings of a sum of order 1");
  }
}

/* grad b_t of one Gaussian, in closed form. */
static void gradient_at(const mn_blob *c, double lambda, double theta, double t, const double *x, double out[2])
{
  const double s2 = c->sigma * c->sigma;
  const double v = s2 + 2.0 * t / theta;
  const double d[2] = {x[0] - c->x, x[1] - c->y};
  const double b = c->amplitude * s2 / v * exp(-lambda * t / theta - (d[0] * d[0] + d[1] * d[1]) / (2.0 * v));
  out[0] = -b * d[0] / v;
  out[1] = -b * d[1] / v;
}

/* Two cells so far apart that they do not feel each other within a step. */
static void a_first_step_follows_the_gradient_of_the_initial_chemical(void **state)
{
  (void)state;
  const double h = 0.01;
  const double from[4] = {0.3, -0.2, 200.7, 0.1};
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    mn_dynamics d = {.model = {.theta = 0.7, .chi = 3.0, .lambda = 2.0}, .schedule = equal_steps(h), .seed = 6};
    d.scheme = (mn_scheme)scheme;
    d.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{2.0, 0.0, 0.0, 0.5}}};
    double x[4];
    double b[4];
    memcpy(x, from, sizeof x);
    memcpy(b, from, sizeof b);
    mn_parallel alone;
    mn_parallel_create(MPI_COMM_SELF, &alone);
    machine m = started(&alone, &d, 2);
    run(&m, 1, x, b);
    stopped(&m);
    mn_parallel_destroy(&alone);
    double g[2][2];
    gradient_at(d.field.blob, 2.0, 0.7, 0.0, from, g[0]);
    const double end[2] = {b[0] + h * 3.0 * g[0][0], b[1] + h * 3.0 * g[0][1]};
    gradient_at(d.field.blob, 2.0, 0.7, h, end, g[1]);
    for (int a = 0; a < 2; a++) {
      const double force = scheme == MN_SCHEME_HEUN ? 0.5 * (g[0][a] + g[1][a]) : g[0][a];
      check_absolute((x[a] - b[a]) / h, 3.0 * force, 1e-12, "rounding of positions divided by the step");
    }
  }
}

/* E_2(x) = int_0^1 exp(-x/u) du, by the double exponential rule. */
static double e2(double x)
{
  double sum = 0.0;
  for (int i = -300; i <= 300; i++) {
    const double t = 0.01 * i;
    const double q = exp(-pi * sinh(t));
    sum += 0.01 * pi * cosh(t) * q / ((1.0 + q) * (1.0 + q)) * exp(-x * (1.0 + q));
  }
  return sum;
}

/* Factor of R in (7) for a window h, or in (9'), its average over a step h ahead. */
static double pair_factor(double theta, double h, bool averaged, double r2)
{
  const double theta_e = theta / (1.0 + theta);
  const double w1 = 2.0 * h / theta_e;
  const double w2 = w1 + 4.0 * h;
  const double average = (w2 * e2(r2 / (2.0 * w2)) - w1 * e2(r2 / (2.0 * w1))) / (4.0 * h) - e2(r2 / (8.0 * h));
  return -(averaged ? average : exp(-theta_e * r2 / (4.0 * h))) / (2.0 * pi * r2 * (1.0 + theta));
}

/* Two cells, two steps: the averaged drift has no past to see in the first and (9') in the second. */
static void a_pair_feels_the_present_force_of_the_scheme(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int k = 0; k < 24; k++) {
    const double h = k % 2 ? 0.1 : 0.5;
    const double theta = pow(10.0, k / 8 - 1);
    const mn_scheme scheme = k % 4 / 2 ? MN_SCHEME_EULER : MN_SCHEME_AVERAGED;
    const mn_dynamics d = {
        .model = {.theta = theta, .chi = 1.5}, .schedule = equal_steps(h), .scheme = scheme, .seed = 70};
    machine m = started(&alone, &d, 2);
    double x[4] = {0.1, 0.0, 0.0, -0.2};
    double b[4] = {0.1, 0.0, 0.0, -0.2};
    run(&m, 1, x, b);
    assert_memory_equal(x, b, sizeof x);
    const double r[2] = {x[0] - x[2], x[1] - x[3]};
    check_ok(mn_stepper_advance(m.stepper, 1, x, b));
    const double f = 1.5 * pair_factor(theta, h, scheme == MN_SCHEME_AVERAGED, r[0] * r[0] + r[1] * r[1]);
    for (int a = 0; a < 4; a++) {
      const double force = a < 2 ? f * r[a] : -f * r[a - 2];
      check_absolute((x[a] - b[a]) / h, force, 2e-4 * fabs(f) * hypot(r[0], r[1]) + 1e-14, "twice the drift tolerance");
    }
    stopped(&m);
  }
  mn_parallel_destroy(&alone);
}

/* The predicted end of Heun's first step is a free path; its own past is the start. */
static void a_first_heun_step_takes_half_the_force_at_its_end(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  const mn_dynamics d = {.model = {.theta = 2.0, .chi = 1.5}, .schedule = equal_steps(0.2), .seed = 71};
  machine m = started(&alone, &d, 2);
  double x[4] = {0.1, 0.0, 0.0, -0.2};
  double b[4] = {0.1, 0.0, 0.0, -0.2};
  run(&m, 1, x, b);
  const double r[2] = {b[0] - b[2], b[1] - b[3]};
  const double f = 0.5 * 1.5 * pair_factor(2.0, 0.2, true, r[0] * r[0] + r[1] * r[1]);
  for (int a = 0; a < 2; a++) {
    check_absolute((x[a] - b[a]) / 0.2, f * r[a], 2e-4 * fabs(f) * hypot(r[0], r[1]), "twice the drift tolerance");
  }
  stopped(&m);
  mn_parallel_destroy(&alone);
}

/* lambda = 0 and a point: steps four times as long lead twice as far, on the same draws. */
static void brownian_scaling_holds_path_by_path(void **state)
{
  (void)state;
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    double x[2][2 * CELLS_MAX];
    double b[2 * CELLS_MAX];
    for (int k = 0; k < 2; k++) {
      const mn_dynamics d = {.model = {.theta = 0.5, .chi = 2.0},
                             .schedule = equal_steps(k ? 0.4 : 0.1),
                             .scheme = (mn_scheme)scheme,
                             .seed = 9};
      machine m = started(check_world(), &d, 70);
      start(&m, 0.0, x[k], b);
      run(&m, 8, x[k], b);
      stopped(&m);
    }
    for (int64_t k = 0; k < 2 * mn_block_count(mn_block_of(70, check_world()->rank, check_world()->size)); k++) {
      check_absolute(x[1][k], 2.0 * x[0][k], 1e-9 * (1.0 + fabs(x[1][k])), "rounding, and tables good to 1e-12");
    }
  }
}

static void every_number_of_ranks_makes_the_same_steps(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    double x[2][2 * CELLS_MAX];
    double b[2][2 * CELLS_MAX];
    mn_dynamics d = {.model = {.theta = 0.5, .chi = 2.0}, .scheme = (mn_scheme)scheme, .seed = 10};
    check_ok(mn_schedule_make(0.1, 0.001, 1.5, &d.schedule));
    for (int k = 0; k < 2; k++) {
      machine m = started(k ? &alone : check_world(), &d, 200);
      start(&m, 0.1, x[k], b[k]);
      run(&m, 15, x[k], b[k]);
      stopped(&m);
    }
    const mn_block own = mn_block_of(200, check_world()->rank, check_world()->size);
    const size_t bytes = (size_t)(2 * mn_block_count(own)) * sizeof(double);
    assert_memory_equal(x[0], x[1] + 2 * own.begin, bytes);
    assert_memory_equal(b[0], b[1] + 2 * own.begin, bytes);
  }
  mn_parallel_destroy(&alone);
}

MN_TESTS("step", cmocka_unit_test(without_sensitivity_cells_are_their_free_paths),
         cmocka_unit_test(free_paths_are_brownian_with_variance_two_t),
         cmocka_unit_test(substeps_follow_the_same_brownian_paths),
         cmocka_unit_test(a_first_step_follows_the_gradient_of_the_initial_chemical),
         cmocka_unit_test(a_pair_feels_the_present_force_of_the_scheme),
         cmocka_unit_test(a_first_heun_step_takes_half_the_force_at_its_end),
         cmocka_unit_test(brownian_scaling_holds_path_by_path),
         cmocka_unit_test(every_number_of_ranks_makes_the_same_steps));
