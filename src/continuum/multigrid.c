/* Cell-centred multigrid: averages weighted by area going down (order 1), bilinear interpolation going up (order 2),
 * together enough for a second-order operator; matrices made anew on each level from averaged fields, because
 * Galerkin's would lose the M-matrix.  Smoothing is by the second-order operator (25); the residual of the finest level
 * is that of the equation itself, whose symbol is at most 4/3 times as large.
 *
 * Measured at 512 x 512 and rejected: W cycles (no fewer iterations at theta > 0, a fifth slower, a third slower on 2
 * ranks), the transpose of the interpolation going down, damped Jacobi and Chebyshev smoothing (the same iterations on
 * any number of ranks, but a third to a factor 2 slower), symmetric sweeps, overlapping blocks, incomplete LU. */
#include "multigrid.h"

#include "petsc.h"

#include <mnemotaxis/memory.h>

#include <math.h>

enum { COARSEST = 4, DOF = 2 };

static int count_levels(const mn_parallel *parallel, const int cells[2])
{
  int levels = 1;
  const int least = parallel->size > 1 ? 2 * (int)ceil(sqrt((double)parallel->size)) : 1;
  int a = cells[0];
  int b = cells[1];
  while (levels < MN_LEVELS_MAX && a % 2 == 0 && b % 2 == 0 && a / 2 >= COARSEST && b / 2 >= COARSEST &&
         a / 2 >= least && b / 2 >= least) {
    a /= 2;
    b /= 2;
    levels++;
  }
  return levels;
}

static mn_error *make_axis_of_level(const mn_axis *axis, int ratio, double **x, double **width)
{
  const int n = axis->cells / ratio;
  MN_TRY(mn_alloc(x, n + 2, sizeof **x));
  MN_TRY(mn_alloc(width, n + 2, sizeof **width));
  *x += 1;
  *width += 1;
  for (int i = 0; i < n; i++) {
    for (int k = 0; k < ratio; k++) {
      (*x)[i] += axis->x[i * ratio + k] / ratio;
      (*width)[i] += axis->width[i * ratio + k];
    }
  }
  (*x)[-1] = axis->x[-1];
  (*x)[n] = axis->x[axis->cells];
  return NULL;
}

static PetscErrorCode make_mesh(const mn_parallel *parallel, const int cells[2], DM like, DMBoundaryType border,
                                DMDAStencilType stencil, int ghosts, DM *mesh)
{
  PetscInt ranks[2] = {PETSC_DECIDE, PETSC_DECIDE};
  const PetscInt *share[2] = {NULL, NULL};
  PetscInt doubled[2][4096];
  PetscFunctionBegin;
  if (like) { /* children live where their parents do */
    PetscInt whole;
    PetscCall(
        DMDAGetInfo(like, NULL, &whole, NULL, NULL, &ranks[0], &ranks[1], NULL, NULL, NULL, NULL, NULL, NULL, NULL));
    PetscCall(DMDAGetOwnershipRanges(like, &share[0], &share[1], NULL));
    const PetscInt factor = cells[0] / (int)whole;
    for (int a = 0; a < 2; a++) {
      for (PetscInt k = 0; k < ranks[a]; k++) {
        doubled[a][k] = factor * share[a][k];
      }
      share[a] = doubled[a];
    }
  }
  PetscCall(DMDACreate2d(parallel->comm, border, border, stencil, cells[0], cells[1], ranks[0], ranks[1], DOF, ghosts,
                         share[0], share[1], mesh));
  PetscCall(DMSetMatType(*mesh, MATBAIJ));
  PetscCall(DMSetUp(*mesh));
  PetscFunctionReturn(0);
}

/* Rows of this rank's cells of `rows_of`, columns those of `columns_of`; scalar, widened to two unknowns by MAIJ. */
static PetscErrorCode start_transfer(DM rows_of, DM columns_of, PetscInt per_row, Mat *scalar)
{
  PetscInt size[2];
  PetscInt nx;
  PetscInt ny;
  PetscFunctionBegin;
  PetscCall(DMDAGetCorners(rows_of, NULL, NULL, NULL, &nx, &ny, NULL));
  size[0] = nx * ny;
  PetscCall(DMDAGetCorners(columns_of, NULL, NULL, NULL, &nx, &ny, NULL));
  size[1] = nx * ny;
  PetscCall(MatCreate(PetscObjectComm((PetscObject)rows_of), scalar));
  PetscCall(MatSetSizes(*scalar, size[0], size[1], PETSC_DETERMINE, PETSC_DETERMINE));
  PetscCall(MatSetType(*scalar, MATAIJ));
  PetscCall(MatSeqAIJSetPreallocation(*scalar, per_row, NULL));
  PetscCall(MatMPIAIJSetPreallocation(*scalar, per_row, NULL, per_row, NULL));
  PetscFunctionReturn(0);
}

