/* Along x every rank works on its own rows; along y it needs the rows that meet its own, which it fetches when they are
 * as short as they get: after x on the way to the coarse mesh, before it on the way back.  Sums run over fine rows
 * (coarse rows) in ascending order, whoever owned them.  Meshes of the same spacing, between which there is no window,
 * exchange stretches of rows instead. */
#include <mnemotaxis/lattice.h>
#include <mnemotaxis/memory.h>

#include "quad.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void mn_resampling_make(int ratio, const mn_window *window, const mn_lattice *fine, mn_resampling *r)
{
  assert(ratio >= 1 && ratio <= MN_RATIO_MAX && (window || ratio == 1));
  *r = (mn_resampling){
      .ratio = ratio, .width = window ? window->width : 1, .part = {{0, fine->nodes[0]}, {0, fine->nodes[1]}}};
  for (int phase = 0; phase < ratio && window; phase++) {
    const double g = (double)phase / ratio;
    r->first[phase] = (int64_t)ceil(g - 0.5 * window->width);
    for (int i = 0; i < window->width; i++) {
      r->weight[phase][i] = mn_window_value(window, (double)(r->first[phase] + i) - g);
    }
  }
}

/* First coarse node of a fine node, and its phase; absolute indices. */
static int64_t first_of(const mn_resampling *r, int64_t fine, int *phase)
{
  const int64_t quotient = (fine >= 0 ? fine : fine - r->ratio + 1) / r->ratio;
  *phase = (int)(fine - quotient * r->ratio);
  return quotient + r->first[*phase];
}

static mn_range cut(mn_range range, mn_range to)
{
  const int64_t begin = range.begin < to.begin ? to.begin : range.begin > to.end ? to.end : range.begin;
  const int64_t end = range.end < begin ? begin : range.end > to.end ? to.end : range.end;
  return range.end > range.begin ? (mn_range){begin, end} : (mn_range){begin, begin};
}

/* Fine rows that take part and meet these coarse ones. */
static mn_range fine_rows(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range rows)
{
  const int64_t reach = r->width / 2 + 1;
  const mn_range met = {(rows.begin + coarse->first[1] - reach) * r->ratio - fine->first[1],
                        (rows.end + coarse->first[1] + reach) * r->ratio - fine->first[1]};
  return rows.end > rows.begin ? cut(met, r->part[1]) : (mn_range){r->part[1].begin, r->part[1].begin};
}

/* Coarse columns or rows that meet these fine ones. */
static mn_range coarse_range(const mn_resampling *r, int axis, const mn_lattice *fine, const mn_lattice *coarse,
                             mn_range range)
{
  const int64_t reach = r->width > 1 ? r->width / 2 + 2 : 0;
  const mn_range met = {(range.begin + fine->first[axis]) / r->ratio - reach - coarse->first[axis],
                        (range.end + fine->first[axis]) / r->ratio + reach - coarse->first[axis]};
  const mn_range all = {0, coarse->nodes[axis]};
  return range.end > range.begin ? cut(met, all) : (mn_range){0, 0};
}

mn_range mn_resampling_meets(const mn_resampling *r, int axis, const mn_lattice *fine, const mn_lattice *coarse)
{
  return coarse_range(r, axis, fine, coarse, r->part[axis]);
}

static bool inside(int64_t first, int width, int64_t nodes)
{
  return first >= 0 && first + width <= nodes;
}

/* Fine nodes [begin, end) of a row that take part and have windows inside the coarse row. */
static mn_range covered(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse)
{
  mn_range nodes = r->part[0];
  int phase;
  while (nodes.begin < nodes.end && first_of(r, fine->first[0] + nodes.begin, &phase) < coarse->first[0]) {
    nodes.begin++;
  }
  const int64_t last = coarse->first[0] + coarse->nodes[0] - r->width;
  while (nodes.end > nodes.begin && first_of(r, fine->first[0] + nodes.end - 1, &phase) > last) {
    nodes.end--;
  }
  return nodes;
}

