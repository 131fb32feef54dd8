/** @file axis.h  One axis of a tensor mesh whose cells are graded smoothly: where they lie and how wide they are.
 *
 * The mesh is the image of unit cells under a smooth map X(xi).  Its density of cells is
 *
 *     dxi/dx = ( sum_k (s_k^2 + g^2 (x - x_k)^2)^(-4) )^(1/8)                                         (23)
 *
 * for wishes "cells of width s_k at x_k": the largest of all wishes, smoothed, with widths that grow by
 * about g per cell away from them.  High order needs the map, not the widths, to be smooth.
 */
#ifndef MNEMOTAXIS_AXIS_H
#define MNEMOTAXIS_AXIS_H

#include <mnemotaxis/error.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_GHOSTS = 2 /**< centres known beyond either end */ };

/** A wish: cells of width `spacing` around `at`. */
typedef struct mn_wish {
  double at;
  double spacing; /**< > 0 */
} mn_wish;

/** Cells 0 .. cells - 1 from `low` to `high`. */
typedef struct mn_axis {
  int cells;
  double low, high;
  double *x;     /**< [-MN_GHOSTS .. cells + MN_GHOSTS - 1] centres: X at half-integers */
  double *width; /**< the same range: X' there */
} mn_axis;

/** Makes an axis.  Local.
 * @param wish      [wishes]
 * @param growth    g in (0, 1)
 * @param cells     0: as many as the wishes need, rounded up to a multiple of `multiple`; otherwise that many, and
 *                  the wishes decide only how they are shared
 * Fails: MN_USAGE when more than `most` cells would be needed. */
mn_error *mn_axis_make(double low, double high, int wishes, const mn_wish *wish, double growth, int cells, int multiple,
                       int most, mn_axis *axis) MN_MUST_CHECK;

/** Room for an axis whose centres and widths are known, to be filled by the caller.  Local. */
mn_error *mn_axis_alloc(int cells, double low, double high, mn_axis *axis) MN_MUST_CHECK;

/** Releases the arrays.  Local. */
void mn_axis_clear(mn_axis *axis);

/** How many of ascending numbers are at or below z.  Local.  @param ascending  [count] */
int mn_axis_below(int count, const double *ascending, double z);

/** Smallest width.  Local. */
double mn_axis_smallest(const mn_axis *axis);

#ifdef __cplusplus
}
#endif
#endif
