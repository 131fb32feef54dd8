/* Truth: splines by truncated powers; Kaiser-Bessel by I_0(x) = (1/pi) int_0^pi exp(x cos t) dt, whose midpoint rule
 * converges exponentially, in long double; its transform by Gauss quadrature of that (ten nodes a panel, A&S
 * table 25.4); and plane waves carried to the mesh and back. */
#include "check.h"

#include <complex.h>
#include <math.h>
#include <mnemotaxis/window.h>

#define PI 3.14159265358979323846264338328L

enum { ANGLES = 40, NARROWEST = 2, PANEL = 10 };

static const double cutoffs[] = {0.1, 0.8, 1.5707963, 2.4, 3.0};
enum {
  CUTOFFS = sizeof cutoffs / sizeof *cutoffs,
  KAISER_BESSEL = (MN_WINDOW_MAX - NARROWEST + 1) * CUTOFFS,
  WINDOWS = KAISER_BESSEL + 11 /* splines of order 2 to 12: beyond, the closed form cancels too much */
};

static mn_window window_of(int k)
{
  mn_window window;
  const double cutoff = cutoffs[k % CUTOFFS];
  if (k < KAISER_BESSEL) {
    mn_window_make(NARROWEST + k / CUTOFFS, cutoff, &window);
  } else {
    mn_window_spline(NARROWEST + k - KAISER_BESSEL, cutoff, &window);
  }
  return window;
}

/* sum_k (-1)^k binomial(order, k) max(0, x - k)^(order - 1)/(order - 1)!, from the nearer end. */
static long double spline(int order, long double x)
{
  const long double from_end = fminl(x, order - x);
  long double sum = 0;
  long double factor = 1 / tgammal(order);
  for (int k = 0; k < from_end; k++) {
    sum += factor * powl(from_end - k, order - 1);
    factor *= -(long double)(order - k) / (k + 1);
  }
  return sum;
}

/* exp(-beta) I_0(x), 0 <= x <= beta */
static long double damped_i0(long double x, long double beta)
{
  static long double cosine[ANGLES];
  if (cosine[0] <= 0) {
    for (int k = 0; k < ANGLES; k++) {
      cosine[k] = cosl(PI * (k + 0.5L) / ANGLES);
    }
  }
  long double sum = 0;
  for (int k = 0; k < ANGLES; k++) {
    sum += expl(x * cosine[k] - beta);
  }
  return sum / ANGLES;
}

/* On the closed support; without its edge cut off. */
static long double psi(const mn_window *window, long double z)
{
  const long double y = 2 * z / window->width;
  const long double beta = window->beta;
  if (beta <= 0) {
    return spline(window->width, z + 0.5L * window->width);
  }
  return damped_i0(beta * sqrtl(fmaxl(0, 1 - y * y)), beta) / damped_i0(beta, beta);
}

/* Node k < PANEL of the Gauss rule for [0, 1]. */
static long double gauss(int k, long double *weight)
{
  static const long double node[5] = {0.148874338981631210884826L, 0.433395394129247190799266L,
                                      0.679409568299024406234327L, 0.865063366688984510732097L,
                                      0.973906528517171720077964L};
  static const long double twice[5] = {0.295524224714752870173893L, 0.269266719309996355091227L,
                                       0.219086362515982043995535L, 0.149451349150580593145776L,
                                       0.066671344308688137593569L};
  *weight = twice[k / 2] / 2;
  return (1 + (k % 2 ? node[k / 2] : -node[k / 2])) / 2;
}

/* int psi(z) cos(phase z) dz for many phases: values of psi at the nodes of panels of a quarter of the spacing. */
enum { QUADRATURE = 2 * MN_WINDOW_MAX * PANEL };
typedef struct samples {
  int count;
  long double z[QUADRATURE], mass[QUADRATURE];
} samples;

static void sample(const mn_window *window, samples *s)
{
  s->count = 2 * window->width * PANEL;
  for (int k = 0; k < s->count; k++) {
    long double weight;
    s->z[k] = 0.25L * (k / PANEL + gauss(k % PANEL, &weight));
    s->mass[k] = 2 * 0.25L * weight * psi(window, s->z[k]);
  }
}

