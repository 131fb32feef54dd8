/* pictures.h  Density and chemical on a mesh, for snapshots. */
#ifndef MN_RUN_PICTURES_H
#define MN_RUN_PICTURES_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/field.h>
#include <mnemotaxis/snapshot.h>

/* The two meshes and their values; the same on every rank and any number of ranks. */
typedef struct mn_pictures {
  mn_mesh_field density;  /* cells per area / N: integrates to the share of cells on the mesh */
  mn_mesh_field chemical; /* c = b_t + (1/N) sum over all cells of what their paths have left */
  double *values;
} mn_pictures;

/* Draws both on a square of `side` x `side` cells around the cloud.  Collective.
 * Cost: O(side^2 N samples) multiplications and O(side N samples) exponentials, shared by the ranks. */
mn_error *mn_pictures_make(const mn_drift *drift, const mn_history *past, const mn_field *initial, double now,
                           const double *mine, int side, mn_pictures *pictures) MN_MUST_CHECK;

/* Releases the values.  Local. */
void mn_pictures_clear(mn_pictures *pictures);

#endif
