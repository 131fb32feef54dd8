/* Rosenbrock-W method RA34PW2 (Rang and Angermann 2005): order 3 with an embedded order 2, L-stable, stiffly accurate,
 * for index-1 DAEs, and of its order with any approximate Jacobian, so also with sources and borders that depend on
 * time. Each step has one linearisation and four linear solves: flexible in nothing, GMRES with right preconditioning,
 * so that the residual it stops at is the true one.  Tried and rejected: ARKIMEX with explicit drift (loses stability
 * silently in concentrated cases), BDF (starts at order 1 after every change of mesh). */
#include "marcher.h"

#include "petsc.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <stdio.h>

/* Errors of linear solves, as a share of the error allowed in a step. */
static const double solver_share = 0.1;

static PetscErrorCode residual(TS ts, PetscReal t, Vec v, Vec v_dot, Vec out, void *context)
{
  mn_marcher *m = context;
  (void)ts;
  PetscFunctionBegin;
  PetscCall(mn_system_residual(&m->system, t, v, v_dot, out));
  PetscFunctionReturn(0);
}

static PetscErrorCode jacobian(TS ts, PetscReal t, Vec v, Vec v_dot, PetscReal shift, Mat a, Mat p, void *context)
{
  mn_marcher *m = context;
  (void)ts;
  (void)v_dot;
  (void)p;
  PetscFunctionBegin;
  PetscCall(mn_system_linearise(&m->system, t, v, shift));
  PetscCall(mn_multigrid_fill(&m->grid, v, shift));
  PetscCall(MatAssemblyBegin(a, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(a, MAT_FINAL_ASSEMBLY));
  PetscFunctionReturn(0);
}

static PetscErrorCode apply(Mat a, Vec v, Vec out)
{
  mn_marcher *m;
  PetscFunctionBegin;
  PetscCall(MatShellGetContext(a, &m));
  PetscCall(mn_system_apply(&m->system, v, out));
  PetscFunctionReturn(0);
}

static PetscErrorCode make_vectors(mn_marcher *m)
{
  PetscInt local;
  PetscFunctionBegin;
  PetscCall(DMCreateGlobalVector(m->grid.finest, &m->v));
  PetscCall(VecDuplicate(m->v, &m->allowed));
  PetscCall(VecGetLocalSize(m->v, &local));
  PetscCall(MatCreateShell(PetscObjectComm((PetscObject)m->v), local, local, PETSC_DETERMINE, PETSC_DETERMINE, m,
                           &m->derivative));
  PetscCall(MatShellSetOperation(m->derivative, MATOP_MULT, (void (*)(void))apply));
  PetscFunctionReturn(0);
}

static PetscErrorCode default_option(const char *name, const char *value)
{
  PetscBool given;
  PetscFunctionBegin;
  PetscCall(PetscOptionsHasName(NULL, NULL, name, &given));
  if (!given) {
    PetscCall(PetscOptionsSetValue(NULL, name, value));
  }
  PetscFunctionReturn(0);
}

/* After a stage whose solve has failed PETSc 3.18 never linearises again: it mistakes the lag it has
 * set itself, to keep the Jacobian for the stages of a step, for a wish of the user.  So the lag is set back when a
 * step begins, or begins again. */
static PetscErrorCode before_stage(TS ts, PetscReal stage_time)
{
  SNES snes;
  PetscReal t;
  PetscFunctionBegin;
  PetscCall(TSGetTime(ts, &t));
  if (stage_time == t) {
    PetscCall(TSGetSNES(ts, &snes));
    PetscCall(SNESSetLagJacobian(snes, 1));
  }
  PetscFunctionReturn(0);
}

static PetscErrorCode make_stepper(mn_marcher *m, const mn_pde_options *o)
{
  TSAdapt adapt;
  PetscFunctionBegin;
  PetscCall(TSCreate(PetscObjectComm((PetscObject)m->v), &m->ts));
  PetscCall(TSSetProblemType(m->ts, TS_NONLINEAR));
  PetscCall(TSSetType(m->ts, TSROSW));
  PetscCall(TSRosWSetType(m->ts, TSROSWRA34PW2));
  PetscCall(TSSetIFunction(m->ts, NULL, residual, m));
  PetscCall(TSSetIJacobian(m->ts, m->derivative, m->grid.level[m->grid.levels - 1].matrix, jacobian, m));
  PetscCall(TSSetExactFinalTime(m->ts, TS_EXACTFINALTIME_STEPOVER));
  PetscCall(TSSetMaxTime(m->ts, 1e300)); /* steps are clipped by the caller */
  PetscCall(TSSetErrorIfStepFails(m->ts, PETSC_FALSE));
  PetscCall(TSSetMaxSNESFailures(m->ts, -1));
  PetscCall(TSSetPreStage(m->ts, before_stage));
  PetscCall(TSSetSolution(m->ts, m->v));
  PetscCall(TSGetAdapt(m->ts, &adapt));
  PetscCall(TSAdaptSetType(adapt, o->step > 0.0 ? TSADAPTNONE : TSADAPTBASIC));
  PetscCall(TSAdaptSetClip(adapt, 0.1, 4.0));
  PetscCall(default_option("-ts_adapt_wnormtype", "INFINITY")); /* a peak is a few cells: no mean may hide it */
  PetscFunctionReturn(0);
}

static PetscErrorCode make_solver(mn_marcher *m)
{
  SNES snes;
  KSP ksp;
  PetscFunctionBegin;
  PetscCall(TSGetSNES(m->ts, &snes));
  PetscCall(SNESSetType(snes, SNESKSPONLY));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPSetType(ksp, KSPGMRES));
  /* rho may be 1e5 times c: one pass of Gram-Schmidt then leaves vectors that are not orthogonal */
  PetscCall(KSPGMRESSetCGSRefinementType(ksp, KSP_GMRES_CGS_REFINE_ALWAYS));
  PetscCall(KSPSetPCSide(ksp, PC_RIGHT));
  PetscCall(KSPSetTolerances(ksp, solver_share * m->error_share, PETSC_DEFAULT, PETSC_DEFAULT, 200));
  PetscFunctionReturn(0);
}

