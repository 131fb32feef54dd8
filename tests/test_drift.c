/* Engine `direct` and the partner sum.  Truth: a double loop in long double over all pairs and intervals, written here
 * from docs/theory.md, section 3: closed forms where lambda = 0, the double exponential rule in the lag elsewhere and
 * over the step ahead for averaged forces, along the paths as they were before the history rounded them. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/slab.h>
#include <string.h>

enum { CELLS = 100, SAMPLES = 24 };

static const long double pi = 3.14159265358979323846264338327950288L;

/* Times and paths of one test; the last sample is the present. */
typedef struct story {
  int64_t count;
  int samples; /* of the past */
  double t[SAMPLES + 1];
  double x[SAMPLES + 1][2 * CELLS];
} story;

/* Range of the present force, for steps of 0.05. */
static double range_of(const mn_model *m)
{
  return sqrt(4.0 * 0.05 * (1.0 / m->theta + (m->quadrature == MN_BRIDGE ? 1.0 : 0.0)));
}

/* Steps grow by the factor `growth`; the last is 0.05.  Cells end in a normal cloud; paths are Brownian backwards. */
static void make_story(story *s, int64_t count, int samples, double growth, double cloud, uint32_t seed)
{
  s->count = count;
  s->samples = samples;
  s->t[0] = 0.0;
  for (int m = 0; m < samples; m++) {
    s->t[m + 1] = s->t[m] + 0.05 * pow(growth, m + 1 - samples);
  }
  for (int k = 0; k < 2 * count; k++) {
    s->x[samples][k] = cloud * check_normal(seed, (uint64_t)k);
    for (int m = samples - 1; m >= 0; m--) {
      const double spread = sqrt(2.0 * (s->t[m + 1] - s->t[m]));
      s->x[m][k] = s->x[m + 1][k] + spread * check_normal(seed, (uint64_t)(2 * CELLS * (m + 1) + k));
    }
  }
}

/* A window of lags through which the source is spread by variance v = start + rate tau per coordinate. */
typedef struct window {
  long double younger, older;
  long double start, rate;
  long double ahead; /* averaged over 4u more, 0 < u < ahead; 0: not */
} window;

/* 1/theta int of exp(-r2/(2v))/(2 pi v^2) over v from a to b, by the closed form. */
static long double closed(long double theta, long double a, long double b, long double r2)
{
  if (a <= 0.0L) {
    return expl(-r2 / (2.0L * b)) / (pi * theta * r2);
  }
  return -expl(-r2 / (2.0L * b)) * expm1l(-r2 * (b - a) / (2.0L * a * b)) / (pi * theta * r2);
}

/* The integrand of a numerical integral over (0, length): profile of lag tau, or of the window after u ahead. */
static long double integrand(const mn_model *m, const window *w, long double at, long double r2)
{
  if (m->lambda <= 0.0) { /* at = u */
    const long double v = w->start + 4.0L * at;
    return closed(m->theta, v + w->rate * w->younger, v + w->rate * w->older, r2) / (w->rate * w->ahead);
  }
  const long double tau = w->younger + at;
  const long double v = w->start + w->rate * tau;
  const long double decay = expl(-(long double)m->lambda * tau / m->theta);
  if (w->ahead > 0.0L) {
    return decay * closed(m->theta, v, v + 4.0L * w->ahead, r2) / (4.0L * w->ahead);
  }
  return v > 0.0L ? decay * expl(-r2 / (2.0L * v)) / (2.0L * pi * m->theta * v * v) : 0.0L;
}

/* The double exponential rule; the integrands may fall off like exp(-1/x) at 0. */
static long double integrate(const mn_model *m, const window *w, long double length, int nodes, long double r2)
{
  long double sum = 0.0L;
  const long double step = 6.4L / (long double)nodes;
  for (int i = -nodes / 2; i <= nodes / 2; i++) {
    const long double t = step * i;
    const long double q = expl(-pi * sinhl(t));
    sum += step * length * pi * coshl(t) * q / ((1.0L + q) * (1.0L + q)) * integrand(m, w, length / (1.0L + q), r2);
  }
  return sum;
}

