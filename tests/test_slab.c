/* The slab coder.  Truth: decoding gives back the integers exactly and the positions within eta/2; rounding in long
 * double; entropy of a normal law in closed form; counted bits of many Brownian increments. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/slab.h>
#include <string.h>

enum { CELLS = 200, STEPS = 8 };

static const int64_t counts[] = {0, 1, 2, 31, 32, 33, 64, 65, CELLS};
enum { COUNTS = sizeof counts / sizeof *counts };

/* Adversarial paths: coordinate k at step m. */
typedef double path(int k, int m);

static double brownian(int k, int m)
{
  double x = check_normal(1, (uint64_t)k);
  for (int step = 0; step < m; step++) {
    x += 0.1 * check_normal(2, (uint64_t)(STEPS * k + step));
  }
  return x;
}

static double jumping(int k, int m)
{
  return (k + m) % 3 == 0 ? 1e6 * check_normal(3, (uint64_t)(k + m)) : 0.01 * k;
}

static double resting(int k, int m)
{
  (void)m;
  return 0.7 * k - 30.0;
}

static double alternating(int k, int m)
{
  return (m % 2 ? -1.0 : 1.0) * (0.3 + k);
}

static double one_mover(int k, int m)
{
  return k == 17 ? 1e3 * m : 0.0;
}

static path *const paths[] = {brownian, jumping, resting, alternating, one_mover};
enum { PATHS = sizeof paths / sizeof *paths };

typedef struct sample {
  int64_t q[2 * CELLS];
  int exponent;
} sample;

static void check_nearest(int64_t n, const double *x, const sample *of)
{
  for (int64_t k = 0; k < 2 * n; k++) {
    const long double back = ldexpl((long double)of->q[k], of->exponent);
    check_at_most((double)fabsl(back - (long double)x[k]), ldexp(0.5, of->exponent), "nearest multiple of eta");
  }
}

/* Codes `to` after `from`, decodes, compares. */
static void check_round_trip(int64_t n, const sample *from, const sample *to)
{
  static uint32_t words[(2 * 63 + 1) * (CELLS / MN_GROUP + 1) + 1];
  static sample back;
  back = *from;
  mn_slab_rescale(from->exponent, to->exponent, n, back.q);
  memset(words, 0xa5, sizeof words);
  const int64_t coded = mn_slab_encode(n, back.q, to->q, words);
  assert_true(coded <= mn_slab_words_max(n));
  assert_int_equal(words[coded], 0xa5a5a5a5);
  check_ok(mn_slab_check(n, words, coded));
  assert_int_equal(mn_slab_decode(n, words, back.q), coded);
  assert_memory_equal(back.q, to->q, (size_t)(2 * n) * sizeof *back.q);
}

static void check_path(path *along, int64_t n)
{
  static sample slabs[2];
  static double x[2 * CELLS];
  memset(slabs, 0, sizeof slabs);
  for (int m = 0; m < STEPS; m++) {
    sample *to = &slabs[m % 2];
    to->exponent = -20 + (m * m) % 7; /* finer and coarser in turn */
    for (int k = 0; k < 2 * n; k++) {
      x[k] = along(k, m);
    }
    check_ok(mn_slab_quantize(to->exponent, n, x, to->q));
    check_nearest(n, x, to);
    check_round_trip(n, &slabs[1 - m % 2], to);
  }
}

static void decoding_gives_back_every_path_within_half_eta(void **state)
{
  (void)state;
  for (int p = 0; p < PATHS; p++) {
    for (int c = 0; c < COUNTS; c++) {
      check_path(paths[p], counts[c]);
    }
  }
}

/* Largest and smallest difference of a width; 0 for width 0. */
static int64_t extreme(int width, bool largest)
{
  if (width == 0) {
    return 0;
  }
  const int64_t half = INT64_C(1) << (width - 1);
  return largest ? half - 1 : -half;
}

static void every_width_is_coded_in_one_header_and_that_many_words(void **state)
{
  (void)state;
  for (int pair = 0; pair < 64 * 64; pair++) {
    const int width[2] = {pair % 64, pair / 64};
    int64_t from[2 * MN_GROUP] = {0};
    int64_t to[2 * MN_GROUP] = {0};
    uint32_t words[1 + 2 * 63];
    for (int k = 0; k < 2 * MN_GROUP; k++) {
      to[k] = k % 5 ? extreme(width[k % 2], k % 3 == 0) : 0;
    }
    const int64_t coded = mn_slab_encode(MN_GROUP, from, to, words);
    assert_int_equal(coded, 1 + width[0] + width[1]);
    check_ok(mn_slab_check(MN_GROUP, words, coded));
    assert_int_equal(mn_slab_decode(MN_GROUP, words, from), coded);
    assert_memory_equal(from, to, sizeof to);
  }
}

