/* Evaluations of a small cloud by the engine itself that differ in one choice: what the phases that depend on it took
 * more, over what there was more of. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>

#include "layout.h"

#include <math.h>
#include <string.h>

/* Measured with 256-bit vectors by bench_spectral, at 1e-6 and, for windows, at 1e-3. */
const mn_prices mn_prices_usual = {.pair = 2.4, .sort = 80.0, .quad = 7.0, .node = 45.0};

enum { CELLS = 1 << 16, REPETITIONS = 4, NARROW = 4, WIDE = 8 /* nodes */ };

static const double pi = 3.14159265358979323846;
static const double step = 0.02;
static const double tolerance = 1e-2;

/* Nothing is believed to be further from the usual prices than this factor. */
static const double trust = 10.0;

mn_prices mn_prices_of(const mn_drift_options *options)
{
  return options->prices.node > 0.0 ? options->prices : mn_prices_usual;
}

/* A choice, what there is of everything then, and the nanoseconds of what depends on it. */
typedef struct trial {
  double cut, spacing;
  int window;
  double pairs; /* within reach of a cell, as the cost model reckons */
  double quads; /* of nodes a cell is spread over */
  double nodes;
  double near, windows, meshes;
} trial;

/* A cloud, and an engine that knows it. */
typedef struct cloud {
  mn_drift *drift;
  mn_history *past;
  double *x, *out;
} cloud;

static mn_error *prepare(const mn_parallel *alone, cloud *c)
{
  const mn_model model = {.theta = 1.0, .chi = 1.0};
  const mn_drift_options options = {
      .tolerance = tolerance, .shortest_step = step, .longest_step = step, .window = WIDE};
  const mn_history_options keep = {.tolerance = tolerance};
  MN_TRY(mn_alloc(&c->x, 2 * CELLS, sizeof *c->x));
  MN_TRY(mn_alloc(&c->out, 2 * CELLS, sizeof *c->out));
  for (int64_t i = 0; i < CELLS; i++) {
    mn_noise_normal(1, MN_STREAM_INITIAL, (uint32_t)i, 0, 0, c->x + 2 * i);
  }
  MN_TRY(mn_drift_create(alone, &mn_drift_spectral, &model, &options, CELLS, &c->drift));
  MN_TRY(mn_history_create(alone, &model, &keep, mn_drift_witnesses(&mn_drift_spectral, CELLS), &c->past));
  MN_TRY(mn_drift_remember(c->drift, c->past, 0.0, step, c->x));
  MN_TRY(mn_drift_evaluate(c->drift, c->past, step, 0.0, c->x, c->out));
  return mn_drift_remember(c->drift, c->past, step, step, c->x);
}

static void release(cloud *c)
{
  mn_history_destroy(&c->past);
  mn_drift_destroy(&c->drift);
  mn_free(&c->x);
  mn_free(&c->out);
}

/* What the engine makes of the choice. */
static void reckon(const cloud *c, trial *t)
{
  const mn_setting setting = {*mn_ladder_scene(mn_drift_ladder(c->drift)), {step, 0.0}, {1.0, 1.0}, t->spacing, WIDE};
  mn_tail tail = {{0.0, 0.0}, 0.0, {0.0}, {0.0}, {0.0}};
  mn_layout layout;
  mn_layout_choose(c->drift, &setting, &tail, &layout);
  t->pairs = setting.scene.density * pi * layout.reach * layout.reach;
  t->quads = mn_layout_quads(layout.width);
  t->nodes = (double)c->drift->cost.nodes;
}

/* Disturbances only add, so the least time counts. */
static mn_error *measure(const cloud *c, trial *t)
{
  mn_drift_options *o = &c->drift->options;
  o->cut = t->cut;
  o->spacing = t->spacing;
  o->window = t->window;
  t->near = t->windows = t->meshes = (double)INFINITY;
  for (int k = 0; k < REPETITIONS; k++) {
    double *phase = c->drift->cost.phase;
    memset(phase, 0, MN_PHASES * sizeof *phase);
    MN_TRY(mn_drift_evaluate(c->drift, c->past, 2.0 * step, 0.0, c->x, c->out));
    const double windows = 1e9 * (phase[MN_PHASE_SPREAD] + phase[MN_PHASE_READ]);
    const double modes = 1e9 * (phase[MN_PHASE_MODES] + phase[MN_PHASE_SHEET] + phase[MN_PHASE_LADDER]);
    t->near = fmin(t->near, 1e9 * phase[MN_PHASE_NEAR]);
    t->windows = fmin(t->windows, windows);
    t->meshes = fmin(t->meshes, windows + modes);
  }
  reckon(c, t);
  return NULL;
}

static double trusted(double price, double usual)
{
  return fmin(fmax(price, usual / trust), usual * trust);
}

static mn_error *compare(const cloud *c, mn_prices *prices)
{
  const mn_prices usual = mn_prices_usual;
  trial base = {.cut = 0.001, .spacing = 0.02, .window = NARROW};
  trial more_pairs = {.cut = 0.004, .spacing = 0.02, .window = NARROW};
  trial more_nodes = {.cut = 0.001, .spacing = 0.01, .window = NARROW};
  trial wider = {.cut = 0.001, .spacing = 0.02, .window = WIDE};
  MN_TRY(measure(c, &base));
  MN_TRY(measure(c, &more_pairs));
  MN_TRY(measure(c, &more_nodes));
  MN_TRY(measure(c, &wider));
  prices->pair = trusted((more_pairs.near - base.near) / (CELLS * (more_pairs.pairs - base.pairs)), usual.pair);
  prices->sort = trusted(base.near / CELLS - prices->pair * base.pairs, usual.sort);
  prices->quad = trusted((wider.windows - base.windows) / (CELLS * (wider.quads - base.quads)), usual.quad);
  const double narrower = CELLS * prices->quad * (base.quads - more_nodes.quads);
  prices->node = trusted((more_nodes.meshes - base.meshes + narrower) / (more_nodes.nodes - base.nodes), usual.node);
  return NULL;
}

mn_error *mn_prices_measure(const mn_parallel *parallel, mn_prices *prices)
{
  mn_parallel alone;
  cloud c = {.drift = NULL};
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_error *error = prepare(&alone, &c);
  error = error ? error : compare(&c, prices);
  release(&c);
  mn_parallel_destroy(&alone);
  MN_TRY(mn_agree(parallel, error));
  MPI_Bcast(prices, sizeof *prices / sizeof(double), MPI_DOUBLE, 0, parallel->comm);
  return NULL;
}
