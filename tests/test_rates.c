/* Averages over replicas.  Truth: averages and jackknife errors recomputed from the definitions in long double, with a
 * double loop over replicas for the product of means; replicas drawn from laws whose correlation is known.
 *
 * Statistical claims, all with fixed seeds: "5.5 standard errors" is a false alarm of 4e-8. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/rates.h>
#include <stdbool.h>
#include <string.h>

enum { MOST = 100 };

static double sample[MOST * MN_STATISTICS];

/* Statistic of a quantity, and of the mean whose square is taken off, or -1. */
static void parts_of(int q, int *statistic, int *mean)
{
  const int m = q - MN_QUANTITY_CORRELATION;
  *mean = -1;
  if (q >= MN_QUANTITY_WEAK && q < MN_QUANTITY_WEAK + MN_TESTS_OF_CHAOS) {
    *statistic = MN_STATISTIC_WEAK + q - MN_QUANTITY_WEAK;
  } else if (m >= 0 && m < MN_TESTS_OF_CHAOS) {
    *statistic = MN_STATISTIC_PAIR + m;
    *mean = MN_STATISTIC_MEAN + m;
  } else if (q >= MN_QUANTITY_DISTANCE && q < MN_QUANTITY_DISTANCE + MN_DISTANCES) {
    *statistic = MN_STATISTIC_DISTANCE + q - MN_QUANTITY_DISTANCE;
  } else {
    *statistic = q == MN_QUANTITY_SQUARE     ? MN_STATISTIC_SQUARE
                 : q == MN_QUANTITY_MODULUS  ? MN_STATISTIC_MODULUS
                 : q == MN_QUANTITY_COUPLING ? MN_STATISTIC_COUPLING
                                             : MN_STATISTIC_COUPLING_SUP;
  }
}

/* A quantity without replica `skip`. */
static long double slow_value(int q, int64_t replicas, const double *values, int64_t skip)
{
  int statistic;
  int mean;
  long double sum = 0.0L;
  long double products = 0.0L;
  const long double n = (long double)(replicas - (skip >= 0 ? 1 : 0));
  parts_of(q, &statistic, &mean);
  for (int64_t r = 0; r < replicas; r++) {
    sum += r == skip ? 0.0L : values[r * MN_STATISTICS + statistic];
    for (int64_t s = 0; s < replicas && mean >= 0; s++) {
      if (r != s && r != skip && s != skip) {
        products += (long double)values[r * MN_STATISTICS + mean] * values[s * MN_STATISTICS + mean];
      }
    }
  }
  return sum / n - (mean >= 0 ? products / (n * (n - 1.0L)) : 0.0L);
}

/* Jackknife error; with `minus` of the difference to its value. */
static long double slow_error(int q, int64_t replicas, const double *values, const double *minus)
{
  long double without[MOST];
  long double mean = 0.0L;
  long double square = 0.0L;
  const long double n = (long double)replicas;
  for (int64_t r = 0; r < replicas; r++) {
    without[r] = slow_value(q, replicas, values, r) - (minus ? slow_value(q, replicas, minus, r) : 0.0L);
    mean += without[r] / n;
  }
  for (int64_t r = 0; r < replicas; r++) {
    square += (without[r] - mean) * (without[r] - mean);
  }
  return sqrtl((n - 1.0L) / n * square);
}

static void fill(int64_t replicas, double mean, uint32_t seed)
{
  for (int64_t k = 0; k < replicas * MN_STATISTICS; k++) {
    sample[k] = mean + check_normal(seed, (uint64_t)k);
  }
}

static void averages_and_errors_are_those_of_leaving_replicas_out(void **state)
{
  (void)state;
  static const int64_t replicas[] = {3, 4, 7, 16, MOST};
  for (int c = 0; c < 5; c++) {
    mn_estimate found[MN_QUANTITIES];
    fill(replicas[c], 1.5, (uint32_t)c);
    mn_rates_average(replicas[c], sample, found);
    for (int q = 0; q < MN_QUANTITIES; q++) {
      const double error = (double)slow_error(q, replicas[c], sample, NULL);
      check_absolute(found[q].value, (double)slow_value(q, replicas[c], sample, -1), 1e-13, "rounding of 100 sums");
      check_absolute(found[q].error, error, 1e-12 / error, "a difference of sums of squares of up to 1000, rounded");
    }
  }
}

/* Two variations with noise in common: far closer to each other than either is known. */
static void differences_and_their_errors_are_those_of_leaving_pairs_out(void **state)
{
  (void)state;
  static const int64_t replicas[] = {3, 8, MOST};
  static double other[MOST * MN_STATISTICS];
  for (int c = 0; c < 3; c++) {
    const int64_t n = replicas[c];
    mn_estimate found[MN_QUANTITIES];
    fill(n, 1.5, (uint32_t)(20 + c));
    for (int64_t k = 0; k < n * MN_STATISTICS; k++) {
      other[k] = sample[k] + 0.01 * check_normal((uint32_t)(30 + c), (uint64_t)k);
    }
    mn_rates_compare(n, sample, other, found);
    for (int q = 0; q < MN_QUANTITIES; q++) {
      const double error = (double)slow_error(q, n, sample, other);
      const long double value = slow_value(q, n, sample, -1) - slow_value(q, n, other, -1);
      check_absolute(found[q].value, (double)value, 1e-13, "rounding of 100 sums");
      check_absolute(found[q].error, error, 1e-13, "rounding of 100 sums and of differences of 100 of them");
    }
  }
}

