/* Engine `direct`: the literal system, theory.md (1), (2), (7)-(9), summed over all pairs and lags.
 *
 * One walk through the compressed past, oldest sample first.  A sample contributes a few Gaussians (quadrature.h);
 * for each, sources are decoded a tile of MN_TILE at a time, scaled so that the Gaussian becomes 2^{-r^2}, and swept
 * over all groups of own targets by the pair loop.  The order of every target's sum - present, then samples, nodes,
 * tiles, sources, ascending - depends on nothing but N and the samples kept: same bits on any number of ranks.
 *
 * Float lanes are taken where their errors stay below the tolerance: coordinates are relative to the middle of the
 * cloud and in units of the width of the Gaussian, so rounding them costs 2^-24 times the reach of the sample in
 * widths; old lags are wide, young ones need double sooner.
 *
 * Cost: O(N local samples) pair-lags and O(N samples) decoding per evaluation; memory O(N) besides the history. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/recall.h>

#include "pairs.h"

#include <math.h>
#include <string.h>

/* A tabulated present force and what it was made for. */
typedef struct cached_table {
  mn_present made_for;
  mn_table table;
} cached_table;

/* Targets [padded local] and one tile of sources [MN_TILE], scaled, in both precisions. */
typedef struct scaled {
  float *target_f[2];
  double *target_d[2];
  float *source_f[2];
  double *source_d[2];
} scaled;

typedef struct direct {
  int64_t local;     /* own cells */
  int64_t padded;    /* ... rounded up to whole groups */
  double *all;       /* [count, 2] present positions of all cells */
  double *axis[2];   /* [count] the same by coordinate */
  double *target[2]; /* [padded] own positions relative to the origin */
  double *sum[2];    /* [padded] */
  mn_recall recall;
  double origin[2];     /* around which all lies */
  cached_table *tables; /* two: heun alternates between two present forces while steps grow */
  int oldest_table;
  scaled in;
} direct;

static mn_error *allocate_scaled(scaled *s, int64_t padded)
{
  for (int a = 0; a < 2; a++) {
    MN_TRY(mn_alloc(&s->target_f[a], padded, sizeof *s->target_f[a]));
    MN_TRY(mn_alloc(&s->target_d[a], padded, sizeof *s->target_d[a]));
    MN_TRY(mn_alloc(&s->source_f[a], MN_TILE, sizeof *s->source_f[a]));
    MN_TRY(mn_alloc(&s->source_d[a], MN_TILE, sizeof *s->source_d[a]));
  }
  return NULL;
}

static mn_error *create(mn_drift *drift)
{
  direct *w = NULL;
  MN_TRY(mn_alloc(&w, 1, sizeof *w));
  drift->work = w;
  w->local = mn_block_count(drift->block);
  w->padded = mn_groups(w->local) * MN_GROUP;
  MN_TRY(mn_alloc(&w->all, 2 * drift->count, sizeof *w->all));
  MN_TRY(mn_alloc(&w->tables, 2, sizeof *w->tables));
  for (int a = 0; a < 2; a++) {
    MN_TRY(mn_alloc(&w->axis[a], drift->count, sizeof *w->axis[a]));
    MN_TRY(mn_alloc(&w->target[a], w->padded, sizeof *w->target[a]));
    MN_TRY(mn_alloc(&w->sum[a], w->padded, sizeof *w->sum[a]));
  }
  return allocate_scaled(&w->in, w->padded);
}

static void destroy(mn_drift *drift)
{
  direct *w = drift->work;
  if (!w) {
    return;
  }
  for (int a = 0; a < 2; a++) {
    mn_free(&w->axis[a]);
    mn_free(&w->target[a]);
    mn_free(&w->sum[a]);
    mn_free(&w->in.target_f[a]);
    mn_free(&w->in.target_d[a]);
    mn_free(&w->in.source_f[a]);
    mn_free(&w->in.source_d[a]);
  }
  mn_free(&w->all);
  mn_recall_clear(&w->recall);
  mn_free(&w->tables);
  mn_free(&drift->work);
}

