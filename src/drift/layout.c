/* Errors as in Ewald sums (Kolafa and Perram 1992): cells that have moved by a Brownian step are independent given the
 * past, so what a truncation leaves out of the force is a sum of random terms, rms over the cells
 *
 *     E^2 = n/(2 pi) int_{k > cutoff} S^2 k^3 dk    (modes),    n the mean density of cells at cells,
 *
 * and its mean over the last step's motion, of variance 2h per coordinate, is at most N exp(-k^2 h) of a source per
 * mode.  Both are held against the rms force of the last step.  The averaged present force is smooth enough (S falls as
 * k^-4) that for many cells no pairs are needed at all; the un-averaged one (k^-2) always needs them.
 *
 * In sums over pairs up to r and modes up to k, truncated alike at exp(-reach), r^2 = 2 cut reach and k^2 = 2
 * reach/cut: pairs cost what nodes save.  Sheets divide a level of the ladder, so their spacings are few: the
 * cheapest is found by trying them from coarse to fine, each with as few pairs as its modes allow.  The rates of pairs
 * and nodes are constants, not measured at start: what is chosen must be the same whenever a run is repeated. */
#include "layout.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* Their ratios count: nanoseconds of the core with 256-bit vectors they were balanced on, by bench_spectral at 1e-6. */
static const double pair_cost = 2.4;  /* a pair within reach, those looked at in vain included */
static const double sort_cost = 80.0; /* a cell in bins */
static const double node_cost = 60.0; /* a node of the sheet: there and back, and ways to the ladder */

/* Finest sheet ever tried, of the coarsest: all cells may be at one place. */
static const double finest = 3e-5;

/* Share of the tolerance for every part of the error; and the smallest relative error ever asked of the near part. */
static const double share = 0.5;
static const double share_least = 0.3;

static void fill_tail(const mn_drift *drift, const mn_present *present, mn_tail *t)
{
  mn_split all;
  const double widest = mn_split_widest(&drift->model, present);
  t->present = *present;
  t->log_step = log(3e3) / (MN_TAIL_POINTS - 1);
  mn_split_range(&drift->model, present, fmax(1e-7 * widest, 0.5 * mn_split_narrowest(&drift->model)), (double)INFINITY,
                 &all);
  double after = 0.0;
  double sum = 0.0;
  for (int i = MN_TAIL_POINTS - 1; i >= 0; i--) {
    const double k = exp(t->log_step * i) / sqrt(widest);
    const double s = mn_split_symbol(&all, k * k);
    const double here = s * s * k * k * k * k * (1.0 + (double)drift->count * exp(-2.0 * k * k * present->window));
    sum += i == MN_TAIL_POINTS - 1 ? 0.25 * here : 0.5 * t->log_step * (here + after); /* S ~ k^-4 beyond the last */
    after = here;
    t->k[i] = k;
    t->symbol[i] = s;
    t->value[i] = sum;
  }
}

/* Smallest wave number whose tail is at most `allowed`; INFINITY when the table ends before. */
static double tail_end(const mn_tail *t, double allowed)
{
  for (int i = 0; i < MN_TAIL_POINTS; i++) {
    if (t->value[i] <= allowed) {
      return t->k[i];
    }
  }
  return (double)INFINITY;
}

static double nodes_for(const double side[2], double cutoff)
{
  const double spacing = MN_PHASE_END / cutoff;
  return (side[0] / spacing + 16.0) * (side[1] / spacing + 16.0);
}

/* rms of the near part, in units of one source: random terms, and the mean over the last step's motion. */
static double near_force(const mn_drift *drift, const mn_scene *scene, const mn_present *present, double cut)
{
  double density = 0.0; /* of the mixture: rises, is flat, and falls to 0 */
  for (double w = cut; w > 0.1 * cut; w *= 0.5) {
    density = fmax(density, mn_split_density(&drift->model, present, w));
  }
  const bool averaged = cut < 4.0 * present->ahead;
  const double random = (averaged ? 0.25 : 1.0) * sqrt(scene->density) * density;
  const double mean = scene->density * cut * density / sqrt(2.0 * present->window);
  return random + mean;
}

/* Pairs below that cut, and the modes they leave to the meshes. */
static mn_layout with_pairs(const mn_drift *drift, const mn_scene *scene, const mn_present *present, double cut)
{
  const double allowed = share * drift->options.tolerance * scene->force;
  const double least = share_least * drift->options.tolerance;
  const double left = fmin(fmax(allowed / near_force(drift, scene, present, cut), least), 0.3);
  const double reach = log(1.0 / left) + 0.8 * sqrt(left);
  return (mn_layout){.pairs = cut > mn_split_narrowest(&drift->model),
                     .cut = cut,
                     .reach = sqrt(2.0 * reach * cut),
                     .near_accuracy = left,
                     .cutoff = sqrt(2.0 * reach / cut)};
}

/* As few pairs as the modes up to a cutoff allow: cut cutoff^2 = 2 reach(cut), and the reach hardly depends on the cut.
 */
static mn_layout fewest_pairs(const mn_drift *drift, const mn_scene *scene, const mn_present *present, double cutoff)
{
  const double narrowest = mn_split_narrowest(&drift->model);
  double cut = 2.0 * log(1.0 / (share * drift->options.tolerance)) / (cutoff * cutoff);
  mn_layout l = {.cut = 0.0};
  for (int i = 0; i < 8; i++) {
    l = with_pairs(drift, scene, present, fmax(cut, narrowest));
    cut = l.cut * l.cutoff * l.cutoff / (cutoff * cutoff);
  }
  l.cutoff = cutoff;
  return l;
}

