/* study: many runs, from a study file to tables, rates and study.h5. */
#include "command.h"
#include "product.h"
#include "progress.h"

#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/solver.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first line of used.ini tells what a directory holds. */
static const char mark[] = "; a study of: mnemotaxis study\n";

enum { PATH_BYTES = 4096 };

bool mn_study_was_used(const char *used)
{
  return strstr(used, mark) != NULL;
}

/* The case beside the study file, then the study file over it. */
static mn_error *read_study(const mn_session *session, mn_config *config)
{
  char path[PATH_BYTES];
  const char *file = session->argument[0];
  MN_TRY(mn_session_config(session, config));
  if (config->values.study_case[0] == '\0') {
    return NULL;
  }
  const char *slash = strrchr(file, '/');
  const int folder = slash && config->values.study_case[0] != '/' ? (int)(slash - file) + 1 : 0;
  snprintf(path, sizeof path, "%.*s%s", folder, file, config->values.study_case);
  mn_config_defaults(config);
  mn_error *error = mn_session_read(session, path, config);
  if (error) {
    return mn_error_within(error, "%s: study.case", file);
  }
  return mn_session_read(session, file, config);
}

/* Keys that a run may change on resume, but that the results of a study depend on. */
static mn_error *check_same_results(const mn_config *config, const mn_config *stored)
{
  static const char *const names[] = {"time.end", "study.limit"};
  for (int k = 0; k < 2; k++) {
    int key;
    MN_TRY(mn_config_find(names[k], "study", &key));
    if (strcmp(config->text[key], stored->text[key]) != 0) {
      return mn_error_create(MN_USAGE, "%s: %s = %.200s, but its runs were made with %.200s", config->origin[key],
                             names[k], config->text[key], stored->text[key]);
    }
  }
  return NULL;
}

/* The settings the directory was begun with must be the same, but for what a study may change as it goes on. */
static mn_error *check_directory(const mn_session *session, const mn_config *config)
{
  char path[PATH_BYTES];
  char *text = NULL;
  mn_config *stored = NULL;
  snprintf(path, sizeof path, "%s/used.ini", config->values.directory);
  if (mn_any(session->parallel, session->parallel->rank == 0 && access(path, F_OK) != 0)) {
    return NULL;
  }
  MN_TRY(mn_config_file(session->parallel, path, &text));
  mn_error *error = NULL;
  if (!mn_study_was_used(text)) {
    error = mn_error_create(MN_USAGE, "output.directory = %s holds a run, not a study", config->values.directory);
  }
  error = error ? error : mn_alloc(&stored, 1, sizeof *stored);
  if (!error) {
    mn_config_defaults(stored);
    error = mn_config_read(stored, path, text, MN_READ_USED);
    error = error ? error : mn_config_same_run(config, stored);
    error = error ? error : check_same_results(config, stored);
    error = error ? mn_error_within(error, "%s holds another study", config->values.directory) : NULL;
  }
  mn_free(&stored);
  mn_free(&text);
  return error;
}

/* Jobs of one study may come here at the same time: the file is never seen half-written. */
static mn_error *write_used(const mn_config *config)
{
  char path[PATH_BYTES];
  char temporary[PATH_BYTES + 32];
  char *text = NULL;
  MN_TRY(mn_journal_directory(config->values.directory));
  MN_TRY(mn_config_text(config, false, true, &text));
  snprintf(path, sizeof path, "%s/used.ini", config->values.directory);
  snprintf(temporary, sizeof temporary, "%s.tmpXXXXXX", path);
  const int fd = mkstemp(temporary);
  FILE *out = fd >= 0 && fchmod(fd, 0644) == 0 ? fdopen(fd, "w") : NULL;
  const bool good = out && fputs(mark, out) >= 0 && fputs(text, out) >= 0;
  const bool closed = out && fclose(out) == 0;
  mn_free(&text);
  return good && closed && rename(temporary, path) == 0 ? NULL : mn_error_create(MN_IO, "cannot write %s", path);
}

