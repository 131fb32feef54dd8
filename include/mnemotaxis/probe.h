/** @file probe.h  The chemical that the others have left at some of the cells, and how much it owes to chance.
 *
 * For cell i the sum over j != i of theory.md (2) and of its potential, source by source: their mean is what the cell
 * feels, their scatter says by how much it would change with other, independent, sources.
 */
#ifndef MNEMOTAXIS_PROBE_H
#define MNEMOTAXIS_PROBE_H

#include <mnemotaxis/field.h>
#include <mnemotaxis/history.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The chemical at one cell. */
typedef struct mn_probe {
  int64_t id;
  double x[2];
  double chemical;          /**< c of the others, (1/(N-1)) sum, and b_t */
  double gradient[2];       /**< its gradient */
  double chemical_error;    /**< standard error for N - 1 independent sources */
  double gradient_error[2]; /**< the same */
} mn_probe;

/** Probes `count` cells, spread evenly over the ids.  Collective; the same on every rank.
 * @param past       samples before `now` are used, later ones are not
 * @param now        a time of the run
 * @param x          [cells, 2] positions of all cells at `now`
 * @param tolerance  of the quadrature, as for the drift
 * @param probe      [count]
 * Cost: count x cells x samples / ranks exponentials; 3 doubles for each cell and each probe of the rank. */
mn_error *mn_probe_cells(const mn_parallel *parallel, const mn_model *model, const mn_field *field,
                         const mn_history *past, double tolerance, double now, const double *x, int count,
                         mn_probe *probe) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
