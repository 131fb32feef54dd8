/* Cells go to every rank that needs them by MPI_Alltoallv, in the order of places if they are known in that, so that
 * neighbours in the plane are neighbours in memory; those that stay are put where they would have come to.  A counting
 * sort fills the bins, from all ranks side by side, so that what is written stays in the cache: one rank after the
 * other took 8 ms on two ranks where one rank takes 9.4.  The few cells of a bin are put in the order of their ids:
 * what is summed over a bin has one order on any number of ranks.  Forces return the way the cells came. */
#include "crowd.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

enum { SLICE = 1 << 14 /* cells */ };

/* Strips as ordinates: rank r owns [edge[r], edge[r + 1]); the first and last reach to infinity. */
typedef struct strips {
  double *edge; /* [size + 1] */
  int size;
  double reach;
} strips;

/* Adds up own cells by row. */
static void count_rows(const mn_lattice *mesh, const mn_listing *mine, int64_t *cells)
{
  const double first = (double)mesh->first[1];
  const double per_row = 1.0 / mesh->spacing;
  const double last = (double)(mesh->nodes[1] - 1);
  for (int64_t k = 0; k < mn_block_count(mine->block); k++) {
    const double row = mine->point[2 * k + 1] * per_row - first;
    cells[(int64_t)fmin(fmax(row, 0.0), last)]++;
  }
}

/* Boundaries where the costs of all rows before come nearest to even shares; a cell's pairs are as many as its row has
 * cells. */
static void cut_strips(const int64_t *cells, int64_t count, mn_crowd_price price, mn_shares *rows)
{
  double moments[2] = {0.0, 0.0};
  double before = 0.0;
  int next = 1;
  for (int64_t j = 0; j < count; j++) {
    moments[0] += (double)cells[j];
    moments[1] += (double)cells[j] * (double)cells[j];
  }
  const double per_pair = moments[1] > 0.0 ? price.pairs * moments[0] / moments[1] : 0.0;
  const double all = (price.cell + price.pairs) * moments[0];
  for (int64_t j = 0; j < count; j++) {
    const double row = (double)cells[j] * (price.cell + per_pair * (double)cells[j]);
    for (; next < rows->size && before + 0.5 * row > all * next / rows->size; next++) {
      rows->begin[next] = j;
    }
    before += row;
  }
  for (; next < rows->size; next++) {
    rows->begin[next] = count;
  }
}

mn_error *mn_crowd_share(const mn_parallel *parallel, const mn_lattice *mesh, mn_crowd_price price,
                         const mn_listing *mine, mn_shares *rows)
{
  const int64_t count = mesh->nodes[1];
  int64_t *cells = NULL;
  mn_error *error = mn_shares_even(count, parallel->size, rows);
  error = mn_agree(parallel, error ? error : mn_alloc(&cells, count, sizeof *cells));
  if (!error && parallel->size > 1) {
    count_rows(mesh, mine, cells);
    MPI_Allreduce(MPI_IN_PLACE, cells, (int)count, MPI_INT64_T, MPI_SUM, parallel->comm);
    cut_strips(cells, count, price, rows);
  }
  mn_free(&cells);
  return error;
}

static void find_edges(const mn_lattice *mesh, const mn_shares *rows, double *edge)
{
  for (int r = 0; r <= rows->size; r++) {
    const int64_t row = rows->begin[r];
    edge[r] = (double)(mesh->first[1] + row) * mesh->spacing;
    edge[r] = row <= 0 ? -(double)INFINITY : edge[r];
    edge[r] = row >= mesh->nodes[1] ? (double)INFINITY : edge[r];
  }
}

/* Ranks [first, last] whose strips come within reach of y, sought from those of the cell before. */
static inline void wanted_by(const strips *s, double y, int *first, int *last)
{
  while (*first > 0 && y - s->reach < s->edge[*first]) {
    (*first)--;
  }
  while (*first < s->size - 1 && !(y - s->reach < s->edge[*first + 1])) {
    (*first)++;
  }
  *last = *last > *first ? *last : *first;
  while (*last > *first && y + s->reach < s->edge[*last]) {
    (*last)--;
  }
  while (*last < s->size - 1 && y + s->reach >= s->edge[*last + 1]) {
    (*last)++;
  }
}

