/* Probes.  Truth: for gradients the direct engine; for c a sum in long double over all sources and intervals of
 * theory.md (12) and (18), the lag integrated by the double exponential rule; for standard errors the scatter over
 * independent histories. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/probe.h>
#include <string.h>

enum { CELLS = 24, SAMPLES = 6, PROBES = 5, REPLICAS = 400 };

static const long double pi = 3.14159265358979323846264338327950288L;

/* Steps of different lengths; the last time is `now`. */
static const double times[SAMPLES + 1] = {0.0, 0.02, 0.06, 0.11, 0.16, 0.2, 0.25};

static double path[SAMPLES + 1][2 * CELLS];

static void make_paths(uint32_t seed)
{
  for (int k = 0; k < 2 * CELLS; k++) {
    path[0][k] = check_normal(seed, (uint64_t)k);
    for (int m = 0; m < SAMPLES; m++) {
      path[m + 1][k] =
          path[m][k] + sqrt(2.0 * (times[m + 1] - times[m])) * check_normal(seed, (uint64_t)(2 * CELLS * (m + 1) + k));
    }
  }
}

/* The first `samples` of the paths, rounded to 1e-9 of the scale of the kernel. */
static mn_history *remember(const mn_parallel *p, const mn_model *m, int samples)
{
  const mn_history_options options = {.tolerance = 1e-10};
  const mn_block own = mn_block_of(CELLS, p->rank, p->size);
  mn_history *h = NULL;
  check_ok(mn_history_create(p, m, &options, CELLS, &h));
  for (int k = 0; k < samples; k++) {
    check_ok(mn_history_append(h, times[k], times[k + 1] - times[k], path[k] + 2 * own.begin));
  }
  return h;
}

/* Probes at times[now] with a history of `samples`. */
static void probed(const mn_parallel *p, const mn_model *m, const mn_field *field, int samples, int now, int count,
                   mn_probe *probe)
{
  mn_history *h = remember(p, m, samples);
  memset(probe, 0xff, (size_t)count * sizeof *probe);
  check_ok(mn_probe_cells(p, m, field, h, 1e-9, times[now], path[now], count, probe));
  mn_history_destroy(&h);
}

static mn_model system_of(int k)
{
  static const double thetas[] = {1.0, 0.1, 10.0};
  return (mn_model){.theta = thetas[k % 3],
                    .chi = 3.0,
                    .lambda = k / 3 % 2 ? 1.0 : 0.0,
                    .quadrature = k / 6 % 2 ? MN_FROZEN : MN_BRIDGE};
}
enum { SYSTEMS = 12 };

static const mn_field nothing = {.kind = MN_FIELD_ZERO};

static void gradients_times_chi_are_the_drift_of_the_direct_engine(void **state)
{
  (void)state;
  const mn_parallel *p = check_world();
  const mn_block own = mn_block_of(CELLS, p->rank, p->size);
  make_paths(1);
  for (int k = 0; k < SYSTEMS; k++) {
    const mn_model m = system_of(k);
    const mn_drift_options options = {.tolerance = 1e-9, .precision = MN_PRECISION_DOUBLE};
    mn_probe probe[CELLS];
    double mine[2 * CELLS];
    double drift[2 * CELLS];
    mn_drift *engine = NULL;
    mn_history *h = remember(p, &m, SAMPLES);
    check_ok(mn_drift_create(p, &mn_drift_direct, &m, &options, CELLS, &engine));
    check_ok(mn_drift_evaluate(engine, h, times[SAMPLES], 0.0, path[SAMPLES] + 2 * own.begin, mine));
    check_ok(mn_gather_rows(p, CELLS, 2, mine, drift));
    check_ok(mn_probe_cells(p, &m, &nothing, h, 1e-9, times[SAMPLES], path[SAMPLES], CELLS, probe));
    mn_drift_destroy(&engine);
    mn_history_destroy(&h);
    for (int i = 0; i < CELLS; i++) {
      assert_int_equal(probe[i].id, i);
      for (int a = 0; a < 2; a++) {
        assert_true(probe[i].x[a] == path[SAMPLES][2 * i + a]);
        check_absolute(m.chi * probe[i].gradient[a], drift[2 * i + a], 3e-8,
                       "tolerance 1e-9 of forces up to chi 0.07 sqrt(theta/h) = 3");
      }
    }
  }
}