/* PETSc's global number of cell (i, j), which must be within reach of this rank's ghosts. */
static PetscErrorCode number_of(DM mesh, PetscInt i, PetscInt j, PetscInt *number)
{
  PetscInt gx;
  PetscInt gy;
  PetscInt gm;
  ISLocalToGlobalMapping map;
  PetscFunctionBegin;
  PetscCall(DMDAGetGhostCorners(mesh, &gx, &gy, NULL, &gm, NULL, NULL));
  PetscCall(DMGetLocalToGlobalMapping(mesh, &map));
  const PetscInt local = (j - gy) * gm + (i - gx);
  PetscCall(ISLocalToGlobalMappingApplyBlock(map, 1, &local, number));
  PetscFunctionReturn(0);
}

static PetscErrorCode finish_transfer(Mat *scalar, Mat *wide)
{
  PetscFunctionBegin;
  PetscCall(MatAssemblyBegin(*scalar, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(*scalar, MAT_FINAL_ASSEMBLY));
  PetscCall(MatCreateMAIJ(*scalar, DOF, wide));
  PetscCall(MatDestroy(scalar));
  PetscFunctionReturn(0);
}

static PetscErrorCode make_down(const mn_level *coarse, const mn_level *fine, Mat *down)
{
  Mat scalar;
  PetscInt at[2];
  PetscInt count[2];
  PetscFunctionBegin;
  PetscCall(start_transfer(coarse->mesh, fine->mesh, 4, &scalar));
  PetscCall(DMDAGetCorners(coarse->mesh, &at[0], &at[1], NULL, &count[0], &count[1], NULL));
  for (PetscInt k = 0; k < count[0] * count[1]; k++) {
    const PetscInt i = at[0] + k % count[0];
    const PetscInt j = at[1] + k / count[0];
    PetscInt row;
    PetscInt column[4];
    double share[4];
    PetscCall(number_of(coarse->numbers, i, j, &row));
    for (PetscInt c = 0; c < 4; c++) {
      const PetscInt fi = 2 * i + c % 2;
      const PetscInt fj = 2 * j + c / 2;
      PetscCall(number_of(fine->numbers, fi, fj, &column[c]));
      share[c] = fine->width[0][fi] * fine->width[1][fj] / (coarse->width[0][i] * coarse->width[1][j]);
    }
    PetscCall(MatSetValues(scalar, 1, &row, 4, column, share, INSERT_VALUES));
  }
  PetscCall(finish_transfer(&scalar, down));
  PetscFunctionReturn(0);
}

/* Along one axis: the two coarse cells a fine cell is interpolated from, its parent and the one next to it on the
 * nearer side.  At the border the correction of c vanishes (that of rho is next to nothing there), at x[-1] and
 * x[cells]. */
typedef struct parents {
  PetscInt cell[2];
  double weight[2];
} parents;

static parents parents_of(const mn_level *coarse, const mn_level *fine, int a, PetscInt i)
{
  const double *x = coarse->x[a];
  const PetscInt mine = i / 2;
  const PetscInt next = i % 2 == 0 ? mine - 1 : mine + 1;
  const double weight = (fine->x[a][i] - x[next]) / (x[mine] - x[next]);
  if (next < 0 || next >= coarse->cells[a]) {
    return (parents){{mine, mine}, {weight, 0.0}};
  }
  return (parents){{mine, next}, {weight, 1.0 - weight}};
}

static PetscErrorCode make_up(const mn_level *coarse, const mn_level *fine, Mat *up)
{
  Mat scalar;
  PetscInt at[2];
  PetscInt count[2];
  PetscFunctionBegin;
  PetscCall(start_transfer(fine->mesh, coarse->mesh, 4, &scalar));
  PetscCall(DMDAGetCorners(fine->mesh, &at[0], &at[1], NULL, &count[0], &count[1], NULL));
  for (PetscInt k = 0; k < count[0] * count[1]; k++) {
    const parents x = parents_of(coarse, fine, 0, at[0] + k % count[0]);
    const parents y = parents_of(coarse, fine, 1, at[1] + k / count[0]);
    PetscInt row;
    PetscCall(number_of(fine->numbers, at[0] + k % count[0], at[1] + k / count[0], &row));
    for (int c = 0; c < 4; c++) {
      PetscInt column;
      const double share = x.weight[c % 2] * y.weight[c / 2];
      PetscCall(number_of(coarse->numbers, x.cell[c % 2], y.cell[c / 2], &column));
      PetscCall(MatSetValues(scalar, 1, &row, 1, &column, &share, ADD_VALUES));
    }
  }
  PetscCall(finish_transfer(&scalar, up));
  PetscFunctionReturn(0);
}

static PetscErrorCode make_objects(mn_level *level)
{
  PetscFunctionBegin;
  PetscCall(DMCreateGlobalVector(level->mesh, &level->state));
  PetscCall(DMCreateLocalVector(level->mesh, &level->local));
  PetscCall(DMCreateMatrix(level->mesh, &level->matrix));
  PetscCall(MatSetOption(level->matrix, MAT_NEW_NONZERO_LOCATIONS, PETSC_FALSE));
  PetscFunctionReturn(0);
}

mn_error *mn_multigrid_create(const mn_parallel *parallel, const mn_axis axis[2], mn_multigrid *grid)
{
  const int cells[2] = {axis[0].cells, axis[1].cells};
  *grid = (mn_multigrid){.levels = count_levels(parallel, cells)};
  for (int l = 0; l < grid->levels; l++) {
    mn_level *level = &grid->level[l];
    const int ratio = 1 << (grid->levels - 1 - l);
    for (int a = 0; a < 2; a++) {
      level->cells[a] = cells[a] / ratio;
      MN_TRY(make_axis_of_level(&axis[a], ratio, &level->x[a], &level->width[a]));
    }
    DM like = l > 0 ? level[-1].mesh : NULL;
    MN_PETSC(make_mesh(parallel, level->cells, like, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 1, &level->mesh));
    MN_PETSC(make_mesh(parallel, level->cells, level->mesh, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, 1, &level->numbers));
    MN_PETSC(make_objects(level));
  }
  for (int l = 0; l + 1 < grid->levels; l++) {
    MN_PETSC(make_down(&grid->level[l], &grid->level[l + 1], &grid->level[l].down));
    MN_PETSC(make_up(&grid->level[l], &grid->level[l + 1], &grid->level[l].up));
  }
  DM top = grid->level[grid->levels - 1].mesh;
  MN_PETSC(make_mesh(parallel, cells, top, DM_BOUNDARY_GHOSTED, DMDA_STENCIL_STAR, MN_GHOSTS, &grid->finest));
  return NULL;
}

void mn_multigrid_destroy(mn_multigrid *grid)
{
  for (int l = 0; l < grid->levels; l++) {
    mn_level *level = &grid->level[l];
    for (int a = 0; a < 2; a++) {
      level->x[a] = level->x[a] ? level->x[a] - 1 : NULL;
      level->width[a] = level->width[a] ? level->width[a] - 1 : NULL;
      mn_free(&level->x[a]);
      mn_free(&level->width[a]);
    }
    (void)VecDestroy(&level->state);
    (void)VecDestroy(&level->local);
    (void)MatDestroy(&level->matrix);
    (void)MatDestroy(&level->down);
    (void)MatDestroy(&level->up);
    (void)DMDestroy(&level->mesh);
    (void)DMDestroy(&level->numbers);
  }
  (void)DMDestroy(&grid->finest);
}

static PetscErrorCode attach(mn_multigrid *grid, KSP solver)
{
  PC pc;
  PetscFunctionBegin;
  PetscCall(KSPGetPC(solver, &pc));
  PetscCall(PCSetType(pc, PCMG));
  PetscCall(PCMGSetLevels(pc, grid->levels, NULL));
  PetscCall(PCMGSetGalerkin(pc, PC_MG_GALERKIN_NONE));
  for (int l = 0; l < grid->levels; l++) {
    KSP smoother;
    PC inner;
    mn_level *level = &grid->level[l];
    PetscCall(PCMGGetSmoother(pc, l, &smoother));
    PetscCall(KSPSetOperators(smoother, level->matrix, level->matrix));
    if (l == 0) {
      continue; /* PETSc's default: LU, redundantly on all ranks */
    }
    PetscCall(PCMGSetInterpolation(pc, l, level[-1].up));
    PetscCall(PCMGSetRestriction(pc, l, level[-1].down));
    PetscCall(KSPSetType(smoother, KSPRICHARDSON));
    PetscCall(KSPSetTolerances(smoother, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT, 1));
    PetscCall(KSPGetPC(smoother, &inner));
    PetscCall(PCSetType(inner, PCSOR));
    PetscCall(PCSORSetSymmetric(inner, SOR_LOCAL_FORWARD_SWEEP));
  }
  PetscFunctionReturn(0);
}

mn_error *mn_multigrid_attach(mn_multigrid *grid, KSP solver)
{
  MN_PETSC(attach(grid, solver));
  return NULL;
}

/* The block row of one cell: columns left, below, itself, above, right. */
typedef struct block_row {
  PetscInt count;
  PetscInt column[5];
  double value[DOF][5 * DOF];
} block_row;

static inline void set(block_row *row, int slot, int r, int c, double value)
{
  row->value[r][DOF * slot + c] += value;
}

/* One side of a cell at p: its neighbour at p + s (slot `slot`, or outside: slot < 0), at distance `gap`. */
static inline void add_side(const mn_system *system, double inverse, double gap, const double *p, int64_t s, int slot,
                            block_row *row)
{
  const double weight = inverse / gap;
  set(row, 0, 1, 1, weight);
  if (slot < 0) {
    return;
  }
  double forth;
  double back;
  const double chi = system->site.chi;
  const double drop = chi * (p[s + 1] - p[1]);
  set(row, 0, 0, 0, weight * mn_bernoulli(-drop, &forth));
  set(row, slot, 0, 0, -weight * mn_bernoulli(drop, &back));
  const double mixed = weight * chi * (forth * p[0] + back * p[s]);
  set(row, 0, 0, 1, mixed);
  set(row, slot, 0, 1, -mixed);
  set(row, slot, 1, 1, -weight);
}

static void make_row(const mn_system *system, const mn_level *level, const double *local, const mn_part *part, int i,
                     int j, double shift, block_row *row)
{
  const int at[2] = {i, j};
  const int64_t stride[2] = {1, part->ghost_count[0]};
  const int64_t here = mn_part_at(part, i, j);
  *row = (block_row){.count = 1, .column = {(PetscInt)here}};
  set(row, 0, 0, 0, shift);
  set(row, 0, 1, 1, shift * system->theta + system->site.lambda);
  set(row, 0, 1, 0, -1.0);
  for (int a = 0; a < 2; a++) {
    const double *x = level->x[a];
    const double inverse = 1.0 / level->width[a][at[a]];
    for (int side = -1; side <= 1; side += 2) {
      const bool inside = at[a] + side >= 0 && at[a] + side < level->cells[a];
      const int64_t s = side * stride[a];
      int slot = -1;
      if (inside) {
        slot = (int)row->count++;
        row->column[slot] = (PetscInt)(here + s);
      }
      add_side(system, inverse, fabs(x[at[a] + side] - x[at[a]]), local + DOF * here, DOF * s, slot, row);
    }
  }
}

static PetscErrorCode fill_level(const mn_multigrid *grid, mn_level *level, double shift)
{
  mn_part part;
  PetscInt first[2];
  PetscInt count[2];
  PetscInt ghost[2];
  PetscInt width;
  const double *u;
  PetscFunctionBegin;
  PetscCall(DMGlobalToLocal(level->mesh, level->state, INSERT_VALUES, level->local));
  PetscCall(DMDAGetCorners(level->mesh, &first[0], &first[1], NULL, &count[0], &count[1], NULL));
  PetscCall(DMDAGetGhostCorners(level->mesh, &ghost[0], &ghost[1], NULL, &width, NULL, NULL));
  part = (mn_part){.ghost_first = {(int)ghost[0], (int)ghost[1]}, .ghost_count = {(int)width, 0}};
  PetscCall(VecGetArrayRead(level->local, &u));
  for (PetscInt k = 0; k < count[0] * count[1]; k++) {
    block_row row;
    make_row(grid->system, level, u, &part, (int)(first[0] + k % count[0]), (int)(first[1] + k / count[0]), shift,
             &row);
    double packed[DOF * 5 * DOF];
    for (int r = 0; r < DOF; r++) {
      for (int c = 0; c < DOF * row.count; c++) {
        packed[r * DOF * row.count + c] = row.value[r][c];
      }
    }
    PetscCall(MatSetValuesBlockedLocal(level->matrix, 1, row.column, row.count, row.column, packed, INSERT_VALUES));
  }
  PetscCall(VecRestoreArrayRead(level->local, &u));
  PetscCall(MatAssemblyBegin(level->matrix, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(level->matrix, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

PetscErrorCode mn_multigrid_fill(mn_multigrid *grid, Vec state, double shift)
{
  PetscFunctionBegin;
  PetscCall(VecCopy(state, grid->level[grid->levels - 1].state));
  for (int l = grid->levels - 2; l >= 0; l--) {
    PetscCall(MatRestrict(grid->level[l].down, grid->level[l + 1].state, grid->level[l].state));
  }
  for (int l = 0; l < grid->levels; l++) {
    PetscCall(fill_level(grid, &grid->level[l], shift));
  }
  PetscFunctionReturn(0);
}
