/* h5.h  Sealed HDF5 files: written in parallel, verified, then put in place in one rename.
 *
 * A file is written under a temporary name; every dataset is contiguous, every rank writes its own rows by independent
 * transfers, and notes a checksum taken from memory.  mn_h5_commit closes the file, reads every row back through a
 * second, serial, open and compares, puts a seal (length and checksum of all bytes) into the first 512 bytes, which
 * HDF5 leaves to us, and only then renames.  docs/format.md describes the seal; docs/errors.md what happens on failure.
 */
#ifndef MN_FILES_H5_H
#define MN_FILES_H5_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/parallel.h>

#include <hdf5.h>

typedef enum mn_type { MN_F64, MN_I64, MN_I32, MN_U64, MN_U32 } mn_type;

enum { MN_SEAL_BYTES = 512, MN_PATH_MAX = 4096 };

/* Bytes of one element.  Local. */
size_t mn_type_size(mn_type type);

/* The HDF5 type in memory (and, being little-endian as the machines are, in the file).  Local. */
hid_t mn_type_native(mn_type type);

typedef struct mn_h5 mn_h5;

/* Starts a file that will become `path`.  Collective.  Fails with MN_IO when it cannot be made or when fewer than
 * `bytes` are free. */
mn_error *mn_h5_begin(const mn_parallel *parallel, const char *path, int64_t bytes, mn_h5 **file) MN_MUST_CHECK;

/* Attributes of a group or dataset that exists; groups are made by mn_h5_group.  Collective. */
mn_error *mn_h5_group(mn_h5 *file, const char *name) MN_MUST_CHECK;
mn_error *mn_h5_text(mn_h5 *file, const char *object, const char *name, const char *value) MN_MUST_CHECK;
mn_error *mn_h5_numbers(mn_h5 *file, const char *object, const char *name, mn_type type, int count,
                        const void *values) MN_MUST_CHECK;

/* An array of one-letter texts, one for each letter.  Collective. */
mn_error *mn_h5_letters(mn_h5 *file, const char *object, const char *name, const char *letters) MN_MUST_CHECK;

/* A link to `name` in another file, which need not exist.  Collective. */
mn_error *mn_h5_link(mn_h5 *file, const char *name, const char *other_file) MN_MUST_CHECK;

/* A table [rows, columns] (columns 0: a vector [rows]) of which this rank writes `count` rows from `first`. */
typedef struct mn_rows {
  const char *name;
  mn_type type;
  int64_t rows;
  int64_t columns;
  int64_t first;
  int64_t count;
} mn_rows;

/* Creates the dataset and writes this rank's rows.  Collective. */
mn_error *mn_h5_write(mn_h5 *file, const mn_rows *rows, const void *values) MN_MUST_CHECK;

/* Creates the dataset alone; several mn_h5_write_part may follow on each rank.  Collective / Local. */
mn_error *mn_h5_create_rows(mn_h5 *file, const mn_rows *rows) MN_MUST_CHECK;
mn_error *mn_h5_write_part(mn_h5 *file, const mn_rows *rows, const void *values) MN_MUST_CHECK;

/* One source of a virtual dataset: vector `name` [columns] of another file fills [row, :, component]. */
typedef struct mn_view {
  char file[64];
  char name[128];
  int64_t row;
  int component;
} mn_view;

/* Creates a virtual dataset [rows, columns, 2] of doubles out of vectors of other files.  Collective. */
mn_error *mn_h5_view(mn_h5 *file, const char *name, int64_t rows, int64_t columns, int64_t sources,
                     const mn_view *source) MN_MUST_CHECK;

/* Closes, verifies, seals, keeps `keep` older generations (path.prev, see mn_h5_generation) and renames.  Collective.
 * Releases the file.  On any failure nothing under `path` has changed. */
mn_error *mn_h5_commit(mn_h5 **file, int keep) MN_MUST_CHECK;

/* Gives up: removes the temporary file.  Local.  After a failed write the handles stay open on purpose. */
void mn_h5_abandon(mn_h5 **file);

/* Name of generation k of a file: x.h5, x.prev.h5, x.prev2.h5, ...  Local. */
void mn_h5_generation(const char *path, int k, char out[MN_PATH_MAX]);

/* Opens for reading, on this rank alone.  Local.  Close with H5Fclose. */
mn_error *mn_h5_open(const char *path, hid_t *file) MN_MUST_CHECK;

/* Verifies the seal, then opens for reading on every rank; a missing file is not an error.  Collective. */
mn_error *mn_h5_open_sealed(const mn_parallel *parallel, const char *path, bool *exists, hid_t *file) MN_MUST_CHECK;

/* Shape of a dataset (columns 0 for a vector) and, in `exists`, whether it is there.  Local. */
mn_error *mn_h5_shape(hid_t file, const char *name, bool *exists, int *dimensions, int64_t shape[3]) MN_MUST_CHECK;

/* Reads `rows->count` rows from `rows->first`.  Local. */
mn_error *mn_h5_read(hid_t file, const mn_rows *rows, void *values) MN_MUST_CHECK;

/* Reads a text attribute into a new string (mn_free), or number attributes.  Local. */
mn_error *mn_h5_read_text(hid_t file, const char *object, const char *name, char **value) MN_MUST_CHECK;
mn_error *mn_h5_read_numbers(hid_t file, const char *object, const char *name, mn_type type, int count,
                             void *values) MN_MUST_CHECK;
bool mn_h5_has_attribute(hid_t file, const char *object, const char *name);

#endif
