/* The ladder.  Truth: the plain sum over points and past intervals of the Gaussians of quadrature.h, and of split.h for
 * the present of the points taken last; another ladder, for restored and for shared ones, down to bits. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/ladder.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>
#include <string.h>

enum { POINTS = 40, PLACES = 30, STEPS = 320 };

/* Paths of all points, where and when the gradient is asked for, and by what. */
typedef struct story {
  mn_model model;
  double tolerance;
  int ratio;   /* of the finest level and the ground mesh */
  int levels;  /* ratio of neighbouring levels */
  bool shrink; /* some t[k + 1] - t[k] are less than those before */
  double t[STEPS + 1];
  double x[STEPS + 1][2 * POINTS]; /* all points at t[k] */
  double place[2 * PLACES];        /* in the box at all times */
  double low[2], high[2];          /* of points and places, so far */
  double found[2 * PLACES];        /* gradient */
} story;

static story told;

/* So that no rank leaves a test alone. */
static void assert_everywhere(bool mine)
{
  assert_false(mn_any(check_world(), !mine));
}

/* Steps of `first`, growing by `growth`; Brownian paths from a cloud. */
static void tell(story *s, const mn_model *model, double tolerance, int steps, double first, double growth)
{
  *s = (story){
      .model = *model, .tolerance = tolerance, .ratio = 1, .levels = 4, .low = {-1.0, -1.0}, .high = {1.0, 1.0}};
  for (int k = 0; k <= steps; k++) {
    const double step = first * pow(growth, k - 1);
    s->t[k] = k > 0 ? s->t[k - 1] + step : 0.0;
    for (int i = 0; i < 2 * POINTS; i++) {
      const double by = check_normal(5, (uint64_t)(k * 2 * POINTS + i));
      s->x[k][i] = k > 0 ? s->x[k - 1][i] + sqrt(2.0 * step) * by : 0.6 * by;
    }
  }
  for (int i = 0; i < 2 * PLACES; i++) {
    s->place[i] = fmax(-1.0, fmin(0.5 * check_normal(6, (uint64_t)i), 1.0));
  }
}

static double step_of(const story *s, int k)
{
  return s->t[k + 1] - s->t[k];
}

static mn_ladder *create(const mn_parallel *p, const story *s, int longest)
{
  const mn_ladder_options options = {s->tolerance, step_of(s, 0), step_of(s, longest), s->shrink, s->levels};
  mn_ladder *ladder = NULL;
  check_ok(mn_ladder_create(p, &s->model, &options, POINTS, &ladder));
  return ladder;
}

/* A box around points k and all before; makes the ladder ready. */
static mn_present prepare(mn_ladder *l, story *s, int k)
{
  const double step = step_of(s, k > 0 ? k - 1 : 0);
  const mn_present present = {step, step};
  for (int i = 0; i < 2 * POINTS; i++) {
    s->low[i % 2] = fmin(s->low[i % 2], s->x[k][i]);
    s->high[i % 2] = fmax(s->high[i % 2], s->x[k][i]);
  }
  check_ok(mn_ladder_prepare(l, s->low, s->high, step, (double)INFINITY, mn_split_widest(&s->model, &present)));
  return present;
}

/* Ground mesh, with room for all windows. */
static mn_lattice mesh_of(const mn_ladder *l, const story *s, int width)
{
  mn_lattice mesh = {.spacing = mn_ladder_spacing(l) / s->ratio};
  for (int a = 0; a < 2; a++) {
    mesh.first[a] = (int64_t)floor(s->low[a] / mesh.spacing) - width;
    mesh.nodes[a] = (int64_t)ceil(s->high[a] / mesh.spacing) + width - mesh.first[a] + 1;
  }
  return mesh;
}

