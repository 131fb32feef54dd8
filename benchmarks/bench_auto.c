/* Does `drift.engine = auto` pick the engine that is faster?  For numbers of cells x tolerances x theta: seconds of the
 * first steps of a run with either engine, one step of each in turn, the choice by constants and by trial
 * (drift.calibrate = no and engine), what either costs beside the best, and the seconds of the trial.
 * Arguments: steps, the largest number of cells, lambda, scheme (0: heun, 1: averaged, 2: euler), clustered (half of
 * the cells in 1 % of the area), growth (largest ratio of steps that start at a hundredth; 1: all steps equal). */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <stdio.h>
#include <string.h>

static const double tolerances[] = {1e-2, 1e-3, 1e-4, 1e-6, 1e-8};
static const double thetas[] = {0.01, 1.0, 100.0};
static const double dt = 0.02;
enum { TOLERANCES = 5, THETAS = 3 };

static const double variance = 3.0;

/* A run with one engine. */
typedef struct rival {
  mn_drift *drift;
  mn_history *past;
  mn_stepper *stepper;
  double *x, *free_path;
  double seconds;
} rival;

static void prepare(const mn_parallel *p, const mn_run_options *o, const mn_drift_engine *engine, rival *r)
{
  const int64_t cells = mn_block_count(mn_block_of(o->count, p->rank, p->size));
  memset(r, 0, sizeof *r);
  bench_ok(mn_drift_create(p, engine, &o->dynamics.model, &o->drift, o->count, &r->drift));
  bench_ok(mn_history_create(p, &o->dynamics.model, &o->history, mn_drift_witnesses(engine, o->count), &r->past));
  bench_ok(mn_stepper_create(&o->dynamics, r->drift, r->past, &r->stepper));
  bench_ok(mn_alloc(&r->x, 2 * cells, sizeof(double)));
  bench_ok(mn_alloc(&r->free_path, 2 * cells, sizeof(double)));
  bench_ok(mn_run_start(p, o, o->dynamics.seed, r->x));
}

static void release(rival *r)
{
  mn_stepper_destroy(&r->stepper);
  mn_history_destroy(&r->past);
  mn_drift_destroy(&r->drift);
  mn_free(&r->x);
  mn_free(&r->free_path);
}

/* Seconds of all steps with engine 0, direct, and 1, spectral. */
static void measure(const mn_parallel *p, const mn_run_options *o, double seconds[2])
{
  rival r[2];
  prepare(p, o, &mn_drift_direct, &r[0]);
  prepare(p, o, &mn_drift_spectral, &r[1]);
  for (int64_t n = 0; n < o->steps; n++) {
    for (int e = 0; e < 2; e++) {
      MPI_Barrier(p->comm);
      const double start = mn_seconds();
      bench_ok(mn_stepper_advance(r[e].stepper, n, r[e].x, r[e].free_path));
      r[e].seconds += mn_seconds() - start;
    }
  }
  for (int e = 0; e < 2; e++) {
    seconds[e] = r[e].seconds;
    release(&r[e]);
  }
}

static mn_run_options run_of(int64_t count, double theta, double tolerance, double lambda, mn_schedule schedule)
{
  const mn_drift_options drift = {
      .tolerance = tolerance, .shortest_step = schedule.first, .longest_step = schedule.step, .ramp = schedule.ramp};
  return (mn_run_options){
      .dynamics = {.model = {.theta = theta, .lambda = lambda, .chi = 6.283185307179586},
                   .schedule = schedule,
                   .seed = 1,
                   .noise_substeps = 1},
      .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = variance},
      .count = count,
      .drift = drift,
      .history = {.tolerance = tolerance},
  };
}

static void cluster(mn_initial *initial)
{
  const double width = sqrt(variance);
  initial->kind = MN_INITIAL_CLUSTERS;
  initial->clusters = 2;
  initial->cluster[0] = (mn_blob){.amplitude = 1.0, .sigma = width};
  initial->cluster[1] = (mn_blob){.amplitude = 1.0, .sigma = 0.1 * width};
}

/* What a choice costs beside the best. */
static double over(const mn_drift_engine *choice, const double seconds[2])
{
  return seconds[choice == &mn_drift_spectral] / fmin(seconds[0], seconds[1]);
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_auto");
  const int64_t steps = (int64_t)bench_argument(argc, argv, 1, 200);
  const int64_t most = (int64_t)bench_argument(argc, argv, 2, 3200);
  const double lambda = bench_argument(argc, argv, 3, 0.0);
  const mn_scheme scheme = (mn_scheme)(int)bench_argument(argc, argv, 4, MN_SCHEME_AVERAGED);
  const bool clustered = bench_argument(argc, argv, 5, 0.0) > 0.0;
  const double growth = bench_argument(argc, argv, 6, 1.0);
  mn_schedule schedule;
  bench_ok(mn_schedule_make(dt, growth > 1.0 ? 0.01 * dt : 0.0, fmax(growth, 1.0001), &schedule));
  printf("cells,tolerance,theta,direct_s,spectral_s,constants,over_best,trial,over_best,trial_s\n");
  double worst[2] = {1.0, 1.0};
  for (int64_t count = 100; count <= most; count *= 2) {
    for (int k = 0; k < TOLERANCES * THETAS; k++) {
      mn_run_options o = run_of(count, thetas[k / TOLERANCES], tolerances[k % TOLERANCES], lambda, schedule);
      o.dynamics.scheme = scheme;
      o.steps = schedule.ramp + steps;
      if (clustered) {
        cluster(&o.initial);
      }
      double seconds[2];
      measure(&parallel, &o, seconds);
      const mn_drift_engine *trial;
      const mn_drift_engine *constants =
          mn_drift_cheapest(&o.dynamics.model, &o.drift, count, mn_initial_variance(&o.initial));
      const double start = mn_seconds();
      bench_ok(mn_run_fastest(&parallel, &o, &trial));
      const double tried = mn_seconds() - start;
      worst[0] = fmax(worst[0], over(constants, seconds));
      worst[1] = fmax(worst[1], over(trial, seconds));
      if (parallel.rank == 0) {
        printf("%lld,%g,%g,%.4f,%.4f,%s,%.2f,%s,%.2f,%.2f\n", (long long)count, o.drift.tolerance,
               o.dynamics.model.theta, seconds[0], seconds[1], constants->name, over(constants, seconds), trial->name,
               over(trial, seconds), tried);
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
