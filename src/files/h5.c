/* Writing.  Independent transfers of contiguous rows only: collective ones can lose data without a word under some
 * releases of the MPI-IO below (docs/errors.md); times of objects are off, so that equal content is equal bytes. */
#include "h5.h"
#include "seal.h"

#include <mnemotaxis/memory.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

/* What this rank wrote, to be read back. */
typedef struct written {
  char name[128];
  mn_rows rows; /* name points above once read back */
  uint64_t checksum;
} written;

struct mn_h5 {
  mn_parallel parallel;
  char path[MN_PATH_MAX];
  char temporary[MN_PATH_MAX];
  hid_t id;
  written *log;
  int64_t logged, room;
};

size_t mn_type_size(mn_type type)
{
  return type == MN_I32 || type == MN_U32 ? 4 : 8;
}

hid_t mn_type_native(mn_type type)
{
  switch (type) {
  case MN_F64:
    return H5T_NATIVE_DOUBLE;
  case MN_I64:
    return H5T_NATIVE_INT64;
  case MN_I32:
    return H5T_NATIVE_INT32;
  case MN_U64:
    return H5T_NATIVE_UINT64;
  case MN_U32:
    break;
  }
  return H5T_NATIVE_UINT32;
}

static mn_error *failure(const mn_h5 *f, const char *what, const char *name)
{
  return mn_error_create(MN_IO, "could not write %s%s of %s%s", what, name, f->path,
                         errno == ENOSPC ? " (no space left on device)" : "");
}

/* All ranks agree after each step: after a disk fills up only one rank may have seen it. */
static mn_error *settle(mn_h5 *f, bool good, const char *what, const char *name)
{
  return mn_agree(&f->parallel, good ? NULL : failure(f, what, name));
}

/* The directory of `path`, "." if it has none. */
static void directory_of(const char *path, char out[MN_PATH_MAX])
{
  snprintf(out, MN_PATH_MAX, "%s", path);
  char *slash = strrchr(out, '/');
  if (slash == out) {
    slash[1] = '\0';
  } else if (slash) {
    *slash = '\0';
  } else {
    snprintf(out, MN_PATH_MAX, ".");
  }
}

static mn_error *check_space(const char *path, int64_t bytes)
{
  char directory[MN_PATH_MAX];
  struct statvfs disk;
  directory_of(path, directory);
  if (statvfs(directory, &disk) != 0) {
    return mn_error_create(MN_IO, "cannot write %s: %s", path, strerror(errno));
  }
  const double available = (double)disk.f_bavail * (double)disk.f_frsize;
  if (available < (double)bytes) {
    return mn_error_create(MN_IO, "cannot write %s: it needs %.1f MiB and %.1f MiB are free", path,
                           (double)bytes / 1048576.0, available / 1048576.0);
  }
  return NULL;
}

static hid_t create_file(const mn_h5 *f)
{
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  const hid_t creation = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_fapl_mpio(access, f->parallel.comm, MPI_INFO_NULL);
  H5Pset_userblock(creation, MN_SEAL_BYTES);
  H5Pset_obj_track_times(creation, 0);
  const hid_t id = H5Fcreate(f->temporary, H5F_ACC_TRUNC, creation, access);
  H5Pclose(creation);
  H5Pclose(access);
  return id;
}

mn_error *mn_h5_begin(const mn_parallel *parallel, const char *path, int64_t bytes, mn_h5 **file)
{
  mn_h5 *f = NULL;
  /* jobs on several nodes may write the same file: numbers of processes are not enough */
  int unique = (int)(((unsigned)getpid() ^ (unsigned)gethostid() ^ (unsigned)time(NULL) << 16) & INT32_MAX);
  MPI_Bcast(&unique, 1, MPI_INT, 0, parallel->comm);
  MN_TRY(mn_agree(parallel, mn_alloc(&f, 1, sizeof *f)));
  f->parallel = *parallel;
  snprintf(f->path, sizeof f->path, "%s", path);
  const int length = snprintf(f->temporary, sizeof f->temporary, "%s.tmp%d", path, unique);
  mn_error *error = (size_t)length >= sizeof f->temporary ? mn_error_create(MN_USAGE, "the path %s is too long", path)
                                                          : (parallel->rank == 0 ? check_space(path, bytes) : NULL);
  error = mn_agree(parallel, error);
  if (!error) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    f->id = create_file(f);
    error = settle(f, f->id >= 0, "the beginning", "");
  }
  if (error) {
    mn_h5_abandon(&f);
  }
  *file = f;
  return error;
}

mn_error *mn_h5_group(mn_h5 *f, const char *name)
{
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t group = H5Gcreate2(f->id, name, links, H5P_DEFAULT, H5P_DEFAULT);
  const bool good = group >= 0 && H5Gclose(group) >= 0;
  H5Pclose(links);
  return settle(f, good, "the group ", name);
}

