/* Truth: the sum of pairs.h by a plain loop in long double, on the same (already rounded) coordinates. */
#include "check.h"

#include <drift/pairs.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { FLOATS, DOUBLES, PRECISIONS };

/* Coordinates that the precision under test holds exactly. */
typedef struct scene {
  int precision, n;
  double x[MN_TILE], y[MN_TILE];
  double target_x[MN_GROUP], target_y[MN_GROUP];
} scene;

static double held(int precision, double x)
{
  return precision == FLOATS ? (double)(float)x : x;
}

static scene cloud(int precision, int n, double width)
{
  scene s = {.precision = precision, .n = n};
  for (int j = 0; j < n; j++) {
    s.x[j] = held(precision, width * check_normal(11, (uint64_t)(2 * j)));
    s.y[j] = held(precision, width * check_normal(11, (uint64_t)(2 * j + 1)));
  }
  for (int l = 0; l < MN_GROUP; l++) {
    s.target_x[l] = held(precision, width * check_normal(12, (uint64_t)(2 * l)));
    s.target_y[l] = held(precision, width * check_normal(12, (uint64_t)(2 * l + 1)));
  }
  return s;
}

static void to_float(int n, const double *from, float *to)
{
  for (int k = 0; k < n; k++) {
    to[k] = (float)from[k];
  }
}

static void run(const scene *s, int own, double weight, double *sum_x, double *sum_y)
{
  if (s->precision == DOUBLES) {
    mn_pairs_double(s->n, s->x, s->y, s->target_x, s->target_y, own, weight, sum_x, sum_y);
    return;
  }
  float x[MN_TILE];
  float y[MN_TILE];
  float target_x[MN_GROUP];
  float target_y[MN_GROUP];
  to_float(s->n, s->x, x);
  to_float(s->n, s->y, y);
  to_float(MN_GROUP, s->target_x, target_x);
  to_float(MN_GROUP, s->target_y, target_y);
  mn_pairs_float(s->n, x, y, target_x, target_y, own, weight, sum_x, sum_y);
}

static double rounding(int precision)
{
  return precision == FLOATS ? 0x1p-24 : 0x1p-53;
}

/* Relative error allowed to a term: that of the header, and what the rounding of the difference, of its square and of
 * the sum of squares (four roundings of r2 in all) does to 2^{-r2}. */
static double term_error(int precision, double r2)
{
  const double stated = precision == FLOATS ? 4e-7 : 1e-12;
  return stated + 4.0 * log(2.0) * r2 * rounding(precision);
}

static double underflow(int precision)
{
  return precision == FLOATS ? (double)FLT_MIN : DBL_MIN;
}

/* Exact sums of one target, and how far from them a sum of terms in the given precision may be. */
typedef struct truth {
  long double x, y;
  double slack_x, slack_y;
} truth;

static truth truth_of(const scene *s, int own, int l)
{
  truth t = {0};
  for (int j = 0; j < s->n; j++) {
    if (own != MN_NO_OWN && j == own + l) {
      continue;
    }
    const long double dx = (long double)s->target_x[l] - s->x[j];
    const long double dy = (long double)s->target_y[l] - s->y[j];
    const long double r2 = dx * dx + dy * dy;
    const long double e = exp2l(-r2);
    const double error = term_error(s->precision, (double)r2) + s->n * rounding(s->precision);
    t.x += e * dx;
    t.y += e * dy;
    t.slack_x += ((double)e * error + underflow(s->precision)) * fabs((double)dx);
    t.slack_y += ((double)e * error + underflow(s->precision)) * fabs((double)dy);
  }
  return t;
}

static void check_sums(const scene *s, int own)
{
  double sum_x[MN_GROUP] = {0};
  double sum_y[MN_GROUP] = {0};
  run(s, own, 1.0, sum_x, sum_y);
  for (int l = 0; l < MN_GROUP; l++) {
    const truth t = truth_of(s, own, l);
    const char *why = "error of each term, rounding of n additions in lane precision, terms lost to underflow";
    check_absolute(sum_x[l], (double)t.x, t.slack_x + DBL_MIN, why);
    check_absolute(sum_y[l], (double)t.y, t.slack_y + DBL_MIN, why);
  }
}

