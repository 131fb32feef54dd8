/* Near pairs.  Truth: sums over all pairs in long double; counts.  Profiles are 1/r2 and a logarithm, brought to 0 at
 * the reach. */
#include "crowd_case.h"

/* Profiles of s = r2/reach^2; without the cut they are what errors are measured by. */
static double cut_off(double s)
{
  return (1.0 - s) * (1.0 - s) * (1.0 - s) * (1.0 - s);
}

static double pole(const void *context, double r2)
{
  (void)context;
  return cut_off(r2 / (reach * reach)) / r2;
}

static double logarithm(const void *context, double r2)
{
  (void)context;
  return -cut_off(r2 / (reach * reach)) * log(r2 / (reach * reach));
}

static mn_profile *const profiles[] = {pole, logarithm};

static double envelope(int profile, double r2)
{
  return profile == 0 ? 1.0 / r2 : 1.0 - log(r2 / (reach * reach));
}

/* Forces of the own block of cells by pairs; accuracy 0: in double.  Returns the pairs looked at, on all ranks. */
static int64_t sum_pairs(const mn_parallel *p, const cloud *c, sharing how, int profile, double accuracy, double *out)
{
  static mn_table table;
  static mn_curve curve;
  mn_crowd crowd = gather(p, c, how, 0.5 * reach);
  int64_t pairs = 0;
  if (accuracy > 0.0) {
    mn_curve_fill(&curve, profiles[profile], NULL, reach, 0.01 * reach, accuracy, c->low, c->high);
    assert_true(curve.kind != MN_CURVE_NONE);
    check_ok(mn_agree(p, mn_near_sum_curve(&curve, &crowd, &pairs)));
  } else {
    mn_table_sample(&table, profiles[profile], NULL, 0.0, reach * reach);
    pairs = mn_near_sum(&table, &crowd);
  }
  double force[2 * CELLS];
  const mn_block own = mn_block_of(c->count, p->rank, p->size);
  check_ok(mn_crowd_return(p, &crowd, force));
  memset(out, 0, 2 * CELLS * sizeof *out);
  for (int64_t k = 0; k < mn_block_count(own); k++) {
    memcpy(out + 2 * listed(c, own, k), force + 2 * k, 2 * sizeof *out);
  }
  mn_crowd_clear(&crowd);
  MPI_Allreduce(MPI_IN_PLACE, &pairs, 1, MPI_INT64_T, MPI_SUM, p->comm);
  return pairs;
}

/* Component a of the force on cell i; what relative errors of all terms, and of positions, may add up to. */
static long double exact(const cloud *c, int profile, int i, int a, double *size, double *steepness)
{
  long double sum = 0.0L;
  *size = *steepness = 0.0;
  for (int j = 0; j < c->count; j++) {
    const long double x = (long double)c->x[2 * j] - c->x[2 * i];
    const long double y = (long double)c->x[2 * j + 1] - c->x[2 * i + 1];
    const long double r2 = x * x + y * y;
    if (r2 > 0.0L && r2 < (long double)reach * reach) {
      const long double s = r2 / ((long double)reach * reach);
      const long double cut = powl(1.0L - s, 4.0L);
      sum += (profile == 0 ? cut / r2 : -cut * logl(s)) * (a == 0 ? x : y);
      *size += envelope(profile, (double)r2) * (double)sqrtl(r2);
      *steepness += 4.0 * envelope(profile, (double)r2);
    }
  }
  return sum;
}

/* `relative` of all terms, and positions wrong by `shift`. */
static bool is_exact(const cloud *c, int profile, const double *out, double relative, double shift)
{
  const mn_block own = mn_block_of(c->count, check_world()->rank, check_world()->size);
  bool good = true;
  for (int64_t k = 0; k < 2 * mn_block_count(own); k++) {
    double size, steepness;
    const int i = (int)(own.begin + k / 2);
    const double truth = (double)exact(c, profile, i, (int)(k % 2), &size, &steepness);
    good = good && fabs(out[k] - truth) <= relative * size + shift * steepness;
  }
  return good;
}

static void sums_in_double_are_those_over_all_pairs(void **state)
{
  (void)state;
  double out[2 * CELLS];
  for (int k = 0; k < 2 * SHARINGS; k++) {
    const cloud c = cloud_of(CELLS, k % 3 * 500);
    sum_pairs(check_world(), &c, k / 2, k % 2, 0.0, out);
    assert_everywhere(is_exact(&c, k % 2, out, 1e-11, 1e-18)); /* of the table, an octave from its largest value */
  }
}

