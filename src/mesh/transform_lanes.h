/* transform_lanes.h  The body of transform_float.c and transform_double.c; they define REAL, FFTW(name) and NAME(name).
 *
 * One plan per row and column length, made in estimate mode (nothing is timed, so nothing varies) and applied row by
 * row: every row and column begins on a 64-byte boundary, so all take the same path through the library.  Numbers
 * change their precision on the way in and out, a row or column at a time, while it is in the cache. */
#include "transform_parts.h"

#include <mnemotaxis/memory.h>

#include <fftw3.h>
#include <string.h>

/* Rows that go to columns together: as many complex numbers of one column lie side by side. */
enum { BATCH = MN_TRANSFORM_BATCH };

typedef struct plans {
  FFTW(plan) row, row_back, column, column_back;
  FFTW(complex) * half; /* [BATCH][stride] transformed rows */
  int64_t stride;
  REAL *scratch; /* a row; plans are made on it: [max(nx, 2 ny)] */
} plans;

static mn_error *create(const mn_transform_layout *l, void **out)
{
  plans *p = NULL;
  MN_TRY(mn_alloc(&p, 1, sizeof *p));
  *out = p;
  p->stride = l->nx / 2 + MN_TRANSFORM_UNIT / 2; /* rows begin on cache lines */
  MN_TRY(mn_alloc(&p->half, BATCH * p->stride, sizeof *p->half));
  MN_TRY(mn_alloc(&p->scratch, l->nx > 2 * l->ny ? l->nx : 2 * l->ny, sizeof(REAL)));
  FFTW(complex) *column = (FFTW(complex) *)p->scratch;
  p->row = FFTW(plan_dft_r2c_1d)((int)l->nx, p->scratch, p->half, FFTW_ESTIMATE);
  p->row_back = FFTW(plan_dft_c2r_1d)((int)l->nx, p->half, p->scratch, FFTW_ESTIMATE);
  p->column = FFTW(plan_dft_1d)((int)l->ny, column, column, FFTW_FORWARD, FFTW_ESTIMATE);
  p->column_back = FFTW(plan_dft_1d)((int)l->ny, column, column, FFTW_BACKWARD, FFTW_ESTIMATE);
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
    mn_free(&p->half);
    mn_free(&p->scratch);
  }
  mn_free(in);
}

/* to[kx][row of the block] = modes of n own rows from `row` on, for the columns of every rank in turn */
static void rows_forward(const void *in, const mn_transform_layout *l, const double *rows, int64_t row, int n, void *to)
{
  const plans *p = in;
  const int64_t count = l->row_end - l->row_begin;
  for (int b = 0; b < n; b++) {
    const double *from = rows + (row + b) * l->nx;
    for (int64_t i = 0; i < l->nx; i++) {
      p->scratch[i] = (REAL)from[i];
    }
    FFTW(execute_dft_r2c)(p->row, p->scratch, p->half + b * p->stride);
  }
  FFTW(complex) *column = (FFTW(complex) *)to + row;
  for (int64_t kx = 0; kx < l->kept; kx++, column += count) {
    for (int b = 0; b < n; b++) {
      memcpy(column[b], p->half[b * p->stride + kx], sizeof *column);
    }
  }
}

static void rows_back(const void *in, const mn_transform_layout *l, const void *from, int64_t row, int n, double *rows)
{
  const plans *p = in;
  const int64_t count = l->row_end - l->row_begin;
  const FFTW(complex) *column = (const FFTW(complex) *)from + row;
  for (int64_t kx = 0; kx < l->kept; kx++, column += count) {
    for (int b = 0; b < n; b++) {
      memcpy(p->half[b * p->stride + kx], column[b], sizeof *column);
    }
  }
  for (int b = 0; b < n; b++) {
    FFTW(complex) *half = p->half + b * p->stride;
    memset(half + l->kept, 0, (size_t)(l->nx / 2 + 1 - l->kept) * sizeof *half);
    double *to = rows + (row + b) * l->nx;
    FFTW(execute_dft_c2r)(p->row_back, half, p->scratch);
    for (int64_t i = 0; i < l->nx; i++) {
      to[i] = (double)p->scratch[i];
    }
  }
}

static void column_forward(const void *in, int64_t ny, void *column, double *modes)
{
  const plans *p = in;
  const REAL *from = column;
  FFTW(execute_dft)(p->column, column, column);
  for (int64_t j = 0; j < 2 * ny; j++) {
    modes[j] = (double)from[j];
  }
}

static void column_back(const void *in, int64_t ny, const double *modes, void *column)
{
  const plans *p = in;
  REAL *to = column;
  for (int64_t j = 0; j < 2 * ny; j++) {
    to[j] = (REAL)modes[j];
  }
  FFTW(execute_dft)(p->column_back, column, column);
}

const mn_transform_parts NAME = {2 * sizeof(REAL), create,         destroy,    rows_forward,
                                 rows_back,        column_forward, column_back};
