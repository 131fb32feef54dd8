/* How well a mesh resolves a field is seen in its undivided fourth differences: next to a peak of width s they are
 * 3 (h/s)^4 of it, and the error of the second derivatives of the fourth-order scheme is (h/s)^4/6 of their value; for
 * the second-order scheme it is (h/s)^2/4.  The limits below were calibrated on the cases of docs/testing.md. */
#include "meshing.h"

#include <mnemotaxis/memory.h>

#include <math.h>

static double growth_of(const mn_pde_options *o)
{
  return fmin(0.25, 1.1 * pow(o->tolerance, 0.25)) * (o->order == 2 ? 0.5 : 1.0);
}

double mn_meshing_limit(const mn_pde_options *o)
{
  return o->order == 2 ? 30.0 * o->tolerance * o->tolerance : 20.0 * o->tolerance;
}

/* h/s at which the indicator of a Gaussian is at the limit. */
static double fraction_of(const mn_pde_options *o)
{
  return pow(mn_meshing_limit(o) / 3.0, 0.25);
}

mn_error *mn_meshing_box(const mn_pde_options *o, const mn_start *start, double low[2], double high[2])
{
  double mean[2];
  double covariance[3];
  mn_start_moments(start, mean, covariance);
  const double deviations = sqrt(2.0 * log(100.0 / o->tolerance));
  const double least = mn_start_reach(start, mean, deviations, 0.0);
  double half = o->half_width;
  if (half > 0.0 && half < least) {
    return mn_error_create(
        MN_USAGE,
        "pde.half_width = %g cuts off more of the initial law than pde.tolerance = %g allows; it needs "
        "at least %.3g, and more for its spreading (0 chooses)",
        half, o->tolerance, least);
  }
  if (half <= 0.0) { /* attraction only makes the cloud narrower than free diffusion */
    half = mn_start_reach(start, mean, deviations, 2.0 * o->end) / (1.0 - MN_EDGE);
  }
  for (int a = 0; a < 2; a++) {
    low[a] = mean[a] - half;
    high[a] = mean[a] + half;
  }
  return NULL;
}

static mn_error *make_axis(const mn_pde_options *o, double low, double high, int wishes, const mn_wish *wish,
                           mn_axis *axis)
{
  const mn_wish even = {0.5 * (low + high), high - low};
  return mn_axis_make(low, high, o->uniform ? 1 : wishes, o->uniform ? &even : wish, o->uniform ? 1e-6 : growth_of(o),
                      o->cells, MN_CELLS_MULTIPLE, MN_CELLS_MAX, axis);
}

mn_error *mn_meshing_start(const mn_pde_options *o, const mn_start *start, mn_axis axis[2])
{
  enum { ROOM = 4096 };
  double low[2];
  double high[2];
  mn_wish *wish = NULL;
  MN_TRY(mn_meshing_box(o, start, low, high));
  MN_TRY(mn_alloc(&wish, ROOM, sizeof *wish));
  mn_error *error = NULL;
  for (int a = 0; a < 2 && !error; a++) {
    const int count = mn_start_wishes(start, a, fraction_of(o), ROOM, wish);
    error = make_axis(o, low[a], high[a], count, wish, &axis[a]);
  }
  mn_free(&wish);
  if (error) {
    mn_axis_clear(&axis[0]);
  }
  return error;
}

/* Cells wanted in the place of one with this indicator. */
static double finer(double indicator, double limit, double reserve)
{
  return reserve * pow(fmax(indicator / limit, 1e-6), 0.25);
}

double mn_meshing_estimate(const mn_pde_options *o, const mn_axis now[2], double *const indicator[2], double reserve)
{
  double cells[2] = {0};
  for (int a = 0; a < 2; a++) {
    for (int i = 0; i < now[a].cells; i++) {
      cells[a] += finer(indicator[a][i], mn_meshing_limit(o), reserve);
    }
  }
  return cells[0] * cells[1];
}

mn_error *mn_meshing_again(const mn_pde_options *o, const mn_axis now[2], double *const indicator[2], double reserve,
                           mn_axis axis[2])
{
  const double limit = mn_meshing_limit(o);
  mn_error *error = NULL;
  for (int a = 0; a < 2 && !error; a++) {
    const mn_axis *old = &now[a];
    mn_wish *wish = NULL;
    error = mn_alloc(&wish, old->cells, sizeof *wish);
    for (int i = 0; i < old->cells && !error; i++) {
      wish[i] = (mn_wish){old->x[i], old->width[i] / finer(indicator[a][i], limit, reserve)};
    }
    error = error ? error : make_axis(o, old->low, old->high, old->cells, wish, &axis[a]);
    mn_free(&wish);
  }
  if (error) {
    mn_axis_clear(&axis[0]);
  }
  return error;
}
