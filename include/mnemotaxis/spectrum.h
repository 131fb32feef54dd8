/** @file spectrum.h  A mesh and its modes: deposits to modes, modes to the gradient of a field.
 *
 * Masses come to the mesh through one or more windows, and fields leave it through the same ones; a *damping* is what
 * they do to a mode.  A deposit becomes modes mu(k) = sum_j exp(-i k.(X^j - origin)), the origin being node (0, 0);
 * modes C(k) of a field become its gradient on the nodes, so sharpened that the way back through the windows gives the
 * gradient at points.
 */
#ifndef MNEMOTAXIS_SPECTRUM_H
#define MNEMOTAXIS_SPECTRUM_H

#include <mnemotaxis/lattice.h>
#include <mnemotaxis/transform.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Wave numbers of the modes of this rank and the meshes of its rows; read-only for users. */
typedef struct mn_spectrum {
  mn_parallel parallel;
  mn_lattice mesh;
  mn_shares rows;    /**< owners of the rows of the mesh */
  int64_t row_count; /**< own rows */
  int64_t kx_begin;  /**< first own column; its wave number is kx[0] */
  int64_t kx_count;  /**< own columns */
  double *kx;        /**< [kx_count] 1/length */
  int64_t ky_count;  /**< modes of a column, 2 n + 1: wave numbers 0, ..., n, -n, ..., -1 times a unit */
  double *ky;        /**< [ky_count] 1/length */
  mn_transform *transform;
  double *modes;  /**< [ky_count, 2] work space */
  double *whole;  /**< [nodes[1], 2] work space: all modes of a column */
  double *padded; /**< [nodes[1], 2] work space: 0 where modes are cut off */
  double *weight; /**< [ky_count] work space */
} mn_spectrum;

/** What undoes the windows between points and a mesh: mode (c, j) is multiplied by x[c] y[j]. */
typedef struct mn_damping {
  double *x; /**< [kx_count] */
  double *y; /**< [ky_count] */
} mn_damping;

/** Prepares the modes |kx|, |ky| <= cutoff of a mesh, but for those of alternating signs.  Collective.
 * @param single  transforms in float: an error of some 1e-7 of the rms of all modes or values (test_spectrum) */
mn_error *mn_spectrum_create(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double cutoff,
                             bool single, mn_spectrum **spectrum) MN_MUST_CHECK;

/** Prepares the modes |kx|, |ky| <= cutoff of the same box on a mesh `ratio` times as coarse, whose nodes are some of
 * those of the fine one, at multiples of its own spacing.  Ranks own what they own of the fine modes.  Collective.
 * @param ratio  divides the nodes of the fine mesh so that even numbers are left */
mn_error *mn_spectrum_create_thin(const mn_spectrum *fine, int ratio, double cutoff, bool single,
                                  mn_spectrum **thin) MN_MUST_CHECK;

/** The modes of a thin spectrum, of the same field.  Local.
 * @param modes  [mn_spectrum_size(fine)]
 * @param out    [mn_spectrum_size(thin)] */
void mn_spectrum_thin(const mn_spectrum *fine, const double *modes, const mn_spectrum *thin, double *out);

/** Releases it; NULL is allowed.  Local. */
void mn_spectrum_destroy(mn_spectrum **spectrum);

/** The damping of one window, whose unit is `spacing`.  Local.  To be released by mn_damping_clear. */
mn_error *mn_damping_make(const mn_spectrum *spectrum, const mn_window *window, double spacing,
                          mn_damping *damping) MN_MUST_CHECK;

/** Undoes another window too.  Local. */
void mn_damping_add(const mn_spectrum *spectrum, const mn_window *window, double spacing, mn_damping *damping);

/** Releases it.  Local. */
void mn_damping_clear(mn_damping *damping);

/** All rows of the mesh.  Local. */
mn_range mn_spectrum_all(const mn_spectrum *spectrum);

/** Numbers (real and imaginary parts) in a set of modes of this rank.  Local. */
int64_t mn_spectrum_size(const mn_spectrum *spectrum);

/** Modes of a deposit.  Collective.
 * @param filled   rows of the mesh outside of which there is nothing
 * @param deposit  [own rows, nodes[0]]; rows outside are not read
 * @param factor   a number all modes are multiplied by
 * @param damping  what the windows on the way have done; NULL: none
 * @param modes    [kx_count, ky_count, 2] receives them */
void mn_spectrum_modes(mn_spectrum *spectrum, mn_range filled, const double *deposit, double factor,
                       const mn_damping *damping, double *modes);

/** The field itself on the nodes, without sharpening.  Collective.
 * @param modes   [kx_count, ky_count, 2]
 * @param values  [own rows, nodes[0]]; must have room for twice as many */
void mn_spectrum_values(mn_spectrum *spectrum, const double *modes, double *values);

/** The gradient on the nodes, sharpened.  Collective.
 * @param damping  what the windows on the way to the points will do; NULL: none
 * @param wanted   rows of the mesh; others are not written
 * @param more     is added to every row that is wanted
 * @param field    [own rows, nodes[0], 2] */
void mn_spectrum_gradient(mn_spectrum *spectrum, const double *modes, const mn_damping *damping, mn_range wanted,
                          mn_row_adder more, double *field);

/** The gradient of a deposit convolved with a symbol: as mn_spectrum_modes and mn_spectrum_gradient with the same
 * windows, but the modes are nowhere stored.  Collective.
 * @param symbol  [kx_count, ky_count] */
void mn_spectrum_convolve(mn_spectrum *spectrum, const double *deposit, const double *symbol, const mn_damping *damping,
                          mn_row_adder more, double *field);

#ifdef __cplusplus
}
#endif
#endif
