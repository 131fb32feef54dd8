/* The first steps of the run itself, by either engine: its cells, noise, scheme and c_0.  All up to MN_RIVALS_STEPS
 * equal ones count: the direct engine's take the longer the more samples there are, so it is asked for in the middle,
 * after steps without drift; the spectral one takes them, as long as there is time, and more would be like the later
 * half of them: how they go on with age no forecast has got right (bench_auto).  Where the first steps grow by little,
 * it takes fewer, that grow by more, and each counts for several. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>

#include <math.h>
#include <string.h>

enum { FIRST = 6, GROWING = 40, LAST = GROWING + MN_RIVALS_STEPS, FEWEST = 3, MOST = 20, REPETITIONS = 3 };

/* Forecasts are not wrong by more: beyond, nothing is tried. */
static const double doubt = 4.0;

/* Seconds from which on no more steps of the spectral engine begin; a quarter of it for one step of the direct one. */
static const double patience = 4.0;

/* Seconds spent below which all is done once more, and that the direct engine's steps take together by forecast. */
static const double brief = 0.5;

/* Steps take the same each time, disturbances only add: the least seconds of every step. */
typedef struct times {
  double least[LAST];
  int steps;
  double spent; /* in all */
} times;

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

/* Step n, timed as the k-th by rank 0. */
static mn_error *advance(trial *t, int n, int k, times *seen)
{
  MPI_Barrier(t->parallel->comm);
  const double start = mn_seconds();
  MN_TRY(mn_stepper_advance(t->stepper, n, t->x, t->free_path));
  double seconds = mn_seconds() - start;
  MPI_Bcast(&seconds, 1, MPI_DOUBLE, 0, t->parallel->comm);
  seen->least[k] = k < seen->steps ? fmin(seen->least[k], seconds) : seconds;
  seen->steps = k < seen->steps ? seen->steps : k + 1;
  seen->spent += seconds;
  return NULL;
}

