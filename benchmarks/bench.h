/* bench.h  What the benchmarks share: a header line that says what was measured, medians, a moving
 * cloud, phases. */
#ifndef MN_BENCH_H
#define MN_BENCH_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/parallel.h>

#include <stdint.h>

enum { BENCH_REPEATS = 5 };

/* What phases of the spectral engine are called in print. */
extern const char *const bench_phase[MN_PHASES];

/* Starts MPI; ends the program if assertions are on, for then times mean nothing. */
mn_parallel bench_start(int *argc, char ***argv, const char *name);
void bench_end(mn_parallel *parallel);

/* Ends the program with the message of an error. */
void bench_ok(mn_error *error);

typedef struct bench_time {
  double min, median;
} bench_time;

/* Calls `work` once to warm up, then BENCH_REPEATS times. */
bench_time bench_measure(void (*work)(void *context), void *context);

/* The median of n numbers, which it sorts. */
double bench_median(double *values, int n);

/* Moves a block of cells by step n of dX = drift dt - pull X dt + sqrt(2) dW; without pull they spread, with it their
 * variance tends to 1/pull. */
void bench_move(mn_block own, int64_t n, double dt, double pull, const double *drift, double *x);

/* The k-th argument as a number, or a default. */
double bench_argument(int argc, char **argv, int k, double fallback);

#endif
