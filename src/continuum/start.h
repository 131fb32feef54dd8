/* start.h  The initial law as a density on a mesh.  Local. */
#ifndef MN_CONTINUUM_START_H
#define MN_CONTINUUM_START_H

#include <mnemotaxis/axis.h>
#include <mnemotaxis/initial.h>

#include <stdbool.h>

/* What starts: a law, or cells at given points, smeared by a Gaussian of deviation `smoothing`. */
typedef struct mn_start {
  const mn_initial *law;
  double smoothing;
  int64_t count;       /* points, for MN_INITIAL_FILE */
  const double *point; /* [count, 2] */
} mn_start;

/* A range of cells of a mesh: [first, first + count) in x and y. */
typedef struct mn_patch {
  int first[2], count[2];
} mn_patch;

/* Refuses (MN_USAGE) laws that are no densities. */
mn_error *mn_start_check(const mn_start *start) MN_MUST_CHECK;

/* Does the density jump?  No mesh resolves that, and none has to: diffusion smooths it at once. */
bool mn_start_is_sharp(const mn_start *start);

/* Mean [2] and covariance (xx, xy, yy) [3] of the law. */
void mn_start_moments(const mn_start *start, double mean[2], double covariance[3]);

/* How far from a point the law reaches along an axis at most: `deviations` of it, and of diffusion that adds
 * `spreading` to the variance, away from any of its parts. */
double mn_start_reach(const mn_start *start, const double from[2], double deviations, double spreading);

/* Wishes for the widths of cells along an axis, `fraction` of the scales of the law; of many points only some.
 * @param wish  [room], at least 2
 * @returns how many */
int mn_start_wishes(const mn_start *start, int axis, double fraction, int room, mn_wish *wish);

/* Density at the centres of a patch, row by row; a discontinuous law is averaged over each cell.
 * @param rho  [count[1], count[0]] */
mn_error *mn_start_density(const mn_start *start, const mn_axis axis[2], const mn_patch *patch,
                           double *rho) MN_MUST_CHECK;

#endif
