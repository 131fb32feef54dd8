/** @file window.h  Windows that carry points to meshes and fields back to points.
 *
 *     Kaiser-Bessel   psi(z) = I_0(beta sqrt(1 - (2z/w)^2))/I_0(beta),  |z| <= w/2,  lengths in units of the spacing
 *     spline          psi = the cardinal B-spline of order w, w/2 the half of its support
 *
 * Kaiser-Bessel is equally good for all phases up to a cutoff, and best when short waves count as much as long ones.
 * The error of splines falls like phase^w, so they are better when short waves are but the noise of many cells.
 *
 * A point at g touches the w nodes from ceil(g - w/2) on.  Its transform is known exactly, so modes are divided by
 * it; what remains are the images of the mesh, whose size mn_window_error tells.
 */
#ifndef MNEMOTAXIS_WINDOW_H
#define MNEMOTAXIS_WINDOW_H

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_WINDOW_MAX = 16, /**< nodes */ MN_WINDOW_TERMS = 20 };

typedef struct mn_window {
  int width;     /**< nodes touched in each direction */
  double beta;   /**< of Kaiser-Bessel; 0: a spline */
  double cutoff; /**< largest phase k x spacing it is meant for, < pi */
  double error;  /**< mn_window_error */
  int terms;
  /** weight of node j is sum_m term[m][j] s^m, s = 2 (ceil(g - w/2) - (g - w/2)) - 1 */
  double term[MN_WINDOW_TERMS][MN_WINDOW_MAX];
} mn_window;

/** The window of a given width for phases up to `cutoff`.  Local.
 * Accuracy: polynomials 1e-14 of psi(0), or a tenth of the window's error if that is larger. */
void mn_window_make(int width, double cutoff, mn_window *window);

/** The spline of an order, 2 <= width <= MN_WINDOW_MAX.  Local.  Accuracy: polynomials 1e-14 of psi(0). */
void mn_window_spline(int width, double cutoff, mn_window *window);

/** The narrowest Kaiser-Bessel window whose error is at most `error`, or the widest there is.  Local. */
void mn_window_choose(double error, double cutoff, mn_window *window);

/** psi(z).  Local. */
double mn_window_value(const mn_window *window, double z);

/** int psi(z) exp(-i phase z) dz.  Local.  Accuracy: 1e-14 of that at 0. */
double mn_window_transform(const mn_window *window, double phase);

/** Root of the sum of squares over images of psi^(phase + 2 pi m)/psi^(phase): what of a wave is wrong.  Local. */
double mn_window_alias(const mn_window *window, double phase);

/** Largest mn_window_alias for |phase| <= cutoff.  Local. */
double mn_window_error(const mn_window *window);

/** Weights of the nodes first, first + 1, ... around a point.  Local.
 * @param g       position in units of the spacing
 * @param weight  [width]
 * @returns the first node */
long mn_window_weights(const mn_window *window, double g, double *weight);

#ifdef __cplusplus
}
#endif
#endif
