/* What a study has to do.  Truth: a scheduler that lets the clock tick; lists picked one by one; the lines that were
 * written. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <study/tasks.h>

enum { VARIATIONS = 3, COUNTS = 3, REPLICAS = 5, ROWS = VARIATIONS * COUNTS, TASKS = ROWS * REPLICAS };

static const int64_t counts[COUNTS] = {32, 40, 200}; /* 1, 2 and 7 groups of cells */
static const char *const names[VARIATIONS] = {"-", "model.theta=1 time.step=0.02", "model.theta=1 time.step=0.0"};
static mn_run_options runs[COUNTS];
static mn_variation variations[VARIATIONS];
static mn_study_options small(int64_t steps)
{
  for (int c = 0; c < COUNTS; c++) {
    runs[c] =
        (mn_run_options){.count = counts[c], .steps = steps, .engine = &mn_drift_direct, .drift = {.tolerance = 1e-3}};
    runs[c].dynamics.model = (mn_model){.theta = 1.0, .chi = 1.0};
    check_ok(mn_schedule_make(0.01, 0.0, 1.5, &runs[c].dynamics.schedule));
    runs[c].initial = (mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0};
  }
  for (int v = 0; v < VARIATIONS; v++) {
    variations[v] = (mn_variation){.name = names[v], .run = runs};
  }
  return (mn_study_options){.directory = check_directory,
                            .variations = VARIATIONS,
                            .variation = variations,
                            .counts = COUNTS,
                            .count = counts,
                            .replicas = REPLICAS,
                            .part = 1,
                            .parts = 1};
}

/* Deterministic whole numbers from 0 to most - 1. */
static int pick(uint32_t seed, uint64_t k, int most)
{
  return (int)(fabs(check_normal(seed, k)) * 1e6) % most;
}

static void tasks_are_rows_of_replicas(void **state)
{
  (void)state;
  mn_tasks t;
  mn_study_options o = small(10);
  o.parts = 4;
  check_ok(mn_tasks_create(&o, &t));
  assert_int_equal(t.count, TASKS);
  for (int64_t task = 0; task < TASKS; task++) {
    int owners = 0;
    assert_int_equal(t.state[task], MN_TASK_LEFT);
    assert_int_equal(mn_tasks_row(&t, task) * REPLICAS + mn_tasks_replica(&t, task), task);
    assert_in_range(mn_tasks_replica(&t, task), 0, REPLICAS - 1);
    for (o.part = 1; o.part <= o.parts; o.part++) {
      owners += mn_tasks_is_mine(&t, task);
      assert_int_equal(mn_tasks_is_mine(&t, task), task % o.parts == o.part - 1);
    }
    assert_int_equal(owners, 1);
  }
  mn_tasks_clear(&t);
}

static void a_scheme_that_evaluates_twice_is_expected_to_cost_more(void **state)
{
  (void)state;
  mn_tasks twice;
  mn_tasks once;
  const mn_study_options o = small(1000);
  check_ok(mn_tasks_create(&o, &twice));
  for (int c = 0; c < COUNTS; c++) {
    runs[c].dynamics.scheme = MN_SCHEME_AVERAGED;
  }
  check_ok(mn_tasks_create(&o, &once));
  for (int row = 0; row < ROWS; row++) {
    assert_true(twice.cost[row] > 1.3 * once.cost[row] && twice.cost[row] <= 2.0 * once.cost[row]);
  }
  mn_tasks_clear(&twice);
  mn_tasks_clear(&once);
}

static void more_cells_and_steps_are_expected_to_cost_more(void **state)
{
  (void)state;
  double before[ROWS] = {0.0};
  for (int64_t steps = 10; steps <= 1000; steps *= 10) {
    mn_tasks t;
    const mn_study_options o = small(steps);
    check_ok(mn_tasks_create(&o, &t));
    for (int row = 0; row < ROWS; row++) {
      assert_true(t.cost[row] > before[row] && isfinite(t.cost[row]));
      assert_true(row % COUNTS == 0 || t.cost[row] > t.cost[row - 1]);
      before[row] = t.cost[row];
    }
    mn_tasks_clear(&t);
  }
}

