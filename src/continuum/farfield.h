/* farfield.h  The chemical far from the cells, from the history of their first moments; theory.md (26).  Local. */
#ifndef MN_CONTINUUM_FARFIELD_H
#define MN_CONTINUUM_FARFIELD_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/field.h>

#include <stdint.h>

enum { MN_MOMENTS = 6 };

/* Moments of rho at one time: t, mean x y, covariance xx xy yy. */
typedef struct mn_moments {
  double value[MN_MOMENTS];
} mn_moments;

/* All that was, oldest first. */
typedef struct mn_farfield {
  mn_model model; /* theta >= 0 */
  const mn_field *field;
  int64_t count, room;
  mn_moments *past;
} mn_farfield;

/* Notes the moments at a time later than all noted. */
mn_error *mn_farfield_append(mn_farfield *far, const mn_moments *now) MN_MUST_CHECK;

/* c(t, x, y) outside the cloud.  Cost: about 60 exponentials. */
double mn_farfield_at(const mn_farfield *far, double t, double x, double y);

void mn_farfield_clear(mn_farfield *far);

#endif
