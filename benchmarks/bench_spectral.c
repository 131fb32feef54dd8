/* What does a step with the whole past cost?  N cells, Gaussian cloud of variance 3 per coordinate, theta = 1, dt =
 * 0.02, averaged scheme: everything the engine does in a step, after a number of steps of history.  Prints the phases; the error
 * of 32 cells against the direct sum, where that can be afforded; and the yardstick: how many w exp(a r^2)(dx, dy) in
 * float a second one core makes with a vector exp.
 * Arguments: cells, steps before, tolerance, theta, averaged (0: un-averaged force), steps measured, clustered (1: half
 * of the cells in a hundredth of the area). */
#include "bench.h"
#include "plain_loop.h"

#include <math.h>
#include <mnemotaxis/audit.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct cloud {
  mn_block block;
  double *x, *drift;
  double dt;
} cloud;

static void move(cloud *c, int64_t n)
{
  const double scale = sqrt(2.0 * c->dt);
  for (int64_t i = 0; i < mn_block_count(c->block); i++) {
    double normal[2];
    mn_noise_normal(1, MN_STREAM_MOTION, (uint32_t)(c->block.begin + i), (uint64_t)n, 0, normal);
    c->x[2 * i] += c->dt * c->drift[2 * i] + scale * normal[0];
    c->x[2 * i + 1] += c->dt * c->drift[2 * i + 1] + scale * normal[1];
  }
}

/* Half of the cells go where a tenth of the deviation would have them. */
static void cluster(cloud *c)
{
  for (int64_t i = 0; i < mn_block_count(c->block); i++) {
    if ((c->block.begin + i) % 2) {
      c->x[2 * i] *= 0.1;
      c->x[2 * i + 1] *= 0.1;
    }
  }
}

/* Evaluations of w exp(a r^2)(dx, dy) a second, in units of 10^9, the best of some. */
static double yardstick(void)
{
  enum { SOURCES = 1024, TARGETS = 20000, TRIES = 5 };
  static float x[SOURCES], y[SOURCES];
  double sum[2] = {0.0, 0.0};
  double best = 0.0;
  for (int k = 0; k < SOURCES; k++) {
    x[k] = 0.001F * (float)k;
    y[k] = 0.5F;
  }
  for (int try = 0; try < TRIES; try++) {
    const double start = mn_seconds();
    for (int k = 0; k < TARGETS; k++) {
      plain_loop_float(SOURCES, x, y, 1e-5F * (float)k, 0.0F, -1.0F, 1.0F, sum);
    }
    best = fmax(best, 1e-9 * SOURCES * TARGETS / (mn_seconds() - start));
  }
  return isfinite(sum[0]) ? best : (double)NAN;
}

static double error_of(const mn_drift *drift, const mn_history *history, double now, const cloud *c)
{
  mn_audit audit;
  bench_ok(mn_audit_drift(drift, history, now, c->dt, c->x, c->drift, 32, 1, 0, &audit));
  return audit.observed;
}

