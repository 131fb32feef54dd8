/* Reading, by every rank for itself; a sealed file is verified before HDF5 sees it. */
#include "h5.h"
#include "seal.h"

#include <mnemotaxis/memory.h>

#include <string.h>
#include <unistd.h>

mn_error *mn_h5_open(const char *path, hid_t *file)
{
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  *file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  return *file >= 0 ? NULL : mn_error_create(MN_DATA, "%s cannot be opened as an HDF5 file", path);
}

mn_error *mn_h5_open_sealed(const mn_parallel *parallel, const char *path, bool *exists, hid_t *file)
{
  int there = access(path, F_OK) == 0;
  MPI_Bcast(&there, 1, MPI_INT, 0, parallel->comm);
  *exists = there != 0;
  if (!*exists) {
    return NULL;
  }
  MN_TRY(mn_seal_check(parallel, path));
  return mn_agree(parallel, mn_h5_open(path, file));
}

/* Whether every link on the way to `name` exists: HDF5 complains about missing parents instead of answering. */
static bool reachable(hid_t file, const char *name)
{
  char part[1024];
  const size_t length = strlen(name);
  if (length >= sizeof part) {
    return false;
  }
  for (size_t k = 1; k <= length; k++) {
    if (name[k] == '/' || name[k] == '\0') {
      memcpy(part, name, k);
      part[k] = '\0';
      if (strcmp(part, "/") != 0 && H5Lexists(file, part, H5P_DEFAULT) <= 0) {
        return false;
      }
    }
  }
  return H5Oexists_by_name(file, name, H5P_DEFAULT) > 0;
}

mn_error *mn_h5_shape(hid_t file, const char *name, bool *exists, int *dimensions, int64_t shape[3])
{
  H5O_info_t info;
  *exists = reachable(file, name) && H5Oget_info_by_name(file, name, &info, H5P_DEFAULT) >= 0 &&
            info.type == H5O_TYPE_DATASET;
  *dimensions = 0;
  if (!*exists) {
    return NULL;
  }
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  const hid_t space = H5Dget_space(set);
  hsize_t extent[H5S_MAX_RANK];
  *dimensions = H5Sget_simple_extent_dims(space, extent, NULL);
  for (int k = 0; k < *dimensions && k < 3; k++) {
    shape[k] = (int64_t)extent[k];
  }
  H5Sclose(space);
  H5Dclose(set);
  return *dimensions >= 0 ? NULL : mn_error_create(MN_DATA, "dataset %s has no shape", name);
}

mn_error *mn_h5_read(hid_t file, const mn_rows *rows, void *values)
{
  if (rows->count == 0) {
    return NULL;
  }
  const hsize_t start[2] = {(hsize_t)rows->first, 0};
  const hsize_t count[2] = {(hsize_t)rows->count, (hsize_t)rows->columns};
  const hid_t set = H5Dopen2(file, rows->name, H5P_DEFAULT);
  if (set < 0) {
    return mn_error_create(MN_DATA, "there is no dataset %s", rows->name);
  }
  const hid_t file_space = H5Dget_space(set);
  const int dimensions = rows->columns > 0 ? 2 : 1;
  const hid_t space = H5Screate_simple(dimensions, count, NULL);
  bool good = H5Sget_simple_extent_ndims(file_space) == dimensions &&
              H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
  good = good && H5Dread(set, mn_type_native(rows->type), space, file_space, H5P_DEFAULT, values) >= 0;
  H5Sclose(space);
  H5Sclose(file_space);
  H5Dclose(set);
  return good ? NULL : mn_error_create(MN_DATA, "dataset %s cannot be read", rows->name);
}

bool mn_h5_has_attribute(hid_t file, const char *object, const char *name)
{
  return reachable(file, object) && H5Aexists_by_name(file, object, name, H5P_DEFAULT) > 0;
}

mn_error *mn_h5_read_text(hid_t file, const char *object, const char *name, char **value)
{
  if (!mn_h5_has_attribute(file, object, name)) {
    return mn_error_create(MN_DATA, "there is no attribute %s of %s", name, object);
  }
  const hid_t id = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t type = H5Aget_type(id);
  const size_t size = H5Tget_size(type);
  mn_error *error = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0
                        ? mn_alloc(value, (int64_t)size + 1, 1)
                        : mn_error_create(MN_DATA, "attribute %s of %s is not a fixed-length text", name, object);
  if (!error && H5Aread(id, type, *value) < 0) {
    error = mn_error_create(MN_DATA, "attribute %s of %s cannot be read", name, object);
  }
  H5Tclose(type);
  H5Aclose(id);
  return error;
}

mn_error *mn_h5_read_numbers(hid_t file, const char *object, const char *name, mn_type type, int count, void *values)
{
  if (!mn_h5_has_attribute(file, object, name)) {
    return mn_error_create(MN_DATA, "there is no attribute %s of %s", name, object);
  }
  const hid_t id = H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Aget_space(id);
  const bool good = H5Sget_simple_extent_npoints(space) == count && H5Aread(id, mn_type_native(type), values) >= 0;
  H5Sclose(space);
  H5Aclose(id);
  return good ? NULL
              : mn_error_create(MN_DATA, "attribute %s of %s cannot be read as %d number(s)", name, object, count);
}
