/* One walk through the past for all probes of a rank: a sample is decoded once and its Gaussians are summed for every
 * pair (probe, source).  Where the force has weight w at rate c, the concentration has w/(2c), theory.md (17). */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/probe.h>
#include <mnemotaxis/profile.h>
#include <mnemotaxis/recall.h>

#include <math.h>
#include <string.h>

enum { PARTS = 3 /* c and the two components of its gradient */ };

/* What one rank works on: probes first, first + size, ... */
typedef struct walk {
  const mn_model *model;
  const double *x; /* [cells, 2] */
  int64_t cells;
  int mine;    /* probes of this rank */
  int64_t *id; /* [mine] */
  double *sum; /* [mine, cells, PARTS] */
  mn_recall recall;
} walk;

static void add(double *sum, double value, double profile, const double r[2])
{
  sum[0] += value;
  sum[1] -= profile * r[0];
  sum[2] -= profile * r[1];
}

static void add_present(walk *w, double window)
{
  const mn_present present = {window, 0.0};
  for (int64_t k = 0; k < w->mine * w->cells; k++) {
    const double *a = w->x + 2 * w->id[k / w->cells];
    const double *b = w->x + 2 * (k % w->cells);
    const double r[2] = {a[0] - b[0], a[1] - b[1]};
    const double r2 = r[0] * r[0] + r[1] * r[1];
    if (r2 > 0.0) { /* 0: the probe itself */
      add(w->sum + PARTS * k, mn_present_value(w->model, window, r2), mn_present_profile(w->model, &present, r2), r);
    }
  }
}

static void add_sample(void *context, const mn_gaussians *rule, double unit, const int64_t *q)
{
  walk *w = context;
  for (int64_t k = 0; k < w->mine * w->cells; k++) {
    const double *a = w->x + 2 * w->id[k / w->cells];
    const int64_t *b = q + 2 * (k % w->cells);
    const double r[2] = {a[0] - unit * (double)b[0], a[1] - unit * (double)b[1]};
    const double r2 = r[0] * r[0] + r[1] * r[1];
    double value = 0.0;
    double profile = 0.0;
    for (int n = 0; n < rule->count; n++) {
      const double part = rule->weight[n] * exp(-rule->rate[n] * r2);
      profile += part;
      value += 0.5 * part / rule->rate[n];
    }
    add(w->sum + PARTS * k, value, profile, r);
  }
}

/* Mean over the sources and its standard error. */
static void summarise(const walk *w, int p, int part, double *mean, double *error)
{
  const double others = (double)(w->cells - 1);
  const double *sum = w->sum + PARTS * w->cells * p + part;
  double total = 0.0;
  double square = 0.0;
  for (int64_t j = 0; j < w->cells; j++) {
    total += j == w->id[p] ? 0.0 : sum[PARTS * j];
  }
  for (int64_t j = 0; j < w->cells; j++) {
    const double d = sum[PARTS * j] - total / others;
    square += j == w->id[p] ? 0.0 : d * d;
  }
  *mean = total / others;
  *error = sqrt(square / (others * fmax(others - 1.0, 1.0)));
}

static void conclude(const walk *w, const mn_field *field, double now, int p, mn_probe *probe)
{
  double start[2];
  probe->id = w->id[p];
  probe->x[0] = w->x[2 * w->id[p]];
  probe->x[1] = w->x[2 * w->id[p] + 1];
  summarise(w, p, 0, &probe->chemical, &probe->chemical_error);
  summarise(w, p, 1, &probe->gradient[0], &probe->gradient_error[0]);
  summarise(w, p, 2, &probe->gradient[1], &probe->gradient_error[1]);
  probe->chemical += mn_field_at(field, w->model, now, probe->x[0], probe->x[1], start);
  probe->gradient[0] += start[0];
  probe->gradient[1] += start[1];
}

/* Every probe lies on one rank; the others have zeros. */
static void share(const mn_parallel *parallel, int count, mn_probe *probe)
{
  for (int k = 0; k < count; k++) {
    MPI_Bcast(&probe[k], (int)sizeof *probe, MPI_BYTE, k % parallel->size, parallel->comm);
  }
}

mn_error *mn_probe_cells(const mn_parallel *parallel, const mn_model *model, const mn_field *field,
                         const mn_history *past, double tolerance, double now, const double *x, int count,
                         mn_probe *probe)
{
  walk w = {.model = model, .x = x, .cells = mn_history_cells(past)};
  w.mine = (count - parallel->rank + parallel->size - 1) / parallel->size;
  memset(probe, 0, (size_t)count * sizeof *probe);
  mn_error *error = mn_alloc(&w.id, w.mine, sizeof *w.id);
  error = error ? error : mn_alloc(&w.sum, w.mine * w.cells * PARTS, sizeof *w.sum);
  error = mn_agree(parallel, error ? error : mn_recall_prepare(&w.recall, past, now));
  if (!error) {
    for (int p = 0; p < w.mine; p++) {
      w.id[p] = (parallel->rank + (int64_t)p * parallel->size) * w.cells / count;
    }
    if (w.recall.samples > 0) {
      add_present(&w, mn_recall_window(&w.recall));
      mn_recall_walk(&w.recall, past, model, tolerance, add_sample, &w);
    }
    for (int p = 0; p < w.mine; p++) {
      conclude(&w, field, now, p, &probe[parallel->rank + p * parallel->size]);
    }
    share(parallel, count, probe);
  }
  mn_free(&w.id);
  mn_free(&w.sum);
  mn_recall_clear(&w.recall);
  return error;
}
