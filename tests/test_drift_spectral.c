/* Engine `spectral`.  Truth: engine `direct`, which test_drift judges, at a tolerance 20 times sharper, on the same
 * paths: the whole past in modes against the sum over all pairs and lags. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <string.h>

enum { CELLS = 160, CELLS_MAX = 2000, STEPS_MAX = 400 };

/* One comparison: a system, a cloud and a number of steps of at most 0.02. */
typedef struct question {
  mn_model model;
  double tolerance;
  double cloud;  /* deviation of the start */
  double growth; /* of the steps */
  int steps;
  int64_t count;
  double ahead;
  bool along;       /* the drift is asked for at every step */
  double encounter; /* two cells are as near as that ... */
  int since;        /* ... so many steps before the end */
  double spacing, cut, trail;
  int window, ratio;
  mn_prices prices;
} question;

static double x[2 * CELLS_MAX];
static double found[2 * CELLS_MAX];
static double truth[2 * CELLS_MAX];
static double expected; /* error of the engine, by its own reckoning */
static int64_t nodes;

static double step_of(const question *q, int k)
{
  return 0.02 * pow(q->growth, k + 1 - q->steps);
}

/* Positions of a block after step k; half of the cells start in a tenth of the cloud. */
static void move(const question *q, mn_block own, int k)
{
  for (int64_t i = own.begin; i < own.end; i++) {
    const double size = i % 2 ? q->cloud : 0.1 * q->cloud;
    const double spread = k == 0 ? size : sqrt(2.0 * step_of(q, k - 1));
    for (int a = 0; a < 2; a++) {
      double *to = &x[2 * (i - own.begin) + a];
      *to = (k == 0 ? 0.0 : *to) + spread * check_normal(7, (uint64_t)(4 * CELLS_MAX * k + 2 * i + a));
    }
  }
}

static mn_history *history_of(const mn_parallel *p, const question *q)
{
  const mn_history_options options = {.tolerance = q->tolerance / 1280.0};
  mn_history *h = NULL;
  check_ok(mn_history_create(p, &q->model, &options, q->count, &h));
  return h;
}

static mn_drift *engine_of(const mn_parallel *p, const mn_drift_engine *engine, const question *q, double tolerance)
{
  const mn_drift_options options = {.tolerance = tolerance,
                                    .shortest_step = fmin(step_of(q, 0), step_of(q, q->steps - 1)),
                                    .longest_step = fmax(step_of(q, 0), step_of(q, q->steps - 1)),
                                    .steps_shrink = q->growth < 1.0,
                                    .spacing = q->spacing,
                                    .ratio = q->ratio,
                                    .prices = q->prices,
                                    .cut = q->cut,
                                    .window = q->window,
                                    .trail = q->trail};
  mn_drift *drift = NULL;
  check_ok(mn_drift_create(p, engine, &q->model, &options, q->count, &drift));
  return drift;
}

/* Relative rms error after all steps; leaves the drift of the block in `found`. */
static double error_of(const mn_parallel *p, const question *q)
{
  const mn_block own = mn_block_of(q->count, p->rank, p->size);
  mn_history *past = history_of(p, q);
  mn_drift *spectral = engine_of(p, &mn_drift_spectral, q, q->tolerance);
  mn_drift *direct = engine_of(p, &mn_drift_direct, q, q->tolerance / 20.0);
  double t = 0.0;
  move(q, own, 0);
  for (int k = 0; k < q->steps; k++) {
    if (q->along) {
      check_ok(mn_drift_evaluate(spectral, past, t, q->ahead, x, found));
    }
    check_ok(mn_drift_remember(spectral, past, t, step_of(q, k), x));
    t += step_of(q, k);
    move(q, own, k + 1);
    if (q->encounter > 0.0 && k + 1 == q->steps - q->since && own.begin == 0) {
      x[2] = x[0] + q->encounter;
      x[3] = x[1];
    }
  }
  check_ok(mn_drift_evaluate(spectral, past, t, q->ahead, x, found));
  check_ok(mn_drift_evaluate(direct, past, t, q->ahead, x, truth));
  double sums[2] = {0.0, 0.0};
  for (int64_t i = 0; i < 2 * mn_block_count(own); i++) {
    sums[0] += (found[i] - truth[i]) * (found[i] - truth[i]);
    sums[1] += truth[i] * truth[i];
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, p->comm);
  expected = spectral->expected;
  nodes = spectral->cost.nodes;
  mn_drift_destroy(&spectral);
  mn_drift_destroy(&direct);
  mn_history_destroy(&past);
  return sqrt(sums[0] / sums[1]);
}

