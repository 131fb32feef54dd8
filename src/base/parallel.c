/* Blocks are dealt in whole groups, the first ranks one group more; sums go group by group. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/parallel.h>

#include <limits.h>
#include <string.h>

void mn_parallel_create(MPI_Comm comm, mn_parallel *parallel)
{
  MPI_Comm_dup(comm, &parallel->comm);
  MPI_Comm_rank(parallel->comm, &parallel->rank);
  MPI_Comm_size(parallel->comm, &parallel->size);
}

void mn_parallel_destroy(mn_parallel *parallel)
{
  MPI_Comm_free(&parallel->comm);
}

mn_error *mn_agree(const mn_parallel *parallel, mn_error *mine)
{
  int speaker = mine ? parallel->rank : parallel->size;
  MPI_Allreduce(MPI_IN_PLACE, &speaker, 1, MPI_INT, MPI_MIN, parallel->comm);
  if (speaker == parallel->size) {
    return NULL;
  }
  int code = mine ? (int)mine->code : 0;
  char message[MN_MESSAGE_MAX] = "";
  if (mine) {
    memcpy(message, mine->message, sizeof message);
  }
  mn_error_destroy(&mine);
  MPI_Bcast(&code, 1, MPI_INT, speaker, parallel->comm);
  MPI_Bcast(message, MN_MESSAGE_MAX, MPI_CHAR, speaker, parallel->comm);
  return mn_error_create((mn_code)code, "%s", message);
}

int64_t mn_groups(int64_t count)
{
  return (count + MN_GROUP - 1) / MN_GROUP;
}

static int64_t first_id(int64_t count, int rank, int size)
{
  const int64_t groups = mn_groups(count);
  const int64_t share = groups / size;
  const int64_t extra = groups % size;
  const int64_t id = MN_GROUP * (share * rank + (rank < extra ? rank : extra));
  return id < count ? id : count;
}

mn_block mn_block_of(int64_t count, int rank, int size)
{
  return (mn_block){first_id(count, rank, size), first_id(count, rank + 1, size)};
}

int64_t mn_block_count(mn_block block)
{
  return block.end - block.begin;
}

static mn_error *check_count(int64_t count)
{
  return count <= INT_MAX
             ? NULL
             : mn_error_create(MN_INTERNAL, "%lld elements are more than one MPI message can carry", (long long)count);
}

/* Counts and displacements [size] of what the ranks contribute, in elements. */
typedef struct layout {
  int *counts;
  int *offsets;
} layout;

static mn_error *layout_create(int size, layout *made)
{
  MN_TRY(mn_alloc(&made->counts, 2 * (int64_t)size, sizeof *made->counts));
  made->offsets = made->counts + size;
  return NULL;
}

static void layout_destroy(layout *made)
{
  mn_free(&made->counts);
}

mn_error *mn_gather_rows(const mn_parallel *parallel, int64_t count, int width, const double *mine, double *all)
{
  MN_TRY(check_count(count));
  layout rows = {0};
  MN_TRY(layout_create(parallel->size, &rows));
  for (int r = 0; r < parallel->size; r++) {
    const mn_block block = mn_block_of(count, r, parallel->size);
    rows.counts[r] = (int)mn_block_count(block);
    rows.offsets[r] = (int)block.begin;
  }
  MPI_Datatype row;
  MPI_Type_contiguous(width, MPI_DOUBLE, &row);
  MPI_Type_commit(&row);
  MPI_Allgatherv(mine, rows.counts[parallel->rank], row, all, rows.counts, rows.offsets, row, parallel->comm);
  MPI_Type_free(&row);
  layout_destroy(&rows);
  return NULL;
}

/* Gathers blocks of any lengths in rank order; `all` is a new array of `*total` elements. */
static mn_error *gather(const mn_parallel *parallel, MPI_Datatype type, size_t size, const void *mine, int64_t own,
                        void *all, int64_t *total)
{
  MPI_Allreduce(&own, total, 1, MPI_INT64_T, MPI_SUM, parallel->comm);
  MN_TRY(check_count(*total));
  layout parts = {0};
  void *block = NULL;
  mn_error *error = layout_create(parallel->size, &parts);
  error = error ? error : mn_alloc(&block, *total, size);
  error = mn_agree(parallel, error);
  if (!error) {
    const int count = (int)own;
    MPI_Allgather(&count, 1, MPI_INT, parts.counts, 1, MPI_INT, parallel->comm);
    for (int r = 1; r < parallel->size; r++) {
      parts.offsets[r] = parts.offsets[r - 1] + parts.counts[r - 1];
    }
    MPI_Allgatherv(mine, count, type, block, parts.counts, parts.offsets, type, parallel->comm);
    memcpy(all, &block, sizeof block);
  } else {
    mn_free(&block);
  }
  layout_destroy(&parts);
  return error;
}

mn_error *mn_gather_words(const mn_parallel *parallel, const uint32_t *mine, int64_t mine_words, uint32_t **all,
                          int64_t *all_words)
{
  return gather(parallel, MPI_UINT32_T, sizeof **all, mine, mine_words, all, all_words);
}

mn_error *mn_gather_numbers(const mn_parallel *parallel, const double *mine, int64_t mine_numbers, double **all,
                            int64_t *all_numbers)
{
  return gather(parallel, MPI_DOUBLE, sizeof **all, mine, mine_numbers, all, all_numbers);
}

/* Sums of the groups of this rank's block, [groups, width]. */
static void sum_groups(mn_block block, int width, const double *values, double *sums)
{
  for (int64_t i = 0; i < mn_block_count(block); i++) {
    for (int k = 0; k < width; k++) {
      sums[i / MN_GROUP * width + k] += values[i * width + k];
    }
  }
}

mn_error *mn_ordered_sum(const mn_parallel *parallel, int64_t count, int width, const double *values, double *sums)
{
  const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
  const int64_t own = mn_groups(mn_block_count(block));
  double *own_sums = NULL;
  double *all_sums = NULL;
  int64_t total = 0;
  mn_error *error = mn_agree(parallel, mn_alloc(&own_sums, own * width, sizeof *own_sums));
  if (!error) {
    sum_groups(block, width, values, own_sums);
    error = gather(parallel, MPI_DOUBLE, sizeof *all_sums, own_sums, own * width, &all_sums, &total);
  }
  if (!error) {
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int64_t k = 0; k < total; k++) {
      sums[k % width] += all_sums[k];
    }
  }
  mn_free(&all_sums);
  mn_free(&own_sums);
  return error;
}

bool mn_any(const mn_parallel *parallel, bool mine)
{
  int any = mine;
  MPI_Allreduce(MPI_IN_PLACE, &any, 1, MPI_INT, MPI_MAX, parallel->comm);
  return any != 0;
}

double mn_seconds(void)
{
  return MPI_Wtime();
}
