/** @file checkpoint.h  The complete state of a run in one sealed file.  Layout: docs/format.md.
 *
 * A checkpoint holds positions, the compressed history as it is in the ring, the step, and the text of
 * all parameters; reading it on any number of ranks gives the same bits as never having stopped.
 */
#ifndef MNEMOTAXIS_CHECKPOINT_H
#define MNEMOTAXIS_CHECKPOINT_H

#include <mnemotaxis/history.h>
#include <mnemotaxis/ladder.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_CHECKPOINT_VERSION = 3 };

/** One dataset of a checkpoint; the table generates writer, reader and format page. */
typedef struct mn_state_field {
  const char *name;
  const char *type;  /**< float64, int64, int32, uint32 */
  const char *shape; /**< N cells, K of them with a history, S samples kept, W words; T, M, P: sizes of the ladder */
  const char *about;
} mn_state_field;

/** Ended by an entry whose name is NULL. */
extern const mn_state_field mn_state_fields[];

/** What is known without loading the state. */
typedef struct mn_checkpoint_header {
  int64_t version;
  int64_t step;
  double time;
  int64_t count;    /**< cells; 0: of a continuum case (fields.h) */
  char *program;    /**< version and commit that wrote it */
  char *parameters; /**< INI text of every key */
} mn_checkpoint_header;

/** What a cell is besides its past: this rank's block. */
typedef struct mn_cells {
  double *position;  /**< [local cells, 2] */
  double *free_path; /**< [local cells, 2] see step.h */
} mn_cells;

/** Writes the state as `path`, keeping `keep` older generations beside it.  Collective.
 * @param header     step, time, count and parameters to store; version and program are filled in
 * @param ladder     what an engine remembers besides, or NULL
 * Fails: MN_IO; what was at `path` before is then still there.
 * Cost: one write and one read of about 16 bytes a cell plus the ring. */
mn_error *mn_checkpoint_write(const mn_parallel *parallel, const char *path, int keep,
                              const mn_checkpoint_header *header, const mn_cells *cells, const mn_history *history,
                              mn_ladder *ladder) MN_MUST_CHECK;

/** Looks for the newest undamaged checkpoint of a run directory.  Collective.
 * @param path   [size] receives its name, "" when there is no checkpoint at all
 * @param notes  [size] one sentence per damaged one passed over, or ""
 * Fails: MN_DATA when there are checkpoints and all are damaged. */
mn_error *mn_checkpoint_find(const mn_parallel *parallel, const char *directory, char *path, char *notes,
                             size_t size) MN_MUST_CHECK;

/** Renames damaged checkpoints that are newer than `good` to <name>.damaged, so that they cannot push out good ones.
 * Collective.  @param good  as found by mn_checkpoint_find; "" does nothing */
mn_error *mn_checkpoint_set_aside(const mn_parallel *parallel, const char *directory, const char *good) MN_MUST_CHECK;

/** Reads the header.  Collective; every rank gets all of it.
 * Fails: MN_DATA for a damaged file or an unknown version. */
mn_error *mn_checkpoint_header_read(const mn_parallel *parallel, const char *path,
                                    mn_checkpoint_header *header) MN_MUST_CHECK;

/** Releases the texts of a header that was read.  Local. */
void mn_checkpoint_header_clear(mn_checkpoint_header *header);

/** Loads the state.  Collective.
 * @param block      of this rank
 * @param cells      receives what was stored
 * @param history    made for the same number of cells; its content is replaced
 * @param ladder     a new one, or NULL */
mn_error *mn_checkpoint_load(const mn_parallel *parallel, const char *path, mn_block block, const mn_cells *cells,
                             mn_history *history, mn_ladder *ladder) MN_MUST_CHECK;

/** Version and commit of this program, "0.1.0 (abcdef)".  Local. */
const char *mn_version(void);

#ifdef __cplusplus
}
#endif
#endif
