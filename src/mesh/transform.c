/* Rows are transformed one by one and go in batches into the own columns, and for those of other ranks into a block
 * [kept columns][own rows]; the columns of a rank are consecutive in it, so MPI_Alltoallv sends them as they lie.  What
 * arrives from rank q is [own columns][rows of q]; it is copied into the columns.  Tried without gain: blocks in shared
 * memory, read by other ranks (10 % of the transforms; but what is touched first there takes 1 ms a MB, and meshes are
 * laid anew). */
#include <mnemotaxis/memory.h>

#include "transform_parts.h"

#include <string.h>

struct mn_transform {
  mn_parallel parallel;
  mn_transform_layout layout;
  const mn_transform_parts *parts;
  mn_shares rows, columns;
  void *plans;
  mn_transform_places at[2]; /* complex, of kx and of -kx; packed only with other ranks */
  char *arriving;            /* [own columns][ny] complex, by rank of the rows; only with other ranks */
  int *send_count, *send_at, *receive_count, *receive_at; /* [ranks] complex numbers; 0 of this rank's */
};

static int64_t whole_units(int64_t n)
{
  return (n + MN_TRANSFORM_UNIT - 1) / MN_TRANSFORM_UNIT;
}

int64_t mn_transform_size(int64_t n)
{
  static const int64_t factors[] = {2, 3, 5, 7};
  for (int64_t units = whole_units(n);; units++) {
    int64_t left = units;
    for (int k = 0; k < 4; k++) {
      while (left % factors[k] == 0) {
        left /= factors[k];
      }
    }
    if (left == 1) {
      return units * MN_TRANSFORM_UNIT;
    }
  }
}

static mn_error *allocate(mn_transform *t)
{
  const int size = t->parallel.size;
  const int64_t rows = mn_shares_count(&t->rows, t->parallel.rank);
  const int64_t columns = mn_shares_count(&t->columns, t->parallel.rank);
  for (int side = 0; side < 2; side++) {
    MN_TRY(mn_alloc(&t->at[side].own, columns * t->layout.stride, t->parts->complex_bytes));
    if (size > 1) {
      MN_TRY(mn_alloc(&t->at[side].packed, t->layout.kept * rows, t->parts->complex_bytes));
    }
  }
  if (size > 1) {
    MN_TRY(mn_alloc(&t->arriving, columns * t->layout.ny, t->parts->complex_bytes));
  }
  MN_TRY(mn_alloc(&t->send_count, size, sizeof *t->send_count));
  MN_TRY(mn_alloc(&t->send_at, size, sizeof *t->send_at));
  MN_TRY(mn_alloc(&t->receive_count, size, sizeof *t->receive_count));
  MN_TRY(mn_alloc(&t->receive_at, size, sizeof *t->receive_at));
  if (t->layout.kept * t->layout.ny > INT32_MAX) {
    return mn_error_create(MN_USAGE, "a mesh of %lld x %lld is too large for MPI's 32-bit counts",
                           (long long)t->layout.nx, (long long)t->layout.ny);
  }
  for (int q = 0; q < size; q++) {
    const bool other = q != t->parallel.rank;
    t->send_count[q] = other ? (int)(mn_shares_count(&t->columns, q) * rows) : 0;
    t->send_at[q] = (int)(t->columns.begin[q] * rows);
    t->receive_count[q] = other ? (int)(mn_shares_count(&t->rows, q) * columns) : 0;
    t->receive_at[q] = (int)(t->rows.begin[q] * columns);
  }
  return t->parts->create(&t->layout, &t->plans);
}

static mn_error *prepare(mn_transform *t, bool single, int64_t nx, int64_t ny, int64_t kept, const mn_shares *rows,
                         const mn_shares *columns)
{
  const mn_parallel *p = &t->parallel;
  t->parts = single ? &mn_transform_float : &mn_transform_double;
  MN_TRY(mn_shares_copy(rows, &t->rows));
  MN_TRY(columns ? mn_shares_copy(columns, &t->columns) : mn_shares_even(kept, p->size, &t->columns));
  t->layout = (mn_transform_layout){.nx = nx,
                                    .ny = ny,
                                    .stride = whole_units(ny) * MN_TRANSFORM_UNIT,
                                    .kept = kept,
                                    .row_begin = t->rows.begin[p->rank],
                                    .row_end = t->rows.begin[p->rank + 1],
                                    .col_begin = t->columns.begin[p->rank],
                                    .col_end = t->columns.begin[p->rank + 1]};
  return allocate(t);
}

mn_error *mn_transform_create(const mn_parallel *parallel, bool single, int64_t nx, int64_t ny, int64_t kept,
                              const mn_shares *rows, const mn_shares *columns, mn_transform **transform)
{
  mn_transform *t = NULL;
  mn_error *error = mn_alloc(&t, 1, sizeof *t);
  if (!error) {
    t->parallel = *parallel;
    error = prepare(t, single, nx, ny, kept, rows, columns);
  }
  error = mn_agree(parallel, error);
  if (error) {
    mn_transform_destroy(&t);
  }
  *transform = t;
  return error;
}

