/* Transforms of shared meshes.  Truth: the defining sums, direction by direction, in long double on every rank; for
 * bits, a transform of the whole mesh on a communicator of one rank.
 *
 * Each of the log2(nx ny) passes over the data adds a random half unit in the last place of a typical result; no error
 * of some thousand results is more than 5 times the root mean square that this makes.  Numbers go to single precision,
 * and come from it, inside. */
#include "transform_case.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* sum_j z[j stride] exp(sign 2 pi i k j/n) */
static long double complex direct(const long double complex *z, int stride, int n, int sign, int k)
{
  static long double complex root[NX_MAX];
  static int roots;
  if (roots != n) {
    for (roots = 0; roots < n; roots++) {
      root[roots] = cexpl(2.0L * acosl(-1.0L) * roots / n * (long double complex)_Complex_I);
    }
  }
  long double complex sum = 0.0L;
  for (int j = 0; j < n; j++) {
    sum += z[j * stride] * (sign > 0 ? root[k * j % n] : conjl(root[k * j % n]));
  }
  return sum;
}

static double modes[2][2 * NODES_MAX]; /* [kept, ny, 2] of random mesh 0; random modes of -kx */
static double values[2 * NODES_MAX];   /* [ny, nx, 2] of those */

static void make_truth(extent e)
{
  static long double complex field[NODES_MAX], half[NODES_MAX];
  const int count = e.kept * e.ny;
  for (int k = 0; k < e.nx * e.ny; k++) {
    field[k] = (long double)value(0, k);
  }
  for (int k = 0; k < count; k++) {
    half[k] = direct(field + k % e.ny * e.nx, 1, e.nx, -1, k / e.ny);
  }
  for (int k = 0; k < count; k++) {
    const long double complex mode = direct(half + k / e.ny * e.ny, 1, e.ny, -1, k % e.ny);
    modes[0][2 * k] = (double)creall(mode);
    modes[0][2 * k + 1] = (double)cimagl(mode);
  }
  for (int k = 0; k < 2 * count; k++) {
    modes[1][k] = sqrt(0.5 * e.nx * e.ny) * value(2, k); /* as large as the others */
  }
  memset(half, 0, sizeof half);
  for (int side = 1; side >= 0; side--) { /* where kx = -kx, the second replaces the first */
    for (int k = 0; k < count; k++) {
      field[k] =
          (long double)modes[side][2 * k] + (long double)modes[side][2 * k + 1] * (long double complex)_Complex_I;
    }
    for (int k = 0; k < count; k++) {
      const int kx = side == 0 ? k / e.ny : (e.nx - k / e.ny) % e.nx;
      half[kx * e.ny + k % e.ny] = direct(field + k / e.ny * e.ny, 1, e.ny, 1, k % e.ny);
    }
  }
  for (int k = 0; k < e.nx * e.ny; k++) {
    const long double complex sum = direct(half + k / e.nx, e.ny, e.nx, 1, k % e.nx);
    values[2 * k] = (double)creall(sum);
    values[2 * k + 1] = (double)cimagl(sum);
  }
}

/* Own modes of a random mesh, which stays as it was. */
static double *forward(mn_transform *t, int which)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  static double field[NODES_MAX], again[NODES_MAX];
  for (int64_t k = 0; k < row_numbers(t); k++) {
    field[k] = again[k] = value(which, l->row_begin * l->nx + k);
  }
  double *columns = columns_of(t, (mn_range){0, l->ny}, field);
  assert_everywhere(memcmp(field, again, (size_t)row_numbers(t) * sizeof *field) == 0);
  return columns;
}

/* Own rows of them. */
static double *backward(mn_transform *t, const double *plus, const double *minus)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  double *rows = numbers(2 * row_numbers(t));
  give_columns(t, plus, minus);
  mn_transform_to_rows(t, (mn_range){0, l->ny}, (mn_row_adder){NULL, NULL}, rows);
  return rows;
}

/* The results, which it frees, against what is expected, `typical` in size. */
static void check_results(bool single, extent e, int64_t count, double *results, const double *expected, double typical)
{
  const double unit = (single ? (double)FLT_EPSILON : DBL_EPSILON) / 2.0 * sqrt(log2(e.nx * e.ny));
  double worst = 0.0;
  for (int64_t k = 0; k < count; k++) {
    worst = fmax(worst, fabs(results[k] - expected[k]));
  }
  mn_free(&results);
  assert_everywhere(worst <= 5.0 * unit * typical);
}

static void check_sums(mn_transform *t, bool single, extent e)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  const int64_t first = 2 * l->col_begin * l->ny;
  check_results(single, e, column_numbers(t), forward(t, 0), modes[0] + first, sqrt(e.nx * e.ny));
  check_results(single, e, 2 * row_numbers(t), backward(t, modes[0] + first, modes[1] + first),
                values + 2 * l->row_begin * l->nx, sqrt(2.0 * e.kept * e.nx) * e.ny);
}

/* There and back; columns and rows against those of a transform on this rank alone. */
static void check_bits(mn_transform *t, bool single, extent e)
{
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  mn_transform *alone = created(&self, single, e, EVENLY);
  const mn_transform_layout *l = mn_transform_shape(t);
  const int64_t first = 2 * l->col_begin * l->ny;
  double *all[2] = {forward(alone, 0)};
  double *mine[2] = {forward(t, 0)};
  all[1] = backward(alone, all[0], modes[1]);
  mine[1] = backward(t, mine[0], modes[1] + first);
  const bool same =
      memcmp(mine[0], all[0] + first, (size_t)column_numbers(t) * sizeof(double)) == 0 &&
      memcmp(mine[1], all[1] + 2 * l->row_begin * l->nx, (size_t)(2 * row_numbers(t)) * sizeof(double)) == 0;
  for (int k = 0; k < 2; k++) {
    mn_free(&all[k]);
    mn_free(&mine[k]);
  }
  mn_transform_destroy(&alone);
  mn_parallel_destroy(&self);
  assert_everywhere(same);
}

