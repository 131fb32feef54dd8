/* Orders of the scheme, by solutions that are chosen first and sources that make them solve the equation.  The density
 * is an elongated Gaussian that moves and spreads; the chemical a wave that has no symmetry and does not vanish at the
 * border.  Truth: the solutions themselves. */
#include "pde_case.h"

#include <math.h>
#include <mnemotaxis/kernel.h>
#include <stdio.h>

static const double pi = 3.14159265358979323846;

/* What is solved; `pace` scales how fast the solution changes, 0: it rests and steps make no error. */
typedef struct made made;

/* A field with the derivatives that the equation needs. */
typedef struct jet {
  double u, t, x, y, xx, yy;
} jet;

typedef jet made_field(const made *m, double t, double x, double y);

struct made {
  mn_model model;
  double pace;
  made_field *rho, *c;
};

static int start_solver(void **state)
{
  (void)state;
  char text[][24] = {"test_pde_order", "-ksp_rtol", "1e-9"}; /* linear solves shall not be seen */
  char *argument[] = {text[0], text[1], text[2], NULL};
  check_ok(mn_solver_start(check_world(), 3, argument));
  return 0;
}

/* Gaussian of unit mass, variances a and b, whose centre moves on a curve and whose variances change: rho. */
static jet density(const made *m, double t, double x, double y)
{
  const double w = m->pace;
  const double a = 0.5 + 0.1 * sin(w * t);
  const double b = 0.5 + 0.2 * w * t / (1.0 + w * t);
  const double dx = x - 0.3 * sin(w * t);
  const double dy = y + 0.2 * (1.0 - cos(w * t));
  const double a_t = 0.1 * w * cos(w * t);
  const double b_t = 0.2 * w / ((1.0 + w * t) * (1.0 + w * t));
  const double x_t = -0.3 * w * cos(w * t);
  const double y_t = 0.2 * w * sin(w * t);
  const double u = exp(-0.5 * dx * dx / a - 0.5 * dy * dy / b) / (2.0 * pi * sqrt(a * b));
  const double log_t = -0.5 * a_t / a - 0.5 * b_t / b + 0.5 * dx * dx * a_t / (a * a) + 0.5 * dy * dy * b_t / (b * b) -
                       dx * x_t / a - dy * y_t / b;
  return (jet){u, u * log_t, -u * dx / a, -u * dy / b, u * (dx * dx / a - 1.0) / a, u * (dy * dy / b - 1.0) / b};
}

/* A wave on a tilted plane. */
static jet chemical(const made *m, double t, double x, double y)
{
  const double kx = 0.9;
  const double ky = -0.7;
  const double phase = kx * x + ky * y - m->pace * t + 0.3;
  const double c = 0.4 * cos(phase);
  const double s = 0.4 * sin(phase);
  return (jet){1.0 + c + 0.05 * x, m->pace * s, -kx * s + 0.05, -ky * s, -kx * kx * c, -ky * ky * c};
}

static void source(void *context, double t, double x, double y, double out[2])
{
  const made *m = context;
  const jet r = m->rho(m, t, x, y);
  const jet c = m->c(m, t, x, y);
  const double carried = r.x * c.x + r.y * c.y + r.u * (c.xx + c.yy);
  out[0] = r.t - (r.xx + r.yy) + m->model.chi * carried;
  out[1] = m->model.theta * c.t - (c.xx + c.yy) + m->model.lambda * c.u - r.u;
}

static double border(void *context, double t, double x, double y)
{
  const made *m = context;
  return m->c(m, t, x, y).u;
}

/* At t = 0 rho is N(0, I/2). */
static mn_pde_options case_of(made *m, mn_forcing *forcing, int order, int cells, bool uniform)
{
  *forcing = (mn_forcing){source, border, m};
  return (mn_pde_options){.model = m->model,
                          .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 0.5},
                          .end = 0.1,
                          .tolerance = 1e-4, /* decides how the cells are graded */
                          .half_width = 6.0,
                          .cells = cells,
                          .order = order,
                          .uniform = uniform,
                          .concentration = 1e6,
                          .forcing = forcing};
}

static void run_to(mn_pde *pde, double until)
{
  enum { MOST = 4000 };
  for (int k = 0; k < MOST && mn_pde_now(pde)->time < until; k++) {
    mn_pde_outcome outcome;
    check_ok(mn_pde_advance(pde, until, &outcome));
    assert_int_equal(outcome, MN_PDE_GOES_ON);
  }
  assert_true(mn_pde_now(pde)->time == until);
}

/* Largest error of rho and c over all cells, in units of the peak of rho and of the height of the wave. */
static void errors_of(const mn_pde_options *o, double error[2])
{
  const made *m = o->forcing->context;
  mn_pde *pde;
  mn_plane p;
  check_ok(mn_pde_create(check_world(), o, &pde));
  run_to(pde, o->end);
  check_ok(mn_pde_plane(pde, &p));
  error[0] = 0.0;
  error[1] = 0.0;
  for (int64_t k = 0; k < (int64_t)p.axis[0].cells * p.axis[1].cells; k++) {
    const double x = p.axis[0].x[k % p.axis[0].cells];
    const double y = p.axis[1].x[k / p.axis[0].cells];
    error[0] = fmax(error[0], fabs(p.density[k] - m->rho(m, p.time, x, y).u) / 0.3);
    error[1] = fmax(error[1], fabs(p.chemical[k] - m->c(m, p.time, x, y).u) / 0.4);
  }
  mn_plane_clear(&p);
  mn_pde_destroy(&pde);
}

