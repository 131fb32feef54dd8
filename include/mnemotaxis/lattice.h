/** @file lattice.h  Meshes whose nodes are multiples of their spacing, and what carries values between points and
 * meshes and from mesh to mesh.
 *
 * All meshes of a system lie on one lattice: the spacing of a coarse mesh is a multiple of that of the next finer one,
 * so that its nodes are nodes of the finer one.  Points and meshes are joined by windows (window.h); what two windows
 * do to a mode is known exactly and undone there, so all functions here are plain weighted sums, and going to a mesh is
 * the transpose of coming from it.
 */
#ifndef MNEMOTAXIS_LATTICE_H
#define MNEMOTAXIS_LATTICE_H

#include <mnemotaxis/rows.h>
#include <mnemotaxis/window.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Phase from node to node at which modes end, and up to which windows are chosen: beyond, what is left of a mode is so
 * little that a larger error of it does not count. */
#define MN_PHASE_END 2.19911485751285527    /* 0.7 pi */
#define MN_PHASE_WINDOW 1.57079632679489662 /* pi/2 */

enum {
  MN_RATIO_MAX = 16,  /**< between the spacings of neighbouring meshes */
  MN_LATTICE_PAD = 16 /**< numbers beyond the end of a mesh that points are spread on or read from */
};

/** A rectangle of nodes (first[0] + i, first[1] + j) x spacing, 0 <= i < nodes[0], 0 <= j < nodes[1]. */
typedef struct mn_lattice {
  double spacing;
  int64_t first[2];
  int64_t nodes[2];
} mn_lattice;

/** Scale of fixed-point sums of `count` unit masses: 2^(61 - ceil(log2 count)), at most 2^50.  Local. */
double mn_lattice_scale(int64_t count);

/** Adds unit masses to the mesh as fixed-point numbers.  Local.
 * @param points  [n, 2] points whose windows lie inside the mesh and the rows given
 * @param rows    which rows `values` holds
 * @param values  [rows, nodes[0]] + MN_LATTICE_PAD; weights times `scale`, rounded, are added
 * Cost: about 10 ns a point for 4 nodes, 30 for 8 (bench_spectral). */
void mn_lattice_spread(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points, double scale,
                       mn_range rows, int64_t *values);

/** Weighted sums of a field of two components around points.  Local.
 * @param field  [rows, nodes[0], 2] + 2 MN_LATTICE_PAD
 * @param out    [n, 2] is added to */
void mn_lattice_interpolate(const mn_lattice *mesh, const mn_window *window, int64_t n, const double *points,
                            mn_range rows, const double *field, double *out);

/** What joins a mesh to a coarser one: weights of coarse nodes by phase of the fine node. */
typedef struct mn_resampling {
  int ratio;        /**< coarse spacing / fine spacing */
  int width;        /**< 1: meshes of the same spacing, values are copied */
  mn_range part[2]; /**< fine columns and rows that take part, within the fine mesh; all at first */
  double weight[MN_RATIO_MAX][MN_WINDOW_MAX];
  int64_t first[MN_RATIO_MAX]; /**< first coarse node touched by the fine node of that phase, from its quotient */
} mn_resampling;

/** Prepares going between meshes.  Local.
 * @param ratio   1 <= ratio <= MN_RATIO_MAX
 * @param window  its unit is the coarse spacing; NULL: the ratio is 1, a mesh is cut or continued */
void mn_resampling_make(int ratio, const mn_window *window, const mn_lattice *fine, mn_resampling *resampling);

/** Coarse columns (axis 0) or rows (1) outside of which no node meets a fine one that takes part.  Local. */
mn_range mn_resampling_meets(const mn_resampling *resampling, int axis, const mn_lattice *fine,
                             const mn_lattice *coarse);

/** Work space of going between meshes; all zero at first, kept from call to call. */
typedef struct mn_resampling_work {
  double *narrow, *fetched, *side;
  int64_t narrow_room, fetched_room, side_room;
} mn_resampling_work;

/** Releases it.  Local. */
void mn_resampling_clear(mn_resampling_work *work);

/** Coarse values from fine ones: sums of fine values weighted by the window.  Collective.
 * What takes no part counts as 0; what lies so far outside that its window leaves the coarse mesh is left out.
 * @param from,fine  mesh, [own rows, from->nodes[0]]; rows owned as `fine_owner` says
 * @param to,coarse  mesh, [own rows, to->nodes[0]]: own rows of mn_resampling_meets are overwritten, others, where all
 *                   would be 0, are left alone; rows owned as `coarse_owner` says
 * Cost: width multiplications per fine value, twice; fetches rows of to->nodes[0] doubles.  Width 1: fetches fine rows
 * and copies. */
mn_error *mn_lattice_coarsen(const mn_parallel *parallel, const mn_resampling *resampling, mn_resampling_work *work,
                             const mn_lattice *from, const mn_shares *fine_owner, const double *fine,
                             const mn_lattice *to, const mn_shares *coarse_owner, double *coarse) MN_MUST_CHECK;

/** Coarse values on their way to a finer mesh; read-only for users. */
typedef struct mn_refinement {
  mn_resampling resampling;
  mn_resampling_work *work;
  mn_lattice coarse, fine;
  const double *rows; /**< coarse ones that this rank's fine ones meet */
  mn_range have;      /**< which */
  mn_range nodes;     /**< fine columns that are added to */
} mn_refinement;

/** The transpose, for fields of two components: brings the coarse rows that own fine ones meet.  Collective.
 * @param from,coarse  mesh, [own rows, from->nodes[0], 2]
 * @param to           the fine mesh, its rows owned as `fine_owner` says
 * @param refinement   good for as long as `work` and `coarse` are not used for anything else */
mn_error *mn_refinement_begin(const mn_parallel *parallel, const mn_resampling *resampling, mn_resampling_work *work,
                              const mn_lattice *from, const mn_shares *coarse_owner, const double *coarse,
                              const mn_lattice *to, const mn_shares *fine_owner,
                              mn_refinement *refinement) MN_MUST_CHECK;

/** Adds to the values of an own fine row that take part the coarse ones around them.  Local.
 * @param refinement  a mn_refinement, so that this serves a mn_row_adder */
void mn_refinement_add(const void *refinement, int64_t row, double *values);

#ifdef __cplusplus
}
#endif
#endif
