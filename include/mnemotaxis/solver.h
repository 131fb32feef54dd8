/** @file solver.h  Starting and stopping the solver library (PETSc) that the continuum is solved with.
 *
 * PETSc keeps one state for the whole process: options, error handler.  These calls are the only ones that touch it.
 */
#ifndef MNEMOTAXIS_SOLVER_H
#define MNEMOTAXIS_SOLVER_H

#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Starts PETSc on the ranks of `parallel`, with options as PETSc reads them.  Collective; once in a process.
 * @param argument  [count] argument[0] is skipped, as in main */
mn_error *mn_solver_start(const mn_parallel *parallel, int count, char **argument) MN_MUST_CHECK;

/** Refuses (MN_USAGE) options that no part of the solver has asked for.  Collective; after mn_pde_create, before
 * anything is written.  Options that PETSc reads only at the end (views, logs) pass. */
mn_error *mn_solver_check_options(const mn_parallel *parallel) MN_MUST_CHECK;

/** The lines PETSc had to say about its last failure, or "".  Local. */
const char *mn_solver_trace(void);

/** Stops PETSc.  Collective. */
void mn_solver_end(void);

#ifdef __cplusplus
}
#endif
#endif
