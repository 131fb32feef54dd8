/* The end of a run, and its beginning where steps are shorter then, guessed from a Gaussian cloud: variance s2 + 2t,
 * pull by (21), density N/(4 pi variance); then the engine's own choices for that scene.  Clusters need more pairs and
 * finer meshes than this says. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/trail.h>

#include "layout.h"
#include "own_path.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

static mn_scene scene_of(const mn_model *model, int64_t count, double variance, double time)
{
  const double spread = variance + 2.0 * time;
  const double pull = time / (model->theta * variance + (1.0 + model->theta) * time) / (4.0 * pi);
  const double n = (double)count;
  return (mn_scene){n * pull / sqrt(2.0 * spread), n / (4.0 * pi * spread)};
}

/* What is forecast: the length of the step, the variance of the ladder's finest level, and the time. */
typedef struct moment {
  double step, finest, time;
} moment;

/* Narrowest past of steps of that length: where their level begins, if they are the longest. */
static double youngest(const mn_model *model, double step)
{
  return 2.0 * step / model->theta + 2.0 * mn_kernel_shift(model, step) / model->theta;
}

static double range_of(const mn_drift_options *options)
{
  return mn_layout_ratio(options) * mn_layout_ratio(options);
}

/* The end, when steps are long. */
static moment end_of(const mn_model *model, const mn_drift_options *options, double time)
{
  return (moment){options->longest_step, youngest(model, options->longest_step), time};
}

/* The beginning, when steps are short, until the youngest past has gone through a level. */
static moment begin_of(const mn_model *model, const mn_drift_options *options, double time)
{
  const double range = range_of(options);
  const double base = youngest(model, options->longest_step);
  const double below = floor(log(youngest(model, options->shortest_step) / base) / log(range) + 1e-9);
  return (moment){options->shortest_step, base * pow(range, below), fmin(time, range * options->shortest_step)};
}

/* Nodes of the levels for a cloud of that side. */
static double ladder_nodes(const mn_model *model, const mn_drift_options *options, int64_t count, double side,
                           const moment *m)
{
  const double reach = log(1.0 / mn_layout_ladder(model, options, count));
  const double range = range_of(options);
  double variance = m->finest;
  double nodes = 0.0;
  do {
    const double width = 1.3 * side + 2.0 * sqrt(2.0 * reach * 1.25 * range * variance);
    const double across = width / (MN_PHASE_END / sqrt(2.0 * reach / variance));
    nodes += (across + 16.0) * (across + 16.0);
    variance *= range;
  } while (variance < 2.0 * m->time / model->theta);
  return nodes;
}

static mn_forecast forecast_at(const mn_model *model, const mn_drift_options *options, int64_t count, int ranks,
                               double variance, const moment *m)
{
  const int64_t local = mn_block_count(mn_block_of(count, 0, ranks));
  mn_drift drift = {.model = *model, .options = *options, .count = count};
  const mn_scene scene = scene_of(model, count, variance, m->time);
  const mn_present present = {m->step, m->step};
  const double across = 2.0 * sqrt(2.0 * log((double)count) * (variance + 2.0 * m->time));
  const double coarsest =
      mn_drift_coarsest(model, options, count) * sqrt(m->finest / youngest(model, options->longest_step));
  mn_window equal;
  mn_layout_equal(model, options, count, &equal);
  const mn_setting setting = {scene, present, {1.1 * across, 1.1 * across}, coarsest, equal.width};
  mn_tail tail = {{0.0, 0.0}, 0.0, {0.0}, {0.0}, {0.0}};
  mn_layout layout;
  mn_layout_choose(&drift, &setting, &tail, &layout);
  const double levels = ladder_nodes(model, options, count, across, m);
  const double own = 1.1 * across * layout.cutoff / MN_PHASE_END + 32.0;
  const double allowed = mn_share_of_tolerance * options->tolerance * scene.force;
  const double accuracy = mn_own_path_accuracy(model, present.window, mn_layout_ladder(model, options, count), allowed);
  const double position = ldexp(across, -28) <= mn_own_path_finest(model, present.window, accuracy) ? 8.0 : 16.0;
  mn_forecast f = {.nodes = own * own,
                   .ladder_nodes = levels,
                   .pairs = layout.pairs ? scene.density * pi * layout.reach * layout.reach : 0.0,
                   .trail = (double)mn_trail_expected(model, m->step, m->time, options->trail, allowed)};
  /* Deposits and the node's field on its first rank; else fits: with other ranks, what is on the way to them too. */
  const bool others = ranks > 1;
  f.bytes = f.nodes * (27.0 + (others ? 36.0 : 30.0) / ranks) + f.ladder_nodes * (others ? 160.0 : 105.0) / ranks +
            (40.0 + (layout.pairs ? others ? 150.0 : 110.0 : 0.0) + position * f.trail) * (double)local;
  f.state = position * f.trail * (double)count + 31.0 * f.ladder_nodes;
  const double transform = options->tolerance < 3.3e-6 ? 38.0 : 26.0;     /* double or float */
  const double node = transform * (1.0 + 0.25 * fmin(levels / 4e5, 1.0)); /* in the cache or not */
  const bool fine = layout.cutoff * setting.coarsest > 1.01 * MN_PHASE_END;
  drift.options.prices = mn_prices_usual;         /* the machine of the other figures here */
  drift.options.prices.node = fine ? 60.0 : 12.0; /* a sheet with, and without modes of its own: fits */
  f.nanoseconds = 1.6e6 + mn_layout_cost(&drift, &setting, &layout) + 20.0 * (double)count + node * levels;
  return f;
}