/* int K over lags a to b, the source spread by variance start + rate tau; double exponential rule in the lag. */
static long double chemical_of(const mn_model *m, long double start, long double rate, long double a, long double b,
                               long double r2)
{
  long double sum = 0.0L;
  const long double step = 6.4L / 400.0L;
  for (int i = -200; i <= 200; i++) {
    const long double t = step * i;
    const long double q = expl(-pi * sinhl(t));
    const long double tau = a + (b - a) / (1.0L + q);
    const long double v = start + rate * tau;
    if (v > 0.0L) {
      sum += step * (b - a) * pi * coshl(t) * q / ((1.0L + q) * (1.0L + q)) *
             expl(-(long double)m->lambda * tau / m->theta - r2 / (2.0L * v)) / (2.0L * pi * v * m->theta);
    }
  }
  return sum;
}

/* What source j has left at the place of cell i at times[now]. */
static long double left_by(const mn_model *m, int now, int i, int j)
{
  const bool bridge = m->quadrature == MN_BRIDGE;
  const long double theta = m->theta;
  long double sum = 0.0L;
  for (int k = now; k >= 0;
       k--) { /* sample k stands for half of the intervals on either side; the newest for its own */
    const long double dx = (long double)path[now][2 * i] - path[k][2 * j];
    const long double dy = (long double)path[now][2 * i + 1] - path[k][2 * j + 1];
    const long double r2 = dx * dx + dy * dy;
    const long double t = times[now];
    if (k == now) {
      sum += chemical_of(m, 0.0L, 2.0L / theta + (bridge ? 2.0L : 0.0L), 0.0L, t - times[now - 1], r2);
      continue;
    }
    if (k > 0) { /* the interval before, of which this is the younger end */
      const long double h = (long double)times[k] - times[k - 1];
      sum += (bridge ? 0.5L : 1.0L) *
             chemical_of(m, bridge ? h / 3.0L : 0.0L, 2.0L / theta, t - times[k], t - times[k - 1], r2);
    }
    if (bridge && k < now - 1) {
      const long double h = (long double)times[k + 1] - times[k];
      sum += 0.5L * chemical_of(m, h / 3.0L, 2.0L / theta, t - times[k + 1], t - times[k], r2);
    }
  }
  return sum;
}

/* Mean over the other cells and its standard error. */
static void brute_force(const mn_model *m, int now, int i, double *mean, double *error)
{
  long double sum = 0.0L;
  long double square = 0.0L;
  for (int j = 0; j < CELLS; j++) {
    sum += j == i ? 0.0L : left_by(m, now, i, j) / (CELLS - 1);
  }
  for (int j = 0; j < CELLS; j++) {
    const long double d = left_by(m, now, i, j) - sum;
    square += j == i ? 0.0L : d * d;
  }
  *mean = (double)sum;
  *error = (double)sqrtl(square / ((CELLS - 1) * (CELLS - 2)));
}

static void check_chemical(const mn_model *m, int samples, int now)
{
  mn_probe probe[PROBES];
  probed(check_world(), m, &nothing, samples, now, PROBES, probe);
  for (int k = 0; k < PROBES; k++) {
    double mean;
    double error;
    assert_int_equal(probe[k].id, k * CELLS / PROBES);
    brute_force(m, now, (int)probe[k].id, &mean, &error);
    check_relative(probe[k].chemical, mean, 1e-7, "tolerance 1e-9 of each source's largest, which c is a part of");
    check_relative(probe[k].chemical_error, error, 1e-6, "the same, and differences of sources");
  }
}

static void the_chemical_is_the_integral_over_all_lags(void **state)
{
  (void)state;
  make_paths(2);
  for (int k = 0; k < SYSTEMS; k++) {
    const mn_model m = system_of(k);
    check_chemical(&m, SAMPLES, SAMPLES);
  }
}

static void later_samples_are_not_used(void **state)
{
  (void)state;
  make_paths(3);
  for (int now = 1; now < SAMPLES; now++) {
    const mn_model m = system_of(now);
    mn_probe early[PROBES];
    mn_probe late[PROBES];
    check_chemical(&m, SAMPLES, now);
    probed(check_world(), &m, &nothing, now, now, PROBES, early);
    probed(check_world(), &m, &nothing, SAMPLES, now, PROBES, late);
    assert_memory_equal(early, late, sizeof late);
  }
}

static void without_a_past_there_is_only_the_chemical_of_the_start(void **state)
{
  (void)state;
  const mn_model m = system_of(0);
  const mn_field blob = {.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{2.0, 0.3, -0.2, 0.7}}};
  mn_probe probe[PROBES];
  make_paths(4);
  probed(check_world(), &m, &blob, 3, 0, PROBES, probe);
  for (int k = 0; k < PROBES; k++) {
    const double dx = probe[k].x[0] - 0.3;
    const double dy = probe[k].x[1] + 0.2;
    check_absolute(probe[k].chemical, 2.0 * exp(-(dx * dx + dy * dy) / 0.98), 1e-14, "rounding");
    check_absolute(probe[k].chemical_error, 0.0, 1e-300, "nothing of chance");
  }
}

