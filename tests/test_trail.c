/* Truth: the same trail without thinning, and what was appended. */
#include "brownian.h"

#include <mnemotaxis/memory.h>

/* Sample k is x to within half of what it is rounded to. */
static void check_sample(const mn_trail *trail, int k, const double *x, double rounding)
{
  double found[NUMBERS];
  read_sample(trail, k, found);
  for (int i = 0; i < NUMBERS; i++) {
    const double doubles = 0x1p-52 * (fabs(x[i]) + fabs(trail->origin[i % 2]));
    check_absolute(found[i], x[i], rounding + doubles, "fixed point, and doubles on the way");
  }
}

static void appended_samples_are_kept_and_clearing_releases_them(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  double times[STEPS + 1];
  clock_of(1.0, false, times);
  walk(times);
  mn_trail trail;
  begin(block, 2, &trail);
  assert_int_equal(mn_memory_live(), before);
  for (int round = 0; round < 2; round++) {
    append(&trail, times, 0, 50);
    check_ok(mn_trail_append(&trail, times[50], NULL));
    assert_true(mn_trail_round(&trail, CELLS, path[50], trail.x[50]));
    append(&trail, times, 51, 100);
    assert_int_equal(trail.samples, 100);
    assert_true(trail.room >= trail.samples && trail.block.begin == block.begin && trail.block.end == block.end);
    for (int s = 0; s < 100; s++) {
      assert_true(trail.times[s] == times[s]);
      check_sample(&trail, s, path[s], 0x1p-31 * trail.unit);
    }
    mn_trail_clear(&trail);
    assert_int_equal(trail.samples, 0);
    assert_int_equal(mn_memory_live(), before);
  }
}

static void positions_are_as_fine_as_words_hold(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(1.0, false, times);
  walk(times);
  for (int words = 1; words <= 2; words++) {
    const int64_t before = mn_memory_live();
    mn_trail trail;
    begin(block, words, &trail);
    assert_true(trail.unit <= 0x1p-29 * 100.0);
    append(&trail, times, 0, 100);
    for (int s = 0; s < 100; s++) {
      check_sample(&trail, s, path[s], (words == 1 ? 0.5 : 0x1p-31) * trail.unit);
    }
    check_at_most((double)(mn_memory_live() - before), 100.0 * 8.0 * words * CELLS + 24.0 * 128.0,
                  "two coordinates of four bytes a word, and three numbers for each of 2^7 samples");
    mn_trail_clear(&trail);
  }
}

/* The k-th region, far from the origin of coordinates and wider than the one before, and cells all over it. */
static void region(int k, double low[2], double high[2], double *x)
{
  low[0] = 1e4 - 3.0 * pow(1.5, k);
  low[1] = -5.0 - 0.5 * k;
  high[0] = 1e4 + 1.0;
  high[1] = -5.0 + 2.0 * pow(1.5, k);
  for (int i = 0; i < NUMBERS; i++) {
    const double share = i < 4 ? i / 2 : fmod(0.618 * i, 1.0); /* the corners too */
    x[i] = low[i % 2] + (high[i % 2] - low[i % 2]) * share;
  }
}

static void a_wider_region_keeps_what_it_can_of_the_samples(void **state)
{
  (void)state;
  for (int words = 1; words <= 2; words++) {
    double low[2], high[2], x[NUMBERS];
    mn_trail trail;
    mn_trail_begin(block, &trail);
    for (int k = 0; k < 20; k++) {
      const double unit = trail.unit;
      region(k, low, high, x);
      check_ok(mn_trail_reach(&trail, low, high));
      assert_true(trail.unit >= unit && trail.origin[0] == 1e4 - 1.0 && trail.origin[1] == -4.0);
      check_at_most(trail.unit, 0x1p-29 * fmax(1e4 - 1.0 - low[0], high[1] + 4.0), "the header's");
      check_ok(mn_trail_resolve(&trail, words == 1 ? 1.0 : 0.0));
      check_ok(mn_trail_append(&trail, k, x));
    }
    const double rounding = (words == 1 ? 1.0 : 0x1p-30) * trail.unit; /* halves of all units it had add up to that */
    for (int k = 0; k < 20; k++) {
      region(k, low, high, x);
      check_sample(&trail, k, x, rounding);
    }
    mn_trail_clear(&trail);
  }
}

