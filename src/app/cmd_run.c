/* run and resume: from the command line to a run directory. */
#include "command.h"
#include "summary.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

/* What a run keeps alive while it goes on. */
typedef struct prepared {
  mn_config config;
  mn_run_options options;
  char *parameters;
  char *used;
  double *nodes; /* of a gridded c_0 */
} prepared;

mn_error *mn_session_overrides(const mn_session *session, int first, mn_config *config)
{
  for (int k = first; k < session->count; k++) {
    MN_TRY(mn_config_override(config, session->argument[k]));
  }
  return NULL;
}

mn_error *mn_session_read(const mn_session *session, const char *path, mn_config *config)
{
  char *text = NULL;
  MN_TRY(mn_config_file(session->parallel, path, &text));
  mn_error *error = mn_config_read(config, path, text, MN_READ_CASE);
  mn_free(&text);
  MN_TRY(error);
  MN_TRY(mn_session_overrides(session, 1, config));
  return mn_config_finish(config);
}

mn_error *mn_session_config(const mn_session *session, mn_config *config)
{
  mn_config_defaults(config);
  return mn_session_read(session, session->argument[0], config);
}

/* Sets a key whose text nobody wrote. */
static mn_error *put(mn_config *config, const char *name, const char *text, const char *origin)
{
  int key;
  MN_TRY(mn_config_find(name, origin, &key));
  return mn_config_store(config, key, text, origin);
}

mn_error *mn_session_prices(const mn_session *session, mn_config *config)
{
  char text[128];
  mn_prices prices;
  if (config->values.calibrate != MN_CALIBRATE_ALL) {
    return NULL;
  }
  MN_TRY(mn_prices_measure(session->parallel, &prices));
  snprintf(text, sizeof text, "%.3g %.3g %.3g %.3g", prices.pair, prices.sort, prices.quad, prices.node);
  MN_TRY(put(config, "drift.prices", text, "measured at start"));
  MN_TRY(put(config, "drift.calibrate", "no", "measured at start"));
  return mn_config_finish(config);
}

/* c_0 from a file, for `options`; `nodes` are the caller's to free. */
static mn_error *read_field(const mn_session *session, const mn_values *v, mn_run_options *options, double **nodes)
{
  return v->c0 == MN_FIELD_GRID
             ? mn_dataset_field(session->parallel, v->c0_file, v->c0_dataset, &options->dynamics.field, nodes)
             : NULL;
}

mn_error *mn_session_calibrate(const mn_session *session, mn_config *config)
{
  const mn_values *v = &config->values;
  const bool tried = v->calibrate != MN_CALIBRATE_NOTHING;
  mn_run_options o;
  double *nodes = NULL;
  MN_TRY(mn_session_prices(session, config));
  if (!tried || !mn_case_leaves_choice(v)) {
    return NULL;
  }
  MN_TRY(mn_case_options(config, &o));
  if (o.drift.spacing > mn_drift_coarsest(&o.dynamics.model, &o.drift, o.count)) {
    return NULL; /* not for fields */
  }
  mn_error *error = read_field(session, v, &o, &nodes);
  error = error ? error : mn_run_fastest(session->parallel, &o, &o.engine);
  mn_free(&nodes);
  MN_TRY(error);
  mn_memory_forget_peak();
  MN_TRY(put(config, "drift.engine", o.engine->name, "chosen by auto"));
  return mn_config_finish(config);
}

mn_error *mn_config_text(const mn_config *config, bool fixed_only, bool origins, char **text)
{
  enum { ROOM = MN_KEYS_MAX * (2 * MN_TEXT_MAX + 256) };
  MN_TRY(mn_alloc(text, ROOM, 1));
  FILE *out = fmemopen(*text, ROOM, "w");
  if (!out) {
    return mn_error_create(MN_INTERNAL, "out of memory");
  }
  if (origins) {
    fprintf(out, "; written by mnemotaxis %s; after ; where a value comes from\n", mn_version());
  }
  mn_config_print(config, fixed_only, origins, out);
  fclose(out);
  return mn_resize(text, (int64_t)strlen(*text) + 1, 1);
}

