/* Truth: the lag integral (8), with the decay exp(-lambda tau/theta) at the unshifted lag, by composite Gauss
 * quadrature in long double (ten nodes a panel, A&S table 25.4), itself checked against the closed form without decay.
 */
#include "check.h"

#include <math.h>
#include <mnemotaxis/quadrature.h>

#define PI 3.14159265358979323846264338328L

enum { DISTANCES = 64, SAMPLES = 12 };

/* Integral over the lags of one interval, in the variable tau. */
static long double exact_interval(const mn_model *m, const mn_interval *i, long double r2)
{
  static const long double node[5] = {0.148874338981631210884826L, 0.433395394129247190799266L,
                                      0.679409568299024406234327L, 0.865063366688984510732097L,
                                      0.973906528517171720077964L};
  static const long double weight[5] = {0.295524224714752870173893L, 0.269266719309996355091227L,
                                        0.219086362515982043995535L, 0.149451349150580593145776L,
                                        0.066671344308688137593569L};
  enum { PANELS = 12 };
  const long double theta = m->theta;
  const long double length = (long double)i->older - i->younger;
  const long double shift = (m->quadrature == MN_BRIDGE ? theta * length / 6 : 0) + m->regularization;
  const long double half = length / (2 * PANELS);
  long double sum = 0;
  for (int k = 0; k < PANELS * 10; k++) {
    const long double offset = k % 2 ? node[k / 2 % 5] : -node[k / 2 % 5];
    const long double tau = i->younger + half * (2 * (k / 10) + 1 + offset);
    const long double spread = tau + shift;
    sum += half * weight[k / 2 % 5] / (spread * spread) * expl(-m->lambda * tau / theta - theta * r2 / (4 * spread));
  }
  return i->share * theta / (8 * PI) * sum;
}

/* Equation (8) in closed form, lambda = 0. */
static long double closed_interval(const mn_model *m, const mn_interval *i, long double r2)
{
  const long double theta = m->theta;
  const long double smear = m->quadrature == MN_BRIDGE ? theta * ((long double)i->older - i->younger) / 6 : 0;
  const long double a = i->younger + smear + m->regularization;
  const long double b = i->older + smear + m->regularization;
  return i->share / (2 * PI * r2) * (expl(-theta * r2 / (4 * b)) - expl(-theta * r2 / (4 * a)));
}

/* What a sample contributes, at distances that cover its whole range. */
typedef struct truth {
  double r[DISTANCES];
  long double f[DISTANCES];
  long double largest; /* of r f(r) */
} truth;

static truth truth_of(const mn_model *m, int count, const mn_interval *interval)
{
  truth t = {.largest = 0};
  double oldest = 0.0;
  for (int p = 0; p < count; p++) {
    oldest = fmax(oldest, interval[p].older + mn_kernel_shift(m, interval[p].older - interval[p].younger));
  }
  for (int k = 0; k < DISTANCES; k++) {
    t.r[k] = 7.0 * (k + 0.5) / DISTANCES * sqrt(4.0 * oldest / m->theta);
    for (int p = 0; p < count; p++) {
      t.f[k] += exact_interval(m, &interval[p], (long double)t.r[k] * t.r[k]);
    }
    t.largest = fmaxl(t.largest, t.r[k] * t.f[k]);
  }
  return t;
}

/* Largest error of r f(r) relative to its largest value. */
static double error_of(const mn_gaussians *rule, const truth *t)
{
  long double worst = 0;
  for (int k = 0; k < DISTANCES; k++) {
    const long double found = mn_gaussians_profile(rule, t->r[k] * t->r[k]);
    worst = fmaxl(worst, t->r[k] * fabsl(found - t->f[k]));
  }
  return (double)(worst / t->largest);
}

