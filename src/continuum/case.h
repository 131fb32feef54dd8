/* case.h  The insides of a case in progress, for pde.c and transfer.c. */
#ifndef MN_CONTINUUM_CASE_H
#define MN_CONTINUUM_CASE_H

#include "marcher.h"
#include "start.h"

struct mn_pde {
  mn_parallel parallel;
  mn_pde_options options;
  mn_farfield far;
  mn_marcher *marcher;
  mn_pde_report report;
  double *indicator[2];
  double moments_written; /* time of the newest moments */
  double law_defect;      /* of the mass of the law, by the border of the box and by sampling */
};

/* A case without a mesh.  Collective. */
mn_error *mn_case_alloc(const mn_parallel *parallel, const mn_pde_options *options, mn_pde **out) MN_MUST_CHECK;

/* Replaces the mesh by one with these axes, whose ownership it takes; fields are 0.  Collective. */
mn_error *mn_case_mesh(mn_pde *pde, mn_axis axis[2]) MN_MUST_CHECK;

/* Measures the state, and notes its moments if they are newer than those noted.  Collective. */
mn_error *mn_case_look(mn_pde *pde, double *mass) MN_MUST_CHECK;

/* The cells of this rank.  Local. */
mn_patch mn_case_patch(const mn_pde *pde);

/* Sets the fields of this rank's cells; `row` is the length of a row of rho and c.  Local. */
mn_error *mn_case_fill(mn_pde *pde, const mn_patch *patch, const double *rho, const double *c,
                       int64_t row) MN_MUST_CHECK;

/* Takes over the fields of a plane with the mesh of the case.  Collective. */
mn_error *mn_case_copy(mn_pde *pde, const mn_plane *plane) MN_MUST_CHECK;

/* Takes over the fields of a plane with another mesh.  Collective. */
mn_error *mn_case_interpolate(mn_pde *pde, const mn_plane *plane) MN_MUST_CHECK;

#endif