mn_error *mn_session_memory(const mn_session *session, const mn_run_options *options)
{
  const double needed = (double)mn_run_expected_bytes(options, session->parallel->size) / 1048576.0;
  const double machine = (double)mn_memory_machine() / 1048576.0;
  if (needed <= machine) {
    return NULL;
  }
  return mn_error_create(
      MN_USAGE, "the run would need %.0f MiB per rank, this machine has %.0f MiB; %s, or lower particles.count", needed,
      machine,
      options->engine == &mn_drift_direct
          ? "bound the past by history.capacity or history.horizon, or take drift.engine = spectral"
          : "take more ranks, a larger drift.tolerance, for few cells drift.engine = direct");
}

static mn_error *prepare(const mn_session *session, prepared *p)
{
  const mn_values *v = &p->config.values;
  MN_TRY(mn_case_options(&p->config, &p->options));
  MN_TRY(mn_session_memory(session, &p->options));
  if (!mn_drift_engines[v->engine]) { /* what auto has chosen stays on resume */
    MN_TRY(put(&p->config, "drift.engine", p->options.engine->name, "chosen by auto"));
    MN_TRY(mn_config_finish(&p->config));
  }
  MN_TRY(mn_config_text(&p->config, true, false, &p->parameters));
  MN_TRY(mn_config_text(&p->config, false, true, &p->used));
  p->options.parameters = p->parameters;
  p->options.used = p->used;
  p->options.stop.requested = session->stop_requested;
  return read_field(session, v, &p->options, &p->nodes);
}

static void release(prepared *p)
{
  mn_free(&p->parameters);
  mn_free(&p->used);
  mn_free(&p->nodes);
}

static void conclude(mn_reporting *r, const mn_run_options *o, const mn_run_report *report)
{
  mn_summary_print(r, o, report);
  if (isfinite(report->history_bits)) {
    mn_report_line(r, "the past: %.2f bits per coordinate (%.2f times smaller than doubles), %.1f MiB per rank",
                   report->history_bits, 64.0 / report->history_bits, (double)report->history_bytes / 1048576.0);
  }
  if (report->forgotten > 0) {
    mn_report_line(r, "forgotten: %lld samples; without them the drift of a cell can be off by at most %.3g",
                   (long long)report->forgotten, report->forgotten_drift);
  }
  if (report->audit_worst > 0.0) {
    mn_report_line(r,
                   "audit: the drift of %lld cells was off by at most %.2g, relative rms; expected %.2g, allowed %.2g",
                   (long long)o->audit, report->audit_worst, report->audit_expected, o->drift.tolerance);
  }
  mn_report_line(r, "memory: %.1f MiB per rank at most", (double)report->peak_bytes / 1048576.0);
  mn_report_line(r,
                 report->outcome == MN_FINISHED ? "finished: series.h5, snapshots.h5, checkpoint.h5 are in %s"
                                                : "stopped early; go on with: mnemotaxis resume %s",
                 o->output.directory);
}

static mn_error *simulate(const mn_session *session, prepared *p, const char *checkpoint, int *exit_code)
{
  mn_run_report report;
  mn_reporting reporting = {.directory = p->options.output.directory, .interval = p->config.values.progress};
  mn_error *error = mn_run(session->parallel, &p->options, checkpoint, mn_report_progress, &reporting, &report);
  if (error && error->code == MN_USAGE) { /* the directory of a new run, or the end of an old one */
    error = mn_config_blame(&p->config, checkpoint ? "time.end" : "output.directory", "output.directory", error);
  }
  if (!error && session->parallel->rank == 0) {
    conclude(&reporting, &p->options, &report);
  }
  if (!error) {
    *exit_code = report.outcome == MN_FINISHED ? MN_EXIT_FINISHED : MN_EXIT_RESUME;
  }
  mn_report_end(&reporting);
  return error;
}

static mn_error *run(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "run needs a case file: mnemotaxis run CASE.ini [section.key=value ...]");
  }
  prepared *p = NULL;
  MN_TRY(mn_alloc(&p, 1, sizeof *p));
  mn_error *error = mn_session_config(session, &p->config);
  error = error ? error : mn_session_calibrate(session, &p->config);
  error = error ? error : prepare(session, p);
  error = error ? error : simulate(session, p, NULL, exit_code);
  release(p);
  mn_free(&p);
  return error;
}

