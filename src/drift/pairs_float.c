/* The pair loop in float lanes. */
#include "lanes_float.h"

#define PAIRS mn_pairs_float
#include "pairs_lanes.h"
