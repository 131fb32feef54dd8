/* Deposits go up the ladder, from the ground mesh to the coarsest level, and fields come down; both ways every mesh
 * meets only its neighbour. */
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

static void between(const mn_ladder *l, int k, const mn_ground *ground, mn_resampling *r)
{
  if (k == 0 && same_spacing(l, ground)) {
    *r = (mn_resampling){.ratio = 1, .width = 1, .weight = {{1.0}}};
    return;
  }
  const double ratio = k > 0 ? l->options.ratio : rint(mn_ladder_spacing(l) / ground->mesh.spacing);
  mn_resampling_make((int)ratio, &l->window, r);
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
  MN_TRY(chain_windows(l, ground));
  for (int k = 0; k < l->levels; k++) {
    mn_resampling r;
    mn_level *to = l->level[k];
    to->has_present = needs_cells(l, k);
    if (!to->has_present) {
      continue; /* nor does any coarser level */
    }
    const mn_level *from = k > 0 ? l->level[k - 1] : NULL;
    between(l, k, ground, &r);
    MN_TRY(mn_lattice_coarsen(&l->parallel, &r, &l->work, from ? &from->spectrum->mesh : &ground->mesh,
                              from ? &from->spectrum->rows : ground->rows, from ? from->rows : deposit,
                              &to->spectrum->mesh, &to->spectrum->rows, to->rows));
    mn_spectrum_modes(to->spectrum, to->rows, 1.0, &to->chain, to->present);
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

/* From the coarsest level down to the ground. */
static mn_error *descend(mn_ladder *l, const mn_ground *ground, double *field)
{
  mn_resampling r;
  for (int k = l->levels - 1; k >= 0; k--) {
    const mn_level *level = l->level[k];
    mn_spectrum_gradient(level->spectrum, level->work, &level->chain, level->rows);
    if (k + 1 < l->levels) {
      const mn_level *from = l->level[k + 1];
      between(l, k + 1, ground, &r);
      MN_TRY(mn_lattice_refine(&l->parallel, &r, &l->work, &from->spectrum->mesh, &from->spectrum->rows, from->rows,
                               &level->spectrum->mesh, &level->spectrum->rows, level->rows));
    }
  }
  const mn_level *finest = l->level[0];
  between(l, 0, ground, &r);
  return mn_lattice_refine(&l->parallel, &r, &l->work, &finest->spectrum->mesh, &finest->spectrum->rows, finest->rows,
                           &ground->mesh, ground->rows, field);
}

mn_error *mn_ladder_add_gradient(mn_ladder *l, double now, const mn_present *present, double from,
                                 const mn_ground *ground, double *field)
{
  for (int k = 0; k < l->levels; k++) {
    compose(l, k, now, present, from);
  }
  return descend(l, ground, field);
}
