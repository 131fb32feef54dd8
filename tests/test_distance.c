/* Distances.  Truth: for independent samples, Kolmogorov's limit law, de Moivre's mean absolute deviation of binomial
 * counts, the closed form of the mean square of the kernel distance; for clouds moved far away, the difference of
 * means.
 *
 * Statistical claims: 3 x 16 replicas.  "6 standard errors" by Student's t with 47 degrees: false alarm 3e-7 each. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/distance.h>
#include <mnemotaxis/kernel.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { MOST = 2500, SEEDS = 3 };

static const double pi = 3.14159265358979323846;

/* A mixture of two isotropic Gaussians. */
typedef struct law {
  double share[2];
  double centre[2][2];
  double sigma[2];
} law;

static const law normal = {{1.0, 0.0}, {{0.0, 0.0}, {0.0, 0.0}}, {1.0, 1.0}};
static const law shifted = {{1.0, 0.0}, {{0.4, -0.7}, {0.0, 0.0}}, {0.5, 1.0}};
static const law two = {{0.7, 0.3}, {{-0.6, 0.2}, {1.2, 0.5}}, {0.8, 0.5}};

static double cloud[2 * MOST];

static double density_of(const law *l, double x, double y)
{
  double sum = 0.0;
  for (int k = 0; k < 2; k++) {
    const double dx = x - l->centre[k][0];
    const double dy = y - l->centre[k][1];
    const double v = l->sigma[k] * l->sigma[k];
    sum += l->share[k] * exp(-0.5 * (dx * dx + dy * dy) / v) / (2.0 * pi * v);
  }
  return sum;
}

/* Graded axes of about `spacing` around the first centre; eight deviations on each side. */
static void make_plane(const law *l, double spacing, mn_plane *plane)
{
  mn_axis axis[2];
  for (int a = 0; a < 2; a++) {
    const mn_wish wish = {l->centre[0][a], spacing};
    const double c = l->centre[0][a];
    check_ok(mn_axis_make(c - 9.0 * l->sigma[0], c + 9.0 * l->sigma[0], 1, &wish, 0.1, 0, 8, 4096, &axis[a]));
  }
  check_ok(mn_plane_alloc(0.0, axis, plane));
  for (int j = 0; j < plane->axis[1].cells; j++) {
    for (int i = 0; i < plane->axis[0].cells; i++) {
      plane->density[(int64_t)j * plane->axis[0].cells + i] = density_of(l, plane->axis[0].x[i], plane->axis[1].x[j]);
    }
  }
}

/* Independent samples of the law: the first share of the cells belongs to the first Gaussian by a fair draw. */
static void make_cloud(const law *l, int64_t count, uint32_t seed)
{
  for (int64_t i = 0; i < count; i++) {
    const double u = 0.5 * erfc(-check_normal(seed + 1000, (uint64_t)i) / sqrt(2.0));
    const int k = u < l->share[0] ? 0 : 1;
    for (int a = 0; a < 2; a++) {
      cloud[2 * i + a] = l->centre[k][a] + l->sigma[k] * check_normal(seed, (uint64_t)(2 * i + a));
    }
  }
}

static mn_distance_row measured(const mn_parallel *p, const mn_plane *plane, int64_t count, uint32_t seed)
{
  mn_distance_row row;
  memset(&row, 0xff, sizeof row);
  check_ok(mn_distance_measure(p, plane, count, cloud, seed, &row));
  return row;
}

/* Means over SEEDS sets of replicas: of the distance, of its square, and the standard error of the former. */
typedef struct pooled {
  double mean[MN_DISTANCES], square[MN_DISTANCES], error[MN_DISTANCES];
} pooled;

