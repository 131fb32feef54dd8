/* Along x every rank works on its own rows; along y it needs the rows that meet its own, which it fetches when they are
 * as short as they get: after x on the way to the coarse mesh, before it on the way back.  Sums run over fine rows
 * (coarse rows) in ascending order, whoever owned them. */
#include <mnemotaxis/lattice.h>
#include <mnemotaxis/memory.h>

#include <assert.h>
#include <math.h>
#include <string.h>

void mn_resampling_make(int ratio, const mn_window *window, mn_resampling *r)
{
  assert(ratio >= 1 && ratio <= MN_RATIO_MAX);
  *r = (mn_resampling){.ratio = ratio, .width = window->width};
  for (int phase = 0; phase < ratio; phase++) {
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

/* Rows of one mesh that meet rows of the other, cut to it; indices within the meshes. */
static mn_range fine_rows(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range rows)
{
  const int64_t reach = r->width / 2 + 1;
  int64_t begin = (rows.begin + coarse->first[1] - reach) * r->ratio - fine->first[1];
  int64_t end = (rows.end + coarse->first[1] + reach) * r->ratio - fine->first[1];
  begin = begin < 0 ? 0 : begin > fine->nodes[1] ? fine->nodes[1] : begin;
  end = end < begin ? begin : end > fine->nodes[1] ? fine->nodes[1] : end;
  return rows.end > rows.begin ? (mn_range){begin, end} : (mn_range){begin, begin};
}

static mn_range coarse_rows(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range rows)
{
  const int64_t reach = r->width / 2 + 2;
  int64_t begin = (rows.begin + fine->first[1]) / r->ratio - reach - coarse->first[1];
  int64_t end = (rows.end + fine->first[1]) / r->ratio + reach - coarse->first[1];
  begin = begin < 0 ? 0 : begin > coarse->nodes[1] ? coarse->nodes[1] : begin;
  end = end < begin ? begin : end > coarse->nodes[1] ? coarse->nodes[1] : end;
  return rows.end > rows.begin ? (mn_range){begin, end} : (mn_range){begin, begin};
}

static bool inside(int64_t first, int width, int64_t nodes)
{
  return first >= 0 && first + width <= nodes;
}

/* Fine nodes [begin, end) of a row have windows inside the coarse row. */
static mn_range covered(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse)
{
  mn_range nodes = {0, fine->nodes[0]};
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

/* Sums along one row, from fine to coarse or back.  Fine nodes of one phase meet coarse nodes with the same weights, so
 * they are set side by side and go together; `side` is work space for a fine row. */
static void along_row(const mn_resampling *r, bool back, const mn_lattice *fine, double *fine_row,
                      const mn_lattice *coarse, double *coarse_row, double *side)
{
  const mn_range nodes = covered(r, fine, coarse);
  for (int64_t begin = nodes.begin; begin < nodes.end && begin < nodes.begin + r->ratio; begin++) {
    int phase;
    double *at = coarse_row + first_of(r, fine->first[0] + begin, &phase) - coarse->first[0];
    const int64_t n = (nodes.end - begin + r->ratio - 1) / r->ratio;
    for (int64_t i = 0; i < n; i++) {
      side[i] = back ? 0.0 : fine_row[begin + i * r->ratio];
    }
    for (int a = 0; a < r->width; a++) {
      add_row(r->weight[phase][a], back ? at + a : side, n, back ? side : at + a);
    }
    for (int64_t i = 0; i < n && back; i++) {
      fine_row[begin + i * r->ratio] += side[i];
    }
  }
}

/* Rows `have` of fine values (of coarse width) into own coarse rows. */
static void gather_rows(const mn_resampling *r, const mn_lattice *fine, const mn_lattice *coarse, mn_range have,
                        const double *from, mn_range own, double *to)
{
  const int64_t width = coarse->nodes[0];
  for (int64_t j = have.begin; j < have.end; j++) {
    int phase;
    const int64_t first = first_of(r, fine->first[1] + j, &phase) - coarse->first[1];
    for (int b = 0; b < r->width && inside(first, r->width, coarse->nodes[1]); b++) {
      if (first + b >= own.begin && first + b < own.end) {
        add_row(r->weight[phase][b], from + (j - have.begin) * width, width, to + (first + b - own.begin) * width);
      }
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

mn_error *mn_lattice_coarsen(const mn_parallel *parallel, const mn_resampling *r, mn_resampling_work *work,
                             const mn_lattice *from, const mn_shares *fine_owner, const double *fine,
                             const mn_lattice *to, const mn_shares *coarse_owner, double *coarse)
{
  const mn_range mine = own_rows(parallel, fine_owner);
  const mn_range own = own_rows(parallel, coarse_owner);
  const mn_range wanted = fine_rows(r, from, to, own);
  const int64_t narrow = (mine.end - mine.begin) * to->nodes[0];
  mn_error *error = reserve(&work->narrow, &work->narrow_room, narrow);
  error = error ? error : reserve(&work->fetched, &work->fetched_room, (wanted.end - wanted.begin) * to->nodes[0]);
  error = error ? error : reserve(&work->side, &work->side_room, from->nodes[0]);
  MN_TRY(mn_agree(parallel, error));
  memset(work->narrow, 0, (size_t)narrow * sizeof *work->narrow);
  for (int64_t j = 0; j < mine.end - mine.begin; j++) {
    along_row(r, false, from, (double *)(uintptr_t)(fine + j * from->nodes[0]), to, work->narrow + j * to->nodes[0],
              work->side);
  }
  MN_TRY(mn_rows_fetch(parallel, fine_owner, to->nodes[0], work->narrow, wanted, work->fetched));
  memset(coarse, 0, (size_t)((own.end - own.begin) * to->nodes[0]) * sizeof *coarse);
  gather_rows(r, from, to, wanted, work->fetched, own, coarse);
  return NULL;
}

/* Own fine row j from rows `have` of coarse values. */
static void scatter_row(const mn_resampling *r, const mn_lattice *coarse, mn_range have, const double *from,
                        const mn_lattice *fine, int64_t j, mn_resampling_work *work, double *to)
{
  int phase;
  const int64_t first = first_of(r, fine->first[1] + j, &phase) - coarse->first[1];
  if (!inside(first, r->width, coarse->nodes[1])) {
    return;
  }
  memset(work->narrow, 0, (size_t)coarse->nodes[0] * sizeof *work->narrow);
  for (int b = 0; b < r->width; b++) {
    add_row(r->weight[phase][b], from + (first + b - have.begin) * coarse->nodes[0], coarse->nodes[0], work->narrow);
  }
  along_row(r, true, fine, to, coarse, work->narrow, work->side);
}

mn_error *mn_lattice_refine(const mn_parallel *parallel, const mn_resampling *r, mn_resampling_work *work,
                            const mn_lattice *from, const mn_shares *coarse_owner, const double *coarse,
                            const mn_lattice *to, const mn_shares *fine_owner, double *fine)
{
  const mn_range mine = own_rows(parallel, fine_owner);
  const mn_range wanted = coarse_rows(r, to, from, mine);
  mn_error *error = reserve(&work->narrow, &work->narrow_room, from->nodes[0]);
  error = error ? error : reserve(&work->fetched, &work->fetched_room, (wanted.end - wanted.begin) * from->nodes[0]);
  error = error ? error : reserve(&work->side, &work->side_room, to->nodes[0]);
  MN_TRY(mn_agree(parallel, error));
  MN_TRY(mn_rows_fetch(parallel, coarse_owner, from->nodes[0], coarse, wanted, work->fetched));
  for (int64_t j = mine.begin; j < mine.end; j++) {
    scatter_row(r, from, wanted, work->fetched, to, j, work, fine + (j - mine.begin) * to->nodes[0]);
  }
  return NULL;
}
