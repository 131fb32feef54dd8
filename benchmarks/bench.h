/* bench.h  What the benchmarks share: a header line that says what was measured, and medians. */
#ifndef MN_BENCH_H
#define MN_BENCH_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/parallel.h>

enum { BENCH_REPEATS = 5 };

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

/* The k-th argument as a number, or a default. */
double bench_argument(int argc, char **argv, int k, double fallback);

#endif
