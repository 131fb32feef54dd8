/* How small are the slabs, how fast do they decode, and what do they cost the drift?  Brownian cells; the error is that
 * with a coded past against one coded at 1e-10, relative rms: of the drift of 400 cells, where it averages over the
 * sources, and of D^{ij} of single pairs, where it does not. */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/slab.h>
#include <stdio.h>

enum { CELLS = 4000, SAMPLES = 40 };

typedef struct decoding {
  const mn_history *history;
  int64_t *q;
} decoding;

static void decode_all(void *context)
{
  decoding *d = context;
  mn_cursor cursor;
  mn_cursor_start(&cursor, d->history, d->q);
  for (int k = 0; k < SAMPLES; k++) {
    mn_cursor_next(&cursor);
  }
}

static void move(int64_t cells, int step, double h, double *x)
{
  for (int64_t i = 0; i < cells; i++) {
    double z[2];
    mn_noise_normal(5, MN_STREAM_MOTION, (uint32_t)i, (uint64_t)step, 0, z);
    x[2 * i] += sqrt(2.0 * h) * z[0];
    x[2 * i + 1] += sqrt(2.0 * h) * z[1];
  }
}

enum { MEASURED = 400 };

/* Drift of MEASURED cells, or of pairs of them, after SAMPLES steps with a history coded at `coded`. */
static void drift_with(const mn_parallel *parallel, bool pairs, double theta, double h, double coded, double *out)
{
  const int64_t cells = MEASURED;
  const mn_model model = {.theta = theta, .chi = 1.0};
  const mn_history_options history_options = {.tolerance = coded};
  const mn_drift_options options = {.tolerance = 1e-10, .precision = MN_PRECISION_DOUBLE};
  mn_history *history = NULL;
  mn_drift *drift = NULL;
  double *x = NULL;
  bench_ok(mn_alloc(&x, 2 * cells, sizeof *x));
  bench_ok(mn_history_create(parallel, &model, &history_options, cells, &history));
  bench_ok(mn_drift_create(parallel, &mn_drift_direct, &model, &options, cells, &drift));
  for (int64_t i = 0; i < cells; i++) {
    mn_noise_normal(5, MN_STREAM_INITIAL, (uint32_t)i, 0, 0, x + 2 * i);
  }
  for (int k = 0; k < SAMPLES; k++) {
    bench_ok(mn_history_append(history, k * h, h, x));
    move(cells, k, h, x);
  }
  bench_ok(pairs ? mn_drift_partner(drift, history, SAMPLES * h, x, out)
                 : mn_drift_evaluate(drift, history, SAMPLES * h, 0.0, x, out));
  mn_drift_destroy(&drift);
  mn_history_destroy(&history);
  mn_free(&x);
}

static double coding_error(const mn_parallel *parallel, bool pairs, double theta, double h, double tolerance)
{
  const int64_t cells = MEASURED;
  double *coded = NULL;
  double *exact = NULL;
  bench_ok(mn_alloc(&coded, 2 * cells, sizeof *coded));
  bench_ok(mn_alloc(&exact, 2 * cells, sizeof *exact));
  drift_with(parallel, pairs, theta, h, tolerance, coded);
  drift_with(parallel, pairs, theta, h, 1e-10, exact);
  double wrong = 0.0;
  double right = 0.0;
  for (int64_t k = 0; k < 2 * cells; k++) {
    wrong += (coded[k] - exact[k]) * (coded[k] - exact[k]);
    right += exact[k] * exact[k];
  }
  mn_free(&coded);
  mn_free(&exact);
  return sqrt(wrong / right);
}

static void report(const mn_parallel *parallel, double theta, double h, double tolerance)
{
  const mn_model model = {.theta = theta, .chi = 1.0};
  const mn_history_options options = {.tolerance = tolerance};
  mn_history *history = NULL;
  double *x = NULL;
  decoding d = {0};
  bench_ok(mn_alloc(&x, 2 * CELLS, sizeof *x));
  bench_ok(mn_alloc(&d.q, 2 * CELLS, sizeof *d.q));
  bench_ok(mn_history_create(parallel, &model, &options, CELLS, &history));
  for (int k = 0; k < SAMPLES; k++) {
    bench_ok(mn_history_append(history, k * h, h, x));
    move(CELLS, k, h, x);
  }
  d.history = history;
  const bench_time time = bench_measure(decode_all, &d);
  const double bits = mn_history_bits(history);
  const int exponent = mn_slab_exponent(&model, tolerance, h);
  printf("%g,%g,%g,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2g,%.2g\n", theta, h, tolerance, mn_slab_entropy(exponent, h), bits,
         bits - mn_slab_entropy(exponent, h), mn_slab_expected_bits(exponent, h), 64.0 / bits,
         time.median * 1e9 / (2.0 * CELLS * SAMPLES), coding_error(parallel, true, theta, h, tolerance),
         coding_error(parallel, false, theta, h, tolerance));
  mn_history_destroy(&history);
  mn_free(&d.q);
  mn_free(&x);
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_slab");
  printf("theta,step,tolerance,entropy_bits,bits,above_entropy,expected_bits,times_smaller,decode_ns,error_pairs,error_"
         "400_cells\n");
  for (int k = 3; k <= 8; k++) {
    report(&parallel, 1.0, 0.02, pow(10.0, -k));
  }
  for (int k = 0; k < 5; k++) {
    report(&parallel, 1.0, 0.003 * pow(1.5, k), 1e-6);
  }
  report(&parallel, 0.01, 0.02, 1e-6);
  report(&parallel, 100.0, 0.02, 1e-6);
  bench_end(&parallel);
  return 0;
}
