/* Statistics of one cloud.  Truth: plain loops over cells and pairs in long double; closed forms; for the distances,
 * the yardstick itself, which test_distance judges. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/chaos.h>
#include <string.h>

enum { MOST = 300 };

static const long double pi = 3.14159265358979323846264338327950288L;
static const double untouched = -12345.0;

static double x[2 * MOST], limit[2 * MOST], value[MN_STATISTICS];

static void make_clouds(int64_t count, uint32_t seed)
{
  for (int64_t k = 0; k < 2 * count; k++) {
    x[k] = 1.3 * check_normal(seed, (uint64_t)k);
    limit[k] = x[k] + 0.2 * check_normal(seed + 1, (uint64_t)k);
  }
  for (int k = 0; k < MN_STATISTICS; k++) {
    value[k] = untouched;
  }
}

/* Of a standard normal density. */
static mn_yardstick *make_yardstick(void)
{
  mn_axis axis[2];
  mn_plane plane;
  mn_yardstick *yardstick = NULL;
  const mn_wish wish = {0.0, 0.5};
  for (int a = 0; a < 2; a++) {
    check_ok(mn_axis_make(-8.0, 8.0, 1, &wish, 0.1, 0, 8, 4096, &axis[a]));
  }
  check_ok(mn_plane_alloc(1.0, axis, &plane));
  for (int j = 0; j < plane.axis[1].cells; j++) {
    for (int i = 0; i < plane.axis[0].cells; i++) {
      const double r2 = plane.axis[0].x[i] * plane.axis[0].x[i] + plane.axis[1].x[j] * plane.axis[1].x[j];
      plane.density[(int64_t)j * plane.axis[0].cells + i] = exp(-0.5 * r2) / (double)(2.0L * pi);
    }
  }
  check_ok(mn_yardstick_create(&plane, 1 << 12, &yardstick));
  mn_plane_clear(&plane);
  return yardstick;
}

static long double phi(int m, const double *at)
{
  const long double r2 = (long double)at[0] * at[0] + (long double)at[1] * at[1];
  return m == 0 ? expl(-2.0L * r2) : m == 1 ? expl(-r2 / 2.0L) : m == 2 ? cosl(at[0]) : r2 / (4.0L + r2);
}

static void test_functions_are_those_of_the_header_and_bounded(void **state)
{
  (void)state;
  for (uint64_t k = 0; k < 2000; k++) {
    const double scale = pow(10.0, (double)k / 200.0 - 5.0);
    const double at[2] = {scale * check_normal(1, 2 * k), scale * check_normal(1, 2 * k + 1)};
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      const double found = mn_test_function(m, at);
      check_at_most(fabs(found), 1.0, "the bound of all four");
      /* exp(-2 r2) is wrong by the rounding of r2 times 2 r2 exp(-2 r2), at most 1 */
      check_absolute(found, (double)phi(m, at), 1e-15, "rounding of r2 and of the function");
    }
  }
}

static void test_functions_stay_bounded_far_away(void **state)
{
  (void)state;
  static const double far[] = {1e10, 1e100, 1e150};
  static const double expected[] = {0.0, 0.0, 0.0, 1.0};
  for (int k = 0; k < 3; k++) {
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      if (m != 2) {
        assert_true(mn_test_function(m, (double[2]){0.0, far[k]}) == expected[m]);
      }
      check_at_most(fabs(mn_test_function(m, (double[2]){far[k], -far[k]})), 1.0, "the bound of all four");
    }
  }
}

static long double square_of(const double *at)
{
  return (long double)at[0] * at[0] + (long double)at[1] * at[1];
}

static void check_test_function(int m, int64_t count)
{
  const long double n = (long double)count;
  long double mean = 0.0L;
  long double pair = 0.0L;
  long double weak = 0.0L;
  for (int64_t i = 0; i < count; i++) {
    mean += phi(m, x + 2 * i) / n;
    weak += (phi(m, x + 2 * i) - phi(m, limit + 2 * i)) / n;
    for (int64_t j = 0; j < count; j++) {
      pair += i == j ? 0.0L : phi(m, x + 2 * i) * phi(m, x + 2 * j) / (n * (n - 1.0L));
    }
  }
  check_absolute(value[MN_STATISTIC_MEAN + m], (double)mean, 1e-13, "rounding of 300 summands of at most 1");
  check_absolute(value[MN_STATISTIC_WEAK + m], (double)weak, 1e-13, "rounding of 300 summands of at most 1");
  check_absolute(value[MN_STATISTIC_PAIR + m], (double)pair, 2e-13, "rounding of the square of that sum");
}

