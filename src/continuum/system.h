/* system.h  The equation on a mesh: rate of change and its derivative.
 *
 * The unknowns are rho and c at the centres of the cells, two numbers a cell.  Rates are
 *
 *     rho:  -div of the flux -grad rho + chi rho grad c          c:  lap c - lambda c + rho
 *
 * There are two discretisations, mn_stencil_fitted (order 2) and mn_stencil_central (order 4). */
#ifndef MN_CONTINUUM_SYSTEM_H
#define MN_CONTINUUM_SYSTEM_H

#include "farfield.h"

#include <mnemotaxis/axis.h>
#include <mnemotaxis/pde.h>

#include <petscdmda.h>

/* What of one axis the stencils need; arrays run over [-MN_GHOSTS, cells + MN_GHOSTS). */
typedef struct mn_line {
  int cells;
  double *inverse; /* 1/width */
  double *gap;     /* x[i + 1] - x[i] */
  double *near,
      *far; /* exchange of c between i and i + 1, and between i - 1 and i + 1: theory.md (24) with b = 1/width */
  double *near_open, *far_open; /* 1 where both cells are inside: no flux of rho elsewhere */
} mn_line;

/* The part of the mesh this rank works on: owned cells and the array with ghosts they lie in. */
typedef struct mn_part {
  int first[2], count[2];             /* owned */
  int ghost_first[2], ghost_count[2]; /* of the array */
} mn_part;

/* Index of a cell in an array with ghosts. */
static inline int64_t mn_part_at(const mn_part *p, int i, int j)
{
  return (int64_t)(j - p->ghost_first[1]) * p->ghost_count[0] + (i - p->ghost_first[0]);
}

/* rho and c with ghosts, apart from each other, so that the stencils run in vector registers. */
typedef struct mn_pair {
  double *rho, *c;
} mn_pair;

/* Everything local a stencil sees. */
typedef struct mn_site {
  mn_part part;
  mn_line line[2];
  double chi, lambda;
} mn_site;

/* One discretisation; loops over the owned cells.  Local. */
typedef struct mn_stencil {
  int order;
  /* rate[2 * owned] of state (with ghosts) */
  void (*rate)(const mn_site *site, mn_pair state, double *rate);
  /* derivative of the rate in direction v (with ghosts; 0 outside the mesh) */
  void (*derivative)(const mn_site *site, mn_pair state, mn_pair v, double *rate);
} mn_stencil;

extern const mn_stencil mn_stencil_fitted, mn_stencil_central;

/* Bernoulli's function p/(exp(p) - 1) and its derivative. */
double mn_bernoulli(double p, double *slope);

/* The system of one mesh, with what PETSc's callbacks need. */
typedef struct mn_system {
  mn_site site;
  const mn_stencil *stencil;
  const mn_axis *axis; /* [2] */
  double theta;
  mn_farfield *far;
  const mn_forcing *forcing; /* or NULL */
  DM mesh;                   /* two values a cell, ghosts MN_GHOSTS wide, outer ones kept */
  Vec local;                 /* with ghosts */
  mn_pair state;             /* where the derivative was taken last */
  mn_pair work;
  double shift;       /* of the derivative taken last */
  double border_time; /* for which `border` is */
  double *border;     /* c at the outer ghosts of this rank, in the order of their walk */
  int border_count;
} mn_system;

/* Makes the system on a mesh that is made (DMDA) for these axes.  Collective. */
mn_error *mn_system_create(const mn_parallel *parallel, const mn_pde_options *options, const mn_axis axis[2], DM mesh,
                           mn_farfield *far, mn_system *system) MN_MUST_CHECK;
void mn_system_destroy(mn_system *system);

/* Copies a global vector into a pair and sets the outer ghosts: c for time t. */
PetscErrorCode mn_system_spread(mn_system *system, double t, Vec global, mn_pair pair);

/* M v' - rate(t, v), M = 1 for rho and theta for c.  Collective. */
PetscErrorCode mn_system_residual(mn_system *system, double t, Vec v, Vec v_dot, Vec out);

/* Fixes where, and with which shift, mn_system_apply takes the derivative shift M - d rate/dv.  Collective. */
PetscErrorCode mn_system_linearise(mn_system *system, double t, Vec v, double shift);

/* The derivative times v.  Collective. */
PetscErrorCode mn_system_apply(mn_system *system, Vec v, Vec out);

#endif