static pooled pooled_noise(const law *l, int64_t count)
{
  mn_plane plane;
  pooled p = {{0}, {0}, {0}};
  make_plane(l, 0.3 * l->sigma[0], &plane);
  make_cloud(l, count, 1);
  for (uint32_t s = 0; s < SEEDS; s++) {
    const mn_distance_row row = measured(check_world(), &plane, count, 100 + s);
    for (int d = 0; d < MN_DISTANCES; d++) {
      const double v = row.spread[d] * row.spread[d];
      p.mean[d] += row.noise[d] / SEEDS;
      p.square[d] += (row.noise[d] * row.noise[d] + v * (MN_REPLICAS - 1) / MN_REPLICAS) / SEEDS;
      p.error[d] += v / SEEDS;
    }
  }
  for (int d = 0; d < MN_DISTANCES; d++) {
    p.error[d] = sqrt(p.error[d] / (SEEDS * MN_REPLICAS));
  }
  mn_plane_clear(&plane);
  return p;
}

/* Nine draws for each distance, from three laws; independent samples, so each value is one more replica: by Student's t
 * with 15 degrees a deviation of 9.5 spreads has probability 1e-7. */
static void samples_of_the_density_are_as_far_as_the_noise_says(void **state)
{
  (void)state;
  const law *const laws[] = {&normal, &shifted, &two};
  for (uint32_t k = 0; k < 3; k++) {
    mn_plane plane;
    make_plane(laws[k], 0.3 * laws[k]->sigma[0], &plane);
    double pull[MN_DISTANCES] = {0};
    for (uint32_t seed = 0; seed < 3; seed++) {
      make_cloud(laws[k], 1000, 10 + 3 * seed);
      const mn_distance_row row = measured(check_world(), &plane, 1000, seed);
      for (int d = 0; d < MN_DISTANCES; d++) {
        const double z = (row.value[d] - row.noise[d]) / row.spread[d];
        check_absolute(z, 0.0, 9.5, "Student's t with 15 degrees: 1e-7");
        pull[d] += z / 3.0;
      }
    }
    for (int d = 0; d < MN_DISTANCES; d++) {
      check_absolute(pull[d], 0.0, 5.0, "mean of three, heavy tails of Student's t included: below 1e-7");
    }
    mn_plane_clear(&plane);
  }
}

/* (sqrt(N) + 0.12) sup |F_N - F| has mean 0.8687 and deviation 0.2603 to 1e-3 (Stephens 1970). */
static void kolmogorov_noise_follows_the_limit_law_for_any_density(void **state)
{
  (void)state;
  const law *const laws[] = {&shifted, &two};
  for (int k = 0; k < 2; k++) {
    const double root = sqrt(800.0) + 0.12;
    const pooled p = pooled_noise(laws[k], 800);
    check_absolute(p.mean[MN_KOLMOGOROV] * root, 0.8687, 6.0 * 0.2603 / sqrt(SEEDS * MN_REPLICAS) + 1e-3,
                   "6 standard errors of 48 replicas");
  }
}

/* Of one cell at which F = u, uniform: max(u, 1 - u), uniform on [1/2, 1].  320 replicas: the standard error of the
 * mean is 0.0081; that of the mean of 20 variances, of a uniform law, 5 % of 1/48. */
static void noise_and_spread_of_single_cells_are_exact(void **state)
{
  (void)state;
  enum { SETS = 20 };
  mn_plane plane;
  double mean = 0.0;
  double variance = 0.0;
  make_plane(&normal, 0.5, &plane);
  make_cloud(&normal, 1, 1);
  for (uint32_t s = 0; s < SETS; s++) {
    const mn_distance_row row = measured(check_world(), &plane, 1, s);
    mean += row.noise[MN_KOLMOGOROV] / SETS;
    variance += row.spread[MN_KOLMOGOROV] * row.spread[MN_KOLMOGOROV] / SETS;
  }
  check_absolute(mean, 0.75, 6.0 * 0.0081, "6 standard errors");
  check_relative(variance, 1.0 / 48.0, 6.0 * 0.05, "6 standard errors");
  mn_plane_clear(&plane);
}

/* E |Binomial(n, p)/n - p|, de Moivre's closed form. */
static double absolute_deviation(double n, double p)
{
  const double m = floor(n * p) + 1.0;
  const double log_choose = lgamma(n + 1.0) - lgamma(m + 1.0) - lgamma(n - m + 1.0);
  return 2.0 * m / n * exp(log_choose + m * log(p) + (n - m + 1.0) * log1p(-p));
}

