/* Bins of a row are consecutive, so a target meets its neighbours in 2 reach + 1 runs of memory.
 *
 * In float lanes differences of positions are taken between 32-bit integers, exactly: no digits are lost however far
 * the cells are from the origin.  A profile singular as 1/r2 or ln r2 is a straight line between neighbours in a table
 * whose steps shrink with r2; the place in it is read off the bits of r2.  A polynomial and a logarithm in registers
 * would be faster by a third, but would have to know the singularity of every system. */
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

static float float_of(int32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int32_t bits_of(float value)
{
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Bits below those that count lines, and the number of the first line. */
static int shift_of(const mn_lines *lines)
{
  return 23 - ilogb(lines->per_octave);
}

static int32_t first_of(const mn_lines *lines)
{
  return bits_of(ldexpf(1.0F, (int)lines->octave - MN_LINES_OCTAVES)) >> shift_of(lines);
}

void mn_lines_fill(mn_lines *lines, mn_profile *profile, const void *context, double reach, double accuracy,
                   const double low[2], const double high[2])
{
  lines->per_octave = 8;
  while (lines->per_octave <= MN_LINES_MAX && 0.25 / (lines->per_octave * lines->per_octave) > accuracy) {
    lines->per_octave *= 2;
  }
  if (lines->per_octave > MN_LINES_MAX) {
    lines->per_octave = 0;
    return;
  }
  for (int a = 0; a < 2; a++) {
    lines->origin[a] = 0.5 * (low[a] + high[a]);
  }
  lines->unit = ldexp(fmax(fmax(high[0] - low[0], high[1] - low[1]), 4.0 * reach), -30);
  const double square = lines->unit * lines->unit;
  int exponent;
  frexp(reach * reach / square, &exponent);
  lines->octave = exponent;
  lines->reach2 = (float)(reach * reach / square);
  const int32_t first = first_of(lines);
  double before = 0.0;
  for (int k = 0; k <= MN_LINES_OCTAVES * lines->per_octave; k++) {
    const double at = (double)float_of((first + k) << shift_of(lines));
    const double value = at * square <= reach * reach * 1.1 ? profile(context, at * square) : 0.0;
    if (k > 0) {
      const double since = (double)float_of((first + k - 1) << shift_of(lines));
      const double slope = (value - before) / (at - since);
      lines->line[k - 1] = (struct mn_line){(float)(before - slope * since), (float)slope};
    }
    before = value;
  }
}

/* Vectors of LANES numbers: what the machine has, or what the compiler makes of them. */
enum { LANES = 8 };
typedef float lanes __attribute__((vector_size(4 * LANES)));
typedef int32_t integers __attribute__((vector_size(4 * LANES)));

/* What the sums over lines work on: whole positions and forces, in lanes by bin. */
typedef struct work {
  const mn_lines *table;
  int shift;      /* bits below those that count lines */
  int32_t first;  /* number of the first line */
  int32_t *x, *y; /* [cells + LANES] */
  float *fx, *fy; /* [cells + LANES] from cells before, in units of the table */
} work;

static inline integers load_integers(const int32_t *from)
{
  integers v;
  memcpy(&v, from, sizeof v);
  return v;
}

static inline void subtract(lanes v, float *from)
{
  lanes sum;
  memcpy(&sum, from, sizeof sum);
  sum -= v;
  memcpy(from, &sum, sizeof sum);
}

/* Values of the profile. */
static inline lanes look_up(const work *w, lanes r2)
{
  const int32_t last = MN_LINES_OCTAVES * w->table->per_octave - 1;
  integers place = ((integers)r2 >> w->shift) - w->first;
  place &= place > 0; /* nearer than the table begins: its first line, for two cells at one place too */
  const integers beyond = place > last;
  place = (place & ~beyond) | (last & beyond);
  lanes value;
  lanes slope;
  for (int l = 0; l < LANES; l++) {
    value[l] = w->table->line[place[l]].value;
    slope[l] = w->table->line[place[l]].slope;
  }
  return value + slope * r2;
}

/* Pairs of cell k and the cells of a run behind it: forces on it are added to sum, the opposite ones to those of the
 * run.  Lanes that are not in the run, or not behind k, count as too far. */
static inline void meet_run(const work *w, int64_t k, mn_range run, lanes sum[2])
{
  static const integers iota = {0, 1, 2, 3, 4, 5, 6, 7};
  const int32_t x = w->x[k];
  const int32_t y = w->y[k];
  for (int64_t j = run.begin; j < run.end; j += LANES) {
    const lanes dx = __builtin_convertvector(load_integers(w->x + j) - x, lanes);
    const lanes dy = __builtin_convertvector(load_integers(w->y + j) - y, lanes);
    const lanes r2 = dx * dx + dy * dy;
    const integers near =
        (r2 < w->table->reach2) & (iota < (int32_t)(run.end - j)) & (iota > (int32_t)(k < j ? -1 : k - j));
    const lanes f = (lanes)((integers)look_up(w, r2) & near);
    sum[0] += f * dx;
    sum[1] += f * dy;
    subtract(f * dx, w->fx + j);
    subtract(f * dy, w->fy + j);
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

/* Every cell of a bin meets those behind it: of its bin, of those to the right, and of the rows above. */
static int64_t meet_bin(const work *w, mn_crowd *c, int64_t row, int64_t column)
{
  const int64_t bin = row * c->bins[0] + column;
  int64_t looked = 0;
  for (int64_t k = c->start[bin]; k < c->start[bin + 1]; k++) {
    lanes sum[2] = {{0.0F}, {0.0F}};
    mn_range run = {c->start[bin], run_of(c, row, column).end};
    for (int64_t near = row; near <= row + c->reach; near++) {
      run = near > row ? run_of(c, near, column) : run;
      meet_run(w, k, run, sum);
      looked += c->id[k] < 0 ? 0 : run.end - (near > row ? run.begin : k);
    }
    c->force[2 * k] = w->table->unit * ((double)w->fx[k] + sum_of(sum[0]));
    c->force[2 * k + 1] = w->table->unit * ((double)w->fy[k] + sum_of(sum[1]));
  }
  return looked;
}

mn_error *mn_near_sum_lines(const mn_lines *table, mn_crowd *c, int64_t *pairs)
{
  const int64_t room = c->count + LANES;
  const double per_unit = 1.0 / table->unit;
  work w = {.table = table, .shift = shift_of(table), .first = first_of(table)};
  mn_error *error = mn_alloc(&w.x, 2 * room, sizeof *w.x);
  error = error ? error : mn_alloc(&w.fx, 2 * room, sizeof *w.fx);
  if (!error) {
    w.y = w.x + room;
    w.fy = w.fx + room;
    for (int64_t k = 0; k < c->count; k++) {
      w.x[k] = (int32_t)rint((c->x[k] - table->origin[0]) * per_unit);
      w.y[k] = (int32_t)rint((c->y[k] - table->origin[1]) * per_unit);
    }
    for (int64_t row = 0; row < c->bins[1]; row++) {
      for (int64_t column = 0; column < c->bins[0]; column++) {
        *pairs += meet_bin(&w, c, row, column);
      }
    }
  }
  mn_free(&w.x);
  mn_free(&w.fx);
  return error;
}
