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
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Samples of the own past; read-only for users.
 *
 * Coordinates are in fixed point: a multiple of `unit` from an origin, in 32 bits, and where that is not fine enough
 * what it leaves, in units of 2^-30 unit, in 32 more. */
typedef struct mn_trail {
  mn_block block;
  double origin[2]; /**< the middle of the first region */
  double unit;      /**< a power of two; 0: no region yet */
  int words;        /**< of a coordinate, 1 or 2 */
  int samples;
  int room;
  double *times; /**< [room], ascending */
  double *felt;  /**< [room] rms force on the own cells for every unit of time a sample stands for, in units of one
                      source, when it was measured last (own_path.h); INFINITY: never */
  int32_t **x;   /**< [room] of them `samples` hold positions [2 words, local cells]: x, y, what they leave of x, of y;
                      later ones may be reused */
} mn_trail;

/** An empty trail of the cells of a block, in two words.  Local. */
void mn_trail_begin(mn_block block, mn_trail *trail);

/** Releases it.  Local. */
void mn_trail_clear(mn_trail *trail);

/** Makes the region of the trail hold the corners low and high: its unit is at most 2^-29 of the distance from the
 * middle of the first region.  When it grows there are two words again, so that samples keep what they hold.  Local:
 * the same on all ranks if the corners are.  After a failure, here or in resolve, the trail is of no use. */
mn_error *mn_trail_reach(mn_trail *trail, const double low[2], const double high[2]) MN_MUST_CHECK;

/** As many words as coordinates need that may be rounded to multiples of `finest`: a second is dropped only where four
 * times as fine would do without.  Samples stay, as fine as they are.  Local. */
mn_error *mn_trail_resolve(mn_trail *trail, double finest) MN_MUST_CHECK;

/** Positions as the trail holds them.  Local.  Returns whether all are in its region; the rest is of no use then.
 * @param from  [n, 2]
 * @param to    [2 words, n] */
bool mn_trail_round(const mn_trail *trail, int64_t n, const double *from, int32_t *to);

/** Where local cell i was in sample k, as far as the trail knows.  Local. */
void mn_trail_position(const mn_trail *trail, int k, int64_t i, double position[2]);

/** Appends a sample.  Local.  Fails: MN_INTERNAL when a cell is outside of the region.
 * @param mine  [local cells, 2], or NULL: to be filled in by the caller */
mn_error *mn_trail_append(mn_trail *trail, double time, const double *mine) MN_MUST_CHECK;

/** Drops sample k.  Local. */
void mn_trail_drop(mn_trail *trail, int k);

/** Drops samples whose absence changes the force of a trail on its own cell, in units of one source, by a few times
 * `allowed`, rms, all together (test_trail: at most 3 for Brownian cells); the newest is kept.  theory.md (30).
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
