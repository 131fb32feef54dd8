/* Means and variances by ordered sums; quantiles as exact order statistics, by bisection on the bits of r^2 with
 * integer counts, so that nothing depends on who owns a cell; their errors by Woodruff's interval. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/observe.h>

#include "sort.h"

#include <math.h>
#include <string.h>

const mn_observable_info mn_observables[MN_OBSERVABLES] = {
    [MN_MEAN_SQUARE] = {"mean_square", "E|X|^2, mean over cells of the squared distance from 0"},
    [MN_PULL] = {"pull", "E|X|^2 less that of the same cells without drift, same noise: what the chemical has done"},
    [MN_CENTRE_X] = {"centre_x", "centre of mass, x"},
    [MN_CENTRE_Y] = {"centre_y", "centre of mass, y"},
    [MN_RADIUS_Q10] = {"radius_q10", "radius around 0 that holds 10 % of the cells"},
    [MN_RADIUS_Q25] = {"radius_q25", "radius around 0 that holds 25 % of the cells"},
    [MN_RADIUS_Q50] = {"radius_q50", "radius around 0 that holds half of the cells"},
    [MN_RADIUS_Q75] = {"radius_q75", "radius around 0 that holds 75 % of the cells"},
    [MN_RADIUS_Q90] = {"radius_q90", "radius around 0 that holds 90 % of the cells"},
    [MN_MIN_DISTANCE] = {"min_distance", "smallest distance between two cells"},
    [MN_PAIR_DRIFT_1] = {"pair_drift_1", "E|D^{12}|, over pairs (i, i+1), un-averaged present force"},
    [MN_PAIR_DRIFT_32] = {"pair_drift_32", "E|D^{12}|^(3/2), over pairs (i, i+1), un-averaged present force"},
    [MN_CHEMICAL_MASS] = {"chemical_mass", "mass of the chemical: that of c_0 and what the remembered past has left"},
    [MN_FORGOTTEN_DRIFT] = {"forgotten_drift", "bound on the drift that the forgotten past could have added"},
    [MN_AUDIT_ERROR] = {"audit_error", "rms error of the drift of drift.audit cells, relative, against the direct sum"},
    [MN_AUDIT_EXPECTED] = {"audit_expected", "the same as the engine has reckoned with"},
    [MN_SHARE_WITHIN] = {"share_within_1", "share of cells within the first of output.radii of 0"},
    [MN_SHARE_WITHIN + 1] = {"share_within_2", "share of cells within the second of output.radii of 0"},
    [MN_SHARE_WITHIN + 2] = {"share_within_3", "share of cells within the third of output.radii of 0"},
    [MN_SHARE_WITHIN + 3] = {"share_within_4", "share of cells within the fourth of output.radii of 0"},
    [MN_PEAK_DENSITY] = {"peak_density", "largest density (continuum only)"},
    [MN_DENSITY_L2] = {"density_l2", "norm of the density in L2 (continuum only)"},
    [MN_EDGE_MASS] = {"edge_mass", "mass in the outer eighth of the half-width of the box (continuum only)"},
    [MN_SMALLEST_CELL] = {"smallest_cell", "width of the smallest cell of the mesh (continuum only)"},
};

/* Columns of the per-cell values that are averaged. */
enum { COLUMN_SQUARE, COLUMN_PULL, COLUMN_X, COLUMN_Y, COLUMN_SHARE, COLUMNS = COLUMN_SHARE + MN_SHARES };

static const mn_observable column_observable[COLUMNS] = {
    MN_MEAN_SQUARE,     MN_PULL, MN_CENTRE_X, MN_CENTRE_Y, MN_SHARE_WITHIN, MN_SHARE_WITHIN + 1, MN_SHARE_WITHIN + 2,
    MN_SHARE_WITHIN + 3};

static double squared(const double *x)
{
  return x[0] * x[0] + x[1] * x[1];
}

