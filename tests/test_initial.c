/* Starting laws.  Truth: moments, distributions of radius and angle, and weights in closed form.  Samples of 200000
 * cells with fixed seeds; bounds at 5 standard errors (false alarm below 6e-7), Kolmogorov distances below
 * 2.8/sqrt(n), exceeded with probability 2 exp(-2 2.8^2) = 3e-7. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <stdlib.h>

enum { N = 200000 };

static const double pi = 3.14159265358979323846;
static const char five_sigma[] = "5 standard errors, seed fixed";

static const mn_initial laws[] = {
    {.kind = MN_INITIAL_GAUSSIAN, .centre = {1.0, -2.0}, .variance = 0.3},
    {.kind = MN_INITIAL_DISK, .centre = {-0.5, 0.25}, .radius = 2.0},
    {.kind = MN_INITIAL_RING, .centre = {3.0, 0.0}, .radius = 1.5, .width = 0.2},
    {.kind = MN_INITIAL_DIRAC, .centre = {0.1, 0.7}},
    {.kind = MN_INITIAL_CLUSTERS,
     .centre = {0.5, 0.5},
     .clusters = 3,
     .cluster = {{1.0, -10.0, 0.0, 0.5}, {3.0, 10.0, 1.0, 1.0}, {6.0, 0.0, 20.0, 0.0}}},
};
enum { LAWS = sizeof laws / sizeof *laws };

static double *drawn(const mn_initial *law, uint32_t seed)
{
  double *x = NULL;
  check_ok(mn_alloc(&x, 2 * N, sizeof *x));
  mn_initial_draw(law, seed, (mn_block){0, N}, x);
  return x;
}

/* Mean and its standard error of N values. */
static void mean_of(const double *values, int stride, double *mean, double *error)
{
  double sum = 0.0;
  double squares = 0.0;
  for (int i = 0; i < N; i++) {
    sum += values[stride * i] / N;
  }
  for (int i = 0; i < N; i++) {
    squares += (values[stride * i] - sum) * (values[stride * i] - sum);
  }
  *mean = sum;
  *error = sqrt(squares) / N;
}

static void check_mean(const double *values, int stride, double expected)
{
  double mean;
  double error;
  mean_of(values, stride, &mean, &error);
  check_absolute(mean, expected, 5.0 * error + 1e-10, five_sigma);
}

static void every_law_has_the_mean_and_the_mean_square_it_states(void **state)
{
  (void)state;
  double *square = NULL;
  check_ok(mn_alloc(&square, N, sizeof *square));
  for (int k = 0; k < LAWS; k++) {
    double centre[2];
    double *x = drawn(&laws[k], 5);
    const double mean_square = mn_initial_mean_square(&laws[k], centre);
    for (int i = 0; i < N; i++) {
      square[i] = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1];
    }
    check_mean(x, 2, centre[0]);
    check_mean(x + 1, 2, centre[1]);
    check_mean(square, 1, mean_square);
    mn_free(&x);
  }
  mn_free(&square);
}