static bool owned(const strips *s, int rank, double y)
{
  return y >= s->edge[rank] && y < s->edge[rank + 1];
}

/* How many of the own cells go to each rank; neighbours mostly go to the same. */
static void count_sent(const strips *s, const mn_listing *mine, int *sent)
{
  const int64_t count = mn_block_count(mine->block);
  int64_t since = 0;
  int first = 0;
  int last = 0;
  memset(sent, 0, (size_t)s->size * sizeof *sent);
  for (int64_t k = 0; k <= count; k++) {
    int from = first;
    int to = last;
    if (k < count) {
      wanted_by(s, mine->point[2 * k + 1], &from, &to);
    }
    if (k == count || from != first || to != last) {
      for (int q = first; q <= last; q++) {
        sent[q] += (int)(k - since);
      }
      since = k;
      first = from;
      last = to;
    }
  }
}

/* Who goes where: how many each rank sends and receives, where they lie, and how many are here then. */
static mn_error *count_visitors(const mn_parallel *parallel, const strips *s, const mn_listing *mine, mn_crowd *c)
{
  const int self = parallel->rank;
  count_sent(s, mine, c->sent);
  MPI_Alltoall(c->sent, 1, MPI_INT, c->received, 1, MPI_INT, parallel->comm);
  c->leaving = c->count = 0;
  for (int q = 0; q < parallel->size; q++) {
    c->sent_at[q] = (int)c->leaving;
    c->received_at[q] = (int)c->count;
    c->leaving += q == self ? 0 : c->sent[q];
    c->count += c->received[q];
  }
  if (c->leaving + c->count > INT32_MAX) {
    return mn_error_create(MN_INTERNAL, "%lld near cells are too many for a rank", (long long)(c->leaving + c->count));
  }
  c->ranks = parallel->size;
  c->staying = (mn_range){c->received_at[self], c->received_at[self] + c->received[self]};
  c->sent_at[self] = (int)(c->leaving + c->staying.begin);
  c->sent[self] = c->received[self] = 0;
  MN_TRY(mn_reserve(&c->cells, c->leaving + c->count, sizeof *c->cells));
  MN_TRY(mn_reserve(&c->point, c->leaving + c->count, sizeof *c->point));
  MN_TRY(mn_reserve(&c->x, c->count, sizeof *c->x));
  MN_TRY(mn_reserve(&c->y, c->count, sizeof *c->y));
  MN_TRY(mn_reserve(&c->id, c->count, sizeof *c->id));
  MN_TRY(mn_reserve(&c->order, c->count, sizeof *c->order));
  MN_TRY(mn_reserve(&c->bin_of, c->count, sizeof *c->bin_of));
  return mn_reserve(&c->force, 2 * c->count, sizeof *c->force);
}

/* Own cells become visitors: of other ranks, to be sent, and of this one, where they stay. */
static mn_error *place_visitors(const strips *s, const mn_listing *mine, mn_crowd *c)
{
  int *at = NULL;
  int first = 0;
  int last = 0;
  MN_TRY(mn_alloc(&at, s->size, sizeof *at));
  memcpy(at, c->sent_at, (size_t)s->size * sizeof *at);
  for (int64_t k = 0; k < mn_block_count(mine->block); k++) {
    const double y = mine->point[2 * k + 1];
    const int64_t id = mine->block.begin + (mine->order ? mine->order[k] : k);
    wanted_by(s, y, &first, &last);
    for (int q = first; q <= last; q++) {
      c->point[at[q]] = (int32_t)k;
      c->cells[at[q]++] = (mn_visitor){mine->point[2 * k], y, owned(s, q, y) ? id : ~id};
    }
  }
  mn_free(&at);
  return NULL;
}

