/* The measure of a sample lives on one or two adjacent ranges of c = theta/(4(tau + s)).  Three ways, the
 * first whose bound meets the tolerance: one node (mass and mean), two nodes (Gauss rule from the first
 * four moments), Gauss-Legendre panels on either range, none wider than a factor of two in c.
 *
 * Bound (theory.md (14)): for a rule with n nodes on a range of half width rho relative to its centre the error of
 * Gauss quadrature of exp(-c r^2) is at most, in units of the mass and of the maximum 0.4289 of r exp(-r^2),
 *
 *     2^{2n} (n!)^4 / ((2n+1) ((2n)!)^3) max_y (rho y + mu)^{2n} sqrt(y) exp(-(1 - rho) y) 2 mu/(1 - exp(-2 mu)),
 *
 * mu = lambda (lag range)/(2 theta) being the decay inside the interval; the maximiser y solves a quadratic equation.
 */
#include <mnemotaxis/quadrature.h>

#include <assert.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

enum { LEGENDRE_MAX = 16, MOMENT_NODES = 4 };

void mn_gauss_legendre(int n, double *nodes, double *weights)
{
  for (int i = 0; i < n; i++) {
    double x = cos(pi * (i + 0.75) / (n + 0.5));
    double slope = 1.0;
    for (int newton = 0; newton < 6; newton++) {
      double p = 1.0;
      double before = 0.0;
      for (int k = 1; k <= n; k++) {
        const double next = ((2 * k - 1) * x * p - (k - 1) * before) / k;
        before = p;
        p = next;
      }
      slope = n * (x * p - before) / (x * x - 1.0);
      x -= p / slope;
    }
    nodes[i] = x;
    weights[i] = 2.0 / ((1.0 - x * x) * slope * slope);
  }
}

int mn_quadrature_intervals(mn_quadrature kind, const double *times, int samples, int k, mn_interval out[2])
{
  const double now = times[samples];
  const mn_interval before = {now - times[k], k > 0 ? now - times[k - 1] : 0.0, 0.5};
  int count = 0;
  if (k > 0) {
    out[count] = before;
    out[count++].share = kind == MN_BRIDGE ? 0.5 : 1.0;
  }
  if (kind == MN_BRIDGE && k + 1 < samples) {
    out[count++] = (mn_interval){now - times[k + 1], now - times[k], 0.5};
  }
  return count;
}

/* A range of the measure in c, with what is needed to weigh it. */
typedef struct range {
  double low, high; /* of c */
  double shift;     /* s */
  double share;
  double decay; /* lambda (older - younger)/(2 theta) */
} range;

/* Lags at which less than a hundredth of the tolerance is left since the younger end are cut off. */
static range range_of(const mn_model *model, double tolerance, const mn_interval *interval)
{
  const double shift = mn_kernel_shift(model, interval->older - interval->younger);
  const double reach = log(100.0 / tolerance) * model->theta;
  double length = interval->older - interval->younger;
  if (model->lambda * length > reach) {
    length = reach / model->lambda;
  }
  return (range){model->theta / (4.0 * (interval->younger + length + shift)),
                 model->theta / (4.0 * (interval->younger + shift)), shift, interval->share,
                 0.5 * model->lambda * length / model->theta};
}

static double density(const mn_model *model, const range *part, double c)
{
  const double flat = part->share / (2.0 * pi);
  if (model->lambda <= 0.0) {
    return flat;
  }
  const double tau = model->theta / (4.0 * c) - part->shift;
  return flat * exp(-model->lambda * tau / model->theta);
}

static double error_bound(int n, double low, double high, double decay)
{
  const double rho = (high - low) / (high + low);
  const double keep = 1.0 - rho;
  const double lean = keep * decay - (2.0 * n + 0.5) * rho;
  const double root = sqrt(lean * lean + 2.0 * keep * rho * decay);
  const double y = lean > 0.0 ? decay / (root + lean) : (root - lean) / (2.0 * keep * rho);
  const double peak = decay > 0.0 ? 2.0 * decay / -expm1(-2.0 * decay) : 1.0;
  const double constant = 2.0 * n * log(2.0) + 4.0 * lgamma(n + 1.0) - log(2.0 * n + 1.0) - 3.0 * lgamma(2.0 * n + 1.0);
  return peak * exp(constant + 2.0 * n * log(rho * y + decay) + 0.5 * log(y) - keep * y) / 0.4289;
}

