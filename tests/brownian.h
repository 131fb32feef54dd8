/* brownian.h  Paths and systems of the tests of own trails: Brownian, variance 2 a unit of time and coordinate. */
#ifndef MN_TESTS_BROWNIAN_H
#define MN_TESTS_BROWNIAN_H

#include "check.h"
#include "drift/own_path.h"

#include <math.h>
#include <string.h>

enum { CELLS = 224, NUMBERS = 2 * CELLS, STEPS = 300 };

static const mn_block block = {64, 64 + CELLS};

/* Brownian paths at the given times. */
static double path[STEPS + 1][NUMBERS];

static void walk(const double *times)
{
  for (int s = 0; s <= STEPS; s++) {
    for (int k = 0; k < NUMBERS; k++) {
      const double width = sqrt(2.0 * (s > 0 ? times[s] - times[s - 1] : times[0]));
      path[s][k] = (s > 0 ? path[s - 1][k] : 0.0) + width * check_normal(13, (uint64_t)(s * NUMBERS + k));
    }
  }
}

/* Times up to `end`: even steps, or steps of 4/3, 4/3 and 1/3 of the mean. */
static void clock_of(double end, bool even, double times[STEPS + 1])
{
  for (int s = 0; s <= STEPS; s++) {
    times[s] = end / STEPS * (s + (even ? 0.0 : s % 3 / 3.0));
  }
}

/* A trail of those cells in a region far wider than they walk. */
static void begin(mn_block cells, int words, mn_trail *trail)
{
  const double low[2] = {-100.0, -100.0};
  const double high[2] = {100.0, 100.0};
  mn_trail_begin(cells, trail);
  check_ok(mn_trail_reach(trail, low, high));
  check_ok(mn_trail_resolve(trail, words == 1 ? 1.0 : 0.0));
  assert_int_equal(trail->words, words);
}

/* Positions of a sample, as the trail knows them. */
static void read_sample(const mn_trail *trail, int k, double *x)
{
  for (int64_t i = 0; i < mn_block_count(trail->block); i++) {
    mn_trail_position(trail, k, i, &x[2 * i]);
  }
}

static void append(mn_trail *trail, const double *times, int from, int to)
{
  for (int s = from; s < to; s++) {
    check_ok(mn_trail_append(trail, times[s], path[s]));
  }
}

static const double thetas[] = {0.1, 1.0, 10.0};
enum { MODELS = 12 };

static mn_model model_of(int k)
{
  const double theta = thetas[k % 3];
  return (mn_model){theta, 1.0, k / 3 % 2 ? theta : 0.0, k % 5 == 4 ? 0.01 : 0.0, k / 6 ? MN_FROZEN : MN_BRIDGE};
}

#endif