static void read_field(const mn_parallel *p, const mn_ground *g, const double *field, const double *at, double *out)
{
  const int64_t width = 2 * g->mesh.nodes[0];
  double *both = NULL;
  check_ok(mn_alloc(&both, width * g->mesh.nodes[1] + 2 * MN_LATTICE_PAD, sizeof *both));
  check_ok(mn_rows_fetch(p, g->rows, width, field, (mn_range){0, g->mesh.nodes[1]}, both));
  memset(out, 0, 2 * PLACES * sizeof *out);
  mn_lattice_interpolate(&g->mesh, g->window, PLACES, at, (mn_range){0, g->mesh.nodes[1]}, both, out);
  mn_free(&both);
}

/* The ladder takes points k; with a present it tells the gradient at the places. */
static void take(const mn_parallel *p, mn_ladder *l, story *s, int k, const mn_present *present)
{
  const mn_block block = mn_block_of(POINTS, p->rank, p->size);
  const double scale = mn_lattice_scale(POINTS);
  mn_window window;
  mn_shares rows;
  int64_t *counts = NULL;
  double *deposit = NULL;
  mn_window_choose(s->tolerance, MN_PHASE_WINDOW, &window);
  const mn_ground g = {mesh_of(l, s, window.width), &rows, &window};
  const int64_t nodes = g.mesh.nodes[0] * g.mesh.nodes[1];
  check_ok(mn_shares_even(g.mesh.nodes[1], p->size, &rows));
  const int64_t own = mn_shares_count(&rows, p->rank) * g.mesh.nodes[0];
  check_ok(mn_alloc(&counts, nodes + MN_LATTICE_PAD, sizeof *counts));
  check_ok(mn_alloc(&deposit, 3 * own, sizeof *deposit));
  double *field = deposit + own;
  mn_lattice_spread(&g.mesh, &window, mn_block_count(block), s->x[k] + 2 * block.begin, scale,
                    (mn_range){0, g.mesh.nodes[1]}, counts);
  check_ok(mn_rows_reduce(p, &rows, g.mesh.nodes[0], counts));
  for (int64_t n = 0; n < own; n++) {
    deposit[n] = (double)counts[n] / scale;
  }
  check_ok(mn_ladder_take(l, &g, deposit));
  if (present) {
    check_ok(mn_ladder_add_gradient(l, s->t[k], present, mn_ladder_variance(l), &g, field));
    read_field(p, &g, field, s->place, s->found);
  }
  mn_free(&deposit);
  mn_free(&counts);
  mn_shares_clear(&rows);
}

static void ask(const mn_parallel *p, mn_ladder *l, story *s, int k)
{
  const mn_present present = prepare(l, s, k);
  take(p, l, s, k, &present);
}

static void remember(const mn_parallel *p, mn_ladder *l, story *s, int k)
{
  const mn_block block = mn_block_of(POINTS, p->rank, p->size);
  prepare(l, s, k);
  take(p, l, s, k, NULL);
  check_ok(mn_ladder_remember(l, s->t[k], step_of(s, k), s->x[k] + 2 * block.begin));
}

static void remember_until(const mn_parallel *p, mn_ladder *l, story *s, int end)
{
  for (int k = 0; k < end; k++) {
    remember(p, l, s, k);
  }
}

static void add(const story *s, int k, int place, mn_profile *profile, const void *of, double sum[2])
{
  for (int j = 0; j < POINTS; j++) {
    const double x = s->place[2 * place] - s->x[k][2 * j];
    const double y = s->place[2 * place + 1] - s->x[k][2 * j + 1];
    const double f = profile(of, x * x + y * y);
    sum[0] -= f * x;
    sum[1] -= f * y;
  }
}

static double past_profile(const void *of, double r2)
{
  return mn_gaussians_profile(of, r2);
}

static double present_profile(const void *of, double r2)
{
  return mn_split_profile(of, r2);
}