static void report(void *context, const mn_study_progress *p)
{
  mn_reporting *r = context;
  char left[32];
  if (p->event) {
    mn_report_line(r, "%s: %lld of %lld runs are done", p->event, (long long)p->done, (long long)p->tasks);
    return;
  }
  if (p->seconds - r->last_line < r->interval) {
    return;
  }
  mn_describe_seconds(p->left, left);
  mn_report_line(r, "%.0f s, left about %s", p->seconds, left);
  r->last_line = p->seconds;
}

static void print_row(mn_reporting *r, const mn_product *p, const mn_study_result *result, int64_t row)
{
  const mn_estimate *e = result->estimate + row * MN_QUANTITIES;
  mn_report_line(r, "  %9lld %5lld%s %10.4f %8.4f %10.3e %8.1e %10.3e %8.1e %10.3e %8.1e",
                 (long long)p->count[row % p->counts], (long long)result->replicas[row],
                 result->failed[row] ? "!" : " ", e[MN_QUANTITY_SQUARE].value, e[MN_QUANTITY_SQUARE].error,
                 e[MN_QUANTITY_COUPLING].value, e[MN_QUANTITY_COUPLING].error,
                 e[MN_QUANTITY_DISTANCE + MN_SLICED].value, e[MN_QUANTITY_DISTANCE + MN_SLICED].error,
                 e[MN_QUANTITY_CORRELATION + 1].value, e[MN_QUANTITY_CORRELATION + 1].error);
}

static void print_fits(mn_reporting *r, const mn_study_result *result, int v)
{
  for (int q = 0; q < MN_QUANTITIES; q++) {
    const mn_fit *f = &result->fit[(int64_t)v * MN_QUANTITIES + q];
    const mn_quantity_info info = mn_quantity_at(q);
    if (info.target < 0.0 && isfinite(f->exponent)) {
      mn_report_line(r, "  %-20s ~ %.3g N^%.3f, 95 %% between %.3f and %.3f; empirical target %.1f", info.name,
                     f->prefactor, f->exponent, f->low, f->high, info.target);
    }
  }
}

/* What the last variation has otherwise, run by run with the same noise: errors of steps and tolerances. */
static void print_paired(mn_reporting *r, const mn_product *p, const mn_study_result *result, int v)
{
  if (v == p->variations - 1) {
    return;
  }
  mn_report_line(r, "  less the last variation, same noise:");
  for (int k = 0; k < p->counts; k++) {
    const mn_estimate *e = result->paired + ((int64_t)v * p->counts + k) * MN_QUANTITIES;
    mn_report_line(r, "  %9lld        %+10.5f %8.5f %+10.2e %8.1e %+10.2e %8.1e %+10.2e %8.1e", (long long)p->count[k],
                   e[MN_QUANTITY_SQUARE].value, e[MN_QUANTITY_SQUARE].error, e[MN_QUANTITY_COUPLING].value,
                   e[MN_QUANTITY_COUPLING].error, e[MN_QUANTITY_DISTANCE + MN_SLICED].value,
                   e[MN_QUANTITY_DISTANCE + MN_SLICED].error, e[MN_QUANTITY_CORRELATION + 1].value,
                   e[MN_QUANTITY_CORRELATION + 1].error);
  }
}

static int64_t failures_of(const mn_study_result *result)
{
  int64_t failed = 0;
  for (int64_t row = 0; row < (int64_t)result->variations * result->counts; row++) {
    failed += result->failed[row];
  }
  return failed;
}

static void conclude(mn_reporting *r, const mn_product *p, const mn_study_result *result, const char *directory)
{
  for (int v = 0; v < p->variations; v++) {
    mn_report_line(r, "%s:", p->name[v]);
    mn_report_line(r, "  %9s %6s %19s %19s %19s %19s", "cells", "runs", "E|X|^2", "coupling E|X-Y|^2",
                   "sliced Wasserstein", "correlation_1");
    for (int k = 0; k < p->counts; k++) {
      print_row(r, p, result, (int64_t)v * p->counts + k);
    }
    print_paired(r, p, result, v);
    print_fits(r, result, v);
  }
  if (failures_of(result) > 0) {
    mn_report_line(r, "%lld runs have failed (!); the reasons are in %s/journal-*.txt; the same command tries again",
                   (long long)failures_of(result), directory);
  }
  if (isfinite(result->busy)) {
    mn_report_line(r, "ranks were busy with runs %.0f %% of the time", 100.0 * result->busy);
  }
  if (result->outcome == MN_STOPPED) {
    mn_report_line(r, "stopped early; the same command goes on");
  } else {
    mn_report_line(r, "%s: study.h5 is in %s", result->complete ? "finished" : "this part is finished", directory);
  }
}

