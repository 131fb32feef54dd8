/* The continuum as a user drives it.  Truth: heat kernels where nothing is attracted, the law of E|X|^2 at theta = 0,
 * an independent radial solver (spectral elements, 1e-9), symmetries, and an uninterrupted case bit by bit. */
#include "pde_case.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static double cell_mass(const mn_plane *p, int i, int j)
{
  return p->density[(int64_t)j * p->axis[0].cells + i] * p->axis[0].width[i] * p->axis[1].width[j];
}

typedef struct sums {
  double mass, square, least;
} sums;

static sums sums_of(const mn_plane *p)
{
  sums s = {0.0, 0.0, HUGE_VAL};
  for (int j = 0; j < p->axis[1].cells; j++) {
    for (int i = 0; i < p->axis[0].cells; i++) {
      const double m = cell_mass(p, i, j);
      s.mass += m;
      s.square += m * (p->axis[0].x[i] * p->axis[0].x[i] + p->axis[1].x[j] * p->axis[1].x[j]);
      s.least = fmin(s.least, p->density[(int64_t)j * p->axis[0].cells + i]);
    }
  }
  return s;
}

static double density_of(const mn_plane *p, double x, double y)
{
  return mn_plane_at(p, p->density, x, y, NULL);
}

static double chemical_of(const mn_plane *p, double x, double y)
{
  return mn_plane_at(p, p->chemical, x, y, NULL);
}

static double normal(double x, double y, double variance)
{
  return exp(-0.5 * (x * x + y * y) / variance) / (2.0 * pi * variance);
}

/* theta = 1: cells and chemical spread alike, so c = (1 - exp(-lambda t))/lambda rho + what is left of c_0. */
static void without_attraction_fields_are_gaussians(void **state)
{
  (void)state;
  const double t = 0.7;
  const double lambda = 0.5;
  mn_pde_options o = pde_plain(1.0, 0.0, lambda, t);
  o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{0.3, 0.5, -0.5, 0.8}}};
  mn_plane p = pde_finished(&o);
  const double v = 1.0 + 2.0 * t;
  const double w = 0.64 + 2.0 * t;
  const double point[][2] = {{0.0, 0.0}, {0.5, -0.5}, {1.3, 0.4}, {-2.0, 1.0}, {3.0, 3.0}, {0.0, -4.0}};
  for (int k = 0; k < 6; k++) {
    const double x = point[k][0];
    const double y = point[k][1];
    const double left = 0.3 * 2.0 * pi * 0.64 * exp(-lambda * t) * normal(x - 0.5, y + 0.5, w);
    const double c = (1.0 - exp(-lambda * t)) / lambda * normal(x, y, v) + left;
    check_absolute(density_of(&p, x, y), normal(x, y, v), 1e-3 * normal(0.0, 0.0, v), "the tolerance, of the peak");
    check_absolute(chemical_of(&p, x, y), c, 1e-3 * 0.1, "the tolerance, of the largest c, 0.1");
  }
  check_absolute(sums_of(&p).square, 2.0 * v, 1e-3 * 2.0 * v, "the tolerance");
  mn_plane_clear(&p);
}

/* Different in x and y, off the centre, theta and lambda of their own: c by the sum over ages, Simpson's rule. */
static void chemical_of_brownian_cells_is_an_integral_over_ages(void **state)
{
  (void)state;
  enum { PIECES = 400 };
  const double t = 1.0;
  mn_pde_options o = pde_plain(3.0, 0.0, 0.7, t);
  mn_plane p = pde_finished(&o);
  for (int k = 0; k < 4; k++) {
    const double x = 0.9 * k;
    double c = 0.0;
    for (int m = 0; m <= PIECES; m++) {
      const double age = t * m / PIECES;
      const double weight = m == 0 || m == PIECES ? 1.0 : m % 2 ? 4.0 : 2.0;
      const double variance = 1.0 + 2.0 * (t - age) + 2.0 * age / 3.0;
      c += weight * exp(-0.7 * age / 3.0) / 3.0 * normal(x, -0.5 * x, variance) * t / (3.0 * PIECES);
    }
    check_absolute(chemical_of(&p, x, -0.5 * x), c, 1e-3 * 0.04, "the tolerance, of the largest c, 0.04");
  }
  mn_plane_clear(&p);
}

