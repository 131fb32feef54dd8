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

int64_t mn_ladder_rows_bytes(mn_ladder *ladder)
{
  return (int64_t)sizeof(double) * (ladder_numbers(ladder) + mn_ladder_table_size(ladder));
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
  return error ? error : write_modes(file, parallel, ladder);
}

static mn_error *load_modes(hid_t file, mn_ladder *ladder)
{
  int64_t before = 0;
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
  return error ? error : load_modes(file, ladder);
}
