/* From values to options; here keys meet each other and contradictions show. */
#include "config.h"

#include <mnemotaxis/audit.h>
#include <mnemotaxis/memory.h>

#include <string.h>

void mn_case_model(const mn_values *v, mn_model *model, mn_drift_options *drift, mn_history_options *history)
{
  *model = (mn_model){v->theta, v->chi, v->lambda, v->regularization, (mn_quadrature)v->quadrature};
  *drift = (mn_drift_options){.tolerance = v->tolerance,
                              .precision = (mn_precision)v->precision,
                              .spacing = v->spacing,
                              .cut = v->cut,
                              .window = (int)v->window,
                              .trail = v->trail,
                              .ratio = v->ratio > 0 ? 1 << v->ratio : 0, /* a choice of auto, 2, 4, 8 */
                              .prices = {v->prices[0], v->prices[1], v->prices[2], v->prices[3]}};
  *history = (mn_history_options){v->tolerance, v->horizon, (int64_t)(v->capacity * 1048576.0)};
}

static mn_error *set_field(const mn_values *v, mn_field *field)
{
  if ((v->c0 == MN_FIELD_GAUSSIAN) != (v->c0_gaussians > 0)) {
    return mn_error_create(MN_USAGE, v->c0_gaussians > 0 ? "model.c0_gaussians is given but model.c0 is not gaussian"
                                                         : "model.c0 = gaussian needs model.c0_gaussians");
  }
  if ((v->c0 == MN_FIELD_GRID) != (v->c0_file[0] != '\0')) {
    return mn_error_create(MN_USAGE, v->c0_file[0] != '\0' ? "model.c0_file is given but model.c0 is not file"
                                                           : "model.c0 = file needs model.c0_file");
  }
  *field = (mn_field){.kind = (mn_field_kind)v->c0, .blobs = v->c0_gaussians};
  memcpy(field->blob, v->c0_gaussian, sizeof field->blob);
  return NULL;
}

static mn_error *set_initial(const mn_values *v, mn_initial *initial)
{
  *initial = (mn_initial){.kind = (mn_initial_kind)v->initial_kind,
                          .centre = {v->centre[0], v->centre[1]},
                          .variance = v->variance,
                          .radius = v->radius,
                          .width = v->width,
                          .clusters = v->clusters};
  memcpy(initial->cluster, v->cluster, sizeof initial->cluster);
  if (initial->kind == MN_INITIAL_CLUSTERS && v->clusters == 0) {
    return mn_error_create(MN_USAGE, "initial.kind = clusters needs initial.clusters");
  }
  if ((initial->kind == MN_INITIAL_FILE) != (v->initial_file[0] != '\0')) {
    return mn_error_create(MN_USAGE, v->initial_file[0] != '\0' ? "initial.file is given but initial.kind is not file"
                                                                : "initial.kind = file needs initial.file");
  }
  return NULL;
}

static mn_error *check_memory(const mn_values *v, const mn_run_options *o)
{
  const double machine = (double)mn_memory_machine() / 1048576.0;
  const double base = 16.0 * (double)o->count / 1048576.0;
  if (v->capacity > machine) {
    return mn_error_create(MN_USAGE, "history.capacity = %g MiB is more than this machine's memory, %.0f MiB",
                           v->capacity, machine);
  }
  if (v->capacity > 0.0 && v->capacity <= base) {
    return mn_error_create(MN_USAGE,
                           "history.capacity = %g MiB has no room for even one sample of %lld cells; it needs "
                           "more than %.3g MiB",
                           v->capacity, (long long)o->count, base);
  }
  return NULL;
}

mn_error *mn_case_has_memory(const mn_config *config)
{
  mn_error *error = NULL;
  if (config->values.theta == 0.0) {
    error =
        mn_error_create(MN_USAGE, "model.theta = 0 leaves cells no trail to follow; only the command pde solves it");
  }
  return mn_config_blame(config, "model.theta", "model.theta", error);
}