/* One cell far away does not cost the others what they hold. */
static void a_region_that_grows_at_once_leaves_samples_as_fine_as_they_were(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(1.0, false, times);
  walk(times);
  mn_trail trail;
  begin(block, 1, &trail);
  append(&trail, times, 0, 9);
  const double unit = trail.unit;
  const double far[2] = {-5e4, 1e5};
  check_ok(mn_trail_reach(&trail, far, far));
  assert_true(trail.unit >= 512.0 * unit);
  for (int s = 0; s < 9; s++) {
    check_sample(&trail, s, path[s], 0.5 * unit + 0x1p-31 * trail.unit);
  }
  append(&trail, times, 9, 12);
  check_ok(mn_trail_resolve(&trail, 1e9)); /* the word that goes is rounded away, not cut off */
  assert_int_equal(trail.words, 1);
  for (int s = 0; s < 12; s++) {
    check_sample(&trail, s, path[s], 0.5 * trail.unit + 0.5 * unit);
  }
  mn_trail_clear(&trail);
}

static void a_cell_outside_of_the_region_is_refused(void **state)
{
  (void)state;
  for (int k = 0; k < 10; k++) {
    const double far[5] = {100.001 * 0x1p7 / 100.0, -1e300, 1e300, (double)NAN, (double)INFINITY};
    double x[NUMBERS] = {0.0};
    mn_trail trail;
    begin(block, 1 + k % 2, &trail);
    check_ok(mn_trail_append(&trail, 0.0, x));
    x[2 * (37 * k % CELLS) + k / 2 % 2] = far[k / 2];
    check_refused(mn_trail_append(&trail, 1.0, x), MN_INTERNAL, "region");
    assert_int_equal(trail.samples, 1);
    const mn_model model = model_of(0);
    double sum[NUMBERS] = {0.0};
    check_refused(mn_own_path_subtract(&trail, &model, 1.0, 1e-3, x, sum), MN_INTERNAL, "region");
    mn_trail_clear(&trail);
  }
}