static const char *const names[MN_PHASES] = {"spread", "modes", "sheet", "ladder", "read", "near", "own", "remember"};

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_spectral");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 1e6);
  const int64_t before = (int64_t)bench_argument(argc, argv, 2, 200);
  const double tolerance = bench_argument(argc, argv, 3, 1e-3);
  const double theta = bench_argument(argc, argv, 4, 1.0);
  const bool averaged = bench_argument(argc, argv, 5, 1.0) > 0.0;
  const int64_t measured = (int64_t)bench_argument(argc, argv, 6, 10);
  const mn_model model = {.theta = theta, .chi = 6.283185307179586};
  cloud c = {.dt = 0.02, .block = mn_block_of(cells, parallel.rank, parallel.size)};
  const mn_drift_options options = {.tolerance = tolerance, .shortest_step = c.dt, .longest_step = c.dt};
  const bool audited = averaged && (double)cells * (double)(before + measured) <= 4e7;
  const mn_history_options history_options = {.tolerance = tolerance, .horizon = audited ? 0.0 : 1.5 * c.dt};
  mn_history *history = NULL;
  mn_drift *drift = NULL;
  bench_ok(mn_drift_create(&parallel, &mn_drift_spectral, &model, &options, cells, &drift));
  bench_ok(mn_history_create(&parallel, &model, &history_options, cells, &history));
  bench_ok(mn_alloc(&c.x, 2 * mn_block_count(c.block), sizeof *c.x));
  bench_ok(mn_alloc(&c.drift, 2 * mn_block_count(c.block), sizeof *c.drift));
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 3.0};
  mn_initial_draw(&initial, 1, c.block, c.x);
  if (bench_argument(argc, argv, 7, 0.0) > 0.0) {
    cluster(&c);
  }
  double seconds = 0.0;
  double fastest = INFINITY;
  double error = NAN;
  mn_drift_cost start = {0};
  for (int64_t n = 0; n < before + measured; n++) {
    if (n == before) {
      start = drift->cost;
    }
    MPI_Barrier(parallel.comm);
    const double t = mn_seconds();
    bench_ok(mn_drift_evaluate(drift, history, c.dt * (double)n, averaged ? c.dt : 0.0, c.x, c.drift));
    bench_ok(drift->engine->remember(drift, c.dt * (double)n, c.dt, c.x));
    const double spent = mn_seconds() - t;
    error = audited && n == before + measured - 1 ? error_of(drift, history, c.dt * (double)n, &c) : (double)NAN;
    bench_ok(mn_history_append(history, c.dt * (double)n, c.dt, c.x)); /* so that the engine knows the newest time */
    if (n >= before) {
      seconds += spent / (double)measured;
      fastest = fmin(fastest, spent);
    }
    move(&c, n);
    if (parallel.rank == 0 && (n < 4 || n == 10 || n == 100 || n == 1000)) {
      printf("# step %lld: %.4f s\n", (long long)n, spent);
    }
  }
  if (parallel.rank == 0) {
    const double bytes = (double)(mn_memory_peak() - mn_history_bytes(history)) * parallel.size;
    printf("cells,steps,tolerance,theta,ranks,seconds,fastest,ns_per_cell");
    for (int k = 0; k < MN_PHASES; k++) {
      printf(",%s_ms", names[k]);
    }
    printf(",pairs_per_cell,bytes_per_cell,error,yardstick_G/s\n%lld,%lld,%g,%g,%d,%.4f,%.4f,%.1f", (long long)cells,
           (long long)before, tolerance, theta, parallel.size, seconds, fastest, 1e9 * seconds / (double)cells);
    for (int k = 0; k < MN_PHASES; k++) {
      printf(",%.2f", 1e3 * (drift->cost.phase[k] - start.phase[k]) / (double)measured);
    }
    printf(",%.1f,%.0f,%.2g,%.2f\n", (double)(drift->cost.pairs - start.pairs) / (double)(measured * cells),
           bytes / (double)cells, error, yardstick());
    mn_ladder *ladder = mn_drift_ladder(drift);
    for (int k = 0; k < mn_ladder_levels(ladder); k++) {
      const mn_level_report level = mn_ladder_level(ladder, k);
      printf("# level %d: %lld x %lld nodes of %.4g, variance %.3g, %d chapters\n", level.number,
             (long long)level.mesh.nodes[0], (long long)level.mesh.nodes[1], level.mesh.spacing, level.variance,
             level.chapters);
    }
    printf("# sheet: %lld nodes\n", (long long)drift->cost.nodes);
    printf("# trail: %d samples, scene: force %g, density %g\n", mn_ladder_trail(ladder)->samples,
           mn_ladder_scene(ladder)->force, mn_ladder_scene(ladder)->density);
  }
  mn_drift_destroy(&drift);
  mn_history_destroy(&history);
  mn_free(&c.x);
  mn_free(&c.drift);
  bench_end(&parallel);
  return 0;
}
