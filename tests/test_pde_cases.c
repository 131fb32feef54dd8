/* Reference cases.  Truth: an independent radial solver (spectral elements in r, Radau IIA of order 5; its levels agree
 * to 1e-8), the laws of E|X|^2 and of blow-up at theta = 0. */
#include "pde_case.h"

#include <math.h>
#include <petscsys.h>

static const double pi = 3.14159265358979323846;

/* N(0, I), no chemical at the start. */
static mn_pde_options plain(double theta, double lambda, double chi, double tolerance)
{
  mn_pde_options o = pde_plain(theta, chi, lambda, 1.0);
  o.tolerance = tolerance;
  return o;
}

/* N(0, I/168) and c_0 = 13.369015 exp(-42 r^2), which concentrates to a thirtieth of its width. */
static mn_pde_options concentrated(double tolerance)
{
  mn_pde_options o = plain(1.0, 1.0, 10.0 * pi, tolerance);
  o.initial.variance = 1.0 / 168.0;
  o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{13.369015, 0.0, 0.0, sqrt(1.0 / 84.0)}}};
  o.end = 6e-5;
  return o;
}

/* Relative errors in E|X|^2 and rho(0) at t = 1. */
static void check_reference(double theta, double lambda, double chi, double tolerance, double square, double centre)
{
  const mn_pde_options o = plain(theta, lambda, chi, tolerance);
  mn_pde *pde = pde_created(&o);
  const double start = mn_seconds();
  assert_int_equal(pde_run_to(pde, 1.0), MN_PDE_GOES_ON);
  mn_plane p = pde_plane_of(pde);
  const double found = mn_plane_mean_square(&p);
  const double rho = mn_plane_at(&p, p.density, 0.0, 0.0, NULL);
  print_message("  theta %g lambda %g chi %g pi tolerance %g: E|X|^2 %+.1e rho(0) %+.1e, %d steps, %d cells, %.2f s\n",
                theta, lambda, chi / pi, tolerance, found / square - 1.0, rho / centre - 1.0,
                (int)mn_pde_now(pde)->step, mn_pde_now(pde)->cells[0], mn_seconds() - start);
  mn_plane_clear(&p);
  mn_pde_destroy(&pde);
  check_relative(found, square, tolerance, "the tolerance asked for");
  check_relative(rho, centre, tolerance, "the tolerance asked for");
}

static void radial_reference_for_every_delay(void **state)
{
  (void)state;
  const double chi = 2.0 * pi;
  check_reference(1.0, 0.0, chi, 1e-3, 5.773136394, 0.0588539705);
  check_reference(1.0, 1.0, chi, 1e-3, 5.828335437, 0.057244115);
  check_reference(0.1, 0.0, chi, 1e-3, 5.291333292, 0.0665327094);
  check_reference(0.1, 1.0, chi, 1e-3, 5.715446371, 0.0584995895);
  check_reference(0.01, 0.0, chi, 1e-3, 5.053684092, 0.0697796882);
  check_reference(0.01, 1.0, chi, 1e-3, 5.705978010, 0.0585204394);
  check_reference(10.0, 0.0, chi, 1e-3, 5.970368321, 0.0540279493);
  check_reference(0.0, 0.0, chi, 1e-3, 5.0, 0.0705254572);
  check_reference(0.0, 1.0, chi, 1e-3, 5.705057529, 0.0585207792);
}

static void radial_reference_for_strong_attraction(void **state)
{
  (void)state;
  check_reference(1.0, 0.0, 6.0 * pi, 1e-3, 5.309686858, 0.0746515976);
  check_reference(0.0, 0.0, 4.0 * pi, 1e-3, 4.0, 0.101497339);
}

static void radial_reference_at_a_tenth_of_the_tolerance(void **state)
{
  (void)state;
  check_reference(1.0, 0.0, 2.0 * pi, 1e-4, 5.773136394, 0.0588539705);
  check_reference(0.1, 1.0, 2.0 * pi, 1e-4, 5.715446371, 0.0584995895);
  check_reference(0.0, 0.0, 2.0 * pi, 1e-4, 5.0, 0.0705254572);
}

