/* The checksum of a file is the XXH3 of the XXH3s of its chunks, so that ranks can share the reading. */
#include "h5.h"
#include "seal.h"

#include <mnemotaxis/memory.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { CHUNK = 1 << 20 };

static const char magic[] = "mnemotaxis sealed HDF5 file, version 1";

static mn_error *unreadable(const char *path)
{
  return mn_error_create(MN_IO, "cannot read %s: %s", path, strerror(errno));
}

mn_error *mn_seal_sync(const char *path)
{
  const int fd = open(path, O_RDONLY);
  const bool good = fd >= 0 && fsync(fd) == 0;
  mn_error *error = good ? NULL : mn_error_create(MN_IO, "cannot force %s to disk: %s", path, strerror(errno));
  if (fd >= 0) {
    close(fd);
  }
  return error;
}

/* Checksums of this rank's share of the chunks: every size-th one. */
static mn_error *hash_chunks(const mn_parallel *parallel, const char *path, int64_t chunks, uint64_t *hash)
{
  unsigned char *buffer = NULL;
  MN_TRY(mn_alloc(&buffer, CHUNK, 1));
  FILE *file = fopen(path, "rb");
  mn_error *error = file ? NULL : unreadable(path);
  for (int64_t k = parallel->rank; k < chunks && !error; k += parallel->size) {
    const bool placed = fseeko(file, (off_t)(MN_SEAL_BYTES + k * CHUNK), SEEK_SET) == 0;
    const size_t n = placed ? fread(buffer, 1, CHUNK, file) : 0;
    hash[k] = XXH3_64bits(buffer, n);
    error = !placed || ferror(file) ? unreadable(path) : NULL;
  }
  if (file) {
    fclose(file);
  }
  mn_free(&buffer);
  return error;
}

static mn_error *measure(const mn_parallel *parallel, const char *path, int64_t *bytes, uint64_t *checksum)
{
  struct stat info;
  int64_t size = -1;
  if (parallel->rank == 0 && stat(path, &info) == 0) {
    size = (int64_t)info.st_size;
  }
  MN_TRY(mn_agree(parallel, parallel->rank == 0 && size < 0 ? unreadable(path) : NULL));
  MPI_Bcast(&size, 1, MPI_INT64_T, 0, parallel->comm);
  *bytes = size;
  const int64_t chunks = size > MN_SEAL_BYTES ? (size - MN_SEAL_BYTES + CHUNK - 1) / CHUNK : 0;
  uint64_t *hash = NULL;
  mn_error *error = mn_alloc(&hash, chunks, sizeof *hash);
  error = mn_agree(parallel, error ? error : hash_chunks(parallel, path, chunks, hash));
  if (!error) {
    MPI_Allreduce(MPI_IN_PLACE, hash, (int)chunks, MPI_UINT64_T, MPI_SUM, parallel->comm); /* others hold 0 */
    *checksum = XXH3_64bits(hash, (size_t)chunks * sizeof *hash);
  }
  mn_free(&hash);
  return error;
}

/* The seal of a file of `bytes` with that checksum: text, padded with zeros. */
static void compose(int64_t bytes, uint64_t checksum, char seal[MN_SEAL_BYTES])
{
  memset(seal, 0, MN_SEAL_BYTES);
  snprintf(seal, MN_SEAL_BYTES, "%s\nbytes %" PRId64 "\nxxh3 %016" PRIx64 "\n", magic, bytes, checksum);
}

static mn_error *stamp(const char *path, int64_t bytes, uint64_t checksum)
{
  char seal[MN_SEAL_BYTES];
  compose(bytes, checksum, seal);
  FILE *file = fopen(path, "r+b");
  bool good = file && fwrite(seal, sizeof seal, 1, file) == 1;
  good = file && fclose(file) == 0 && good;
  return good ? mn_seal_sync(path) : mn_error_create(MN_IO, "cannot seal %s: %s", path, strerror(errno));
}

mn_error *mn_seal_write(const mn_parallel *parallel, const char *path)
{
  int64_t bytes = 0;
  uint64_t checksum = 0;
  MN_TRY(measure(parallel, path, &bytes, &checksum));
  return mn_agree(parallel, parallel->rank == 0 ? stamp(path, bytes, checksum) : NULL);
}

static mn_error *read_seal(const char *path, char seal[MN_SEAL_BYTES])
{
  FILE *file = fopen(path, "rb");
  if (!file) {
    return unreadable(path);
  }
  const size_t n = fread(seal, 1, MN_SEAL_BYTES, file);
  fclose(file);
  if (n != MN_SEAL_BYTES || strncmp(seal, magic, sizeof magic - 1) != 0) {
    return mn_error_create(
        MN_DATA, "%s carries no seal of this program: it is damaged, half written, or another kind of file", path);
  }
  return NULL;
}

mn_error *mn_seal_check(const mn_parallel *parallel, const char *path)
{
  int64_t bytes = 0;
  uint64_t checksum = 0;
  char seal[MN_SEAL_BYTES] = "";
  char wanted[MN_SEAL_BYTES];
  MN_TRY(mn_agree(parallel, parallel->rank == 0 ? read_seal(path, seal) : NULL));
  MN_TRY(measure(parallel, path, &bytes, &checksum));
  compose(bytes, checksum, wanted);
  mn_error *error = NULL;
  if (parallel->rank == 0 && memcmp(seal, wanted, sizeof seal) != 0) {
    error = mn_error_create(MN_DATA, "%s is damaged: its bytes are not those that were sealed", path);
  }
  return mn_agree(parallel, error);
}
