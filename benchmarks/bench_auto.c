/* Does `drift.engine = auto` pick the engine that is faster?  For numbers of cells x tolerances x theta: seconds of a
 * number of averaged steps with either engine, one step of each in turn, the choice by constants and by trial
 * (drift.calibrate = no and engine), what either costs beside the best, and the seconds of the trial.
 * Arguments: steps, the largest number of cells, lambda. */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>

static const double tolerances[] = {1e-2, 1e-3, 1e-4, 1e-6, 1e-8};
static const double thetas[] = {0.01, 1.0, 100.0};
static const double dt = 0.02;
enum { TOLERANCES = 5, THETAS = 3 };

static const double variance = 3.0;

typedef struct question {
  mn_model model;
  mn_drift_options options;
  int64_t count, steps;
} question;

/* Seconds of all steps with engine 0, direct, and 1, spectral; cells move by the drift that direct finds. */
static void measure(const mn_parallel *p, const question *q, double seconds[2])
{
  const mn_drift_engine *const engines[2] = {&mn_drift_direct, &mn_drift_spectral};
  const mn_block own = mn_block_of(q->count, p->rank, p->size);
  const mn_history_options keep = {.tolerance = q->options.tolerance};
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = variance};
  mn_drift *drift[2] = {NULL};
  mn_history *past[2] = {NULL};
  double *x[3] = {NULL}; /* positions, two drifts */
  for (int k = 0; k < 3; k++) {
    bench_ok(mn_alloc(&x[k], 2 * mn_block_count(own), sizeof(double)));
  }
  for (int e = 0; e < 2; e++) {
    seconds[e] = 0.0;
    bench_ok(mn_drift_create(p, engines[e], &q->model, &q->options, q->count, &drift[e]));
    bench_ok(mn_history_create(p, &q->model, &keep, mn_drift_witnesses(engines[e], q->count), &past[e]));
  }
  mn_initial_draw(&initial, 1, own, x[0]);
  for (int64_t n = 0; n < q->steps; n++) {
    for (int e = 0; e < 2; e++) {
      MPI_Barrier(p->comm);
      const double start = mn_seconds();
      bench_ok(mn_drift_evaluate(drift[e], past[e], dt * (double)n, dt, x[0], x[1 + e]));
      bench_ok(mn_drift_remember(drift[e], past[e], dt * (double)n, dt, x[0]));
      seconds[e] += mn_seconds() - start;
    }
    bench_move(own, n, dt, 0.0, x[1], x[0]);
  }
  for (int e = 0; e < 2; e++) {
    mn_drift_destroy(&drift[e]);
    mn_history_destroy(&past[e]);
  }
  for (int k = 0; k < 3; k++) {
    mn_free(&x[k]);
  }
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_auto");
  const int64_t steps = (int64_t)bench_argument(argc, argv, 1, 200);
  const int64_t most = (int64_t)bench_argument(argc, argv, 2, 3200);
  const double lambda = bench_argument(argc, argv, 3, 0.0);
  printf("cells,tolerance,theta,direct_s,spectral_s,constants,over_best,trial,over_best,trial_s\n");
  double worst[2] = {1.0, 1.0};
  for (int64_t count = 100; count <= most; count *= 2) {
    for (int k = 0; k < TOLERANCES * THETAS; k++) {
      const question q = {{.theta = thetas[k / TOLERANCES], .lambda = lambda, .chi = 6.283185307179586},
                          {.tolerance = tolerances[k % TOLERANCES], .shortest_step = dt, .longest_step = dt},
                          count,
                          steps};
      double seconds[2];
      measure(&parallel, &q, seconds);
      const mn_drift_engine *by[2] = {mn_drift_cheapest(&q.model, &q.options, count, variance), NULL};
      const double start = mn_seconds();
      bench_ok(mn_drift_fastest(&parallel, &q.model, &q.options, count, variance, &by[1]));
      const double trial = mn_seconds() - start;
      double over[2];
      for (int m = 0; m < 2; m++) {
        over[m] = seconds[by[m] == &mn_drift_spectral] / fmin(seconds[0], seconds[1]);
        worst[m] = fmax(worst[m], over[m]);
      }
      if (parallel.rank == 0) {
        printf("%lld,%g,%g,%.4f,%.4f,%s,%.2f,%s,%.2f,%.2f\n", (long long)count, q.options.tolerance, q.model.theta,
               seconds[0], seconds[1], by[0]->name, over[0], by[1]->name, over[1], trial);
        fflush(stdout);
      }
    }
  }
  if (parallel.rank == 0) {
    printf("# auto takes at most %.2f times the time of the faster engine by constants, %.2f by trial\n", worst[0],
           worst[1]);
  }
  bench_end(&parallel);
  return 0;
}