/* Ticks until all is done; costs are divisible by all numbers of ranks that share a task. */
static double slow_makespan(const mn_tasks *t, int left, const int64_t *list, int ranks, int groups)
{
  int64_t busy[16] = {0};
  int next = 0;
  for (int tick = 0;; tick++) {
    bool working = false;
    for (int g = 0; g < groups; g++) {
      if (busy[g] == 0 && next < left) {
        const int64_t row = list[next] / REPLICAS;
        const int64_t useful = (counts[row % COUNTS] + MN_GROUP - 1) / MN_GROUP;
        const int64_t share = ranks / groups < useful ? ranks / groups : useful;
        busy[g] = (int64_t)t->cost[row] / share;
        next++;
      }
      working = working || busy[g] > 0;
      busy[g] -= busy[g] > 0;
    }
    if (!working) {
      return tick;
    }
  }
}

static void makespans_are_those_of_a_clock(void **state)
{
  (void)state;
  static const int shapes[][2] = {{1, 1}, {2, 2}, {5, 5}, {16, 16}, {2, 1}, {4, 2}, {6, 2}, {4, 1}, {7, 2}, {16, 4}};
  mn_tasks t;
  const mn_study_options o = small(0);
  check_ok(mn_tasks_create(&o, &t));
  for (uint32_t seed = 0; seed < 20; seed++) {
    int64_t list[TASKS];
    const int left = seed == 0 ? 0 : 1 + pick(seed, 999, TASKS);
    for (int row = 0; row < ROWS; row++) {
      t.cost[row] = 12.0 * (1 + pick(seed, (uint64_t)row, 20));
    }
    for (int k = 0; k < left; k++) {
      list[k] = pick(seed, 100 + (uint64_t)k, TASKS);
    }
    for (int s = 0; s < 10; s++) {
      const double found = mn_tasks_makespan(&t, left, list, shapes[s][0], shapes[s][1]);
      assert_true(found == slow_makespan(&t, left, list, shapes[s][0], shapes[s][1]));
    }
  }
  mn_tasks_clear(&t);
}

static void messages_within_a_group_take_time(void **state)
{
  (void)state;
  mn_tasks t;
  const mn_study_options o = small(1000);
  const int64_t list[2] = {0, 1}; /* 32 cells: one rank can do no less */
  check_ok(mn_tasks_create(&o, &t));
  t.cost[0] = 3.0;
  assert_true(mn_tasks_makespan(&t, 2, list, 2, 2) == 3.0);
  assert_true(mn_tasks_makespan(&t, 2, list, 2, 1) > 6.0);
  mn_tasks_clear(&t);
}

/* Is task a to be done before b? */
static bool comes_before(const mn_tasks *t, int64_t a, int64_t b)
{
  const double cost[2] = {t->cost[a / REPLICAS], t->cost[b / REPLICAS]};
  return cost[0] > cost[1] || (cost[0] == cost[1] && a < b);
}

static void check_left(const mn_tasks *t, int from, int to)
{
  int64_t list[TASKS];
  int64_t left = -1;
  int64_t expected = 0;
  bool listed[TASKS] = {false};
  check_ok(mn_tasks_left(t, from, to, list, &left));
  for (int64_t task = 0; task < TASKS; task++) {
    const int64_t v = task / (COUNTS * REPLICAS);
    expected += v >= from && v < to && t->state[task] == MN_TASK_LEFT && mn_tasks_is_mine(t, task);
  }
  assert_int_equal(left, expected);
  for (int64_t k = 0; k < left; k++) {
    const int64_t v = list[k] / (COUNTS * REPLICAS);
    assert_true(v >= from && v < to && t->state[list[k]] == MN_TASK_LEFT && mn_tasks_is_mine(t, list[k]));
    assert_false(listed[list[k]]);
    listed[list[k]] = true;
    assert_true(k == 0 || comes_before(t, list[k - 1], list[k]));
  }
}

