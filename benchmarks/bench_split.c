/* Is a compact split of the present force worth it?  The singular part 1/k^2 (un-averaged) or 1/k^4 (averaged) of one
 * source is shared between pairs up to r and modes up to k; what both leave out, rms over random sources, is eps of
 * the pairs' own rms force.  Cost of pairs times cost of modes is (r k)^2: printed is r k.
 *   Gaussian: variances below 1 are summed over pairs; either truncation makes half of the square of the error.
 *   compact:  Kaiser-Bessel I_0(beta sqrt(1 - (x/r)^2)), for 1/k^4 without second moment; pairs end at r exactly, the
 *             modes make the whole error; the best beta. */
#include "bench.h"

#include <math.h>
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/profile.h>
#include <stdio.h>
#include <stdlib.h>

static const double pi = 3.14159265358979323846;

enum { MODES = 5000, RADII = 8000 };

/* I_1, as its integral over an angle; exponentials of periodic functions: the trapezoidal rule is exact to rounding. */
static double bessel_i1(double x)
{
  enum { POINTS = 128 };
  double sum = 0.0;
  for (int k = 0; k < POINTS; k++) {
    const double c = cos(2.0 * pi * (k + 0.5) / POINTS);
    sum += c * exp(x * c);
  }
  return sum / POINTS;
}

/* Transform of the window at k for radius 1; `one` makes it 1 at 0. */
static double window(double beta, double one, double k)
{
  const double s2 = beta * beta - k * k;
  const double s = sqrt(fabs(s2)) + 1e-9;
  return (s2 > 0.0 ? bessel_i1(s) : j1(s)) / s * one;
}

static double wave_number(int i)
{
  return 1e-2 * pow(1e6, (double)i / (MODES - 1));
}

/* Smallest cut-off beyond which the symbol's modes make at most that rms force. */
static double cutoff_of(const double *symbol, double allowed)
{
  double sum = 0.0;
  for (int i = MODES - 1; i > 0; i--) {
    const double k = wave_number(i);
    const double log_step = log(1e6) / (MODES - 1);
    sum += symbol[i] * symbol[i] * k * k * k * k * log_step / (2.0 * pi);
    if (sqrt(sum) > allowed) {
      return k;
    }
  }
  return wave_number(0);
}

/* Symbol of what modes hold of a Gaussian split at variance 1. */
static void gaussian(int order, double *symbol)
{
  for (int i = 0; i < MODES; i++) {
    const double k2 = wave_number(i) * wave_number(i);
    symbol[i] = order == 1 ? exp(-0.5 * k2) / k2 : exp(-0.5 * k2) * (1.0 + 0.5 * k2) / (k2 * k2);
  }
}

static void compact(int order, double beta, double radius, double *symbol)
{
  const double h = 1e-3;
  const double one = beta / bessel_i1(beta);
  const double moment = order == 1 ? 0.0 : (1.0 - window(beta, one, h)) / (h * h) * radius * radius;
  for (int i = 0; i < MODES; i++) {
    const double k = wave_number(i);
    const double k2 = k * k;
    symbol[i] = window(beta, one, k * radius) * (1.0 + moment * k2) / (order == 1 ? k2 : k2 * k2);
  }
}

/* Force of the pairs' part at r. */
static double pair_force(int order, double r)
{
  return order == 1 ? exp(-0.5 * r * r) / (2.0 * pi * r) : r / (8.0 * pi) * mn_exponential_integral(0.5 * r * r);
}

/* rms force of pairs farther than r, for unit density; radii from 1e-3 on. */
static void pair_tails(int order, double *tail)
{
  const double step = 14.0 / RADII;
  double sum = 0.0;
  for (int i = RADII - 1; i >= 0; i--) {
    const double r = 1e-3 + step * i;
    const double f = pair_force(order, r);
    sum += f * f * 2.0 * pi * r * step;
    tail[i] = sqrt(sum);
  }
}

static double reach_of(const double *tail, double allowed)
{
  int i = 0;
  while (i < RADII - 1 && tail[i] > allowed) {
    i++;
  }
  return 1e-3 + 14.0 / RADII * i;
}

int main(int argc, char **argv)
{
  static double symbol[MODES], tail[RADII];
  mn_parallel parallel = bench_start(&argc, &argv, "bench_split");
  printf("force,eps,gaussian_rk,compact_rk,beta,ratio\n");
  for (int order = 1; order <= 2; order++) {
    pair_tails(order, tail);
    for (int e = 0; e < 7; e++) {
      static const double errors[] = {0.3, 0.1, 0.05, 1e-2, 1e-3, 1e-4, 1e-6};
      const double allowed = errors[e] * tail[0];
      const double reach = reach_of(tail, allowed / sqrt(2.0));
      double best = INFINITY;
      double best_beta = 0.0;
      gaussian(order, symbol);
      const double cutoff = cutoff_of(symbol, allowed / sqrt(2.0));
      for (double beta = 0.5; beta < 20.0; beta += 0.25) {
        compact(order, beta, reach, symbol);
        const double k = cutoff_of(symbol, allowed);
        best_beta = k < best ? beta : best_beta;
        best = fmin(best, k);
      }
      printf("%s,%g,%.2f,%.2f,%.2f,%.2f\n", order == 1 ? "un-averaged" : "averaged", errors[e], reach * cutoff,
             reach * best, best_beta, best / cutoff);
    }
  }
  bench_end(&parallel);
  return 0;
}
