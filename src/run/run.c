/* The loop: observe, save, stop, step.  Everything that is written for step n is written before step n + 1 is taken,
 * the checkpoint last; a run that resumes there has all rows and snapshots up to n and repeats nothing. */
#include <mnemotaxis/audit.h>
#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <mnemotaxis/series.h>
#include <mnemotaxis/snapshot.h>

#include "directory.h"
#include "pictures.h"
#include "stop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 4096 };

/* The state of a run on this rank. */
typedef struct simulation {
  const mn_parallel *parallel;
  const mn_run_options *options;
  mn_block block;
  int64_t step, first_step;
  mn_cells cells;
  double *drift; /* [local, 2] partner drift or un-averaged drift */
  mn_drift *engine;
  mn_history *history;
  mn_stepper *stepper;
  mn_series series;
  mn_snapshot_list snapshots;
  double audit_worst, audit_expected;
  double started, output_seconds, checkpoint_at;
  mn_reporter *reporter;
  void *context;
} simulation;

static mn_error *create(simulation *s)
{
  const mn_run_options *o = s->options;
  const int64_t local = mn_block_count(s->block);
  mn_error *error = mn_alloc(&s->cells.position, 2 * local, sizeof *s->cells.position);
  error = error ? error : mn_alloc(&s->cells.free_path, 2 * local, sizeof *s->cells.free_path);
  error = error ? error : mn_alloc(&s->drift, 2 * local, sizeof *s->drift);
  MN_TRY(mn_agree(s->parallel, error));
  MN_TRY(mn_drift_create(s->parallel, o->engine, &o->dynamics.model, &o->drift, o->count, &s->engine));
  MN_TRY(mn_history_create(s->parallel, &o->dynamics.model, &o->history, mn_run_witnesses(o), &s->history));
  return mn_stepper_create(&o->dynamics, s->engine, s->history, &s->stepper);
}

static void destroy(simulation *s)
{
  mn_stepper_destroy(&s->stepper);
  mn_history_destroy(&s->history);
  mn_drift_destroy(&s->engine);
  mn_series_clear(&s->series);
  mn_snapshot_list_clear(&s->snapshots);
  mn_free(&s->cells.position);
  mn_free(&s->cells.free_path);
  mn_free(&s->drift);
}

static double time_now(const simulation *s)
{
  return mn_schedule_time(&s->options->dynamics.schedule, s->step);
}

static void tell(simulation *s, const char *event)
{
  if (!s->reporter || s->parallel->rank != 0) {
    return;
  }
  const double seconds = mn_seconds() - s->started;
  const mn_step_seconds spent = mn_stepper_seconds(s->stepper);
  const double share = seconds > 0.0 ? 1.0 / seconds : 0.0;
  const mn_progress progress = {s->step, s->first_step,       s->options->steps,      time_now(s),
                                seconds, spent.drift * share, spent.exchange * share, s->output_seconds * share,
                                event};
  s->reporter(s->context, &progress);
}

static void path_of(const simulation *s, const char *name, char out[PATH_BYTES])
{
  snprintf(out, PATH_BYTES, "%s/%s", s->options->output.directory, name);
}

mn_error *mn_run_start(const mn_parallel *parallel, const mn_run_options *o, uint32_t seed, double *x)
{
  if (o->initial.kind == MN_INITIAL_FILE) {
    return mn_dataset_positions(parallel, o->initial_file, o->initial_dataset, o->count, x);
  }
  mn_initial_draw(&o->initial, seed, mn_block_of(o->count, parallel->rank, parallel->size), x);
  return NULL;
}

static mn_error *begin(simulation *s)
{
  const mn_run_options *o = s->options;
  MN_TRY(mn_run_start(s->parallel, o, o->dynamics.seed, s->cells.position));
  memcpy(s->cells.free_path, s->cells.position, (size_t)(2 * mn_block_count(s->block)) * sizeof(double));
  return NULL;
}

