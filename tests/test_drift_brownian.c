/* What the drift must do whatever the quadrature.  Truth: the same sum on one rank, symmetry, exclusion, proportion,
 * the closed bound of what is forgotten; and the mean over Brownian paths of the sources: a source at distance R now
 * was at R + sqrt(2) B_tau at lag tau, so that E D over lags [0, t] is exp(-theta_e R^2/(4t))/(2 pi R (1 + theta)),
 * theta_e = theta/(1 + theta), towards the source. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <string.h>

enum { CELLS = 300, SAMPLES = 12 };

static const double pi = 3.14159265358979323846;

/* Times and Brownian paths; the last sample is the present. */
static double times[SAMPLES + 1];
static double path[SAMPLES + 1][2 * CELLS];

static void make_paths(uint32_t seed)
{
  for (int m = 0; m <= SAMPLES; m++) {
    const double step = m > 0 ? 0.02 * pow(1.15, m) : 0.0;
    times[m] = m > 0 ? times[m - 1] + step : 0.0;
    for (int k = 0; k < 2 * CELLS; k++) {
      const double before = m > 0 ? path[m - 1][k] : 0.0;
      path[m][k] = before + sqrt(m > 0 ? 2.0 * step : 1.0) * check_normal(seed, (uint64_t)(2 * CELLS * m + k));
    }
  }
}

/* One evaluation: `samples` of the past are appended, of `count` cells. */
typedef struct question {
  mn_model model;
  mn_drift_options options;
  double horizon;
  double ahead;
  int64_t count;
  int samples;
} question;

static const question usual = {
    .model = {.theta = 2.0, .chi = 1.5}, .options = {1e-7, MN_PRECISION_AUTO}, .count = 2, .samples = SAMPLES};

static mn_drift_cost cost; /* of the last question, on this rank */

/* The drift of all cells, on every rank, by the ranks of p; returns how many samples were forgotten. */
static int64_t ask(const mn_parallel *p, const question *a, double *all)
{
  static double mine[2 * CELLS];
  const mn_history_options kept = {.tolerance = a->options.tolerance, .horizon = a->horizon};
  const mn_block own = mn_block_of(a->count, p->rank, p->size);
  mn_history *h = NULL;
  mn_drift *drift = NULL;
  check_ok(mn_history_create(p, &a->model, &kept, a->count, &h));
  check_ok(mn_drift_create(p, &mn_drift_direct, &a->model, &a->options, a->count, &drift));
  for (int m = 0; m < a->samples; m++) {
    check_ok(mn_history_append(h, times[m], times[m + 1] - times[m], path[m] + 2 * own.begin));
  }
  memset(mine, 0xff, sizeof mine);
  check_ok(mn_drift_evaluate(drift, h, times[a->samples], a->ahead, path[a->samples] + 2 * own.begin, mine));
  check_ok(mn_gather_rows(p, a->count, 2, mine, all));
  const int64_t forgotten = mn_history_forgotten(h);
  cost = drift->cost;
  mn_drift_destroy(&drift);
  mn_history_destroy(&h);
  return forgotten;
}

static void there_is_no_drift_without_a_past(void **state)
{
  (void)state;
  double all[2 * 40];
  const double none[2 * 40] = {0.0};
  question a = usual;
  make_paths(1);
  a.count = 40;
  a.samples = 0;
  ask(check_world(), &a, all);
  assert_memory_equal(all, none, sizeof all);
}

static void drift_has_the_same_bits_on_any_number_of_ranks(void **state)
{
  (void)state;
  static double together[2 * CELLS];
  static double alone[2 * CELLS];
  static const int64_t counts[] = {2, 33, 100, CELLS};
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  make_paths(2);
  bool same = true;
  for (int k = 0; k < 24; k++) {
    question a = usual;
    a.count = counts[k % 4];
    a.options = (mn_drift_options){.tolerance = k % 2 ? 1e-3 : 1e-6, .precision = (mn_precision)(k / 4 % 3)};
    a.model.quadrature = k / 12 ? MN_FROZEN : MN_BRIDGE;
    a.ahead = k % 3 ? 0.0 : 0.1;
    a.horizon = k % 5 ? 0.0 : 0.4;
    ask(check_world(), &a, together);
    ask(&self, &a, alone);
    same = same && memcmp(together, alone, (size_t)(2 * a.count) * sizeof *alone) == 0;
  }
  mn_parallel_destroy(&self);
  assert_false(mn_any(check_world(), !same));
}

