/* The initial law as a density.  Truth: sums over a mesh against moments in closed form; smeared disks and rings by
 * quadrature over radius and angle; samples of mn_initial_draw, smeared by normal numbers, in a chi-square statistic.
 */
#include "check.h"

#include <math.h>
#include <mnemotaxis/memory.h>

#include "continuum/start.h"

enum { SAMPLES = 100000, POINTS = 5 };

static const double pi = 3.14159265358979323846;

static const double points[2 * POINTS] = {0.3, -0.2, -1.0, 0.5, 0.9, 0.8, 0.3, -0.2, -0.4, -1.3};

static const mn_initial gaussian = {.kind = MN_INITIAL_GAUSSIAN, .centre = {0.3, -0.2}, .variance = 0.5};
static const mn_initial disk = {.kind = MN_INITIAL_DISK, .centre = {-0.1, 0.25}, .radius = 1.2};
static const mn_initial ring = {.kind = MN_INITIAL_RING, .centre = {0.2, 0.1}, .radius = 1.5, .width = 0.2};
static const mn_initial circle = {.kind = MN_INITIAL_RING, .centre = {0.2, -0.1}, .radius = 1.0};
static const mn_initial dirac = {.kind = MN_INITIAL_DIRAC, .centre = {0.1, 0.7}};
static const mn_initial file = {.kind = MN_INITIAL_FILE};
static const mn_initial clusters = {
    .kind = MN_INITIAL_CLUSTERS,
    .centre = {0.5, -0.25},
    .clusters = 3,
    .cluster = {{1.0, -1.5, 0.0, 0.25}, {3.0, 0.8, 1.0, 0.4}, {0.5, 0.0, -1.0, 0.3}},
};

static const mn_start starts[] = {
    {&gaussian, 0.0, 0, NULL}, {&gaussian, 0.3, 0, NULL},    {&disk, 0.2, 0, NULL},     {&ring, 0.0, 0, NULL},
    {&ring, 0.25, 0, NULL},    {&circle, 0.2, 0, NULL},      {&clusters, 0.0, 0, NULL}, {&clusters, 0.2, 0, NULL},
    {&dirac, 0.4, 0, NULL},    {&file, 0.3, POINTS, points}, {&disk, 0.0, 0, NULL},
};
enum { STARTS = sizeof starts / sizeof *starts, SMOOTH = STARTS - 1 /* the last one is sharp */ };

/* A density on all cells of a mesh. */
typedef struct picture {
  mn_axis axis[2];
  double *rho;
} picture;

static picture drawn_on(const mn_start *start, mn_axis x, mn_axis y)
{
  picture p = {{x, y}, NULL};
  const mn_patch all = {{0, 0}, {x.cells, y.cells}};
  check_ok(mn_alloc(&p.rho, (int64_t)x.cells * y.cells, sizeof *p.rho));
  check_ok(mn_start_density(start, p.axis, &all, p.rho));
  return p;
}

static void clear(picture *p)
{
  mn_axis_clear(&p->axis[0]);
  mn_axis_clear(&p->axis[1]);
  mn_free(&p->rho);
}

static mn_axis graded(double low, double high, double at)
{
  const mn_wish wish = {at, 0.06};
  mn_axis axis;
  check_ok(mn_axis_make(low, high, 1, &wish, 0.01, 0, 1, 1000, &axis));
  return axis;
}

static mn_axis uniform(double low, double high, int cells)
{
  mn_axis axis;
  check_ok(mn_axis_alloc(cells, low, high, &axis));
  for (int k = -MN_GHOSTS; k < cells + MN_GHOSTS; k++) {
    axis.width[k] = (high - low) / cells;
    axis.x[k] = low + (k + 0.5) * axis.width[k];
  }
  return axis;
}

