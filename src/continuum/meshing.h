/* meshing.h  Which box and which mesh a case needs. */
#ifndef MN_CONTINUUM_MESHING_H
#define MN_CONTINUUM_MESHING_H

#include "start.h"

#include <mnemotaxis/pde.h>

enum { MN_CELLS_MAX = 8192, MN_CELLS_MULTIPLE = 8 };

/* Share of the half-width next to the border in which mass is watched; the box is wider than needed by as much. */
#define MN_EDGE 0.125

/* Largest error indicator (measure.h) at which a mesh resolves the fields to a tolerance.  Local. */
double mn_meshing_limit(const mn_pde_options *options);

/* The box: low and high of both axes.  Local.
 * Fails: MN_USAGE when a half width that was asked for cuts off more of the law than the tolerance. */
mn_error *mn_meshing_box(const mn_pde_options *options, const mn_start *start, double low[2],
                         double high[2]) MN_MUST_CHECK;

/* Axes for the start of a case.  Local. */
mn_error *mn_meshing_start(const mn_pde_options *options, const mn_start *start, mn_axis axis[2]) MN_MUST_CHECK;

/* About how many cells the axes that mn_meshing_again makes will have in all, at least: gradual growth adds some.
 * Local.
 */
double mn_meshing_estimate(const mn_pde_options *options, const mn_axis now[2], double *const indicator[2],
                           double reserve);

/* Axes in the same box that resolve fields again that need it.  Local.
 * @param indicator  [2] arrays [cells] for the x and the y axis */
mn_error *mn_meshing_again(const mn_pde_options *options, const mn_axis now[2], double *const indicator[2],
                           double reserve, mn_axis axis[2]) MN_MUST_CHECK;

#endif
