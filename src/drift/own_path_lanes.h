/* own_path_lanes.h  The body of own_path_float.c and own_path_double.c; they define OWN_PATH and the lanes.
 *
 * Lanes are cells.  Positions are subtracted in double: no digits are lost far from the origin.  Forces of all samples
 * of a call are added up in registers. */
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

/* Adds to force what a sample does to LANES cells. */
static inline void add_sample(const mn_gaussians *rule, const double *mine, const double *then, vector force[2])
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
  force[0] += dx * total;
  force[1] += dy * total;
}

static inline void add_force(const vector force[2], double *sum)
{
  add(__builtin_shuffle(force[0], force[1], in_turns(0)), sum);
  add(__builtin_shuffle(force[0], force[1], in_turns(LANES / 2)), sum + LANES);
}

/* The last cells of a block, among lanes that stand still. */
static void add_last(int64_t first, int64_t end, int samples, const mn_gaussians *rules, const double *mine,
                     double *const *then, double *sum)
{
  double here[2 * LANES] = {0.0};
  double there[2 * LANES] = {0.0};
  double last[2 * LANES] = {0.0};
  vector force[2] = {{0}, {0}};
  const size_t bytes = (size_t)(2 * (end - first)) * sizeof(double);
  memcpy(here, mine + 2 * first, bytes);
  memcpy(last, sum + 2 * first, bytes);
  for (int k = 0; k < samples; k++) {
    memcpy(there, then[k] + 2 * first, bytes);
    add_sample(&rules[k], here, there, force);
  }
  add_force(force, last);
  memcpy(sum + 2 * first, last, bytes);
}

void OWN_PATH(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const double *mine,
              double *const *then, double *sum)
{
  int64_t i = begin;
  for (; i + LANES <= end; i += LANES) {
    vector force[2] = {{0}, {0}};
    for (int k = 0; k < samples; k++) {
      add_sample(&rules[k], mine + 2 * i, then[k] + 2 * i, force);
    }
    add_force(force, sum + 2 * i);
  }
  if (i < end) {
    add_last(i, end, samples, rules, mine, then, sum);
  }
}
