/* Trials.  Truth: engines whose times differ by more than threefold on any machine, although constants leave it open,
 * and what needs no trial. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>

static const mn_drift_engine *fastest(const mn_parallel *p, int64_t count, double tolerance, double step)
{
  const mn_model model = {.theta = 1.0, .chi = 6.0};
  const mn_drift_options options = {.tolerance = tolerance, .shortest_step = step, .longest_step = step};
  const mn_drift_engine *engine = NULL;
  check_ok(mn_drift_fastest(p, &model, &options, count, 3.0, &engine));
  return engine;
}

static void few_cells_are_summed_directly_and_many_by_fields(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  const mn_drift_engine *few = fastest(&alone, 100, 1e-6, 0.02);
  const mn_drift_engine *many = fastest(&alone, 400, 1e-2, 0.02);
  mn_parallel_destroy(&alone);
  assert_false(mn_any(check_world(), few != &mn_drift_direct));
  assert_false(mn_any(check_world(), many != &mn_drift_spectral));
}

static void all_ranks_hear_the_same(void **state)
{
  (void)state;
  const bool spectral = fastest(check_world(), 200, 1e-3, 0.02) == &mn_drift_spectral;
  assert_true(mn_any(check_world(), spectral) == spectral);
}

/* A cloud four hundred wide, whose trails are a third of one: constants leave it open, but meshes take a second a step.
 */
static void nothing_is_tried_that_would_take_long(void **state)
{
  (void)state;
  const mn_model model = {.theta = 1.0, .chi = 6.0};
  const mn_drift_options options = {.tolerance = 0.1, .shortest_step = 0.02, .longest_step = 0.02};
  const mn_drift_engine *engine = NULL;
  const double start = mn_seconds();
  check_ok(mn_drift_fastest(check_world(), &model, &options, 3200, 1e4, &engine));
  assert_true(engine == mn_drift_cheapest(&model, &options, 3200, 1e4));
  check_at_most(mn_seconds() - start, 1.0, "seconds; forecasts take milliseconds, a trial ten seconds");
}

static void without_a_past_there_is_nothing_to_try(void **state)
{
  (void)state;
  assert_true(fastest(check_world(), 100, 1e-6, 0.0) == &mn_drift_direct);
}

MN_TESTS("trial", cmocka_unit_test(few_cells_are_summed_directly_and_many_by_fields),
         cmocka_unit_test(all_ranks_hear_the_same), cmocka_unit_test(nothing_is_tried_that_would_take_long),
         cmocka_unit_test(without_a_past_there_is_nothing_to_try));
