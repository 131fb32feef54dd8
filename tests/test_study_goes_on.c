/* Studies that are stopped, damaged, extended, or whose replicas fail.  Truth: a study by one rank in one go, byte by
 * byte; the lines of the journals, in which every replica must be once. */
#include "study_case.h"

#include <math.h>
#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Requests to stop after `left` calls, for good. */
static bool enough(void *context)
{
  int *left = context;
  return --*left <= 0;
}

/* One job of a study that is stopped after so many calls on each rank. */
static mn_study_result stopped_after(const mn_parallel *p, mn_study_options o, int calls)
{
  o.stop.requested = enough;
  o.stop.context = &calls;
  return case_go_on(p, &o);
}

/* Jobs by all ranks and by the first alone in turn, each stopped after so many calls. */
static void go_on_until_finished(const mn_study_options *o, int calls)
{
  enum { MOST = 40 };
  int before = 0;
  mn_outcome outcome = MN_STOPPED;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  for (int job = 0; outcome == MN_STOPPED; job++) {
    assert_in_range(job, 0, MOST);
    if (job % 2 == 0 || check_world()->rank == 0) {
      mn_study_result r = stopped_after(job % 2 ? &alone : check_world(), *o, calls);
      assert_int_equal(r.outcome == MN_FINISHED, r.complete);
      outcome = r.outcome;
      mn_study_result_clear(&r);
    }
    MPI_Bcast(&outcome, sizeof outcome, MPI_BYTE, 0, check_world()->comm);
    const int now = case_lines_of(case_other, "journal").all;
    assert_true(now >= before && (outcome == MN_FINISHED) == (now == CASE_TASKS));
    before = now;
  }
  mn_parallel_destroy(&alone);
}

static void a_stopped_study_goes_on_and_leaves_the_same_bytes(void **state)
{
  (void)state;
  mn_study_options o = case_study(case_other);
  for (o.groups = 1; o.groups <= 2; o.groups++) {
    go_on_until_finished(&o, 61);
    case_check_each_once(case_other);
    case_check_bytes(case_other, case_truth());
    check_directory_remove(case_other);
    MPI_Barrier(check_world()->comm);
  }
}

/* Seven calls: one before the replica, six in it.  What is not finished leaves no line. */
static void a_replica_that_is_stopped_is_not_recorded(void **state)
{
  (void)state;
  mn_study_options o = case_study(case_one);
  o.groups = 1;
  for (int calls = 1; calls <= CASE_STEPS + 2; calls++) {
    mn_study_result r = stopped_after(check_world(), o, calls);
    assert_true(r.outcome == MN_STOPPED && !r.complete);
    assert_int_equal(case_lines_of(case_one, "journal").all, calls == CASE_STEPS + 2);
    assert_int_equal(r.replicas[0] + r.replicas[1] + r.replicas[2] + r.replicas[3] + r.replicas[4] + r.replicas[5],
                     calls == CASE_STEPS + 2);
    mn_study_result_clear(&r);
  }
}

/* A request of the last rank at one of its calls and never again. */
typedef struct moment {
  int calls, at;
} moment;

static bool enough_once(void *context)
{
  moment *m = context;
  return ++m->calls == m->at && check_world()->rank == check_world()->size - 1;
}

/* The eighth call of a first rank comes before its second replica; otherwise the eighth and tenth are made in it. */
static void one_request_of_one_rank_stops_its_group_for_good(void **state)
{
  (void)state;
  for (int at = 8; at <= 10; at += 2) {
    moment m = {0, at};
    mn_study_options o = case_study(at == 8 ? case_one : case_other);
    o.groups = 1;
    o.stop.requested = enough_once;
    o.stop.context = &m;
    mn_study_result r = case_go_on(check_world(), &o);
    assert_true(r.outcome == MN_STOPPED && !r.complete);
    assert_int_equal(case_lines_of(o.directory, "journal").all, 1);
    check_at_most(m.calls, at + 3, "the first rank asks before each replica, all may ask once more at the end");
    mn_study_result_clear(&r);
  }
}

static void the_clock_stops_a_study(void **state)
{
  (void)state;
  mn_study_options o = case_study(case_one);
  o.stop.wall_minutes = 1e-9;
  mn_study_result r = case_go_on(check_world(), &o);
  assert_true(r.outcome == MN_STOPPED && !r.complete);
  assert_int_equal(case_lines_of(case_one, "journal").all, 0);
  mn_study_result_clear(&r);
}

/* The first rank of the only group asks once before each replica and after each of its steps: the last call of all is
 * that which finds nothing left. */
