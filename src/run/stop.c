/* Rank 0 knows the clock; a signal may have reached any rank. */
#include "stop.h"

#include <mnemotaxis/parallel.h>

const char *mn_stop_reason(const mn_stop_clock *clock, int64_t step, double saved_at, bool *stop)
{
  enum { NOTHING, DUE, WALL, REQUEST }; /* the most urgent last */
  static const char *const text[] = {NULL, "checkpoint", "wall-clock limit reached", "stop requested"};
  const mn_stop_options *o = clock->options;
  int reason = NOTHING;
  if (step > clock->first_step) {
    const double minutes = (mn_seconds() - clock->started) / 60.0;
    const double since = (mn_seconds() - saved_at) / 60.0;
    const bool due = (o->checkpoint_steps > 0 && step % o->checkpoint_steps == 0) ||
                     (o->checkpoint_minutes > 0.0 && since >= o->checkpoint_minutes);
    if (o->requested && o->requested(o->context)) {
      reason = REQUEST;
    } else if (clock->parallel->rank == 0 && o->wall_minutes > 0.0 && minutes >= o->wall_minutes) {
      reason = WALL;
    } else if (clock->parallel->rank == 0 && due) {
      reason = DUE;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, &reason, 1, MPI_INT, MPI_MAX, clock->parallel->comm);
  *stop = reason == WALL || reason == REQUEST;
  return text[reason];
}
