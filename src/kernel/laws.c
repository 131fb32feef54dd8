/* lambda = 0: d/dt pull = -(chi/2 pi) t/(theta s2 + (1 + theta) t), integrated in closed form.  lambda > 0: the
 * integrand over the source time s is -(2 chi p/(pi theta)) exp(-lambda (t-s)/theta)/(p + q + 2(t-s)/theta)^2,
 * p = s2 + 2t, q = s2 + 2s; panels shrink towards s = t and towards t = 0, where decay and spread are fast. */
#include <mnemotaxis/laws.h>
#include <mnemotaxis/quadrature.h>

#include <math.h>

static const double pi = 3.14159265358979323846;

enum { NODES = 12, PANELS = 40 };

/* int_0^end f by Gauss-Legendre on panels that halve towards 0. */
static double integrate(double (*f)(const void *context, double x), const void *context, double end)
{
  double node[NODES];
  double weight[NODES];
  mn_gauss_legendre(NODES, node, weight);
  double sum = 0.0;
  double high = end;
  for (int p = 0; p < PANELS; p++) {
    const double low = p == PANELS - 1 ? 0.0 : 0.5 * high;
    for (int i = 0; i < NODES; i++) {
      sum += 0.5 * (high - low) * weight[i] * f(context, low + 0.5 * (high - low) * (1.0 + node[i]));
    }
    high = low;
  }
  return sum;
}

typedef struct law {
  const mn_model *model;
  double variance, t;
} law;

static double integrand(const void *context, double lag)
{
  const law *l = context;
  const double theta = l->model->theta;
  const double p = l->variance + 2.0 * l->t;
  const double q = l->variance + 2.0 * (l->t - lag);
  const double spread = p + q + 2.0 * lag / theta;
  return p / (pi * theta) * exp(-l->model->lambda * lag / theta) / (spread * spread);
}

double mn_law_pull_rate(const mn_model *model, double variance, double t)
{
  const law l = {model, variance, t};
  if (t <= 0.0) {
    return 0.0;
  }
  if (model->lambda <= 0.0) {
    return -model->chi / (2.0 * pi) * t / (model->theta * variance + (1.0 + model->theta) * t);
  }
  return -2.0 * model->chi * integrate(integrand, &l, t);
}

static double rate_at(const void *context, double t)
{
  const law *l = context;
  return mn_law_pull_rate(l->model, l->variance, t);
}

/* z - log(1 + z), z >= 0, to full precision. */
static double log_remainder(double z)
{
  if (z > 0.1) {
    return z - log1p(z);
  }
  double sum = 0.0;
  double power = z;
  for (int k = 2; k < 20; k++) {
    power *= -z;
    sum -= power / k;
  }
  return sum;
}

double mn_law_pull(const mn_model *model, double variance, double t)
{
  const law l = {model, variance, t};
  if (model->lambda > 0.0) {
    return integrate(rate_at, &l, t);
  }
  const double delay = model->theta * variance / (1.0 + model->theta);
  const double late = variance > 0.0 ? delay * log_remainder(t / delay) : t;
  return -model->chi / (2.0 * pi) * late / (1.0 + model->theta);
}