/* The largest error of `found` at time k, relative to the largest force. */
static double error_of(const mn_ladder *l, const story *s, int k)
{
  static mn_split split;
  static double truth[2 * PLACES];
  const mn_present present = {step_of(s, k - 1), step_of(s, k - 1)};
  double largest = 0.0;
  double error = 0.0;
  memset(truth, 0, sizeof truth);
  mn_split_range(&s->model, &present, mn_ladder_variance(l), (double)INFINITY, &split);
  for (int m = 0; m <= k; m++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    const int count = m < k ? mn_quadrature_intervals(s->model.quadrature, s->t, k, m, intervals) : 0;
    mn_quadrature_rule(&s->model, 1e-11, count, intervals, &rule);
    for (int i = 0; i < PLACES; i++) {
      add(s, m, i, m < k ? past_profile : present_profile, m < k ? (void *)&rule : (void *)&split, truth + 2 * i);
    }
  }
  for (int i = 0; i < PLACES; i++) {
    largest = fmax(largest, hypot(truth[2 * i], truth[2 * i + 1]));
    error = fmax(error, hypot(s->found[2 * i] - truth[2 * i], s->found[2 * i + 1] - truth[2 * i + 1]));
  }
  return error / largest;
}

static mn_model model_of(int k)
{
  const double theta = k % 3 == 0 ? 0.05 : k % 3 == 1 ? 1.0 : 10.0;
  return (mn_model){theta, 1.0, k / 3 % 2 ? 2.0 : 0.0, 0.0, k / 6 % 2 ? MN_FROZEN : MN_BRIDGE};
}

static const char because[] = "the header's: what modes, images and windows may leave out";

static void gradient_is_the_sum_over_points_and_past_intervals(void **state)
{
  (void)state;
  for (int k = 0; k < 24; k++) {
    const mn_model model = model_of(k);
    const mn_parallel *p = check_world();
    tell(&told, &model, k % 5 ? 1e-4 : 1e-7, 9, 0.02, 1.15);
    told.ratio = k / 12 ? 3 : 1;
    told.levels = 2 << k % 3;
    mn_ladder *l = create(p, &told, 7);
    remember_until(p, l, &told, 8);
    ask(p, l, &told, 8);
    const double error = error_of(l, &told, 8);
    mn_ladder_destroy(&l);
    check_at_most(error, told.tolerance, because);
  }
}

static void content_moves_up_as_it_grows_old_and_the_sum_stays_right(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    const mn_model model = model_of(5 * (k % 2) + 1);
    const mn_parallel *p = check_world();
    tell(&told, &model, 1e-4, STEPS, 0.02, 1.0 + 0.01 * (k % 2));
    told.levels = k < 2 ? 4 : k == 2 ? 2 : 8;
    mn_ladder *l = create(p, &told, 0);
    double worst = 0.0;
    int most = 0;
    for (int m = 0; m < STEPS; m++) {
      if (m % 80 == 79) {
        ask(p, l, &told, m);
        worst = fmax(worst, error_of(l, &told, m));
      }
      remember(p, l, &told, m);
      for (int n = 0; n < mn_ladder_levels(l); n++) {
        most = mn_ladder_level(l, n).chapters > most ? mn_ladder_level(l, n).chapters : most;
      }
    }
    const int levels = mn_ladder_levels(l);
    const bool up = levels > 1 && levels < 10 && mn_ladder_level(l, 1).chapters > 0;
    const double ratio = mn_ladder_level(l, 1).variance / mn_ladder_level(l, 0).variance;
    mn_ladder_destroy(&l);
    assert_true(up && fabs(ratio / (told.levels * told.levels) - 1.0) < 1e-12);
    assert_true(most <= 12); /* of 320 intervals: four quarters of a level, and those under way at either end */
    check_at_most(worst, told.tolerance, because);
  }
}

static void points_that_leave_the_box_widen_it_and_the_field_does_not_jump(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    const mn_model model = model_of(2 * k);
    const mn_parallel *p = check_world();
    double before[2 * PLACES];
    tell(&told, &model, k % 2 ? 1e-6 : 1e-4, 13, 0.02, 1.05);
    mn_ladder *l = create(p, &told, 10);
    remember_until(p, l, &told, 10);
    ask(p, l, &told, 10);
    const int64_t nodes = mn_ladder_level(l, 0).mesh.nodes[0];
    memcpy(before, told.found, sizeof before);
    told.low[0] -= 7.0;
    told.high[1] += 5.0;
    ask(p, l, &told, 10);
    double jump = 0.0;
    double largest = 0.0;
    for (int i = 0; i < 2 * PLACES; i++) {
      jump = fmax(jump, fabs(told.found[i] - before[i]));
      largest = fmax(largest, fabs(before[i]));
    }
    const bool wider = mn_ladder_level(l, 0).mesh.nodes[0] > nodes;
    told.x[10][1] = told.low[1] - 4.0;
    remember(p, l, &told, 10);
    remember(p, l, &told, 11);
    ask(p, l, &told, 12);
    const double error = error_of(l, &told, 12);
    mn_ladder_destroy(&l);
    assert_true(wider);
    check_at_most(jump, told.tolerance * largest, "images, the header's");
    check_at_most(error, told.tolerance, because);
  }
}

