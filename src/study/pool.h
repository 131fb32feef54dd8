/* pool.h  Counters on rank 0 that any rank may raise at any time (MPI one-sided). */
#ifndef MN_STUDY_POOL_H
#define MN_STUDY_POOL_H

#include <mnemotaxis/parallel.h>

typedef struct mn_pool {
  MPI_Win window;
  int64_t *count; /* on rank 0 */
  int counters;
} mn_pool;

/* Counters at 0.  Collective. */
void mn_pool_open(const mn_parallel *parallel, int counters, mn_pool *pool);
void mn_pool_close(mn_pool *pool);

/* Adds 1 to counter k and returns what it was.  Local. */
int64_t mn_pool_raise(mn_pool *pool, int k);

/* What all counters are now.  Local.  count: [counters] */
void mn_pool_look(mn_pool *pool, int64_t *count);

#endif
