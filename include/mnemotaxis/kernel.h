/** @file kernel.h  The chemical's heat kernel and its closed forms.  docs/theory.md, equations (1)-(8).
 *
 * Pure mathematics: no MPI, no allocation, no input or output.  Lengths, times and masses are
 * dimensionless.  A *profile* is a function f(r2) of the squared distance such that the contribution
 * to the drift is -f(|R|^2) R: positive profiles attract.
 */
#ifndef MNEMOTAXIS_KERNEL_H
#define MNEMOTAXIS_KERNEL_H

#ifdef __cplusplus
extern "C" {
#endif

/** How the path of a source between its samples is treated (theory.md, section 2). */
typedef enum mn_quadrature {
  MN_BRIDGE, /**< conditional mean of Brownian paths given the samples: the default */
  MN_FROZEN  /**< the path stays at its younger sample: the textbook rule, wrong by O(1) at short range */
} mn_quadrature;

/** The system of theory.md (1)-(5). */
typedef struct mn_model {
  double theta;          /**< ratio of the diffusion times, > 0 */
  double chi;            /**< sensitivity, >= 0 */
  double lambda;         /**< decay of the chemical, >= 0 */
  double regularization; /**< eps >= 0: the kernel is smeared by variance 2 eps/theta per coordinate */
  mn_quadrature quadrature;
} mn_model;

/** K_tau at squared distance r2, theory.md (3).  Local. */
double mn_kernel_value(const mn_model *model, double tau, double r2);

/** Profile of grad K_tau, theory.md (4).  Local. */
double mn_kernel_profile(const mn_model *model, double tau, double r2);

/** Shift s of the lag in the Gaussian for an interval of length `step` between two samples: theta
 * step/6 for the bridge, 0 when frozen, plus the regularization.  theory.md (8).  Local. */
double mn_kernel_shift(const mn_model *model, double step);

/** Exponential integral E_1(x), x > 0.
 * Accuracy: relative 2e-15 (test_kernel compares with quadrature in long double).  Local. */
double mn_exponential_integral(double x);

/** Mass of chemical that a unit source has left over lags [a, b], decay included; theory.md (18).  Local. */
double mn_kernel_mass(const mn_model *model, double a, double b);

/** Upper bound of |sum of grad K over all lags >= age| at any distance, per unit mean source:
 * sup_r (1 - exp(-theta r^2/(4 age)))/(2 pi r) exp(-lambda age/theta) = 0.05078 sqrt(theta/age) ...;
 * what forgetting the past beyond `age` can cost the drift divided by chi.  theory.md (16).  Local. */
double mn_kernel_tail(const mn_model *model, double age);

/** Lag after which decay has left exp(-45) = 3e-20 of what there was; INFINITY without decay.  Local. */
double mn_kernel_memory(const mn_model *model);

#ifdef __cplusplus
}
#endif
#endif
