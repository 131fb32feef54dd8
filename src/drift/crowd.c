/* Cells go to every rank that needs them by MPI_Alltoallv, in the order of places if they are known in that, so that
 * neighbours in the plane are neighbours in memory; those that stay are put where they would have come to.  A counting
 * sort fills the bins, and the few cells of a bin are put in the order of their ids: what is summed over a bin has one
 * order on any number of ranks.  Forces return the way the cells came. */
#include "crowd.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

enum { AHEAD = 16 /* cells */ };

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

/* Ranks [first, last] whose strips come within reach of y, sought from those of the cell before. */
static void wanted_by(const double *edge, int size, double y, double reach, int *first, int *last)
{
  while (*first > 0 && y - reach < edge[*first]) {
    (*first)--;
  }
  while (*first < size - 1 && !(y - reach < edge[*first + 1])) {
    (*first)++;
  }
  *last = *last > *first ? *last : *first;
  while (*last > *first && y + reach < edge[*last]) {
    (*last)--;
  }
  while (*last < size - 1 && y + reach >= edge[*last + 1]) {
    (*last)++;
  }
}

static bool owned(const double *edge, int rank, double y)
{
  return y >= edge[rank] && y < edge[rank + 1];
}

/* Who goes where: how many each rank sends and receives, where they lie, and how many are here then. */
static mn_error *count_visitors(const mn_parallel *parallel, const double *edge, double reach, const mn_listing *mine,
                                mn_crowd *c)
{
  const int self = parallel->rank;
  int first = 0;
  int last = 0;
  for (int q = 0; q < parallel->size; q++) {
    c->sent[q] = 0;
  }
  for (int64_t k = 0; k < mn_block_count(mine->block); k++) {
    wanted_by(edge, parallel->size, mine->point[2 * k + 1], reach, &first, &last);
    for (int q = first; q <= last; q++) {
      c->sent[q]++;
    }
  }
  MPI_Alltoall(c->sent, 1, MPI_INT, c->received, 1, MPI_INT, parallel->comm);
  c->leaving = c->count = 0;
  for (int q = 0; q < parallel->size; q++) {
    c->sent_at[q] = (int)c->leaving;
    c->received_at[q] = (int)c->count;
    c->leaving += q == self ? 0 : c->sent[q];
    c->count += c->received[q];
  }
  c->sent_at[self] = (int)c->leaving + c->received_at[self];
  c->sent[self] = c->received[self] = 0;
  MN_TRY(mn_reserve(&c->cells, c->leaving + c->count, sizeof *c->cells));
  MN_TRY(mn_reserve(&c->x, c->count, sizeof *c->x));
  MN_TRY(mn_reserve(&c->y, c->count, sizeof *c->y));
  MN_TRY(mn_reserve(&c->id, c->count, sizeof *c->id));
  MN_TRY(mn_reserve(&c->order, c->count, sizeof *c->order));
  MN_TRY(mn_reserve(&c->bin_of, c->count, sizeof *c->bin_of));
  return mn_reserve(&c->force, 2 * c->count, sizeof *c->force);
}