/* Mass, mean and second moments xx xy yy around the mean of a density on a mesh. */
static void sums(const picture *p, double out[6])
{
  double raw[6] = {0};
  for (int k = 0; k < p->axis[0].cells * p->axis[1].cells; k++) {
    const int i = k % p->axis[0].cells;
    const int j = k / p->axis[0].cells;
    const double x = p->axis[0].x[i];
    const double y = p->axis[1].x[j];
    const double m = p->rho[k] * p->axis[0].width[i] * p->axis[1].width[j];
    const double term[6] = {m, m * x, m * y, m * x * x, m * x * y, m * y * y};
    for (int n = 0; n < 6; n++) {
      raw[n] += term[n];
    }
  }
  out[0] = raw[0];
  out[1] = raw[1];
  out[2] = raw[2];
  out[3] = raw[3] - raw[1] * raw[1];
  out[4] = raw[4] - raw[1] * raw[2];
  out[5] = raw[5] - raw[2] * raw[2];
}

static void check_sums(const mn_start *start, const double sum[6], double tolerance, const char *why)
{
  double mean[2];
  double covariance[3];
  mn_start_moments(start, mean, covariance);
  check_absolute(sum[0], 1.0, tolerance, why);
  check_absolute(mean[0], sum[1], tolerance, why);
  check_absolute(mean[1], sum[2], tolerance, why);
  for (int k = 0; k < 3; k++) {
    check_absolute(covariance[k], sum[3 + k], 2.0 * tolerance, why);
  }
}

static void densities_have_mass_one_and_the_moments_they_state(void **state)
{
  (void)state;
  for (int n = 0; n < SMOOTH; n++) {
    picture p = drawn_on(&starts[n], graded(-5.5, 6.0, 0.1), graded(-6.0, 5.5, -0.2));
    double sum[6];
    sums(&p, sum);
    check_sums(&starts[n], sum, 1e-9,
               "midpoint rule in a smooth map: exp(-2 pi^2 (0.2/0.1)^2); 7 deviations cut off 1e-11 (ring: 1/r times "
               "exp(-7.5^2/2))");
    clear(&p);
  }
}

static void a_sharp_disk_is_averaged_over_cells(void **state)
{
  (void)state;
  const mn_start *sharp = &starts[SMOOTH];
  picture p = drawn_on(sharp, uniform(-2.0, 2.0, 80), uniform(-2.0, 2.0, 90));
  double sum[6];
  sums(&p, sum);
  check_sums(sharp, sum, 1.5e-3,
             "80 x 16 points a side: lattice points in a circle to n^(2/3)/(pi n^2) = 1e-4, n = 380; "
             "second moments by h^2/12 = 2e-4");
  int between = 0;
  const double full = 1.0 / (pi * 1.44);
  for (int k = 0; k < 80 * 90; k++) {
    assert_true(p.rho[k] >= 0.0 && p.rho[k] <= full * (1 + 1e-12));
    const double r = hypot(p.axis[0].x[k % 80] + 0.1, p.axis[1].x[k / 80] - 0.25);
    between += p.rho[k] > 0.01 * full && p.rho[k] < 0.99 * full;
    assert_true(r > 1.16 || fabs(p.rho[k] - full) < 1e-12 * full);
    assert_true(r < 1.24 || p.rho[k] == 0.0);
  }
  assert_in_range(between, 100, 400); /* cells the circle crosses: 8 radius/h = 200 */
  clear(&p);
}

static void moments_are_those_of_the_drawn_law(void **state)
{
  (void)state;
  for (int n = 0; n < STARTS; n++) {
    const mn_start *start = &starts[n];
    double mean[2];
    double covariance[3];
    double centre[2];
    if (start->law->kind == MN_INITIAL_FILE) {
      continue;
    }
    const double square = mn_initial_mean_square(start->law, centre);
    mn_start_moments(start, mean, covariance);
    check_absolute(mean[0], centre[0], 1e-15, "rounding");
    check_absolute(mean[1], centre[1], 1e-15, "rounding");
    check_relative(covariance[0] + covariance[2] + mean[0] * mean[0] + mean[1] * mean[1],
                   square + 2.0 * start->smoothing * start->smoothing, 1e-14, "rounding");
  }
}