static void positions_up_to_the_documented_limit_are_coded(void **state)
{
  (void)state;
  static sample low;
  static sample high;
  const double most = nextafter(0x1p60, 0.0);
  double x[2 * 33];
  for (int k = 0; k < 66; k++) {
    x[k] = k % 4 == 3 ? 0.25 * k : -most;
  }
  check_ok(mn_slab_quantize(0, 33, x, low.q));
  for (int k = 0; k < 66; k++) {
    x[k] = k % 3 == 1 ? -1.0 : most;
  }
  check_ok(mn_slab_quantize(0, 33, x, high.q));
  check_nearest(33, x, &high);
  check_round_trip(33, &low, &high);
  check_round_trip(33, &high, &low);
}

/* Numbers of eta's where a sum with 1/2 is rounded: just below halves, and odd integers from 2^52 on. */
static void quantizing_rounds_to_nearest_also_where_doubles_are_integers(void **state)
{
  (void)state;
  static sample of = {.exponent = -3};
  double x[48];
  for (int k = 0; k < 48; k++) {
    const double scaled = k < 16 ? k - 8 + 0.5 - 1e-12 : ldexp(1.0, 51 + k % 8) + k;
    x[k] = ldexp(k % 2 ? -scaled : scaled, -3);
  }
  check_ok(mn_slab_quantize(-3, 24, x, of.q));
  check_nearest(24, x, &of);
}

static void positions_that_no_slab_holds_are_refused(void **state)
{
  (void)state;
  const double bad[] = {NAN, INFINITY, -INFINITY, 0x1.00001p50, -0x1.00001p50, 1e300}; /* 2^50 is 2^60 eta */
  for (size_t b = 0; b < sizeof bad / sizeof *bad; b++) {
    for (int k = 0; k < 6; k++) {
      double x[6] = {0.0};
      int64_t q[6];
      x[k] = bad[b];
      check_refused(mn_slab_quantize(-10, 3, x, q), MN_INTERNAL, "cell");
    }
  }
}

static void rescaling_rounds_halves_up(void **state)
{
  (void)state;
  for (int shift = -20; shift <= 70; shift++) {
    int64_t q[40];
    int64_t expected[40];
    for (int k = 0; k < 40; k++) {
      q[k] = (k % 2 ? -1 : 1) * ((INT64_C(1) << (k < 20 || shift < 0 ? k : k + 20)) + k % 3 - 1);
      expected[k] = (int64_t)floorl(ldexpl((long double)q[k], -shift) + 0.5L);
    }
    mn_slab_rescale(-30, -30 + shift, 20, q);
    assert_memory_equal(q, expected, sizeof q);
  }
  int64_t halves[4] = {3, -3, 1, -1};
  mn_slab_rescale(-8, -7, 2, halves);
  assert_true(halves[0] == 2 && halves[1] == -1 && halves[2] == 1 && halves[3] == 0);
}

/* A slab of 65 cells, three groups, and where their headers are. */
static int64_t make_slab(uint32_t *words, int64_t header[3])
{
  int64_t from[130] = {0};
  int64_t to[130];
  for (int k = 0; k < 130; k++) {
    to[k] = (int64_t)(1e6 * check_normal(4, (uint64_t)k));
  }
  header[0] = 0;
  for (int64_t g = 1; g < 3; g++) {
    header[g] = mn_slab_encode(MN_GROUP * g, from, to, words);
  }
  return mn_slab_encode(65, from, to, words);
}

static void damaged_slabs_are_refused(void **state)
{
  (void)state;
  uint32_t words[512] = {0};
  int64_t header[3];
  const int64_t count = make_slab(words, header);
  check_ok(mn_slab_check(65, words, count));
  for (int64_t wrong = 0; wrong < 512; wrong++) {
    if (wrong != count) {
      check_refused(mn_slab_check(65, words, wrong), MN_DATA, "slab");
    }
  }
  for (int h = 0; h < 3; h++) {
    for (int bit = 0; bit < 32; bit++) {
      words[header[h]] ^= UINT32_C(1) << bit;
      check_refused(mn_slab_check(65, words, count), MN_DATA, "slab");
      words[header[h]] ^= UINT32_C(1) << bit;
    }
  }
  check_refused(mn_slab_check(64, words, count), MN_DATA, "slab");
  check_refused(mn_slab_check(97, words, count), MN_DATA, "slab");
  check_ok(mn_slab_check(0, words, 0));
  check_refused(mn_slab_check(0, words, 1), MN_DATA, "slab");
}