static double cost_of(const mn_drift *drift, const mn_scene *scene, const double side[2], const mn_layout *l)
{
  const double pairs = sort_cost + pair_cost * scene->density * pi * l->reach * l->reach;
  return (l->pairs ? (double)drift->count * pairs : 0.0) + node_cost * nodes_for(side, l->cutoff);
}

/* Cutoff from which on meshes can carry all of the present. */
static double without_pairs(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail)
{
  const bool singular = tail->present.ahead <= 0.0 && mn_split_narrowest(&drift->model) <= 0.0;
  const double allowed = share * drift->options.tolerance * scene->force;
  const double per_tail = scene->density / (2.0 * pi);
  return singular || allowed <= 0.0 ? (double)INFINITY : tail_end(tail, allowed * allowed / per_tail);
}

/* Spacings a sheet may have: a level's, divided by up to MN_RATIO_MAX, coarse ones first. */
typedef struct spacings {
  double level;
  int ratio;
} spacings;

static double finer(spacings *s)
{
  if (s->ratio == MN_RATIO_MAX) {
    s->level /= MN_LEVEL_RATIO;
    s->ratio /= MN_LEVEL_RATIO;
  }
  s->ratio++;
  return s->level / s->ratio;
}

void mn_layout_choose(const mn_drift *drift, const mn_scene *scene, const mn_present *present, const double side[2],
                      double coarsest, mn_tail *tail, mn_layout *layout)
{
  const mn_drift_options *o = &drift->options;
  const double asked = o->spacing > 0.0 ? fmin(o->spacing, coarsest) : 0.0;
  if (tail->present.window != present->window || tail->present.ahead != present->ahead) {
    fill_tail(drift, present, tail);
  }
  if (o->cut > 0.0) {
    *layout = with_pairs(drift, scene, present, fmax(o->cut, mn_split_narrowest(&drift->model)));
    layout->cutoff = fmax(layout->cutoff, MN_PHASE_END / (asked > 0.0 ? asked : coarsest));
    return;
  }
  const double alone = without_pairs(drift, scene, tail);
  spacings next = {coarsest, 1};
  double spacing = asked > 0.0 ? asked : coarsest;
  *layout = (mn_layout){.cost = (double)INFINITY};
  for (bool last = false; !last; spacing = finer(&next)) {
    const double cutoff = MN_PHASE_END / spacing;
    mn_layout l = cutoff >= alone ? (mn_layout){.cutoff = cutoff} : fewest_pairs(drift, scene, present, cutoff);
    l.cost = cost_of(drift, scene, side, &l);
    last = asked > 0.0 || !l.pairs || node_cost * nodes_for(side, cutoff) > layout->cost || spacing < finest * coarsest;
    if (l.cost < layout->cost) {
      *layout = l;
    }
  }
}

double mn_layout_error(const mn_drift *drift, const mn_scene *scene, const mn_tail *t, const mn_layout *layout,
                       double spacing)
{
  const double cutoff = MN_PHASE_END / spacing;
  if (layout->pairs) { /* both sums, over pairs and modes, end somewhere in the same Gaussians */
    const double force = near_force(drift, scene, &t->present, layout->cut);
    const double modes = exp(-0.5 * layout->cut * cutoff * cutoff);
    return hypot(layout->near_accuracy, modes) * force / scene->force;
  }
  int beyond = MN_TAIL_POINTS - 1; /* the first point of the table from the cutoff on */
  while (beyond > 0 && t->k[beyond - 1] >= cutoff) {
    beyond--;
  }
  return sqrt(scene->density / (2.0 * pi) * t->value[beyond]) / scene->force;
}

/* Errors of a spline: of the noise of independent cells, against what the tolerance allows, and of a density as smooth
 * as the last step's motion has made it. */
static bool spline_is_good(const mn_drift *drift, const mn_scene *scene, const mn_tail *t, double spacing, int order)
{
  const double h = t->present.window;
  const double tolerance = share * drift->options.tolerance;
  double noise = 0.0;
  double smooth[2] = {0.0, 0.0};
  for (int i = 0; i < MN_TAIL_POINTS && t->k[i] * spacing <= MN_PHASE_END; i++) {
    const double k2 = t->k[i] * t->k[i];
    const double phase = t->k[i] * spacing;
    const double image = pow(phase / (2.0 * pi - phase), 2 * order) + pow(phase / (2.0 * pi + phase), 2 * order);
    const double all = t->symbol[i] + exp(-k2 * h / drift->model.theta) / k2; /* past and present */
    const double error = 2.0 * image * t->log_step;                           /* two directions */
    noise += all * all * k2 * k2 * error;
    smooth[0] += exp(-2.0 * k2 * h) * error;
    smooth[1] += exp(-2.0 * k2 * h) * t->log_step;
  }
  const double random = sqrt(scene->density / (2.0 * pi) * noise);
  return random <= tolerance * scene->force && smooth[0] <= tolerance * tolerance * smooth[1];
}

int mn_layout_spline(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail, double spacing)
{
  int order = drift->options.window > 3 ? drift->options.window : 3;
  while (order <= MN_WINDOW_MAX && !spline_is_good(drift, scene, tail, spacing, order)) {
    order++;
  }
  return order;
}
