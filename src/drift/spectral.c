/* Engine `spectral`: the drift of all cells from fields, theory.md, section 8.
 *
 * The present force is a superposition of Gaussians.  Those narrower than a cut are summed over near pairs, if any are
 * needed (layout.c); those up to the finest level of the ladder live on the sheet, the mesh on which cells are spread;
 * wider ones and the whole past live on the ladder.  All fields come down to the sheet and are read there once.  What a
 * field of all cells holds of a cell's own trail is taken out at the end. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>

#include "chosen.h"
#include "crowd.h"
#include "extent.h"
#include "layout.h"
#include "narrow.h"
#include "near.h"
#include "own_path.h"
#include "sheet.h"

#include <math.h>
#include <string.h>

typedef struct spectral {
  mn_ladder *ladder;
  mn_sheet sheet;
  mn_tail tail;
  mn_crowd crowd;
  mn_narrow narrow;
  mn_layout layout;
  double low[2], high[2]; /* box around all cells */
  mn_window equal;        /* the window that is as good for all phases */
  mn_window spline;       /* a narrower one, the last that was asked for */
  bool fine;              /* the sheet has modes of its own, for what is narrower than the ladder takes */
  double from;            /* smallest variance on meshes */
  double taken;           /* time of the cells taken last; NaN: none */
  mn_scene scene;         /* what is known for this evaluation */
  mn_scene seen;          /* by the last evaluation */
  double clock;
} spectral;

/* Tolerances from which on the sheet's transforms are in float; bench_accuracy finds the same errors as in double. */
static const double single_from = 1e-6;

enum { SEEN = 8192 /* cells whose rms force stands for that of all */ };

static mn_ladder_options ladder_options(const mn_model *model, const mn_drift_options *o, int64_t count)
{
  return (mn_ladder_options){mn_layout_ladder(model, o, count), o->shortest_step, o->longest_step, o->steps_shrink,
                             mn_layout_ratio(o)};
}

double mn_drift_coarsest(const mn_model *model, const mn_drift_options *options, int64_t count)
{
  const mn_ladder_options ladder = ladder_options(model, options, count);
  return mn_ladder_coarsest(model, &ladder);
}

static mn_error *create(mn_drift *drift)
{
  spectral *w = NULL;
  MN_TRY(mn_alloc(&w, 1, sizeof *w));
  drift->work = w;
  w->taken = (double)NAN;
  const mn_ladder_options options = ladder_options(&drift->model, &drift->options, drift->count);
  mn_layout_equal(&drift->model, &drift->options, drift->count, &w->equal);
  return mn_ladder_create(&drift->parallel, &drift->model, &options, drift->count, &w->ladder);
}

static void destroy(mn_drift *drift)
{
  spectral *w = drift->work;
  if (w) {
    mn_sheet_clear(&w->sheet);
    mn_ladder_destroy(&w->ladder);
    mn_crowd_clear(&w->crowd);
  }
  mn_free(&drift->work);
}

/* The time since the last call belongs to a phase. */
static void clock(mn_drift *drift, mn_phase phase)
{
  spectral *w = drift->work;
  const double now = mn_seconds();
  drift->cost.phase[phase] += now - w->clock;
  w->clock = now;
}

/* Wide enough that the images of the cells are out of sight of the widest Gaussian on the sheet. */
static mn_lattice sheet_mesh(const mn_drift *drift, const double low[2], const double high[2], double spacing,
                             int width)
{
  const spectral *w = drift->work;
  mn_lattice mesh;
  memset(&mesh, 0, sizeof mesh);
  mesh.spacing = spacing;
  const double reach = log(1.0 / (mn_share_of_tolerance * drift->options.tolerance));
  const double clear = sqrt(2.0 * reach * mn_ladder_variance(w->ladder));
  for (int a = 0; a < 2; a++) {
    mesh.first[a] = (int64_t)floor(low[a] / spacing) - width;
    const int64_t last = (int64_t)ceil((high[a] + clear) / spacing) + width;
    mesh.nodes[a] = mn_transform_size(last - mesh.first[a] + 1);
  }
  return mesh;
}

static mn_error *lay_sheet(mn_drift *drift, const double low[2], const double high[2], double spacing)
{
  spectral *w = drift->work;
  const mn_window *window = w->layout.width < w->equal.width ? &w->spline : &w->equal;
  if (window == &w->spline && w->spline.width != w->layout.width) {
    mn_window_spline(w->layout.width, MN_PHASE_WINDOW, &w->spline);
  }
  const mn_lattice mesh = sheet_mesh(drift, low, high, spacing, window->width);
  return mn_sheet_lay(&drift->parallel, &mesh, window, &w->sheet);
}

