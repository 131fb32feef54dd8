/* pairs.h  The pair loop over old lags: sums of a unit Gaussian force in lanes over targets.
 *
 *     sum_l += weight * sum_{j != own(l)} 2^{-|t_l - s_j|^2} (t_l - s_j)
 *
 * Any Gaussian exp(-c r^2) is brought to this form by scaling coordinates with sqrt(c log2 e).  One lane is one
 * target of a group of MN_GROUP; sources are broadcast one after the other, so the sum of a target has one order
 * whatever the vector width, and no sum runs across lanes.
 */
#ifndef MN_DRIFT_PAIRS_H
#define MN_DRIFT_PAIRS_H

#include <mnemotaxis/parallel.h>

enum {
  MN_TILE = 256, /* sources summed in lane precision before the sums go to double */
  MN_NO_OWN = -1 /* no source of the tile is one of the targets */
};

/* Local.  n <= MN_TILE sources; targets [MN_GROUP]; own: index of the source that is target 0 (source own + l is
 * target l), or MN_NO_OWN; sum_x, sum_y [MN_GROUP].  Relative error of a term: 4e-7 in float, 1e-12 in double, plus
 * the rounding of the coordinates and of r^2. */
void mn_pairs_float(int n, const float *x, const float *y, const float *target_x, const float *target_y, int own,
                    double weight, double *sum_x, double *sum_y);
void mn_pairs_double(int n, const double *x, const double *y, const double *target_x, const double *target_y, int own,
                     double weight, double *sum_x, double *sum_y);

#endif
