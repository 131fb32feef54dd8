/* Powers of the number of cells.  Truth: exact powers; the weighted line by its normal equations in long double; data
 * sets drawn around a known power, for the intervals.
 *
 * All draws have fixed seeds; the bounds of a count are binomial quantiles of 5e-7 on either side. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/rates.h>
#include <stdbool.h>
#include <string.h>

enum { MOST = 60, COUNTS = 4 };

static double sample[COUNTS][MOST * MN_STATISTICS];
static const double *const samples[COUNTS] = {sample[0], sample[1], sample[2], sample[3]};
static const int64_t cells[COUNTS] = {40, 100, 450, 1000};
static const int64_t ten[COUNTS] = {10, 10, 10, 10};

static bool is_mean(int k)
{
  return k >= MN_STATISTIC_MEAN && k < MN_STATISTIC_MEAN + MN_TESTS_OF_CHAOS;
}

/* All quantities are prefactor N^exponent, replicas scatter in pairs around it; the means of phi are 0. */
static void fill_law(double prefactor, double exponent, double scatter)
{
  for (int c = 0; c < COUNTS; c++) {
    const double law = prefactor * pow((double)cells[c], exponent);
    for (int k = 0; k < 10 * MN_STATISTICS; k++) {
      const double factor = 1.0 + (k / MN_STATISTICS % 2 ? scatter : -scatter);
      sample[c][k] = is_mean(k % MN_STATISTICS) ? 0.0 : law * factor;
    }
  }
}

static void exponents_of_exact_powers_are_found(void **state)
{
  (void)state;
  static const double law[][3] = {{3.0, -1.0, 0.1},  {-0.2, -0.5, 0.2}, {1e-9, -2.0, 0.3},
                                  {5.0, 0.75, 0.05}, {-1e8, 0.0, 0.1},  {2.0, -1.0, 0.0}};
  for (int l = 0; l < 6; l++) {
    mn_fit fit[MN_QUANTITIES];
    fill_law(law[l][0], law[l][1], law[l][2]);
    mn_rates_fit(COUNTS, cells, ten, samples, 1, fit);
    for (int q = 0; q < MN_QUANTITIES; q++) {
      check_absolute(fit[q].exponent, law[l][1], 1e-13, "rounding of logarithms of up to 40, over a range of 3");
      check_relative(fit[q].prefactor, fabs(law[l][0]), 1e-12, "the same, 7 from the middle");
      check_at_most(fit[q].low, fit[q].exponent + 1e-13, "rounding");
      check_at_most(fit[q].exponent, fit[q].high + 1e-13, "rounding");
      const double width = fit[q].high - fit[q].low;
      assert_true(law[l][2] > 0.0 ? width > 1e-3 : width < 1e-12);
    }
  }
}

/* Mean and standard error of a statistic. */
static void average(int c, int64_t replicas, int statistic, long double *mean, long double *error)
{
  const long double n = (long double)replicas;
  long double square = 0.0L;
  *mean = 0.0L;
  for (int64_t r = 0; r < replicas; r++) {
    *mean += sample[c][r * MN_STATISTICS + statistic] / n;
  }
  for (int64_t r = 0; r < replicas; r++) {
    const long double d = sample[c][r * MN_STATISTICS + statistic] - *mean;
    square += d * d;
  }
  *error = sqrtl(square / (n * (n - 1.0L)));
}

typedef struct line {
  double exponent, prefactor;
  double error; /* of the exponent, from those of the points */
} line;

/* Through the logarithms with weights (mean/error)^2. */
static line line_of(int counts, const int64_t *replicas, int statistic)
{
  long double s[3] = {0.0L, 0.0L, 0.0L};
  long double y[2] = {0.0L, 0.0L};
  for (int c = 0; c < counts; c++) {
    long double mean;
    long double error;
    average(c, replicas[c], statistic, &mean, &error);
    const long double weight = mean / error * (mean / error);
    const long double x = logl((long double)cells[c]);
    for (int p = 0; p < 3; p++) {
      s[p] += weight * powl(x, (long double)p);
      y[p % 2] += p < 2 ? weight * logl(fabsl(mean)) * powl(x, (long double)p) : 0.0L;
    }
  }
  const long double determinant = s[0] * s[2] - s[1] * s[1];
  return (line){(double)((s[0] * y[1] - s[1] * y[0]) / determinant),
                (double)expl((s[2] * y[0] - s[1] * y[1]) / determinant), (double)sqrtl(s[0] / determinant)};
}

