/* A line of a journal: name of the variation, number of cells, replica, rank seconds, then "done" and the statistics in
 * hexadecimal floating point, or "failed" and the reason; tabs between.  Lines of other variations, numbers of cells or
 * replicas than asked for now are passed over: a study may be extended. */
#include "tasks.h"

#include <mnemotaxis/journal.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t rows_of(const mn_study_options *o)
{
  return (int64_t)o->variations * o->counts;
}

int64_t mn_tasks_row(const mn_tasks *t, int64_t task)
{
  return task / t->options->replicas;
}

int64_t mn_tasks_replica(const mn_tasks *t, int64_t task)
{
  return task % t->options->replicas;
}

bool mn_tasks_is_mine(const mn_tasks *t, int64_t task)
{
  return task % t->options->parts == t->options->part - 1;
}

/* Expected seconds of one rank; for the direct engine from pairs and lags at 10^9 a second. */
static double expected_cost(const mn_run_options *o)
{
  const double steps = (double)o->steps;
  const double evaluations = o->dynamics.scheme == MN_SCHEME_HEUN ? 2.0 * steps : steps;
  const double n = (double)o->count;
  const mn_forecast f = mn_run_forecast(o, 1);
  const double pairs = 1e-9 * n * n * (0.5 * steps + 3.0);
  return 1e-3 + evaluations * (f.nanoseconds > 0.0 ? 1e-9 * f.nanoseconds : pairs);
}

mn_error *mn_tasks_create(const mn_study_options *o, mn_tasks *t)
{
  *t = (mn_tasks){.options = o, .count = rows_of(o) * o->replicas};
  if (t->count > INT32_MAX / MN_STATISTICS) {
    return mn_error_create(MN_USAGE, "the study has %lld runs; at most %d", (long long)t->count,
                           INT32_MAX / MN_STATISTICS);
  }
  MN_TRY(mn_alloc(&t->state, t->count, sizeof *t->state));
  MN_TRY(mn_alloc(&t->value, t->count * MN_STATISTICS, sizeof *t->value));
  MN_TRY(mn_alloc(&t->cost, rows_of(o), sizeof *t->cost));
  MN_TRY(mn_alloc(&t->seconds, rows_of(o), sizeof *t->seconds));
  MN_TRY(mn_alloc(&t->measured, rows_of(o), sizeof *t->measured));
  for (int64_t row = 0; row < rows_of(o); row++) {
    t->cost[row] = expected_cost(&o->variation[row / o->counts].run[row % o->counts]);
  }
  return NULL;
}

void mn_tasks_clear(mn_tasks *t)
{
  mn_free(&t->state);
  mn_free(&t->value);
  mn_free(&t->cost);
  mn_free(&t->seconds);
  mn_free(&t->measured);
}

/* The task of a line and its seconds; -1: not one of this study. */
static int64_t find_task(const mn_tasks *t, char *name, const char *count, const char *replica)
{
  const mn_study_options *o = t->options;
  const int64_t n = strtoll(count, NULL, 10);
  const int64_t r = strtoll(replica, NULL, 10);
  for (int v = 0; v < o->variations; v++) {
    for (int k = 0; k < o->counts; k++) {
      if (o->count[k] == n && strcmp(o->variation[v].name, name) == 0 && r >= 0 && r < o->replicas) {
        return ((int64_t)v * o->counts + k) * o->replicas + r;
      }
    }
  }
  return -1;
}

/* The next field of a line, cut off at its tab; NULL at the end. */
static char *next_field(char **rest)
{
  char *field = *rest;
  char *tab = field ? strchr(field, '\t') : NULL;
  *rest = tab ? tab + 1 : NULL;
  if (tab) {
    *tab = '\0';
  }
  return field;
}

static bool read_values(char *rest, double *value)
{
  for (int k = 0; k < MN_STATISTICS; k++) {
    const char *field = next_field(&rest);
    if (!field) {
      return false;
    }
    value[k] = strtod(field, NULL);
  }
  return rest == NULL;
}

static void take_fields(mn_tasks *t, char *rest)
{
  char *field[5];
  for (int k = 0; k < 5; k++) {
    field[k] = next_field(&rest);
    if (!field[k]) {
      return;
    }
  }
  const int64_t task = find_task(t, field[0], field[1], field[2]);
  if (task < 0 || t->state[task] == MN_TASK_DONE) {
    return;
  }
  if (strcmp(field[4], "failed") == 0) {
    t->state[task] = MN_TASK_FAILED;
  } else if (rest && read_values(rest, t->value + task * MN_STATISTICS)) {
    t->state[task] = MN_TASK_DONE;
    t->seconds[mn_tasks_row(t, task)] += strtod(field[3], NULL);
    t->measured[mn_tasks_row(t, task)] += 1.0;
  }
}

static mn_error *take_line(void *context, const char *line)
{
  char *copy = NULL;
  MN_TRY(mn_alloc(&copy, (int64_t)strlen(line) + 1, 1));
  memcpy(copy, line, strlen(line) + 1);
  take_fields(context, copy);
  mn_free(&copy);
  return NULL;
}

