/* The first steps of the run itself, by either engine, for a second or two: its cells, noise, scheme and c_0.  Where
 * the run's steps grow, these are as long as they become.  What is measured stands for the average step of two hundred:
 * the direct engine's grows by so much a sample, so it is asked for in the middle, after steps without drift; the
 * spectral one's, once a cloud has spread somewhat, grows or falls in ways no forecast has got right (bench_auto). */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>

#include <math.h>
#include <string.h>

enum { FIRST = 6, LAST = 100, FEWEST = 3, MOST = 20 };

/* Forecasts are not wrong by more: beyond, nothing is tried. */
static const double doubt = 4.0;

/* Seconds of one step of the direct engine; beyond twice as many of the spectral one no more steps begin. */
static const double patience = 1.0;

/* The run with an engine of its own. */
typedef struct trial {
  const mn_parallel *parallel;
  mn_run_options run;
  mn_drift *drift;
  mn_history *past;
  mn_stepper *stepper;
  double *x, *free_path;
} trial;

static mn_error *prepare(trial *t)
{
  const mn_run_options *o = &t->run;
  const int64_t cells = mn_block_count(mn_block_of(o->count, t->parallel->rank, t->parallel->size));
  MN_TRY(mn_drift_create(t->parallel, o->engine, &o->dynamics.model, &o->drift, o->count, &t->drift));
  MN_TRY(mn_history_create(t->parallel, &o->dynamics.model, &o->history, mn_run_witnesses(o), &t->past));
  MN_TRY(mn_stepper_create(&o->dynamics, t->drift, t->past, &t->stepper));
  mn_error *error = mn_alloc(&t->x, 2 * cells, sizeof *t->x);
  MN_TRY(mn_agree(t->parallel, error ? error : mn_alloc(&t->free_path, 2 * cells, sizeof *t->free_path)));
  MN_TRY(mn_run_start(t->parallel, o, o->dynamics.seed, t->x));
  memcpy(t->free_path, t->x, (size_t)(2 * cells) * sizeof *t->x);
  return NULL;
}

static void release(trial *t)
{
  mn_stepper_destroy(&t->stepper);
  mn_history_destroy(&t->past);
  mn_drift_destroy(&t->drift);
  mn_free(&t->x);
  mn_free(&t->free_path);
}

/* Seconds of step n, those of rank 0. */
static mn_error *advance(trial *t, int n, double *seconds)
{
  MPI_Barrier(t->parallel->comm);
  const double start = mn_seconds();
  MN_TRY(mn_stepper_advance(t->stepper, n, t->x, t->free_path));
  *seconds = mn_seconds() - start;
  MPI_Bcast(seconds, 1, MPI_DOUBLE, 0, t->parallel->comm);
  return NULL;
}

/* Mean of the later half of the steps there is time for, and how long these took. */
static mn_error *try_spectral(trial *t, double *seconds, double *together)
{
  double taken[LAST];
  double all = 0.0;
  int steps = 0;
  while (steps < LAST && (steps <= FIRST || all < 2.0 * patience)) {
    MN_TRY(advance(t, steps, &taken[steps]));
    all += taken[steps++];
  }
  *together = 0.0;
  for (int n = steps / 2; n < steps; n++) {
    *together += taken[n];
  }
  *seconds = *together / (steps - steps / 2);
  return NULL;
}

/* The cells without drift become samples of the past, one after the other. */
static mn_error *grow_old(trial *t, int samples)
{
  const mn_dynamics *d = &t->run.dynamics;
  for (int n = 0; n < samples; n++) {
    const double time = mn_schedule_time(&d->schedule, n);
    MN_TRY(mn_drift_remember(t->drift, t->past, time, mn_schedule_step(&d->schedule, n), t->x));
    mn_step_noise(d, t->drift->block, n, t->free_path); /* nobody asks for the free path */
    for (int64_t k = 0; k < 2 * mn_block_count(t->drift->block); k++) {
      t->x[k] += t->free_path[k];
    }
  }
  return NULL;
}