static mn_error *work(const mn_session *session, const mn_config *config, const mn_product *p, int *exit_code)
{
  const mn_values *v = &config->values;
  const mn_study_options options = {.directory = v->directory,
                                    .variations = p->variations,
                                    .variation = p->variation,
                                    .counts = p->counts,
                                    .count = p->count,
                                    .replicas = v->study_replicas,
                                    .seed = (uint32_t)v->seed,
                                    .limit = v->study_limit == 1,
                                    .groups = (int)v->study_groups,
                                    .part = (int)v->study_part,
                                    .parts = (int)v->study_parts,
                                    .stop = {.wall_minutes = v->wall_minutes, .requested = session->stop_requested}};
  mn_study_result result;
  mn_reporting reporting = {.directory = v->directory, .interval = v->progress};
  mn_error *error = mn_study(session->parallel, &options, report, &reporting, &result);
  if (!error && session->parallel->rank == 0) {
    conclude(&reporting, p, &result, v->directory);
  }
  if (!error) {
    *exit_code = result.outcome == MN_STOPPED ? MN_EXIT_RESUME
                 : failures_of(&result) > 0   ? MN_INTERNAL
                                              : MN_EXIT_FINISHED;
  }
  mn_study_result_clear(&result);
  mn_report_end(&reporting);
  return error;
}

static mn_error *prepare(const mn_session *session, mn_config *config, mn_product *p)
{
  MN_TRY(read_study(session, config));
  if (config->values.calibrate == MN_CALIBRATE_ALL) {
    return mn_config_blame(config, "drift.calibrate", "drift.prices",
                           mn_error_create(MN_USAGE,
                                           "drift.calibrate = yes is not for studies, which have to go on with "
                                           "the same choices: the command plan measures drift.prices"));
  }
  int calibrate;
  MN_TRY(mn_config_find("drift.calibrate", "study", &calibrate));
  MN_TRY(mn_config_store(config, calibrate, "no", "studies go by constants"));
  MN_TRY(mn_config_finish(config));
  if (config->values.study_part > config->values.study_parts) {
    return mn_config_blame(config, "study.part", "study.parts",
                           mn_error_create(MN_USAGE, "study.part = %lld is not among study.parts = %lld",
                                           (long long)config->values.study_part,
                                           (long long)config->values.study_parts));
  }
  MN_TRY(mn_product_make(config, p));
  for (int k = 0; k < p->variations * p->counts; k++) {
    MN_TRY(mn_session_memory(session, &p->run[k]));
  }
  MN_TRY(check_directory(session, config));
  return mn_agree(session->parallel, session->parallel->rank == 0 ? write_used(config) : NULL);
}

static mn_error *study(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "study needs a study file: mnemotaxis study STUDY.ini [section.key=value ...]");
  }
  mn_config *config = NULL;
  mn_product product = {0};
  MN_TRY(mn_alloc(&config, 1, sizeof *config));
  mn_error *error = prepare(session, config, &product);
  const bool solves = !error && config->values.study_limit == 1;
  if (solves) {
    error = mn_solver_start(session->parallel, session->solver_count, session->solver_argument);
  }
  if (!error) {
    error = work(session, config, &product, exit_code);
    if (solves && (!error || error->code == MN_USAGE || error->code == MN_DATA)) {
      mn_solver_end();
    }
  }
  mn_product_clear(&product);
  mn_free(&config);
  return error;
}

const mn_command mn_command_study = {
    "study", "STUDY.ini [section.key=value ...]",
    "many runs: numbers of cells x replicas x parameters over groups of ranks; goes on where it was", study, false};
