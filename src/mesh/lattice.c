/* Windows are products of one in x and one in y.  Weights are added as integers: their sum knows no order.
 *
 * Loops over nodes run over quads of numbers; beyond the window weights are 0, so up to 3 nodes past it are touched
 * without effect: arrays need MN_LATTICE_PAD numbers after their end.  A product p becomes an integer by adding 2^52 +
 * 2^51, after which the last bits of the double are those of the integer nearest to p, |p| < 2^51.  Points come in no
 * order, so the nodes of a point some places ahead are asked for early. */
#include <mnemotaxis/lattice.h>

#include "quad.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef int64_t places __attribute__((vector_size(32)));

enum { QUADS_MAX = MN_WINDOW_MAX / QUAD, AHEAD = 8 /* points */, LINE = 64 /* bytes of a cache line */ };

static const double to_integer = 0x1.8p52;

double mn_lattice_scale(int64_t count)
{
  int bits = 0;
  while ((INT64_C(1) << bits) < count) {
    bits++;
  }
  return ldexp(1.0, bits < 11 ? 50 : 61 - bits);
}

/* Where the window of a point begins, and its weights. */
typedef struct stencil {
  int64_t column, row;
  quad x[QUADS_MAX];
  double y[MN_WINDOW_MAX];
} stencil;

/* Left end of the window of a point, in nodes from the first one. */
static inline double left_of(const mn_lattice *mesh, const mn_window *window, const double at[2], int axis)
{
  return at[axis] / mesh->spacing - (double)mesh->first[axis] - 0.5 * window->width;
}

/* Both directions at once; `quads` is known when this is compiled, so the weights stay in registers. */
static inline void place(const mn_lattice *mesh, const mn_window *window, int quads, const double at[2],
                         int64_t row_begin, stencil *s)
{
  const double left[2] = {left_of(mesh, window, at, 0), left_of(mesh, window, at, 1)};
  const double first[2] = {ceil(left[0]), ceil(left[1])};
  const double sx = 2.0 * (first[0] - left[0]) - 1.0;
  const double sy = 2.0 * (first[1] - left[1]) - 1.0;
  quad x[QUADS_MAX];
  quad y[QUADS_MAX];
  for (int q = 0; q < quads; q++) {
    x[q] = y[q] = load(window->term[window->terms - 1] + QUAD * q);
  }
  for (int m = window->terms - 2; m >= 0; m--) {
    for (int q = 0; q < quads; q++) {
      const quad term = load(window->term[m] + QUAD * q);
      x[q] = x[q] * sx + term;
      y[q] = y[q] * sy + term;
    }
  }
  for (int q = 0; q < quads; q++) {
    s->x[q] = x[q];
    memcpy(s->y + QUAD * q, &y[q], sizeof y[q]);
  }
  s->column = (int64_t)first[0];
  s->row = (int64_t)first[1] - row_begin;
}

/* Nodes in each direction, as far as the compiler may unroll. */
static inline int width_of(const mn_window *window, int quads)
{
  return window->width < QUAD * quads ? window->width : QUAD * quads;
}

/* Asks for the nodes around a point, of `unit` bytes each; inlined always, as gcc drops calls that have no effect. */
static inline __attribute__((always_inline)) void fetch(const mn_lattice *mesh, const mn_window *window, int quads,
                                                        const double at[2], int64_t row_begin, size_t unit,
                                                        const void *nodes)
{
  const int64_t column = (int64_t)left_of(mesh, window, at, 0) + 1;
  const int64_t row = (int64_t)left_of(mesh, window, at, 1) + 1 - row_begin;
  const char *from = (const char *)nodes + (size_t)(row * mesh->nodes[0] + column) * unit;
  const size_t bytes = QUAD * (size_t)quads * unit;
  for (int b = 0; b < width_of(window, quads); b++, from += (size_t)mesh->nodes[0] * unit) {
    for (size_t at_byte = 0; at_byte < bytes; at_byte += LINE) {
      __builtin_prefetch(from + at_byte);
    }
    __builtin_prefetch(from + bytes - 1);
  }
}

