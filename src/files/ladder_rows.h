/* ladder_rows.h  The ladder of the spectral engine as three datasets of a checkpoint. */
#ifndef MN_FILES_LADDER_ROWS_H
#define MN_FILES_LADDER_ROWS_H

#include "h5.h"

#include <mnemotaxis/ladder.h>

#define MN_LADDER_TABLE "/ladder/table"
#define MN_LADDER_MODES "/ladder/modes"
#define MN_LADDER_TRAILS "/ladder/trails"

/* Bytes it takes.  Local. */
int64_t mn_ladder_rows_bytes(mn_ladder *ladder);

/* Collective. */
mn_error *mn_ladder_rows_write(mn_h5 *file, const mn_parallel *parallel, mn_ladder *ladder) MN_MUST_CHECK;

/* Into a new ladder.  Collective; the status is this rank's. */
mn_error *mn_ladder_rows_read(hid_t file, const mn_parallel *parallel, mn_ladder *ladder) MN_MUST_CHECK;

#endif
