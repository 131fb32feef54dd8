/* Deposits go up the ladder, from the ground mesh to the coarsest level, and fields come down; both ways every mesh
 * meets only its neighbour, and only where the ground lies: levels are wider, by the spread of what they hold. */
#include "ladder_parts.h"

#include <math.h>
#include <string.h>

/* On the same spacing a mesh is cut or continued, without a window. */
static bool same_spacing(const mn_ladder *l, const mn_ground *ground)
{
  return mn_ladder_spacing(l) < 1.5 * ground->mesh.spacing;
}

/* What undoes all windows between a level and the points. */
static mn_error *chain_windows(mn_ladder *l, const mn_ground *ground)
{
  mn_error *error = NULL;
  const double finest = mn_ladder_spacing(l);
  for (int k = 0; k < l->levels && !error; k++) {
    mn_level *level = l->level[k];
    const bool same_window =
        level->chain_window.width == ground->window->width && level->chain_window.beta == ground->window->beta;
    if (same_window && level->chain_spacing == ground->mesh.spacing && level->chain_finest == finest) {
      continue;
    }
    level->chain_window = *ground->window;
    level->chain_spacing = ground->mesh.spacing;
    level->chain_finest = finest;
    mn_damping_clear(&level->chain);
    error = mn_damping_make(level->spectrum, ground->window, ground->mesh.spacing, &level->chain);
    for (int finer = same_spacing(l, ground) ? 1 : 0; finer <= k && !error; finer++) {
      mn_damping_add(level->spectrum, &l->window, l->level[finer]->spectrum->mesh.spacing, &level->chain);
    }
  }
  return mn_agree(&l->parallel, error);
}

/* What joins a level to the next finer mesh, and what of the level is joined to the ground. */
typedef struct joint {
  const mn_lattice *fine;
  const mn_shares *owner; /* of its rows */
  mn_resampling r;
  mn_range rows; /* of the level */
} joint;

static void join(const mn_ladder *l, const mn_ground *ground, joint j[MN_LEVELS_MAX])
{
  const mn_lattice *fine = &ground->mesh;
  const mn_shares *owner = ground->rows;
  for (int k = 0; k < l->levels; k++) {
    const mn_spectrum *s = l->level[k]->spectrum;
    const bool same = k == 0 && same_spacing(l, ground);
    const int ratio = k > 0 ? l->options.ratio : (int)rint(mn_ladder_spacing(l) / ground->mesh.spacing);
    j[k].fine = fine;
    j[k].owner = owner;
    mn_resampling_make(ratio, same ? NULL : &l->window, fine, &j[k].r);
    if (k > 0) {
      j[k].r.part[0] = mn_resampling_meets(&j[k - 1].r, 0, j[k - 1].fine, fine);
      j[k].r.part[1] = j[k - 1].rows;
    }
    j[k].rows = mn_resampling_meets(&j[k].r, 1, fine, &s->mesh);
    fine = &s->mesh;
    owner = &s->rows;
  }
}

/* Coarse levels hold what comes up from below; the cells themselves they need only for a present force as wide as that,
 * and where a step's past may enter, which is level 0 at the latest.  (Longer steps than announced enter a coarser
 * level if the present has brought the cells there.) */
static bool needs_cells(const mn_ladder *l, int k)
{
  const int number = l->level[k]->number;
  return k == 0 || number <= 0 || mn_ladder_variance_of(l, number) < l->widest;
}

mn_error *mn_ladder_take(mn_ladder *l, const mn_ground *ground, const double *deposit)
{
  joint j[MN_LEVELS_MAX];
  MN_TRY(chain_windows(l, ground));
  join(l, ground, j);
  for (int k = 0; k < l->levels; k++) {
    mn_level *to = l->level[k];
    mn_spectrum *s = to->spectrum;
    to->has_present = needs_cells(l, k);
    if (!to->has_present) {
      continue; /* nor does any coarser level */
    }
    MN_TRY(mn_lattice_coarsen(&l->parallel, &j[k].r, &l->work, j[k].fine, j[k].owner,
                              k > 0 ? l->level[k - 1]->rows : deposit, &s->mesh, &s->rows, to->rows));
    mn_spectrum_modes(s, j[k].rows, to->rows, 1.0, &to->chain, to->present);
  }
  return NULL;
}

/* level->work = modes of past and present at time `now` */
static void compose(const mn_ladder *l, int k, double now, const mn_present *present, double from)
{
  mn_level *level = l->level[k];
  mn_symbol_key key;
  memset(&key, 0, sizeof key);
  key.present = *present;
  key.low = k == 0 ? from : fmax(from, mn_ladder_variance_of(l, level->number));
  key.high = k + 1 < l->levels ? mn_ladder_variance_of(l, level->number + 1) : (double)INFINITY;
  mn_level_compose(level, &l->model, now - l->time, &key);
}

static mn_error *refine(mn_ladder *l, int k, const joint *j, mn_refinement *to)
{
  const mn_spectrum *s = l->level[k]->spectrum;
  return mn_refinement_begin(&l->parallel, &j->r, &l->work, &s->mesh, &s->rows, l->level[k]->rows, j->fine, j->owner,
                             to);
}

/* From the coarsest level down to the ground: what comes from above is added to a level's rows as they are made. */
static mn_error *descend(mn_ladder *l, const mn_ground *ground)
{
  joint j[MN_LEVELS_MAX];
  mn_row_adder above = {NULL, NULL};
  join(l, ground, j);
  for (int k = l->levels - 1; k >= 0; k--) {
    const mn_level *level = l->level[k];
    mn_spectrum_gradient(level->spectrum, level->work, &level->chain, j[k].rows, above, level->rows);
    MN_TRY(refine(l, k, &j[k], &l->last));
    above = (mn_row_adder){mn_refinement_add, &l->last};
  }
  return NULL;
}

mn_error *mn_ladder_gradient(mn_ladder *l, double now, const mn_present *present, double from, const mn_ground *ground,
                             mn_row_adder *rows)
{
  for (int k = 0; k < l->levels; k++) {
    compose(l, k, now, present, from);
  }
  MN_TRY(descend(l, ground));
  *rows = (mn_row_adder){mn_refinement_add, &l->last};
  return NULL;
}
