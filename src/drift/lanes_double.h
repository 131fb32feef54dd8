/* lanes_double.h  Double lanes: degree 8 minimax polynomial of 2^f on [-1/2, 1/2], relative error 7.8e-13 (Remez). */
#ifndef MN_DRIFT_LANES_DOUBLE_H
#define MN_DRIFT_LANES_DOUBLE_H

#define REAL double
#define WORD int64_t
#define MANTISSA 52
#define VECTOR512 __m512d
#define ROUND _mm512_roundscale_pd
#define SCALE _mm512_scalef_pd

#include "lanes.h"

static inline vector exp2_polynomial(vector f)
{
  vector p = f * 1.3175858821424589139e-6 + 0.000015309737294734560971;
  p = p * f + 0.00015403851744514194029;
  p = p * f + 0.0013333452062791777427;
  p = p * f + 0.009618128542870409837;
  p = p * f + 0.05550410939341089077;
  p = p * f + 0.24022650698880322565;
  p = p * f + 0.69314718054651433602;
  return p * f + 0.9999999999997623493;
}

#endif
