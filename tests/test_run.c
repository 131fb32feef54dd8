/* Runs from options to outcome.  Truth: an uninterrupted run, byte by byte; the counts and times that were asked for;
 * mass of the chemical in closed form; the memory that was really allocated. */
#include "check.h"

#include <ftw.h>
#include <math.h>
#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <mnemotaxis/series.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 20, PATH = 1024 };

static bool is_there(const char *run, const char *name)
{
  char path[PATH];
  MPI_Barrier(check_world()->comm);
  assert_true(snprintf(path, sizeof path, "%s/%s", run, name) < (int)sizeof path);
  return access(path, F_OK) == 0;
}

/* What a run has told, on rank 0. */
typedef struct story {
  int64_t reports, last_step;
  int events;
  char event[8][64];
  bool in_order;
} story;

static void listen(void *context, const mn_progress *progress)
{
  story *s = context;
  s->reports++;
  s->in_order = s->in_order && progress->step >= s->last_step && progress->step <= progress->steps;
  s->last_step = progress->step;
  if (progress->event && s->events < 8) {
    snprintf(s->event[s->events++], 64, "%s", progress->event);
  }
}

/* Counts down to a request to stop. */
static bool enough(void *context)
{
  int *left = context;
  return --*left == 0;
}

/* 100 cells, a ramp and steps of 0.05: a bit of everything. */
static mn_run_options small(const char *run)
{
  mn_run_options o = {.count = 100,
                      .engine = &mn_drift_direct,
                      .drift = {.tolerance = 1e-3},
                      .history = {.tolerance = 1e-3},
                      .parameters = "particles.count = 100\n",
                      .used = "# used\n"};
  o.dynamics = (mn_dynamics){.model = {.theta = 2.0, .chi = 3.0}, .seed = 7, .noise_substeps = 1};
  o.dynamics.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{1.0, 0.5, 0.0, 0.4}}};
  check_ok(mn_schedule_make(0.05, 0.01, 1.5, &o.dynamics.schedule));
  o.steps = STEPS;
  o.initial = (mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = 0.5};
  o.output = (mn_output_options){
      .directory = run, .every = 3, .snapshot_every = 5, .path_every = 5, .drift = true, .fields = 8};
  memcpy(o.output.radii, (double[MN_SHARES]){0.5, 1.0, 2.0, 4.0}, sizeof o.output.radii);
  return o;
}

static mn_run_report finished_run(const mn_parallel *p, const mn_run_options *o, const char *checkpoint,
                                  mn_outcome outcome)
{
  mn_run_report report;
  check_ok(mn_run(p, o, checkpoint, NULL, NULL, &report));
  assert_int_equal(report.outcome, outcome);
  return report;
}

/* Expected and true bytes must come first: the peak of a process never falls. */
static void expected_bytes_are_those_of_the_peak(void **state)
{
  (void)state;
  char run[PATH];
  snprintf(run, sizeof run, "%s/run", check_directory);
  mn_run_options o = small(run);
  o.count = 1500;
  o.steps = 100;
  o.dynamics.scheme = MN_SCHEME_AVERAGED;
  o.history.tolerance = 1e-6;
  o.output = (mn_output_options){.directory = run, .every = 100};
  check_ok(mn_schedule_make(0.05, 0.0, 1.5, &o.dynamics.schedule));
  const double expected = (double)mn_run_expected_bytes(&o, check_world()->size);
  const mn_run_report report = finished_run(check_world(), &o, NULL, MN_FINISHED);
  check_relative(expected, (double)report.peak_bytes, 0.05, "the header's 5 %");
}