/* used.ini of the directory; then what the checkpoint says of the fixed keys must agree with it and the overrides. */
static mn_error *read_settings(const mn_session *session, mn_config *config, bool *continuum)
{
  char path[4096];
  char *text = NULL;
  snprintf(path, sizeof path, "%s/used.ini", session->argument[0]);
  mn_config_defaults(config);
  MN_TRY(mn_config_file(session->parallel, path, &text));
  *continuum = mn_pde_was_used(text);
  mn_error *error = mn_config_read(config, path, text, MN_READ_USED);
  if (!error && mn_study_was_used(text)) {
    error =
        mn_error_create(MN_USAGE, "%s holds a study, which its own command goes on with: mnemotaxis study STUDY.ini",
                        session->argument[0]);
  }
  mn_free(&text);
  MN_TRY(error);
  char directory[MN_TEXT_MAX + 32];
  snprintf(directory, sizeof directory, "output.directory=%s", session->argument[0]);
  MN_TRY(mn_config_override(config, directory));
  MN_TRY(mn_session_overrides(session, 1, config));
  return mn_config_finish(config);
}

static mn_error *check_same_run(const mn_session *session, const mn_config *config, const char *checkpoint)
{
  mn_checkpoint_header header;
  mn_config *stored = NULL;
  MN_TRY(mn_checkpoint_header_read(session->parallel, checkpoint, &header));
  mn_error *error = mn_alloc(&stored, 1, sizeof *stored);
  if (!error) {
    mn_config_defaults(stored);
    error = mn_config_read(stored, checkpoint, header.parameters, MN_READ_FIXED);
    error = error ? error : mn_config_same_run(config, stored);
  }
  mn_free(&stored);
  mn_checkpoint_header_clear(&header);
  return error;
}

static mn_error *resume_from(const mn_session *session, prepared *p, int *exit_code)
{
  char checkpoint[4096];
  char notes[4096];
  bool continuum;
  MN_TRY(read_settings(session, &p->config, &continuum));
  if (!continuum && session->solver_count > 0) {
    return mn_error_create(MN_USAGE, "command line: what follows -- is for the solver of pde; %s holds a run of cells",
                           session->argument[0]);
  }
  MN_TRY(mn_checkpoint_find(session->parallel, session->argument[0], checkpoint, notes, sizeof notes));
  if (notes[0] != '\0' && session->parallel->rank == 0) {
    printf("warning: %s; going on from %s\n", notes, checkpoint);
  }
  const bool found = checkpoint[0] != '\0';
  if (found) {
    MN_TRY(check_same_run(session, &p->config, checkpoint));
  }
  if (continuum) {
    MN_TRY(mn_checkpoint_set_aside(session->parallel, session->argument[0], checkpoint));
    return mn_pde_session(session, &p->config, found ? checkpoint : NULL, !found, exit_code);
  }
  MN_TRY(mn_session_calibrate(session, &p->config)); /* a run with a checkpoint has its prices */
  MN_TRY(prepare(session, p));
  MN_TRY(mn_checkpoint_set_aside(session->parallel, session->argument[0], checkpoint));
  p->options.output.replace = !found; /* a run that never came to a checkpoint starts again */
  return simulate(session, p, found ? checkpoint : NULL, exit_code);
}

static mn_error *resume(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "resume needs a run directory: mnemotaxis resume DIR [section.key=value ...]");
  }
  prepared *p = NULL;
  MN_TRY(mn_alloc(&p, 1, sizeof *p));
  mn_error *error = resume_from(session, p, exit_code);
  release(p);
  mn_free(&p);
  return error;
}

const mn_command mn_command_run = {"run", "CASE.ini [section.key=value ...]",
                                   "simulate; writes the run directory output.directory", run, false};
const mn_command mn_command_resume = {"resume", "DIR [section.key=value ...]",
                                      "go on from DIR's newest good checkpoint, on any number of ranks", resume, true};
