/* Interpolation is on the real positions of the centres, which need not be equally spaced, by Fornberg's weights. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/plane.h>

#include <math.h>
#include <stdbool.h>

enum { POINTS = 8 };

mn_error *mn_plane_alloc(double time, mn_axis axis[2], mn_plane *plane)
{
  const int64_t cells = (int64_t)axis[0].cells * axis[1].cells;
  *plane = (mn_plane){.time = time, .axis = {axis[0], axis[1]}};
  axis[0] = (mn_axis){0};
  axis[1] = (mn_axis){0};
  mn_error *error = mn_alloc(&plane->density, cells, sizeof *plane->density);
  error = error ? error : mn_alloc(&plane->chemical, cells, sizeof *plane->chemical);
  if (error) {
    mn_plane_clear(plane);
  }
  return error;
}

void mn_plane_clear(mn_plane *plane)
{
  mn_axis_clear(&plane->axis[0]);
  mn_axis_clear(&plane->axis[1]);
  mn_free(&plane->density);
  mn_free(&plane->chemical);
}

/* Weights of the value and of the derivative at z of the polynomial through x[0 .. POINTS - 1] (Fornberg 1988). */
static void lagrange(double z, const double *x, double value[POINTS], double slope[POINTS])
{
  double c1 = 1.0;
  double c4 = x[0] - z;
  for (int k = 0; k < POINTS; k++) {
    value[k] = 0.0;
    slope[k] = 0.0;
  }
  value[0] = 1.0;
  for (int i = 1; i < POINTS; i++) {
    double c2 = 1.0;
    const double c5 = c4;
    c4 = x[i] - z;
    for (int j = 0; j < i; j++) {
      const double c3 = x[i] - x[j];
      c2 *= c3;
      if (j == i - 1) {
        slope[i] = c1 * (value[i - 1] - c5 * slope[i - 1]) / c2;
        value[i] = -c1 * c5 * value[i - 1] / c2;
      }
      slope[j] = (c4 * slope[j] - value[j]) / c3;
      value[j] = c4 * value[j] / c3;
    }
    c1 = c2;
  }
}

/* First of `points` cells around z, moved inwards at the ends. */
static int stencil(const mn_axis *axis, double z, int points)
{
  const int first = mn_axis_below(axis->cells, axis->x, z) - points / 2;
  const int last = axis->cells - points;
  return first < 0 ? 0 : first > last ? last : first;
}

double mn_plane_at(const mn_plane *plane, const double *field, double x, double y, double gradient[2])
{
  const double at[2] = {x, y};
  double value[2][POINTS];
  double slope[2][POINTS];
  int first[2];
  double out[3] = {0};
  for (int a = 0; a < 2; a++) {
    const mn_axis *axis = &plane->axis[a];
    if (!(at[a] >= axis->low && at[a] <= axis->high)) {
      if (gradient) {
        gradient[0] = gradient[1] = 0.0;
      }
      return 0.0;
    }
    first[a] = stencil(axis, at[a], POINTS);
    lagrange(at[a], axis->x + first[a], value[a], slope[a]);
  }
  for (int j = 0; j < POINTS; j++) {
    const double *row = field + (int64_t)(first[1] + j) * plane->axis[0].cells + first[0];
    double sum = 0.0;
    double sum_x = 0.0;
    for (int i = 0; i < POINTS; i++) {
      sum += value[0][i] * row[i];
      sum_x += slope[0][i] * row[i];
    }
    out[0] += value[1][j] * sum;
    out[1] += value[1][j] * sum_x;
    out[2] += slope[1][j] * sum;
  }
  if (gradient) {
    gradient[0] = out[1];
    gradient[1] = out[2];
  }
  return out[0];
}

