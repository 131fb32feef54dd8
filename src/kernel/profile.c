/* Seen from now, the newest sample is spread by a variance v(tau) = v0 + kappa tau per coordinate: v0 = 2 eps/theta
 * from the regularization, kappa = 2/theta_e for the bridge (the path behind is Brownian), 2/theta when frozen.
 * With c = r2/2 the profile of a window [0, tau] without decay is prefactor/(2 pi r2) H(tau), prefactor = 2/(theta
 * kappa),
 *
 *     H(tau) = exp(-c/v(tau)) - exp(-c/v0),                                                        un-averaged (7)
 *     H(tau) = [J(v(tau)+4u) - J(v(tau)) - J(v0+4u) + J(v0)]/(4u),  J(w) = w E_2(c/w), u = ahead,   averaged (9)
 *
 * The four J cancel at short range; there J(w) - w = -c G(c/w), G(x) = (1-exp(-x))/x + E_1(x), and the four w cancel
 * exactly.  Where 4u and v(tau) - v0 differ widely the second difference is taken over the shorter of the two by
 * quadrature.  Decay enters by parts: int_0^h exp(-lambda tau/theta) dF = exp(-lambda h/theta) F(h)
 * + (lambda/theta) int_0^h exp(-lambda tau/theta) F dtau, the last integral on panels in log tau (the double
 * exponential rule was tried: 1e-9, it does not resolve exp(-c/(kappa tau))).
 *
 * The profile is sampled at Chebyshev points of each octave, the table interpolated from there.  Rejected: one gather
 * of float terms per lane by hand-written permutes (not portable), E_1 in lanes (two branches, and wrong for lambda >
 * 0).  Most pairs of a wide cloud are out of reach of a short step: they are sorted out first, a strip at a time. */
#include <mnemotaxis/profile.h>
#include <mnemotaxis/split.h>

#include <math.h>
#include <stdbool.h>
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

/* Gauss-Legendre on [-1, 1] */
enum { NODES = 10 };
static const double node[NODES] = {-0.97390652851717172008, -0.86506336668898451073, -0.67940956829902440623,
                                   -0.43339539412924719080, -0.14887433898163121088, 0.14887433898163121088,
                                   0.43339539412924719080,  0.67940956829902440623,  0.86506336668898451073,
                                   0.97390652851717172008};
static const double weight[NODES] = {0.066671344308688137594, 0.14945134915058059315, 0.21908636251598204400,
                                     0.26926671930999635509,  0.29552422471475287017, 0.29552422471475287017,
                                     0.26926671930999635509,  0.21908636251598204400, 0.14945134915058059315,
                                     0.066671344308688137594};

/* int_v^{v+w} exp(-c/z) dz for far, of exp(-c/z) - 1 for near: differences of the terms above, which cancel for w << v.
 */
static double rise(double c, double v, double w, bool near)
{
  if (w >= v) {
    return near ? c * (near_term(c, v) - near_term(c, v + w)) : far_term(c, v + w) - far_term(c, v);
  }
  double sum = 0.0;
  for (int k = 0; k < NODES; k++) {
    const double z = v + 0.5 * w * (1.0 + node[k]);
    sum += 0.5 * w * weight[k] * (near ? expm1(-c / z) : exp(-c / z));
  }
  return sum;
}

