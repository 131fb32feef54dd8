/* Blocks of cells meet all samples, some at a time: positions and sums stay in the cache, and few streams of past
 * positions come in at once. */
#include "own_path.h"

#include <mnemotaxis/memory.h>

#include "chosen.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1024 /* cells */, JOINT = 8 /* samples */, CHOSEN = 4096 /* cells that feel for all */ };

/* Accuracies below need two words and double lanes: float lanes err by a fifth of that. */
static const double double_below = 1e-5;

double mn_own_path_accuracy(const mn_model *model, double window, double relative, double allowed)
{
  const double largest = 0.0508 * sqrt(model->theta / window); /* mn_kernel_tail without decay */
  return fmin(fmax(relative, allowed / largest), 0.1);
}

/* A force that falls off over a width s errs by about d/s of its largest for places that err by d.  No jump where two
 * words become necessary: an accuracy that wavers about that changes nothing. */
double mn_own_path_finest(const mn_model *model, double window, double accuracy)
{
  return 0.1 * fmax(0.0, accuracy - double_below) * sqrt(2.0 * window / model->theta);
}

/* rules[k]: what the k-th of the oldest samples has left, as seen from now; lengths in units of the trail. */
static mn_error *find_rules(const mn_trail *t, const mn_model *model, double now, double accuracy, int samples,
                            mn_gaussians *rules)
{
  double *times = NULL;
  MN_TRY(mn_alloc(&times, samples + 1, sizeof *times));
  memcpy(times, t->times, (size_t)samples * sizeof *times);
  times[samples] = now;
  for (int k = 0; k < samples; k++) {
    mn_interval intervals[2];
    const int count = mn_quadrature_intervals(model->quadrature, times, samples, k, intervals);
    if (count > 0) {
      mn_quadrature_rule(model, accuracy, count, intervals, &rules[k]);
    }
    for (int q = 0; q < rules[k].count; q++) {
      rules[k].weight[q] *= t->unit;
      rules[k].rate[q] *= t->unit * t->unit;
    }
  }
  mn_free(&times);
  return NULL;
}

static int older_than(const mn_trail *t, double now)
{
  int samples = 0;
  while (samples < t->samples && t->times[samples] < now * (1.0 - 1e-12)) {
    samples++;
  }
  return samples;
}

/* Lanes for cells [begin, end) of local ones. */
static void sum_samples(const mn_trail *t, int64_t begin, int64_t end, int samples, const mn_gaussians *rules,
                        const int32_t *here, int32_t *const *then, int64_t local, double *sum)
{
  (t->words == 1 ? mn_own_path_float : mn_own_path_double)(begin, end, samples, rules, here, then, local, sum);
}

mn_error *mn_own_path_subtract(const mn_trail *t, const mn_model *model, double now, double accuracy,
                               const double *mine, double *sum)
{
  const int64_t local = mn_block_count(t->block);
  const int samples = older_than(t, now);
  int32_t here[4 * BLOCK];
  mn_gaussians *rules = NULL;
  if (samples == 0) {
    return NULL;
  }
  MN_TRY(mn_alloc(&rules, samples, sizeof *rules));
  mn_error *error = find_rules(t, model, now, accuracy, samples, rules);
  for (int64_t i = 0; i < local && !error; i += BLOCK) {
    const int64_t end = local - i < BLOCK ? local : i + BLOCK;
    if (!mn_trail_round(t, end - i, &mine[2 * i], here)) {
      error = mn_error_create(MN_INTERNAL, "a cell is outside of the region of the own trails");
    }
    for (int k = 0; k < samples && !error; k += JOINT) {
      const int joint = samples - k < JOINT ? samples - k : JOINT;
      sum_samples(t, i, end, joint, &rules[k], here, &t->x[k], local, sum);
    }
  }
  mn_free(&rules);
  return error;
}

static void pick_places(const mn_chosen *c, const mn_trail *t, int k, int32_t *places)
{
  const int64_t local = mn_block_count(t->block);
  for (int plane = 0; plane < 2 * t->words; plane++) {
    for (int64_t i = 0; i < c->n; i++) {
      places[plane * c->n + i] = t->x[k][plane * local + c->first + i * c->stride];
    }
  }
}

/* squares[k] = sum over chosen cells of the squared force of sample k as a share of the largest it can be; integers, so
 * that the sum over ranks knows no order. */
