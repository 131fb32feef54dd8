#include "machine.h"

#include "bench.h"
#include "plain_loop.h"

#include <math.h>
#include <mnemotaxis/memory.h>

double machine_exponentials(int tries)
{
  enum { SOURCES = 1024, TARGETS = 10000 };
  static float x[SOURCES], y[SOURCES];
  double sum[2] = {0.0, 0.0};
  double best = 0.0;
  for (int k = 0; k < SOURCES; k++) {
    x[k] = 0.001F * (float)k;
    y[k] = 0.5F;
  }
  for (int try = 0; try < tries; try++) {
    const double start = mn_seconds();
    for (int k = 0; k < TARGETS; k++) {
      plain_loop_float(SOURCES, x, y, 1e-5F * (float)k, 0.0F, -1.0F, 1.0F, sum);
    }
    best = fmax(best, 1e-9 * SOURCES * TARGETS / (mn_seconds() - start));
  }
  return isfinite(sum[0]) ? best : (double)NAN;
}

double machine_bandwidth(void)
{
  enum { TRIES = 5, NUMBERS = 1 << 23 /* 64 MiB an array */ };
  double *array[3] = {0};
  double best = 0.0;
  for (int k = 0; k < 3; k++) {
    bench_ok(mn_alloc(&array[k], NUMBERS, sizeof **array));
  }
  for (int try = 0; try < TRIES; try++) {
    const double start = mn_seconds();
    for (int k = 0; k < NUMBERS; k++) {
      array[0][k] = array[1][k] + (double)try * array[2][k];
    }
    best = fmax(best, 24e-9 * NUMBERS / (mn_seconds() - start));
  }
  for (int k = 0; k < 3; k++) {
    mn_free(&array[k]);
  }
  return best;
}
