/** @file quadrature.h  The memory quadrature: what one past sample contributes, as a sum of Gaussians.
 *
 * Seen from now, a past sample stands for one or two lag intervals (theory.md, section 3).  Its profile
 *
 *     f(r2) = sum_k share_k int_{lags} profile of grad K_{tau + s} exp(-lambda tau/theta) dtau
 *           = int exp(-c r2) dm(c),   c = theta/(4 (tau + s)),  dm = share exp(-lambda tau/theta) dc/(2 pi)
 *
 * is replaced by a Gauss rule for the measure m: f(r2) ~ sum_q weight_q exp(-rate_q r2), with as few
 * nodes as the tolerance allows: one for old lags, two for younger ones, Gauss-Legendre panels for the youngest.
 */
#ifndef MNEMOTAXIS_QUADRATURE_H
#define MNEMOTAXIS_QUADRATURE_H

#include <mnemotaxis/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_GAUSSIANS_MAX = 128 };

/** f(r2) = sum over k < count of weight[k] exp(-rate[k] r2). */
typedef struct mn_gaussians {
  int count;
  double weight[MN_GAUSSIANS_MAX]; /**< 1/length^2 */
  double rate[MN_GAUSSIANS_MAX];   /**< 1/length^2, > 0 */
} mn_gaussians;

/** One interval between two consecutive samples, as seen from now. */
typedef struct mn_interval {
  double younger; /**< lag of its younger end, > 0 (0 is the present: see profile.h) */
  double older;   /**< lag of its older end, > younger */
  double share;   /**< 1/2 for either end of a bridge, 1 for the younger end when frozen */
} mn_interval;

/** The intervals a past sample stands for.  Local.
 * @param times   [samples + 1], ascending: the times of the kept past samples, then now
 * @param k       which sample, 0 <= k < samples
 * @param out     receives the intervals
 * @returns how many: 0, 1 or 2 (the interval before the oldest kept sample counts as forgotten, and
 *          the present interval belongs to the newest sample, which is not one of these) */
int mn_quadrature_intervals(mn_quadrature kind, const double *times, int samples, int k, mn_interval out[2]);

/** Gauss rule for the intervals of one sample.  Local.
 * @param tolerance  largest error of r f(r2) over all r, relative to its largest value
 * Accuracy: the a-priori bound of theory.md (14), confirmed by test_quadrature against long double.
 * Cost: about 0.1 us when one or two nodes are enough. */
void mn_quadrature_rule(const mn_model *model, double tolerance, int count, const mn_interval *intervals,
                        mn_gaussians *rule);

/** Evaluates a rule.  Local. */
double mn_gaussians_profile(const mn_gaussians *rule, double r2);

/** Nodes and weights of the n-point Gauss-Legendre rule on [-1, 1], n <= 16.  Local.
 * Accuracy: 4e-16. */
void mn_gauss_legendre(int n, double *nodes, double *weights);

#ifdef __cplusplus
}
#endif
#endif
