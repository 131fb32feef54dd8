/** @file table.h  Columns of numbers in one sealed HDF5 file (docs/format.md). */
#ifndef MNEMOTAXIS_TABLE_H
#define MNEMOTAXIS_TABLE_H

#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One dataset: [rows] or, with columns > 0, [rows, columns]. */
typedef struct mn_column {
  const char *name;  /**< absolute; its groups must be listed */
  const char *about; /**< meaning, an attribute */
  int64_t rows, columns;
  const double *real;     /**< values, or NULL */
  const int64_t *integer; /**< values, if there are no real ones */
} mn_column;

/** A text attribute. */
typedef struct mn_label {
  const char *object, *name, *text;
} mn_label;

/** What is in a file. */
typedef struct mn_table_file {
  const char *format;       /**< root attribute: what this file is */
  const char *const *group; /**< ended by NULL, parents first */
  int columns;
  const mn_column *column;
  int labels;
  const mn_label *label;
} mn_table_file;

/** Writes the file, replacing an older one as a whole.  Collective; every rank knows the shapes, rank 0 the values.
 * Fails: MN_IO; what was there before then stays. */
mn_error *mn_table_write(const mn_parallel *parallel, const char *path, const mn_table_file *table) MN_MUST_CHECK;

/** Verifies the seal of a file and says what it is.  Collective.
 * @param exists   false: there is no such file, and no text
 * @param format   receives the text given to mn_table_write; the caller frees it with mn_free
 * @param program  receives version and commit that wrote it, likewise
 * Fails: MN_DATA for a damaged file. */
mn_error *mn_table_about(const mn_parallel *parallel, const char *path, bool *exists, char **format,
                         char **program) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
