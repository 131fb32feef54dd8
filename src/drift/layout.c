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
 * cheapest is found by trying them from coarse to fine, each with as few pairs as its modes allow.  Prices are
 * constants unless others are given: what is chosen must be the same whenever a run is repeated. */
#include "layout.h"

#include "curve.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

const double mn_share_of_tolerance = 0.3;

/* Finest sheet ever tried, of the coarsest: all cells may be at one place. */
static const double finest = 3e-5;

/* Share of the tolerance for every part of the error; and the smallest relative error ever asked of the near part, as
 * its tables have it. */
static const double share = 0.5;
static const double near_least = 1e-10;

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

/* Density that errors made of waves of that number meet: of the other cells, or, where hardly two are as near as such a
 * wave is long, of one such pair: its error is no mean but a matter of chance. */
static double density_met(const mn_drift *drift, const mn_scene *scene, double wave)
{
  return fmax(scene->density, wave * wave / (pi * (double)drift->count));
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
  const double random = (averaged ? 0.25 : 1.0) * sqrt(density_met(drift, scene, 1.0 / sqrt(cut))) * density;
  const double mean = scene->density * cut * density / sqrt(2.0 * present->window);
  return random + mean;
}

/* Relative errors of the near part: as they are allowed, or one of few values below, so that what is tabulated serves
 * many steps.  By the former spacings are chosen: the costs of few values rise and fall, and meshes would change with
 * them again and again. */
typedef enum values { ALL_VALUES, FEW_VALUES } values;

/* Relative error of the near part for pairs below that cut.  Where by chance no cell is near another, much less is felt
 * than the near part might be. */
static double near_accuracy(const mn_drift *drift, const mn_setting *s, double cut, values of)
{
  const double allowed = share * drift->options.tolerance * s->scene.force;
  const double left = fmin(fmax(allowed / near_force(drift, &s->scene, &s->present, cut), near_least), 0.3);
  return of == ALL_VALUES ? left : near_least * exp2(floor(2.0 * log2(left / near_least)) / 2.0);
}

/* Gaussians of variance w end, in sums over pairs, at r^2 = 2 w decay. */
static double decay_for(double accuracy)
{
  return log(1.0 / accuracy) + 0.8 * sqrt(accuracy);
}

/* Pairs below that cut, and the modes they leave to the meshes. */
static mn_layout with_pairs(const mn_drift *drift, const mn_setting *s, double cut, values of)
{
  const double accuracy = near_accuracy(drift, s, cut, of);
  const double decay = decay_for(accuracy);
  return (mn_layout){.pairs = cut > mn_split_narrowest(&drift->model),
                     .cut = cut,
                     .reach = sqrt(2.0 * decay * cut),
                     .near_accuracy = accuracy,
                     .cutoff = sqrt(2.0 * decay / cut)};
}

/* As few pairs as the modes up to a cutoff allow: cut cutoff^2 = 2 decay(cut), and the decay hardly depends on the cut.
 */
static mn_layout fewest_pairs(const mn_drift *drift, const mn_setting *s, double cutoff, values of)
{
  const double narrowest = mn_split_narrowest(&drift->model);
  double decay = log(1.0 / (share * drift->options.tolerance));
  double cut = 0.0;
  for (int i = 0; i < 8; i++) { /* with decay it may end between two neighbours */
    cut = fmax(2.0 * decay / (cutoff * cutoff), narrowest);
    decay = decay_for(near_accuracy(drift, s, cut, of));
  }
  mn_layout l = with_pairs(drift, s, cut, of);
  l.cutoff = cutoff;
  return l;
}

/* theory.md, (30b): the force of clouds that have spread for a thousand steps, a third of it where it is a
 * matter of chance.  Below `arithmetic` rounding would be all that is gained. */
