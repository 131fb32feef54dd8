/* All levels lie on one lattice: spacing of level l = base ratio^l, base such that what is asked for at the longest
 * step enters level 0.  Neighbours in the ladder exchange values by windows: deposits go up, fields come down.
 *
 * An interval enters the level of its variance at the next evaluation, as an addition to the open chapter of that
 * level.  A chapter is closed when it has grown to a quarter of the level's range; when its youngest content is wide
 * enough for the next level it is carried there as values on a mesh, where it joins the open chapter.  So every level
 * holds a handful of chapters, whatever the number of steps, and the sum of a level is made anew from its chapters
 * whenever one has left: no subtraction, no error that could grow.
 *
 * Boxes: the chemical of a level must have fallen to the tolerance at the border of its box.  When cells leave the
 * region a ladder was made for, all boxes are made anew, wider, and what they hold is padded with zeros.  The newest
 * sample and the youngest content of chapters are narrower than their level: for the journey they are smoothed by what
 * they lack, and sharpened again.  Without that the cloud sees no difference, but a cell at the old border does (frozen
 * sources, theta = 1000: 21 times a tolerance of 1e-8; bridges at theta = 1 too); smoothed by more, they come out
 * coarse.
 *
 * Tried and rejected: single slabs in a ring per level, subtracted as they leave (their number grows by 16 from level
 * to level); one box for all (its mesh has to hold both the youngest modes and the widest spread). */
#include <mnemotaxis/memory.h>

#include "ladder_parts.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Tolerances of the ladder from which on transforms in float do no harm: they err by some 1e-7 of all modes. */
static const double single_from = 1e-6;

double mn_ladder_smear(const mn_model *model, double h)
{
  return 2.0 * mn_kernel_shift(model, h) / model->theta;
}

double mn_ladder_variance_of(const mn_ladder *l, int number)
{
  return l->base_variance * pow((double)l->options.ratio * l->options.ratio, number);
}

static double spacing_of(const mn_ladder *l, int number)
{
  return l->base_spacing * pow(l->options.ratio, number);
}

int mn_ladder_number_of(const mn_ladder *l, double variance)
{
  return (int)floor(0.5 * log(variance / l->base_variance) / log(l->options.ratio) + 1e-9);
}

static double base_variance(const mn_model *model, const mn_ladder_options *options)
{
  return 2.0 * options->longest / model->theta + mn_ladder_smear(model, options->longest);
}

double mn_ladder_coarsest(const mn_model *model, const mn_ladder_options *options)
{
  return MN_PHASE_END / sqrt(2.0 * log(1.0 / options->tolerance) / base_variance(model, options));
}

mn_error *mn_ladder_create(const mn_parallel *parallel, const mn_model *model, const mn_ladder_options *options,
                           int64_t count, mn_ladder **ladder)
{
  mn_ladder *l = NULL;
  mn_error *error = mn_agree(parallel, mn_alloc(&l, 1, sizeof *l));
  if (!error) {
    l->parallel = *parallel;
    l->model = *model;
    l->options = *options;
    l->count = count;
    mn_trail_begin(mn_block_of(count, parallel->rank, parallel->size), &l->trail);
    l->reach = log(1.0 / options->tolerance);
    l->base_variance = base_variance(model, options);
    l->base_spacing = mn_ladder_coarsest(model, options);
    mn_window_choose(options->tolerance, MN_PHASE_WINDOW, &l->window);
  }
  *ladder = l;
  return error;
}

void mn_ladder_destroy(mn_ladder **ladder)
{
  mn_ladder *l = *ladder;
  if (l) {
    for (int k = 0; k < l->levels; k++) {
      mn_level_destroy(&l->level[k]);
    }
    mn_trail_clear(&l->trail);
    mn_resampling_clear(&l->work);
  }
  mn_free(ladder);
}

/* Largest variance that a level has to hold: until the next step finds it too old. */
static double widest_of(const mn_ladder *l, int number)
{
  const double next = mn_ladder_variance_of(l, number + 1);
  return 1.25 * next + 4.0 * l->options.longest / l->model.theta;
}

static mn_lattice mesh_of(const mn_ladder *l, int number)
{
  mn_lattice mesh = {.spacing = spacing_of(l, number)};
  const double spread = sqrt(2.0 * l->reach * widest_of(l, number));
  for (int a = 0; a < 2; a++) {
    const double first = floor((l->low[a] - spread) / mesh.spacing) - l->window.width;
    const double last = ceil((l->high[a] + spread) / mesh.spacing) + l->window.width;
    mesh.first[a] = (int64_t)first;
    mesh.nodes[a] = mn_transform_size((int64_t)(last - first) + 1);
  }
  return mesh;
}

