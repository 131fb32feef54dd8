/* What does a step with the whole past cost?  N cells, Gaussian cloud of variance 3 per coordinate, theta = 1, dt =
 * 0.02, averaged scheme: everything the engine does in a step, after a number of steps of history.  Prints the phases;
 * the error of 32 cells against the direct sum, where that can be afforded; and the yardstick: how many w exp(a
 * r^2)(dx, dy) in float a second one core makes with a vector exp. Arguments: cells, steps before, tolerance, theta,
 * averaged (0: un-averaged force), steps measured, clustered (1: half of the cells in a hundredth of the area),
 * variance of the start per coordinate, lambda. */
#include "bench.h"
#include "machine.h"

#include <math.h>
#include <mnemotaxis/audit.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct cloud {
  mn_block block;
  double *x, *drift;
  double dt;
} cloud;

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

static double error_of(const mn_drift *drift, const mn_history *history, double now, const cloud *c)
{
  mn_audit audit;
  bench_ok(mn_audit_drift(drift, history, now, c->dt, c->x, c->drift, 32, 1, 0, &audit));
  return audit.observed;
}

static void print_meshes(mn_drift *drift)
{
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

/* Bytes that a phase cannot but move between memory and a rank: arrays of cells and nodes, counted every time they are
 * walked through; what stays in the cache (windows, bins, tables) is not counted. */
static double bytes_of(mn_drift *drift, mn_phase phase)
{
  mn_ladder *ladder = mn_drift_ladder(drift);
  const double cells = (double)mn_block_count(drift->block);
  const double sheet = (double)drift->cost.nodes;
  const double own = sheet / drift->parallel.size;
  const bool fine =
      drift->cost.nodes > mn_ladder_level(ladder, 0).mesh.nodes[0] * mn_ladder_level(ladder, 0).mesh.nodes[1];
  double levels = 0.0;
  for (int k = 0; k < mn_ladder_levels(ladder); k++) {
    const mn_level_report level = mn_ladder_level(ladder, k);
    levels += (double)(level.mesh.nodes[0] * level.mesh.nodes[1]) / drift->parallel.size;
  }
  switch (phase) {
  case MN_PHASE_SPREAD: /* positions; counts cleared and added to, then read and replaced by masses */
    return 16.0 * cells + 24.0 * sheet + 16.0 * own;
  case MN_PHASE_MODES: /* deposits; a transform of every level, over rows and columns */
    return 8.0 * own + 32.0 * levels;
  case MN_PHASE_SHEET: /* deposit, a third of the columns in float five times, symbol; rows of level 0; field */
    return (fine ? 8.0 + 5.0 * 2.8 + 2.8 : 0.0) * own + 16.0 * levels + 16.0 * own;
  case MN_PHASE_LADDER: /* of every level a quarter of the nodes as modes: sum, present, symbol, work there and back;
                           columns in float, both sides, there and back; rows */
    return (4.5 * 4.0 + 4.0 * 2.8 + 16.0) * levels;
  case MN_PHASE_READ: /* the field; positions and forces */
    return 16.0 * sheet + 48.0 * cells;
  case MN_PHASE_NEAR: /* listed; visitors made and read three times; bins, sorted, whole numbers; forces there and back
                       */
    return drift->cost.pairs > 0 ? (24.0 + 96.0 + 12.0 + 40.0 + 24.0 + 72.0) * cells : 0.0;
  case MN_PHASE_OWN: /* all samples, positions, forces; the density */
    return (8.0 * mn_ladder_trail(ladder)->words * mn_ladder_trail(ladder)->samples + 64.0) * cells + 8.0 * own;
  case MN_PHASE_REMEMBER:
    return (16.0 + 8.0 * mn_ladder_trail(ladder)->words) * cells + 48.0 * levels;
  default:
    return 0.0;
  }
}

static void print_phases(mn_drift *drift, const double *seconds)
{
  const double bandwidth = machine_bandwidth();
  double all = 0.0;
  for (int k = 0; k < MN_PHASES; k++) {
    all += seconds[k];
  }
  printf("# phase     share  MB moved   GB/s  of the %.1f GB/s of a triad on one core\n", bandwidth);
  for (int k = 0; k < MN_PHASES; k++) {
    if (!(seconds[k] > 0.0)) {
      continue;
    }
    const double bytes = bytes_of(drift, (mn_phase)k);
    printf("# %-9s %4.0f %% %9.1f %6.2f  %3.0f %%\n", bench_phase[k], 100.0 * seconds[k] / all, 1e-6 * bytes,
           1e-9 * bytes / seconds[k], 1e-7 * bytes / seconds[k] / bandwidth);
  }
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_spectral");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 1e6);
  const int64_t before = (int64_t)bench_argument(argc, argv, 2, 200);
  const double tolerance = bench_argument(argc, argv, 3, 1e-3);
  const double theta = bench_argument(argc, argv, 4, 1.0);
  const bool averaged = bench_argument(argc, argv, 5, 1.0) > 0.0;
  const int64_t measured = (int64_t)bench_argument(argc, argv, 6, 10);
  const mn_model model = {.theta = theta, .lambda = bench_argument(argc, argv, 9, 0.0), .chi = 6.283185307179586};
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
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = bench_argument(argc, argv, 8, 3.0)};
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
    bench_move(c.block, n, c.dt, 0.0, c.drift, c.x);
    if (parallel.rank == 0 && (n < 4 || n == 10 || n == 100 || n == 1000)) {
      printf("# step %lld: %.4f s\n", (long long)n, spent);
    }
  }
  double bytes = (double)(mn_memory_peak() - mn_history_bytes(history));
  MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_SUM, parallel.comm);
  if (parallel.rank == 0) {
    for (int k = 0; k < MN_PHASES; k++) {
      start.phase[k] = (drift->cost.phase[k] - start.phase[k]) / (double)measured;
    }
    printf("cells,steps,tolerance,theta,ranks,seconds,fastest,ns_per_cell");
    for (int k = 0; k < MN_PHASES; k++) {
      printf(",%s_ms", bench_phase[k]);
    }
    printf(",pairs_per_cell,bytes_per_cell,error,yardstick_G/s\n%lld,%lld,%g,%g,%d,%.4f,%.4f,%.1f", (long long)cells,
           (long long)before, tolerance, theta, parallel.size, seconds, fastest, 1e9 * seconds / (double)cells);
    for (int k = 0; k < MN_PHASES; k++) {
      printf(",%.2f", 1e3 * start.phase[k]);
    }
    printf(",%.1f,%.0f,%.2g,%.2f\n", (double)(drift->cost.pairs - start.pairs) / (double)(measured * cells),
           bytes / (double)cells, error, machine_exponentials(10));
    print_meshes(drift);
    print_phases(drift, start.phase);
  }
  mn_drift_destroy(&drift);
  mn_history_destroy(&history);
  mn_free(&c.x);
  mn_free(&c.drift);
  bench_end(&parallel);
  return 0;
}
