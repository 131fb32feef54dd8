/* pairs_lanes.h  The body of pairs_float.c and pairs_double.c; they define PAIRS and the lanes.
 *
 * 2^(-r^2) costs 14 operations per vector of 512 bits and 17 elsewhere.  Tried and rejected: lanes over sources (a sum
 * across lanes per target, order depends on the width), a shared exponent rate in the loop (one more multiplication
 * than scaled coordinates), a table of powers (gathers). */
#include "pairs.h"

#include <string.h>

enum {
  VECTORS = MN_GROUP / LANES,
  /* vectors worked on together: enough to hide latencies, few enough to stay in registers */
  AT_ONCE = VECTORS < 4 ? VECTORS : 4
};

/* Sources [first, last).  With `own` the lane of source j is j - own, and that lane is left out. */
static inline __attribute__((always_inline)) void sweep(int first, int last, int own, const REAL *x, const REAL *y,
                                                        const vector *tx, const vector *ty, vector *ax, vector *ay,
                                                        const mask *lane)
{
  for (int j = first; j < last; j++) {
#pragma GCC unroll 4
    for (int v = 0; v < AT_ONCE; v++) {
      const vector dx = tx[v] - x[j];
      const vector dy = ty[v] - y[j];
      vector e = exp2_lanes(-(dx * dx) - dy * dy);
      if (own != MN_NO_OWN) {
        e = (vector)((mask)e & (lane[v] != (WORD)(j - own)));
      }
      ax[v] += e * dx;
      ay[v] += e * dy;
    }
  }
}

static void flush(const vector *from, double weight, double *sum)
{
  for (int v = 0; v < AT_ONCE; v++) {
    for (int l = 0; l < LANES; l++) {
      sum[v * LANES + l] += weight * (double)from[v][l];
    }
  }
}

void PAIRS(int n, const REAL *x, const REAL *y, const REAL *target_x, const REAL *target_y, int own, double weight,
           double *sum_x, double *sum_y)
{
  const int own_first = own == MN_NO_OWN ? n : own;
  const int own_last = own == MN_NO_OWN || own + MN_GROUP > n ? n : own + MN_GROUP;
  for (int part = 0; part < VECTORS; part += AT_ONCE) {
    const int at = part * LANES;
    vector tx[AT_ONCE];
    vector ty[AT_ONCE];
    vector ax[AT_ONCE];
    vector ay[AT_ONCE];
    mask lane[AT_ONCE];
    WORD number[AT_ONCE * LANES];
    memcpy(tx, target_x + at, sizeof tx);
    memcpy(ty, target_y + at, sizeof ty);
    memset(ax, 0, sizeof ax);
    memset(ay, 0, sizeof ay);
    for (int k = 0; k < AT_ONCE * LANES; k++) {
      number[k] = (WORD)(at + k);
    }
    memcpy(lane, number, sizeof lane);
    sweep(0, own_first, MN_NO_OWN, x, y, tx, ty, ax, ay, lane);
    sweep(own_first, own_last, own, x, y, tx, ty, ax, ay, lane);
    sweep(own_last, n, MN_NO_OWN, x, y, tx, ty, ax, ay, lane);
    flush(ax, weight, sum_x + at);
    flush(ay, weight, sum_y + at);
  }
}