void mn_transform_destroy(mn_transform **transform)
{
  mn_transform *t = *transform;
  if (t) {
    t->parts->destroy(&t->plans);
    mn_shares_clear(&t->rows);
    mn_shares_clear(&t->columns);
    for (int side = 0; side < 2; side++) {
      mn_free(&t->at[side].own);
      mn_free(&t->at[side].packed);
    }
    mn_free(&t->arriving);
    mn_free(&t->send_count);
    mn_free(&t->send_at);
    mn_free(&t->receive_count);
    mn_free(&t->receive_at);
  }
  mn_free(transform);
}

const mn_transform_layout *mn_transform_shape(const mn_transform *t)
{
  return &t->layout;
}

/* Between columns and what arrived from (or goes to) every other rank. */
static void sort_columns(const mn_transform *t, int side, bool into)
{
  const size_t unit = t->parts->complex_bytes;
  const int64_t count = t->layout.col_end - t->layout.col_begin;
  for (int64_t c = 0; c < count; c++) {
    for (int q = 0; q < t->parallel.size; q++) {
      const int64_t rows = mn_shares_count(&t->rows, q);
      char *block = t->arriving + (size_t)(t->receive_at[q] + c * rows) * unit;
      char *column = (char *)t->at[side].own + (size_t)(c * t->layout.stride + t->rows.begin[q]) * unit;
      if (t->receive_count[q] > 0) {
        memcpy(into ? column : block, into ? block : column, (size_t)rows * unit);
      }
    }
  }
}

static void exchange(mn_transform *t, int side, bool forward)
{
  MPI_Datatype number;
  void *packed = t->at[side].packed;
  MPI_Type_contiguous((int)t->parts->complex_bytes, MPI_BYTE, &number);
  MPI_Type_commit(&number);
  if (forward) {
    MPI_Alltoallv(packed, t->send_count, t->send_at, number, t->arriving, t->receive_count, t->receive_at, number,
                  t->parallel.comm);
  } else {
    MPI_Alltoallv(t->arriving, t->receive_count, t->receive_at, number, packed, t->send_count, t->send_at, number,
                  t->parallel.comm);
  }
  MPI_Type_free(&number);
}

/* How many rows make the batch that begins at `row`. */
static int batch(int64_t row, int64_t end)
{
  return end - row < MN_TRANSFORM_BATCH ? (int)(end - row) : MN_TRANSFORM_BATCH;
}

/* A range of the mesh's rows among this rank's. */
static mn_range own_part(const mn_transform *t, mn_range range)
{
  const int64_t count = t->layout.row_end - t->layout.row_begin;
  const int64_t begin = range.begin - t->layout.row_begin;
  const int64_t end = range.end - t->layout.row_begin;
  const mn_range part = {begin < 0 ? 0 : begin, end > count ? count : end};
  return part.begin < part.end ? part : (mn_range){0, 0};
}

static void put_rows(mn_transform *t, mn_range part, const double *rows)
{
  for (int64_t row = part.begin; row < part.end; row += MN_TRANSFORM_BATCH) {
    t->parts->rows_forward(t->plans, &t->layout, rows, row, batch(row, part.end), &t->at[0]);
  }
}

void mn_transform_to_columns(mn_transform *t, mn_range filled, const double *rows)
{
  const mn_range part = own_part(t, filled);
  put_rows(t, (mn_range){0, part.begin}, NULL);
  put_rows(t, part, rows);
  put_rows(t, (mn_range){part.end, t->layout.row_end - t->layout.row_begin}, NULL);
  if (t->parallel.size > 1) {
    exchange(t, 0, true);
    sort_columns(t, 0, true);
  }
}

static char *column_of(const mn_transform *t, int side, int64_t c)
{
  return (char *)t->at[side].own + (size_t)(c * t->layout.stride) * t->parts->complex_bytes;
}

void mn_transform_column_out(mn_transform *t, int64_t c, double *modes)
{
  t->parts->column_forward(t->plans, t->layout.ny, column_of(t, 0, c), modes);
}

void mn_transform_column_in(mn_transform *t, int64_t c, int side, const double *modes)
{
  t->parts->column_back(t->plans, t->layout.ny, modes, column_of(t, side, c));
}

void mn_transform_to_rows(mn_transform *t, mn_range wanted, mn_row_adder more, double *rows)
{
  const mn_range part = own_part(t, wanted);
  for (int side = 0; side < 2 && t->parallel.size > 1; side++) {
    sort_columns(t, side, false);
    exchange(t, side, false);
  }
  for (int64_t row = part.begin; row < part.end; row += MN_TRANSFORM_BATCH) {
    t->parts->rows_back(t->plans, &t->layout, t->at, row, batch(row, part.end), more, rows);
  }
}

int64_t mn_transform_bytes(bool single, int64_t nx, int64_t ny, int64_t kept, int size)
{
  const int64_t unit = single ? 8 : 16;
  const int64_t columns = (kept + size - 1) / size * ny;
  const int64_t blocks = 2 * columns + (size > 1 ? 2 * kept * ((ny + size - 1) / size) + columns : 0);
  const int64_t batch = MN_TRANSFORM_BATCH * (nx + MN_TRANSFORM_UNIT / 2);
  return (int64_t)sizeof(mn_transform) + 1024 + unit * (blocks + batch + (nx > ny ? nx : ny));
}
