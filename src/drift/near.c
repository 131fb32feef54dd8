/* Bins of a row are consecutive, so a target meets its neighbours in 2 reach + 1 runs of memory, in lanes in reach + 1,
 * where every pair is met once.
 *
 * In lanes differences of positions are taken between 32-bit integers, exactly: no digits are lost however far the
 * cells are from the origin.  Tried without gain: two numbers of a line by one gather.  Bins of a third of the reach
 * would fill no fewer lanes. */
#include "near.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

/* Cells of the bins [column - reach, column + reach] of a row. */
static mn_range run_of(const mn_crowd *c, int64_t row, int64_t column)
{
  if (row < 0 || row >= c->bins[1]) {
    return (mn_range){0, 0};
  }
  const int64_t from = column - c->reach < 0 ? 0 : column - c->reach;
  const int64_t to = column + c->reach >= c->bins[0] ? c->bins[0] - 1 : column + c->reach;
  return (mn_range){c->start[row * c->bins[0] + from], c->start[row * c->bins[0] + to + 1]};
}

static int64_t sum_bin(const mn_table *table, mn_crowd *c, int64_t row, int64_t column)
{
  int64_t pairs = 0;
  const int64_t bin = row * c->bins[0] + column;
  for (int64_t k = c->start[bin]; k < c->start[bin + 1]; k++) {
    if (c->id[k] < 0) {
      continue;
    }
    c->force[2 * k] = c->force[2 * k + 1] = 0.0;
    for (int64_t near = row - c->reach; near <= row + c->reach; near++) {
      const mn_range run = run_of(c, near, column);
      const int skip = k >= run.begin && k < run.end ? (int)(k - run.begin) : -1;
      mn_table_sum(table, (int)(run.end - run.begin), c->x + run.begin, c->y + run.begin, c->x[k], c->y[k], skip,
                   c->force + 2 * k);
      pairs += run.end - run.begin;
    }
  }
  return pairs;
}

int64_t mn_near_sum(const mn_table *table, mn_crowd *c)
{
  int64_t pairs = 0;
  for (int64_t row = 0; row < c->bins[1]; row++) {
    for (int64_t column = 0; column < c->bins[0]; column++) {
      pairs += sum_bin(table, c, row, column);
    }
  }
  return pairs;
}