static mn_error *sum_squares(const mn_chosen *c, const mn_trail *t, const mn_gaussians *rules, const double *largest,
                             int samples, const double *mine, int64_t *squares)
{
  double *force = NULL;
  MN_TRY(mn_alloc(&force, 6 * c->n, sizeof *force));
  int32_t *here = (int32_t *)(force + 2 * c->n);
  int32_t *then = here + 4 * c->n;
  const mn_chosen picked = {1, 0, c->n};
  mn_chosen_pick(c, mine, force);
  const bool inside = mn_trail_round(t, c->n, force, here);
  for (int k = 0; k < samples && inside; k++) {
    if (!(largest[k] > 0.0)) {
      continue; /* decayed to nothing */
    }
    pick_places(c, t, k, then);
    memset(force, 0, (size_t)(2 * c->n) * sizeof *force);
    sum_samples(t, 0, c->n, 1, &rules[k], here, &then, c->n, force);
    squares[k] = mn_chosen_squares(&picked, largest[k], force);
  }
  mn_free(&force);
  return inside ? NULL : mn_error_create(MN_INTERNAL, "a cell is outside of the region of the own trails");
}

/* Time that sample k stands for, and its youngest lag. */
static double stands_for(const mn_trail *t, const mn_model *model, double now, int samples, int k, double *youngest)
{
  const bool bridge = model->quadrature == MN_BRIDGE;
  const double before = k > 0 ? t->times[k] - t->times[k - 1] : 0.0;
  const double after = bridge && k + 1 < samples ? t->times[k + 1] - t->times[k] : 0.0;
  *youngest = now - t->times[k] - after;
  return bridge ? 0.5 * (before + after) : before;
}

/* rms over Brownian paths of the force of a unit of time, theory.md, section 8. */
static double felt_by_brownian(const mn_model *model, double lag)
{
  const double pi = 3.14159265358979323846;
  const double narrow = 2.0 * model->theta / (2.0 * model->theta + 1.0);
  return narrow * exp(-model->lambda * lag / model->theta) / (8.0 * pi * lag * sqrt(lag));
}

/* Hits of narrow trails are rare: lag^(3/2) felt is about the same for all samples, and that of Brownian cells at least
 * has to be reckoned with even if nobody is hit just now. */
static void smooth_felt(mn_trail *t, const mn_model *model, double now, int samples, const double *felt)
{
  double mean = 0.0;
  for (int k = 0; k < samples; k++) {
    mean += pow(now - t->times[k], 3.0) * felt[k] * felt[k] / samples;
  }
  for (int k = 0; k < samples; k++) {
    const double lag = now - t->times[k];
    t->felt[k] = fmax(fmax(felt[k], sqrt(mean) * pow(lag, -1.5)), felt_by_brownian(model, lag));
  }
}

static mn_error *feel(const mn_parallel *parallel, const mn_chosen *c, const mn_model *model, double now, int samples,
                      const double *mine, mn_trail *t, mn_gaussians *rules, double *felt, int64_t *squares)
{
  double youngest;
  mn_error *error = find_rules(t, model, now, 0.1, samples, rules);
  for (int k = 0; k < samples; k++) {
    stands_for(t, model, now, samples, k, &youngest);
    felt[k] = mn_kernel_tail(model, youngest); /* no sample can be felt more */
  }
  error = error ? error : sum_squares(c, t, rules, felt, samples, mine, squares);
  MN_TRY(mn_agree(parallel, error));
  squares[samples] = c->n;
  MPI_Allreduce(MPI_IN_PLACE, squares, samples + 1, MPI_INT64_T, MPI_SUM, parallel->comm);
  for (int k = 0; k < samples; k++) {
    const double time = stands_for(t, model, now, samples, k, &youngest);
    const double share = sqrt(ldexp((double)squares[k], -48) / (double)squares[samples]);
    felt[k] = time > 0.0 ? felt[k] * share / time : 0.0;
  }
  smooth_felt(t, model, now, samples, felt);
  return NULL;
}

mn_error *mn_own_path_feel(const mn_parallel *parallel, int64_t count, const mn_model *model, double now,
                           const double *mine, mn_trail *t)
{
  const mn_chosen c = mn_chosen_cells(count, t->block, CHOSEN);
  const int samples = older_than(t, now);
  mn_gaussians *rules = NULL;
  double *felt = NULL;
  int64_t *squares = NULL;
  mn_error *error = mn_alloc(&rules, samples, sizeof *rules);
  error = error ? error : mn_alloc(&felt, samples, sizeof *felt);
  error = error ? error : mn_alloc(&squares, samples + 1, sizeof *squares);
  error = mn_agree(parallel, error);
  if (!error && samples > 0) {
    error = feel(parallel, &c, model, now, samples, mine, t, rules, felt, squares);
  }
  mn_free(&rules);
  mn_free(&felt);
  mn_free(&squares);
  return error;
}
