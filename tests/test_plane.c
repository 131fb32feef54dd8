/* Fields on their whole mesh.  Truth: closed forms of the fields and their gradients; the law of the distance of a
 * normal point, Rayleigh's, and off the centre Rice's by trapezoidal quadrature.  Meshes are graded. */
#include "check.h"

#include <math.h>
#include <stdlib.h>

#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/plane.h>
#include <mnemotaxis/radial.h>

static const double pi = 3.14159265358979323846;

/* Value and gradient of a field at a point. */
typedef double field_function(double x, double y, double gradient[2]);

static mn_axis graded(double low, double high, double at, double spacing, double growth, int cells)
{
  const mn_wish wish = {at, spacing};
  mn_axis axis;
  check_ok(mn_axis_make(low, high, 1, &wish, growth, cells, 1, 100000, &axis));
  return axis;
}

/* rho and c are both `f` on the axes. */
static mn_plane filled(mn_axis x, mn_axis y, field_function *f)
{
  mn_plane plane;
  mn_axis axis[2] = {x, y};
  check_ok(mn_plane_alloc(0.5, axis, &plane));
  assert_true(plane.time == 0.5 && axis[0].x == NULL && axis[1].x == NULL);
  for (int k = 0; k < plane.axis[0].cells * plane.axis[1].cells; k++) {
    const int i = k % plane.axis[0].cells;
    const int j = k / plane.axis[0].cells;
    double unused[2];
    plane.density[k] = f(plane.axis[0].x[i], plane.axis[1].x[j], unused);
    plane.chemical[k] = -2.0 * plane.density[k];
  }
  return plane;
}

/* Point k of a deterministic cloud over [low, high] of both axes. */
static void point(const mn_plane *plane, uint64_t k, double at[2])
{
  mn_noise_uniform(11, MN_STREAM_INITIAL, (uint32_t)k, 0, 3, at);
  for (int a = 0; a < 2; a++) {
    at[a] = plane->axis[a].low + at[a] * (plane->axis[a].high - plane->axis[a].low);
  }
}

static double density_at(const mn_plane *plane, double x, double y)
{
  double value;
  check_ok(mn_plane_sample_density(plane, 1, &x, 1, &y, &value));
  return value;
}

static double waves(double x, double y, double gradient[2])
{
  const double u = 1.3 * x + 0.4 * y;
  const double v = 0.7 * y - 0.9 * x;
  gradient[0] = 1.3 * cos(u) * cos(v) + 0.9 * sin(u) * sin(v);
  gradient[1] = 0.4 * cos(u) * cos(v) - 0.7 * sin(u) * sin(v);
  return sin(u) * cos(v);
}

/* Largest errors of value [0] and gradient [1] over 2000 points, those next to the border included. */
static void errors_of_waves(int cells, double error[2])
{
  mn_plane plane = filled(graded(-2.0, 3.0, 0.3, 0.05, 0.04, cells), graded(-1.0, 2.0, 0.0, 0.05, 0.06, cells), waves);
  error[0] = error[1] = 0.0;
  for (int k = 0; k < 2000; k++) {
    double at[2];
    double exact[2];
    double gradient[2];
    point(&plane, (uint64_t)k, at);
    const double value = waves(at[0], at[1], exact);
    error[0] = fmax(error[0], fabs(mn_plane_at(&plane, plane.density, at[0], at[1], gradient) - value));
    error[1] = fmax(error[1], hypot(gradient[0] - exact[0], gradient[1] - exact[1]));
    const double twice = mn_plane_at(&plane, plane.chemical, at[0], at[1], NULL);
    check_absolute(twice, -2.0 * mn_plane_at(&plane, plane.density, at[0], at[1], NULL), 1e-13, "the same weights");
  }
  mn_plane_clear(&plane);
}

