/* chosen.h  Some cells at even distances in id that stand for all: the same on any number of ranks. */
#ifndef MN_DRIFT_CHOSEN_H
#define MN_DRIFT_CHOSEN_H

#include <mnemotaxis/parallel.h>

/* Every `stride`-th cell of all, n of them in this block, the first its `first`. */
typedef struct mn_chosen {
  int64_t stride, first, n;
} mn_chosen;

/* All of `count` cells, or between half of `most` and `most` of them.  Local. */
mn_chosen mn_chosen_cells(int64_t count, mn_block block, int64_t most);

/* Their vectors.  Local.  from [local cells, 2], to [n, 2] */
void mn_chosen_pick(const mn_chosen *chosen, const double *from, double *to);

/* Sum over them of |vector|^2/largest^2 in units of 2^-48, an integer, so that sums over ranks know no order.  Local.
 * largest > 0, what |vector| is at most; vectors [local cells, 2] */
int64_t mn_chosen_squares(const mn_chosen *chosen, double largest, const double *vectors);

/* rms over them of |vector|; 0 if there are none.  Collective. */
double mn_chosen_rms(const mn_parallel *parallel, const mn_chosen *chosen, const double *vectors);

#endif
