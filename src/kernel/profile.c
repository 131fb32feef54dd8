/* Seen from now, the newest sample is spread by a variance v(tau) = v0 + kappa tau per coordinate: v0 = 2 eps/theta
 * from the regularization, kappa = 2/theta_e for the bridge (the path behind is Brownian), 2/theta when frozen.
 * With c = r2/2 the profile of a window [0, tau] without decay is prefactor/(2 pi r2) H(tau), prefactor = 2/(theta kappa),
 *
 *     H(tau) = exp(-c/v(tau)) - exp(-c/v0),                                                        un-averaged (7)
 *     H(tau) = [J(v(tau)+4u) - J(v(tau)) - J(v0+4u) + J(v0)]/(4u),  J(w) = w E_2(c/w), u = ahead,   averaged (9)
 *
 * The four J cancel at short range; there w - J(w) = c G(c/w), G(x) = (1-exp(-x))/x + E_1(x), and the four w cancel
 * exactly.  Decay enters by parts: int_0^h exp(-lambda tau/theta) dF = exp(-lambda h/theta) F(h)
 * + (lambda/theta) int_0^h exp(-lambda tau/theta) F dtau, the last integral by the double exponential rule.
 *
 * The table is interpolated at Chebyshev points of each cell.  Rejected: one gather of float terms per lane by
 * hand-written permutes (not portable), E_1 in lanes (two branches, and wrong for lambda > 0). */
#include <mnemotaxis/profile.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Variances per coordinate of the spread of the newest sample. */
typedef struct spread {
  double start; /* v0 */
  double rate;  /* kappa */
  double ahead; /* u */
} spread;

static spread spread_of(const mn_model *model, double ahead)
{
  const double path = model->quadrature == MN_BRIDGE ? 1.0 : 0.0;
  return (spread){2.0 * model->regularization / model->theta, 2.0 / model->theta + 2.0 * path, ahead};
}

/* E_2(x) w with x = c/w, 0 for w = 0 */
static double far_term(double c, double w)
{
  if (w <= 0.0) {
    return 0.0;
  }
  const double x = c / w;
  return x > 700.0 ? 0.0 : w * (exp(-x) - x * mn_exponential_integral(x));
}

/* G(c/w), 0 for w = 0 */
static double near_term(double c, double w)
{
  if (w <= 0.0) {
    return 0.0;
  }
  const double x = c / w;
  return -expm1(-x) / x + (x > 700.0 ? 0.0 : mn_exponential_integral(x));
}

static double averaged(const spread *s, double tau, double r2)
{
  const double c = 0.5 * r2;
  const double v = s->start + s->rate * tau;
  const double w = 4.0 * s->ahead;
  if (c < v + w) {
    return (near_term(c, v) + near_term(c, s->start + w) - near_term(c, v + w) - near_term(c, s->start)) / (2.0 * w);
  }
  return (far_term(c, v + w) - far_term(c, v) - far_term(c, s->start + w) + far_term(c, s->start)) / (w * r2);
}

static double unaveraged(const spread *s, double tau, double r2)
{
  const double young = exp(-0.5 * r2 / (s->start + s->rate * tau));
  if (s->start <= 0.0) {
    return young / r2;
  }
  const double gap = 0.5 * r2 * s->rate * tau / (s->start * (s->start + s->rate * tau));
  return -young * expm1(-gap) / r2;
}

static double concentration(const spread *s, double tau, double r2)
{
  const double c = 0.5 * r2;
  const double young = mn_exponential_integral(c / (s->start + s->rate * tau));
  return 0.5 * (s->start > 0.0 ? young - mn_exponential_integral(c / s->start) : young);
}

typedef double window_function(const spread *s, double tau, double r2);

/* int_0^window exp(-lambda tau/theta) dF(tau) */
static double decayed(window_function *f, const mn_model *model, const spread *s, double window, double r2)
{
  const double rate = model->lambda / model->theta;
  double sum = exp(-rate * window) * f(s, window, r2);
  if (rate > 0.0) {
    const double step = 0.125;
    for (int i = -25; i <= 25; i++) {
      const double t = step * i;
      const double q = exp(-pi * sinh(t));
      const double tau = window / (1.0 + q);
      const double weight = window * pi * cosh(t) * q / ((1.0 + q) * (1.0 + q));
      sum += step * weight * rate * exp(-rate * tau) * f(s, tau, r2);
    }
  }
  return sum;
}

