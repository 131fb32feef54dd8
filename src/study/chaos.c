#include <mnemotaxis/chaos.h>

#include <math.h>
#include <stdio.h>

static const struct {
  int first, count;
  const char *name;
  const char *about;
} families[] = {
    {MN_STATISTIC_SQUARE, 1, "mean_square", "mean of |X|^2"},
    {MN_STATISTIC_MODULUS, 1, "modulus", "mean over cells of the farthest a path gets within a 16th of the steps"},
    {MN_STATISTIC_MEAN, MN_TESTS_OF_CHAOS, "mean", "mean of phi(X)"},
    {MN_STATISTIC_PAIR, MN_TESTS_OF_CHAOS, "pair", "mean of phi(X^i) phi(X^j) over i != j"},
    {MN_STATISTIC_LIMIT_SQUARE, 1, "limit_mean_square", "mean of |Y|^2"},
    {MN_STATISTIC_WEAK, MN_TESTS_OF_CHAOS, "weak", "mean of phi(X) - phi(Y)"},
    {MN_STATISTIC_DISTANCE + MN_KOLMOGOROV, 1, "kolmogorov", "radial distribution functions, largest difference"},
    {MN_STATISTIC_DISTANCE + MN_SLICED, 1, "sliced_wasserstein", "to the density of the limit"},
    {MN_STATISTIC_DISTANCE + MN_SOBOLEV, 1, "sobolev", "to the density of the limit, H^(-2) at the scale of the cloud"},
    {MN_STATISTIC_COUPLING, 1, "coupling", "mean of |X - Y|^2 at the end"},
    {MN_STATISTIC_COUPLING_SUP, 1, "coupling_sup", "mean over cells of the largest |X - Y|^2 up to the end"},
};

mn_statistic_info mn_statistic_at(int k)
{
  mn_statistic_info info = {"", ""};
  for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
    const int member = k - families[f].first;
    if (member >= 0 && member < families[f].count) {
      info.about = families[f].about;
      snprintf(info.name, sizeof info.name, families[f].count > 1 ? "%s_%d" : "%s", families[f].name, member);
    }
  }
  return info;
}

double mn_test_function(int m, const double x[2])
{
  const double r2 = x[0] * x[0] + x[1] * x[1];
  switch (m) {
  case 0:
    return exp(-2.0 * r2);
  case 1:
    return exp(-0.5 * r2);
  case 2:
    return cos(x[0]);
  default:
    return r2 / (4.0 + r2);
  }
}

static double mean_square(int64_t count, const double *x)
{
  double sum = 0.0;
  for (int64_t k = 0; k < 2 * count; k++) {
    sum += x[k] * x[k];
  }
  return sum / (double)count;
}

static void measure_test(int m, int64_t count, const double *x, const double *limit, double *value)
{
  double sum = 0.0;
  double square = 0.0;
  double difference = 0.0;
  for (int64_t i = 0; i < count; i++) {
    const double phi = mn_test_function(m, x + 2 * i);
    sum += phi;
    square += phi * phi;
    difference += limit ? phi - mn_test_function(m, limit + 2 * i) : 0.0;
  }
  const double n = (double)count;
  value[MN_STATISTIC_MEAN + m] = sum / n;
  value[MN_STATISTIC_PAIR + m] = (sum * sum - square) / (n * (n - 1.0));
  value[MN_STATISTIC_WEAK + m] = limit ? difference / n : (double)NAN;
}

mn_error *mn_chaos_measure(int64_t count, const double *x, const double *limit, mn_yardstick *yardstick, double *value)
{
  double square = 0.0;
  value[MN_STATISTIC_SQUARE] = mean_square(count, x);
  for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
    measure_test(m, count, x, limit, value);
  }
  for (int d = 0; d < MN_DISTANCES; d++) {
    value[MN_STATISTIC_DISTANCE + d] = (double)NAN;
  }
  value[MN_STATISTIC_LIMIT_SQUARE] = limit ? mean_square(count, limit) : (double)NAN;
  for (int64_t k = 0; k < 2 * count && limit; k++) {
    square += (x[k] - limit[k]) * (x[k] - limit[k]);
  }
  value[MN_STATISTIC_COUPLING] = limit ? square / (double)count : (double)NAN;
  return limit ? mn_yardstick_measure(yardstick, count, x, value + MN_STATISTIC_DISTANCE) : NULL;
}
