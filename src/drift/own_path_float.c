/* Own trails in float lanes. */
#include "lanes_float.h"

#define OWN_PATH mn_own_path_float
#define WORDS 1
#include "own_path_lanes.h"
