/* Does a step cost the same whatever its number?  A cloud of N cells held together, dX = -X/v dt + sqrt(2) dW + drift,
 * so that its variance stays v = 3 per coordinate: with averaged steps of 0.02 its past grows, and nothing else.  After
 * 10, 100, 1000, ... steps a second engine begins, and after 10 steps of its own both are asked in turn, by the same
 * cells: means and fastest of 20 steps of either, and old by young.  Arguments: cells, steps, tolerance, theta, 1:
 * confined (0: the cloud spreads). */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>

static const double dt = 0.02;
static const double variance = 3.0;
enum { YOUNG = 10, TIMED = 20 /* steps */ };

typedef struct engine {
  mn_drift *drift;
  mn_history *past;
  double mean, fastest; /* seconds, of the steps timed */
} engine;

static void begin(const mn_parallel *p, const mn_model *model, const mn_drift_options *options, int64_t cells,
                  engine *e)
{
  const mn_history_options keep = {.tolerance = options->tolerance};
  *e = (engine){.fastest = (double)INFINITY};
  bench_ok(mn_drift_create(p, &mn_drift_spectral, model, options, cells, &e->drift));
  bench_ok(mn_history_create(p, model, &keep, mn_drift_witnesses(&mn_drift_spectral, cells), &e->past));
}

static void end(engine *e)
{
  mn_drift_destroy(&e->drift);
  mn_history_destroy(&e->past);
}

static void step(const mn_parallel *p, engine *e, double now, const double *x, double *drift, bool timed)
{
  MPI_Barrier(p->comm);
  const double start = mn_seconds();
  bench_ok(mn_drift_evaluate(e->drift, e->past, now, dt, x, drift));
  bench_ok(mn_drift_remember(e->drift, e->past, now, dt, x));
  const double spent = mn_seconds() - start;
  e->mean += timed ? spent / TIMED : 0.0;
  e->fastest = timed ? fmin(e->fastest, spent) : e->fastest;
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_flat");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 1e5);
  const int64_t steps = (int64_t)bench_argument(argc, argv, 2, 1e4);
  const double tolerance = bench_argument(argc, argv, 3, 1e-3);
  const bool confined = bench_argument(argc, argv, 5, 1.0) > 0.0;
  const mn_model model = {.theta = bench_argument(argc, argv, 4, 1.0), .chi = 6.283185307179586};
  const mn_drift_options options = {.tolerance = tolerance, .shortest_step = dt, .longest_step = dt};
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = variance};
  const mn_block own = mn_block_of(cells, parallel.rank, parallel.size);
  double *x = NULL;
  double *drift = NULL;
  double *other = NULL;
  engine old;
  engine young;
  int64_t since = 10; /* steps of the old engine when a young one begins */
  bench_ok(mn_alloc(&x, 2 * mn_block_count(own), sizeof *x));
  bench_ok(mn_alloc(&drift, 2 * mn_block_count(own), sizeof *drift));
  bench_ok(mn_alloc(&other, 2 * mn_block_count(own), sizeof *other));
  mn_initial_draw(&initial, 1, own, x);
  begin(&parallel, &model, &options, cells, &old);
  if (parallel.rank == 0) {
    printf("cells,tolerance,theta,confined,steps,mean_s,fastest_s,mean_young_s,fastest_young_s,ratio_of_fastest\n");
  }
  for (int64_t n = 0; n < steps; n++) {
    const bool both = n >= since - YOUNG;
    const bool timed = n >= since;
    if (n == since - YOUNG) {
      begin(&parallel, &model, &options, cells, &young);
    }
    step(&parallel, &old, dt * (double)n, x, drift, timed);
    if (both) {
      step(&parallel, &young, dt * (double)n, x, other, timed);
    }
    bench_move(own, n, dt, confined ? 1.0 / variance : 0.0, drift, x);
    if (n == since + TIMED - 1) {
      if (parallel.rank == 0) {
        printf("%lld,%g,%g,%d,%lld,%.4f,%.4f,%.4f,%.4f,%.3f\n", (long long)cells, tolerance, model.theta, confined,
               (long long)since, old.mean, old.fastest, young.mean, young.fastest, old.fastest / young.fastest);
        fflush(stdout);
      }
      end(&young);
      old.mean = 0.0;
      old.fastest = (double)INFINITY;
      since *= 10;
    }
  }
  if (steps > since - YOUNG) {
    end(&young);
  }
  end(&old);
  mn_free(&x);
  mn_free(&drift);
  mn_free(&other);
  bench_end(&parallel);
  return 0;
}