double mn_present_profile(const mn_model *model, const mn_present *present, double r2)
{
  const spread s = spread_of(model, present->ahead);
  window_function *f = present->ahead > 0.0 ? averaged : unaveraged;
  return decayed(f, model, &s, present->window, r2) / (pi * model->theta * s.rate);
}

double mn_present_value(const mn_model *model, double window, double r2)
{
  const spread s = spread_of(model, 0.0);
  return decayed(concentration, model, &s, window, r2) / (pi * model->theta * s.rate);
}

enum { CELL_BITS = 47 }; /* 52 - log2(MN_TABLE_CELLS) */

static const uint64_t cell_mask = (UINT64_C(1) << CELL_BITS) - 1;

static double from_bits(uint64_t bits)
{
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t to_bits(double value)
{
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static double centre_of(uint64_t bits)
{
  return from_bits((bits & ~cell_mask) | (UINT64_C(1) << (CELL_BITS - 1)));
}

/* Chebyshev interpolation on one cell, as monomials in r2 - centre. */
static void fit(double term[MN_TABLE_TERMS], const mn_model *model, const mn_present *present, double low, double high)
{
  enum { N = MN_TABLE_TERMS };
  const double half = 0.5 * (high - low);
  double x[N];
  double d[N];
  for (int i = 0; i < N; i++) {
    x[i] = cos(pi * (i + 0.5) / N);
    d[i] = mn_present_profile(model, present, 0.5 * (low + high) + half * x[i]);
  }
  for (int k = 1; k < N; k++) { /* divided differences */
    for (int i = N - 1; i >= k; i--) {
      d[i] = (d[i] - d[i - 1]) / (x[i] - x[i - k]);
    }
  }
  double p[N] = {0};
  for (int i = N - 1; i >= 0; i--) { /* Newton form to monomials */
    for (int k = N - 1; k > 0; k--) {
      p[k] = p[k - 1] - x[i] * p[k];
    }
    p[0] = d[i] - x[i] * p[0];
  }
  double scale = 1.0;
  for (int k = 0; k < N; k++) {
    term[k] = p[k] * scale;
    scale /= half;
  }
}

void mn_table_fill(mn_table *table, const mn_model *model, const mn_present *present)
{
  const spread s = spread_of(model, present->ahead);
  const double widest = s.start + s.rate * present->window + 4.0 * s.ahead;
  int octave;
  frexp(128.0 * widest, &octave);
  table->r2_max = ldexp(1.0, octave);
  table->r2_min = ldexp(1.0, octave - MN_TABLE_OCTAVES);
  const uint64_t first = to_bits(table->r2_min) >> CELL_BITS;
  for (int k = 0; k < MN_TABLE_OCTAVES * MN_TABLE_CELLS; k++) {
    const double low = from_bits((first + (uint64_t)k) << CELL_BITS);
    const double high = from_bits((first + (uint64_t)k + 1) << CELL_BITS);
    fit(table->term[k], model, present, low, high);
  }
  const int last = MN_TABLE_OCTAVES * MN_TABLE_CELLS - 1;
  memset(table->term[last], 0, sizeof table->term[last]);
}

void mn_table_sum(const mn_table *table, int n, const double *x, const double *y, double target_x, double target_y,
                  int skip, double sum[2])
{
  const double low = table->r2_min;
  const double high = nextafter(table->r2_max, 0.0);
  const uint64_t first = to_bits(low) >> CELL_BITS;
  double sum_x = 0.0;
  double sum_y = 0.0;
  for (int j = 0; j < n; j++) {
    const double dx = x[j] - target_x;
    const double dy = y[j] - target_y;
    double r2 = dx * dx + dy * dy;
    r2 = r2 < low ? low : r2;
    r2 = r2 > high ? high : r2;
    const uint64_t bits = to_bits(r2);
    const double *t = table->term[(bits >> CELL_BITS) - first];
    const double d = r2 - centre_of(bits);
    double f = ((((t[5] * d + t[4]) * d + t[3]) * d + t[2]) * d + t[1]) * d + t[0];
    f = j == skip ? 0.0 : f;
    sum_x += f * dx;
    sum_y += f * dy;
  }
  sum[0] += sum_x;
  sum[1] += sum_y;
}