/* What runs of cells and continuum cases share. */
static mn_error *set_law(const mn_config *config, mn_field *field, mn_initial *initial)
{
  const mn_values *v = &config->values;
  MN_TRY(mn_config_blame(config, "model.c0", v->c0_file[0] != '\0' ? "model.c0_file" : "model.c0_gaussians",
                         set_field(v, field)));
  return mn_config_blame(config, "initial.kind", "initial.file", set_initial(v, initial));
}

static void set_output(const mn_values *v, mn_output_options *output, mn_stop_options *stop)
{
  *output = (mn_output_options){.directory = v->directory,
                                .replace = v->replace == 1,
                                .every = v->every,
                                .snapshot_every = v->snapshot_every,
                                .path_every = v->path_every,
                                .drift = v->drift == 1,
                                .fields = (int)v->fields};
  memcpy(output->radii, v->radii, sizeof output->radii);
  *stop = (mn_stop_options){.checkpoint_steps = v->checkpoint_steps,
                            .checkpoint_minutes = v->checkpoint_minutes,
                            .keep = (int)v->keep,
                            .wall_minutes = v->wall_minutes};
}

static mn_error *check_pde(const mn_values *v)
{
  if (v->pde_cells != 0 && (v->pde_cells < 16 || v->pde_cells % 8 != 0)) {
    return mn_error_create(MN_USAGE, "pde.cells = %lld is not a multiple of 8 from 16 on (the nearest is %lld)",
                           (long long)v->pde_cells, (long long)(v->pde_cells < 16 ? 16 : (v->pde_cells + 4) / 8 * 8));
  }
  if (v->pde_mesh == 1 && v->pde_cells == 0) {
    return mn_error_create(MN_USAGE, "pde.mesh = uniform needs pde.cells");
  }
  return NULL;
}

static mn_error *check_pde_model(const mn_values *v)
{
  if (v->regularization > 0.0) {
    return mn_error_create(MN_USAGE, "model.regularization is known to cells only; the continuum needs 0");
  }
  if (v->theta == 0.0 && v->c0 != MN_FIELD_ZERO) {
    return mn_error_create(MN_USAGE, "with model.theta = 0 the chemical has no memory, so model.c0 must be zero");
  }
  return NULL;
}

/* Times of the snapshots: those of the run of cells; without any but the two ends, steps of cells do not matter. */
static mn_error *set_times(const mn_config *config, mn_witness_options *o)
{
  const mn_values *v = &config->values;
  if (v->snapshot_every == 0) {
    o->steps = 1;
    return mn_schedule_make(v->end, 0.0, v->growth, &o->schedule);
  }
  MN_TRY(mn_config_blame(config, "time.first_step", "time.growth",
                         mn_schedule_make(v->step, v->first_step, v->growth, &o->schedule)));
  return mn_config_blame(config, "time.end", "time.step", mn_schedule_steps(&o->schedule, v->end, &o->steps));
}

mn_error *mn_case_witness(const mn_config *config, mn_witness_options *o)
{
  const mn_values *v = &config->values;
  *o = (mn_witness_options){.initial_file = v->initial_file, .initial_dataset = v->initial_dataset};
  o->pde = (mn_pde_options){.model = {v->theta, v->chi, v->lambda, 0.0, MN_BRIDGE},
                            .points = v->initial_kind == MN_INITIAL_FILE ? v->count : 0,
                            .smoothing = v->pde_smoothing,
                            .end = v->end,
                            .tolerance = v->pde_tolerance,
                            .half_width = v->pde_half_width,
                            .cells = (int)v->pde_cells,
                            .order = v->pde_order == 0 ? 2 : 4,
                            .uniform = v->pde_mesh == 1,
                            .concentration = v->pde_concentration};
  MN_TRY(mn_config_blame(config, "pde.cells", "pde.mesh", check_pde(v)));
  MN_TRY(mn_config_blame(config, "model.regularization", "model.c0", check_pde_model(v)));
  MN_TRY(set_times(config, o));
  MN_TRY(set_law(config, &o->pde.field, &o->pde.initial));
  set_output(v, &o->output, &o->stop);
  return NULL;
}

