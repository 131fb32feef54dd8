/* near.h  The short-range part of the present force: pairs in neighbouring bins. */
#ifndef MN_DRIFT_NEAR_H
#define MN_DRIFT_NEAR_H

#include "crowd.h"
#include "curve.h"

/* crowd->force = sum over all neighbours, for the cells of the strip; counts the pairs looked at from own cells. Local.
 * In double a target's sum runs over bins by rows, then ids: 15 ns a pair looked at, each from both sides.  In float
 * lanes a pair is looked at once, from the cell that is first in that order. */
int64_t mn_near_sum(const mn_table *table, mn_crowd *crowd);
mn_error *mn_near_sum_curve(const mn_curve *curve, mn_crowd *crowd, int64_t *pairs) MN_MUST_CHECK;

#endif