/* Far from the origin too: centres are 0 and 10^4. */
static void sums_in_lanes_are_as_accurate_as_asked_for(void **state)
{
  static const double accuracies[] = {1e-2, 1e-3, 2e-5};
  (void)state;
  double out[2 * CELLS];
  for (int k = 0; k < 3 * 2 * 2; k++) {
    const cloud c = cloud_of(CELLS, k / 6 * 100000);
    const double side = fmax(c.high[0] - c.low[0], c.high[1] - c.low[1]);
    sum_pairs(check_world(), &c, k % SHARINGS, k / 3 % 2, accuracies[k % 3], out);
    const double relative = accuracies[k % 3] + 20 * 0x1p-24; /* roundoff of some twenty operations in float */
    assert_everywhere(
        is_exact(&c, k / 3 % 2, out, relative, fmax(side, 4.0 * reach) * 0x1p-30)); /* rounded positions */
  }
}

static void pairs_looked_at_are_those_in_neighbouring_bins(void **state)
{
  (void)state;
  double out[2 * CELLS];
  const cloud c = cloud_of(CELLS, 0);
  int64_t expected = 0;
  for (int k = 0; k < CELLS * CELLS; k++) {
    const double *x = c.x + k / CELLS * 2;
    const double *y = c.x + k % CELLS * 2;
    const double columns = floor(x[0] / (0.5 * reach)) - floor(y[0] / (0.5 * reach));
    const double rows = floor(x[1] / (0.5 * reach)) - floor(y[1] / (0.5 * reach));
    expected += fabs(columns) <= 2.0 && fabs(rows) <= 2.0;
  }
  for (sharing how = 0; how < SHARINGS; how++) {
    assert_int_equal(sum_pairs(check_world(), &c, how, 0, 0.0, out), expected);
    assert_int_equal(2 * sum_pairs(check_world(), &c, how, 0, 1e-3, out), expected + CELLS);
  }
}

static void two_cells_at_one_place_feel_nothing_of_each_other(void **state)
{
  (void)state;
  double out[2 * CELLS];
  cloud c = cloud_of(2, 70);
  for (int a = 0; a < 2; a++) {
    c.x[2 + a] = c.x[a] = c.high[a] = c.low[a] = 7.0 + 0.1 * a;
  }
  for (int k = 0; k < 4; k++) {
    sum_pairs(check_world(), &c, EVENLY, k / 2, k % 2 ? 1e-3 : 0.0, out);
    for (int i = 0; i < 4; i++) {
      assert_true(out[i] == 0.0);
    }
  }
}

static void lines_are_refused_where_floats_are_too_coarse(void **state)
{
  static mn_curve curve;
  static const double accuracies[] = {1e-2, 1e-3, 2e-5, 1e-7};
  (void)state;
  const cloud c = cloud_of(CELLS, 0);
  for (int k = 0; k < 4; k++) {
    mn_curve_fill(&curve, pole, NULL, reach, 0.01 * reach, accuracies[k], c.low, c.high);
    assert_true((curve.kind == MN_CURVE_NONE) == (k == 3));
  }
}

/* Sums over pairs of cells of |error of the pair's force|^2 and |force|^2: what `accuracy` is about.  Cells lie at
 * random, so errors of a cell's pairs add up like those. */
