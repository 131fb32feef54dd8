/* curve.h  A profile for float lanes.
 *
 * Positions are 32-bit integers in units that suit the box of the cells; r2 is in units of their square. */
#ifndef MN_DRIFT_CURVE_H
#define MN_DRIFT_CURVE_H

#include <mnemotaxis/profile.h>

#include <stdint.h>

enum {
  MN_LINES_OCTAVES = 40,
  MN_LINES_MAX = 128, /* an octave */
  MN_QUARTICS = 8,
  MN_QUARTIC_TERMS = 5
};

typedef enum mn_curve_kind {
  MN_CURVE_NONE, /* floats are too coarse for the accuracy asked for */
  MN_CURVE_LINES,
  MN_CURVE_QUARTICS
} mn_curve_kind;

typedef struct mn_curve {
  mn_curve_kind kind;
  double unit;      /* of length */
  double origin[2]; /* positions are origin + unit times 32-bit integers */
  float reach2;     /* largest r2 */
  int shift;        /* the bits of r2 shifted by this, less `first`, count lines */
  int32_t first, last;
  struct mn_line {
    float value, slope; /* f = value + slope r2 */
  } line[MN_LINES_OCTAVES * MN_LINES_MAX];
  float scale; /* s = scale r2 is just below 2 at the reach; quartic k ends at s = 2 4^(k + 1 - MN_QUARTICS) */
  float quartic[MN_QUARTIC_TERMS][MN_QUARTICS]; /* f = sum_n quartic[n] s^n */
} mn_curve;

/* Accuracies from which on quartics are tried; finer ones need lines, which are looked up and cost twice as much. */
extern const double mn_quartics_from;

/* Tabulates a profile up to `reach`; cells lie in the box [low, high].  Local.
 *
 * `accuracy` is the rms error of the forces r f, all places in the disc alike, relative to their own rms; lines keep to
 * it at every distance where the profile falls like a power.
 *
 * Down to the distance `nearest`, quartics near the centre may miss a third of the profile. */
void mn_curve_fill(mn_curve *curve, mn_profile *profile, const void *context, double reach, double nearest,
                   double accuracy, const double low[2], const double high[2]);

#endif