/* A second word comes with the first need for it, and goes when it is not missed by far. */
static void words_are_as_many_as_are_needed(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(1.0, false, times);
  walk(times);
  mn_trail trail;
  begin(block, 2, &trail);
  append(&trail, times, 0, 12);
  mn_trail_drop(&trail, 3); /* leaves an array of two words for the next sample */
  check_ok(mn_trail_resolve(&trail, 3.9 * trail.unit));
  assert_int_equal(trail.words, 2);
  check_sample(&trail, 5, path[6], 0x1p-31 * trail.unit);
  check_ok(mn_trail_resolve(&trail, 4.0 * trail.unit));
  assert_int_equal(trail.words, 1);
  append(&trail, times, 12, 14);
  mn_trail_drop(&trail, 0);
  check_ok(mn_trail_resolve(&trail, trail.unit));
  assert_int_equal(trail.words, 1);
  check_ok(mn_trail_resolve(&trail, 0.99 * trail.unit));
  assert_int_equal(trail.words, 2);
  append(&trail, times, 14, 20);
  const int kept[] = {1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
  assert_int_equal(trail.samples, 18);
  for (int k = 0; k < 18; k++) {
    check_sample(&trail, k, path[kept[k]], (kept[k] < 14 ? 0.5 : 0x1p-31) * trail.unit);
  }
  mn_trail_clear(&trail);
}

static void a_trail_without_cells_may_be_used_like_any(void **state)
{
  (void)state;
  const mn_model model = model_of(0);
  double nothing[1] = {5.0};
  mn_trail trail;
  begin((mn_block){64, 64}, 2, &trail);
  for (int s = 0; s < 40; s++) {
    check_ok(mn_trail_append(&trail, 0.1 * s, nothing));
    mn_trail_thin(&trail, &model, 0.1 * s, 0.0, 0.01);
    check_ok(mn_own_path_subtract(&trail, &model, 0.1 * s, 1e-3, nothing, nothing));
  }
  assert_true(nothing[0] == 5.0);
  mn_trail_clear(&trail);
}

static void nothing_is_dropped_when_nothing_is_allowed(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(30.0, false, times);
  for (int k = 0; k < MODELS; k++) {
    const mn_model model = model_of(k);
    mn_trail trail;
    begin(block, 2, &trail);
    for (int s = 0; s <= STEPS; s++) {
      append(&trail, times, s, s + 1);
      mn_trail_thin(&trail, &model, times[s], 0.0, 0.0);
      assert_int_equal(trail.samples, s + 1);
    }
    mn_trail_clear(&trail);
  }
}

/* Whatever is allowed the newest sample stays, and every sample keeps its own positions. */
static void what_thinning_leaves_are_samples_as_appended_the_newest_among_them(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(30.0, false, times);
  walk(times);
  for (int k = 0; k < MODELS * 4; k++) {
    const mn_model model = model_of(k / 4);
    const double allowed = k % 4 == 3 ? (double)INFINITY : pow(10.0, -1 - k % 4);
    mn_trail trail;
    begin(block, 2, &trail);
    for (int s = 0; s <= STEPS; s++) {
      append(&trail, times, s, s + 1);
      mn_trail_thin(&trail, &model, times[s], 0.0, allowed);
      assert_true(trail.samples > 0 && trail.times[trail.samples - 1] == times[s]);
    }
    int s = 0;
    for (int kept = 0; kept < trail.samples; kept++) {
      while (s < STEPS && times[s] != trail.times[kept]) {
        s++;
      }
      assert_true(trail.times[kept] == times[s]);
      check_sample(&trail, kept, path[s++], 0x1p-31 * trail.unit);
    }
    mn_trail_clear(&trail);
  }
}

/* Largest rms over cells, of some moments, of the difference between thinned and whole trails; in units of allowed. */
static double cost_of_thinning(const mn_model *model, const double *times, double allowed, bool feel, int *samples)
{
  mn_trail thin, whole;
  begin(block, 2, &thin);
  begin(block, 2, &whole);
  double worst = 0.0;
  for (int s = 0; s < STEPS; s++) {
    append(&thin, times, s, s + 1);
    append(&whole, times, s, s + 1);
    if (feel) {
      check_ok(mn_own_path_feel(check_world(), block.end, model, times[s], path[s], &thin));
    }
    mn_trail_thin(&thin, model, times[s + 1], 0.0, allowed);
    if (s % 50 == 49) {
      double sum[2][NUMBERS] = {{0.0}};
      double squares = 0.0;
      check_ok(mn_own_path_subtract(&thin, model, times[s + 1], 1e-6, path[s + 1], sum[0]));
      check_ok(mn_own_path_subtract(&whole, model, times[s + 1], 1e-6, path[s + 1], sum[1]));
      for (int i = 0; i < NUMBERS; i++) {
        squares += (sum[0][i] - sum[1][i]) * (sum[0][i] - sum[1][i]);
      }
      worst = fmax(worst, sqrt(squares / CELLS));
    }
  }
  *samples = thin.samples;
  mn_trail_clear(&thin);
  mn_trail_clear(&whole);
  return worst / allowed;
}

static void thinning_costs_brownian_cells_hardly_more_than_allowed(void **state)
{
  (void)state;
  for (int even = 0; even < 2; even++) {
    double times[STEPS + 1];
    clock_of(3.0, even, times);
    walk(times);
    for (int k = 0; k < MODELS * 3; k++) {
      const mn_model model = model_of(k / 3);
      int samples;
      check_at_most(cost_of_thinning(&model, times, pow(10.0, -2 - k % 3), false, &samples), sqrt(4.0 + 1.0),
                    "four octaves of lags, or more that share as much, and what is forgotten, all independent");
    }
  }
}

static void as_many_samples_are_expected_as_are_kept(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(3.0, true, times);
  walk(times);
  for (int k = 0; k < MODELS * 3; k++) {
    const mn_model model = model_of(k / 3);
    const double allowed = pow(10.0, -1 - k % 3);
    int samples;
    const double step = times[1] - times[0];
    cost_of_thinning(&model, times, allowed, false, &samples);
    const double expected = (double)mn_trail_expected(&model, step, times[STEPS], 0.0, allowed);
    assert_in_range(mn_trail_expected(&model, step, times[STEPS], times[STEPS], allowed), STEPS,
                    STEPS + 1); /* sums of steps */
    check_at_most(expected, 1.5 * samples + 1.0, "the header's, of whole numbers");
    check_at_most(samples, 1.5 * expected + 1.0, "the header's, of whole numbers");
  }
}

/* A narrow trail is seldom met again: what is felt of it tells so, worst cases do not. */
static void narrow_trails_are_as_short_as_they_are_felt(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(6.0, true, times);
  walk(times);
  for (int k = 0; k < 8; k++) {
    const double allowed = k < 4 ? 0.03 : 0.005;
    const mn_model model = {k % 4 < 2 ? 30.0 : 300.0, 1.0, 0.0, 0.0, k % 2 ? MN_FROZEN : MN_BRIDGE};
    const double path_known = model.quadrature == MN_BRIDGE ? 1.0 : sqrt(2.0);
    int felt;
    int feared;
    check_at_most(cost_of_thinning(&model, times, allowed, true, &felt), hypot(2.0 * path_known, 1.0),
                  "four octaves of lags, or more that share as much, and what is forgotten, all independent");
    cost_of_thinning(&model, times, allowed, false, &feared);
    check_at_most((k < 4 ? 2.0 : 1.25) * felt, feared,
                  "half of the samples at most, four fifths where less is allowed");
  }
}

/* The sample before a long step is still needed while the one after it is young. */
static void the_past_is_forgotten_only_where_it_no_longer_matters(void **state)
{
  (void)state;
  const double lags[] = {12.0, 11.0, 10.0, 0.1, 0.05};
  double times[STEPS + 1];
  for (int s = 0; s <= STEPS; s++) {
    times[s] = s < 5 ? 12.0 - lags[s] : 12.0 + s - 5.0;
  }
  walk(times);
  for (int k = 0; k < 3; k++) {
    const mn_model model = model_of(k);
    const double allowed = 1.01 * mn_kernel_tail(&model, 10.0); /* of the past beyond 10 */
    double sum[2][NUMBERS] = {{0.0}};
    double squares = 0.0;
    mn_trail trail;
    begin(block, 2, &trail);
    append(&trail, times, 0, 5);
    check_ok(mn_own_path_subtract(&trail, &model, 12.0, 1e-6, path[5], sum[0]));
    mn_trail_thin(&trail, &model, 12.0, 0.0, allowed);
    check_ok(mn_own_path_subtract(&trail, &model, 12.0, 1e-6, path[5], sum[1]));
    mn_trail_clear(&trail);
    for (int i = 0; i < NUMBERS; i++) {
      squares += (sum[0][i] - sum[1][i]) * (sum[0][i] - sum[1][i]);
    }
    check_at_most(sqrt(squares / CELLS), allowed, "the header's");
  }
}

/* Until the oldest are forgotten, ever fewer samples an octave; from then on as many as there are. */
static void samples_do_not_grow_with_the_number_of_steps(void **state)
{
  (void)state;
  const double step = 0.01;
  for (int k = 0; k < MODELS; k++) {
    const mn_model model = model_of(k);
    const double allowed = 0.02 * sqrt(model.theta); /* reached by mn_kernel_tail at an age of 6.4, without decay */
    int most[3] = {0};
    mn_trail trail;
    begin((mn_block){0, 32}, 2, &trail);
    for (int s = 0; s < 3000; s++) {
      check_ok(mn_trail_append(&trail, s * step, NULL));
      mn_trail_thin(&trail, &model, (s + 1) * step, 0.0, allowed);
      const int third = s / 1000;
      most[third] = trail.samples > most[third] ? trail.samples : most[third];
    }
    assert_true(most[1] <= most[0] + 2 && most[2] <= most[0] + 2);
    assert_true(most[0] <= 200); /* of 1000 */
    mn_trail_clear(&trail);
  }
}

MN_TESTS("trail", cmocka_unit_test(appended_samples_are_kept_and_clearing_releases_them),
         cmocka_unit_test(positions_are_as_fine_as_words_hold),
         cmocka_unit_test(a_wider_region_keeps_what_it_can_of_the_samples),
         cmocka_unit_test(a_region_that_grows_at_once_leaves_samples_as_fine_as_they_were),
         cmocka_unit_test(a_cell_outside_of_the_region_is_refused), cmocka_unit_test(words_are_as_many_as_are_needed),
         cmocka_unit_test(a_trail_without_cells_may_be_used_like_any),
         cmocka_unit_test(nothing_is_dropped_when_nothing_is_allowed),
         cmocka_unit_test(what_thinning_leaves_are_samples_as_appended_the_newest_among_them),
         cmocka_unit_test(thinning_costs_brownian_cells_hardly_more_than_allowed),
         cmocka_unit_test(as_many_samples_are_expected_as_are_kept),
         cmocka_unit_test(narrow_trails_are_as_short_as_they_are_felt),
         cmocka_unit_test(the_past_is_forgotten_only_where_it_no_longer_matters),
         cmocka_unit_test(samples_do_not_grow_with_the_number_of_steps));
