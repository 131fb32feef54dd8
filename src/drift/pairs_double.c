/* The pair loop in double lanes. */
#include "lanes_double.h"

#define PAIRS mn_pairs_double
#include "pairs_lanes.h"
