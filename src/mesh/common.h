/* common.h  Memory that the ranks of a node see in common: an MPI shared-memory window to which each may give a part.
 */
#ifndef MN_MESH_COMMON_H
#define MN_MESH_COMMON_H

#include <mnemotaxis/parallel.h>

/* Makes a window.  Collective.  `count` numbers of 8 bytes are this rank's, and counted as allocated by it.  Fails:
 * MN_INTERNAL, and there is no window. */
mn_error *mn_common_create(const mn_parallel *parallel, MPI_Comm node, int64_t count, MPI_Win *window) MN_MUST_CHECK;

/* Releases it; nothing happens to MPI_WIN_NULL.  Collective. */
void mn_common_destroy(MPI_Win *window);

/* The part of a rank of the node, aligned to MN_ALIGNMENT.  Local. */
void *mn_common_part(MPI_Win window, int rank);

/* Waits for all ranks of the node, which then see what all have written.  Collective. */
void mn_common_synchronize(MPI_Win window, MPI_Comm node);

#endif
