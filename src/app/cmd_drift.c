/* drift: the memory drift of given paths, without a simulation. */
#include "command.h"

#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

/* Steps may differ, but not so wildly that the youngest lag cannot be integrated. */
static mn_error *check_steps(const mn_paths *paths)
{
  const double largest_ratio = 1000.0;
  for (int64_t k = 2; k < paths->samples; k++) {
    const double before = paths->times[k - 1] - paths->times[k - 2];
    const double after = paths->times[k] - paths->times[k - 1];
    if (before > largest_ratio * after) {
      return mn_error_create(MN_DATA,
                             "%s: the step to sample %lld is more than 1000 times shorter than the one before it",
                             paths->path, (long long)k);
    }
  }
  return NULL;
}

static void find_steps(const mn_paths *paths, mn_drift_options *options)
{
  options->shortest_step = INFINITY;
  options->longest_step = 0.0;
  double before = 0.0;
  for (int64_t k = 1; k < paths->samples; k++) {
    const double step = paths->times[k] - paths->times[k - 1];
    options->shortest_step = fmin(options->shortest_step, step);
    options->longest_step = fmax(options->longest_step, step);
    options->steps_shrink = options->steps_shrink || (k > 1 && step < before);
    before = step;
  }
}

static mn_error *sum_drift(const mn_parallel *parallel, const mn_values *v, const mn_paths *paths, mn_drift *drift,
                           mn_history *past, double *x, double *out)
{
  const int64_t last = paths->samples - 1;
  for (int64_t k = 0; k < last; k++) {
    MN_TRY(mn_paths_sample(parallel, paths, k, x));
    MN_TRY(mn_drift_remember(drift, past, paths->times[k], paths->times[k + 1] - paths->times[k], x));
  }
  MN_TRY(mn_paths_sample(parallel, paths, last, x));
  MN_TRY(mn_drift_evaluate(drift, past, paths->times[last], 0.0, x, out));
  return mn_dataset_write(parallel, v->output_file, "/drift", paths->count, out);
}

static mn_error *allocate(int64_t local, double **x, double **out)
{
  MN_TRY(mn_alloc(x, 2 * local, sizeof **x));
  return mn_alloc(out, 2 * local, sizeof **out);
}

static mn_error *evaluate_paths(const mn_parallel *parallel, const mn_values *v, const mn_paths *paths)
{
  mn_model model;
  mn_drift_options drift_options;
  mn_history_options history_options;
  mn_drift *drift = NULL;
  mn_history *past = NULL;
  double *x = NULL;
  double *out = NULL;
  const int64_t local = mn_block_count(mn_block_of(paths->count, parallel->rank, parallel->size));
  mn_case_model(v, &model, &drift_options, &history_options);
  find_steps(paths, &drift_options);
  const mn_drift_engine *engine = NULL;
  mn_error *error = check_steps(paths);
  const double variance = 1.0; /* a guess: only auto asks, and only for speed */
  error = error ? error : mn_case_engine(v, &model, &drift_options, paths->count, variance, &engine);
  error = error ? error : mn_case_spacing(v, &model, &drift_options, paths->count, engine);
  error = error ? error : mn_drift_create(parallel, engine, &model, &drift_options, paths->count, &drift);
  error = error ? error : mn_history_create(parallel, &model, &history_options, paths->count, &past);
  error = error ? error : mn_agree(parallel, allocate(local, &x, &out));
  error = error ? error : sum_drift(parallel, v, paths, drift, past, x, out);
  mn_free(&x);
  mn_free(&out);
  mn_history_destroy(&past);
  mn_drift_destroy(&drift);
  return error;
}

static mn_error *drift_command(const mn_session *session, int *exit_code)
{
  if (session->count < 1) {
    return mn_error_create(MN_USAGE, "drift needs a file of paths: mnemotaxis drift PATHS.h5 [section.key=value ...]");
  }
  mn_config *config = NULL;
  mn_paths paths = {.samples = 0};
  MN_TRY(mn_alloc(&config, 1, sizeof *config));
  mn_config_defaults(config);
  mn_error *error = mn_session_overrides(session, 1, config);
  error = error ? error : mn_config_finish(config);
  error = error ? error : mn_session_prices(session, config);
  error = error ? error : mn_case_has_memory(config);
  error = error ? error : mn_paths_open(session->parallel, session->argument[0], &paths);
  error = error ? error : evaluate_paths(session->parallel, &config->values, &paths);
  if (!error && session->parallel->rank == 0) {
    printf("drift of %lld cells after %lld samples, time %.6g: /drift [N, 2] in %s\n", (long long)paths.count,
           (long long)paths.samples, paths.times[paths.samples - 1], config->values.output_file);
  }
  *exit_code = MN_EXIT_FINISHED;
  mn_free(&paths.times);
  mn_free(&config);
  return error;
}

const mn_command mn_command_drift = {"drift", "PATHS.h5 [section.key=value ...]",
                                     "memory drift of given paths; writes /drift [N, 2] to output.file", drift_command,
                                     false};