/* Density at (x, 0) of a circle of radius s around 0, smeared: mean over a turn. */
static double smeared(double s, double w, double x)
{
  const int turn = 32 + (int)(24.0 / w);
  double sum = 0.0;
  for (int m = 0; m < turn; m++) {
    const double r2 = x * x + s * s - 2.0 * x * s * cos(2.0 * pi * (m + 0.5) / turn);
    sum += exp(-0.5 * r2 / (w * w));
  }
  return sum / (turn * 2.0 * pi * w * w);
}

/* Simpson's rule over the radii of disk or ring. */
static double mixture(const mn_initial *law, double w, double x)
{
  enum { PANELS = 500 };
  const int flat = law->kind == MN_INITIAL_DISK;
  const double low = flat ? fmax(0.0, x - 9.0 * w) : fmax(-x - 9.0 * w, law->radius - 8.0 * law->width);
  const double high = fmin(x + 9.0 * w, law->radius + 8.0 * law->width);
  const double h = (high - low) / (2 * PANELS);
  double sum = 0.0;
  if (!flat && law->width == 0.0) {
    return smeared(law->radius, w, x);
  }
  if (high <= low) {
    return 0.0;
  }
  for (int k = 0; k <= 2 * PANELS; k++) {
    const double s = low + k * h;
    const double u = (s - law->radius) / law->width;
    const double p = flat ? 2.0 * s / (law->radius * law->radius) : exp(-0.5 * u * u) / (law->width * sqrt(2.0 * pi));
    sum += (k == 0 || k == 2 * PANELS ? 1.0 : k % 2 ? 4.0 : 2.0) * h / 3.0 * p * smeared(s, w, x);
  }
  return sum;
}

static void smeared_disks_and_rings_match_quadrature(void **state)
{
  (void)state;
  const mn_initial laws[] = {
      {.kind = MN_INITIAL_DISK, .radius = 1.0},
      {.kind = MN_INITIAL_RING, .radius = 1.0},
      {.kind = MN_INITIAL_RING, .radius = 1.0, .width = 0.15},
      {.kind = MN_INITIAL_RING, .radius = 0.3, .width = 0.3}, /* radii below 0 as well */
  };
  const double widths[] = {0.03, 0.2, 1.0};
  for (int n = 0; n < 4 * 3; n++) {
    const mn_initial *law = &laws[n / 3];
    const mn_start start = {law, widths[n % 3], 0, NULL};
    const double top = mixture(law, start.smoothing, 0.95);
    for (int k = 0; k < 9; k++) {
      const double x = 0.25 * k * (n % 3 == 2 ? 2.0 : 1.0);
      mn_axis axis[2] = {uniform(0.6 * x - 0.05, 0.6 * x + 0.05, 1), uniform(0.8 * x - 0.05, 0.8 * x + 0.05, 1)};
      const mn_patch one = {{0, 0}, {1, 1}};
      double rho;
      check_ok(mn_start_density(&start, axis, &one, &rho));
      check_absolute(rho, mixture(law, start.smoothing, x), 1e-8 * top,
                     "Simpson: (h/w)^4/180 = 3e-9 for h = (2 x + 18 w)/1000; 8 deviations");
      mn_axis_clear(&axis[0]);
      mn_axis_clear(&axis[1]);
    }
  }
}

/* Cell of sample k on a uniform mesh with `side` bins; -1 outside. */
static int bin_of(const mn_start *start, const double *drawn, int k, double low, double high, int side)
{
  int bin[2];
  for (int a = 0; a < 2; a++) {
    const double base = start->law->kind == MN_INITIAL_FILE ? points[2 * (k % POINTS) + a] : drawn[2 * k + a];
    const double x = base + start->smoothing * check_normal(77 + (uint32_t)a, (uint64_t)k);
    bin[a] = x >= low && x < high ? (int)(side * (x - low) / (high - low)) : -1;
  }
  return bin[0] < 0 || bin[1] < 0 ? -1 : bin[1] * side + bin[0];
}

