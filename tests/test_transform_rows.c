/* Rows that a transform is given, and those that are wanted of it.  Truth: the same with all rows; the others hold
 * zeros there, and what must not be read or written here. */
#include "transform_case.h"

#include <math.h>
#include <string.h>

static double modes[2][2 * NODES_MAX];

/* The same as with zeros in all other rows, though these hold none. */
static bool other_rows_count_as_zero(mn_transform *t, extent e, mn_range some)
{
  static double field[2][NODES_MAX];
  const int64_t first = mn_transform_shape(t)->row_begin * e.nx;
  for (int64_t k = 0; k < row_numbers(t); k++) {
    const int64_t row = (first + k) / e.nx;
    field[0][k] = row >= some.begin && row < some.end ? value(0, first + k) : (double)NAN;
    field[1][k] = isnan(field[0][k]) ? 0.0 : field[0][k];
  }
  double *given = columns_of(t, some, field[0]);
  double *filled = columns_of(t, (mn_range){0, e.ny}, field[1]);
  bool same = true;
  for (int64_t k = 0; k < column_numbers(t); k++) {
    same = same && given[k] == filled[k]; /* 0 and -0 are one */
  }
  mn_free(&given);
  mn_free(&filled);
  return same;
}

static void add_number(const void *e, int64_t row, double *to)
{
  for (int64_t k = 0; k < 2 * ((const extent *)e)->nx; k++) {
    to[k] += (double)row;
  }
}

/* The rows that are wanted are those of all, with more, and others are left alone. */
static bool other_rows_stay(mn_transform *t, extent e, mn_range some)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  const int64_t first = 2 * l->col_begin * l->ny;
  double *all = numbers(2 * row_numbers(t));
  double *rows = numbers(2 * row_numbers(t));
  give_columns(t, modes[0] + first, modes[1] + first);
  mn_transform_to_rows(t, (mn_range){0, e.ny}, (mn_row_adder){NULL, NULL}, all);
  for (int64_t k = 0; k < 2 * row_numbers(t); k++) {
    rows[k] = -7.25;
  }
  give_columns(t, modes[0] + first, modes[1] + first);
  mn_transform_to_rows(t, some, (mn_row_adder){add_number, &e}, rows);
  bool right = true;
  for (int64_t k = 0; k < 2 * row_numbers(t); k++) {
    const int64_t row = l->row_begin + k / (2 * e.nx);
    right = right && rows[k] == (row >= some.begin && row < some.end ? all[k] + (double)row : -7.25);
  }
  mn_free(&all);
  mn_free(&rows);
  return right;
}

static void check_ranges(mn_transform *t, extent e)
{
  const mn_range ranges[] = {{3, e.ny - 2}, {0, 1}, {e.ny - 1, e.ny}, {5, 5}, {6, e.ny / 2 + 7}};
  for (int k = 0; k < 5; k++) {
    const bool zero = other_rows_count_as_zero(t, e, ranges[k]);
    const bool stay = other_rows_stay(t, e, ranges[k]);
    assert_everywhere(zero && stay);
  }
}

/* In double and in float, for all extents and ways of sharing. */
static void other_rows_than_those_given_count_as_zero_and_others_than_those_wanted_stay(void **state)
{
  (void)state;
  for (int k = 0; k < 2 * EXTENTS; k++) {
    const extent e = extents[k / 2];
    for (int64_t m = 0; m < 4 * (int64_t)NODES_MAX; m++) {
      modes[m / (2 * NODES_MAX)][m % (2 * NODES_MAX)] = value(0, m);
    }
    for (sharing how = 0; how < SHARINGS; how++) {
      mn_transform *t = created(check_world(), k % 2, e, how);
      check_ranges(t, e);
      mn_transform_destroy(&t);
    }
  }
}

MN_TESTS("transform_rows",
         cmocka_unit_test(other_rows_than_those_given_count_as_zero_and_others_than_those_wanted_stay));