static void interpolation_has_order_eight_and_its_gradient_seven(void **state)
{
  (void)state;
  double coarse[2];
  double middle[2];
  double fine[2];
  errors_of_waves(32, coarse);
  errors_of_waves(64, middle);
  errors_of_waves(128, fine);
  const char *why = "error of the Lagrange polynomial; half an order for points that sample the largest one";
  check_at_most(7.5, log2(coarse[0] / middle[0]), why);
  check_at_most(7.5, log2(middle[0] / fine[0]), why);
  check_at_most(6.5, log2(coarse[1] / middle[1]), why);
  check_at_most(6.5, log2(middle[1] / fine[1]), why);
  check_at_most(fine[0], 2e-8, "half a cell past the last centre: 15!!/2^8/8! h^8 f^(8), h = 0.06, f^(8) = 2.2^8");
}

static double polynomial(double x, double y, double gradient[2])
{
  const double px = 1.0 - x + 0.5 * pow(x, 3) + 0.2 * pow(x, 7);
  const double py = 0.3 + y * y - 0.7 * pow(y, 5) - 0.4 * pow(y, 7);
  gradient[0] = (-1.0 + 1.5 * x * x + 1.4 * pow(x, 6)) * py;
  gradient[1] = px * (2.0 * y - 3.5 * pow(y, 4) - 2.8 * pow(y, 6));
  return px * py;
}

static void polynomials_of_degree_seven_are_exact(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-1.0, 1.2, 0.3, 0.1, 0.1, 12), graded(-1.1, 1.0, 0.0, 0.1, 0.1, 8), polynomial);
  for (int k = 0; k < 500; k++) {
    double at[2];
    double exact[2];
    double gradient[2];
    point(&plane, (uint64_t)k, at);
    const double value = polynomial(at[0], at[1], exact);
    const char *why = "rounding of terms of order 1 times weights of 100 at the border, slopes 1/h = 20 more";
    check_absolute(mn_plane_at(&plane, plane.density, at[0], at[1], gradient), value, 5e-12, why);
    check_absolute(gradient[0], exact[0], 5e-11, why);
    check_absolute(gradient[1], exact[1], 5e-11, why);
  }
  mn_plane_clear(&plane);
}

static void outside_the_mesh_all_is_zero(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-2.0, 3.0, 0.3, 0.02, 0.1, 24), graded(-1.0, 2.0, 0.0, 0.05, 0.1, 24), polynomial);
  const double outside[][2] = {{-2.001, 0.0}, {3.001, 0.0}, {0.0, -1.001}, {0.0, 2.001}, {1e9, -1e9}, {NAN, 0.0}};
  for (int k = 0; k < 6; k++) {
    double gradient[2] = {7.0, 7.0};
    assert_true(mn_plane_at(&plane, plane.density, outside[k][0], outside[k][1], gradient) == 0.0);
    assert_true(gradient[0] == 0.0 && gradient[1] == 0.0);
    assert_true(density_at(&plane, outside[k][0], outside[k][1]) == 0.0);
  }
  assert_true(mn_plane_at(&plane, plane.density, -2.0, 2.0, NULL) != 0.0);
  mn_plane_clear(&plane);
}

static void samples_are_the_values_point_by_point(void **state)
{
  (void)state;
  enum { NX = 7, NY = 5 };
  mn_plane plane = filled(graded(-2.0, 3.0, 0.3, 0.02, 0.1, 30), graded(-1.0, 2.0, 0.0, 0.05, 0.1, 20), waves);
  const double x[NX] = {-2.5, -2.0, 0.31, 0.3, 2.9, 3.0, 3.1};
  const double y[NY] = {1.9, -1.1, 0.7, -1.0, 2.1};
  double value[NX * NY];
  double dx[NX * NY];
  double dy[NX * NY];
  double *const slope[2] = {dx, dy};
  check_ok(mn_plane_sample(&plane, plane.density, NX, x, NY, y, value, slope));
  for (int k = 0; k < NX * NY; k++) {
    double gradient[2];
    const double one = mn_plane_at(&plane, plane.density, x[k % NX], y[k / NX], gradient);
    check_absolute(value[k], one, 1e-13, "rounding: the order of sums; weights of 100 at the border");
    check_absolute(dx[k], gradient[0], 1e-11, "the same, over widths of 1/50");
    check_absolute(dy[k], gradient[1], 1e-11, "the same, over widths of 1/20");
  }
  check_ok(mn_plane_sample(&plane, plane.chemical, NX, x, NY, y, value, NULL));
  check_absolute(value[2 * NX + 3], mn_plane_at(&plane, plane.chemical, x[3], y[2], NULL), 1e-13, "as above");
  mn_plane_clear(&plane);
}

