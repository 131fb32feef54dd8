/* pde_case.h  What the tests of the continuum have in common. */
#ifndef PDE_CASE_H
#define PDE_CASE_H

#include "check.h"

#include <mnemotaxis/pde.h>
#include <mnemotaxis/solver.h>

/* Setup and teardown of a group of tests: the solver library without options. */
int pde_solver_start(void **state);
int pde_solver_end(void **state);

/* From N(0, I) and no chemical, at tolerance 1e-3. */
mn_pde_options pde_plain(double theta, double chi, double lambda, double end);

mn_pde *pde_created(const mn_pde_options *options);

/* One step that does not end the case. */
void pde_step(mn_pde *pde, double until);

/* Goes to `until` or to an earlier end of the case. */
mn_pde_outcome pde_run_to(mn_pde *pde, double until);

mn_plane pde_plane_of(mn_pde *pde);

/* Fields at the end of a case that gets there. */
mn_plane pde_finished(const mn_pde_options *options);

#endif