static void a_finished_run_leaves_its_files(void **state)
{
  (void)state;
  char run[PATH];
  snprintf(run, sizeof run, "%s/deep/run", check_directory);
  const mn_run_options o = small(run);
  const mn_run_report report = finished_run(check_world(), &o, NULL, MN_FINISHED);
  static const char *const names[] = {"used.ini",      "series.h5",     "snapshots.h5",
                                      "snapshots.xmf", "checkpoint.h5", "paths.h5"};
  for (int k = 0; k < 6; k++) {
    assert_true(is_there(run, names[k]));
  }
  for (int k = 0; k <= STEPS; k++) {
    char name[64];
    snprintf(name, sizeof name, "snapshots/%010d.h5", k);
    assert_int_equal(is_there(run, name), k % 5 == 0);
  }
  assert_int_equal(report.last.step, STEPS);
  assert_true(report.last.time == mn_schedule_time(&o.dynamics.schedule, STEPS));
  assert_true(report.forgotten == 0 && report.forgotten_drift == 0.0);
  check_at_most((double)report.history_bytes, (double)report.peak_bytes, "a part of it");
}

static void the_series_has_a_row_whenever_one_is_due(void **state)
{
  (void)state;
  char run[PATH];
  char path[PATH + 16];
  mn_series series = {0};
  snprintf(run, sizeof run, "%s/run", check_directory);
  snprintf(path, sizeof path, "%s/series.h5", run);
  mn_run_options o = small(run);
  o.dynamics.model.lambda = 1.5;
  o.output.drift = false;
  check_ok(mn_schedule_make(0.0625, 0.0, 1.5, &o.dynamics.schedule));
  const mn_run_report report = finished_run(check_world(), &o, NULL, MN_FINISHED);
  check_ok(mn_series_read(check_world(), path, &series));
  assert_int_equal(series.rows, STEPS / 3 + 2); /* 0, 3, ..., 18, 20 */
  for (int64_t k = 0; k < series.rows; k++) {
    const mn_observation *row = &series.row[k];
    assert_int_equal(row->step, k < series.rows - 1 ? 3 * k : STEPS);
    assert_true(row->time == mn_schedule_time(&o.dynamics.schedule, row->step));
    const double decay = exp(-1.5 * row->time / 2.0); /* c_0 has mass 2 pi 0.4^2 */
    const double mass = 0.32 * 3.14159265358979323846 * decay + (1.0 - decay) / 1.5;
    check_relative(row->value[MN_CHEMICAL_MASS], mass, 1e-12, "closed form");
    assert_true(row->value[MN_FORGOTTEN_DRIFT] == 0.0);
  }
  assert_memory_equal(series.row[series.rows - 1].value, report.last.value, sizeof report.last.value);
  mn_series_clear(&series);
}

static void rank_zero_hears_of_every_step_and_event(void **state)
{
  (void)state;
  char run[PATH];
  story told = {.in_order = true};
  mn_run_report report;
  snprintf(run, sizeof run, "%s/run", check_directory);
  mn_run_options o = small(run);
  o.stop.checkpoint_steps = 8;
  check_ok(mn_run(check_world(), &o, NULL, listen, &told, &report));
  if (check_world()->rank > 0) {
    assert_int_equal(told.reports, 0);
    return;
  }
  assert_int_equal(told.events, 4);
  assert_int_equal(told.reports, STEPS + told.events);
  assert_true(told.in_order && told.last_step == STEPS);
  assert_string_equal(told.event[0], "started");
  assert_string_equal(told.event[1], "checkpoint");
  assert_string_equal(told.event[3], "finished");
}

static char other_run[PATH];
static int compared;

/* Compares a file of `directory`/one with its namesake in other_run. */
static int compare_entry(const char *name, const struct stat *info, int kind, struct FTW *where)
{
  (void)where;
  if (kind != FTW_F) {
    return 0;
  }
  char namesake[2 * PATH];
  snprintf(namesake, sizeof namesake, "%s%s", other_run, name + strlen(check_directory) + 4);
  FILE *const files[2] = {fopen(name, "rb"), fopen(namesake, "rb")};
  int64_t same = 0;
  for (int byte = fgetc(files[0]); files[1] && byte != EOF && byte == fgetc(files[1]); byte = fgetc(files[0])) {
    same++;
  }
  const bool equal = files[1] && same == info->st_size && fgetc(files[1]) == EOF;
  fclose(files[0]);
  if (files[1]) {
    fclose(files[1]);
  }
  compared++;
  print_message("%s", equal ? "" : namesake);
  return equal ? 0 : 1;
}

