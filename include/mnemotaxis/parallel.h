/** @file parallel.h  A communicator, blocks of cells over its ranks, and sums that do not depend on them.
 *
 * Cells are owned in whole groups of MN_GROUP consecutive ids.  The group is also the unit of the
 * slab coder, of the pair loops and of ordered sums; since a group never straddles two ranks, what is
 * computed for a cell does not depend on the number of ranks (docs/design.md, "Same bits").
 */
#ifndef MNEMOTAXIS_PARALLEL_H
#define MNEMOTAXIS_PARALLEL_H

#include <mnemotaxis/error.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_GROUP = 32 /**< cells in a group: two vectors of 16 floats, four of 8 doubles */ };

/** The ranks that work on one system.  Copy it freely; only its creator destroys it. */
typedef struct mn_parallel {
  MPI_Comm comm; /**< a private duplicate: messages here never meet the user's */
  int rank;      /**< of this process in comm */
  int size;      /**< ranks in comm */
} mn_parallel;

/** A half-open range of cell ids, counted from 0. */
typedef struct mn_block {
  int64_t begin; /**< first id; a multiple of MN_GROUP (or the count of all cells, in an empty block) */
  int64_t end;   /**< one past the last id */
} mn_block;

/** Duplicates `comm`.  Collective. */
void mn_parallel_create(MPI_Comm comm, mn_parallel *parallel);

/** Frees the duplicate.  Collective. */
void mn_parallel_destroy(mn_parallel *parallel);

/** Agrees on the worst error: every rank returns NULL if all ranks passed NULL, otherwise every rank
 * returns the error of the lowest rank that has one.  Collective; takes ownership of `mine`.
 * To be called before a collective phase by every function that can fail on one rank alone. */
mn_error *mn_agree(const mn_parallel *parallel, mn_error *mine) MN_MUST_CHECK;

/** Number of groups that hold `count` cells: ceil(count / MN_GROUP).  Local. */
int64_t mn_groups(int64_t count);

/** The block of `rank` when `count` cells are shared by `size` ranks in whole groups, as evenly as
 * groups allow.  Local. */
mn_block mn_block_of(int64_t count, int rank, int size);

/** Cells in a block.  Local. */
int64_t mn_block_count(mn_block block);

/** Sums per-cell values over all cells in an order that does not depend on the number of ranks:
 * cells within a group, then groups, ascending.  Collective.
 * @param count   cells in all
 * @param width   values per cell
 * @param values  [local cells, width], this rank's block in id order
 * @param sums    [width], the same bits on every rank
 * Cost: gathers ceil(count/MN_GROUP) x width doubles on every rank. */
mn_error *mn_ordered_sum(const mn_parallel *parallel, int64_t count, int width, const double *values,
                         double *sums) MN_MUST_CHECK;

/** Gathers every rank's block of rows, in id order, on every rank (MPI_Allgatherv).  Collective.
 * @param count  rows in all, shared by mn_block_of
 * @param width  doubles per row
 * @param mine   [local rows, width]
 * @param all    [count, width]
 * Fails: MN_INTERNAL when a count does not fit MPI's 32-bit counts. */
mn_error *mn_gather_rows(const mn_parallel *parallel, int64_t count, int width, const double *mine,
                         double *all) MN_MUST_CHECK;

/** Gathers blocks of 32-bit words of any lengths, in rank order, on every rank.  Collective.
 * @param mine_words  words this rank contributes
 * @param all         receives a block of `*all_words` words; the caller frees it with mn_free */
mn_error *mn_gather_words(const mn_parallel *parallel, const uint32_t *mine, int64_t mine_words, uint32_t **all,
                          int64_t *all_words) MN_MUST_CHECK;

/** The same of doubles.  Collective. */
mn_error *mn_gather_numbers(const mn_parallel *parallel, const double *mine, int64_t mine_numbers, double **all,
                            int64_t *all_numbers) MN_MUST_CHECK;

/** True everywhere if it is true on any rank.  Collective. */
bool mn_any(const mn_parallel *parallel, bool mine);

/** Wall-clock seconds from an arbitrary origin.  Local. */
double mn_seconds(void);

#ifdef __cplusplus
}
#endif
#endif