/* Long steps, of which nobody knew, among short ones: they are wide enough for the second level when they are
 * remembered, and the second level holds the cells after some of them only. */
static void long_steps_among_short_ones_enter_where_the_cells_are(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    const mn_model model = {1.0, 1.0, 0.0, 0.0, k ? MN_FROZEN : MN_BRIDGE};
    const mn_parallel *p = check_world();
    double worst = 0.0;
    tell(&told, &model, 1e-4, 12, 0.02, 1.0);
    told.shrink = true;
    for (int m = 0; m < 12; m++) {
      told.t[m + 1] = told.t[m] + (m % 3 > 0 ? 0.6 : 0.02);
    }
    mn_ladder *l = create(p, &told, 0);
    for (int m = 0; m < 12; m++) {
      if (m > 0) {
        ask(p, l, &told, m);
        worst = fmax(worst, error_of(l, &told, m));
      }
      remember(p, l, &told, m);
    }
    mn_ladder_destroy(&l);
    check_at_most(worst, told.tolerance, because);
  }
}

enum { TABLE = 2000 };

/* A new ladder with the state of another. */
static mn_ladder *copy_of(const mn_parallel *p, const story *s, int longest, mn_ladder *l)
{
  double table[TABLE];
  mn_ladder *copy = create(p, s, longest);
  assert_true(mn_ladder_table_size(l) <= TABLE);
  mn_ladder_table(l, table);
  check_ok(mn_ladder_restore(copy, mn_ladder_table_size(l), table));
  bool good = mn_ladder_sets(copy) == mn_ladder_sets(l) && mn_ladder_table_size(copy) == mn_ladder_table_size(l);
  for (int k = 0; k < mn_ladder_sets(l) && good; k++) {
    const mn_mode_set from = mn_ladder_set(l, k);
    const mn_mode_set to = mn_ladder_set(copy, k);
    int64_t parts = from.count;
    MPI_Allreduce(MPI_IN_PLACE, &parts, 1, MPI_INT64_T, MPI_SUM, p->comm);
    good = from.total == to.total && from.first == to.first && from.count == to.count && parts == from.total;
    memcpy(to.values, from.values, (size_t)(good ? from.count : 0) * sizeof *to.values);
    good = !mn_any(p, !good);
  }
  assert_true(good);
  return copy;
}

static void a_ladder_restored_from_table_and_sets_goes_on_with_the_same_bits(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    const mn_model model = model_of(2 * k + 1);
    const mn_parallel *p = check_world();
    double expected[2 * PLACES];
    tell(&told, &model, 1e-4, 60, 0.02, 1.02);
    mn_ladder *l = create(p, &told, 3);
    remember_until(p, l, &told, 40 * (k > 0)); /* an empty one too */
    mn_ladder_scene(l)->force = 3.5;
    mn_ladder *copy = copy_of(p, &told, 3, l);
    bool same = mn_ladder_scene(copy)->force == 3.5;
    for (int m = 40; m < 50; m++) {
      ask(p, l, &told, m);
      memcpy(expected, told.found, sizeof expected);
      remember(p, l, &told, m);
      ask(p, copy, &told, m);
      remember(p, copy, &told, m);
      same = same && memcmp(expected, told.found, sizeof expected) == 0;
    }
    mn_ladder_destroy(&l);
    mn_ladder_destroy(&copy);
    assert_everywhere(same);
  }
}