double mn_layout_ladder(const mn_model *model, const mn_drift_options *o, int64_t count)
{
  static const double arithmetic = 3e-11;
  const double tolerance = mn_share_of_tolerance * o->tolerance;
  const double smeared = model->theta / (1.0 + mn_kernel_shift(model, o->longest_step) / o->longest_step);
  const double mean = 1.0 / (45.0 * (1.0 + model->theta));
  const double chance = 1.0 / (900.0 * sqrt(sqrt(smeared)));
  const double force = (double)count * sqrt(log(1.0 / tolerance)) * fmax(mean, chance);
  return fmin(tolerance, fmax(tolerance * force, arithmetic));
}

void mn_layout_equal(const mn_model *model, const mn_drift_options *options, int64_t count, mn_window *window)
{
  double error = mn_layout_ladder(model, options, count);
  do {
    mn_window_choose(error, MN_PHASE_WINDOW, window);
    error *= 0.5;
  } while (window->width < options->window);
}

int mn_layout_ratio(const mn_drift_options *options)
{
  return options->ratio > 0 ? options->ratio : 1.000001 * options->shortest_step < options->longest_step ? 2 : 4;
}

double mn_layout_quads(int width)
{
  return width * ceil(width / 4.0);
}

double mn_layout_pairs(const mn_drift *drift, const mn_scene *scene, double reach)
{
  return mn_prices_of(&drift->options).pair * scene->density * pi * reach * reach;
}

double mn_layout_cost(const mn_drift *drift, const mn_setting *s, const mn_layout *l)
{
  const mn_prices price = mn_prices_of(&drift->options);
  /* The near part is asked for at 0.3 of this accuracy; counting lines from there on was no faster. */
  const double lines = l->near_accuracy < mn_quartics_from ? 2.0 : 1.0;
  const double pairs = price.sort + lines * mn_layout_pairs(drift, &s->scene, l->reach);
  return (double)drift->count * (price.quad * mn_layout_quads(l->width) + (l->pairs ? pairs : 0.0)) +
         price.node * nodes_for(s->side, l->cutoff);
}

/* theory.md, (29): what modes from point i of the table on make. */
static double tail_beyond(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail, int i)
{
  return sqrt(density_met(drift, scene, tail->k[i]) / (2.0 * pi) * tail->value[i]);
}

/* Cutoff from which on meshes can carry all of the present. */
static double without_pairs(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail)
{
  const bool singular = tail->present.ahead <= 0.0 && mn_split_narrowest(&drift->model) <= 0.0;
  const double allowed = share * drift->options.tolerance * scene->force;
  for (int i = 0; i < MN_TAIL_POINTS && !singular; i++) {
    if (tail_beyond(drift, scene, tail, i) <= allowed) {
      return tail->k[i];
    }
  }
  return (double)INFINITY; /* also where nothing is allowed */
}

/* Orders whose images are added to at once. */
typedef struct images {
  double noise[MN_WINDOW_MAX + 1];  /* squared errors of the noise of independent cells */
  double smooth[MN_WINDOW_MAX + 1]; /* and of a density as smooth as the last step's motion has made it */
  double all;                       /* of that density's square */
} images;

/* By the order of the spline, on a mesh of that spacing. */
static images images_of(const mn_drift *drift, const mn_tail *t, double spacing)
{
  const double h = t->present.window;
  const double youngest = (h + mn_kernel_shift(&drift->model, h)) / drift->model.theta;
  images sum = {{0.0}, {0.0}, 0.0};
  for (int i = 0; i < MN_TAIL_POINTS && t->k[i] * spacing <= MN_PHASE_END; i++) {
    const double k2 = t->k[i] * t->k[i];
    const double phase = t->k[i] * spacing;
    const double below = phase / (2.0 * pi - phase) * (phase / (2.0 * pi - phase));
    const double above = phase / (2.0 * pi + phase) * (phase / (2.0 * pi + phase));
    const double all = t->symbol[i] + exp(-k2 * youngest) / k2;    /* past and present */
    const double random = all * all * k2 * k2 * 2.0 * t->log_step; /* two directions */
    const double mean = exp(-2.0 * k2 * h) * t->log_step;
    double image[2] = {1.0, 1.0};
    sum.all += mean;
    for (int order = 1; order <= MN_WINDOW_MAX; order++) {
      image[0] *= below;
      image[1] *= above;
      sum.noise[order] += random * (image[0] + image[1]);
      sum.smooth[order] += 2.0 * mean * (image[0] + image[1]);
    }
  }
  return sum;
}

