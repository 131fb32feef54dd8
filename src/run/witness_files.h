/* witness_files.h  The state of a continuum case in files, and its pictures. */
#ifndef MN_RUN_WITNESS_FILES_H
#define MN_RUN_WITNESS_FILES_H

#include <mnemotaxis/pde.h>
#include <mnemotaxis/snapshot.h>

/* A checkpoint.  Collective. */
mn_error *mn_witness_write(const mn_parallel *parallel, const char *path, int keep, const char *parameters,
                           const mn_pde_state *state) MN_MUST_CHECK;
mn_error *mn_witness_read(const mn_parallel *parallel, const char *path, mn_pde_state *state) MN_MUST_CHECK;

/* A snapshot: the fields on square cells over the box and on their own mesh.  Collective.
 * @param mesh  receives the mesh of the snapshot, without values */
mn_error *mn_witness_picture(const mn_parallel *parallel, const char *directory, const mn_pde_report *now,
                             const mn_plane *plane, int side, mn_mesh_field *mesh) MN_MUST_CHECK;

#endif
