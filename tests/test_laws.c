/* Exact laws.  Truth: E X.grad K(X - Y) for independent normal X and Y, from grad K of docs/theory.md (4) alone,
 * integrated over the distance and the lag in long double; closed forms where lambda = 0; limits. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/laws.h>

static const long double pi = 3.14159265358979323846264338327950288L;

enum { NODES = 240 };

typedef long double integrand(const void *context, long double at);

/* The double exponential rule on (0, length). */
static long double integrate(integrand *f, const void *context, long double length)
{
  long double sum = 0.0L;
  const long double step = 7.0L / NODES;
  for (int i = -NODES / 2; i <= NODES / 2; i++) {
    const long double q = expl(-pi * sinhl(step * i));
    const long double slope = pi * coshl(step * i) * q / ((1.0L + q) * (1.0L + q));
    sum += step * length * slope * f(context, length / (1.0L + q));
  }
  return sum;
}

typedef struct law {
  const mn_model *model;
  long double variance, t, lag;
} law;

/* R.grad K_lag(R), R^2 = 4 lag y/theta, times the density of y when R has variance w per coordinate. */
static long double over_distance(const void *context, long double y)
{
  const law *l = context;
  const long double theta = l->model->theta;
  const long double w = 2.0L * l->variance + 2.0L * l->t + 2.0L * (l->t - l->lag);
  const long double r2 = 4.0L * l->lag * y / theta;
  const long double grad = -theta * r2 / (8.0L * pi * l->lag * l->lag) * expl(-l->model->lambda * l->lag / theta - y);
  return grad * expl(-r2 / (2.0L * w)) / w * 2.0L * l->lag / theta;
}

/* X of variance p is p/w R and something independent of R. */
static long double over_lag(const void *context, long double lag)
{
  law at = *(const law *)context;
  at.lag = lag;
  const long double p = at.variance + 2.0L * at.t;
  const long double w = p + at.variance + 2.0L * (at.t - lag);
  return p / w * integrate(over_distance, &at, 60.0L);
}

/* 2 chi E X.D */
static double true_rate(const mn_model *model, double variance, double t)
{
  const law l = {model, variance, t, 0.0L};
  return (double)(2.0L * model->chi * integrate(over_lag, &l, t));
}

static const mn_model some[] = {{.theta = 1.0, .chi = 2.0},
                                {.theta = 0.01, .chi = 0.5, .lambda = 0.3},
                                {.theta = 1.0, .chi = 1.0, .lambda = 1.0},
                                {.theta = 10.0, .chi = 3.0, .lambda = 2.5},
                                {.theta = 1000.0, .chi = 1.0, .lambda = 40.0},
                                {.theta = 0.5, .chi = 1.0, .lambda = 200.0}};
enum { SOME = sizeof some / sizeof *some };

static void rate_is_twice_chi_times_the_mean_of_position_times_memory_drift(void **state)
{
  (void)state;
  static const double variances[] = {0.0, 1e-3, 1.0, 30.0};
  static const double times[] = {0.01, 1.0, 20.0};
  for (int k = 0; k < SOME * 4 * 3; k++) {
    const mn_model *m = &some[k / 12];
    const double v = variances[k / 3 % 4];
    const double t = times[k % 3];
    check_relative(mn_law_pull_rate(m, v, t), true_rate(m, v, t), 2e-12, "both quadratures are good to 1e-12");
  }
}

static void without_decay_the_rate_is_the_closed_form(void **state)
{
  (void)state;
  for (int k = 0; k < 5; k++) {
    const mn_model m = {.theta = pow(10.0, 2 - k), .chi = 1.5};
    const double rate = -m.chi / (2.0 * (double)pi) * 0.7 / (m.theta * 2.0 + (1.0 + m.theta) * 0.7);
    check_relative(mn_law_pull_rate(&m, 2.0, 0.7), rate, 1e-14, "one formula, rounding");
  }
}

static void from_a_point_without_decay_the_rate_is_constant(void **state)
{
  (void)state;
  for (int k = 0; k < 5; k++) {
    const mn_model m = {.theta = pow(10.0, 2 - k), .chi = 1.5};
    const double rate = -m.chi / (2.0 * (double)pi * (1.0 + m.theta));
    check_relative(mn_law_pull_rate(&m, 0.0, 1e-6), rate, 1e-14, "one formula, rounding");
    check_relative(mn_law_pull_rate(&m, 0.0, 50.0), rate, 1e-14, "one formula, rounding");
    check_relative(mn_law_pull(&m, 0.0, 3.0), 3.0 * rate, 1e-14, "one formula, rounding");
  }
}

/* The rate by the formula of docs/theory.md, its lag integral in long double. */
static long double lag_integrand(const void *context, long double lag)
{
  const law *l = context;
  const long double theta = l->model->theta;
  const long double p = l->variance + 2.0L * l->t;
  const long double spread = p + l->variance + 2.0L * (l->t - lag) + 2.0L * lag / theta;
  return p * expl(-l->model->lambda * lag / theta) / (pi * theta * spread * spread);
}

