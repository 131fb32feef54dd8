/* Windows are products of one in x and one in y.  Weights are added as integers: their sum knows no order.
 *
 * Loops over nodes run over whole lanes of LANE numbers; beyond the window weights are 0, so up to LANE - 1 nodes past
 * it are touched without effect: arrays need MN_LATTICE_PAD numbers after their end.  A product p becomes an integer by
 * adding 2^52 + 2^51, after which the last bits of the double are those of the integer nearest to p, |p| < 2^51. */
#include <mnemotaxis/lattice.h>

#include <assert.h>
#include <math.h>
#include <string.h>

enum { LANE = 4 };

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
  double x[MN_WINDOW_MAX], y[MN_WINDOW_MAX];
} stencil;

/* Both directions at once; `lanes` is known when this is compiled, so the weights stay in registers. */
static inline int64_t weigh(const mn_window *window, int lanes, double g, double *weight)
{
  const double left = g - 0.5 * window->width;
  const double first = ceil(left);
  const double s = 2.0 * (first - left) - 1.0;
  const double *term = window->term[window->terms - 1];
  for (int j = 0; j < lanes; j++) {
    weight[j] = term[j];
  }
  for (int m = window->terms - 2; m >= 0; m--) {
    term = window->term[m];
    for (int j = 0; j < lanes; j++) {
      weight[j] = weight[j] * s + term[j];
    }
  }
  return (int64_t)first;
}

static inline void place(const mn_lattice *mesh, const mn_window *window, int lanes, const double at[2],
                         int64_t row_begin, stencil *s)
{
  s->column = weigh(window, lanes, at[0] / mesh->spacing - (double)mesh->first[0], s->x);
  s->row = weigh(window, lanes, at[1] / mesh->spacing - (double)mesh->first[1], s->y) - row_begin;
}

static inline int64_t bits_of(double value)
{
  int64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline void spread(const mn_lattice *mesh, const mn_window *window, int lanes, int64_t n, const double *points,
                          double scale, mn_range rows, int64_t *values)
{
  const int64_t zero = bits_of(to_integer);
  for (int64_t i = 0; i < n; i++) {
    stencil s;
    place(mesh, window, lanes, points + 2 * i, rows.begin, &s);
    assert(s.column >= 0 && s.column + window->width <= mesh->nodes[0]);
    assert(s.row >= 0 && s.row + window->width <= rows.end - rows.begin);
    int64_t *to = values + s.row * mesh->nodes[0] + s.column;
    for (int b = 0; b < window->width; b++, to += mesh->nodes[0]) {
      const double weight = scale * s.y[b];
      for (int a = 0; a < lanes; a++) {
        to[a] += bits_of(weight * s.x[a] + to_integer) - zero;
      }
    }
  }
}

void mn_lattice_spread(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points, double scale,
                       mn_range rows, int64_t *values)
{
  switch ((window->width + LANE - 1) / LANE) {
  case 1:
    spread(mesh, window, LANE, n, points, scale, rows, values);
    break;
  case 2:
    spread(mesh, window, 2 * LANE, n, points, scale, rows, values);
    break;
  case 3:
    spread(mesh, window, 3 * LANE, n, points, scale, rows, values);
    break;
  default:
    spread(mesh, window, 4 * LANE, n, points, scale, rows, values);
    break;
  }
}

static inline void interpolate(const mn_lattice *mesh, const mn_window *window, int lanes, int64_t n,
                               const double *points, mn_range rows, const double *field, double *out)
{
  for (int64_t i = 0; i < n; i++) {
    stencil s;
    double twice[2 * MN_WINDOW_MAX];
    double sum[2 * MN_WINDOW_MAX] = {0.0};
    place(mesh, window, lanes, points + 2 * i, rows.begin, &s);
    for (int a = 0; a < lanes; a++) {
      twice[2 * a] = s.x[a];
      twice[2 * a + 1] = s.x[a];
    }
    const double *from = field + 2 * (s.row * mesh->nodes[0] + s.column);
    for (int b = 0; b < window->width; b++, from += 2 * mesh->nodes[0]) {
      for (int a = 0; a < 2 * lanes; a++) {
        sum[a] += s.y[b] * from[a];
      }
    }
    for (int a = 0; a < 2 * lanes; a += 2) {
      out[2 * i] += twice[a] * sum[a];
      out[2 * i + 1] += twice[a + 1] * sum[a + 1];
    }
  }
}

void mn_lattice_interpolate(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points,
                            mn_range rows, const double *field, double *out)
{
  switch ((window->width + LANE - 1) / LANE) {
  case 1:
    interpolate(mesh, window, LANE, n, points, rows, field, out);
    break;
  case 2:
    interpolate(mesh, window, 2 * LANE, n, points, rows, field, out);
    break;
  case 3:
    interpolate(mesh, window, 3 * LANE, n, points, rows, field, out);
    break;
  default:
    interpolate(mesh, window, 4 * LANE, n, points, rows, field, out);
    break;
  }
}
