/* Groups fetch the next task from a counter on rank 0 (MPI one-sided), the most expensive first: they end together
 * within the shortest of them.  The continuum of a variation is solved on rank 0 alone, so that it has the same bits on
 * any number of ranks, before the replicas that need it; without a limit all variations are one pool. */
#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/study.h>

#include "outcome.h"
#include "pool.h"
#include "tasks.h"

#include <math.h>
#include <stdio.h>

enum { YARDSTICK_POINTS = 1 << 18 };

typedef struct study {
  const mn_parallel *parallel;
  const mn_study_options *options;
  mn_tasks tasks;
  int64_t left;
  int64_t *list; /* [tasks] of the pool that is worked on */
  mn_parallel group;
  int groups;
  mn_pool pool;      /* counter 0: place of the next task in the list; 1 + row: tasks finished */
  int64_t *row_left; /* [rows] tasks of the pool in each row that have not been told of as finished */
  int64_t *counters; /* [1 + rows] */
  int64_t before;    /* tasks finished before this pool */
  mn_mean_field *field;
  mn_yardstick *yardstick;
  double started, working; /* seconds; in replicas */
  double done_cost, cost_before, all_cost;
  int64_t done, mine; /* of this part: finished, in all */
  bool stopped;
  mn_study_reporter *reporter;
  void *context;
} study;

static void tell(const study *s, const char *event)
{
  if (!s->reporter || s->parallel->rank != 0) {
    return;
  }
  const double seconds = mn_seconds() - s->started;
  const double left = s->done_cost > 0.0 ? seconds * (s->all_cost - s->done_cost) / s->done_cost : (double)NAN;
  const mn_study_progress progress = {s->done, s->mine, seconds, left < 0.0 ? 0.0 : left, event};
  s->reporter(s->context, &progress);
}

/* Is it time to end?  Asked by each group for itself. */
static bool must_stop(const study *s)
{
  const mn_stop_options *stop = &s->options->stop;
  const bool late = stop->wall_minutes > 0.0 && mn_seconds() - s->started > 60.0 * stop->wall_minutes;
  return late || (stop->requested && stop->requested(stop->context));
}

static bool group_must_stop(void *context)
{
  const study *s = context;
  if (s->parallel->rank == 0) { /* where counters can be reached only while rank 0 is inside MPI: once a step */
    int unused;
    MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, s->parallel->comm, &unused, MPI_STATUS_IGNORE);
  }
  return must_stop(context);
}

/* The number of groups that ends first; ties for more groups, which talk less. */
static int choose_groups(const study *s)
{
  const int ranks = s->parallel->size;
  int best = ranks;
  double least = (double)INFINITY;
  if (s->options->groups > 0) {
    return s->options->groups < ranks ? s->options->groups : ranks;
  }
  for (int groups = ranks; groups >= 1; groups /= 2) {
    const double seconds = mn_tasks_makespan(&s->tasks, s->left, s->list, ranks, groups);
    if (seconds < 0.99 * least) {
      least = seconds;
      best = groups;
    }
  }
  return best;
}

static void split(study *s)
{
  MPI_Comm comm;
  s->groups = choose_groups(s);
  const int64_t number = (int64_t)s->parallel->rank * s->groups / s->parallel->size;
  MPI_Comm_split(s->parallel->comm, (int)number, s->parallel->rank, &comm);
  mn_parallel_create(comm, &s->group);
  MPI_Comm_free(&comm);
  mn_pool_open(s->parallel, 1 + s->options->variations * s->options->counts, &s->pool);
}

static void unite(study *s)
{
  mn_pool_close(&s->pool);
  mn_parallel_destroy(&s->group);
}

/* The next task of the pool for this group, or -1. */
static int64_t fetch(study *s)
{
  int64_t place = s->left;
  s->stopped = s->stopped || (s->group.rank == 0 && must_stop(s));
  if (s->group.rank == 0 && !s->stopped) {
    place = mn_pool_raise(&s->pool, 0);
  }
  MPI_Bcast(&place, 1, MPI_INT64_T, 0, s->group.comm);
  return place < s->left ? s->list[place] : -1;
}

