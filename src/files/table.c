#include "h5.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/table.h>

static mn_error *write_column(mn_h5 *file, const mn_parallel *parallel, const mn_column *c)
{
  const mn_rows rows = {.name = c->name,
                        .type = c->real ? MN_F64 : MN_I64,
                        .rows = c->rows,
                        .columns = c->columns,
                        .count = parallel->rank == 0 ? c->rows : 0};
  MN_TRY(mn_h5_write(file, &rows, c->real ? (const void *)c->real : (const void *)c->integer));
  return mn_h5_text(file, c->name, "about", c->about);
}

static mn_error *write_all(mn_h5 *file, const mn_parallel *parallel, const mn_table_file *table)
{
  MN_TRY(mn_h5_text(file, "/", "format", table->format));
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  for (int k = 0; table->group[k]; k++) {
    MN_TRY(mn_h5_group(file, table->group[k]));
  }
  for (int k = 0; k < table->columns; k++) {
    MN_TRY(write_column(file, parallel, &table->column[k]));
  }
  for (int k = 0; k < table->labels; k++) {
    MN_TRY(mn_h5_text(file, table->label[k].object, table->label[k].name, table->label[k].text));
  }
  return NULL;
}

mn_error *mn_table_write(const mn_parallel *parallel, const char *path, const mn_table_file *table)
{
  mn_h5 *file = NULL;
  int64_t bytes = 1 << 20;
  for (int k = 0; k < table->columns; k++) {
    bytes += 8 * table->column[k].rows * (table->column[k].columns > 0 ? table->column[k].columns : 1);
  }
  MN_TRY(mn_h5_begin(parallel, path, bytes, &file));
  mn_error *error = write_all(file, parallel, table);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, 0);
}

mn_error *mn_table_about(const mn_parallel *parallel, const char *path, bool *exists, char **format, char **program)
{
  hid_t file = -1;
  *format = *program = NULL;
  MN_TRY(mn_h5_open_sealed(parallel, path, exists, &file));
  if (!*exists) {
    return NULL;
  }
  mn_error *error = mn_h5_read_text(file, "/", "format", format);
  error = error ? error : mn_h5_read_text(file, "/", "program", program);
  H5Fclose(file);
  if (error) {
    mn_free(format);
    mn_free(program);
  }
  return mn_agree(parallel, mn_error_within(error, "%s", path));
}
