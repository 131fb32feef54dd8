/* Every rank opens the file for itself, reads its own rows and checks them; then all agree. */
#include "h5.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mn_error *open_input(const char *path, hid_t *file)
{
  if (access(path, R_OK) != 0) {
    return mn_error_create(MN_DATA, "there is no readable file %s", path);
  }
  return mn_h5_open(path, file);
}

static mn_error *check_finite(const char *name, int64_t first, int64_t count, int per_row, const double *values)
{
  for (int64_t k = 0; k < count; k++) {
    if (!isfinite(values[k])) {
      return mn_error_create(MN_DATA, "%s holds a value that is not finite in row %lld", name,
                             (long long)(first + k / per_row));
    }
  }
  return NULL;
}

/* "[3, 4]" */
static void describe(int dimensions, const int64_t shape[3], char out[96])
{
  int used = snprintf(out, 96, "[");
  for (int k = 0; k < dimensions && k < 3; k++) {
    used += snprintf(out + used, 96 - (size_t)used, "%s%lld", k > 0 ? ", " : "", (long long)shape[k]);
  }
  snprintf(out + used, 96 - (size_t)used, "%s]", dimensions > 3 ? ", ..." : "");
}

static mn_error *wrong_shape(const char *name, int dimensions, const int64_t shape[3], const char *wanted)
{
  char found[96];
  describe(dimensions, shape, found);
  return mn_error_create(MN_DATA, "dataset %s has shape %s, needed is %s", name, found, wanted);
}

/* Name of the group of the largest iteration number under /data. */
static herr_t later_iteration(hid_t group, const char *name, const H5L_info_t *info, void *newest)
{
  (void)group;
  (void)info;
  const long long number = atoll(name);
  long long *best = newest;
  *best = number > *best ? number : *best;
  return 0;
}

static mn_error *default_name(hid_t file, char *name, size_t size)
{
  long long newest = -1;
  if (H5Lexists(file, "data", H5P_DEFAULT) > 0) {
    H5Literate_by_name(file, "data", H5_INDEX_NAME, H5_ITER_INC, NULL, later_iteration, &newest, H5P_DEFAULT);
  }
  snprintf(name, size, "/data/%lld/particles/cells/position", newest);
  return newest >= 0 ? NULL : mn_error_create(MN_DATA, "it has no snapshots (/data); name a dataset [N, 2]");
}

static mn_error *read_pairs(hid_t file, const char *name, const int64_t shape[3], int64_t count, mn_block block,
                            double *x)
{
  if (shape[0] != count) {
    return mn_error_create(MN_DATA, "dataset %s has %lld rows, particles.count is %lld", name, (long long)shape[0],
                           (long long)count);
  }
  const mn_rows rows = {name, MN_F64, count, 2, block.begin, mn_block_count(block)};
  MN_TRY(mn_h5_read(file, &rows, x));
  return check_finite(name, block.begin, 2 * mn_block_count(block), 2, x);
}

static mn_error *read_components(hid_t file, const char *name, int64_t count, mn_block block, double *x)
{
  double *component = NULL;
  MN_TRY(mn_alloc(&component, mn_block_count(block), sizeof *component));
  mn_error *error = NULL;
  for (int a = 0; a < 2 && !error; a++) {
    char path[MN_PATH_MAX + 2];
    bool exists;
    int dimensions;
    int64_t shape[3] = {0};
    snprintf(path, sizeof path, "%s/%s", name, a == 0 ? "x" : "y");
    error = mn_h5_shape(file, path, &exists, &dimensions, shape);
    if (!error && (!exists || dimensions != 1 || shape[0] != count)) {
      error = exists ? wrong_shape(path, dimensions, shape, "[particles.count]")
                     : mn_error_create(MN_DATA, "there is no dataset %s and no dataset %s", name, path);
    }
    const mn_rows rows = {path, MN_F64, count, 0, block.begin, mn_block_count(block)};
    error = error ? error : mn_h5_read(file, &rows, component);
    error = error ? error : check_finite(path, block.begin, mn_block_count(block), 1, component);
    for (int64_t i = 0; i < mn_block_count(block) && !error; i++) {
      x[2 * i + a] = component[i];
    }
  }
  mn_free(&component);
  return error;
}

static mn_error *read_positions(hid_t file, const char *name, int64_t count, mn_block block, double *x)
{
  char found[MN_PATH_MAX];
  snprintf(found, sizeof found, "%s", name);
  if (name[0] == '\0') {
    MN_TRY(default_name(file, found, sizeof found));
  }
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, found, &exists, &dimensions, shape));
  if (!exists) {
    return read_components(file, found, count, block, x);
  }
  if (dimensions != 2 || shape[1] != 2) {
    return wrong_shape(found, dimensions, shape, "[N, 2]");
  }
  return read_pairs(file, found, shape, count, block, x);
}

mn_error *mn_dataset_positions(const mn_parallel *parallel, const char *path, const char *name, int64_t count,
                               double *x)
{
  hid_t file = H5I_INVALID_HID;
  mn_error *error = open_input(path, &file);
  if (!error) {
    const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
    error = mn_error_within(read_positions(file, name, count, block, x), "%s", path);
    H5Fclose(file);
  }
  return mn_agree(parallel, error);
}