static question question_of(double theta, double lambda, double tolerance, int steps)
{
  return (question){.model = {.theta = theta, .chi = 2.5, .lambda = lambda},
                    .tolerance = tolerance,
                    .cloud = 1.0,
                    .growth = 1.0,
                    .steps = steps,
                    .count = CELLS,
                    .ahead = 0.02};
}

static void meets_its_tolerance_for_any_theta_and_decay(void **state)
{
  static const double thetas[] = {1e-4, 1e-3, 0.05, 1.0, 10.0, 1000.0};
  static const double tolerances[] = {1e-2, 1e-4, 1e-6, 1e-8};
  static const int steps[] = {1, 2, 12};
  (void)state;
  for (int k = 0; k < 12; k++) {
    question q = question_of(thetas[k % 6], k / 6 ? 2.0 : 0.0, tolerances[(k + k / 4) % 4], steps[k % 3]);
    q.cloud = k % 2 ? 1.0 : 0.2;
    q.ahead = k % 5 ? 0.02 : 0.0;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

static void meets_its_tolerance_for_frozen_sources(void **state)
{
  static const double thetas[] = {1e-3, 1.0, 10.0};
  (void)state;
  for (int k = 0; k < 3; k++) {
    question q = question_of(thetas[k], k == 1 ? 2.0 : 0.0, k == 2 ? 1e-3 : 1e-6, 12);
    q.model.quadrature = MN_FROZEN;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

static void meets_its_tolerance_with_growing_steps(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    question q = question_of(k == 0 ? 0.05 : k == 1 ? 1.0 : 10.0, 0.0, k == 1 ? 1e-6 : 1e-4, 16);
    q.growth = 1.6;
    q.cloud = 0.01;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

static void meets_its_tolerance_with_shrinking_steps(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    question q = question_of(k == 0 ? 0.05 : 1.0, 0.0, 1e-6, 9);
    q.growth = k == 2 ? 0.999 : 0.8;
    q.model.quadrature = k == 1 ? MN_FROZEN : MN_BRIDGE;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

static void meets_its_tolerance_when_regularized(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    question q = question_of(1.0, 0.0, 1e-6, 8);
    q.model.regularization = k == 0 ? 1e-5 : 0.1;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for; the wider kernel has no near part");
  }
}

/* With a drift asked for at every step the engine knows the forces and may choose coarser meshes and thinner trails. */
static void meets_its_tolerance_along_a_run(void **state)
{
  static const double thetas[] = {0.05, 1.0, 10.0};
  (void)state;
  for (int k = 0; k < 6; k++) {
    question q = question_of(thetas[k % 3], k == 4 ? 2.0 : 0.0, k % 2 ? 1e-3 : 1e-5, 20);
    q.count = CELLS_MAX;
    q.along = true;
    q.ahead = k == 5 ? 0.0 : 0.02;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

static void meets_its_tolerance_after_hundreds_of_steps(void **state)
{
  (void)state;
  question q = question_of(1.0, 0.0, 1e-4, STEPS_MAX / check_world()->size); /* ranks share two cores */
  q.count = 60;
  check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
}

static void serves_two_cells(void **state)
{
  (void)state;
  question q = question_of(1.0, 0.0, 1e-6, 5);
  q.count = 2;
  check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
}

/* Then the force is a thousandth of what the step before has seen. */
static void meets_its_tolerance_after_two_cells_have_met(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    question q = question_of(1.0, 0.0, k % 2 ? 1e-5 : 1e-3, 6);
    q.model.quadrature = k / 2 ? MN_FROZEN : MN_BRIDGE;
    q.ahead = 0.0;
    q.along = true;
    q.encounter = 1e-6;
    q.since = 1;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
    check_at_most(expected, q.tolerance, "what was asked for");
  }
}

/* Trails a thirtieth of a step wide: what a cell feels of others is a matter of chance, and mostly less than what its
 * own trail would do. */
static void meets_its_tolerance_with_few_cells(void **state)
{
  (void)state;
  for (int k = 0; k < 7; k++) {
    question q = question_of(1000.0, 0.0, 1e-2, k < 6 ? 10 + 2 * k : 11);
    q.model.quadrature = MN_FROZEN;
    q.count = 12;
    q.cloud = k < 6 ? 0.3 : 1.0;
    q.along = true;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
    check_at_most(expected, q.tolerance, "what was asked for");
  }
}

/* Closer than meshes tell apart, and hardly pulled by each other: all error is that of one pair. */
static void meets_its_tolerance_where_two_are_near_by_chance(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    question q = question_of(1000.0, 0.0, 1e-3, 6);
    q.model.quadrature = MN_FROZEN;
    q.count = 100;
    q.cloud = 0.1;
    q.along = true;
    q.encounter = 0.0005 * (1 << k);
    const double error = error_of(check_world(), &q);
    check_at_most(error, expected, "what the engine reckons with; three times that by the mean");
    check_at_most(expected, q.tolerance, "what was asked for");
  }
}

/* Un-averaged, after one step: most cells are beyond the reach of all others, and tails are all that is felt. */
static void meets_its_tolerance_where_no_cell_is_near_another(void **state)
{
  (void)state;
  for (int k = 0; k < 6; k++) {
    question q = question_of(1000.0, 0.0, k % 2 ? 1e-4 : 1e-2, 1);
    q.model.quadrature = MN_FROZEN;
    q.cloud = 1.0 + 0.2 * (k / 2);
    q.ahead = 0.0;
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
  }
}

/* What a user chooses is taken, and the rest follows: the tolerance is kept. */
static void meets_its_tolerance_whatever_is_chosen_for_it(void **state)
{
  (void)state;
  for (int k = 0; k < 9; k++) {
    question q = question_of(1.0, 0.0, 1e-4, 12);
    q.count = 4 * CELLS;
    q.along = true;
    (void)error_of(check_world(), &q);
    const int64_t before = nodes;
    q.window = k == 3 ? 12 : 0;
    q.spacing = k == 0 || k == 5 ? 0.01 : 0.0;
    q.cut = k == 1 ? 0.0005 : k == 2 || k == 5 ? 0.02 : 0.0;
    q.trail = k == 4 ? 0.1 : 0.0;
    q.ratio = k == 6 ? 2 : k == 7 ? 8 : 0;
    q.prices = k == 8 ? (mn_prices){100.0, 1.0, 1.0, 0.1} : (mn_prices){0.0, 0.0, 0.0, 0.0};
    check_at_most(error_of(check_world(), &q), q.tolerance, "rms error asked for");
    assert_true((nodes > before) == (k < 4 || k == 5 || k == 8)); /* left alone it takes the coarsest mesh, and pairs */
  }
}

/* Variances of neighbouring levels after all steps, by each other. */
static double range_of_levels(const question *q)
{
  const mn_block own = mn_block_of(q->count, check_world()->rank, check_world()->size);
  mn_history *past = history_of(check_world(), q);
  mn_drift *drift = engine_of(check_world(), &mn_drift_spectral, q, q->tolerance);
  double t = 0.0;
  for (int k = 0; k < q->steps; k++) {
    move(q, own, k);
    check_ok(mn_drift_remember(drift, past, t, step_of(q, k), x));
    t += step_of(q, k);
  }
  const mn_ladder *ladder = mn_drift_ladder(drift);
  const double range = mn_ladder_levels(ladder) > 1
                           ? mn_ladder_level(ladder, 1).variance / mn_ladder_level(ladder, 0).variance
                           : (double)NAN;
  mn_drift_destroy(&drift);
  mn_history_destroy(&past);
  return range;
}

static void levels_are_denser_where_steps_differ(void **state)
{
  (void)state;
  for (int k = 0; k < 5; k++) {
    question q = question_of(1.0, 0.0, 1e-3, 60);
    q.growth = k == 0 ? 1.0 : k == 1 ? 1.0 + 1e-9 : k == 2 ? 1.01 : k == 3 ? 0.99 : 1.01;
    q.ratio = k == 4 ? 4 : 0;
    check_relative(range_of_levels(&q), k == 2 || k == 3 ? 4.0 : 16.0, 1e-12, "drift.h: ratio squared");
  }
}

/* Terms are reckoned as independent and rms; the ladder's, the windows' and the trails' at what they may be. */
static void knows_how_large_its_error_may_be(void **state)
{
  static const double thetas[] = {0.05, 1.0, 10.0};
  (void)state;
  for (int k = 0; k < 6; k++) {
    question q = question_of(thetas[k % 3], 0.0, k % 2 ? 1e-3 : 1e-5, 12);
    q.count = CELLS_MAX;
    q.along = true;
    q.ahead = k == 5 ? 0.0 : 0.02;
    const double measured = error_of(check_world(), &q);
    check_at_most(measured, expected, "drift.h");
    check_at_most(expected, q.tolerance, "what was asked for");
  }
}

static void has_the_same_bits_on_any_number_of_ranks(void **state)
{
  (void)state;
  static double mine[2 * CELLS_MAX];
  const mn_parallel *world = check_world();
  mn_parallel alone;
  const question q = question_of(1.0, 0.0, 1e-4, 30);
  const mn_block own = mn_block_of(q.count, world->rank, world->size);
  (void)error_of(world, &q);
  memcpy(mine, found, sizeof mine);
  mn_parallel_create(MPI_COMM_SELF, &alone);
  (void)error_of(&alone, &q);
  mn_parallel_destroy(&alone);
  assert_memory_equal(mine, found + 2 * own.begin, (size_t)(2 * mn_block_count(own)) * sizeof *mine);
}

MN_TESTS("drift_spectral", cmocka_unit_test(meets_its_tolerance_for_any_theta_and_decay),
         cmocka_unit_test(meets_its_tolerance_for_frozen_sources),
         cmocka_unit_test(meets_its_tolerance_with_growing_steps),
         cmocka_unit_test(meets_its_tolerance_with_shrinking_steps),
         cmocka_unit_test(meets_its_tolerance_when_regularized), cmocka_unit_test(meets_its_tolerance_along_a_run),
         cmocka_unit_test(meets_its_tolerance_after_hundreds_of_steps), cmocka_unit_test(serves_two_cells),
         cmocka_unit_test(meets_its_tolerance_after_two_cells_have_met),
         cmocka_unit_test(meets_its_tolerance_with_few_cells),
         cmocka_unit_test(meets_its_tolerance_where_two_are_near_by_chance),
         cmocka_unit_test(meets_its_tolerance_where_no_cell_is_near_another),
         cmocka_unit_test(meets_its_tolerance_whatever_is_chosen_for_it),
         cmocka_unit_test(levels_are_denser_where_steps_differ), cmocka_unit_test(knows_how_large_its_error_may_be),
         cmocka_unit_test(has_the_same_bits_on_any_number_of_ranks));