static long double rate_integrand(const void *context, long double t)
{
  law at = *(const law *)context;
  at.t = t;
  return -2.0L * at.model->chi * integrate(lag_integrand, &at, t);
}

static void pull_is_the_integral_of_its_rate(void **state)
{
  (void)state;
  static const double variances[] = {0.0, 0.01, 1.0};
  for (int k = 0; k < SOME * 3; k++) {
    const mn_model *m = &some[k / 3];
    const law l = {m, variances[k % 3], 0.0L, 0.0L};
    const double pull = (double)integrate(rate_integrand, &l, 2.0L);
    check_relative(mn_law_pull(m, variances[k % 3], 2.0), pull, 2e-12, "both quadratures are good to 1e-12");
  }
}

static void slope_of_the_pull_is_its_rate(void **state)
{
  (void)state;
  for (int k = 0; k < SOME; k++) {
    const double h = 1e-3;
    const double slope = (mn_law_pull(&some[k], 0.5, 1.0 + h) - mn_law_pull(&some[k], 0.5, 1.0 - h)) / (2.0 * h);
    check_relative(slope, mn_law_pull_rate(&some[k], 0.5, 1.0), 1e-5, "h^2/6 of a third derivative of order 1");
  }
}

/* Decay takes away at most the share lambda t/theta of any source. */
static void vanishing_decay_leaves_the_law_without_decay(void **state)
{
  (void)state;
  for (int k = 0; k < 9; k++) {
    const double variance = k % 3;
    mn_model m = {.theta = pow(10.0, k / 3 - 1), .chi = 1.0};
    const double rate = mn_law_pull_rate(&m, variance, 2.0);
    const double pull = mn_law_pull(&m, variance, 2.0);
    m.lambda = 1e-13 * m.theta;
    check_relative(mn_law_pull_rate(&m, variance, 2.0), rate, 2e-12, "lambda t/theta = 2e-13, quadrature 1e-12");
    check_relative(mn_law_pull(&m, variance, 2.0), pull, 2e-12, "lambda t/theta = 2e-13, quadrature 1e-12");
  }
}

/* Only lags of order theta/lambda count, where the spread is still 2p: rate -> -2 chi p/(pi lambda (2p)^2). */
static void strong_decay_leaves_the_youngest_chemical(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    const mn_model m = {.theta = 1.0, .chi = 2.0, .lambda = pow(10.0, 3 + k)};
    const double p = k % 2 + 2.0 * 1.5;
    const double rate = -m.chi / (2.0 * (double)pi * m.lambda * p);
    check_relative(mn_law_pull_rate(&m, k % 2, 1.5), rate, 2.0 / m.lambda,
                   "the next order is at most 2 theta/(lambda p)");
  }
}

static void nothing_is_pulled_at_the_start_or_without_sensitivity(void **state)
{
  (void)state;
  const mn_model insensitive = {.theta = 2.0, .lambda = 1.0};
  check_absolute(mn_law_pull(&some[2], 1.0, 0.0), 0.0, 1e-300, "an integral over nothing");
  check_absolute(mn_law_pull_rate(&some[2], 1.0, 0.0), 0.0, 1e-300, "an integral over nothing");
  check_absolute(mn_law_pull(&insensitive, 1.0, 3.0), 0.0, 1e-300, "chi = 0");
  check_absolute(mn_law_pull_rate(&insensitive, 1.0, 3.0), 0.0, 1e-300, "chi = 0");
}

/* log(1 + x) = x - x^2/2 + ...: early, the pull is -chi t^2/(4 pi theta variance) */
static void an_early_pull_keeps_its_digits(void **state)
{
  (void)state;
  for (int k = 1; k < 8; k++) {
    const mn_model m = {.theta = 3.0, .chi = 1.0};
    const double t = pow(10.0, -k);
    const double delay = 3.0 / 4.0; /* theta variance/(1 + theta) */
    const long double x = (long double)t / delay;
    const long double series = x * x * (0.5L - x * (1.0L / 3.0L - x * (0.25L - x * (0.2L - x / 6.0L))));
    const double late = (double)(delay * (k < 4 ? x - log1pl(x) : series));
    check_relative(mn_law_pull(&m, 1.0, t), -late / (2.0 * (double)pi * 4.0), 1e-12, "the header's accuracy");
  }
}

MN_TESTS("laws", cmocka_unit_test(rate_is_twice_chi_times_the_mean_of_position_times_memory_drift),
         cmocka_unit_test(without_decay_the_rate_is_the_closed_form),
         cmocka_unit_test(from_a_point_without_decay_the_rate_is_constant),
         cmocka_unit_test(pull_is_the_integral_of_its_rate), cmocka_unit_test(slope_of_the_pull_is_its_rate),
         cmocka_unit_test(vanishing_decay_leaves_the_law_without_decay),
         cmocka_unit_test(strong_decay_leaves_the_youngest_chemical),
         cmocka_unit_test(nothing_is_pulled_at_the_start_or_without_sensitivity),
         cmocka_unit_test(an_early_pull_keeps_its_digits));