static void fill_columns(const double *x, const double *free_path, const double *radii, double *column)
{
  const double r2 = squared(x);
  column[COLUMN_SQUARE] = r2;
  column[COLUMN_PULL] = r2 - squared(free_path);
  column[COLUMN_X] = x[0];
  column[COLUMN_Y] = x[1];
  for (int k = 0; k < MN_SHARES; k++) {
    column[COLUMN_SHARE + k] = r2 <= radii[k] * radii[k] ? 1.0 : 0.0;
  }
}

/* Means with errors.  Two passes, so that a small variance around a large mean keeps its digits.  The pull is a sum
 * over pairs, in which a cell is both pulled and pulls: twice the error of independent cells covers both roles. */
static mn_error *observe_columns(const mn_parallel *parallel, int64_t count, int width, const mn_observable *which,
                                 double *columns, mn_observation *out)
{
  double mean[COLUMNS];
  double spread[COLUMNS];
  const double n = (double)count;
  const int64_t local = mn_block_count(mn_block_of(count, parallel->rank, parallel->size));
  MN_TRY(mn_ordered_sum(parallel, count, width, columns, mean));
  for (int64_t k = 0; k < local * width; k++) {
    const double d = columns[k] - mean[k % width] / n;
    columns[k] = d * d;
  }
  MN_TRY(mn_ordered_sum(parallel, count, width, columns, spread));
  for (int c = 0; c < width; c++) {
    out->value[which[c]] = mean[c] / n;
    out->error[which[c]] = sqrt(spread[c] / (n * (n - 1.0)));
  }
  return NULL;
}

static mn_error *observe_means(const mn_parallel *parallel, int64_t count, const double *x, const double *free_path,
                               const double *radii, mn_observation *out)
{
  const int64_t local = mn_block_count(mn_block_of(count, parallel->rank, parallel->size));
  double *columns = NULL;
  MN_TRY(mn_agree(parallel, mn_alloc(&columns, local * COLUMNS, sizeof *columns)));
  for (int64_t i = 0; i < local; i++) {
    fill_columns(x + 2 * i, free_path + 2 * i, radii, columns + i * COLUMNS);
  }
  mn_error *error = observe_columns(parallel, count, COLUMNS, column_observable, columns, out);
  out->error[MN_PULL] *= 2.0;
  mn_free(&columns);
  return error;
}

static mn_error *observe_pairs(const mn_parallel *parallel, int64_t pairs, const double *pair_drift,
                               mn_observation *out)
{
  static const mn_observable which[] = {MN_PAIR_DRIFT_1, MN_PAIR_DRIFT_32};
  const int64_t local = mn_block_count(mn_block_of(pairs, parallel->rank, parallel->size));
  double *columns = NULL;
  MN_TRY(mn_agree(parallel, mn_alloc(&columns, 2 * local, sizeof *columns)));
  for (int64_t i = 0; i < local; i++) {
    const double d = sqrt(squared(pair_drift + 2 * i));
    columns[2 * i] = d;
    columns[2 * i + 1] = d * sqrt(d);
  }
  mn_error *error = observe_columns(parallel, pairs, 2, which, columns, out);
  mn_free(&columns);
  return error;
}

