/* A block is preceded by one alignment unit that holds its size, so that live bytes can be counted.
 * The two counters are the only mutable state of the library outside its objects (docs/design.md). */
#include <mnemotaxis/memory.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t live_bytes;
static int64_t peak_bytes;

void mn_memory_account(int64_t bytes)
{
  live_bytes += bytes;
  if (live_bytes > peak_bytes) {
    peak_bytes = live_bytes;
  }
}

static char *head_of(void *block)
{
  return (char *)block - MN_ALIGNMENT;
}

mn_error *mn_alloc(void *out, int64_t count, size_t size)
{
  const size_t limit = (size_t)INT64_MAX / 2;
  if (count < 0 || (size > 0 && (size_t)count > limit / size)) {
    return mn_error_create(MN_INTERNAL, "cannot allocate %lld x %zu bytes", (long long)count, size);
  }
  const size_t bytes = (size_t)count * size;
  const size_t padded = (bytes + MN_ALIGNMENT - 1) / MN_ALIGNMENT * MN_ALIGNMENT;
  char *head = aligned_alloc(MN_ALIGNMENT, padded + MN_ALIGNMENT);
  if (!head) {
    return mn_error_create(MN_INTERNAL, "out of memory: could not get %.1f MiB", (double)bytes / 1048576.0);
  }
  memset(head, 0, padded + MN_ALIGNMENT);
  memcpy(head, &bytes, sizeof bytes);
  mn_memory_account((int64_t)bytes);
  void *block = head + MN_ALIGNMENT;
  memcpy(out, &block, sizeof block);
  return NULL;
}

mn_error *mn_resize(void *inout, int64_t count, size_t size)
{
  void *old = NULL;
  memcpy(&old, inout, sizeof old);
  void *block = NULL;
  MN_TRY(mn_alloc(&block, count, size));
  if (old) {
    size_t bytes = 0;
    memcpy(&bytes, head_of(old), sizeof bytes);
    const size_t kept = (size_t)count * size;
    memcpy(block, old, bytes < kept ? bytes : kept);
    mn_free(&old);
  }
  memcpy(inout, &block, sizeof block);
  return NULL;
}

mn_error *mn_reserve(void *inout, int64_t count, size_t size)
{
  void *old = NULL;
  size_t bytes = 0;
  memcpy(&old, inout, sizeof old);
  if (old) {
    memcpy(&bytes, head_of(old), sizeof bytes);
  }
  if (old && count >= 0 && bytes / size >= (size_t)count) {
    return NULL;
  }
  mn_free(inout);
  return mn_alloc(inout, count + count / 8, size);
}

void mn_free(void *inout)
{
  void *block = NULL;
  memcpy(&block, inout, sizeof block);
  if (block) {
    size_t bytes = 0;
    memcpy(&bytes, head_of(block), sizeof bytes);
    mn_memory_account(-(int64_t)bytes);
    free(head_of(block));
    block = NULL;
    memcpy(inout, &block, sizeof block);
  }
}

int64_t mn_memory_live(void)
{
  return live_bytes;
}

int64_t mn_memory_peak(void)
{
  return peak_bytes;
}

void mn_memory_forget_peak(void)
{
  peak_bytes = live_bytes;
}

int64_t mn_memory_machine(void)
{
  return (int64_t)sysconf(_SC_PHYS_PAGES) * (int64_t)sysconf(_SC_PAGESIZE);
}
