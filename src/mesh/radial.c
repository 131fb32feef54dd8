/* Circles are chosen by sorting a sample of the points.  The piece of a point is then cut by every circle as by a
 * straight line: r^2 is linear across a piece, but for its mean and variance at 0. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/radial.h>

#include <math.h>
#include <stdlib.h>

enum { SAMPLE = 8192, BULK = 256, TAIL = 16 };

/* r^2 over a piece: the sum of two evenly spread numbers, around `middle`; wide and narrow are the sum and the
 * difference of their half-widths.  Below `middle` its distribution is a parabola, then a line. */
typedef struct spread {
  double middle, wide, narrow;
  double line, parabola; /* slope and bend */
} spread;

static inline spread spread_of(const mn_plane_points *p, int64_t k)
{
  const double xx = p->x[2 * k] * p->x[2 * k];
  const double yy = p->x[2 * k + 1] * p->x[2 * k + 1];
  const double wx = p->size[2 * k] * p->size[2 * k];
  const double wy = p->size[2 * k + 1] * p->size[2 * k + 1];
  const double a = sqrt(wx * (xx + wx / 60.0)); /* variances a^2/3 and b^2/3 */
  const double b = sqrt(wy * (yy + wy / 60.0));
  return (spread){xx + yy + (wx + wy) / 12.0, a + b, fabs(a - b), 0.5 / (a > b ? a : b), 0.125 / (a * b)};
}

/* Share of a piece with r^2 below s, where s cuts it. */
static inline double share_below(const spread *r, double s)
{
  const double t = s - r->middle;
  const double u = fabs(t);
  const double rest = r->wide - u;
  const double half = u <= r->narrow ? u * r->line : 0.5 - rest * rest * r->parabola;
  return t > 0.0 ? 0.5 + half : 0.5 - half;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Shares of the mass at which circles are wanted, ascending: equal steps, shrinking in both tails with what is left. */
static int list_shares(double *share)
{
  int n = 0;
  double list[MN_CIRCLES / 2];
  for (double s = 0.5; s > 1e-7; s -= fmin(1.0 / BULK, s / TAIL)) {
    list[n++] = s;
  }
  for (int k = 0; k < n; k++) {
    share[k] = list[n - 1 - k];
    share[n + k] = 1.0 - list[k];
  }
  return 2 * n;
}

/* Adds a circle beyond the last one. */
static void add_circle(double radius, mn_radial *radial)
{
  if (radial->count == 0 || radius > radial->radius[radial->count - 1]) {
    radial->radius[radial->count++] = radius;
  }
}

/* Circles at wanted shares of a sample [count, 2] of distances and masses, sorted. */
static void choose(const double *sample, int64_t count, double total, mn_radial *radial)
{
  double share[MN_CIRCLES];
  const int shares = list_shares(share);
  double sum = 0.0;
  int next = 0;
  for (int64_t k = 0; k < count; k++) {
    sum += sample[2 * k + 1];
    if (next < shares && sum >= share[next] * total) {
      add_circle(sample[2 * k], radial);
    }
    while (next < shares && sum >= share[next] * total) {
      next++;
    }
  }
}

static mn_error *choose_circles(const mn_plane_points *p, mn_radial *radial)
{
  const int64_t stride = (p->count / SAMPLE) | 1; /* odd: no pattern of the pieces of a cell */
  const int64_t count = (p->count + stride - 1) / stride;
  double *sample = NULL;
  double total = 0.0;
  MN_TRY(mn_alloc(&sample, 2 * count, sizeof *sample));
  for (int64_t k = 0; k < count; k++) {
    sample[2 * k] = hypot(p->x[2 * k * stride], p->x[2 * k * stride + 1]);
    sample[2 * k + 1] = mn_plane_points_mass(p, k * stride);
    total += sample[2 * k + 1];
  }
  qsort(sample, (size_t)count, 2 * sizeof *sample, ascending);
  choose(sample, count, total, radial);
  mn_free(&sample);
  return NULL;
}

/* Adds all pieces to the circles that cut them; what is whole from circle k on goes into whole[k].  Neighbours are cut
 * by much the same circles, so the first one is found by walking. */
static void add_pieces(const mn_plane_points *p, const double *square, mn_radial *radial, double *whole)
{
  const int circles = radial->count;
  int first = 0;
  for (int64_t n = 0; n < p->count; n++) {
    const spread r = spread_of(p, n);
    const double mass = mn_plane_points_mass(p, n);
    const double low = r.middle - r.wide;
    const double high = r.middle + r.wide;
    while (first > 0 && square[first - 1] > low) {
      first--;
    }
    while (first < circles && square[first] <= low) {
      first++;
    }
    int k = first;
    for (; k < circles && square[k] < high; k++) {
      radial->mass[k] += mass * share_below(&r, square[k]);
    }
    whole[k] += mass;
  }
}

/* Nearest and farthest r^2 of any piece. */
static void find_ends(const mn_plane_points *p, double *low, double *high)
{
  *low = INFINITY;
  *high = 0.0;
  for (int64_t k = 0; k < p->count; k++) {
    const spread r = spread_of(p, k);
    *low = r.middle - r.wide < *low ? r.middle - r.wide : *low;
    *high = r.middle + r.wide > *high ? r.middle + r.wide : *high;
  }
}

mn_error *mn_radial_make(const mn_plane_points *p, mn_radial *radial)
{
  double whole[MN_CIRCLES + 1] = {0};
  double square[MN_CIRCLES];
  double low;
  double high;
  *radial = (mn_radial){0};
  find_ends(p, &low, &high);
  add_circle(sqrt(fmax(low, 0.0)), radial);
  MN_TRY(choose_circles(p, radial));
  add_circle(sqrt(high), radial);
  for (int k = 0; k < radial->count; k++) {
    square[k] = radial->radius[k] * radial->radius[k];
  }
  add_pieces(p, square, radial, whole);
  double sum = 0.0;
  for (int k = 0; k < radial->count; k++) {
    sum += whole[k];
    radial->mass[k] = fmin(radial->mass[k] + sum, 1.0);
  }
  radial->mass[0] = 0.0;
  radial->mass[radial->count - 1] = 1.0;
  return NULL;
}

double mn_radial_mass(const mn_radial *radial, double r)
{
  const int k = mn_axis_below(radial->count, radial->radius, r);
  if (k == 0 || k == radial->count) {
    return k == 0 ? 0.0 : 1.0;
  }
  const double *radius = radial->radius + k - 1;
  const double a = radius[0] * radius[0];
  const double b = radius[1] * radius[1];
  return radial->mass[k - 1] + (radial->mass[k] - radial->mass[k - 1]) * (r * r - a) / (b - a);
}

double mn_radial_quantile(const mn_radial *radial, double share)
{
  int k = 1;
  while (k < radial->count - 1 && radial->mass[k] < share) {
    k++;
  }
  const double *mass = radial->mass + k - 1;
  const double a = radial->radius[k - 1] * radial->radius[k - 1];
  const double b = radial->radius[k] * radial->radius[k];
  const double part = mass[1] > mass[0] ? (share - mass[0]) / (mass[1] - mass[0]) : 0.0;
  return sqrt(a + (b - a) * fmin(fmax(part, 0.0), 1.0));
}
