/* The times of the steps.  Truth: the header's promises as inequalities; sums in long double; multiples of the step. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/schedule.h>

static const char rounding[] = "rounding of sums of a few hundred steps";

typedef struct request {
  double step, first, growth;
} request;

static const request some[] = {{0.1, 0.01, 1.2},    {0.1, 1e-7, 1.2},  {1.0, 0.99, 1.2}, {0.3, 0.299, 1.5},
                               {0.05, 0.001, 1.05}, {1e-3, 1e-9, 2.0}, {7.0, 3.0, 10.0}, {0.1, 1e-4, 1.1},
                               {0.1, 0.05, 3.0},    {2.0, 2e-6, 1.03}, {1.0, 0.5, 1.01}, {0.25, 0.0625, 2.0}};
enum { SOME = sizeof some / sizeof *some };

static mn_schedule made(int k)
{
  mn_schedule s;
  check_ok(mn_schedule_make(some[k].step, some[k].first, some[k].growth, &s));
  return s;
}

static void the_first_step_is_the_one_asked_for(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    check_relative(mn_schedule_step(&s, 0), some[k].first, 1e-15, "it is copied");
    check_relative(mn_schedule_time(&s, 1), some[k].first, 1e-15, "it is the first time");
    assert_true(mn_schedule_time(&s, 0) == 0.0);
  }
}

static void steps_never_shrink_nor_grow_by_more_than_the_allowed_ratio(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    for (int64_t n = 0; n < s.ramp + 3; n++) {
      const double ratio = mn_schedule_step(&s, n + 1) / mn_schedule_step(&s, n);
      check_at_most(ratio, some[k].growth * (1.0 + 1e-12), "the ratio asked for, rounded");
      check_at_most(1.0, ratio * (1.0 + 1e-12), "steps grow, up to rounding");
      check_at_most(mn_schedule_step(&s, n), some[k].step, "no step is longer than time.step");
    }
  }
}

static void the_ramp_ends_on_a_multiple_of_the_step(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    long double sum = 0.0L;
    for (int64_t n = 0; n < s.ramp; n++) {
      sum += mn_schedule_step(&s, n);
    }
    assert_true(s.ramp > 0 && s.multiple > 0);
    check_relative((double)sum, (double)s.multiple * some[k].step, 1e-12, rounding);
    assert_true(mn_schedule_time(&s, s.ramp) == (double)s.multiple * some[k].step);
  }
}

static void times_grow_by_the_step_between_them(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    for (int64_t n = 0; n < s.ramp + 5; n++) {
      const double h = mn_schedule_time(&s, n + 1) - mn_schedule_time(&s, n);
      assert_true(h > 0.0);
      const double digits = 1e-13 * mn_schedule_time(&s, n + 1);
      check_absolute(h, mn_schedule_step(&s, n), digits, "a few hundred roundings of the later time");
    }
  }
}

static void after_the_ramp_every_multiple_is_a_time(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    for (int64_t m = s.multiple; m < s.multiple + 2000000; m += 99991) {
      int64_t n = 0;
      check_ok(mn_schedule_steps(&s, (double)m * some[k].step, &n));
      assert_int_equal(n, m - s.multiple + s.ramp);
      assert_true(mn_schedule_time(&s, n) == (double)m * some[k].step);
      assert_true(mn_schedule_step(&s, n) == some[k].step);
    }
  }
}

static void the_same_time_has_the_same_bits_whenever_it_is_asked(void **state)
{
  (void)state;
  const mn_schedule s = made(1);
  double t[200];
  for (int n = 0; n < 200; n++) {
    t[n] = mn_schedule_time(&s, n);
  }
  for (int n = 199; n >= 0; n--) {
    assert_memory_equal(&t[n], &(double){mn_schedule_time(&s, n)}, sizeof *t);
  }
}

static void without_a_ramp_all_steps_are_equal(void **state)
{
  (void)state;
  const double firsts[] = {0.0, 0.1};
  for (int k = 0; k < 2; k++) {
    mn_schedule s;
    int64_t steps = 0;
    check_ok(mn_schedule_make(0.1, firsts[k], 1.5, &s));
    check_ok(mn_schedule_steps(&s, 0.3, &steps)); /* not a double multiple of 0.1 */
    assert_int_equal(steps, 3);
    for (int64_t n = 0; n < 100; n++) {
      assert_true(mn_schedule_time(&s, n) == (double)n * 0.1 && mn_schedule_step(&s, n) == 0.1);
    }
  }
}