static double rms_error(const cloud *c, int profile, double accuracy)
{
  double out[2 * CELLS];
  double sums[2] = {0.0};
  const mn_block own = mn_block_of(c->count, check_world()->rank, check_world()->size);
  sum_pairs(check_world(), c, EVENLY, profile, accuracy, out);
  for (int64_t k = 0; k < 2 * mn_block_count(own); k++) {
    double size, steepness;
    const int i = (int)(own.begin + k / 2);
    const double missed = out[k] - (double)exact(c, profile, i, (int)(k % 2), &size, &steepness);
    sums[0] += missed * missed;
    for (int j = 0; j < c->count; j++) {
      const double r[2] = {c->x[2 * j] - c->x[2 * i], c->x[2 * j + 1] - c->x[2 * i + 1]};
      const double r2 = r[0] * r[0] + r[1] * r[1];
      const double force = r2 > 0.0 && r2 < reach * reach ? profiles[profile](NULL, r2) * r[k % 2] : 0.0;
      sums[1] += force * force;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  return sqrt(sums[0] / sums[1]);
}

/* A logarithm is a quartic on every factor of 4, a pole is not near 0. */
static void quartics_are_taken_where_they_are_good_enough(void **state)
{
  static mn_curve curve;
  static const double accuracies[] = {1e-1, 1e-2, 1e-4};
  (void)state;
  const cloud c = cloud_of(CELLS, 0);
  for (int k = 0; k < 6; k++) {
    const double accuracy = accuracies[k % 3];
    const bool good = k / 3 == 1 && accuracy > 1e-3;
    mn_curve_fill(&curve, profiles[k / 3], NULL, reach, 0.01 * reach, accuracy, c.low, c.high);
    assert_int_equal(curve.kind, good ? MN_CURVE_QUARTICS : MN_CURVE_LINES);
    mn_curve_fill(&curve, profiles[k / 3], NULL, reach, 1e-4 * reach, accuracy, c.low, c.high);
    assert_int_equal(curve.kind, MN_CURVE_LINES); /* so near that quartics miss too much */
    const double error = rms_error(&c, k / 3, accuracy);
    assert_everywhere(error > 0.0 && error <= accuracy);
  }
}

/* Forces of `count` cells of a dense cloud, on this rank alone, by lines or in double. */
static void sum_dense(int64_t count, const double *point, bool lines, double *out)
{
  static mn_curve curve;
  static mn_table table;
  mn_parallel alone;
  mn_shares rows;
  mn_crowd crowd = {0};
  int64_t pairs = 0;
  const mn_lattice mesh = {spacing, {-NX / 2, -NY / 2}, {NX, NY}};
  const double side[2] = {0.5 * NX * spacing, 0.5 * NX * spacing};
  const mn_listing mine = {{0, count}, point, NULL};
  mn_parallel_create(MPI_COMM_SELF, &alone);
  check_ok(mn_shares_even(NY, 1, &rows));
  check_ok(mn_crowd_gather(&alone, &mesh, &rows, reach, 0.5 * reach, &mine, &crowd));
  if (lines) {
    mn_curve_fill(&curve, logarithm, NULL, reach, 0.0, 2e-5, (double[2]){-side[0], -side[1]}, side);
    assert_int_equal(curve.kind, MN_CURVE_LINES);
    check_ok(mn_near_sum_curve(&curve, &crowd, &pairs));
  } else {
    mn_table_sample(&table, logarithm, NULL, 0.0, reach * reach);
    mn_near_sum(&table, &crowd);
  }
  check_ok(mn_crowd_return(&alone, &crowd, out));
  mn_crowd_clear(&crowd);
  mn_shares_clear(&rows);
  mn_parallel_destroy(&alone);
}

/* Cells everywhere alike: sums from one side are some fifty times the force that is left.  Away from the border. */
static void dense_crowds_lose_no_digits(void **state)
{
  enum { DENSE = 20000 };
  static double point[2 * DENSE], out[2][2 * DENSE];
  double sums[2] = {0.0};
  (void)state;
  memset(out, 0, sizeof out);
  for (int k = 0; k < 2 * DENSE; k++) {
    point[k] = 1.5 * reach * erf(check_normal(29, (uint64_t)k) / sqrt(2.0)); /* even in a square */
  }
  sum_dense(DENSE, point, true, out[0]);
  sum_dense(DENSE, point, false, out[1]);
  for (int k = 0; k < 2 * DENSE; k++) {
    const double *x = point + k / 2 * 2;
    if (fmax(fabs(x[0]), fabs(x[1])) < 0.5 * reach) {
      sums[0] += (out[0][k] - out[1][k]) * (out[0][k] - out[1][k]);
      sums[1] += out[1][k] * out[1][k];
    }
  }
  assert_true(sqrt(sums[0] / sums[1]) <= 1e-5);
}

static void sums_have_the_same_bits_on_any_number_of_ranks(void **state)
{
  (void)state;
  double out[2 * CELLS], expected[2 * CELLS];
  const mn_parallel *p = check_world();
  const cloud c = cloud_of(CELLS, 300);
  const mn_block own = mn_block_of(CELLS, p->rank, p->size);
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int k = 0; k < 4 * SHARINGS; k++) {
    const double accuracy = k % 2 ? (k < 2 * SHARINGS ? 1e-2 : 1e-4) : 0.0; /* quartics, lines, or in double */
    sum_pairs(p, &c, k / 4, k / 2 % 2, accuracy, out);
    sum_pairs(&alone, &c, EVENLY, k / 2 % 2, accuracy, expected);
    assert_everywhere(memcmp(out, expected + 2 * own.begin, (size_t)mn_block_count(own) * 2 * sizeof *out) == 0);
  }
  mn_parallel_destroy(&alone);
}

MN_TESTS("near", cmocka_unit_test(sums_in_double_are_those_over_all_pairs),
         cmocka_unit_test(sums_in_lanes_are_as_accurate_as_asked_for),
         cmocka_unit_test(pairs_looked_at_are_those_in_neighbouring_bins),
         cmocka_unit_test(two_cells_at_one_place_feel_nothing_of_each_other),
         cmocka_unit_test(quartics_are_taken_where_they_are_good_enough), cmocka_unit_test(dense_crowds_lose_no_digits),
         cmocka_unit_test(lines_are_refused_where_floats_are_too_coarse),
         cmocka_unit_test(sums_have_the_same_bits_on_any_number_of_ranks));