static mn_error *read_field(hid_t file, const char *name, mn_field *field, double **nodes)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, name, &exists, &dimensions, shape));
  if (!exists) {
    return mn_error_create(MN_DATA, "there is no dataset %s", name);
  }
  if (dimensions != 2 || shape[0] < 2 || shape[1] < 2 || shape[0] > 32768 || shape[1] > 32768) {
    return wrong_shape(name, dimensions, shape, "[rows, columns], 2 to 32768 each");
  }
  MN_TRY(mn_h5_read_numbers(file, name, "origin", MN_F64, 2, field->origin));
  MN_TRY(mn_h5_read_numbers(file, name, "spacing", MN_F64, 2, field->spacing));
  if (!(field->spacing[0] > 0.0) || !(field->spacing[1] > 0.0)) {
    return mn_error_create(MN_DATA, "attribute spacing of %s must be positive", name);
  }
  field->kind = MN_FIELD_GRID;
  field->rows = (int)shape[0];
  field->columns = (int)shape[1];
  MN_TRY(mn_alloc(nodes, shape[0] * shape[1], sizeof **nodes));
  field->node = *nodes;
  const mn_rows rows = {name, MN_F64, shape[0], shape[1], 0, shape[0]};
  MN_TRY(mn_h5_read(file, &rows, *nodes));
  return check_finite(name, 0, shape[0] * shape[1], (int)shape[1], *nodes);
}

mn_error *mn_dataset_field(const mn_parallel *parallel, const char *path, const char *name, mn_field *field,
                           double **nodes)
{
  hid_t file = H5I_INVALID_HID;
  mn_error *error = open_input(path, &file);
  if (!error) {
    error = mn_error_within(read_field(file, name, field, nodes), "%s", path);
    H5Fclose(file);
  }
  error = mn_agree(parallel, error);
  if (error) {
    mn_free(nodes);
  }
  return error;
}

static mn_error *read_times(hid_t file, mn_paths *paths)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  double dt = 0.0;
  MN_TRY(mn_alloc(&paths->times, paths->samples, sizeof *paths->times));
  MN_TRY(mn_h5_shape(file, "/times", &exists, &dimensions, shape));
  if (exists) {
    if (dimensions != 1 || shape[0] != paths->samples) {
      return wrong_shape("/times", dimensions, shape, "[samples], as many as /paths has");
    }
    const mn_rows rows = {"/times", MN_F64, shape[0], 0, 0, shape[0]};
    MN_TRY(mn_h5_read(file, &rows, paths->times));
  } else {
    MN_TRY(mn_h5_read_numbers(file, "/paths", "dt", MN_F64, 1, &dt));
    for (int64_t k = 0; k < paths->samples; k++) {
      paths->times[k] = (double)k * dt;
    }
  }
  for (int64_t k = 0; k < paths->samples; k++) {
    const bool grows = k == 0 || paths->times[k] > paths->times[k - 1];
    if (!grows || !isfinite(paths->times[k])) {
      return mn_error_create(MN_DATA, "times must be finite and grow; sample %lld does not", (long long)k);
    }
  }
  return NULL;
}

static mn_error *look_at_paths(hid_t file, mn_paths *paths)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, "/paths", &exists, &dimensions, shape));
  if (!exists) {
    return mn_error_create(MN_DATA, "there is no dataset /paths [samples, N, 2]");
  }
  if (dimensions != 3 || shape[0] < 2 || shape[1] < 2 || shape[2] != 2) {
    return wrong_shape("/paths", dimensions, shape, "[samples, N, 2] with at least 2 samples and 2 cells");
  }
  paths->samples = shape[0];
  paths->count = shape[1];
  return read_times(file, paths);
}

mn_error *mn_paths_open(const mn_parallel *parallel, const char *path, mn_paths *paths)
{
  hid_t file = H5I_INVALID_HID;
  *paths = (mn_paths){0};
  snprintf(paths->path, sizeof paths->path, "%s", path);
  mn_error *error = open_input(path, &file);
  if (!error) {
    error = mn_error_within(look_at_paths(file, paths), "%s", path);
    H5Fclose(file);
  }
  error = mn_agree(parallel, error);
  if (error) {
    mn_free(&paths->times);
  }
  return error;
}

static mn_error *read_sample(hid_t file, int64_t k, mn_block block, double *x)
{
  const hsize_t start[3] = {(hsize_t)k, (hsize_t)block.begin, 0};
  const hsize_t count[3] = {1, (hsize_t)mn_block_count(block), 2};
  const hid_t set = H5Dopen2(file, "/paths", H5P_DEFAULT);
  const hid_t file_space = H5Dget_space(set);
  const hid_t space = H5Screate_simple(3, count, NULL);
  const bool good = H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                    H5Dread(set, H5T_NATIVE_DOUBLE, space, file_space, H5P_DEFAULT, x) >= 0;
  H5Sclose(space);
  H5Sclose(file_space);
  H5Dclose(set);
  if (!good) {
    return mn_error_create(MN_DATA, "sample %lld of /paths cannot be read", (long long)k);
  }
  return check_finite("/paths", block.begin, 2 * mn_block_count(block), 2, x);
}

mn_error *mn_paths_sample(const mn_parallel *parallel, const mn_paths *paths, int64_t k, double *x)
{
  const mn_block block = mn_block_of(paths->count, parallel->rank, parallel->size);
  hid_t file = H5I_INVALID_HID;
  mn_error *error = open_input(paths->path, &file);
  if (!error) {
    error = mn_block_count(block) > 0 ? mn_error_within(read_sample(file, k, block, x), "%s", paths->path) : NULL;
    H5Fclose(file);
  }
  return mn_agree(parallel, error);
}

mn_error *mn_dataset_write(const mn_parallel *parallel, const char *path, const char *name, int64_t count,
                           const double *mine)
{
  const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
  const mn_rows rows = {name, MN_F64, count, 2, block.begin, mn_block_count(block)};
  mn_h5 *file = NULL;
  MN_TRY(mn_h5_begin(parallel, path, 16 * count + 65536, &file));
  mn_error *error = mn_h5_text(file, "/", "program", mn_version());
  error = error ? error : mn_h5_write(file, &rows, mine);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, 0);
}
