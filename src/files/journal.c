/* A line is its checksum, 16 hexadecimal digits, a blank and the text.  If the last line of a file has no end, a
 * process was killed while writing it: the next line begins with a line break. */
#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { PATH_BYTES = 4096, DIGITS = 16 };

mn_error *mn_journal_directory(const char *path)
{
  char part[PATH_BYTES];
  struct stat info;
  for (size_t k = 1; k <= strlen(path) && k < sizeof part; k++) {
    if (path[k] == '/' || path[k] == '\0') {
      snprintf(part, sizeof part, "%.*s", (int)k, path);
      if (mkdir(part, 0777) != 0 && errno != EEXIST) {
        return mn_error_create(MN_USAGE, "cannot make the directory %s: %s", part, strerror(errno));
      }
    }
  }
  if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
    return mn_error_create(MN_USAGE, "cannot make the directory %s: something else is there", path);
  }
  return NULL;
}

/* Does the file end in the middle of a line? */
static bool is_torn(int fd)
{
  struct stat info;
  char last = '\n';
  if (fstat(fd, &info) == 0 && info.st_size > 0 && pread(fd, &last, 1, info.st_size - 1) != 1) {
    last = '\0';
  }
  return last != '\n';
}

mn_error *mn_journal_append(const char *path, const char *line)
{
  char *text = NULL;
  const size_t length = strlen(line);
  const int64_t room = (int64_t)length + DIGITS + 4;
  MN_TRY(mn_alloc(&text, room, 1));
  const int fd = open(path, O_RDWR | O_APPEND | O_CREAT, 0666);
  bool good = fd >= 0;
  if (good) {
    const int n = snprintf(text, (size_t)room, "%s%016" PRIx64 " %s\n", is_torn(fd) ? "\n" : "",
                           (uint64_t)XXH3_64bits(line, length), line);
    const ssize_t written = write(fd, text, (size_t)n);
    errno = written >= 0 && written < n ? ENOSPC : errno;
    good = written == n && fsync(fd) == 0;
  }
  mn_error *error = good ? NULL : mn_error_create(MN_IO, "cannot write %s: %s", path, strerror(errno));
  if (fd >= 0) {
    close(fd);
  }
  mn_free(&text);
  return error;
}

static bool is_whole(const char *line)
{
  const size_t length = strlen(line);
  char *end;
  if (length < DIGITS + 1 || line[DIGITS] != ' ') {
    return false;
  }
  const uint64_t checksum = strtoull(line, &end, 16);
  return end == line + DIGITS && checksum == (uint64_t)XXH3_64bits(line + DIGITS + 1, length - DIGITS - 1);
}

static mn_error *read_file(const char *path, mn_error *(*take)(void *, const char *), void *context)
{
  FILE *file = fopen(path, "r");
  if (!file) {
    return mn_error_create(MN_IO, "cannot read %s: %s", path, strerror(errno));
  }
  char *line = NULL;
  size_t room = 0;
  ssize_t length;
  mn_error *error = NULL;
  while (!error && (length = getline(&line, &room, file)) > 0) {
    const bool ended = line[length - 1] == '\n';
    line[length - (ended ? 1 : 0)] = '\0';
    error = ended && is_whole(line) ? take(context, line + DIGITS + 1) : NULL;
  }
  if (!error && ferror(file)) {
    error = mn_error_create(MN_IO, "cannot read %s: %s", path, strerror(errno));
  }
  free(line);
  fclose(file);
  return error;
}

static bool is_journal(const char *name, const char *prefix)
{
  const size_t length = strlen(name);
  return strncmp(name, prefix, strlen(prefix)) == 0 && length > 4 && strcmp(name + length - 4, ".txt") == 0;
}

mn_error *mn_journal_read(const char *directory, const char *prefix, mn_error *(*take)(void *, const char *),
                          void *context)
{
  struct dirent **entry = NULL;
  const int count = scandir(directory, &entry, NULL, alphasort);
  mn_error *error = NULL;
  if (count < 0 && errno != ENOENT) {
    error = mn_error_create(MN_IO, "cannot read %s: %s", directory, strerror(errno));
  }
  for (int k = 0; k < count; k++) {
    char path[PATH_BYTES];
    if (!error && is_journal(entry[k]->d_name, prefix)) {
      snprintf(path, sizeof path, "%s/%s", directory, entry[k]->d_name);
      error = read_file(path, take, context);
    }
    free(entry[k]);
  }
  free(entry);
  return error;
}
