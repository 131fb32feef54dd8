/* sharing.h  Ways to share the rows of a mesh among ranks. */
#ifndef MN_TESTS_SHARING_H
#define MN_TESTS_SHARING_H

#include "check.h"

#include <mnemotaxis/rows.h>

/* In all but the first some rank has none, if there are enough. */
typedef enum sharing { EVENLY, ALL_TO_LAST, NONE_TO_FIRST, NONE_TO_INNER, SHARINGS } sharing;

static inline mn_shares shared(const mn_parallel *p, sharing how, int64_t count)
{
  mn_shares shares;
  check_ok(mn_shares_even(count, p->size, &shares));
  for (int r = 1; r < p->size; r++) {
    const int64_t begin[SHARINGS] = {shares.begin[r], 0, count * (r - 1) / (p->size - 1), 5};
    shares.begin[r] = begin[how];
  }
  return shares;
}

#endif