static int64_t bytes(int64_t count, int64_t local)
{
  const int64_t padded = mn_groups(local) * MN_GROUP;
  return (int64_t)(sizeof(direct) + 2 * sizeof(cached_table)) + 48 * count + 56 * padded + 24 * (int64_t)MN_TILE;
}

static const mn_table *table_for(mn_drift *drift, const mn_present *present)
{
  direct *w = drift->work;
  for (int k = 0; k < 2; k++) {
    const mn_present *made_for = &w->tables[k].made_for;
    if (made_for->window == present->window && made_for->ahead == present->ahead) {
      return &w->tables[k].table;
    }
  }
  cached_table *slot = &w->tables[w->oldest_table];
  w->oldest_table = 1 - w->oldest_table;
  mn_table_fill(&slot->table, &drift->model, present, drift->options.tolerance);
  slot->made_for = *present;
  return &slot->table;
}

static void sum_present(mn_drift *drift, const mn_present *present)
{
  direct *w = drift->work;
  const mn_table *table = table_for(drift, present);
  const int n = (int)drift->count;
  for (int64_t i = 0; i < w->local; i++) {
    const int64_t id = drift->block.begin + i;
    double sum[2] = {0.0, 0.0};
    mn_table_sum(table, n, w->axis[0], w->axis[1], w->axis[0][id], w->axis[1][id], (int)id, sum);
    w->sum[0][i] = sum[0];
    w->sum[1][i] = sum[1];
  }
  drift->cost.pairs += w->local * (drift->count - 1);
}

/* Middle of the bounding box of the present positions. */
static void find_origin(direct *w, int64_t count)
{
  for (int a = 0; a < 2; a++) {
    double low = w->axis[a][0];
    double high = low;
    for (int64_t j = 1; j < count; j++) {
      low = fmin(low, w->axis[a][j]);
      high = fmax(high, w->axis[a][j]);
    }
    w->origin[a] = 0.5 * (low + high);
  }
}

/* Largest distance along an axis of the decoded sample from the origin. */
static double reach_of(const int64_t *sample, int64_t count, double eta, const double origin[2])
{
  int64_t low[2] = {sample[0], sample[1]};
  int64_t high[2] = {sample[0], sample[1]};
  for (int64_t j = 1; j < count; j++) {
    for (int a = 0; a < 2; a++) {
      const int64_t q = sample[2 * j + a];
      low[a] = q < low[a] ? q : low[a];
      high[a] = q > high[a] ? q : high[a];
    }
  }
  double reach = 0.0;
  for (int a = 0; a < 2; a++) {
    reach = fmax(reach, fmax(fabs((double)low[a] * eta - origin[a]), fabs((double)high[a] * eta - origin[a])));
  }
  return reach;
}

/* One Gaussian of one sample, as the pair loop sees it. */
typedef struct node {
  double scale;  /* lengths are multiplied by it */
  double weight; /* of the scaled sums */
  bool in_float;
} node;

static bool float_is_enough(const mn_drift_options *options, double reach)
{
  if (options->precision != MN_PRECISION_AUTO) {
    return options->precision == MN_PRECISION_FLOAT;
  }
  const double lanes = 5e-7;               /* of the pair loop itself: test_pairs */
  const double rounding = 0x1p-23 * reach; /* of target and source, in widths */
  return lanes + rounding <= 0.5 * options->tolerance;
}

static void scale_targets(direct *w, const node *of)
{
  for (int a = 0; a < 2; a++) {
    for (int64_t i = 0; i < w->padded; i++) {
      const double z = w->target[a][i] * of->scale;
      if (of->in_float) {
        w->in.target_f[a][i] = (float)z;
      } else {
        w->in.target_d[a][i] = z;
      }
    }
  }
}

