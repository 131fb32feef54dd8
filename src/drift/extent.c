/* Eight numbers, x and y in turn, are compared at a time. */
#include "extent.h"

#include <math.h>

void mn_extent_find(const mn_parallel *parallel, int64_t local, const double *mine, double low[2], double high[2])
{
  enum { LANES = 8 };
  const int64_t numbers = 2 * local;
  double least[LANES];
  double most[LANES]; /* minus the largest */
  double corner[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
  for (int l = 0; l < LANES; l++) {
    least[l] = most[l] = (double)INFINITY;
  }
  for (int64_t i = 0; i < numbers; i += LANES) {
    const int lanes = numbers - i < LANES ? (int)(numbers - i) : LANES;
    for (int l = 0; l < lanes; l++) {
      least[l] = mine[i + l] < least[l] ? mine[i + l] : least[l];
      most[l] = -mine[i + l] < most[l] ? -mine[i + l] : most[l];
    }
  }
  for (int l = 0; l < LANES; l++) {
    corner[l % 2] = fmin(corner[l % 2], least[l]);
    corner[2 + l % 2] = fmin(corner[2 + l % 2], most[l]);
  }
  MPI_Allreduce(MPI_IN_PLACE, corner, 4, MPI_DOUBLE, MPI_MIN, parallel->comm);
  for (int a = 0; a < 2; a++) {
    low[a] = corner[a];
    high[a] = -corner[2 + a];
  }
}
