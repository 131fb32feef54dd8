/* Truth: the formulas (3), (4), (8) in long double; E_1 and the integrals over lags by composite Gauss quadrature in
 * long double (ten nodes a panel, A&S table 25.4), its maximum by brute search; published values of E_1 (DLMF 6.19). */
#include "check.h"

#include <math.h>
#include <mnemotaxis/kernel.h>

#define PI 3.14159265358979323846264338328L

typedef long double integrand(const void *context, long double t);

static long double integral(integrand *f, const void *context, long double a, long double b, int panels)
{
  static const long double node[5] = {0.148874338981631210884826L, 0.433395394129247190799266L,
                                      0.679409568299024406234327L, 0.865063366688984510732097L,
                                      0.973906528517171720077964L};
  static const long double weight[5] = {0.295524224714752870173893L, 0.269266719309996355091227L,
                                        0.219086362515982043995535L, 0.149451349150580593145776L,
                                        0.066671344308688137593569L};
  const long double half = (b - a) / (2 * panels);
  long double sum = 0;
  for (int p = 0; p < panels; p++) {
    const long double centre = a + (2 * p + 1) * half;
    for (int k = 0; k < 5; k++) {
      sum += weight[k] * (f(context, centre - half * node[k]) + f(context, centre + half * node[k]));
    }
  }
  return half * sum;
}

static const mn_model models[] = {
    {1.0, 1.0, 0.0, 0.0, MN_BRIDGE},   {1e-3, 1.0, 2.0, 0.01, MN_BRIDGE}, {0.1, 2.0, 0.5, 0.0, MN_FROZEN},
    {10.0, 1.0, 2.0, 0.01, MN_FROZEN}, {1e3, 1.0, 0.0, 0.5, MN_BRIDGE},
};

enum { MODELS = sizeof models / sizeof *models };

/* Lags at which decay and spread are both of order one somewhere. */
static double lag(const mn_model *m, int k)
{
  static const double factor[] = {1e-4, 0.03, 1.0, 5.0};
  return factor[k] * m->theta;
}

static long double value(const mn_model *m, long double tau, long double r2)
{
  return expl(-m->lambda * tau / m->theta - m->theta * r2 / (4 * tau)) / (4 * PI * tau);
}

static void value_and_profile_are_the_heat_kernel_and_its_gradient_in_closed_form(void **state)
{
  (void)state;
  const char *why = "four roundings, and one of an exponent of at most 30";
  for (int i = 0; i < MODELS * 4; i++) {
    const mn_model *m = &models[i / 4];
    const double tau = lag(m, i % 4);
    for (int k = 0; k < 6; k++) {
      const double r2 = k * k * 0.8 * tau / m->theta;
      const long double v = value(m, tau, r2);
      check_relative(mn_kernel_value(m, tau, r2), (double)v, 1e-14, why);
      check_relative(mn_kernel_profile(m, tau, r2), (double)(v * m->theta / (2.0L * tau)), 1e-14, why);
    }
  }
}

static void profile_is_minus_the_radial_derivative_over_the_distance(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS * 4; i++) {
    const mn_model *m = &models[i / 4];
    const double tau = lag(m, i % 4);
    const double width = sqrt(tau / m->theta);
    for (int k = 1; k < 6; k++) {
      const double r = k * 0.7 * width;
      const double h = 1e-4 * width;
      const double rise = mn_kernel_value(m, tau, (r + h) * (r + h)) - mn_kernel_value(m, tau, (r - h) * (r - h));
      check_relative(mn_kernel_profile(m, tau, r * r), -rise / (2.0 * h * r), 1e-7,
                     "central difference: (h/width)^2 times a third derivative of at most 5, and rounding 1e-12");
    }
  }
}

