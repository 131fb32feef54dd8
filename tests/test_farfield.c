/* The chemical outside the cloud.  Truth: closed forms for theta = 1 and for the logarithmic potential; otherwise the
 * integral (26) by Simpson's rule in u, or by the trapezoid rule in log u where u has no end, with the moments
 * interpolated here. */
#include "check.h"

#include <math.h>

#include "continuum/farfield.h"

static const double pi = 3.14159265358979323846;
static const mn_field zero = {.kind = MN_FIELD_ZERO};

/* A normal density with covariance xx xy yy and `more` of variance in every direction. */
static double normal(const double covariance[3], double more, double dx, double dy)
{
  const double xx = covariance[0] + more;
  const double yy = covariance[2] + more;
  const double det = xx * yy - covariance[1] * covariance[1];
  const double square = (yy * dx * dx - 2.0 * covariance[1] * dx * dy + xx * dy * dy) / det;
  return exp(-0.5 * square) / (2.0 * pi * sqrt(det));
}

static void note(mn_farfield *far, double t, const double mean[2], const double covariance[3])
{
  const mn_moments now = {{t, mean[0], mean[1], covariance[0], covariance[1], covariance[2]}};
  check_ok(mn_farfield_append(far, &now));
}

/* Free diffusion from N(mean, start) until t: covariance start + 2t, noted at both ends. */
static mn_farfield diffusing(double theta, double lambda, const double mean[2], const double start[3], double t)
{
  mn_farfield far = {.model = {.theta = theta, .lambda = lambda}, .field = &zero};
  const double end[3] = {start[0] + 2.0 * t, start[1], start[2] + 2.0 * t};
  note(&far, 0.0, mean, start);
  note(&far, t, mean, end);
  return far;
}

/* Moments at time s, linear between `past` and constant after it. */
static mn_moments linear(int count, const mn_moments *past, double s)
{
  int k = 0;
  while (k < count - 2 && past[k + 1].value[0] < s) {
    k++;
  }
  const mn_moments *a = &past[k];
  const mn_moments *b = &past[k + 1];
  const double f = fmin((s - a->value[0]) / (b->value[0] - a->value[0]), 1.0);
  mn_moments m;
  for (int n = 0; n < MN_MOMENTS; n++) {
    m.value[n] = (1.0 - f) * a->value[n] + f * b->value[n];
  }
  return m;
}

/* Integral (26) by Simpson's rule. */
static double integral(const mn_farfield *far, double t, double x, double y)
{
  enum { PANELS = 4000 };
  const double h = t / far->model.theta / (2 * PANELS);
  double sum = 0.0;
  for (int k = 0; k <= 2 * PANELS; k++) {
    const double u = k * h;
    const mn_moments m = linear((int)far->count, far->past, t - far->model.theta * u);
    const double share = k == 0 || k == 2 * PANELS ? 1.0 : k % 2 ? 4.0 : 2.0;
    sum += share * h / 3.0 * exp(-far->model.lambda * u) * normal(m.value + 3, 2.0 * u, x - m.value[1], y - m.value[2]);
  }
  return sum;
}

/* Point at `deviations` of a cloud with mean and covariance, in a direction. */
static void place(const double mean[2], const double covariance[3], double deviations, double angle, double at[2])
{
  const double c = cos(angle);
  const double s = sin(angle);
  const double along = covariance[0] * c * c + 2.0 * covariance[1] * c * s + covariance[2] * s * s;
  at[0] = mean[0] + deviations * sqrt(along) * c;
  at[1] = mean[1] + deviations * sqrt(along) * s;
}

static const double here[2] = {0.3, -0.2};

static void equal_diffusion_without_decay_is_a_closed_form(void **state)
{
  (void)state;
  const double round[3] = {0.5, 0.0, 0.5};
  for (int n = 0; n < 3; n++) {
    const double t = 0.1 * pow(5.0, n);
    const double end[3] = {0.5 + 2.0 * t, 0.0, 0.5 + 2.0 * t};
    mn_farfield far = diffusing(1.0, 0.0, here, round, t);
    for (int k = 0; k < 20; k++) {
      double at[2];
      place(here, end, 2.0 + 0.6 * k, 1.1 * k, at);
      check_relative(mn_farfield_at(&far, t, at[0], at[1]), t * normal(round, 2.0 * t, at[0] - 0.3, at[1] + 0.2), 1e-12,
                     "the integrand is constant: rounding, of exponents up to 100 as well");
    }
    mn_farfield_clear(&far);
  }
}