static void add_row(double weight, const double *from, int64_t n, double *restrict to)
{
  for (int64_t i = 0; i < n; i++) {
    to[i] += weight * from[i];
  }
}

typedef double pair __attribute__((vector_size(16)));

enum { QUADS = 4 };

/* to[i] = sum_a weight[a] from[i + a apart], or that is added to it, for QUADS quads that stay in registers. */
static inline void sum_quads(bool add, int width, const double *weight, const double *from, int64_t apart,
                             double *restrict to)
{
  quad sum[QUADS] = {{0.0}};
  if (add) {
    memcpy(sum, to, sizeof sum);
  }
  for (int a = 0; a < width; a++, from += apart) {
#pragma GCC unroll 4
    for (int q = 0; q < QUADS; q++) {
      sum[q] += weight[a] * load(from + QUAD * q);
    }
  }
#pragma GCC unroll 4
  for (int q = 0; q < QUADS; q++) {
    memcpy(to + QUAD * q, &sum[q], sizeof sum[q]);
  }
}

static inline void weighted_sum(bool add, int width, const double *weight, const double *from, int64_t apart, int64_t n,
                                double *restrict to)
{
  int64_t i = 0;
  for (; i + QUAD * QUADS <= n; i += QUAD * QUADS) {
    sum_quads(add, width, weight, from + i, apart, to + i);
  }
  for (; i < n; i++) {
    to[i] = add ? to[i] : 0.0;
    for (int a = 0; a < width; a++) {
      to[i] += weight[a] * from[i + a * apart];
    }
  }
}

static void add_pair(const double *from, double *to)
{
  pair sum;
  pair more;
  memcpy(&sum, to, sizeof sum);
  memcpy(&more, from, sizeof more);
  sum += more;
  memcpy(to, &sum, sizeof sum);
}

/* Fine nodes of one phase meet coarse nodes with the same weights, so along a row they are set side by side and go
 * together: a sequence of fine nodes, `ratio` apart, and the first coarse node that the first of them meets. */
typedef struct sequence {
  int phase;
  int64_t fine, count;
  int64_t coarse;
} sequence;

/* The k-th sequence of a row; false: there are no more. */
static bool sequence_of(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range nodes,
                        int64_t k, sequence *s)
{
  s->fine = nodes.begin + k;
  s->coarse = first_of(r, fine->first[0] + s->fine, &s->phase) - coarse->first[0];
  s->count = (nodes.end - s->fine + r->ratio - 1) / r->ratio;
  return k < r->ratio && s->fine < nodes.end;
}

/* Coarse values of one row from fine ones; `side` is work space for a sequence with zeros around it. */
static void coarsen_row(const mn_resampling *r, const mn_lattice *fine, mn_range nodes, const double *from,
                        const mn_lattice *coarse, double *side, double *to)
{
  sequence s;
  double backwards[MN_WINDOW_MAX];
  const int margin = r->width - 1;
  memset(to, 0, (size_t)coarse->nodes[0] * sizeof *to);
  memset(side, 0, (size_t)margin * sizeof *side);
  for (int64_t k = 0; sequence_of(r, fine, coarse, nodes, k, &s); k++) {
    for (int64_t i = 0; i < s.count; i++) {
      side[margin + i] = from[s.fine + i * r->ratio];
    }
    memset(side + margin + s.count, 0, (size_t)margin * sizeof *side);
    for (int a = 0; a < r->width; a++) {
      backwards[a] = r->weight[s.phase][margin - a];
    }
    weighted_sum(true, r->width, backwards, side, 1, s.count + margin, to + s.coarse);
  }
}

/* Adds to fine pairs of one row what comes from coarse ones.  `side` is work space for [ratio] sequences of pairs,
 * which are then added in the order of the row. */