/* Modes of f + i g, of kx (side 0) or -kx, from those f and g have at kx; in place of f's. */
static void combine(const mn_transform_layout *l, int side, double *f, const double *g)
{
  static double result[2 * NODES_MAX];
  const double sign = side == 0 ? 1.0 : -1.0;
  const int64_t count = (l->col_end - l->col_begin) * l->ny;
  for (int64_t k = 0; k < count; k++) {
    const int64_t from = side == 0 ? k : k / l->ny * l->ny + (l->ny - k % l->ny) % l->ny;
    result[2 * k] = f[2 * from] - sign * g[2 * from + 1];
    result[2 * k + 1] = sign * f[2 * from + 1] + g[2 * from];
  }
  memcpy(f, result, (size_t)(2 * count) * sizeof *f);
}

/* Two real fields, where all columns are kept. */
static void check_round_trip(mn_transform *t, bool single, extent e)
{
  if (e.kept == e.nx / 2 + 1) {
    const mn_transform_layout *l = mn_transform_shape(t);
    double *side[2] = {forward(t, 0), forward(t, 0)};
    double *other = forward(t, 1);
    combine(l, 0, side[0], other);
    combine(l, 1, side[1], other);
    static double expected[2 * NODES_MAX];
    for (int64_t k = 0; k < 2 * row_numbers(t); k++) {
      expected[k] = e.nx * e.ny * value((int)(k % 2), l->row_begin * e.nx + k / 2);
    }
    check_results(single, e, 2 * row_numbers(t), backward(t, side[0], side[1]), expected, sqrt(2.0) * e.nx * e.ny);
    mn_free(&side[0]);
    mn_free(&side[1]);
    mn_free(&other);
  }
}

/* Own columns follow those of the ranks before and are shared evenly; rows are those asked for. */
static void check_layout(mn_transform *t, bool single, extent e)
{
  (void)single;
  const mn_transform_layout *l = mn_transform_shape(t);
  int64_t sums[2] = {l->col_end - l->col_begin, l->row_end - l->row_begin};
  int64_t before[2] = {0, 0};
  const bool even = sums[0] == e.kept / check_world()->size || sums[0] == e.kept / check_world()->size + 1;
  MPI_Exscan(sums, before, 2, MPI_INT64_T, MPI_SUM, check_world()->comm);
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_INT64_T, MPI_SUM, check_world()->comm);
  assert_everywhere(even && l->nx == e.nx && l->ny == e.ny && l->kept == e.kept && sums[0] == e.kept &&
                    sums[1] == e.ny && l->col_begin == before[0] && l->row_begin == before[1]);
}

static void for_all(void check(mn_transform *, bool, extent))
{
  for (int k = 0; k < 2 * EXTENTS; k++) {
    make_truth(extents[k / 2]);
    for (sharing how = 0; how < SHARINGS; how++) {
      mn_transform *t = created(check_world(), k % 2, extents[k / 2], how);
      check(t, k % 2, extents[k / 2]);
      mn_transform_destroy(&t);
      assert_null(t);
    }
  }
}

static void modes_and_values_are_the_defining_sums_of_what_is_kept(void **state)
{
  (void)state;
  for_all(check_sums);
}

static void bits_are_those_of_one_rank(void **state)
{
  (void)state;
  for_all(check_bits);
}

static void round_trip_multiplies_by_the_number_of_nodes(void **state)
{
  (void)state;
  for_all(check_round_trip);
}

static void layout_covers_rows_and_columns_in_rank_order(void **state)
{
  (void)state;
  for_all(check_layout);
}

/* What is allocated but for what FFTW takes. */
static void bytes_bound_what_is_allocated_and_are_near_it(void **state)
{
  (void)state;
  for (int single = 0; single < 2; single++) {
    const int64_t before = mn_memory_live();
    mn_transform *t = created(check_world(), single, (extent){256, 192, 100}, EVENLY);
    const int64_t held = mn_memory_live() - before;
    const int64_t bytes = mn_transform_bytes(single, 256, 192, 100, check_world()->size);
    mn_transform_destroy(&t);
    assert_everywhere(held <= bytes && bytes <= held + held / 8);
  }
}

static bool allowed(int64_t n)
{
  static const int factors[] = {2, 3, 5, 7};
  for (int k = 0; k < 4; k++) {
    while (n % factors[k] == 0) {
      n /= factors[k];
    }
  }
  return n == 1;
}

static void size_is_the_smallest_one_allowed(void **state)
{
  (void)state;
  for (int64_t n = 1; n < 5000; n++) {
    const int64_t size = mn_transform_size(n);
    assert_true(size >= n && size % MN_TRANSFORM_UNIT == 0 && allowed(size));
    for (int64_t less = size - MN_TRANSFORM_UNIT; less >= n; less -= MN_TRANSFORM_UNIT) {
      assert_false(allowed(less));
    }
  }
}

MN_TESTS("transform", cmocka_unit_test(layout_covers_rows_and_columns_in_rank_order),
         cmocka_unit_test(modes_and_values_are_the_defining_sums_of_what_is_kept),
         cmocka_unit_test(bits_are_those_of_one_rank), cmocka_unit_test(round_trip_multiplies_by_the_number_of_nodes),
         cmocka_unit_test(bytes_bound_what_is_allocated_and_are_near_it),
         cmocka_unit_test(size_is_the_smallest_one_allowed));
