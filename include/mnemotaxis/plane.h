/** @file plane.h  The fields of the continuum on their whole mesh, the same on every rank.
 *
 * What snapshots, observables, comparisons and a change of mesh work on; 16 bytes a cell of the mesh.
 */
#ifndef MNEMOTAXIS_PLANE_H
#define MNEMOTAXIS_PLANE_H

#include <mnemotaxis/axis.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** rho and c at the centres of the cells. */
typedef struct mn_plane {
  double time;
  mn_axis axis[2];  /**< x, y */
  double *density;  /**< [axis[1].cells, axis[0].cells] rho, cells of unit mass in all per area */
  double *chemical; /**< the same shape: c */
} mn_plane;

/** Room for the fields of given axes, whose ownership it takes.  Local. */
mn_error *mn_plane_alloc(double time, mn_axis axis[2], mn_plane *plane) MN_MUST_CHECK;

/** Releases fields and axes.  Local. */
void mn_plane_clear(mn_plane *plane);

/** Value and gradient of a field at a point by Lagrange interpolation over 8 x 8 cells; 0 outside the mesh.  Local.
 * @param field     density or chemical of the plane
 * @param gradient  [2], or NULL
 * Accuracy: order 8 in the width of the cells.
 * Cost: about 0.3 us. */
double mn_plane_at(const mn_plane *plane, const double *field, double x, double y, double gradient[2]);

/** The density at a point, never negative: the interpolant where it stays near the four cells around the point, their
 * geometric mean by bilinear weights where it does not (densities that fall by orders of magnitude in a cell).  Local.
 */
double mn_plane_density_at(const mn_plane *plane, double x, double y);

/** Largest value of the interpolated density and where it is.  Local.  @param at  [2] */
double mn_plane_peak(const mn_plane *plane, double at[2]);

/** A field at the points (x[i], y[j]), with its gradient; 0 outside the mesh.  Local.
 * @param value  [ny, nx]
 * @param slope  [2] arrays [ny, nx]: derivatives in x and y; or NULL
 * Cost: far less than mn_plane_at for each point: the interpolation is done for rows, then for columns. */
mn_error *mn_plane_sample(const mn_plane *plane, const double *field, int nx, const double *x, int ny, const double *y,
                          double *value, double *const slope[2]) MN_MUST_CHECK;

/** The density as weighted points: the cells cut into smaller ones. */
typedef struct mn_plane_points {
  int64_t count;
  double *x;          /**< [count, 2] middles */
  double *size;       /**< [count, 2] widths */
  double *cumulative; /**< [count] mass of the points up to this one; the last is 1 */
} mn_plane_points;

/** Cuts every cell into split x split; points without mass are left out.  Local.  Release with mn_plane_points_clear.
 */
mn_error *mn_plane_points_make(const mn_plane *plane, int split, mn_plane_points *points) MN_MUST_CHECK;
void mn_plane_points_clear(mn_plane_points *points);

/** Mass of rho within distance radius[k] of 0.  Local.
 * @param radius  [count] ascending, >= 0; neighbours closer than the scale of the density
 * @param mass    [count]
 * Accuracy: that of the interpolation, and of 4 Gauss points between neighbouring radii.
 * Cost: 192 interpolations a radius. */
void mn_plane_radial(const mn_plane *plane, int count, const double *radius, double *mass);

#ifdef __cplusplus
}
#endif
#endif
