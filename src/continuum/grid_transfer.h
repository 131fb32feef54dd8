/* grid_transfer.h  From one level of the multigrid to the next, as matrices.  Collective. */
#ifndef MN_CONTINUUM_GRID_TRANSFER_H
#define MN_CONTINUUM_GRID_TRANSFER_H

#include "multigrid.h"

/* Averages weighted by area: from the fine level to the coarse one. */
PetscErrorCode mn_make_down(const mn_level *coarse, const mn_level *fine, Mat *down);

/* Bilinear interpolation: from the coarse level to the fine one, 0 outside the box. */
PetscErrorCode mn_make_up(const mn_level *coarse, const mn_level *fine, Mat *up);

#endif
