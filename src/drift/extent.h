/* extent.h  How far the cells reach. */
#ifndef MN_DRIFT_EXTENT_H
#define MN_DRIFT_EXTENT_H

#include <mnemotaxis/parallel.h>

/* Corners of the box around all cells; of no cells it is empty, from INFINITY to -INFINITY.  Collective.
 * mine: [local, 2] */
void mn_extent_find(const mn_parallel *parallel, int64_t local, const double *mine, double low[2], double high[2]);

#endif
