/** @file laws.h  Exact laws of the particle system, to compare runs with.  docs/theory.md, section 6. */
#ifndef MNEMOTAXIS_LAWS_H
#define MNEMOTAXIS_LAWS_H

#include <mnemotaxis/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the chemical has done to E|X_t|^2 to first order in chi, for any N, from N(0, variance I) (a point
 * for variance 0), c_0 = 0, regularization 0: E|X_t|^2 = E|X_0|^2 + 4t + this + O(chi^2).  Local.
 * Accuracy: closed form for lambda = 0, otherwise quadrature, 1e-12.
 * Source: theory.md (21), (22); test_laws. */
double mn_law_pull(const mn_model *model, double variance, double t);

/** Its derivative in t.  Local. */
double mn_law_pull_rate(const mn_model *model, double variance, double t);

#ifdef __cplusplus
}
#endif
#endif