/* The region the sheet is laid for: it stays while the cells fill it well, so that meshes seldom change. */
static const double *keep_frame(spectral *w)
{
  double *frame = mn_ladder_frame(w->ladder);
  const double side = fmax(w->high[0] - w->low[0], w->high[1] - w->low[1]);
  bool good = true;
  for (int a = 0; a < 2; a++) {
    const double spare = frame[2 + a] - frame[a] - (w->high[a] - w->low[a]);
    good = good && frame[a] <= w->low[a] && frame[2 + a] >= w->high[a] && spare <= 0.25 * side;
  }
  for (int a = 0; a < 2 && !good; a++) {
    frame[a] = w->low[a] - 0.05 * side;
    frame[2 + a] = w->high[a] + 0.05 * side;
  }
  return frame;
}

/* Meshes for the cells, as the scene asks for; without one, those of the ladder alone. */
static mn_error *prepare(mn_drift *drift, const mn_present *present, const double *mine)
{
  spectral *w = drift->work;
  mn_extent_find(&drift->parallel, mn_block_count(drift->block), mine, w->low, w->high);
  const double widest = mn_split_widest(&drift->model, present);
  const double *frame = keep_frame(w);
  w->layout = (mn_layout){.width = w->equal.width};
  if (w->scene.force > 0.0) {
    const mn_setting setting = {w->scene,
                                *present,
                                {frame[2] - frame[0], frame[3] - frame[1]},
                                mn_ladder_entry(w->ladder, present->window),
                                w->equal.width};
    mn_layout_choose(drift, &setting, &w->tail, &w->layout);
  }
  const double wanted = MN_PHASE_END / w->layout.cutoff;
  MN_TRY(mn_ladder_prepare(w->ladder, w->low, w->high, present->window, wanted, widest));
  const double ratio = fmax(1.0, ceil(mn_ladder_spacing(w->ladder) / wanted * (1.0 - 1e-9)));
  const double spacing = mn_ladder_spacing(w->ladder) / ratio;
  w->from = w->layout.pairs ? w->layout.cut : fmax(1e-7 * widest, 0.5 * mn_split_narrowest(&drift->model));
  w->fine = ratio > 1.0;
  MN_TRY(lay_sheet(drift, frame, frame + 2, spacing));
  drift->cost.nodes = w->sheet.mesh.nodes[0] * w->sheet.mesh.nodes[1];
  const bool single = drift->options.tolerance >= single_from;
  return w->fine ? mn_sheet_tune(&drift->parallel, MN_PHASE_END / spacing, single, &w->sheet) : NULL;
}

static mn_ground ground_of(const spectral *w)
{
  return (mn_ground){w->sheet.mesh, &w->sheet.rows, &w->sheet.window};
}

static mn_error *take(mn_drift *drift, double now, const double *mine)
{
  spectral *w = drift->work;
  const mn_ground ground = ground_of(w);
  MN_TRY(mn_sheet_spread(&drift->parallel, &w->sheet, drift->count, mn_block_count(drift->block), mine));
  clock(drift, MN_PHASE_SPREAD);
  w->taken = now;
  mn_error *error = mn_ladder_take(w->ladder, &ground, w->sheet.deposit);
  clock(drift, MN_PHASE_MODES);
  return error;
}

/* What the narrow part depends on, kept the same for many steps: the frame for the box of the cells, and the distance
 * within which a cell has at most 0.03 neighbours to a power of two. */
static mn_narrow_key narrow_key(const spectral *w, const mn_present *present)
{
  const double *frame = mn_ladder_frame(w->ladder);
  return (mn_narrow_key){*present,
                         w->from,
                         w->layout.reach,
                         exp2(floor(log2(0.1 / sqrt(w->scene.density)))),
                         mn_share_of_tolerance * w->layout.near_accuracy,
                         {frame[0], frame[1]},
                         {frame[2], frame[3]}};
}

static mn_error *sum_near(mn_drift *drift, const mn_present *present)
{
  spectral *w = drift->work;
  const mn_narrow_key key = narrow_key(w, present);
  mn_narrow_tabulate(&drift->model, &key, &w->narrow);
  if (w->narrow.curve.kind != MN_CURVE_NONE) {
    return mn_agree(&drift->parallel, mn_near_sum_curve(&w->narrow.curve, &w->crowd, &drift->cost.pairs));
  }
  drift->cost.pairs += mn_near_sum(&w->narrow.table, &w->crowd);
  return NULL;
}

