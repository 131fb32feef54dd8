/* near.h  The short-range part of the present force: pairs in neighbouring bins. */
#ifndef MN_DRIFT_NEAR_H
#define MN_DRIFT_NEAR_H

#include "crowd.h"

#include <mnemotaxis/profile.h>

/* A profile for float lanes: between neighbouring r2 a straight line. */
enum { MN_LINES_OCTAVES = 40, MN_LINES_MAX = 128 /* an octave */ };

typedef struct mn_lines {
  int per_octave;   /* a power of two; 0: the table is too coarse for the accuracy asked for */
  int64_t octave;   /* 2^octave: largest r2 of the table, in units of unit^2 */
  float reach2;     /* in those units */
  double unit;      /* of length */
  double origin[2]; /* positions are origin + unit times 32-bit integers */
  struct mn_line {
    float value, slope; /* f = value + slope r2 */
  } line[MN_LINES_OCTAVES * MN_LINES_MAX];
} mn_lines;

/* Tabulates a profile up to `reach` with relative errors of at most `accuracy` where it falls like a power; cells lie
 * in the box [low, high].  Local. */
void mn_lines_fill(mn_lines *lines, mn_profile *profile, const void *context, double reach, double accuracy,
                   const double low[2], const double high[2]);

/* crowd->force = sum over all neighbours, for the cells of the strip; counts the pairs looked at from own cells. Local.
 * In double a target's sum runs over bins by rows, then ids: 15 ns a pair looked at, each from both sides.  In float
 * lanes a pair is looked at once, from the cell that is first in that order. */
int64_t mn_near_sum(const mn_table *table, mn_crowd *crowd);
mn_error *mn_near_sum_lines(const mn_lines *lines, mn_crowd *crowd, int64_t *pairs) MN_MUST_CHECK;

#endif
