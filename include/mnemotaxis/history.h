/** @file history.h  The past of all cells, compressed, in a ring on every rank.
 *
 * Every rank codes the newest slab of its own block; MPI_Allgatherv brings all of them to all ranks.
 * The oldest slab of the ring is kept as integers, the younger ones as differences from slab to slab,
 * so that one pass from the oldest to the newest sample decodes everything (mn_cursor).
 */
#ifndef MNEMOTAXIS_HISTORY_H
#define MNEMOTAXIS_HISTORY_H

#include <mnemotaxis/kernel.h>
#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_history mn_history;

/** What a history keeps, and how sharply. */
typedef struct mn_history_options {
  double tolerance; /**< sets eta, see mn_slab_exponent; > 0 */
  double horizon;   /**< time; samples older than this are forgotten; 0: none */
  int64_t capacity; /**< bytes per rank for base and coded slabs (mn_history_bytes adds the coder's work
                         space); beyond it the oldest samples are forgotten; 0: no bound */
} mn_history_options;

/** One stored sample.  `words` is NULL for the oldest one, whose positions are mn_history_base. */
typedef struct mn_slab {
  double time;
  int32_t exponent; /**< eta = 2^exponent */
  int64_t count;    /**< words */
  uint32_t *words;  /**< differences to the sample before */
} mn_slab;

/** An empty history of `count` cells.  Collective. */
mn_error *mn_history_create(const mn_parallel *parallel, const mn_model *model, const mn_history_options *options,
                            int64_t count, mn_history **history) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_history_destroy(mn_history **history);

/** Appends a sample and forgets what horizon or capacity no longer allow.  Collective.
 * @param time  later than the last sample's
 * @param step  length of the step that follows: the smallest lag at which the sample will be used
 * @param mine  [local cells, 2] exact positions of this rank's block
 * Fails: MN_INTERNAL for a position that is not finite or too far away: nothing has changed then.
 * Cost: one MPI_Allgatherv of about mn_slab_expected_bits x 2 count bits. */
mn_error *mn_history_append(mn_history *history, double time, double step, const double *mine) MN_MUST_CHECK;

/** Number of samples kept.  Local. */
int mn_history_samples(const mn_history *history);

/** Sample k, 0 the oldest kept; valid until the next append.  Local. */
const mn_slab *mn_history_slab(const mn_history *history, int k);

/** Positions [count, 2] of the oldest sample, in units of 2^exponent of slab 0.  Local. */
const int64_t *mn_history_base(const mn_history *history);

/** Number of cells.  Local. */
int64_t mn_history_cells(const mn_history *history);

/** Samples forgotten so far.  Local. */
int64_t mn_history_forgotten(const mn_history *history);

/** Bytes held on this rank; the same on every rank up to the blocks' sizes.  Local. */
int64_t mn_history_bytes(const mn_history *history);

/** Bits per coordinate of the slabs kept (NaN while there is none).  Local. */
double mn_history_bits(const mn_history *history);

/** Replaces the content by stored samples, for a restart.  Collective.
 * @param samples    how many; slab 0 has no words, its positions are in `base`
 * @param slabs      [samples]; the history takes over their words (also on failure)
 * @param base       [count, 2]
 * @param forgotten  as mn_history_forgotten when it was stored
 * Fails: MN_DATA when a slab is damaged. */
mn_error *mn_history_restore(mn_history *history, int samples, mn_slab *slabs, const int64_t *base,
                             int64_t forgotten) MN_MUST_CHECK;

/** A walk through the samples, oldest first. */
typedef struct mn_cursor {
  const mn_history *history;
  int next;   /**< index of the sample that mn_cursor_next will decode */
  int64_t *q; /**< [cells, 2] positions of the current sample in units of 2^exponent */
  int exponent;
} mn_cursor;

/** Starts a walk.  Local.  @param q  [cells, 2] work space of the caller */
void mn_cursor_start(mn_cursor *cursor, const mn_history *history, int64_t *q);

/** Decodes the next sample into cursor->q.  Local.  There must be one. */
void mn_cursor_next(mn_cursor *cursor);

/** Bytes per rank that a history of `samples` samples is expected to hold for Brownian cells.  Local. */
int64_t mn_history_expected_bytes(const mn_model *model, const mn_history_options *options, int64_t count,
                                  int64_t local_count, int64_t samples, double step);

#ifdef __cplusplus
}
#endif
#endif
