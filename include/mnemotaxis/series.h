/** @file series.h  Observables against time: series.h5, replaced as a whole at every checkpoint.
 *
 * /observables/time, /observables/step, and for every entry of mn_observables /observables/<name> and
 * /observables/<name>_error, all [rows].  Layout: docs/format.md.
 */
#ifndef MNEMOTAXIS_SERIES_H
#define MNEMOTAXIS_SERIES_H

#include <mnemotaxis/observe.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Rows of observables, the same on every rank. */
typedef struct mn_series {
  int64_t rows, room;
  mn_observation *row; /**< [rows], steps ascending */
} mn_series;

/** Appends a row; a row of the same or a later step is replaced.  Local. */
mn_error *mn_series_append(mn_series *series, const mn_observation *row) MN_MUST_CHECK;

/** Drops all rows after `step`.  Local. */
void mn_series_cut(mn_series *series, int64_t step);

/** Writes `path`.  Collective.  @param radii  [MN_SHARES] stored with the shares */
mn_error *mn_series_write(const mn_parallel *parallel, const char *path, const mn_series *series,
                          const double radii[MN_SHARES]) MN_MUST_CHECK;

/** Reads `path` into an empty series; a missing file gives no rows.  Collective. */
mn_error *mn_series_read(const mn_parallel *parallel, const char *path, mn_series *series) MN_MUST_CHECK;

/** Releases the rows.  Local. */
void mn_series_clear(mn_series *series);

#ifdef __cplusplus
}
#endif
#endif
