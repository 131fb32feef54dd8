/* Samples become content of chapters, chapters move up: see ladder.c for the plan. */
#include <mnemotaxis/memory.h>

#include "ladder_parts.h"

#include <math.h>

/* The open chapter of a level for content left from `begin` to `end`, as of `time`. */
static mn_error *open_chapter(const mn_ladder *l, mn_level *level, double begin, double end, double smear, double time,
                              mn_chapter **open)
{
  const double range = mn_ladder_variance_of(l, level->number + 1) - mn_ladder_variance_of(l, level->number);
  mn_chapter *last = level->chapters > 0 ? &level->chapter[level->chapters - 1] : NULL;
  const double theta = l->model.theta;
  if (!last || 2.0 * (fmax(end, last->end) - fmin(begin, last->begin)) / theta > 0.25 * range) {
    MN_TRY(mn_level_open(level, time, smear));
    last = &level->chapter[level->chapters - 1];
    last->begin = begin;
    last->end = end;
  }
  mn_level_decay(level, &l->model, time - last->stamp, last->modes);
  last->stamp = time;
  const double newest = fmax(last->end, end);
  last->smear = fmin(last->smear + 2.0 * (newest - last->end) / theta, smear + 2.0 * (newest - end) / theta);
  last->begin = fmin(last->begin, begin);
  last->end = newest;
  *open = last;
  return NULL;
}

static void add_modes(const mn_level *level, const double *from, double *to)
{
  const int64_t size = mn_spectrum_size(level->spectrum);
  for (int64_t i = 0; i < size; i++) {
    to[i] += from[i];
  }
}

/* The interval that ends now enters the level of the variance it will have when it is first asked for; all levels grow
 * older by it. */
static mn_error *enter(mn_ladder *l, double time, double step)
{
  const double h = time - l->time;
  const double smear = mn_ladder_smear(&l->model, h);
  const int wanted = mn_ladder_number_of(l, 2.0 * step / l->model.theta + smear);
  mn_level *level = l->level[0];
  for (int k = 1; k < l->levels && l->level[k]->number <= wanted; k++) { /* finer ones may be new */
    level = l->level[k]->has_before && l->level[k]->has_present ? l->level[k] : level;
  }
  if (!level->has_before) { /* it was made after the newest sample, for a step that nobody had announced */
    return mn_error_create(MN_INTERNAL, "a step is shorter than the one before, but steps_shrink was not set");
  }
  const bool bridge = l->model.quadrature == MN_BRIDGE;
  mn_chapter *open = NULL;
  MN_TRY(mn_agree(&l->parallel, open_chapter(l, level, l->time, time, smear, l->time, &open)));
  const double *const sources[2] = {level->present, bridge ? level->before : level->present};
  for (int k = 0; k < l->levels; k++) {
    if (l->level[k] == level) {
      mn_level_leave(level, &l->model, h, sources, open->modes);
    } else {
      mn_level_decay(l->level[k], &l->model, h, l->level[k]->sum);
    }
  }
  open->stamp = time;
  return NULL;
}

/* Modes of one level, of the same content, on the mesh of the next: it is so wide by now that the modes of the next
 * level are all there is, which few nodes hold. */
static mn_error *carry(mn_ladder *l, mn_level *from, const double *modes, mn_level *to, double *out)
{
  mn_resampling same;
  const mn_spectrum *thin = from->thin;
  const mn_lattice *mesh = &to->spectrum->mesh;
  mn_resampling_make(1, NULL, &thin->mesh, &same);
  mn_spectrum_thin(from->spectrum, modes, thin, from->work);
  mn_spectrum_values(from->thin, from->work, from->rows);
  MN_TRY(mn_lattice_coarsen(&l->parallel, &same, &l->work, &thin->mesh, &thin->rows, from->rows, mesh,
                            &to->spectrum->rows, to->rows));
  mn_spectrum_modes(to->spectrum, mn_resampling_meets(&same, 1, &thin->mesh, mesh), to->rows,
                    mesh->spacing * mesh->spacing, NULL, out);
  return NULL;
}

/* Chapter 0 of level k goes to level k + 1. */
static mn_error *move_up(mn_ladder *l, int k, double time)
{
  if (k + 1 == l->levels) {
    MN_TRY(mn_ladder_add_level(l, false));
  }
  mn_level *from = l->level[k];
  mn_level *to = l->level[k + 1];
  mn_chapter *chapter = &from->chapter[0];
  mn_chapter *open = NULL;
  mn_level_decay(from, &l->model, time - chapter->stamp, chapter->modes);
  chapter->stamp = time;
  MN_TRY(mn_agree(&l->parallel, open_chapter(l, to, chapter->begin, chapter->end, chapter->smear, time, &open)));
  MN_TRY(carry(l, from, chapter->modes, to, to->work));
  add_modes(to, to->work, open->modes);
  add_modes(to, to->work, to->sum);
  mn_level_close(from, 0);
  return NULL;
}

/* Chapters that have become wide enough move up; what decay has left nothing of is dropped. */
static mn_error *promote(mn_ladder *l, double time)
{
  const double memory = mn_kernel_memory(&l->model);
  for (int k = 0; k < l->levels; k++) {
    mn_level *level = l->level[k];
    bool changed = false;
    while (level->chapters > 0) {
      const mn_chapter *oldest = &level->chapter[0];
      const double age = time - oldest->end;
      if (age > memory) {
        mn_level_close(level, 0);
      } else if (2.0 * age / l->model.theta + oldest->smear >= mn_ladder_variance_of(l, level->number + 1)) {
        MN_TRY(move_up(l, k, time));
      } else {
        break;
      }
      changed = true;
    }
    if (changed) {
      mn_level_resum(level, &l->model, time);
    }
  }
  return NULL;
}

/* theory.md, (30a): a cell is where its newest sample was with the density of its step since. */
double mn_ladder_error(const mn_ladder *l, double now, double density)
{
  static const double pi = 3.14159265358979323846;
  const double h = now - l->time;
  const double left = -expm1(-2.0 * l->reach * h / (l->model.theta * l->base_variance)); /* of modes at the cutoff */
  bool past = false;
  for (int k = 0; k < l->levels; k++) {
    past = past || l->level[k]->chapters > 0;
  }
  const double places = density + 1.0 / (4.0 * pi * h);
  return past ? left * l->options.tolerance * sqrt(places / (8.0 * pi * l->reach)) : 0.0;
}

mn_error *mn_ladder_remember(mn_ladder *l, double time, double step, const double *mine)
{
  MN_TRY(mn_agree(&l->parallel, mn_trail_append(&l->trail, time, mine)));
  if (l->has_sample) {
    MN_TRY(enter(l, time, step));
    l->newest_smear = mn_ladder_smear(&l->model, time - l->time);
    MN_TRY(promote(l, time));
  }
  for (int k = 0; k < l->levels; k++) {
    mn_level *level = l->level[k];
    double *sample = level->present; /* the old one is overwritten when cells are taken again */
    level->present = level->before;
    level->before = sample;
    level->has_before = level->has_present;
    level->has_present = false;
  }
  l->time = time;
  l->has_sample = true;
  return NULL;
}