mn_error *mn_ladder_make_level(const mn_ladder *l, int number, mn_level **level)
{
  const mn_lattice mesh = mesh_of(l, number);
  const bool single = l->options.tolerance >= single_from;
  return mn_level_create(&l->parallel, number, &mesh, l->options.ratio, &l->window, single, level);
}

/* Adds a level at the fine (front) or the coarse end. */
mn_error *mn_ladder_add_level(mn_ladder *l, bool front)
{
  if (l->levels == MN_LEVELS_MAX) {
    return mn_error_create(MN_INTERNAL, "the ladder of the past has no room for another level");
  }
  const int number = front ? l->level[0]->number - 1 : l->level[l->levels - 1]->number + 1;
  mn_level *level = NULL;
  MN_TRY(mn_ladder_make_level(l, number, &level));
  if (front) {
    memmove(&l->level[1], &l->level[0], (size_t)l->levels * sizeof l->level[0]);
  }
  l->level[front ? 0 : l->levels] = level;
  l->levels++;
  return NULL;
}

/* A level and the same in a wider box, both with transforms in double: sharpening multiplies what is left at the cutoff
 * by up to 1/tolerance, and what floats err by. */
typedef struct widening {
  mn_level *from, *to;
  mn_spectrum *narrow, *wide;
} widening;

/* What is narrower than the level by `missing` rings all over its box, and would be cut at the border: it travels
 * smoothed, and is sharpened again. */
static mn_error *widen_modes(mn_ladder *l, const widening *w, double missing, double *modes, double *out)
{
  mn_resampling same;
  const mn_spectrum *narrow = w->narrow;
  const mn_spectrum *wide = w->wide;
  mn_resampling_make(1, NULL, &narrow->mesh, &same);
  mn_level_smooth(w->from, missing, modes);
  mn_spectrum_values(w->narrow, modes, w->from->rows);
  MN_TRY(mn_lattice_coarsen(&l->parallel, &same, &l->work, &narrow->mesh, &narrow->rows, w->from->rows, &wide->mesh,
                            &wide->rows, w->to->rows));
  mn_spectrum_modes(w->wide, mn_resampling_meets(&same, 1, &narrow->mesh, &wide->mesh), w->to->rows,
                    wide->mesh.spacing * wide->mesh.spacing, NULL, out);
  mn_level_sharpen(w->to, missing, out);
  return NULL;
}

static mn_error *widen_content(mn_ladder *l, const widening *w)
{
  const mn_level *from = w->from;
  mn_level *to = w->to;
  const double variance = mn_ladder_variance_of(l, from->number);
  to->has_before = from->has_before;
  if (to->has_before) {
    MN_TRY(widen_modes(l, w, variance, from->before, to->before));
  }
  for (int k = 0; k < from->chapters; k++) {
    const mn_chapter *old = &from->chapter[k];
    const double youngest = 2.0 * (old->stamp - old->end) / l->model.theta + old->smear;
    MN_TRY(mn_agree(&l->parallel, mn_level_open(to, old->stamp, old->smear)));
    mn_chapter *new = &to->chapter[k];
    new->begin = old->begin;
    new->end = old->end;
    MN_TRY(widen_modes(l, w, fmax(0.0, variance - youngest), old->modes, new->modes));
  }
  mn_level_resum(to, &l->model, l->time);
  return NULL;
}

static mn_error *in_double(const mn_ladder *l, const mn_spectrum *of, mn_spectrum **exact)
{
  return mn_spectrum_create(&l->parallel, &of->mesh, &of->rows, MN_PHASE_END / of->mesh.spacing, false, exact);
}

static mn_error *widen_level(mn_ladder *l, mn_level *from, mn_level *to)
{
  widening w = {.from = from, .to = to};
  mn_error *error = in_double(l, from->spectrum, &w.narrow);
  error = error ? error : in_double(l, to->spectrum, &w.wide);
  error = error ? error : widen_content(l, &w);
  mn_spectrum_destroy(&w.narrow);
  mn_spectrum_destroy(&w.wide);
  return error;
}