/* Measured costs where there are any; elsewhere expected ones, in the proportion found so far. */
static void correct_costs(mn_tasks *t)
{
  double measured = 0.0;
  double expected = 0.0;
  for (int64_t row = 0; row < rows_of(t->options); row++) {
    measured += t->seconds[row];
    expected += t->measured[row] * t->cost[row];
  }
  for (int64_t row = 0; row < rows_of(t->options); row++) {
    if (t->measured[row] > 0.0) {
      t->cost[row] = t->seconds[row] / t->measured[row];
    } else if (expected > 0.0) {
      t->cost[row] *= measured / expected;
    }
  }
}

mn_error *mn_tasks_read(const mn_parallel *parallel, mn_tasks *t)
{
  const int rows = (int)rows_of(t->options);
  memset(t->state, 0, (size_t)t->count * sizeof *t->state);
  memset(t->seconds, 0, (size_t)rows * sizeof *t->seconds);
  memset(t->measured, 0, (size_t)rows * sizeof *t->measured);
  mn_error *error = NULL;
  if (parallel->rank == 0) {
    error = mn_journal_read(t->options->directory, "journal", take_line, t);
    correct_costs(t);
  }
  MN_TRY(mn_agree(parallel, error));
  MPI_Bcast(t->state, (int)t->count, MPI_INT32_T, 0, parallel->comm);
  MPI_Bcast(t->value, (int)t->count * MN_STATISTICS, MPI_DOUBLE, 0, parallel->comm);
  MPI_Bcast(t->cost, rows, MPI_DOUBLE, 0, parallel->comm);
  return NULL;
}

mn_error *mn_tasks_record(const mn_tasks *t, int64_t task, int journal, double rank_seconds, const char *reason,
                          const double *value)
{
  enum { ROOM = 4096 + 32 * MN_STATISTICS };
  const mn_study_options *o = t->options;
  const int64_t row = mn_tasks_row(t, task);
  char path[4096];
  char line[ROOM];
  snprintf(path, sizeof path, "%s/journal-%04d-%05d.txt", o->directory, o->part, journal);
  int at = snprintf(line, sizeof line, "%.2000s\t%lld\t%lld\t%.6g\t%s", o->variation[row / o->counts].name,
                    (long long)o->count[row % o->counts], (long long)mn_tasks_replica(t, task), rank_seconds,
                    reason ? "failed" : "done");
  if (reason) {
    at += snprintf(line + at, sizeof line - (size_t)at, "\t%.1000s", reason);
  }
  for (int k = 0; k < MN_STATISTICS && !reason; k++) {
    at += snprintf(line + at, sizeof line - (size_t)at, "\t%a", value[k]);
  }
  for (char *c = line; *c != '\0'; c++) {
    *c = *c == '\n' ? ' ' : *c;
  }
  return mn_journal_append(path, line);
}

/* A task and what it costs, to be sorted. */
typedef struct priced {
  double cost;
  int64_t task;
} priced;

static int dearest_first(const void *a, const void *b)
{
  const priced *x = a;
  const priced *y = b;
  if (x->cost != y->cost) {
    return x->cost < y->cost ? 1 : -1;
  }
  return (x->task > y->task) - (x->task < y->task);
}

mn_error *mn_tasks_left(const mn_tasks *t, int first, int last, int64_t *list, int64_t *left)
{
  priced *all = NULL;
  MN_TRY(mn_alloc(&all, t->count, sizeof *all));
  *left = 0;
  for (int64_t task = 0; task < t->count; task++) {
    const int64_t row = mn_tasks_row(t, task);
    const int64_t variation = row / t->options->counts;
    if (variation >= first && variation < last && t->state[task] == MN_TASK_LEFT && mn_tasks_is_mine(t, task)) {
      all[(*left)++] = (priced){t->cost[row], task};
    }
  }
  qsort(all, (size_t)*left, sizeof *all, dearest_first);
  for (int64_t k = 0; k < *left; k++) {
    list[k] = all[k].task;
  }
  mn_free(&all);
  return NULL;
}

double mn_tasks_makespan(const mn_tasks *t, int64_t left, const int64_t *list, int ranks, int groups)
{
  enum { GROUPS_MAX = 65536 };
  double *busy = NULL;
  double longest = 0.0;
  mn_error *error = groups <= GROUPS_MAX ? mn_alloc(&busy, groups, sizeof *busy) : NULL;
  if (error || !busy) {
    mn_error_destroy(&error);
    return (double)INFINITY;
  }
  for (int64_t k = 0; k < left; k++) {
    int first = 0;
    for (int g = 1; g < groups; g++) {
      first = busy[g] < busy[first] ? g : first;
    }
    const int64_t row = mn_tasks_row(t, list[k]);
    const double share = fmin((double)(ranks / groups), (double)mn_groups(t->options->count[row % t->options->counts]));
    const double overhead = 2e-5 * (double)t->options->variation[row / t->options->counts].run[0].steps *
                            (ranks > groups ? 1.0 : 0.0); /* messages of a step */
    busy[first] += t->cost[row] / share + overhead;
    longest = fmax(longest, busy[first]);
  }
  mn_free(&busy);
  return longest;
}
