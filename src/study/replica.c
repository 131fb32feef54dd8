/* Whatever is a mean over cells is summed from gathered positions in the order of ids, on every rank alike. */
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/replica.h>

#include <math.h>
#include <string.h>

enum { WINDOWS = 16 /* parts of the steps within which paths are watched */ };

typedef struct replica {
  const mn_parallel *parallel;
  const mn_run_options *options;
  const mn_mean_field *field;
  mn_dynamics dynamics; /* with the seed of this replica */
  mn_block block;
  int64_t local;
  double *x, *free_path, *limit, *noise, *anchor; /* [local, 2] */
  double *watch;                                  /* [local, 2] largest excursion in a window; largest |X - Y|^2 */
  double *all;                                    /* [count, 2] */
  double *all_limit;
  mn_drift *drift;
  mn_history *history;
  mn_stepper *stepper;
} replica;

uint32_t mn_replica_seed(uint32_t seed, int64_t count, int64_t number)
{
  uint32_t words[4];
  mn_noise_words(seed, MN_STREAM_REPLICA, (uint32_t)number, (uint64_t)count, 0, words);
  return words[0];
}

static mn_error *allocate(replica *r)
{
  double **local[] = {&r->x, &r->free_path, &r->limit, &r->noise, &r->anchor, &r->watch};
  for (int k = 0; k < 6; k++) {
    MN_TRY(mn_alloc(local[k], 2 * r->local, sizeof **local[k]));
  }
  MN_TRY(mn_alloc(&r->all, 2 * r->options->count, sizeof *r->all));
  return mn_alloc(&r->all_limit, 2 * r->options->count, sizeof *r->all_limit);
}

static mn_error *create(replica *r)
{
  const mn_run_options *o = r->options;
  MN_TRY(mn_agree(r->parallel, allocate(r)));
  MN_TRY(mn_drift_create(r->parallel, o->engine, &r->dynamics.model, &o->drift, o->count, &r->drift));
  const int64_t witnesses = mn_drift_witnesses(o->engine, o->count);
  MN_TRY(mn_history_create(r->parallel, &r->dynamics.model, &o->history, witnesses, &r->history));
  MN_TRY(mn_stepper_create(&r->dynamics, r->drift, r->history, &r->stepper));
  MN_TRY(mn_run_start(r->parallel, o, r->dynamics.seed, r->x));
  const size_t bytes = (size_t)(2 * r->local) * sizeof *r->x;
  memcpy(r->free_path, r->x, bytes);
  memcpy(r->limit, r->x, bytes);
  memcpy(r->anchor, r->x, bytes);
  return NULL;
}

static void destroy(replica *r)
{
  double **arrays[] = {&r->x, &r->free_path, &r->limit, &r->noise, &r->anchor, &r->watch, &r->all, &r->all_limit};
  for (int k = 0; k < 8; k++) {
    mn_free(arrays[k]);
  }
  mn_stepper_destroy(&r->stepper);
  mn_history_destroy(&r->history);
  mn_drift_destroy(&r->drift);
}

/* How far paths have come within a window, and from the limit. */
static void look(replica *r, bool window_ends)
{
  for (int64_t i = 0; i < r->local; i++) {
    const double *x = r->x + 2 * i;
    const double *y = r->limit + 2 * i;
    const double away = hypot(x[0] - r->anchor[2 * i], x[1] - r->anchor[2 * i + 1]);
    const double apart = (x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]);
    r->watch[2 * i] = fmax(r->watch[2 * i], away);
    r->watch[2 * i + 1] = fmax(r->watch[2 * i + 1], apart);
  }
  if (window_ends) {
    memcpy(r->anchor, r->x, (size_t)(2 * r->local) * sizeof *r->x);
  }
}

static mn_error *advance(replica *r, int64_t n)
{
  const int64_t steps = r->options->steps;
  MN_TRY(mn_stepper_advance(r->stepper, n, r->x, r->free_path));
  if (r->field) {
    mn_step_noise(&r->dynamics, r->block, n, r->noise);
    mn_mean_field_advance(r->field, &r->dynamics, n, r->local, r->noise, r->limit);
  }
  look(r, (n + 1) * WINDOWS / steps > n * WINDOWS / steps);
  return NULL;
}

static mn_error *measure(replica *r, mn_yardstick *yardstick, double *value)
{
  const int64_t count = r->options->count;
  MN_TRY(mn_gather_rows(r->parallel, count, 2, r->watch, r->all));
  double sum[2] = {0.0, 0.0};
  for (int64_t k = 0; k < 2 * count; k++) {
    sum[k % 2] += r->all[k];
  }
  value[MN_STATISTIC_MODULUS] = sum[0] / (double)count;
  value[MN_STATISTIC_COUPLING_SUP] = r->field ? sum[1] / (double)count : (double)NAN;
  MN_TRY(mn_gather_rows(r->parallel, count, 2, r->x, r->all));
  MN_TRY(mn_gather_rows(r->parallel, count, 2, r->limit, r->all_limit));
  return mn_agree(r->parallel, mn_chaos_measure(count, r->all, r->field ? r->all_limit : NULL, yardstick, value));
}

mn_error *mn_replica_run(const mn_parallel *parallel, const mn_run_options *options, uint32_t seed,
                         const mn_mean_field *field, mn_yardstick *yardstick, double *value, bool *stopped)
{
  const mn_block block = mn_block_of(options->count, parallel->rank, parallel->size);
  replica r = {.parallel = parallel,
               .options = options,
               .field = field,
               .dynamics = options->dynamics,
               .block = block,
               .local = mn_block_count(block)};
  r.dynamics.seed = seed;
  *stopped = false;
  mn_error *error = create(&r);
  for (int64_t n = 0; n < options->steps && !error && !*stopped; n++) {
    error = advance(&r, n);
    const mn_stop_options *stop = &options->stop;
    *stopped = !error && mn_any(parallel, stop->requested && stop->requested(stop->context));
  }
  if (!error && !*stopped) {
    error = measure(&r, yardstick, value);
  }
  destroy(&r);
  return error;
}
