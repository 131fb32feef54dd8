/** @file profile.h  The present: the force of the newest sample, and its table.
 *
 * Over the lags [0, window] only the newest sample X_n of the source is known.  Its profile is
 * theory.md (7), or, averaged over the Brownian motion of the step ahead (relative variance 4u per
 * coordinate after u, 0 < u < ahead), theory.md (9).
 */
#ifndef MNEMOTAXIS_PROFILE_H
#define MNEMOTAXIS_PROFILE_H

#include <mnemotaxis/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Which present force: window > 0 is the length of the newest interval; ahead >= 0 that of the step
 * it is averaged over, 0 for the un-averaged force. */
typedef struct mn_present {
  double window;
  double ahead;
} mn_present;

/** Profile f(r2) of the present, r2 > 0.  Local.
 * Accuracy: relative 1e-13 of its envelope; with lambda > 0 by quadrature in the lag, 1e-12.
 * Source: theory.md (7), (9), (10); test_profile. */
double mn_present_profile(const mn_model *model, const mn_present *present, double r2);

/** Chemical left at distance sqrt(r2) > 0 by the newest sample over the present window; theory.md (11).
 * Local. */
double mn_present_value(const mn_model *model, double window, double r2);

enum {
  MN_TABLE_OCTAVES = 48, /**< of r2 */
  MN_TABLE_CELLS = 32,   /**< per octave */
  MN_TABLE_TERMS = 6     /**< polynomial coefficients per cell */
};

/** A profile as a piecewise polynomial in r2, cells equally wide within an octave.  Below r2_min the profile is held
 * constant, from r2_reach on it is 0. */
typedef struct mn_table {
  double r2_min;
  double r2_reach;
  double term[MN_TABLE_OCTAVES * MN_TABLE_CELLS][MN_TABLE_TERMS];
} mn_table;

/** A profile f(r2), r2 > 0. */
typedef double mn_profile(const void *context, double r2);

/** Tabulates any profile that is smooth on every octave of r2, from that of r2_least on, MN_TABLE_OCTAVES at most (down
 * to distances of 6e-8 of the range); beyond r2_reach it is taken for 0.  Local.
 * Accuracy: 1e-12 of the largest value on an octave.  Cost: 24 evaluations of the profile an octave, and 0.2 ms. */
void mn_table_sample(mn_table *table, mn_profile *profile, const void *context, double r2_least, double r2_reach);

/** Value of the table at r2 < r2_reach.  Local.  Cost: about 3 ns. */
double mn_table_value(const mn_table *table, double r2);

/** Tabulates the present profile.  Local.
 * @param tolerance  what is below tolerance/1000 of the Coulomb force is cut off; at least 1e-20
 * Accuracy: besides that 1e-12 of the larger of f(r2) and its power-law envelope, with decay 3 f(r2/2).
 * Cost: about 1200 evaluations of the profile. */
void mn_table_fill(mn_table *table, const mn_model *model, const mn_present *present, double tolerance);

/** Sums -f(|R|^2) R over sources, for one target.  Local.
 * @param n     sources
 * @param x,y   [n] source positions
 * @param skip  index of a source to leave out (the target itself), or -1
 * @param sum   [2] is added to
 * Cost: about 0.6 ns a pair out of reach and 3 ns one within.  The order of the sum depends on the positions alone. */
void mn_table_sum(const mn_table *table, int n, const double *x, const double *y, double target_x, double target_y,
                  int skip, double sum[2]);

#ifdef __cplusplus
}
#endif
#endif