static void errors_of_averages_far_from_zero_keep_their_digits(void **state)
{
  (void)state;
  mn_estimate near[MN_QUANTITIES];
  mn_estimate far[MN_QUANTITIES];
  fill(MOST, 0.0, 40);
  mn_rates_average(MOST, sample, near);
  for (int64_t r = 0; r < MOST; r++) {
    sample[r * MN_STATISTICS + MN_STATISTIC_SQUARE] += 1e6;
  }
  mn_rates_average(MOST, sample, far);
  check_relative(far[MN_QUANTITY_SQUARE].error, near[MN_QUANTITY_SQUARE].error, 1e-6,
                 "deviations of 1e-2 of averages of 1e6, which round to 2e-10, a hundred of them");
}

static void errors_of_means_are_the_textbook_ones(void **state)
{
  (void)state;
  mn_estimate found[MN_QUANTITIES];
  fill(4, 0.0, 1);
  for (int r = 0; r < 4; r++) {
    sample[r * MN_STATISTICS + MN_STATISTIC_COUPLING] = r < 2 ? 1.0 : 3.0;
  }
  mn_rates_average(4, sample, found);
  check_relative(found[MN_QUANTITY_COUPLING].value, 2.0, 1e-15, "(1 + 1 + 3 + 3)/4");
  check_relative(found[MN_QUANTITY_COUPLING].error, sqrt(4.0 / 3.0 / 4.0), 1e-14, "sqrt(sum of squares/(3 x 4))");
}

/* One replica of N cells phi_i = m + Z + xi_i: Z = +-a is common to all, xi_i = +-b is not.  The correlation is a^2. */
static void draw_correlated(int m, int64_t count, double a, double b, uint64_t k, double *value)
{
  const uint32_t seed = 100 + (uint32_t)m;
  const double common = 0.3 * (m + 1) + (check_normal(seed, 64 * k) > 0.0 ? a : -a);
  double sum = 0.0;
  double square = 0.0;
  for (int64_t i = 0; i < count; i++) {
    const double phi = common + (check_normal(seed, 64 * k + 1 + (uint64_t)i) > 0.0 ? b : -b);
    sum += phi;
    square += phi * phi;
  }
  value[MN_STATISTIC_MEAN + m] = sum / (double)count;
  value[MN_STATISTIC_PAIR + m] = (sum * sum - square) / (double)(count * (count - 1));
}

/* Three replicas: the square of their mean would be wrong by a third of the variance of the mean. */
static void correlations_of_few_replicas_are_right_on_average(void **state)
{
  (void)state;
  enum { STUDIES = 4000, REPLICAS = 3, CELLS = 5 };
  static const double a[MN_TESTS_OF_CHAOS] = {0.5, 0.0, 1.0, 0.1};
  static const double b[MN_TESTS_OF_CHAOS] = {0.5, 1.0, 0.0, 0.7};
  double sum[MN_TESTS_OF_CHAOS] = {0.0};
  double square[MN_TESTS_OF_CHAOS] = {0.0};
  memset(sample, 0, sizeof sample);
  for (uint64_t s = 0; s < STUDIES; s++) {
    mn_estimate found[MN_QUANTITIES];
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      for (uint64_t r = 0; r < REPLICAS; r++) {
        draw_correlated(m, CELLS, a[m], b[m], REPLICAS * s + r, sample + r * MN_STATISTICS);
      }
    }
    mn_rates_average(REPLICAS, sample, found);
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      const double value = found[MN_QUANTITY_CORRELATION + m].value;
      sum[m] += value / STUDIES;
      square[m] += value * value / STUDIES;
    }
  }
  for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
    const double error = sqrt((square[m] - sum[m] * sum[m]) / STUDIES);
    check_absolute(sum[m], a[m] * a[m], 5.5 * error, "5.5 standard errors");
  }
}

static void errors_of_correlations_are_their_scatter(void **state)
{
  (void)state;
  enum { STUDIES = 1000, REPLICAS = 20 };
  double sum = 0.0;
  double square = 0.0;
  double expected = 0.0;
  memset(sample, 0, sizeof sample);
  for (uint64_t s = 0; s < STUDIES; s++) {
    mn_estimate found[MN_QUANTITIES];
    for (uint64_t r = 0; r < REPLICAS; r++) {
      draw_correlated(2, 4, 0.5, 0.5, REPLICAS * s + r, sample + r * MN_STATISTICS);
    }
    mn_rates_average(REPLICAS, sample, found);
    const mn_estimate e = found[MN_QUANTITY_CORRELATION + 2];
    sum += e.value / STUDIES;
    square += e.value * e.value / STUDIES;
    expected += e.error * e.error / STUDIES;
  }
  check_relative(expected / (square - sum * sum), 1.0, 0.35,
                 "5.5 deviations of sqrt(2/1000), and a jackknife is too large by a share of the order of 1/20");
}

