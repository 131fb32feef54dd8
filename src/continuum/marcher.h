/* marcher.h  Time steps on one mesh: PETSc's TS with the system and its multigrid. */
#ifndef MN_CONTINUUM_MARCHER_H
#define MN_CONTINUUM_MARCHER_H

#include "multigrid.h"

#include <petscts.h>

/* Everything that belongs to one mesh. */
typedef struct mn_marcher {
  mn_axis axis[2];
  mn_multigrid grid;
  mn_system system;
  TS ts;
  Mat derivative;     /* mn_system_apply as a matrix */
  Vec v;              /* rho and c */
  Vec allowed;        /* absolute error allowed in a step */
  double error_share; /* of the largest value, allowed */
  int64_t solves, iterations;
  char failure[128]; /* why the last step failed, in PETSc's words */
} mn_marcher;

/* Makes the mesh and everything on it; takes ownership of the axes.  v is 0.  Collective. */
mn_error *mn_marcher_create(const mn_parallel *parallel, const mn_pde_options *options, mn_axis axis[2],
                            mn_farfield *far, mn_marcher **marcher) MN_MUST_CHECK;
void mn_marcher_destroy(mn_marcher **marcher);

/* Sets the solver up for the state in v.  Collective. */
mn_error *mn_marcher_warm_up(mn_marcher *marcher, double t) MN_MUST_CHECK;

/* theta = 0: sets c to the solution of its equation for the density in v.  Collective. */
mn_error *mn_marcher_settle(mn_marcher *marcher, double t) MN_MUST_CHECK;

/* One step from *t, of length *step or shorter; both are replaced, *step by the length to try next.
 * @param rejected  steps tried in vain are added
 * @returns in `failed` whether not even the shortest step worked */
mn_error *mn_marcher_step(mn_marcher *marcher, double *t, double *step, int64_t *rejected, bool *failed) MN_MUST_CHECK;

#endif
