/* tasks.h  What a study has to do and what of it is done: replicas by variation, number of cells, replica. */
#ifndef MN_STUDY_TASKS_H
#define MN_STUDY_TASKS_H

#include <mnemotaxis/study.h>

typedef enum mn_task_state { MN_TASK_LEFT, MN_TASK_DONE, MN_TASK_FAILED } mn_task_state;

typedef struct mn_tasks {
  const mn_study_options *options;
  int64_t count; /* variations x counts x replicas, in that order, replicas fastest */
  int32_t *state;
  double *value;              /* [count, MN_STATISTICS] */
  double *cost;               /* [variations x counts] seconds of one rank for a replica, expected or measured */
  double *seconds, *measured; /* [variations x counts] rank seconds of finished replicas in all, and how many */
} mn_tasks;

/* Room, and costs as engines expect them.  Local. */
mn_error *mn_tasks_create(const mn_study_options *options, mn_tasks *tasks) MN_MUST_CHECK;
void mn_tasks_clear(mn_tasks *tasks);

/* Row (variation x counts + index of the number of cells) and replica of a task.  Local. */
int64_t mn_tasks_row(const mn_tasks *tasks, int64_t task);
int64_t mn_tasks_replica(const mn_tasks *tasks, int64_t task);

/* Does this part of the study own the task?  Local. */
bool mn_tasks_is_mine(const mn_tasks *tasks, int64_t task);

/* Reads all journals on rank 0 and tells all ranks.  Collective. */
mn_error *mn_tasks_read(const mn_parallel *parallel, mn_tasks *tasks) MN_MUST_CHECK;

/* Appends a finished task to the journal of this rank; reason NULL: it did not fail.  Local. */
mn_error *mn_tasks_record(const mn_tasks *tasks, int64_t task, int journal, double rank_seconds, const char *reason,
                          const double *value) MN_MUST_CHECK;

/* Own tasks that are left of variations [first, last), the most expensive first, and their number.  Local.
 * list: [tasks->count] */
mn_error *mn_tasks_left(const mn_tasks *tasks, int first, int last, int64_t *list, int64_t *left) MN_MUST_CHECK;

/* Seconds that `left` tasks take when each goes to the first of `groups` groups of `ranks`/`groups` ranks that is free.
 */
double mn_tasks_makespan(const mn_tasks *tasks, int64_t left, const int64_t *list, int ranks, int groups);

#endif
