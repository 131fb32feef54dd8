/* seal.h  The seal of a file: its length and a checksum of all bytes behind the first MN_SEAL_BYTES, in those bytes. */
#ifndef MN_FILES_SEAL_H
#define MN_FILES_SEAL_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/parallel.h>

/* Seals a closed file and forces it to disk.  Collective: ranks share the reading. */
mn_error *mn_seal_write(const mn_parallel *parallel, const char *path) MN_MUST_CHECK;

/* Compares a file with its seal.  Collective.  Fails: MN_DATA damaged or without a seal, MN_IO unreadable. */
mn_error *mn_seal_check(const mn_parallel *parallel, const char *path) MN_MUST_CHECK;

/* fsync of a file or directory.  Local. */
mn_error *mn_seal_sync(const char *path) MN_MUST_CHECK;

#endif
