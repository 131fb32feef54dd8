/* stop.h  When to save, and when to stop early. */
#ifndef MN_RUN_STOP_H
#define MN_RUN_STOP_H

#include <mnemotaxis/run.h>

/* What the decision needs that does not change. */
typedef struct mn_stop_clock {
  const mn_parallel *parallel;
  const mn_stop_options *options;
  double started;     /* mn_seconds */
  int64_t first_step; /* the step the run or its resumption began with: at least one step is taken */
} mn_stop_clock;

/* Why to save now, the same on all ranks, or NULL; `stop` if the run is to end.  Collective. */
const char *mn_stop_reason(const mn_stop_clock *clock, int64_t step, double saved_at, bool *stop);

#endif