/* Neither a power nor equally sharp: only the right weights give the right line. */
static void fits_are_weighted_by_the_errors(void **state)
{
  (void)state;
  static const int64_t replicas[COUNTS] = {4, 30, 12, MOST};
  mn_fit fit[MN_QUANTITIES];
  for (int c = 0; c < COUNTS; c++) {
    for (int k = 0; k < MOST * MN_STATISTICS; k++) {
      sample[c][k] = 10.0 / (double)cells[c] * (1.0 + 0.1 * (c + 1) * check_normal((uint32_t)c, (uint64_t)k));
      sample[c][k] = is_mean(k % MN_STATISTICS) ? 0.0 : sample[c][k] + (c == 1 ? 0.05 : 0.0);
    }
  }
  mn_rates_fit(COUNTS, cells, replicas, samples, 1, fit);
  for (int q = 0; q < MN_QUANTITIES; q++) {
    const bool pair = q >= MN_QUANTITY_CORRELATION && q < MN_QUANTITY_CORRELATION + MN_TESTS_OF_CHAOS;
    for (int k = 0; k < MN_STATISTICS; k++) {
      if (pair ? k == MN_STATISTIC_PAIR + q - MN_QUANTITY_CORRELATION
               : strcmp(mn_quantity_at(q).name, mn_statistic_at(k).name) == 0) {
        const line expected = line_of(COUNTS, replicas, k);
        check_relative(fit[q].exponent, expected.exponent, 1e-11, "errors of 1e-2 are differences of squares");
        check_relative(fit[q].prefactor, expected.prefactor, 1e-10, "the same, 7 from the middle");
      }
    }
  }
}

/* Of the coupling; everything else is forgotten, which saves time. */
static mn_fit coupling_fit(int counts, const int64_t *replicas)
{
  mn_fit fit[MN_QUANTITIES];
  for (int c = 0; c < COUNTS; c++) {
    for (int k = 0; k < MOST * MN_STATISTICS; k++) {
      sample[c][k] = k % MN_STATISTICS == MN_STATISTIC_COUPLING ? sample[c][k] : (double)NAN;
    }
  }
  mn_rates_fit(counts, cells, replicas, samples, 1, fit);
  return fit[MN_QUANTITY_COUPLING];
}

static void check_no_fit(int counts, const int64_t *replicas)
{
  const mn_fit fit = coupling_fit(counts, replicas);
  assert_true(isnan(fit.exponent) && isnan(fit.prefactor) && isnan(fit.low) && isnan(fit.high));
}

static void scale_coupling(int c, double factor)
{
  for (int r = 0; r < MOST; r++) {
    sample[c][r * MN_STATISTICS + MN_STATISTIC_COUPLING] *= factor;
  }
}

static void there_is_no_fit_where_the_sign_changes(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    fill_law(3.0, -1.0, 0.1);
    scale_coupling(c, -1.0);
    check_no_fit(COUNTS, ten);
  }
}

static void there_is_no_fit_for_fewer_than_three_counts_of_four_replicas(void **state)
{
  (void)state;
  static const int64_t few[][COUNTS] = {{10, 10, 3, 3}, {3, 10, 0, 10}, {3, 3, 3, 3}, {0, 0, 0, 0}, {1, 2, 3, 10}};
  fill_law(3.0, -1.0, 0.1);
  for (int counts = 0; counts < 3; counts++) {
    check_no_fit(counts, ten);
  }
  for (int k = 0; k < 5; k++) {
    check_no_fit(COUNTS, few[k]);
  }
  check_absolute(coupling_fit(3, (int64_t[]){4, 4, 4}).exponent, -1.0, 1e-13, "rounding, as above");
}

static void counts_of_fewer_than_four_replicas_are_left_out(void **state)
{
  (void)state;
  static const double wrong[] = {7.0, -1.0, 0.0, (double)NAN};
  for (int c = 0; c < COUNTS; c++) {
    for (int k = 0; k < 4; k++) {
      int64_t replicas[COUNTS] = {10, 10, 10, 10};
      replicas[c] = 3;
      fill_law(3.0, -1.0, 0.1);
      scale_coupling(c, wrong[k]);
      check_absolute(coupling_fit(COUNTS, replicas).exponent, -1.0, 1e-13, "rounding, as above");
      replicas[c] = 4;
      assert_true(!(fabs(coupling_fit(COUNTS, replicas).exponent + 1.0) < 1e-3));
    }
  }
}

/* Ten values 1 +- s have standard error s/3; if one is far larger than the others, it is both their sum and error. */
static void there_is_no_fit_within_two_errors_of_zero(void **state)
{
  (void)state;
  fill_law(3.0, -1.0, 1.49);
  check_absolute(coupling_fit(COUNTS, ten).exponent, -1.0, 1e-13, "rounding, as above");
  fill_law(3.0, -1.0, 1.51);
  check_no_fit(COUNTS, ten);
  for (int c = 0; c < COUNTS; c++) {
    fill_law(3.0, -1.0, 0.1);
    sample[c][MN_STATISTIC_COUPLING] *= 1e4;
    check_no_fit(COUNTS, ten);
  }
}

static void there_is_no_fit_of_what_is_not_known(void **state)
{
  (void)state;
  fill_law(3.0, -1.0, 0.1);
  sample[2][4 * MN_STATISTICS + MN_STATISTIC_COUPLING] = (double)NAN;
  check_no_fit(COUNTS, ten);
}

