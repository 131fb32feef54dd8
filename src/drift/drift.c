/* The table of engines and what they share: creation, and the zero drift of a system without a past. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>

#include "partner_trail.h"

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
    mn_partner_trail_destroy(&(*drift)->partners);
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
  drift->expected = drift->options.tolerance;
  return drift->engine->evaluate(drift, past, now, &present, mine, out);
}

/* Witnesses are every stride-th group of cells. */
static int64_t stride_of(int64_t count)
{
  return (mn_groups(count) * MN_GROUP + MN_WITNESSES - 1) / MN_WITNESSES;
}

int64_t mn_drift_witnesses(const mn_drift_engine *engine, int64_t count)
{
  if (!engine->remember || count <= MN_WITNESSES) {
    return count;
  }
  const int64_t groups = mn_groups(count);
  const int64_t stride = stride_of(count);
  const bool last = (groups - 1) % stride == 0; /* it may be smaller */
  return (groups + stride - 1) / stride * MN_GROUP - (last ? groups * MN_GROUP - count : 0);
}

/* Own witnesses, one after the other; returns their number. */
static int64_t collect(const mn_drift *drift, int64_t stride, const double *mine, double *out)
{
  int64_t picked = 0;
  for (int64_t id = drift->block.begin; id < drift->block.end; id++) {
    if (id / MN_GROUP % stride == 0) {
      out[2 * picked] = mine[2 * (id - drift->block.begin)];
      out[2 * picked + 1] = mine[2 * (id - drift->block.begin) + 1];
      picked++;
    }
  }
  return picked;
}

mn_error *mn_drift_pick(const mn_drift *drift, int64_t witnesses, const double *mine, double *out)
{
  const mn_parallel *parallel = &drift->parallel;
  const mn_block block = mn_block_of(witnesses, parallel->rank, parallel->size);
  if (witnesses == drift->count) {
    memcpy(out, mine, (size_t)(2 * mn_block_count(block)) * sizeof *out);
    return NULL;
  }
  assert(witnesses == mn_drift_witnesses(drift->engine, drift->count));
  double *own = NULL;
  double *all = NULL;
  int64_t numbers = 0;
  MN_TRY(mn_agree(parallel, mn_alloc(&own, 2 * witnesses, sizeof *own)));
  const int64_t picked = collect(drift, stride_of(drift->count), mine, own);
  mn_error *error = mn_gather_numbers(parallel, own, 2 * picked, &all, &numbers);
  if (!error) {
    memcpy(out, all + 2 * block.begin, (size_t)(2 * mn_block_count(block)) * sizeof *out);
  }
  mn_free(&own);
  mn_free(&all);
  return error;
}

static mn_error *append(mn_drift *drift, mn_history *past, double time, double step, const double *mine)
{
  const int64_t witnesses = mn_history_cells(past);
  if (witnesses == drift->count) {
    return mn_history_append(past, time, step, mine);
  }
  const mn_block block = mn_block_of(witnesses, drift->parallel.rank, drift->parallel.size);
  double *picked = NULL;
  MN_TRY(mn_agree(&drift->parallel, mn_alloc(&picked, 2 * mn_block_count(block), sizeof *picked)));
  mn_error *error = mn_drift_pick(drift, witnesses, mine, picked);
  error = error ? error : mn_history_append(past, time, step, picked);
  mn_free(&picked);
  return error;
}

mn_error *mn_drift_remember(mn_drift *drift, mn_history *past, double time, double step, const double *mine)
{
  if (drift->engine->remember) {
    MN_TRY(drift->engine->remember(drift, time, step, mine));
  }
  return append(drift, past, time, step, mine);
}

mn_ladder *mn_drift_ladder(mn_drift *drift)
{
  return drift->engine->ladder ? drift->engine->ladder(drift) : NULL;
}
