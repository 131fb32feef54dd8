/* From the distributed fields to whole planes and back: for changes of mesh, output, saving and going on. */
#include "case.h"
#include "petsc.h"

#include <mnemotaxis/memory.h>

#include <string.h>

mn_patch mn_case_patch(const mn_pde *pde)
{
  const mn_part *p = &pde->marcher->system.site.part;
  return (mn_patch){{p->first[0], p->first[1]}, {p->count[0], p->count[1]}};
}

/* All cells in natural order on every rank: [cells, 2]. */
static PetscErrorCode gather(mn_pde *pde, Vec *all)
{
  Vec natural;
  VecScatter scatter;
  DM mesh = pde->marcher->grid.finest;
  PetscFunctionBegin;
  PetscCall(DMDACreateNaturalVector(mesh, &natural));
  PetscCall(DMDAGlobalToNaturalBegin(mesh, pde->marcher->v, INSERT_VALUES, natural));
  PetscCall(DMDAGlobalToNaturalEnd(mesh, pde->marcher->v, INSERT_VALUES, natural));
  PetscCall(VecScatterCreateToAll(natural, &scatter, all));
  PetscCall(VecScatterBegin(scatter, natural, *all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterEnd(scatter, natural, *all, INSERT_VALUES, SCATTER_FORWARD));
  PetscCall(VecScatterDestroy(&scatter));
  PetscCall(VecDestroy(&natural));
  PetscFunctionReturn(0);
}

static mn_error *copy_axis(const mn_axis *from, mn_axis *to)
{
  const size_t bytes = (size_t)(from->cells + 2 * MN_GHOSTS) * sizeof(double);
  MN_TRY(mn_axis_alloc(from->cells, from->low, from->high, to));
  memcpy(to->x - MN_GHOSTS, from->x - MN_GHOSTS, bytes);
  memcpy(to->width - MN_GHOSTS, from->width - MN_GHOSTS, bytes);
  return NULL;
}

static mn_error *empty_plane(const mn_pde *pde, mn_plane *plane)
{
  mn_axis axis[2] = {{0}, {0}};
  *plane = (mn_plane){0};
  mn_error *error = copy_axis(&pde->marcher->axis[0], &axis[0]);
  error = error ? error : copy_axis(&pde->marcher->axis[1], &axis[1]);
  error = error ? error : mn_plane_alloc(pde->report.time, axis, plane);
  mn_axis_clear(&axis[0]);
  mn_axis_clear(&axis[1]);
  return error;
}

mn_error *mn_pde_plane(mn_pde *pde, mn_plane *plane)
{
  Vec all = NULL;
  const double *u;
  MN_TRY(mn_agree(&pde->parallel, empty_plane(pde, plane)));
  MN_PETSC(gather(pde, &all));
  MN_PETSC(VecGetArrayRead(all, &u));
  for (int64_t k = 0; k < (int64_t)plane->axis[0].cells * plane->axis[1].cells; k++) {
    plane->density[k] = u[2 * k];
    plane->chemical[k] = u[2 * k + 1];
  }
  MN_PETSC(VecRestoreArrayRead(all, &u));
  MN_PETSC(VecDestroy(&all));
  return NULL;
}

mn_error *mn_case_fill(mn_pde *pde, const mn_patch *p, const double *rho, const double *c, int64_t row)
{
  double *u;
  MN_PETSC(VecGetArray(pde->marcher->v, &u));
  for (int64_t k = 0; k < (int64_t)p->count[0] * p->count[1]; k++) {
    const int64_t at = k / p->count[0] * row + k % p->count[0];
    u[2 * k] = rho[at];
    u[2 * k + 1] = c[at];
  }
  MN_PETSC(VecRestoreArray(pde->marcher->v, &u));
  return NULL;
}

mn_error *mn_case_copy(mn_pde *pde, const mn_plane *plane)
{
  const mn_patch p = mn_case_patch(pde);
  const int64_t row = plane->axis[0].cells;
  const int64_t first = row * p.first[1] + p.first[0];
  return mn_case_fill(pde, &p, plane->density + first, plane->chemical + first, row);
}

mn_error *mn_case_interpolate(mn_pde *pde, const mn_plane *plane)
{
  const mn_patch p = mn_case_patch(pde);
  const mn_axis *axis = pde->marcher->axis;
  const double *x = axis[0].x + p.first[0];
  const double *y = axis[1].x + p.first[1];
  const int64_t cells = (int64_t)p.count[0] * p.count[1];
  double *field = NULL;
  mn_error *error = mn_alloc(&field, 2 * cells, sizeof *field);
  error = error ? error : mn_plane_sample_density(plane, p.count[0], x, p.count[1], y, field);
  error = error ? error : mn_plane_sample(plane, plane->chemical, p.count[0], x, p.count[1], y, field + cells, NULL);
  error = mn_agree(&pde->parallel, error);
  error = error ? error : mn_case_fill(pde, &p, field, field + cells, p.count[0]);
  mn_free(&field);
  return error;
}

mn_error *mn_pde_save(mn_pde *pde, mn_pde_state *state)
{
  *state = (mn_pde_state){.report = pde->report, .moments = pde->far.count};
  MN_TRY(mn_pde_plane(pde, &state->plane));
  mn_error *error =
      mn_agree(&pde->parallel, mn_alloc(&state->moment, MN_MOMENTS * pde->far.count, sizeof *state->moment));
  if (error) {
    mn_pde_state_clear(state);
    return error;
  }
  memcpy(state->moment, pde->far.past, (size_t)pde->far.count * sizeof *pde->far.past);
  return NULL;
}

void mn_pde_state_clear(mn_pde_state *state)
{
  mn_plane_clear(&state->plane);
  mn_free(&state->moment);
}

static mn_error *take_up(mn_pde *pde, const mn_pde_state *state)
{
  mn_axis axis[2] = {{0}, {0}};
  mn_error *error = copy_axis(&state->plane.axis[0], &axis[0]);
  error = error ? error : copy_axis(&state->plane.axis[1], &axis[1]);
  for (int64_t k = 0; k < state->moments && !error; k++) {
    mn_moments row;
    memcpy(row.value, state->moment + MN_MOMENTS * k, sizeof row.value);
    error = mn_farfield_append(&pde->far, &row);
  }
  MN_TRY(mn_agree(&pde->parallel, error));
  MN_TRY(mn_case_mesh(pde, axis));
  pde->report = state->report;
  pde->moments_written = pde->far.past[pde->far.count - 1].value[0];
  double mass;
  MN_TRY(mn_case_copy(pde, &state->plane));
  MN_TRY(mn_marcher_warm_up(pde->marcher, state->report.time));
  return mn_case_look(pde, &mass);
}

mn_error *mn_pde_restore(const mn_parallel *parallel, const mn_pde_options *options, const mn_pde_state *state,
                         mn_pde **out)
{
  *out = NULL;
  mn_error *error = mn_case_alloc(parallel, options, out);
  error = error ? error : take_up(*out, state);
  if (error) {
    mn_pde_destroy(out);
  }
  return error;
}
