#include "common.h"

#include <mnemotaxis/memory.h>

#include <stdbool.h>
#include <sys/statvfs.h>

/* Open MPI keeps windows of several ranks in /dev/shm; where it has no room one rank fails and the others wait for
 * ever. */
static bool has_room(MPI_Comm node, int64_t bytes)
{
  struct statvfs shared;
  int size;
  int64_t all;
  MPI_Comm_size(node, &size);
  MPI_Allreduce(&bytes, &all, 1, MPI_INT64_T, MPI_SUM, node);
  return size == 1 || statvfs("/dev/shm", &shared) != 0 ||
         (double)all < 0.99 * (double)shared.f_bavail * (double)shared.f_frsize;
}

static mn_error *lack_of(int64_t bytes)
{
  return mn_error_create(MN_INTERNAL, "out of memory: the node has no %.1f MiB of shared memory (/dev/shm)",
                         (double)bytes / 1048576.0);
}

/* Memory is mapped by pages, so that it begins at the same place of a page for all ranks, but not on a cache line. */
static int padding(const void *begin)
{
  return (int)((MN_ALIGNMENT - (uintptr_t)begin % MN_ALIGNMENT) % MN_ALIGNMENT);
}

static char *begin_of(MPI_Win window, int rank)
{
  MPI_Aint bytes;
  int unit;
  char *begin;
  MPI_Win_shared_query(window, rank, &bytes, &unit, (void *)&begin);
  return begin;
}

/* Which MPI does not promise. */
static mn_error *check_mapping(MPI_Comm node, MPI_Win window)
{
  int rank;
  int size;
  bool good = true;
  MPI_Comm_rank(node, &rank);
  MPI_Comm_size(node, &size);
  for (int q = 0; q < size; q++) {
    int pad = padding(begin_of(window, q));
    MPI_Bcast(&pad, 1, MPI_INT, q, node);
    good = good && pad == padding(begin_of(window, q));
  }
  return good ? NULL : mn_error_create(MN_INTERNAL, "MPI's shared memory is not mapped by pages");
}

mn_error *mn_common_create(const mn_parallel *parallel, MPI_Comm node, int64_t count, MPI_Win *window)
{
  const int64_t bytes = count * (int64_t)sizeof(double) + MN_ALIGNMENT;
  MPI_Info info;
  void *own;
  *window = MPI_WIN_NULL;
  MN_TRY(mn_agree(parallel, has_room(node, bytes) ? NULL : lack_of(bytes)));
  MPI_Info_create(&info);
  MPI_Info_set(info, "alloc_shared_noncontig", "true"); /* every part near the rank that touches it first */
  MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);     /* too little shared memory is the outside world's doing */
  const int failed = MPI_Win_allocate_shared((MPI_Aint)bytes, sizeof(double), info, node, &own, window);
  mn_error *error = NULL;
  MPI_Info_free(&info);
  if (failed != MPI_SUCCESS) {
    *window = MPI_WIN_NULL;
    error = lack_of(bytes);
  }
  error = mn_agree(parallel, error);
  error = error ? error : mn_agree(parallel, check_mapping(node, *window));
  if (error && *window != MPI_WIN_NULL) {
    MPI_Win_free(window);
  }
  if (!error) {
    MPI_Win_lock_all(MPI_MODE_NOCHECK, *window);
    mn_memory_account(bytes);
  }
  return error;
}

void mn_common_destroy(MPI_Win *window)
{
  if (*window != MPI_WIN_NULL) {
    MPI_Aint *bytes;
    int known;
    MPI_Win_get_attr(*window, MPI_WIN_SIZE, (void *)&bytes, &known);
    mn_memory_account(-(int64_t)*bytes);
    MPI_Win_unlock_all(*window);
    MPI_Win_free(window);
  }
}

void *mn_common_part(MPI_Win window, int rank)
{
  char *begin = begin_of(window, rank);
  return begin + padding(begin);
}

void mn_common_synchronize(MPI_Win window, MPI_Comm node)
{
  MPI_Win_sync(window);
  MPI_Barrier(node);
  MPI_Win_sync(window);
}
