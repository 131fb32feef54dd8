/* D^{i,i+1} of witnesses: the present force, and the past by one walk through it, or by trails where the engine needs
 * no paths and a step should not grow with their length; the same quadrature as the engines, one source per target. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/recall.h>

#include "partner_trail.h"

#include <math.h>
#include <string.h>

typedef struct partners {
  const mn_drift *drift;
  int64_t count; /* witnesses */
  mn_block block;
  double *all; /* [count, 2] present positions */
  mn_recall recall;
  double *out;
} partners;

static void add_present(const partners *w, double window)
{
  const mn_drift *drift = w->drift;
  const mn_present present = {window, 0.0};
  for (int64_t id = w->block.begin; id < w->block.end; id++) {
    const double *x = w->all + 2 * id;
    const double *y = w->all + 2 * ((id + 1) % w->count);
    const double r[2] = {x[0] - y[0], x[1] - y[1]};
    const double r2 = r[0] * r[0] + r[1] * r[1];
    const double f = r2 > 0.0 ? mn_present_profile(&drift->model, &present, r2) : 0.0;
    double *to = w->out + 2 * (id - w->block.begin);
    to[0] = -f * r[0];
    to[1] = -f * r[1];
  }
}

static void add_sample(void *context, const mn_gaussians *rule, double unit, const int64_t *position)
{
  const partners *w = context;
  for (int64_t id = w->block.begin; id < w->block.end; id++) {
    const double *x = w->all + 2 * id;
    const int64_t *q = position + 2 * ((id + 1) % w->count);
    const double r[2] = {x[0] - unit * (double)q[0], x[1] - unit * (double)q[1]};
    const double f = mn_gaussians_profile(rule, r[0] * r[0] + r[1] * r[1]);
    double *to = w->out + 2 * (id - w->block.begin);
    to[0] -= f * r[0];
    to[1] -= f * r[1];
  }
}

static mn_error *add_past(mn_drift *drift, const mn_history *past, double now, partners *w)
{
  const bool by_trails = drift->engine->remember && w->count <= MN_WITNESSES;
  if (by_trails) {
    return mn_agree(&drift->parallel, mn_partner_trail_add(drift, past, now, w->all, &drift->partners, w->out));
  }
  mn_recall_walk(&w->recall, past, &drift->model, drift->options.tolerance, add_sample, w);
  return NULL;
}

mn_error *mn_drift_partner(mn_drift *drift, const mn_history *past, double now, const double *mine, double *out)
{
  const mn_parallel *parallel = &drift->parallel;
  const int64_t count = mn_history_cells(past);
  partners w = {
      .drift = drift, .count = count, .block = mn_block_of(count, parallel->rank, parallel->size), .out = out};
  const size_t bytes = (size_t)(2 * mn_block_count(w.block)) * sizeof *out;
  if (mn_history_samples(past) == 0) {
    memset(out, 0, bytes);
    return NULL;
  }
  mn_error *error = mn_alloc(&w.all, 2 * count, sizeof *w.all);
  error = mn_agree(parallel, error ? error : mn_recall_prepare(&w.recall, past, now));
  error = error ? error : mn_drift_pick(drift, count, mine, out);
  error = error ? error : mn_gather_rows(parallel, count, 2, out, w.all);
  if (!error) {
    memset(out, 0, bytes);
    add_present(&w, mn_recall_window(&w.recall));
    error = add_past(drift, past, now, &w);
  }
  mn_free(&w.all);
  mn_recall_clear(&w.recall);
  return error;
}
