/* The density as weighted points.  Truth: mass, moments and symmetry of normal laws. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/plane.h>

static const double pi = 3.14159265358979323846;

/* A normal law. */
typedef struct law {
  double centre[2];
  double sigma;
} law;

/* Graded axes of about `spacing` around the centre; nine deviations on each side. */
static void make_plane(const law *l, double spacing, mn_plane *plane)
{
  mn_axis axis[2];
  for (int a = 0; a < 2; a++) {
    const double c = l->centre[a];
    const mn_wish wish = {c, spacing};
    check_ok(mn_axis_make(c - 9.0 * l->sigma, c + 9.0 * l->sigma, 1, &wish, 0.1, 0, 8, 4096, &axis[a]));
  }
  check_ok(mn_plane_alloc(0.0, axis, plane));
  for (int k = 0; k < plane->axis[0].cells * plane->axis[1].cells; k++) {
    const double x = plane->axis[0].x[k % plane->axis[0].cells] - l->centre[0];
    const double y = plane->axis[1].x[k / plane->axis[0].cells] - l->centre[1];
    const double v = l->sigma * l->sigma;
    plane->density[k] = exp(-0.5 * (x * x + y * y) / v) / (2.0 * pi * v);
  }
}

/* Moments of evenly filled points, and how their masses add up. */
static void check_points(const law *l, double spacing, int split, double bound)
{
  mn_plane plane;
  mn_plane_points p;
  long double moment[5] = {0};
  make_plane(l, spacing * l->sigma, &plane);
  check_ok(mn_plane_points_make(&plane, (int64_t)plane.axis[0].cells * plane.axis[1].cells * split * split, &p));
  double before = 0.0;
  for (int64_t k = 0; k < p.count; k++) {
    const double m = p.cumulative[k] - before;
    assert_true(m >= 0.0);
    before = p.cumulative[k];
    for (int a = 0; a < 2; a++) {
      const long double x = p.x[2 * k + a] - l->centre[a];
      moment[a] += m * x;
      moment[2 + a] += m * (x * x + p.size[2 * k + a] * p.size[2 * k + a] / 12.0L);
    }
    moment[4] += m * (p.x[2 * k] - l->centre[0]) * (p.x[2 * k + 1] - l->centre[1]);
  }
  check_relative(before, 1.0, 1e-15, "scaled to 1");
  const double v = l->sigma * l->sigma;
  for (int a = 0; a < 2; a++) {
    check_absolute((double)moment[a], 0.0, 1e-9 * l->sigma, "the plane is symmetric around the law");
    check_relative((double)moment[2 + a], v, bound,
                   "order 4 of filled pieces, x^4/s^4 being 3, where the mesh is graded by 0.1 a cell");
  }
  check_absolute((double)moment[4], 0.0, 1e-9 * v, "the plane is symmetric around the law");
  mn_plane_points_clear(&p);
  mn_plane_clear(&plane);
}

static void points_have_the_mass_and_the_moments_of_the_density(void **state)
{
  (void)state;
  const law laws[] = {{{0.0, 0.0}, 1.0}, {{0.4, -0.7}, 0.5}};
  for (int k = 0; k < 2; k++) {
    for (int split = 1; split <= 4; split *= 2) {
      check_points(&laws[k], 0.1, split, 1e-4);
      check_points(&laws[k], 0.3, split, 2e-3);
    }
  }
}

static void as_many_points_are_made_as_allowed_but_one_a_cell_at_least(void **state)
{
  (void)state;
  static const int64_t split_of[] = {1, 1, 2, 2, 4, 4}; /* for 1, 3, 4, 15, 16 and 100 points a cell */
  static const int64_t most[] = {1, 3, 4, 15, 16, 100};
  const law l = {{0.0, 0.0}, 1.0};
  mn_plane plane;
  make_plane(&l, 0.3, &plane);
  const int64_t cells = (int64_t)plane.axis[0].cells * plane.axis[1].cells;
  for (int k = 0; k < 6; k++) {
    mn_plane_points p;
    check_ok(mn_plane_points_make(&plane, most[k] * cells, &p));
    assert_int_equal(p.count, split_of[k] * split_of[k] * cells);
    mn_plane_points_clear(&p);
  }
  mn_plane_points p;
  check_ok(mn_plane_points_make(&plane, 1, &p));
  assert_int_equal(p.count, cells);
  mn_plane_points_clear(&p);
  mn_plane_clear(&plane);
}

MN_TESTS("points", cmocka_unit_test(points_have_the_mass_and_the_moments_of_the_density),
         cmocka_unit_test(as_many_points_are_made_as_allowed_but_one_a_cell_at_least));
