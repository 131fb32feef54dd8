/* Which scheme has the smallest error at equal cost?  Bias of E|X_1|^2 against the finest steps of heun, all on the
 * same Brownian paths (noise_substeps), so that differences are sharp; cost in pair-lags. */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <stdio.h>
#include <stdlib.h>

enum { FINEST = 80 };

typedef struct measured {
  double pull;
  double pair_lags;
} measured;

static measured simulate(const mn_parallel *parallel, mn_initial_kind kind, mn_scheme scheme, int steps, uint32_t seed,
                         int64_t cells)
{
  const mn_model model = {.theta = 1.0, .chi = 12.566370614359172};
  const mn_drift_options drift_options = {.tolerance = 1e-4};
  const mn_history_options history_options = {.tolerance = 1e-4};
  const mn_initial initial = {.kind = kind, .variance = 1.0};
  mn_dynamics dynamics = {.model = model, .scheme = scheme, .seed = seed, .noise_substeps = FINEST / steps};
  mn_history *history = NULL;
  mn_drift *drift = NULL;
  mn_stepper *stepper = NULL;
  double *x = NULL;
  double *free_path = NULL;
  bench_ok(mn_schedule_make(1.0 / steps, 0.0, 2.0, &dynamics.schedule));
  bench_ok(mn_drift_create(parallel, &mn_drift_direct, &model, &drift_options, cells, &drift));
  bench_ok(mn_history_create(parallel, &model, &history_options, cells, &history));
  bench_ok(mn_stepper_create(&dynamics, drift, history, &stepper));
  bench_ok(mn_alloc(&x, 2 * cells, sizeof *x));
  bench_ok(mn_alloc(&free_path, 2 * cells, sizeof *free_path));
  mn_initial_draw(&initial, seed, (mn_block){0, cells}, x);
  mn_initial_draw(&initial, seed, (mn_block){0, cells}, free_path);
  for (int n = 0; n < steps; n++) {
    bench_ok(mn_stepper_advance(stepper, n, x, free_path));
  }
  measured m = {0.0, (double)drift->cost.pair_lags};
  for (int64_t k = 0; k < 2 * cells; k++) {
    m.pull += (x[k] * x[k] - free_path[k] * free_path[k]) / (double)cells;
  }
  mn_stepper_destroy(&stepper);
  mn_drift_destroy(&drift);
  mn_history_destroy(&history);
  mn_free(&x);
  mn_free(&free_path);
  return m;
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_scheme");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 400);
  const int replicas = (int)bench_argument(argc, argv, 2, 40);
  static const int steps[] = {5, 10, 20, 40};
  static const struct {
    mn_scheme scheme;
    const char *name;
  } schemes[] = {{MN_SCHEME_HEUN, "heun"}, {MN_SCHEME_AVERAGED, "averaged"}};
  static const struct {
    mn_initial_kind kind;
    const char *name;
  } starts[] = {{MN_INITIAL_GAUSSIAN, "gaussian"}, {MN_INITIAL_DIRAC, "dirac"}};
  double *reference = NULL;
  bench_ok(mn_alloc(&reference, replicas, sizeof *reference));
  printf("start,scheme,steps,pair_lags_per_cell,bias,standard_error\n");
  for (int s = 0; s < 2; s++) {
    for (int r = 0; r < replicas; r++) {
      reference[r] = simulate(&parallel, starts[s].kind, MN_SCHEME_HEUN, FINEST, (uint32_t)r + 1, cells).pull;
    }
    for (int k = 0; k < 8; k++) {
      double sum = 0.0;
      double squares = 0.0;
      double lags = 0.0;
      for (int r = 0; r < replicas; r++) {
        const measured m =
            simulate(&parallel, starts[s].kind, schemes[k / 4].scheme, steps[k % 4], (uint32_t)r + 1, cells);
        const double d = m.pull - reference[r];
        sum += d;
        squares += d * d;
        lags = m.pair_lags / (double)cells;
      }
      const double mean = sum / replicas;
      printf("%s,%s,%d,%.3g,%.5f,%.5f\n", starts[s].name, schemes[k / 4].name, steps[k % 4], lags, mean,
             sqrt((squares / replicas - mean * mean) / (replicas - 1)));
    }
  }
  mn_free(&reference);
  bench_end(&parallel);
  return 0;
}