static void check_tolerances(const mn_model *m, int count, const mn_interval *interval)
{
  const truth t = truth_of(m, count, interval);
  if (t.largest < 1e-280L) {
    return; /* decayed below what a double can hold with all its digits */
  }
  for (int digits = 2; digits <= 10; digits += 2) {
    const double tolerance = pow(10.0, -digits);
    mn_gaussians rule;
    mn_quadrature_rule(m, tolerance, count, interval, &rule);
    const double error = error_of(&rule, &t);
    assert_in_range(rule.count, 1, MN_GAUSSIANS_MAX);
    if (!(error <= tolerance)) {
      fail_msg("theta %g lambda %g eps %g quadrature %d lags %g to %g (%d): error %.3g of tolerance %g with %d nodes",
               m->theta, m->lambda, m->regularization, (int)m->quadrature, interval[count - 1].younger,
               interval[0].older, count, error, tolerance, rule.count);
    }
  }
}

/* The systems the accuracy is promised for; at theta = 1e-3 the decay is exp(-2000 lag): 1e-9 within a step of 0.01. */
static mn_model model_of(int k)
{
  static const double theta[] = {1e-3, 0.1, 1.0, 10.0, 1000.0};
  return (mn_model){theta[k % 5], 1.0, k / 5 % 2 ? 2.0 : 0.0, k / 10 % 2 ? 0.01 : 0.0,
                    k / 20 % 2 ? MN_FROZEN : MN_BRIDGE};
}

enum { MODELS = 40 };

/* The intervals of a sample of age p steps in an endless history of equal steps. */
static int equal_steps(mn_quadrature kind, double step, int p, mn_interval out[2])
{
  out[0] = (mn_interval){p * step, (p + 1) * step, kind == MN_BRIDGE ? 0.5 : 1.0};
  out[1] = (mn_interval){(p - 1) * step, p * step, 0.5};
  return kind == MN_BRIDGE && p > 1 ? 2 : 1;
}

static void rule_meets_every_tolerance_at_every_age(void **state)
{
  (void)state;
  static const int age[] = {1, 2, 3, 5, 8, 14, 30, 100, 400, 2000};
  for (int k = 0; k < MODELS * 10; k++) {
    const mn_model m = model_of(k / 10);
    mn_interval interval[2];
    const int count = equal_steps(m.quadrature, 0.01, age[k % 10], interval);
    check_tolerances(&m, count, interval);
  }
}

static void unequal_times(double step, double times[SAMPLES + 1])
{
  static const int length[SAMPLES] = {1, 3, 2, 6, 2, 1, 3, 1, 1, 3, 9, 3};
  times[0] = 0.3;
  for (int m = 0; m < SAMPLES; m++) {
    times[m + 1] = times[m] + step * length[m];
  }
}

static void rule_meets_every_tolerance_with_unequal_steps(void **state)
{
  (void)state;
  double times[SAMPLES + 1];
  unequal_times(0.004, times);
  for (int k = 0; k < MODELS * SAMPLES; k++) {
    const mn_model m = model_of(k / SAMPLES);
    mn_interval interval[2];
    const int count = mn_quadrature_intervals(m.quadrature, times, SAMPLES, k % SAMPLES, interval);
    if (count > 0) {
      check_tolerances(&m, count, interval);
    }
  }
}

static void rule_meets_every_tolerance_for_one_interval(void **state)
{
  (void)state;
  static const double lags[][2] = {{0.01, 0.02}, {0.01, 0.04},   {0.05, 0.06},
                                   {0.3, 0.31},  {0.01, 0.0101}, {20.0, 20.01}};
  for (int k = 0; k < MODELS * 6; k++) {
    const mn_model m = model_of(k / 6);
    const mn_interval interval = {lags[k % 6][0], lags[k % 6][1], 0.5};
    check_tolerances(&m, 1, &interval);
  }
}