/* b_t of a Gaussian: variance sigma^2 + 2t/theta, decay exp(-lambda t/theta). */
static void the_chemical_of_the_start_is_added(void **state)
{
  (void)state;
  const mn_field blob = {.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{2.0, 0.3, -0.2, 0.7}}};
  make_paths(5);
  for (int s = 0; s < 6; s++) {
    const mn_model m = system_of(s);
    mn_probe with[PROBES];
    mn_probe without[PROBES];
    probed(check_world(), &m, &blob, SAMPLES, SAMPLES, PROBES, with);
    probed(check_world(), &m, &nothing, SAMPLES, SAMPLES, PROBES, without);
    for (int k = 0; k < PROBES; k++) {
      const double dx = with[k].x[0] - 0.3;
      const double dy = with[k].x[1] + 0.2;
      const double v = 0.49 + 2.0 * 0.25 / m.theta;
      const double b = 2.0 * 0.49 / v * exp(-0.25 * m.lambda / m.theta - (dx * dx + dy * dy) / (2.0 * v));
      check_absolute(with[k].chemical - without[k].chemical, b, 1e-13, "rounding");
      check_absolute(with[k].gradient[0] - without[k].gradient[0], -b * dx / v, 1e-13, "rounding");
      check_absolute(with[k].gradient[1] - without[k].gradient[1], -b * dy / v, 1e-13, "rounding");
      assert_memory_equal(&with[k].chemical_error, &without[k].chemical_error, 3 * sizeof(double));
    }
  }
}

static void every_number_of_ranks_gives_the_same_bits(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  make_paths(6);
  for (int count = 1; count <= CELLS; count += 4) {
    const mn_model m = system_of(count);
    mn_probe together[CELLS];
    mn_probe single[CELLS];
    probed(check_world(), &m, &nothing, SAMPLES, SAMPLES, count, together);
    probed(&alone, &m, &nothing, SAMPLES, SAMPLES, count, single);
    assert_memory_equal(together, single, (size_t)count * sizeof *single);
  }
  mn_parallel_destroy(&alone);
}

/* Probe 0 sits at one place in all replicas.  The mean of 400 squared errors against the variance of 400 values: its
 * relative deviation is sqrt(2/399) = 0.07 and about as much for the errors, of 23 sources with a long tail. */
static void standard_errors_are_the_scatter_of_independent_histories(void **state)
{
  (void)state;
  for (int s = 0; s < 2; s++) {
    const mn_model m = {.theta = s ? 0.1 : 1.0, .chi = 1.0, .quadrature = MN_BRIDGE};
    double sum[3] = {0};
    double square[3] = {0};
    double expected[3] = {0};
    for (uint32_t r = 0; r < REPLICAS; r++) {
      mn_probe probe;
      make_paths(1000 + r);
      path[SAMPLES][0] = 0.5;
      path[SAMPLES][1] = -0.3;
      probed(check_world(), &m, &nothing, SAMPLES, SAMPLES, 1, &probe);
      const double value[3] = {probe.chemical, probe.gradient[0], probe.gradient[1]};
      const double error[3] = {probe.chemical_error, probe.gradient_error[0], probe.gradient_error[1]};
      for (int q = 0; q < 3; q++) {
        sum[q] += value[q] / REPLICAS;
        square[q] += value[q] * value[q] / REPLICAS;
        expected[q] += error[q] * error[q] / REPLICAS;
      }
    }
    for (int q = 0; q < 3; q++) {
      check_relative((square[q] - sum[q] * sum[q]) / expected[q], 1.0, 0.6, "6 standard deviations of 0.1");
    }
  }
}

MN_TESTS("probe", cmocka_unit_test(gradients_times_chi_are_the_drift_of_the_direct_engine),
         cmocka_unit_test(the_chemical_is_the_integral_over_all_lags), cmocka_unit_test(later_samples_are_not_used),
         cmocka_unit_test(without_a_past_there_is_only_the_chemical_of_the_start),
         cmocka_unit_test(the_chemical_of_the_start_is_added),
         cmocka_unit_test(every_number_of_ranks_gives_the_same_bits),
         cmocka_unit_test(standard_errors_are_the_scatter_of_independent_histories));
