/* Observables.  Truth: the textbook formulas in long double over all cells, which every rank knows; qsort; all pairs;
 * for the standard errors, the exact means of a normal cloud and the spread of 200 samples around them. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/observe.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4000 };

static const double radii[MN_SHARES] = {0.3, 1.0, 2.0, 1e3};

/* The whole cloud, on every rank. */
typedef struct cloud {
  int64_t count;
  double x[2 * MOST];
  double free_path[2 * MOST];
  double pair_drift[2 * MOST];
} cloud;

static cloud all;

static void make_cloud(int64_t count, double scale, uint32_t seed)
{
  all.count = count;
  for (int64_t k = 0; k < 2 * count; k++) {
    all.x[k] = scale * check_normal(seed, (uint64_t)k);
    all.free_path[k] = all.x[k] + 0.1 * check_normal(seed + 1, (uint64_t)k);
    all.pair_drift[k] = check_normal(seed + 2, (uint64_t)k);
  }
}

static mn_observation observed(const mn_parallel *p)
{
  mn_observation out = {0};
  const mn_block own = mn_block_of(all.count, p->rank, p->size);
  check_ok(mn_observe(p, all.count, all.x + 2 * own.begin, all.free_path + 2 * own.begin, all.count,
                      all.pair_drift + 2 * own.begin, radii, &out));
  return out;
}

static double length(const double *x)
{
  return sqrt(x[0] * x[0] + x[1] * x[1]);
}

static double square_of(int64_t i)
{
  return all.x[2 * i] * all.x[2 * i] + all.x[2 * i + 1] * all.x[2 * i + 1];
}

static double pull_of(int64_t i)
{
  const double *b = all.free_path + 2 * i;
  return square_of(i) - (b[0] * b[0] + b[1] * b[1]);
}

static double x_of(int64_t i)
{
  return all.x[2 * i];
}

static double y_of(int64_t i)
{
  return all.x[2 * i + 1];
}

static double drift_of(int64_t i)
{
  return length(all.pair_drift + 2 * i);
}

static double drift_32_of(int64_t i)
{
  return pow(drift_of(i), 1.5);
}

static double within_1_of(int64_t i)
{
  return length(all.x + 2 * i) <= radii[0] ? 1.0 : 0.0;
}

static double within_3_of(int64_t i)
{
  return length(all.x + 2 * i) <= radii[2] ? 1.0 : 0.0;
}

static double within_4_of(int64_t i)
{
  return length(all.x + 2 * i) <= radii[3] ? 1.0 : 0.0;
}

static const struct {
  int observable;
  double (*of)(int64_t i);
} means[] = {{MN_MEAN_SQUARE, square_of},
             {MN_PULL, pull_of},
             {MN_CENTRE_X, x_of},
             {MN_CENTRE_Y, y_of},
             {MN_PAIR_DRIFT_1, drift_of},
             {MN_PAIR_DRIFT_32, drift_32_of},
             {MN_SHARE_WITHIN, within_1_of},
             {MN_SHARE_WITHIN + 2, within_3_of},
             {MN_SHARE_WITHIN + 3, within_4_of}};
enum { MEANS = sizeof means / sizeof *means };

static const int64_t counts[] = {2, 3, 31, 32, 33, 70, 100, 128, 1000};
enum { COUNTS = sizeof counts / sizeof *counts };

/* Largest |value|: the scale of rounding of a mean. */
static void check_mean(const mn_observation *found, int k)
{
  const long double n = (long double)all.count;
  long double sum = 0.0L;
  long double squares = 0.0L;
  double largest = 1e-300;
  for (int64_t i = 0; i < all.count; i++) {
    sum += means[k].of(i) / n;
    largest = fmax(largest, fabs(means[k].of(i)));
  }
  for (int64_t i = 0; i < all.count; i++) {
    squares += (means[k].of(i) - sum) * (means[k].of(i) - sum);
  }
  const long double roles = means[k].observable == MN_PULL ? 2.0L : 1.0L; /* observe.h: the pull is doubled */
  const double error = (double)(roles * sqrtl(squares / (n * (n - 1.0L))));
  check_absolute(found->value[means[k].observable], (double)sum, 1e-13 * largest, "rounding of a sum of 1000");
  check_absolute(found->error[means[k].observable], error, 1e-13 * largest, "rounding of a sum of 1000");
}