static void kernel_leaves_unit_mass_over_theta_apart_from_decay(void **state)
{
  (void)state;
  for (int i = 0; i < MODELS; i++) {
    const mn_model *m = &models[i];
    const double tau = 0.3 * m->theta;
    const double h = 0.2 * sqrt(tau / m->theta);
    double mass = 0.0;
    for (int k = 0; k < 81 * 81; k++) {
      const double x = h * (k % 81 - 40);
      const double y = h * (k / 81 - 40);
      mass += h * h * mn_kernel_value(m, tau, x * x + y * y);
    }
    check_relative(mass, exp(-m->lambda * 0.3) / m->theta, 1e-6,
                   "trapezoid of a Gaussian cut at 8/sqrt(2) = 5.7 deviations: 3e-8 of its mass is outside");
  }
}

/* E_1(x) = int_0^inf exp(-x e^v) dv */
static long double in_log(const void *x, long double v)
{
  return expl(-*(const long double *)x * expl(v));
}

static void exponential_integral_matches_long_double_quadrature(void **state)
{
  (void)state;
  for (int k = 0; k <= 2000; k++) {
    const double x = 1e-10 * pow(600.0 / 1e-10, k / 2000.0);
    const long double exact_x = x;
    const long double truth = integral(in_log, &exact_x, 0, logl(1 + 60 / exact_x), 80);
    check_relative(mn_exponential_integral(x), (double)truth, 2e-15, "the header's accuracy");
  }
}

static void exponential_integral_is_continuous_where_the_methods_meet(void **state)
{
  (void)state;
  const double below = mn_exponential_integral(nextafter(1.0, 0.0));
  const double above = mn_exponential_integral(1.0);
  check_relative(below, above, 4e-15, "twice the header's accuracy");
}

static void exponential_integral_matches_published_values(void **state)
{
  (void)state;
  static const double table[][2] = {{1e-3, 6.331539364136149332},
                                    {0.1, 1.822923958419390666},
                                    {1.0, 0.21938393439552027368},
                                    {10.0, 4.156968929685324277e-6},
                                    {100.0, 3.683597761682032180e-46}};
  for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
    check_relative(mn_exponential_integral(table[k][0]), table[k][1], 2e-15, "the header's accuracy");
  }
}

static long double left_at(const void *model, long double tau)
{
  const mn_model *m = model;
  return expl(-m->lambda * tau / m->theta) / m->theta;
}

static void mass_matches_quadrature_down_to_no_decay(void **state)
{
  (void)state;
  static const double lambdas[] = {0.0, 1e-300, 1e-18, 1e-12, 1e-6, 0.3, 2.0, 50.0};
  static const double windows[][2] = {{0.0, 1.0}, {0.5, 0.5001}, {1.0, 4.0}, {0.0, 1e-9}};
  for (int k = 0; k < 8 * 4; k++) {
    const mn_model m = {2.5, 1.0, lambdas[k / 4], 0.0, MN_BRIDGE};
    const double a = windows[k % 4][0];
    const double b = windows[k % 4][1];
    check_relative(mn_kernel_mass(&m, a, b), (double)integral(left_at, &m, a, b, 40), 2e-14,
                   "rounding of b - a, of an exponent of at most 80, and of three more operations");
  }
}

/* Chemical pull of all lags beyond `age` at distance r, lags in logarithm: tau = age e^v. */
typedef struct pull {
  mn_model model;
  long double age, r;
} pull;

static long double pull_at(const void *context, long double v)
{
  const pull *p = context;
  const long double theta = p->model.theta;
  const long double tau = p->age * expl(v);
  const long double spread = tau + p->model.regularization;
  return tau * theta * p->r / (8 * PI * spread * spread) *
         expl(-p->model.lambda * tau / theta - theta * p->r * p->r / (4 * spread));
}

static long double pull_of(const pull *p, long double log_r)
{
  pull at = *p;
  at.r = expl(log_r);
  return integral(pull_at, &at, 0, 50, 50);
}

/* Largest pull at any distance: coarse scan, then thirds of the bracket. */
static double largest_pull(const mn_model *model, double age)
{
  const pull p = {*model, age, 0};
  const long double origin = 0.5L * logl(4.0L * age / (long double)model->theta);
  long double best = origin;
  for (long double u = origin - 8; u < origin + 8; u += 0.25L) {
    best = pull_of(&p, u) > pull_of(&p, best) ? u : best;
  }
  long double low = best - 0.25L;
  long double high = best + 0.25L;
  while (high - low > 1e-7L) {
    const long double third = (high - low) / 3;
    const bool right = pull_of(&p, low + third) < pull_of(&p, high - third);
    low = right ? low + third : low;
    high = right ? high : high - third;
  }
  return (double)pull_of(&p, low);
}

