/* Target k is summed by rank k modulo their number, over all sources in the order of ids; the rank that owns it knows
 * what the engine has found.  Neither fast nor clever: it shares with the engines nothing but the quadrature. */
#include <mnemotaxis/audit.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/recall.h>

#include <assert.h>
#include <math.h>

const double mn_audit_accuracy = 0.1;

typedef struct auditor {
  const mn_drift *drift;
  int64_t cells;
  int64_t *id;   /* [cells] */
  double *all;   /* [count, 2] present positions */
  double *sum;   /* [cells, 2] direct, of the targets of this rank */
  double *found; /* [cells, 2] by the engine, of the targets this rank owns */
  mn_table table;
  mn_recall recall;
} auditor;

static mn_error *prepare(auditor *a, uint32_t seed, uint64_t moment)
{
  MN_TRY(mn_alloc(&a->id, a->cells, sizeof *a->id));
  MN_TRY(mn_alloc(&a->sum, 2 * a->cells, sizeof *a->sum));
  MN_TRY(mn_alloc(&a->found, 2 * a->cells, sizeof *a->found));
  MN_TRY(mn_alloc(&a->all, 2 * a->drift->count, sizeof *a->all));
  for (int64_t k = 0; k < a->cells; k++) {
    double uniform[2];
    mn_noise_uniform(seed, MN_STREAM_AUDIT, (uint32_t)k, moment, 0, uniform);
    const int64_t id = (int64_t)(uniform[0] * (double)a->drift->count);
    a->id[k] = id < a->drift->count ? id : a->drift->count - 1;
  }
  return NULL;
}

static bool is_mine(const auditor *a, int64_t k)
{
  return k % a->drift->parallel.size == a->drift->parallel.rank;
}

static void add_present(auditor *a)
{
  const int64_t n = a->drift->count;
  double *x = a->all; /* pairs are looked at one by one, so interleaved positions do */
  for (int64_t k = 0; k < a->cells; k++) {
    for (int64_t j = 0; j < n && is_mine(a, k); j++) {
      if (j != a->id[k]) {
        mn_table_sum(&a->table, 1, x + 2 * j, x + 2 * j + 1, x[2 * a->id[k]], x[2 * a->id[k] + 1], -1, a->sum + 2 * k);
      }
    }
  }
}

static void add_sample(void *context, const mn_gaussians *rule, double unit, const int64_t *q)
{
  auditor *a = context;
  for (int64_t k = 0; k < a->cells; k++) {
    const double *x = a->all + 2 * a->id[k];
    for (int64_t j = 0; j < a->drift->count && is_mine(a, k); j++) {
      const double r[2] = {x[0] - unit * (double)q[2 * j], x[1] - unit * (double)q[2 * j + 1]};
      const double f = j != a->id[k] ? mn_gaussians_profile(rule, r[0] * r[0] + r[1] * r[1]) : 0.0;
      a->sum[2 * k] -= f * r[0];
      a->sum[2 * k + 1] -= f * r[1];
    }
  }
}

/* Squares of all cells, in an order that does not depend on ranks: one cell in a million may make the rms. */
static mn_error *mean_square(const mn_drift *d, const double *found, double *mean)
{
  const int64_t n = mn_block_count(d->block);
  double *squares = NULL;
  mn_error *error = mn_agree(&d->parallel, mn_alloc(&squares, n, sizeof *squares));
  if (!error) {
    for (int64_t i = 0; i < n; i++) {
      squares[i] = found[2 * i] * found[2 * i] + found[2 * i + 1] * found[2 * i + 1];
    }
    error = mn_ordered_sum(&d->parallel, d->count, 1, squares, mean);
    *mean /= (double)d->count;
  }
  mn_free(&squares);
  return error;
}

/* A sum over lags is as accurate relative to the largest force of a past sample (drift.h), here of one source: where
 * tails are all that is felt it has to be sharper.  Some engine may have found nothing at all. */
static double accuracy_for(const mn_drift *d, double window, double felt)
{
  static const double least = 1e-4;
  const double largest = 0.068 * sqrt(d->model.theta / window) * d->model.chi / (double)(d->count - 1);
  return mn_audit_accuracy * d->options.tolerance * fmin(1.0, fmax(felt / largest, least));
}

static mn_error *compare(const auditor *a, double of_all, const double *found, mn_audit *audit)
{
  const mn_drift *d = a->drift;
  const double share = d->model.chi / (double)(d->count - 1);
  double drawn = 0.0;
  double wrong = 0.0;
  for (int64_t k = 0; k < a->cells; k++) {
    if (a->id[k] >= d->block.begin && a->id[k] < d->block.end) {
      a->found[2 * k] = found[2 * (a->id[k] - d->block.begin)];
      a->found[2 * k + 1] = found[2 * (a->id[k] - d->block.begin) + 1];
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, a->found, (int)(2 * a->cells), MPI_DOUBLE, MPI_SUM, d->parallel.comm);
  MPI_Allreduce(MPI_IN_PLACE, a->sum, (int)(2 * a->cells), MPI_DOUBLE, MPI_SUM, d->parallel.comm);
  for (int64_t k = 0; k < 2 * a->cells; k++) {
    const double exact = share * a->sum[k];
    drawn += exact * exact / (double)a->cells;
    wrong += (a->found[k] - exact) * (a->found[k] - exact) / (double)a->cells;
  }
  audit->drift = sqrt(fmax(of_all, drawn));
  audit->observed = audit->drift > 0.0 ? sqrt(wrong) / audit->drift : (double)NAN;
  audit->observed = isfinite(of_all + wrong) ? audit->observed : (double)INFINITY;
  return NULL;
}

mn_error *mn_audit_drift(const mn_drift *drift, const mn_history *past, double now, double ahead, const double *mine,
                         const double *found, int64_t cells, uint32_t seed, uint64_t moment, mn_audit *audit)
{
  double of_all = 0.0;
  assert(mn_history_cells(past) == drift->count);
  auditor *a = NULL;
  *audit = (mn_audit){cells, 0.0, (double)NAN, drift->expected};
  if (mn_history_samples(past) == 0) {
    return NULL;
  }
  mn_error *error = mn_alloc(&a, 1, sizeof *a);
  if (!error) {
    a->drift = drift;
    a->cells = cells;
    error = prepare(a, seed, moment);
    error = error ? error : mn_recall_prepare(&a->recall, past, now);
  }
  error = mn_agree(&drift->parallel, error);
  error = error ? error : mn_gather_rows(&drift->parallel, drift->count, 2, mine, a->all);
  error = error ? error : mean_square(drift, found, &of_all);
  if (!error) {
    const mn_present present = {mn_recall_window(&a->recall), ahead};
    const double tolerance = accuracy_for(drift, present.window, sqrt(of_all));
    mn_table_fill(&a->table, &drift->model, &present, tolerance);
    add_present(a);
    mn_recall_walk(&a->recall, past, &drift->model, tolerance, add_sample, a);
    error = compare(a, of_all, found, audit);
  }
  if (a) {
    mn_free(&a->id);
    mn_free(&a->all);
    mn_free(&a->sum);
    mn_free(&a->found);
    mn_recall_clear(&a->recall);
  }
  mn_free(&a);
  return error;
}
