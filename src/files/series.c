/* Small enough to be rewritten whole: no half-appended file can exist, and equal runs give equal bytes however often
 * they were interrupted. */
#include "h5.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/series.h>

#include <stddef.h>
#include <stdio.h>
#include <string.h>

void mn_series_cut(mn_series *series, int64_t step)
{
  while (series->rows > 0 && series->row[series->rows - 1].step > step) {
    series->rows--;
  }
}

mn_error *mn_series_append(mn_series *series, const mn_observation *row)
{
  mn_series_cut(series, row->step - 1);
  if (series->rows == series->room) {
    const int64_t room = series->room > 0 ? 2 * series->room : 64;
    MN_TRY(mn_resize(&series->row, room, sizeof *series->row));
    series->room = room;
  }
  series->row[series->rows++] = *row;
  return NULL;
}

void mn_series_clear(mn_series *series)
{
  mn_free(&series->row);
  *series = (mn_series){0};
}

/* One column of the table: where it is in a row. */
typedef struct column {
  char name[64];
  const char *about;
  mn_type type;
  size_t offset;
} column;

enum { COLUMNS = 2 + 2 * MN_OBSERVABLES };

static column column_at(int k)
{
  column c = {.type = MN_F64};
  if (k == 0) {
    c = (column){"/observables/time", "time", MN_F64, offsetof(mn_observation, time)};
  } else if (k == 1) {
    c = (column){"/observables/step", "number of steps taken", MN_I64, offsetof(mn_observation, step)};
  } else {
    const int o = (k - 2) / 2;
    const bool is_error = (k - 2) % 2 == 1;
    snprintf(c.name, sizeof c.name, "/observables/%s%s", mn_observables[o].name, is_error ? "_error" : "");
    c.about = is_error ? "standard error, cells taken as independent; NaN: none" : mn_observables[o].about;
    c.offset =
        (is_error ? offsetof(mn_observation, error) : offsetof(mn_observation, value)) + (size_t)o * sizeof(double);
  }
  return c;
}

static mn_error *write_columns(mn_h5 *file, const mn_parallel *parallel, const mn_series *series, char *buffer)
{
  for (int k = 0; k < COLUMNS; k++) {
    const column c = column_at(k);
    for (int64_t i = 0; i < series->rows; i++) {
      memcpy(buffer + 8 * i, (const char *)&series->row[i] + c.offset, 8);
    }
    const mn_rows rows = {c.name, c.type, series->rows, 0, 0, parallel->rank == 0 ? series->rows : 0};
    MN_TRY(mn_h5_write(file, &rows, buffer));
    MN_TRY(mn_h5_text(file, c.name, "about", c.about));
  }
  return NULL;
}

static mn_error *write_all(mn_h5 *file, const mn_parallel *parallel, const mn_series *series,
                           const double radii[MN_SHARES])
{
  MN_TRY(mn_h5_text(file, "/", "format", "mnemotaxis series"));
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  MN_TRY(mn_h5_group(file, "/observables"));
  MN_TRY(mn_h5_numbers(file, "/observables", "radii", MN_F64, MN_SHARES, radii));
  char *buffer = NULL;
  mn_error *error = mn_agree(parallel, mn_alloc(&buffer, series->rows, 8));
  error = error ? error : write_columns(file, parallel, series, buffer);
  mn_free(&buffer);
  return error;
}

mn_error *mn_series_write(const mn_parallel *parallel, const char *path, const mn_series *series,
                          const double radii[MN_SHARES])
{
  mn_h5 *file = NULL;
  MN_TRY(mn_h5_begin(parallel, path, series->rows * COLUMNS * 8 + 65536, &file));
  mn_error *error = write_all(file, parallel, series, radii);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, 0);
}

static mn_error *read_rows(hid_t file, mn_series *series)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, "/observables/time", &exists, &dimensions, shape));
  MN_TRY(mn_resize(&series->row, shape[0], sizeof *series->row));
  series->rows = shape[0];
  series->room = shape[0];
  char *buffer = NULL;
  MN_TRY(mn_alloc(&buffer, shape[0], 8));
  mn_error *error = NULL;
  for (int k = 0; k < COLUMNS && !error; k++) {
    const column c = column_at(k);
    const mn_rows rows = {c.name, c.type, shape[0], 0, 0, shape[0]};
    error = mn_h5_read(file, &rows, buffer);
    for (int64_t i = 0; i < shape[0] && !error; i++) {
      memcpy((char *)&series->row[i] + c.offset, buffer + 8 * i, 8);
    }
  }
  mn_free(&buffer);
  return error;
}

mn_error *mn_series_read(const mn_parallel *parallel, const char *path, mn_series *series)
{
  bool exists = false;
  hid_t file = -1;
  MN_TRY(mn_h5_open_sealed(parallel, path, &exists, &file));
  if (!exists) {
    return NULL;
  }
  mn_error *error = read_rows(file, series);
  H5Fclose(file);
  return mn_agree(parallel, mn_error_within(error, "%s", path));
}
