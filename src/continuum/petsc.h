/* petsc.h  From PETSc's failures to ours. */
#ifndef MN_CONTINUUM_PETSC_H
#define MN_CONTINUUM_PETSC_H

#include <mnemotaxis/error.h>

#include <petscsys.h>

/* The failure of a call as one sentence; its trace can be had from mn_solver_trace.  Local. */
mn_error *mn_petsc_error(PetscErrorCode code) MN_MUST_CHECK;

/* Returns from the calling function when a PETSc call failed. */
#define MN_PETSC(call)                            \
  do {                                            \
    const PetscErrorCode mn_petsc_code_ = (call); \
    if (mn_petsc_code_) {                         \
      return mn_petsc_error(mn_petsc_code_);      \
    }                                             \
  } while (0)

#endif