static void refine_row(const mn_resampling *r, const mn_lattice *fine, mn_range nodes, const mn_lattice *coarse,
                       const double *from, double *side, double *to)
{
  sequence s;
  const int64_t count = nodes.end - nodes.begin;
  const int64_t room = 2 * (count / r->ratio + 1);
  for (int64_t k = 0; sequence_of(r, fine, coarse, nodes, k, &s); k++) {
    weighted_sum(false, r->width, r->weight[s.phase], from + 2 * s.coarse, 2, 2 * s.count, side + k * room);
  }
  to += 2 * nodes.begin;
  for (int64_t begin = 0; begin < count; begin += r->ratio, side += 2) {
    for (int64_t k = 0; k < r->ratio && begin + k < count; k++) {
      add_pair(side + k * room, to + 2 * (begin + k));
    }
  }
}

/* One coarse row from rows `have` of fine values of coarse width. */
static void gather_row(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range have,
                       const double *from, int64_t row, double *to)
{
  const int64_t width = coarse->nodes[0];
  const mn_range near = fine_rows(r, fine, coarse, (mn_range){row, row + 1});
  memset(to, 0, (size_t)width * sizeof *to);
  for (int64_t j = near.begin; j < near.end; j++) {
    int phase;
    const int64_t first = first_of(r, fine->first[1] + j, &phase) - coarse->first[1];
    if (first <= row && row < first + r->width && inside(first, r->width, coarse->nodes[1])) {
      add_row(r->weight[phase][row - first], from + (j - have.begin) * width, width, to);
    }
  }
}

static mn_range own_rows(const mn_parallel *parallel, const mn_shares *owner)
{
  return (mn_range){owner->begin[parallel->rank], owner->begin[parallel->rank + 1]};
}

/* Room for `numbers` doubles, kept from call to call: fresh memory costs as much as the sums. */
static mn_error *reserve(double **array, int64_t *room, int64_t numbers)
{
  if (numbers <= *room) {
    return NULL;
  }
  mn_free(array);
  *room = numbers + numbers / 8;
  return mn_alloc(array, *room, sizeof **array);
}

void mn_resampling_clear(mn_resampling_work *work)
{
  mn_free(&work->narrow);
  mn_free(&work->fetched);
  mn_free(&work->side);
  *work = (mn_resampling_work){0};
}

/* rows = those that are wanted: of a rank that is alone, where they lie. */
static mn_error *look_at(const mn_parallel *parallel, const mn_shares *owner, int64_t width, const double *mine,
                         mn_range wanted, mn_resampling_work *work, const double **rows)
{
  *rows = mine + wanted.begin * width;
  if (parallel->size > 1) {
    mn_error *error = reserve(&work->fetched, &work->fetched_room, (wanted.end - wanted.begin) * width);
    MN_TRY(mn_agree(parallel, error));
    MN_TRY(mn_rows_fetch(parallel, owner, width, mine, wanted, work->fetched));
    *rows = work->fetched;
  }
  return NULL;
}

/* Coarse row j from fine rows `have` of the same spacing. */
static void copy_row(const mn_resampling *r, const mn_lattice *fine, mn_range have, const double *from,
                     const mn_lattice *coarse, int64_t j, double *to)
{
  const int64_t row = j + coarse->first[1] - fine->first[1];
  const mn_range to_nodes = mn_resampling_meets(r, 0, fine, coarse);
  const int64_t shift = coarse->first[0] - fine->first[0];
  memset(to, 0, (size_t)coarse->nodes[0] * sizeof *to);
  if (row >= have.begin && row < have.end) {
    memcpy(to + to_nodes.begin, from + (row - have.begin) * fine->nodes[0] + to_nodes.begin + shift,
           (size_t)(to_nodes.end - to_nodes.begin) * sizeof *to);
  }
}

