#include "bench.h"

#include <math.h>
#include <mnemotaxis/noise.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

const char *const bench_phase[MN_PHASES] = {"spread", "modes", "sheet", "ladder", "read", "near", "own", "remember"};

mn_parallel bench_start(int *argc, char ***argv, const char *name)
{
#ifndef NDEBUG
  fprintf(stderr, "%s: assertions are on; build with the release preset\n", name);
  exit(EXIT_FAILURE);
#endif
  mn_parallel parallel;
  MPI_Init(argc, argv);
  mn_parallel_create(MPI_COMM_WORLD, &parallel);
  if (parallel.rank == 0) {
    char date[32];
    const time_t now = time(NULL);
    strftime(date, sizeof date, "%Y-%m-%d", gmtime(&now));
    printf("# %s, commit %s, %s, gcc %s, flags %s, %d rank(s)\n", name, MN_COMMIT, date, __VERSION__, MN_FLAGS,
           parallel.size);
  }
  return parallel;
}

void bench_end(mn_parallel *parallel)
{
  mn_parallel_destroy(parallel);
  MPI_Finalize();
}

void bench_ok(mn_error *error)
{
  if (error) {
    fprintf(stderr, "%s\n", error->message);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
  }
}

static int compare(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

bench_time bench_measure(void (*work)(void *context), void *context)
{
  double seconds[BENCH_REPEATS];
  work(context);
  for (int k = 0; k < BENCH_REPEATS; k++) {
    const double start = mn_seconds();
    work(context);
    seconds[k] = mn_seconds() - start;
  }
  qsort(seconds, BENCH_REPEATS, sizeof *seconds, compare);
  return (bench_time){seconds[0], seconds[BENCH_REPEATS / 2]};
}

double bench_median(double *values, int n)
{
  qsort(values, (size_t)n, sizeof *values, compare);
  return values[n / 2];
}

void bench_move(mn_block own, int64_t n, double dt, double pull, const double *drift, double *x)
{
  const double keep = exp(-pull * dt);
  const double noise = pull > 0.0 ? sqrt((1.0 - keep * keep) / pull) : sqrt(2.0 * dt);
  for (int64_t i = 0; i < mn_block_count(own); i++) {
    double normal[2];
    mn_noise_normal(1, MN_STREAM_MOTION, (uint32_t)(own.begin + i), (uint64_t)n, 0, normal);
    x[2 * i] = keep * x[2 * i] + dt * drift[2 * i] + noise * normal[0];
    x[2 * i + 1] = keep * x[2 * i + 1] + dt * drift[2 * i + 1] + noise * normal[1];
  }
}

double bench_argument(int argc, char **argv, int k, double fallback)
{
  return k < argc ? strtod(argv[k], NULL) : fallback;
}