/* With neighbours of ratio 2: widest by narrowest variance is 18 for bridges, 2 theta for frozen sources. */
static void a_present_on_many_levels_survives_a_restart_and_a_wider_box(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    const mn_model model = {k ? 1000.0 : 300.0, 1.0, 0.0, 0.0, k ? MN_FROZEN : MN_BRIDGE};
    const mn_parallel *p = check_world();
    double expected[2 * PLACES];
    tell(&told, &model, 1e-4, 13, 0.02, 1.05);
    told.levels = 2;
    mn_ladder *l = create(p, &told, 10);
    remember_until(p, l, &told, 8);
    mn_ladder *copy = copy_of(p, &told, 10, l);
    told.high[0] += 6.0;
    for (int m = 8; m < 10; m++) {
      remember(p, l, &told, m);
      remember(p, copy, &told, m);
    }
    ask(p, l, &told, 10);
    const double error = error_of(l, &told, 10);
    const int levels = mn_ladder_levels(l);
    memcpy(expected, told.found, sizeof expected);
    ask(p, copy, &told, 10);
    const bool same = memcmp(expected, told.found, sizeof expected) == 0;
    mn_ladder_destroy(&l);
    mn_ladder_destroy(&copy);
    assert_everywhere(same && levels >= (k ? 6 : 3));
    check_at_most(error, told.tolerance, because);
  }
}

static void a_damaged_table_is_refused(void **state)
{
  (void)state;
  const mn_model model = model_of(1);
  const mn_parallel *p = check_world();
  double table[TABLE] = {0.0};
  tell(&told, &model, 1e-4, 30, 0.02, 1.0);
  mn_ladder *l = create(p, &told, 0);
  remember_until(p, l, &told, 25);
  const int64_t size = mn_ladder_table_size(l); /* some dozens */
  mn_ladder_table(l, table);
  mn_ladder_destroy(&l);
  for (int64_t k = -1; k <= size; k++) { /* one number too few, one NaN, one number too many */
    const int64_t hurt = k < 0 || k == size ? 0 : k;
    const double right = table[hurt];
    table[hurt] = hurt == k ? (double)NAN : right;
    l = create(p, &told, 0);
    check_refused(mn_ladder_restore(l, k < 0 ? size - 1 : k == size ? size + 1 : size, table), MN_DATA, "damaged");
    mn_ladder_destroy(&l);
    table[hurt] = right;
  }
}

static void gradient_has_the_same_bits_on_any_number_of_ranks(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int k = 0; k < 2; k++) {
    double expected[2 * PLACES];
    const mn_model model = model_of(4 * k);
    for (int turn = 0; turn < 2; turn++) {
      const mn_parallel *p = turn == 0 ? &alone : check_world();
      tell(&told, &model, 1e-4, 60, 0.02, 1.03);
      told.ratio = 1 + 2 * (k % 2);
      mn_ladder *l = create(p, &told, 1);
      remember_until(p, l, &told, 50);
      ask(p, l, &told, 50);
      mn_ladder_destroy(&l);
      if (turn == 0) {
        memcpy(expected, told.found, sizeof expected);
      }
    }
    assert_everywhere(memcmp(expected, told.found, sizeof expected) == 0);
  }
  mn_parallel_destroy(&alone);
}

MN_TESTS("ladder", cmocka_unit_test(gradient_is_the_sum_over_points_and_past_intervals),
         cmocka_unit_test(content_moves_up_as_it_grows_old_and_the_sum_stays_right),
         cmocka_unit_test(points_that_leave_the_box_widen_it_and_the_field_does_not_jump),
         cmocka_unit_test(long_steps_among_short_ones_enter_where_the_cells_are),
         cmocka_unit_test(a_present_on_many_levels_survives_a_restart_and_a_wider_box),
         cmocka_unit_test(a_ladder_restored_from_table_and_sets_goes_on_with_the_same_bits),
         cmocka_unit_test(a_damaged_table_is_refused),
         cmocka_unit_test(gradient_has_the_same_bits_on_any_number_of_ranks));