/* Vectors of LANES numbers: what the machine has, or what the compiler makes of them. */
enum { LANES = 8, TOGETHER = 2 /* cells */ };
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef double doubles __attribute__((vector_size(8 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));

/* What the sums in lanes work on: whole positions and forces, by bin. */
typedef struct work {
  const mn_curve *curve;
  int32_t *x, *y;  /* [cells + LANES] */
  double *fx, *fy; /* [cells + LANES] from cells before, in units of the curve, with lines */
  float *gx, *gy;  /* the same with quartics, which err by more than floats lose */
} work;

static inline integers load_integers(const int32_t *from)
{
  integers v;
  memcpy(&v, from, sizeof v);
  return v;
}

/* Forces from one side add up to much more than what is left in the end: floats would lose it in a dense crowd. */
static inline void subtract(lanes v, double *from)
{
  doubles sum;
  memcpy(&sum, from, sizeof sum);
  sum -= __builtin_convertvector(v, doubles);
  memcpy(from, &sum, sizeof sum);
}

static inline void subtract_float(lanes v, float *from)
{
  lanes sum;
  memcpy(&sum, from, sizeof sum);
  sum -= v;
  memcpy(from, &sum, sizeof sum);
}

static inline lanes on_lines(const mn_curve *c, lanes r2)
{
  integers place = ((integers)r2 >> c->shift) - c->first;
  place &= place > 0; /* nearer than the table begins: its first line, for two cells at one place too */
  const integers beyond = place > c->last;
  place = (place & ~beyond) | (c->last & beyond);
  lanes value;
  lanes slope;
  for (int l = 0; l < LANES; l++) {
    value[l] = c->line[place[l]].value;
    slope[l] = c->line[place[l]].slope;
  }
  return value + slope * r2;
}

/* Term n of the quartics at these places. */
static inline lanes term(const mn_curve *c, int n, integers place)
{
  lanes all;
  memcpy(&all, c->quartic[n], sizeof all);
  return __builtin_shuffle(all, place);
}

/* Half of the exponent of s counts the quartics: s < 2 is in the last, number 63 by its bits. */
static inline lanes on_quartics(const mn_curve *c, lanes r2)
{
  const lanes s = r2 * c->scale;
  integers place = ((integers)s >> 24) - (64 - MN_QUARTICS);
  place &= place > 0;
  lanes f = term(c, MN_QUARTIC_TERMS - 1, place);
  for (int n = MN_QUARTIC_TERMS - 2; n >= 0; n--) {
    f = f * s + term(c, n, place);
  }
  return f;
}

/* Pairs of the cells from k on, `together` of them, and the cells of a run behind each: forces on them are added to
 * sum, the opposite ones to those of the run.  Lanes that are not in the run, or not behind, count as too far. */
static inline void meet_run(const work *w, mn_curve_kind kind, int together, int64_t k, mn_range run, lanes sum[][2])
{
  static const integers iota = {0, 1, 2, 3, 4, 5, 6, 7};
  const int64_t begin = k > run.begin ? run.begin + (k - run.begin) / LANES * LANES : run.begin;
  for (int64_t j = begin; j < run.end; j += LANES) {
    const integers x = load_integers(w->x + j);
    const integers y = load_integers(w->y + j);
    const integers inside = iota < (int32_t)(run.end - j);
    lanes back[2] = {{0.0F}, {0.0F}};
    for (int i = 0; i < together; i++) {
      const lanes dx = __builtin_convertvector(x - w->x[k + i], lanes);
      const lanes dy = __builtin_convertvector(y - w->y[k + i], lanes);
      const lanes r2 = dx * dx + dy * dy;
      const integers behind = iota > (int32_t)(k + i < j ? -1 : k + i - j);
      const lanes value = kind == MN_CURVE_LINES ? on_lines(w->curve, r2) : on_quartics(w->curve, r2);
      const lanes f = (lanes)((integers)value & (r2 < w->curve->reach2) & inside & behind);
      sum[i][0] += f * dx;
      sum[i][1] += f * dy;
      back[0] += f * dx;
      back[1] += f * dy;
    }
    if (kind == MN_CURVE_LINES) {
      subtract(back[0], w->fx + j);
      subtract(back[1], w->fy + j);
    } else {
      subtract_float(back[0], w->gx + j);
      subtract_float(back[1], w->gy + j);
    }
  }
}

static inline double sum_of(lanes v)
{
  double sum[LANES];
  for (int l = 0; l < LANES; l++) {
    sum[l] = (double)v[l];
  }
  return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* Cells of a bin, `together` of them, meet those behind each: of its bin, of those to the right, and of the rows above.
 */
static inline int64_t meet_cells(const work *w, mn_curve_kind kind, int together, mn_crowd *c, int64_t row,
                                 int64_t column, int64_t k)
{
  const bool lines = kind == MN_CURVE_LINES;
  lanes sum[TOGETHER][2] = {{{0.0F}}};
  mn_range run = {k, run_of(c, row, column).end};
  int64_t behind = 0;
  int64_t looked = 0;
  for (int64_t near = row; near <= row + c->reach; near++) {
    run = near > row ? run_of(c, near, column) : run;
    meet_run(w, kind, together, k, run, sum);
    behind += run.end - run.begin;
  }
  for (int i = 0; i < together; i++) {
    double *force = c->force + 2 * (k + i);
    force[0] = w->curve->unit * ((lines ? w->fx[k + i] : (double)w->gx[k + i]) + sum_of(sum[i][0]));
    force[1] = w->curve->unit * ((lines ? w->fy[k + i] : (double)w->gy[k + i]) + sum_of(sum[i][1]));
    looked += c->id[k + i] < 0 ? 0 : behind - i;
  }
  return looked;
}

static inline int64_t meet_bin(const work *w, mn_curve_kind kind, mn_crowd *c, int64_t row, int64_t column)
{
  const int64_t bin = row * c->bins[0] + column;
  const int64_t end = c->start[bin + 1];
  int64_t looked = 0;
  int64_t k = c->start[bin];
  for (; k + TOGETHER <= end; k += TOGETHER) {
    looked += meet_cells(w, kind, TOGETHER, c, row, column, k);
  }
  for (; k < end; k++) {
    looked += meet_cells(w, kind, 1, c, row, column, k);
  }
  return looked;
}

/* `kind` is known when this is compiled. */
static inline int64_t meet_all(const work *w, mn_curve_kind kind, mn_crowd *c)
{
  int64_t looked = 0;
  for (int64_t row = 0; row < c->bins[1]; row++) {
    for (int64_t column = 0; column < c->bins[0]; column++) {
      looked += meet_bin(w, kind, c, row, column);
    }
  }
  return looked;
}

mn_error *mn_near_sum_curve(const mn_curve *curve, mn_crowd *c, int64_t *pairs)
{
  const int64_t room = c->count + LANES;
  const bool lines = curve->kind == MN_CURVE_LINES;
  const double per_unit = 1.0 / curve->unit;
  work w = {.curve = curve};
  mn_error *error = mn_alloc(&w.x, 2 * room, sizeof *w.x);
  error = error ? error : lines ? mn_alloc(&w.fx, 2 * room, sizeof *w.fx) : mn_alloc(&w.gx, 2 * room, sizeof *w.gx);
  if (!error) {
    w.y = w.x + room;
    w.fy = lines ? w.fx + room : NULL;
    w.gy = lines ? NULL : w.gx + room;
    for (int64_t k = 0; k < c->count; k++) {
      w.x[k] = (int32_t)rint((c->x[k] - curve->origin[0]) * per_unit);
      w.y[k] = (int32_t)rint((c->y[k] - curve->origin[1]) * per_unit);
    }
    *pairs += lines ? meet_all(&w, MN_CURVE_LINES, c) : meet_all(&w, MN_CURVE_QUARTICS, c);
  }
  mn_free(&w.x);
  mn_free(&w.fx);
  mn_free(&w.gx);
  return error;
}