static void tail_without_decay_is_the_largest_pull_of_the_forgotten_lags(void **state)
{
  (void)state;
  for (int k = 0; k < 4; k++) {
    const mn_model m = {pow(10.0, k - 2), 1.0, 0.0, 0.0, MN_BRIDGE};
    check_relative(mn_kernel_tail(&m, 0.37), largest_pull(&m, 0.37), 1e-12,
                   "a maximum located to 1e-7 is exact to 1e-14; lags beyond e^50 hold less than 1e-20");
  }
  const mn_model one = {1.0, 1.0, 0.0, 0.0, MN_BRIDGE};
  check_absolute(mn_kernel_tail(&one, 1.0), 0.05078, 5e-6, "the five digits of the header");
}

static void tail_bounds_every_pull_with_decay_and_smear(void **state)
{
  (void)state;
  for (int k = 0; k < 12; k++) {
    const mn_model m = {pow(10.0, k % 3 - 1), 1.0, k < 6 ? 0.05 : 2.0, k % 2 ? 0.1 : 0.0, MN_BRIDGE};
    const double age = 0.2;
    const double largest = largest_pull(&m, age);
    check_at_most(largest, mn_kernel_tail(&m, age) * (1.0 + 1e-12), "upper bound, up to rounding");
    if (m.lambda < 1.0 && m.theta > 5.0 && m.regularization <= 0.0) {
      check_at_most(mn_kernel_tail(&m, age), 1.1 * largest, "with hardly any decay the bound is nearly attained");
    }
  }
}

static void shift_is_a_sixth_of_the_step_for_bridges_only_plus_the_regularization(void **state)
{
  (void)state;
  const mn_model bridge = {3.0, 1.0, 1.0, 0.25, MN_BRIDGE};
  const mn_model frozen = {3.0, 1.0, 1.0, 0.25, MN_FROZEN};
  check_relative(mn_kernel_shift(&bridge, 0.5), 3.0 * 0.5 / 6.0 + 0.25, 1e-15, "closed form, rounding");
  check_relative(mn_kernel_shift(&frozen, 0.5), 0.25, 1e-15, "closed form, rounding");
}

static void memory_ends_where_decay_has_left_nothing(void **state)
{
  (void)state;
  const mn_model decaying = {3.0, 1.0, 2.0, 0.25, MN_BRIDGE};
  const mn_model lasting = {3.0, 1.0, 0.0, 0.25, MN_BRIDGE};
  const double lag = mn_kernel_memory(&decaying);
  check_relative(mn_kernel_mass(&decaying, lag, INFINITY), exp(-45.0) * mn_kernel_mass(&decaying, 0.0, INFINITY), 1e-13,
                 "45 roundings of an exponent");
  assert_true(isinf(mn_kernel_memory(&lasting)));
}

MN_TESTS("kernel", cmocka_unit_test(value_and_profile_are_the_heat_kernel_and_its_gradient_in_closed_form),
         cmocka_unit_test(profile_is_minus_the_radial_derivative_over_the_distance),
         cmocka_unit_test(kernel_leaves_unit_mass_over_theta_apart_from_decay),
         cmocka_unit_test(exponential_integral_matches_long_double_quadrature),
         cmocka_unit_test(exponential_integral_is_continuous_where_the_methods_meet),
         cmocka_unit_test(exponential_integral_matches_published_values),
         cmocka_unit_test(mass_matches_quadrature_down_to_no_decay),
         cmocka_unit_test(tail_without_decay_is_the_largest_pull_of_the_forgotten_lags),
         cmocka_unit_test(tail_bounds_every_pull_with_decay_and_smear),
         cmocka_unit_test(shift_is_a_sixth_of_the_step_for_bridges_only_plus_the_regularization),
         cmocka_unit_test(memory_ends_where_decay_has_left_nothing));
