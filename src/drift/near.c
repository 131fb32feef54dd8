/* Bins of a row are consecutive, so a target meets its neighbours in 2 reach + 1 runs of memory. */
#include "near.h"

/* Cells of the bins [column - reach, column + reach] of a row. */
static mn_range run_of(const mn_crowd *c, int64_t row, int64_t column)
{
  if (row < 0 || row >= c->bins[1]) {
    return (mn_range){0, 0};
  }
  const int64_t from = column - c->reach < 0 ? 0 : column - c->reach;
  const int64_t to = column + c->reach >= c->bins[0] ? c->bins[0] - 1 : column + c->reach;
  return (mn_range){c->start[row * c->bins[0] + from], c->start[row * c->bins[0] + to + 1]};
}

static int64_t sum_bin(const mn_table *table, mn_crowd *c, int64_t row, int64_t column)
{
  int64_t pairs = 0;
  const int64_t bin = row * c->bins[0] + column;
  for (int64_t k = c->start[bin]; k < c->start[bin + 1]; k++) {
    if (!c->arrived[c->order[k]].own) {
      continue;
    }
    for (int64_t near = row - c->reach; near <= row + c->reach; near++) {
      const mn_range run = run_of(c, near, column);
      const int skip = k >= run.begin && k < run.end ? (int)(k - run.begin) : -1;
      mn_table_sum(table, (int)(run.end - run.begin), c->x + run.begin, c->y + run.begin, c->x[k], c->y[k], skip,
                   c->force + 2 * k);
      pairs += run.end - run.begin;
    }
  }
  return pairs;
}

int64_t mn_near_sum(const mn_table *table, mn_crowd *c)
{
  int64_t pairs = 0;
  for (int64_t row = 0; row < c->bins[1]; row++) {
    for (int64_t column = 0; column < c->bins[0]; column++) {
      pairs += sum_bin(table, c, row, column);
    }
  }
  return pairs;
}
