/* Trials.  Truth: engines whose times differ by more than threefold on any machine, although constants leave it open,
 * and what needs no trial. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/run.h>
#include <stdio.h>

static const double step = 0.02;

static mn_run_options run_of(int64_t count, double tolerance)
{
  mn_run_options o = {
      .dynamics = {.model = {.theta = 1.0, .chi = 6.0}, .scheme = MN_SCHEME_AVERAGED, .seed = 1, .noise_substeps = 1},
      .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 3.0},
      .count = count,
      .steps = 1000,
      .drift = {.tolerance = tolerance, .shortest_step = step, .longest_step = step},
      .history = {.tolerance = tolerance},
  };
  check_ok(mn_schedule_make(step, 0.0, 2.0, &o.dynamics.schedule));
  return o;
}

static const mn_drift_engine *fastest(const mn_parallel *p, const mn_run_options *options)
{
  const mn_drift_engine *engine = NULL;
  check_ok(mn_run_fastest(p, options, &engine));
  return engine;
}

static const mn_drift_engine *cheapest(const mn_run_options *o)
{
  return mn_drift_cheapest(&o->dynamics.model, &o->drift, o->count, mn_initial_variance(&o->initial));
}

/* Nor do they differ by more than a trial is for. */
static bool is_open(const mn_run_options *o)
{
  const mn_rivals cost = mn_drift_rivals(&o->dynamics.model, &o->drift, o->count, mn_initial_variance(&o->initial));
  return cost.direct < 4.0 * cost.spectral && cost.spectral < 4.0 * cost.direct;
}

static void few_cells_are_summed_directly_and_many_by_fields(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  const mn_run_options few = run_of(100, 1e-6);
  const mn_run_options many = run_of(400, 1e-2);
  const bool open = is_open(&few) && is_open(&many);
  const bool right = fastest(&alone, &few) == &mn_drift_direct && fastest(&alone, &many) == &mn_drift_spectral;
  mn_parallel_destroy(&alone);
  assert_false(mn_any(check_world(), !open || !right));
}

/* Constants do not know what lanes of doubles cost where floats would do. */
static void engines_are_tried_as_they_are_asked_for(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_run_options o = run_of(150, 1e-2);
  o.dynamics.model.theta = 0.01;
  o.drift.precision = MN_PRECISION_DOUBLE;
  const bool open = is_open(&o) && cheapest(&o) == &mn_drift_direct;
  const bool right = fastest(&alone, &o) == &mn_drift_spectral;
  mn_parallel_destroy(&alone);
  assert_false(mn_any(check_world(), !open || !right));
}

/* Of cells from a file constants know nothing; these lie far apart, which is nothing for meshes. */
static void the_cells_of_the_run_count(void **state)
{
  (void)state;
  enum { CELLS = 400 };
  const double width = 30.0;
  char path[2 * CHECK_PATH];
  double x[2 * CELLS];
  const mn_block own = mn_block_of(CELLS, check_world()->rank, check_world()->size);
  for (int64_t i = 0; i < 2 * mn_block_count(own); i++) {
    x[i] = width * check_normal(1, (uint64_t)(2 * own.begin + i));
  }
  snprintf(path, sizeof path, "%s/cells.h5", check_directory);
  check_ok(mn_dataset_write(check_world(), path, "cells", CELLS, x));
  mn_run_options o = run_of(CELLS, 1e-2);
  o.initial.kind = MN_INITIAL_FILE;
  o.initial_file = path;
  o.initial_dataset = "cells";
  assert_true(cheapest(&o) == &mn_drift_spectral);
  assert_true(fastest(check_world(), &o) == &mn_drift_direct);
  const mn_drift_engine *engine = NULL;
  o.initial_dataset = "others";
  check_refused(mn_run_fastest(check_world(), &o, &engine), MN_DATA, "others");
}

/* Two evaluations a step, more steps that grow than are tried. */
static void all_ranks_hear_the_same(void **state)
{
  (void)state;
  mn_run_options o = run_of(200, 1e-3);
  check_ok(mn_schedule_make(step, 0.1 * step, 1.05, &o.dynamics.schedule));
  assert_true(o.dynamics.schedule.ramp > 40);
  o.dynamics.scheme = MN_SCHEME_HEUN;
  o.drift.shortest_step = o.dynamics.schedule.first;
  o.drift.ramp = o.dynamics.schedule.ramp;
  assert_true(is_open(&o));
  const bool spectral = fastest(check_world(), &o) == &mn_drift_spectral;
  assert_true(mn_any(check_world(), spectral) == spectral);
}

/* A cloud four hundred wide, whose trails are a third of one: constants leave it open, but meshes take a second a step.
 */
static void nothing_is_tried_that_would_take_long(void **state)
{
  (void)state;
  mn_run_options o = run_of(3200, 0.1);
  o.initial.variance = 1e4;
  assert_true(is_open(&o));
  const double start = mn_seconds();
  assert_true(fastest(check_world(), &o) == cheapest(&o));
  check_at_most(mn_seconds() - start, 1.0, "seconds; forecasts take milliseconds, a trial ten seconds");
}

MN_TESTS("trial", cmocka_unit_test(few_cells_are_summed_directly_and_many_by_fields),
         cmocka_unit_test(engines_are_tried_as_they_are_asked_for), CHECK_IN_DIRECTORY(the_cells_of_the_run_count),
         cmocka_unit_test(all_ranks_hear_the_same), cmocka_unit_test(nothing_is_tried_that_would_take_long));
