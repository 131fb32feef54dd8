/** @file dataset.h  Real input: positions and fields from any HDF5 file.
 *
 * Nothing is assumed about who wrote the file; shape, type and values are checked, and a refusal says
 * what was found and what is needed.
 */
#ifndef MNEMOTAXIS_DATASET_H
#define MNEMOTAXIS_DATASET_H

#include <mnemotaxis/field.h>
#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reads this rank's block of starting points.  Collective.
 * @param path  an HDF5 file
 * @param name  a dataset [count, 2] (any number type), or a group with datasets x and y [count] such as
 *              /data/100/particles/cells/position; "" in a file with /data: its last iteration
 * @param x     [cells of block, 2]
 * Fails: MN_DATA missing, wrong shape, or a value that is not finite. */
mn_error *mn_dataset_positions(const mn_parallel *parallel, const char *path, const char *name, int64_t count,
                               double *x) MN_MUST_CHECK;

/** Reads a field on a uniform grid: dataset [rows, columns] with attributes origin [2] and spacing [2]
 * (x, y).  Collective; every rank gets all of it.
 * @param field  receives kind MN_FIELD_GRID and a node array that the caller frees with mn_free(nodes)
 * @param nodes  the same array, writable */
mn_error *mn_dataset_field(const mn_parallel *parallel, const char *path, const char *name, mn_field *field,
                           double **nodes) MN_MUST_CHECK;

/** Paths for the memory drift: dataset /paths [samples, count, 2] with attribute dt, or with a dataset
 * /times [samples]. */
typedef struct mn_paths {
  char path[4096];
  int64_t samples;
  int64_t count;
  double *times; /**< [samples], ascending; mn_free */
} mn_paths;

/** Looks at a file of paths.  Collective. */
mn_error *mn_paths_open(const mn_parallel *parallel, const char *path, mn_paths *paths) MN_MUST_CHECK;

/** Reads sample k of a block.  Collective.  @param x  [cells of block, 2] */
mn_error *mn_paths_sample(const mn_parallel *parallel, const mn_paths *paths, int64_t k, double *x) MN_MUST_CHECK;

/** Writes a table [count, 2] as dataset `name` of a new sealed file.  Collective.
 * @param mine  [local cells, 2] */
mn_error *mn_dataset_write(const mn_parallel *parallel, const char *path, const char *name, int64_t count,
                           const double *mine) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
