/* Every rank writes its part of every set of modes; rank 0 writes the table, which all have. */
#include "ladder_rows.h"

#include <mnemotaxis/memory.h>

static mn_rows numbers(const char *name, int64_t total, int64_t first, int64_t count)
{
  return (mn_rows){name, MN_F64, total, 0, first, count};
}

static int64_t ladder_numbers(mn_ladder *ladder)
{
  int64_t total = 0;
  for (int k = 0; k < mn_ladder_sets(ladder); k++) {
    total += mn_ladder_set(ladder, k).total;
  }
  return total;
}

/* Own trails of all cells: a plane for every sample, word and coordinate. */
static int64_t planes(const mn_trail *t)
{
  return (int64_t)2 * t->words * t->samples;
}

/* This rank's part of plane k, and where it is in memory. */
static mn_rows plane(const mn_trail *t, int64_t count, int64_t k, int32_t **values)
{
  const int64_t local = mn_block_count(t->block);
  const int64_t of_sample = 2 * t->words;
  *values = t->x[k / of_sample] + k % of_sample * local;
  return (mn_rows){MN_LADDER_TRAILS, MN_I32, planes(t) * count, 0, k * count + t->block.begin, local};
}

int64_t mn_ladder_rows_bytes(mn_ladder *ladder)
{
  return (int64_t)sizeof(double) * (ladder_numbers(ladder) + mn_ladder_table_size(ladder)) +
         (int64_t)sizeof(int32_t) * planes(mn_ladder_trail(ladder)) * mn_ladder_cells(ladder);
}

static mn_error *write_trails(mn_h5 *file, const mn_parallel *parallel, mn_ladder *ladder)
{
  const mn_trail *t = mn_ladder_trail(ladder);
  const int64_t count = mn_ladder_cells(ladder);
  const mn_rows all = {MN_LADDER_TRAILS, MN_I32, planes(t) * count, 0, 0, 0};
  MN_TRY(mn_h5_create_rows(file, &all));
  mn_error *error = NULL;
  for (int64_t k = 0; k < planes(t) && !error; k++) {
    int32_t *values;
    const mn_rows part = plane(t, count, k, &values);
    error = part.count == 0 ? NULL : mn_h5_write_part(file, &part, values);
  }
  return mn_agree(parallel, error);
}

static mn_error *write_modes(mn_h5 *file, const mn_parallel *parallel, mn_ladder *ladder)
{
  const int64_t total = ladder_numbers(ladder);
  const mn_rows all = numbers(MN_LADDER_MODES, total, 0, 0);
  MN_TRY(mn_h5_create_rows(file, &all));
  mn_error *error = NULL;
  int64_t before = 0;
  for (int k = 0; k < mn_ladder_sets(ladder); k++) {
    const mn_mode_set set = mn_ladder_set(ladder, k);
    const mn_rows part = numbers(MN_LADDER_MODES, total, before + set.first, set.count);
    error = error || set.count == 0 ? error : mn_h5_write_part(file, &part, set.values);
    before += set.total;
  }
  return mn_agree(parallel, error);
}

mn_error *mn_ladder_rows_write(mn_h5 *file, const mn_parallel *parallel, mn_ladder *ladder)
{
  double *table = NULL;
  const int64_t size = mn_ladder_table_size(ladder);
  const mn_rows rows = numbers(MN_LADDER_TABLE, size, 0, parallel->rank == 0 ? size : 0);
  MN_TRY(mn_agree(parallel, mn_alloc(&table, size, sizeof *table)));
  mn_ladder_table(ladder, table);
  mn_error *error = mn_h5_group(file, "/ladder");
  error = error ? error : mn_h5_write(file, &rows, table);
  mn_free(&table);
  error = error ? error : write_modes(file, parallel, ladder);
  return error ? error : write_trails(file, parallel, ladder);
}

/* The same settings make the same meshes, but for another version of the engine. */
static mn_error *check_modes(hid_t file, mn_ladder *ladder)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  const int64_t total = ladder_numbers(ladder);
  MN_TRY(mn_h5_shape(file, MN_LADDER_MODES, &exists, &dimensions, shape));
  return exists && dimensions == 1 && shape[0] == total
             ? NULL
             : mn_error_create(MN_DATA,
                               "its ladder has %lld numbers where these settings make %lld: another version of the "
                               "program has written it",
                               (long long)shape[0], (long long)total);
}

static mn_error *load_modes(hid_t file, mn_ladder *ladder)
{
  int64_t before = 0;
  MN_TRY(check_modes(file, ladder));
  for (int k = 0; k < mn_ladder_sets(ladder); k++) {
    const mn_mode_set set = mn_ladder_set(ladder, k);
    const mn_rows part = numbers(MN_LADDER_MODES, 0, before + set.first, set.count);
    if (set.count > 0) {
      MN_TRY(mn_h5_read(file, &part, set.values));
    }
    before += set.total;
  }
  return NULL;
}

static mn_error *load_trails(hid_t file, mn_ladder *ladder)
{
  const mn_trail *t = mn_ladder_trail(ladder);
  for (int64_t k = 0; k < planes(t); k++) {
    int32_t *values;
    const mn_rows part = plane(t, mn_ladder_cells(ladder), k, &values);
    if (part.count > 0) {
      MN_TRY(mn_h5_read(file, &part, values));
    }
  }
  return NULL;
}

static mn_error *load_table(hid_t file, int64_t *size, double **table)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, MN_LADDER_TABLE, &exists, &dimensions, shape));
  if (!exists) {
    return mn_error_create(MN_DATA, "it holds no ladder");
  }
  *size = shape[0];
  const mn_rows rows = numbers(MN_LADDER_TABLE, shape[0], 0, shape[0]);
  MN_TRY(mn_alloc(table, shape[0], sizeof **table));
  return mn_h5_read(file, &rows, *table);
}

mn_error *mn_ladder_rows_read(hid_t file, const mn_parallel *parallel, mn_ladder *ladder)
{
  double *table = NULL;
  int64_t size = 0;
  mn_error *error = mn_agree(parallel, load_table(file, &size, &table));
  error = error ? error : mn_ladder_restore(ladder, size, table);
  mn_free(&table);
  error = error ? error : load_modes(file, ladder);
  return error ? error : load_trails(file, ladder);
}
