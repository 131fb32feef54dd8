#include "measure.h"
#include "meshing.h"

#include "petsc.h"

#include <math.h>
#include <string.h>

enum { MASS, MEAN_X, MEAN_Y, XX, XY, YY, SQUARE, EDGE, SUMS };

/* Fourth undivided difference. */
static double fourth(const double *p, int64_t s)
{
  return fabs(p[2 * s] - 4.0 * p[s] + 6.0 * p[0] - 4.0 * p[-s] + p[-2 * s]);
}

static bool at_edge(const mn_axis *axis, int i)
{
  const double depth = 0.5 * MN_EDGE * (axis->high - axis->low);
  return axis->x[i] < axis->low + depth || axis->x[i] > axis->high - depth;
}

/* Moments are about the middle of the box, which may be far from 0. */
static double middle(const mn_axis *axis)
{
  return 0.5 * (axis->low + axis->high);
}

static void add_cell(const mn_marcher *m, int i, int j, double rho, double sum[SUMS])
{
  const mn_axis *axis = m->axis;
  const double x = axis[0].x[i] - middle(&axis[0]);
  const double y = axis[1].x[j] - middle(&axis[1]);
  const double mass = rho * axis[0].width[i] * axis[1].width[j];
  sum[MASS] += mass;
  sum[MEAN_X] += mass * x;
  sum[MEAN_Y] += mass * y;
  sum[XX] += mass * x * x;
  sum[XY] += mass * x * y;
  sum[YY] += mass * y * y;
  sum[SQUARE] += mass * rho;
  sum[EDGE] += at_edge(&axis[0], i) || at_edge(&axis[1], j) ? mass : 0.0;
}

static double second(const double *p, int64_t s)
{
  return fabs(p[s] - 2.0 * p[0] + p[-s]);
}

/* Of a Gaussian of deviation s the fourth difference is 3 (h/s)^4 of its peak, and 3 (h/s)^2 of its second difference.
 * The first measures rho. c has no scale of its own: only its curvature counts, and only as far as chi times it is not
 * small against that of log rho; so the second measures c, squared. Where neither bends (the plateau of a disk) noise
 * must not be divided by noise: a bend of 1/100 a cell is well resolved, whatever its fourth difference. */
static double indicator_of(const double *p, const double *q, const int64_t stride[2], int along, double chi,
                           double peak)
{
  static const double flat = 1e-2;
  const double share = p[0] / peak;
  const double found = fourth(p, stride[along]) / peak;
  if (share < 1e-6) {
    return found;
  }
  const double rho = (second(p, stride[0]) + second(p, stride[1])) / p[0];
  const double c = chi * (second(q, stride[0]) + second(q, stride[1]));
  const double ratio = chi * fourth(q, stride[along]) / (rho + c + flat);
  return fmax(found, share * ratio * ratio / 3.0);
}

/* Outside the mesh rho is 0 and c its border. */
static void look(const mn_marcher *m, mn_pair u, double sum[SUMS], double best[3])
{
  const mn_part *part = &m->system.site.part;
  for (int j = part->first[1]; j < part->first[1] + part->count[1]; j++) {
    for (int i = part->first[0]; i < part->first[0] + part->count[0]; i++) {
      const double rho = u.rho[mn_part_at(part, i, j)];
      add_cell(m, i, j, rho, sum);
      if (rho > best[0]) {
        best[0] = rho;
        best[1] = m->axis[0].x[i];
        best[2] = m->axis[1].x[j];
      }
    }
  }
}