/* Own cells become visitors: of other ranks, to be sent, and of this one, where they stay. */
static mn_error *place_visitors(const mn_parallel *parallel, const double *edge, double reach, const mn_listing *mine,
                                mn_crowd *c)
{
  int *at = NULL;
  int first = 0;
  int last = 0;
  MN_TRY(mn_alloc(&at, parallel->size, sizeof *at));
  memcpy(at, c->sent_at, (size_t)parallel->size * sizeof *at);
  for (int64_t k = 0; k < mn_block_count(mine->block); k++) {
    const double y = mine->point[2 * k + 1];
    const int64_t id = mine->block.begin + (mine->order ? mine->order[k] : k);
    wanted_by(edge, parallel->size, y, reach, &first, &last);
    for (int q = first; q <= last; q++) {
      c->cells[at[q]++] = (mn_visitor){mine->point[2 * k], y, owned(edge, q, y) ? id : ~id};
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

static void find_bins(const mn_crowd *c, const mn_visitor *from, int32_t *restrict bin_of, int64_t *restrict number)
{
  const double bin = c->bin;
  const int64_t first[2] = {c->first[0], c->first[1]};
  const int64_t columns = c->bins[0];
  for (int64_t i = 0; i < c->count; i++) {
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
  const int64_t order = c->order[k];
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
static void deal(const mn_visitor *from, const int32_t *bin_of, int64_t count, int64_t *restrict fill,
                 double *restrict x, double *restrict y, int64_t *restrict id, int64_t *restrict order)
{
  for (int64_t i = 0; i < count; i++) {
    const int64_t k = fill[bin_of[i]]++;
    x[k] = from[i].x;
    y[k] = from[i].y;
    id[k] = from[i].id;
    order[k] = i;
  }
}

/* Counting sort by bins. */
static mn_error *sort(mn_crowd *c)
{
  frame_bins(c);
  const mn_visitor *here = c->cells + c->leaving;
  if (c->bins[0] > INT32_MAX / (c->bins[1] + 1)) {
    return mn_error_create(MN_INTERNAL, "%lld x %lld bins of near cells are too many", (long long)c->bins[0],
                           (long long)c->bins[1]);
  }
  const int64_t bins = c->bins[0] * c->bins[1];
  MN_TRY(mn_reserve(&c->start, bins + 2, sizeof *c->start));
  memset(c->start, 0, (size_t)(bins + 2) * sizeof *c->start);
  int64_t *fill = c->start + 1; /* ends as the starts, shifted by one */
  find_bins(c, here, c->bin_of, fill + 1);
  for (int64_t b = 0; b < bins; b++) {
    fill[b + 1] += fill[b];
  }
  deal(here, c->bin_of, c->count, fill, c->x, c->y, c->id, c->order);
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
  double *edge = NULL;
  c->block = mine->block;
  c->bin = bin;
  c->reach = (int)ceil(reach / bin);
  const double whole = (c->reach + 1) * bin; /* so that bins are complete: sums depend on who is in them */
  mn_error *error = mn_agree(parallel, prepare(parallel, c, &edge));
  if (!error) {
    find_edges(mesh, rows, edge);
    error = mn_agree(parallel, count_visitors(parallel, edge, whole, mine, c));
  }
  error = error ? error : mn_agree(parallel, place_visitors(parallel, edge, whole, mine, c));
  if (!error) {
    exchange(parallel, c, false, sizeof *c->cells, c->cells);
    error = mn_agree(parallel, sort(c));
  }
  mn_free(&edge);
  return error;
}

static bool is_mine(const mn_crowd *c, int64_t id)
{
  return id >= c->block.begin && id < c->block.end;
}

/* Places of this rank's cells, which lie in no order; inlined always, as gcc drops calls that have no effect. */
static inline __attribute__((always_inline)) void ask_for(const mn_crowd *c, int64_t id, double *out)
{
  if (is_mine(c, id)) {
    __builtin_prefetch(out + 2 * (id - c->block.begin), 1);
  }
}

static void add(const double *force, double *out)
{
  out[0] += force[0];
  out[1] += force[1];
}

mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *c, double *out)
{
  if (parallel->size > 1) {
    MN_TRY(mn_agree(parallel, mn_reserve(&c->carried, 2 * (c->leaving + c->count), sizeof *c->carried)));
  }
  for (int64_t k = 0; k < c->count; k++) {
    const int64_t id = c->id[k];
    ask_for(c, c->id[k + AHEAD < c->count ? k + AHEAD : k], out);
    if (is_mine(c, id)) {
      add(c->force + 2 * k, out + 2 * (id - c->block.begin));
    } else {
      double *back = c->carried + 2 * (c->leaving + c->order[k]);
      back[0] = id >= 0 ? c->force[2 * k] : 0.0; /* neighbours return 0 */
      back[1] = id >= 0 ? c->force[2 * k + 1] : 0.0;
    }
  }
  exchange(parallel, c, true, 2 * sizeof *c->carried, c->carried);
  for (int64_t k = 0; k < c->leaving; k++) {
    ask_for(c, bare(c->cells[k + AHEAD < c->leaving ? k + AHEAD : k].id), out);
    add(c->carried + 2 * k, out + 2 * (bare(c->cells[k].id) - c->block.begin));
  }
  return NULL;
}

void mn_crowd_clear(mn_crowd *c)
{
  mn_free(&c->cells);
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
