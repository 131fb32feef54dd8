/* Truth: closed forms (7), (9), (9') in long double; otherwise the defining integral over the lag (and over the motion
 * of the step ahead) of the gradient of a Gaussian, by Gauss quadrature in long double on panels that halve towards
 * zero (ten nodes a panel, A&S table 25.4).  The table is compared with the profile it tabulates. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/profile.h>
#include <string.h>

#define PI 3.14159265358979323846264338328L

typedef long double integrand(const void *context, long double t);

static long double panel(integrand *f, const void *context, long double a, long double b)
{
  static const long double node[5] = {0.148874338981631210884826L, 0.433395394129247190799266L,
                                      0.679409568299024406234327L, 0.865063366688984510732097L,
                                      0.973906528517171720077964L};
  static const long double weight[5] = {0.295524224714752870173893L, 0.269266719309996355091227L,
                                        0.219086362515982043995535L, 0.149451349150580593145776L,
                                        0.066671344308688137593569L};
  const long double centre = (a + b) / 2;
  const long double half = (b - a) / 2;
  long double sum = 0;
  for (int k = 0; k < 5; k++) {
    sum += weight[k] * (f(context, centre - half * node[k]) + f(context, centre + half * node[k]));
  }
  return half * sum;
}

/* int_0^end, panels by factors of two down to below `finest`, none longer than `longest`. */
static long double graded(integrand *f, const void *context, long double end, long double finest, long double longest)
{
  long double sum = 0;
  while (end > finest) {
    const long double begin = fmaxl(end / 2, end - longest);
    sum += panel(f, context, begin, end);
    end = begin;
  }
  return sum + panel(f, context, 0, end);
}

/* Seen from now the newest sample is a Gaussian of variance start + rate tau + 4 u per coordinate. */
typedef struct spread {
  const mn_model *model;
  long double window, ahead, start, rate;
  long double r2, tau;
} spread;

static spread spread_of(const mn_model *m, const mn_present *p, double r2)
{
  const long double path = m->quadrature == MN_BRIDGE ? 2 : 0;
  return (spread){m, p->window, p->ahead, 2.0L * m->regularization / m->theta, 2.0L / m->theta + path, r2, 0};
}

static long double gradient_of_gaussian(const spread *s, long double variance)
{
  return expl(-s->r2 / (2 * variance) - s->model->lambda * s->tau / s->model->theta) /
         (2 * PI * s->model->theta * variance * variance);
}

static long double after_motion(const void *context, long double u)
{
  const spread *s = context;
  return gradient_of_gaussian(s, s->start + s->rate * s->tau + 4 * u);
}

static long double at_lag(const void *context, long double tau)
{
  spread s = *(const spread *)context;
  s.tau = tau;
  if (s.ahead <= 0) {
    return gradient_of_gaussian(&s, s.start + s.rate * tau);
  }
  return graded(after_motion, &s, s.ahead, s.r2 / 1600, s.ahead) / s.ahead;
}

static long double longest_panel(const spread *s)
{
  return s->model->lambda > 0 ? 3 * s->model->theta / (long double)s->model->lambda : s->window;
}

static long double exact_profile(const mn_model *m, const mn_present *p, double r2)
{
  const spread s = spread_of(m, p, r2);
  return graded(at_lag, &s, p->window, s.r2 / (400 * s.rate), longest_panel(&s));
}

static long double value_at_lag(const void *context, long double tau)
{
  const spread *s = context;
  const long double variance = s->start + s->rate * tau;
  return expl(-s->r2 / (2 * variance) - s->model->lambda * tau / s->model->theta) /
         (2 * PI * s->model->theta * variance);
}

static double range_of(const mn_model *m, const mn_present *p)
{
  const spread s = spread_of(m, p, 0.0);
  return (double)sqrtl(s.start + s.rate * s.window + 4 * s.ahead);
}

/* The size errors are measured by: f, but no less than its power law in the tail, where f is a difference of it. */
static double scale_of(const mn_model *m, const mn_present *p, double r2, double f)
{
  const double range = range_of(m, p);
  const spread s = spread_of(m, p, r2);
  const double law = (double)(1 / (PI * m->theta * s.rate * r2));
  return r2 > range * range ? fmax(f, law) : f;
}

/* Largest error over distances of 1e-4 to 10 ranges. */
static double worst_error(const mn_model *m, const mn_present *p, int distances)
{
  double worst = 0.0;
  for (int k = 0; k < distances; k++) {
    const double r = range_of(m, p) * pow(10.0, -4.0 + 5.0 * k / (distances - 1));
    const long double truth = exact_profile(m, p, r * r);
    const double error = fabs((double)(mn_present_profile(m, p, r * r) - truth));
    worst = fmax(worst, error / scale_of(m, p, r * r, (double)truth));
  }
  return worst;
}

