/* directory.h  The run directory: may it be used, and making it ready.  Local, rank 0. */
#ifndef MN_RUN_DIRECTORY_H
#define MN_RUN_DIRECTORY_H

#include <mnemotaxis/snapshot.h>
#include <stdbool.h>

/* Refuses (MN_USAGE) a directory that already holds a run, unless it may be replaced, or that cannot be written or
 * made.  Changes nothing. */
mn_error *mn_directory_check(const char *directory, bool replace) MN_MUST_CHECK;

/* Makes the directory and snapshots/ in it, deletes temporary files that a killed run left, all files of an older run
 * if `fresh`, and writes used.ini. */
mn_error *mn_directory_prepare(const char *directory, bool fresh, const char *used) MN_MUST_CHECK;

/* Deletes snapshots that are not listed: of steps after the checkpoint that a run resumes from. */
void mn_directory_prune(const char *directory, const mn_snapshot_list *list);

#endif
