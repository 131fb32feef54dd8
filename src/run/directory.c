/* Only files this program has made are ever deleted, by name. */
#include "directory.h"

#include <mnemotaxis/journal.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

static void join(const char *directory, const char *name, char out[PATH_BYTES])
{
  if (snprintf(out, PATH_BYTES, "%s/%s", directory, name) >= PATH_BYTES) {
    out[0] = '\0'; /* a path that no file can have */
  }
}

static bool has(const char *directory, const char *name)
{
  char path[PATH_BYTES];
  join(directory, name, path);
  return access(path, F_OK) == 0;
}

/* The nearest ancestor that exists, `path` itself included. */
static void existing_part(const char *path, char out[PATH_BYTES])
{
  snprintf(out, PATH_BYTES, "%s", path);
  while (access(out, F_OK) != 0) {
    char *slash = strrchr(out, '/');
    if (!slash) {
      snprintf(out, PATH_BYTES, ".");
    } else if (slash == out) {
      slash[1] = '\0';
    } else {
      *slash = '\0';
    }
  }
}

mn_error *mn_directory_check(const char *directory, bool replace)
{
  char parent[PATH_BYTES];
  struct stat info;
  existing_part(directory, parent);
  if (directory[0] == '\0' || stat(parent, &info) != 0 || !S_ISDIR(info.st_mode) || access(parent, W_OK | X_OK) != 0) {
    return mn_error_create(MN_USAGE, "output.directory = %s cannot be written: %s is not a writable directory",
                           directory, parent);
  }
  if (!replace && (has(directory, "used.ini") || has(directory, "checkpoint.h5"))) {
    return mn_error_create(MN_USAGE,
                           "there is already a run in %s: resume it, choose another output.directory, or give "
                           "output.replace=yes",
                           directory);
  }
  return NULL;
}

static bool starts_with(const char *text, const char *start)
{
  return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
  const size_t length = strlen(text);
  return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static bool is_ours(const char *name, const void *context)
{
  (void)context;
  static const char *const names[] = {"used.ini", "series.h5", "snapshots.h5", "snapshots.xmf",
                                      "log.txt",  "paths.h5",  "compare.h5"};
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    if (strcmp(name, names[k]) == 0) {
      return true;
    }
  }
  return starts_with(name, "checkpoint") && (ends_with(name, ".h5") || ends_with(name, ".h5.damaged"));
}

static bool is_snapshot(const char *name, const void *context)
{
  (void)context;
  return strspn(name, "0123456789") >= 10 && ends_with(name, ".h5");
}

/* <name>.h5.tmp<digits>, also what the file layer appends to it while it probes for locks */
static bool is_temporary(const char *name, const void *context)
{
  (void)context;
  const char *mark = strstr(name, ".h5.tmp");
  const size_t digits = mark ? strspn(mark + 7, "0123456789") : 0;
  return digits > 0 && (mark[7 + digits] == '\0' || mark[7 + digits] == '.');
}

static bool is_unlisted(const char *name, const void *context)
{
  const mn_snapshot_list *list = context;
  const long long step = strtoll(name, NULL, 10);
  for (int64_t k = 0; k < list->snapshots; k++) {
    if (list->step[k] == step) {
      return false;
    }
  }
  return is_snapshot(name, NULL);
}

static void delete_matching(const char *directory, bool (*matches)(const char *name, const void *context),
                            const void *context)
{
  char path[PATH_BYTES];
  DIR *handle = opendir(directory);
  for (const struct dirent *entry = handle ? readdir(handle) : NULL; entry; entry = readdir(handle)) {
    if (matches(entry->d_name, context)) {
      join(directory, entry->d_name, path);
      unlink(path);
    }
  }
  if (handle) {
    closedir(handle);
  }
}

/* Written beside the old one and put in its place, as all files are. */
static mn_error *write_used(const char *directory, const char *used)
{
  char path[PATH_BYTES];
  char temporary[PATH_BYTES];
  join(directory, "used.ini", path);
  join(directory, "used.ini.tmp", temporary);
  FILE *file = fopen(temporary, "w");
  bool good = file && fputs(used, file) >= 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
  good = file && fclose(file) == 0 && good;
  if (!good || rename(temporary, path) != 0) {
    return mn_error_create(MN_IO, "cannot write %s: %s", path, strerror(errno));
  }
  return NULL;
}

mn_error *mn_directory_prepare(const char *directory, bool fresh, const char *used)
{
  char snapshots[PATH_BYTES];
  join(directory, "snapshots", snapshots);
  MN_TRY(mn_journal_directory(snapshots));
  delete_matching(directory, is_temporary, NULL);
  delete_matching(snapshots, is_temporary, NULL);
  if (fresh) {
    delete_matching(directory, is_ours, NULL);
    delete_matching(snapshots, is_snapshot, NULL);
  }
  return write_used(directory, used);
}

void mn_directory_prune(const char *directory, const mn_snapshot_list *list)
{
  char snapshots[PATH_BYTES];
  join(directory, "snapshots", snapshots);
  delete_matching(snapshots, is_unlisted, list);
}
