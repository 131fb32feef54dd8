/** @file schedule.h  The times of the steps: a ramp of growing steps, then equal ones. */
#ifndef MNEMOTAXIS_SCHEDULE_H
#define MNEMOTAXIS_SCHEDULE_H

#include <mnemotaxis/error.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Steps first, first g, first g^2, ... up to `step`, then `step` for ever.  The growth g <= growth is
 * chosen so that the ramp ends on a multiple of `step`: every later multiple is then a time of the run. */
typedef struct mn_schedule {
  double step;
  double first;     /**< = step: no ramp */
  double growth;    /**< the g used */
  int64_t ramp;     /**< steps in the ramp */
  int64_t multiple; /**< the ramp ends at multiple * step */
} mn_schedule;

/** Makes a schedule.  Local.
 * @param step    > 0
 * @param first   0 (no ramp) or a length in (0, step]
 * @param growth  largest allowed ratio of neighbouring steps, > 1
 * Fails: MN_USAGE on values out of range. */
mn_error *mn_schedule_make(double step, double first, double growth, mn_schedule *schedule) MN_MUST_CHECK;

/** Time before step n, n >= 0; the same bits whenever it is asked.  Local. */
double mn_schedule_time(const mn_schedule *schedule, int64_t n);

/** Length of step n: mn_schedule_time(n + 1) - mn_schedule_time(n) up to rounding; exactly `step` after
 * the ramp.  Local. */
double mn_schedule_step(const mn_schedule *schedule, int64_t n);

/** Number of steps to reach `end`, which must be a multiple of `step` and not before the end of the ramp.
 * Local.  Fails: MN_USAGE, with the nearest allowed values. */
mn_error *mn_schedule_steps(const mn_schedule *schedule, double end, int64_t *steps) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
