/* measure.h  What is looked at after every step: sums over the mesh, its resolution, moments for the far field. */
#ifndef MN_CONTINUUM_MEASURE_H
#define MN_CONTINUUM_MEASURE_H

#include "marcher.h"

/* Looks at the state of a marcher.  Collective; the same values on every rank.
 * @param report     peak, peak_at, l2, smallest_cell, cells, edge_mass and resolution are set
 * @param mass       of rho
 * @param moments    of rho, for the far field
 * @param indicator  [2] arrays [2 x cells of each axis]: error indicator of each column and row, then work space */
mn_error *mn_measure(const mn_parallel *parallel, mn_marcher *marcher, double limit, mn_pde_report *report,
                     double *mass, mn_moments *moments, double *const indicator[2]) MN_MUST_CHECK;

#endif
