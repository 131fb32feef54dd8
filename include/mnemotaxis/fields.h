/** @file fields.h  The state of a continuum case in one sealed file.  Layout: docs/format.md.
 *
 * The fields on their own mesh, the moments of the past, and named numbers; reading it gives the bits
 * that were written.  Snapshots of a continuum case hold their fields in the same layout.
 */
#ifndef MNEMOTAXIS_FIELDS_H
#define MNEMOTAXIS_FIELDS_H

#include <mnemotaxis/parallel.h>
#include <mnemotaxis/plane.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_FIELDS_VERSION = 1 };

/** A number of the state. */
typedef struct mn_named_number {
  const char *name; /**< attribute of /continuum */
  double value;
} mn_named_number;

/** Everything such a file holds. */
typedef struct mn_fields {
  int64_t step;
  double time;
  char *parameters; /**< INI text of the keys that define the case */
  char *program;    /**< version and commit that wrote it; filled in by the writer */
  mn_plane plane;
  int64_t moments;
  double *moment; /**< [moments, 6] */
  int numbers;
  mn_named_number *number; /**< names are those asked for when reading */
} mn_fields;

/** Writes `path`, keeping `keep` older generations beside it.  Collective; all ranks hold the same state. */
mn_error *mn_fields_write(const mn_parallel *parallel, const char *path, int keep,
                          const mn_fields *fields) MN_MUST_CHECK;

/** Is this (undamaged) file one of a continuum case?  Collective.  Fails: MN_DATA damaged. */
mn_error *mn_fields_here(const mn_parallel *parallel, const char *path, bool *here) MN_MUST_CHECK;

/** Reads all; `number` must name the numbers wanted.  Collective.  Release with mn_fields_clear.
 * Fails: MN_DATA damaged, of an unknown version or not of a continuum case. */
mn_error *mn_fields_read(const mn_parallel *parallel, const char *path, mn_fields *fields) MN_MUST_CHECK;

/** Reads the plane alone, also from a snapshot of a continuum case.  Collective. */
mn_error *mn_fields_read_plane(const mn_parallel *parallel, const char *path, double time,
                               mn_plane *plane) MN_MUST_CHECK;

/** Releases what reading has allocated.  Local. */
void mn_fields_clear(mn_fields *fields);

#ifdef __cplusplus
}
#endif
#endif