/* Own fine rows as far as x is concerned: [own rows, coarse->nodes[0]]. */
static mn_error *narrow_rows(const mn_resampling *r, mn_resampling_work *work, const mn_lattice *from, mn_range mine,
                             const double *fine, const mn_lattice *to)
{
  const mn_range nodes = covered(r, from, to);
  const mn_range rows = cut(r->part[1], mine);
  MN_TRY(reserve(&work->narrow, &work->narrow_room, (mine.end - mine.begin) * to->nodes[0]));
  MN_TRY(reserve(&work->side, &work->side_room, from->nodes[0] + 2 * MN_WINDOW_MAX));
  for (int64_t j = rows.begin - mine.begin; j < rows.end - mine.begin; j++) {
    coarsen_row(r, from, nodes, fine + j * from->nodes[0], to, work->side, work->narrow + j * to->nodes[0]);
  }
  return NULL;
}

mn_error *mn_lattice_coarsen(const mn_parallel *parallel, const mn_resampling *r, mn_resampling_work *work,
                             const mn_lattice *from, const mn_shares *fine_owner, const double *fine,
                             const mn_lattice *to, const mn_shares *coarse_owner, double *coarse)
{
  const bool same = r->width == 1;
  const mn_range own = own_rows(parallel, coarse_owner);
  const mn_range met = cut(mn_resampling_meets(r, 1, from, to), own);
  const mn_range wanted = fine_rows(r, from, to, met);
  const double *rows = NULL;
  if (!same) {
    MN_TRY(mn_agree(parallel, narrow_rows(r, work, from, own_rows(parallel, fine_owner), fine, to)));
  }
  MN_TRY(look_at(parallel, fine_owner, same ? from->nodes[0] : to->nodes[0], same ? fine : work->narrow, wanted, work,
                 &rows));
  for (int64_t row = met.begin; row < met.end; row++) {
    double *out = coarse + (row - own.begin) * to->nodes[0];
    if (same) {
      copy_row(r, from, wanted, rows, to, row, out);
    } else {
      gather_row(r, from, to, wanted, rows, row, out);
    }
  }
  return NULL;
}

mn_error *mn_refinement_begin(const mn_parallel *parallel, const mn_resampling *r, mn_resampling_work *work,
                              const mn_lattice *from, const mn_shares *coarse_owner, const double *coarse,
                              const mn_lattice *to, const mn_shares *fine_owner, mn_refinement *refinement)
{
  const mn_range mine = cut(r->part[1], own_rows(parallel, fine_owner));
  const int64_t width = 2 * from->nodes[0];
  *refinement = (mn_refinement){.resampling = *r, .work = work, .coarse = *from, .fine = *to};
  refinement->have = coarse_range(r, 1, to, from, mine);
  refinement->nodes = covered(r, to, from);
  mn_error *error = reserve(&work->narrow, &work->narrow_room, width);
  error = error ? error : reserve(&work->side, &work->side_room, 2 * (to->nodes[0] + r->ratio));
  MN_TRY(mn_agree(parallel, error));
  return look_at(parallel, coarse_owner, width, coarse, refinement->have, work, &refinement->rows);
}

void mn_refinement_add(const void *refinement, int64_t row, double *values)
{
  const mn_refinement *f = refinement;
  const mn_resampling *r = &f->resampling;
  const int64_t width = 2 * f->coarse.nodes[0];
  int phase;
  const int64_t first = first_of(r, f->fine.first[1] + row, &phase) - f->coarse.first[1];
  if (row < r->part[1].begin || row >= r->part[1].end || !inside(first, r->width, f->coarse.nodes[1])) {
    return;
  }
  const double *rows = f->rows + (first - f->have.begin) * width;
  if (r->width == 1) {
    add_row(1.0, rows + 2 * (f->fine.first[0] + f->nodes.begin - f->coarse.first[0]),
            2 * (f->nodes.end - f->nodes.begin), values + 2 * f->nodes.begin);
  } else {
    weighted_sum(false, r->width, r->weight[phase], rows, width, width, f->work->narrow);
    refine_row(r, &f->fine, f->nodes, &f->coarse, f->work->narrow, f->work->side, values);
  }
}
