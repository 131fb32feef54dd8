/* A quantity is a function of sums over replicas, so leaving one out, or drawing them with repetition, needs no more
 * than the sums.  The square of a mean is estimated without bias from pairs of different replicas.  Drawn with
 * repetition, a pair may be of the same one: of R replicas whose means of phi have the variance s^2 the square comes
 * out too large by s^2/R, a correlation too small by that; intervals of its exponents are not corrected for it. */
#include <mnemotaxis/noise.h>
#include <mnemotaxis/rates.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
  int first, count, statistic;
  const char *name;
  const char *about;
  double target;
} families[] = {
    {MN_QUANTITY_SQUARE, 1, MN_STATISTIC_SQUARE, "mean_square", "E|X|^2", 0.0},
    {MN_QUANTITY_MODULUS, 1, MN_STATISTIC_MODULUS, "modulus",
     "E of the farthest a path gets within a 16th of the steps: bounded in N, if paths are tight", 0.0},
    {MN_QUANTITY_WEAK, MN_TESTS_OF_CHAOS, MN_STATISTIC_WEAK, "weak",
     "E phi(X) - E phi(Y), by cells with the same noise", -1.0},
    {MN_QUANTITY_CORRELATION, MN_TESTS_OF_CHAOS, MN_STATISTIC_PAIR, "correlation",
     "E phi(X^1) phi(X^2) - (E phi(X^1))^2", -1.0},
    {MN_QUANTITY_DISTANCE + MN_KOLMOGOROV, 1, MN_STATISTIC_DISTANCE + MN_KOLMOGOROV, "kolmogorov",
     "E of the distance of radial distribution functions", -0.5},
    {MN_QUANTITY_DISTANCE + MN_SLICED, 1, MN_STATISTIC_DISTANCE + MN_SLICED, "sliced_wasserstein",
     "E of the distance of the empirical measure to the density", -0.5},
    {MN_QUANTITY_DISTANCE + MN_SOBOLEV, 1, MN_STATISTIC_DISTANCE + MN_SOBOLEV, "sobolev",
     "the same in H^(-2) at the scale of the cloud", -0.5},
    {MN_QUANTITY_COUPLING, 1, MN_STATISTIC_COUPLING, "coupling", "E|X - Y|^2 at the end", -1.0},
    {MN_QUANTITY_COUPLING_SUP, 1, MN_STATISTIC_COUPLING_SUP, "coupling_sup", "E of the largest |X - Y|^2", -1.0},
};

enum { FAMILIES = sizeof families / sizeof *families };

static int family_of(int quantity)
{
  int f = 0;
  while (f + 1 < FAMILIES && quantity >= families[f + 1].first) {
    f++;
  }
  return f;
}

mn_quantity_info mn_quantity_at(int k)
{
  const int f = family_of(k);
  mn_quantity_info info = {"", families[f].about, families[f].target};
  snprintf(info.name, sizeof info.name, families[f].count > 1 ? "%s_%d" : "%s", families[f].name,
           k - families[f].first);
  return info;
}

/* What a quantity is made of. */
typedef struct sums {
  double count;
  double value;        /* of the statistic */
  double mean, square; /* of the mean of phi, for correlations */
} sums;

static void add(sums *s, int quantity, const double *value, double times)
{
  const int f = family_of(quantity);
  const int member = quantity - families[f].first;
  s->count += times;
  s->value += times * value[families[f].statistic + member];
  if (families[f].first == MN_QUANTITY_CORRELATION) {
    const double mean = value[MN_STATISTIC_MEAN + member];
    s->mean += times * mean;
    s->square += times * mean * mean;
  }
}

static double evaluate(const sums *s, int quantity)
{
  const double average = s->value / s->count;
  if (families[family_of(quantity)].first == MN_QUANTITY_CORRELATION) {
    return average - (s->mean * s->mean - s->square) / (s->count * (s->count - 1.0)); /* 0/0 for one replica */
  }
  return average;
}

/* Average and jackknife error; with `minus` of the difference to it. */
static mn_estimate estimate_of(int quantity, int64_t replicas, const double *values, const double *minus)
{
  const double *const part[2] = {values, minus};
  const int parts = minus ? 2 : 1;
  sums all[2] = {{0}};
  double square = 0.0;
  double sum = 0.0;
  double value = 0.0;
  for (int64_t r = 0; r < replicas * parts; r++) {
    add(&all[r % parts], quantity, part[r % parts] + r / parts * MN_STATISTICS, 1.0);
  }
  for (int p = 0; p < parts; p++) {
    value += (p == 0 ? 1.0 : -1.0) * evaluate(&all[p], quantity);
  }
  for (int64_t r = 0; r < replicas; r++) {
    double without = 0.0;
    for (int p = 0; p < parts; p++) {
      sums rest = all[p];
      add(&rest, quantity, part[p] + r * MN_STATISTICS, -1.0);
      without += (p == 0 ? 1.0 : -1.0) * evaluate(&rest, quantity);
    }
    sum += without - value;
    square += (without - value) * (without - value);
  }
  const double n = (double)replicas;
  const double variance = (n - 1.0) / n * (square - sum * sum / n);
  return (mn_estimate){value, replicas < 2 ? (double)NAN : sqrt(variance < 0.0 ? 0.0 : variance)};
}