/* Observed order between two runs whose step or spacing differ by `ratio`. */
static void check_order(const char *what, const double coarse[2], const double fine[2], double ratio, double order)
{
  for (int k = 0; k < 2; k++) {
    const double seen = log(coarse[k] / fine[k]) / log(ratio);
    print_message("  %s, %s: %.2e %.2e order %.2f\n", what, k == 0 ? "rho" : "c", coarse[k], fine[k], seen);
    check_at_most(order - seen, 0.35, "the next term of the error, seen at these spacings");
  }
}

static void check_space(int order, double theta, bool uniform, int cells)
{
  made m = {{.theta = theta, .chi = 3.0, .lambda = 0.5}, 0.0, density, chemical};
  mn_forcing forcing;
  double error[2][2];
  for (int k = 0; k < 2; k++) {
    mn_pde_options o = case_of(&m, &forcing, order, cells * (k + 1), uniform);
    o.step = 0.05;
    errors_of(&o, error[k]);
  }
  char what[64];
  snprintf(what, sizeof what, "order %d, theta %g, %s", order, theta, uniform ? "uniform" : "graded");
  check_order(what, error[0], error[1], 2.0, order);
}

static void order_4_in_space_on_equal_cells(void **state)
{
  (void)state;
  check_space(4, 1.0, true, 48);
  check_space(4, 0.0, true, 48);
}

static void order_4_in_space_on_graded_cells(void **state)
{
  (void)state;
  check_space(4, 1.0, false, 48);
  check_space(4, 0.0, false, 48);
}

static void order_2_in_space_on_equal_cells(void **state)
{
  (void)state;
  check_space(2, 1.0, true, 48);
  check_space(2, 0.0, true, 48);
}

static void order_2_in_space_on_graded_cells(void **state)
{
  (void)state;
  check_space(2, 1.0, false, 48);
  check_space(2, 0.0, false, 48);
}

static void check_time(const char *what, made m, double order)
{
  mn_forcing forcing;
  double error[2][2];
  for (int k = 0; k < 2; k++) {
    mn_pde_options o = case_of(&m, &forcing, 4, 144, false);
    o.end = 0.2;
    o.step = 0.05 / (k + 1);
    errors_of(&o, error[k]);
  }
  check_order(what, error[0], error[1], 2.0, order);
}

static void order_3_in_time(void **state)
{
  (void)state;
  check_time("time, theta 1", (made){{.theta = 1.0, .chi = 3.0, .lambda = 0.5}, 6.0, density, chemical}, 3.0);
}

/* A Gaussian that breathes, and its logarithmic potential: the chemical's own equation has no source, and its border
 * rests. */
static jet breathing(const made *m, double t, double x, double y)
{
  const double v = 0.5 + 0.1 * sin(m->pace * t);
  const double v_t = 0.1 * m->pace * cos(m->pace * t);
  const double u = exp(-0.5 * (x * x + y * y) / v) / (2.0 * pi * v);
  return (jet){u,
               u * v_t / v * (0.5 * (x * x + y * y) / v - 1.0),
               -u * x / v,
               -u * y / v,
               u * (x * x / v - 1.0) / v,
               u * (y * y / v - 1.0) / v};
}

static jet potential(const made *m, double t, double x, double y)
{
  const jet rho = breathing(m, t, x, y);
  const double v = 0.5 + 0.1 * sin(m->pace * t);
  const double r2 = x * x + y * y;
  const double slope = -(1.0 - exp(-0.5 * r2 / v)) / (2.0 * pi * r2);
  const double value = -(log(r2) + mn_exponential_integral(0.5 * r2 / v)) / (4.0 * pi);
  return (jet){value, 0.0, slope * x, slope * y, -0.5 * rho.u, -0.5 * rho.u}; /* only the sum of the last two is true */
}

static void order_3_in_time_without_delay(void **state)
{
  (void)state;
  check_time("time, theta 0", (made){{.theta = 0.0, .chi = 3.0}, 6.0, breathing, potential}, 3.0);
}

/* The method does not see how the constraint itself moves, which costs an order. */
static void order_2_in_time_without_delay_and_a_moving_border(void **state)
{
  (void)state;
  check_time("time, theta 0, moving border", (made){{.theta = 0.0, .chi = 3.0, .lambda = 0.5}, 6.0, density, chemical},
             2.0);
}

MN_TESTS("pde_order", cmocka_unit_test_setup(order_4_in_space_on_equal_cells, start_solver),
         cmocka_unit_test(order_4_in_space_on_graded_cells), cmocka_unit_test(order_2_in_space_on_equal_cells),
         cmocka_unit_test(order_2_in_space_on_graded_cells), cmocka_unit_test(order_3_in_time),
         cmocka_unit_test(order_3_in_time_without_delay),
         cmocka_unit_test_teardown(order_2_in_time_without_delay_and_a_moving_border, pde_solver_end));
