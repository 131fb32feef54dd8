/* Transforms in float. */
#define REAL float
#define FFTW(name) fftwf_##name
#define NAME mn_transform_float
#include "transform_lanes.h"