/* A normal density with deviation 1 around (0.15, -0.1). */
static double normal(double x, double y, double gradient[2])
{
  const double dx = x - 0.15;
  const double dy = y + 0.1;
  const double value = exp(-0.5 * (dx * dx + dy * dy)) / (2.0 * pi);
  gradient[0] = -dx * value;
  gradient[1] = -dy * value;
  return value;
}

static void the_peak_is_found_between_the_cells(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-8.0, 8.3, 0.0, 0.1, 0.05, 0), graded(-8.2, 8.0, 0.4, 0.1, 0.05, 0), normal);
  double at[2];
  check_relative(mn_plane_peak(&plane, at), 1.0 / (2.0 * pi), 2e-8, "order 8: h^8 105 105/2^8/8! = 1e-3 h^8, h = 0.2");
  check_absolute(at[0], 0.15, 1e-5, "root of the square root of rounding, and order 7 of the gradient");
  check_absolute(at[1], -0.1, 1e-5, "root of the square root of rounding, and order 7 of the gradient");
  mn_plane_clear(&plane);
}

static int cell_of(const mn_axis *axis, double z)
{
  int k = 0;
  while (k < axis->cells - 2 && axis->x[k + 1] <= z) {
    k++;
  }
  return k;
}

/* Within the outermost centres the mean of logarithms is off by (hx^2 + hy^2)/8 at most, second derivatives being 1;
 * and what is "near" to the four cells should not be farther from the truth than a factor 2. */
static void densities_are_right_to_a_factor_of_two_into_the_tail(void **state)
{
  (void)state;
  const double spacings[] = {0.25, 0.1, 0.1};
  const double growths[] = {1e-6, 0.05, 0.15};
  for (int n = 0; n < 3; n++) {
    mn_plane plane = filled(graded(-14.0, 15.0, 0.0, spacings[n], growths[n], 0),
                            graded(-15.0, 14.0, 0.0, spacings[n], growths[n], 0), normal);
    for (int k = 0; k < 20000; k++) {
      double at[2];
      double unused[2];
      point(&plane, (uint64_t)k, at);
      const int i = cell_of(&plane.axis[0], at[0]);
      const int j = cell_of(&plane.axis[1], at[1]);
      const double hx = plane.axis[0].x[i + 1] - plane.axis[0].x[i];
      const double hy = plane.axis[1].x[j + 1] - plane.axis[1].x[j];
      const double value = density_at(&plane, at[0], at[1]);
      assert_true(value >= 0.0);
      if (fabs(at[0]) < 12.0 && fabs(at[1]) < 12.0) {
        check_absolute(log(value / normal(at[0], at[1], unused)), 0.0, log(2.0) + (hx * hx + hy * hy) / 8.0,
                       "bilinear interpolation of the logarithm; a factor 2");
      }
    }
    mn_plane_clear(&plane);
  }
}