/* Chi-square statistic of samples in SIDE x SIDE blocks of FINE x FINE cells, rare blocks and the outside put together.
 * @returns degrees of freedom */
static int chi_square(const mn_start *start, uint32_t seed, double *statistic)
{
  enum { SIDE = 20, FINE = 5, CELLS = SIDE * FINE };
  static double expected[SIDE * SIDE];
  static int64_t found[SIDE * SIDE + 1];
  double *drawn = NULL;
  picture p = drawn_on(start, uniform(-3.0, 3.0, CELLS), uniform(-3.0, 3.0, CELLS));
  check_ok(mn_alloc(&drawn, 2 * SAMPLES, sizeof *drawn));
  for (int k = 0; k <= SIDE * SIDE; k++) {
    expected[k % (SIDE * SIDE)] = 0.0;
    found[k] = 0;
  }
  for (int k = 0; k < CELLS * CELLS; k++) {
    expected[k / CELLS / FINE * SIDE + k % CELLS / FINE] += p.rho[k] * 36.0 / (CELLS * CELLS) * SAMPLES;
  }
  if (start->law->kind != MN_INITIAL_FILE) {
    mn_initial_draw(start->law, seed, (mn_block){0, SAMPLES}, drawn);
  }
  for (int k = 0; k < SAMPLES; k++) {
    const int bin = bin_of(start, drawn, k, -3.0, 3.0, SIDE);
    found[bin < 0 ? SIDE * SIDE : bin]++;
  }
  double rest = SAMPLES;
  double rare = (double)found[SIDE * SIDE];
  int freedom = 0;
  *statistic = 0.0;
  for (int k = 0; k < SIDE * SIDE; k++) {
    if (expected[k] >= 50.0) {
      *statistic += pow((double)found[k] - expected[k], 2) / expected[k];
      rest -= expected[k];
      freedom++;
    } else {
      rare += (double)found[k];
    }
  }
  *statistic += pow(rare - rest, 2) / fmax(rest, 50.0);
  mn_free(&drawn);
  clear(&p);
  return freedom;
}

static void samples_of_the_law_have_the_density(void **state)
{
  (void)state;
  for (int n = 0; n < STARTS; n++) {
    double statistic;
    const int freedom = chi_square(&starts[n], 2024, &statistic);
    assert_in_range(freedom, 30, 400);
    check_at_most(statistic, freedom + 2.0 * sqrt(16.0 * freedom) + 32.0,
                  "exceeded with probability exp(-16) = 1e-7 (Laurent, Massart 2000), seed fixed; cells of 0.06 add "
                  "SAMPLES ((0.06/0.2)^2/24)^2 = 1.4 or less");
  }
}

static void laws_without_a_density_are_refused(void **state)
{
  (void)state;
  const mn_initial point = {.kind = MN_INITIAL_GAUSSIAN};
  const mn_initial dot = {.kind = MN_INITIAL_DISK};
  mn_initial spiked = clusters;
  spiked.cluster[1].sigma = 0.0;
  const mn_initial *bad[] = {&dirac, &point, &circle, &dot, &file, &spiked};
  const char *words[] = {"a point",
                         "a point",
                         "a circle without width",
                         "a disk of radius 0",
                         "a set of points",
                         "a mixture with points in it"};
  for (int k = 0; k < 6; k++) {
    const mn_start sharp = {bad[k], 0.0, POINTS, points};
    const mn_start soft = {bad[k], 0.1, POINTS, points};
    check_refused(mn_start_check(&sharp), MN_USAGE, words[k]);
    check_refused(mn_start_check(&sharp), MN_USAGE, "pde.smoothing > 0");
    check_ok(mn_start_check(&soft));
  }
  for (int k = 0; k < STARTS; k++) {
    check_ok(mn_start_check(&starts[k]));
    assert_true(mn_start_is_sharp(&starts[k]) == (k == SMOOTH));
  }
}

