#include "study_case.h"

#include <mnemotaxis/journal.h>
#include <stdio.h>
#include <string.h>

const int64_t case_counts[CASE_COUNTS] = {4, 12, 40};
const char *const case_names[CASE_VARIATIONS] = {"model.chi=1", "model.chi=3 and a blank"};
mn_run_options case_runs[CASE_VARIATIONS][CASE_COUNTS];

char case_one[CASE_PATH], case_other[CASE_PATH];

int case_directories(void **state)
{
  const int failed = check_directory_setup(state);
  snprintf(case_one, sizeof case_one, "%s/one", check_directory);
  snprintf(case_other, sizeof case_other, "%s/deep/other", check_directory);
  return failed;
}

static mn_variation variations[CASE_VARIATIONS];

mn_study_options case_study(const char *directory)
{
  for (int v = 0; v < CASE_VARIATIONS; v++) {
    for (int c = 0; c < CASE_COUNTS; c++) {
      mn_run_options *o = &case_runs[v][c];
      *o = (mn_run_options){.count = case_counts[c],
                            .steps = CASE_STEPS,
                            .engine = &mn_drift_direct,
                            .drift = {.tolerance = 1e-3},
                            .history = {.tolerance = 1e-3}};
      o->dynamics =
          (mn_dynamics){.model = {.theta = 2.0, .chi = 1.0 + 2.0 * v}, .scheme = MN_SCHEME_EULER, .noise_substeps = 1};
      check_ok(mn_schedule_make(0.05, 0.0, 1.5, &o->dynamics.schedule));
      o->initial = (mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = 0.5};
    }
    variations[v] = (mn_variation){.name = case_names[v], .run = case_runs[v]};
  }
  return (mn_study_options){.directory = directory,
                            .variations = CASE_VARIATIONS,
                            .variation = variations,
                            .counts = CASE_COUNTS,
                            .count = case_counts,
                            .replicas = CASE_REPLICAS,
                            .seed = 3,
                            .part = 1,
                            .parts = 1};
}

mn_study_result case_go_on(const mn_parallel *parallel, const mn_study_options *options)
{
  mn_study_result result;
  check_ok(mn_study(parallel, options, NULL, NULL, &result));
  return result;
}

void case_finish(const mn_parallel *parallel, const mn_study_options *options)
{
  mn_study_result result = case_go_on(parallel, options);
  assert_int_equal(result.outcome, MN_FINISHED);
  assert_true(result.complete);
  mn_study_result_clear(&result);
}

static void read_bytes(const char *directory, case_bytes *bytes)
{
  char path[CASE_PATH + 16];
  snprintf(path, sizeof path, "%s/study.h5", directory);
  MPI_Barrier(check_world()->comm);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  bytes->size = (long)fread(bytes->byte, 1, sizeof bytes->byte, file);
  fclose(file);
  assert_in_range(bytes->size, 1, sizeof bytes->byte - 1);
  MPI_Barrier(check_world()->comm);
}

void case_alone(mn_study_options options, case_bytes *bytes)
{
  char directory[CHECK_PATH];
  check_directory_create(directory);
  options.directory = directory;
  if (check_world()->rank == 0) {
    mn_parallel alone;
    mn_parallel_create(MPI_COMM_SELF, &alone);
    case_finish(&alone, &options);
    mn_parallel_destroy(&alone);
  }
  read_bytes(directory, bytes);
  check_directory_remove(directory);
}

const case_bytes *case_truth(void)
{
  static case_bytes truth;
  if (truth.size == 0) {
    case_alone(case_study(""), &truth);
  }
  return &truth;
}

void case_check_bytes(const char *directory, const case_bytes *expected)
{
  static case_bytes found;
  long at = 0;
  read_bytes(directory, &found);
  while (at < found.size && at < expected->size && found.byte[at] == expected->byte[at]) {
    at++;
  }
  if (at < found.size || at < expected->size) {
    fail_msg("study.h5 of %s is wrong from byte %ld of %ld on", directory, at, expected->size);
  }
}

static mn_error *take(void *context, const char *line)
{
  case_lines *l = context;
  char name[64];
  long long count;
  long long replica;
  int c = 0;
  assert_int_equal(sscanf(line, "%63[^\t]\t%lld\t%lld\t", name, &count, &replica), 3);
  const int v = strcmp(name, case_names[0]) == 0 ? 0 : 1;
  assert_string_equal(name, case_names[v]);
  while (c < CASE_COUNTS - 1 && case_counts[c] != count) {
    c++;
  }
  assert_true(case_counts[c] == count && replica >= 0 && replica < CASE_REPLICAS);
  l->all++;
  l->failed += strstr(line, "\tfailed\t") != NULL;
  l->of[v][c][replica]++;
  return NULL;
}

case_lines case_lines_of(const char *directory, const char *prefix)
{
  case_lines l = {0};
  MPI_Barrier(check_world()->comm);
  check_ok(mn_journal_read(directory, prefix, take, &l));
  MPI_Barrier(check_world()->comm);
  return l;
}

void case_check_each_once(const char *directory)
{
  const case_lines l = case_lines_of(directory, "journal");
  assert_int_equal(l.all, CASE_TASKS);
  for (int task = 0; task < CASE_TASKS; task++) {
    const int row = task / CASE_REPLICAS;
    assert_int_equal(l.of[row / CASE_COUNTS][row % CASE_COUNTS][task % CASE_REPLICAS], 1);
  }
}
