/* paths.h5 is a virtual dataset over the snapshots: recorded once, readable as one table. */
#include "h5.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/snapshot.h>

#include <inttypes.h>
#include <stdio.h>

/* Components x and y of every chosen snapshot, [2 samples]. */
static int64_t collect(const mn_snapshot_list *list, int64_t every, mn_view *view, double *times)
{
  int64_t samples = 0;
  for (int64_t k = 0; k < list->snapshots; k++) {
    if (list->step[k] % every != 0) {
      continue;
    }
    for (int a = 0; a < 2; a++) {
      mn_view *v = &view[2 * samples + a];
      snprintf(v->file, sizeof v->file, "snapshots/%010" PRId64 ".h5", list->step[k]);
      snprintf(v->name, sizeof v->name, "/data/%" PRId64 "/particles/cells/position/%s", list->step[k],
               a == 0 ? "x" : "y");
      v->row = samples;
      v->component = a;
    }
    times[samples++] = list->time[k];
  }
  return samples;
}

static mn_error *write_view(mn_h5 *file, const mn_parallel *parallel, int64_t samples, int64_t count,
                            const mn_view *view, const double *times)
{
  const mn_rows rows = {"/times", MN_F64, samples, 0, 0, parallel->rank == 0 ? samples : 0};
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  MN_TRY(mn_h5_write(file, &rows, times));
  return mn_h5_view(file, "/paths", samples, count, 2 * samples, view);
}

static mn_error *allocate(const mn_snapshot_list *list, mn_view **view, double **times)
{
  MN_TRY(mn_alloc(view, 2 * list->snapshots, sizeof **view));
  return mn_alloc(times, list->snapshots, sizeof **times);
}

mn_error *mn_snapshot_paths_write(const mn_parallel *parallel, const char *directory, const mn_snapshot_list *list,
                                  int64_t every)
{
  char path[MN_PATH_MAX];
  mn_h5 *file = NULL;
  mn_view *view = NULL;
  double *times = NULL;
  snprintf(path, sizeof path, "%s/paths.h5", directory);
  mn_error *error = mn_agree(parallel, allocate(list, &view, &times));
  error = error ? error : mn_h5_begin(parallel, path, 65536 + 512 * list->snapshots, &file);
  if (!error) {
    const int64_t samples = collect(list, every, view, times);
    error = write_view(file, parallel, samples, list->count, view, times);
    if (error) {
      mn_h5_abandon(&file);
    }
  }
  error = error ? error : mn_h5_commit(&file, 0);
  mn_free(&view);
  mn_free(&times);
  return error;
}
