/* pde: the continuum equation for a case, from the command line to a run directory. */
#include "command.h"
#include "progress.h"

#include <mnemotaxis/dataset.h>
#include <mnemotaxis/laws.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/solver.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

/* What a case keeps alive while it goes on. */
typedef struct prepared {
  mn_witness_options options;
  char *parameters;
  char *used;
  double *nodes; /* of a gridded c_0 */
} prepared;

static const char mark[] = "; a case of: mnemotaxis pde\n";

bool mn_pde_was_used(const char *used)
{
  return strstr(used, mark) != NULL;
}

/* The settings, with a line that tells resume what the directory is. */
static mn_error *make_used(const mn_config *config, char **used)
{
  MN_TRY(mn_config_text(config, false, true, used));
  const size_t length = strlen(*used);
  MN_TRY(mn_resize(used, (int64_t)(length + sizeof mark), 1));
  memmove(*used + sizeof mark - 1, *used, length + 1);
  memcpy(*used, mark, sizeof mark - 1);
  return NULL;
}

static mn_error *prepare(const mn_session *session, const mn_config *config, prepared *p)
{
  const mn_values *v = &config->values;
  MN_TRY(mn_case_witness(config, &p->options));
  MN_TRY(mn_config_text(config, true, false, &p->parameters));
  MN_TRY(make_used(config, &p->used));
  p->options.parameters = p->parameters;
  p->options.used = p->used;
  p->options.stop.requested = session->stop_requested;
  if (v->c0 == MN_FIELD_GRID) {
    MN_TRY(mn_dataset_field(session->parallel, v->c0_file, v->c0_dataset, &p->options.pde.field, &p->nodes));
  }
  return NULL;
}

static void release(prepared *p)
{
  mn_free(&p->parameters);
  mn_free(&p->used);
  mn_free(&p->nodes);
}

static void report(void *context, const mn_witness_progress *p)
{
  mn_reporting *r = context;
  const mn_pde_report *now = p->pde;
  if (p->event) {
    mn_report_line(r, "%s at step %lld, time %.6g", p->event, (long long)now->step, now->time);
    return;
  }
  if (p->seconds - r->last_line < r->interval && now->time < p->end) {
    return;
  }
  const double share = now->time / p->end;
  mn_report_line(
      r,
      "step %lld  time %-8.6g %3.0f %%  next step %.3g  peak %.5g  mesh %d x %d from %.3g  left about %.0f s  "
      "output %.0f %%",
      (long long)now->step, now->time, 100.0 * share, now->next_step, now->peak, now->cells[0], now->cells[1],
      now->smallest_cell, p->seconds * (1.0 - share) / fmax(share, 1e-9), 100.0 * p->output);
  r->last_line = p->seconds;
}

/* An exact E|X_t|^2, where one is known, and its name; NaN where not. */
static double exact_square(const mn_pde_options *o, double first_square, double t, const char **law)
{
  const mn_model *m = &o->model;
  *law = "";
  if (m->chi == 0.0) {
    *law = "free diffusion";
    return first_square + 4.0 * t;
  }
  if (m->theta == 0.0 && m->lambda == 0.0) {
    *law = "virial law";
    return first_square + (4.0 - m->chi / (2.0 * 3.14159265358979323846)) * t;
  }
  return NAN;
}

static void print_row(mn_reporting *r, const char *name, double value, double exact, const char *law)
{
  char text[32] = "";
  if (isfinite(exact)) {
    snprintf(text, sizeof text, "%.7g", exact);
  }
  mn_report_line(r, "  %-22s %14.7g %14s  %s", name, value, text, law);
}