/* Below it rounding in modes and their sharpening shows. */
static const double finest_tolerance = 1e-9;

mn_error *mn_case_spacing(const mn_values *v, const mn_model *model, const mn_drift_options *options, int64_t count,
                          const mn_drift_engine *engine)
{
  const double coarsest = mn_drift_coarsest(model, options, count);
  if (v->spacing > coarsest && engine == &mn_drift_spectral) {
    return mn_error_create(MN_USAGE,
                           "drift.spacing = %g is too coarse for drift.tolerance = %g at this step: at most %.4g",
                           v->spacing, v->tolerance, coarsest);
  }
  return NULL;
}

bool mn_case_leaves_choice(const mn_values *v)
{
  const bool forgetful = v->horizon > 0.0 || v->capacity > 0.0;
  return !mn_drift_engines[v->engine] && !forgetful && v->tolerance >= finest_tolerance;
}

mn_error *mn_case_engine(const mn_values *v, const mn_model *model, const mn_drift_options *options, int64_t count,
                         double variance, const mn_drift_engine **engine)
{
  const bool forgetful = v->horizon > 0.0 || v->capacity > 0.0;
  *engine = mn_drift_engines[v->engine];
  if (!*engine) { /* auto, named after the engines */
    *engine = mn_case_leaves_choice(v) ? mn_drift_cheapest(model, options, count, variance) : &mn_drift_direct;
  } else if (*engine == &mn_drift_spectral && v->tolerance < finest_tolerance) {
    return mn_error_create(
        MN_USAGE,
        "drift.tolerance = %g is beyond the arithmetic of drift.engine = spectral, which reaches %g; "
        "smaller ones need drift.engine = direct",
        v->tolerance, finest_tolerance);
  } else if (*engine == &mn_drift_spectral && forgetful) {
    return mn_error_create(MN_USAGE, "drift.engine = spectral forgets nothing and costs nothing by remembering; "
                                     "history.horizon and history.capacity need drift.engine = direct");
  }
  return NULL;
}

mn_error *mn_case_options(const mn_config *config, mn_run_options *o)
{
  const mn_values *v = &config->values;
  MN_TRY(mn_case_has_memory(config));
  *o = (mn_run_options){.count = v->count};
  mn_case_model(v, &o->dynamics.model, &o->drift, &o->history);
  o->dynamics.scheme = (mn_scheme)v->scheme;
  o->dynamics.seed = (uint32_t)v->seed;
  o->dynamics.noise_substeps = (int)v->noise_substeps;
  MN_TRY(mn_config_blame(config, "time.first_step", "time.growth",
                         mn_schedule_make(v->step, v->first_step, v->growth, &o->dynamics.schedule)));
  MN_TRY(mn_config_blame(config, "time.end", "time.step", mn_schedule_steps(&o->dynamics.schedule, v->end, &o->steps)));
  o->drift.shortest_step = o->dynamics.schedule.first;
  o->drift.longest_step = o->dynamics.schedule.step;
  o->drift.ramp = o->dynamics.schedule.ramp;
  MN_TRY(set_law(config, &o->dynamics.field, &o->initial));
  MN_TRY(mn_config_blame(
      config, "drift.engine", "history.horizon",
      mn_case_engine(v, &o->dynamics.model, &o->drift, o->count, mn_initial_variance(&o->initial), &o->engine)));
  MN_TRY(mn_config_blame(config, "drift.spacing", "drift.tolerance",
                         mn_case_spacing(v, &o->dynamics.model, &o->drift, o->count, o->engine)));
  o->audit = v->audit;
  if (o->engine != &mn_drift_direct && o->audit > 0) {
    o->history.tolerance *= mn_audit_accuracy; /* the past is kept for audits only */
  }
  o->initial_file = v->initial_file;
  o->initial_dataset = v->initial_dataset;
  set_output(v, &o->output, &o->stop);
  return mn_config_blame(config, "history.capacity", "particles.count", check_memory(v, o));
}