static void densities_are_the_interpolant_where_it_is_good(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-7.0, 7.3, 0.0, 0.1, 0.02, 0), graded(-7.2, 7.0, 0.1, 0.1, 0.02, 0), normal);
  for (int k = 0; k < 20000; k++) {
    double at[2];
    double unused[2];
    point(&plane, (uint64_t)k, at);
    const double value = density_at(&plane, at[0], at[1]);
    if (hypot(at[0], at[1]) < 2.5) {
      check_relative(value, mn_plane_at(&plane, plane.density, at[0], at[1], NULL), 1e-13, "the order of sums");
      check_relative(value, normal(at[0], at[1], unused), 1e-6, "order 8 at h = 0.15, Hermite H_8 of order 1e3 at 2.5");
    }
  }
  mn_plane_clear(&plane);
}

/* Fields of a scheme that is not positive may have values just below 0. */
static double rippled(double x, double y, double gradient[2])
{
  return normal(x, y, gradient) - 1e-9 * (1.0 + sin(3.0 * x) * sin(2.0 * y));
}

static void densities_are_never_negative(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-10.0, 10.3, 0.0, 0.2, 0.02, 0), graded(-10.2, 10.0, 0.1, 0.2, 0.02, 0), rippled);
  for (int k = 0; k < 20000; k++) {
    double at[2];
    point(&plane, (uint64_t)k, at);
    check_at_most(-density_at(&plane, at[0], at[1]), 0.0, "a promise of the header");
  }
  mn_plane_clear(&plane);
}

static mn_radial radial_of(const mn_plane *plane)
{
  mn_plane_points points;
  mn_radial radial;
  check_ok(mn_plane_points_make(plane, 1 << 18, &points));
  check_ok(mn_radial_make(&points, &radial));
  mn_plane_points_clear(&points);
  return radial;
}

enum { RADII = 60 };

static const char *const table =
    "3e-5 between circles; slopes of 0.1 across the 100 pieces that one cuts, 0.1 w^3/8 each, as a random sum";

static void check_radial(const mn_plane *plane, double distance)
{
  enum { STEPS = 2400, TURN = 256 };
  const mn_radial radial = radial_of(plane);
  const double h = 0.1 * RADII / STEPS;
  double exact = 0.0;
  for (int k = 0; k < STEPS; k++) { /* midpoint rule for Rice's law; its Bessel function by the mean over a turn */
    if (k % (STEPS / RADII) == 0) {
      check_absolute(mn_radial_mass(&radial, k * h), exact, 8e-5, table);
    }
    const double r = (k + 0.5) * h;
    double sum = 0.0;
    for (int m = 0; m < TURN; m++) {
      sum += exp(-0.5 * (r * r + distance * distance - 2.0 * r * distance * cos(2.0 * pi * m / TURN))) / TURN;
    }
    exact += h * r * sum;
  }
}

static double centred(double x, double y, double gradient[2])
{
  return normal(x + 0.15, y - 0.1, gradient);
}

static double far_off(double x, double y, double gradient[2])
{
  return normal(x - 2.25, y + 1.1, gradient);
}

static void masses_within_radii_are_those_of_the_distance(void **state)
{
  (void)state;
  field_function *const laws[] = {centred, normal, far_off};
  const double distance[] = {0.0, hypot(0.15, 0.1), hypot(2.4, 1.2)};
  for (int n = 0; n < 3; n++) {
    mn_plane plane = filled(graded(-8.0, 8.3, 0.0, 0.15, 0.01, 0), graded(-8.2, 8.0, 0.1, 0.15, 0.01, 0), laws[n]);
    check_radial(&plane, distance[n]);
    mn_plane_clear(&plane);
  }
}

static void quantiles_invert_the_masses(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-8.0, 8.3, 0.0, 0.15, 0.01, 0), graded(-8.2, 8.0, 0.1, 0.15, 0.01, 0), centred);
  const mn_radial radial = radial_of(&plane);
  for (int k = 1; k < 100; k++) {
    const double r = mn_radial_quantile(&radial, 0.01 * k);
    check_absolute(mn_radial_mass(&radial, r), 0.01 * k, 1e-14, "rounding: the same lines");
    check_absolute(-expm1(-0.5 * r * r), 0.01 * k, 8e-5, table);
  }
  assert_true(mn_radial_mass(&radial, 0.0) == 0.0 && mn_radial_mass(&radial, 1e9) == 1.0);
  mn_plane_clear(&plane);
}