static void statistics_are_those_of_loops_over_cells_and_pairs(void **state)
{
  (void)state;
  static const int64_t counts[] = {2, 3, 32, 33, MOST};
  mn_yardstick *yardstick = make_yardstick();
  for (int c = 0; c < 5; c++) {
    const long double n = (long double)counts[c];
    long double square[3] = {0.0L, 0.0L, 0.0L};
    double distance[MN_DISTANCES];
    make_clouds(counts[c], (uint32_t)(10 + 2 * c));
    check_ok(mn_chaos_measure(counts[c], x, limit, yardstick, value));
    for (int64_t i = 0; i < counts[c]; i++) {
      const double apart[2] = {x[2 * i] - limit[2 * i], x[2 * i + 1] - limit[2 * i + 1]};
      square[0] += square_of(x + 2 * i) / n;
      square[1] += square_of(limit + 2 * i) / n;
      square[2] += square_of(apart) / n;
    }
    check_relative(value[MN_STATISTIC_SQUARE], (double)square[0], 1e-13, "rounding of 600 positive summands");
    check_relative(value[MN_STATISTIC_LIMIT_SQUARE], (double)square[1], 1e-13, "rounding of 600 positive summands");
    check_relative(value[MN_STATISTIC_COUPLING], (double)square[2], 1e-13, "rounding of 600 positive summands");
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      check_test_function(m, counts[c]);
    }
    check_ok(mn_yardstick_measure(yardstick, counts[c], x, distance));
    assert_memory_equal(value + MN_STATISTIC_DISTANCE, distance, sizeof distance);
    assert_true(value[MN_STATISTIC_MODULUS] == untouched && value[MN_STATISTIC_COUPLING_SUP] == untouched);
  }
  mn_yardstick_destroy(&yardstick);
}

/* Cells of a lattice, moved to the right as a whole. */
static void a_shift_is_seen_by_what_it_changes(void **state)
{
  (void)state;
  mn_yardstick *yardstick = make_yardstick();
  make_clouds(MOST, 30);
  for (int64_t k = 0; k < 2 * MOST; k++) {
    limit[k] = x[k] - (k % 2 == 0 ? 0.5 : 0.0);
  }
  check_ok(mn_chaos_measure(MOST, x, limit, yardstick, value));
  check_relative(value[MN_STATISTIC_COUPLING], 0.25, 1e-13, "rounding of 600 subtractions");
  check_ok(mn_chaos_measure(MOST, x, x, yardstick, value));
  assert_true(value[MN_STATISTIC_COUPLING] == 0.0 && value[MN_STATISTIC_LIMIT_SQUARE] == value[MN_STATISTIC_SQUARE]);
  for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
    assert_true(value[MN_STATISTIC_WEAK + m] == 0.0);
  }
  mn_yardstick_destroy(&yardstick);
}

static void without_a_limit_just_what_needs_it_is_not_known(void **state)
{
  (void)state;
  double with[MN_STATISTICS];
  mn_yardstick *yardstick = make_yardstick();
  make_clouds(MOST, 40);
  check_ok(mn_chaos_measure(MOST, x, limit, yardstick, value));
  memcpy(with, value, sizeof with);
  make_clouds(MOST, 40);
  check_ok(mn_chaos_measure(MOST, x, NULL, NULL, value));
  for (int k = 0; k < MN_STATISTICS; k++) {
    const bool limit_needed = k >= MN_STATISTIC_LIMIT_SQUARE && k < MN_STATISTIC_COUPLING_SUP;
    assert_int_equal(isnan(value[k]), limit_needed);
    assert_true(limit_needed || value[k] == with[k]);
    assert_true(isfinite(with[k]));
  }
  mn_yardstick_destroy(&yardstick);
}

/* The correlation of cells at two points is known without a sum: p and 1 - p of N cells with phi = a, b. */
static void pairs_of_two_points_are_counted(void **state)
{
  (void)state;
  make_clouds(10, 50);
  for (int64_t i = 0; i < 10; i++) {
    x[2 * i] = i < 3 ? 0.0 : 2.0;
    x[2 * i + 1] = 0.0;
  }
  check_ok(mn_chaos_measure(10, x, NULL, NULL, value));
  const double half = 0.5; /* phi_3 is 0 at 0 and 1/2 at distance 2 */
  check_relative(value[MN_STATISTIC_MEAN + 3], 0.7 * half, 1e-15, "7 of 10");
  check_relative(value[MN_STATISTIC_PAIR + 3], 7.0 * 6.0 / 90.0 * half * half, 1e-15, "7 x 6 of 10 x 9 ordered pairs");
}

MN_TESTS("chaos", cmocka_unit_test(test_functions_are_those_of_the_header_and_bounded),
         cmocka_unit_test(test_functions_stay_bounded_far_away),
         cmocka_unit_test(statistics_are_those_of_loops_over_cells_and_pairs),
         cmocka_unit_test(a_shift_is_seen_by_what_it_changes),
         cmocka_unit_test(without_a_limit_just_what_needs_it_is_not_known),
         cmocka_unit_test(pairs_of_two_points_are_counted));