static mn_model bridge_of(double theta)
{
  return (mn_model){theta, 1.0, 0.0, 0.0, MN_BRIDGE};
}

static const double thetas[] = {1e-3, 0.1, 1.0, 10.0, 1e3};

static void unaveraged_is_the_closed_form_7(void **state)
{
  (void)state;
  const mn_present p = {0.02, 0.0};
  for (int k = 0; k < 5 * 40; k++) {
    const mn_model m = bridge_of(thetas[k / 40]);
    const long double effective = m.theta / (1.0L + m.theta);
    const double r = range_of(&m, &p) * 1e-4 * pow(1e5, k % 40 / 39.0);
    const long double r2 = (long double)r * r;
    const long double truth = expl(-effective * r2 / (4 * 0.02)) / (2 * PI * r2 * (1.0L + m.theta));
    check_absolute(mn_present_profile(&m, &p, r * r), (double)truth, 1e-13 * scale_of(&m, &p, r * r, (double)truth),
                   "the header's accuracy");
  }
}

static void unaveraged_frozen_source_has_the_full_coulomb_force(void **state)
{
  (void)state;
  const mn_present p = {0.02, 0.0};
  for (int k = 0; k < 5; k++) {
    mn_model m = bridge_of(thetas[k]);
    m.quadrature = MN_FROZEN;
    const double r2 = 0.3 / m.theta * 0.02;
    const double truth = (double)(expl(-0.3L / 4) / (2 * PI * r2));
    check_relative(mn_present_profile(&m, &p, r2), truth, 1e-13, "the header's accuracy");
  }
}

static void unaveraged_regularized_is_the_difference_of_two_gaussians(void **state)
{
  (void)state;
  const mn_present p = {0.02, 0.0};
  for (int k = 0; k < 5 * 8; k++) {
    mn_model m = bridge_of(thetas[k / 8]);
    m.regularization = 0.01;
    const long double effective = m.theta / (1.0L + m.theta);
    const long double e = 0.01L / (1.0L + m.theta);
    const double r2 = pow(range_of(&m, &p) * pow(10.0, k % 8 * 0.4 - 2.5), 2.0);
    const long double gaps = expl(-effective * r2 / (4 * (0.02L + e))) - expl(-effective * r2 / (4 * e));
    const double truth = (double)(gaps / (2 * PI * r2 * (1.0L + m.theta)));
    check_relative(mn_present_profile(&m, &p, r2), truth, 2e-13,
                   "the header's accuracy, and long double cancels by up to 1e6");
  }
}

static void unaveraged_with_decay_matches_quadrature(void **state)
{
  (void)state;
  for (int k = 0; k < 5 * 4; k++) {
    const mn_model m = {thetas[k / 4], 1.0, 2.0, k % 2 ? 0.01 : 0.0, k & 2 ? MN_FROZEN : MN_BRIDGE};
    const mn_present p = {0.02, 0.0};
    check_at_most(worst_error(&m, &p, 30), 1e-12, "the header's accuracy with decay");
  }
}

/* E_2(x) = int_1^inf exp(-x t)/t^2 dt = int_0^1 exp(-x/q) dq */
static long double damped(const void *x, long double q)
{
  return expl(-*(const long double *)x / q);
}

static long double e2(long double x)
{
  return graded(damped, &x, 1, x / 400, 1);
}

static void averaged_is_the_closed_form_9_prime(void **state)
{
  (void)state;
  static const double theta[] = {1e-3, 1.0, 10.0, 1e3};
  const double dt = 0.05;
  const mn_present p = {dt, dt};
  for (int k = 0; k < 4 * 20; k++) {
    const mn_model m = bridge_of(theta[k / 20]);
    const long double w1 = 2.0L * dt * (1.0L + m.theta) / m.theta;
    const long double w2 = w1 + 4.0L * dt;
    const double r2 = (double)w2 * pow(10.0, -3.0 + 5.0 * (k % 20) / 19.0);
    const long double braces = (w2 * e2(r2 / (2 * w2)) - w1 * e2(r2 / (2 * w1))) / (4.0L * dt) - e2(r2 / (8.0L * dt));
    const double truth = (double)(braces / (2 * PI * r2 * (1.0L + m.theta)));
    check_absolute(mn_present_profile(&m, &p, r2), truth, 1e-13 * scale_of(&m, &p, r2, truth), "the header's accuracy");
  }
}

