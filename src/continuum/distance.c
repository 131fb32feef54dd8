/* Replicas are shared by the ranks: rank r measures replicas r, r + size, ...; replica 0 is the cloud itself.  A
 * replica is drawn from counters, so it is the same on any number of ranks. */
#include <mnemotaxis/distance.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/radial.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

const mn_distance_info mn_distances[MN_DISTANCES] = {
    [MN_KOLMOGOROV] = {"kolmogorov", "largest difference of the radial distribution functions around 0"},
    [MN_SLICED] = {"sliced_wasserstein", "Wasserstein-1 distance of projections, mean over directions"},
    [MN_SOBOLEV] = {"sobolev", "distance in H^(-2) at the scale of the cloud, by Fourier modes"},
};

enum {
  POINTS = 1 << 18, /* what they and the radial table add, 7e-5, is noise for up to 1e7 cells */
  MODES = 16        /* -MODES .. MODES in either direction */
};

/* Work space, and what of the density is wanted again and again. */
struct mn_yardstick {
  mn_plane_points points;
  int64_t count;                /* of a cloud */
  double *x;                    /* [replicas of this rank, count, 2] */
  double *line;                 /* [count] radii or projections */
  double *order[MN_DIRECTIONS]; /* [points, 2] projections of the points with their masses, sorted; NULL: not yet */
  mn_radial radial;
  double centre[2], spacing; /* of the modes */
  double variance;
  double rho[2 * MODES + 1][MODES + 1][2]; /* transform of the density */
  double factor[2][2 * MODES + 1][2];      /* exp(-i k x) of one point */
};

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Adds weight times exp(-i k.x) for all modes. */
static void add_modes(mn_yardstick *y, const double *x, double weight, double sum[2 * MODES + 1][MODES + 1][2])
{
  for (int a = 0; a < 2; a++) {
    const double angle = -y->spacing * (x[a] - y->centre[a]);
    const double step[2] = {cos(angle), sin(angle)};
    double(*f)[2] = y->factor[a];
    f[MODES][0] = 1.0;
    f[MODES][1] = 0.0;
    for (int m = 1; m <= MODES; m++) {
      f[MODES + m][0] = f[MODES + m - 1][0] * step[0] - f[MODES + m - 1][1] * step[1];
      f[MODES + m][1] = f[MODES + m - 1][0] * step[1] + f[MODES + m - 1][1] * step[0];
      f[MODES - m][0] = f[MODES + m][0];
      f[MODES - m][1] = -f[MODES + m][1];
    }
  }
  for (int m = 0; m <= 2 * MODES; m++) { /* real measures: half of the plane is enough */
    const double re = weight * y->factor[0][m][0];
    const double im = weight * y->factor[0][m][1];
    for (int n = 0; n <= MODES; n++) {
      const double *g = y->factor[1][MODES + n];
      sum[m][n][0] += re * g[0] - im * g[1];
      sum[m][n][1] += re * g[1] + im * g[0];
    }
  }
}

