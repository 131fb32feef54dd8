/* plane_part.h  The fields on their own mesh as a part of a file that is being written. */
#ifndef MN_FILES_PLANE_PART_H
#define MN_FILES_PLANE_PART_H

#include "h5.h"

#include <mnemotaxis/plane.h>

/* Writes /continuum/{x, width_x, y, width_y, density, chemical}.  Collective. */
mn_error *mn_plane_part_write(mn_h5 *file, const mn_parallel *parallel, const mn_plane *plane) MN_MUST_CHECK;

/* Bytes of it.  Local. */
int64_t mn_plane_part_bytes(const mn_plane *plane);

#endif
