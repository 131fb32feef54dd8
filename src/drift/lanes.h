/* lanes.h  Powers of two in lanes, for lanes_float.h and lanes_double.h; they define REAL, WORD, MANTISSA, the names of
 * two instructions, and exp2_polynomial.
 *
 * 2^t for t <= 0 by n = round(t), f = t - n in [-1/2, 1/2], a polynomial in f and the exponent n.  With 512-bit vectors
 * the rounding and the scaling are one instruction each; elsewhere they are the classical addition of 1.5 2^MANTISSA,
 * whose low bits are then n, and an integer addition to the exponent field; what would underflow is masked to 0. */
#ifndef MN_DRIFT_LANES_H
#define MN_DRIFT_LANES_H

#include <stdint.h>

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

enum { LANES = VECTOR_BYTES / (int)sizeof(REAL) };

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

#endif
