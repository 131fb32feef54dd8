/** @file node_sums.h  Integers that every rank has of all rows of a mesh, added up where rows are owned.
 *
 * Ranks of a node see each other's (MPI shared-memory windows) and add them up by reading; only the sums of nodes
 * travel.
 */
#ifndef MNEMOTAXIS_NODE_SUMS_H
#define MNEMOTAXIS_NODE_SUMS_H

#include <mnemotaxis/node_rows.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_node_sums {
  const mn_node_rows *on; /**< who shares memory with whom; NULL: no room yet */
  MPI_Win window;         /**< MPI_WIN_NULL: one rank, which has memory of its own */
  int64_t room;
  int64_t *counts; /**< [room], this rank's */
  int64_t *own;    /**< sums of own rows, after they were added up; other ranks neither read nor write them */
} mn_node_sums;

/** Makes room for `count` integers a rank, and an eighth to spare, if there is less; what was there is then lost.
 * Collective.
 * @param on  created, and not released before the sums
 * Fails: MN_INTERNAL when the node has no such shared memory. */
mn_error *mn_node_sums_reserve(const mn_parallel *parallel, const mn_node_rows *on, int64_t count,
                               mn_node_sums *sums) MN_MUST_CHECK;

/** Releases all of it; nothing happens to what is all 0.  Collective. */
void mn_node_sums_clear(mn_node_sums *sums);

/** Waits until all ranks of the node have done with the last sums; then own counts are 0.  Collective. */
void mn_node_sums_open(mn_node_sums *sums, int64_t count);

/** Adds up what all ranks hold of all rows: own rows are at `own` until counts are opened again, the rest is lost.
 * Integers: order does not matter.  Collective (MPI_Reduce_scatter of nodes).
 * @param width  integers per row */
mn_error *mn_node_sums_reduce(const mn_parallel *parallel, const mn_shares *owner, int64_t width,
                              mn_node_sums *sums) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
