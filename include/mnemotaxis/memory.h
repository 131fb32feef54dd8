/** @file memory.h  Zeroed, aligned, counted allocation. */
#ifndef MNEMOTAXIS_MEMORY_H
#define MNEMOTAXIS_MEMORY_H

#include <mnemotaxis/error.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_ALIGNMENT = 64 /**< bytes; a cache line and the widest vector register */ };

/** Allocates `count` zeroed elements of `size` bytes, aligned to MN_ALIGNMENT.  Local.
 * @param out    address of a pointer to any object type; receives the block (never NULL on success,
 *               also for count 0); the caller releases it with mn_free
 * @param count  number of elements, >= 0
 * Fails: MN_INTERNAL, with the size asked for, when the system has no such memory. */
mn_error *mn_alloc(void *out, int64_t count, size_t size) MN_MUST_CHECK;

/** As realloc: keeps the first min(old, new) bytes, zeroes what is new.  Local.  On failure the old
 * block stays valid. */
mn_error *mn_resize(void *inout, int64_t count, size_t size) MN_MUST_CHECK;

/** Room for at least `count` elements, of undefined content: a block that is large enough stays, another is replaced by
 * one with an eighth to spare, so that work space of changing size is seldom allocated.  Local.
 * Fails: as mn_alloc; the pointer is then NULL. */
mn_error *mn_reserve(void *inout, int64_t count, size_t size) MN_MUST_CHECK;

/** Releases a block and sets the pointer to NULL.  Local.
 * @param inout  address of a pointer obtained from mn_alloc, or of a NULL pointer */
void mn_free(void *inout);

/** Counts bytes that were got elsewhere, as shared memory is, or given back: less than 0.  Local. */
void mn_memory_account(int64_t bytes);

/** Bytes now allocated or accounted for through this module by this process, for leak checks and for comparing a plan
 * with what was used.  Local. */
int64_t mn_memory_live(void);

/** The largest value mn_memory_live has had since the start, or since mn_memory_forget_peak.  Local. */
int64_t mn_memory_peak(void);

/** What was needed so far counts no more: something was tried that is not part of the work.  Local. */
void mn_memory_forget_peak(void);

/** Bytes of main memory of this machine.  Local. */
int64_t mn_memory_machine(void);

#ifdef __cplusplus
}
#endif
#endif