/* One source, and targets around it from nearby to 2^{-100}, one after the other in every lane. */
static void every_term_has_the_stated_relative_error(void **state)
{
  (void)state;
  scene s[PRECISIONS] = {cloud(FLOATS, 1, 1.0), cloud(DOUBLES, 1, 1.0)};
  for (int k = 0; k < PRECISIONS * 4000; k++) {
    scene *at = &s[k % PRECISIONS];
    const int l = k / PRECISIONS % MN_GROUP;
    const double r = 10.0 * (k + 1) / (PRECISIONS * 4000);
    at->target_x[l] = held(at->precision, at->x[0] + r * cos(k + 0.5));
    at->target_y[l] = held(at->precision, at->y[0] + r * sin(k + 0.5));
    double sum_x[MN_GROUP] = {0};
    double sum_y[MN_GROUP] = {0};
    run(at, MN_NO_OWN, 1.0, sum_x, sum_y);
    const truth t = truth_of(at, MN_NO_OWN, l);
    const double allowed = term_error(at->precision, r * r + 1e-5);
    check_relative(sum_x[l], (double)t.x, allowed, "the header's accuracy, and the rounding of r^2");
    check_relative(sum_y[l], (double)t.y, allowed, "the header's accuracy, and the rounding of r^2");
  }
}

static void partial_tiles_of_any_size_match_the_plain_loop(void **state)
{
  (void)state;
  static const int sizes[] = {1, 2, 7, 31, 32, 33, 100, 255, 256};
  for (int k = 0; k < PRECISIONS * 9; k++) {
    const scene near = cloud(k % PRECISIONS, sizes[k / PRECISIONS], 0.5);
    const scene wide = cloud(k % PRECISIONS, sizes[k / PRECISIONS], 5.0);
    check_sums(&near, MN_NO_OWN);
    check_sums(&wide, MN_NO_OWN);
  }
}

/* Targets are elsewhere than the sources they are: a mask that is missing or one off shows. */
static void every_target_leaves_out_its_own_source_only(void **state)
{
  (void)state;
  static const int owns[] = {MN_NO_OWN, 0, 32, 96, 224};
  for (int k = 0; k < PRECISIONS * 5; k++) {
    const scene s = cloud(k % PRECISIONS, MN_TILE, 0.7);
    check_sums(&s, owns[k / PRECISIONS]);
  }
}

static void own_sources_may_end_with_a_partial_tile(void **state)
{
  (void)state;
  static const int cases[][2] = {{1, 0}, {7, 0}, {31, 0}, {32, 0}, {33, 0}, {33, 32}, {39, 32}, {230, 224}, {255, 224}};
  for (int k = 0; k < PRECISIONS * 9; k++) {
    const scene s = cloud(k % PRECISIONS, cases[k / PRECISIONS][0], 0.7);
    check_sums(&s, cases[k / PRECISIONS][1]);
  }
}

/* Everything of a scene moved so far apart that 2^{-r2} is below the smallest number. */
static void far_targets_add_exactly_nothing(void **state)
{
  (void)state;
  static const double distances[] = {40.0, 1e3, 1e8, 1e15};
  for (int k = 0; k < PRECISIONS * 4; k++) {
    scene s = cloud(k % PRECISIONS, 77, 0.5);
    for (int l = 0; l < MN_GROUP; l++) {
      s.target_x[l] = (l % 2 ? 1 : -1) * distances[k / PRECISIONS];
      s.target_y[l] = (l % 3 - 1) * distances[k / PRECISIONS];
    }
    double sum_x[MN_GROUP] = {0};
    double sum_y[MN_GROUP] = {0};
    sum_x[3] = 0.125;
    run(&s, MN_NO_OWN, 1.0, sum_x, sum_y);
    for (int l = 0; l < MN_GROUP; l++) {
      assert_true(sum_x[l] == (l == 3 ? 0.125 : 0.0) && sum_y[l] == 0.0);
    }
  }
}

