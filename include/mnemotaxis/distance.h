/** @file distance.h  Distances between an empirical measure and a density: how far is N from infinity?
 *
 * The density comes as a fine set of weighted points (mn_plane_points).  For N independent samples of the density
 * itself every distance is positive; mn_distance_row says how large it is then, so that a user sees at once what is
 * more than noise.
 */
#ifndef MNEMOTAXIS_DISTANCE_H
#define MNEMOTAXIS_DISTANCE_H

#include <mnemotaxis/parallel.h>
#include <mnemotaxis/plane.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which distance. */
typedef enum mn_distance {
  MN_KOLMOGOROV, /**< sup over r of |share of cells within r of 0 - mass of rho within r| */
  MN_SLICED,     /**< Wasserstein-1 distance of the projections, mean over MN_DIRECTIONS directions */
  MN_SOBOLEV, /**< (sum over modes k of w(k) |mu^(k) - rho^(k)|^2)^(1/2), w(k) = (1 + |k|^2 s^2)^(-2) dk^2 s^2/(2 pi),
                   s^2 the variance of rho per coordinate, k = dk (m, n), |m|, |n| <= 16, dk = 0.3/s: a kernel
                   distance, H^(-2) at the scale of the cloud */
  MN_DISTANCES
} mn_distance;

enum { MN_DIRECTIONS = 16, MN_REPLICAS = 16 };

/** Name in compare.h5 and meaning. */
typedef struct mn_distance_info {
  const char *name;
  const char *about;
} mn_distance_info;

extern const mn_distance_info mn_distances[MN_DISTANCES];

/** The distances of one cloud, and what they are for as many independent samples of the density. */
typedef struct mn_distance_row {
  double value[MN_DISTANCES];
  double noise[MN_DISTANCES];  /**< mean over MN_REPLICAS sets of independent samples */
  double spread[MN_DISTANCES]; /**< their standard deviation */
} mn_distance_row;

/** Measures a cloud against a density.  Collective; every rank holds both; the same values on every rank.
 * @param x     [count, 2] all cells
 * @param seed  of the samples drawn for the noise
 * Cost: O(count log count) for each direction and replica, O(count) for each mode and replica; memory for the
 * replicas of a rank, 16 bytes count (MN_REPLICAS/size + 1). */
mn_error *mn_distance_measure(const mn_parallel *parallel, const mn_plane *plane, int64_t count, const double *x,
                              uint32_t seed, mn_distance_row *row) MN_MUST_CHECK;

/** A density prepared for many clouds. */
typedef struct mn_yardstick mn_yardstick;

/** Prepares a density.  Local.
 * @param most  points it may be cut into, but never fewer than one a cell of the plane
 * Accuracy: with pieces of width w, w^2/24 and, for the sliced distance, far below w/32: for a cloud of deviation 1,
 * 2e-3 with 1600 points, 3e-4 with 6400, 7e-5 with 25600 (test_distance). */
mn_error *mn_yardstick_create(const mn_plane *plane, int64_t most, mn_yardstick **yardstick) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_yardstick_destroy(mn_yardstick **yardstick);

/** The distances of one cloud, as mn_distance_measure without the noise.  Local.
 * @param x  [count, 2]
 * Cost: O(count log count + most) for each direction, O(count) for each mode. */
mn_error *mn_yardstick_measure(mn_yardstick *yardstick, int64_t count, const double *x,
                               double value[MN_DISTANCES]) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
