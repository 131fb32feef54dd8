/* Transforms in double. */
#define REAL double
#define FFTW(name) fftw_##name
#define NAME mn_transform_double
#include "transform_lanes.h"