static void the_quadrature_used_as_truth_equals_the_closed_form(void **state)
{
  (void)state;
  for (int k = 0; k < MODELS; k++) {
    mn_model m = model_of(k);
    m.lambda = 0.0;
    const mn_interval interval = {0.01, 0.04, 0.5};
    const truth t = truth_of(&m, 1, &interval);
    for (int d = 0; d < DISTANCES; d++) {
      const long double closed = closed_interval(&m, &interval, (long double)t.r[d] * t.r[d]);
      check_absolute((double)(t.r[d] * t.f[d] / t.largest), (double)(t.r[d] * closed / t.largest), 1e-15,
                     "two long double formulas compared in double; the quadrature leaves 1e-17");
    }
  }
}

static void one_node_is_enough_for_old_lags_and_keeps_their_mass(void **state)
{
  (void)state;
  for (int k = 0; k < MODELS; k++) {
    const mn_model m = model_of(k);
    mn_interval interval[2];
    mn_gaussians rule;
    const int count = equal_steps(m.quadrature, 1e-3 * fmin(1.0, m.theta), 2000, interval);
    mn_quadrature_rule(&m, 1e-5, count, interval, &rule);
    assert_int_equal(rule.count, 1);
    long double mass = exact_interval(&m, &interval[0], 0);
    mass += count > 1 ? exact_interval(&m, &interval[1], 0) : 0;
    check_relative(mn_gaussians_profile(&rule, 0.0), (double)mass, 1e-11,
                   "the rule integrates constants; a range of c is a difference of numbers 2000 times larger");
  }
}

static void node_count_falls_with_age_and_grows_with_accuracy(void **state)
{
  (void)state;
  const mn_model m = model_of(2);
  int before = MN_GAUSSIANS_MAX;
  for (int p = 1; p < 3000; p = 2 * p + 1) {
    mn_interval interval[2];
    mn_gaussians coarse;
    mn_gaussians fine;
    const int count = equal_steps(MN_BRIDGE, 0.01, p, interval);
    mn_quadrature_rule(&m, 1e-3, count, interval, &coarse);
    mn_quadrature_rule(&m, 1e-9, count, interval, &fine);
    assert_true(coarse.count <= fine.count);
    assert_true(p == 3 || fine.count <= before); /* p = 1 is one interval, p = 3 two */
    before = fine.count;
  }
  assert_true(before <= 2);
}

static void a_sample_without_intervals_contributes_nothing(void **state)
{
  (void)state;
  const mn_model m = model_of(0);
  mn_gaussians rule = {.count = 7};
  mn_quadrature_rule(&m, 1e-6, 0, NULL, &rule);
  assert_int_equal(rule.count, 0);
  check_absolute(mn_gaussians_profile(&rule, 1.0), 0.0, 1e-300, "an empty sum");
}

static void check_interval(const mn_interval *i, double younger, double older, double share)
{
  check_relative(i->younger, younger, 1e-14, "a difference of two times below 2");
  check_relative(i->older, older, 1e-14, "a difference of two times below 2");
  check_relative(i->share, share, 1e-15, "exact");
}

static void bridge_samples_share_the_intervals_on_either_side(void **state)
{
  (void)state;
  const double times[] = {0.0, 0.25, 0.75, 1.0, 2.0};
  mn_interval i[2];
  assert_int_equal(mn_quadrature_intervals(MN_BRIDGE, times, 4, 0, i), 1);
  check_interval(&i[0], 1.75, 2.0, 0.5);
  assert_int_equal(mn_quadrature_intervals(MN_BRIDGE, times, 4, 2, i), 2);
  const int older = i[0].older > i[1].older ? 0 : 1;
  check_interval(&i[older], 1.25, 1.75, 0.5);
  check_interval(&i[1 - older], 1.0, 1.25, 0.5);
  assert_int_equal(mn_quadrature_intervals(MN_BRIDGE, times, 4, 3, i), 1);
  check_interval(&i[0], 1.0, 1.25, 0.5);
  assert_int_equal(mn_quadrature_intervals(MN_BRIDGE, times + 3, 1, 0, i), 0);
}

