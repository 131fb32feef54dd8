/* Where does the time of a run with the direct engine go, and how does it scale with ranks?  N cells, a number of
 * steps, averaged scheme; run it on 1 and on 2 ranks in turn (benchmarks/scaling.sh).  Prints a checksum of the final
 * positions: the same on any number of ranks. */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds to walk once through the whole past. */
static double decode_seconds(const mn_history *history, int64_t cells)
{
  int64_t *q = NULL;
  mn_cursor cursor;
  bench_ok(mn_alloc(&q, 2 * cells, sizeof *q));
  const double start = mn_seconds();
  mn_cursor_start(&cursor, history, q);
  for (int k = 0; k < mn_history_samples(history); k++) {
    mn_cursor_next(&cursor);
  }
  const double seconds = mn_seconds() - start;
  mn_free(&q);
  return seconds;
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_direct");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 4000);
  const int64_t steps = (int64_t)bench_argument(argc, argv, 2, 200);
  const double tolerance = bench_argument(argc, argv, 3, 1e-4);
  const mn_model model = {.theta = 1.0, .chi = 6.283185307179586};
  const mn_drift_options drift_options = {.tolerance = tolerance};
  const mn_history_options history_options = {.tolerance = tolerance};
  mn_dynamics dynamics = {.model = model, .scheme = MN_SCHEME_AVERAGED, .seed = 1, .noise_substeps = 1};
  mn_history *history = NULL;
  mn_drift *drift = NULL;
  mn_stepper *stepper = NULL;
  double *x = NULL;
  double *free_path = NULL;
  const mn_block block = mn_block_of(cells, parallel.rank, parallel.size);
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0};
  bench_ok(mn_schedule_make(0.02, 0.0, 2.0, &dynamics.schedule));
  bench_ok(mn_drift_create(&parallel, &mn_drift_direct, &model, &drift_options, cells, &drift));
  bench_ok(mn_history_create(&parallel, &model, &history_options, cells, &history));
  bench_ok(mn_stepper_create(&dynamics, drift, history, &stepper));
  bench_ok(mn_alloc(&x, 2 * mn_block_count(block), sizeof *x));
  bench_ok(mn_alloc(&free_path, 2 * mn_block_count(block), sizeof *free_path));
  mn_initial_draw(&initial, 1, block, x);

  MPI_Barrier(parallel.comm);
  const double start = mn_seconds();
  double decode = 0.0;
  for (int64_t n = 0; n < steps; n++) {
    bench_ok(mn_stepper_advance(stepper, n, x, free_path));
  }
  const double seconds = mn_seconds() - start;
  for (int k = 0; k < BENCH_REPEATS; k++) {
    decode += decode_seconds(history, cells) / BENCH_REPEATS;
  }
  decode *= 0.5 * (double)steps; /* over the run the past is half as long on average */
  double sums[2];
  bench_ok(mn_ordered_sum(&parallel, cells, 2, x, sums));
  const double sum = sums[0] + sums[1];
  if (parallel.rank == 0) {
    const mn_step_seconds spent = mn_stepper_seconds(stepper);
    printf("cells,steps,tolerance,ranks,seconds,drift_%%,exchange_%%,rest_%%,decode_%%,pair_lags_G/"
           "s,float_%%,bits,checksum\n");
    printf("%lld,%lld,%g,%d,%.3f,%.2f,%.3f,%.3f,%.3f,%.2f,%.0f,%.2f,%.17g\n", (long long)cells, (long long)steps,
           tolerance, parallel.size, seconds, 100.0 * spent.drift / seconds, 100.0 * spent.exchange / seconds,
           100.0 * spent.rest / seconds, 100.0 * decode / seconds,
           (double)drift->cost.pair_lags * parallel.size / seconds / 1e9,
           100.0 * (double)drift->cost.float_lags / (double)drift->cost.pair_lags, mn_history_bits(history), sum);
  }
  mn_stepper_destroy(&stepper);
  mn_drift_destroy(&drift);
  mn_history_destroy(&history);
  mn_free(&x);
  mn_free(&free_path);
  bench_end(&parallel);
  return 0;
}
