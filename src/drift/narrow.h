/* narrow.h  The narrow part of the present force, in the form that sums over pairs take it. */
#ifndef MN_DRIFT_NARROW_H
#define MN_DRIFT_NARROW_H

#include "curve.h"

#include <mnemotaxis/split.h>

/* Everything the forms depend on.  Most steps of a run have that of the step before. */
typedef struct mn_narrow_key {
  mn_present present;
  double cut;             /* variances below it are meant */
  double reach;           /* distance up to which pairs count */
  double nearest;         /* distance within which hardly any cell has neighbours: mn_curve_fill */
  double accuracy;        /* relative, of the forces */
  double low[2], high[2]; /* a box around all cells */
} mn_narrow_key;

typedef struct mn_narrow {
  mn_narrow_key key; /* accuracy 0: of none */
  mn_curve curve;
  mn_table table; /* of use where the curve is MN_CURVE_NONE */
} mn_narrow;

/* Makes the forms, unless they are those of this key already.  Local.  Cost: 0.5 ms for quartics,
 * 3 to 9 for lines, 5 for the table. */
void mn_narrow_tabulate(const mn_model *model, const mn_narrow_key *key, mn_narrow *narrow);

#endif