static void averaged_tends_to_9_as_theta_vanishes(void **state)
{
  (void)state;
  const mn_model m = bridge_of(1e-9);
  const mn_present p = {0.05, 0.05};
  for (int k = 0; k < 12; k++) {
    const double r2 = 0.4 * pow(10.0, -3.0 + 0.3 * k);
    const double truth = (double)((1 - e2(r2 / 0.4L)) / (2 * PI * r2));
    check_relative(mn_present_profile(&m, &p, r2), truth, 1e-7,
                   "what is left out is of relative size (r^2 + 4u)/(2 window (1+theta)/theta) <= 5e-8");
  }
}

static void check_averaged(double lambda, double regularization, double tolerance, const char *why)
{
  for (int k = 0; k < 5 * 2; k++) {
    const mn_model m = {thetas[k / 2], 1.0, lambda, regularization, k % 2 ? MN_FROZEN : MN_BRIDGE};
    const double window = 0.02;
    for (int ratio = -1; ratio <= 1; ratio++) {
      const mn_present p = {window, window * pow(3.0, ratio)};
      const double worst = worst_error(&m, &p, 9);
      if (worst > tolerance) {
        fail_msg("theta %g quadrature %d ahead/window 3^%d: error %.3g, more than %.3g (%s)", m.theta,
                 (int)m.quadrature, ratio, worst, tolerance, why);
      }
    }
  }
}

static void averaged_matches_the_double_integral(void **state)
{
  (void)state;
  check_averaged(0.0, 0.0, 1e-13, "the header's accuracy");
}

static void averaged_and_regularized_matches_the_double_integral(void **state)
{
  (void)state;
  check_averaged(0.0, 0.01, 1e-13, "the header's accuracy");
}

static void averaged_with_decay_matches_the_double_integral(void **state)
{
  (void)state;
  check_averaged(2.0, 0.0, 1e-12, "the header's accuracy with decay");
  check_averaged(2.0, 0.01, 1e-12, "the header's accuracy with decay");
}

static void value_matches_quadrature_in_the_lag(void **state)
{
  (void)state;
  for (int k = 0; k < 5 * 8 * 10; k++) {
    const int kind = k / 10 % 8;
    const mn_model m = {thetas[k / 80], 1.0, kind & 1 ? 2.0 : 0.0, kind & 2 ? 0.01 : 0.0,
                        kind & 4 ? MN_FROZEN : MN_BRIDGE};
    const mn_present p = {0.02, 0.0};
    const double r = range_of(&m, &p) * pow(10.0, -4.0 + 0.48 * (k % 10));
    const spread s = spread_of(&m, &p, r * r);
    const double truth = (double)graded(value_at_lag, &s, p.window, s.r2 / (400 * s.rate), longest_panel(&s));
    check_relative(mn_present_value(&m, p.window, r * r), truth, 1e-12, "the accuracy of (11), as for the profile");
  }
}

static mn_table table;

enum { FINEST = -20 }; /* the smallest tolerance of a table is 1e-20 */

/* One source at a time, from 1e-6 to 12 ranges. */
static void check_table(const mn_model *m, const mn_present *p, int digits)
{
  const double tolerance = 1e-12 + 1e-3 * pow(10.0, digits);
  mn_table_fill(&table, m, p, pow(10.0, digits));
  for (int k = 0; k <= 2000; k++) {
    const double r = 1e-6 * range_of(m, p) * pow(1.2e7, k / 2000.0);
    double sum[2] = {0.0, 0.0};
    const double x = r * 0.6;
    const double y = -r * 0.8;
    mn_table_sum(&table, 1, &x, &y, 0.0, 0.0, -1, sum);
    const double r2 = x * x + y * y;
    const double f = mn_present_profile(m, p, r2);
    const double octave = m->lambda > 0.0 ? 3.0 * mn_present_profile(m, p, 0.5 * r2) : f; /* largest within it */
    const double allowed = tolerance * fmax(scale_of(m, p, r2, f), octave);
    check_absolute(sum[0], f * x, allowed * fabs(x), "the header's part of the envelope, and what it cuts off");
    check_absolute(sum[1], f * y, allowed * fabs(y), "the header's part of the envelope, and what it cuts off");
  }
}

static void table_is_the_profile_from_1e_6_of_the_range_to_its_end(void **state)
{
  (void)state;
  for (int k = 0; k < 5; k++) {
    const mn_model m = bridge_of(thetas[k]);
    check_table(&m, &(mn_present){0.02, 0.0}, FINEST);
    check_table(&m, &(mn_present){0.02, 0.03}, FINEST);
  }
  static const mn_model decaying[] = {{1.0, 1.0, 2.0, 0.01, MN_FROZEN},
                                      {1.0, 1.0, 100.0, 0.0, MN_BRIDGE},
                                      {0.01, 1.0, 20.0, 0.0, MN_FROZEN},
                                      {1e-6, 1.0, 50.0, 1.0, MN_BRIDGE}}; /* the last by quadrature in the lag */
  for (int k = 0; k < 4; k++) {
    check_table(&decaying[k], &(mn_present){0.02, k % 2 ? 0.0 : 0.02}, FINEST);
  }
}

