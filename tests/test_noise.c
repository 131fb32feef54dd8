/* Truth: Random123's published known answers for philox4x32-10 (its file kat_vectors); beyond these the laws of uniform
 * and normal numbers.  Statistical checks have a fixed seed, and false alarm rates of at most 6e-7 each (five standard
 * errors, or Kolmogorov's 2 exp(-2 * 2.75^2)): fewer than 1e-5 for the whole program, had the seed been drawn. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/noise.h>
#include <stdlib.h>

enum { DRAWS = 100000, SEED = 20240607 };

static double first[DRAWS];
static double second[DRAWS];

typedef void generator(uint32_t seed, mn_stream stream, uint32_t id, uint64_t step, uint32_t draw, double out[2]);

/* 100 cells, 500 steps, 2 draws */
static void fill(generator *draw)
{
  for (int k = 0; k < DRAWS; k++) {
    double out[2];
    draw(SEED, MN_STREAM_MOTION, (uint32_t)(k / 2 % 100), (uint64_t)(k / 200), (uint32_t)(k % 2), out);
    first[k] = out[0];
    second[k] = out[1];
  }
}

static void check_words(uint32_t seed, uint32_t stream, const uint32_t counter[4], const uint32_t expected[4])
{
  uint32_t words[4];
  const uint64_t step = (uint64_t)counter[2] << 32 | counter[1];
  mn_noise_words(seed, (mn_stream)stream, counter[0], step, counter[3], words);
  assert_memory_equal(words, expected, sizeof words);
}