static void estimate_all(int64_t replicas, const double *values, const double *minus, mn_estimate *estimate)
{
  for (int q = 0; q < MN_QUANTITIES; q++) {
    estimate[q] = replicas > 0 ? estimate_of(q, replicas, values, minus) : (mn_estimate){(double)NAN, (double)NAN};
  }
}

void mn_rates_average(int64_t replicas, const double *values, mn_estimate *estimate)
{
  estimate_all(replicas, values, NULL, estimate);
}

void mn_rates_compare(int64_t replicas, const double *values, const double *minus, mn_estimate *estimate)
{
  estimate_all(replicas, values, minus, estimate);
}

/* Points of a fit: logarithms with weights. */
enum { LEAST_REPLICAS = 4, LEAST_POINTS = 3, MOST_POINTS = 64 };

typedef struct points {
  int count;
  int which[MOST_POINTS]; /* number of cells */
  double x[MOST_POINTS], y[MOST_POINTS], weight[MOST_POINTS];
} points;

/* Exponent and prefactor; NaN if a point has no logarithm. */
static void solve(const points *p, double *exponent, double *prefactor)
{
  double w = 0.0;
  double mean[2] = {0.0, 0.0};
  double xx = 0.0;
  double xy = 0.0;
  for (int k = 0; k < p->count; k++) {
    w += p->weight[k];
    mean[0] += p->weight[k] * p->x[k];
    mean[1] += p->weight[k] * p->y[k];
  }
  for (int k = 0; k < p->count; k++) {
    const double dx = p->x[k] - mean[0] / w;
    xx += p->weight[k] * dx * dx;
    xy += p->weight[k] * dx * (p->y[k] - mean[1] / w);
  }
  *exponent = xy / xx;
  *prefactor = exp(mean[1] / w - *exponent * mean[0] / w);
}

/* Points where a quantity is well above its error; false: no fit. */
static bool find_points(int quantity, int counts, const int64_t *count, const int64_t *replicas,
                        const double *const *values, points *p)
{
  double sign = 0.0;
  p->count = 0;
  for (int k = 0; k < counts && p->count < MOST_POINTS; k++) {
    if (replicas[k] < LEAST_REPLICAS) {
      continue;
    }
    const mn_estimate e = estimate_of(quantity, replicas[k], values[k], NULL);
    if (!(fabs(e.value) > 2.0 * e.error) || sign * e.value < 0.0) {
      return false;
    }
    sign = e.value;
    p->which[p->count] = k;
    p->x[p->count] = log((double)count[k]);
    p->y[p->count] = log(fabs(e.value));
    p->weight[p->count] = e.error > 0.0 ? (e.value / e.error) * (e.value / e.error) : 1.0;
    p->count++;
  }
  return p->count >= LEAST_POINTS;
}

static double resampled(int quantity, int64_t replicas, const double *values, uint32_t seed, int k, int draw)
{
  sums s = {0};
  for (int64_t r = 0; r < replicas; r++) {
    double uniform[2];
    mn_noise_uniform(seed, MN_STREAM_BOOTSTRAP, (uint32_t)r, (uint64_t)draw, (uint32_t)k, uniform);
    const int64_t chosen = (int64_t)(uniform[0] * (double)replicas);
    add(&s, quantity, values + chosen * MN_STATISTICS, 1.0);
  }
  return evaluate(&s, quantity);
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static mn_fit fit_of(int quantity, int counts, const int64_t *count, const int64_t *replicas,
                     const double *const *values, uint32_t seed)
{
  points p;
  double unused;
  double exponents[MN_RESAMPLINGS];
  mn_fit fit = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
  if (!find_points(quantity, counts, count, replicas, values, &p)) {
    return fit;
  }
  solve(&p, &fit.exponent, &fit.prefactor);
  for (int draw = 0; draw < MN_RESAMPLINGS; draw++) {
    for (int i = 0; i < p.count; i++) {
      const int k = p.which[i];
      p.y[i] = log(fmax(fabs(resampled(quantity, replicas[k], values[k], seed, k, draw)), 1e-300));
    }
    solve(&p, &exponents[draw], &unused);
  }
  qsort(exponents, MN_RESAMPLINGS, sizeof *exponents, ascending);
  fit.low = exponents[MN_RESAMPLINGS / 40];
  fit.high = exponents[MN_RESAMPLINGS - 1 - MN_RESAMPLINGS / 40];
  return fit;
}

void mn_rates_fit(int counts, const int64_t *count, const int64_t *replicas, const double *const *values, uint32_t seed,
                  mn_fit *fit)
{
  for (int q = 0; q < MN_QUANTITIES; q++) {
    fit[q] = fit_of(q, counts, count, replicas, values, seed);
  }
}
