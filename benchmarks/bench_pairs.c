/* How fast is the pair loop of old lags, against a plain vectorized loop with libmvec and against the peak of the
 * machine?  Own and plain loop in turn, same targets and sources, errors against long double. */
#include "bench.h"
#include "drift/pairs.h"
#include "plain_loop.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 4096, CHECKED = 64, CHAINS = 12, CHAIN_LENGTH = 4000000 };

typedef struct cloud {
  float *xf, *yf; /* [COUNT] scaled for the own loop */
  double *xd, *yd;
  float *pf, *qf; /* the same positions, unscaled, for the plain loop */
  double *pd, *qd;
  double *own_x, *own_y; /* [COUNT] sums */
  double *plain_x, *plain_y;
} cloud;

static const double rate = 1.3; /* of the Gaussian exp(-rate r^2) */
static const double weight = 0.1;

static void fill(cloud *c)
{
  const double scale = sqrt(rate * 1.4426950408889634074);
  uint64_t state = 88172645463325252u;
  float **f[] = {&c->xf, &c->yf, &c->pf, &c->qf};
  double **d[] = {&c->xd, &c->yd, &c->pd, &c->qd, &c->own_x, &c->own_y, &c->plain_x, &c->plain_y};
  for (size_t k = 0; k < sizeof f / sizeof *f; k++) {
    bench_ok(mn_alloc(f[k], COUNT, sizeof **f[k]));
  }
  for (size_t k = 0; k < sizeof d / sizeof *d; k++) {
    bench_ok(mn_alloc(d[k], COUNT, sizeof **d[k]));
  }
  for (int k = 0; k < 2 * COUNT; k++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    const double z = 4.0 * ((double)(state >> 11) * 0x1p-53 - 0.5); /* no exp underflows: libmvec would slow down */
    double *position = k % 2 == 0 ? c->pd : c->qd;
    position[k / 2] = (double)(float)z;
  }
  for (int k = 0; k < COUNT; k++) {
    c->pf[k] = (float)c->pd[k];
    c->qf[k] = (float)c->qd[k];
    c->xd[k] = c->pd[k] * scale;
    c->yd[k] = c->qd[k] * scale;
    c->xf[k] = (float)c->xd[k];
    c->yf[k] = (float)c->yd[k];
  }
}

static void own_float(void *context)
{
  cloud *c = context;
  memset(c->own_x, 0, COUNT * sizeof(double));
  memset(c->own_y, 0, COUNT * sizeof(double));
  for (int s = 0; s < COUNT; s += MN_TILE) {
    for (int g = 0; g < COUNT; g += MN_GROUP) {
      mn_pairs_float(MN_TILE, c->xf + s, c->yf + s, c->xf + g, c->yf + g, MN_NO_OWN, 1.0, c->own_x + g, c->own_y + g);
    }
  }
}

static void own_double(void *context)
{
  cloud *c = context;
  memset(c->own_x, 0, COUNT * sizeof(double));
  memset(c->own_y, 0, COUNT * sizeof(double));
  for (int s = 0; s < COUNT; s += MN_TILE) {
    for (int g = 0; g < COUNT; g += MN_GROUP) {
      mn_pairs_double(MN_TILE, c->xd + s, c->yd + s, c->xd + g, c->yd + g, MN_NO_OWN, 1.0, c->own_x + g, c->own_y + g);
    }
  }
}

static void plain_float(void *context)
{
  cloud *c = context;
  for (int i = 0; i < COUNT; i++) {
    double sum[2] = {0.0, 0.0};
    plain_loop_float(COUNT, c->pf, c->qf, c->pf[i], c->qf[i], (float)-rate, (float)weight, sum);
    c->plain_x[i] = sum[0];
    c->plain_y[i] = sum[1];
  }
}

static void plain_double(void *context)
{
  cloud *c = context;
  for (int i = 0; i < COUNT; i++) {
    double sum[2] = {0.0, 0.0};
    plain_loop_double(COUNT, c->pd, c->qd, c->pd[i], c->qd[i], -rate, weight, sum);
    c->plain_x[i] = sum[0];
    c->plain_y[i] = sum[1];
  }
}