/* Mean of some steps around that many samples.  What else the machine does disturbs both engines alike if these take
 * about as long as the other's did. */
static mn_error *try_direct(trial *t, int samples, double together, double *seconds)
{
  const int behind = samples > MOST / 2 ? samples - MOST / 2 : 0;
  double all = 0.0;
  int steps = 0;
  MN_TRY(grow_old(t, behind));
  while (steps < FEWEST || (steps < MOST && all < together)) {
    double taken;
    MN_TRY(advance(t, behind + steps++, &taken));
    all += taken;
  }
  *seconds = all / steps;
  return NULL;
}

/* The run with that engine, in steps as long as they become. */
static mn_error *with(const mn_run_options *options, const mn_drift_engine *engine, mn_run_options *run)
{
  *run = *options;
  run->engine = engine;
  run->drift.shortest_step = run->drift.longest_step;
  run->drift.ratio = mn_drift_ratio(&options->drift);
  return mn_schedule_make(run->drift.longest_step, 0.0, 2.0, &run->dynamics.schedule);
}

/* What the forecasts of runs become. */
static mn_error *correct(const mn_parallel *parallel, const mn_run_options *options, mn_rivals *cost)
{
  trial fields = {.parallel = parallel};
  trial pairs = {.parallel = parallel};
  double spectral = 0.0;
  double direct = 0.0;
  double together = 0.0;
  mn_error *error = with(options, &mn_drift_spectral, &fields.run);
  error = error ? error : with(options, &mn_drift_direct, &pairs.run);
  error = error ? error : prepare(&fields);
  error = error ? error : try_spectral(&fields, &spectral, &together);
  error = error ? error : prepare(&pairs);
  error = error ? error : try_direct(&pairs, (int)cost->samples, together, &direct);
  release(&fields);
  release(&pairs);
  cost->spectral *= 1e9 * spectral / cost->spectral_step;
  cost->direct *= 1e9 * direct / cost->direct_step;
  return error;
}

/* Forecasts are of one core: pairs are shared by ranks for nothing, fields may not gain at all. */
static bool is_open(const mn_rivals *cost, int ranks)
{
  return cost->spectral < doubt * cost->direct && cost->direct < doubt * (double)ranks * cost->spectral;
}

/* No trial may be what a run ends by, or waits for. */
static bool is_modest(const mn_run_options *o, const mn_rivals *cost, int ranks)
{
  const double evaluations = o->dynamics.scheme == MN_SCHEME_HEUN ? 2.0 : 1.0;
  const mn_forecast f = mn_drift_forecast(&mn_drift_spectral, &o->dynamics.model, &o->drift, o->count, ranks,
                                          mn_initial_variance(&o->initial), LAST * o->drift.longest_step);
  const bool small = f.bytes * (double)ranks < 0.25 * (double)mn_memory_machine();
  const double direct = 1e-9 * evaluations * cost->direct_step / (double)ranks;
  const double fields = 1e-9 * evaluations * cost->spectral_step * (FIRST + 1);
  return small && direct < patience && fields < 2.0 * patience;
}

mn_error *mn_run_fastest(const mn_parallel *parallel, const mn_run_options *options, const mn_drift_engine **fastest)
{
  const mn_run_options *o = options;
  const double variance = mn_initial_variance(&o->initial);
  mn_rivals cost = mn_drift_rivals(&o->dynamics.model, &o->drift, o->count, variance);
  const bool tried = is_open(&cost, parallel->size) && is_modest(o, &cost, parallel->size);
  if (!mn_any(parallel, !tried)) { /* machines differ */
    MN_TRY(correct(parallel, o, &cost));
  }
  *fastest = cost.direct < cost.spectral ? &mn_drift_direct : &mn_drift_spectral;
  return NULL;
}
