/* Every rank's range cuts every owner's rows in one piece; the pieces of a rank, by rank of the owner, lie one after
 * the other in its range. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/rows.h>

#include <string.h>

mn_error *mn_shares_even(int64_t count, int size, mn_shares *shares)
{
  shares->size = size;
  MN_TRY(mn_alloc(&shares->begin, size + 1, sizeof *shares->begin));
  for (int r = 0; r <= size; r++) {
    shares->begin[r] = count / size * r + count % size * r / size;
  }
  return NULL;
}

mn_error *mn_shares_copy(const mn_shares *from, mn_shares *to)
{
  to->size = from->size;
  MN_TRY(mn_alloc(&to->begin, from->size + 1, sizeof *to->begin));
  memcpy(to->begin, from->begin, (size_t)(from->size + 1) * sizeof *to->begin);
  return NULL;
}

void mn_shares_clear(mn_shares *shares)
{
  mn_free(&shares->begin);
}

int64_t mn_shares_count(const mn_shares *shares, int rank)
{
  return shares->begin[rank + 1] - shares->begin[rank];
}

/* Pieces between this rank and all others, in units of one row. */
typedef struct pieces {
  int *own_count, *own_at;   /* [size] of own rows that others look at; at: within the own rows, not packed */
  int *look_count, *look_at; /* [size] of rows looked at that others own; at: within the range */
} pieces;

static mn_range overlap(const mn_shares *owner, int rank, mn_range range)
{
  const int64_t begin = owner->begin[rank] > range.begin ? owner->begin[rank] : range.begin;
  const int64_t end = owner->begin[rank + 1] < range.end ? owner->begin[rank + 1] : range.end;
  return (mn_range){begin, end > begin ? end : begin};
}

static mn_error *find_pieces(const mn_parallel *parallel, const mn_shares *owner, mn_range range, pieces *p)
{
  mn_range *all = NULL;
  int **arrays[] = {&p->own_count, &p->own_at, &p->look_count, &p->look_at};
  mn_error *error = mn_alloc(&all, parallel->size, sizeof *all);
  for (int k = 0; k < 4 && !error; k++) {
    error = mn_alloc(arrays[k], parallel->size, sizeof **arrays[k]);
  }
  error = mn_agree(parallel, error);
  if (!error) {
    MPI_Allgather(&range, 2, MPI_INT64_T, all, 2, MPI_INT64_T, parallel->comm);
    for (int q = 0; q < parallel->size; q++) {
      const mn_range own = overlap(owner, parallel->rank, all[q]);
      const mn_range look = overlap(owner, q, range);
      p->own_count[q] = (int)(own.end - own.begin);
      p->own_at[q] = (int)(own.begin - owner->begin[parallel->rank]);
      p->look_count[q] = (int)(look.end - look.begin);
      p->look_at[q] = p->look_count[q] > 0 ? (int)(look.begin - range.begin) : 0;
    }
  }
  mn_free(&all);
  return error;
}

static void clear_pieces(pieces *p)
{
  mn_free(&p->own_count);
  mn_free(&p->own_at);
  mn_free(&p->look_count);
  mn_free(&p->look_at);
}

static MPI_Datatype row_type(int64_t width)
{
  MPI_Datatype row;
  MPI_Type_contiguous((int)width, MPI_INT64_T, &row); /* 8 bytes, as a double */
  MPI_Type_commit(&row);
  return row;
}

static void fetch(const mn_parallel *parallel, const pieces *p, int64_t width, const double *mine, double *rows)
{
  MPI_Datatype row = row_type(width);
  MPI_Alltoallv(mine, p->own_count, p->own_at, row, rows, p->look_count, p->look_at, row, parallel->comm);
  MPI_Type_free(&row);
}

mn_error *mn_rows_fetch(const mn_parallel *parallel, const mn_shares *owner, int64_t width, const double *mine,
                        mn_range wanted, double *rows)
{
  pieces p = {0};
  mn_error *error = find_pieces(parallel, owner, wanted, &p);
  if (!error) {
    fetch(parallel, &p, width, mine, rows);
  }
  clear_pieces(&p);
  return error;
}

/* Rows of the rank that owns most. */
static int64_t longest(const mn_shares *owner)
{
  int64_t most = 0;
  for (int q = 0; q < owner->size; q++) {
    most = mn_shares_count(owner, q) > most ? mn_shares_count(owner, q) : most;
  }
  return most;
}

/* A stretch of every owner's rows at a time, packed, so that what MPI needs room for stays in the cache: meshes of 32
 * MB in one call took 50 ms on two ranks.  Own sums overwrite only what has been packed: no row is further from the
 * first of its owner than from the first of all. */
mn_error *mn_rows_reduce(const mn_parallel *parallel, const mn_shares *owner, int64_t width, int64_t *rows)
{
  enum { NUMBERS = 1 << 16 /* at a time */ };
  const int size = parallel->size;
  const int64_t most = NUMBERS / (size * width) > 0 ? NUMBERS / (size * width) : 1; /* rows of an owner */
  int64_t *packed = NULL;
  int *count = NULL;
  if (size == 1) {
    return NULL;
  }
  mn_error *error = mn_alloc(&count, size, sizeof *count);
  error = mn_agree(parallel, error ? error : mn_alloc(&packed, most * size * width, sizeof *packed));
  for (int64_t done = 0; !error && done < longest(owner); done += most) {
    int64_t *end = packed;
    for (int q = 0; q < size; q++) {
      const int64_t left = mn_shares_count(owner, q) - done;
      count[q] = left > 0 ? (int)((left < most ? left : most) * width) : 0;
      if (count[q] > 0) {
        memcpy(end, rows + (owner->begin[q] + done) * width, (size_t)count[q] * sizeof *rows);
        end += count[q];
      }
    }
    MPI_Reduce_scatter(packed, rows + done * width, count, MPI_INT64_T, MPI_SUM, parallel->comm);
  }
  mn_free(&packed);
  mn_free(&count);
  return error;
}