/* rms error over some targets of sums that are `factor` times what the Gaussian gives, relative to their rms. */
static double error_of(const cloud *c, const double *x, const double *y, double factor)
{
  long double wrong = 0.0L;
  long double right = 0.0L;
  for (int i = 0; i < CHECKED; i++) {
    long double sum[2] = {0.0L, 0.0L};
    for (int j = 0; j < COUNT; j++) {
      const long double dx = (long double)c->pd[i] - (long double)c->pd[j];
      const long double dy = (long double)c->qd[i] - (long double)c->qd[j];
      const long double e = expl(-(long double)rate * (dx * dx + dy * dy));
      sum[0] += e * dx;
      sum[1] += e * dy;
    }
    const long double ex = (long double)(x[i] * factor) - sum[0];
    const long double ey = (long double)(y[i] * factor) - sum[1];
    wrong += ex * ex + ey * ey;
    right += sum[0] * sum[0] + sum[1] * sum[1];
  }
  return (double)sqrtl(wrong / right);
}

/* Peak of fused multiply-adds: independent chains that stay in registers. */
typedef float wide_float __attribute__((vector_size(64)));
typedef double wide_double __attribute__((vector_size(64)));

static float kept_float;
static double kept_double;

static void peak_float(void *context)
{
  (void)context;
  wide_float a[CHAINS];
  for (int k = 0; k < CHAINS; k++) {
    a[k] = (wide_float){0.0f} + 0.1f * (float)k;
  }
  for (int i = 0; i < CHAIN_LENGTH; i++) {
#pragma GCC unroll 12
    for (int k = 0; k < CHAINS; k++) {
      a[k] = a[k] * 0.999f + 0.001f;
    }
  }
  for (int k = 0; k < CHAINS; k++) {
    kept_float += a[k][0];
  }
}

static void peak_double(void *context)
{
  (void)context;
  wide_double a[CHAINS];
  for (int k = 0; k < CHAINS; k++) {
    a[k] = (wide_double){0.0} + 0.1 * (double)k;
  }
  for (int i = 0; i < CHAIN_LENGTH; i++) {
#pragma GCC unroll 12
    for (int k = 0; k < CHAINS; k++) {
      a[k] = a[k] * 0.999 + 0.001;
    }
  }
  for (int k = 0; k < CHAINS; k++) {
    kept_double += a[k][0];
  }
}

/* The pair loop does 9 (float) or 12 (double) multiply-adds or multiplications a pair: two for r^2, the polynomial, two
 * for the sums; additions, rounding and scaling come on top and are not counted. */
static void report(cloud *c, const char *lanes, void (*own)(void *), void (*plain)(void *), void (*peak)(void *),
                   double lanes_per_vector, double fused)
{
  const double pairs = (double)COUNT * COUNT;
  const double scale = sqrt(rate * 1.4426950408889634074);
  const bench_time own_time = bench_measure(own, c);
  const bench_time plain_time = bench_measure(plain, c);
  const bench_time peak_time = bench_measure(peak, NULL);
  const double peak_rate = (double)CHAINS * CHAIN_LENGTH * lanes_per_vector / peak_time.min;
  printf("%s,%.3g,%.3g,%.3g,%.3g,%.2f,%.2f,%.2g,%.2g,%.0f\n", lanes, pairs / own_time.min / 1e9,
         pairs / own_time.median / 1e9, pairs / plain_time.min / 1e9, pairs / plain_time.median / 1e9,
         plain_time.min / own_time.min, plain_time.median / own_time.median,
         error_of(c, c->own_x, c->own_y, 1.0 / scale), error_of(c, c->plain_x, c->plain_y, 1.0 / weight),
         100.0 * fused * pairs / own_time.min / peak_rate);
}

int main(int argc, char **argv)
{
  mn_parallel parallel = bench_start(&argc, &argv, "bench_pairs");
  static cloud c;
  fill(&c);
  printf("lanes,own_best_G/s,own_median_G/s,libmvec_best_G/s,libmvec_median_G/s,ratio_best,ratio_median,own_error,"
         "libmvec_error,share_of_fma_peak_%%\n");
  report(&c, "float", own_float, plain_float, peak_float, 16.0, 9.0);
  report(&c, "double", own_double, plain_double, peak_double, 8.0, 12.0);
  printf("# %g\n", (double)kept_float * 0.0 + kept_double * 0.0);
  bench_end(&parallel);
  return 0;
}
