/* near.h  The short-range part of the present force: pairs in neighbouring bins. */
#ifndef MN_DRIFT_NEAR_H
#define MN_DRIFT_NEAR_H

#include "crowd.h"

#include <mnemotaxis/profile.h>

/* Adds the forces of all neighbours to crowd->force for the cells of the strip; returns the number of pairs looked at.
 * Local.  A target's sum runs over bins by rows, then ids. */
int64_t mn_near_sum(const mn_table *table, mn_crowd *crowd);

#endif
