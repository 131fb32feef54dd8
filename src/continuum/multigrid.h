/* multigrid.h  A preconditioner whose cost per unknown and number of iterations do not grow with the mesh.
 *
 * Every level has the fitted scheme of order 2 with the fields averaged onto it (an M-matrix for rho on any mesh),
 * two unknowns a cell together.  Levels halve the cells in both directions. */
#ifndef MN_CONTINUUM_MULTIGRID_H
#define MN_CONTINUUM_MULTIGRID_H

#include "system.h"

#include <petscksp.h>

enum { MN_LEVELS_MAX = 16, MN_FIELDS = 2 /* unknowns a cell: rho and c */ };

/* One level; the finest is levels - 1. */
typedef struct mn_level {
  DM mesh;                 /* ghosts one wide */
  DM numbers;              /* the same with diagonal neighbours, whose numbers transfers need */
  double *x[2], *width[2]; /* [-1 .. cells]: centres (outside: of the finest ghosts) and widths */
  int cells[2];
  Vec state; /* rho and c, this level */
  Vec local; /* with ghosts */
  Mat matrix;
  Mat down; /* averages from the next finer level to this one */
  Mat up;   /* interpolates to the next finer level */
} mn_level;

typedef struct mn_multigrid {
  const mn_system *system;
  int levels;
  mn_level level[MN_LEVELS_MAX];
  DM finest; /* of the system: same distribution as the finest level, ghosts MN_GHOSTS wide */
} mn_multigrid;

/* Makes levels and meshes for axes of the given numbers of cells.  Collective. */
mn_error *mn_multigrid_create(const mn_parallel *parallel, const mn_axis axis[2], mn_multigrid *grid) MN_MUST_CHECK;
void mn_multigrid_destroy(mn_multigrid *grid);

/* Tells a KSP's preconditioner about the levels; before its options are read.  Collective. */
mn_error *mn_multigrid_attach(mn_multigrid *grid, KSP solver) MN_MUST_CHECK;

/* Fills the matrices of all levels for a state (global vector of the finest mesh) and a shift.  Collective. */
PetscErrorCode mn_multigrid_fill(mn_multigrid *grid, Vec state, double shift);

#endif