/* Profile of a window: the force is -profile R. */
static long double profile(const mn_model *m, const window *w, long double r2)
{
  if (m->lambda > 0.0) {
    const int nodes = w->younger > 0.0L ? 40 : w->ahead > 0.0L ? 160 : 480; /* singular at lag 0 */
    return integrate(m, w, w->older - w->younger, nodes, r2);
  }
  if (w->ahead > 0.0L) {
    return integrate(m, w, w->ahead, 160, r2);
  }
  return closed(m->theta, w->start + w->rate * w->younger, w->start + w->rate * w->older, r2) / w->rate;
}

static void attract(const mn_model *m, const window *w, long double share, const double *x, const double *y,
                    long double sum[2])
{
  const long double r[2] = {(long double)x[0] - y[0], (long double)x[1] - y[1]};
  const long double f = share * profile(m, w, r[0] * r[0] + r[1] * r[1]);
  sum[0] -= f * r[0];
  sum[1] -= f * r[1];
}

/* Adds D^{ij} to sum: the present window, then every interval between two past samples. */
static void pair_drift(const mn_model *m, const story *s, double ahead, int64_t i, int64_t j, long double sum[2])
{
  const int n = s->samples;
  const double *x = s->x[n] + 2 * i;
  const bool bridge = m->quadrature == MN_BRIDGE;
  const long double theta = m->theta;
  const long double start = 2.0L * m->regularization / theta;
  const long double rate = 2.0L / theta + (bridge ? 2.0L : 0.0L);
  const window present = {0.0L, (long double)s->t[n] - s->t[n - 1], start, rate, ahead};
  attract(m, &present, 1.0L, x, s->x[n] + 2 * j, sum);
  for (int k = 0; k < n - 1; k++) { /* the interval [t_k, t_{k+1}] */
    const long double h = (long double)s->t[k + 1] - s->t[k];
    const window past = {(long double)s->t[n] - s->t[k + 1], (long double)s->t[n] - s->t[k],
                         start + (bridge ? h / 3.0L : 0.0L), 2.0L / theta, 0.0L};
    attract(m, &past, bridge ? 0.5L : 1.0L, x, s->x[k + 1] + 2 * j, sum);
    if (bridge) {
      attract(m, &past, 0.5L, x, s->x[k] + 2 * j, sum);
    }
  }
}

static mn_block own_block(const mn_parallel *p, const story *s)
{
  return mn_block_of(s->count, p->rank, p->size);
}

/* `sharpness`: tolerance of the history. */
static mn_history *history_of(const mn_parallel *p, const story *s, const mn_model *m, double sharpness)
{
  const mn_history_options options = {.tolerance = sharpness};
  mn_history *h = NULL;
  check_ok(mn_history_create(p, m, &options, s->count, &h));
  for (int k = 0; k < s->samples; k++) {
    check_ok(mn_history_append(h, s->t[k], s->t[k + 1] - s->t[k], s->x[k] + 2 * own_block(p, s).begin));
  }
  return h;
}

/* The engine's drift of this rank's cells. */
static void engine_drift(const story *s, const mn_model *m, mn_drift_options options, double sharpness, double ahead,
                         double *out)
{
  const mn_parallel *p = check_world();
  mn_drift *drift = NULL;
  mn_history *h = history_of(p, s, m, sharpness);
  check_ok(mn_drift_create(p, &mn_drift_direct, m, &options, s->count, &drift));
  check_ok(mn_drift_evaluate(drift, h, s->t[s->samples], ahead, s->x[s->samples] + 2 * own_block(p, s).begin, out));
  mn_drift_destroy(&drift);
  mn_history_destroy(&h);
}

