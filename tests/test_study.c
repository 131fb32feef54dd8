/* What a study leaves.  Truth: replicas run one by one and averaged; a study by one rank in one go, byte by byte. */
#include "study_case.h"

#include <files/h5.h>
#include <files/seal.h>
#include <math.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <string.h>

static double values[CASE_TASKS * MN_STATISTICS];
static mn_estimate estimates[CASE_ROWS * MN_QUANTITIES];
static mn_estimate paired[CASE_ROWS * MN_QUANTITIES];
static mn_fit fits[CASE_VARIATIONS * MN_QUANTITIES];

static void run_all_replicas(const mn_study_options *o)
{
  static const int64_t replicas[CASE_COUNTS] = {CASE_REPLICAS, CASE_REPLICAS, CASE_REPLICAS};
  for (int task = 0; task < CASE_TASKS; task++) {
    bool stopped;
    const int row = task / CASE_REPLICAS;
    const mn_run_options *run = &case_runs[row / CASE_COUNTS][row % CASE_COUNTS];
    const uint32_t seed = mn_replica_seed(o->seed, run->count, task % CASE_REPLICAS);
    check_ok(mn_replica_run(check_world(), run, seed, NULL, NULL, values + task * MN_STATISTICS, &stopped));
  }
  for (int row = 0; row < CASE_ROWS; row++) {
    enum { OF_ROW = CASE_REPLICAS * MN_STATISTICS };
    const int last = (CASE_VARIATIONS - 1) * CASE_COUNTS + row % CASE_COUNTS;
    mn_rates_average(CASE_REPLICAS, values + row * OF_ROW, estimates + row * MN_QUANTITIES);
    mn_rates_compare(CASE_REPLICAS, values + row * OF_ROW, values + last * OF_ROW, paired + row * MN_QUANTITIES);
  }
  for (int v = 0; v < CASE_VARIATIONS; v++) {
    const double *of[CASE_COUNTS];
    for (int c = 0; c < CASE_COUNTS; c++) {
      of[c] = values + (v * CASE_COUNTS + c) * CASE_REPLICAS * MN_STATISTICS;
    }
    mn_rates_fit(CASE_COUNTS, case_counts, replicas, of, o->seed, fits + v * MN_QUANTITIES);
  }
}

static void check_results(const mn_study_result *r)
{
  assert_true(r->complete && r->outcome == MN_FINISHED);
  assert_true(r->variations == CASE_VARIATIONS && r->counts == CASE_COUNTS);
  assert_true(r->busy > 0.0 && r->busy <= 1.0);
  assert_memory_equal(r->estimate, estimates, sizeof estimates);
  assert_memory_equal(r->paired, paired, sizeof paired);
  assert_memory_equal(r->fit, fits, sizeof fits);
  for (int row = 0; row < CASE_ROWS; row++) {
    assert_true(r->replicas[row] == CASE_REPLICAS && r->failed[row] == 0);
  }
  assert_true(isfinite(r->fit[MN_QUANTITY_MODULUS].exponent));
}

/* A column of study.h5 is every stride-th of `expected`. */
static void check_column(hid_t file, const char *format, const char *name, int rows, int columns,
                         const double *expected, int stride)
{
  char path[128];
  double found[CASE_TASKS];
  snprintf(path, sizeof path, format, name);
  check_ok(mn_h5_read(file, &(mn_rows){path, MN_F64, rows, columns, 0, rows}, found));
  for (int k = 0; k < rows * (columns > 0 ? columns : 1); k++) {
    if (found[k] != expected[k * stride] && !(isnan(found[k]) && isnan(expected[k * stride]))) {
      fail_msg("%s [%d] is %.17g instead of %.17g", path, k, found[k], expected[k * stride]);
    }
  }
}

static void check_numbers(hid_t file, const char *name, int rows, const int64_t *expected)
{
  int64_t found[CASE_ROWS];
  check_ok(mn_h5_read(file, &(mn_rows){name, MN_I64, rows, 0, 0, rows}, found));
  assert_memory_equal(found, expected, (size_t)rows * sizeof *found);
}

static void check_texts(hid_t file)
{
  for (int v = 0; v < CASE_VARIATIONS; v++) {
    char *text = NULL;
    check_ok(mn_h5_read_text(file, "/variations", v == 0 ? "0000" : "0001", &text));
    assert_string_equal(text, case_names[v]);
    mn_free(&text);
  }
}

static void check_file(const char *path)
{
  static const int64_t four[CASE_ROWS] = {4, 4, 4, 4, 4, 4};
  static const int64_t none[CASE_ROWS] = {0};
  hid_t file;
  check_ok(mn_seal_check(check_world(), path));
  check_ok(mn_h5_open(path, &file));
  for (int k = 0; k < MN_STATISTICS; k++) {
    check_column(file, "/replicas/%s", mn_statistic_at(k).name, CASE_ROWS, CASE_REPLICAS, values + k, MN_STATISTICS);
  }
  for (int q = 0; q < MN_QUANTITIES; q++) {
    enum { OF_ROW = 2 * MN_QUANTITIES, OF_FIT = 4 * MN_QUANTITIES };
    const char *name = mn_quantity_at(q).name;
    check_column(file, "/table/%s", name, CASE_ROWS, 0, &estimates[q].value, OF_ROW);
    check_column(file, "/table/%s_error", name, CASE_ROWS, 0, &estimates[q].error, OF_ROW);
    check_column(file, "/paired/%s", name, CASE_ROWS, 0, &paired[q].value, OF_ROW);
    check_column(file, "/paired/%s_error", name, CASE_ROWS, 0, &paired[q].error, OF_ROW);
    check_column(file, "/fits/%s_exponent", name, CASE_VARIATIONS, 0, &fits[q].exponent, OF_FIT);
    check_column(file, "/fits/%s_prefactor", name, CASE_VARIATIONS, 0, &fits[q].prefactor, OF_FIT);
    check_column(file, "/fits/%s_low", name, CASE_VARIATIONS, 0, &fits[q].low, OF_FIT);
    check_column(file, "/fits/%s_high", name, CASE_VARIATIONS, 0, &fits[q].high, OF_FIT);
  }
  check_numbers(file, "/table/cells", CASE_COUNTS, case_counts);
  check_numbers(file, "/table/finished", CASE_ROWS, four);
  check_numbers(file, "/table/failed", CASE_ROWS, none);
  check_texts(file);
  H5Fclose(file);
}

