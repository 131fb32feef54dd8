/* The history's samples are decoded once, as they come, and go into trails that are thinned with age (trail.h), so a
 * row of the series costs the same after ten thousand steps as after a hundred.  Slot i of the trail is the past of
 * witness i + 1, and what it does to a cell at the place of witness i is what own_path.h reckons. */
#include "partner_trail.h"

#include <mnemotaxis/memory.h>

#include "layout.h"
#include "own_path.h"

#include <math.h>
#include <string.h>

/* Moments over some thousand pairs have errors of a per cent: the force of a pair is never asked for more sharply. */
static const double sharpest = 1e-4;

struct mn_partner_trail {
  int64_t count; /* witnesses */
  mn_block block;
  mn_cursor cursor;
  int64_t *q;       /* [count, 2] of the cursor */
  double *all;      /* [count, 2] the sample as positions */
  double *partners; /* [local witnesses, 2] those of the next witnesses */
  mn_trail trail;
};

static mn_error *create(const mn_parallel *parallel, const mn_history *past, mn_partner_trail **trail)
{
  mn_partner_trail *t = NULL;
  MN_TRY(mn_alloc(&t, 1, sizeof *t));
  *trail = t;
  t->count = mn_history_cells(past);
  t->block = mn_block_of(t->count, parallel->rank, parallel->size);
  mn_trail_begin(t->block, &t->trail);
  MN_TRY(mn_alloc(&t->q, 2 * t->count, sizeof *t->q));
  MN_TRY(mn_alloc(&t->all, 2 * t->count, sizeof *t->all));
  MN_TRY(mn_alloc(&t->partners, 2 * mn_block_count(t->block), sizeof *t->partners));
  mn_cursor_start(&t->cursor, past, t->q);
  return NULL;
}

void mn_partner_trail_destroy(mn_partner_trail **trail)
{
  mn_partner_trail *t = *trail;
  if (t) {
    mn_trail_clear(&t->trail);
    mn_free(&t->q);
    mn_free(&t->all);
    mn_free(&t->partners);
  }
  mn_free(trail);
}

/* The region of the trail holds these places, and what is near them. */
static mn_error *reach(mn_partner_trail *t, const double *all)
{
  double low[2] = {INFINITY, INFINITY};
  double high[2] = {-INFINITY, -INFINITY};
  for (int64_t i = 0; i < 2 * t->count; i++) {
    low[i % 2] = fmin(low[i % 2], all[i]);
    high[i % 2] = fmax(high[i % 2], all[i]);
  }
  for (int a = 0; a < 2; a++) {
    const double room = 0.1 * (high[a] - low[a]);
    low[a] -= room;
    high[a] += room;
  }
  return mn_trail_reach(&t->trail, low, high);
}

static double accuracy_of(const mn_drift_options *o)
{
  return mn_share_of_tolerance * fmax(o->tolerance, sharpest);
}

/* What trails may err by: a partner is felt with a tenth of the largest force of the past, or less. */
static double allowed_of(const mn_model *model, const mn_drift_options *o)
{
  return 0.1 * accuracy_of(o) * mn_kernel_tail(model, o->longest_step);
}

/* The next sample of the history, and what may be left out now. */
static mn_error *follow(const mn_drift *drift, const mn_history *past, mn_partner_trail *t)
{
  const mn_drift_options *o = &drift->options;
  const double time = mn_history_slab(past, t->cursor.next)->time;
  mn_cursor_next(&t->cursor);
  const double unit = ldexp(1.0, t->cursor.exponent);
  for (int64_t i = 0; i < 2 * t->count; i++) {
    t->all[i] = unit * (double)t->q[i];
  }
  for (int64_t id = t->block.begin; id < t->block.end; id++) {
    const double *partner = t->all + 2 * ((id + 1) % t->count);
    memcpy(t->partners + 2 * (id - t->block.begin), partner, 2 * sizeof *partner);
  }
  MN_TRY(reach(t, t->all));
  MN_TRY(mn_trail_resolve(&t->trail, mn_own_path_finest(&drift->model, o->shortest_step, accuracy_of(o))));
  MN_TRY(mn_trail_append(&t->trail, time, t->partners));
  mn_trail_thin(&t->trail, &drift->model, time + o->longest_step, 0.0, allowed_of(&drift->model, o));
  return NULL;
}

mn_error *mn_partner_trail_add(const mn_drift *drift, const mn_history *past, double now, const double *all,
                               mn_partner_trail **trail, double *out)
{
  if (*trail && (*trail)->cursor.history != past) {
    mn_partner_trail_destroy(trail);
  }
  if (!*trail) {
    MN_TRY(create(&drift->parallel, past, trail));
  }
  mn_partner_trail *t = *trail;
  while (t->cursor.next < mn_history_samples(past)) {
    MN_TRY(follow(drift, past, t));
  }
  MN_TRY(reach(t, all));
  const int64_t numbers = 2 * mn_block_count(t->block);
  double *sum = t->partners;
  memset(sum, 0, (size_t)numbers * sizeof *sum);
  MN_TRY(
      mn_own_path_subtract(&t->trail, &drift->model, now, accuracy_of(&drift->options), all + 2 * t->block.begin, sum));
  for (int64_t k = 0; k < numbers; k++) {
    out[k] -= sum[k]; /* of the gradient, which is what pulls */
  }
  return NULL;
}

int64_t mn_drift_partner_bytes(const mn_drift_engine *engine, const mn_model *model, const mn_drift_options *options,
                               int64_t witnesses, int ranks, double time)
{
  if (!engine->remember || witnesses > MN_WITNESSES) {
    return 0;
  }
  const int64_t samples = mn_trail_expected(model, options->longest_step, time, 0.0, allowed_of(model, options));
  return 32 * witnesses + (8 * samples + 16) * mn_block_count(mn_block_of(witnesses, 0, ranks));
}