/* One attribute of any type and space. */
static mn_error *attribute(mn_h5 *f, const char *object, const char *name, hid_t type, hid_t space, const void *value)
{
  const hid_t id = H5Acreate_by_name(f->id, object, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  bool good = id >= 0 && H5Awrite(id, type, value) >= 0;
  good = id >= 0 && H5Aclose(id) >= 0 && good;
  H5Sclose(space);
  return settle(f, good, "the attribute ", name);
}

mn_error *mn_h5_text(mn_h5 *f, const char *object, const char *name, const char *value)
{
  const hid_t type = H5Tcopy(H5T_C_S1);
  const size_t length = strlen(value);
  H5Tset_size(type, length > 0 ? length : 1);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  mn_error *error = attribute(f, object, name, type, H5Screate(H5S_SCALAR), value);
  H5Tclose(type);
  return error;
}

mn_error *mn_h5_numbers(mn_h5 *f, const char *object, const char *name, mn_type type, int count, const void *values)
{
  const hsize_t extent = (hsize_t)count;
  const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &extent, NULL);
  return attribute(f, object, name, mn_type_native(type), space, values);
}

mn_error *mn_h5_letters(mn_h5 *f, const char *object, const char *name, const char *letters)
{
  const hsize_t extent = strlen(letters);
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, 1);
  H5Tset_strpad(type, H5T_STR_NULLPAD);
  mn_error *error = attribute(f, object, name, type, H5Screate_simple(1, &extent, NULL), letters);
  H5Tclose(type);
  return error;
}

mn_error *mn_h5_link(mn_h5 *f, const char *name, const char *other_file)
{
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_create_intermediate_group(links, 1);
  const herr_t status = H5Lcreate_external(other_file, name, f->id, name, links, H5P_DEFAULT);
  H5Pclose(links);
  return settle(f, status >= 0, "the link ", name);
}

mn_error *mn_h5_view(mn_h5 *f, const char *name, int64_t rows, int64_t columns, int64_t sources, const mn_view *source)
{
  const hsize_t extent[3] = {(hsize_t)rows, (hsize_t)columns, 2};
  const hsize_t count[3] = {1, (hsize_t)columns, 1};
  const hid_t space = H5Screate_simple(3, extent, NULL);
  const hid_t source_space = H5Screate_simple(1, &extent[1], NULL);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_obj_track_times(creation, 0);
  bool good = true;
  for (int64_t k = 0; k < sources && good; k++) {
    const hsize_t start[3] = {(hsize_t)source[k].row, 0, (hsize_t)source[k].component};
    good = H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
           H5Pset_virtual(creation, space, source[k].file, source[k].name, source_space) >= 0;
  }
  H5Sselect_all(space);
  const hid_t set =
      good ? H5Dcreate2(f->id, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, creation, H5P_DEFAULT) : H5I_INVALID_HID;
  good = set >= 0 && H5Dclose(set) >= 0;
  H5Pclose(creation);
  H5Sclose(source_space);
  H5Sclose(space);
  return settle(f, good, "the view ", name);
}

/* Selects rows [first, first + count) of a file space. */
static hid_t select_rows(const mn_rows *rows)
{
  const hsize_t extent[2] = {(hsize_t)rows->rows, (hsize_t)rows->columns};
  const hsize_t start[2] = {(hsize_t)rows->first, 0};
  const hsize_t count[2] = {(hsize_t)rows->count, (hsize_t)rows->columns};
  const hid_t space = H5Screate_simple(rows->columns > 0 ? 2 : 1, extent, NULL);
  if (rows->count > 0) {
    H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
  } else {
    H5Sselect_none(space);
  }
  return space;
}

static hid_t memory_space(const mn_rows *rows)
{
  const hsize_t count[2] = {(hsize_t)rows->count, (hsize_t)rows->columns};
  return H5Screate_simple(rows->columns > 0 ? 2 : 1, count, NULL);
}

mn_error *mn_h5_create_rows(mn_h5 *f, const mn_rows *rows)
{
  const hsize_t extent[2] = {(hsize_t)rows->rows, (hsize_t)rows->columns};
  const hid_t space = H5Screate_simple(rows->columns > 0 ? 2 : 1, extent, NULL);
  const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  H5Pset_obj_track_times(creation, 0);
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  H5Pset_alloc_time(creation, H5D_ALLOC_TIME_EARLY);
  H5Pset_create_intermediate_group(links, 1);
  const hid_t set = H5Dcreate2(f->id, rows->name, mn_type_native(rows->type), space, links, creation, H5P_DEFAULT);
  const bool good = set >= 0 && H5Dclose(set) >= 0;
  H5Pclose(links);
  H5Pclose(creation);
  H5Sclose(space);
  return settle(f, good, "the dataset ", rows->name);
}

static int64_t elements(const mn_rows *rows)
{
  return rows->count * (rows->columns > 0 ? rows->columns : 1);
}