/* Tables kept from one evaluation to the next must fit it: steps grow, and averaging alternates as under heun. */
static void one_engine_answers_like_a_new_one(void **state)
{
  (void)state;
  double again[4];
  double fresh[4];
  question a = usual;
  mn_parallel self;
  mn_history *h = NULL;
  mn_drift *drift = NULL;
  make_paths(9);
  mn_parallel_create(MPI_COMM_SELF, &self);
  check_ok(mn_history_create(&self, &a.model, &(mn_history_options){.tolerance = a.options.tolerance}, 2, &h));
  check_ok(mn_drift_create(&self, &mn_drift_direct, &a.model, &a.options, 2, &drift));
  for (int k = 0; k < 4 * (SAMPLES - 1); k++) {
    a.samples = 1 + k / 4;
    a.ahead = 0.1 * (k % 3);
    if (k % 4 == 0) {
      check_ok(mn_history_append(h, times[k / 4], times[k / 4 + 1] - times[k / 4], path[k / 4]));
    }
    check_ok(mn_drift_evaluate(drift, h, times[a.samples], a.ahead, path[a.samples], again));
    ask(&self, &a, fresh);
    assert_memory_equal(again, fresh, sizeof fresh);
  }
  mn_drift_destroy(&drift);
  mn_history_destroy(&h);
  mn_parallel_destroy(&self);
}

static void precision_chooses_the_lanes(void **state)
{
  (void)state;
  static double all[2 * CELLS];
  const mn_drift_options options[] = {{.tolerance = 1e-8, .precision = MN_PRECISION_AUTO},
                                      {.tolerance = 1e-2, .precision = MN_PRECISION_DOUBLE},
                                      {.tolerance = 1e-3, .precision = MN_PRECISION_AUTO},
                                      {.tolerance = 1e-8, .precision = MN_PRECISION_FLOAT}};
  make_paths(8);
  for (int k = 0; k < 4; k++) {
    question a = usual;
    a.options = options[k]; /* the last two: float */
    a.count = 100;
    const int64_t own = mn_block_count(mn_block_of(100, check_world()->rank, check_world()->size));
    ask(check_world(), &a, all);
    const bool counted = cost.pairs == own * 99 && cost.pair_lags >= own * 99 * SAMPLES && cost.pair_lags % 99 == 0;
    assert_false(mn_any(check_world(), !counted || cost.float_lags != (k < 2 ? 0 : cost.pair_lags)));
  }
}

static void own_path_does_not_attract(void **state)
{
  (void)state;
  make_paths(3);
  for (int m = 0; m <= SAMPLES; m++) {
    path[m][2] += 1e6; /* the other cell is out of reach of exp */
  }
  for (int k = 0; k < 6; k++) {
    double all[4];
    question a = usual;
    a.options.precision = (mn_precision)(k % 3);
    a.ahead = k / 3 ? 0.1 : 0.0;
    ask(check_world(), &a, all);
    for (int c = 0; c < 4; c++) {
      check_absolute(all[c], 0.0, 1e-100, "exp(-theta 1e12/(4 t)) is 0; one own past sample would be of order 1");
    }
  }
}

static void drift_is_proportional_to_chi(void **state)
{
  (void)state;
  static double once[2 * 40];
  static double thrice[2 * 40];
  question a = usual;
  make_paths(4);
  a.count = 40;
  ask(check_world(), &a, once);
  a.model.chi *= 3.0;
  ask(check_world(), &a, thrice);
  for (int k = 0; k < 80; k++) {
    check_relative(thrice[k], 3.0 * once[k], 1e-15, "one product is rounded");
  }
}

/* A pair, and the same pair with more cells that are out of reach. */
static void drift_is_shared_by_all_other_cells(void **state)
{
  (void)state;
  double pair[4];
  double crowd[2 * 40];
  question a = usual;
  make_paths(5);
  for (int m = 0; m <= SAMPLES; m++) {
    for (int j = 2; j < 40; j++) {
      path[m][2 * j] += 1e6 + 1e4 * j;
    }
  }
  a.options.precision = MN_PRECISION_DOUBLE;
  ask(check_world(), &a, pair);
  for (int64_t n = 3; n <= 40; n += 37) {
    a.count = n;
    ask(check_world(), &a, crowd);
    for (int k = 0; k < 4; k++) {
      check_relative(crowd[k], pair[k] / (double)(n - 1), 1e-8, "the crowd moves the origin by 1e6: 1e-16 of that");
    }
  }
}