static bool is_last(const simulation *s)
{
  return s->step >= s->options->steps;
}

static bool row_is_due(const simulation *s)
{
  return is_last(s) || s->step % s->options->output.every == 0;
}

static bool snapshot_is_due(const simulation *s)
{
  const mn_output_options *out = &s->options->output;
  const bool on_path = out->path_every > 0 && s->step % out->path_every == 0;
  return is_last(s) || on_path || (out->snapshot_every > 0 ? s->step % out->snapshot_every == 0 : s->step == 0);
}

/* The files that list the snapshots. */
static mn_error *write_indices(simulation *s)
{
  const mn_output_options *out = &s->options->output;
  MN_TRY(mn_snapshot_index_write(s->parallel, out->directory, &s->snapshots));
  return out->path_every > 0 ? mn_snapshot_paths_write(s->parallel, out->directory, &s->snapshots, out->path_every)
                             : NULL;
}

static mn_error *go_on(simulation *s, const char *checkpoint)
{
  char path[PATH_BYTES];
  mn_checkpoint_header header;
  MN_TRY(mn_checkpoint_header_read(s->parallel, checkpoint, &header));
  s->step = header.step;
  s->first_step = header.step;
  mn_checkpoint_header_clear(&header);
  if (s->step > s->options->steps) {
    return mn_error_create(MN_USAGE, "the run in %s is already at time %.12g, beyond time.end",
                           s->options->output.directory, time_now(s));
  }
  MN_TRY(mn_checkpoint_load(s->parallel, checkpoint, s->block, &s->cells, s->history, mn_drift_ladder(s->engine)));
  path_of(s, "series.h5", path);
  MN_TRY(mn_series_read(s->parallel, path, &s->series));
  mn_series_cut(&s->series, row_is_due(s) ? s->step : s->step - 1); /* an earlier end may have left a row of its own */
  MN_TRY(mn_series_write(s->parallel, path, &s->series, s->options->output.radii));
  MN_TRY(mn_snapshot_index_read(s->parallel, s->options->output.directory, &s->snapshots));
  mn_snapshot_list_cut(&s->snapshots, snapshot_is_due(s) ? s->step : s->step - 1);
  s->snapshots.count = s->options->count;
  if (s->parallel->rank == 0) {
    mn_directory_prune(s->options->output.directory, &s->snapshots);
  }
  return write_indices(s);
}

/* Mass of c_0, decayed, and what the remembered samples (the present one included) have left. */
static double chemical_mass(const simulation *s)
{
  const mn_model *model = &s->options->dynamics.model;
  const double t = time_now(s);
  const double decay = exp(-model->lambda * t / model->theta);
  double mass = mn_field_mass(&s->options->dynamics.field) * decay;
  if (mn_history_samples(s->history) > 0) {
    mass += mn_kernel_mass(model, 0.0, t - mn_history_slab(s->history, 0)->time);
  }
  return mass;
}

static double forgotten_drift(const simulation *s)
{
  if (mn_history_forgotten(s->history) == 0) {
    return 0.0;
  }
  const mn_model *model = &s->options->dynamics.model;
  return model->chi * mn_kernel_tail(model, time_now(s) - mn_history_slab(s->history, 0)->time);
}