static void a_request_after_the_last_replica_stops_nothing(void **state)
{
  (void)state;
  enum { CALLS = CASE_TASKS * (1 + CASE_STEPS) };
  mn_study_options o = case_study(case_one);
  o.groups = 1;
  for (int late = 0; late < 3; late++) {
    mn_study_result r = stopped_after(check_world(), o, late == 2 ? 1 : CALLS + late);
    assert_int_equal(r.outcome, late ? MN_FINISHED : MN_STOPPED);
    assert_int_equal(r.complete, late > 0);
    assert_int_equal(isnan(r.busy), late == 2);
    assert_int_equal(case_lines_of(case_one, "journal").all, late ? CASE_TASKS : CASE_TASKS - 1);
    mn_study_result_clear(&r);
    if (late == 0) {
      check_directory_remove(case_one);
      MPI_Barrier(check_world()->comm);
    }
  }
}

static void journal_path(const char *where, int part, int journal, char path[CASE_PATH + 64])
{
  snprintf(path, CASE_PATH + 64, "%s/journal-%04d-%05d.txt", where, part, journal);
}

/* On the first rank: takes bytes off the end of every journal and damages the first line of the first. */
static void tear_journals(const char *where, int bytes)
{
  for (int journal = 0; journal < check_world()->size && check_world()->rank == 0; journal++) {
    char path[CASE_PATH + 64];
    struct stat info;
    journal_path(where, 1, journal, path);
    if (stat(path, &info) == 0 && info.st_size > bytes) {
      assert_int_equal(truncate(path, info.st_size - bytes), 0);
    }
    FILE *file = fopen(path, "r+b");
    if (file && journal == 0) {
      fseek(file, 30, SEEK_SET);
      fputc('#', file);
    }
    if (file) {
      fclose(file);
    }
  }
}

static void torn_journals_lose_only_what_was_torn(void **state)
{
  (void)state;
  static const int bytes[] = {2, 200};
  mn_study_options o = case_study(case_other);
  for (int k = 0; k < 2; k++) {
    o.groups = k;
    case_finish(check_world(), &o);
    case_check_each_once(case_other);
    tear_journals(case_other, bytes[k]);
    const int lost = CASE_TASKS - case_lines_of(case_other, "journal").all;
    assert_in_range(lost, 1, 2 * check_world()->size);
    case_finish(check_world(), &o);
    case_check_each_once(case_other);
    case_check_bytes(case_other, case_truth());
  }
}

static char kept[1 << 16];

static void keep_journal(void)
{
  char path[CASE_PATH + 64];
  journal_path(case_other, 1, 0, path);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  kept[fread(kept, 1, sizeof kept - 1, file)] = '\0';
  fclose(file);
}

/* The journal of the first rank still begins as it was. */
static void check_kept(void)
{
  static char before[sizeof kept];
  memcpy(before, kept, sizeof kept);
  keep_journal();
  assert_true(strlen(before) > 0 && strncmp(before, kept, strlen(before)) == 0);
}

/* First the second variation, of 12 and 40 cells, two replicas of each. */
static void more_replicas_counts_and_variations_go_on(void **state)
{
  (void)state;
  static case_bytes few;
  const mn_study_options all = case_study(case_other);
  mn_variation last = all.variation[1];
  mn_study_options o = all;
  last.run++;
  o.variations = 1;
  o.variation = &last;
  o.counts = 2;
  o.count++;
  o.replicas = 2;
  case_alone(o, &few);
  case_finish(check_world(), &o);
  assert_int_equal(case_lines_of(case_other, "journal").all, 4);
  case_check_bytes(case_other, &few);
  keep_journal();
  o.replicas = CASE_REPLICAS;
  case_finish(check_world(), &o);
  assert_int_equal(case_lines_of(case_other, "journal").all, 8);
  check_kept();
  case_finish(check_world(), &all);
  check_kept();
  case_check_each_once(case_other);
  case_check_bytes(case_other, case_truth());
  o.replicas = 2; /* and back: what is not asked for is passed over */
  case_finish(check_world(), &o);
  case_check_each_once(case_other);
  case_check_bytes(case_other, &few);
}

/* Is there a line of a failure with these words? */
static mn_error *find_reason(void *context, const char *line)
{
  int *found = context;
  *found += strstr(line, "\tfailed\t") && strstr(line, "nowhere.h5");
  return NULL;
}