/* All files of runs "one" and "two", both ways. */
static void check_same_files(void)
{
  static const char *const names[] = {"one", "two"};
  MPI_Barrier(check_world()->comm);
  for (int k = 0; k < 2; k++) {
    char run[PATH];
    compared = 0;
    snprintf(run, sizeof run, "%s/%s", check_directory, names[k]);
    snprintf(other_run, sizeof other_run, "%s/%s", check_directory, names[1 - k]);
    assert_int_equal(nftw(run, compare_entry, 16, FTW_PHYS), 0);
    assert_int_equal(compared, 6 + STEPS / 5 + 1);
  }
  MPI_Barrier(check_world()->comm);
}

/* Runs "one" without and "two" with interruptions; `resumed_on` carries it on. */
static void check_interrupted(mn_run_options *o, const mn_parallel *resumed_on)
{
  char one[PATH];
  char two[PATH];
  char checkpoint[PATH];
  char notes[PATH];
  snprintf(one, sizeof one, "%s/one", check_directory);
  snprintf(two, sizeof two, "%s/two", check_directory);
  o->output.directory = two;
  finished_run(check_world(), o, NULL, MN_STOPPED);
  for (int left = STEPS; resumed_on && left > 0; left--) {
    mn_run_report report;
    check_ok(mn_checkpoint_find(resumed_on, two, checkpoint, notes, PATH));
    assert_string_equal(notes, "");
    check_ok(mn_run(resumed_on, o, checkpoint, NULL, NULL, &report));
    left = report.outcome == MN_FINISHED ? 0 : left;
  }
  o->output.directory = one;
  o->stop = (mn_stop_options){0};
  finished_run(check_world(), o, NULL, MN_FINISHED);
  check_same_files();
}

static void a_run_stopped_on_request_and_resumed_leaves_the_same_bytes(void **state)
{
  (void)state;
  for (int after = 1; after < STEPS; after += 6) {
    int left = after;
    mn_run_options o = small("");
    o.output.replace = true;
    o.stop.requested = enough;
    o.stop.context = &left;
    check_interrupted(&o, check_world());
  }
}

/* A run always takes a step before it looks at the clock. */
static void a_run_stopped_by_the_clock_at_every_step_leaves_the_same_bytes(void **state)
{
  (void)state;
  mn_run_options o = small("");
  o.stop.wall_minutes = 1e-9;
  check_interrupted(&o, check_world());
}

static void a_run_resumed_on_one_rank_leaves_the_same_bytes(void **state)
{
  (void)state;
  int left = 11;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_run_options o = small("");
  o.stop.requested = enough;
  o.stop.context = &left;
  check_interrupted(&o, check_world()->rank == 0 ? &alone : NULL);
  mn_parallel_destroy(&alone);
}

static void older_checkpoints_are_kept_as_asked(void **state)
{
  (void)state;
  char run[PATH];
  snprintf(run, sizeof run, "%s/run", check_directory);
  mn_run_options o = small(run);
  o.stop.checkpoint_steps = 5;
  o.stop.keep = 2;
  finished_run(check_world(), &o, NULL, MN_FINISHED);
  static const char *const names[] = {"checkpoint.h5", "checkpoint.prev.h5", "checkpoint.prev2.h5"};
  for (int k = 0; k < 3; k++) {
    char path[PATH + 32];
    mn_checkpoint_header header;
    snprintf(path, sizeof path, "%s/%s", run, names[k]);
    check_ok(mn_checkpoint_header_read(check_world(), path, &header));
    assert_int_equal(header.step, STEPS - 5 * k);
    assert_string_equal(header.parameters, o.parameters);
    mn_checkpoint_header_clear(&header);
  }
  assert_false(is_there(run, "checkpoint.prev3.h5"));
}