static void means_and_their_errors_are_the_textbook_ones(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    make_cloud(counts[c], 1.0, (uint32_t)c);
    const mn_observation found = observed(check_world());
    for (int k = 0; k < MEANS; k++) {
      check_mean(&found, k);
    }
  }
}

static void errors_of_a_far_cloud_keep_their_digits(void **state)
{
  (void)state;
  make_cloud(500, 1.0, 60);
  const mn_observation near = observed(check_world());
  for (int64_t k = 0; k < all.count; k++) {
    all.x[2 * k] += 1e6;
  }
  const mn_observation far = observed(check_world());
  check_relative(far.error[MN_CENTRE_X], near.error[MN_CENTRE_X], 1e-8, "1e6 rounds the deviations to 1e-10");
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The smallest radius that holds at least the share of the cells. */
static void quantiles_are_the_exact_order_statistics(void **state)
{
  (void)state;
  static const int percent[] = {10, 25, 50, 75, 90};
  static double r[MOST];
  for (int c = 0; c < COUNTS; c++) {
    make_cloud(counts[c], 3.0, (uint32_t)(10 + c));
    memcpy(all.x, all.x + 2, c % 2 ? 2 * sizeof *all.x : 0); /* a tie */
    const mn_observation found = observed(check_world());
    for (int64_t i = 0; i < all.count; i++) {
      r[i] = square_of(i);
    }
    qsort(r, (size_t)all.count, sizeof *r, ascending);
    for (int k = 0; k < 5; k++) {
      const double expected = sqrt(r[(percent[k] * all.count + 99) / 100 - 1]);
      if (found.value[MN_RADIUS_Q10 + k] != expected) {
        fail_msg("N = %lld, %d %%: %.17g is not the order statistic %.17g", (long long)all.count, percent[k],
                 found.value[MN_RADIUS_Q10 + k], expected);
      }
    }
  }
}

static double nearest_pair(void)
{
  double best = INFINITY;
  for (int64_t i = 0; i < all.count; i++) {
    for (int64_t j = 0; j < i; j++) {
      const double d[2] = {all.x[2 * i] - all.x[2 * j], all.x[2 * i + 1] - all.x[2 * j + 1]};
      best = fmin(best, length(d));
    }
  }
  return best;
}

static void check_nearest_pair(double expected)
{
  const double found = observed(check_world()).value[MN_MIN_DISTANCE];
  check_absolute(found, expected, 1e-15 * expected + 1e-300, "the same subtraction, squares and root");
}

static void smallest_distance_is_that_of_all_pairs(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    make_cloud(counts[c], 1.0, (uint32_t)(20 + c));
    check_nearest_pair(nearest_pair());
  }
}

static void smallest_distance_is_found_where_abscissas_or_ordinates_agree(void **state)
{
  (void)state;
  for (int axis = 0; axis < 2; axis++) {
    make_cloud(300, 1.0, 31);
    for (int64_t i = 0; i < all.count; i++) {
      all.x[2 * i + axis] = 4.0;
    }
    check_nearest_pair(nearest_pair());
  }
}

static void smallest_distance_of_twins_is_zero(void **state)
{
  (void)state;
  make_cloud(200, 1.0, 32);
  memcpy(all.x + 2 * 17, all.x + 2 * 190, 2 * sizeof *all.x);
  check_nearest_pair(0.0);
}

static void shares_count_the_edge_as_within(void **state)
{
  (void)state;
  make_cloud(40, 1.0, 33);
  for (int64_t i = 0; i < all.count; i++) {
    all.x[2 * i] = i < 10 ? 1.0 : 1.0000000001;
    all.x[2 * i + 1] = 0.0;
  }
  check_relative(observed(check_world()).value[MN_SHARE_WITHIN + 1], 0.25, 1e-15, "ten of forty");
}

static void minimum_and_what_the_caller_sets_have_no_error(void **state)
{
  (void)state;
  make_cloud(50, 1.0, 34);
  const mn_observation found = observed(check_world());
  assert_true(isnan(found.error[MN_MIN_DISTANCE]));
  assert_true(isnan(found.error[MN_CHEMICAL_MASS]) && isnan(found.error[MN_FORGOTTEN_DRIFT]));
}