/* Relative where the integrand is as smooth as u, r^2/4; farther out one panel of six nodes is what cells see. */
static void other_rates_and_decay_match_quadrature(void **state)
{
  (void)state;
  static const double theta[] = {0.05, 0.2, 1.0, 2.0, 5.0};
  static const double lambda[] = {0.0, 1.0, 4.0};
  const double covariance[3] = {0.5, 0.0, 0.5};
  const double t = 1.5;
  const double end[3] = {3.5, 0.0, 3.5};
  for (int n = 0; n < 15; n++) {
    mn_farfield far = diffusing(theta[n / 3], lambda[n % 3], here, covariance, t);
    double at[2];
    place(here, end, 3.0, 0.0, at);
    const double scale = integral(&far, t, at[0], at[1]);
    for (int k = 0; k < 8; k++) {
      place(here, end, 3.0 + k, 0.7 * k, at);
      check_absolute(
          mn_farfield_at(&far, t, at[0], at[1]), integral(&far, t, at[0], at[1]), 2e-6 * scale,
          "six Gauss nodes on panels that double from r^2/64 or the whole: 12th derivatives of exp(-9/2 ...), "
          "worst of a scan 1e-6 at theta = 5");
    }
    mn_farfield_clear(&far);
  }
}

static void the_error_of_quadrature_is_small_for_slow_chemicals(void **state)
{
  (void)state;
  const double covariance[3] = {0.5, 0.0, 0.5};
  const double end[3] = {3.5, 0.0, 3.5};
  mn_farfield far = diffusing(0.05, 0.5, here, covariance, 1.5);
  for (int k = 0; k < 8; k++) {
    double at[2];
    place(here, end, 3.0 + k, 0.7 * k, at);
    check_relative(mn_farfield_at(&far, 1.5, at[0], at[1]), integral(&far, 1.5, at[0], at[1]), 2e-7,
                   "six Gauss nodes on panels that double: exp(-1/u) over an octave, 6e-8 in a scan");
  }
  mn_farfield_clear(&far);
}

static void turned_ellipses_match_quadrature(void **state)
{
  (void)state;
  const double tilted[3] = {1.0, 0.6, 0.7};
  const double mirrored[3] = {0.7, -0.6, 1.0};
  const double *shapes[2] = {tilted, mirrored};
  for (int n = 0; n < 2; n++) {
    const double *shape = shapes[n];
    const double end[3] = {shape[0] + 1.0, shape[1], shape[2] + 1.0};
    mn_farfield even = diffusing(1.0, 0.0, here, shape, 0.5);
    mn_farfield slow = diffusing(0.3, 0.5, here, shape, 0.5);
    for (int k = 0; k < 12; k++) {
      double at[2];
      place(here, end, 3.0 + 0.25 * k, 0.55 * k, at);
      check_relative(mn_farfield_at(&even, 0.5, at[0], at[1]), 0.5 * normal(end, 0.0, at[0] - here[0], at[1] - here[1]),
                     1e-12, "the integrand is constant: rounding");
      check_relative(mn_farfield_at(&slow, 0.5, at[0], at[1]), integral(&slow, 0.5, at[0], at[1]), 1e-5,
                     "six Gauss nodes on panels that double, in shorter directions of the ellipse at 6 deviations");
    }
    mn_farfield_clear(&even);
    mn_farfield_clear(&slow);
  }
}

/* int_0^inf of exp(-lambda u) N(x; covariance + 2u) - (round ? N(x; round + 2u) : 0) du by the trapezoid rule in
 * v = log u. */
static double endless(double lambda, const double covariance[3], double round, double dx, double dy)
{
  const double disk[3] = {round, 0.0, round};
  const double h = 0.01;
  double sum = 0.0;
  for (int k = -4000; k < 4000; k++) {
    const double u = exp(k * h);
    const double reference = round > 0.0 ? normal(disk, 2.0 * u, dx, dy) : 0.0;
    sum += h * u * exp(-lambda * u) * (normal(covariance, 2.0 * u, dx, dy) - reference);
  }
  return sum;
}