static void frozen_samples_stand_for_the_interval_before_them(void **state)
{
  (void)state;
  const double times[] = {0.0, 0.25, 0.75, 1.0, 2.0};
  mn_interval i[2];
  assert_int_equal(mn_quadrature_intervals(MN_FROZEN, times, 4, 0, i), 0);
  assert_int_equal(mn_quadrature_intervals(MN_FROZEN, times, 4, 2, i), 1);
  check_interval(&i[0], 1.25, 1.75, 1.0);
  assert_int_equal(mn_quadrature_intervals(MN_FROZEN, times, 4, 3, i), 1);
  check_interval(&i[0], 1.0, 1.25, 1.0);
}

static void shares_of_all_samples_cover_every_kept_interval_once(void **state)
{
  (void)state;
  double times[SAMPLES + 1];
  unequal_times(0.1, times);
  for (int kind = MN_BRIDGE; kind <= MN_FROZEN; kind++) {
    double covered[SAMPLES] = {0};
    for (int k = 0; k < SAMPLES; k++) {
      mn_interval interval[2];
      const int count = mn_quadrature_intervals((mn_quadrature)kind, times, SAMPLES, k, interval);
      for (int p = 0; p < count; p++) {
        for (int m = 0; m < SAMPLES; m++) {
          const double middle = times[SAMPLES] - 0.5 * (times[m] + times[m + 1]);
          covered[m] += interval[p].younger < middle && middle < interval[p].older ? interval[p].share : 0.0;
        }
      }
    }
    for (int m = 0; m < SAMPLES - 1; m++) {
      check_relative(covered[m], 1.0, 1e-15, "halves add exactly");
    }
    check_absolute(covered[SAMPLES - 1], 0.0, 1e-300, "the present interval belongs to the newest sample");
  }
}

static double moment_of_rule(int n, int degree)
{
  double node[16];
  double weight[16];
  double sum = 0.0;
  mn_gauss_legendre(n, node, weight);
  for (int i = 0; i < n; i++) {
    sum += weight[i] * pow(node[i], degree);
  }
  return sum;
}

static void gauss_legendre_is_exact_to_degree_2n_minus_1_and_no_further(void **state)
{
  (void)state;
  for (int n = 1; n <= 16; n++) {
    for (int degree = 0; degree < 2 * n; degree++) {
      check_absolute(moment_of_rule(n, degree), degree % 2 ? 0.0 : 2.0 / (degree + 1), 4e-15,
                     "weights sum to 2; 4e-16 in each node and weight, up to 16 terms of either sign");
    }
  }
  for (int n = 1; n <= 8; n++) {
    const double defect =
        ldexp(1.0, 2 * n + 1) * pow(tgamma(n + 1.0), 4.0) / ((2 * n + 1) * pow(tgamma(2.0 * n + 1.0), 2.0));
    check_absolute(2.0 / (2 * n + 1) - moment_of_rule(n, 2 * n), defect, 4e-15,
                   "the classical error of degree 2n, rounding as above");
  }
}

MN_TESTS("quadrature", cmocka_unit_test(the_quadrature_used_as_truth_equals_the_closed_form),
         cmocka_unit_test(rule_meets_every_tolerance_at_every_age),
         cmocka_unit_test(rule_meets_every_tolerance_with_unequal_steps),
         cmocka_unit_test(rule_meets_every_tolerance_for_one_interval),
         cmocka_unit_test(one_node_is_enough_for_old_lags_and_keeps_their_mass),
         cmocka_unit_test(node_count_falls_with_age_and_grows_with_accuracy),
         cmocka_unit_test(a_sample_without_intervals_contributes_nothing),
         cmocka_unit_test(bridge_samples_share_the_intervals_on_either_side),
         cmocka_unit_test(frozen_samples_stand_for_the_interval_before_them),
         cmocka_unit_test(shares_of_all_samples_cover_every_kept_interval_once),
         cmocka_unit_test(gauss_legendre_is_exact_to_degree_2n_minus_1_and_no_further));
