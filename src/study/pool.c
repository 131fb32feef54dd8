#include "pool.h"

void mn_pool_open(const mn_parallel *parallel, int counters, mn_pool *pool)
{
  const MPI_Aint bytes = parallel->rank == 0 ? (MPI_Aint)((size_t)counters * sizeof *pool->count) : 0;
  pool->counters = counters;
  MPI_Win_allocate(bytes, sizeof *pool->count, MPI_INFO_NULL, parallel->comm, &pool->count, &pool->window);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, pool->window);
  for (int k = 0; k < counters && parallel->rank == 0; k++) {
    pool->count[k] = 0;
  }
  MPI_Win_sync(pool->window);
  MPI_Barrier(parallel->comm);
}

void mn_pool_close(mn_pool *pool)
{
  MPI_Win_unlock_all(pool->window);
  MPI_Win_free(&pool->window);
}

int64_t mn_pool_raise(mn_pool *pool, int k)
{
  const int64_t one = 1;
  int64_t before = 0;
  MPI_Fetch_and_op(&one, &before, MPI_INT64_T, 0, k, MPI_SUM, pool->window);
  MPI_Win_flush(0, pool->window);
  return before;
}

void mn_pool_look(mn_pool *pool, int64_t *count)
{
  MPI_Get_accumulate(NULL, 0, MPI_INT64_T, count, pool->counters, MPI_INT64_T, 0, 0, pool->counters, MPI_INT64_T,
                     MPI_NO_OP, pool->window); /* atomic, which MPI_Get is not */
  MPI_Win_flush(0, pool->window);
}
