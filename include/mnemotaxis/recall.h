/** @file recall.h  A walk through the remembered past, sample by sample, each as Gaussians of its lag.
 *
 * What engines, pictures and probes have in common: decode a sample once, know its quadrature, do something with all
 * its positions.
 */
#ifndef MNEMOTAXIS_RECALL_H
#define MNEMOTAXIS_RECALL_H

#include <mnemotaxis/history.h>
#include <mnemotaxis/quadrature.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Work space of walks; all zero at first, kept from walk to walk. */
typedef struct mn_recall {
  int samples;   /**< older than now */
  int room;      /**< of times */
  double *times; /**< [samples + 1], the last is now */
  int64_t *q;    /**< [cells, 2] positions of the sample in hand, in units of the visitor's `unit` */
} mn_recall;

/** Called for the samples, oldest first; its positions are unit * q. */
typedef void mn_recall_visitor(void *context, const mn_gaussians *rule, double unit, const int64_t *q);

/** Looks which samples are older than `now`.  Local. */
mn_error *mn_recall_prepare(mn_recall *recall, const mn_history *past, double now) MN_MUST_CHECK;

/** Time since the newest sample; there must be one.  Local. */
double mn_recall_window(const mn_recall *recall);

/** Visits the samples that were found.  Local.
 * @param tolerance  of the quadrature, theory.md (14); samples older than mn_kernel_memory are not visited */
void mn_recall_walk(mn_recall *recall, const mn_history *past, const mn_model *model, double tolerance,
                    mn_recall_visitor *visit, void *context);

/** Releases the work space.  Local. */
void mn_recall_clear(mn_recall *recall);

#ifdef __cplusplus
}
#endif
#endif
