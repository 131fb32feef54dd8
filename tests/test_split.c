/* Truth: the integral over u, 0 < u < ahead, by Gauss quadrature in long double (ten nodes a panel, A&S table 25.4;
 * panels halve towards their kink), of that over the lags whose variance lies in the range: in closed form for symbols
 * and masses and, without decay, profiles; otherwise by the same quadrature. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/split.h>

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

/* int_a^b, two panels for every factor of two of t - a, down to `finest` of the length. */
static long double graded(integrand *f, const void *context, long double a, long double b, long double finest)
{
  long double sum = 0;
  long double end = b - a;
  while (end > finest) {
    sum += panel(f, context, a + 3 * end / 4, a + end) + panel(f, context, a + end / 2, a + 3 * end / 4);
    end /= 2;
  }
  return sum + (b > a ? panel(f, context, a, a + end) : 0);
}

/* A range [low, high) of the variance w = start + rate tau + 4 u, with what is asked about it. */
typedef struct mixture {
  const mn_model *model;
  long double window, ahead, start, rate, low, high;
  long double k2, r2, u;
} mixture;

static mixture mixture_of(const mn_model *m, const mn_present *p, double low, double high)
{
  const long double path = m->quadrature == MN_BRIDGE ? 2 : 0;
  return (mixture){.model = m,
                   .window = p->window,
                   .ahead = p->ahead,
                   .start = 2.0L * m->regularization / m->theta,
                   .rate = 2.0L / m->theta + path,
                   .low = low,
                   .high = high};
}

static long double first_lag(const mixture *x, long double u)
{
  return fminl(x->window, fmaxl(0, (x->low - x->start - 4 * u) / x->rate));
}

static long double last_lag(const mixture *x, long double u)
{
  return fminl(x->window, fmaxl(0, (x->high - x->start - 4 * u) / x->rate));
}

static long double symbol_after_motion(const void *context, long double u)
{
  const mixture *x = context;
  const long double decay = x->model->lambda / (long double)x->model->theta + x->k2 * x->rate / 2;
  const long double from = first_lag(x, u);
  const long double length = fmaxl(0, last_lag(x, u) - from);
  const long double lags = decay > 0 ? -expl(-decay * from) * expm1l(-decay * length) / decay : length;
  return expl(-x->k2 * (x->start + 4 * u) / 2) * lags / x->model->theta;
}

static long double profile_at_lag(const void *context, long double tau)
{
  const mixture *x = context;
  const long double w = x->start + x->rate * tau + 4 * x->u;
  return expl(-x->model->lambda * tau / x->model->theta - x->r2 / (2 * w)) / (2 * PI * x->model->theta * w * w);
}

static long double longest(const mixture *x, long double length)
{
  return x->model->lambda > 0 ? fminl(length, 4 * x->model->theta / (long double)x->model->lambda) : length;
}

/* Without decay -exp(-r2/(2 w))/(pi r2) and its limit; otherwise panels on which w at most doubles. */
static long double profile_after_motion(const void *context, long double u)
{
  mixture x = *(const mixture *)context;
  x.u = u;
  long double from = first_lag(&x, u);
  const long double to = last_lag(&x, u);
  if (x.model->lambda <= 0 && from < to) {
    const long double a = x.start + x.rate * from + 4 * u;
    const long double b = x.start + x.rate * to + 4 * u;
    const long double gap = 0.5L * (b - a) / (a * b);
    const long double lags = x.r2 > 0 ? -2 * expl(-x.r2 / (2 * b)) * expm1l(-x.r2 * gap) / x.r2 : 2 * gap;
    return lags / (2 * PI * x.rate * x.model->theta);
  }
  long double sum = 0;
  while (from < to) {
    const long double w = x.start + x.rate * from + 4 * u;
    const long double end = fminl(to, from + longest(&x, w / x.rate));
    sum += panel(profile_at_lag, &x, from, end);
    from = end;
  }
  return sum;
}