static void table_cuts_off_a_thousandth_of_its_tolerance_and_reaches_no_farther(void **state)
{
  (void)state;
  const mn_present p = {0.02, 0.03};
  double before = INFINITY;
  for (int digits = -10; digits <= -1; digits += 3) {
    const mn_model m = bridge_of(10.0);
    check_table(&m, &p, digits);
    assert_true(table.r2_reach < before);
    before = table.r2_reach;
    const double x[] = {sqrt(before) * 1.0001};
    const double y[] = {0.0};
    double sum[2] = {0.0, 0.0};
    mn_table_sum(&table, 1, x, y, 0.0, 0.0, -1, sum);
    assert_true(sum[0] == 0.0 && sum[1] == 0.0);
  }
}

static void table_is_zero_far_away_and_finite_on_top_of_the_source(void **state)
{
  (void)state;
  const mn_model m = bridge_of(1.0);
  mn_table_fill(&table, &m, &(mn_present){0.02, 0.02}, 1e-20);
  const double far[] = {30.0, -1e8, 1e150};
  const double x[] = {0.5};
  double sum[2] = {0.0, 0.0};
  mn_table_sum(&table, 3, far, far, 0.0, 0.0, -1, sum);
  mn_table_sum(&table, 1, x, x, 0.5, 0.5, -1, sum);
  assert_true(sum[0] == 0.0 && sum[1] == 0.0);
  const double near = 0.5 + 1e-14;
  mn_table_sum(&table, 1, &near, x, 0.5, 0.5, -1, sum);
  assert_true(sum[0] > 0.0 && isfinite(sum[0]));
}

/* More than a strip of whatever length the sources are taken by; the same sum by the profile in plain order. */
enum { SOURCES = 601 };

static void table_sums_many_sources_leaving_out_the_skipped_one(void **state)
{
  (void)state;
  const mn_model m = bridge_of(10.0);
  const mn_present p = {0.02, 0.03};
  double x[SOURCES];
  double y[SOURCES];
  for (int j = 0; j < SOURCES; j++) {
    x[j] = 0.3 * check_normal(5, (uint64_t)(2 * j));
    y[j] = 0.3 * check_normal(5, (uint64_t)(2 * j + 1));
  }
  mn_table_fill(&table, &m, &p, 1e-20);
  for (int skip = -1; skip < SOURCES; skip += 43) {
    long double truth[2] = {0.25L, -0.5L};
    long double size = 0;
    for (int j = 0; j < SOURCES; j++) {
      const double dx = 0.1 - x[j];
      const double dy = -0.2 - y[j];
      const double f = j == skip ? 0.0 : mn_present_profile(&m, &p, dx * dx + dy * dy);
      truth[0] -= f * dx;
      truth[1] -= f * dy;
      size += scale_of(&m, &p, dx * dx + dy * dy, f) * hypot(dx, dy);
    }
    double sum[2] = {0.25, -0.5};
    mn_table_sum(&table, SOURCES, x, y, 0.1, -0.2, skip, sum);
    check_absolute(sum[0], (double)truth[0], (double)(1e-12 * size), "accuracy of each term; rounding of 601 terms");
    check_absolute(sum[1], (double)truth[1], (double)(1e-12 * size), "accuracy of each term; rounding of 601 terms");
  }
}

MN_TESTS("profile", cmocka_unit_test(unaveraged_is_the_closed_form_7),
         cmocka_unit_test(unaveraged_frozen_source_has_the_full_coulomb_force),
         cmocka_unit_test(unaveraged_regularized_is_the_difference_of_two_gaussians),
         cmocka_unit_test(unaveraged_with_decay_matches_quadrature),
         cmocka_unit_test(averaged_is_the_closed_form_9_prime), cmocka_unit_test(averaged_tends_to_9_as_theta_vanishes),
         cmocka_unit_test(averaged_matches_the_double_integral),
         cmocka_unit_test(averaged_and_regularized_matches_the_double_integral),
         cmocka_unit_test(averaged_with_decay_matches_the_double_integral),
         cmocka_unit_test(value_matches_quadrature_in_the_lag),
         cmocka_unit_test(table_is_the_profile_from_1e_6_of_the_range_to_its_end),
         cmocka_unit_test(table_cuts_off_a_thousandth_of_its_tolerance_and_reaches_no_farther),
         cmocka_unit_test(table_is_zero_far_away_and_finite_on_top_of_the_source),
         cmocka_unit_test(table_sums_many_sources_leaving_out_the_skipped_one));