static mn_error *note(mn_h5 *f, const mn_rows *rows, const void *values)
{
  if (f->logged == f->room) {
    f->room = f->room > 0 ? 2 * f->room : 16;
    MN_TRY(mn_resize(&f->log, f->room, sizeof *f->log));
  }
  written *entry = &f->log[f->logged++];
  snprintf(entry->name, sizeof entry->name, "%s", rows->name);
  entry->rows = *rows;
  entry->checksum = XXH3_64bits(values, (size_t)elements(rows) * mn_type_size(rows->type));
  return NULL;
}

mn_error *mn_h5_write_part(mn_h5 *f, const mn_rows *rows, const void *values)
{
  if (rows->count == 0) {
    return NULL;
  }
  MN_TRY(note(f, rows, values));
  errno = 0;
  const hid_t set = H5Dopen2(f->id, rows->name, H5P_DEFAULT);
  const hid_t file_space = select_rows(rows);
  const hid_t space = memory_space(rows);
  const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
  H5Pset_dxpl_mpio(transfer, H5FD_MPIO_INDEPENDENT);
  const bool good = H5Dwrite(set, mn_type_native(rows->type), space, file_space, transfer, values) >= 0;
  mn_error *error = good ? NULL : failure(f, "the dataset ", rows->name);
  H5Pclose(transfer);
  H5Sclose(space);
  H5Sclose(file_space);
  H5Dclose(set);
  return error;
}

mn_error *mn_h5_write(mn_h5 *f, const mn_rows *rows, const void *values)
{
  MN_TRY(mn_h5_create_rows(f, rows));
  return mn_agree(&f->parallel, mn_h5_write_part(f, rows, values));
}

/* Reads back what this rank wrote, through a serial open of the closed file. */
static mn_error *read_back(const mn_h5 *f)
{
  hid_t id;
  MN_TRY(mn_h5_open(f->temporary, &id));
  mn_error *error = NULL;
  for (int64_t k = 0; k < f->logged && !error; k++) {
    written *entry = &f->log[k];
    const size_t bytes = (size_t)elements(&entry->rows) * mn_type_size(entry->rows.type);
    void *values = NULL;
    error = mn_alloc(&values, (int64_t)bytes, 1);
    entry->rows.name = entry->name;
    error = error ? error : mn_h5_read(id, &entry->rows, values);
    if (!error && XXH3_64bits(values, bytes) != entry->checksum) {
      error = mn_error_create(MN_IO,
                              "%s was not written as it is in memory (dataset %s): the file system or MPI-IO "
                              "lost data; the file before it is untouched",
                              f->path, entry->name);
    }
    mn_free(&values);
  }
  H5Fclose(id);
  return error;
}

static mn_error *put_in_place(const mn_h5 *f, int keep)
{
  char older[MN_PATH_MAX];
  char newer[MN_PATH_MAX];
  for (int k = keep; k > 0; k--) {
    mn_h5_generation(f->path, k, older);
    mn_h5_generation(f->path, k - 1, newer);
    if (rename(newer, older) != 0 && errno != ENOENT) {
      return mn_error_create(MN_IO, "cannot rename %s: %s", newer, strerror(errno));
    }
  }
  if (rename(f->temporary, f->path) != 0) {
    return mn_error_create(MN_IO, "cannot rename %s: %s", f->temporary, strerror(errno));
  }
  char directory[MN_PATH_MAX];
  directory_of(f->path, directory);
  return mn_seal_sync(directory);
}

mn_error *mn_h5_commit(mn_h5 **file, int keep)
{
  mn_h5 *f = *file;
  const mn_parallel parallel = f->parallel;
  errno = 0;
  const bool closed = H5Fclose(f->id) >= 0;
  mn_error *error = settle(f, closed, "the end", "");
  error = error ? error : mn_agree(&parallel, read_back(f));
  error = error ? error : mn_seal_write(&parallel, f->temporary);
  if (!error) {
    error = mn_agree(&parallel, parallel.rank == 0 ? put_in_place(f, keep) : NULL);
  }
  if (error) {
    mn_h5_abandon(file);
    return error;
  }
  mn_free(&f->log);
  mn_free(file);
  return NULL;
}

void mn_h5_abandon(mn_h5 **file)
{
  mn_h5 *f = *file;
  if (f && f->parallel.rank == 0) {
    unlink(f->temporary);
  }
  if (f) {
    mn_free(&f->log);
  }
  mn_free(file);
}

void mn_h5_generation(const char *path, int k, char out[MN_PATH_MAX])
{
  const size_t length = strlen(path);
  const int stem = length > 3 && strcmp(path + length - 3, ".h5") == 0 ? (int)length - 3 : (int)length;
  if (k == 0) {
    snprintf(out, MN_PATH_MAX, "%s", path);
  } else if (k == 1) {
    snprintf(out, MN_PATH_MAX, "%.*s.prev%s", stem, path, path + stem);
  } else {
    snprintf(out, MN_PATH_MAX, "%.*s.prev%d%s", stem, path, k, path + stem);
  }
}