/* Deviation 0.03 around (4, 3), which is 170 deviations from 0. */
static double narrow(double x, double y, double gradient[2])
{
  return normal((x - 4.0) / 0.03 + 0.15, (y - 3.0) / 0.03 - 0.1, gradient) / 0.0009;
}

static void narrow_clusters_off_the_centre_are_seen(void **state)
{
  (void)state;
  mn_plane plane = filled(graded(-8.0, 8.0, 4.0, 0.005, 0.02, 0), graded(-8.0, 8.0, 3.0, 0.005, 0.02, 0), narrow);
  const mn_radial radial = radial_of(&plane);
  const double normal_quantile[][2] = {{0.10, -1.2815515655}, {0.5, 0.0}, {0.75, 0.6744897502}, {0.9, 1.2815515655}};
  for (int k = 0; k < 4; k++) {
    check_absolute(
        mn_radial_quantile(&radial, normal_quantile[k][0]), 5.0 + 0.03 * normal_quantile[k][1], 1.1e-4,
        "the radius is normal around 5 but for 0.03^2/(2 5) = 9e-5, the bend of circles; interpolation 1e-5");
  }
  assert_true(mn_radial_mass(&radial, 4.7) < 2e-7 && mn_radial_mass(&radial, 5.3) > 1.0 - 2e-7);
  mn_plane_clear(&plane);
}

static double step(double x, double y, double gradient[2])
{
  gradient[0] = gradient[1] = 0.0;
  return hypot(x, y) < 1.0 ? 1.0 / pi : 0.0;
}

static void a_jump_keeps_its_mass(void **state)
{
  (void)state;
  enum { FINE = 320 };
  double *value = malloc(FINE * FINE * sizeof *value);
  double at[FINE];
  double sum = 0.0;
  double fine = 0.0;
  mn_plane plane = filled(graded(-2.0, 2.0, 0.0, 4.0, 1e-6, 80), graded(-2.0, 2.0, 0.0, 4.0, 1e-6, 80), step);
  for (int k = 0; k < 80 * 80; k++) {
    sum += plane.density[k] * 0.05 * 0.05;
  }
  for (int k = 0; k < FINE; k++) {
    at[k] = -2.0 + 4.0 * (k + 0.5) / FINE;
  }
  check_ok(mn_plane_sample_density(&plane, FINE, at, FINE, at, value));
  for (int k = 0; k < FINE * FINE; k++) {
    fine += value[k] * (4.0 / FINE) * (4.0 / FINE);
  }
  check_absolute(fine, sum, 0.01, "a tenth of the cells that the circle crosses, 8/0.05 cells of 0.05^2/pi");
  free(value);
  mn_plane_clear(&plane);
}

MN_TESTS("plane", cmocka_unit_test(interpolation_has_order_eight_and_its_gradient_seven),
         cmocka_unit_test(polynomials_of_degree_seven_are_exact), cmocka_unit_test(outside_the_mesh_all_is_zero),
         cmocka_unit_test(samples_are_the_values_point_by_point), cmocka_unit_test(the_peak_is_found_between_the_cells),
         cmocka_unit_test(densities_are_right_to_a_factor_of_two_into_the_tail),
         cmocka_unit_test(densities_are_the_interpolant_where_it_is_good),
         cmocka_unit_test(densities_are_never_negative),
         cmocka_unit_test(masses_within_radii_are_those_of_the_distance), cmocka_unit_test(a_jump_keeps_its_mass),
         cmocka_unit_test(quantiles_invert_the_masses), cmocka_unit_test(narrow_clusters_off_the_centre_are_seen));
