/* The outer ghosts of c carry the plane outside the box: c(t, x) by mn_farfield_at, or a given border.  Those of rho
 * stay 0 and meet only closed exchanges. */
#include "system.h"

#include "petsc.h"

#include <mnemotaxis/memory.h>

#include <math.h>

static mn_error *make_line(const mn_axis *axis, mn_line *line)
{
  double **array[] = {&line->inverse, &line->gap, &line->near, &line->far, &line->near_open, &line->far_open};
  const int n = axis->cells;
  line->cells = n;
  for (size_t k = 0; k < sizeof array / sizeof *array; k++) {
    MN_TRY(mn_alloc(array[k], n + 2 * MN_GHOSTS, sizeof **array[k]));
    *array[k] += MN_GHOSTS;
  }
  for (int i = -MN_GHOSTS; i < n + MN_GHOSTS; i++) {
    line->inverse[i] = 1.0 / axis->width[i];
  }
  const double *b = line->inverse;
  for (int i = -MN_GHOSTS; i < n + MN_GHOSTS - 1; i++) {
    line->gap[i] = axis->x[i + 1] - axis->x[i];
    line->near_open[i] = i >= 0 && i + 1 < n ? 1.0 : 0.0;
  }
  for (int i = -1; i <= n; i++) {
    line->far[i] = b[i] / 6.0 - 0.125 * (b[i - 1] + b[i + 1]);
    line->far_open[i] = i - 1 >= 0 && i + 1 < n ? 1.0 : 0.0;
  }
  for (int i = -1; i < n; i++) {
    line->near[i] = (b[i - 1] + b[i + 2]) / 6.0 + 0.5 * (b[i] + b[i + 1]);
  }
  return NULL;
}

static void clear_line(mn_line *line)
{
  double **array[] = {&line->inverse, &line->gap, &line->near, &line->far, &line->near_open, &line->far_open};
  for (size_t k = 0; k < sizeof array / sizeof *array; k++) {
    if (*array[k]) {
      *array[k] -= MN_GHOSTS;
    }
    mn_free(array[k]);
  }
}

static PetscErrorCode find_part(DM mesh, mn_part *part)
{
  PetscInt at[2];
  PetscInt count[2];
  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(mesh, &at[0], &at[1], NULL, &count[0], &count[1], NULL));
  for (int a = 0; a < 2; a++) {
    part->first[a] = (int)at[a];
    part->count[a] = (int)count[a];
  }
  PetscCall(DMDAGetGhostCorners(mesh, &at[0], &at[1], NULL, &count[0], &count[1], NULL));
  for (int a = 0; a < 2; a++) {
    part->ghost_first[a] = (int)at[a];
    part->ghost_count[a] = (int)count[a];
  }
  PetscFunctionReturn(0);
}

typedef void border_visit(mn_system *system, int index, int i, int j, double *c);

/* Visits the outer ghosts beside cells of this rank, always in the same order; returns how many. */
static int walk_border(mn_system *s, border_visit *visit, double *c)
{
  const mn_part *p = &s->site.part;
  int index = 0;
  for (int a = 0; a < 2; a++) {
    for (int side = 0; side < 2; side++) {
      const bool here = side == 0 ? p->first[a] == 0 : p->first[a] + p->count[a] == s->axis[a].cells;
      for (int depth = 1; here && depth <= MN_GHOSTS; depth++) {
        const int across = side == 0 ? -depth : s->axis[a].cells - 1 + depth;
        for (int k = p->first[1 - a]; k < p->first[1 - a] + p->count[1 - a]; k++, index++) {
          if (visit) {
            visit(s, index, a == 0 ? across : k, a == 0 ? k : across, c);
          }
        }
      }
    }
  }
  return index;
}

static void find_border(mn_system *s, int index, int i, int j, double *c)
{
  (void)c;
  const double x = s->axis[0].x[i];
  const double y = s->axis[1].x[j];
  s->border[index] = s->forcing ? s->forcing->border(s->forcing->context, s->border_time, x, y)
                                : mn_farfield_at(s->far, s->border_time, x, y);
}

static void copy_border(mn_system *s, int index, int i, int j, double *c)
{
  c[mn_part_at(&s->site.part, i, j)] = s->border[index];
}

static void clear_border(mn_system *s, int index, int i, int j, double *c)
{
  (void)index;
  c[mn_part_at(&s->site.part, i, j)] = 0.0;
}

static mn_error *make_pair(const mn_part *part, mn_pair *pair)
{
  const int64_t cells = (int64_t)part->ghost_count[0] * part->ghost_count[1];
  MN_TRY(mn_alloc(&pair->rho, cells, sizeof *pair->rho));
  return mn_alloc(&pair->c, cells, sizeof *pair->c);
}

static mn_error *allocate(const mn_axis axis[2], mn_system *s)
{
  MN_TRY(make_line(&axis[0], &s->site.line[0]));
  MN_TRY(make_line(&axis[1], &s->site.line[1]));
  s->border_count = walk_border(s, NULL, NULL);
  MN_TRY(mn_alloc(&s->border, s->border_count, sizeof *s->border));
  MN_TRY(make_pair(&s->site.part, &s->state));
  return make_pair(&s->site.part, &s->work);
}

