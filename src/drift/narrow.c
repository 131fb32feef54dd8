/* The narrow part is what the meshes leave: the same mixture of Gaussians, below the cut.  Rejected: the present in
 * closed form less what the meshes carry; with decay there is none, and quadratures took 250 ms a step. */
#include "narrow.h"

#include <math.h>
#include <string.h>

static double profile_of(const void *split, double r2)
{
  return mn_split_profile(split, r2);
}

void mn_narrow_tabulate(const mn_model *model, const mn_narrow_key *key, mn_narrow *narrow)
{
  const double reach2 = key->reach * key->reach;
  const double least = mn_split_least(ldexp(reach2, -MN_TABLE_OCTAVES));
  mn_split split;
  if (memcmp(key, &narrow->key, sizeof *key) == 0) {
    return;
  }
  narrow->key = *key;
  mn_split_range(model, &key->present, least, key->cut, &split);
  mn_curve_fill(&narrow->curve, profile_of, &split, key->reach, key->nearest, key->accuracy, key->low, key->high);
  if (narrow->curve.kind == MN_CURVE_NONE) {
    mn_table_sample(&narrow->table, profile_of, &split, 0.0, reach2);
  }
}