static void what_is_left_is_listed_once_and_the_dearest_first(void **state)
{
  (void)state;
  mn_tasks t;
  mn_study_options o = small(10);
  check_ok(mn_tasks_create(&o, &t));
  for (uint32_t seed = 0; seed < 30; seed++) {
    o.parts = 1 + pick(seed, 0, 4);
    o.part = 1 + pick(seed, 1, o.parts);
    for (int row = 0; row < ROWS; row++) {
      t.cost[row] = 1.0 + pick(seed, 10 + (uint64_t)row, 4); /* with ties */
    }
    for (int64_t task = 0; task < TASKS; task++) {
      const int die = pick(seed, 100 + (uint64_t)task, 6);
      t.state[task] = die == 0 ? MN_TASK_DONE : die == 1 ? MN_TASK_FAILED : MN_TASK_LEFT;
    }
    check_left(&t, 0, VARIATIONS);
    check_left(&t, 1, 2);
    check_left(&t, 2, 2);
  }
  mn_tasks_clear(&t);
}

/* Some of every kind of number. */
static void fill(double *value, int64_t task)
{
  static const double odd[] = {0.1, -0.0, 1e-310, -1.7e308, 0.0, 3.0};
  for (int k = 0; k < MN_STATISTICS; k++) {
    value[k] = k < 6    ? odd[k]
               : k == 6 ? (double)NAN
               : k == 7 ? (double)INFINITY
                        : check_normal((uint32_t)task, (uint64_t)k);
  }
}

static void record(const mn_tasks *t, int64_t task, int journal, double seconds, const char *reason)
{
  double value[MN_STATISTICS];
  fill(value, task);
  if (check_world()->rank == 0) {
    check_ok(mn_tasks_record(t, task, journal, seconds, reason, value));
  }
}

static void check_state(const mn_tasks *t, int64_t task, mn_task_state expected)
{
  double value[MN_STATISTICS];
  fill(value, task);
  assert_int_equal(t->state[task], expected);
  if (expected == MN_TASK_DONE) {
    assert_memory_equal(t->value + task * MN_STATISTICS, value, sizeof value);
  }
}

static void what_is_recorded_is_read_to_the_last_bit_on_every_rank(void **state)
{
  (void)state;
  mn_tasks t;
  const mn_study_options o = small(10);
  check_ok(mn_tasks_create(&o, &t));
  for (int64_t task = 0; task < TASKS; task += 2) {
    record(&t, task, (int)(task % 3), 1.0, task % 7 ? NULL : "no\nreason\tat all");
  }
  for (int again = 0; again < 2; again++) {
    check_ok(mn_tasks_read(check_world(), &t));
    for (int64_t task = 0; task < TASKS; task++) {
      check_state(&t, task, task % 2 ? MN_TASK_LEFT : task % 7 ? MN_TASK_DONE : MN_TASK_FAILED);
    }
  }
  mn_tasks_clear(&t);
}

static void a_replica_that_is_done_once_is_done(void **state)
{
  (void)state;
  mn_tasks t;
  const mn_study_options o = small(10);
  static char reason[5000];
  memset(reason, 'x', sizeof reason - 1);
  check_ok(mn_tasks_create(&o, &t));
  record(&t, 3, 0, 1.0, reason);
  record(&t, 3, 1, 1.0, NULL);
  record(&t, 4, 0, 1.0, NULL);
  record(&t, 4, 1, 1.0, reason);
  record(&t, 5, 0, 1.0, reason);
  record(&t, 5, 1, 1.0, reason);
  check_ok(mn_tasks_read(check_world(), &t));
  check_state(&t, 3, MN_TASK_DONE);
  check_state(&t, 4, MN_TASK_DONE);
  check_state(&t, 5, MN_TASK_FAILED);
  mn_tasks_clear(&t);
}

