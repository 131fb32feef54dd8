/* Sums over the mesh are spectrally accurate for smooth densities; quantiles come from the mass within circles, by
 * cubic Hermite interpolation of it between circles that are graded like the mesh. */
#include "start.h"

#include <mnemotaxis/pde.h>

#include <math.h>
#include <stdlib.h>

enum { CIRCLES = 40, RADII = CIRCLES + MN_SHARES };

double mn_pde_first_square(const mn_pde_options *o)
{
  const mn_start start = {&o->initial, o->smoothing, o->points, o->point};
  double mean[2];
  double covariance[3];
  mn_start_moments(&start, mean, covariance);
  return covariance[0] + covariance[2] + mean[0] * mean[0] + mean[1] * mean[1];
}

static void observe_sums(const mn_plane *plane, mn_observation *out)
{
  double sum[3] = {0};
  for (int j = 0; j < plane->axis[1].cells; j++) {
    for (int i = 0; i < plane->axis[0].cells; i++) {
      const double x = plane->axis[0].x[i];
      const double y = plane->axis[1].x[j];
      const double mass =
          plane->density[(int64_t)j * plane->axis[0].cells + i] * plane->axis[0].width[i] * plane->axis[1].width[j];
      sum[0] += mass * x;
      sum[1] += mass * y;
      sum[2] += mass * (x * x + y * y);
    }
  }
  out->value[MN_CENTRE_X] = sum[0];
  out->value[MN_CENTRE_Y] = sum[1];
  out->value[MN_MEAN_SQUARE] = sum[2];
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Circles around 0 from the finest scale to the corner of the box, and those of the shares. */
static void choose_circles(const mn_plane *plane, double smallest, const double *radii, double circle[RADII])
{
  const double reach = hypot(fmax(fabs(plane->axis[0].low), fabs(plane->axis[0].high)),
                             fmax(fabs(plane->axis[1].low), fabs(plane->axis[1].high)));
  const double bend = asinh(reach / (4.0 * smallest));
  for (int k = 0; k < CIRCLES; k++) {
    circle[k] = 4.0 * smallest * sinh(bend * (k + 1) / CIRCLES);
  }
  for (int k = 0; k < MN_SHARES; k++) {
    circle[CIRCLES + k] = radii[k];
  }
  qsort(circle, RADII, sizeof *circle, ascending);
}

/* Radius between circle a and b (masses and slopes known) at which the mass is `share`, by bisection. */
static double invert(const double r[2], const double mass[2], const double slope[2], double share)
{
  double low = 0.0;
  double high = 1.0;
  const double h = r[1] - r[0];
  for (int k = 0; k < 60; k++) {
    const double s = 0.5 * (low + high);
    const double value = mass[0] + s * s * (3.0 - 2.0 * s) * (mass[1] - mass[0]) +
                         h * s * (1.0 - s) * ((1.0 - s) * slope[0] - s * slope[1]);
    if (value < share) {
      low = s;
    } else {
      high = s;
    }
  }
  return r[0] + low * h;
}

/* dM/dr at a circle. */
static double slope_at(const mn_plane *plane, double r)
{
  enum { ANGLES = 48 };
  double sum = 0.0;
  for (int m = 0; m < ANGLES; m++) {
    const double angle = 6.283185307179586 * (m + 0.5) / ANGLES;
    sum += mn_plane_density_at(plane, r * cos(angle), r * sin(angle));
  }
  return 6.283185307179586 * r * sum / ANGLES;
}

static double quantile(const mn_plane *plane, const double *circle, const double *mass, double share)
{
  int k = 0;
  while (k < RADII - 1 && mass[k] < share) {
    k++;
  }
  const double r[2] = {k > 0 ? circle[k - 1] : 0.0, circle[k]};
  const double m[2] = {k > 0 ? mass[k - 1] : 0.0, mass[k]};
  const double slope[2] = {slope_at(plane, r[0]), slope_at(plane, r[1])};
  return invert(r, m, slope, share);
}

static void observe_circles(const mn_plane *plane, double smallest, const double radii[MN_SHARES], mn_observation *out)
{
  static const double share[] = {0.10, 0.25, 0.50, 0.75, 0.90};
  double circle[RADII];
  double mass[RADII];
  choose_circles(plane, smallest, radii, circle);
  mn_plane_radial(plane, RADII, circle, mass);
  for (int k = 0; k < 5; k++) {
    out->value[MN_RADIUS_Q10 + k] = quantile(plane, circle, mass, share[k]);
  }
  for (int k = 0; k < MN_SHARES; k++) {
    int at = 0;
    while (circle[at] < radii[k]) {
      at++;
    }
    out->value[MN_SHARE_WITHIN + k] = mass[at];
  }
}

/* Of c_0, decayed, and of unit mass since time 0; theta = 0: at every moment 1/lambda. */
static double chemical_mass(const mn_pde_options *o, double t)
{
  if (o->model.theta == 0.0) {
    return 1.0 / o->model.lambda;
  }
  return mn_field_mass(&o->field) * exp(-o->model.lambda * t / o->model.theta) + mn_kernel_mass(&o->model, 0.0, t);
}

void mn_pde_observe(const mn_pde_options *o, const mn_plane *plane, const mn_pde_report *report, double first_square,
                    const double radii[MN_SHARES], mn_observation *out)
{
  double at[2];
  for (int k = 0; k < MN_OBSERVABLES; k++) {
    out->value[k] = NAN;
    out->error[k] = NAN;
  }
  out->time = report->time;
  out->step = report->step;
  observe_sums(plane, out);
  observe_circles(plane, report->smallest_cell, radii, out);
  out->value[MN_PULL] = out->value[MN_MEAN_SQUARE] - first_square - 4.0 * report->time;
  out->value[MN_CHEMICAL_MASS] = chemical_mass(o, report->time);
  out->value[MN_FORGOTTEN_DRIFT] = 0.0;
  out->value[MN_PEAK_DENSITY] = mn_plane_peak(plane, at);
  out->value[MN_DENSITY_L2] = report->l2;
  out->value[MN_EDGE_MASS] = report->edge_mass;
  out->value[MN_SMALLEST_CELL] = report->smallest_cell;
}