static void scale_sources(direct *w, const node *of, int64_t first, int n, double eta)
{
  const double step = eta * of->scale;
  for (int a = 0; a < 2; a++) {
    const double shift = w->origin[a] * of->scale;
    const int64_t *q = w->recall.q + 2 * first + a;
    if (of->in_float) {
      for (int j = 0; j < n; j++) {
        w->in.source_f[a][j] = (float)((double)q[2 * j] * step - shift);
      }
    } else {
      for (int j = 0; j < n; j++) {
        w->in.source_d[a][j] = (double)q[2 * j] * step - shift;
      }
    }
  }
}

static void sweep_tile(const mn_drift *drift, const node *of, int64_t first, int n)
{
  direct *w = drift->work;
  const scaled *s = &w->in;
  for (int64_t g = 0; g < w->padded; g += MN_GROUP) {
    const int64_t ahead = drift->block.begin + g - first;
    const int own = ahead >= 0 && ahead < n ? (int)ahead : MN_NO_OWN;
    if (of->in_float) {
      mn_pairs_float(n, s->source_f[0], s->source_f[1], s->target_f[0] + g, s->target_f[1] + g, own, of->weight,
                     w->sum[0] + g, w->sum[1] + g);
    } else {
      mn_pairs_double(n, s->source_d[0], s->source_d[1], s->target_d[0] + g, s->target_d[1] + g, own, of->weight,
                      w->sum[0] + g, w->sum[1] + g);
    }
  }
}

static void sum_node(mn_drift *drift, const node *of, double eta)
{
  direct *w = drift->work;
  scale_targets(w, of);
  for (int64_t first = 0; first < drift->count; first += MN_TILE) {
    const int n = drift->count - first < MN_TILE ? (int)(drift->count - first) : MN_TILE;
    scale_sources(w, of, first, n, eta);
    sweep_tile(drift, of, first, n);
  }
  const int64_t swept = w->local * (drift->count - 1);
  drift->cost.pair_lags += swept;
  drift->cost.float_lags += of->in_float ? swept : 0;
}

static void sum_sample(void *context, const mn_gaussians *rule, double eta, const int64_t *q)
{
  const double log2_e = 1.4426950408889634074;
  mn_drift *drift = context;
  const direct *w = drift->work;
  const double reach = reach_of(q, drift->count, eta, w->origin);
  for (int k = 0; k < rule->count; k++) {
    const double scale = sqrt(rule->rate[k] * log2_e);
    const node of = {scale, -rule->weight[k] / scale, float_is_enough(&drift->options, reach * scale)};
    sum_node(drift, &of, eta);
  }
}

static void sum_past(mn_drift *drift, const mn_history *past)
{
  direct *w = drift->work;
  find_origin(w, drift->count);
  for (int a = 0; a < 2; a++) {
    for (int64_t i = 0; i < w->local; i++) {
      w->target[a][i] = w->axis[a][drift->block.begin + i] - w->origin[a];
    }
  }
  mn_recall_walk(&w->recall, past, &drift->model, drift->options.tolerance, sum_sample, drift);
}

static mn_error *evaluate(mn_drift *drift, const mn_history *past, double now, const mn_present *present,
                          const double *mine, double *out)
{
  direct *w = drift->work;
  const double start = mn_seconds();
  MN_TRY(mn_agree(&drift->parallel, mn_recall_prepare(&w->recall, past, now)));
  MN_TRY(mn_gather_rows(&drift->parallel, drift->count, 2, mine, w->all));
  drift->cost.exchange += mn_seconds() - start;
  for (int64_t j = 0; j < drift->count; j++) {
    w->axis[0][j] = w->all[2 * j];
    w->axis[1][j] = w->all[2 * j + 1];
  }
  sum_present(drift, present);
  sum_past(drift, past);
  const double share = drift->model.chi / (double)(drift->count - 1);
  for (int64_t i = 0; i < w->local; i++) {
    out[2 * i] = share * w->sum[0][i];
    out[2 * i + 1] = share * w->sum[1][i];
  }
  return NULL;
}

const mn_drift_engine mn_drift_direct = {
    .name = "direct",
    .about = "the literal system: every pair and every lag, O(N^2) a past sample",
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .bytes = bytes,
};