/* E of the Wasserstein-1 distance of n samples of a projected mixture, by the trapezoidal rule over +-9. */
static double expected_projection(const law *l, double n, double angle)
{
  enum { NODES = 4000 };
  double sum = 0.0;
  for (int i = 0; i < NODES; i++) {
    const double s = -9.0 + 18.0 * (i + 0.5) / NODES;
    double f = 0.0;
    for (int k = 0; k < 2; k++) {
      const double c = l->centre[k][0] * cos(angle) + l->centre[k][1] * sin(angle);
      f += l->share[k] * 0.5 * erfc((c - s) / (l->sigma[k] * sqrt(2.0)));
    }
    sum += f > 1e-14 && f < 1.0 - 1e-14 ? absolute_deviation(n, f) * 18.0 / NODES : 0.0;
  }
  return sum;
}

static void sliced_noise_is_the_mean_absolute_deviation_of_binomials(void **state)
{
  (void)state;
  static const int64_t counts[] = {1, 50};
  const law *const laws[] = {&normal, &two};
  for (int k = 0; k < 4; k++) {
    const law *l = laws[k % 2];
    const double n = (double)counts[k / 2];
    double expected = 0.0;
    for (int d = 0; d < MN_DIRECTIONS; d++) {
      expected += expected_projection(l, n, pi * (d + 0.5) / MN_DIRECTIONS) / MN_DIRECTIONS;
    }
    const pooled p = pooled_noise(l, counts[k / 2]);
    check_absolute(p.mean[MN_SLICED], expected, 6.0 * p.error[MN_SLICED] + 1e-2 * expected,
                   "6 standard errors of 48 replicas, and the width of the points");
  }
}

static void sliced_noise_of_many_is_the_brownian_bridge(void **state)
{
  (void)state;
  const pooled p = pooled_noise(&normal, MOST);
  double integral = 0.0;
  for (int i = 0; i < 4000; i++) {
    const double s = -10.0 + 20.0 * (i + 0.5) / 4000.0;
    const double f = 0.5 * erfc(-s / sqrt(2.0));
    integral += sqrt(f * (0.5 * erfc(s / sqrt(2.0)))) * 20.0 / 4000.0;
  }
  check_absolute(p.mean[MN_SLICED], sqrt(2.0 / (pi * MOST)) * integral, 6.0 * p.error[MN_SLICED] + 1.0 / MOST,
                 "6 standard errors, and the tails: 1/N");
}

/* sum of w(k) times 1 - |rho^|^2 (noise) or |1 - rho^|^2 (one point) of a normal law; modes as in distance.c. */
static double sobolev_sum(bool noise)
{
  double sum = 0.0;
  for (int m = -16; m <= 16; m++) {
    for (int n = -16; n <= 16; n++) {
      const double k2 = 0.09 * (m * m + n * n);
      const double part = noise ? -expm1(-k2) : expm1(-0.5 * k2) * expm1(-0.5 * k2);
      sum += part / ((1.0 + k2) * (1.0 + k2)) * 0.09 / (2.0 * pi);
    }
  }
  return sum;
}

static void sobolev_noise_is_the_closed_form_at_any_scale(void **state)
{
  (void)state;
  const law *const laws[] = {&normal, &shifted};
  for (int k = 0; k < 2; k++) {
    const pooled p = pooled_noise(laws[k], 500);
    const double error = 2.0 * p.mean[MN_SOBOLEV] * p.error[MN_SOBOLEV];
    check_absolute(p.square[MN_SOBOLEV], sobolev_sum(true) / 500.0, 6.0 * error, "6 standard errors of a square");
    check_relative(sobolev_sum(true), 0.5 * exp(1.0) * mn_exponential_integral(1.0), 0.1,
                   "the integral over all modes; those up to 4.8/s hold 93 % of it");
  }
}

/* Beyond the reach of the density all mass has to go the same way: the difference of the means, exactly.  The shift
 * is along x, and directions are odd multiples of pi/32, so none is across: the least shift is 9.8 deviations. */