double mn_plane_mean_square(const mn_plane *plane)
{
  const mn_axis *axis = plane->axis;
  double sum = 0.0;
  for (int j = 0; j < axis[1].cells; j++) {
    for (int i = 0; i < axis[0].cells; i++) {
      const double mass = plane->density[(int64_t)j * axis[0].cells + i] * axis[0].width[i] * axis[1].width[j];
      sum += mass * (axis[0].x[i] * axis[0].x[i] + axis[1].x[j] * axis[1].x[j]);
    }
  }
  return sum;
}

double mn_plane_peak(const mn_plane *plane, double at[2])
{
  const int64_t cells = (int64_t)plane->axis[0].cells * plane->axis[1].cells;
  int64_t top = 0;
  for (int64_t k = 1; k < cells; k++) {
    top = plane->density[k] > plane->density[top] ? k : top;
  }
  at[0] = plane->axis[0].x[top % plane->axis[0].cells];
  at[1] = plane->axis[1].x[top / plane->axis[0].cells];
  double best = plane->density[top];
  const double h[2] = {plane->axis[0].width[top % plane->axis[0].cells],
                       plane->axis[1].width[top / plane->axis[0].cells]};
  for (int step = 0; step < 6; step++) { /* Newton, with second derivatives from differences of the gradient */
    double g[3][2];
    mn_plane_at(plane, plane->density, at[0], at[1], g[0]);
    mn_plane_at(plane, plane->density, at[0] + 1e-3 * h[0], at[1], g[1]);
    mn_plane_at(plane, plane->density, at[0], at[1] + 1e-3 * h[1], g[2]);
    const double xx = (g[1][0] - g[0][0]) / (1e-3 * h[0]);
    const double xy = (g[1][1] - g[0][1]) / (1e-3 * h[0]);
    const double yy = (g[2][1] - g[0][1]) / (1e-3 * h[1]);
    const double det = xx * yy - xy * xy;
    const double move[2] = {-(yy * g[0][0] - xy * g[0][1]) / det, -(xx * g[0][1] - xy * g[0][0]) / det};
    if (!(det > 0.0) || fabs(move[0]) > h[0] || fabs(move[1]) > h[1]) {
      break;
    }
    const double found = mn_plane_at(plane, plane->density, at[0] + move[0], at[1] + move[1], NULL);
    if (found <= best) {
      break;
    }
    best = found;
    at[0] += move[0];
    at[1] += move[1];
  }
  return best;
}

/* Weights of every point along an axis, and the first cell they belong to; -1 outside. */
typedef struct row_weights {
  int first;
  double value[POINTS], slope[POINTS];
} row_weights;

static void weights_of(const mn_axis *axis, int count, const double *z, row_weights *w)
{
  for (int k = 0; k < count; k++) {
    w[k].first = -1;
    if (z[k] >= axis->low && z[k] <= axis->high) {
      w[k].first = stencil(axis, z[k], POINTS);
      lagrange(z[k], axis->x + w[k].first, w[k].value, w[k].slope);
    }
  }
}

/* out[k] = sum over the stencil of k of weight times from[stride * cell]. */
static double weigh(const row_weights *w, bool slope, const double *from, int64_t stride)
{
  const double *weight = slope ? w->slope : w->value;
  double sum = 0.0;
  for (int m = 0; m < POINTS && w->first >= 0; m++) {
    sum += weight[m] * from[stride * (w->first + m)];
  }
  return sum;
}

/* One of value (0), d/dx (1), d/dy (2) at all points; `half` [rows of the mesh, nx] is work space. */
static void sample_one(const mn_plane *plane, const double *field, int what, int nx, const row_weights *wx, int ny,
                       const row_weights *wy, double *half, double *out)
{
  for (int j = 0; j < plane->axis[1].cells; j++) {
    for (int i = 0; i < nx; i++) {
      half[(int64_t)j * nx + i] = weigh(&wx[i], what == 1, field + (int64_t)j * plane->axis[0].cells, 1);
    }
  }
  for (int j = 0; j < ny; j++) {
    for (int i = 0; i < nx; i++) {
      out[(int64_t)j * nx + i] = weigh(&wy[j], what == 2, half + i, nx);
    }
  }
}

