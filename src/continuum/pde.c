/* A case is a row of meshes, each with its own solver objects; what lasts from one mesh to the next is here.  After
 * every step: debts of the density are mended, the mass is set right by a factor (what iterative solves have left, at
 * most the tolerance of the solver; recorded), moments are noted for the far field, and if the fields have become too
 * sharp for the mesh it is made anew and the fields are carried over by interpolation of order 8. */
#include "case.h"
#include "measure.h"
#include "meshing.h"
#include "petsc.h"
#include "start.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

/* A mesh made on the way is finer than needed by this factor, so that it lasts. */
static const double lasting = 1.6;

static mn_start start_of(const mn_pde_options *o)
{
  return (mn_start){&o->initial, o->smoothing, o->points, o->point};
}

/* Refuses meshes beyond the memory of a machine. */
static mn_error *check_memory(const mn_parallel *parallel, const mn_axis axis[2])
{
  static const double solver_bytes = 1400.0; /* a cell, as measured; shared by all ranks */
  static const double plane_bytes = 64.0;    /* a cell on every rank, while whole planes are worked on */
  const double cells = (double)axis[0].cells * axis[1].cells;
  MPI_Comm machine;
  int here;
  MPI_Comm_split_type(parallel->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
  MPI_Comm_size(machine, &here);
  MPI_Comm_free(&machine);
  const double needed = here * cells * (solver_bytes / parallel->size + plane_bytes);
  const double most = (double)mn_memory_machine();
  return needed <= most
             ? NULL
             : mn_error_create(MN_USAGE,
                               "a mesh of %d x %d cells needs about %.3g GiB on each machine, which has %.3g; a "
                               "larger pde.tolerance needs fewer cells",
                               axis[0].cells, axis[1].cells, needed / 1073741824.0, most / 1073741824.0);
}

/* A marcher for new axes, with room for its indicators. */
mn_error *mn_case_mesh(mn_pde *pde, mn_axis axis[2])
{
  mn_error *error = check_memory(&pde->parallel, axis);
  for (int a = 0; a < 2 && !error; a++) {
    error = mn_resize(&pde->indicator[a], 2 * axis[a].cells, sizeof **pde->indicator);
  }
  error = mn_agree(&pde->parallel, error);
  if (error) {
    mn_axis_clear(&axis[0]);
    mn_axis_clear(&axis[1]);
    return error;
  }
  mn_marcher_destroy(&pde->marcher);
  MN_TRY(mn_marcher_create(&pde->parallel, &pde->options, axis, &pde->far, &pde->marcher));
  pde->report.meshes++;
  return NULL;
}

mn_error *mn_case_look(mn_pde *pde, double *mass)
{
  mn_moments moments;
  double limit = mn_meshing_limit(&pde->options);
  MN_TRY(mn_measure(&pde->parallel, pde->marcher, limit, &pde->report, mass, &moments, pde->indicator));
  pde->report.relaxation = fmax(1.0, fmin(pde->report.relaxation, pde->report.resolution));
  pde->report.resolution /= pde->report.relaxation;
  if (!(moments.value[0] <= pde->moments_written)) {
    pde->moments_written = moments.value[0];
    pde->marcher->system.border_time = NAN; /* the border owes to all moments noted, also in a case that is resumed */
    MN_TRY(mn_agree(&pde->parallel, mn_farfield_append(&pde->far, &moments)));
  }
  return NULL;
}

/* Makes the density non-negative and its mass 1 again.  The order of the scheme makes it overshoot where the density
 * falls by orders of magnitude within a cell; these debts are cancelled, and together with what iterative solves have
 * left the mass is set right by a factor.  Both are recorded. */
static mn_error *set_mass(mn_pde *pde)
{
  enum { MASS, DEBT, SUMS };
  double sum[SUMS] = {0};
  const mn_marcher *m = pde->marcher;
  const mn_part *p = &m->system.site.part;
  double *u;
  MN_PETSC(VecGetArray(m->v, &u));
  for (int64_t k = 0; k < (int64_t)p->count[0] * p->count[1]; k++) {
    const double area =
        m->axis[0].width[p->first[0] + k % p->count[0]] * m->axis[1].width[p->first[1] + k / p->count[0]];
    sum[DEBT] += fmax(-u[2 * k], 0.0) * area;
    sum[MASS] += u[2 * k] * area;
    u[2 * k] = pde->options.forcing ? u[2 * k] : fmax(u[2 * k], 0.0);
  }
  MN_PETSC(VecRestoreArray(m->v, &u));
  MPI_Allreduce(MPI_IN_PLACE, sum, SUMS, MPI_DOUBLE, MPI_SUM, pde->parallel.comm);
  if (!pde->options.forcing) {
    MN_PETSC(VecStrideScale(m->v, 0, 1.0 / (sum[MASS] + sum[DEBT])));
    pde->report.moved_mass += sum[DEBT];
    pde->report.mass_defect = fmax(pde->report.mass_defect, fabs(sum[MASS] - 1.0));
  }
  return NULL;
}

static void start_chemical(const mn_pde *pde, const mn_patch *patch, double *c)
{
  const mn_pde_options *o = &pde->options;
  const mn_axis *axis = pde->marcher->axis;
  for (int64_t k = 0; k < (int64_t)patch->count[0] * patch->count[1]; k++) {
    const double x = axis[0].x[patch->first[0] + k % patch->count[0]];
    const double y = axis[1].x[patch->first[1] + k / patch->count[0]];
    double gradient[2];
    c[k] = o->forcing             ? o->forcing->border(o->forcing->context, 0.0, x, y)
           : o->model.theta > 0.0 ? mn_field_at(&o->field, &o->model, 0.0, x, y, gradient)
                                  : 0.0;
  }
}

static mn_error *put_start(mn_pde *pde)
{
  const mn_patch patch = mn_case_patch(pde);
  const mn_start start = start_of(&pde->options);
  const int64_t cells = (int64_t)patch.count[0] * patch.count[1];
  double *rho = NULL;
  double *c = NULL;
  mn_error *error = mn_alloc(&rho, cells, sizeof *rho);
  error = error ? error : mn_alloc(&c, cells, sizeof *c);
  error = error ? error : mn_start_density(&start, pde->marcher->axis, &patch, rho);
  error = mn_agree(&pde->parallel, error);
  if (!error) {
    start_chemical(pde, &patch, c);
    error = mn_case_fill(pde, &patch, rho, c, patch.count[0]);
  }
  mn_free(&rho);
  mn_free(&c);
  return error;
}

/* A length that a first step may have: a tenth of the time in which the finest structure diffuses. */
static double first_step(const mn_pde *pde)
{
  const double h = fmin(mn_axis_smallest(&pde->marcher->axis[0]), mn_axis_smallest(&pde->marcher->axis[1]));
  return fmin(pde->options.end / 16.0, h * h);
}

static mn_error *check_resolution(const mn_pde *pde)
{
  const mn_pde_report *r = &pde->report;
  const mn_pde_options *o = &pde->options;
  if (o->forcing) {
    return NULL;
  }
  if (r->resolution <= 2.0 && (r->relaxation > 1.0 || pde->law_defect <= 10.0 * o->tolerance)) {
    return NULL;
  }
  if (r->resolution <= 2.0) {
    return mn_error_create(
        MN_USAGE,
        "the mass of the initial law on the mesh is wrong by %.2g, more than pde.tolerance = %g allows; "
        "pde.smoothing > 0 may help",
        pde->law_defect, o->tolerance);
  }
  if (o->cells == 0) {
    return mn_error_create(MN_USAGE,
                           "no mesh was found that resolves the initial law at pde.tolerance = %g; %d x %d cells leave "
                           "%.3g times the error allowed",
                           o->tolerance, r->cells[0], r->cells[1], r->resolution);
  }
  return mn_error_create(MN_USAGE,
                         "pde.cells = %d is too coarse for the initial law at pde.tolerance = %g: it needs about %.0f "
                         "cells a side (0 chooses)",
                         o->cells, o->tolerance, 8.0 * ceil(o->cells * pow(r->resolution, 0.25) / 8.0));
}

mn_error *mn_case_alloc(const mn_parallel *parallel, const mn_pde_options *options, mn_pde **out)
{
  MN_TRY(mn_agree(parallel, mn_alloc(out, 1, sizeof **out)));
  mn_pde *pde = *out;
  pde->parallel = *parallel;
  pde->options = *options;
  pde->far = (mn_farfield){.model = options->model, .field = &pde->options.field};
  pde->moments_written = -INFINITY;
  return NULL;
}

/* The law on a mesh with these axes. */
static mn_error *start_on(mn_pde *pde, mn_axis axis[2])
{
  double mass;
  MN_TRY(mn_case_mesh(pde, axis));
  MN_TRY(put_start(pde));
  MN_TRY(set_mass(pde));
  pde->law_defect = pde->report.mass_defect;
  pde->report.mass_defect = 0.0; /* that of a law cut off by the box and sampled is no solver's */
  if (pde->options.model.theta == 0.0) {
    MN_TRY(mn_marcher_settle(pde->marcher, 0.0));
  }
  return mn_case_look(pde, &mass);
}

mn_error *mn_pde_check(const mn_pde_options *options)
{
  const mn_start start = start_of(options);
  return mn_start_check(&start);
}

static mn_error *begin(mn_pde *pde)
{
  enum { TRIES = 8 };
  const mn_start start = start_of(&pde->options);
  mn_axis axis[2] = {{0}, {0}};
  MN_TRY(mn_start_check(&start));
  pde->report.relaxation = mn_start_is_sharp(&start) ? HUGE_VAL : 1.0;
  mn_moments moments = {{0}}; /* the far field needs them before there is a density to take them from */
  mn_start_moments(&start, moments.value + 1, moments.value + 3);
  MN_TRY(mn_agree(&pde->parallel, mn_farfield_append(&pde->far, &moments)));
  pde->moments_written = 0.0;
  MN_TRY(mn_agree(&pde->parallel, mn_meshing_start(&pde->options, &start, axis)));
  MN_TRY(start_on(pde, axis));
  for (int k = 0; k < TRIES && pde->options.cells == 0 && pde->report.resolution > 1.0; k++) {
    const mn_axis *now = pde->marcher->axis;
    MN_TRY(mn_agree(&pde->parallel, mn_meshing_again(&pde->options, now, pde->indicator, 1.05, axis)));
    MN_TRY(start_on(pde, axis));
  }
  pde->report.first_peak = pde->report.peak;
  pde->report.next_step = pde->options.step > 0.0 ? pde->options.step : first_step(pde);
  MN_TRY(check_resolution(pde));
  return mn_marcher_warm_up(pde->marcher, 0.0);
}

mn_error *mn_pde_create(const mn_parallel *parallel, const mn_pde_options *options, mn_pde **out)
{
  *out = NULL;
  mn_error *error = mn_case_alloc(parallel, options, out);
  error = error ? error : begin(*out);
  if (error) {
    mn_pde_destroy(out);
  }
  return error;
}

void mn_pde_destroy(mn_pde **out)
{
  mn_pde *pde = *out;
  if (!pde) {
    return;
  }
  mn_marcher_destroy(&pde->marcher);
  mn_farfield_clear(&pde->far);
  mn_free(&pde->indicator[0]);
  mn_free(&pde->indicator[1]);
  mn_free(out);
}

const mn_pde_report *mn_pde_now(const mn_pde *pde)
{
  return &pde->report;
}

static int64_t cells_of(const mn_axis axis[2])
{
  return (int64_t)axis[0].cells * axis[1].cells;
}

/* Moves the fields to a mesh that resolves them, where this one does not or half as many cells would do. */
static mn_error *mesh_again(mn_pde *pde)
{
  mn_plane plane = {0};
  mn_axis axis[2] = {{0}, {0}};
  double mass;
  const double defect = pde->report.mass_defect;
  const mn_axis *now = pde->marcher->axis;
  const double most = 0.5 * (double)cells_of(now);
  const bool resolved = pde->report.resolution <= 1.0;
  if (resolved && mn_meshing_estimate(&pde->options, now, pde->indicator, lasting) > 0.5 * most) {
    return NULL;
  }
  MN_TRY(mn_agree(&pde->parallel, mn_meshing_again(&pde->options, now, pde->indicator, lasting, axis)));
  if (resolved && (double)cells_of(axis) > most) {
    mn_axis_clear(&axis[0]);
    mn_axis_clear(&axis[1]);
    return NULL;
  }
  mn_error *error = mn_pde_plane(pde, &plane);
  error = error ? error : mn_case_mesh(pde, axis);
  error = error ? error : mn_case_interpolate(pde, &plane);
  error = error ? error : set_mass(pde);
  pde->report.mass_defect = defect; /* that of interpolation is no solver's */
  if (!error && pde->options.model.theta == 0.0) {
    error = mn_marcher_settle(pde->marcher, pde->report.time); /* c must fit the equation of this mesh */
  }
  error = error ? error : mn_case_look(pde, &mass);
  mn_plane_clear(&plane);
  return error;
}

/* Puts right what a step may have left. */
static mn_error *tidy(mn_pde *pde)
{
  double mass;
  MN_TRY(set_mass(pde));
  return mn_case_look(pde, &mass);
}

/* Length of the step to take: never beyond `until`, and no crumb left before it. */
static double clip(double t, double wanted, double until)
{
  const double left = until - t;
  return wanted >= 0.999 * left ? left : 2.0 * wanted > left ? 0.5 * left : wanted;
}

static mn_error *take_step(mn_pde *pde, double until, bool *failed)
{
  mn_pde_report *r = &pde->report;
  double t = r->time;
  const double wanted = r->next_step;
  const double clipped = clip(t, wanted, until);
  double length = clipped;
  const int64_t rejected = r->rejected;
  const int64_t before[2] = {pde->marcher->solves, pde->marcher->iterations};
  MN_TRY(mn_marcher_step(pde->marcher, &t, &length, &r->rejected, failed));
  r->solves += pde->marcher->solves - before[0];
  r->iterations += pde->marcher->iterations - before[1];
  if (*failed) {
    return NULL;
  }
  r->time = fabs(t - until) <= 1e-12 * fmax(fabs(until), 1e-300) ? until : t;
  r->step++;
  r->next_step = r->rejected == rejected && clipped < wanted ? fmax(length, wanted) : length;
  if (pde->options.step > 0.0) {
    r->next_step = pde->options.step;
  }
  return tidy(pde);
}

/* What cannot go on because the density has grown is an outcome, otherwise it is a failure. */
static bool has_grown(const mn_pde *pde)
{
  return pde->report.peak > 10.0 * pde->report.first_peak;
}

static mn_error *step_failure(const mn_pde *pde)
{
  return mn_error_create(MN_INTERNAL,
                         "the solver finds no step from time %.9g that meets pde.tolerance = %g (%s); options after -- "
                         "may be the reason",
                         pde->report.time, pde->options.tolerance, pde->marcher->failure);
}

mn_error *mn_pde_advance(mn_pde *pde, double until, mn_pde_outcome *outcome)
{
  mn_pde_report *r = &pde->report;
  bool failed = false;
  *outcome = r->concentrating ? MN_PDE_CONCENTRATING : MN_PDE_GOES_ON;
  if (r->concentrating || r->time >= until) {
    return NULL;
  }
  MN_TRY(take_step(pde, until, &failed));
  if (failed && !has_grown(pde)) {
    return step_failure(pde);
  }
  r->concentrating = failed || r->peak > pde->options.concentration * r->first_peak;
  if (!r->concentrating && pde->options.cells == 0) {
    mn_error *error = mesh_again(pde);
    if (error && error->code == MN_USAGE && has_grown(pde)) { /* no mesh that is allowed can follow */
      mn_error_destroy(&error);
      r->concentrating = 1;
    }
    MN_TRY(error);
  }
  if (!failed && r->resolution <= 1.0) {
    r->trusted_time = r->time;
  }
  *outcome = r->concentrating ? MN_PDE_CONCENTRATING : MN_PDE_GOES_ON;
  return NULL;
}
