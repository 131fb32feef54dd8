/* Cells go to every rank that needs them by MPI_Alltoallv, in the order of places if they are known in that, so that
 * neighbours in the plane are neighbours in memory.  A counting sort fills the bins, and the few cells of a bin are put
 * in the order of their ids: what is summed over a bin has one order on any number of ranks.  Forces return the way the
 * cells came. */
#include "crowd.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

/* Strips as ordinates: rank r owns [edge[r], edge[r + 1]); the first and last reach to infinity. */
static void find_edges(const mn_lattice *mesh, const mn_shares *rows, double *edge)
{
  for (int r = 0; r <= rows->size; r++) {
    const int64_t row = rows->begin[r];
    edge[r] = (double)(mesh->first[1] + row) * mesh->spacing;
    edge[r] = row <= 0 ? -(double)INFINITY : edge[r];
    edge[r] = row >= mesh->nodes[1] ? (double)INFINITY : edge[r];
  }
}

/* Ranks [first, last] whose strips come within reach of y. */
static void wanted_by(const double *edge, int size, double y, double reach, int *first, int *last)
{
  *first = 0;
  while (*first < size - 1 && !(y - reach < edge[*first + 1])) {
    (*first)++;
  }
  *last = *first;
  while (*last < size - 1 && y + reach >= edge[*last + 1]) {
    (*last)++;
  }
}

static bool owned(const double *edge, int rank, double y)
{
  return y >= edge[rank] && y < edge[rank + 1];
}

/* Visitors by destination; their number for each is in crowd->sent. */
static mn_error *pack(const mn_parallel *parallel, const double *edge, double reach, const mn_listing *mine,
                      mn_crowd *crowd)
{
  int64_t *at = NULL;
  int first;
  int last;
  MN_TRY(mn_alloc(&at, parallel->size + 1, sizeof *at));
  for (int64_t k = 0; k < mine->count; k++) {
    wanted_by(edge, parallel->size, mine->point[2 * k + 1], reach, &first, &last);
    for (int q = first; q <= last; q++) {
      at[q + 1]++;
    }
  }
  for (int q = 0; q < parallel->size; q++) {
    crowd->sent[q] = (int)at[q + 1];
    at[q + 1] += at[q];
  }
  crowd->sending = at[parallel->size];
  mn_error *error = mn_reserve(&crowd->leaving, crowd->sending, sizeof *crowd->leaving);
  error = error ? error : mn_reserve(&crowd->routed, crowd->sending, sizeof *crowd->routed);
  for (int64_t k = 0; k < mine->count && !error; k++) {
    const double y = mine->point[2 * k + 1];
    const int64_t cell = mine->order ? mine->order[k] : k;
    const int64_t id = mine->first + cell;
    wanted_by(edge, parallel->size, y, reach, &first, &last);
    for (int q = first; q <= last; q++) {
      crowd->leaving[at[q]] = (mn_visitor){mine->point[2 * k], y, owned(edge, q, y) ? id : ~id};
      crowd->routed[at[q]++] = cell;
    }
  }
  mn_free(&at);
  return error;
}

/* Exchanges `unit` bytes for every cell that was sent, there or back. */
static mn_error *exchange(const mn_parallel *parallel, const mn_crowd *crowd, bool back, size_t unit, const void *from,
                          void *to)
{
  int *at = NULL;
  MPI_Datatype item;
  MN_TRY(mn_agree(parallel, mn_alloc(&at, 2 * parallel->size, sizeof *at)));
  int *received_at = at + parallel->size;
  for (int q = 1; q < parallel->size; q++) {
    at[q] = at[q - 1] + crowd->sent[q - 1];
    received_at[q] = received_at[q - 1] + crowd->received[q - 1];
  }
  MPI_Type_contiguous((int)unit, MPI_BYTE, &item);
  MPI_Type_commit(&item);
  if (back) {
    MPI_Alltoallv(from, crowd->received, received_at, item, to, crowd->sent, at, item, parallel->comm);
  } else {
    MPI_Alltoallv(from, crowd->sent, at, item, to, crowd->received, received_at, item, parallel->comm);
  }
  MPI_Type_free(&item);
  mn_free(&at);
  return NULL;
}

static mn_error *allocate(mn_crowd *c)
{
  MN_TRY(mn_reserve(&c->arrived, c->count, sizeof *c->arrived));
  MN_TRY(mn_reserve(&c->x, c->count, sizeof *c->x));
  MN_TRY(mn_reserve(&c->y, c->count, sizeof *c->y));
  MN_TRY(mn_reserve(&c->order, c->count, sizeof *c->order));
  MN_TRY(mn_reserve(&c->bin_of, c->count, sizeof *c->bin_of));
  MN_TRY(mn_reserve(&c->own, c->count, sizeof *c->own));
  MN_TRY(mn_reserve(&c->force, 2 * c->count, sizeof *c->force));
  memset(c->force, 0, (size_t)(2 * c->count) * sizeof *c->force);
  return NULL;
}

static int64_t bin_of(const mn_crowd *c, const mn_visitor *v)
{
  const int64_t column = (int64_t)floor(v->x / c->bin) - c->first[0];
  const int64_t row = (int64_t)floor(v->y / c->bin) - c->first[1];
  return row * c->bins[0] + column;
}

