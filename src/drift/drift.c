/* The table of engines and what they share: creation, and the zero drift of a system without a past. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>

#include <assert.h>
#include <math.h>
#include <string.h>

const mn_drift_engine *const mn_drift_engines[] = {&mn_drift_direct, &mn_drift_spectral, NULL};

mn_error *mn_drift_create(const mn_parallel *parallel, const mn_drift_engine *engine, const mn_model *model,
                          const mn_drift_options *options, int64_t count, mn_drift **drift)
{
  mn_drift *d = NULL;
  mn_error *error = mn_alloc(&d, 1, sizeof *d);
  if (!error) {
    d->engine = engine;
    d->parallel = *parallel;
    d->model = *model;
    d->options = *options;
    d->count = count;
    d->block = mn_block_of(count, parallel->rank, parallel->size);
    error = engine->create(d);
  }
  error = mn_agree(parallel, error);
  if (error) {
    mn_drift_destroy(&d);
  }
  *drift = d;
  return error;
}

void mn_drift_destroy(mn_drift **drift)
{
  if (*drift) {
    (*drift)->engine->destroy(*drift);
  }
  mn_free(drift);
}

/* The window to 36 bits: differences of equal steps are then equal, and their tables are made once. */
static double without_last_bits(double window)
{
  int exponent;
  const double mantissa = frexp(window, &exponent);
  return ldexp(rint(ldexp(mantissa, 36)), exponent - 36);
}

mn_error *mn_drift_evaluate(mn_drift *drift, const mn_history *past, double now, double ahead, const double *mine,
                            double *out)
{
  const int samples = mn_history_samples(past);
  if (samples == 0) {
    memset(out, 0, (size_t)(2 * mn_block_count(drift->block)) * sizeof *out);
    return NULL;
  }
  assert(now > mn_history_slab(past, samples - 1)->time && ahead >= 0.0);
  const mn_present present = {without_last_bits(now - mn_history_slab(past, samples - 1)->time), ahead};
  return drift->engine->evaluate(drift, past, now, &present, mine, out);
}

mn_error *mn_drift_remember(mn_drift *drift, mn_history *past, double time, double step, const double *mine)
{
  if (drift->engine->remember) {
    MN_TRY(drift->engine->remember(drift, time, step, mine));
  }
  return mn_history_append(past, time, step, mine);
}

mn_ladder *mn_drift_ladder(mn_drift *drift)
{
  return drift->engine->ladder ? drift->engine->ladder(drift) : NULL;
}