/* From how many replicas on there is a value and an error of a quantity. */
static void check_known(const mn_estimate *e, bool value, bool error)
{
  assert_int_equal(isfinite(e->value), value);
  assert_int_equal(isnan(e->value), !value);
  assert_int_equal(isfinite(e->error), error);
  assert_int_equal(isnan(e->error), !error);
}

static void too_few_replicas_have_no_value_or_no_error(void **state)
{
  (void)state;
  for (int64_t replicas = 0; replicas <= 4; replicas++) {
    mn_estimate found[MN_QUANTITIES];
    fill(replicas, 1.0, 5);
    mn_rates_average(replicas, sample, found);
    for (int q = 0; q < MN_QUANTITIES; q++) {
      int statistic;
      int mean;
      parts_of(q, &statistic, &mean);
      check_known(&found[q], replicas >= (mean < 0 ? 1 : 2), replicas >= (mean < 0 ? 2 : 3));
    }
  }
}

static void an_unknown_statistic_makes_just_its_quantities_unknown(void **state)
{
  (void)state;
  for (int k = 0; k < MN_STATISTICS; k++) {
    mn_estimate found[MN_QUANTITIES];
    fill(6, 1.0, 6);
    sample[3 * MN_STATISTICS + k] = (double)NAN;
    mn_rates_average(6, sample, found);
    for (int q = 0; q < MN_QUANTITIES; q++) {
      int statistic;
      int mean;
      parts_of(q, &statistic, &mean);
      const bool known = k != statistic && k != mean;
      check_known(&found[q], known, known);
    }
  }
}

/* Names of datasets: letters, digits, underscores, not cut off. */
static void check_name(const char *name, const char *about)
{
  assert_in_range(strlen(name), 1, sizeof(mn_statistic_info){0}.name - 2);
  assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
  assert_true(about && strlen(about) > 3);
}

static void every_statistic_and_quantity_has_a_name_of_its_own(void **state)
{
  (void)state;
  for (int k = 0; k < MN_STATISTICS; k++) {
    const mn_statistic_info info = mn_statistic_at(k);
    check_name(info.name, info.about);
    for (int j = 0; j < k; j++) {
      assert_string_not_equal(info.name, mn_statistic_at(j).name);
    }
  }
  for (int q = 0; q < MN_QUANTITIES; q++) {
    const mn_quantity_info info = mn_quantity_at(q);
    check_name(info.name, info.about);
    for (int j = 0; j < q; j++) {
      assert_string_not_equal(info.name, mn_quantity_at(j).name);
    }
  }
}

/* Where a quantity is the plain mean of a statistic, it has its name. */
static void quantities_have_the_names_of_their_statistics(void **state)
{
  (void)state;
  for (int q = 0; q < MN_QUANTITIES; q++) {
    int statistic;
    int mean;
    parts_of(q, &statistic, &mean);
    if (mean < 0) {
      assert_string_equal(mn_quantity_at(q).name, mn_statistic_at(statistic).name);
    }
  }
}

/* rates.h: 1/N for coupling and correlation, 1/sqrt(N) for distances; none for what converges to a number. */
static void targets_are_those_of_the_header(void **state)
{
  (void)state;
  for (int q = 0; q < MN_QUANTITIES; q++) {
    const bool distance = q >= MN_QUANTITY_DISTANCE && q < MN_QUANTITY_DISTANCE + MN_DISTANCES;
    const bool number = q == MN_QUANTITY_SQUARE || q == MN_QUANTITY_MODULUS;
    assert_true(mn_quantity_at(q).target == (number ? 0.0 : distance ? -0.5 : -1.0));
  }
}

MN_TESTS("rates", cmocka_unit_test(averages_and_errors_are_those_of_leaving_replicas_out),
         cmocka_unit_test(differences_and_their_errors_are_those_of_leaving_pairs_out),
         cmocka_unit_test(errors_of_averages_far_from_zero_keep_their_digits),
         cmocka_unit_test(errors_of_means_are_the_textbook_ones),
         cmocka_unit_test(correlations_of_few_replicas_are_right_on_average),
         cmocka_unit_test(errors_of_correlations_are_their_scatter),
         cmocka_unit_test(too_few_replicas_have_no_value_or_no_error),
         cmocka_unit_test(an_unknown_statistic_makes_just_its_quantities_unknown),
         cmocka_unit_test(every_statistic_and_quantity_has_a_name_of_its_own),
         cmocka_unit_test(quantities_have_the_names_of_their_statistics),
         cmocka_unit_test(targets_are_those_of_the_header));