/* Cells by place, in strips that cost the ranks the same. */
static mn_error *gather_near(mn_drift *drift, const double *mine)
{
  spectral *w = drift->work;
  const double reach = w->layout.reach;
  const mn_crowd_price price = {mn_prices_of(&drift->options).sort, mn_layout_pairs(drift, &w->scene, reach)};
  const mn_listing cells = mn_sheet_listing(&w->sheet, drift->block, mine);
  mn_shares rows = {0};
  mn_error *error = mn_crowd_share(&drift->parallel, &w->sheet.mesh, price, &cells, &rows);
  error =
      error ? error : mn_crowd_gather(&drift->parallel, &w->sheet.mesh, &rows, reach, 0.5 * reach, &cells, &w->crowd);
  mn_shares_clear(&rows);
  return error;
}

/* Forces of near pairs, put where the fields of the sheet will be added to them. */
static mn_error *begin_with_pairs(mn_drift *drift, const mn_present *present, const double *mine, double *sum)
{
  spectral *w = drift->work;
  double *out = mn_sheet_forces(&w->sheet, sum);
  if (!w->layout.pairs) {
    memset(out, 0, (size_t)(2 * mn_block_count(drift->block)) * sizeof *out);
    return NULL;
  }
  MN_TRY(gather_near(drift, mine));
  mn_error *error = sum_near(drift, present);
  error = error ? error : mn_crowd_return(&drift->parallel, &w->crowd, out);
  clock(drift, MN_PHASE_NEAR);
  return error;
}

static mn_error *add_fields(mn_drift *drift, double now, const mn_present *present, const double *mine, double *sum)
{
  spectral *w = drift->work;
  const mn_ground ground = ground_of(w);
  const double ladder = w->fine ? fmax(w->from, mn_ladder_variance(w->ladder)) : w->from;
  const mn_symbol_key key = {*present, w->from, ladder};
  mn_row_adder wider;
  MN_TRY(mn_ladder_gradient(w->ladder, now, present, ladder, &ground, &wider));
  clock(drift, MN_PHASE_LADDER);
  mn_sheet_field(&w->sheet, drift->parallel.rank, w->fine ? &drift->model : NULL, &key, wider);
  clock(drift, MN_PHASE_SHEET);
  MN_TRY(mn_sheet_read(&drift->parallel, &w->sheet, mn_block_count(drift->block), mine, sum));
  clock(drift, MN_PHASE_READ);
  return NULL;
}

/* Largest error that the own trails may make, in units of one source. */
static double allowed_of(const mn_drift *drift)
{
  const spectral *w = drift->work;
  return mn_share_of_tolerance * drift->options.tolerance * w->scene.force;
}

static mn_error *subtract_trails(mn_drift *drift, double now, double window, const double *mine, double *sum)
{
  const spectral *w = drift->work;
  mn_trail *trail = mn_ladder_trail(w->ladder);
  const double relative = mn_layout_ladder(&drift->model, &drift->options, drift->count);
  const double accuracy = mn_own_path_accuracy(&drift->model, window, relative, allowed_of(drift));
  mn_error *error = mn_trail_resolve(trail, mn_own_path_finest(&drift->model, window, accuracy));
  error = error ? error : mn_own_path_subtract(trail, &drift->model, now, accuracy, mine, sum);
  clock(drift, MN_PHASE_OWN);
  return mn_agree(&drift->parallel, error);
}

static mn_scene see(const mn_drift *drift, const double *mine, const double *sum)
{
  const spectral *w = drift->work;
  const mn_chosen some = mn_chosen_cells(drift->count, drift->block, SEEN);
  const mn_chosen few = mn_chosen_cells(drift->count, drift->block, SEEN / 16);
  return (mn_scene){mn_chosen_rms(&drift->parallel, &some, sum),
                    mn_sheet_density(&drift->parallel, &w->sheet, drift->count, &few, mine)};
}

/* Of present and past, and of window, ladder and own trails, relative to the force of the scene. */
static double expected_error(const mn_drift *drift, double now)
{
  const spectral *w = drift->work;
  const double present = mn_layout_error(drift, &w->scene, &w->tail, &w->layout, w->sheet.mesh.spacing);
  const double past = mn_ladder_error(w->ladder, now, w->scene.density) / w->scene.force;
  const double share = mn_share_of_tolerance * drift->options.tolerance;
  return sqrt(present * present + past * past + 3.0 * share * share);
}

