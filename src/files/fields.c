/* Rows of the fields are written by all ranks, in blocks; every rank holds all of them. */
#include "plane_part.h"
#include "seal.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/fields.h>
#include <mnemotaxis/memory.h>

#include <stdio.h>
#include <string.h>

static const char format[] = "mnemotaxis continuum";

enum { MOMENT_COLUMNS = 6 };

int64_t mn_plane_part_bytes(const mn_plane *plane)
{
  const int64_t nx = plane->axis[0].cells;
  const int64_t ny = plane->axis[1].cells;
  return 16 * (nx * ny + nx + ny + 4 * MN_GHOSTS) + 8192;
}

static mn_error *write_axis(mn_h5 *file, const mn_parallel *parallel, const mn_axis *axis, const char *x,
                            const char *width)
{
  const int64_t all = axis->cells + 2 * MN_GHOSTS;
  const int64_t mine = parallel->rank == 0 ? all : 0;
  const double ends[2] = {axis->low, axis->high};
  const mn_rows centres = {x, MN_F64, all, 0, 0, mine};
  const mn_rows widths = {width, MN_F64, all, 0, 0, mine};
  MN_TRY(mn_h5_write(file, &centres, axis->x - MN_GHOSTS));
  MN_TRY(mn_h5_numbers(file, x, "ends", MN_F64, 2, ends));
  return mn_h5_write(file, &widths, axis->width - MN_GHOSTS);
}

static mn_error *write_field(mn_h5 *file, const mn_parallel *parallel, const mn_plane *plane, const char *name,
                             const double *field)
{
  const int64_t nx = plane->axis[0].cells;
  const int64_t ny = plane->axis[1].cells;
  const int64_t first = ny * parallel->rank / parallel->size;
  const int64_t last = ny * (parallel->rank + 1) / parallel->size;
  const mn_rows rows = {name, MN_F64, ny, nx, first, last - first};
  return mn_h5_write(file, &rows, field + first * nx);
}

mn_error *mn_plane_part_write(mn_h5 *file, const mn_parallel *parallel, const mn_plane *plane)
{
  MN_TRY(mn_h5_group(file, "/continuum"));
  MN_TRY(write_axis(file, parallel, &plane->axis[0], "/continuum/x", "/continuum/width_x"));
  MN_TRY(write_axis(file, parallel, &plane->axis[1], "/continuum/y", "/continuum/width_y"));
  MN_TRY(write_field(file, parallel, plane, "/continuum/density", plane->density));
  return write_field(file, parallel, plane, "/continuum/chemical", plane->chemical);
}

static mn_error *write_all(mn_h5 *file, const mn_parallel *parallel, const mn_fields *f)
{
  const int64_t version = MN_FIELDS_VERSION;
  MN_TRY(mn_h5_text(file, "/", "format", format));
  MN_TRY(mn_h5_numbers(file, "/", "format_version", MN_I64, 1, &version));
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  MN_TRY(mn_h5_text(file, "/", "parameters", f->parameters));
  MN_TRY(mn_h5_numbers(file, "/", "step", MN_I64, 1, &f->step));
  MN_TRY(mn_h5_numbers(file, "/", "time", MN_F64, 1, &f->time));
  MN_TRY(mn_plane_part_write(file, parallel, &f->plane));
  for (int k = 0; k < f->numbers; k++) {
    MN_TRY(mn_h5_numbers(file, "/continuum", f->number[k].name, MN_F64, 1, &f->number[k].value));
  }
  const int64_t mine = parallel->rank == 0 ? f->moments : 0;
  const mn_rows rows = {"/continuum/moments", MN_F64, f->moments, MOMENT_COLUMNS, 0, mine};
  return mn_h5_write(file, &rows, f->moment);
}

mn_error *mn_fields_write(const mn_parallel *parallel, const char *path, int keep, const mn_fields *fields)
{
  mn_h5 *file = NULL;
  const int64_t bytes =
      mn_plane_part_bytes(&fields->plane) + 48 * fields->moments + (int64_t)strlen(fields->parameters) + 65536;
  MN_TRY(mn_h5_begin(parallel, path, bytes, &file));
  mn_error *error = write_all(file, parallel, fields);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, keep);
}

static mn_error *read_format(const char *path, bool *here)
{
  hid_t file;
  char *text = NULL;
  MN_TRY(mn_h5_open(path, &file));
  mn_error *error = mn_h5_read_text(file, "/", "format", &text);
  *here = !error && strcmp(text, format) == 0;
  mn_free(&text);
  H5Fclose(file);
  return error;
}

mn_error *mn_fields_here(const mn_parallel *parallel, const char *path, bool *here)
{
  MN_TRY(mn_seal_check(parallel, path));
  return mn_agree(parallel, mn_error_within(read_format(path, here), "%s", path));
}

static mn_error *length_of(hid_t file, const char *name, int64_t shape[3])
{
  bool exists;
  int dimensions;
  MN_TRY(mn_h5_shape(file, name, &exists, &dimensions, shape));
  return exists ? NULL : mn_error_create(MN_DATA, "it has no %s: not a file of a continuum case", name);
}