static int64_t count_at_most(const double *sorted, int64_t n, double limit)
{
  int64_t low = 0;
  int64_t high = n;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (sorted[middle] <= limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

enum { QUANTILES = 5, STATISTICS = 3 * QUANTILES };

/* The rank[k]-th smallest values over all ranks of non-negative numbers, sorted on each rank. */
static void order_statistics(const mn_parallel *parallel, const double *sorted, int64_t n, const int64_t *rank,
                             double *value)
{
  uint64_t low[STATISTICS] = {0};
  uint64_t high[STATISTICS];
  for (int k = 0; k < STATISTICS; k++) {
    high[k] = UINT64_C(0x7ff0000000000000); /* infinity: bits of non-negative doubles are ordered like integers */
  }
  for (int bit = 0; bit < 63; bit++) {
    int64_t below[STATISTICS];
    uint64_t middle[STATISTICS];
    for (int k = 0; k < STATISTICS; k++) {
      double limit;
      middle[k] = low[k] + (high[k] - low[k]) / 2;
      memcpy(&limit, &middle[k], sizeof limit);
      below[k] = count_at_most(sorted, n, limit);
    }
    MPI_Allreduce(MPI_IN_PLACE, below, STATISTICS, MPI_INT64_T, MPI_SUM, parallel->comm);
    for (int k = 0; k < STATISTICS; k++) {
      if (below[k] >= rank[k]) {
        high[k] = middle[k];
      } else {
        low[k] = middle[k] + 1;
      }
    }
  }
  memcpy(value, high, sizeof high);
}

static int64_t rank_of(double share, int64_t count)
{
  const int64_t rank = (int64_t)ceil(share * (double)count);
  return rank < 1 ? 1 : rank > count ? count : rank;
}

static mn_error *observe_quantiles(const mn_parallel *parallel, int64_t count, int64_t local, const double *x,
                                   mn_observation *out)
{
  static const double share[QUANTILES] = {0.10, 0.25, 0.50, 0.75, 0.90};
  double *sorted = NULL;
  MN_TRY(mn_agree(parallel, mn_alloc(&sorted, local, sizeof *sorted)));
  for (int64_t i = 0; i < local; i++) {
    sorted[i] = squared(x + 2 * i);
  }
  mn_error *error = mn_agree(parallel, mn_sort(sorted, local, 1));
  if (error) {
    mn_free(&sorted);
    return error;
  }
  int64_t rank[STATISTICS];
  double r2[STATISTICS];
  for (int k = 0; k < QUANTILES; k++) {
    const double deviation = sqrt(share[k] * (1.0 - share[k]) / (double)count);
    for (int side = 0; side < 3; side++) {
      rank[3 * k + side] = rank_of(share[k] + (side - 1) * deviation, count);
    }
  }
  order_statistics(parallel, sorted, local, rank, r2);
  for (int k = 0; k < QUANTILES; k++) {
    out->value[MN_RADIUS_Q10 + k] = sqrt(r2[3 * k + 1]);
    out->error[MN_RADIUS_Q10 + k] = 0.5 * (sqrt(r2[3 * k + 2]) - sqrt(r2[3 * k]));
  }
  mn_free(&sorted);
  return NULL;
}

/* Sweep along x, of sorted points: a partner can only be nearer than the best while its x is. */
static double smallest_distance(const double *points, int64_t count)
{
  double best = INFINITY;
  for (int64_t i = 0; i < count; i++) {
    for (int64_t j = i + 1; j < count; j++) {
      const double d[2] = {points[2 * j] - points[2 * i], points[2 * j + 1] - points[2 * i + 1]};
      if (d[0] * d[0] >= best) {
        break;
      }
      best = fmin(best, squared(d));
    }
  }
  return sqrt(best);
}

static mn_error *observe_smallest_distance(const mn_parallel *parallel, int64_t count, const double *x,
                                           mn_observation *out)
{
  double *all = NULL;
  MN_TRY(mn_agree(parallel, mn_alloc(&all, 2 * count, sizeof *all)));
  mn_error *error = mn_gather_rows(parallel, count, 2, x, all);
  error = error ? error : mn_agree(parallel, mn_sort(all, count, 2));
  if (!error) {
    out->value[MN_MIN_DISTANCE] = smallest_distance(all, count);
  }
  mn_free(&all);
  return error;
}

mn_error *mn_observe(const mn_parallel *parallel, int64_t count, const double *x, const double *free_path,
                     int64_t pairs, const double *pair_drift, const double radii[MN_SHARES], mn_observation *out)
{
  for (int k = 0; k < MN_OBSERVABLES; k++) {
    out->value[k] = NAN;
    out->error[k] = NAN;
  }
  const int64_t local = mn_block_count(mn_block_of(count, parallel->rank, parallel->size));
  MN_TRY(observe_means(parallel, count, x, free_path, radii, out));
  MN_TRY(observe_pairs(parallel, pairs, pair_drift, out));
  MN_TRY(observe_quantiles(parallel, count, local, x, out));
  return observe_smallest_distance(parallel, count, x, out);
}