mn_error *mn_plane_sample(const mn_plane *plane, const double *field, int nx, const double *x, int ny, const double *y,
                          double *value, double *const slope[2])
{
  row_weights *wx = NULL;
  row_weights *wy = NULL;
  double *half = NULL;
  mn_error *error = mn_alloc(&wx, nx, sizeof *wx);
  error = error ? error : mn_alloc(&wy, ny, sizeof *wy);
  error = error ? error : mn_alloc(&half, (int64_t)nx * plane->axis[1].cells, sizeof *half);
  if (!error) {
    weights_of(&plane->axis[0], nx, x, wx);
    weights_of(&plane->axis[1], ny, y, wy);
    sample_one(plane, field, 0, nx, wx, ny, wy, half, value);
    for (int a = 0; slope && a < 2; a++) {
      sample_one(plane, field, 1 + a, nx, wx, ny, wy, half, slope[a]);
    }
  }
  mn_free(&wx);
  mn_free(&wy);
  mn_free(&half);
  return error;
}

/* Between which two centres every point lies, and how far towards the second; beyond the ends the nearest centre. */
static void corners_of(const mn_axis *axis, int count, const double *z, int *first, double *weight)
{
  for (int k = 0; k < count; k++) {
    first[k] = stencil(axis, z[k], 2);
    const double *c = axis->x + first[k];
    weight[k] = fmin(fmax((z[k] - c[0]) / (c[1] - c[0]), 0.0), 1.0);
  }
}

/* An interpolant of the density, kept near the four cells around the point. */
static double keep_near(double value, const double *corner, int64_t row, double wx, double wy)
{
  const double c[4] = {corner[0], corner[1], corner[row], corner[row + 1]};
  const double low = fmin(fmin(c[0], c[1]), fmin(c[2], c[3]));
  const double high = fmax(fmax(c[0], c[1]), fmax(c[2], c[3]));
  if (value >= 0.5 * high && value <= 2.0 * low) {
    return value; /* within a factor 2 of any mean of the four */
  }
  if (low <= 0.0) { /* a jump, or nothing: no logarithm to go by */
    return fmin(fmax(value, 0.0), 1.5 * fmax(high, 0.0));
  }
  const double mean =
      exp((1.0 - wy) * ((1.0 - wx) * log(c[0]) + wx * log(c[1])) + wy * ((1.0 - wx) * log(c[2]) + wx * log(c[3])));
  return value >= 0.5 * mean && value <= 2.0 * mean ? value : mean;
}

static bool is_inside(const mn_axis *axis, double z)
{
  return z >= axis->low && z <= axis->high;
}

mn_error *mn_plane_sample_density(const mn_plane *plane, int nx, const double *x, int ny, const double *y,
                                  double *value)
{
  const int count = nx + ny;
  int *first = NULL;
  double *weight = NULL;
  mn_error *error = mn_plane_sample(plane, plane->density, nx, x, ny, y, value, NULL);
  error = error ? error : mn_alloc(&first, count, sizeof *first);
  error = error ? error : mn_alloc(&weight, count, sizeof *weight);
  if (!error) {
    const int64_t row = plane->axis[0].cells;
    corners_of(&plane->axis[0], nx, x, first, weight);
    corners_of(&plane->axis[1], ny, y, first + nx, weight + nx);
    for (int j = 0; j < ny; j++) {
      for (int i = 0; i < nx && is_inside(&plane->axis[1], y[j]); i++) {
        double *v = &value[(int64_t)j * nx + i];
        const double *corner = plane->density + row * first[nx + j] + first[i];
        *v = is_inside(&plane->axis[0], x[i]) ? keep_near(*v, corner, row, weight[i], weight[nx + j]) : 0.0;
      }
    }
  }
  mn_free(&first);
  mn_free(&weight);
  return error;
}
