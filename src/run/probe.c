/* One walk through the past for all probes of a rank: a sample is decoded once and its Gaussians are summed for every
 * pair (probe, source).  Where the force has weight w at rate c, the concentration has w/(2c), theory.md (17). */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/probe.h>
#include <mnemotaxis/profile.h>
#include <mnemotaxis/quadrature.h>

#include <math.h>
#include <string.h>

enum { PARTS = 3 /* c and the two components of its gradient */ };

/* What one rank works on: probes first, first + size, ... */
typedef struct walk {
  const mn_model *model;
  const mn_history *past;
  const double *x; /* [cells, 2] */
  int64_t cells;
  int mine;      /* probes of this rank */
  int64_t *id;   /* [mine] */
  double *sum;   /* [mine, cells, PARTS] */
  double *times; /* [samples + 1] */
  int samples;   /* before now */
  int64_t *q;    /* [cells, 2] decoded sample */
} walk;

static mn_error *allocate(walk *w)
{
  MN_TRY(mn_alloc(&w->id, w->mine, sizeof *w->id));
  MN_TRY(mn_alloc(&w->sum, w->mine * w->cells * PARTS, sizeof *w->sum));
  MN_TRY(mn_alloc(&w->times, mn_history_samples(w->past) + 1, sizeof *w->times));
  return mn_alloc(&w->q, 2 * w->cells, sizeof *w->q);
}

static void release(walk *w)
{
  mn_free(&w->id);
  mn_free(&w->sum);
  mn_free(&w->times);
  mn_free(&w->q);
}

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

static void add_sample(walk *w, const mn_gaussians *rule, double eta)
{
  for (int64_t k = 0; k < w->mine * w->cells; k++) {
    const double *a = w->x + 2 * w->id[k / w->cells];
    const int64_t *b = w->q + 2 * (k % w->cells);
    const double r[2] = {a[0] - eta * (double)b[0], a[1] - eta * (double)b[1]};
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

static void walk_through(walk *w, double now, double tolerance)
{
  mn_cursor cursor;
  w->times[w->samples] = now;
  add_present(w, now - w->times[w->samples - 1]);
  mn_cursor_start(&cursor, w->past, w->q);
  for (int k = 0; k < w->samples; k++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    mn_cursor_next(&cursor);
    const int count = mn_quadrature_intervals(w->model->quadrature, w->times, w->samples, k, intervals);
    mn_quadrature_rule(w->model, tolerance, count, intervals, &rule);
    add_sample(w, &rule, ldexp(1.0, cursor.exponent));
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
  walk w = {.model = model, .past = past, .x = x, .cells = mn_history_cells(past)};
  w.mine = (count - parallel->rank + parallel->size - 1) / parallel->size;
  memset(probe, 0, (size_t)count * sizeof *probe);
  mn_error *error = mn_agree(parallel, allocate(&w));
  if (!error) {
    for (int p = 0; p < w.mine; p++) {
      w.id[p] = (parallel->rank + (int64_t)p * parallel->size) * w.cells / count;
    }
    const int kept = mn_history_samples(past);
    while (w.samples < kept && mn_history_slab(past, w.samples)->time < now * (1.0 - 1e-12)) {
      w.times[w.samples] = mn_history_slab(past, w.samples)->time;
      w.samples++;
    }
    if (w.samples > 0) {
      walk_through(&w, now, tolerance);
    }
    for (int p = 0; p < w.mine; p++) {
      conclude(&w, field, now, p, &probe[parallel->rank + p * parallel->size]);
    }
    share(parallel, count, probe);
  }
  release(&w);
  return error;
}
