/* Options and failures of PETSc as a user meets them.  One process starts it once, so what is tested depends on the
 * first option given; all of them are given at once. */
#include "check.h"

#include <mnemotaxis/pde.h>
#include <mnemotaxis/solver.h>
#include <petscsys.h>
#include <string.h>

/* A small case. */
static mn_pde_options small(void)
{
  return (mn_pde_options){.model = {.theta = 1.0, .chi = 3.0},
                          .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0},
                          .end = 0.1,
                          .tolerance = 1e-2,
                          .order = 4,
                          .concentration = 1e6};
}

static int start_solver(void **state)
{
  (void)state;
  char text[][24] = {"test_solver", "-ksp_rtol", "1e-9", "-log_view_memory"};
  char *argument[] = {text[0], text[1], text[2], text[3], NULL};
  check_ok(mn_solver_start(check_world(), 4, argument));
  return 0;
}

static int end_solver(void **state)
{
  (void)state;
  mn_solver_end();
  return 0;
}

/* Sets an option for the cases after this, as if it had been given at the start. */
static void set_option(const char *name, const char *value)
{
  assert_int_equal(PetscOptionsSetValue(NULL, name, value), 0);
}

static void clear_option(const char *name)
{
  assert_int_equal(PetscOptionsClearValue(NULL, name), 0);
}

/* Iterations of a case of one step. */
static double effort(void)
{
  mn_pde_options o = small();
  mn_pde *pde;
  mn_pde_outcome outcome;
  check_ok(mn_pde_create(check_world(), &o, &pde));
  check_ok(mn_pde_advance(pde, o.end, &outcome));
  const double found = (double)mn_pde_now(pde)->iterations;
  mn_pde_destroy(&pde);
  return found;
}

static void options_of_the_solver_pass_and_act(void **state)
{
  (void)state;
  const double sharp = effort();
  check_ok(mn_solver_check_options(check_world()));
  set_option("-ksp_rtol", "1e-2");
  const double blunt = effort();
  clear_option("-ksp_rtol");
  check_ok(mn_solver_check_options(check_world()));
  check_at_most(blunt, 0.5 * sharp, "a factor of 1e7 in the residual");
}

static void an_option_nobody_knows_is_refused_by_name(void **state)
{
  (void)state;
  set_option("-ksp_rtoll", "3");
  (void)effort();
  check_refused(mn_solver_check_options(check_world()), MN_USAGE, "-ksp_rtoll");
  clear_option("-ksp_rtoll");
  check_ok(mn_solver_check_options(check_world()));
}

/* The failure happens while a mesh is set up; nothing may be left behind, and the next case must work. */
static void a_failure_of_the_library_becomes_a_sentence(void **state)
{
  (void)state;
  const mn_pde_options o = small();
  mn_pde *pde;
  set_option("-ksp_type", "nonsense");
  check_refused(mn_pde_create(check_world(), &o, &pde), MN_USAGE, "nonsense"); /* it was the user who named it */
  assert_null(pde);
  assert_non_null(strstr(mn_solver_trace(), "KSPSetType"));
  clear_option("-ksp_type");
  assert_true(effort() > 0.0);
}

MN_TESTS("solver", cmocka_unit_test_setup(options_of_the_solver_pass_and_act, start_solver),
         cmocka_unit_test(an_option_nobody_knows_is_refused_by_name),
         cmocka_unit_test_teardown(a_failure_of_the_library_becomes_a_sentence, end_solver));