static void mirrored_cells_have_opposite_drifts(void **state)
{
  (void)state;
  make_paths(6);
  for (int m = 0; m <= SAMPLES; m++) {
    path[m][2] = -path[m][0];
    path[m][3] = -path[m][1];
  }
  for (int k = 0; k < 4; k++) {
    double all[4];
    question a = usual;
    a.ahead = k % 2 ? 0.1 : 0.0;
    a.model.quadrature = k / 2 ? MN_FROZEN : MN_BRIDGE;
    a.options.precision = MN_PRECISION_DOUBLE;
    ask(check_world(), &a, all);
    assert_true(all[0] * path[SAMPLES][0] + all[1] * path[SAMPLES][1] < 0.0); /* towards each other */
    check_relative(all[2], -all[0], 1e-12, "rounding of some 100 terms");
    check_relative(all[3], -all[1], 1e-12, "rounding of some 100 terms");
  }
}

static void check_horizon(double theta, double lambda, double horizon)
{
  static double full[2 * CELLS];
  static double short_of[2 * CELLS];
  question a = usual;
  a.model.theta = theta;
  a.model.lambda = lambda;
  a.count = 100;
  a.options.tolerance = 1e-9;
  ask(check_world(), &a, full);
  a.horizon = horizon;
  const int64_t forgotten = ask(check_world(), &a, short_of);
  const double bound = a.model.chi * mn_kernel_tail(&a.model, times[SAMPLES] - times[forgotten]);
  double largest = 0.0;
  for (int i = 0; i < a.count; i++) {
    const double lost = hypot(full[2 * i] - short_of[2 * i], full[2 * i + 1] - short_of[2 * i + 1]);
    check_at_most(lost, bound, "chi mn_kernel_tail(age of the oldest sample kept)");
    largest = fmax(largest, lost);
  }
  assert_true(forgotten > 0 && largest > 1e-3 * bound); /* something was lost */
}

static void forgetting_costs_no_more_than_the_tail_of_the_kernel(void **state)
{
  (void)state;
  make_paths(7);
  for (int k = 0; k < 8; k++) {
    check_horizon(k % 2 ? 0.3 : 3.0, k / 2 % 2 ? 0.7 : 0.0, k / 4 ? 0.2 : 0.5);
  }
}

/* Sources whose paths are Brownian backwards from where they are now, cell i at (i R, 0): its partner is cell i + 1. */
typedef struct ensemble {
  mn_model model;
  double distance; /* R */
  double step;
  int samples; /* of the past */
} ensemble;

enum { MEMBERS = 4000 };

/* The increment of one cell over step m. */
static void add_increment(const ensemble *of, int64_t cell, int m, double sign, double *x)
{
  double pair[2];
  mn_noise_normal(77, MN_STREAM_INITIAL, (uint32_t)cell, (uint64_t)m, 0, pair);
  x[0] += sign * sqrt(2.0 * of->step) * pair[0];
  x[1] += sign * sqrt(2.0 * of->step) * pair[1];
}

/* Positions of this rank's cells at the start of the paths. */
static void place(const ensemble *of, mn_block own, double *x)
{
  for (int64_t i = own.begin; i < own.end; i++, x += 2) {
    x[0] = (double)i * of->distance;
    x[1] = 0.0;
    for (int m = 0; m < of->samples; m++) {
      add_increment(of, i, m, -1.0, x);
    }
  }
}

static mn_history *walk(const ensemble *of, mn_block own, double *x)
{
  const mn_history_options options = {.tolerance = 1e-4};
  mn_history *h = NULL;
  check_ok(mn_history_create(check_world(), &of->model, &options, MEMBERS, &h));
  place(of, own, x);
  for (int m = 0; m < of->samples; m++) {
    check_ok(mn_history_append(h, m * of->step, of->step, x));
    for (int64_t i = own.begin; i < own.end; i++) {
      add_increment(of, i, m, 1.0, x + 2 * (i - own.begin));
    }
  }
  return h;
}

/* Mean and standard error over all pairs but that of the last cell with the first. */
typedef struct estimate {
  double mean, error;
} estimate;