/* Largest indicator of each column and row; behind them, the mass its fourth differences stand for. */
static void indicate(const mn_marcher *m, mn_pair u, double peak, double *const indicator[2])
{
  const mn_part *part = &m->system.site.part;
  const int64_t stride[2] = {1, part->ghost_count[0]};
  for (int j = part->first[1]; j < part->first[1] + part->count[1]; j++) {
    for (int i = part->first[0]; i < part->first[0] + part->count[0]; i++) {
      const int64_t k = mn_part_at(part, i, j);
      const double area = m->axis[0].width[i] * m->axis[1].width[j];
      const int at[2] = {i, j};
      for (int a = 0; a < 2; a++) {
        double *line = indicator[a];
        line[at[a]] = fmax(line[at[a]], indicator_of(u.rho + k, u.c + k, stride, a, m->system.site.chi, peak));
        line[m->axis[a].cells + at[a]] += area * fourth(u.rho + k, stride[a]);
      }
    }
  }
}

static void share_peak(const mn_parallel *parallel, double best[3])
{
  struct {
    double value;
    int rank;
  } mine = {best[0], parallel->rank}, top;
  MPI_Allreduce(&mine, &top, 1, MPI_DOUBLE_INT, MPI_MAXLOC, parallel->comm);
  MPI_Bcast(best, 3, MPI_DOUBLE, top.rank, parallel->comm);
}

/* The two indicators of a line as one: mass counts by what it does to E|X|^2 too, and a line of width h = s/3 around
 * the centre of a Gaussian has an eighth of its mass.  Returns the largest. */
static double share_indicators(const mn_parallel *parallel, const mn_marcher *m, const mn_moments *moments,
                               double *const indicator[2])
{
  double largest = 0.0;
  for (int a = 0; a < 2; a++) {
    const mn_axis *axis = &m->axis[a];
    const double variance = moments->value[a == 0 ? 3 : 5];
    double *mass = indicator[a] + axis->cells;
    MPI_Allreduce(MPI_IN_PLACE, indicator[a], axis->cells, MPI_DOUBLE, MPI_MAX, parallel->comm);
    MPI_Allreduce(MPI_IN_PLACE, mass, axis->cells, MPI_DOUBLE, MPI_SUM, parallel->comm);
    for (int i = 0; i < axis->cells; i++) {
      const double d = axis->x[i] - moments->value[1 + a];
      indicator[a][i] = fmax(indicator[a][i], mass[i] * (1.0 + d * d / variance));
      largest = fmax(largest, indicator[a][i]);
    }
  }
  return largest;
}

mn_error *mn_measure(const mn_parallel *parallel, mn_marcher *m, double limit, mn_pde_report *report, double *mass,
                     mn_moments *moments, double *const indicator[2])
{
  double sum[SUMS] = {0};
  double best[3] = {0};
  memset(indicator[0], 0, 2 * (size_t)m->axis[0].cells * sizeof(double));
  memset(indicator[1], 0, 2 * (size_t)m->axis[1].cells * sizeof(double));
  MN_PETSC(mn_system_spread(&m->system, report->time, m->v, m->system.work));
  look(m, m->system.work, sum, best);
  MPI_Allreduce(MPI_IN_PLACE, sum, SUMS, MPI_DOUBLE, MPI_SUM, parallel->comm);
  share_peak(parallel, best);
  indicate(m, m->system.work, best[0], indicator);
  report->peak = best[0];
  report->peak_at[0] = best[1];
  report->peak_at[1] = best[2];
  report->l2 = sqrt(sum[SQUARE]);
  report->edge_mass = sum[EDGE];
  report->smallest_cell = fmin(mn_axis_smallest(&m->axis[0]), mn_axis_smallest(&m->axis[1]));
  report->cells[0] = m->axis[0].cells;
  report->cells[1] = m->axis[1].cells;
  *mass = sum[MASS];
  const double mx = sum[MEAN_X] / sum[MASS];
  const double my = sum[MEAN_Y] / sum[MASS];
  *moments =
      (mn_moments){{report->time, mx + middle(&m->axis[0]), my + middle(&m->axis[1]), sum[XX] / sum[MASS] - mx * mx,
                    sum[XY] / sum[MASS] - mx * my, sum[YY] / sum[MASS] - my * my}};
  report->resolution = share_indicators(parallel, m, moments, indicator) / limit;
  return NULL;
}