static void results_are_those_of_replicas_run_one_by_one(void **state)
{
  (void)state;
  char path[CASE_PATH + 16];
  const mn_study_options o = case_study(case_one);
  run_all_replicas(&o);
  mn_study_result r = case_go_on(check_world(), &o);
  check_results(&r);
  snprintf(path, sizeof path, "%s/study.h5", case_one);
  check_file(path);
  mn_study_result_clear(&r);
}

static void any_number_of_ranks_and_groups_leaves_the_same_bytes(void **state)
{
  (void)state;
  const int groups[] = {0, 1, 2, check_world()->size, check_world()->size + 1};
  mn_study_options o = case_study("");
  for (int k = 0; k < 5; k++) {
    char where[CASE_PATH + 16];
    if (k > 1 && groups[k] <= groups[k - 1]) {
      continue;
    }
    snprintf(where, sizeof where, "%s%d", case_other, k);
    o.directory = where;
    o.groups = groups[k];
    case_finish(check_world(), &o);
    case_check_each_once(where);
    case_check_bytes(where, case_truth());
  }
}

static void parts_do_their_share_and_leave_the_same_bytes(void **state)
{
  (void)state;
  enum { PARTS = 3 };
  mn_study_options o = case_study(case_other);
  o.parts = PARTS;
  for (o.part = 1; o.part <= PARTS; o.part++) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "journal-%04d", o.part);
    mn_study_result r = case_go_on(check_world(), &o);
    assert_int_equal(r.outcome, MN_FINISHED);
    assert_int_equal(r.complete, o.part == PARTS);
    assert_int_equal(case_lines_of(case_other, prefix).all, CASE_TASKS / PARTS);
    assert_int_equal(case_lines_of(case_other, "journal").all, o.part * CASE_TASKS / PARTS);
    mn_study_result_clear(&r);
  }
  case_check_each_once(case_other);
  case_check_bytes(case_other, case_truth());
}

/* What a reporter has heard. */
typedef struct story {
  int plain, events;
  int64_t done, tasks;
  bool in_order;
  char event[64];
} story;

static void listen(void *context, const mn_study_progress *p)
{
  story *s = context;
  s->plain += p->event == NULL;
  s->events += p->event != NULL;
  s->in_order = s->in_order && p->done >= s->done && p->done <= p->tasks && p->seconds >= 0.0;
  s->done = p->done;
  s->tasks = p->tasks;
  if (p->event) {
    snprintf(s->event, sizeof s->event, "%s", p->event);
  }
}

static void rank_zero_hears_of_its_replicas(void **state)
{
  (void)state;
  mn_study_options o = case_study(case_one);
  o.groups = 1;
  o.part = 2;
  o.parts = 2;
  for (int again = 0; again < 2; again++) {
    story told = {.in_order = true};
    mn_study_result r;
    check_ok(mn_study(check_world(), &o, listen, &told, &r));
    assert_int_equal(isnan(r.busy), again);
    mn_study_result_clear(&r);
    if (check_world()->rank > 0) {
      assert_int_equal(told.plain + told.events, 0);
      continue;
    }
    assert_true(told.in_order && told.done == CASE_TASKS / 2 && told.tasks == CASE_TASKS / 2);
    assert_int_equal(told.plain, again ? 0 : CASE_TASKS / 2 + 1); /* after each, and at the end */
    assert_int_equal(told.events, again ? 1 : 1 + CASE_ROWS);     /* every row that is complete */
    assert_non_null(strstr(told.event, again ? "going on" : "are complete"));
  }
}

/* More than the counts of MPI hold. */
static void too_many_runs_are_refused_and_nothing_is_made(void **state)
{
  (void)state;
  const int64_t live = mn_memory_live();
  mn_study_options o = case_study(case_one);
  mn_study_result r;
  o.replicas = INT64_C(1) << 32;
  check_refused(mn_study(check_world(), &o, NULL, NULL, &r), MN_USAGE, "at most");
  mn_study_result_clear(&r);
  assert_true(mn_memory_live() == live);
  FILE *file = fopen(case_one, "r");
  assert_null(file);
}

MN_TESTS("study", CASE_IN_DIRECTORIES(results_are_those_of_replicas_run_one_by_one),
         CASE_IN_DIRECTORIES(any_number_of_ranks_and_groups_leaves_the_same_bytes),
         CASE_IN_DIRECTORIES(parts_do_their_share_and_leave_the_same_bytes),
         CASE_IN_DIRECTORIES(rank_zero_hears_of_its_replicas),
         CASE_IN_DIRECTORIES(too_many_runs_are_refused_and_nothing_is_made));