static estimate estimate_of(mn_block own, const double *d)
{
  double sums[2] = {0.0, 0.0};
  const double n = MEMBERS - 1;
  for (int64_t i = own.begin; i < own.end && i < MEMBERS - 1; i++) {
    sums[0] += d[2 * (i - own.begin)];
    sums[1] += d[2 * (i - own.begin)] * d[2 * (i - own.begin)];
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  const double mean = sums[0] / n;
  return (estimate){mean, sqrt(fmax(sums[1] / n - mean * mean, 0.0) / n)};
}

/* D towards the partner, over the ensemble. */
static estimate mean_drift(const ensemble *of)
{
  static double x[2 * MEMBERS];
  static double d[2 * MEMBERS];
  const mn_block own = mn_block_of(MEMBERS, check_world()->rank, check_world()->size);
  const mn_drift_options options = {.tolerance = 1e-4};
  mn_drift *drift = NULL;
  mn_history *h = walk(of, own, x);
  check_ok(mn_drift_create(check_world(), &mn_drift_direct, &of->model, &options, MEMBERS, &drift));
  check_ok(mn_drift_partner(drift, h, of->samples * of->step, x, d));
  mn_drift_destroy(&drift);
  mn_history_destroy(&h);
  return estimate_of(own, d);
}

static double coulomb(const ensemble *of, double theta)
{
  return exp(-theta * of->distance * of->distance / (4.0 * of->samples * of->step)) / (2.0 * pi * of->distance);
}

static void check_bridge_mean(const ensemble *of)
{
  const double theta = of->model.theta;
  const double expected = coulomb(of, theta / (1.0 + theta)) / (1.0 + theta);
  const estimate found = mean_drift(of);
  check_at_most(5.0 * found.error, 0.25 * expected, "otherwise the check below checks little");
  check_absolute(found.mean, expected, 5.0 * found.error + 1e-3 * expected,
                 "5 standard errors, false alarm 6e-7, and 1e-4 of quadrature and compression with a margin");
}

static void coarse_steps_give_the_mean_coulomb_force_over_one_plus_theta(void **state)
{
  (void)state;
  const double distances[] = {0.003, 0.01, 0.03};
  for (int k = 0; k < 6; k++) {
    check_bridge_mean(&(ensemble){{.theta = 10.0}, distances[k % 3], 0.1, k / 3 ? 5 : 1});
  }
}

/* Lags from R^2/50 to 20 R^2: now the mean comes from the past, not from the closed form of the present. */
static void fine_steps_give_the_mean_coulomb_force_over_one_plus_theta(void **state)
{
  (void)state;
  check_bridge_mean(&(ensemble){{.theta = 10.0}, 0.01, 2e-6, 1000});
}

static void frozen_coarse_steps_give_the_full_coulomb_force(void **state)
{
  (void)state;
  const ensemble of = {{.theta = 10.0, .quadrature = MN_FROZEN}, 0.01, 0.1, 5};
  const estimate found = mean_drift(&of);
  check_absolute(found.mean, coulomb(&of, 10.0), 5.0 * found.error + 0.0025 * found.mean,
                 "5 standard errors, and what lags beyond the first step add at most, theta R^2/(4 step)");
  check_at_most(5.0 * coulomb(&of, 10.0 / 11.0) / 11.0, found.mean, "the textbook rule is far from the true mean");
}

MN_TESTS("drift_brownian", cmocka_unit_test(there_is_no_drift_without_a_past),
         cmocka_unit_test(drift_has_the_same_bits_on_any_number_of_ranks),
         cmocka_unit_test(one_engine_answers_like_a_new_one), cmocka_unit_test(precision_chooses_the_lanes),
         cmocka_unit_test(own_path_does_not_attract), cmocka_unit_test(drift_is_proportional_to_chi),
         cmocka_unit_test(drift_is_shared_by_all_other_cells), cmocka_unit_test(mirrored_cells_have_opposite_drifts),
         cmocka_unit_test(forgetting_costs_no_more_than_the_tail_of_the_kernel),
         cmocka_unit_test(coarse_steps_give_the_mean_coulomb_force_over_one_plus_theta),
         cmocka_unit_test(fine_steps_give_the_mean_coulomb_force_over_one_plus_theta),
         cmocka_unit_test(frozen_coarse_steps_give_the_full_coulomb_force));
