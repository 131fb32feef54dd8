/** @file journal.h  Lines of text that survive a kill: what many jobs have finished, one line each.
 *
 * A line is written by one call and carries its checksum, so that a half-written one is recognised and ignored.  Every
 * process writes a file of its own; whoever reads takes all files of a directory.
 */
#ifndef MNEMOTAXIS_JOURNAL_H
#define MNEMOTAXIS_JOURNAL_H

#include <mnemotaxis/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a directory and those above it.  Local.  Fails: MN_USAGE. */
mn_error *mn_journal_directory(const char *path) MN_MUST_CHECK;

/** Appends a line and forces it to disk.  Local.
 * @param path  of the file, made if need be
 * @param line  without line breaks
 * Fails: MN_IO. */
mn_error *mn_journal_append(const char *path, const char *line) MN_MUST_CHECK;

/** Gives every whole line of all files `directory`/`prefix`*.txt to a function, file by file in the order of names.
 * Local.  Lines without a valid checksum are passed over.  A directory that is not there has none.
 * Fails: MN_IO, or with the first error of `take`. */
mn_error *mn_journal_read(const char *directory, const char *prefix, mn_error *(*take)(void *context, const char *line),
                          void *context) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