static void failures_are_recorded_and_the_others_finish(void **state)
{
  (void)state;
  int reasons = 0;
  mn_study_options o = case_study(case_one);
  for (int c = 0; c < CASE_COUNTS; c++) {
    case_runs[0][c].initial.kind = MN_INITIAL_FILE;
    case_runs[0][c].initial_file = "nowhere.h5";
    case_runs[0][c].initial_dataset = "/start";
  }
  for (int again = 0; again < 2; again++) {
    o.groups = 1 - again;
    mn_study_result r = case_go_on(check_world(), &o);
    assert_true(r.outcome == MN_FINISHED && r.complete);
    for (int row = 0; row < CASE_ROWS; row++) {
      const bool good = row >= CASE_COUNTS;
      const mn_estimate *e = &r.estimate[row * MN_QUANTITIES + MN_QUANTITY_SQUARE];
      assert_int_equal(r.failed[row], good ? 0 : CASE_REPLICAS);
      assert_int_equal(r.replicas[row], good ? CASE_REPLICAS : 0);
      assert_true(good ? e->error > 0.0 : isnan(e->value) && isnan(e->error));
      const mn_estimate *less = &r.paired[row * MN_QUANTITIES + MN_QUANTITY_SQUARE]; /* the last variation */
      assert_true(good ? less->value == 0.0 && less->error == 0.0 : isnan(less->value) && isnan(less->error));
    }
    mn_study_result_clear(&r);
    const case_lines lines = case_lines_of(case_one, "journal");
    assert_int_equal(lines.failed, (again + 1) * CASE_COUNTS * CASE_REPLICAS); /* they are tried again */
    assert_int_equal(lines.all - lines.failed, CASE_TASKS - CASE_COUNTS * CASE_REPLICAS);
  }
  check_ok(mn_journal_read(case_one, "journal", find_reason, &reasons));
  assert_int_equal(reasons, 2 * CASE_COUNTS * CASE_REPLICAS);
}

/* All ranks meet within their first replicas, so that every group has one. */
static bool meet(void *context)
{
  int *calls = context;
  if (++*calls == 2) {
    MPI_Barrier(check_world()->comm);
  }
  return false;
}

static void every_group_writes_a_journal_of_its_own(void **state)
{
  (void)state;
  int calls = 0;
  mn_study_options o = case_study(case_one);
  o.groups = check_world()->size;
  o.stop.requested = meet;
  o.stop.context = &calls;
  case_finish(check_world(), &o);
  case_check_each_once(case_one);
  for (int k = 0; k < check_world()->size; k++) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "journal-0001-%05d", k);
    assert_true(case_lines_of(case_one, prefix).all > 0);
  }
}

/* As above; then the disk of the last rank is full after 100 bytes of a file: less than a line. */
static bool meet_and_fill_the_disk(void *context)
{
  const bool last = check_world()->rank == check_world()->size - 1;
  meet(context);
  if (last && *(int *)context == 2) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  return false;
}

static void a_full_disk_of_one_rank_ends_the_study_on_all(void **state)
{
  (void)state;
  char words[32];
  int calls = 0;
  struct rlimit limit;
  mn_study_result r;
  mn_study_options o = case_study(case_one);
  const int64_t live = mn_memory_live();
  o.groups = check_world()->size;
  o.stop.requested = meet_and_fill_the_disk;
  o.stop.context = &calls;
  getrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_IGN);
  mn_error *error = mn_study(check_world(), &o, NULL, NULL, &r);
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_DFL);
  mn_study_result_clear(&r);
  snprintf(words, sizeof words, "journal-0001-%05d.txt", check_world()->size - 1);
  check_refused(error, MN_IO, words);
  assert_true(mn_memory_live() == live);
  o.stop.requested = NULL; /* there is room again */
  case_finish(check_world(), &o);
  case_check_each_once(case_one);
  case_check_bytes(case_one, case_truth());
}

static void a_directory_that_cannot_be_made_is_refused_on_all_ranks(void **state)
{
  (void)state;
  char places[2][CASE_PATH + 16];
  snprintf(places[0], sizeof places[0], "%s/file", check_directory);
  snprintf(places[1], sizeof places[1], "%s/file/study", check_directory);
  if (check_world()->rank == 0) {
    check_ok(mn_journal_append(places[0], "line"));
  }
  for (int k = 0; k < 2; k++) {
    mn_study_result r;
    const mn_study_options o = case_study(places[k]);
    check_refused(mn_study(check_world(), &o, NULL, NULL, &r), MN_USAGE, "cannot make the directory");
    mn_study_result_clear(&r);
  }
}

MN_TESTS("study_goes_on", CASE_IN_DIRECTORIES(a_stopped_study_goes_on_and_leaves_the_same_bytes),
         CASE_IN_DIRECTORIES(a_replica_that_is_stopped_is_not_recorded),
         CASE_IN_DIRECTORIES(one_request_of_one_rank_stops_its_group_for_good),
         CASE_IN_DIRECTORIES(the_clock_stops_a_study),
         CASE_IN_DIRECTORIES(a_request_after_the_last_replica_stops_nothing),
         CASE_IN_DIRECTORIES(torn_journals_lose_only_what_was_torn),
         CASE_IN_DIRECTORIES(more_replicas_counts_and_variations_go_on),
         CASE_IN_DIRECTORIES(failures_are_recorded_and_the_others_finish),
         CASE_IN_DIRECTORIES(every_group_writes_a_journal_of_its_own),
         CASE_IN_DIRECTORIES(a_full_disk_of_one_rank_ends_the_study_on_all),
         CASE_IN_DIRECTORIES(a_directory_that_cannot_be_made_is_refused_on_all_ranks));