static void append(const char *line)
{
  char path[CHECK_PATH + 32];
  snprintf(path, sizeof path, "%s/journal-strange.txt", check_directory);
  if (check_world()->rank == 0) {
    check_ok(mn_journal_append(path, line));
  }
}

static void lines_of_other_studies_and_other_programs_are_passed_over(void **state)
{
  (void)state;
  mn_tasks t;
  const mn_study_options o = small(10);
  static const char *const lines[] = {
      "",
      "text",
      "-\t32\t0\t1",
      "-\t32\t0\t1\tdone",
      "-\t32\t0\t1\tdone\t0x1p0",
      "-\t32\t0\t1\tdone\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\t18\t19",
      "-\t32\t0\t1\tdone\t1\t2\t3\t4\t5\t6\t7\t8\t9\t10\t11\t12\t13\t14\t15\t16\t17\t18\t19"
      "\t20\t21",
      "other\t32\t0\t1\tfailed\tso",
      "-\t33\t0\t1\tfailed\tso",
      "-\t32\t5\t1\tfailed\tso",
      "-\t40\t-1\t1\tfailed\tso",
      "- \t32\t0\t1\tfailed\tso",
      "\t32\t0\t1\tfailed\tso"};
  check_ok(mn_tasks_create(&o, &t));
  assert_int_equal(MN_STATISTICS, 20);
  for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
    append(lines[k]);
  }
  check_ok(mn_tasks_read(check_world(), &t));
  for (int64_t task = 0; task < TASKS; task++) {
    assert_int_equal(t.state[task], MN_TASK_LEFT);
  }
  append("model.theta=1 time.step=0.0\t40\t2\t1\tfailed\tso");
  check_ok(mn_tasks_read(check_world(), &t));
  assert_int_equal(t.state[(2 * COUNTS + 1) * REPLICAS + 2], MN_TASK_FAILED);
  mn_tasks_clear(&t);
}

/* Rank seconds of done replicas are averaged; other rows keep their proportion to what was expected of these. */
static void costs_are_measured_where_replicas_are_done(void **state)
{
  (void)state;
  mn_tasks t;
  const mn_study_options o = small(10);
  double expected[ROWS];
  check_ok(mn_tasks_create(&o, &t));
  memcpy(expected, t.cost, sizeof expected);
  record(&t, 0, 0, 2.0, NULL);
  record(&t, 1, 0, 5.0, NULL);
  record(&t, 2, 0, 1000.0, "failed early");
  record(&t, 4 * REPLICAS, 0, 8.0, NULL);
  check_ok(mn_tasks_read(check_world(), &t));
  const double proportion = 15.0 / (2.0 * expected[0] + expected[4]);
  for (int row = 0; row < ROWS; row++) {
    const double cost = row == 0 ? 3.5 : row == 4 ? 8.0 : proportion * expected[row];
    check_relative(t.cost[row], cost, 1e-12, "rounding");
  }
  mn_tasks_clear(&t);
}

MN_TESTS("tasks", cmocka_unit_test(tasks_are_rows_of_replicas),
         cmocka_unit_test(a_scheme_that_evaluates_twice_is_expected_to_cost_more),
         cmocka_unit_test(more_cells_and_steps_are_expected_to_cost_more),
         cmocka_unit_test(makespans_are_those_of_a_clock), cmocka_unit_test(messages_within_a_group_take_time),
         cmocka_unit_test(what_is_left_is_listed_once_and_the_dearest_first),
         CHECK_IN_DIRECTORY(what_is_recorded_is_read_to_the_last_bit_on_every_rank),
         CHECK_IN_DIRECTORY(a_replica_that_is_done_once_is_done),
         CHECK_IN_DIRECTORY(lines_of_other_studies_and_other_programs_are_passed_over),
         CHECK_IN_DIRECTORY(costs_are_measured_where_replicas_are_done));