/* Nodes in each direction that cells have to be spread over on a mesh of that spacing: the order of the narrowest
 * spline that keeps to the tolerance, or the width of the window that serves all phases.  A cell is among its own past
 * too, with the density of its last step; where that is more than all others make, errors are a matter of chance. */
static int width_for(const mn_drift *drift, const mn_scene *scene, const mn_tail *t, double spacing, int equal)
{
  const images sum = images_of(drift, t, spacing);
  const double tolerance = share * drift->options.tolerance;
  const double own = 1.0 / (4.0 * pi * t->present.window);
  const double density = density_met(drift, scene, MN_PHASE_END / spacing);
  const double noise = tolerance * scene->force * tolerance * scene->force * 2.0 * pi / (density + own);
  int order = scene->density < own ? equal : drift->options.window > 3 ? drift->options.window : 3;
  while (order < equal && !(sum.noise[order] <= noise && sum.smooth[order] <= tolerance * tolerance * sum.all)) {
    order++;
  }
  return order < equal ? order : equal;
}

/* Spacings a sheet may have: a level's, divided by up to MN_RATIO_MAX, coarse ones first. */
typedef struct spacings {
  double level;
  int ratio;
} spacings;

static double finer(spacings *s, int levels)
{
  if (s->ratio == MN_RATIO_MAX) {
    s->level /= levels;
    s->ratio /= levels;
  }
  s->ratio++;
  return s->level / s->ratio;
}

static mn_layout layout_for(const mn_drift *drift, const mn_setting *s, const mn_tail *tail, double alone,
                            double spacing, values of)
{
  const double cutoff = MN_PHASE_END / spacing;
  mn_layout l = cutoff >= alone ? (mn_layout){.cutoff = cutoff} : fewest_pairs(drift, s, cutoff, of);
  l.width = width_for(drift, &s->scene, tail, spacing, s->equal);
  l.cost = mn_layout_cost(drift, s, &l);
  return l;
}

/* With the cut that is asked for. */
static mn_layout layout_with(const mn_drift *drift, const mn_setting *s, const mn_tail *tail, double spacing)
{
  mn_layout l = with_pairs(drift, s, fmax(drift->options.cut, mn_split_narrowest(&drift->model)), FEW_VALUES);
  l.cutoff = fmax(l.cutoff, MN_PHASE_END / spacing);
  l.width = width_for(drift, &s->scene, tail, MN_PHASE_END / l.cutoff, s->equal);
  l.cost = mn_layout_cost(drift, s, &l);
  return l;
}

void mn_layout_choose(const mn_drift *drift, const mn_setting *s, mn_tail *tail, mn_layout *layout)
{
  const double asked = drift->options.spacing;
  const double first = asked > 0.0 ? fmin(asked, s->coarsest) : s->coarsest;
  if (tail->present.window != s->present.window || tail->present.ahead != s->present.ahead) {
    fill_tail(drift, &s->present, tail);
  }
  if (drift->options.cut > 0.0) {
    *layout = layout_with(drift, s, tail, first);
    return;
  }
  const double alone = without_pairs(drift, &s->scene, tail);
  const double node = mn_prices_of(&drift->options).node;
  spacings next = {s->coarsest, 1};
  double spacing = first;
  double best = first;
  double cost = layout_for(drift, s, tail, alone, first, ALL_VALUES).cost;
  while (!(asked > 0.0) && spacing > finest * s->coarsest && node * nodes_for(s->side, MN_PHASE_END / spacing) < cost) {
    spacing = finer(&next, mn_layout_ratio(&drift->options));
    const double here = layout_for(drift, s, tail, alone, spacing, ALL_VALUES).cost;
    best = here < cost ? spacing : best;
    cost = fmin(cost, here);
  }
  *layout = layout_for(drift, s, tail, alone, best, FEW_VALUES);
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
  return tail_beyond(drift, scene, t, beyond) / scene->force;
}