static void frame_bins(mn_crowd *c)
{
  double low[2] = {INFINITY, INFINITY};
  double high[2] = {-INFINITY, -INFINITY};
  for (int64_t i = 0; i < c->count; i++) {
    const mn_visitor *v = &c->arrived[i];
    low[0] = v->x < low[0] ? v->x : low[0];
    low[1] = v->y < low[1] ? v->y : low[1];
    high[0] = v->x > high[0] ? v->x : high[0];
    high[1] = v->y > high[1] ? v->y : high[1];
  }
  for (int a = 0; a < 2; a++) {
    c->first[a] = c->count > 0 ? (int64_t)floor(low[a] / c->bin) : 0;
    c->bins[a] = c->count > 0 ? (int64_t)floor(high[a] / c->bin) - c->first[a] + 1 : 0;
  }
}

static int64_t id_of(const mn_visitor *v)
{
  return v->id < 0 ? ~v->id : v->id;
}

/* Cells of a bin by their ids. */
static void sort_bin(const mn_crowd *c, int64_t begin, int64_t end)
{
  for (int64_t k = begin + 1; k < end; k++) {
    const int64_t i = c->order[k];
    const int64_t id = id_of(&c->arrived[i]);
    int64_t to = k;
    for (; to > begin && id_of(&c->arrived[c->order[to - 1]]) > id; to--) {
      c->order[to] = c->order[to - 1];
    }
    c->order[to] = i;
  }
}

static mn_error *sort(mn_crowd *c)
{
  frame_bins(c);
  const int64_t bins = c->bins[0] * c->bins[1];
  MN_TRY(mn_reserve(&c->start, bins + 2, sizeof *c->start));
  memset(c->start, 0, (size_t)(bins + 2) * sizeof *c->start);
  int64_t *fill = c->start + 1; /* ends as the starts, shifted by one */
  for (int64_t i = 0; i < c->count; i++) {
    c->bin_of[i] = bin_of(c, &c->arrived[i]);
    fill[c->bin_of[i] + 1]++;
  }
  for (int64_t b = 0; b < bins; b++) {
    fill[b + 1] += fill[b];
  }
  for (int64_t i = 0; i < c->count; i++) {
    c->order[fill[c->bin_of[i]]++] = i;
  }
  for (int64_t b = 0; b < bins; b++) {
    sort_bin(c, c->start[b], c->start[b + 1]);
  }
  for (int64_t k = 0; k < c->count; k++) {
    const mn_visitor *v = &c->arrived[c->order[k]];
    c->x[k] = v->x;
    c->y[k] = v->y;
    c->own[k] = v->id >= 0;
  }
  return NULL;
}

mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, const mn_listing *mine, mn_crowd *c)
{
  double *edge = NULL;
  c->bin = bin;
  c->reach = (int)ceil(reach / bin);
  const double whole = (c->reach + 1) * bin; /* so that bins are complete: sums in lanes depend on who is in them */
  mn_error *error = mn_alloc(&edge, parallel->size + 1, sizeof *edge);
  error = error ? error : mn_reserve(&c->sent, parallel->size, sizeof *c->sent);
  error = error ? error : mn_reserve(&c->received, parallel->size, sizeof *c->received);
  if (!error) {
    find_edges(mesh, rows, edge);
    error = pack(parallel, edge, whole, mine, c);
  }
  error = mn_agree(parallel, error);
  if (!error) {
    MPI_Alltoall(c->sent, 1, MPI_INT, c->received, 1, MPI_INT, parallel->comm);
    c->count = 0;
    for (int q = 0; q < parallel->size; q++) {
      c->count += c->received[q];
    }
    error = mn_agree(parallel, allocate(c));
  }
  error = error ? error : exchange(parallel, c, false, sizeof *c->leaving, c->leaving, c->arrived);
  error = error ? error : mn_agree(parallel, sort(c));
  mn_free(&edge);
  return error;
}

mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *c, double *out)
{
  mn_error *error = mn_reserve(&c->returning, 2 * c->count, sizeof *c->returning);
  error = mn_agree(parallel, error ? error : mn_reserve(&c->returned, 2 * c->sending, sizeof *c->returned));
  if (!error) {
    for (int64_t k = 0; k < c->count; k++) { /* neighbours return 0 */
      const int64_t i = c->order[k];
      const bool own = c->own[k];
      c->returning[2 * i] = own ? c->force[2 * k] : 0.0;
      c->returning[2 * i + 1] = own ? c->force[2 * k + 1] : 0.0;
    }
    error = exchange(parallel, c, true, 2 * sizeof(double), c->returning, c->returned);
  }
  for (int64_t k = 0; k < c->sending && !error; k++) {
    out[2 * c->routed[k]] += c->returned[2 * k];
    out[2 * c->routed[k] + 1] += c->returned[2 * k + 1];
  }
  return error;
}

void mn_crowd_clear(mn_crowd *c)
{
  mn_free(&c->leaving);
  mn_free(&c->arrived);
  mn_free(&c->bin_of);
  mn_free(&c->returning);
  mn_free(&c->returned);
  mn_free(&c->x);
  mn_free(&c->y);
  mn_free(&c->order);
  mn_free(&c->own);
  mn_free(&c->force);
  mn_free(&c->start);
  mn_free(&c->sent);
  mn_free(&c->received);
  mn_free(&c->routed);
  *c = (mn_crowd){0};
}
