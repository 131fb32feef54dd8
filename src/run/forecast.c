/* What a run will need, from the formulas of those who allocate it. */
#include <math.h>
#include <mnemotaxis/run.h>

int64_t mn_run_witnesses(const mn_run_options *o)
{
  return o->audit > 0 ? o->count : mn_drift_witnesses(o->engine, o->count);
}

mn_forecast mn_run_forecast(const mn_run_options *o, int ranks)
{
  return mn_drift_forecast(o->engine, &o->dynamics.model, &o->drift, o->count, ranks, mn_initial_variance(&o->initial),
                           mn_schedule_time(&o->dynamics.schedule, o->steps));
}

int64_t mn_run_expected_bytes(const mn_run_options *o, int ranks)
{
  const int64_t local = mn_block_count(mn_block_of(o->count, 0, ranks));
  const double step = o->dynamics.schedule.step;
  int64_t samples = o->steps;
  if (o->history.horizon > 0.0 && o->history.horizon / step < (double)samples) {
    samples = (int64_t)(o->history.horizon / step) + 1;
  }
  const int64_t kept = mn_run_witnesses(o);
  const int64_t history = mn_history_expected_bytes(&o->dynamics.model, &o->history, kept,
                                                    kept < o->count ? kept / ranks : local, samples, step);
  const int64_t cells = 14 * local * (int64_t)sizeof(double); /* here and in the stepper */
  const int64_t gathered = 32 * kept;                         /* partner drift: positions and a decoded sample */
  const int64_t followed = mn_drift_partner_bytes(o->engine, &o->dynamics.model, &o->drift, kept, ranks,
                                                  mn_schedule_time(&o->dynamics.schedule, o->steps));
  const int64_t writing = (1 << 20) + 24 * local; /* a chunk of the seal, a column read back */
  const mn_forecast engine = mn_run_forecast(o, ranks);
  const int64_t meshes = (int64_t)fmin(engine.bytes, 4e18); /* tiny first steps ask for any number of them */
  return history + meshes + cells + followed + (gathered > writing ? gathered : writing);
}
