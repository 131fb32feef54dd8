/* Cells go to every rank that needs them by MPI_Alltoallv and arrive by sending rank, then id: ascending ids, since
 * blocks ascend.  A stable counting sort into bins keeps that order within a bin, so what is summed over a bin has one
 * order on any number of ranks.  Forces return the way the cells came. */
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
static mn_error *pack(const mn_parallel *parallel, const double *edge, double reach, int64_t local, const double *mine,
                      mn_crowd *crowd, mn_visitor **out)
{
  int64_t *at = NULL;
  int first;
  int last;
  MN_TRY(mn_alloc(&at, parallel->size + 1, sizeof *at));
  for (int64_t i = 0; i < local; i++) {
    wanted_by(edge, parallel->size, mine[2 * i + 1], reach, &first, &last);
    for (int q = first; q <= last; q++) {
      at[q + 1]++;
    }
  }
  for (int q = 0; q < parallel->size; q++) {
    crowd->sent[q] = (int)at[q + 1];
    at[q + 1] += at[q];
  }
  crowd->sending = at[parallel->size];
  mn_error *error = mn_alloc(out, crowd->sending, sizeof **out);
  error = error ? error : mn_alloc(&crowd->routed, crowd->sending, sizeof *crowd->routed);
  for (int64_t i = 0; i < local && !error; i++) {
    const double y = mine[2 * i + 1];
    wanted_by(edge, parallel->size, y, reach, &first, &last);
    for (int q = first; q <= last; q++) {
      (*out)[at[q]] = (mn_visitor){mine[2 * i], y, owned(edge, q, y)};
      crowd->routed[at[q]++] = i;
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
  MN_TRY(mn_alloc(&c->arrived, c->count, sizeof *c->arrived));
  MN_TRY(mn_alloc(&c->x, c->count, sizeof *c->x));
  MN_TRY(mn_alloc(&c->y, c->count, sizeof *c->y));
  MN_TRY(mn_alloc(&c->order, c->count, sizeof *c->order));
  MN_TRY(mn_alloc(&c->own, c->count, sizeof *c->own));
  return mn_alloc(&c->force, 2 * c->count, sizeof *c->force);
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

static mn_error *sort(mn_crowd *c)
{
  frame_bins(c);
  int64_t *bin = c->order; /* of the i-th that arrived, until its place is known */
  const int64_t bins = c->bins[0] * c->bins[1];
  MN_TRY(mn_alloc(&c->start, bins + 2, sizeof *c->start));
  int64_t *fill = c->start + 1; /* ends as the starts, shifted by one */
  int64_t *place = NULL;
  MN_TRY(mn_alloc(&place, c->count, sizeof *place));
  for (int64_t i = 0; i < c->count; i++) {
    bin[i] = bin_of(c, &c->arrived[i]);
    fill[bin[i] + 1]++;
  }
  for (int64_t b = 0; b < bins; b++) {
    fill[b + 1] += fill[b];
  }
  for (int64_t i = 0; i < c->count; i++) {
    place[i] = fill[bin[i]]++;
  }
  for (int64_t i = 0; i < c->count; i++) {
    const int64_t k = place[i];
    c->x[k] = c->arrived[i].x;
    c->y[k] = c->arrived[i].y;
    c->own[k] = c->arrived[i].own != 0;
    c->order[k] = i;
  }
  mn_free(&place);
  return NULL;
}

mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, int64_t local, const double *mine, mn_crowd *c)
{
  mn_visitor *leaving = NULL;
  double *edge = NULL;
  c->bin = bin;
  c->reach = (int)ceil(reach / bin);
  const double whole = (c->reach + 1) * bin; /* so that bins are complete: sums in lanes depend on who is in them */
  mn_error *error = mn_alloc(&edge, parallel->size + 1, sizeof *edge);
  error = error ? error : mn_alloc(&c->sent, parallel->size, sizeof *c->sent);
  error = error ? error : mn_alloc(&c->received, parallel->size, sizeof *c->received);
  if (!error) {
    find_edges(mesh, rows, edge);
    error = pack(parallel, edge, whole, local, mine, c, &leaving);
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
  error = error ? error : exchange(parallel, c, false, sizeof *leaving, leaving, c->arrived);
  error = error ? error : mn_agree(parallel, sort(c));
  mn_free(&leaving);
  mn_free(&edge);
  return error;
}

mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *c, double *out)
{
  double *leaving = NULL;
  double *arriving = NULL;
  mn_error *error = mn_alloc(&leaving, 2 * c->count, sizeof *leaving);
  error = mn_agree(parallel, error ? error : mn_alloc(&arriving, 2 * c->sending, sizeof *arriving));
  if (!error) {
    for (int64_t k = 0; k < c->count; k++) { /* neighbours return 0 */
      const int64_t i = c->order[k];
      const bool own = c->own[k];
      leaving[2 * i] = own ? c->force[2 * k] : 0.0;
      leaving[2 * i + 1] = own ? c->force[2 * k + 1] : 0.0;
    }
    error = exchange(parallel, c, true, 2 * sizeof *leaving, leaving, arriving);
  }
  for (int64_t k = 0; k < c->sending && !error; k++) {
    out[2 * c->routed[k]] += arriving[2 * k];
    out[2 * c->routed[k] + 1] += arriving[2 * k + 1];
  }
  mn_free(&leaving);
  mn_free(&arriving);
  return error;
}

void mn_crowd_clear(mn_crowd *c)
{
  mn_free(&c->arrived);
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