static void every_number_of_ranks_gives_the_same_bits(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int c = 0; c < COUNTS; c++) {
    make_cloud(counts[c], 1.0, (uint32_t)(40 + c));
    const mn_observation together = observed(check_world());
    const mn_observation single = observed(&alone);
    assert_memory_equal(together.value, single.value, sizeof single.value);
    assert_memory_equal(together.error, single.error, sizeof single.error);
  }
  mn_parallel_destroy(&alone);
}

static void every_observable_has_a_name_of_its_own(void **state)
{
  (void)state;
  for (int k = 0; k < MN_OBSERVABLES; k++) {
    assert_non_null(mn_observables[k].name);
    assert_non_null(mn_observables[k].about);
    for (int j = 0; j < k; j++) {
      assert_string_not_equal(mn_observables[k].name, mn_observables[j].name);
    }
  }
}

/* Exact values of the observables of a standard normal cloud and pair drift. */
static const struct {
  int observable;
  double exact;
} normal_cloud[] = {{MN_MEAN_SQUARE, 2.0},
                    {MN_CENTRE_X, 0.0},
                    {MN_CENTRE_Y, 0.0},
                    {MN_RADIUS_Q10, 0.45904360502642087}, /* sqrt(-2 log(1 - p)) */
                    {MN_RADIUS_Q25, 0.75852761644093213},
                    {MN_RADIUS_Q50, 1.1774100225154747},
                    {MN_RADIUS_Q75, 1.6651092223153954},
                    {MN_RADIUS_Q90, 2.1459660262893472},
                    {MN_PAIR_DRIFT_1, 1.2533141373155003},   /* sqrt(pi/2) */
                    {MN_PAIR_DRIFT_32, 1.5456727684424},     /* 2^(3/4) Gamma(7/4) */
                    {MN_SHARE_WITHIN, 0.044002518166900041}, /* 1 - exp(-r^2/2) */
                    {MN_SHARE_WITHIN + 1, 0.39346934028736658},
                    {MN_SHARE_WITHIN + 2, 0.86466471676338731}};
enum { KNOWN = sizeof normal_cloud / sizeof *normal_cloud, REPLICAS = 200 };

/* The mean square of 200 pulls (value - exact)/error has standard deviation sqrt(2/200) = 0.1 around 1; an error taken
 * from about 40 order statistics is itself uncertain by 1/sqrt(40), which adds up to 0.1. */
static void deviations_from_the_exact_values_are_one_standard_error(void **state)
{
  (void)state;
  double squares[KNOWN] = {0.0};
  double sums[KNOWN] = {0.0};
  for (int r = 0; r < REPLICAS; r++) {
    make_cloud(MOST, 1.0, (uint32_t)(1000 + 3 * r));
    const mn_observation found = observed(check_world());
    for (int k = 0; k < KNOWN; k++) {
      const int o = normal_cloud[k].observable;
      const double pull = (found.value[o] - normal_cloud[k].exact) / found.error[o];
      sums[k] += pull / REPLICAS;
      squares[k] += pull * pull / REPLICAS;
    }
  }
  for (int k = 0; k < KNOWN; k++) {
    check_absolute(squares[k], 1.0, 0.6, "5 standard deviations of 0.1, and 0.1 for the error of the error");
    check_absolute(sums[k], 0.0, 5.0 / sqrt(REPLICAS) + 0.1,
                   "5 standard errors, and half a rank of bias of a quantile");
  }
}

MN_TESTS("observe", cmocka_unit_test(means_and_their_errors_are_the_textbook_ones),
         cmocka_unit_test(errors_of_a_far_cloud_keep_their_digits),
         cmocka_unit_test(quantiles_are_the_exact_order_statistics),
         cmocka_unit_test(smallest_distance_is_that_of_all_pairs),
         cmocka_unit_test(smallest_distance_is_found_where_abscissas_or_ordinates_agree),
         cmocka_unit_test(smallest_distance_of_twins_is_zero), cmocka_unit_test(shares_count_the_edge_as_within),
         cmocka_unit_test(minimum_and_what_the_caller_sets_have_no_error),
         cmocka_unit_test(every_number_of_ranks_gives_the_same_bits),
         cmocka_unit_test(every_observable_has_a_name_of_its_own),
         cmocka_unit_test(deviations_from_the_exact_values_are_one_standard_error));