/* Sets everything up, options included.  The stand-in DM that TS hands down would make PCMG look for levels of its own.
 */
static PetscErrorCode set_up(mn_marcher *m)
{
  SNES snes;
  KSP ksp;
  PC pc;
  PetscFunctionBegin;
  PetscCall(TSSetFromOptions(m->ts));
  PetscCall(TSSetUp(m->ts));
  PetscCall(TSGetSNES(m->ts, &snes));
  PetscCall(SNESSetUp(snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPGetPC(ksp, &pc));
  PetscCall(PCSetDM(pc, NULL));
  PetscFunctionReturn(0);
}

mn_error *mn_marcher_create(const mn_parallel *parallel, const mn_pde_options *o, mn_axis axis[2], mn_farfield *far,
                            mn_marcher **out)
{
  mn_marcher *m;
  MN_TRY(mn_agree(parallel, mn_alloc(out, 1, sizeof **out)));
  m = *out;
  m->error_share = o->tolerance;
  for (int a = 0; a < 2; a++) {
    m->axis[a] = axis[a];
    axis[a] = (mn_axis){0};
  }
  MN_TRY(mn_multigrid_create(parallel, m->axis, &m->grid));
  m->grid.system = &m->system;
  MN_TRY(mn_system_create(parallel, o, m->axis, m->grid.finest, far, &m->system));
  MN_PETSC(make_vectors(m));
  MN_PETSC(make_stepper(m, o));
  MN_PETSC(make_solver(m));
  SNES snes;
  KSP ksp;
  MN_PETSC(TSGetSNES(m->ts, &snes));
  MN_PETSC(SNESGetKSP(snes, &ksp));
  MN_TRY(mn_multigrid_attach(&m->grid, ksp));
  MN_PETSC(set_up(m));
  return NULL;
}

void mn_marcher_destroy(mn_marcher **marcher)
{
  mn_marcher *m = *marcher;
  if (!m) {
    return;
  }
  (void)TSDestroy(&m->ts);
  (void)MatDestroy(&m->derivative);
  (void)VecDestroy(&m->v);
  (void)VecDestroy(&m->allowed);
  mn_system_destroy(&m->system);
  mn_multigrid_destroy(&m->grid);
  mn_axis_clear(&m->axis[0]);
  mn_axis_clear(&m->axis[1]);
  mn_free(marcher);
}

/* Matrices of the state in v, and the solver set up for them, so that all its options have been read. */
static PetscErrorCode warm_up(mn_marcher *m, double t)
{
  SNES snes;
  KSP ksp;
  Mat p = m->grid.level[m->grid.levels - 1].matrix;
  PetscFunctionBegin;
  PetscCall(TSGetSNES(m->ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(jacobian(m->ts, t, m->v, NULL, 1.0, m->derivative, p, m));
  PetscCall(KSPSetOperators(ksp, m->derivative, p));
  PetscCall(KSPSetUp(ksp));
  PetscCall(KSPSetUpOnBlocks(ksp));
  PetscFunctionReturn(0);
}

mn_error *mn_marcher_warm_up(mn_marcher *m, double t)
{
  MN_PETSC(warm_up(m, t));
  return NULL;
}

/* One Newton step for c alone: without drift the linearised rho does not feel c, and stays as it is.  What is left is
 * small against the source: against what there was it need not be, c may have been good to rounding. */
static PetscErrorCode settle(mn_marcher *m, double t, KSPConvergedReason *reason)
{
  KSP ksp;
  SNES snes;
  Vec change;
  Vec right;
  PetscReal usual;
  PetscReal none;
  PetscReal source;
  PetscInt most;
  const double chi = m->system.site.chi;
  PetscFunctionBegin;
  PetscCall(TSGetSNES(m->ts, &snes));
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(VecDuplicate(m->v, &change));
  PetscCall(VecDuplicate(m->v, &right));
  PetscCall(VecSet(change, 0.0));
  PetscCall(mn_system_residual(&m->system, t, m->v, change, right));
  PetscCall(VecStrideSet(right, 0, 0.0));
  PetscCall(VecScale(right, -1.0));
  m->system.site.chi = 0.0;
  PetscCall(warm_up(m, t));
  PetscCall(KSPGetTolerances(ksp, &usual, &none, NULL, &most));
  PetscCall(VecStrideNorm(m->v, 0, NORM_2, &source));
  PetscCall(KSPSetTolerances(ksp, 1e-10, 1e-3 * m->error_share * source, PETSC_DEFAULT, most));
  PetscCall(KSPSolve(ksp, right, change));
  PetscCall(KSPGetConvergedReason(ksp, reason));
  PetscCall(KSPSetTolerances(ksp, usual, none, PETSC_DEFAULT, most));
  m->system.site.chi = chi;
  PetscCall(VecStrideSet(change, 0, 0.0));
  PetscCall(VecAXPY(m->v, 1.0, change));
  PetscCall(VecDestroy(&change));
  PetscCall(VecDestroy(&right));
  PetscFunctionReturn(0);
}

mn_error *mn_marcher_settle(mn_marcher *m, double t)
{
  KSPConvergedReason reason;
  MN_PETSC(settle(m, t, &reason));
  if (reason < 0) {
    return mn_error_create(MN_INTERNAL, "the solver does not find c for the density at time %.9g (%s)", t,
                           KSPConvergedReasons[reason]);
  }
  return NULL;
}

/* Errors of rho are measured against its peak; those of c against 1/chi, what changes rho by as much, or its own size.
 */
static PetscErrorCode set_tolerances(mn_marcher *m)
{
  PetscReal peak;
  PetscFunctionBegin;
  PetscCall(VecStrideNorm(m->v, 0, NORM_INFINITY, &peak));
  PetscCall(VecStrideSet(m->allowed, 0, m->error_share * peak));
  PetscCall(VecStrideSet(m->allowed, 1, m->error_share / fmax(m->system.site.chi, 1e-3)));
  PetscCall(TSSetTolerances(m->ts, m->error_share, m->allowed, m->error_share, NULL));
  PetscFunctionReturn(0);
}

static PetscErrorCode note_failure(mn_marcher *m, SNES snes, TSConvergedReason reason)
{
  KSP ksp;
  KSPConvergedReason why;
  PetscFunctionBegin;
  PetscCall(SNESGetKSP(snes, &ksp));
  PetscCall(KSPGetConvergedReason(ksp, &why));
  snprintf(m->failure, sizeof m->failure, "%s, last linear solve %s", TSConvergedReasons[reason],
           KSPConvergedReasons[why]);
  PetscFunctionReturn(0);
}

static PetscErrorCode step(mn_marcher *m, double *t, double *length, int64_t *rejected, bool *failed)
{
  TSConvergedReason reason;
  PetscInt tries[2];
  PetscInt its[2];
  PetscInt solves[2];
  SNES snes;
  PetscFunctionBegin;
  PetscCall(set_tolerances(m));
  PetscCall(TSGetSNES(m->ts, &snes));
  PetscCall(TSSetTime(m->ts, *t));
  PetscCall(TSSetTimeStep(m->ts, *length));
  PetscCall(TSGetStepRejections(m->ts, &tries[0]));
  PetscCall(TSGetKSPIterations(m->ts, &its[0]));
  PetscCall(TSGetSNESIterations(m->ts, &solves[0]));
  PetscCall(TSStep(m->ts));
  PetscCall(TSGetStepRejections(m->ts, &tries[1]));
  PetscCall(TSGetKSPIterations(m->ts, &its[1]));
  PetscCall(TSGetSNESIterations(m->ts, &solves[1]));
  PetscCall(TSGetTime(m->ts, t));
  PetscCall(TSGetTimeStep(m->ts, length));
  PetscCall(TSGetConvergedReason(m->ts, &reason));
  *rejected += tries[1] - tries[0];
  *failed = reason < 0;
  if (*failed) {
    PetscCall(note_failure(m, snes, reason));
  }
  m->iterations += its[1] - its[0];
  m->solves += solves[1] - solves[0];
  PetscFunctionReturn(0);
}

mn_error *mn_marcher_step(mn_marcher *m, double *t, double *length, int64_t *rejected, bool *failed)
{
  MN_PETSC(step(m, t, length, rejected, failed));
  return NULL;
}