/* sup over r of (1 - exp(-theta r^2/(4 age)))/(2 pi r) is 0.0508 sqrt(theta/age); the age is at most the time. */
static void a_short_memory_is_reported_with_its_cost(void **state)
{
  (void)state;
  char run[PATH];
  snprintf(run, sizeof run, "%s/run", check_directory);
  mn_run_options o = small(run);
  o.history.capacity = 4000;
  const mn_run_report report = finished_run(check_world(), &o, NULL, MN_FINISHED);
  assert_in_range(report.forgotten, 1, STEPS - 1);
  assert_true(report.last.value[MN_FORGOTTEN_DRIFT] == report.forgotten_drift);
  check_at_most(3.0 * 0.0507 * sqrt(2.0 / report.last.time), report.forgotten_drift,
                "at least what is older than the run");
  const double age = report.last.time - mn_schedule_time(&o.dynamics.schedule, report.forgotten);
  check_relative(report.forgotten_drift, 3.0 * 0.05078 * sqrt(2.0 / age), 1e-3, "four digits of the constant");
}

static void bad_input_leaves_nothing_behind(void **state)
{
  (void)state;
  char run[PATH];
  char input[PATH];
  mn_run_report report;
  const double x[2 * 128] = {0.0};
  snprintf(run, sizeof run, "%s/run", check_directory);
  snprintf(input, sizeof input, "%s/input.h5", check_directory);
  mn_run_options o = small(run);
  o.initial.kind = MN_INITIAL_FILE;
  o.initial_file = input;
  o.initial_dataset = "/start";
  check_refused(mn_run(check_world(), &o, NULL, NULL, NULL, &report), MN_DATA, "input.h5");
  assert_false(is_there(run, ""));
  check_ok(mn_dataset_write(check_world(), input, "/start", 99, x));
  check_refused(mn_run(check_world(), &o, NULL, NULL, NULL, &report), MN_DATA, "99 rows");
  assert_false(is_there(run, ""));
}

static void a_run_is_not_overwritten_unless_it_may_be(void **state)
{
  (void)state;
  char run[PATH];
  mn_run_report report;
  snprintf(run, sizeof run, "%s/run", check_directory);
  mn_run_options o = small(run);
  finished_run(check_world(), &o, NULL, MN_FINISHED);
  check_refused(mn_run(check_world(), &o, NULL, NULL, NULL, &report), MN_USAGE, "already a run");
  o.output.replace = true;
  o.output.snapshot_every = 0;
  o.output.path_every = 0;
  finished_run(check_world(), &o, NULL, MN_FINISHED);
  assert_false(is_there(run, "paths.h5") || is_there(run, "snapshots/0000000005.h5"));
  assert_true(is_there(run, "snapshots/0000000020.h5"));
}

MN_TESTS("run", CHECK_IN_DIRECTORY(expected_bytes_are_those_of_the_peak),
         CHECK_IN_DIRECTORY(a_finished_run_leaves_its_files),
         CHECK_IN_DIRECTORY(the_series_has_a_row_whenever_one_is_due),
         CHECK_IN_DIRECTORY(rank_zero_hears_of_every_step_and_event),
         CHECK_IN_DIRECTORY(a_run_stopped_on_request_and_resumed_leaves_the_same_bytes),
         CHECK_IN_DIRECTORY(a_run_stopped_by_the_clock_at_every_step_leaves_the_same_bytes),
         CHECK_IN_DIRECTORY(a_run_resumed_on_one_rank_leaves_the_same_bytes),
         CHECK_IN_DIRECTORY(older_checkpoints_are_kept_as_asked),
         CHECK_IN_DIRECTORY(a_short_memory_is_reported_with_its_cost),
         CHECK_IN_DIRECTORY(bad_input_leaves_nothing_behind),
         CHECK_IN_DIRECTORY(a_run_is_not_overwritten_unless_it_may_be));
