/* Rows of PETSc matrices, filled cell by cell; number_of knows diagonal neighbours too. */
#include "grid_transfer.h"

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
  PetscCall(MatCreateMAIJ(*scalar, MN_FIELDS, wide));
  PetscCall(MatDestroy(scalar));
  PetscFunctionReturn(0);
}

PetscErrorCode mn_make_down(const mn_level *coarse, const mn_level *fine, Mat *down)
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

PetscErrorCode mn_make_up(const mn_level *coarse, const mn_level *fine, Mat *up)
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