static void add(mn_gaussians *rule, double weight, double rate)
{
  assert(rule->count < MN_GAUSSIANS_MAX);
  rule->weight[rule->count] = weight;
  rule->rate[rule->count] = rate;
  rule->count++;
}

/* Mass, mean, and second and third central moments of the measure on all parts. */
typedef struct moments {
  double mass, mean, second, third;
} moments;

static moments moments_of(const mn_model *model, int parts, const range *part)
{
  static const double node[MOMENT_NODES] = {-0.86113631159405257522, -0.33998104358485626480, 0.33998104358485626480,
                                            0.86113631159405257522};
  static const double weight[MOMENT_NODES] = {0.34785484513745385737, 0.65214515486254614263, 0.65214515486254614263,
                                              0.34785484513745385737};
  double c[2 * MOMENT_NODES];
  double m[2 * MOMENT_NODES];
  moments sum = {0};
  for (int p = 0; p < parts; p++) {
    const double centre = 0.5 * (part[p].high + part[p].low);
    const double half = 0.5 * (part[p].high - part[p].low);
    for (int i = 0; i < MOMENT_NODES; i++) {
      const int k = p * MOMENT_NODES + i;
      c[k] = centre + half * node[i];
      m[k] = half * weight[i] * density(model, &part[p], c[k]);
      sum.mass += m[k];
      sum.mean += m[k] * c[k];
    }
  }
  sum.mean /= sum.mass;
  for (int k = 0; k < parts * MOMENT_NODES; k++) {
    const double d = c[k] - sum.mean;
    sum.second += m[k] * d * d / sum.mass;
    sum.third += m[k] * d * d * d / sum.mass;
  }
  return sum;
}

static void two_nodes(const moments *of, mn_gaussians *rule)
{
  const double skew = of->third / of->second;
  const double root = sqrt(skew * skew + 4.0 * of->second);
  const double left = 0.5 * (skew - root);
  const double right = 0.5 * (skew + root);
  add(rule, of->mass * right / root, of->mean + left);
  add(rule, -of->mass * left / root, of->mean + right);
}

static void panels(const mn_model *model, double tolerance, const range *part, mn_gaussians *rule)
{
  double node[LEGENDRE_MAX];
  double weight[LEGENDRE_MAX];
  const int count = 1 + (int)floor(log2(part->high / part->low));
  const double ratio = pow(part->high / part->low, 1.0 / count);
  int n = 1;
  while (n < LEGENDRE_MAX && (n + 1) * count * 2 <= MN_GAUSSIANS_MAX &&
         error_bound(n, 1.0, ratio, part->decay) > tolerance) {
    n++;
  }
  mn_gauss_legendre(n, node, weight);
  for (int p = 0; p < count; p++) {
    const double low = part->low * pow(ratio, p);
    const double half = 0.5 * low * (ratio - 1.0);
    for (int i = 0; i < n; i++) {
      const double c = low + half * (1.0 + node[i]);
      add(rule, half * weight[i] * density(model, part, c), c);
    }
  }
}

void mn_quadrature_rule(const mn_model *model, double tolerance, int count, const mn_interval *intervals,
                        mn_gaussians *rule)
{
  rule->count = 0;
  if (count == 0) {
    return;
  }
  range part[2];
  double low = INFINITY;
  double high = 0.0;
  double decay = 0.0;
  for (int p = 0; p < count; p++) {
    part[p] = range_of(model, tolerance, &intervals[p]);
    low = fmin(low, part[p].low);
    high = fmax(high, part[p].high);
    decay += part[p].decay;
  }
  if (error_bound(2, low, high, decay) <= tolerance) {
    const moments of = moments_of(model, count, part);
    if (error_bound(1, low, high, decay) <= tolerance) {
      add(rule, of.mass, of.mean);
    } else {
      two_nodes(&of, rule);
    }
    return;
  }
  for (int p = 0; p < count; p++) {
    panels(model, tolerance, &part[p], rule);
  }
}

double mn_gaussians_profile(const mn_gaussians *rule, double r2)
{
  double sum = 0.0;
  for (int k = 0; k < rule->count; k++) {
    sum += rule->weight[k] * exp(-rule->rate[k] * r2);
  }
  return sum;
}