/* Sums the forces with meshes as the scene asks for. */
static mn_error *sum_forces(mn_drift *drift, double now, const mn_present *present, const double *mine, double *sum)
{
  MN_TRY(prepare(drift, present, mine));
  clock(drift, MN_PHASE_SHEET);
  MN_TRY(take(drift, now, mine));
  MN_TRY(begin_with_pairs(drift, present, mine, sum));
  MN_TRY(add_fields(drift, now, present, mine, sum));
  return subtract_trails(drift, now, present->window, mine, sum);
}

/* Where nothing is known of the forces yet, they are first summed with what the ladder can hold: without pairs. */
static mn_error *scout(mn_drift *drift, double now, const mn_present *present, const double *mine, double *sum)
{
  spectral *w = drift->work;
  const mn_present smooth = {present->window, fmax(present->ahead, present->window)};
  MN_TRY(sum_forces(drift, now, &smooth, mine, sum));
  w->scene = see(drift, mine, sum);
  w->scene.force = fmax(w->scene.force, 1e-300); /* 0: all cells at one place */
  return NULL;
}

/* Sums the forces; again, when they turn out so much weaker than those that choices were made for that these do not
 * serve: two cells that all but met at the last step may have made its force. */
static mn_error *settle(mn_drift *drift, double now, const mn_present *present, const double *mine, double *out)
{
  spectral *w = drift->work;
  const double tolerance = drift->options.tolerance;
  bool weaker = true;
  while (weaker) {
    MN_TRY(sum_forces(drift, now, present, mine, out));
    w->seen = see(drift, mine, out);
    const double expected = expected_error(drift, now);
    drift->expected = expected * w->scene.force / fmax(w->seen.force, 1e-300);
    weaker = w->seen.force > 0.0 && expected <= tolerance && drift->expected > tolerance;
    w->scene = weaker ? w->seen : w->scene;
  }
  return NULL;
}

static mn_error *evaluate(mn_drift *drift, const mn_history *past, double now, const mn_present *present,
                          const double *mine, double *out)
{
  spectral *w = drift->work;
  (void)past;
  w->clock = mn_seconds();
  w->scene = *mn_ladder_scene(w->ladder);
  if (w->scene.force <= 0.0) {
    MN_TRY(scout(drift, now, present, mine, out));
  }
  MN_TRY(settle(drift, now, present, mine, out));
  const double share = drift->model.chi / (double)(drift->count - 1);
  for (int64_t i = 0; i < 2 * mn_block_count(drift->block); i++) {
    out[i] *= share;
  }
  clock(drift, MN_PHASE_OWN);
  return NULL;
}

/* What later steps go by: own trails are thinned for good, so a force that passes must not count for much. */
static mn_scene lasting(const mn_scene *before, mn_scene now)
{
  now.force = before->force > 0.0 ? fmin(now.force, 2.0 * before->force) : now.force;
  return now;
}

static mn_error *remember(mn_drift *drift, double time, double step, const double *mine)
{
  spectral *w = drift->work;
  w->clock = mn_seconds();
  if (w->taken == time) {
    w->scene = lasting(mn_ladder_scene(w->ladder), w->seen);
    *mn_ladder_scene(w->ladder) = w->scene;
  } else {
    const mn_present present = {step, step};
    w->scene = (mn_scene){0.0, 0.0};
    MN_TRY(prepare(drift, &present, mine));
    MN_TRY(take(drift, time, mine));
  }
  w->taken = (double)NAN;
  MN_TRY(mn_ladder_remember(w->ladder, time, step, mine));
  if (mn_ladder_scene(w->ladder)->force > 0.0) {
    mn_trail *trail = mn_ladder_trail(w->ladder);
    if (time + step - trail->times[0] > drift->options.trail) {
      MN_TRY(mn_own_path_feel(&drift->parallel, drift->count, &drift->model, time, mine, trail));
    }
    mn_trail_thin(trail, &drift->model, time + step, drift->options.trail, allowed_of(drift));
  }
  clock(drift, MN_PHASE_REMEMBER);
  return NULL;
}

static mn_ladder *ladder(mn_drift *drift)
{
  const spectral *w = drift->work;
  return w->ladder;
}

const mn_drift_engine mn_drift_spectral = {
    .name = "spectral",
    .about = "fields of all cells, present and past, on meshes: O(N) a step, whatever the age",
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .remember = remember,
    .ladder = ladder,
};
