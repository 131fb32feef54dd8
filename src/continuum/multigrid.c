/* Cell-centred multigrid: averages weighted by area going down (order 1), bilinear interpolation going up (order 2),
 * together enough for a second-order operator; matrices made anew on each level from averaged fields, because
 * Galerkin's would lose the M-matrix.  Smoothing is by the second-order operator (25); the residual of the finest level
 * is that of the equation itself, whose symbol is at most 4/3 times as large.
 *
 * Measured at 512 x 512 and rejected: W cycles (no fewer iterations at theta > 0, a fifth slower, a third slower on 2
 * ranks), the transpose of the interpolation going down, damped Jacobi and Chebyshev smoothing (the same iterations on
 * any number of ranks, but a third to a factor 2 slower), symmetric sweeps, overlapping blocks, incomplete LU. */
#include "multigrid.h"

#include "grid_transfer.h"
#include "petsc.h"

#include <mnemotaxis/memory.h>

#include <math.h>

enum { COARSEST = 4, DOF = MN_FIELDS };

/* Every rank has cells on every level: the finest is halved as long as that leaves at least one for each. */
static int count_levels(const int ranks[2], const int cells[2])
{
  int levels = 1;
  int a = cells[0];
  int b = cells[1];
  while (levels < MN_LEVELS_MAX && a % 2 == 0 && b % 2 == 0 && a / 2 >= COARSEST && b / 2 >= COARSEST &&
         a / 2 >= ranks[0] && b / 2 >= ranks[1]) {
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
  *x += 1;
  MN_TRY(mn_alloc(width, n + 2, sizeof **width));
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

/* A mesh on a grid of ranks, or, where `like` is given, with its share of the cells for every rank. */
static PetscErrorCode make_mesh(const mn_parallel *parallel, const int cells[2], const int grid[2], DM like,
                                DMBoundaryType border, DMDAStencilType stencil, int ghosts, DM *mesh)
{
  PetscInt ranks[2] = {grid[0], grid[1]};
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

static PetscErrorCode make_objects(mn_level *level)
{
  PetscFunctionBegin;
  PetscCall(DMCreateGlobalVector(level->mesh, &level->state));
  PetscCall(DMCreateLocalVector(level->mesh, &level->local));
  PetscCall(DMCreateMatrix(level->mesh, &level->matrix));
  PetscCall(MatSetOption(level->matrix, MAT_NEW_NONZERO_LOCATIONS, PETSC_FALSE));
  PetscFunctionReturn(0);
}

/* A grid of ranks, nearly square, rows before columns; every rank needs as many cells as it has ghosts. */
static mn_error *arrange(const mn_parallel *parallel, const int cells[2], int ranks[2])
{
  int sides[2] = {0, 0};
  MPI_Dims_create(parallel->size, 2, sides);
  ranks[0] = sides[1];
  ranks[1] = sides[0];
  if (cells[0] < MN_GHOSTS * ranks[0] || cells[1] < MN_GHOSTS * ranks[1]) {
    return mn_error_create(MN_USAGE, "a mesh of %d x %d cells cannot be shared by %d ranks", cells[0], cells[1],
                           parallel->size);
  }
  return NULL;
}

/* Axes of all levels. */
static mn_error *make_axes(const mn_axis axis[2], mn_multigrid *grid)
{
  for (int l = 0; l < grid->levels; l++) {
    mn_level *level = &grid->level[l];
    const int ratio = 1 << (grid->levels - 1 - l);
    for (int a = 0; a < 2; a++) {
      level->cells[a] = axis[a].cells / ratio;
      MN_TRY(make_axis_of_level(&axis[a], ratio, &level->x[a], &level->width[a]));
    }
  }
  return NULL;
}

mn_error *mn_multigrid_create(const mn_parallel *parallel, const mn_axis axis[2], mn_multigrid *grid)
{
  const int cells[2] = {axis[0].cells, axis[1].cells};
  int ranks[2];
  *grid = (mn_multigrid){.levels = 0};
  MN_TRY(arrange(parallel, cells, ranks));
  grid->levels = count_levels(ranks, cells);
  MN_TRY(mn_agree(parallel, make_axes(axis, grid)));
  for (int l = 0; l < grid->levels; l++) {
    mn_level *level = &grid->level[l];
    DM like = l > 0 ? level[-1].mesh : NULL;
    MN_PETSC(make_mesh(parallel, level->cells, ranks, like, DM_BOUNDARY_NONE, DMDA_STENCIL_STAR, 1, &level->mesh));
    MN_PETSC(
        make_mesh(parallel, level->cells, ranks, level->mesh, DM_BOUNDARY_NONE, DMDA_STENCIL_BOX, 1, &level->numbers));
    MN_PETSC(make_objects(level));
  }
  for (int l = 0; l + 1 < grid->levels; l++) {
    MN_PETSC(mn_make_down(&grid->level[l], &grid->level[l + 1], &grid->level[l].down));
    MN_PETSC(mn_make_up(&grid->level[l], &grid->level[l + 1], &grid->level[l].up));
  }
  DM top = grid->level[grid->levels - 1].mesh;
  MN_PETSC(make_mesh(parallel, cells, ranks, top, DM_BOUNDARY_GHOSTED, DMDA_STENCIL_STAR, MN_GHOSTS, &grid->finest));
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
