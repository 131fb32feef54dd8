/* sheet.h  The mesh that cells are spread on and read from.
 *
 * Ranks own cells by id, in no order in the plane, so every rank spreads its own on the whole mesh; the rows are added
 * up where they are owned, and the fields of all rows come back to every node. */
#ifndef MN_DRIFT_SHEET_H
#define MN_DRIFT_SHEET_H

#include "chosen.h"
#include "crowd.h"

#include <mnemotaxis/node_sums.h>
#include <mnemotaxis/spectrum.h>
#include <mnemotaxis/split.h>

typedef struct mn_sheet {
  mn_lattice mesh;
  mn_shares rows;
  mn_window window;
  mn_spectrum *spectrum; /* NULL while no modes of its own are asked for */
  mn_damping damping;
  mn_node_sums sums;  /* [nodes] fixed-point deposits of own cells, then of all in own rows */
  double *deposit;    /* [own rows, nodes[0]]: counts as numbers, in the same place */
  int64_t squares;    /* sum of the squares of the own deposit's shares, times 2^60 */
  mn_node_rows field; /* [nodes[1], nodes[0], 2] of all ranks */
  mn_symbol_key key;
  double *symbol; /* [kx_count, ky_count] of `key` */
  int64_t cells;  /* sorted below; 0: in their own order */
  int64_t *order; /* [cells] */
  double *point;  /* [cells, 2] */
  double *force;  /* [cells, 2] */
} mn_sheet;

/* Lays the mesh and takes a window; nothing happens when that is so already.  Collective. */
mn_error *mn_sheet_lay(const mn_parallel *parallel, const mn_lattice *mesh, const mn_window *window,
                       mn_sheet *sheet) MN_MUST_CHECK;

/* Prepares modes |k| <= cutoff of this mesh; single as mn_spectrum_create, the same in all calls.  Collective. */
mn_error *mn_sheet_tune(const mn_parallel *parallel, double cutoff, bool single, mn_sheet *sheet) MN_MUST_CHECK;

/* deposit = unit masses of all cells.  Collective.  count: cells in all;  mine [local, 2] */
mn_error *mn_sheet_spread(const mn_parallel *parallel, mn_sheet *sheet, int64_t count, int64_t local,
                          const double *mine) MN_MUST_CHECK;

/* Own rows of the field = gradient of the key's part of the present, of all cells spread last, in modes of the sheet,
 * or 0 without a model; and more.  Collective. */
void mn_sheet_field(mn_sheet *sheet, int rank, const mn_model *model, const mn_symbol_key *key, mn_row_adder more);

/* Mean over the cells of the density of other cells around them, by the squares of the deposit, less what some cells
 * that stand for all add to that by themselves; at least that of an even cloud.  Collective: the same bits on any
 * number of ranks.  Accuracy: that of an average over the window, and where that holds few cells some 0.1 per spacing^2
 * by the root of their number. */
double mn_sheet_density(const mn_parallel *parallel, const mn_sheet *sheet, int64_t count, const mn_chosen *some,
                        const double *mine);

/* Own cells in the order they were spread in. */
mn_listing mn_sheet_listing(const mn_sheet *sheet, mn_block block, const double *mine);

/* Where forces on own cells are put together, [cells, 2] in that order, before the field is read; not zeroed.  out as
 * that of mn_sheet_read.  Local. */
double *mn_sheet_forces(const mn_sheet *sheet, double *out);

/* Adds the field at the cells spread last to their forces, and puts these into out [local, 2].  Collective. */
mn_error *mn_sheet_read(const mn_parallel *parallel, mn_sheet *sheet, int64_t local, const double *mine,
                        double *out) MN_MUST_CHECK;

/* Releases all of it.  Collective. */
void mn_sheet_clear(mn_sheet *sheet);

#endif