mn_error *mn_system_create(const mn_parallel *parallel, const mn_pde_options *o, const mn_axis axis[2], DM mesh,
                           mn_farfield *far, mn_system *s)
{
  *s = (mn_system){.stencil = o->order == 2 ? &mn_stencil_fitted : &mn_stencil_central,
                   .axis = axis,
                   .theta = o->model.theta,
                   .far = far,
                   .forcing = o->forcing,
                   .mesh = mesh,
                   .border_time = NAN};
  s->site.chi = o->model.chi;
  s->site.lambda = o->model.lambda;
  MN_PETSC(find_part(mesh, &s->site.part));
  MN_TRY(mn_agree(parallel, allocate(axis, s)));
  MN_PETSC(DMCreateLocalVector(mesh, &s->local));
  return NULL;
}

void mn_system_destroy(mn_system *s)
{
  clear_line(&s->site.line[0]);
  clear_line(&s->site.line[1]);
  mn_free(&s->border);
  mn_free(&s->state.rho);
  mn_free(&s->state.c);
  mn_free(&s->work.rho);
  mn_free(&s->work.c);
  (void)VecDestroy(&s->local);
}

/* A global vector into a pair; outer ghosts of rho become 0, those of c stay for the caller to set. */
static PetscErrorCode part_fields(mn_system *s, Vec global, mn_pair pair)
{
  const double *u;
  PetscInt count;
  PetscFunctionBegin;
  PetscCall(DMGlobalToLocal(s->mesh, global, INSERT_VALUES, s->local));
  PetscCall(VecGetLocalSize(s->local, &count));
  PetscCall(VecGetArrayRead(s->local, &u));
  for (PetscInt k = 0; k < count / 2; k++) {
    pair.rho[k] = u[2 * k];
    pair.c[k] = u[2 * k + 1];
  }
  PetscCall(VecRestoreArrayRead(s->local, &u));
  PetscFunctionReturn(0);
}

PetscErrorCode mn_system_spread(mn_system *s, double t, Vec global, mn_pair pair)
{
  PetscFunctionBegin;
  PetscCall(part_fields(s, global, pair));
  if (t != s->border_time) {
    s->border_time = t;
    walk_border(s, find_border, NULL);
  }
  walk_border(s, copy_border, pair.c);
  PetscFunctionReturn(0);
}

static void add_source(const mn_system *s, double t, double *rate)
{
  const mn_part *p = &s->site.part;
  for (int j = p->first[1]; j < p->first[1] + p->count[1]; j++) {
    for (int i = p->first[0]; i < p->first[0] + p->count[0]; i++, rate += 2) {
      double source[2];
      s->forcing->source(s->forcing->context, t, s->axis[0].x[i], s->axis[1].x[j], source);
      rate[0] += source[0];
      rate[1] += source[1];
    }
  }
}

PetscErrorCode mn_system_residual(mn_system *s, double t, Vec v, Vec v_dot, Vec out)
{
  const double *dot;
  double *r;
  PetscInt count;
  PetscFunctionBegin;
  PetscCall(mn_system_spread(s, t, v, s->work));
  PetscCall(VecGetArrayRead(v_dot, &dot));
  PetscCall(VecGetArrayWrite(out, &r));
  PetscCall(VecGetLocalSize(out, &count));
  s->stencil->rate(&s->site, s->work, r);
  if (s->forcing) {
    add_source(s, t, r);
  }
  for (PetscInt k = 0; k < count; k += 2) {
    r[k] = dot[k] - r[k];
    r[k + 1] = s->theta * dot[k + 1] - r[k + 1];
  }
  PetscCall(VecRestoreArrayWrite(out, &r));
  PetscCall(VecRestoreArrayRead(v_dot, &dot));
  PetscFunctionReturn(0);
}

PetscErrorCode mn_system_linearise(mn_system *s, double t, Vec v, double shift)
{
  PetscFunctionBegin;
  PetscCall(mn_system_spread(s, t, v, s->state));
  s->shift = shift;
  PetscFunctionReturn(0);
}

PetscErrorCode mn_system_apply(mn_system *s, Vec v, Vec out)
{
  const double *mine;
  double *r;
  PetscInt count;
  PetscFunctionBegin;
  PetscCall(part_fields(s, v, s->work));
  walk_border(s, clear_border, s->work.c);
  PetscCall(VecGetArrayRead(v, &mine));
  PetscCall(VecGetArrayWrite(out, &r));
  PetscCall(VecGetLocalSize(out, &count));
  s->stencil->derivative(&s->site, s->state, s->work, r);
  for (PetscInt k = 0; k < count; k += 2) {
    r[k] = s->shift * mine[k] - r[k];
    r[k + 1] = s->shift * s->theta * mine[k + 1] - r[k + 1];
  }
  PetscCall(VecRestoreArrayWrite(out, &r));
  PetscCall(VecRestoreArrayRead(v, &mine));
  PetscFunctionReturn(0);
}
