/* transform_case.h  Transforms of meshes of several extents, whose rows are shared in several ways. */
#ifndef MN_TESTS_TRANSFORM_CASE_H
#define MN_TESTS_TRANSFORM_CASE_H

#include "sharing.h"

#include <mnemotaxis/memory.h>
#include <mnemotaxis/transform.h>

typedef struct extent {
  int nx, ny, kept;
} extent;

static const extent extents[] = {{16, 16, 9}, {32, 48, 17},  {48, 32, 11}, {32, 48, 8}, {64, 16, 1},
                                 {16, 64, 2}, {112, 80, 57}, {20, 54, 6},  {34, 12, 18}};
enum { EXTENTS = sizeof extents / sizeof *extents, NX_MAX = 112, NODES_MAX = NX_MAX * 80 };

static inline mn_transform *created(const mn_parallel *p, bool single, extent e, sharing how)
{
  mn_transform *t = NULL;
  mn_shares rows = shared(p, how, e.ny);
  check_ok(mn_transform_create(p, single, e.nx, e.ny, e.kept, &rows, NULL, &t));
  mn_shares_clear(&rows);
  return t;
}

/* Random mesh or set of modes, by its number. */
static inline double value(int which, int64_t k)
{
  return check_normal((uint32_t)(31 + which), (uint64_t)k);
}

/* Numbers in the own rows and in the own columns. */
static inline int64_t row_numbers(const mn_transform *t)
{
  return (mn_transform_shape(t)->row_end - mn_transform_shape(t)->row_begin) * mn_transform_shape(t)->nx;
}

static inline int64_t column_numbers(const mn_transform *t)
{
  return 2 * (mn_transform_shape(t)->col_end - mn_transform_shape(t)->col_begin) * mn_transform_shape(t)->ny;
}

static inline double *numbers(int64_t count)
{
  double *to = NULL;
  check_ok(mn_alloc(&to, count, sizeof *to));
  return to;
}

/* Own modes of a mesh that has only these rows. */
static inline double *columns_of(mn_transform *t, mn_range filled, const double *field)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  double *columns = numbers(column_numbers(t));
  mn_transform_to_columns(t, filled, field);
  for (int64_t c = 0; c < l->col_end - l->col_begin; c++) {
    mn_transform_column_out(t, c, columns + 2 * c * l->ny);
  }
  return columns;
}

/* Own modes of kx and of -kx. */
static inline void give_columns(mn_transform *t, const double *plus, const double *minus)
{
  const mn_transform_layout *l = mn_transform_shape(t);
  for (int64_t c = 0; c < l->col_end - l->col_begin; c++) {
    mn_transform_column_in(t, c, 0, plus + 2 * c * l->ny);
    mn_transform_column_in(t, c, 1, minus + 2 * c * l->ny);
  }
}

#endif
