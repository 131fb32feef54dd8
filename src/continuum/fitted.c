/* Order 2, exponentially fitted (Scharfetter and Gummel 1969): with p = chi (c_b - c_a) the flux from cell a to cell b
 * at distance d is (B(-p) rho_a - B(p) rho_b)/d, the exact one for a constant flux and a linear c between them.  Its
 * matrix for rho is an M-matrix whatever c, on any mesh: it also makes the coarse levels of the multigrid. */
#include "system.h"

#include <math.h>

double mn_bernoulli(double p, double *slope)
{
  if (fabs(p) < 0.05) {
    const double q = p * p;
    *slope = -0.5 + p * (1.0 / 6.0 - q * (1.0 / 180.0 - q / 5040.0));
    return 1.0 - 0.5 * p + q * (1.0 / 12.0 - q * (1.0 / 720.0 - q / 30240.0));
  }
  const double e = expm1(p);
  const double value = p / e;
  *slope = p > 700.0 ? 0.0 : (1.0 - value * (e + 1.0)) / e;
  return value;
}

/* Flux times distance from cell k to cell k + s. */
static inline double flux(double chi, mn_pair u, int64_t k, int64_t s)
{
  double slope;
  const double drop = chi * (u.c[k + s] - u.c[k]);
  return mn_bernoulli(-drop, &slope) * u.rho[k] - mn_bernoulli(drop, &slope) * u.rho[k + s];
}

static inline double flux_derivative(double chi, mn_pair u, mn_pair v, int64_t k, int64_t s)
{
  double forth;
  double back;
  const double drop = chi * (u.c[k + s] - u.c[k]);
  const double direct = mn_bernoulli(-drop, &forth) * v.rho[k] - mn_bernoulli(drop, &back) * v.rho[k + s];
  return direct - chi * (v.c[k + s] - v.c[k]) * (forth * u.rho[k] + back * u.rho[k + s]);
}

/* lap c along one axis. */
static inline double laplacian(const mn_line *line, int i, const double *c, int64_t s)
{
  return line->inverse[i] * ((c[s] - c[0]) / line->gap[i] - (c[0] - c[-s]) / line->gap[i - 1]);
}

static void rate(const mn_site *site, mn_pair u, double *out)
{
  const mn_part *part = &site->part;
  for (int j = part->first[1]; j < part->first[1] + part->count[1]; j++) {
    for (int i = part->first[0]; i < part->first[0] + part->count[0]; i++, out += 2) {
      const int64_t k = mn_part_at(part, i, j);
      out[0] = 0.0;
      out[1] = u.rho[k] - site->lambda * u.c[k];
      for (int a = 0; a < 2; a++) {
        const mn_line *line = &site->line[a];
        const int n = a == 0 ? i : j;
        const int64_t s = a == 0 ? 1 : part->ghost_count[0];
        const double in = line->near_open[n - 1] * flux(site->chi, u, k - s, s) / line->gap[n - 1];
        const double away = line->near_open[n] * flux(site->chi, u, k, s) / line->gap[n];
        out[0] += line->inverse[n] * (in - away);
        out[1] += laplacian(line, n, u.c + k, s);
      }
    }
  }
}

static void derivative(const mn_site *site, mn_pair u, mn_pair v, double *out)
{
  const mn_part *part = &site->part;
  for (int j = part->first[1]; j < part->first[1] + part->count[1]; j++) {
    for (int i = part->first[0]; i < part->first[0] + part->count[0]; i++, out += 2) {
      const int64_t k = mn_part_at(part, i, j);
      out[0] = 0.0;
      out[1] = v.rho[k] - site->lambda * v.c[k];
      for (int a = 0; a < 2; a++) {
        const mn_line *line = &site->line[a];
        const int n = a == 0 ? i : j;
        const int64_t s = a == 0 ? 1 : part->ghost_count[0];
        const double in = line->near_open[n - 1] * flux_derivative(site->chi, u, v, k - s, s) / line->gap[n - 1];
        const double away = line->near_open[n] * flux_derivative(site->chi, u, v, k, s) / line->gap[n];
        out[0] += line->inverse[n] * (in - away);
        out[1] += laplacian(line, n, v.c + k, s);
      }
    }
  }
}

const mn_stencil mn_stencil_fitted = {2, rate, derivative};