static double averaged(const spread *s, double tau, double r2)
{
  const double c = 0.5 * r2;
  const double v = s->start + s->rate * tau;
  const double w = 4.0 * s->ahead;
  const bool near = c < v + w;
  const double wide = fmax(w, v - s->start); /* the second difference is one of integrals over the shorter range */
  const double short_range = fmin(w, v - s->start);
  return (rise(c, s->start + wide, short_range, near) - rise(c, s->start, short_range, near)) / (w * r2);
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
    /* panels in log tau that halve towards zero, where F may have an essential singularity, until they add nothing */
    const double half = 0.5 * log(2.0);
    double part = sum;
    for (double end = window; part > 1e-15 * sum || rate * end > 1.0; end *= 0.5) {
      part = 0.0;
      for (int k = 0; k < NODES; k++) {
        const double tau = end * exp(half * (node[k] - 1.0));
        part += half * weight[k] * tau * rate * exp(-rate * tau) * f(s, tau, r2);
      }
      sum += part;
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

/* A profile is sampled at Chebyshev points of an octave, enough for 1e-17 of its envelope, and interpolated to those of
 * the cells; in units of the octave it is the same rule on all. */
enum { SAMPLES = 24 };

typedef struct octave_rule {
  double at[SAMPLES];          /* samples, on [1, 2] */
  double node[MN_TABLE_TERMS]; /* of a cell, on [-1, 1] */
  double weight[MN_TABLE_CELLS][MN_TABLE_TERMS][SAMPLES];
} octave_rule;

static double chebyshev(int i, int n)
{
  return cos(pi * (i + 0.5) / n);
}

/* Barycentric interpolation from samples to u. */
static void interpolate(const octave_rule *rule, double u, double share[SAMPLES])
{
  double sum = 0.0;
  for (int i = 0; i < SAMPLES; i++) {
    const double gap = u - rule->at[i];
    if (gap == 0.0) {
      memset(share, 0, SAMPLES * sizeof *share);
      share[i] = 1.0;
      return;
    }
    share[i] = (i % 2 == 0 ? 1.0 : -1.0) * sin(pi * (i + 0.5) / SAMPLES) / gap;
    sum += share[i];
  }
  for (int i = 0; i < SAMPLES; i++) {
    share[i] /= sum;
  }
}

static void make_rule(octave_rule *rule)
{
  for (int i = 0; i < SAMPLES; i++) {
    rule->at[i] = 1.5 + 0.5 * chebyshev(i, SAMPLES);
  }
  for (int i = 0; i < MN_TABLE_TERMS; i++) {
    rule->node[i] = chebyshev(i, MN_TABLE_TERMS);
    for (int c = 0; c < MN_TABLE_CELLS; c++) {
      interpolate(rule, 1.0 + (c + 0.5 + 0.5 * rule->node[i]) / MN_TABLE_CELLS, rule->weight[c][i]);
    }
  }
}

/* Chebyshev interpolation on a cell of half the width `half`, as monomials in r2 - centre. */
static void fit(double term[MN_TABLE_TERMS], const octave_rule *rule, int cell, const double f[SAMPLES], double half)
{
  enum { N = MN_TABLE_TERMS };
  const double *x = rule->node;
  double d[N] = {0.0};
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < SAMPLES; k++) {
      d[i] += rule->weight[cell][i][k] * f[k];
    }
  }
  for (int k = 1; k < N; k++) { /* divided differences */
    for (int i = N - 1; i >= k; i--) {
      d[i] = (d[i] - d[i - 1]) / (x[i] - x[i - k]);
    }
  }
  double p[N] = {0.0};
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

void mn_table_sample(mn_table *table, mn_profile *profile, const void *context, double r2_least, double r2_reach)
{
  int least;
  int end;
  double f[SAMPLES];
  octave_rule rule;
  frexp(r2_least, &least);
  frexp(r2_reach, &end);
  const int first = r2_least > 0.0 && least - 1 > end - MN_TABLE_OCTAVES ? least - 1 : end - MN_TABLE_OCTAVES;
  table->r2_reach = r2_reach;
  table->r2_min = ldexp(1.0, first);
  make_rule(&rule);
  for (int octave = 0; octave < end - first; octave++) {
    const double low = ldexp(table->r2_min, octave);
    for (int i = 0; i < SAMPLES; i++) {
      f[i] = profile(context, low * rule.at[i]);
    }
    for (int c = 0; c < MN_TABLE_CELLS; c++) {
      fit(table->term[octave * MN_TABLE_CELLS + c], &rule, c, f, 0.5 * low / MN_TABLE_CELLS);
    }
  }
}

double mn_table_value(const mn_table *table, double r2)
{
  const double at = r2 < table->r2_min ? table->r2_min : r2;
  const uint64_t bits = to_bits(at);
  const double *t = table->term[(bits >> CELL_BITS) - (to_bits(table->r2_min) >> CELL_BITS)];
  const double d = at - centre_of(bits);
  return ((((t[5] * d + t[4]) * d + t[3]) * d + t[2]) * d + t[1]) * d + t[0];
}

/* A present force and its system. */
typedef struct force {
  const mn_model *model;
  const mn_present *present;
} force;

static double force_profile(const void *context, double r2)
{
  const force *f = context;
  return mn_present_profile(f->model, f->present, r2);
}

static double mixture_profile(const void *split, double r2)
{
  return mn_split_profile(split, r2);
}

/* With decay the Gaussians of the present one by one, a hundredth of the work, unless roundoff of their variances, in
 * lengths of the decay, costs digits. */
void mn_table_fill(mn_table *table, const mn_model *model, const mn_present *present, double tolerance)
{
  const double widest = mn_split_widest(model, present);
  const double r2_reach = fmin(2.0 * widest * log(1e3 / tolerance), 127.0 * widest);
  const double decay = spread_of(model, 0.0).rate * model->theta / model->lambda;
  if (model->lambda > 0.0 && decay > 1e-3 * widest) {
    mn_split all;
    mn_split_range(model, present, mn_split_least(ldexp(r2_reach, -MN_TABLE_OCTAVES)), (double)INFINITY, &all);
    mn_table_sample(table, mixture_profile, &all, 0.0, r2_reach);
  } else {
    const force f = {model, present};
    mn_table_sample(table, force_profile, &f, 0.0, r2_reach);
  }
}

/* Sources looked at before the near ones among them are summed, and sums kept side by side. */
enum { STRIP = 256, LANES = 8 };

/* The near sources of a strip: where they are relative to the target, then the force of each. */
typedef struct near_list {
  int count; /* padded to whole LANES by sources at distance 0, which have no force */
  double x[STRIP + LANES], y[STRIP + LANES];
} near_list;

/* Sources [first, last) within reach of the target; no branch to mispredict. */
static void select_near(double reach2, int first, int last, const double *x, const double *y, const double target[2],
                        int skip, near_list *near)
{
  int count = 0;
  for (int j = first; j < last; j++) {
    const double dx = x[j] - target[0];
    const double dy = y[j] - target[1];
    near->x[count] = dx;
    near->y[count] = dy;
    count += (dx * dx + dy * dy < reach2) & (j != skip);
  }
  for (int k = 0; k < LANES; k++) {
    near->x[count + k] = 0.0;
    near->y[count + k] = 0.0;
  }
  near->count = (count + LANES - 1) / LANES * LANES;
}

static void weigh(const mn_table *table, near_list *near)
{
  const uint64_t base = to_bits(table->r2_min) >> CELL_BITS;
  for (int k = 0; k < near->count; k++) {
    const double dx = near->x[k];
    const double dy = near->y[k];
    const double exact = dx * dx + dy * dy;
    const double r2 = exact < table->r2_min ? table->r2_min : exact;
    const uint64_t bits = to_bits(r2);
    const double *t = table->term[(bits >> CELL_BITS) - base];
    const double d = r2 - centre_of(bits);
    const double f = ((((t[5] * d + t[4]) * d + t[3]) * d + t[2]) * d + t[1]) * d + t[0];
    near->x[k] = f * dx;
    near->y[k] = f * dy;
  }
}

void mn_table_sum(const mn_table *table, int n, const double *x, const double *y, double target_x, double target_y,
                  int skip, double sum[2])
{
  const double target[2] = {target_x, target_y};
  double lane_x[LANES] = {0.0};
  double lane_y[LANES] = {0.0};
  for (int first = 0; first < n; first += STRIP) {
    near_list near;
    select_near(table->r2_reach, first, n - first < STRIP ? n : first + STRIP, x, y, target, skip, &near);
    weigh(table, &near);
    for (int k = 0; k < near.count; k += LANES) {
      for (int l = 0; l < LANES; l++) {
        lane_x[l] += near.x[k + l];
        lane_y[l] += near.y[k + l];
      }
    }
  }
  for (int l = 0; l < LANES; l++) {
    sum[0] += lane_x[l];
    sum[1] += lane_y[l];
  }
}
