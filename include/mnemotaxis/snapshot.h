/** @file snapshot.h  Pictures of the cloud in openPMD 1.1.0, and their ParaView companion.  docs/format.md.
 *
 * Every snapshot is a sealed file snapshots/<step>.h5, complete by itself; snapshots.h5 is a small index
 * of external links /data/<step> to them, replaced as a whole, so that neither a kill nor a restart can
 * harm what was already written, and equal runs give equal bytes.
 */
#ifndef MNEMOTAXIS_SNAPSHOT_H
#define MNEMOTAXIS_SNAPSHOT_H

#include <mnemotaxis/parallel.h>
#include <mnemotaxis/plane.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A scalar field on square cells, the same on every rank. */
typedef struct mn_mesh_field {
  int cells;           /**< per side */
  double low[2];       /**< corner of the mesh */
  double spacing;      /**< side of a cell */
  const double *value; /**< [cells, cells], row by row upwards (y, x), at the middle of the cells */
} mn_mesh_field;

/** One moment of a run. */
typedef struct mn_snapshot {
  int64_t step;
  double time;
  double dt;                     /**< length of the step that follows */
  int64_t count;                 /**< cells; 0: none, a picture of the continuum */
  const double *position;        /**< [local cells, 2] */
  const double *drift;           /**< [local cells, 2] un-averaged drift, or NULL */
  const mn_mesh_field *density;  /**< or NULL */
  const mn_mesh_field *chemical; /**< or NULL */
  const mn_mesh_field *gradient; /**< [2] that of the chemical, x and y; or NULL */
  const mn_plane *plane;         /**< the continuum on its own mesh (fields.h), or NULL */
} mn_snapshot;

/** Writes snapshots/<step>.h5 under `directory`.  Collective. */
mn_error *mn_snapshot_write(const mn_parallel *parallel, const char *directory,
                            const mn_snapshot *snapshot) MN_MUST_CHECK;

/** Steps and times of the snapshots in a directory, ascending; arrays are freed with mn_free. */
typedef struct mn_snapshot_list {
  int64_t snapshots;
  int64_t *step;
  double *time;
  int64_t count;      /**< cells */
  mn_mesh_field mesh; /**< for count 0: the mesh of all snapshots */
} mn_snapshot_list;

/** Adds an entry; entries of the same or later steps are dropped first.  Local. */
mn_error *mn_snapshot_list_append(mn_snapshot_list *list, int64_t step, double time) MN_MUST_CHECK;

/** Drops entries after `step`.  Local. */
void mn_snapshot_list_cut(mn_snapshot_list *list, int64_t step);

/** Releases the arrays.  Local. */
void mn_snapshot_list_clear(mn_snapshot_list *list);

/** Rewrites snapshots.h5 and snapshots.xmf.  Collective. */
mn_error *mn_snapshot_index_write(const mn_parallel *parallel, const char *directory,
                                  const mn_snapshot_list *list) MN_MUST_CHECK;

/** Rewrites paths.h5: /paths [samples, count, 2] and /times [samples], a view of those snapshots whose step is a
 * multiple of `every`, as the drift command reads it.  Collective.
 * The data stay in the snapshots (virtual dataset); nothing is copied. */
mn_error *mn_snapshot_paths_write(const mn_parallel *parallel, const char *directory, const mn_snapshot_list *list,
                                  int64_t every) MN_MUST_CHECK;

/** Reads the list back from snapshots.h5; a missing file gives an empty list.  Collective. */
mn_error *mn_snapshot_index_read(const mn_parallel *parallel, const char *directory,
                                 mn_snapshot_list *list) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