/* Mean over u, piece by piece between the u at which a limit of the lags begins or ceases to matter. */
static long double mean_ahead(integrand *f, const mixture *x, long double finest)
{
  if (x->ahead <= 0) {
    return f(x, 0);
  }
  const long double kink[4] = {x->low - x->start, x->low - x->start - x->rate * x->window, x->high - x->start,
                               x->high - x->start - x->rate * x->window};
  long double sum = 0;
  long double from = 0;
  while (from < x->ahead) {
    long double to = x->ahead;
    for (int k = 0; k < 4; k++) {
      to = kink[k] / 4 > from && kink[k] / 4 < to ? kink[k] / 4 : to;
    }
    sum += graded(f, x, from, to, finest * (to - from));
    from = to;
  }
  return sum / x->ahead;
}

static long double exact_symbol(const mixture *of, double k2)
{
  mixture x = *of;
  x.k2 = k2;
  return mean_ahead(symbol_after_motion, &x, 2e-4L);
}

static long double exact_profile(const mixture *of, double r2)
{
  mixture x = *of;
  x.r2 = r2;
  return mean_ahead(profile_after_motion, &x, x.ahead > 0 ? fmaxl(x.low, x.start) / (8 * x.ahead) : 1);
}

/* Systems: all theta with bridge and frozen, lambda 0 and 2, regularization 0 and > 0, no motion ahead or some. */
typedef struct subject {
  mn_model model;
  mn_present present;
} subject;

static const double thetas[] = {1e-4, 1e-2, 0.3, 1.0, 10.0, 1e3};
static const double aheads[] = {0.0, 0.002, 0.02, 0.1};
enum { SUBJECTS = 6 * 4 * 2 * 2 * 2 };

static subject subject_of(int k)
{
  const double theta = thetas[k / 32];
  const mn_model m = {theta, 1.0, k & 1 ? 2.0 : 0.0, k & 2 ? 0.003 : 0.0, k & 4 ? MN_FROZEN : MN_BRIDGE};
  return (subject){m, {0.02, aheads[k / 8 % 4]}};
}

/* Ranges of w, as multiples of the widest: the last is all that 36 octaves reach. */
static const double limits[][2] = {{1e-3, 0.1},     {0.02, 0.021},    {0.3, 0.9},
                                   {0.7, INFINITY}, {1e-3, INFINITY}, {1e-7, 1.0}};
enum { RANGES = sizeof limits / sizeof *limits };

static mixture range_of(const subject *s, int k)
{
  const double widest = mn_split_widest(&s->model, &s->present);
  return mixture_of(&s->model, &s->present, limits[k][0] * widest, limits[k][1] * widest);
}

static void split_of(const subject *s, const mixture *x, mn_split *split)
{
  mn_split_range(&s->model, &s->present, (double)x->low, (double)x->high, split);
}

static mn_split split, other, joint;

static void narrowest_and_widest_are_the_ends_of_window_and_step(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS; k++) {
    const subject s = subject_of(k);
    const mixture x = mixture_of(&s.model, &s.present, 0.0, INFINITY);
    const double widest = (double)(x.start + x.rate * x.window + 4 * x.ahead);
    check_absolute(mn_split_narrowest(&s.model), (double)x.start, 1e-15 * widest, "roundoff");
    check_relative(mn_split_widest(&s.model, &s.present), widest, 1e-15, "roundoff");
  }
}

/* Errors are measured by the mass or the largest value, of the range; beyond 42 lengths of the decay there is nothing.
 */
static double tolerance_of(const subject *s, double relative, double size, double unit)
{
  const double whole = mn_kernel_mass(&s->model, 0.0, s->present.window);
  return relative * size + (s->model.lambda > 0.0 ? 1e-18 * whole * unit : 0.0) + 1e-300;
}

static void whole_has_the_mass_of_the_present(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS; k++) {
    const subject s = subject_of(k);
    const mixture x = mixture_of(&s.model, &s.present, 1e-7 * mn_split_widest(&s.model, &s.present), INFINITY);
    const double mass = mn_kernel_mass(&s.model, 0.0, s.present.window);
    const double below = (double)(fmaxl(0, x.low - x.start) / (x.rate * x.model->theta)); /* at most */
    split_of(&s, &x, &split);
    check_absolute(mn_split_symbol(&split, 0.0), mass - 0.5 * below, 1e-13 * mass + 0.5001 * below,
                   "the header's accuracy, and what is narrower than the low end");
  }
}