/* Through the subnormal numbers and past the last of them, in steps that meet every exponent. */
static void terms_fade_to_zero_without_a_jump(void **state)
{
  (void)state;
  for (int k = 0; k < PRECISIONS * 1000; k++) {
    scene s = {.precision = k % PRECISIONS, .n = 1};
    const double last = s.precision == FLOATS ? 160.0 : 1100.0;
    const double r2 = last * (k / PRECISIONS * 0.0005 + 0.5);
    for (int l = 0; l < MN_GROUP; l++) {
      s.target_x[l] = held(s.precision, sqrt(r2));
    }
    double sum_x[MN_GROUP] = {0};
    double sum_y[MN_GROUP] = {0};
    run(&s, MN_NO_OWN, 1.0, sum_x, sum_y);
    const truth t = truth_of(&s, MN_NO_OWN, 17);
    check_absolute(sum_x[17], (double)t.x, t.slack_x, "below the smallest normal number a term may be 0");
    assert_true(sum_x[17] >= 0.0);
  }
}

static void coincident_targets_and_sources_add_nothing(void **state)
{
  (void)state;
  for (int precision = 0; precision < PRECISIONS; precision++) {
    scene s = {.precision = precision, .n = 5};
    for (int k = 0; k < 5 + MN_GROUP; k++) {
      *(k < 5 ? &s.x[k] : &s.target_x[k - 5]) = held(precision, 0.3);
      *(k < 5 ? &s.y[k] : &s.target_y[k - 5]) = held(precision, -1.7);
    }
    double sum_x[MN_GROUP] = {0};
    double sum_y[MN_GROUP] = {0};
    run(&s, MN_NO_OWN, 1.0, sum_x, sum_y);
    for (int l = 0; l < MN_GROUP; l++) {
      assert_true(sum_x[l] == 0.0 && sum_y[l] == 0.0);
    }
  }
}

static void weighted_sums_are_added_to_what_was_there(void **state)
{
  (void)state;
  for (int precision = 0; precision < PRECISIONS; precision++) {
    const scene s = cloud(precision, 50, 0.7);
    double sum_x[MN_GROUP];
    double sum_y[MN_GROUP];
    double once_x[MN_GROUP] = {0};
    double once_y[MN_GROUP] = {0};
    for (int l = 0; l < MN_GROUP; l++) {
      sum_x[l] = 3.0 + l;
      sum_y[l] = -2.0 * l;
    }
    run(&s, 32, 1.0, once_x, once_y);
    run(&s, 32, -2.5, sum_x, sum_y);
    for (int l = 0; l < MN_GROUP; l++) {
      const char *why = "the weight is applied in double: two roundings of numbers below 100";
      check_absolute(sum_x[l], 3.0 + l - 2.5 * once_x[l], 4e-14, why);
      check_absolute(sum_y[l], -2.0 * l - 2.5 * once_y[l], 4e-14, why);
    }
  }
}

/* A target has one order of summation: it does not depend on its lane nor on its companions. */
static void sums_do_not_depend_on_the_lane(void **state)
{
  (void)state;
  for (int precision = 0; precision < PRECISIONS; precision++) {
    scene s = cloud(precision, 200, 0.7);
    for (int l = 0; l < MN_GROUP; l++) {
      s.target_x[l] = held(precision, 0.37);
      s.target_y[l] = held(precision, -0.11);
    }
    double sum_x[MN_GROUP] = {0};
    double sum_y[MN_GROUP] = {0};
    run(&s, MN_NO_OWN, 1.0, sum_x, sum_y);
    for (int l = 1; l < MN_GROUP; l++) {
      assert_true(sum_x[l] == sum_x[0] && sum_y[l] == sum_y[0]);
    }
  }
}

MN_TESTS("pairs", cmocka_unit_test(every_term_has_the_stated_relative_error),
         cmocka_unit_test(partial_tiles_of_any_size_match_the_plain_loop),
         cmocka_unit_test(every_target_leaves_out_its_own_source_only),
         cmocka_unit_test(own_sources_may_end_with_a_partial_tile), cmocka_unit_test(far_targets_add_exactly_nothing),
         cmocka_unit_test(terms_fade_to_zero_without_a_jump),
         cmocka_unit_test(coincident_targets_and_sources_add_nothing),
         cmocka_unit_test(weighted_sums_are_added_to_what_was_there), cmocka_unit_test(sums_do_not_depend_on_the_lane));
