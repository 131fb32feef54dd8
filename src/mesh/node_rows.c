/* A barrier of the node before writing and one on either side of the exchange between nodes order all accesses; they
 * cost microseconds against the milliseconds of the fields. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/node_rows.h>

#include "common.h"

/* Ranks of `node` are consecutive everywhere. */
static bool consecutive(const mn_parallel *parallel, MPI_Comm node)
{
  int size;
  int last;
  int first;
  MPI_Comm_size(node, &size);
  MPI_Allreduce(&parallel->rank, &last, 1, MPI_INT, MPI_MAX, node);
  MPI_Allreduce(&parallel->rank, &first, 1, MPI_INT, MPI_MIN, node);
  return !mn_any(parallel, last - first + 1 != size);
}

/* Cuts the ranks of a node into parts of at most `most`. */
static void divide(const mn_parallel *parallel, int most, MPI_Comm *node)
{
  int rank;
  MPI_Comm part;
  MPI_Comm_rank(*node, &rank);
  MPI_Comm_split(*node, rank / most, parallel->rank, &part);
  MPI_Comm_free(node);
  *node = part;
}

static mn_error *find_nodes(const mn_parallel *parallel, mn_node_rows *rows)
{
  int rank;
  MPI_Comm_rank(rows->node, &rank);
  MPI_Comm_split(parallel->comm, rank == 0 ? 0 : MPI_UNDEFINED, parallel->rank, &rows->leaders);
  rows->nodes = 0;
  MPI_Allreduce(&(int){rank == 0}, &rows->nodes, 1, MPI_INT, MPI_SUM, parallel->comm);
  MN_TRY(mn_agree(parallel, mn_alloc(&rows->first, rows->nodes + 1, sizeof *rows->first)));
  if (rank == 0) {
    MPI_Allgather(&parallel->rank, 1, MPI_INT, rows->first, 1, MPI_INT, rows->leaders);
  }
  rows->first[rows->nodes] = parallel->size;
  MPI_Bcast(rows->first, rows->nodes + 1, MPI_INT, 0, rows->node);
  return NULL;
}

mn_error *mn_node_rows_create(const mn_parallel *parallel, int most, mn_node_rows *rows)
{
  *rows = (mn_node_rows){.leaders = MPI_COMM_NULL, .window = MPI_WIN_NULL};
  MPI_Comm_split_type(parallel->comm, MPI_COMM_TYPE_SHARED, parallel->rank, MPI_INFO_NULL, &rows->node);
  if (!consecutive(parallel, rows->node)) {
    most = 1;
  }
  if (most > 0) {
    divide(parallel, most, &rows->node);
  }
  return find_nodes(parallel, rows);
}

static void release(mn_node_rows *rows)
{
  mn_common_destroy(&rows->window);
  rows->room = 0;
  rows->values = NULL;
}

void mn_node_rows_clear(mn_node_rows *rows)
{
  if (rows->first) {
    release(rows);
    if (rows->leaders != MPI_COMM_NULL) {
      MPI_Comm_free(&rows->leaders);
    }
    MPI_Comm_free(&rows->node);
    mn_free(&rows->first);
  }
}

mn_error *mn_node_rows_reserve(const mn_parallel *parallel, mn_node_rows *rows, int64_t count)
{
  if (count <= rows->room) {
    return NULL;
  }
  int rank;
  MPI_Comm_rank(rows->node, &rank);
  release(rows);
  count += count / 8;
  MN_TRY(mn_common_create(parallel, rows->node, rank == 0 ? count : 0, &rows->window));
  rows->values = mn_common_part(rows->window, 0);
  rows->room = count;
  return NULL;
}

void mn_node_rows_open(const mn_node_rows *rows)
{
  mn_common_synchronize(rows->window, rows->node);
}

/* Rows of all nodes as counts of numbers and their places. */
static mn_error *count_numbers(const mn_shares *owner, int64_t width, const mn_node_rows *rows, int **count, int **at)
{
  const int64_t last = owner->begin[owner->size];
  MN_TRY(mn_alloc(count, rows->nodes, sizeof **count));
  MN_TRY(mn_alloc(at, rows->nodes, sizeof **at));
  if (last * width > INT32_MAX) {
    return mn_error_create(MN_USAGE, "a mesh of %lld x %lld is too large for MPI's 32-bit counts", (long long)width,
                           (long long)last);
  }
  for (int k = 0; k < rows->nodes; k++) {
    const int64_t begin = owner->begin[rows->first[k]];
    (*at)[k] = (int)(begin * width);
    (*count)[k] = (int)((owner->begin[rows->first[k + 1]] - begin) * width);
  }
  return NULL;
}

mn_error *mn_node_rows_share(const mn_parallel *parallel, const mn_shares *owner, int64_t width, mn_node_rows *rows)
{
  int *count = NULL;
  int *at = NULL;
  mn_error *error = mn_agree(parallel, count_numbers(owner, width, rows, &count, &at));
  if (!error) {
    mn_common_synchronize(rows->window, rows->node);
    if (rows->leaders != MPI_COMM_NULL) {
      MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, rows->values, count, at, MPI_DOUBLE, rows->leaders);
    }
    mn_common_synchronize(rows->window, rows->node);
  }
  mn_free(&count);
  mn_free(&at);
  return error;
}