/* share[k]: errors of norm and peak allowed at t = 2e-5 (k + 1). */
static void check_concentrated(double tolerance, const double share[3][2])
{
  const double norm[3] = {197.617507, 368.359592, 661.175681};
  const double peak[3] = {3353.5289, 12332.3897, 38117.7809};
  const mn_pde_options o = concentrated(tolerance);
  mn_pde *pde = pde_created(&o);
  for (int k = 0; k < 3; k++) {
    assert_int_equal(pde_run_to(pde, 2e-5 * (k + 1)), MN_PDE_GOES_ON);
    mn_plane p = pde_plane_of(pde);
    const double top = 10.0 * pi * mn_plane_at(&p, p.density, 0.0, 0.0, NULL);
    mn_plane_clear(&p);
    const double l2 = 10.0 * pi * mn_pde_now(pde)->l2;
    print_message("  concentrated, tolerance %g, t %g: L2 %+.1e peak %+.1e, %d steps, %d cells\n", tolerance,
                  mn_pde_now(pde)->time, l2 / norm[k] - 1.0, top / peak[k] - 1.0, (int)mn_pde_now(pde)->step,
                  mn_pde_now(pde)->cells[0]);
    check_relative(l2, norm[k], share[k][0], "claim of docs/testing.md");
    check_relative(top, peak[k], share[k][1], "claim of docs/testing.md");
  }
  mn_pde_destroy(&pde);
}

static void a_concentrating_peak_meets_the_reference(void **state)
{
  (void)state;
  check_concentrated(1e-3, (const double[3][2]){{1e-2, 1e-2}, {1e-2, 1e-2}, {3e-2, 3e-2}});
}

static void a_concentrating_peak_at_a_third_of_the_tolerance(void **state)
{
  (void)state;
  check_concentrated(3e-4, (const double[3][2]){{1e-3, 1.5e-3}, {1e-3, 1.5e-3}, {1e-3, 1.5e-3}});
}

/* N(0, I) under a drop of chemical of a seventh of its width: what must be resolved is c, not rho. */
static void a_sharp_chemical_under_a_smooth_density_meets_the_reference(void **state)
{
  (void)state;
  const double time[2] = {0.02, 0.1};
  const double norm[2] = {0.290755128, 0.268861266};
  const double peak[2] = {0.511007234, 0.229561077};
  mn_pde_options o = plain(1.0, 0.0, 2.0 * pi, 1e-3);
  o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{1.0, 0.0, 0.0, 0.15}}};
  o.end = 0.1;
  mn_pde *pde = pde_created(&o);
  for (int k = 0; k < 2; k++) {
    assert_int_equal(pde_run_to(pde, time[k]), MN_PDE_GOES_ON);
    mn_plane p = pde_plane_of(pde);
    const double top = mn_plane_at(&p, p.density, 0.0, 0.0, NULL);
    mn_plane_clear(&p);
    check_relative(top, peak[k], 1e-3, "the tolerance asked for");
    check_relative(mn_pde_now(pde)->l2, norm[k], 1e-3, "the tolerance asked for");
  }
  mn_pde_destroy(&pde);
}

/* theta = 0, lambda = 0: E|X|^2 = 2 + (4 - chi/2pi) t would vanish at 4 pi/(chi - 8 pi); the peak is infinite earlier.
 */
static void too_much_attraction_ends_as_concentrating(void **state)
{
  (void)state;
  mn_pde_options o = plain(0.0, 0.0, 10.0 * pi, 1e-3);
  o.end = 2.0;
  o.concentration = 1e3;
  mn_pde *pde = pde_created(&o);
  const double start = mn_seconds();
  mn_pde_outcome outcome = MN_PDE_GOES_ON;
  for (int k = 1; k <= 40 && outcome == MN_PDE_GOES_ON; k++) {
    outcome = pde_run_to(pde, 0.05 * k);
    mn_plane p = pde_plane_of(pde);
    const double t = p.time;
    const double square = mn_plane_mean_square(&p);
    mn_plane_clear(&p);
    if (outcome == MN_PDE_GOES_ON) {
      check_absolute(square, 2.0 - t, 2e-3, "the tolerance, of the value at the start");
    }
  }
  print_message("  concentrating at t = %g, peak %g, %d cells, %d meshes, %d steps, %.1f s\n", mn_pde_now(pde)->time,
                mn_pde_now(pde)->peak, mn_pde_now(pde)->cells[0], (int)mn_pde_now(pde)->meshes,
                (int)mn_pde_now(pde)->step, mn_seconds() - start);
  assert_int_equal(outcome, MN_PDE_CONCENTRATING);
  check_at_most(mn_pde_now(pde)->time, 2.0, "the time at which E|X|^2 would vanish");
  check_at_most(1e3 / (2.0 * pi), mn_pde_now(pde)->peak, "that is what ends it, not a failed step");
  check_at_most(mn_pde_now(pde)->peak, 4e3 / (2.0 * pi),
                "it ends when it is reached: a step raises the peak by far less than 4");
  mn_pde_destroy(&pde);
}

