/* Blocks of cells meet all samples one after the other: their positions and sums stay in the cache. */
#include "own_path.h"

#include <mnemotaxis/memory.h>

#include <string.h>

enum { BLOCK = 1024 /* cells */ };

/* Accuracies below are summed in double: float lanes err by a fifth of that. */
static const double double_below = 1e-5;

typedef void sum_of_sample(int64_t, const mn_gaussians *, const double *, const double *, double *);

/* rules[k]: what the k-th of the oldest samples has left, as seen from now. */
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
  }
  mn_free(&times);
  return NULL;
}

mn_error *mn_own_path_subtract(const mn_trail *t, const mn_model *model, double now, double accuracy,
                               const double *mine, double *sum)
{
  sum_of_sample *const sum_sample = accuracy < double_below ? mn_own_path_double : mn_own_path_float;
  const int64_t local = mn_block_count(t->block);
  mn_gaussians *rules = NULL;
  int samples = 0;
  while (samples < t->samples && t->times[samples] < now * (1.0 - 1e-12)) {
    samples++;
  }
  MN_TRY(mn_alloc(&rules, samples, sizeof *rules));
  mn_error *error = find_rules(t, model, now, accuracy, samples, rules);
  for (int64_t i = 0; i < local && !error; i += BLOCK) {
    const int64_t cells = local - i < BLOCK ? local - i : BLOCK;
    for (int k = 0; k < samples; k++) {
      sum_sample(cells, &rules[k], mine + 2 * i, t->x[k] + 2 * i, sum + 2 * i);
    }
  }
  mn_free(&rules);
  return error;
}
