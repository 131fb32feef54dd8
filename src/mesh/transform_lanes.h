/* transform_lanes.h  The body of transform_float.c and transform_double.c; they define REAL, FFTW(name) and NAME(name).
 *
 * One plan per row and column length, made in estimate mode (nothing is timed, so nothing varies) and applied row by
 * row: every row and column begins on a 64-byte boundary, so all take the same path through the library.  None is
 * transformed in place, which takes up to 1.9 times as long (384 numbers in float).  Numbers change their precision on
 * the way in and out, a row or column at a time, while it is in the cache. */
#include "transform_parts.h"

#include <mnemotaxis/memory.h>

#include <fftw3.h>
#include <string.h>

/* Rows that go to columns together: as many complex numbers of one column lie side by side. */
enum { BATCH = MN_TRANSFORM_BATCH };

typedef struct plans {
  FFTW(plan) row, row_back, column, column_back;
  FFTW(complex) * row_modes; /* [BATCH][stride]; of kx >= 0 alone on the way to columns */
  int64_t stride;
  FFTW(complex) * scratch; /* a row or column before or after its transform: [max(nx, ny)] */
} plans;

static mn_error *create(const mn_transform_layout *l, void **out)
{
  plans *p = NULL;
  MN_TRY(mn_alloc(&p, 1, sizeof *p));
  *out = p;
  /* rows begin on cache lines, but not on the same ones of all pages */
  p->stride = (l->nx + MN_TRANSFORM_UNIT - 1) / MN_TRANSFORM_UNIT * MN_TRANSFORM_UNIT + MN_TRANSFORM_UNIT / 2;
  MN_TRY(mn_alloc(&p->row_modes, BATCH * p->stride, sizeof *p->row_modes));
  MN_TRY(mn_alloc(&p->scratch, l->nx > l->ny ? l->nx : l->ny, sizeof *p->scratch));
  p->row = FFTW(plan_dft_r2c_1d)((int)l->nx, (REAL *)p->scratch, p->row_modes, FFTW_ESTIMATE);
  p->row_back = FFTW(plan_dft_1d)((int)l->nx, p->row_modes, p->scratch, FFTW_BACKWARD, FFTW_ESTIMATE);
  p->column = FFTW(plan_dft_1d)((int)l->ny, p->row_modes, p->scratch, FFTW_FORWARD, FFTW_ESTIMATE);
  p->column_back = FFTW(plan_dft_1d)((int)l->ny, p->scratch, p->row_modes, FFTW_BACKWARD, FFTW_ESTIMATE);
  return p->row && p->row_back && p->column && p->column_back
             ? NULL
             : mn_error_create(MN_INTERNAL, "FFTW has no plan for %lld x %lld", (long long)l->nx, (long long)l->ny);
}

static void destroy(void **in)
{
  plans *p = *in;
  if (p) {
    FFTW(destroy_plan)(p->row);
    FFTW(destroy_plan)(p->row_back);
    FFTW(destroy_plan)(p->column);
    FFTW(destroy_plan)(p->column_back);
    mn_free(&p->row_modes);
    mn_free(&p->scratch);
  }
  mn_free(in);
}

/* Columns that lie alike: the mode of own row j in column kx is (kx - origin) apart + row + j from `base`. */
typedef struct stretch {
  int64_t first, last, origin, apart, row;
  FFTW(complex) * base;
} stretch;

/* Before the own columns, these (k = 1), and behind them. */
static stretch stretch_of(const mn_transform_layout *l, const mn_transform_places *at, int k)
{
  const int64_t rows = l->row_end - l->row_begin;
  if (k == 1) {
    return (stretch){l->col_begin, l->col_end, l->col_begin, l->stride, l->row_begin, at->own};
  }
  return (stretch){k == 0 ? 0 : l->col_end, k == 0 ? l->col_begin : l->kept, 0, rows, 0, at->packed};
}

static void put_columns(const plans *p, const stretch *s, int64_t row, int n)
{
  for (int64_t kx = s->first; kx < s->last; kx++) {
    FFTW(complex) *column = s->base + (kx - s->origin) * s->apart + s->row + row;
    for (int b = 0; b < n; b++) {
      memcpy(column[b], p->row_modes[b * p->stride + kx], sizeof *column);
    }
  }
}