/* One replica; its own failure is a result, not an error. */
static mn_error *work(study *s, int64_t task)
{
  const mn_study_options *o = s->options;
  const int64_t row = mn_tasks_row(&s->tasks, task);
  const int64_t count = o->count[row % o->counts];
  const mn_variation *variation = &o->variation[row / o->counts];
  mn_run_options options = variation->run[row % o->counts];
  double value[MN_STATISTICS];
  bool stopped = false;
  options.stop.requested = group_must_stop;
  options.stop.context = s;
  const double start = mn_seconds();
  mn_error *failure =
      mn_replica_run(&s->group, &options, mn_replica_seed(o->seed, count, mn_tasks_replica(&s->tasks, task)), s->field,
                     s->yardstick, value, &stopped);
  const double seconds = mn_seconds() - start;
  mn_error *error = NULL;
  s->working += seconds;
  s->stopped = s->stopped || stopped;
  if (s->group.rank == 0 && !stopped) {
    error = mn_tasks_record(&s->tasks, task, s->parallel->rank, seconds * s->group.size,
                            failure ? failure->message : NULL, value);
    (void)mn_pool_raise(&s->pool, 1 + (int)row);
  }
  mn_error_destroy(&failure);
  return mn_agree(&s->group, error);
}

/* Tells of rows that are complete since it was last looked. */
static void tell_rows(study *s)
{
  const mn_study_options *o = s->options;
  for (int64_t row = 0; row < (int64_t)o->variations * o->counts; row++) {
    if (s->row_left[row] > 0 && s->counters[1 + row] == s->row_left[row]) {
      char event[2200];
      snprintf(event, sizeof event, "%.2000s, %lld cells are complete", o->variation[row / o->counts].name,
               (long long)o->count[row % o->counts]);
      s->row_left[row] = 0;
      tell(s, event);
    }
  }
}

/* Counts what all groups have finished.  Rank 0. */
static void look(study *s)
{
  if (s->parallel->rank != 0) {
    return;
  }
  mn_pool_look(&s->pool, s->counters);
  s->done = s->before;
  s->done_cost = s->cost_before;
  for (int64_t row = 0; row < (int64_t)s->options->variations * s->options->counts; row++) {
    s->done += s->counters[1 + row];
    s->done_cost += (double)s->counters[1 + row] * s->tasks.cost[row];
  }
  tell_rows(s);
  tell(s, NULL);
}

/* All tasks of the list, by all groups. */
static mn_error *work_off(study *s)
{
  mn_error *error = NULL;
  int64_t task;
  const int rows = s->options->variations * s->options->counts;
  for (int row = 0; row < rows; row++) {
    s->row_left[row] = 0;
  }
  for (int64_t k = 0; k < s->left; k++) {
    s->row_left[mn_tasks_row(&s->tasks, s->list[k])]++;
  }
  s->before = s->done;
  s->cost_before = s->done_cost;
  split(s);
  while (!error && (task = fetch(s)) >= 0) {
    error = work(s, task);
    look(s);
  }
  error = mn_agree(s->parallel, error); /* a journal that cannot be written ends the study */
  look(s);
  unite(s);
  s->stopped = mn_any(s->parallel, s->stopped || must_stop(s));
  return error;
}

/* Nothing is solved when a stop is requested meanwhile. */
static mn_error *solve_limit(study *s, const mn_variation *variation)
{
  const mn_run_options *run = &variation->run[0];
  mn_error *error = NULL;
  char event[2200];
  if (s->parallel->rank == 0) {
    mn_parallel alone;
    snprintf(event, sizeof event, "solving the continuum of %.2000s", variation->name);
    tell(s, event);
    mn_parallel_create(MPI_COMM_SELF, &alone);
    const mn_stop_options stop = {.requested = group_must_stop, .context = s};
    error = mn_mean_field_solve(&alone, &variation->continuum, &run->dynamics.schedule, run->steps, &stop, &s->field);
    mn_parallel_destroy(&alone);
  }
  error = mn_agree(s->parallel, error);
  MN_TRY(mn_error_within(error, "the continuum of %.2000s", variation->name));
  s->stopped = mn_any(s->parallel, s->parallel->rank == 0 && !s->field);
  if (s->stopped) {
    return NULL;
  }
  MN_TRY(mn_mean_field_share(s->parallel, &s->field));
  return mn_agree(s->parallel,
                  mn_yardstick_create(&s->field->plane[s->field->moments - 1], YARDSTICK_POINTS, &s->yardstick));
}

static mn_error *do_variations(study *s, int first, int last)
{
  MN_TRY(mn_agree(s->parallel, mn_tasks_left(&s->tasks, first, last, s->list, &s->left)));
  if (s->left == 0 || s->stopped) {
    return NULL;
  }
  mn_error *error = s->options->limit ? solve_limit(s, &s->options->variation[first]) : NULL;
  if (!error && !s->stopped) {
    error = work_off(s);
  }
  mn_yardstick_destroy(&s->yardstick);
  mn_mean_field_destroy(&s->field);
  return error;
}

