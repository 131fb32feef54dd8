/* The drift towards the next witness where the past goes into trails.  Truth: the walk through all samples of the
 * direct engine; bits, for what must not depend on ranks or on when it was asked. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { CELLS = 200, STEPS = 400 };

static const double step = 0.02;

/* Brownian paths, one step after the other. */
static void walk(int n, mn_block own, double *x)
{
  for (int64_t i = 2 * own.begin; i < 2 * own.end; i++) {
    const double by = check_normal(17, (uint64_t)(n * 2 * CELLS + i));
    x[i - 2 * own.begin] = n > 0 ? x[i - 2 * own.begin] + sqrt(2.0 * step) * by : by;
  }
}

/* Own cells' drift after all steps; asked for every so many of them too. */
static void found_by(const mn_parallel *p, const mn_drift_engine *engine, const mn_model *model, double tolerance,
                     int every, double *out)
{
  static double x[2 * CELLS];
  const mn_block own = mn_block_of(CELLS, p->rank, p->size);
  const mn_drift_options options = {.tolerance = tolerance, .shortest_step = step, .longest_step = step};
  const mn_history_options keep = {.tolerance = 1e-6};
  mn_history *past = NULL;
  mn_drift *drift = NULL;
  check_ok(mn_history_create(p, model, &keep, CELLS, &past));
  check_ok(mn_drift_create(p, engine, model, &options, CELLS, &drift));
  for (int n = 0; n < STEPS; n++) {
    walk(n, own, x);
    if (n % every == 0) {
      check_ok(mn_drift_partner(drift, past, n * step, x, out));
    }
    check_ok(mn_history_append(past, n * step, step, x));
  }
  walk(STEPS, own, x);
  check_ok(mn_drift_partner(drift, past, STEPS * step, x, out));
  mn_drift_destroy(&drift);
  mn_history_destroy(&past);
}

/* rms over all cells of the difference. */
static double difference(const mn_parallel *p, const double *a, const double *b)
{
  const int64_t own = mn_block_count(mn_block_of(CELLS, p->rank, p->size));
  double sum = 0.0;
  for (int64_t i = 0; i < 2 * own; i++) {
    sum += (a[i] - b[i]) * (a[i] - b[i]) / CELLS;
  }
  MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, p->comm);
  return sqrt(sum);
}

static double exact[2 * CELLS], thinned[2 * CELLS], other[2 * CELLS];

static void trails_meet_the_tolerance_of_the_largest_force(void **state)
{
  (void)state;
  for (int k = 0; k < 8; k++) {
    const mn_model model = {.theta = pow(10.0, k % 4 - 1),
                            .chi = 1.0,
                            .lambda = k / 4 ? 0.5 : 0.0,
                            .quadrature = k % 3 == 2 ? MN_FROZEN : MN_BRIDGE};
    const double tolerance = k % 2 ? 1e-2 : 1e-3;
    found_by(check_world(), &mn_drift_direct, &model, 1e-7, STEPS, exact);
    found_by(check_world(), &mn_drift_spectral, &model, tolerance, STEPS, thinned);
    const double error = difference(check_world(), thinned, exact);
    check_at_most(error, 0.1 * tolerance * mn_kernel_tail(&model, step), "the header's; 0.02 seen");
  }
}

/* What is kept is what is expected, and so grows no more. */
static void trails_are_thinned_with_age(void **state)
{
  (void)state;
  static double x[2 * CELLS];
  const mn_parallel *p = check_world();
  const mn_model model = {.theta = 1.0, .chi = 1.0};
  const mn_drift_options options = {.tolerance = 1e-2, .shortest_step = step, .longest_step = step};
  const mn_history_options keep = {.tolerance = 1e-2};
  mn_history *past = NULL;
  mn_drift *drift = NULL;
  check_ok(mn_history_create(p, &model, &keep, CELLS, &past));
  check_ok(mn_drift_create(p, &mn_drift_spectral, &model, &options, CELLS, &drift));
  for (int n = 0; n < STEPS; n++) {
    walk(n, mn_block_of(CELLS, p->rank, p->size), x);
    check_ok(mn_history_append(past, n * step, step, x));
  }
  const int64_t before = mn_memory_live();
  check_ok(mn_drift_partner(drift, past, STEPS * step, x, thinned));
  const double held = (double)(mn_memory_live() - before);
  const double expected =
      (double)mn_drift_partner_bytes(&mn_drift_spectral, &model, &options, CELLS, p->size, STEPS * step);
  mn_drift_destroy(&drift);
  mn_history_destroy(&past);
  assert_false(mn_any(p, p->rank == 0 && !(held > 0.6 * expected && held < 1.7 * expected)));
}

static void moments_are_not_asked_for_more_sharply_than_they_are_known(void **state)
{
  (void)state;
  const mn_model model = {.theta = 0.1, .chi = 1.0};
  found_by(check_world(), &mn_drift_spectral, &model, 1e-4, STEPS, exact);
  found_by(check_world(), &mn_drift_spectral, &model, 1e-8, STEPS, thinned);
  assert_false(mn_any(check_world(), difference(check_world(), exact, thinned) > 0.0));
}

static void what_is_found_does_not_depend_on_when_it_was_asked(void **state)
{
  (void)state;
  const mn_model model = {.theta = 1.0, .chi = 1.0};
  found_by(check_world(), &mn_drift_spectral, &model, 1e-2, STEPS, exact);
  found_by(check_world(), &mn_drift_spectral, &model, 1e-2, 1, thinned);
  found_by(check_world(), &mn_drift_spectral, &model, 1e-2, 97, other);
  const size_t bytes =
      (size_t)(2 * mn_block_count(mn_block_of(CELLS, check_world()->rank, check_world()->size))) * sizeof(double);
  const bool same = memcmp(exact, thinned, bytes) == 0 && memcmp(exact, other, bytes) == 0;
  assert_false(mn_any(check_world(), !same));
}

static void bits_are_those_of_one_rank(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  const mn_model model = {.theta = 1.0, .chi = 1.0};
  const mn_block own = mn_block_of(CELLS, check_world()->rank, check_world()->size);
  found_by(&alone, &mn_drift_spectral, &model, 1e-2, STEPS, exact);
  found_by(check_world(), &mn_drift_spectral, &model, 1e-2, STEPS, thinned);
  const bool same = memcmp(exact + 2 * own.begin, thinned, (size_t)(2 * mn_block_count(own)) * sizeof(double)) == 0;
  mn_parallel_destroy(&alone);
  assert_false(mn_any(check_world(), !same));
}

MN_TESTS("partner", cmocka_unit_test(trails_meet_the_tolerance_of_the_largest_force),
         cmocka_unit_test(trails_are_thinned_with_age),
         cmocka_unit_test(moments_are_not_asked_for_more_sharply_than_they_are_known),
         cmocka_unit_test(what_is_found_does_not_depend_on_when_it_was_asked),
         cmocka_unit_test(bits_are_those_of_one_rank));
