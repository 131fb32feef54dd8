/* Sums over the mesh are spectrally accurate for smooth densities; quantiles come from the radial distribution
 * function.
 */
#include "start.h"

#include <mnemotaxis/pde.h>
#include <mnemotaxis/radial.h>

#include <math.h>

enum { POINTS = 1 << 15 /* for the radial distribution function: some milliseconds */ };

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
  double sum[2] = {0};
  for (int j = 0; j < plane->axis[1].cells; j++) {
    for (int i = 0; i < plane->axis[0].cells; i++) {
      const double x = plane->axis[0].x[i];
      const double y = plane->axis[1].x[j];
      const double mass =
          plane->density[(int64_t)j * plane->axis[0].cells + i] * plane->axis[0].width[i] * plane->axis[1].width[j];
      sum[0] += mass * x;
      sum[1] += mass * y;
    }
  }
  out->value[MN_CENTRE_X] = sum[0];
  out->value[MN_CENTRE_Y] = sum[1];
  out->value[MN_MEAN_SQUARE] = mn_plane_mean_square(plane);
}

static mn_error *observe_circles(const mn_plane *plane, const double radii[MN_SHARES], mn_observation *out)
{
  static const double share[] = {0.10, 0.25, 0.50, 0.75, 0.90};
  mn_plane_points points;
  mn_radial radial;
  MN_TRY(mn_plane_points_make(plane, POINTS, &points));
  mn_error *error = mn_radial_make(&points, &radial);
  mn_plane_points_clear(&points);
  for (int k = 0; k < 5 && !error; k++) {
    out->value[MN_RADIUS_Q10 + k] = mn_radial_quantile(&radial, share[k]);
  }
  for (int k = 0; k < MN_SHARES && !error; k++) {
    out->value[MN_SHARE_WITHIN + k] = mn_radial_mass(&radial, radii[k]);
  }
  return error;
}

/* Of c_0, decayed, and of unit mass since time 0; theta = 0: at every moment 1/lambda. */
static double chemical_mass(const mn_pde_options *o, double t)
{
  if (o->model.theta == 0.0) {
    return 1.0 / o->model.lambda;
  }
  return mn_field_mass(&o->field) * exp(-o->model.lambda * t / o->model.theta) + mn_kernel_mass(&o->model, 0.0, t);
}

mn_error *mn_pde_observe(const mn_pde_options *o, const mn_plane *plane, const mn_pde_report *report,
                         double first_square, const double radii[MN_SHARES], mn_observation *out)
{
  double at[2];
  for (int k = 0; k < MN_OBSERVABLES; k++) {
    out->value[k] = NAN;
    out->error[k] = NAN;
  }
  out->time = report->time;
  out->step = report->step;
  observe_sums(plane, out);
  out->value[MN_PULL] = out->value[MN_MEAN_SQUARE] - first_square - 4.0 * report->time;
  out->value[MN_CHEMICAL_MASS] = chemical_mass(o, report->time);
  out->value[MN_FORGOTTEN_DRIFT] = 0.0;
  out->value[MN_PEAK_DENSITY] = mn_plane_peak(plane, at);
  out->value[MN_DENSITY_L2] = report->l2;
  out->value[MN_EDGE_MASS] = report->edge_mass;
  out->value[MN_SMALLEST_CELL] = report->smallest_cell;
  return observe_circles(plane, radii, out);
}