enum { SETS = 300, REPLICAS = 40, SHORT = 3 };
static const int64_t forty[SHORT] = {REPLICAS, REPLICAS, REPLICAS};

/* Coupling 1/N, 30 % scatter; correlation_1 1/N, 20 % of it from replicas whose means differ; nothing else is known. */
static void draw_set(uint32_t set)
{
  for (int c = 0; c < SHORT; c++) {
    const double n = (double)cells[c];
    for (int r = 0; r < REPLICAS; r++) {
      double *value = sample[c] + r * MN_STATISTICS;
      const uint64_t draw = 2 * (uint64_t)(c * REPLICAS + r);
      for (int k = 0; k < MN_STATISTICS; k++) {
        value[k] = (double)NAN;
      }
      const double mean = 0.5 + sqrt(0.2 / n) * check_normal(set, draw);
      value[MN_STATISTIC_COUPLING] = (1.0 + 0.3 * check_normal(set, draw + 1)) / n;
      value[MN_STATISTIC_MEAN + 1] = mean;
      value[MN_STATISTIC_PAIR + 1] = mean * mean + 0.8 / n;
    }
  }
}

/* Quantiles of resampled means and normal ones differ by 1/R: 93 % to 95 % are asked for. */
static void intervals_hold_the_exponent_in_95_percent_of_data_sets(void **state)
{
  (void)state;
  int hits[2] = {0, 0};
  double width[2] = {0.0, 0.0};
  for (uint32_t set = 0; set < SETS; set++) {
    mn_fit fit[MN_QUANTITIES];
    draw_set(set);
    mn_rates_fit(SHORT, cells, forty, samples, set, fit);
    for (int k = 0; k < 2; k++) {
      const mn_fit *f = &fit[k == 0 ? MN_QUANTITY_COUPLING : MN_QUANTITY_CORRELATION + 1];
      hits[k] += f->low <= -1.0 && -1.0 <= f->high;
      width[k] += (f->high - f->low) / SETS;
    }
  }
  assert_in_range(hits[0], 254, 299);
  assert_in_range(hits[1], 254, 299);
  const double ends = log((double)cells[2] / (double)cells[0]);
  const double middle = log((double)cells[1] / (double)cells[0]);
  const double mean = (ends + middle) / 3.0;
  const double xx = mean * mean + (ends - mean) * (ends - mean) + (middle - mean) * (middle - mean);
  /* 40 replicas of standard deviation 0.3, and 0.2 sqrt(2) */
  check_relative(width[0], 2.0 * 1.96 * 0.3 / sqrt(REPLICAS * xx), 0.05, "1/80 for 40 replicas, noise below 1 %");
  check_relative(width[1], 2.0 * 1.96 * 0.2 * sqrt(2.0 / (REPLICAS * xx)), 0.12,
                 "and the fourth moment of 40 normal numbers, short by 6/41 of 2 and scattered by sqrt(24/40)");
}

/* One of ten replicas differs from the others: the exponents of resamplings scatter, whichever it is. */
static void every_replica_takes_part_in_the_resampling(void **state)
{
  (void)state;
  for (int r = 0; r < 10; r++) {
    fill_law(3.0, -1.0, 0.0);
    sample[0][r * MN_STATISTICS + MN_STATISTIC_COUPLING] *= 1.5;
    const mn_fit fit = coupling_fit(COUNTS, ten);
    check_at_most(1e-3, fit.high - fit.low, "5 % of one of four points");
  }
}

static void intervals_depend_on_the_seed_and_on_nothing_else(void **state)
{
  (void)state;
  mn_fit fit[3][MN_QUANTITIES];
  draw_set(1);
  for (int k = 0; k < 3; k++) {
    mn_rates_fit(SHORT, cells, forty, samples, k == 2 ? 8 : 7, fit[k]);
  }
  assert_memory_equal(fit[0], fit[1], sizeof fit[0]);
  const mn_fit *one = &fit[0][MN_QUANTITY_COUPLING];
  const mn_fit *other = &fit[2][MN_QUANTITY_COUPLING];
  assert_true(one->exponent == other->exponent && one->low != other->low && one->high != other->high);
}

MN_TESTS("rates_fit", cmocka_unit_test(exponents_of_exact_powers_are_found),
         cmocka_unit_test(fits_are_weighted_by_the_errors), cmocka_unit_test(there_is_no_fit_where_the_sign_changes),
         cmocka_unit_test(there_is_no_fit_for_fewer_than_three_counts_of_four_replicas),
         cmocka_unit_test(counts_of_fewer_than_four_replicas_are_left_out),
         cmocka_unit_test(there_is_no_fit_within_two_errors_of_zero),
         cmocka_unit_test(there_is_no_fit_of_what_is_not_known),
         cmocka_unit_test(intervals_hold_the_exponent_in_95_percent_of_data_sets),
         cmocka_unit_test(every_replica_takes_part_in_the_resampling),
         cmocka_unit_test(intervals_depend_on_the_seed_and_on_nothing_else));
