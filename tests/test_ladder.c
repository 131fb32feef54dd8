/* The ladder.  Truth: the plain sum over points and past intervals of the Gaussians of quadrature.h, and of split.h for
 * the present of the points taken last; another ladder for shared ones, down to bits. */
#include "ladder_case.h"

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

/* Intervals that enter are narrower than their level, points if sources are frozen: their modes ring over the box. */
static void nothing_is_left_at_a_border_that_was_widened(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    const mn_model model = {k ? 100.0 : 1.0, 1.0, 0.0, 0.0, k ? MN_FROZEN : MN_BRIDGE};
    const mn_parallel *p = check_world();
    tell(&told, &model, 1e-8, 8, 0.02, 1.0);
    mn_ladder *l = create(p, &told, 1);
    remember_until(p, l, &told, 6);
    const mn_lattice mesh = mn_ladder_level(l, 0).mesh;
    for (int i = 10; i < PLACES; i++) { /* the others stay in the cloud */
      told.place[2 * i] = mesh.spacing * ((double)mesh.first[0] + 0.3 * (i - 20));
      told.place[2 * i + 1] = told.x[5][2 * i + 1];
    }
    told.low[0] = mesh.spacing * (double)mesh.first[0] - 0.5;
    ask(p, l, &told, 6);
    const bool wider = mn_ladder_level(l, 0).mesh.first[0] < mesh.first[0];
    const double error = error_of(l, &told, 6);
    mn_ladder_destroy(&l);
    assert_true(wider);
    check_at_most(error, told.tolerance, because);
  }
}

/* Growing steps in a cluster: chapters hold old intervals, once narrow and long since wide, beside young ones. */
static void widening_does_not_sharpen_what_floats_err_by(void **state)
{
  (void)state;
  const mn_model model = {1000.0, 1.0, 0.0, 0.0, MN_BRIDGE};
  const mn_parallel *p = check_world();
  tell(&told, &model, 1e-6, 40, 5e-4, 1.1);
  for (int k = 40; k >= 0; k--) {
    for (int i = 0; i < 2 * POINTS; i++) {
      told.x[k][i] -= 0.9 * told.x[0][i];
    }
  }
  mn_ladder *l = create(p, &told, 39);
  for (int m = 0; m < 39; m++) {
    told.low[m % 2] -= m > 35 ? 1.0 : 0.0;
    remember(p, l, &told, m);
  }
  ask(p, l, &told, 39);
  const double error = error_of(l, &told, 39);
  mn_ladder_destroy(&l);
  check_at_most(error, told.tolerance, because);
}

/* Points feel what is cut off from their own trails, far from all others; an rms of few, so up to a factor of 3. */
static void knows_what_is_cut_off_from_the_past(void **state)
{
  (void)state;
  for (int n = 0; n < 4; n++) {
    const mn_model model = {n % 2 ? 1000.0 : 100.0, 1.0, 0.0, 0.0, n / 2 ? MN_BRIDGE : MN_FROZEN};
    const mn_parallel *p = check_world();
    double truth[2 * PLACES];
    double squares = 0.0;
    double expected = 0.0;
    tell(&told, &model, 1e-2, 20, 0.02, 1.0);
    mn_ladder *l = create(p, &told, 19);
    for (int k = 0; k < 20; k++) {
      memcpy(told.place, told.x[k], sizeof told.place);
      if (k >= 10) {
        ask(p, l, &told, k);
        find_truth(l, &told, k, truth);
        for (int i = 0; i < 2 * PLACES; i++) {
          squares += (told.found[i] - truth[i]) * (told.found[i] - truth[i]) / (10 * PLACES);
        }
        expected = mn_ladder_error(l, told.t[k], 1.0);
      }
      remember(p, l, &told, k);
      assert_true((mn_ladder_error(l, told.t[k + 1], 1.0) > 0.0) == (k > 0));
    }
    mn_ladder_destroy(&l);
    check_at_most(sqrt(squares), 3.0 * expected, "the header's");
    check_at_most(expected, 3.0 * sqrt(squares), "the header's");
  }
}

/* A mesh so fine is wanted that two levels come at once, neither of which has the newest sample. */
static void levels_that_come_late_are_not_entered(void **state)
{
  (void)state;
  const mn_model model = {1.0, 1.0, 0.0, 0.0, MN_FROZEN};
  const mn_parallel *p = check_world();
  tell(&told, &model, 1e-4, 7, 0.02, 1.0);
  mn_ladder *l = create(p, &told, 6);
  remember_until(p, l, &told, 3);
  const mn_present present = prepare(l, &told, 3);
  const double fine = mn_ladder_spacing(l) / (4.5 * MN_RATIO_MAX);
  const int levels = mn_ladder_levels(l);
  check_ok(mn_ladder_prepare(l, told.low, told.high, step_of(&told, 3), fine, mn_split_widest(&told.model, &present)));
  const int more = mn_ladder_levels(l) - levels;
  take(p, l, &told, 3, NULL);
  check_ok(
      mn_ladder_remember(l, told.t[3], step_of(&told, 3), told.x[3] + 2 * mn_block_of(POINTS, p->rank, p->size).begin));
  remember(p, l, &told, 4);
  ask(p, l, &told, 5);
  const double error = error_of(l, &told, 5);
  mn_ladder_destroy(&l);
  assert_int_equal(more, 2);
  check_at_most(error, told.tolerance, because);
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
         cmocka_unit_test(nothing_is_left_at_a_border_that_was_widened),
         cmocka_unit_test(widening_does_not_sharpen_what_floats_err_by),
         cmocka_unit_test(knows_what_is_cut_off_from_the_past), cmocka_unit_test(levels_that_come_late_are_not_entered),
         cmocka_unit_test(long_steps_among_short_ones_enter_where_the_cells_are),
         cmocka_unit_test(gradient_has_the_same_bits_on_any_number_of_ranks));
