/* The same order as in run.c: everything that is written for a step is written before the next is taken, the checkpoint
 * last.  Steps never pass the time of a snapshot. */
#include "directory.h"
#include "stop.h"
#include "witness_files.h"

#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/series.h>
#include <mnemotaxis/solver.h>
#include <mnemotaxis/witness.h>

#include <math.h>
#include <stdio.h>

enum { PATH_BYTES = 4096, SIDE = 128 /* cells per side of the meshes in snapshots, unless asked for */ };

/* The state of a case on this rank. */
typedef struct witness {
  const mn_parallel *parallel;
  const mn_witness_options *options;
  mn_pde_options pde_options;
  double *point; /* [points, 2], all of them */
  mn_pde *pde;
  double end;
  double first_square;
  int64_t next_snapshot; /* step of the schedule */
  mn_series series;
  mn_snapshot_list snapshots;
  int64_t first_step;
  bool warned_edge, warned_mesh, warned_moved;
  double started, output_seconds, checkpoint_at;
  mn_witness_reporter *reporter;
  void *context;
} witness;

static void tell(witness *w, const char *event)
{
  if (!w->reporter || w->parallel->rank != 0) {
    return;
  }
  const double seconds = mn_seconds() - w->started;
  const mn_witness_progress progress = {mn_pde_now(w->pde), w->end, seconds,
                                        seconds > 0.0 ? w->output_seconds / seconds : 0.0, event};
  w->reporter(w->context, &progress);
}

static void path_of(const witness *w, const char *name, char out[PATH_BYTES])
{
  snprintf(out, PATH_BYTES, "%s/%s", w->options->output.directory, name);
}

/* Points of an initial law that is read: every rank gets all. */
static mn_error *read_points(witness *w)
{
  const mn_witness_options *o = w->options;
  const int64_t count = o->pde.points;
  double *mine = NULL;
  if (o->pde.initial.kind != MN_INITIAL_FILE) {
    return NULL;
  }
  const int64_t local = mn_block_count(mn_block_of(count, w->parallel->rank, w->parallel->size));
  mn_error *error = mn_alloc(&mine, 2 * local, sizeof *mine);
  error = mn_agree(w->parallel, error ? error : mn_alloc(&w->point, 2 * count, sizeof *w->point));
  error = error ? error : mn_dataset_positions(w->parallel, o->initial_file, o->initial_dataset, count, mine);
  error = error ? error : mn_gather_rows(w->parallel, count, 2, mine, w->point);
  mn_free(&mine);
  w->pde_options.point = w->point;
  return error;
}

static double snapshot_time(const witness *w)
{
  return mn_schedule_time(&w->options->schedule, w->next_snapshot);
}

/* The next step of the schedule with a snapshot; the last one always has one. */
static void find_next_snapshot(witness *w)
{
  const int64_t every = w->options->output.snapshot_every;
  const int64_t next = every > 0 ? (w->next_snapshot / every + 1) * every : w->options->steps;
  w->next_snapshot = next < w->options->steps ? next : w->options->steps;
}

static mn_error *go_on(witness *w, const char *checkpoint)
{
  char path[PATH_BYTES];
  mn_pde_state state = {0};
  MN_TRY(mn_witness_read(w->parallel, checkpoint, &state));
  mn_error *error = NULL;
  if (state.report.time > w->end) {
    error = mn_error_create(MN_USAGE, "the case in %s is already at time %.12g, beyond time.end",
                            w->options->output.directory, state.report.time);
  }
  error = error ? error : mn_pde_restore(w->parallel, &w->pde_options, &state, &w->pde);
  mn_pde_state_clear(&state);
  MN_TRY(error);
  const mn_pde_report *now = mn_pde_now(w->pde);
  w->first_step = now->step;
  path_of(w, "series.h5", path);
  MN_TRY(mn_series_read(w->parallel, path, &w->series));
  mn_series_cut(&w->series, now->step);
  MN_TRY(mn_snapshot_index_read(w->parallel, w->options->output.directory, &w->snapshots));
  mn_snapshot_list_cut(&w->snapshots, now->step);
  while (w->next_snapshot < w->options->steps && snapshot_time(w) <= now->time) {
    find_next_snapshot(w);
  }
  return NULL;
}

