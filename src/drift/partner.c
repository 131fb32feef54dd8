/* D^{i,i+1} by one walk through the past: the same quadrature as the engines, one source per target. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>

#include <math.h>

typedef struct partners {
  double *all;   /* [count, 2] present positions */
  int64_t *q;    /* [count, 2] decoded sample */
  double *times; /* [samples + 1] */
} partners;

static mn_error *allocate(const mn_drift *drift, const mn_history *past, partners *w)
{
  MN_TRY(mn_alloc(&w->all, 2 * drift->count, sizeof *w->all));
  MN_TRY(mn_alloc(&w->q, 2 * drift->count, sizeof *w->q));
  return mn_alloc(&w->times, mn_history_samples(past) + 1, sizeof *w->times);
}

static void release(partners *w)
{
  mn_free(&w->all);
  mn_free(&w->q);
  mn_free(&w->times);
}

static void add_present(const mn_drift *drift, const partners *w, double window, double *out)
{
  const mn_present present = {window, 0.0};
  for (int64_t id = drift->block.begin; id < drift->block.end; id++) {
    const double *x = w->all + 2 * id;
    const double *y = w->all + 2 * ((id + 1) % drift->count);
    const double r[2] = {x[0] - y[0], x[1] - y[1]};
    const double r2 = r[0] * r[0] + r[1] * r[1];
    const double f = r2 > 0.0 ? mn_present_profile(&drift->model, &present, r2) : 0.0;
    double *to = out + 2 * (id - drift->block.begin);
    to[0] = -f * r[0];
    to[1] = -f * r[1];
  }
}

static void add_sample(const mn_drift *drift, const partners *w, const mn_gaussians *rule, double eta, double *out)
{
  for (int64_t id = drift->block.begin; id < drift->block.end; id++) {
    const double *x = w->all + 2 * id;
    const int64_t *q = w->q + 2 * ((id + 1) % drift->count);
    const double r[2] = {x[0] - eta * (double)q[0], x[1] - eta * (double)q[1]};
    const double f = mn_gaussians_profile(rule, r[0] * r[0] + r[1] * r[1]);
    double *to = out + 2 * (id - drift->block.begin);
    to[0] -= f * r[0];
    to[1] -= f * r[1];
  }
}

static void walk(const mn_drift *drift, const mn_history *past, double now, partners *w, double *out)
{
  const int samples = mn_history_samples(past);
  for (int k = 0; k < samples; k++) {
    w->times[k] = mn_history_slab(past, k)->time;
  }
  w->times[samples] = now;
  add_present(drift, w, now - w->times[samples - 1], out);
  mn_cursor cursor;
  mn_cursor_start(&cursor, past, w->q);
  for (int k = 0; k < samples; k++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    mn_cursor_next(&cursor);
    const int count = mn_quadrature_intervals(drift->model.quadrature, w->times, samples, k, intervals);
    mn_quadrature_rule(&drift->model, drift->options.tolerance, count, intervals, &rule);
    add_sample(drift, w, &rule, ldexp(1.0, cursor.exponent), out);
  }
}

mn_error *mn_drift_partner(const mn_drift *drift, const mn_history *past, double now, const double *mine, double *out)
{
  for (int64_t k = 0; k < 2 * mn_block_count(drift->block); k++) {
    out[k] = 0.0;
  }
  if (mn_history_samples(past) == 0) {
    return NULL;
  }
  partners w = {0};
  mn_error *error = mn_agree(&drift->parallel, allocate(drift, past, &w));
  error = error ? error : mn_gather_rows(&drift->parallel, drift->count, 2, mine, w.all);
  if (!error) {
    walk(drift, past, now, &w, out);
  }
  release(&w);
  return error;
}
