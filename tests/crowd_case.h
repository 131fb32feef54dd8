/* crowd_case.h  Clouds of the tests of crowds and near pairs, of which every rank can make all cells. */
#ifndef MN_TESTS_CROWD_CASE_H
#define MN_TESTS_CROWD_CASE_H

#include "sharing.h"
#include "drift/near.h"

#include <math.h>
#include <string.h>

enum { CELLS = 300, NX = 30, NY = 24 };

static const double reach = 0.35;
static const double spacing = 0.1;

/* All cells of a cloud around a centre; `middle` is the lattice node there.  A tenth lies outside the mesh. */
typedef struct cloud {
  int count;
  mn_lattice mesh;
  double x[2 * CELLS];
  double low[2], high[2];
} cloud;

static inline cloud cloud_of(int count, int64_t middle)
{
  cloud c = {.count = count,
             .mesh = {spacing, {middle - NX / 2, middle - NY / 2}, {NX, NY}},
             .low = {INFINITY, INFINITY},
             .high = {-INFINITY, -INFINITY}};
  for (int k = 0; k < 2 * count; k++) {
    c.x[k] = spacing * (double)middle + 0.8 * check_normal(23, (uint64_t)k);
    c.x[k] = count > 70 && k / 2 == 70 ? c.x[k % 2 + 10] : c.x[k]; /* two cells at one place, on different ranks */
    c.low[k % 2] = fmin(c.low[k % 2], c.x[k]);
    c.high[k % 2] = fmax(c.high[k % 2], c.x[k]);
  }
  return c;
}

/* Which of the own cells is the k-th of the listing; some clouds are listed backwards: the order must not matter. */
static inline int64_t listed(const cloud *c, mn_block own, int64_t k)
{
  return c->mesh.first[0] > 0 ? mn_block_count(own) - 1 - k : k;
}

static inline mn_crowd gather(const mn_parallel *p, const cloud *c, sharing how, double bin)
{
  const mn_block own = mn_block_of(c->count, p->rank, p->size);
  mn_crowd crowd = {0};
  mn_shares rows = shared(p, how, NY);
  int64_t order[CELLS];
  double point[2 * CELLS];
  for (int64_t k = 0; k < mn_block_count(own); k++) {
    order[k] = listed(c, own, k);
    memcpy(&point[2 * k], &c->x[2 * (own.begin + order[k])], 2 * sizeof *point);
  }
  const mn_listing mine = {own, point, order};
  check_ok(mn_crowd_gather(p, &c->mesh, &rows, reach, bin, &mine, &crowd));
  mn_shares_clear(&rows);
  return crowd;
}

#endif
