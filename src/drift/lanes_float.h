/* lanes_float.h  Float lanes: degree 5 minimax polynomial of 2^f on [-1/2, 1/2], relative error 7.5e-8 (Remez). */
#ifndef MN_DRIFT_LANES_FLOAT_H
#define MN_DRIFT_LANES_FLOAT_H

#define REAL float
#define WORD int32_t
#define MANTISSA 23
#define VECTOR512 __m512
#define ROUND _mm512_roundscale_ps
#define SCALE _mm512_scalef_ps

#include "lanes.h"

static inline vector exp2_polynomial(vector f)
{
  vector p = f * 0.0013276472631950876055f + 0.0096755413431213273895f;
  p = p * f + 0.055507132718556442019f;
  p = p * f + 0.24022119723710719626f;
  p = p * f + 0.69314696706503521429f;
  return p * f + 1.0000000716547141446f;
}

#endif
