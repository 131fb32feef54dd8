/* Own trails in double lanes. */
#include "lanes_double.h"

#define OWN_PATH mn_own_path_double
#define WORDS 2
#include "own_path_lanes.h"