static void symbol_of_any_range_is_the_double_integral(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS * RANGES; k++) {
    const subject s = subject_of(k / RANGES);
    const mixture x = range_of(&s, k % RANGES);
    const double allowed = tolerance_of(&s, 1e-13, (double)exact_symbol(&x, 0.0), 1.0);
    split_of(&s, &x, &split);
    for (int i = -1; i < 4; i++) {
      const double k2 = i < 0 ? 0.0 : pow(20.0, i) / mn_split_widest(&s.model, &s.present);
      check_absolute(mn_split_symbol(&split, k2), (double)exact_symbol(&x, k2), allowed, "the header's accuracy");
    }
  }
}

static void profile_of_any_range_is_the_double_integral(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS * RANGES; k++) {
    const subject s = subject_of(k / RANGES);
    const mixture x = range_of(&s, k % RANGES);
    if (s.model.lambda > 0.0 && k % 23 > 0) {
      continue; /* slow */
    }
    const double low = (double)fmaxl(x.low, x.start);
    const double far = 42.0 * (double)x.rate * s.model.theta / fmax(s.model.lambda, 1.0);
    const double allowed = tolerance_of(&s, 1e-12, (double)exact_profile(&x, 0.0), 1.0 / (far * far));
    split_of(&s, &x, &split);
    for (int i = 0; i < 4; i++) {
      const double r2 = pow(30.0, i) * 0.1 * low;
      check_absolute(mn_split_profile(&split, r2), (double)exact_profile(&x, r2), allowed, "the header's accuracy");
    }
  }
}

static void profile_of_the_whole_is_that_of_the_present(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS * 8; k++) {
    const subject s = subject_of(k / 8);
    const double widest = mn_split_widest(&s.model, &s.present);
    const double r2 = widest * pow(10.0, k % 8 - 6);
    mn_split_range(&s.model, &s.present, mn_split_least(r2), (double)INFINITY, &split);
    const double beyond = 1e-19 * mn_kernel_mass(&s.model, 0.0, s.present.window) / r2; /* the whole may be narrower */
    check_absolute(mn_split_profile(&split, r2), mn_present_profile(&s.model, &s.present, r2),
                   2e-12 * mn_split_profile(&split, 0.0) + beyond, "the accuracy of either header");
  }
}

static void ranges_add_up(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS * 5; k++) {
    const subject s = subject_of(k / 5);
    const double low = 1e-3 * mn_split_widest(&s.model, &s.present);
    const double middle = low * pow(10.0, 0.7 * (k % 5 + 0.3));
    mn_split_range(&s.model, &s.present, low, middle, &split);
    mn_split_range(&s.model, &s.present, middle, (double)INFINITY, &other);
    mn_split_range(&s.model, &s.present, low, (double)INFINITY, &joint);
    const double mass = mn_split_symbol(&joint, 0.0);
    const double highest = mn_split_profile(&joint, 0.0);
    for (int i = 0; i < 6; i++) {
      const double r2 = low * pow(10.0, i - 1);
      check_absolute(mn_split_symbol(&split, 1.0 / r2) + mn_split_symbol(&other, 1.0 / r2),
                     mn_split_symbol(&joint, 1.0 / r2), 2e-13 * mass + 1e-300, "the header's accuracy, twice");
      check_absolute(mn_split_profile(&split, r2) + mn_split_profile(&other, r2), mn_split_profile(&joint, r2),
                     2e-12 * highest + 1e-300, "the header's accuracy, twice");
    }
  }
}

/* The end of a range, of the present, or of what decay has left: nothing lies beyond. */
static void rules_stay_inside_their_range_and_are_empty_when_it_is(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS; k++) {
    const subject s = subject_of(k);
    const double widest = mn_split_widest(&s.model, &s.present);
    const double narrowest = mn_split_narrowest(&s.model);
    for (int i = 0; i < RANGES; i++) {
      const mixture x = range_of(&s, i);
      split_of(&s, &x, &split);
      for (int j = 0; j < split.count; j++) {
        const double w = split.variance[j];
        assert_true(w > fmax((double)x.low, narrowest) && w < fmin((double)x.high, widest) && split.mass[j] >= 0.0);
      }
    }
    mn_split_range(&s.model, &s.present, 1e-18 * widest, widest, &split);
    assert_true(split.count > 0 && split.count <= MN_SPLIT_MAX);
    const double none[3][2] = {{widest, (double)INFINITY}, {0.3 * widest, 0.3 * widest}, {0.4 * widest, 0.3 * widest}};
    for (int i = 0; i < 3; i++) {
      mn_split_range(&s.model, &s.present, none[i][0], none[i][1], &split);
      assert_true(split.count == 0 && mn_split_symbol(&split, 1.0) == 0.0 && mn_split_profile(&split, 1.0) == 0.0);
    }
  }
}