static void a_cloud_far_away_is_as_far_as_the_means(void **state)
{
  (void)state;
  mn_plane plane;
  make_plane(&normal, 0.2, &plane);
  make_cloud(&normal, 500, 5);
  double mean[2] = {0.0, 0.0};
  for (int k = 0; k < 2 * 500; k++) {
    cloud[k] += k % 2 == 0 ? 100.0 : 0.0;
    mean[k % 2] += cloud[k] / 500.0;
  }
  double expected = 0.0;
  for (int d = 0; d < MN_DIRECTIONS; d++) {
    const double angle = pi * (d + 0.5) / MN_DIRECTIONS;
    expected += fabs(mean[0] * cos(angle) + mean[1] * sin(angle)) / MN_DIRECTIONS;
  }
  const mn_distance_row row = measured(check_world(), &plane, 500, 1);
  check_relative(row.value[MN_SLICED], expected, 1e-6, "tails of the density beyond 5 deviations");
  check_relative(row.value[MN_KOLMOGOROV], 1.0, 1e-6, "no cell where the density is");
  mn_plane_clear(&plane);
}

/* Projections of three times the cloud: W1 is the mean of (3 - 1)|z|, with a standard error below 3 x 0.6/sqrt(N); the
 * radial laws exp(-r^2/2) and exp(-r^2/18) differ most at r^2 = 9 log(9)/4. */
static void a_cloud_three_times_as_wide_is_as_far_as_the_laws(void **state)
{
  (void)state;
  mn_plane plane;
  make_plane(&normal, 0.2, &plane);
  make_cloud(&normal, MOST, 6);
  for (int k = 0; k < 2 * MOST; k++) {
    cloud[k] *= 3.0;
  }
  const mn_distance_row row = measured(check_world(), &plane, MOST, 1);
  const double r2 = 9.0 * log(9.0) / 4.0;
  check_absolute(row.value[MN_SLICED], 2.0 * sqrt(2.0 / pi), 6.0 * 1.8 / sqrt(MOST), "6 standard errors");
  check_absolute(row.value[MN_KOLMOGOROV], exp(-r2 / 18.0) - exp(-r2 / 2.0), 6.0 * 0.5 / sqrt(MOST),
                 "6 standard errors of a share");
  mn_plane_clear(&plane);
}

/* All cells at the centre: |1 - rho^|^2 mode by mode, whatever the scale; W1 is sigma E|z| = sigma sqrt(2/pi). */
static void one_point_has_the_closed_forms_at_any_scale(void **state)
{
  (void)state;
  const law *const laws[] = {&normal, &shifted};
  for (int l = 0; l < 2; l++) {
    mn_plane plane;
    make_plane(laws[l], 0.1 * laws[l]->sigma[0], &plane);
    for (int k = 0; k < 20; k++) {
      cloud[k] = laws[l]->centre[0][k % 2];
    }
    const mn_distance_row row = measured(check_world(), &plane, 10, 1);
    check_relative(row.value[MN_SLICED], laws[l]->sigma[0] * sqrt(2.0 / pi), 3e-3, "cells of width 0.1 and more");
    check_relative(row.value[MN_SOBOLEV], sqrt(sobolev_sum(false)), 3e-3, "cells of width 0.1 and more");
    mn_plane_clear(&plane);
  }
}

static void every_number_of_ranks_gives_the_same_bits(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_plane plane;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  make_plane(&two, 0.2, &plane);
  make_cloud(&two, 333, 7);
  const mn_distance_row together = measured(check_world(), &plane, 333, 4);
  const mn_distance_row single = measured(&alone, &plane, 333, 4);
  assert_memory_equal(&together, &single, sizeof single);
  mn_plane_clear(&plane);
  mn_parallel_destroy(&alone);
}

