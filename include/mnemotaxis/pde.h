/** @file pde.h  The continuum equation in the plane: theory.md (6), solved by finite differences and PETSc.
 *
 *     d_t rho = lap rho - chi div(rho grad c),     theta d_t c = lap c - lambda c + rho,    unit mass
 *
 * An independent witness for the particles: nothing here knows of paths.  theta = 0 makes c the solution of
 * lap c - lambda c = -rho at every moment.  The plane is a box without flux of cells through its border, around which c
 * is known from the moments of the cells.  Mesh, box and steps are chosen from the case and the tolerance; the mesh is
 * made anew when the fields have become sharper than it can show.
 */
#ifndef MNEMOTAXIS_PDE_H
#define MNEMOTAXIS_PDE_H

#include <mnemotaxis/initial.h>
#include <mnemotaxis/observe.h>
#include <mnemotaxis/plane.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Sources and border values of a manufactured solution, instead of those of the equation. */
typedef struct mn_forcing {
  void (*source)(void *context, double t, double x, double y, double source[2]); /**< added to both right sides */
  double (*border)(void *context, double t, double x, double y);                 /**< c outside the box */
  void *context;
} mn_forcing;

/** A case and how it is to be solved. */
typedef struct mn_pde_options {
  mn_model model;            /**< theta >= 0; regularization and quadrature are not used */
  mn_initial initial;        /**< the law of rho at time 0 */
  int64_t points;            /**< for MN_INITIAL_FILE */
  const double *point;       /**< [points, 2], the same on every rank */
  double smoothing;          /**< deviation of a Gaussian the law is convolved with; 0: none */
  mn_field field;            /**< c at time 0 (theta > 0) */
  double end;                /**< the box is made for times up to this */
  double tolerance;          /**< relative error wanted in the fields */
  double half_width;         /**< of the box around the mean of the law; 0: from the case */
  int cells;                 /**< a side, fixed; 0: as many as needed, changing with the solution */
  int order;                 /**< of the scheme in space: 2 or 4 */
  bool uniform;              /**< equal cells instead of graded ones; needs `cells` */
  double step;               /**< fixed length of steps; 0: from the tolerance */
  double concentration;      /**< growth of the peak that ends a case as concentrating */
  const mn_forcing *forcing; /**< NULL but in tests of the order */
} mn_pde_options;

/** How a case goes, at the newest time. */
typedef struct mn_pde_report {
  double time;
  int64_t step;
  double next_step;        /**< length that will be tried next */
  double peak, peak_at[2]; /**< largest density and where */
  double l2;               /**< norm of the density in L2 */
  double smallest_cell;
  int cells[2];
  double first_peak;     /**< peak at time 0 */
  double edge_mass;      /**< mass in the outer eighth of the half-width, on each side */
  double moved_mass;     /**< in all, to keep the density from being negative */
  double mass_defect;    /**< largest relative defect of the mass that solver tolerances have left in a step, mended */
  double resolution;     /**< error indicator of the mesh over what the tolerance allows; > 1: not resolved */
  double relaxation;     /**< factor by which the indicator may be larger, for a law with a jump, until diffusion has
                            smoothed it; 1 */
  double trusted_time;   /**< last time at which it was at most 1 */
  int64_t concentrating; /**< 1: the case has ended so, and stays as it is */
  int64_t rejected;      /**< steps tried again */
  int64_t solves, iterations; /**< of the linear solver */
  int64_t meshes;             /**< made so far */
} mn_pde_report;

typedef enum mn_pde_outcome {
  MN_PDE_GOES_ON,
  MN_PDE_CONCENTRATING /**< the density becomes too concentrated for any mesh allowed: a blow-up, as far as one can see
                        */
} mn_pde_outcome;

/** A case in progress. */
typedef struct mn_pde mn_pde;

/** What a case must remember to go on: with options the whole state. */
typedef struct mn_pde_state {
  mn_plane plane;
  mn_pde_report report;
  int64_t moments; /**< rows of `moment` */
  double *moment;  /**< [moments, 6] time, mean x y, covariance xx xy yy: the past as seen from far away */
} mn_pde_state;

/** Refuses (MN_USAGE) a law that has no density.  Local. */
mn_error *mn_pde_check(const mn_pde_options *options) MN_MUST_CHECK;

/** Sets a case up at time 0.  Collective.
 * Fails: MN_USAGE for a law without density, a box that is too small, a mesh that is too coarse for the law. */
mn_error *mn_pde_create(const mn_parallel *parallel, const mn_pde_options *options, mn_pde **pde) MN_MUST_CHECK;

/** Goes on from a state.  Collective. */
mn_error *mn_pde_restore(const mn_parallel *parallel, const mn_pde_options *options, const mn_pde_state *state,
                         mn_pde **pde) MN_MUST_CHECK;

/** Releases everything.  Collective. */
void mn_pde_destroy(mn_pde **pde);

/** Takes one step, not beyond `until`.  Collective.
 * Accuracy: order 3 in time (2 at theta = 0 where the border moves), steps such that the error of each is below
 * tolerance (peak + rho) in rho and tolerance (1/chi + |c|) in c, everywhere.  A case that already is at `until` stays
 * as it is. Fails: MN_INTERNAL when no step is short enough though the density has not grown tenfold; MN_USAGE when the
 * mesh would need more memory than there is. */
mn_error *mn_pde_advance(mn_pde *pde, double until, mn_pde_outcome *outcome) MN_MUST_CHECK;

/** How it goes.  Local; the same on all ranks. */
const mn_pde_report *mn_pde_now(const mn_pde *pde);

/** The fields on the whole mesh.  Collective.  Release with mn_plane_clear. */
mn_error *mn_pde_plane(mn_pde *pde, mn_plane *plane) MN_MUST_CHECK;

/** The observables of a density that has no cells; what needs cells is NaN.  Local.
 * @param first_square  E|X_0|^2 of the case, for MN_PULL
 * @param radii         [MN_SHARES] */
mn_error *mn_pde_observe(const mn_pde_options *options, const mn_plane *plane, const mn_pde_report *report,
                         double first_square, const double radii[MN_SHARES], mn_observation *out) MN_MUST_CHECK;

/** E|X_0|^2 of the law a case starts from, smoothing included.  Local. */
double mn_pde_first_square(const mn_pde_options *options);

/** A copy of all there is to remember.  Collective.  Release with mn_pde_state_clear. */
mn_error *mn_pde_save(mn_pde *pde, mn_pde_state *state) MN_MUST_CHECK;
void mn_pde_state_clear(mn_pde_state *state);

#ifdef __cplusplus
}
#endif
#endif
