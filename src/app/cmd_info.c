/* info: what is in a file or run directory, is it whole, which version and parameters made it. */
#include "command.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/series.h>
#include <mnemotaxis/snapshot.h>
#include <mnemotaxis/table.h>

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static bool exists(const mn_session *session, const char *path, bool *directory)
{
  struct stat info;
  int found = stat(path, &info) == 0 ? 1 : 0;
  found = found && S_ISDIR(info.st_mode) ? 2 : found;
  MPI_Bcast(&found, 1, MPI_INT, 0, session->parallel->comm);
  *directory = found == 2;
  return found > 0;
}

static bool speaks(const mn_session *session)
{
  return session->parallel->rank == 0;
}

static mn_error *show_checkpoint(const mn_session *session, const char *path, bool parameters)
{
  mn_checkpoint_header header;
  MN_TRY(mn_checkpoint_header_read(session->parallel, path, &header));
  if (speaks(session)) {
    char what[64] = "the continuum";
    if (header.count > 0) {
      snprintf(what, sizeof what, "%lld cells", (long long)header.count);
    }
    printf("%s: whole; checkpoint format %lld by mnemotaxis %s; %s at step %lld, time %.9g\n", path,
           (long long)header.version, header.program, what, (long long)header.step, header.time);
    if (parameters) {
      printf("\n%s", header.parameters);
    }
  }
  mn_checkpoint_header_clear(&header);
  return NULL;
}

static mn_error *show_series(const mn_session *session, const char *path)
{
  mn_series series = {0};
  MN_TRY(mn_series_read(session->parallel, path, &series));
  if (speaks(session) && series.rows > 0) {
    const mn_observation *last = &series.row[series.rows - 1];
    char error[32] = "";
    if (isfinite(last->error[MN_MEAN_SQUARE])) { /* the continuum has no statistical one */
      snprintf(error, sizeof error, " +- %.2g", last->error[MN_MEAN_SQUARE]);
    }
    printf("%s: whole; %lld rows, time %.9g to %.9g; E|X|^2 = %.6g%s\n", path, (long long)series.rows,
           series.row[0].time, last->time, last->value[MN_MEAN_SQUARE], error);
  }
  mn_series_clear(&series);
  return NULL;
}

static mn_error *show_snapshots(const mn_session *session, const char *directory)
{
  mn_snapshot_list list = {0};
  MN_TRY(mn_snapshot_index_read(session->parallel, directory, &list));
  if (speaks(session) && list.snapshots > 0) {
    printf("%s/snapshots.h5: whole; %lld snapshots, time %.9g to %.9g\n", directory, (long long)list.snapshots,
           list.time[0], list.time[list.snapshots - 1]);
  }
  mn_snapshot_list_clear(&list);
  return NULL;
}

/* study.h5 and its like; false in `any` where there is no such file. */
static mn_error *show_table(const mn_session *session, const char *path, bool *any)
{
  char *format = NULL;
  char *program = NULL;
  MN_TRY(mn_table_about(session->parallel, path, any, &format, &program));
  if (*any && speaks(session)) {
    printf("%s: whole; %s by mnemotaxis %s\n", path, format, program);
  }
  mn_free(&format);
  mn_free(&program);
  return NULL;
}

/* The worst that was found; the first message is told at once, so that the rest is still looked at. */
static void tell_damage(const mn_session *session, mn_error *error, int *exit_code)
{
  if (error) {
    *exit_code = (int)error->code;
    if (speaks(session)) {
      printf("DAMAGED: %s\n", error->message);
    }
    mn_error_destroy(&error);
  }
}

static mn_error *show_directory(const mn_session *session, const char *directory, int *exit_code)
{
  static const char *const checkpoints[] = {"checkpoint.h5", "checkpoint.prev.h5", "checkpoint.prev2.h5"};
  char path[4096];
  bool is_directory;
  bool any = false;
  for (int k = 0; k < 3; k++) {
    snprintf(path, sizeof path, "%s/%s", directory, checkpoints[k]);
    if (exists(session, path, &is_directory)) {
      any = true;
      tell_damage(session, show_checkpoint(session, path, k == 0), exit_code);
    }
  }
  snprintf(path, sizeof path, "%s/series.h5", directory);
  any = exists(session, path, &is_directory) || any;
  tell_damage(session, show_series(session, path), exit_code);
  tell_damage(session, show_snapshots(session, directory), exit_code);
  bool study = false;
  snprintf(path, sizeof path, "%s/study.h5", directory);
  tell_damage(session, show_table(session, path, &study), exit_code);
  snprintf(path, sizeof path, "%s/used.ini", directory);
  if (!any && !study && exists(session, path, &is_directory)) {
    any = true;
    if (speaks(session)) {
      printf("%s: begun, without a checkpoint or a result so far\n", directory);
    }
  }
  any = any || study || *exit_code != MN_EXIT_FINISHED;
  return any ? NULL : mn_error_create(MN_DATA, "%s holds no run and no study", directory);
}

static bool ends_with(const char *text, const char *end)
{
  const size_t length = strlen(text);
  return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

static mn_error *info(const mn_session *session, int *exit_code)
{
  bool directory;
  *exit_code = MN_EXIT_FINISHED;
  if (session->count != 1) {
    return mn_error_create(MN_USAGE, "info needs one file or directory: mnemotaxis info FILE_OR_DIR");
  }
  const char *path = session->argument[0];
  if (!exists(session, path, &directory)) {
    return mn_error_create(MN_USAGE, "there is no %s", path);
  }
  if (directory) {
    return show_directory(session, path, exit_code);
  }
  if (ends_with(path, "series.h5")) {
    return show_series(session, path);
  }
  if (ends_with(path, "study.h5") || ends_with(path, "compare.h5")) {
    return show_table(session, path, &directory);
  }
  return show_checkpoint(session, path, true);
}

const mn_command mn_command_info = {"info", "FILE_OR_DIR",
                                    "what is in it, is it whole, which version and parameters made it", info, false};
