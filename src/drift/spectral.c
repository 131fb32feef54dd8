/* Engine `spectral`: the drift of all cells from fields, theory.md, section 8.
 *
 * The present force is a superposition of Gaussians.  Those narrower than a cut are summed over near pairs, if any are
 * needed (layout.c); those up to the finest level of the ladder live on the sheet, the mesh on which cells are spread;
 * wider ones and the whole past live on the ladder.  All fields come down to the sheet and are read there once.  What a
 * field of all cells holds of a cell's own trail is taken out at the end. */
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>

#include "crowd.h"
#include "layout.h"
#include "near.h"
#include "sheet.h"

#include <math.h>
#include <string.h>

typedef struct spectral {
  mn_ladder *ladder;
  mn_sheet sheet;
  mn_tail tail;
  mn_crowd crowd;
  mn_table near;
  double from;   /* smallest variance on meshes */
  double reach;  /* of pairs; 0: none */
  double taken;  /* time of the cells taken last; NaN: none */
  mn_scene seen; /* of the last evaluation */
  double clock;
} spectral;

/* What is left out of every part that is not weighed against the scene, as a share of the tolerance. */
static const double share_of_tolerance = 0.1;

static mn_error *create(mn_drift *drift)
{
  spectral *w = NULL;
  MN_TRY(mn_alloc(&w, 1, sizeof *w));
  drift->work = w;
  w->taken = (double)NAN;
  const double eps = share_of_tolerance * drift->options.tolerance;
  const mn_ladder_options options = {eps, drift->options.shortest_step, drift->options.longest_step};
  mn_window_choose(eps, MN_LAYOUT_PHASE, &w->sheet.window);
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

/* Corners of the box around all cells. */
static void find_box(const mn_drift *drift, const double *mine, double low[2], double high[2])
{
  double corner[4] = {INFINITY, INFINITY, INFINITY, INFINITY}; /* low, and minus high */
  for (int64_t i = 0; i < mn_block_count(drift->block); i++) {
    for (int a = 0; a < 2; a++) {
      const double x = mine[2 * i + a];
      corner[a] = x < corner[a] ? x : corner[a];
      corner[2 + a] = -x < corner[2 + a] ? -x : corner[2 + a];
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, corner, 4, MPI_DOUBLE, MPI_MIN, drift->parallel.comm);
  for (int a = 0; a < 2; a++) {
    low[a] = corner[a];
    high[a] = -corner[2 + a];
  }
}

/* Wide enough that the images of the cells are out of sight of the widest Gaussian on the sheet. */
static mn_lattice sheet_mesh(const mn_drift *drift, const double low[2], const double high[2], double spacing)
{
  const spectral *w = drift->work;
  mn_lattice mesh;
  memset(&mesh, 0, sizeof mesh);
  mesh.spacing = spacing;
  const double reach = log(1.0 / (share_of_tolerance * drift->options.tolerance));
  const double clear = sqrt(2.0 * reach * mn_ladder_variance(w->ladder));
  for (int a = 0; a < 2; a++) {
    mesh.first[a] = (int64_t)floor(low[a] / spacing) - w->sheet.window.width;
    const int64_t last = (int64_t)ceil((high[a] + clear) / spacing) + w->sheet.window.width;
    mesh.nodes[a] = mn_transform_size(last - mesh.first[a] + 1);
  }
  return mesh;
}

/* Meshes for cells in this box, and what they carry. */
static mn_error *prepare(mn_drift *drift, const mn_present *present, const double *mine)
{
  spectral *w = drift->work;
  mn_layout layout;
  double low[2];
  double high[2];
  find_box(drift, mine, low, high);
  const double widest = mn_split_widest(&drift->model, present);
  const double side[2] = {high[0] - low[0], high[1] - low[1]};
  mn_layout_choose(drift, mn_ladder_scene(w->ladder), present, side, &w->tail, &layout);
  const double wanted = MN_LAYOUT_PHASE / layout.cutoff;
  MN_TRY(mn_ladder_prepare(w->ladder, low, high, present->window, wanted, widest));
  const double ratio = fmax(1.0, ceil(mn_ladder_spacing(w->ladder) / wanted - 1e-9));
  const double spacing = mn_ladder_spacing(w->ladder) / ratio;
  w->reach = layout.reach;
  w->from = layout.pairs ? layout.cut : fmax(1e-7 * widest, 0.5 * mn_split_narrowest(&drift->model));
  const mn_lattice mesh = sheet_mesh(drift, low, high, spacing);
  MN_TRY(mn_sheet_lay(&drift->parallel, &mesh, &w->sheet));
  return ratio > 1.0 ? mn_sheet_tune(&drift->parallel, MN_LAYOUT_PHASE / spacing, &w->sheet) : NULL;
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

/* The variances between the cut and the ladder, in modes of the sheet. */
static void add_sheet_modes(mn_drift *drift, const mn_present *present)
{
  spectral *w = drift->work;
  mn_spectrum *g = w->sheet.spectrum;
  mn_split split;
  mn_split_range(&drift->model, present, w->from, mn_ladder_variance(w->ladder), &split);
  if (!g || split.count == 0) {
    for (int a = 0; a < 2; a++) {
      memset(w->sheet.field[a], 0, (size_t)mn_sheet_own(&w->sheet, drift->parallel.rank) * sizeof(double));
    }
    return;
  }
  mn_spectrum_modes(g, w->sheet.deposit, 1.0, &w->sheet.damping, w->sheet.modes);
  for (int64_t c = 0; c < g->kx_count; c++) {
    for (int64_t j = 0; j < g->mesh.nodes[1]; j++) {
      const int64_t at = 2 * (c * g->mesh.nodes[1] + j);
      if (!isnan(g->ky[j])) {
        const double symbol = mn_split_symbol(&split, g->kx[c] * g->kx[c] + g->ky[j] * g->ky[j]);
        w->sheet.modes[at] *= symbol;
        w->sheet.modes[at + 1] *= symbol;
      }
    }
  }
  mn_spectrum_gradient(g, w->sheet.modes, 0, &w->sheet.damping, w->sheet.field[0]);
  mn_spectrum_gradient(g, w->sheet.modes, 1, &w->sheet.damping, w->sheet.field[1]);
}

static mn_error *add_fields(mn_drift *drift, double now, const mn_present *present, const double *mine, double *sum)
{
  spectral *w = drift->work;
  const mn_ground ground = ground_of(w);
  const bool own = w->sheet.spectrum != NULL; /* then the sheet carries what lies below the ladder */
  add_sheet_modes(drift, present);
  clock(drift, MN_PHASE_SHEET);
  MN_TRY(mn_ladder_add_gradient(w->ladder, now, present, own ? fmax(w->from, mn_ladder_variance(w->ladder)) : w->from,
                                &ground, w->sheet.field));
  clock(drift, MN_PHASE_LADDER);
  MN_TRY(mn_sheet_read(&drift->parallel, &w->sheet, mn_block_count(drift->block), mine, sum));
  clock(drift, MN_PHASE_READ);
  return NULL;
}

/* The near part: what the meshes leave of the present force. */
typedef struct remainder {
  const mn_model *model;
  const mn_present *present;
  mn_split wide;
} remainder_of;

static double near_profile(const void *context, double r2)
{
  const remainder_of *n = context;
  return mn_present_profile(n->model, n->present, r2) - mn_split_profile(&n->wide, r2);
}

static mn_error *add_pairs(mn_drift *drift, const mn_present *present, const double *mine, double *sum)
{
  spectral *w = drift->work;
  remainder_of n = {&drift->model, present, {0}};
  if (w->reach <= 0.0) {
    return NULL;
  }
  mn_split_range(&drift->model, present, w->from, (double)INFINITY, &n.wide);
  mn_table_sample(&w->near, near_profile, &n, w->reach * w->reach);
  MN_TRY(mn_crowd_gather(&drift->parallel, &w->sheet.mesh, &w->sheet.rows, w->reach, 0.5 * w->reach,
                         mn_block_count(drift->block), mine, &w->crowd));
  drift->cost.pairs += mn_near_sum(&w->near, &w->crowd);
  mn_error *error = mn_crowd_return(&drift->parallel, &w->crowd, sum);
  mn_crowd_clear(&w->crowd);
  clock(drift, MN_PHASE_NEAR);
  return error;
}

/* Largest error that the own trails may make, in units of one source. */
static double allowed_of(const mn_drift *drift)
{
  const spectral *w = drift->work;
  return share_of_tolerance * drift->options.tolerance * mn_ladder_scene(w->ladder)->force;
}

static void subtract_trails(mn_drift *drift, double now, double window, const double *mine, double *sum)
{
  const spectral *w = drift->work;
  const double relative = share_of_tolerance * drift->options.tolerance;
  const double largest = 0.0508 * sqrt(drift->model.theta / window); /* mn_kernel_tail without decay */
  const double accuracy = fmin(fmax(relative, allowed_of(drift) / largest), 0.1);
  mn_trail_subtract(mn_ladder_trail(w->ladder), &drift->model, now, accuracy, mine, sum);
  clock(drift, MN_PHASE_OWN);
}

/* rms of the forces, from at most SAMPLES cells, in integers: the same bits on any number of ranks. */
static double rms_force(const mn_drift *drift, const double *sum)
{
  enum { SAMPLES = 8192 };
  const int64_t stride = (drift->count + SAMPLES - 1) / SAMPLES;
  double largest = 0.0;
  int64_t total[2] = {0, 0};
  for (int64_t i = 0; i < mn_block_count(drift->block); i++) {
    if ((drift->block.begin + i) % stride == 0) {
      largest = fmax(largest, hypot(sum[2 * i], sum[2 * i + 1]));
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, drift->parallel.comm);
  for (int64_t i = 0; i < mn_block_count(drift->block) && largest > 0.0; i++) {
    if ((drift->block.begin + i) % stride == 0) {
      const double x = sum[2 * i] / largest;
      const double y = sum[2 * i + 1] / largest;
      total[0] += (int64_t)((x * x + y * y) * 0x1p48);
      total[1]++;
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, total, 2, MPI_INT64_T, MPI_SUM, drift->parallel.comm);
  return total[1] > 0 ? largest * sqrt(ldexp((double)total[0], -48) / (double)total[1]) : 0.0;
}

static mn_error *evaluate(mn_drift *drift, const mn_history *past, double now, const mn_present *present,
                          const double *mine, double *out)
{
  spectral *w = drift->work;
  const int64_t local = mn_block_count(drift->block);
  (void)past;
  w->clock = mn_seconds();
  MN_TRY(prepare(drift, present, mine));
  clock(drift, MN_PHASE_SHEET);
  MN_TRY(take(drift, now, mine));
  memset(out, 0, (size_t)(2 * local) * sizeof *out);
  MN_TRY(add_fields(drift, now, present, mine, out));
  MN_TRY(add_pairs(drift, present, mine, out));
  subtract_trails(drift, now, present->window, mine, out);
  w->seen = (mn_scene){rms_force(drift, out), mn_sheet_density(&drift->parallel, &w->sheet, drift->count)};
  const double share = drift->model.chi / (double)(drift->count - 1);
  for (int64_t i = 0; i < 2 * local; i++) {
    out[i] *= share;
  }
  clock(drift, MN_PHASE_OWN);
  return NULL;
}

static mn_error *remember(mn_drift *drift, double time, double step, const double *mine)
{
  spectral *w = drift->work;
  w->clock = mn_seconds();
  if (w->taken == time) {
    *mn_ladder_scene(w->ladder) = w->seen;
  } else {
    const mn_present present = {step, 0.0};
    MN_TRY(prepare(drift, &present, mine));
    MN_TRY(take(drift, time, mine));
  }
  w->taken = (double)NAN;
  MN_TRY(mn_ladder_remember(w->ladder, time, step, mine));
  if (allowed_of(drift) > 0.0) {
    mn_trail_thin(mn_ladder_trail(w->ladder), &drift->model, time + step, allowed_of(drift));
  }
  clock(drift, MN_PHASE_REMEMBER);
  return NULL;
}

static mn_ladder *ladder(mn_drift *drift)
{
  const spectral *w = drift->work;
  return w->ladder;
}

static int64_t bytes(int64_t count, int64_t local)
{
  return 200 * local + 0 * count;
}

const mn_drift_engine mn_drift_spectral = {
    .name = "spectral",
    .about = "fields of all cells, present and past, on meshes: O(N) a step, whatever the age",
    .create = create,
    .destroy = destroy,
    .evaluate = evaluate,
    .remember = remember,
    .ladder = ladder,
    .bytes = bytes,
};
