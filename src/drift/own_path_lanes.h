/* own_path_lanes.h  The body of own_path_float.c and own_path_double.c; they define OWN_PATH, WORDS and the lanes.
 *
 * Lanes are cells.  Places are subtracted as integers, exactly.  Forces of all samples of a call are added up in
 * registers. */
#include "own_path.h"

#include <string.h>

/* A word for every lane. */
typedef int32_t words __attribute__((vector_size(LANES * sizeof(int32_t))));

/* What comes next is not found in time by itself, of as many streams as samples have planes; it may lie beyond the end.
 */
static inline void ask_ahead(const int32_t *here)
{
  __builtin_prefetch((const void *)((uintptr_t)here + 128 * sizeof *here));
}

static inline vector differ(const int32_t *here, const int32_t *then)
{
  words a;
  words b;
  memcpy(&a, here, sizeof a);
  memcpy(&b, then, sizeof b);
  return __builtin_convertvector(a - b, vector);
}

/* One coordinate of r, of LANES cells; planes of `here` and of `then` are that far apart. */
static inline vector apart(const int32_t *here, int64_t cells, const int32_t *then, int64_t stride)
{
  vector r = differ(here, then);
  if (WORDS == 2) {
    r += (REAL)0x1p-30 * differ(here + 2 * cells, then + 2 * stride);
  }
  return r;
}

/* Adds to force what a sample does to LANES cells. */
static inline void add_sample(const mn_gaussians *rule, const int32_t *here, int64_t cells, const int32_t *then,
                              int64_t stride, vector force[2])
{
  static const double log2_of_e = 1.44269504088896340736;
  const vector dx = apart(here, cells, then, stride);
  const vector dy = apart(here + cells, cells, then + stride, stride);
  const vector r2 = dx * dx + dy * dy;
  vector total = {0};
  for (int q = 0; q < rule->count; q++) {
    total += (REAL)rule->weight[q] * exp2_lanes((REAL)(-log2_of_e * rule->rate[q]) * r2);
  }
  force[0] += dx * total;
  force[1] += dy * total;
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

static inline void add(vector v, double *to)
{
  for (int l = 0; l < LANES; l++) {
    to[l] += (double)v[l];
  }
}

static inline void add_force(const vector force[2], double *sum)
{
  add(__builtin_shuffle(force[0], force[1], in_turns(0)), sum);
  add(__builtin_shuffle(force[0], force[1], in_turns(LANES / 2)), sum + LANES);
}

/* A few cells of some planes, among lanes that stand still. */
static void take_few(const int32_t *from, int64_t stride, int64_t few, int32_t *to)
{
  memset(to, 0, 2 * WORDS * LANES * sizeof *to);
  for (int plane = 0; plane < 2 * WORDS; plane++) {
    memcpy(to + plane * LANES, from + plane * stride, (size_t)few * sizeof *to);
  }
}

/* The last cells of a block. */
static void add_last(int64_t few, int samples, const mn_gaussians *rules, const int32_t *here, int64_t cells,
                     int32_t *const *then, int64_t first, int64_t stride, double *sum)
{
  int32_t at[2 * WORDS * LANES];
  int32_t there[2 * WORDS * LANES];
  double last[2 * LANES] = {0.0};
  vector force[2] = {{0}, {0}};
  take_few(here, cells, few, at);
  memcpy(last, sum, (size_t)(2 * few) * sizeof *sum);
  for (int k = 0; k < samples; k++) {
    take_few(then[k] + first, stride, few, there);
    add_sample(&rules[k], at, LANES, there, LANES, force);
  }
  add_force(force, last);
  memcpy(sum, last, (size_t)(2 * few) * sizeof *sum);
}

void OWN_PATH(int64_t begin, int64_t end, int samples, const mn_gaussians *rules, const int32_t *here,
              int32_t *const *then, int64_t stride, double *sum)
{
  const int64_t cells = end - begin;
  int64_t i = 0;
  for (; i + LANES <= cells; i += LANES) {
    vector force[2] = {{0}, {0}};
    for (int k = 0; k < samples; k++) {
      for (int plane = 0; plane < 2 * WORDS; plane++) {
        ask_ahead(then[k] + begin + i + plane * stride);
      }
      add_sample(&rules[k], here + i, cells, then[k] + begin + i, stride, force);
    }
    add_force(force, sum + 2 * (begin + i));
  }
  if (i < cells) {
    add_last(cells - i, samples, rules, here + i, cells, then, begin + i, stride, sum + 2 * (begin + i));
  }
}
