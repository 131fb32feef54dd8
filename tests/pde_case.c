#include "pde_case.h"

int pde_solver_start(void **state)
{
  (void)state;
  char name[] = "test";
  char *argument[] = {name, NULL};
  check_ok(mn_solver_start(check_world(), 1, argument));
  return 0;
}

int pde_solver_end(void **state)
{
  (void)state;
  mn_solver_end();
  return 0;
}

mn_pde_options pde_plain(double theta, double chi, double lambda, double end)
{
  return (mn_pde_options){.model = {.theta = theta, .chi = chi, .lambda = lambda},
                          .initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0},
                          .end = end,
                          .tolerance = 1e-3,
                          .order = 4,
                          .concentration = 1e6};
}

mn_pde *pde_created(const mn_pde_options *options)
{
  mn_pde *pde;
  check_ok(mn_pde_create(check_world(), options, &pde));
  return pde;
}

void pde_step(mn_pde *pde, double until)
{
  mn_pde_outcome outcome;
  check_ok(mn_pde_advance(pde, until, &outcome));
  assert_int_equal(outcome, MN_PDE_GOES_ON);
}

mn_pde_outcome pde_run_to(mn_pde *pde, double until)
{
  enum { MOST = 4000 /* more would be a case that does not move on */ };
  mn_pde_outcome outcome = MN_PDE_GOES_ON;
  for (int k = 0; k < MOST && mn_pde_now(pde)->time < until && outcome == MN_PDE_GOES_ON; k++) {
    check_ok(mn_pde_advance(pde, until, &outcome));
  }
  assert_true(outcome != MN_PDE_GOES_ON || mn_pde_now(pde)->time == until);
  return outcome;
}

mn_plane pde_plane_of(mn_pde *pde)
{
  mn_plane plane;
  check_ok(mn_pde_plane(pde, &plane));
  return plane;
}

mn_plane pde_finished(const mn_pde_options *options)
{
  mn_pde *pde = pde_created(options);
  assert_int_equal(pde_run_to(pde, options->end), MN_PDE_GOES_ON);
  const mn_plane plane = pde_plane_of(pde);
  mn_pde_destroy(&pde);
  return plane;
}