static bool inside(const mn_ladder *l, const double low[2], const double high[2])
{
  return l->has_box && low[0] >= l->low[0] && low[1] >= l->low[1] && high[0] <= l->high[0] && high[1] <= l->high[1];
}

/* A box around the old and the new, with room to move. */
static mn_error *widen_box(mn_ladder *l, const double low[2], const double high[2])
{
  const double room = 0.15 * fmax(high[0] - low[0], high[1] - low[1]) + 4.0 * sqrt(2.0 * l->options.shortest);
  for (int a = 0; a < 2; a++) {
    l->low[a] = l->has_box ? fmin(l->low[a], low[a] - room) : low[a] - room;
    l->high[a] = l->has_box ? fmax(l->high[a], high[a] + room) : high[a] + room;
  }
  l->has_box = true;
  MN_TRY(mn_agree(&l->parallel, mn_trail_reach(&l->trail, l->low, l->high)));
  for (int k = 0; k < l->levels; k++) {
    mn_level *wider = NULL;
    MN_TRY(mn_ladder_make_level(l, l->level[k]->number, &wider));
    mn_error *error = widen_level(l, l->level[k], wider);
    mn_level_destroy(error ? &wider : &l->level[k]);
    MN_TRY(error);
    l->level[k] = wider;
  }
  return NULL;
}

/* Levels whose past is all gone up, below the first that is needed. */
static void drop_levels(mn_ladder *l, int finest)
{
  while (l->levels > 1 && l->level[0]->number < finest && l->level[0]->chapters == 0) {
    mn_level_destroy(&l->level[0]);
    l->levels--;
    memmove(&l->level[0], &l->level[1], (size_t)l->levels * sizeof l->level[0]);
  }
}

/* Level that the youngest past enters from now on. */
static int entry_of(const mn_ladder *l, double window)
{
  const double least = l->options.shrink ? fmin(window, l->options.shortest) : window;
  const double known = l->options.shrink ? 0.0 : l->newest_smear;
  const double smear = known > 0.0 ? known : mn_ladder_smear(&l->model, least);
  return mn_ladder_number_of(l, 2.0 * least / l->model.theta + smear);
}

double mn_ladder_entry(const mn_ladder *l, double window)
{
  const int entry = entry_of(l, window);
  int k = 0; /* the first level that stays */
  while (k < l->levels && l->level[k]->number < entry && l->level[k]->chapters == 0) {
    k++;
  }
  return spacing_of(l, k < l->levels && l->level[k]->number < entry ? l->level[k]->number : entry);
}

mn_error *mn_ladder_prepare(mn_ladder *l, const double low[2], const double high[2], double window, double spacing,
                            double widest)
{
  if (!inside(l, low, high)) {
    MN_TRY(widen_box(l, low, high));
  }
  l->widest = widest;
  const int entry = entry_of(l, window);
  int finest = entry;
  while (spacing_of(l, finest) > MN_RATIO_MAX * (1.0 + 1e-9) * spacing) {
    finest--;
  }
  if (l->levels == 0) {
    MN_TRY(mn_ladder_make_level(l, finest, &l->level[0]));
    l->levels = 1;
  }
  drop_levels(l, finest);
  while (l->level[0]->number > finest) {
    MN_TRY(mn_ladder_add_level(l, true));
  }
  while (l->level[l->levels - 1]->number < entry ||
         mn_ladder_variance_of(l, l->level[l->levels - 1]->number + 1) < widest) {
    MN_TRY(mn_ladder_add_level(l, false));
  }
  return NULL;
}

double mn_ladder_spacing(const mn_ladder *l)
{
  return l->level[0]->spectrum->mesh.spacing;
}

double mn_ladder_variance(const mn_ladder *l)
{
  return mn_ladder_variance_of(l, l->level[0]->number);
}

int64_t mn_ladder_cells(const mn_ladder *l)
{
  return l->count;
}

mn_trail *mn_ladder_trail(mn_ladder *l)
{
  return &l->trail;
}

double *mn_ladder_frame(mn_ladder *l)
{
  return l->frame;
}

mn_scene *mn_ladder_scene(mn_ladder *l)
{
  return &l->scene;
}

int mn_ladder_levels(const mn_ladder *l)
{
  return l->levels;
}

mn_level_report mn_ladder_level(const mn_ladder *l, int k)
{
  const mn_level *level = l->level[k];
  return (mn_level_report){level->number, level->spectrum->mesh, mn_ladder_variance_of(l, level->number),
                           level->chapters};
}