static void instant_chemical_with_decay_matches_quadrature(void **state)
{
  (void)state;
  const double tilted[3] = {0.6, 0.2, 0.4};
  const double lambdas[] = {0.01, 1.0, 25.0};
  for (int n = 0; n < 3; n++) {
    mn_farfield far = {.model = {.theta = 0.0, .lambda = lambdas[n]}, .field = &zero};
    note(&far, 0.0, here, tilted);
    double near = 0.0;
    for (int k = 0; k < 8; k++) {
      double at[2];
      place(here, tilted, 4.0 + k, 0.8 * k, at);
      const double exact = endless(lambdas[n], tilted, 0.0, at[0] - here[0], at[1] - here[1]);
      near = k == 0 ? exact : near;
      check_absolute(
          mn_farfield_at(&far, 0.0, at[0], at[1]), exact, 5e-6 * exact + 1e-7 * near,
          "six Gauss nodes on panels that double, narrower peaks where r sqrt(lambda) = 40 and little is left");
    }
    mn_farfield_clear(&far);
  }
}

static void a_point_with_decay_is_the_bessel_function(void **state)
{
  (void)state;
  const double point[3] = {0.0, 0.0, 0.0};
  mn_farfield far = {.model = {.theta = 0.0, .lambda = 4.0}, .field = &zero};
  note(&far, 0.0, here, point);
  const double k0[][2] = {{1.0, 0.42102443824070834}, {2.0, 0.11389387274953344}, {4.0, 0.011159676085853024}};
  for (int k = 0; k < 3; k++) { /* K_0(sqrt(lambda) r)/(2 pi); Abramowitz and Stegun, table 9.8 */
    check_relative(mn_farfield_at(&far, 0.0, here[0] + 0.5 * k0[k][0], here[1]), k0[k][1] / (2.0 * pi), 1e-8,
                   "six Gauss nodes on panels that double from r^2/64, where 2e-6 exp(-16) is left");
  }
  mn_farfield_clear(&far);
}

static void a_round_cloud_has_the_potential_of_a_point(void **state)
{
  (void)state;
  const double round[3] = {0.25, 0.0, 0.25};
  mn_farfield far = {.model = {.theta = 0.0, .lambda = 0.0}, .field = &zero};
  note(&far, 0.0, here, round);
  for (int k = 0; k < 12; k++) {
    const double r = 0.5 * (4.0 + k);
    const double exact = -log(r) / (2.0 * pi) - mn_exponential_integral(r * r / 0.5) / (4.0 * pi);
    const double at = mn_farfield_at(&far, 0.0, here[0] + r * cos(1.0 * k), here[1] + r * sin(1.0 * k));
    check_absolute(at, exact, 1.01 * mn_exponential_integral(r * r / 0.5) / (4.0 * pi) + 1e-15,
                   "what is inside the cloud beyond r: E_1; rounding");
  }
  mn_farfield_clear(&far);
}

static void an_ellipse_has_its_quadrupole(void **state)
{
  (void)state;
  const double tilted[3] = {0.5, 0.2, 0.3}; /* as wide as the round cloud of 0.4 */
  mn_farfield far = {.model = {.theta = 0.0, .lambda = 0.0}, .field = &zero};
  note(&far, 0.0, here, tilted);
  const double quadrupole = hypot(0.2, 0.4);
  for (int k = 0; k < 16; k++) {
    const double r = 5.0 + 0.5 * k;
    const double dx = r * cos(0.7 * k);
    const double dy = r * sin(0.7 * k);
    const double exact = endless(0.0, tilted, 0.4, dx, dy) - log(r) / (2.0 * pi);
    check_absolute(mn_farfield_at(&far, 0.0, here[0] + dx, here[1] + dy), exact,
                   0.75 * pow(quadrupole / (r * r), 2) * 1.2 / (2.0 * pi) + 1e-9,
                   "next multipole E w^4/(4 r^4) = 3 q^2/(4 r^4); E_1(25/0.8) and the trapezoid rule");
  }
  mn_farfield_clear(&far);
}