static bool is_last(const witness *w)
{
  return mn_pde_now(w->pde)->time >= w->end;
}

static bool have_row(const witness *w)
{
  return w->series.rows > 0 && w->series.row[w->series.rows - 1].step >= mn_pde_now(w->pde)->step;
}

static bool have_snapshot(const witness *w)
{
  const mn_snapshot_list *list = &w->snapshots;
  return list->snapshots > 0 && list->step[list->snapshots - 1] >= mn_pde_now(w->pde)->step;
}

static mn_error *take_snapshot(witness *w, const mn_plane *plane)
{
  const mn_output_options *out = &w->options->output;
  const mn_pde_report *now = mn_pde_now(w->pde);
  MN_TRY(mn_witness_picture(w->parallel, out->directory, now, plane, out->fields > 0 ? out->fields : SIDE,
                            &w->snapshots.mesh));
  MN_TRY(mn_agree(w->parallel, mn_snapshot_list_append(&w->snapshots, now->step, now->time)));
  MN_TRY(mn_snapshot_index_write(w->parallel, out->directory, &w->snapshots));
  if (now->time >= snapshot_time(w)) {
    find_next_snapshot(w);
  }
  return NULL;
}

/* Row and snapshot due now, unless they were written before the case was resumed here. */
static mn_error *record(witness *w, bool last)
{
  const mn_pde_report *now = mn_pde_now(w->pde);
  const bool at_snapshot = last || now->step == 0 || now->time >= snapshot_time(w);
  const bool row = (at_snapshot || now->step % w->options->output.every == 0) && !have_row(w);
  const bool snapshot = at_snapshot && !have_snapshot(w);
  mn_plane plane = {0};
  if (!row && !snapshot) {
    return NULL;
  }
  mn_error *error = mn_pde_plane(w->pde, &plane);
  if (row && !error) {
    mn_observation observation;
    error = mn_pde_observe(&w->pde_options, &plane, now, w->first_square, w->options->output.radii, &observation);
    error = mn_agree(w->parallel, error ? error : mn_series_append(&w->series, &observation));
  }
  error = error || !snapshot ? error : take_snapshot(w, &plane);
  mn_plane_clear(&plane);
  return error;
}

static mn_error *save(witness *w, const char *why)
{
  char path[PATH_BYTES];
  const mn_witness_options *o = w->options;
  mn_pde_state state = {0};
  path_of(w, "series.h5", path);
  MN_TRY(mn_series_write(w->parallel, path, &w->series, o->output.radii));
  MN_TRY(mn_pde_save(w->pde, &state));
  path_of(w, "checkpoint.h5", path);
  mn_error *error = mn_witness_write(w->parallel, path, o->stop.keep, o->parameters, &state);
  mn_pde_state_clear(&state);
  MN_TRY(error);
  w->checkpoint_at = mn_seconds();
  tell(w, why);
  return NULL;
}

static mn_error *write_timed(witness *w, bool last, const char *save_reason)
{
  const double start = mn_seconds();
  const int64_t rows = w->series.rows;
  MN_TRY(record(w, last));
  const bool complete = w->first_step > 0 && mn_pde_now(w->pde)->step == w->first_step && w->series.rows == rows;
  if (save_reason && complete) { /* a finished case that is resumed: its files stay as they are */
    tell(w, save_reason);
  } else if (save_reason) {
    MN_TRY(save(w, save_reason));
  }
  w->output_seconds += mn_seconds() - start;
  return NULL;
}