static void stated_moments_are_the_closed_forms(void **state)
{
  (void)state;
  /* E|X|^2 = |mean|^2 + variance; clusters: mean (2.5, 12.3) of places shifted by (0.5, 0.5) */
  const double clusters =
      (0.1 * (9.5 * 9.5 + 0.25 + 0.5) + 0.3 * (10.5 * 10.5 + 2.25 + 2.0) + 0.6 * (0.25 + 20.5 * 20.5));
  const double expected[LAWS][3] = {{1.0, -2.0, 5.0 + 0.6},
                                    {-0.5, 0.25, 0.3125 + 2.0},
                                    {3.0, 0.0, 9.0 + 2.25 + 0.04},
                                    {0.1, 0.7, 0.5},
                                    {2.5, 12.8, clusters}};
  for (int k = 0; k < LAWS; k++) {
    double centre[2];
    check_relative(mn_initial_mean_square(&laws[k], centre), expected[k][2], 1e-14, "rounding");
    check_absolute(centre[0], expected[k][0], 1e-14, "rounding");
    check_absolute(centre[1], expected[k][1], 1e-14, "rounding");
  }
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Kolmogorov distance of N values, which it sorts, to a distribution function. */
static double kolmogorov(double *values, double (*distribution)(double at))
{
  double worst = 0.0;
  qsort(values, N, sizeof *values, ascending);
  for (int i = 0; i < N; i++) {
    const double f = distribution(values[i]);
    worst = fmax(worst, fmax((i + 1.0) / N - f, f - (double)i / N));
  }
  return worst;
}

static double disk_radius(double r)
{
  return r >= 2.0 ? 1.0 : r * r / 4.0;
}

static double gaussian_radius(double r)
{
  return -expm1(-r * r / 0.6);
}

static double ring_radius(double r)
{
  return 0.5 * erfc(-(r - 1.5) / (0.2 * sqrt(2.0)));
}

static double uniform_angle(double angle)
{
  return (angle + pi) / (2.0 * pi);
}

static void radii_and_angles_around_the_centre_have_their_distributions(void **state)
{
  (void)state;
  double (*const radius[])(double) = {gaussian_radius, disk_radius, ring_radius};
  double *r = NULL;
  double *angle = NULL;
  check_ok(mn_alloc(&r, N, sizeof *r));
  check_ok(mn_alloc(&angle, N, sizeof *angle));
  for (int k = 0; k < 3; k++) {
    double *x = drawn(&laws[k], 17);
    for (int i = 0; i < N; i++) {
      const double y[2] = {x[2 * i] - laws[k].centre[0], x[2 * i + 1] - laws[k].centre[1]};
      r[i] = hypot(y[0], y[1]);
      angle[i] = atan2(y[1], y[0]);
    }
    check_at_most(kolmogorov(r, radius[k]), 2.8 / sqrt(N), "Kolmogorov-Smirnov, false alarm 3e-7");
    check_at_most(kolmogorov(angle, uniform_angle), 2.8 / sqrt(N), "Kolmogorov-Smirnov, false alarm 3e-7");
    mn_free(&x);
  }
  mn_free(&r);
  mn_free(&angle);
}

static void radius_and_angle_are_independent(void **state)
{
  (void)state;
  double *product = NULL;
  check_ok(mn_alloc(&product, N, sizeof *product));
  for (int k = 0; k < 3; k++) {
    double *x = drawn(&laws[k], 23);
    for (int harmonic = 1; harmonic <= 4; harmonic++) {
      for (int i = 0; i < N; i++) {
        const double y[2] = {x[2 * i] - laws[k].centre[0], x[2 * i + 1] - laws[k].centre[1]};
        product[i] = hypot(y[0], y[1]) * sin(harmonic * atan2(y[1], y[0]) + 0.3);
      }
      check_mean(product, 1, 0.0);
    }
    mn_free(&x);
  }
  mn_free(&product);
}

static void no_cell_of_a_disk_starts_outside(void **state)
{
  (void)state;
  double *x = drawn(&laws[1], 29);
  for (int i = 0; i < N; i++) {
    check_at_most(hypot(x[2 * i] + 0.5, x[2 * i + 1] - 0.25), 2.0 * (1.0 + 1e-14), "the radius, rounded");
  }
  mn_free(&x);
}

static void a_point_start_is_exact(void **state)
{
  (void)state;
  double *x = drawn(&laws[3], 31);
  for (int i = 0; i < N; i++) {
    assert_true(x[2 * i] == 0.1 && x[2 * i + 1] == 0.7);
  }
  mn_free(&x);
}

/* The clusters are 10 and more deviations apart. */
static void clusters_get_their_weights_and_spreads(void **state)
{
  (void)state;
  double *x = drawn(&laws[4], 37);
  double count[3] = {0.0, 0.0, 0.0};
  double square[3] = {0.0, 0.0, 0.0};
  for (int i = 0; i < N; i++) {
    const double y[2] = {x[2 * i] - 0.5, x[2 * i + 1] - 0.5};
    const int k = y[1] > 10.0 ? 2 : y[0] > 0.0 ? 1 : 0;
    const mn_blob *c = &laws[4].cluster[k];
    count[k] += 1.0;
    square[k] += (y[0] - c->x) * (y[0] - c->x) + (y[1] - c->y) * (y[1] - c->y);
  }
  for (int k = 0; k < 3; k++) {
    const mn_blob *c = &laws[4].cluster[k];
    const double weight = c->amplitude / 10.0;
    check_absolute(count[k] / N, weight, 5.0 * sqrt(weight * (1.0 - weight) / N), five_sigma);
    const double spread = 2.0 * c->sigma * c->sigma;
    check_absolute(square[k] / count[k], spread, 5.0 * spread / sqrt(count[k]) + 1e-24, five_sigma);
  }
  mn_free(&x);
}

static void a_cell_draws_the_same_in_any_block(void **state)
{
  (void)state;
  for (int k = 0; k < LAWS; k++) {
    double *all = drawn(&laws[k], 41);
    for (int64_t begin = 0; begin < 1000; begin += 37) {
      double part[2 * 50];
      const mn_block block = {begin, begin + begin % 50};
      mn_initial_draw(&laws[k], 41, block, part);
      assert_memory_equal(part, all + 2 * begin, (size_t)(2 * (begin % 50)) * sizeof *part);
    }
    mn_free(&all);
  }
}

static void another_seed_draws_independent_points(void **state)
{
  (void)state;
  double *a = drawn(&laws[0], 43);
  double *b = drawn(&laws[0], 44);
  for (int i = 0; i < 2 * N; i++) {
    a[i] = (a[i] - laws[0].centre[i % 2]) * (b[i] - laws[0].centre[i % 2]);
  }
  check_mean(a, 2, 0.0);
  check_mean(a + 1, 2, 0.0);
  mn_free(&a);
  mn_free(&b);
}

static void neighbouring_cells_and_coordinates_are_uncorrelated(void **state)
{
  (void)state;
  double *x = drawn(&laws[0], 47);
  double *product = NULL;
  check_ok(mn_alloc(&product, N, sizeof *product));
  for (int lag = 1; lag <= 4; lag++) { /* 1: the other coordinate of the cell; 2 and 4: the next cells */
    for (int i = 0; i < N; i++) {
      const int k = 2 * i;
      const int j = (k + lag) % (2 * N);
      product[i] = (x[k] - laws[0].centre[0]) * (x[j] - laws[0].centre[j % 2]);
    }
    check_mean(product, 1, 0.0);
  }
  mn_free(&product);
  mn_free(&x);
}

MN_TESTS("initial", cmocka_unit_test(every_law_has_the_mean_and_the_mean_square_it_states),
         cmocka_unit_test(stated_moments_are_the_closed_forms),
         cmocka_unit_test(radii_and_angles_around_the_centre_have_their_distributions),
         cmocka_unit_test(radius_and_angle_are_independent), cmocka_unit_test(no_cell_of_a_disk_starts_outside),
         cmocka_unit_test(a_point_start_is_exact), cmocka_unit_test(clusters_get_their_weights_and_spreads),
         cmocka_unit_test(a_cell_draws_the_same_in_any_block), cmocka_unit_test(another_seed_draws_independent_points),
         cmocka_unit_test(neighbouring_cells_and_coordinates_are_uncorrelated));
