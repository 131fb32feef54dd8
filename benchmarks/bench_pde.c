/* What does the continuum cost, and how exact is it?  Cases with known answers from nothing but end and tolerance; then
 * meshes from 64 x 64 to 1024 x 1024 with equal steps: iterations of the solver and time for each cell and step.
 * Arguments: largest mesh, smallest mesh of the second table; under mpirun the times are those of all ranks together.
 */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/pde.h>
#include <mnemotaxis/solver.h>
#include <stdarg.h>
#include <stdio.h>

static const double pi = 3.14159265358979323846;

/* A radial case with what an independent solver of the radial equation has for it, to 1e-8 (test_pde_cases). */
typedef struct known {
  const char *name;
  double theta, lambda, chi, end;
  bool concentrated; /* rho_0 = (84/pi) exp(-84 r^2), c_0 = 13.369015 exp(-42 r^2) */
  double square, peak, l2;
} known;

static const known cases[] = {
    {"spreading", 1.0, 0.0, 2.0, 1.0, false, 5.773136394, 0.0588539705, NAN},
    {"spreading_theta_0.1", 0.1, 0.0, 2.0, 1.0, false, 5.291333292, 0.0665327094, NAN},
    {"spreading_theta_0", 0.0, 0.0, 2.0, 1.0, false, 5.0, 0.0705254572, NAN},
    {"concentrated_4e-5", 1.0, 1.0, 10.0, 4e-5, true, NAN, 12332.3897, 368.359592},
    {"concentrated_6e-5", 1.0, 1.0, 10.0, 6e-5, true, NAN, 38117.7809, 661.175681},
};

static mn_pde_options options_of(const known *c, double tolerance)
{
  mn_pde_options o = {.model = {.theta = c->theta, .chi = c->chi * pi, .lambda = c->lambda},
                      .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = c->concentrated ? 1.0 / 168.0 : 1.0},
                      .end = c->end,
                      .tolerance = tolerance,
                      .order = 4,
                      .concentration = 1e6};
  if (c->concentrated) {
    o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1};
    o.field.blob[0] = (mn_blob){13.369015, 0.0, 0.0, sqrt(1.0 / 84.0)};
  }
  return o;
}

typedef struct solution {
  const mn_parallel *parallel;
  mn_pde_options options;
  mn_pde_report report;
  double square, peak;
} solution;

static void solve(void *context)
{
  solution *s = context;
  mn_pde *pde;
  mn_plane plane;
  double at[2];
  mn_pde_outcome outcome;
  bench_ok(mn_pde_create(s->parallel, &s->options, &pde));
  while (mn_pde_now(pde)->time < s->options.end) {
    bench_ok(mn_pde_advance(pde, s->options.end, &outcome));
  }
  s->report = *mn_pde_now(pde);
  bench_ok(mn_pde_plane(pde, &plane));
  s->square = mn_plane_mean_square(&plane);
  s->peak = mn_plane_peak(&plane, at);
  mn_plane_clear(&plane);
  mn_pde_destroy(&pde);
}

/* The line of a table. */
static void say(const mn_parallel *parallel, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  if (parallel->rank == 0) {
    vprintf(format, list);
    fflush(stdout);
  }
  va_end(list);
}

static double iterations(const mn_pde_report *r)
{
  return (double)r->iterations / (double)r->solves;
}

static void table_of_errors(const mn_parallel *parallel)
{
  static const double tolerances[] = {1e-3, 3e-4, 1e-4};
  say(parallel,
      "case,tolerance,seconds_min,seconds_median,mesh,steps,meshes,iterations,error_square,error_peak,error_l2\n");
  for (int k = 0; k < 15; k++) {
    const known *c = &cases[k / 3];
    const double unit = c->concentrated ? 10.0 * pi : 1.0; /* in which peak and norm are published */
    solution s = {.parallel = parallel, .options = options_of(c, tolerances[k % 3])};
    const bench_time t = bench_measure(solve, &s);
    say(parallel, "%s,%g,%.3f,%.3f,%dx%d,%lld,%lld,%.2f,%.1e,%.1e,%.1e\n", c->name, s.options.tolerance, t.min,
        t.median, s.report.cells[0], s.report.cells[1], (long long)s.report.step, (long long)s.report.meshes,
        iterations(&s.report), fabs(s.square / c->square - 1.0), fabs(s.peak * unit / c->peak - 1.0),
        fabs(s.report.l2 * unit / c->l2 - 1.0));
  }
}

/* A case in progress on a mesh of a given size, for steps of equal length. */
typedef struct march {
  mn_pde *pde;
  int steps;
} march;

static void take_steps(void *context)
{
  march *m = context;
  mn_pde_outcome outcome;
  for (int k = 0; k < m->steps; k++) {
    bench_ok(mn_pde_advance(m->pde, 1e9, &outcome));
  }
}

static void table_of_meshes(const mn_parallel *parallel, int smallest, int largest)
{
  enum { STEPS = 3 };
  static const double thetas[] = {1.0, 0.0};
  say(parallel, "theta,cells,ranks,seconds_a_step_min,seconds_a_step_median,ns_a_cell_min,iterations\n");
  for (int k = 0; k < 2; k++) {
    for (int cells = smallest; cells <= largest; cells *= 2) {
      const known c = {.theta = thetas[k], .chi = 2.0, .end = 1.0};
      mn_pde_options o = options_of(&c, 1e-3);
      march m = {.steps = STEPS};
      o.cells = cells;
      o.step = 0.01;
      bench_ok(mn_pde_create(parallel, &o, &m.pde));
      const bench_time t = bench_measure(take_steps, &m);
      say(parallel, "%g,%d,%d,%.4f,%.4f,%.0f,%.2f\n", c.theta, cells, parallel->size, t.min / STEPS, t.median / STEPS,
          1e9 * t.min / STEPS / ((double)cells * cells), iterations(mn_pde_now(m.pde)));
      mn_pde_destroy(&m.pde);
    }
  }
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_pde");
  const int largest = (int)bench_argument(argc, argv, 1, 1024);
  const int smallest = (int)bench_argument(argc, argv, 2, 64);
  bench_ok(mn_solver_start(&parallel, 1, argv));
  if (argc < 3) {
    table_of_errors(&parallel);
  }
  table_of_meshes(&parallel, smallest, largest);
  mn_solver_end();
  bench_end(&parallel);
  return 0;
}