/* Once each: the box cuts off cells; the mesh cannot show the density and must not change; much mass was moved. */
static void warn(witness *w)
{
  char text[512];
  const mn_pde_report *now = mn_pde_now(w->pde);
  const mn_pde_options *o = &w->pde_options;
  if (!w->warned_edge && now->edge_mass > 0.1 * o->tolerance) {
    w->warned_edge = true;
    snprintf(text, sizeof text,
             "warning: %.2g of the mass is near the border of the box; results beyond that are not to be trusted; "
             "enlarge it by pde.half_width",
             now->edge_mass);
    tell(w, text);
  }
  if (!w->warned_mesh && o->cells > 0 && now->resolution > 1.0) {
    w->warned_mesh = true;
    snprintf(text, sizeof text,
             "warning: the mesh resolves the density no longer to pde.tolerance = %g (indicator %.2g times what is "
             "allowed); last trusted time %.6g; pde.cells = 0 would refine it",
             o->tolerance, now->resolution, now->trusted_time);
    tell(w, text);
  }
  if (!w->warned_moved && now->moved_mass > o->tolerance) {
    w->warned_moved = true;
    snprintf(
        text, sizeof text,
        "warning: %.2g of the mass had to be moved to keep the density from being negative, more than pde.tolerance "
        "= %g; more cells or pde.order = 2 would need less",
        now->moved_mass, o->tolerance);
    tell(w, text);
  }
}

static mn_error *loop(witness *w, mn_witness_report *report)
{
  const mn_stop_clock clock = {w->parallel, &w->options->stop, w->started, w->first_step};
  report->outcome = MN_FINISHED;
  for (;;) {
    bool stop = false;
    const int64_t step = mn_pde_now(w->pde)->step;
    const bool last = is_last(w) || report->concentrating;
    const char *reason = last ? "finished" : mn_stop_reason(&clock, step, w->checkpoint_at, &stop);
    MN_TRY(write_timed(w, last, reason));
    if (last) {
      return NULL;
    }
    if (stop) {
      report->outcome = MN_STOPPED;
      return NULL;
    }
    mn_pde_outcome outcome;
    MN_TRY(mn_pde_advance(w->pde, snapshot_time(w), &outcome));
    report->concentrating = outcome == MN_PDE_CONCENTRATING;
    warn(w);
    tell(w, NULL);
  }
}

static void fill_report(const witness *w, mn_witness_report *report)
{
  if (w->series.rows > 0) {
    report->last = w->series.row[w->series.rows - 1];
  }
  report->pde = *mn_pde_now(w->pde);
  report->first_square = w->first_square;
  report->peak_bytes = mn_memory_peak();
  MPI_Allreduce(MPI_IN_PLACE, &report->peak_bytes, 1, MPI_INT64_T, MPI_MAX, w->parallel->comm);
}

mn_error *mn_witness(const mn_parallel *parallel, const mn_witness_options *options, const char *checkpoint,
                     mn_witness_reporter *reporter, void *context, mn_witness_report *report)
{
  witness w = {.parallel = parallel,
               .options = options,
               .pde_options = options->pde,
               .end = mn_schedule_time(&options->schedule, options->steps),
               .started = mn_seconds(),
               .checkpoint_at = mn_seconds(),
               .reporter = reporter,
               .context = context};
  *report = (mn_witness_report){0};
  const mn_output_options *out = &options->output;
  const bool fresh = checkpoint == NULL;
  const bool first = parallel->rank == 0;
  mn_error *error = mn_agree(parallel, first && fresh ? mn_directory_check(out->directory, out->replace) : NULL);
  error = error ? error : read_points(&w);
  if (!error) {
    w.first_square = mn_pde_first_square(&w.pde_options);
    error = fresh ? mn_pde_create(parallel, &w.pde_options, &w.pde) : go_on(&w, checkpoint);
  }
  error = error ? error : mn_solver_check_options(parallel);
  error = error ? error : mn_agree(parallel, first ? mn_directory_prepare(out->directory, fresh, options->used) : NULL);
  if (!error && first && !fresh) {
    mn_directory_prune(out->directory, &w.snapshots);
  }
  if (!error) {
    tell(&w, fresh ? "started" : "resumed");
    error = loop(&w, report);
  }
  if (!error) {
    fill_report(&w, report);
  }
  mn_pde_destroy(&w.pde);
  mn_series_clear(&w.series);
  mn_snapshot_list_clear(&w.snapshots);
  mn_free(&w.point);
  return error;
}