static void eta_is_the_largest_power_of_two_the_tolerance_allows(void **state)
{
  (void)state;
  for (int k = 0; k < 600; k++) {
    const mn_model model = {.theta = pow(10.0, k % 7 - 3.3),
                            .regularization = k % 2 ? 0.0 : 0.013 * (k % 5),
                            .quadrature = k % 3 ? MN_BRIDGE : MN_FROZEN};
    const double tolerance = pow(10.0, -1.0 - k % 9);
    const double step = pow(10.0, -0.77 * (k % 8));
    const double eta = ldexp(1.0, mn_slab_exponent(&model, tolerance, step));
    const double allowed = (k % 3 ? 12.0 : 2.0) * tolerance * sqrt((step + model.regularization) / model.theta);
    assert_true(eta <= allowed && allowed < 2.0 * eta);
  }
}

static void entropy_is_that_of_a_normal_law(void **state)
{
  (void)state;
  const double pi = 3.14159265358979323846;
  for (int k = 0; k < 20; k++) {
    const double step = pow(3.0, 2 - k);
    const double expected = log2(sqrt(2.0 * step) * sqrt(2.0 * pi * exp(1.0)) / ldexp(1.0, -k - 12));
    check_absolute(mn_slab_entropy(-k - 12, step), expected, 1e-13, "rounding of a logarithm");
  }
}

enum { MANY = 160000 };

/* Bits per coordinate the coder spends on Brownian increments over `step`, headers included. */
static double counted_bits(int exponent, double step)
{
  double *x = NULL;
  int64_t *q = NULL;
  uint32_t *words = NULL;
  check_ok(mn_alloc(&x, 2 * MANY, sizeof *x));
  check_ok(mn_alloc(&q, 4 * MANY, sizeof *q));
  check_ok(mn_alloc(&words, mn_slab_words_max(MANY), sizeof *words));
  for (int k = 0; k < 2 * MANY; k++) {
    x[k] = sqrt(2.0 * step) * check_normal(9, (uint64_t)k);
  }
  check_ok(mn_slab_quantize(exponent, MANY, x, q + 2 * MANY));
  const int64_t coded = mn_slab_encode(MANY, q, q + 2 * MANY, words);
  mn_free(&x);
  mn_free(&q);
  mn_free(&words);
  return 32.0 * (double)coded / (2.0 * MANY);
}

static void expected_bits_are_what_the_coder_spends(void **state)
{
  (void)state;
  /* a width has a standard deviation below 0.6, and there are MANY/16 = 10000 of them */
  const double sampling = 5.0 * 0.6 / sqrt(2.0 * MANY / MN_GROUP);
  for (int k = 0; k < 8; k++) {
    const double step = 0.01 * pow(2.0, 0.25 * k);
    check_absolute(counted_bits(-17, step), mn_slab_expected_bits(-17, step), 0.05 + sampling,
                   "0.05 of the header and 5 sigma of sampling");
  }
  check_absolute(counted_bits(3, 0.01), mn_slab_expected_bits(3, 0.01), 0.05,
                 "headers alone: every increment rounds to 0");
}

static void bits_are_within_two_and_a_half_of_the_entropy(void **state)
{
  (void)state;
  for (int k = 0; k < 8; k++) {
    const double step = 0.01 * pow(2.0, 0.25 * k);
    const double excess = counted_bits(-17, step) - mn_slab_entropy(-17, step);
    assert_true(excess > 0.0);
    check_at_most(excess, 2.5, "half a bit of header, one of the rounded width, one of the largest of 32");
  }
}

static void slabs_are_three_times_smaller_than_doubles(void **state)
{
  (void)state;
  const mn_model model = {.theta = 1.0};
  for (int k = 0; k < 8; k++) {
    const double step = 0.1 * pow(2.0, -0.75 * k);
    check_at_most(3.0 * counted_bits(mn_slab_exponent(&model, 1e-6, step), step), 64.0, "the promised ratio");
  }
}

MN_TESTS("slab", cmocka_unit_test(decoding_gives_back_every_path_within_half_eta),
         cmocka_unit_test(every_width_is_coded_in_one_header_and_that_many_words),
         cmocka_unit_test(positions_up_to_the_documented_limit_are_coded),
         cmocka_unit_test(quantizing_rounds_to_nearest_also_where_doubles_are_integers),
         cmocka_unit_test(positions_that_no_slab_holds_are_refused), cmocka_unit_test(rescaling_rounds_halves_up),
         cmocka_unit_test(damaged_slabs_are_refused),
         cmocka_unit_test(eta_is_the_largest_power_of_two_the_tolerance_allows),
         cmocka_unit_test(entropy_is_that_of_a_normal_law), cmocka_unit_test(expected_bits_are_what_the_coder_spends),
         cmocka_unit_test(bits_are_within_two_and_a_half_of_the_entropy),
         cmocka_unit_test(slabs_are_three_times_smaller_than_doubles));