static void patches_are_parts_of_the_whole(void **state)
{
  (void)state;
  for (int n = 0; n < STARTS; n++) {
    picture p = drawn_on(&starts[n], uniform(-2.0, 2.5, 30), uniform(-2.5, 2.0, 23));
    const mn_patch patch = {{11, 4}, {9, 14}};
    double part[9 * 14];
    check_ok(mn_start_density(&starts[n], p.axis, &patch, part));
    for (int k = 0; k < 9 * 14; k++) {
      assert_true(part[k] == p.rho[(4 + k / 9) * 30 + 11 + k % 9]);
    }
    clear(&p);
  }
}

static void wishes_are_a_fraction_of_the_scales(void **state)
{
  (void)state;
  mn_wish wish[100];
  assert_int_equal(mn_start_wishes(&starts[1], 1, 0.5, 100, wish), 1);
  assert_true(wish[0].at == -0.2);
  check_relative(wish[0].spacing, 0.5 * sqrt(0.5 + 0.09), 1e-15, "rounding");
  assert_int_equal(mn_start_wishes(&starts[6], 0, 0.5, 100, wish), 3);
  check_relative(wish[1].at, 0.5 + 0.8, 1e-15, "rounding");
  check_relative(wish[1].spacing, 0.2, 1e-15, "rounding");
  assert_int_equal(mn_start_wishes(&starts[6], 0, 0.5, 2, wish), 2);
  const int count = mn_start_wishes(&starts[4], 0, 0.5, 100, wish);
  for (int k = 0; k < count; k++) {
    check_relative(wish[k].spacing, 0.5 * hypot(0.2, 0.25), 1e-15, "the edge of the ring: width and smoothing");
    check_at_most(fabs(wish[k].at - 0.2), 1.5 * (1 + 1e-15), "on the ring; rounding");
  }
  check_absolute(wish[0].at, -1.3, 1e-15, "left edge");
  check_absolute(wish[count - 1].at, 1.7, 1e-15, "right edge");
}

/* A cell may lie on the centre of a ring, where the exact density grows as 1/r: its mean over the cell is finite. */
static void a_ring_is_finite_at_its_centre(void **state)
{
  (void)state;
  const double radius[] = {0.5, 1.5, 10.0}; /* 1/r of what is left at the centre; 0/0 for the last */
  for (int k = 0; k < 3; k++) {
    const mn_initial law = {.kind = MN_INITIAL_RING, .radius = radius[k], .width = 0.2};
    const mn_start start = {&law, 0.0, 0, NULL};
    picture p = drawn_on(&start, uniform(-0.5, 0.5, 11), uniform(-0.5, 0.5, 11));
    for (int n = 0; n < 121; n++) {
      assert_true(p.rho[n] >= 0.0 && p.rho[n] < 2.0); /* the mean of 1/r is 3.53/h: 1.1 */
    }
    clear(&p);
  }
}

MN_TESTS("start", cmocka_unit_test(densities_have_mass_one_and_the_moments_they_state),
         cmocka_unit_test(a_sharp_disk_is_averaged_over_cells), cmocka_unit_test(moments_are_those_of_the_drawn_law),
         cmocka_unit_test(smeared_disks_and_rings_match_quadrature),
         cmocka_unit_test(samples_of_the_law_have_the_density), cmocka_unit_test(laws_without_a_density_are_refused),
         cmocka_unit_test(patches_are_parts_of_the_whole), cmocka_unit_test(wishes_are_a_fraction_of_the_scales),
         cmocka_unit_test(a_ring_is_finite_at_its_centre));
