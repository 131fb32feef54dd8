/** @file rows.h  Rows of a mesh shared by ranks: who owns them, and how others see them or add to them. */
#ifndef MNEMOTAXIS_ROWS_H
#define MNEMOTAXIS_ROWS_H

#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How consecutive indices are shared: rank r has [begin[r], begin[r + 1]). */
typedef struct mn_shares {
  int size;       /**< ranks */
  int64_t *begin; /**< [size + 1]; begin[0] = 0 */
} mn_shares;

/** Shares `count` indices as evenly as possible.  Local.  To be released by mn_shares_clear. */
mn_error *mn_shares_even(int64_t count, int size, mn_shares *shares) MN_MUST_CHECK;

/** A copy of its own.  Local. */
mn_error *mn_shares_copy(const mn_shares *from, mn_shares *to) MN_MUST_CHECK;

/** Releases the boundaries.  Local. */
void mn_shares_clear(mn_shares *shares);

/** Indices of one rank.  Local. */
int64_t mn_shares_count(const mn_shares *shares, int rank);

/** A range of rows that a rank looks at, whoever owns them. */
typedef struct mn_range {
  int64_t begin, end;
} mn_range;

/** What is added to rows of two components, one by one, while they are in the cache. */
typedef struct mn_row_adder {
  void (*add)(const void *of, int64_t row, double *values); /**< row of the mesh, [nodes, 2]; NULL: nothing is added */
  const void *of;
} mn_row_adder;

/** Copies rows from their owners.  Collective.
 * @param width   doubles per row
 * @param mine    [own rows, width]
 * @param wanted  within all rows; may differ from rank to rank
 * @param rows    [wanted rows, width]
 * Fails: MN_INTERNAL beyond MPI's 32-bit counts. */
mn_error *mn_rows_fetch(const mn_parallel *parallel, const mn_shares *owner, int64_t width, const double *mine,
                        mn_range wanted, double *rows) MN_MUST_CHECK;

/** Adds what all ranks hold of all rows (MPI_Reduce_scatter; at a time 512 KiB, or a row of every rank if
 * that is more).  Collective.
 * @param rows  [all rows, width]; own rows come to its beginning, the rest is lost.  Integers: order does not matter */
mn_error *mn_rows_reduce(const mn_parallel *parallel, const mn_shares *owner, int64_t width,
                         int64_t *rows) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