static long double transform(const samples *s, long double phase)
{
  long double sum = 0;
  for (int k = 0; k < s->count; k++) {
    sum += s->mass[k] * cosl(phase * s->z[k]);
  }
  return sum;
}

/* Positions: on nodes, halfway, a rounding error beside them, and anywhere; of either sign. */
enum { POSITIONS = 40 };
static double position(int k)
{
  static const double special[] = {0.0, 0.5, -0.5, 7.0, -7.0, 1e-12, -1e-12, 3.5 + 1e-12, 3.5 - 1e-12, 1e6 + 0.25};
  return k < 10 ? special[k] : 20.0 * check_normal(3, (uint64_t)k);
}

static void weights_are_the_values_of_the_window_at_the_nodes(void **state)
{
  (void)state;
  mn_window window = window_of(0);
  for (int k = 0; k < WINDOWS * POSITIONS; k++) {
    window = k % POSITIONS == 0 ? window_of(k / POSITIONS) : window;
    const double g = position(k % POSITIONS);
    double weight[MN_WINDOW_MAX];
    const long first = mn_window_weights(&window, g, weight);
    const bool is_spline = k / POSITIONS >= KAISER_BESSEL;
    const double accuracy = is_spline ? 1e-14 * (double)psi(&window, 0) : fmax(1e-14, 0.1 * window.error);
    for (int j = 0; j < window.width; j++) {
      const double truth = (double)psi(&window, (long double)(first + j) - (long double)g);
      check_absolute(weight[j], truth, accuracy, "the header's accuracy");
    }
  }
}

static void first_node_is_the_first_within_half_a_width(void **state)
{
  (void)state;
  mn_window window = window_of(0);
  for (int k = 0; k < WINDOWS * POSITIONS; k++) {
    window = k % POSITIONS == 0 ? window_of(k / POSITIONS) : window;
    const double g = position(k % POSITIONS);
    double weight[MN_WINDOW_MAX];
    const double first = (double)mn_window_weights(&window, g, weight);
    const double left = g - 0.5 * window.width; /* rounded as the header's */
    assert_true(first >= left && first - 1.0 < left);
  }
}

static void value_is_the_window_and_nothing_beyond_it(void **state)
{
  (void)state;
  for (int k = 0; k < WINDOWS; k++) {
    const mn_window window = window_of(k);
    for (int i = -30; i <= 30; i++) {
      const double z = 0.5 * window.width * i / 30.0;
      const double rounding = 4.0 * window.beta * 0x1p-53 + 1e-15;
      check_absolute(mn_window_value(&window, z), (double)psi(&window, z), rounding,
                     "roundoff of an argument <= beta of an exponential, above and below");
    }
    assert_true(mn_window_value(&window, 0.5000001 * window.width) == 0.0);
    assert_true(mn_window_value(&window, -0.5000001 * window.width) == 0.0);
  }
}

static void transform_is_the_integral_of_the_window(void **state)
{
  (void)state;
  static samples s;
  for (int k = 0; k < WINDOWS; k++) {
    const mn_window window = window_of(k);
    sample(&window, &s);
    const double whole = (double)transform(&s, 0);
    for (int i = -2; i < 64; i++) {
      const double phase = 0.25 * i;
      check_absolute(mn_window_transform(&window, phase), (double)transform(&s, phase), 1e-14 * whole,
                     "the header's accuracy");
    }
  }
}

/* There the root of the transform changes from sinh to sin. */
static void transform_is_smooth_where_growth_turns_to_oscillation(void **state)
{
  (void)state;
  static samples s;
  for (int k = 0; k < KAISER_BESSEL; k++) {
    const mn_window window = window_of(k);
    sample(&window, &s);
    for (int i = -12; i <= 12; i++) {
      const double away = i == 0 ? 0.0 : copysign(pow(10.0, i < 0 ? i : -i), i);
      const double phase = 2.0 * window.beta / window.width * (1.0 + away);
      check_absolute(mn_window_transform(&window, phase), (double)transform(&s, phase),
                     1e-15 * (double)transform(&s, 0), "the header's accuracy");
    }
  }
}

/* Root of the mean over all positions of |sum_j psi(j - g) exp(-i phase (j - g))/psi^(phase) - 1|^2; edges of the
 * window pass nodes at multiples of 1/2 only. */