/* The drift of this step, as the scheme asks for it, against the direct sum. */
static mn_error *audit(simulation *s, mn_observation *row)
{
  const mn_run_options *o = s->options;
  const double ahead = o->dynamics.scheme == MN_SCHEME_EULER ? 0.0 : mn_schedule_step(&o->dynamics.schedule, s->step);
  mn_audit found;
  char text[256];
  row->value[MN_AUDIT_ERROR] = (double)NAN;
  row->value[MN_AUDIT_EXPECTED] = (double)NAN;
  if (o->audit == 0) {
    return NULL;
  }
  MN_TRY(mn_drift_evaluate(s->engine, s->history, time_now(s), ahead, s->cells.position, s->drift));
  MN_TRY(mn_audit_drift(s->engine, s->history, time_now(s), ahead, s->cells.position, s->drift, o->audit,
                        o->dynamics.seed, (uint64_t)s->step, &found));
  row->value[MN_AUDIT_ERROR] = found.observed;
  row->value[MN_AUDIT_EXPECTED] = found.expected;
  if (found.observed > s->audit_worst) {
    s->audit_worst = found.observed;
    s->audit_expected = found.expected;
  }
  if (found.observed > o->drift.tolerance) {
    snprintf(text, sizeof text,
             "warning: the drift of %lld cells is off by %.2g, relative rms, expected %.2g; drift.tolerance is %.2g,",
             (long long)o->audit, found.observed, found.expected, o->drift.tolerance);
    tell(s, text);
  }
  return NULL;
}

static mn_error *observe(simulation *s)
{
  mn_observation row = {0};
  MN_TRY(mn_drift_partner(s->engine, s->history, time_now(s), s->cells.position, s->drift));
  MN_TRY(mn_observe(s->parallel, s->options->count, s->cells.position, s->cells.free_path, mn_history_cells(s->history),
                    s->drift, s->options->output.radii, &row));
  row.step = s->step;
  row.time = time_now(s);
  row.value[MN_CHEMICAL_MASS] = chemical_mass(s);
  row.value[MN_FORGOTTEN_DRIFT] = forgotten_drift(s);
  MN_TRY(audit(s, &row));
  return mn_agree(s->parallel, mn_series_append(&s->series, &row));
}

static mn_error *take_snapshot(simulation *s)
{
  const mn_output_options *out = &s->options->output;
  mn_snapshot picture = {.step = s->step,
                         .time = time_now(s),
                         .dt = mn_schedule_step(&s->options->dynamics.schedule, s->step),
                         .count = s->options->count,
                         .position = s->cells.position};
  if (out->drift) {
    MN_TRY(mn_drift_evaluate(s->engine, s->history, picture.time, 0.0, s->cells.position, s->drift));
    picture.drift = s->drift;
  }
  mn_pictures pictures = {0};
  mn_error *error = NULL;
  if (out->fields > 0) {
    error = mn_pictures_make(s->engine, s->history, &s->options->dynamics.field, picture.time, s->cells.position,
                             out->fields, &pictures);
    picture.density = &pictures.density;
    picture.chemical = &pictures.chemical;
  }
  error = error ? error : mn_snapshot_write(s->parallel, out->directory, &picture);
  mn_pictures_clear(&pictures);
  MN_TRY(error);
  s->snapshots.count = s->options->count;
  MN_TRY(mn_agree(s->parallel, mn_snapshot_list_append(&s->snapshots, s->step, picture.time)));
  return write_indices(s);
}

static mn_error *save(simulation *s, const char *why)
{
  char path[PATH_BYTES];
  const mn_run_options *o = s->options;
  path_of(s, "series.h5", path);
  MN_TRY(mn_series_write(s->parallel, path, &s->series, o->output.radii));
  const mn_checkpoint_header header = {
      .step = s->step, .time = time_now(s), .count = o->count, .parameters = (char *)o->parameters};
  path_of(s, "checkpoint.h5", path);
  MN_TRY(
      mn_checkpoint_write(s->parallel, path, o->stop.keep, &header, &s->cells, s->history, mn_drift_ladder(s->engine)));
  s->checkpoint_at = mn_seconds();
  tell(s, why);
  return NULL;
}

