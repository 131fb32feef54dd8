#include "common.h"

mn_error *mn_common_create(const mn_parallel *parallel, MPI_Comm node, int64_t count, MPI_Win *window)
{
  MPI_Info info;
  void *own;
  MPI_Info_create(&info);
  MPI_Info_set(info, "alloc_shared_noncontig", "true"); /* every part near the rank that touches it first */
  MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);     /* too little shared memory is the outside world's doing */
  const MPI_Aint bytes = (MPI_Aint)(count * (int64_t)sizeof(double));
  const int failed = MPI_Win_allocate_shared(bytes, sizeof(double), info, node, &own, window);
  mn_error *error = NULL;
  MPI_Info_free(&info);
  if (failed != MPI_SUCCESS) {
    *window = MPI_WIN_NULL;
    error = mn_error_create(MN_INTERNAL, "out of memory: the node has no %.1f MiB of shared memory",
                            (double)bytes / 1048576.0);
  }
  error = mn_agree(parallel, error);
  if (error && *window != MPI_WIN_NULL) {
    MPI_Win_free(window);
  }
  if (!error) {
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
  }
  return error;
}

void mn_common_destroy(MPI_Win *window)
{
  if (*window != MPI_WIN_NULL) {
    MPI_Win_unlock_all(*window);
    MPI_Win_free(window);
  }
}

void *mn_common_part(MPI_Win window, int rank)
{
  MPI_Aint bytes;
  int unit;
  void *part;
  MPI_Win_shared_query(window, rank, &bytes, &unit, &part);
  return part;
}

void mn_common_synchronize(MPI_Win window, MPI_Comm node)
{
  MPI_Win_sync(window);
  MPI_Barrier(node);
  MPI_Win_sync(window);
}