static mn_error *read_axis(hid_t file, const char *x, const char *width, mn_axis *axis)
{
  int64_t shape[3] = {0};
  double ends[2];
  MN_TRY(length_of(file, x, shape));
  if (shape[0] < 2 * MN_GHOSTS + 8 || shape[0] > 1 << 20) {
    return mn_error_create(MN_DATA, "%s has %lld entries", x, (long long)shape[0]);
  }
  MN_TRY(mn_h5_read_numbers(file, x, "ends", MN_F64, 2, ends));
  MN_TRY(mn_axis_alloc((int)shape[0] - 2 * MN_GHOSTS, ends[0], ends[1], axis));
  const mn_rows centres = {x, MN_F64, shape[0], 0, 0, shape[0]};
  const mn_rows widths = {width, MN_F64, shape[0], 0, 0, shape[0]};
  MN_TRY(mn_h5_read(file, &centres, axis->x - MN_GHOSTS));
  MN_TRY(mn_h5_read(file, &widths, axis->width - MN_GHOSTS));
  for (int k = -MN_GHOSTS; k < axis->cells + MN_GHOSTS; k++) {
    if (!(axis->width[k] > 0.0) || (k > -MN_GHOSTS && !(axis->x[k] > axis->x[k - 1]))) {
      return mn_error_create(MN_DATA, "%s is not an axis", x);
    }
  }
  return NULL;
}

static mn_error *read_field(hid_t file, const mn_plane *plane, const char *name, double *field)
{
  const int64_t nx = plane->axis[0].cells;
  const int64_t ny = plane->axis[1].cells;
  int64_t shape[3] = {0};
  MN_TRY(length_of(file, name, shape));
  if (shape[0] != ny || shape[1] != nx) {
    return mn_error_create(MN_DATA, "%s does not fit its axes", name);
  }
  const mn_rows rows = {name, MN_F64, ny, nx, 0, ny};
  return mn_h5_read(file, &rows, field);
}

static mn_error *read_plane(hid_t file, double time, mn_plane *plane)
{
  mn_axis axis[2] = {{0}, {0}};
  mn_error *error = read_axis(file, "/continuum/x", "/continuum/width_x", &axis[0]);
  error = error ? error : read_axis(file, "/continuum/y", "/continuum/width_y", &axis[1]);
  error = error ? error : mn_plane_alloc(time, axis, plane);
  mn_axis_clear(&axis[0]);
  mn_axis_clear(&axis[1]);
  error = error ? error : read_field(file, plane, "/continuum/density", plane->density);
  return error ? error : read_field(file, plane, "/continuum/chemical", plane->chemical);
}

static mn_error *read_all(hid_t file, mn_fields *f)
{
  int64_t version = 0;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_read_numbers(file, "/", "format_version", MN_I64, 1, &version));
  if (version != MN_FIELDS_VERSION) {
    return mn_error_create(MN_DATA, "its format version is %lld, this program reads version %d", (long long)version,
                           MN_FIELDS_VERSION);
  }
  MN_TRY(mn_h5_read_text(file, "/", "program", &f->program));
  MN_TRY(mn_h5_read_text(file, "/", "parameters", &f->parameters));
  MN_TRY(mn_h5_read_numbers(file, "/", "step", MN_I64, 1, &f->step));
  MN_TRY(mn_h5_read_numbers(file, "/", "time", MN_F64, 1, &f->time));
  MN_TRY(read_plane(file, f->time, &f->plane));
  for (int k = 0; k < f->numbers; k++) {
    MN_TRY(mn_h5_read_numbers(file, "/continuum", f->number[k].name, MN_F64, 1, &f->number[k].value));
  }
  MN_TRY(length_of(file, "/continuum/moments", shape));
  f->moments = shape[0];
  if (f->moments < 1) {
    return mn_error_create(MN_DATA, "/continuum/moments is empty");
  }
  MN_TRY(mn_alloc(&f->moment, MOMENT_COLUMNS * shape[0], sizeof *f->moment));
  const mn_rows rows = {"/continuum/moments", MN_F64, shape[0], MOMENT_COLUMNS, 0, shape[0]};
  return mn_h5_read(file, &rows, f->moment);
}

mn_error *mn_fields_read(const mn_parallel *parallel, const char *path, mn_fields *fields)
{
  bool here = false;
  hid_t file = -1;
  MN_TRY(mn_fields_here(parallel, path, &here));
  if (!here) {
    return mn_error_create(MN_DATA, "%s is not of a continuum case", path);
  }
  mn_error *error = mn_h5_open(path, &file);
  if (!error) {
    error = read_all(file, fields);
    H5Fclose(file);
  }
  return mn_agree(parallel, mn_error_within(error, "%s", path));
}

mn_error *mn_fields_read_plane(const mn_parallel *parallel, const char *path, double time, mn_plane *plane)
{
  bool exists = false;
  hid_t file = -1;
  *plane = (mn_plane){0};
  MN_TRY(mn_h5_open_sealed(parallel, path, &exists, &file));
  if (!exists) {
    return mn_error_create(MN_DATA, "there is no %s", path);
  }
  mn_error *error = read_plane(file, time, plane);
  H5Fclose(file);
  return mn_agree(parallel, mn_error_within(error, "%s", path));
}

void mn_fields_clear(mn_fields *fields)
{
  mn_free(&fields->parameters);
  mn_free(&fields->program);
  mn_plane_clear(&fields->plane);
  mn_free(&fields->moment);
}
