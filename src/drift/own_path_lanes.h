/* own_path_lanes.h  The body of own_path_float.c and own_path_double.c; they define OWN_PATH and the lanes.
 *
 * Lanes are cells.  Positions are subtracted in double: no digits are lost far from the origin. */
#include "own_path.h"

#include <string.h>

/* n <= LANES cells */
static inline __attribute__((always_inline)) void add_cells(int n, const mn_gaussians *rule, const double *mine,
                                                            const double *then, double *sum)
{
  static const double log2_of_e = 1.44269504088896340736;
  vector dx = {0};
  vector dy = {0};
  vector total = {0};
  for (int l = 0; l < n; l++) {
    dx[l] = (REAL)(mine[2 * l] - then[2 * l]);
    dy[l] = (REAL)(mine[2 * l + 1] - then[2 * l + 1]);
  }
  const vector r2 = dx * dx + dy * dy;
  for (int q = 0; q < rule->count; q++) {
    total += (REAL)rule->weight[q] * exp2_lanes((REAL)(-log2_of_e * rule->rate[q]) * r2);
  }
  dx *= total;
  dy *= total;
  for (int l = 0; l < n; l++) {
    sum[2 * l] += (double)dx[l];
    sum[2 * l + 1] += (double)dy[l];
  }
}

void OWN_PATH(int64_t local, const mn_gaussians *rule, const double *mine, const double *then, double *sum)
{
  int64_t i = 0;
  for (; i + LANES <= local; i += LANES) {
    add_cells(LANES, rule, mine + 2 * i, then + 2 * i, sum + 2 * i);
  }
  if (i < local) {
    add_cells((int)(local - i), rule, mine + 2 * i, then + 2 * i, sum + 2 * i);
  }
}
