/* Audits.  Truth: what the engine `direct` says, which test_drift judges; falsifications of known size; and counting,
 * since a cell whose drift alone is wrong tells how often it was drawn. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/audit.h>
#include <string.h>

enum { CELLS = 100, SAMPLES = 9, DRAWN = 24 };

static const double tolerance = 1e-6;

/* One system with a past, its drift by an engine, and all that is to be released. */
typedef struct subject {
  mn_model model;
  mn_block own;
  mn_history *past;
  mn_drift *drift;
  double now, ahead;
  uint32_t seed;
  double x[2 * CELLS];     /* of the block */
  double found[2 * CELLS]; /* of the block */
} subject;

/* Brownian paths from a normal cloud, growing steps; an engine with a tolerance of its own. */
static void follow(const mn_parallel *p, const mn_drift_engine *engine, double relative, int samples, subject *s)
{
  s->own = mn_block_of(CELLS, p->rank, p->size);
  const mn_history_options kept = {.tolerance = relative / 1280.0};
  const mn_drift_options options = {.tolerance = relative, .shortest_step = 0.02, .longest_step = 0.03};
  check_ok(mn_history_create(p, &s->model, &kept, CELLS, &s->past));
  check_ok(mn_drift_create(p, engine, &s->model, &options, CELLS, &s->drift));
  for (int k = 0; k <= samples; k++) {
    const double step = 0.02 + 0.001 * k; /* the next */
    const double spread = k == 0 ? 1.0 : sqrt(2.0 * (step - 0.001));
    for (int64_t i = 0; i < 2 * mn_block_count(s->own); i++) {
      const int64_t number_of = 2 * CELLS * k + 2 * s->own.begin + i;
      s->x[i] += spread * check_normal(s->seed, (uint64_t)number_of);
    }
    if (k < samples) {
      check_ok(mn_drift_remember(s->drift, s->past, s->now, step, s->x));
      s->now += step;
    }
  }
  check_ok(mn_drift_evaluate(s->drift, s->past, s->now, s->ahead, s->x, s->found));
}

/* One of many systems. */
static void begin(const mn_parallel *p, const mn_drift_engine *engine, int number, int samples, subject *s)
{
  static const double thetas[] = {0.05, 1.0, 10.0};
  memset(s, 0, sizeof *s);
  s->seed = 11;
  s->model = (mn_model){.theta = thetas[number % 3], .chi = 2.5, .lambda = number % 2 ? 2.0 : 0.0};
  s->model.quadrature = number / 2 % 2 ? MN_FROZEN : MN_BRIDGE;
  s->ahead = number % 4 == 3 ? 0.0 : 0.03;
  follow(p, engine, tolerance, samples, s);
}

static void end(subject *s)
{
  mn_drift_destroy(&s->drift);
  mn_history_destroy(&s->past);
}

static mn_audit audit_of(const subject *s, const double *found, int64_t cells, uint32_t seed, uint64_t moment)
{
  mn_audit audit;
  check_ok(mn_audit_drift(s->drift, s->past, s->now, s->ahead, s->x, found, cells, seed, moment, &audit));
  return audit;
}

/* Of no drift at all an audit finds the whole of that of the cells drawn. */
static double drift_drawn(const subject *s, int64_t cells, uint32_t seed, uint64_t moment)
{
  static const double nothing[2 * CELLS] = {0.0};
  const mn_audit audit = audit_of(s, nothing, cells, seed, moment);
  assert_everywhere(audit.observed == 1.0);
  return audit.drift;
}