static void rows_forward(const void *in, const mn_transform_layout *l, const double *rows, int64_t row, int n,
                         const mn_transform_places *to)
{
  const plans *p = in;
  if (!rows) {
    memset(p->row_modes, 0, (size_t)(n * p->stride) * sizeof *p->row_modes);
  }
  for (int b = 0; b < n && rows; b++) {
    const double *from = rows + (row + b) * l->nx;
    REAL *values = (REAL *)p->scratch;
    for (int64_t i = 0; i < l->nx; i++) {
      values[i] = (REAL)from[i];
    }
    FFTW(execute_dft_r2c)(p->row, values, p->row_modes + b * p->stride);
  }
  for (int k = 0; k < 3; k++) {
    const stretch s = stretch_of(l, to, k);
    put_columns(p, &s, row, n);
  }
}

/* Columns of a stretch that are among [first, last), into n rows at to, to + step, ...; by lines of the cache. */
static void take_columns(const plans *p, const stretch *s, int64_t first, int64_t last, int64_t row, int n,
                         FFTW(complex) * to, int step)
{
  enum { LINE = 8 };
  first = first > s->first ? first : s->first;
  last = last < s->last ? last : s->last;
  for (int64_t kx = first; kx < last; kx += LINE) {
    const int64_t count = last - kx < LINE ? last - kx : LINE;
    FFTW(complex) *column = s->base + (kx - s->origin) * s->apart + s->row + row;
    for (int b = 0; b < n; b++) {
      for (int64_t k = 0; k < count; k++) {
        memcpy(to[b * p->stride + step * (kx + k)], column[k * s->apart + b], sizeof *column);
      }
    }
  }
}

static void rows_back(const void *in, const mn_transform_layout *l, const mn_transform_places from[2], int64_t row,
                      int n, mn_row_adder more, double *rows)
{
  const plans *p = in;
  const int64_t opposite = 2 * l->kept > l->nx ? l->nx / 2 : l->kept; /* -nx/2 is nx/2 */
  for (int k = 0; k < 3; k++) {
    const stretch s[2] = {stretch_of(l, &from[0], k), stretch_of(l, &from[1], k)};
    take_columns(p, &s[0], 0, l->kept, row, n, p->row_modes, 1);
    take_columns(p, &s[1], 1, opposite, row, n, p->row_modes + l->nx, -1);
  }
  for (int b = 0; b < n; b++) {
    FFTW(complex) *modes = p->row_modes + b * p->stride;
    const int64_t gap = l->nx + 1 - 2 * l->kept;
    if (gap > 0) {
      memset(modes + l->kept, 0, (size_t)gap * sizeof *modes);
    }
    FFTW(execute_dft)(p->row_back, modes, p->scratch);
    const REAL *values = (const REAL *)p->scratch;
    double *to = rows + 2 * (row + b) * l->nx;
    for (int64_t i = 0; i < 2 * l->nx; i++) {
      to[i] = (double)values[i];
    }
    if (more.add) {
      more.add(more.of, l->row_begin + row + b, to);
    }
  }
}

static void column_forward(const void *in, int64_t ny, void *column, double *modes)
{
  const plans *p = in;
  const REAL *from = (const REAL *)p->scratch;
  FFTW(execute_dft)(p->column, column, p->scratch);
  for (int64_t j = 0; j < 2 * ny; j++) {
    modes[j] = (double)from[j];
  }
}

static void column_back(const void *in, int64_t ny, const double *modes, void *column)
{
  const plans *p = in;
  REAL *from = (REAL *)p->scratch;
  for (int64_t j = 0; j < 2 * ny; j++) {
    from[j] = (REAL)modes[j];
  }
  FFTW(execute_dft)(p->column_back, p->scratch, column);
}

const mn_transform_parts NAME = {2 * sizeof(REAL), create,         destroy,    rows_forward,
                                 rows_back,        column_forward, column_back};