static void the_first_chemical_is_added(void **state)
{
  (void)state;
  const mn_field blob = {.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{2.0, 0.5, -1.0, 0.7}}};
  const double round[3] = {0.3, 0.0, 0.3};
  mn_farfield with = diffusing(0.5, 0.8, here, round, 1.2);
  mn_farfield without = diffusing(0.5, 0.8, here, round, 1.2);
  with.field = &blob;
  for (int k = 0; k < 6; k++) {
    const double t = 0.2 * (k + 1);
    const double wide = 0.49 + 2.0 * t / 0.5;
    const double r2 = 25.0 + 0.25 * k * k;
    const double exact = 2.0 * 0.49 / wide * exp(-0.5 * r2 / wide - 0.8 * t / 0.5);
    const double both = mn_farfield_at(&with, t, 5.5, -1.0 + 0.5 * k);
    check_absolute(both - mn_farfield_at(&without, t, 5.5, -1.0 + 0.5 * k), exact, 1e-15, "rounding of values of 0.1");
  }
  check_relative(mn_farfield_at(&with, 0.0, 1.5, -1.0), 2.0 * exp(-0.5 / 0.49), 1e-14, "c_0 itself; rounding");
  mn_farfield_clear(&with);
  mn_farfield_clear(&without);
}

/* A cloud that goes round a circle and breathes, noted at uneven times; after the last note all stays. */
static void moments_are_linear_between_notes_and_constant_after(void **state)
{
  (void)state;
  enum { NOTES = 300 };
  mn_farfield far = {.model = {.theta = 0.6, .lambda = 0.3}, .field = &zero};
  for (int k = 0; k < NOTES; k++) {
    const double s = 2.0 * k * (k + 40.0) / ((NOTES - 1) * (NOTES + 39.0));
    const double mean[2] = {0.5 * cos(s), 0.5 * sin(s)};
    const double covariance[3] = {0.5 + 0.2 * s, 0.1 * s, 0.5 + 0.1 * s * s};
    note(&far, s, mean, covariance);
  }
  assert_int_equal(far.count, NOTES);
  const double times[] = {0.7, 1.3, 2.0, 2.02};
  for (int k = 0; k < 16; k++) {
    const double x = 5.0 * cos(0.4 * k);
    const double y = 5.0 * sin(0.4 * k);
    check_relative(mn_farfield_at(&far, times[k % 4], x, y), integral(&far, times[k % 4], x, y), 2e-4,
                   "kinks: 6 nodes for slopes that change by 1/100 a note; six nodes on panels that double");
  }
  mn_farfield_clear(&far);
  assert_true(far.count == 0 && far.past == NULL);
}

/* theta = 0 takes the moments of now, which makes their interpolation visible. */
static void two_notes_are_interpolated_exactly(void **state)
{
  (void)state;
  const double first[2] = {0.0, 0.0};
  const double last[2] = {1.0, -2.0};
  const double round[3] = {0.2, 0.0, 0.2};
  const double oblong[3] = {0.6, 0.4, 0.2};
  mn_farfield far = {.model = {.theta = 0.0, .lambda = 0.0}, .field = &zero};
  note(&far, 1.0, first, round);
  note(&far, 3.0, last, oblong);
  note(&far, 4.0, first, round);
  const double share[] = {0.0, 0.25, 1.0, 0.5, 0.0};
  const double times[] = {0.5, 1.5, 3.0, 3.5, 9.0};
  for (int k = 0; k < 5; k++) {
    const double f = share[k];
    const double mean[2] = {f, -2.0 * f};
    const double now[3] = {0.2 + 0.4 * f, 0.4 * f, 0.2};
    mn_farfield one = {.model = {.theta = 0.0, .lambda = 0.0}, .field = &zero};
    note(&one, 0.0, mean, now);
    check_absolute(mn_farfield_at(&far, times[k], 6.0, 3.0), mn_farfield_at(&one, 0.0, 6.0, 3.0), 1e-15, "rounding");
    mn_farfield_clear(&one);
  }
  mn_farfield_clear(&far);
}

MN_TESTS("farfield", cmocka_unit_test(equal_diffusion_without_decay_is_a_closed_form),
         cmocka_unit_test(other_rates_and_decay_match_quadrature),
         cmocka_unit_test(the_error_of_quadrature_is_small_for_slow_chemicals),
         cmocka_unit_test(turned_ellipses_match_quadrature),
         cmocka_unit_test(instant_chemical_with_decay_matches_quadrature),
         cmocka_unit_test(a_point_with_decay_is_the_bessel_function),
         cmocka_unit_test(a_round_cloud_has_the_potential_of_a_point), cmocka_unit_test(an_ellipse_has_its_quadrupole),
         cmocka_unit_test(the_first_chemical_is_added),
         cmocka_unit_test(moments_are_linear_between_notes_and_constant_after),
         cmocka_unit_test(two_notes_are_interpolated_exactly));