static void conclude(mn_reporting *r, const mn_witness_options *o, const mn_witness_report *w)
{
  const mn_observation *last = &w->last;
  const mn_pde_report *p = &w->pde;
  const char *law;
  const double exact = exact_square(&o->pde, w->first_square, last->time, &law);
  mn_report_line(r, "at time %.6g, mesh %d x %d, smallest cell %.3g:", last->time, p->cells[0], p->cells[1],
                 p->smallest_cell);
  mn_report_line(r, "  %-22s %14s %14s  %s", "observable", "found", "exact", "law");
  print_row(r, "E|X|^2", last->value[MN_MEAN_SQUARE], exact, law);
  print_row(r, "largest density", last->value[MN_PEAK_DENSITY], NAN, "");
  print_row(r, "L2 norm of density", last->value[MN_DENSITY_L2], NAN, "");
  print_row(r, "median radius", last->value[MN_RADIUS_Q50], NAN, "");
  print_row(r, "chemical mass", last->value[MN_CHEMICAL_MASS], NAN, "");
  print_row(r, "mass near the border", last->value[MN_EDGE_MASS], NAN, "");
  mn_report_line(r,
                 "%lld steps (%lld tried again), %lld meshes, %.1f iterations a solve; mass moved to stay non-negative "
                 "%.2g, mended %.2g",
                 (long long)p->step, (long long)p->rejected, (long long)p->meshes,
                 (double)p->iterations / fmax((double)p->solves, 1.0), p->moved_mass, p->mass_defect);
  if (w->concentrating) {
    mn_report_line(r, "concentrating: peak %.6g, smallest cell %.3g, last trusted time %.9g", p->peak, p->smallest_cell,
                   p->trusted_time);
  }
  mn_report_line(r,
                 w->outcome == MN_FINISHED ? "finished: series.h5, snapshots.h5, checkpoint.h5 are in %s"
                                           : "stopped early; go on with: mnemotaxis resume %s",
                 o->output.directory);
}

/* The solver's own account of a failure, where the directory is already ours. */
static void log_trace(const mn_reporting *r)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/log.txt", r->directory);
  FILE *log = access(path, F_OK) == 0 ? fopen(path, "a") : NULL;
  if (log) {
    fprintf(log, "%s", mn_solver_trace());
    fclose(log);
  }
}

static mn_error *solve(const mn_session *session, const mn_config *config, prepared *p, const char *checkpoint,
                       int *exit_code)
{
  mn_witness_report result;
  mn_reporting reporting = {.directory = p->options.output.directory, .interval = config->values.progress};
  mn_error *error = mn_witness(session->parallel, &p->options, checkpoint, report, &reporting, &result);
  if (!error && session->parallel->rank == 0) {
    conclude(&reporting, &p->options, &result);
  }
  if (!error) {
    *exit_code = result.outcome == MN_FINISHED ? MN_EXIT_FINISHED : MN_EXIT_RESUME;
  }
  mn_report_end(&reporting);
  if (error && error->code == MN_INTERNAL && session->parallel->rank == 0) {
    log_trace(&reporting);
  }
  return error;
}

mn_error *mn_pde_session(const mn_session *session, const mn_config *config, const char *checkpoint, bool replace,
                         int *exit_code)
{
  prepared p = {.nodes = NULL};
  mn_error *error = prepare(session, config, &p);
  if (!error) {
    p.options.output.replace = p.options.output.replace || replace;
    error = mn_solver_start(session->parallel, session->solver_count, session->solver_argument);
  }
  if (!error) {
    error = solve(session, config, &p, checkpoint, exit_code);
    if (!error || error->code == MN_USAGE || error->code == MN_DATA) { /* after other failures main ends all ranks */
      mn_solver_end();
    }
  }
  release(&p);
  return error;
}

static mn_error *pde(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "pde needs a case file: mnemotaxis pde CASE.ini [section.key=value ...]");
  }
  mn_config *config = NULL;
  MN_TRY(mn_alloc(&config, 1, sizeof *config));
  mn_error *error = mn_session_config(session, config);
  error = error ? error : mn_pde_session(session, config, NULL, false, exit_code);
  mn_free(&config);
  return error;
}

const mn_command mn_command_pde = {
    "pde", "CASE.ini [section.key=value ...] [-- SOLVER OPTIONS]",
    "the continuum equation for the same case; writes the run directory output.directory", pde, true};
