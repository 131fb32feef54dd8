/* outcome.h  From finished tasks to averages, fits and study.h5. */
#ifndef MN_STUDY_OUTCOME_H
#define MN_STUDY_OUTCOME_H

#include "tasks.h"

/* Fills the result and writes study.h5.  Collective. */
mn_error *mn_outcome_make(const mn_parallel *parallel, const mn_tasks *tasks, mn_study_result *result) MN_MUST_CHECK;

#endif