/* All steps, or as many as the run has and there is time for. */
static mn_error *try_spectral(trial *t, times *seen)
{
  const double before = seen->spent;
  const int64_t compared = t->run.dynamics.schedule.ramp + MN_RIVALS_STEPS;
  const int64_t all = compared < t->run.steps ? compared : t->run.steps;
  MN_TRY(prepare(t));
  for (int n = 0; n < LAST && n < all && (n <= FIRST || seen->spent - before < patience); n++) {
    MN_TRY(advance(t, n, n, seen));
  }
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

/* Some steps around the number of samples that there are on average. */
static mn_error *try_direct(trial *t, const mn_rivals *cost, times *seen)
{
  const int steps = (int)fmin(fmax(brief / (1e-9 * cost->direct_step), FEWEST), MOST);
  const int behind = (int)fmax(1.0, (double)(cost->samples - steps / 2)); /* without a past there is nothing to do */
  MN_TRY(prepare(t));
  MN_TRY(grow_old(t, behind));
  for (int k = 0; k < steps; k++) {
    MN_TRY(advance(t, behind + k, k, seen));
  }
  return NULL;
}

static double sum_of(const times *seen, int first, int end)
{
  double sum = 0.0;
  for (int k = first; k < end; k++) {
    sum += seen->least[k];
  }
  return sum;
}

/* The run in which steps grow to their length in GROWING ones or a few more, if it has many more. */
static mn_error *shorten(const mn_run_options *options, mn_run_options *run)
{
  const mn_schedule *s = &options->dynamics.schedule;
  const double steepest = pow(s->step / s->first, 1.0 / GROWING);
  mn_schedule shorter = *s;
  *run = *options;
  if (s->ramp > GROWING) {
    MN_TRY(mn_schedule_make(s->step, s->first, steepest, &shorter));
  }
  run->dynamics.schedule = shorter.ramp < s->ramp ? shorter : *s;
  return NULL;
}

/* Seconds of all steps with fields, if those that grow were so many; `usual`: of an equal one, by forecast. */
static double with_fields(const times *seen, const mn_run_options *options, int64_t growing, double usual)
{
  const double ramp = (double)options->dynamics.schedule.ramp;
  const int grew = growing < seen->steps ? (int)growing : seen->steps;
  const int equal = seen->steps - grew;
  const int half = grew + equal / 2;
  const double later = equal > 1 ? sum_of(seen, half, seen->steps) / (seen->steps - half) : usual;
  const double more = (double)(growing - grew) * seen->least[seen->steps - 1]; /* steps there was no time for */
  const double young = growing > 0 ? (sum_of(seen, 0, grew) + more) * ramp / (double)growing : 0.0;
  return young + sum_of(seen, grew, seen->steps) + (MN_RIVALS_STEPS - equal) * later;
}

static double evaluations(const mn_run_options *options)
{
  return options->dynamics.scheme == MN_SCHEME_HEUN ? 2.0 : 1.0;
}

/* What both cost becomes what was measured.  Fields that cannot be had are infinitely dear: the run may do without. */
static mn_error *try_both(const mn_parallel *parallel, const mn_run_options *options, mn_rivals *cost)
{
  times fields = {.steps = 0};
  times pairs = {.steps = 0};
  trial spectral = {.parallel = parallel};
  trial direct = {.parallel = parallel, .run = *options};
  MN_TRY(shorten(options, &spectral.run));
  spectral.run.engine = &mn_drift_spectral;
  direct.run.engine = &mn_drift_direct;
  for (int k = 0; k < REPETITIONS && fields.spent + pairs.spent < brief; k++) {
    mn_error *error = try_spectral(&spectral, &fields);
    release(&spectral);
    if (error) {
      mn_error_destroy(&error);
      cost->spectral = (double)INFINITY;
      return NULL;
    }
    error = try_direct(&direct, cost, &pairs);
    release(&direct);
    MN_TRY(error);
  }
  const double steps = (double)(options->dynamics.schedule.ramp + MN_RIVALS_STEPS);
  const double usual = 1e-9 * evaluations(options) * cost->spectral_step;
  cost->spectral = with_fields(&fields, options, spectral.run.dynamics.schedule.ramp, usual);
  cost->direct = steps * sum_of(&pairs, 0, pairs.steps) / pairs.steps;
  return NULL;
}

/* Variance of a Gaussian cloud that fills the region of these cells: what forecasts need to know of them. */
static mn_error *find_variance(const mn_parallel *parallel, const mn_run_options *o, double *variance)
{
  const int64_t cells = mn_block_count(mn_block_of(o->count, parallel->rank, parallel->size));
  double *x = NULL;
  double reach[4] = {-(double)INFINITY, -(double)INFINITY, -(double)INFINITY, -(double)INFINITY}; /* x, y, -x, -y */
  mn_error *error = mn_agree(parallel, mn_alloc(&x, 2 * cells, sizeof *x));
  error = error ? error : mn_run_start(parallel, o, o->dynamics.seed, x);
  for (int64_t k = 0; k < 2 * cells && !error; k++) {
    reach[k % 2] = fmax(reach[k % 2], x[k]);
    reach[2 + k % 2] = fmax(reach[2 + k % 2], -x[k]);
  }
  mn_free(&x);
  MN_TRY(error);
  MPI_Allreduce(MPI_IN_PLACE, reach, 4, MPI_DOUBLE, MPI_MAX, parallel->comm);
  const double side = fmax(reach[0] + reach[2], reach[1] + reach[3]);
  *variance = side * side / (8.0 * log((double)o->count));
  return NULL;
}

/* Forecasts are of one core: pairs are shared by ranks for nothing, fields may not gain at all. */
static bool is_open(const mn_rivals *cost, int ranks)
{
  return cost->spectral < doubt * cost->direct && cost->direct < doubt * (double)ranks * cost->spectral;
}

/* No trial may be what a run ends by, or waits for. */
static bool is_modest(const mn_run_options *o, const mn_rivals *cost, int ranks, double variance)
{
  const mn_forecast f = mn_drift_forecast(&mn_drift_spectral, &o->dynamics.model, &o->drift, o->count, ranks, variance,
                                          LAST * o->drift.longest_step);
  const bool small = f.bytes * (double)ranks < 0.25 * (double)mn_memory_machine();
  const double young = cost->spectral / (double)(o->dynamics.schedule.ramp + MN_RIVALS_STEPS);
  const double aged = fmax(1.0, (double)cost->samples / (0.5 * MN_RIVALS_STEPS));
  const double direct = 1e-9 * evaluations(o) * cost->direct_step * aged / (double)ranks;
  const double fields = 1e-9 * evaluations(o) * fmax(cost->spectral_step, young) * (FIRST + 1);
  return small && direct < 0.25 * patience && fields < 0.5 * patience;
}

mn_error *mn_run_fastest(const mn_parallel *parallel, const mn_run_options *options, const mn_drift_engine **fastest)
{
  const mn_run_options *o = options;
  double variance;
  MN_TRY(find_variance(parallel, o, &variance));
  mn_rivals cost = mn_drift_rivals(&o->dynamics.model, &o->drift, o->count, variance);
  const bool tried = is_open(&cost, parallel->size) && is_modest(o, &cost, parallel->size, variance);
  if (!mn_any(parallel, !tried)) { /* machines differ */
    MN_TRY(try_both(parallel, o, &cost));
  }
  *fastest = cost.direct < cost.spectral ? &mn_drift_direct : &mn_drift_spectral;
  return NULL;
}