mn_forecast mn_drift_forecast(const mn_drift_engine *engine, const mn_model *model, const mn_drift_options *options,
                              int64_t count, int ranks, double variance, double time)
{
  if (!engine->remember) {
    const int64_t local = mn_block_count(mn_block_of(count, 0, ranks));
    return (mn_forecast){.bytes = (double)engine->bytes(count, local)};
  }
  const moment end = end_of(model, options, time);
  mn_forecast f = forecast_at(model, options, count, ranks, variance, &end);
  if (options->shortest_step < options->longest_step) {
    const moment begin = begin_of(model, options, time);
    const mn_forecast young = forecast_at(model, options, count, ranks, variance, &begin);
    f.bytes = fmax(f.bytes, young.bytes);
    f.state = fmax(f.state, young.state);
  }
  return f;
}

/* Nanoseconds of all steps that grow: one level after the other is the finest, each ratio^2 times cheaper. */
static double ramp_cost(const mn_model *model, const mn_drift_options *options, int64_t count, double variance)
{
  if (options->ramp <= 0) {
    return 0.0;
  }
  const moment begin = begin_of(model, options, INFINITY);
  const double growth = log(options->longest_step / options->shortest_step) / (double)options->ramp;
  const double range = range_of(options);
  const double first = log(begin.finest * range / youngest(model, options->shortest_step)) / growth;
  const double next = log(range) / growth;
  const double step = forecast_at(model, options, count, 1, variance, &begin).nanoseconds;
  return step * fmin(first + next / (range - 1.0), (double)options->ramp);
}

static const double steps = MN_RIVALS_STEPS;

/* On average over so many steps. */
static double samples_behind(const mn_model *model, const mn_drift_options *options, double all)
{
  return fmin(0.5 * all, mn_kernel_memory(model) / options->longest_step + 1.0);
}

static double direct_step(const mn_model *model, const mn_drift_options *options, int64_t count)
{
  const double run = 0.5 * steps; /* behind, on average */
  const double young = 28.0;      /* what the first few of them cost more: they have more Gaussians */
  const double gaussians =
      1.0 + 1.25 * model->lambda * options->longest_step / model->theta; /* more where decay is fast */
  const double samples = young + (1.0 - young / run) * samples_behind(model, options, steps) * gaussians;
  const double digits = fmax(0.0, -log10(options->tolerance) - 3.85); /* beyond what float lanes give for nothing */
  const double lag = 0.45 + 0.75 * digits;                            /* nanoseconds: a pair and lag */
  const double padded = (double)count + 100.0;                        /* lanes that stand still */
  return (double)count * padded * (3.0 + lag * samples);
}

mn_rivals mn_drift_rivals(const mn_model *model, const mn_drift_options *options, int64_t count, double variance)
{
  const double ramp = (double)options->ramp;
  const moment middle = end_of(model, options, 0.5 * steps * options->longest_step);
  const double spectral_step = forecast_at(model, options, count, 1, variance, &middle).nanoseconds;
  const double growing =
      1.3 * ramp_cost(model, options, count, variance); /* 1.3 and 0.5 fit 15 runs, docs/testing.md */
  mn_rivals cost = {.direct_step = direct_step(model, options, count), .spectral_step = spectral_step};
  cost.direct = (steps + 0.5 * ramp) * cost.direct_step;
  cost.spectral = (steps + ramp) * cost.spectral_step + growing;
  cost.samples = (int64_t)samples_behind(model, options, steps + ramp);
  return cost;
}

const mn_drift_engine *mn_drift_cheapest(const mn_model *model, const mn_drift_options *options, int64_t count,
                                         double variance)
{
  if (!(options->longest_step > 0.0)) {
    return &mn_drift_direct; /* no past */
  }
  const mn_rivals cost = mn_drift_rivals(model, options, count, variance);
  return cost.direct < cost.spectral ? &mn_drift_direct : &mn_drift_spectral;
}