static long double density_at(const void *context, long double w)
{
  const subject *s = context;
  return mn_split_density(&s->model, &s->present, (double)w);
}

/* Of every interval without a kink. */
static void density_is_the_derivative_of_the_mass(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS; k++) {
    const subject s = subject_of(k);
    const mixture all = mixture_of(&s.model, &s.present, 0.0, INFINITY);
    const long double first = all.start + fminl(4 * all.ahead, all.rate * all.window);
    const long double second = all.start + fmaxl(4 * all.ahead, all.rate * all.window);
    const long double end[4] = {all.start, first, second, all.start + 4 * all.ahead + all.rate * all.window};
    for (int piece = 0; piece < 3; piece++) {
      long double from = end[piece];
      for (int i = 1; i <= 20 && end[piece + 1] > from; i++) {
        const double to = (double)(end[piece] + (end[piece + 1] - end[piece]) * i * i / 400);
        const mixture x = mixture_of(&s.model, &s.present, (double)from, to);
        const long double mass = exact_symbol(&x, 0.0);
        const double allowed = tolerance_of(&s, 1e-12, (double)mass, 1.0) + 1e-15 * mn_kernel_mass(&s.model, 0.0, 0.02);
        check_absolute((double)graded(density_at, &s, from, to, 0.1L * (to - from)), (double)mass, allowed,
                       "roundoff of w next to its range");
        from = to;
      }
    }
    assert_true(mn_split_density(&s.model, &s.present, (double)all.start * 0.999 - 1e-9) == 0.0);
    assert_true(mn_split_density(&s.model, &s.present, (double)end[3] * 1.001) == 0.0);
  }
}

static void table_holds_the_symbols_of_all_pairs_of_wave_numbers(void **state)
{
  (void)state;
  enum { COLUMNS = 7, ROWS = 600 };
  static double kx[COLUMNS], ky[ROWS], symbol[COLUMNS * ROWS];
  for (int k = 0; k < SUBJECTS; k += 7) {
    const subject s = subject_of(k);
    const double widest = mn_split_widest(&s.model, &s.present);
    const mn_symbol_key key = {s.present, 1e-3 * widest, 0.5 * widest};
    for (int i = 0; i < ROWS; i++) {
      ky[i] = 0.1 * (i - 50) / sqrt(widest);
      kx[i % COLUMNS] = 3.0 * (i % COLUMNS - 3) / sqrt(widest);
    }
    mn_split_range(&s.model, &s.present, key.low, key.high, &split);
    mn_split_tabulate(&s.model, &key, COLUMNS, kx, ROWS, ky, symbol);
    for (int i = 0; i < COLUMNS * ROWS; i++) {
      const double y = ky[i % ROWS];
      const double k2 = kx[i / ROWS] * kx[i / ROWS] + y * y;
      const double truth = mn_split_symbol(&split, k2);
      const double before = mn_split_symbol(&split, 0.5 * k2);
      const double allowed = fmin(1e-11 * mn_split_symbol(&split, 0.0), before < 100.0 * truth ? 1e-11 * before : 1.0);
      check_absolute(symbol[i], truth, allowed + 1e-300, "the header's");
    }
  }
}

MN_TESTS("split", cmocka_unit_test(narrowest_and_widest_are_the_ends_of_window_and_step),
         cmocka_unit_test(whole_has_the_mass_of_the_present),
         cmocka_unit_test(symbol_of_any_range_is_the_double_integral),
         cmocka_unit_test(profile_of_any_range_is_the_double_integral),
         cmocka_unit_test(profile_of_the_whole_is_that_of_the_present), cmocka_unit_test(ranges_add_up),
         cmocka_unit_test(rules_stay_inside_their_range_and_are_empty_when_it_is),

         cmocka_unit_test(table_holds_the_symbols_of_all_pairs_of_wave_numbers),
         cmocka_unit_test(density_is_the_derivative_of_the_mass));