/* Sum of a geometric ramp: first (g^m - 1)/(g - 1); with g = growth it takes about log(step/first)/log(growth) steps.
 */
static void a_ramp_is_hardly_longer_than_growth_demands(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    const double least = log(some[k].step / some[k].first) / log(some[k].growth);
    const double gap = 1.0 - some[k].first / some[k].step; /* a step gains at most this on a multiple */
    check_at_most((double)s.ramp, least + 2.0 / fmin(gap, 1.0 - 1.0 / some[k].growth) + 4.0,
                  "steps to grow, to fill one multiple, and to make up for the rest of it");
  }
}

static void values_out_of_range_are_refused(void **state)
{
  (void)state;
  const request bad[] = {{0.0, 0.0, 1.2}, {-1.0, 0.0, 1.2}, {1.0, -0.1, 1.2}, {1.0, 1.1, 1.2}, {1.0, 0.1, 1.0},
                         {1.0, 0.1, 0.5}, {NAN, 0.0, 1.2},  {1.0, NAN, 1.2},  {1.0, 0.1, NAN}};
  for (int k = 0; k < 9; k++) {
    mn_schedule s;
    check_refused(mn_schedule_make(bad[k].step, bad[k].first, bad[k].growth, &s), MN_USAGE, "time.step");
  }
}

static void an_end_between_multiples_is_refused_with_its_neighbours(void **state)
{
  (void)state;
  mn_schedule s;
  int64_t steps = 0;
  check_ok(mn_schedule_make(0.25, 0.0, 1.2, &s));
  check_refused(mn_schedule_steps(&s, 1.1, &steps), MN_USAGE, "near it are 1 and 1.25");
  check_refused(mn_schedule_steps(&s, 10.0001, &steps), MN_USAGE, "near it are 10 and 10.25");
  check_refused(mn_schedule_steps(&s, 0.0, &steps), MN_USAGE, "0.25");
  check_refused(mn_schedule_steps(&s, -1.0, &steps), MN_USAGE, "0.25");
}

static void an_end_within_the_ramp_is_refused_with_the_first_possible_one(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const mn_schedule s = made(k);
    int64_t steps = 0;
    check_ok(mn_schedule_steps(&s, (double)s.multiple * some[k].step, &steps));
    assert_int_equal(steps, s.ramp);
    check_refused(mn_schedule_steps(&s, (double)(s.multiple - 1) * some[k].step, &steps), MN_USAGE,
                  "first possible end");
  }
}

static void an_end_that_is_no_finite_number_is_refused(void **state)
{
  (void)state;
  const mn_schedule s = made(0);
  int64_t steps = 0;
  check_refused(mn_schedule_steps(&s, NAN, &steps), MN_USAGE, "time.end");
  check_refused(mn_schedule_steps(&s, INFINITY, &steps), MN_USAGE, "time.end");
}

MN_TESTS("schedule", cmocka_unit_test(the_first_step_is_the_one_asked_for),
         cmocka_unit_test(steps_never_shrink_nor_grow_by_more_than_the_allowed_ratio),
         cmocka_unit_test(the_ramp_ends_on_a_multiple_of_the_step),
         cmocka_unit_test(times_grow_by_the_step_between_them),
         cmocka_unit_test(after_the_ramp_every_multiple_is_a_time),
         cmocka_unit_test(the_same_time_has_the_same_bits_whenever_it_is_asked),
         cmocka_unit_test(without_a_ramp_all_steps_are_equal),
         cmocka_unit_test(a_ramp_is_hardly_longer_than_growth_demands),
         cmocka_unit_test(values_out_of_range_are_refused),
         cmocka_unit_test(an_end_between_multiples_is_refused_with_its_neighbours),
         cmocka_unit_test(an_end_within_the_ramp_is_refused_with_the_first_possible_one),
         cmocka_unit_test(an_end_that_is_no_finite_number_is_refused));