static void words_are_the_published_known_answers_of_philox4x32_10(void **state)
{
  (void)state;
  static const uint32_t ones = 0xffffffff;
  check_words(0, 0, (const uint32_t[4]){0, 0, 0, 0},
              (const uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  check_words(ones, ones, (const uint32_t[4]){ones, ones, ones, ones},
              (const uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  check_words(0xa4093822, 0x299f31d0, (const uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
              (const uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void equal_arguments_give_equal_draws(void **state)
{
  (void)state;
  double a[2];
  double b[2];
  mn_noise_normal(3, MN_STREAM_INITIAL, 9, UINT64_C(1) << 40, 2, a);
  mn_noise_normal(4, MN_STREAM_INITIAL, 9, UINT64_C(1) << 40, 2, b);
  mn_noise_normal(3, MN_STREAM_INITIAL, 9, UINT64_C(1) << 40, 2, b);
  assert_memory_equal(a, b, sizeof a);
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static double itself(double u)
{
  return u;
}

static double normal_probability(double z)
{
  return 0.5 * erfc(-z / sqrt(2.0));
}

/* Kolmogorov's distance between the sample (sorted here) and a distribution, times the root of its size. */
static double kolmogorov(double *sample, double (*distribution)(double))
{
  double worst = 0.0;
  qsort(sample, DRAWS, sizeof *sample, ascending);
  for (int k = 0; k < DRAWS; k++) {
    const double p = distribution(sample[k]);
    worst = fmax(worst, fmax(p - (double)k / DRAWS, (double)(k + 1) / DRAWS - p));
  }
  return worst * sqrt((double)DRAWS);
}

static void uniforms_are_uniform_and_never_0_or_1(void **state)
{
  (void)state;
  fill(mn_noise_uniform);
  check_at_most(kolmogorov(first, itself), 2.75, "false alarm rate 5.4e-7");
  check_at_most(kolmogorov(second, itself), 2.75, "false alarm rate 5.4e-7");
  assert_true(first[0] > 0.0 && first[DRAWS - 1] < 1.0 && second[0] > 0.0 && second[DRAWS - 1] < 1.0);
}

/* The lowest bits too: u 2^b has a uniform fractional part, its half decides about a bit. */
static void uniforms_carry_52_bits(void **state)
{
  (void)state;
  fill(mn_noise_uniform);
  for (int bit = 1; bit <= 52; bit++) {
    int odd[2] = {0, 0};
    for (int k = 0; k < DRAWS; k++) {
      odd[0] += fmod(floor(ldexp(first[k], bit)), 2.0) > 0.5;
      odd[1] += fmod(floor(ldexp(second[k], bit)), 2.0) > 0.5;
    }
    check_absolute(odd[0], 0.5 * DRAWS, 2.5 * sqrt(DRAWS), "five deviations of a fair coin, false alarm rate 6e-7");
    check_absolute(odd[1], 0.5 * DRAWS, 2.5 * sqrt(DRAWS), "five deviations of a fair coin, false alarm rate 6e-7");
  }
}

static double mean_power(const double *x, int power)
{
  double sum = 0.0;
  for (int k = 0; k < DRAWS; k++) {
    sum += pow(x[k], power);
  }
  return sum / DRAWS;
}

static double mean_product(const double *x, const double *y, int lag)
{
  double sum = 0.0;
  for (int k = 0; k < DRAWS - lag; k++) {
    sum += x[k] * y[k + lag];
  }
  return sum / (DRAWS - lag);
}

static void normals_have_the_moments_of_a_normal(void **state)
{
  (void)state;
  static const double moment[] = {0.0, 1.0, 0.0, 3.0};
  static const double variance[] = {1.0, 2.0, 15.0, 96.0}; /* of the powers: E x^2p - (E x^p)^2 */
  fill(mn_noise_normal);
  for (int p = 1; p <= 4; p++) {
    const double five = 5.0 * sqrt(variance[p - 1] / DRAWS);
    check_absolute(mean_power(first, p), moment[p - 1], five, "five standard errors, false alarm rate 6e-7");
    check_absolute(mean_power(second, p), moment[p - 1], five, "five standard errors, false alarm rate 6e-7");
  }
}

static void normals_have_the_distribution_of_a_normal(void **state)
{
  (void)state;
  fill(mn_noise_normal);
  check_at_most(kolmogorov(first, normal_probability), 2.75, "false alarm rate 5.4e-7");
  check_at_most(kolmogorov(second, normal_probability), 2.75, "false alarm rate 5.4e-7");
}

/* Lags of `fill`: 1 is the next draw, 2 the next cell, 200 the next step. */
static void normals_are_uncorrelated_across_components_draws_cells_and_steps(void **state)
{
  (void)state;
  static const int lags[] = {1, 2, 200};
  fill(mn_noise_normal);
  check_absolute(mean_product(first, second, 0), 0.0, 5.0 / sqrt(DRAWS), "five standard errors, false alarm rate 6e-7");
  for (int k = 0; k < 3; k++) {
    const double five = 5.0 / sqrt(DRAWS - lags[k]);
    check_absolute(mean_product(first, first, lags[k]), 0.0, five, "five standard errors, false alarm rate 6e-7");
    check_absolute(mean_product(first, second, lags[k]), 0.0, five, "five standard errors, false alarm rate 6e-7");
  }
}

static void squares_of_the_two_components_are_uncorrelated(void **state)
{
  (void)state;
  fill(mn_noise_normal);
  double sum = 0.0;
  for (int k = 0; k < DRAWS; k++) {
    sum += (first[k] * first[k] - 1.0) * (second[k] * second[k] - 1.0);
  }
  check_absolute(sum / DRAWS, 0.0, 5.0 * 2.0 / sqrt(DRAWS), "five standard errors of a product of variance 4");
}

enum { KEYS = 16 * 16 * 8 * 2 * 4 };

static int by_bits(const void *a, const void *b)
{
  const uint64_t x = *(const uint64_t *)a;
  const uint64_t y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void every_argument_changes_the_draw(void **state)
{
  (void)state;
  static uint64_t seen[KEYS];
  for (uint32_t k = 0; k < KEYS; k++) {
    uint32_t words[4];
    const uint64_t step = (uint64_t)(k >> 4 & 3) | (uint64_t)(k >> 6 & 3) << 32; /* both words of the step */
    const mn_stream stream = k >> 11 & 1 ? MN_STREAM_INITIAL : MN_STREAM_MOTION;
    mn_noise_words(k >> 12 & 3, stream, k & 15, step, k >> 8 & 7, words);
    seen[k] = (uint64_t)words[0] << 32 | words[1];
  }
  qsort(seen, KEYS, sizeof *seen, by_bits);
  for (int k = 1; k < KEYS; k++) {
    assert_true(seen[k] != seen[k - 1]); /* by chance with probability 16384^2/2^65 = 7e-12 */
  }
}

MN_TESTS("noise", cmocka_unit_test(words_are_the_published_known_answers_of_philox4x32_10),
         cmocka_unit_test(equal_arguments_give_equal_draws), cmocka_unit_test(uniforms_are_uniform_and_never_0_or_1),
         cmocka_unit_test(uniforms_carry_52_bits), cmocka_unit_test(normals_have_the_moments_of_a_normal),
         cmocka_unit_test(normals_have_the_distribution_of_a_normal),
         cmocka_unit_test(normals_are_uncorrelated_across_components_draws_cells_and_steps),
         cmocka_unit_test(squares_of_the_two_components_are_uncorrelated),
         cmocka_unit_test(every_argument_changes_the_draw));
