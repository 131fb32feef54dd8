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
 * Accuracy: order 8 in the width of the cells, the gradient 7; the mesh has at least 8 cells a side.
 * Cost: about 0.3 us. */
double mn_plane_at(const mn_plane *plane, const double *field, double x, double y, double gradient[2]);

/** Integral of |x|^2 rho over the mesh.  Local. */
double mn_plane_mean_square(const mn_plane *plane);

/** Largest value of the interpolated density and where it is.  Local.  @param at  [2] */
double mn_plane_peak(const mn_plane *plane, double at[2]);

/** A field at the points (x[i], y[j]), with its gradient; 0 outside the mesh.  Local.
 * @param value  [ny, nx]
 * @param slope  [2] arrays [ny, nx]: derivatives in x and y; or NULL
 * Cost: far less than mn_plane_at for each point: the interpolation is done for rows, then for columns. */
mn_error *mn_plane_sample(const mn_plane *plane, const double *field, int nx, const double *x, int ny, const double *y,
                          double *value, double *const slope[2]) MN_MUST_CHECK;

/** The density at the points (x[i], y[j]), never negative; 0 outside the mesh.  Local.
 * The interpolant where it stays within a factor 2 of the geometric mean of the four cells around the point (by
 * bilinear weights), that mean where it does not: densities that fall by orders of magnitude within a cell.  Next to
 * empty cells the interpolant, between 0 and 3/2 of the largest of the four.
 * @param value  [ny, nx] */
mn_error *mn_plane_sample_density(const mn_plane *plane, int nx, const double *x, int ny, const double *y,
                                  double *value) MN_MUST_CHECK;

/** The density as weighted points: the cells cut into smaller ones. */
typedef struct mn_plane_points {
  int64_t count;
  double *x;          /**< [count, 2] middles */
  double *size;       /**< [count, 2] widths */
  double *cumulative; /**< [count] mass of the points up to this one; the last is 1 */
} mn_plane_points;

/** Cuts every cell into 4 x 4, 2 x 2 or 1 x 1, the finest that gives at most `most` points (or 1 x 1); points without
 * mass are left out.  Local.  Release with mn_plane_points_clear.
 * Accuracy: evenly filled pieces of these masses stand for the density to order 4 in their widths. */
mn_error *mn_plane_points_make(const mn_plane *plane, int64_t most, mn_plane_points *points) MN_MUST_CHECK;
void mn_plane_points_clear(mn_plane_points *points);

/** Mass of point k.  Local. */
double mn_plane_points_mass(const mn_plane_points *points, int64_t k);

#ifdef __cplusplus
}
#endif
#endif