static void a_blow_up_is_followed_over_five_decades(void **state)
{
  (void)state;
  mn_pde_options o = plain(0.0, 0.0, 10.0 * pi, 1e-2);
  o.end = 2.0;
  o.concentration = 1e5;
  mn_pde *pde = pde_created(&o);
  assert_int_equal(pde_run_to(pde, 2.0), MN_PDE_CONCENTRATING);
  check_at_most(1e5 / (2.0 * pi), mn_pde_now(pde)->peak, "that is what ends it, not a failed step");
  mn_pde_destroy(&pde);
}

/* Solves are given so few iterations that long steps fail; shorter ones must succeed, with matrices of their own. */
static void a_failed_solve_is_tried_again_with_a_shorter_step(void **state)
{
  (void)state;
  assert_int_equal(PetscOptionsSetValue(NULL, "-ksp_max_it", "3"), 0);
  const mn_pde_options o = plain(0.1, 0.0, 2.0 * pi, 1e-3);
  mn_pde *pde = pde_created(&o);
  assert_int_equal(pde_run_to(pde, 1.0), MN_PDE_GOES_ON);
  mn_plane p = pde_plane_of(pde);
  check_at_most(1.0, (double)mn_pde_now(pde)->rejected, "long steps need 4 iterations and more");
  check_relative(mn_plane_mean_square(&p), 5.291333292, 1e-3, "the tolerance asked for");
  assert_int_equal(PetscOptionsClearValue(NULL, "-ksp_max_it"), 0);
  mn_plane_clear(&p);
  mn_pde_destroy(&pde);
}

static void too_little_attraction_does_not(void **state)
{
  (void)state;
  mn_pde_options o = plain(0.0, 0.0, 7.0 * pi, 1e-3);
  o.end = 4.0;
  o.concentration = 1e3;
  mn_pde *pde = pde_created(&o);
  assert_int_equal(pde_run_to(pde, 4.0), MN_PDE_GOES_ON);
  mn_plane p = pde_plane_of(pde);
  check_absolute(mn_plane_mean_square(&p), 2.0 + 0.5 * 4.0, 4e-3, "the tolerance, of the value at the end");
  mn_plane_clear(&p);
  mn_pde_destroy(&pde);
}

/* Iterations a solve, to a relative residual of `residual`. */
static double effort(double theta, int cells, const char *residual)
{
  mn_pde_options o = plain(theta, 0.0, 4.0 * pi, 1e-3);
  o.cells = cells;
  o.step = 0.05;
  o.end = 0.2;
  assert_int_equal(PetscOptionsSetValue(NULL, "-ksp_rtol", residual), 0);
  mn_pde *pde = pde_created(&o);
  assert_int_equal(PetscOptionsClearValue(NULL, "-ksp_rtol"), 0);
  assert_int_equal(pde_run_to(pde, o.end), MN_PDE_GOES_ON);
  const double mean = (double)mn_pde_now(pde)->iterations / (double)mn_pde_now(pde)->solves;
  mn_pde_destroy(&pde);
  return mean;
}

static void check_effort(double theta, const char *residual, double growth)
{
  const double coarse = effort(theta, 64, residual);
  const double middle = effort(theta, 128, residual);
  const double fine = effort(theta, 256, residual);
  print_message("  theta %g, residual %s: %.2f %.2f %.2f iterations a solve\n", theta, residual, coarse, middle, fine);
  check_at_most(middle, growth * coarse, "a multigrid's promise");
  check_at_most(fine, growth * middle, "a multigrid's promise");
}

/* The residual at the default tolerance, and one small enough for many iterations. */
static void finer_meshes_cost_hardly_more_iterations(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    check_effort(1.0 - k, "1e-4", 1.2);
    check_effort(1.0 - k, "1e-8", 1.3);
  }
}

MN_TESTS("pde_cases", cmocka_unit_test_setup(radial_reference_for_every_delay, pde_solver_start),
         cmocka_unit_test(radial_reference_for_strong_attraction),
         cmocka_unit_test(radial_reference_at_a_tenth_of_the_tolerance),
         cmocka_unit_test(a_concentrating_peak_meets_the_reference),
         cmocka_unit_test(a_concentrating_peak_at_a_third_of_the_tolerance),
         cmocka_unit_test(a_sharp_chemical_under_a_smooth_density_meets_the_reference),
         cmocka_unit_test(too_much_attraction_ends_as_concentrating),
         cmocka_unit_test(a_blow_up_is_followed_over_five_decades),
         cmocka_unit_test(a_failed_solve_is_tried_again_with_a_shorter_step),
         cmocka_unit_test(too_little_attraction_does_not),
         cmocka_unit_test_teardown(finer_meshes_cost_hardly_more_iterations, pde_solver_end));
