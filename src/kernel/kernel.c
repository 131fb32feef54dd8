/* Closed forms only.  E_1 by its power series below 1 and by the modified Lentz continued fraction above. */
#include <mnemotaxis/kernel.h>

#include <float.h>
#include <math.h>

static const double pi = 3.14159265358979323846;

double mn_kernel_value(const mn_model *model, double tau, double r2)
{
  return exp(-model->lambda * tau / model->theta - model->theta * r2 / (4.0 * tau)) / (4.0 * pi * tau);
}

double mn_kernel_profile(const mn_model *model, double tau, double r2)
{
  return model->theta / (2.0 * tau) * mn_kernel_value(model, tau, r2);
}

double mn_kernel_shift(const mn_model *model, double step)
{
  const double bridge = model->quadrature == MN_BRIDGE ? model->theta * step / 6.0 : 0.0;
  return bridge + model->regularization;
}

/* -gamma - ln x - sum_k (-x)^k / (k k!) */
static double series(double x)
{
  const double euler_gamma = 0.57721566490153286061;
  double sum = -euler_gamma - log(x);
  double term = 1.0;
  for (int k = 1; k < 40; k++) {
    term *= -x / k;
    sum -= term / k;
    if (fabs(term) < DBL_EPSILON * 1e-3) {
      break;
    }
  }
  return sum;
}

/* exp(-x) / (x + 1 - 1/(x + 3 - 4/(x + 5 - ...))), from the bottom up */
static double continued_fraction(double x)
{
  double tail = 0.0;
  for (int k = 12 + (int)(100.0 / x); k >= 1; k--) {
    tail = (double)k * k / (x + 2 * k + 1 - tail);
  }
  return exp(-x) / (x + 1.0 - tail);
}

double mn_exponential_integral(double x)
{
  return x < 1.0 ? series(x) : continued_fraction(x);
}

double mn_kernel_mass(const mn_model *model, double a, double b)
{
  const double rate = model->lambda / model->theta;
  if (rate <= 0.0) {
    return (b - a) / model->theta;
  }
  return -exp(-rate * a) * expm1(-rate * (b - a)) / model->lambda;
}

double mn_kernel_tail(const mn_model *model, double age)
{
  const double maximum = 0.63817268633895; /* of (1 - exp(-z))/sqrt(z), at z = 1.2564312 */
  return maximum / (4.0 * pi) * sqrt(model->theta / age) * exp(-model->lambda * age / model->theta);
}

double mn_kernel_memory(const mn_model *model)
{
  return model->lambda > 0.0 ? 45.0 * model->theta / model->lambda : (double)INFINITY;
}