static double sobolev(mn_yardstick *y, const double *x)
{
  double mu[2 * MODES + 1][MODES + 1][2] = {{{0}}};
  double sum = 0.0;
  for (int64_t k = 0; k < y->count; k++) {
    add_modes(y, x + 2 * k, 1.0 / (double)y->count, mu);
  }
  for (int m = -MODES; m <= MODES; m++) {
    for (int n = 0; n <= MODES; n++) {
      const double *a = mu[m + MODES][n];
      const double *b = y->rho[m + MODES][n];
      const double k2 = y->spacing * y->spacing * (m * m + n * n) * y->variance;
      const double d2 = (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
      sum += (n == 0 ? 1.0 : 2.0) * d2 / ((1.0 + k2) * (1.0 + k2));
    }
  }
  return sqrt(sum * y->spacing * y->spacing * y->variance / (2.0 * pi));
}

static double kolmogorov(mn_yardstick *y, const double *x)
{
  double worst = 0.0;
  for (int64_t k = 0; k < y->count; k++) {
    y->line[k] = hypot(x[2 * k], x[2 * k + 1]);
  }
  qsort(y->line, (size_t)y->count, sizeof *y->line, ascending);
  for (int64_t k = 0; k < y->count; k++) {
    const double m = mn_radial_mass(&y->radial, y->line[k]);
    worst = fmax(worst, fmax((double)(k + 1) / (double)y->count - m, m - (double)k / (double)y->count));
  }
  return worst;
}

static mn_error *sort_points(mn_yardstick *y, int d, const double direction[2])
{
  if (y->order[d]) {
    return NULL;
  }
  MN_TRY(mn_alloc(&y->order[d], 2 * y->points.count, sizeof *y->order[d]));
  double *order = y->order[d];
  for (int64_t k = 0; k < y->points.count; k++) {
    order[2 * k] = direction[0] * y->points.x[2 * k] + direction[1] * y->points.x[2 * k + 1];
    order[2 * k + 1] = mn_plane_points_mass(&y->points, k);
  }
  qsort(order, (size_t)y->points.count, 2 * sizeof *order, ascending);
  return NULL;
}

/* Between the axes and the diagonals: along those the pieces of the density lie in lines, which a projection would see
 * as gaps, an error of a 32nd of their width in the mean. */
static void find_direction(int d, double direction[2])
{
  const double angle = pi * (d + 0.5) / MN_DIRECTIONS;
  direction[0] = cos(angle);
  direction[1] = sin(angle);
}

/* int |F - G| ds of a projected cloud against the sorted points. */
static double project(mn_yardstick *y, const double *x, const double *order, const double direction[2])
{
  for (int64_t k = 0; k < y->count; k++) {
    y->line[k] = direction[0] * x[2 * k] + direction[1] * x[2 * k + 1];
  }
  qsort(y->line, (size_t)y->count, sizeof *y->line, ascending);
  const double each = 1.0 / (double)y->count;
  int64_t i = 0;
  int64_t j = 0;
  double difference = 0.0;
  double sum = 0.0;
  double at = fmin(y->line[0], order[0]);
  while (i < y->count || j < y->points.count) {
    const bool cell = j >= y->points.count || (i < y->count && y->line[i] <= order[2 * j]);
    const double next = cell ? y->line[i] : order[2 * j];
    sum += fabs(difference) * (next - at);
    difference += cell ? each : -order[2 * j + 1];
    at = next;
    i += cell ? 1 : 0;
    j += cell ? 0 : 1;
  }
  return sum;
}

/* Independent samples of the density. */
static void draw(const mn_yardstick *y, uint32_t seed, int replica, double *x)
{
  for (int64_t k = 0; k < y->count; k++) {
    double u[2];
    double v[2];
    mn_noise_uniform(seed, MN_STREAM_COMPARE, (uint32_t)k, (uint64_t)replica, 0, u);
    mn_noise_uniform(seed, MN_STREAM_COMPARE, (uint32_t)k, (uint64_t)replica, 1, v);
    int64_t low = 0;
    int64_t high = y->points.count - 1;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (y->points.cumulative[middle] < u[0]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    for (int a = 0; a < 2; a++) {
      x[2 * k + a] = y->points.x[2 * low + a] + (v[a] - 0.5) * y->points.size[2 * low + a];
    }
  }
}

static void set_scales(mn_yardstick *y)
{
  double square = 0.0;
  for (int64_t k = 0; k < y->points.count; k++) {
    const double m = mn_plane_points_mass(&y->points, k);
    y->centre[0] += m * y->points.x[2 * k];
    y->centre[1] += m * y->points.x[2 * k + 1];
    square += m * (y->points.x[2 * k] * y->points.x[2 * k] + y->points.x[2 * k + 1] * y->points.x[2 * k + 1]);
  }
  y->variance = 0.5 * (square - y->centre[0] * y->centre[0] - y->centre[1] * y->centre[1]);
  y->spacing = 0.3 / sqrt(y->variance);
}

/* Of the clouds 0 .. MN_REPLICAS, the cloud itself being 0, this rank has every size-th. */
static int clouds_of(const mn_parallel *parallel)
{
  return MN_REPLICAS / parallel->size + 1;
}

static mn_error *prepare(const mn_plane *plane, int64_t most, mn_yardstick *y)
{
  MN_TRY(mn_plane_points_make(plane, most, &y->points));
  MN_TRY(mn_radial_make(&y->points, &y->radial));
  set_scales(y);
  for (int64_t k = 0; k < y->points.count; k++) {
    add_modes(y, y->points.x + 2 * k, mn_plane_points_mass(&y->points, k), y->rho);
  }
  return NULL;
}

/* Room for clouds of that many cells. */
static mn_error *take_clouds(mn_yardstick *y, int64_t count, int clouds)
{
  y->count = count;
  MN_TRY(mn_reserve(&y->x, 2 * count * clouds, sizeof *y->x));
  return mn_reserve(&y->line, count, sizeof *y->line);
}

mn_error *mn_yardstick_create(const mn_plane *plane, int64_t most, mn_yardstick **yardstick)
{
  mn_yardstick *y = NULL;
  *yardstick = NULL;
  MN_TRY(mn_alloc(&y, 1, sizeof *y));
  *yardstick = y;
  mn_error *error = prepare(plane, most, y);
  if (error) {
    mn_yardstick_destroy(yardstick);
  }
  return error;
}

void mn_yardstick_destroy(mn_yardstick **yardstick)
{
  mn_yardstick *y = *yardstick;
  if (y) {
    mn_plane_points_clear(&y->points);
    mn_free(&y->x);
    mn_free(&y->line);
    for (int d = 0; d < MN_DIRECTIONS; d++) {
      mn_free(&y->order[d]);
    }
  }
  mn_free(yardstick);
}

mn_error *mn_yardstick_measure(mn_yardstick *y, int64_t count, const double *x, double value[MN_DISTANCES])
{
  MN_TRY(take_clouds(y, count, 0));
  value[MN_KOLMOGOROV] = kolmogorov(y, x);
  value[MN_SOBOLEV] = sobolev(y, x);
  value[MN_SLICED] = 0.0;
  for (int d = 0; d < MN_DIRECTIONS; d++) {
    double direction[2];
    find_direction(d, direction);
    MN_TRY(sort_points(y, d, direction));
    value[MN_SLICED] += project(y, x, y->order[d], direction) / MN_DIRECTIONS;
  }
  return NULL;
}

/* All distances of the clouds of this rank; sliced ones direction by direction, so that sorted points need be kept for
 * one direction only. */
static mn_error *measure(const mn_parallel *parallel, mn_yardstick *y, const double *cloud, uint32_t seed,
                         double value[MN_REPLICAS + 1][MN_DISTANCES])
{
  const int rank = parallel->rank;
  const int size = parallel->size;
  for (int r = rank; r <= MN_REPLICAS; r += size) {
    double *x = y->x + r / size * 2 * y->count;
    if (r == 0) {
      memcpy(x, cloud, 2 * (size_t)y->count * sizeof *x);
    } else {
      draw(y, seed, r, x);
    }
    value[r][MN_KOLMOGOROV] = kolmogorov(y, x);
    value[r][MN_SOBOLEV] = sobolev(y, x);
  }
  for (int d = 0; d < MN_DIRECTIONS; d++) {
    double direction[2];
    find_direction(d, direction);
    MN_TRY(sort_points(y, d, direction));
    for (int r = rank; r <= MN_REPLICAS; r += size) {
      value[r][MN_SLICED] += project(y, y->x + r / size * 2 * y->count, y->order[d], direction) / MN_DIRECTIONS;
    }
    mn_free(&y->order[d]);
  }
  return NULL;
}

static void summarise(double value[MN_REPLICAS + 1][MN_DISTANCES], mn_distance_row *row)
{
  for (int d = 0; d < MN_DISTANCES; d++) {
    double mean = 0.0;
    double square = 0.0;
    for (int r = 1; r <= MN_REPLICAS; r++) {
      mean += value[r][d] / MN_REPLICAS;
    }
    for (int r = 1; r <= MN_REPLICAS; r++) {
      square += (value[r][d] - mean) * (value[r][d] - mean) / (MN_REPLICAS - 1);
    }
    row->value[d] = value[0][d];
    row->noise[d] = mean;
    row->spread[d] = sqrt(square);
  }
}

mn_error *mn_distance_measure(const mn_parallel *parallel, const mn_plane *plane, int64_t count, const double *x,
                              uint32_t seed, mn_distance_row *row)
{
  double value[MN_REPLICAS + 1][MN_DISTANCES] = {{0}};
  mn_yardstick *y = NULL;
  mn_error *error = mn_yardstick_create(plane, POINTS, &y);
  error = error ? error : take_clouds(y, count, clouds_of(parallel));
  error = mn_agree(parallel, error ? error : measure(parallel, y, x, seed, value));
  if (!error) {
    MPI_Allreduce(MPI_IN_PLACE, value, (MN_REPLICAS + 1) * MN_DISTANCES, MPI_DOUBLE, MPI_SUM, parallel->comm);
    summarise(value, row);
  }
  mn_yardstick_destroy(&y);
  return error;
}