/* theta = 0, lambda = 0, chi = 0: the logarithmic potential of a Gaussian has gradient -(1 - exp(-r^2/2v))/(2 pi r). */
static void without_delay_the_chemical_is_the_potential(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(0.0, 0.0, 0.0, 0.5);
  mn_plane p = pde_finished(&o);
  for (int k = 1; k <= 8; k++) {
    const double r = 0.5 * k;
    double gradient[2];
    mn_plane_at(&p, p.chemical, 0.6 * r, -0.8 * r, gradient);
    const double pull = -(1.0 - exp(-0.25 * r * r)) / (2.0 * pi * r);
    check_absolute(gradient[0], 0.6 * pull, 1e-3 * 0.05, "the tolerance, of the largest pull, 0.05");
    check_absolute(gradient[1], -0.8 * pull, 1e-3 * 0.05, "the tolerance, of the largest pull, 0.05");
  }
  mn_plane_clear(&p);
}

/* An independent radial solver: spectral elements in r, Radau IIA; differences between its levels below 1e-8. */
static void any_number_of_ranks_meets_the_reference(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 2.0 * pi, 1.0, 1.0);
  mn_plane p = pde_finished(&o);
  check_relative(sums_of(&p).square, 5.828335437, 1e-3, "the tolerance");
  check_relative(density_of(&p, 0.0, 0.0), 0.057244115, 1e-3, "the tolerance");
  check_relative(chemical_of(&p, 0.0, 0.0), 0.0346607755, 1e-3, "the tolerance");
  mn_plane_clear(&p);
}

static void law_of_the_mean_square_without_delay(void **state)
{
  (void)state;
  const double chi[] = {2.0 * pi, 5.0 * pi};
  for (int k = 0; k < 2; k++) {
    mn_pde_options o = pde_plain(0.0, chi[k], 0.0, 1.0);
    mn_pde *pde = pde_created(&o);
    for (int m = 1; m <= 2; m++) {
      assert_int_equal(pde_run_to(pde, 0.5 * m), MN_PDE_GOES_ON);
      mn_plane p = pde_plane_of(pde);
      check_absolute(sums_of(&p).square, 2.0 + (4.0 - chi[k] / (2.0 * pi)) * 0.5 * m, 1e-3, "the tolerance");
      mn_plane_clear(&p);
    }
    mn_pde_destroy(&pde);
  }
}

/* Takes steps and looks at every cell after each. */
static void check_mass_and_sign(const mn_pde_options *o, int steps)
{
  mn_pde *pde = pde_created(o);
  for (int k = 0; k <= steps && mn_pde_now(pde)->time < o->end; k++) {
    mn_plane p = pde_plane_of(pde);
    const sums s = sums_of(&p);
    check_absolute(s.mass, 1.0, 1e-12, "rounding of a sum over all cells");
    assert_true(s.least >= 0.0);
    mn_plane_clear(&p);
    pde_step(pde, o->end);
  }
  check_at_most(mn_pde_now(pde)->mass_defect, o->tolerance, "what is mended is below the tolerance");
  check_at_most(mn_pde_now(pde)->moved_mass, o->tolerance, "what is moved is below the tolerance");
  mn_pde_destroy(&pde);
}

static void mass_and_sign_of_a_normal_law(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 4.0 * pi, 0.3, 1.0);
  check_mass_and_sign(&o, 1000);
}

static void mass_and_sign_of_a_disk(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 6.0 * pi, 0.0, 0.3);
  o.initial = (mn_initial){.kind = MN_INITIAL_DISK, .radius = 1.0, .centre = {0.2, -0.1}};
  o.smoothing = 0.1;
  check_mass_and_sign(&o, 40);
}

static void mass_and_sign_of_two_clusters_strongly_attracted(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 12.0 * pi, 0.0, 0.2);
  o.initial = (mn_initial){.kind = MN_INITIAL_CLUSTERS, .clusters = 2};
  o.initial.cluster[0] = (mn_blob){1.0, -0.8, 0.0, 0.3};
  o.initial.cluster[1] = (mn_blob){2.0, 0.8, 0.3, 0.25};
  check_mass_and_sign(&o, 40);
}

static void mass_and_sign_at_order_2(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(0.0, 6.0 * pi, 1.0, 0.5);
  o.order = 2;
  o.tolerance = 1e-2;
  check_mass_and_sign(&o, 1000);
}

MN_TESTS("pde", cmocka_unit_test_setup(without_attraction_fields_are_gaussians, pde_solver_start),
         cmocka_unit_test(chemical_of_brownian_cells_is_an_integral_over_ages),
         cmocka_unit_test(without_delay_the_chemical_is_the_potential),
         cmocka_unit_test(any_number_of_ranks_meets_the_reference),
         cmocka_unit_test(law_of_the_mean_square_without_delay), cmocka_unit_test(mass_and_sign_of_a_normal_law),
         cmocka_unit_test(mass_and_sign_of_a_disk), cmocka_unit_test(mass_and_sign_of_two_clusters_strongly_attracted),
         cmocka_unit_test_teardown(mass_and_sign_at_order_2, pde_solver_end));