/* Rows and snapshots due at this step, unless they were written before the run was resumed here. */
static mn_error *record(simulation *s)
{
  const bool resumed_here = s->step == s->first_step && s->step > 0;
  const bool have_row = resumed_here && s->series.rows > 0 && s->series.row[s->series.rows - 1].step == s->step;
  const bool have_snapshot =
      resumed_here && s->snapshots.snapshots > 0 && s->snapshots.step[s->snapshots.snapshots - 1] == s->step;
  if (!have_row && row_is_due(s)) {
    MN_TRY(observe(s));
  }
  if (!have_snapshot && snapshot_is_due(s)) {
    MN_TRY(take_snapshot(s));
  }
  return NULL;
}

/* A finished run that is resumed has nothing to add: its files stay as they are. */
static bool is_complete(const simulation *s, int64_t rows, int64_t snapshots)
{
  const bool no_step = s->first_step > 0 && s->step == s->first_step;
  return no_step && s->series.rows == rows && s->snapshots.snapshots == snapshots;
}

static mn_error *write_timed(simulation *s, const char *save_reason)
{
  const double start = mn_seconds();
  const int64_t rows = s->series.rows;
  const int64_t snapshots = s->snapshots.snapshots;
  MN_TRY(record(s));
  if (save_reason && is_complete(s, rows, snapshots)) {
    tell(s, save_reason);
  } else if (save_reason) {
    MN_TRY(save(s, save_reason));
  }
  s->output_seconds += mn_seconds() - start;
  return NULL;
}

static mn_error *loop(simulation *s, mn_outcome *outcome)
{
  const mn_stop_clock clock = {s->parallel, &s->options->stop, s->started, s->first_step};
  *outcome = MN_FINISHED;
  for (;;) {
    bool stop = false;
    const char *reason = is_last(s) ? "finished" : mn_stop_reason(&clock, s->step, s->checkpoint_at, &stop);
    MN_TRY(write_timed(s, reason));
    if (is_last(s)) {
      return NULL;
    }
    if (stop) {
      *outcome = MN_STOPPED;
      return NULL;
    }
    MN_TRY(mn_stepper_advance(s->stepper, s->step, s->cells.position, s->cells.free_path));
    s->step++;
    tell(s, NULL);
  }
}

static void fill_report(const simulation *s, mn_run_report *report)
{
  if (s->series.rows > 0) {
    report->last = s->series.row[s->series.rows - 1];
  }
  report->history_bits = mn_history_bits(s->history);
  report->history_bytes = mn_history_bytes(s->history);
  report->peak_bytes = mn_memory_peak();
  MPI_Allreduce(MPI_IN_PLACE, &report->peak_bytes, 1, MPI_INT64_T, MPI_MAX, s->parallel->comm);
  report->forgotten = mn_history_forgotten(s->history);
  report->forgotten_drift = forgotten_drift(s);
  report->cost = s->engine->cost;
  report->audit_worst = s->audit_worst;
  report->audit_expected = s->audit_expected;
}

mn_error *mn_run(const mn_parallel *parallel, const mn_run_options *options, const char *checkpoint,
                 mn_reporter *reporter, void *context, mn_run_report *report)
{
  simulation s = {.parallel = parallel,
                  .options = options,
                  .block = mn_block_of(options->count, parallel->rank, parallel->size),
                  .started = mn_seconds(),
                  .checkpoint_at = mn_seconds(),
                  .reporter = reporter,
                  .context = context};
  *report = (mn_run_report){0};
  const mn_output_options *out = &options->output;
  const bool fresh = checkpoint == NULL;
  const bool first = parallel->rank == 0;
  mn_error *error = mn_agree(parallel, first && fresh ? mn_directory_check(out->directory, out->replace) : NULL);
  error = error ? error : create(&s);
  error = error ? error : (fresh ? begin(&s) : go_on(&s, checkpoint));
  error = error ? error : mn_agree(parallel, first ? mn_directory_prepare(out->directory, fresh, options->used) : NULL);
  if (!error) {
    tell(&s, fresh ? "started" : "resumed");
  }
  error = error ? error : loop(&s, &report->outcome);
  if (!error) {
    fill_report(&s, report);
  }
  destroy(&s);
  return error;
}