static void count_work(study *s)
{
  s->mine = 0;
  for (int64_t task = 0; task < s->tasks.count; task++) {
    if (mn_tasks_is_mine(&s->tasks, task)) {
      s->mine++;
      s->done += s->tasks.state[task] != MN_TASK_LEFT;
      s->all_cost += s->tasks.state[task] == MN_TASK_LEFT ? s->tasks.cost[mn_tasks_row(&s->tasks, task)] : 0.0;
    }
  }
}

static mn_error *do_what_is_left(study *s)
{
  const mn_study_options *o = s->options;
  count_work(s);
  tell(s, s->done > 0 ? "going on" : "started");
  if (!o->limit) {
    return do_variations(s, 0, o->variations);
  }
  for (int v = 0; v < o->variations; v++) {
    MN_TRY(do_variations(s, v, v + 1));
  }
  return NULL;
}

static int64_t finished(const mn_tasks *tasks)
{
  int64_t count = 0;
  for (int64_t task = 0; task < tasks->count; task++) {
    count += tasks->state[task] != MN_TASK_LEFT;
  }
  return count;
}

/* Makes study.h5, once more if another job has finished something meanwhile; whoever sees the end of the whole study
 * writes it. */
static mn_error *conclude(study *s, mn_study_result *result)
{
  int64_t seen = -1;
  MN_TRY(mn_tasks_read(s->parallel, &s->tasks));
  for (int times = 0; seen != finished(&s->tasks) && (times < 2 || finished(&s->tasks) == s->tasks.count); times++) {
    seen = finished(&s->tasks);
    mn_study_result_clear(result);
    MN_TRY(mn_outcome_make(s->parallel, &s->tasks, result));
    MN_TRY(mn_tasks_read(s->parallel, &s->tasks));
  }
  return NULL;
}

/* What is known of before, and room for what is to come. */
static mn_error *prepare(study *s)
{
  const mn_study_options *o = s->options;
  const int64_t rows = (int64_t)o->variations * o->counts;
  mn_error *error = mn_tasks_create(o, &s->tasks);
  error = error ? error : mn_alloc(&s->list, s->tasks.count, sizeof *s->list);
  error = error ? error : mn_alloc(&s->row_left, rows, sizeof *s->row_left);
  error = error ? error : mn_alloc(&s->counters, rows + 1, sizeof *s->counters);
  error = error || s->parallel->rank > 0 ? error : mn_journal_directory(o->directory);
  MN_TRY(mn_agree(s->parallel, error));
  MN_TRY(mn_tasks_read(s->parallel, &s->tasks));
  for (int64_t task = 0; task < s->tasks.count; task++) { /* what has failed is tried again */
    if (s->tasks.state[task] == MN_TASK_FAILED && mn_tasks_is_mine(&s->tasks, task)) {
      s->tasks.state[task] = MN_TASK_LEFT;
    }
  }
  return mn_agree(s->parallel, mn_tasks_left(&s->tasks, 0, o->variations, s->list, &s->left));
}

/* Does what is left; a continuum that cannot be solved (MN_USAGE) still leaves a file of what is finished. */
static mn_error *carry_out(study *s, mn_study_result *result)
{
  const bool something = s->left > 0;
  mn_error *error = do_what_is_left(s);
  double seconds[2] = {s->working, mn_seconds() - s->started};
  MPI_Allreduce(MPI_IN_PLACE, seconds, 2, MPI_DOUBLE, MPI_SUM, s->parallel->comm);
  if (error && error->code != MN_USAGE) {
    return error;
  }
  mn_error *also = conclude(s, result);
  if (error) {
    mn_error_destroy(&also);
    return error;
  }
  MN_TRY(also);
  MN_TRY(mn_agree(s->parallel, mn_tasks_left(&s->tasks, 0, s->options->variations, s->list, &s->left)));
  result->busy = something ? seconds[0] / seconds[1] : (double)NAN;
  result->outcome = s->stopped && s->left > 0 ? MN_STOPPED : MN_FINISHED;
  return NULL;
}

mn_error *mn_study(const mn_parallel *parallel, const mn_study_options *options, mn_study_reporter *reporter,
                   void *context, mn_study_result *result)
{
  study s = {
      .parallel = parallel, .options = options, .started = mn_seconds(), .reporter = reporter, .context = context};
  *result = (mn_study_result){.variations = options->variations, .counts = options->counts};
  mn_error *error = prepare(&s);
  error = error ? error : carry_out(&s, result);
  mn_tasks_clear(&s.tasks);
  mn_free(&s.list);
  mn_free(&s.row_left);
  mn_free(&s.counters);
  return error;
}