/* Moves `unit` bytes for every visitor of another rank, there or back; `items` as c->cells. */
static void exchange(const mn_parallel *parallel, const mn_crowd *c, bool back, size_t unit, void *items)
{
  if (parallel->size == 1) {
    return;
  }
  MPI_Datatype item;
  char *away = items;
  char *here = away + (size_t)c->leaving * unit;
  MPI_Type_contiguous((int)unit, MPI_BYTE, &item);
  MPI_Type_commit(&item);
  if (back) {
    MPI_Alltoallv(here, c->received, c->received_at, item, away, c->sent, c->sent_at, item, parallel->comm);
  } else {
    MPI_Alltoallv(away, c->sent, c->sent_at, item, here, c->received, c->received_at, item, parallel->comm);
  }
  MPI_Type_free(&item);
}

static void frame_bins(mn_crowd *c)
{
  double low[2] = {INFINITY, INFINITY};
  double high[2] = {-INFINITY, -INFINITY};
  for (int64_t i = 0; i < c->count; i++) {
    const mn_visitor *v = &c->cells[c->leaving + i];
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

/* Those that came from a rank, cut into as many slices as those of every other rank. */
static mn_range slice_of(const mn_crowd *c, int rank, int64_t slice, int64_t slices)
{
  const int64_t begin = c->received_at[rank];
  const int64_t end = rank + 1 < c->ranks ? c->received_at[rank + 1] : c->count;
  return (mn_range){begin + (end - begin) * slice / slices, begin + (end - begin) * (slice + 1) / slices};
}

static void find_bins(const mn_crowd *c, mn_range some, int32_t *restrict bin_of, int32_t *restrict number)
{
  const mn_visitor *from = c->cells + c->leaving;
  const double bin = c->bin;
  const int64_t first[2] = {c->first[0], c->first[1]};
  const int64_t columns = c->bins[0];
  for (int64_t i = some.begin; i < some.end; i++) {
    const int64_t column = (int64_t)floor(from[i].x / bin) - first[0];
    const int64_t row = (int64_t)floor(from[i].y / bin) - first[1];
    bin_of[i] = (int32_t)(row * columns + column);
    number[bin_of[i]]++;
  }
}

static int64_t bare(int64_t id)
{
  return id < 0 ? ~id : id;
}

/* Cell k moves down to where its id belongs among those of its bin, which begins at `begin`. */
static void sink(mn_crowd *c, int64_t begin, int64_t k)
{
  const int32_t order = c->order[k];
  const mn_visitor v = c->cells[c->leaving + order];
  for (; k > begin && bare(c->id[k - 1]) > bare(v.id); k--) {
    c->x[k] = c->x[k - 1];
    c->y[k] = c->y[k - 1];
    c->id[k] = c->id[k - 1];
    c->order[k] = c->order[k - 1];
  }
  c->x[k] = v.x;
  c->y[k] = v.y;
  c->id[k] = v.id;
  c->order[k] = order;
}

/* Cells to their places; `fill` moves on. */
static void deal(const mn_visitor *from, const int32_t *bin_of, mn_range some, int32_t *restrict fill,
                 double *restrict x, double *restrict y, int64_t *restrict id, int32_t *restrict order)
{
  for (int64_t i = some.begin; i < some.end; i++) {
    const int32_t k = fill[bin_of[i]]++;
    x[k] = from[i].x;
    y[k] = from[i].y;
    id[k] = from[i].id;
    order[k] = (int32_t)i;
  }
}

/* Counting sort by bins. */
static mn_error *sort(mn_crowd *c)
{
  frame_bins(c);
  const int64_t slices = c->count / SLICE + 1;
  if (c->bins[0] > INT32_MAX / (c->bins[1] + 1)) {
    return mn_error_create(MN_INTERNAL, "%lld x %lld bins of near cells are too many", (long long)c->bins[0],
                           (long long)c->bins[1]);
  }
  const int64_t bins = c->bins[0] * c->bins[1];
  MN_TRY(mn_reserve(&c->start, bins + 2, sizeof *c->start));
  memset(c->start, 0, (size_t)(bins + 2) * sizeof *c->start);
  int32_t *fill = c->start + 1; /* ends as the starts, shifted by one */
  for (int64_t k = 0; k < slices * c->ranks; k++) {
    find_bins(c, slice_of(c, (int)(k % c->ranks), k / c->ranks, slices), c->bin_of, fill + 1);
  }
  for (int64_t b = 0; b < bins; b++) {
    fill[b + 1] += fill[b];
  }
  for (int64_t k = 0; k < slices * c->ranks; k++) {
    const mn_range some = slice_of(c, (int)(k % c->ranks), k / c->ranks, slices);
    deal(c->cells + c->leaving, c->bin_of, some, fill, c->x, c->y, c->id, c->order);
  }
  for (int64_t k = 1; k < c->count; k++) {
    const int32_t bin = c->bin_of[c->order[k]];
    if (bare(c->id[k]) < bare(c->id[k - 1]) && k > c->start[bin]) {
      sink(c, c->start[bin], k);
    }
  }
  return NULL;
}

static mn_error *prepare(const mn_parallel *parallel, mn_crowd *c, double **edge)
{
  MN_TRY(mn_reserve(&c->sent, parallel->size, sizeof *c->sent));
  MN_TRY(mn_reserve(&c->sent_at, parallel->size, sizeof *c->sent_at));
  MN_TRY(mn_reserve(&c->received, parallel->size, sizeof *c->received));
  MN_TRY(mn_reserve(&c->received_at, parallel->size, sizeof *c->received_at));
  return mn_alloc(edge, parallel->size + 1, sizeof **edge);
}

mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, const mn_listing *mine, mn_crowd *c)
{
  c->bin = bin;
  c->reach = (int)ceil(reach / bin);
  /* whole bins more than the reach, so that bins are complete: sums depend on who is in them */
  strips s = {.size = parallel->size, .reach = (c->reach + 1) * bin};
  mn_error *error = mn_agree(parallel, prepare(parallel, c, &s.edge));
  if (!error) {
    find_edges(mesh, rows, s.edge);
    error = mn_agree(parallel, count_visitors(parallel, &s, mine, c));
  }
  error = error ? error : mn_agree(parallel, place_visitors(&s, mine, c));
  if (!error) {
    exchange(parallel, c, false, sizeof *c->cells, c->cells);
    error = mn_agree(parallel, sort(c));
  }
  mn_free(&s.edge);
  return error;
}

static void put(const double *force, double *out)
{
  out[0] = force[0];
  out[1] = force[1];
}

mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *c, double *out)
{
  const int32_t *point = c->point + c->leaving;
  if (parallel->size > 1) {
    MN_TRY(mn_agree(parallel, mn_reserve(&c->carried, 2 * (c->leaving + c->count), sizeof *c->carried)));
  }
  for (int64_t k = 0; k < c->count; k++) {
    static const double none[2] = {0.0, 0.0}; /* what neighbours are sent back with, and nobody reads */
    const int64_t i = c->order[k];
    const double *force = c->id[k] >= 0 ? c->force + 2 * k : none;
    if (i < c->staying.begin || i >= c->staying.end) {
      put(force, c->carried + 2 * (c->leaving + i));
    } else if (c->id[k] >= 0) {
      put(force, out + 2 * point[i]);
    }
  }
  exchange(parallel, c, true, 2 * sizeof *c->carried, c->carried);
  for (int64_t k = 0; k < c->leaving; k++) {
    if (c->cells[k].id >= 0) {
      put(c->carried + 2 * k, out + 2 * c->point[k]);
    }
  }
  return NULL;
}

void mn_crowd_clear(mn_crowd *c)
{
  mn_free(&c->cells);
  mn_free(&c->point);
  mn_free(&c->carried);
  mn_free(&c->bin_of);
  mn_free(&c->x);
  mn_free(&c->y);
  mn_free(&c->id);
  mn_free(&c->order);
  mn_free(&c->force);
  mn_free(&c->start);
  mn_free(&c->sent);
  mn_free(&c->sent_at);
  mn_free(&c->received);
  mn_free(&c->received_at);
  *c = (mn_crowd){0};
}
