/* Does the spectral engine keep to its tolerance?  Every tolerance x theta x lambda x quadrature x cloud x number of
 * steps x equal or growing steps, each a Brownian cloud whose drift is asked for at every step, against the direct
 * engine, twenty times sharper, at the end.  Prints measured/requested, and the largest of each tolerance.  Arguments:
 * every how many-th case (1: all, hours; 31: minutes), the largest number of steps, cells, the largest theta (of 400
 * steps at 1000 and 1e-7 meshes need some 30 GB), the seed of the clouds, the first case (of 2688: 336 for each number
 * of steps, then the same of growing steps), 0 for forces that are not averaged over the step (euler), and a pull that
 * keeps the cloud as small as 1/sqrt(pull), as meshes are then (0: it spreads). */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <stdio.h>
#include <string.h>

static const double tolerances[] = {1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8};
static const double thetas[] = {1e-4, 1e-3, 0.05, 1.0, 10.0, 1000.0};
static const int steps[] = {1, 2, 40, 400};
enum { TOLERANCES = 7, CASES = TOLERANCES * 6 * 2 * 2 * 2 * 4 * 2 };

typedef struct question {
  mn_model model;
  double tolerance;
  bool clustered;
  double growth;
  bool averaged;
  int steps;
  int64_t count;
  uint32_t seed;
  double pull;
} question;

/* Case k of the cloud and forces that q has already. */
static question question_of(int k, question q)
{
  q.tolerance = tolerances[k % TOLERANCES];
  k /= TOLERANCES;
  q.model = (mn_model){.theta = thetas[k % 6], .chi = 6.283185307179586};
  k /= 6;
  q.model.lambda = k % 2 ? 2.0 : 0.0;
  k /= 2;
  q.model.quadrature = k % 2 ? MN_FROZEN : MN_BRIDGE;
  k /= 2;
  q.clustered = k % 2;
  k /= 2;
  q.steps = steps[k % 4];
  k /= 4;
  q.growth = k % 2 ? (q.steps > 40 ? 1.01 : 1.1) : 1.0;
  return q;
}

static double step_of(const question *q, int n)
{
  return 0.02 * pow(q->growth, n + 1 - q->steps);
}

static double ahead_of(const question *q, int n)
{
  return q->averaged ? step_of(q, n) : 0.0;
}

/* Deviation of a cell at the start; half of the cells of a clustered cloud lie in a hundredth of its area. */
static double start_of(const question *q, int64_t i)
{
  return (q->clustered && i % 2 ? 0.1 : 1.0) / sqrt(q->pull > 0.0 ? q->pull : 1.0);
}

/* To moment n: Brownian motion, pulled to the centre. */
static void move(const question *q, mn_block own, int n, double *x)
{
  const double h = n > 0 ? step_of(q, n - 1) : 0.0;
  const double keep = n > 0 ? exp(-q->pull * h) : 0.0;
  const double noise = q->pull > 0.0 ? sqrt((1.0 - keep * keep) / q->pull) : sqrt(2.0 * h);
  for (int64_t i = own.begin; i < own.end; i++) {
    double normal[2];
    mn_noise_normal(q->seed, MN_STREAM_MOTION, (uint32_t)i, (uint64_t)n, 0, normal);
    const double size = n > 0 ? noise : start_of(q, i);
    for (int a = 0; a < 2; a++) {
      double *to = &x[2 * (i - own.begin) + a];
      *to = keep * *to + size * normal[a];
    }
  }
}

static double measure(const mn_parallel *p, const question *q, double *x, double *found, double *truth)
{
  const mn_block own = mn_block_of(q->count, p->rank, p->size);
  const mn_history_options history = {.tolerance = q->tolerance / 100.0};
  mn_drift_options options = {
      .tolerance = q->tolerance, .shortest_step = step_of(q, 0), .longest_step = step_of(q, q->steps - 1)};
  mn_history *past = NULL;
  mn_drift *spectral = NULL;
  mn_drift *direct = NULL;
  bench_ok(mn_history_create(p, &q->model, &history, q->count, &past));
  bench_ok(mn_drift_create(p, &mn_drift_spectral, &q->model, &options, q->count, &spectral));
  options.tolerance /= 20.0;
  bench_ok(mn_drift_create(p, &mn_drift_direct, &q->model, &options, q->count, &direct));
  double t = 0.0;
  move(q, own, 0, x);
  for (int n = 0; n < q->steps; n++) {
    bench_ok(mn_drift_evaluate(spectral, past, t, ahead_of(q, n), x, found));
    bench_ok(mn_drift_remember(spectral, past, t, step_of(q, n), x));
    t += step_of(q, n);
    move(q, own, n + 1, x);
  }
  bench_ok(mn_drift_evaluate(spectral, past, t, ahead_of(q, q->steps - 1), x, found));
  bench_ok(mn_drift_evaluate(direct, past, t, ahead_of(q, q->steps - 1), x, truth));
  double sums[2] = {0.0, 0.0};
  for (int64_t i = 0; i < 2 * mn_block_count(own); i++) {
    sums[0] += (found[i] - truth[i]) * (found[i] - truth[i]);
    sums[1] += truth[i] * truth[i];
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, p->comm);
  mn_drift_destroy(&spectral);
  mn_drift_destroy(&direct);
  mn_history_destroy(&past);
  return sqrt(sums[0] / sums[1]);
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_accuracy");
  const int every = (int)bench_argument(argc, argv, 1, 31);
  const int longest = (int)bench_argument(argc, argv, 2, 40);
  const double largest = bench_argument(argc, argv, 4, 1000.0);
  const int first = (int)bench_argument(argc, argv, 6, 0);
  const question cloud = {.count = (int64_t)bench_argument(argc, argv, 3, 400),
                          .seed = (uint32_t)bench_argument(argc, argv, 5, 5),
                          .averaged = bench_argument(argc, argv, 7, 1.0) > 0.0,
                          .pull = bench_argument(argc, argv, 8, 0.0)};
  double *array[3];
  double worst[TOLERANCES] = {0.0};
  int cases[TOLERANCES] = {0};
  for (int k = 0; k < 3; k++) {
    bench_ok(mn_alloc(&array[k], 2 * cloud.count, sizeof(double)));
  }
  printf("tolerance,theta,lambda,quadrature,clustered,steps,growth,measured_over_requested\n");
  for (int k = first; k < CASES; k += every) {
    const question q = question_of(k, cloud);
    if (q.steps > longest || q.model.theta > largest) {
      continue;
    }
    const double ratio = measure(&parallel, &q, array[0], array[1], array[2]) / q.tolerance;
    worst[k % TOLERANCES] = fmax(worst[k % TOLERANCES], ratio);
    cases[k % TOLERANCES]++;
    if (parallel.rank == 0) {
      printf("%g,%g,%g,%s,%d,%d,%g,%.3f\n", q.tolerance, q.model.theta, q.model.lambda,
             q.model.quadrature == MN_FROZEN ? "frozen" : "bridge", q.clustered, q.steps, q.growth, ratio);
      fflush(stdout);
    }
  }
  for (int k = 0; k < TOLERANCES && parallel.rank == 0; k++) {
    printf("# %g: at most %.3f of the tolerance in %d cases\n", tolerances[k], worst[k], cases[k]);
  }
  for (int k = 0; k < 3; k++) {
    mn_free(&array[k]);
  }
  bench_end(&parallel);
  return 0;
}
