/** @file trail.h  The own paths of a rank's cells, thinned with age.
 *
 * A field of all cells holds the cell's own trail too, and the system excludes it.  Taking it out needs the past
 * positions of the cell itself, but what the trail does to its own cell falls like 1/(N sqrt(age)): for many cells few
 * samples are enough, the older the fewer, and none beyond some age.
 */
#ifndef MNEMOTAXIS_TRAIL_H
#define MNEMOTAXIS_TRAIL_H

#include <mnemotaxis/kernel.h>
#include <mnemotaxis/parallel.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Samples of the own past; read-only for users. */
typedef struct mn_trail {
  mn_block block;
  int samples;
  int room;
  double *times; /**< [room], ascending */
  double *felt;  /**< [room] rms force on the own cells for every unit of time a sample stands for, in units of one
                      source, when it was measured last (own_path.h); INFINITY: never */
  double **x;    /**< [room] of them `samples` hold positions [local cells, 2]; later ones may be reused */
} mn_trail;

/** An empty trail of the cells of a block.  Local. */
void mn_trail_begin(mn_block block, mn_trail *trail);

/** Releases it.  Local. */
void mn_trail_clear(mn_trail *trail);

/** Appends a sample.  Local.  @param mine  [local cells, 2], or NULL: to be filled in by the caller */
mn_error *mn_trail_append(mn_trail *trail, double time, const double *mine) MN_MUST_CHECK;

/** Drops samples whose absence changes the force of a trail on its own cell, in units of one source, by a few times
 * `allowed`, rms, all together (test_trail: at most 4 for Brownian cells); the newest is kept.  theory.md (30).
 * Local: the same on all ranks if `felt` is.
 * @param now    at least the time of the newest sample
 * @param whole  age below which nothing is dropped */
void mn_trail_thin(mn_trail *trail, const mn_model *model, double now, double whole, double allowed);

/** How many samples thinning will keep of a trail of that age, of equal steps, if nothing is measured of how it is
 * felt: for planning, within a factor of 1.5 (test_trail).  Local.  Cost: a microsecond for ten of them. */
int64_t mn_trail_expected(const mn_model *model, double step, double age, double whole, double allowed);

#ifdef __cplusplus
}
#endif
#endif
