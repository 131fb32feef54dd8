/* pairs_lanes.h  The body of pairs_float.c and pairs_double.c; they define REAL, WORD, MANTISSA, PAIRS, the names
 * of two instructions, and exp2_polynomial.
 *
 * 2^t for t = -r^2 <= 0 by n = round(t), f = t - n in [-1/2, 1/2], a polynomial in f and the exponent n.  With
 * 512-bit vectors the rounding and the scaling are one instruction each; elsewhere they are the classical addition of
 * 1.5 2^MANTISSA, whose low bits are then n, and an integer addition to the exponent field; what would underflow is
 * masked to 0.  14 operations per vector against 17.  Tried and rejected: lanes over sources (a sum across lanes per
 * target, order depends on the width), a shared exponent rate in the loop (one more multiplication than scaled
 * coordinates), a table of powers (gathers). */
#include "pairs.h"

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <immintrin.h>
#define VECTOR_BYTES 64
#define ROUND_AND_SCALE 1
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#define ROUND_AND_SCALE 0
#else
#define VECTOR_BYTES 16
#define ROUND_AND_SCALE 0
#endif

typedef REAL vector __attribute__((vector_size(VECTOR_BYTES)));
typedef WORD mask __attribute__((vector_size(VECTOR_BYTES)));

enum {
  LANES = VECTOR_BYTES / (int)sizeof(REAL),
  VECTORS = MN_GROUP / LANES,
  /* vectors worked on together: enough to hide latencies, few enough to stay in registers */
  AT_ONCE = VECTORS < 4 ? VECTORS : 4
};

static inline vector exp2_polynomial(vector f);

static inline vector exp2_lanes(vector t)
{
#if ROUND_AND_SCALE
  const vector n = (vector)ROUND((VECTOR512)t, _MM_FROUND_TO_NEAREST_INT);
  return (vector)SCALE((VECTOR512)exp2_polynomial(t - n), (VECTOR512)n);
#else
  const REAL magic = (REAL)1.5 * (REAL)(INT64_C(1) << MANTISSA);
  const REAL lowest = -(REAL)(INT64_C(1) << (8 * (int)sizeof(REAL) - MANTISSA - 2)) + (REAL)2;
  const vector shifted = t + magic;
  const vector f = t - (shifted - magic);
  const mask bits = (mask)exp2_polynomial(f) + ((mask)shifted << MANTISSA);
  return (vector)(bits & (t > lowest));
#endif
}

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
