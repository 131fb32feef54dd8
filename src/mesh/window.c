/* psi is entire in z^2, so on each unit interval a polynomial of degree w + 3 is as good as the window itself.
 * beta = w (pi - cutoff/2) puts the first image at the edge where the transform turns from growth to oscillation. */
#include <mnemotaxis/window.h>

#include <assert.h>
#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Modified Bessel function of order 0, by its series: all terms positive. */
static double bessel_i0(double x)
{
  const double q = 0.25 * x * x;
  double term = 1.0;
  double sum = 1.0;
  for (int k = 1; term > 1e-18 * sum; k++) {
    term *= q / ((double)k * k);
    sum += term;
  }
  return sum;
}

/* The cardinal B-spline by its recursion, from the orders below; 0 <= x <= order on the support. */
static double spline(int order, double x)
{
  double value[MN_WINDOW_MAX];
  for (int i = 0; i < order; i++) {
    value[i] = x - i >= 0.0 && x - i < 1.0 ? 1.0 : 0.0; /* of order 1, moved by i */
  }
  for (int p = 2; p <= order; p++) {
    for (int i = 0; i + p <= order; i++) {
      value[i] = ((x - i) * value[i] + (p - x + i) * value[i + 1]) / (p - 1);
    }
  }
  return value[0];
}

double mn_window_value(const mn_window *window, double z)
{
  if (window->beta == 0.0) {
    return spline(window->width, z + 0.5 * window->width);
  }
  const double y = 2.0 * z / window->width;
  return fabs(y) > 1.0 ? 0.0 : bessel_i0(window->beta * sqrt(1.0 - y * y)) / bessel_i0(window->beta);
}

double mn_window_transform(const mn_window *window, double phase)
{
  if (window->beta == 0.0) {
    const double sinc = fabs(phase) < 1e-8 ? 1.0 : sin(0.5 * phase) / (0.5 * phase);
    return pow(sinc, window->width);
  }
  const double y = 0.5 * window->width * phase;
  const double d = window->beta * window->beta - y * y;
  const double root = sqrt(fabs(d));
  const double shape = root < 1e-8 ? 1.0 : d > 0.0 ? sinh(root) / root : sin(root) / root;
  return window->width * shape / bessel_i0(window->beta);
}

double mn_window_alias(const mn_window *window, double phase)
{
  enum { IMAGES = 20 };
  double sum = 0.0;
  for (int m = 1; m <= IMAGES; m++) {
    const double a = mn_window_transform(window, phase + 2.0 * pi * m);
    const double b = mn_window_transform(window, phase - 2.0 * pi * m);
    sum += a * a + b * b;
  }
  return sqrt(sum) / mn_window_transform(window, phase);
}

double mn_window_error(const mn_window *window)
{
  enum { PHASES = 24 };
  double worst = 0.0;
  for (int i = 0; i <= PHASES; i++) {
    worst = fmax(worst, mn_window_alias(window, window->cutoff * i / PHASES));
  }
  return worst;
}

/* Interpolation at Chebyshev points of s in [-1, 1], by divided differences, as monomials. */
static void fit(const mn_window *window, int j, double term[MN_WINDOW_TERMS])
{
  const int n = window->terms;
  double s[MN_WINDOW_TERMS];
  double d[MN_WINDOW_TERMS];
  for (int i = 0; i < n; i++) {
    s[i] = cos(pi * (i + 0.5) / n);
    d[i] = mn_window_value(window, -0.5 * window->width + j + 0.5 * (1.0 + s[i]));
  }
  for (int k = 1; k < n; k++) {
    for (int i = n - 1; i >= k; i--) {
      d[i] = (d[i] - d[i - 1]) / (s[i] - s[i - k]);
    }
  }
  memset(term, 0, MN_WINDOW_TERMS * sizeof *term);
  for (int i = n - 1; i >= 0; i--) {
    for (int k = n - 1; k > 0; k--) {
      term[k] = term[k - 1] - s[i] * term[k];
    }
    term[0] = d[i] - s[i] * term[0];
  }
}

static void fit_all(mn_window *window)
{
  for (int j = 0; j < window->width; j++) {
    double term[MN_WINDOW_TERMS];
    fit(window, j, term);
    for (int m = 0; m < window->terms; m++) {
      window->term[m][j] = term[m];
    }
  }
}

/* Largest difference between polynomials and window. */
static double polynomial_error(const mn_window *window)
{
  enum { POINTS = 50 };
  double worst = 0.0;
  for (int i = 0; i <= POINTS; i++) {
    double weight[MN_WINDOW_MAX];
    const double g = 0.5 * window->width + (double)i / POINTS;
    const long first = mn_window_weights(window, g, weight);
    for (int j = 0; j < window->width; j++) {
      worst = fmax(worst, fabs(weight[j] - mn_window_value(window, (double)(first + j) - g)));
    }
  }
  return worst;
}

void mn_window_make(int width, double cutoff, mn_window *window)
{
  assert(width >= 2 && width <= MN_WINDOW_MAX && cutoff > 0.0 && cutoff < pi);
  memset(window, 0, sizeof *window);
  window->width = width;
  window->cutoff = cutoff;
  window->beta = width * (pi - 0.5 * cutoff);
  window->error = mn_window_error(window);
  window->terms = 3;
  do {
    window->terms++;
    fit_all(window);
  } while (window->terms < width + 4 && polynomial_error(window) > 0.1 * window->error);
}

void mn_window_spline(int width, double cutoff, mn_window *window)
{
  assert(width >= 2 && width <= MN_WINDOW_MAX && cutoff > 0.0 && cutoff < pi);
  memset(window, 0, sizeof *window);
  window->width = width;
  window->cutoff = cutoff;
  window->error = mn_window_error(window);
  window->terms = width; /* a spline is a polynomial between nodes */
  fit_all(window);
}

void mn_window_choose(double error, double cutoff, mn_window *window)
{
  int width = 1;
  do {
    mn_window_make(++width, cutoff, window);
  } while (window->error > error && width < MN_WINDOW_MAX);
}

long mn_window_weights(const mn_window *window, double g, double *weight)
{
  const double left = g - 0.5 * window->width;
  const double first = ceil(left);
  const double s = 2.0 * (first - left) - 1.0;
  for (int j = 0; j < window->width; j++) {
    weight[j] = window->term[window->terms - 1][j];
  }
  for (int m = window->terms - 2; m >= 0; m--) {
    for (int j = 0; j < window->width; j++) {
      weight[j] = weight[j] * s + window->term[m][j];
    }
  }
  return (long)first;
}
