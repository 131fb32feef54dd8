/** @file node_rows.h  Rows of a mesh that all ranks look at: one copy a node.
 *
 * Ranks of a node see the same memory (an MPI shared-memory window); copies of different nodes are brought together by
 * one rank of each.  Where the ranks of a node are not consecutive every rank has a copy of its own.
 */
#ifndef MNEMOTAXIS_NODE_ROWS_H
#define MNEMOTAXIS_NODE_ROWS_H

#include <mnemotaxis/rows.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_node_rows {
  MPI_Comm node;    /**< ranks that share a copy; MPI_COMM_NULL: not created */
  MPI_Comm leaders; /**< the first rank of every node; elsewhere MPI_COMM_NULL */
  int nodes;
  int *first;     /**< [nodes + 1] consecutive ranks first[k] ... first[k + 1] - 1 share copy k */
  MPI_Win window; /**< MPI_WIN_NULL: no room yet */
  int64_t room;   /**< doubles */
  double *values; /**< [room], the node's */
} mn_node_rows;

/** Finds out who shares memory with whom.  Collective.
 * @param most  ranks that may share a copy; 0: all that can */
mn_error *mn_node_rows_create(const mn_parallel *parallel, int most, mn_node_rows *rows) MN_MUST_CHECK;

/** Releases all of it; nothing happens to what was never created.  Collective. */
void mn_node_rows_clear(mn_node_rows *rows);

/** Makes room for `count` doubles, and an eighth to spare, if there is less; what was there is then lost.  Collective.
 * Fails: MN_INTERNAL when the node has no such shared memory. */
mn_error *mn_node_rows_reserve(const mn_parallel *parallel, mn_node_rows *rows, int64_t count) MN_MUST_CHECK;

/** Waits until all ranks of the node have done with what they see; then own rows may be written to values.
 * Collective. */
void mn_node_rows_open(const mn_node_rows *rows);

/** Every rank has written its own rows: from now on all ranks see all rows.  Collective (MPI_Allgatherv of nodes).
 * @param width  doubles per row
 * Fails: MN_USAGE beyond MPI's 32-bit counts. */
mn_error *mn_node_rows_share(const mn_parallel *parallel, const mn_shares *owner, int64_t width,
                             mn_node_rows *rows) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
