/* What is chosen for the present force.  Truth: theory.md, (29), and what it says of few cells. */
#include "check.h"
#include "drift/layout.h"

#include <math.h>

enum { FEW = 100, MANY = 10000 };

static const double pi = 3.14159265358979323846;
static const double density = 15.0; /* of the others; MANY have two within a wave's length at it, FEW have not */
static const double cut = 3e-5;
static const double spacing = 0.004;

typedef struct choice {
  mn_layout layout;
  double error; /* without pairs */
} choice;

/* For trails that are a thirtieth of a step wide, felt by so many cells, cut and spacing given. */
static choice choice_for(int64_t count)
{
  mn_drift drift = {.model = {.theta = 1000.0, .chi = 1.0, .quadrature = MN_FROZEN},
                    .options = {.tolerance = 1e-6, .shortest_step = 0.02, .longest_step = 0.02, .cut = cut},
                    .count = count};
  const mn_setting setting = {{1.0, density}, {0.02, 0.02}, {3.0, 3.0}, spacing, MN_WINDOW_MAX};
  mn_tail tail = {.log_step = 0.0};
  choice c;
  mn_layout_choose(&drift, &setting, &tail, &c.layout);
  const mn_layout alone = {.cutoff = MN_PHASE_END / spacing};
  c.error = mn_layout_error(&drift, &setting.scene, &tail, &alone, spacing);
  return c;
}

static double pair_beside_all(double wave, int64_t count)
{
  return sqrt(wave * wave / (pi * (double)count) / density);
}

static void the_error_of_few_cells_is_that_of_one_pair(void **state)
{
  (void)state;
  const choice few = choice_for(FEW);
  const choice many = choice_for(MANY);
  check_relative(few.error / many.error, pair_beside_all(MN_PHASE_END / spacing, FEW), 0.14,
                 "the tail is tabulated in steps of 13 %");
  check_relative(many.layout.near_accuracy / few.layout.near_accuracy, pair_beside_all(1.0 / sqrt(cut), FEW), 0.45,
                 "accuracies come in steps of 41 %");
  assert_in_range(few.layout.width, many.layout.width + 1, MN_WINDOW_MAX - 1);
}

/* A million cells whose own past grows: as they are pulled harder, meshes get coarser and never finer again, while the
 * window is the same. */
static void meshes_do_not_change_back_and_forth(void **state)
{
  enum { MOMENTS = 400 };
  (void)state;
  const mn_drift drift = {.model = {.theta = 1.0, .chi = 6.28},
                          .options = {.tolerance = 1e-6, .shortest_step = 0.02, .longest_step = 0.02},
                          .count = 1000000};
  mn_tail tail = {.log_step = 0.0};
  double cutoff = INFINITY;
  double accuracy = 0.0;
  int changes = 0;
  int tables = 0;
  for (int k = 0; k < MOMENTS; k++) {
    const double passed = (double)k / MOMENTS;
    const mn_scene scene = {900.0 + 5400.0 * passed, 25000.0 - 8000.0 * passed};
    const mn_setting setting = {scene, {0.02, 0.02}, {18.5, 18.0}, 0.0867, MN_WINDOW_MAX};
    mn_layout layout;
    mn_layout_choose(&drift, &setting, &tail, &layout);
    assert_true(layout.pairs && layout.cutoff <= cutoff);
    changes += layout.cutoff < cutoff;
    tables += layout.near_accuracy != accuracy;
    cutoff = layout.cutoff;
    accuracy = layout.near_accuracy;
  }
  assert_in_range(changes, 4, 8); /* there is something to choose */
  assert_in_range(tables, 2, 40); /* what is tabulated serves many */
}

MN_TESTS("layout", cmocka_unit_test(meshes_do_not_change_back_and_forth),
         cmocka_unit_test(the_error_of_few_cells_is_that_of_one_pair));