/* The drift of cell i by brute force. */
static void true_drift(const story *s, const mn_model *m, double ahead, int64_t i, double out[2])
{
  long double sum[2] = {0.0L, 0.0L};
  for (int64_t j = 0; j < s->count; j++) {
    if (j != i) {
      pair_drift(m, s, ahead, i, j, sum);
    }
  }
  out[0] = (double)(m->chi / (long double)(s->count - 1) * sum[0]);
  out[1] = (double)(m->chi / (long double)(s->count - 1) * sum[1]);
}

typedef struct comparison {
  double error; /* rms over all cells, the same on every rank */
  double size;  /* rms of the truth */
} comparison;

static comparison compare(const story *s, const mn_model *m, double ahead, const double *out)
{
  double sums[2] = {0.0, 0.0};
  const mn_block own = own_block(check_world(), s);
  for (int64_t i = own.begin; i < own.end; i++) {
    double truth[2];
    true_drift(s, m, ahead, i, truth);
    const double *found = out + 2 * (i - own.begin);
    sums[0] += (found[0] - truth[0]) * (found[0] - truth[0]) + (found[1] - truth[1]) * (found[1] - truth[1]);
    sums[1] += truth[0] * truth[0] + truth[1] * truth[1];
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  return (comparison){sqrt(sums[0] / (double)s->count), sqrt(sums[1] / (double)s->count)};
}

static story told;
static double out[2 * CELLS];

/* The system of number k of the grid {theta} x {lambda} x {eps} x {quadrature}. */
static mn_model system_of(int k)
{
  static const double thetas[] = {1e-3, 0.05, 1.0, 10.0, 1000.0};
  return (mn_model){.theta = thetas[k % 5],
                    .chi = 2.5,
                    .lambda = k / 5 % 2 ? 2.0 : 0.0,
                    .regularization = k / 10 % 2 ? 0.01 : 0.0,
                    .quadrature = k / 20 % 2 ? MN_FROZEN : MN_BRIDGE};
}

/* The largest force of past lags from h = 0.05 on: chi int sup_r |grad K_tau| dtau = chi sqrt(2 theta/h) e^{-1/2}/(4
 * pi). */
static double largest_force(const mn_model *m)
{
  return m->chi * sqrt(2.0 * m->theta / 0.05) * exp(-0.5) / (4.0 * (double)pi);
}

/* What errors are relative to: the rms drift, or the largest force of the past where frozen sources leave its range in
 * one step and only tails are left. */
static double scale_of(const mn_model *m, const comparison *of)
{
  const bool tails = m->quadrature == MN_FROZEN && m->theta > 100.0;
  return tails ? largest_force(m) : of->size;
}

enum { SYSTEMS = 40 };

/* Numbers of cells and steps, growth, clouds, averaging and tolerance change at other speeds than the system. */
static void check_system(int k, int turn)
{
  static const int64_t counts[] = {2, 3, 40, CELLS};
  static const double tolerances[] = {1e-2, 1e-4, 1e-6, 1e-8};
  const mn_model m = system_of(k);
  const double growth = (k / 2 + turn) % 2 ? 1.0 : 1.25;
  const double cloud = ((k + turn) % 3 ? 0.03 : 0.7) * range_of(&m);
  const bool averaged = (k / 3 + turn) % 2 == 0 && (m.lambda <= 0.0 || k % 5 < 3); /* else tables take too long */
  const double ahead = averaged ? 0.05 : 0.0;
  const double tolerance = tolerances[m.lambda > 0.0 ? (k % 5 + k / 10 + 2) % 4 : (k / 4 + k + 2 * turn) % 4];
  const int c = (k + turn) % 4; /* numerical integrals make the truth slow: fewer cells */
  const int64_t count = c > 1 && (m.lambda > 0.0 || ahead > 0.0) ? 10 * c : counts[c];
  make_story(&told, count, 2 + (11 * k + 5 * turn) % (SAMPLES - 1), growth, cloud, (uint32_t)(100 + k));
  engine_drift(&told, &m, (mn_drift_options){.tolerance = tolerance}, tolerance / 64.0, ahead, out);
  const comparison of = compare(&told, &m, ahead, out);
  check_at_most(of.error, tolerance * scale_of(&m, &of), "rms error asked for; the past is coded 64 times finer");
}

static void drift_meets_its_tolerance_for_twenty_systems_without_decay(void **state)
{
  (void)state;
  for (int k = 0; k < SYSTEMS; k++) {
    if (system_of(k).lambda <= 0.0) {
      check_system(k, 0);
      check_system(k, 1);
    }
  }
}

static void drift_meets_its_tolerance_for_twenty_systems_with_decay(void **state)
{
  (void)state;
  for (int k = 0; k < SYSTEMS; k++) {
    if (system_of(k).lambda > 0.0) {
      check_system(k, k / 5);
    }
  }
}

static void every_precision_meets_every_tolerance(void **state)
{
  (void)state;
  const mn_model m = {.theta = 2.0, .chi = 1.0};
  make_story(&told, 40, SAMPLES, 1.1, 0.5, 7);
  for (int k = 0; k < 12; k++) {
    const double tolerance = pow(100.0, -1.0 - k % 4);
    const mn_precision precision = (mn_precision)(k / 4);
    engine_drift(&told, &m, (mn_drift_options){.tolerance = tolerance, .precision = precision}, tolerance / 64.0, 0.05,
                 out);
    const comparison of = compare(&told, &m, 0.05, out);
    /* float: lanes 5e-7 and coordinates 2^-24 of a cloud 20 widths of the youngest Gaussian wide */
    const double bound = precision == MN_PRECISION_FLOAT ? fmax(tolerance, 3e-6) : tolerance;
    check_at_most(of.error, bound * of.size, "relative rms error asked for, or rounding in float");
  }
}

/* Beyond the range of the kernel the drift is tiny, and only the largest force can be the measure. */
static void far_pairs_err_by_the_tolerance_of_the_largest_force(void **state)
{
  (void)state;
  for (int k = 0; k < 18; k++) {
    const mn_model m = {.theta = pow(10.0, k % 3), .chi = 1.0};
    const double tolerance = pow(10.0, -2.0 - k / 3);
    make_story(&told, 2, 20, 1.0, 0.0, (uint32_t)k);
    for (int n = 0; n <= told.samples; n++) {
      told.x[n][0] += 1.0 + 0.5 * k;
    }
    engine_drift(&told, &m, (mn_drift_options){.tolerance = tolerance}, tolerance / 64.0, 0.0, out);
    const comparison of = compare(&told, &m, 0.0, out);
    check_at_most(of.error, tolerance * largest_force(&m), "every interval meets it relative to its largest force");
  }
}

/* Rounding moves a source by eta/sqrt(2) at most, the force of lags [a, b] by theta/(8 pi) (1/a - 1/b) per length. */
static double rounding_bound(const mn_model *m, const story *s, double tolerance)
{
  double bound = 0.0;
  for (int k = 0; k < s->samples - 1; k++) {
    const double eta = ldexp(1.0, mn_slab_exponent(m, tolerance, s->t[k + 2] - s->t[k + 1]));
    const double lags[2] = {s->t[s->samples] - s->t[k + 1], s->t[s->samples] - s->t[k]};
    bound += m->chi * eta / sqrt(2.0) * m->theta / (8.0 * (double)pi) * (1.0 / lags[0] - 1.0 / lags[1]);
  }
  return bound;
}

static void compression_costs_no_more_than_rounding_can_move_the_sources(void **state)
{
  (void)state;
  for (int k = 0; k < 12; k++) {
    const mn_model m = {.theta = pow(10.0, k % 3), .chi = 1.0};
    const double tolerance = pow(10.0, -2.0 - k / 3);
    make_story(&told, 2, 20, 1.0, 0.3, (uint32_t)k);
    engine_drift(&told, &m, (mn_drift_options){.tolerance = 1e-9}, tolerance, 0.0, out);
    const comparison of = compare(&told, &m, 0.0, out);
    const double bound = rounding_bound(&m, &told, tolerance) + 1e-9 * of.size;
    check_at_most(of.error, bound, "the kernel's largest gradient times the largest rounding");
  }
}

static void compression_and_quadrature_together_meet_the_tolerance_in_a_crowd(void **state)
{
  (void)state;
  static const double thetas[] = {0.1, 1.0, 10.0, 1000.0}; /* of the last, frozen: one sample is all a cell feels */
  for (int k = 0; k < 8; k++) {
    const mn_quadrature kind = k % 4 < 3 ? MN_BRIDGE : MN_FROZEN;
    const mn_model m = {.theta = thetas[k % 4], .chi = 1.0, .quadrature = kind};
    const double tolerance = k / 4 ? 1e-5 : 1e-3;
    const double ahead = k % 4 < 3 ? 0.0 : 0.05;
    make_story(&told, CELLS, SAMPLES, 1.0, k % 4 < 3 ? 1.0 : 0.2, (uint32_t)(40 + k));
    engine_drift(&told, &m, (mn_drift_options){.tolerance = tolerance}, tolerance, ahead, out);
    const comparison of = compare(&told, &m, ahead, out);
    check_at_most(of.error, tolerance * of.size, "the past coded for the same tolerance");
  }
}

static void check_partner(const mn_model *m, int64_t count)
{
  mn_drift *drift = NULL;
  const mn_parallel *p = check_world();
  const mn_drift_options options = {.tolerance = 1e-7};
  const mn_block own = own_block(p, &told);
  mn_history *h = history_of(p, &told, m, 1e-9);
  check_ok(mn_drift_create(p, &mn_drift_direct, m, &options, count, &drift));
  check_ok(mn_drift_partner(drift, h, told.t[told.samples], told.x[told.samples] + 2 * own.begin, out));
  mn_drift_destroy(&drift);
  mn_history_destroy(&h);
  double worst = 0.0;
  for (int64_t i = own.begin; i < own.end; i++) {
    long double sum[2] = {0.0L, 0.0L};
    pair_drift(m, &told, 0.0, i, (i + 1) % count, sum);
    const double d[2] = {(double)sum[0], (double)sum[1]};
    const double *found = out + 2 * (i - own.begin);
    const double allowed = 1e-7 * (hypot(d[0], d[1]) + largest_force(m) / m->chi);
    worst = fmax(worst, hypot(d[0] - found[0], d[1] - found[1]) / allowed);
  }
  assert_false(mn_any(p, !(worst <= 1.0))); /* the tolerance, of the force and of the past's largest */
}

static void partner_is_the_next_cell_and_the_last_ones_is_the_first(void **state)
{
  (void)state;
  static const int64_t counts[] = {2, 33, 70};
  for (int k = 0; k < 12; k++) {
    const mn_quadrature kind = k < 8 ? MN_BRIDGE : MN_FROZEN;
    const mn_model m = {.theta = pow(10.0, k % 4 - 1), .chi = 3.0, .lambda = k / 4 % 2, .quadrature = kind};
    make_story(&told, counts[k % 3], 12, 1.2, 0.4 * range_of(&m), (uint32_t)(60 + k));
    check_partner(&m, counts[k % 3]);
  }
}

MN_TESTS("drift", cmocka_unit_test(drift_meets_its_tolerance_for_twenty_systems_without_decay),
         cmocka_unit_test(drift_meets_its_tolerance_for_twenty_systems_with_decay),
         cmocka_unit_test(every_precision_meets_every_tolerance),
         cmocka_unit_test(far_pairs_err_by_the_tolerance_of_the_largest_force),
         cmocka_unit_test(compression_costs_no_more_than_rounding_can_move_the_sources),
         cmocka_unit_test(compression_and_quadrature_together_meet_the_tolerance_in_a_crowd),
         cmocka_unit_test(partner_is_the_next_cell_and_the_last_ones_is_the_first));