/* The radial law is distribution-free wherever the cloud is. */
static void samples_of_a_small_cloud_far_from_0_are_no_farther(void **state)
{
  (void)state;
  static const law aside = {{1.0, 0.0}, {{3.0, 0.0}, {0.0, 0.0}}, {0.1, 1.0}};
  mn_plane plane;
  make_plane(&aside, 0.02, &plane);
  make_cloud(&aside, 1000, 8);
  const mn_distance_row row = measured(check_world(), &plane, 1000, 1);
  check_absolute(row.noise[MN_KOLMOGOROV] * sqrt(1000.0), 0.8687, 6.0 * 0.2603 / sqrt(MN_REPLICAS),
                 "6 standard errors of 16 replicas");
  check_absolute(row.value[MN_KOLMOGOROV] * sqrt(1000.0), 0.8687, 2.0, "2 exp(-2 x^2) at 2.87: 1.4e-7");
  mn_plane_clear(&plane);
}

/* mn_distance_measure cuts the density into as many points, afresh for every cloud. */
static void a_yardstick_measures_the_same_bits_whatever_it_measured_before(void **state)
{
  (void)state;
  static const int64_t counts[] = {50, 1500, 1, 300, 50};
  const int64_t before = mn_memory_live();
  mn_plane plane;
  mn_yardstick *yardstick = NULL;
  make_plane(&two, 0.3, &plane);
  check_ok(mn_yardstick_create(&plane, 1 << 18, &yardstick));
  for (int k = 0; k < 5; k++) {
    double value[MN_DISTANCES];
    make_cloud(&two, counts[k], 1);
    check_ok(mn_yardstick_measure(yardstick, counts[k], cloud, value));
    const mn_distance_row row = measured(check_world(), &plane, counts[k], 1);
    assert_memory_equal(value, row.value, sizeof value);
  }
  mn_yardstick_destroy(&yardstick);
  mn_plane_clear(&plane);
  assert_int_equal(mn_memory_live(), before);
}

/* Pieces of width w and more; no direction is along the lines they lie in. */
static void a_yardstick_of_few_points_is_as_fine_as_they_are(void **state)
{
  (void)state;
  const double w = 0.3 * two.sigma[0];
  const double bound[MN_DISTANCES] = {w * w / 24.0, w / 32.0, w * w / 24.0};
  mn_plane plane;
  mn_yardstick *yardstick = NULL;
  make_plane(&two, w, &plane);
  check_ok(mn_yardstick_create(&plane, 1, &yardstick));
  for (int64_t count = 20; count <= MOST; count *= 5) {
    double value[MN_DISTANCES];
    make_cloud(&two, count, 3);
    check_ok(mn_yardstick_measure(yardstick, count, cloud, value));
    const mn_distance_row row = measured(check_world(), &plane, count, 1);
    for (int d = 0; d < MN_DISTANCES; d++) {
      assert_true(value[d] != row.value[d]);
      check_absolute(value[d], row.value[d], bound[d], "filling of pieces (distance.h)");
    }
  }
  mn_yardstick_destroy(&yardstick);
  mn_plane_clear(&plane);
}

MN_TESTS("distance", cmocka_unit_test(samples_of_the_density_are_as_far_as_the_noise_says),
         cmocka_unit_test(kolmogorov_noise_follows_the_limit_law_for_any_density),
         cmocka_unit_test(noise_and_spread_of_single_cells_are_exact),
         cmocka_unit_test(sliced_noise_is_the_mean_absolute_deviation_of_binomials),
         cmocka_unit_test(sliced_noise_of_many_is_the_brownian_bridge),
         cmocka_unit_test(sobolev_noise_is_the_closed_form_at_any_scale),
         cmocka_unit_test(a_cloud_far_away_is_as_far_as_the_means),
         cmocka_unit_test(a_cloud_three_times_as_wide_is_as_far_as_the_laws),
         cmocka_unit_test(one_point_has_the_closed_forms_at_any_scale),
         cmocka_unit_test(every_number_of_ranks_gives_the_same_bits),
         cmocka_unit_test(samples_of_a_small_cloud_far_from_0_are_no_farther),
         cmocka_unit_test(a_yardstick_measures_the_same_bits_whatever_it_measured_before),
         cmocka_unit_test(a_yardstick_of_few_points_is_as_fine_as_they_are));
