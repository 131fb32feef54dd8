/* own_path_lanes.h  The body of own_path_float.c and own_path_double.c; they define OWN_PATH and the lanes.
 *
 * Lanes are cells.  Positions are subtracted in double: no digits are lost far from the origin. */
#include "own_path.h"

#include <string.h>

/* Doubles for every lane: the positions of half a vector of cells. */
typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));

/* Differences of LANES numbers. */
static inline vector subtract(const double *mine, const double *then)
{
  doubles a;
  doubles b;
  memcpy(&a, mine, sizeof a);
  memcpy(&b, then, sizeof b);
  return __builtin_convertvector(a - b, vector);
}

static inline void add(vector v, double *to)
{
  doubles sum;
  memcpy(&sum, to, sizeof sum);
  sum += __builtin_convertvector(v, doubles);
  memcpy(to, &sum, sizeof sum);
}

/* Places first, first + step, ... of two vectors, one behind the other; known when this is compiled. */
static inline mask every(WORD first, WORD step)
{
  mask places;
  for (int l = 0; l < LANES; l++) {
    places[l] = first + step * l;
  }
  return places;
}

/* Places of numbers that take turns between two vectors, from `first` on in both. */
static inline mask in_turns(WORD first)
{
  mask places;
  for (int l = 0; l < LANES; l++) {
    places[l] = first + l / 2 + l % 2 * LANES;
  }
  return places;
}

/* LANES cells */
static inline void add_cells(const mn_gaussians *rule, const double *mine, const double *then, double *sum)
{
  static const double log2_of_e = 1.44269504088896340736;
  const vector left = subtract(mine, then);
  const vector right = subtract(mine + LANES, then + LANES);
  const vector dx = __builtin_shuffle(left, right, every(0, 2));
  const vector dy = __builtin_shuffle(left, right, every(1, 2));
  const vector r2 = dx * dx + dy * dy;
  vector total = {0};
  for (int q = 0; q < rule->count; q++) {
    total += (REAL)rule->weight[q] * exp2_lanes((REAL)(-log2_of_e * rule->rate[q]) * r2);
  }
  add(__builtin_shuffle(dx * total, dy * total, in_turns(0)), sum);
  add(__builtin_shuffle(dx * total, dy * total, in_turns(LANES / 2)), sum + LANES);
}

void OWN_PATH(int64_t local, const mn_gaussians *rule, const double *mine, const double *then, double *sum)
{
  int64_t i = 0;
  for (; i + LANES <= local; i += LANES) {
    add_cells(rule, mine + 2 * i, then + 2 * i, sum + 2 * i);
  }
  if (i < local) { /* the last, among lanes that stand still */
    double last[3][2 * LANES] = {{0.0}};
    const size_t bytes = (size_t)(2 * (local - i)) * sizeof(double);
    memcpy(last[0], mine + 2 * i, bytes);
    memcpy(last[1], then + 2 * i, bytes);
    memcpy(last[2], sum + 2 * i, bytes);
    add_cells(rule, last[0], last[1], last[2]);
    memcpy(sum + 2 * i, last[2], bytes);
  }
}
