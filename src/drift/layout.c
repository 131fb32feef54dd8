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
 * reach/cut: pairs cost what nodes save, and the cheapest cut is looked for on a grid.  The rates of pairs and nodes
 * are constants, not measured at start: what is chosen must be the same whenever a run is repeated. */
#include "layout.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* Their ratios count: nanoseconds of the core with 256-bit vectors they were balanced on, by bench_spectral at 1e-6. */
static const double pair_cost = 2.4;  /* a pair within reach, those looked at in vain included */
static const double sort_cost = 80.0; /* a cell in bins */
static const double node_cost = 80.0; /* a node of the sheet: there and back, and ways to the ladder */

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

/* Everything on meshes. */
static mn_layout without_pairs(const mn_drift *drift, const mn_scene *scene, const double side[2], const mn_tail *tail)
{
  const bool singular = tail->present.ahead <= 0.0 && mn_split_narrowest(&drift->model) <= 0.0;
  const double allowed = share * drift->options.tolerance * scene->force;
  const double per_tail = scene->density / (2.0 * pi);
  mn_layout l = {.cost = (double)INFINITY};
  if (!singular && allowed > 0.0) {
    l.cutoff = tail_end(tail, allowed * allowed / per_tail);
    l.cost = node_cost * nodes_for(side, l.cutoff);
  }
  return l;
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

static mn_layout with_pairs(const mn_drift *drift, const mn_scene *scene, const mn_present *present,
                            const double side[2], double cut)
{
  const double allowed = share * drift->options.tolerance * scene->force;
  const double least = share_least * drift->options.tolerance;
  const double left = fmin(fmax(allowed / near_force(drift, scene, present, cut), least), 0.3);
  const double reach = log(1.0 / left) + 0.8 * sqrt(left);
  const double number = (double)drift->count;
  mn_layout l = {.pairs = true,
                 .cut = cut,
                 .reach = sqrt(2.0 * reach * cut),
                 .near_accuracy = left,
                 .cutoff = sqrt(2.0 * reach / cut)};
  l.cost = number * (sort_cost + pair_cost * scene->density * pi * l.reach * l.reach) +
           node_cost * nodes_for(side, l.cutoff);
  return l;
}

void mn_layout_choose(const mn_drift *drift, const mn_scene *scene, const mn_present *present, const double side[2],
                      mn_tail *tail, mn_layout *layout)
{
  const double widest = mn_split_widest(&drift->model, present);
  const double narrowest = mn_split_narrowest(&drift->model);
  if (tail->present.window != present->window || tail->present.ahead != present->ahead) {
    fill_tail(drift, present, tail);
  }
  const double finest = drift->options.spacing > 0.0 ? MN_PHASE_END / drift->options.spacing : (double)INFINITY;
  if (drift->options.cut > 0.0) {
    *layout = with_pairs(drift, scene, present, side, fmax(drift->options.cut, narrowest));
    layout->pairs = layout->cut > narrowest;
    layout->cutoff = fmax(layout->cutoff, drift->options.spacing > 0.0 ? finest : 0.0);
    return;
  }
  *layout = without_pairs(drift, scene, side, tail);
  if (layout->cutoff > finest) {
    layout->cost = (double)INFINITY;
  }
  for (double cut = widest; cut > 1e-9 * widest; cut *= 0.8) {
    const mn_layout l = with_pairs(drift, scene, present, side, fmax(cut, narrowest));
    if (l.cost < layout->cost && l.cutoff <= finest) {
      *layout = l;
    }
    if (cut <= narrowest) { /* nothing is left for pairs */
      layout->pairs = layout->pairs && layout->cut > narrowest;
      break;
    }
  }
  if (drift->options.spacing > 0.0) {
    layout->cutoff = finest; /* as asked for; pairs do what it cannot */
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