static inline int64_t bits_of(double value)
{
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline void spread(const mn_lattice *mesh, const mn_window *window, int quads, int64_t n, const double *points,
                          double scale, mn_range rows, int64_t *values)
{
  const int64_t zero = bits_of(to_integer);
  for (int64_t i = 0; i < n; i++) {
    stencil s;
    if (i + AHEAD < n) {
      fetch(mesh, window, quads, points + 2 * (i + AHEAD), rows.begin, sizeof *values, values);
    }
    place(mesh, window, quads, points + 2 * i, rows.begin, &s);
    assert(s.column >= 0 && s.column + window->width <= mesh->nodes[0]);
    assert(s.row >= 0 && s.row + window->width <= rows.end - rows.begin);
    int64_t *to = values + s.row * mesh->nodes[0] + s.column;
    for (int b = 0; b < width_of(window, quads); b++, to += mesh->nodes[0]) {
      const double weight = scale * s.y[b];
      for (int q = 0; q < quads; q++) {
        places sum;
        memcpy(&sum, to + QUAD * q, sizeof sum);
        sum += (places)(weight * s.x[q] + to_integer) - zero;
        memcpy(to + QUAD * q, &sum, sizeof sum);
      }
    }
  }
}

void mn_lattice_spread(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points, double scale,
                       mn_range rows, int64_t *values)
{
  switch ((window->width + QUAD - 1) / QUAD) {
  case 1:
    spread(mesh, window, 1, n, points, scale, rows, values);
    break;
  case 2:
    spread(mesh, window, 2, n, points, scale, rows, values);
    break;
  case 3:
    spread(mesh, window, 3, n, points, scale, rows, values);
    break;
  default:
    spread(mesh, window, 4, n, points, scale, rows, values);
    break;
  }
}

static inline void interpolate(const mn_lattice *mesh, const mn_window *window, int quads, int64_t n,
                               const double *points, mn_range rows, const double *field, double *out)
{
  static const places low = {0, 0, 1, 1};
  static const places high = {2, 2, 3, 3};
  for (int64_t i = 0; i < n; i++) {
    stencil s;
    quad sum[2 * QUADS_MAX] = {{0.0}}; /* of both components, side by side */
    quad total = {0.0};
    if (i + AHEAD < n) {
      fetch(mesh, window, quads, points + 2 * (i + AHEAD), rows.begin, 2 * sizeof *field, field);
    }
    place(mesh, window, quads, points + 2 * i, rows.begin, &s);
    const double *from = field + 2 * (s.row * mesh->nodes[0] + s.column);
    for (int b = 0; b < width_of(window, quads); b++, from += 2 * mesh->nodes[0]) {
      for (int q = 0; q < 2 * quads; q++) {
        sum[q] += s.y[b] * load(from + QUAD * q);
      }
    }
    for (int q = 0; q < quads; q++) {
      total += __builtin_shuffle(s.x[q], low) * sum[2 * q] + __builtin_shuffle(s.x[q], high) * sum[2 * q + 1];
    }
    out[2 * i] += total[0] + total[2];
    out[2 * i + 1] += total[1] + total[3];
  }
}

void mn_lattice_interpolate(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points,
                            mn_range rows, const double *field, double *out)
{
  switch ((window->width + QUAD - 1) / QUAD) {
  case 1:
    interpolate(mesh, window, 1, n, points, rows, field, out);
    break;
  case 2:
    interpolate(mesh, window, 2, n, points, rows, field, out);
    break;
  case 3:
    interpolate(mesh, window, 3, n, points, rows, field, out);
    break;
  default:
    interpolate(mesh, window, 4, n, points, rows, field, out);
    break;
  }
}