/* Rms of what the engine has found, of cells that are counted `times`, or once each. */
static double drift_found(const subject *s, const double *times)
{
  double sums[2] = {0.0, 0.0};
  for (int64_t i = s->own.begin; i < s->own.end; i++) {
    const double *f = s->found + 2 * (i - s->own.begin);
    const double weight = times ? times[i] : 1.0;
    sums[0] += weight * (f[0] * f[0] + f[1] * f[1]);
    sums[1] += weight;
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  return sqrt(sums[0] / sums[1]);
}

static void both_engines_are_found_within_their_tolerance(void **state)
{
  (void)state;
  for (int k = 0; k < 8; k++) {
    subject s;
    begin(check_world(), k % 2 ? &mn_drift_spectral : &mn_drift_direct, k / 2, SAMPLES, &s);
    const mn_audit audit = audit_of(&s, s.found, CELLS, 3, 5);
    end(&s);
    assert_int_equal(audit.cells, CELLS);
    assert_true(audit.drift > 0.0);
    check_at_most(audit.observed, tolerance, "rms error asked for; as many cells as there are, drawn at random");
  }
}

/* After a step or two cells are so far from the trails of others, a thirtieth of a step wide, that tails are all they
 * feel.  What is audited is right: summed a million times as sharply as the tolerance asks. */
static void nobody_is_blamed_where_only_tails_are_felt(void **state)
{
  (void)state;
  static const uint32_t seeds[] = {32, 114, 115}; /* drifts of some 1e-4 of the largest force */
  const double relative = 1e-2;
  for (int k = 0; k < 3; k++) {
    subject s = {.seed = seeds[k], .model = {.theta = 1000.0, .chi = 2.5, .quadrature = MN_FROZEN}};
    follow(check_world(), &mn_drift_direct, 1e-6 * relative, 2, &s);
    s.drift->options.tolerance = relative;
    const mn_audit audit = audit_of(&s, s.found, CELLS, 3, 5);
    end(&s);
    check_at_most(audit.observed, mn_audit_accuracy * relative,
                  "its accuracy; relative to that force it would be 0.5 tolerances");
  }
}

static void a_falsified_drift_is_found_to_be_wrong_by_that_much(void **state)
{
  static const double errors[] = {0.01, -0.01, 0.3, -1.0, -2.0};
  (void)state;
  for (int k = 0; k < 4; k++) {
    subject s;
    double wrong[2 * CELLS];
    begin(check_world(), &mn_drift_direct, k, SAMPLES, &s);
    for (int e = k % 2; e < 5; e += 2) {
      for (int i = 0; i < 2 * CELLS; i++) {
        wrong[i] = s.found[i] * (1.0 + errors[e]);
      }
      const mn_audit audit = audit_of(&s, wrong, DRAWN, 3, (uint64_t)e);
      const double drawn = drift_drawn(&s, DRAWN, 3, (uint64_t)e);
      const double scale = fmax(drawn, drift_found(&s, NULL) * fabs(1.0 + errors[e]));
      check_absolute(audit.observed, fabs(errors[e]) * drawn / scale, 5.0 * tolerance,
                     "of the engine; 24 cells need not be typical");
    }
    end(&s);
  }
}

/* How often every cell is drawn: its own drift, and nothing else, is wrong by far. */
static void count_draws(const subject *s, int64_t cells, uint32_t seed, uint64_t moment, double times[CELLS])
{
  const double unit = 1e3 * audit_of(s, s->found, cells, seed, moment).drift;
  for (int i = 0; i < CELLS; i++) {
    double wrong[2 * CELLS];
    memcpy(wrong, s->found, sizeof wrong);
    if (i >= s->own.begin && i < s->own.end) {
      wrong[2 * (i - s->own.begin) + i % 2] += unit;
    }
    const mn_audit audit = audit_of(s, wrong, cells, seed, moment);
    const double share = audit.observed * audit.drift / unit;
    times[i] = (double)cells * share * share;
  }
}

static void as_many_cells_are_drawn_as_asked_for_each_judged_by_its_own_drift(void **state)
{
  (void)state;
  subject s;
  double sum = 0.0;
  double times[CELLS];
  begin(check_world(), &mn_drift_direct, 0, SAMPLES, &s);
  const double drawn = drift_drawn(&s, DRAWN, 3, 5);
  count_draws(&s, DRAWN, 3, 5, times);
  for (int i = 0; i < CELLS; i++) {
    check_absolute(times[i], rint(times[i]), 1e-7 * DRAWN, "the engine's error next to 1000 times the drift");
    times[i] = rint(times[i]);
    sum += times[i];
  }
  const double counted = drift_found(&s, times);
  end(&s);
  assert_true(sum == DRAWN);
  check_relative(drawn, counted, 5.0 * tolerance, "of the engine, on the cells drawn");
}

/* Cells drawn feel less than all, or more: errors are relative to the larger. */
static void errors_are_relative_to_the_drift_of_all_or_of_those_drawn(void **state)
{
  (void)state;
  subject s;
  int less = 0;
  begin(check_world(), &mn_drift_direct, 0, SAMPLES, &s);
  const double all = drift_found(&s, NULL);
  for (uint64_t moment = 0; moment < 8; moment++) {
    const double drawn = drift_drawn(&s, 5, 3, moment);
    const double scale = audit_of(&s, s.found, 5, 3, moment).drift;
    less += drawn < all;
    check_relative(scale, fmax(all, drawn), mn_audit_accuracy * tolerance,
                   "the direct sum is sharper where nothing was found");
  }
  end(&s);
  assert_true(less > 0 && less < 8);
}

/* Of 400 cells drawn from 100 a given one is missing with probability 0.018, none is drawn more than 20 times but with
 * probability below 1e-6. */
static void draws_reach_all_cells_alike(void **state)
{
  (void)state;
  subject s;
  double times[CELLS];
  int missing = 0;
  begin(check_world(), &mn_drift_direct, 0, 2, &s);
  count_draws(&s, 4 * CELLS, 8, 1, times);
  end(&s);
  for (int i = 0; i < CELLS; i++) {
    missing += times[i] < 0.5;
    check_at_most(times[i], 20.1, "Poisson with mean 4, 100 times: 1e-7");
  }
  check_at_most(missing, 12, "binomial with mean 1.8: 1e-7");
}

static void cells_depend_on_seed_and_moment_alone(void **state)
{
  (void)state;
  subject s;
  begin(check_world(), &mn_drift_direct, 0, SAMPLES, &s);
  const mn_audit first = audit_of(&s, s.found, DRAWN, 3, 5);
  const mn_audit again = audit_of(&s, s.found, DRAWN, 3, 5);
  const double drawn = drift_drawn(&s, DRAWN, 3, 5);
  const double seed = drift_drawn(&s, DRAWN, 4, 5);
  const double moment = drift_drawn(&s, DRAWN, 3, 6);
  end(&s);
  assert_true(first.drift == again.drift && first.observed == again.observed);
  assert_true(seed != drawn && moment != drawn && seed != moment);
}

static void what_is_no_number_is_an_infinite_error_whoever_is_drawn(void **state)
{
  (void)state;
  subject s;
  begin(check_world(), &mn_drift_direct, 0, SAMPLES, &s);
  for (int i = 0; i < CELLS; i++) {
    const bool here = i >= s.own.begin && i < s.own.end;
    double *f = here ? &s.found[2 * (i - s.own.begin) + i % 2] : NULL;
    const double right = here ? *f : 0.0;
    if (here) {
      *f = i % 3 ? (double)NAN : (double)INFINITY;
    }
    const mn_audit audit = audit_of(&s, s.found, 2, 3, 5);
    assert_everywhere(isinf(audit.observed));
    if (here) {
      *f = right;
    }
  }
  end(&s);
}

static void without_a_past_there_is_no_drift_and_no_error(void **state)
{
  (void)state;
  subject s;
  begin(check_world(), &mn_drift_direct, 0, 0, &s);
  const mn_audit audit = audit_of(&s, s.found, DRAWN, 3, 5);
  end(&s);
  assert_int_equal(audit.cells, DRAWN);
  assert_true(audit.drift == 0.0 && isnan(audit.observed));
}

static void result_does_not_depend_on_ranks(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    subject s;
    mn_parallel alone;
    begin(check_world(), &mn_drift_direct, k, SAMPLES, &s);
    const mn_audit shared = audit_of(&s, s.found, DRAWN, 3, 5);
    end(&s);
    mn_parallel_create(MPI_COMM_SELF, &alone);
    begin(&alone, &mn_drift_direct, k, SAMPLES, &s);
    const mn_audit single = audit_of(&s, s.found, DRAWN, 3, 5);
    end(&s);
    mn_parallel_destroy(&alone);
    const bool same = fabs(shared.drift - single.drift) <= 1e-12 * single.drift; /* roundoff of sums */
    assert_everywhere(same && fabs(shared.observed - single.observed) <= 1e-12);
  }
}

MN_TESTS("audit", cmocka_unit_test(both_engines_are_found_within_their_tolerance),
         cmocka_unit_test(nobody_is_blamed_where_only_tails_are_felt),
         cmocka_unit_test(a_falsified_drift_is_found_to_be_wrong_by_that_much),
         cmocka_unit_test(as_many_cells_are_drawn_as_asked_for_each_judged_by_its_own_drift),
         cmocka_unit_test(errors_are_relative_to_the_drift_of_all_or_of_those_drawn),
         cmocka_unit_test(draws_reach_all_cells_alike), cmocka_unit_test(cells_depend_on_seed_and_moment_alone),
         cmocka_unit_test(what_is_no_number_is_an_infinite_error_whoever_is_drawn),
         cmocka_unit_test(without_a_past_there_is_no_drift_and_no_error),
         cmocka_unit_test(result_does_not_depend_on_ranks));