enum { HALVES = 4 * PANEL };
typedef struct waves {
  const mn_window *window;
  samples s;
  long double distance[HALVES][MN_WINDOW_MAX], psi[HALVES][MN_WINDOW_MAX], weight[HALVES];
} waves;

static void prepare(const mn_window *window, waves *w)
{
  w->window = window;
  sample(window, &w->s);
  for (int i = 0; i < HALVES; i++) {
    const long double g = 0.25L * (i / PANEL + gauss(i % PANEL, &w->weight[i]));
    const long double first = ceill(g - 0.5L * window->width);
    for (int j = 0; j < window->width; j++) {
      w->distance[i][j] = first + j - g;
      w->psi[i][j] = psi(window, first + j - g);
    }
  }
}

static long double rms_error(const waves *w, long double phase)
{
  const long double expected = transform(&w->s, phase);
  long double sum = 0;
  for (int i = 0; i < HALVES; i++) {
    long double complex wave = -expected;
    for (int j = 0; j < w->window->width; j++) {
      const long double angle = phase * w->distance[i][j];
      wave += w->psi[i][j] * (cosl(angle) - I * sinl(angle));
    }
    const long double error = cabsl(wave) / expected;
    sum += 0.25L * w->weight[i] * error * error;
  }
  return sqrtl(sum);
}

/* Images beyond the twentieth are left out: of the jump J at the edge at most 1.1 J/(pi m) at both m and -m, 1/m^2
 * summing up to 1/20; of splines (1/(pi m))^4 and less next to the first. */
static void alias_is_what_a_plane_wave_suffers_and_error_its_worst(void **state)
{
  (void)state;
  static waves w;
  for (int k = 0; k < WINDOWS; k++) {
    const mn_window window = window_of(k);
    prepare(&window, &w);
    const double jump = (double)psi(&window, 0.5L * window.width);
    const double noise = 1e-17 * (double)(transform(&w.s, 0) / transform(&w.s, window.cutoff));
    double worst = 0.0;
    for (int i = -3; i <= 17; i++) {
      const double phase = window.cutoff * i / 17.0;
      const double alias = mn_window_alias(&window, phase);
      const double left_out = 1.1 * jump / (sqrt(10.0) * (double)(PI * transform(&w.s, phase)));
      const double suffered = (double)rms_error(&w, phase);
      check_at_most(alias, suffered * (1.0 + 1e-9) + noise, "roundoff, in long double");
      check_at_most(suffered, hypot(alias * (1.0 + 2e-5), left_out) + noise, "images beyond the twentieth");
      worst = fmax(worst, alias);
    }
    check_relative(window.error, worst, 1e-12, "the worst is at the cutoff");
    assert_true(mn_window_error(&window) == window.error);
  }
}

static void chosen_is_the_narrowest_that_meets_the_error_or_the_widest(void **state)
{
  (void)state;
  for (int k = 0; k < 5 * 16; k++) {
    const double error = pow(10.0, -1 - k / 5);
    const double cutoff = cutoffs[k % CUTOFFS];
    mn_window chosen;
    mn_window_choose(error, cutoff, &chosen);
    int width = NARROWEST;
    mn_window window;
    mn_window_make(width, cutoff, &window);
    while (window.error > error && width < MN_WINDOW_MAX) {
      mn_window_make(++width, cutoff, &window);
    }
    assert_int_equal(chosen.width, width);
    assert_true(chosen.cutoff == cutoff && chosen.beta == window.beta && chosen.error == window.error);
  }
}

MN_TESTS("window", cmocka_unit_test(weights_are_the_values_of_the_window_at_the_nodes),
         cmocka_unit_test(first_node_is_the_first_within_half_a_width),
         cmocka_unit_test(value_is_the_window_and_nothing_beyond_it),
         cmocka_unit_test(transform_is_the_integral_of_the_window),
         cmocka_unit_test(transform_is_smooth_where_growth_turns_to_oscillation),
         cmocka_unit_test(alias_is_what_a_plane_wave_suffers_and_error_its_worst),
         cmocka_unit_test(chosen_is_the_narrowest_that_meets_the_error_or_the_widest));
