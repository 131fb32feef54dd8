/* Both engines on a Gaussian cloud, in averaged steps, for a second or two.  What is measured stands for the average
 * step of two hundred: the direct engine's grows by so much a sample, so it is asked for in the middle; the spectral
 * one's, once a cloud has spread somewhat, grows or falls in ways no forecast has got right (bench_auto). */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>

#include "forecast.h"
#include "layout.h"

#include <math.h>

enum { FIRST = 6, LAST = 100, REPETITIONS = 3 };

/* Forecasts are not wrong by more: beyond, nothing is tried. */
static const double doubt = 4.0;

/* Seconds of one step of the direct engine; beyond twice as many of the spectral one no more steps begin. */
static const double patience = 1.0;

typedef struct cloud {
  const mn_drift_engine *engine;
  double variance;
  mn_drift *drift;
  mn_history *past;
  double *x, *out;
} cloud;

static mn_error *prepare(const mn_parallel *parallel, const mn_model *model, const mn_drift_options *options,
                         int64_t count, cloud *c)
{
  const int64_t local = 2 * mn_block_count(mn_block_of(count, parallel->rank, parallel->size));
  const mn_history_options keep = {.tolerance = options->tolerance};
  mn_drift_options equal = *options;
  equal.shortest_step = equal.longest_step;
  equal.ratio = mn_layout_ratio(options);
  MN_TRY(mn_history_create(parallel, model, &keep, mn_drift_witnesses(c->engine, count), &c->past));
  MN_TRY(mn_drift_create(parallel, c->engine, model, &equal, count, &c->drift));
  mn_error *error = mn_alloc(&c->x, local, sizeof *c->x);
  return mn_agree(parallel, error ? error : mn_alloc(&c->out, local, sizeof *c->out));
}

static void release(cloud *c)
{
  mn_history_destroy(&c->past);
  mn_drift_destroy(&c->drift);
  mn_free(&c->x);
  mn_free(&c->out);
}

/* Step 0 draws the cloud. */
static void move(cloud *c, int step)
{
  const mn_block own = c->drift->block;
  const double spread = sqrt(step > 0 ? 2.0 * c->drift->options.longest_step : c->variance);
  for (int64_t i = own.begin; i < own.end; i++) {
    double normal[2];
    mn_noise_normal(1, MN_STREAM_INITIAL, (uint32_t)i, (uint64_t)step, 0, normal);
    for (int a = 0; a < 2; a++) {
      double *to = &c->x[2 * (i - own.begin) + a];
      *to = (step > 0 ? *to : 0.0) + spread * normal[a];
    }
  }
}

/* Seconds of an evaluation, those of rank 0, and of taking the cells as a sample. */
static mn_error *take_step(cloud *c, int step, bool evaluated, double *seconds)
{
  const double h = c->drift->options.longest_step;
  MPI_Barrier(c->drift->parallel.comm);
  const double start = mn_seconds();
  if (evaluated) {
    MN_TRY(mn_drift_evaluate(c->drift, c->past, h * step, h, c->x, c->out));
  }
  MN_TRY(mn_drift_remember(c->drift, c->past, h * step, h, c->x));
  *seconds = mn_seconds() - start;
  MPI_Bcast(seconds, 1, MPI_DOUBLE, 0, c->drift->parallel.comm);
  move(c, step + 1);
  return NULL;
}

/* Mean of the later half of the steps there is time for. */
static mn_error *try_spectral(cloud *c, double *seconds)
{
  double taken[LAST];
  double all = 0.0;
  int steps = 0;
  move(c, 0);
  while (steps < LAST && (steps <= FIRST || all < 2.0 * patience)) {
    MN_TRY(take_step(c, steps, true, &taken[steps]));
    all += taken[steps++];
  }
  double sum = 0.0;
  for (int n = steps / 2; n < steps; n++) {
    sum += taken[n];
  }
  *seconds = sum / (steps - steps / 2);
  return NULL;
}

/* With so many samples behind: disturbances only add, so the least time counts. */
static mn_error *try_direct(cloud *c, int behind, double *seconds)
{
  move(c, 0);
  *seconds = (double)INFINITY;
  for (int n = 0; n < behind + REPETITIONS; n++) {
    double taken;
    MN_TRY(take_step(c, n, n >= behind, &taken));
    *seconds = n >= behind ? fmin(*seconds, taken) : *seconds;
  }
  return NULL;
}

/* What the forecasts of runs become. */
static mn_error *correct(const mn_parallel *parallel, const mn_model *model, const mn_drift_options *options,
                         int64_t count, double variance, mn_rivals *cost)
{
  cloud spectral = {.engine = &mn_drift_spectral, .variance = variance};
  cloud direct = {.engine = &mn_drift_direct, .variance = variance};
  const int behind = (int)mn_forecast_samples(model, options);
  double fields = 0.0;
  double pairs = 0.0;
  mn_error *error = prepare(parallel, model, options, count, &spectral);
  error = error ? error : try_spectral(&spectral, &fields);
  error = error ? error : prepare(parallel, model, options, count, &direct);
  error = error ? error : try_direct(&direct, behind, &pairs);
  release(&spectral);
  release(&direct);
  cost->spectral *= 1e9 * fields / mn_forecast_spectral(model, options, count, variance);
  cost->direct *= 1e9 * pairs / mn_forecast_direct(model, options, count);
  return error;
}

/* Forecasts are of one core: pairs are shared by ranks for nothing, fields may not gain at all. */
static bool is_open(const mn_rivals *cost, int ranks)
{
  return cost->spectral < doubt * cost->direct && cost->direct < doubt * (double)ranks * cost->spectral;
}

/* No trial may be what a run ends by, or waits for. */
static bool is_modest(const mn_model *model, const mn_drift_options *options, int64_t count, int ranks, double variance)
{
  const mn_forecast f =
      mn_drift_forecast(&mn_drift_spectral, model, options, count, ranks, variance, LAST * options->longest_step);
  const double direct = 1e-9 * mn_forecast_direct(model, options, count) / (double)ranks;
  const double fields = 1e-9 * (FIRST + 1) * mn_forecast_spectral(model, options, count, variance);
  const bool small = f.bytes * (double)ranks < 0.25 * (double)mn_memory_machine();
  return small && direct < patience && fields < 2.0 * patience;
}

mn_error *mn_drift_fastest(const mn_parallel *parallel, const mn_model *model, const mn_drift_options *options,
                           int64_t count, double variance, const mn_drift_engine **fastest)
{
  *fastest = mn_drift_cheapest(model, options, count, variance);
  if (!(options->longest_step > 0.0)) {
    return NULL;
  }
  mn_rivals cost = mn_forecast_rivals(model, options, count, variance);
  const bool tried = is_open(&cost, parallel->size) && is_modest(model, options, count, parallel->size, variance);
  if (!mn_any(parallel, !tried)) { /* machines differ */
    MN_TRY(correct(parallel, model, options, count, variance, &cost));
    *fastest = cost.direct < cost.spectral ? &mn_drift_direct : &mn_drift_spectral;
  }
  return NULL;
}
