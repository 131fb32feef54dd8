/** @file ladder.h  The past of all cells as chemical modes on a ladder of meshes: exact, and without paths.
 *
 * Chemical spreads and thereby becomes smooth, so what is old needs few modes, on a coarse mesh over a wide box.  Level
 * l of the ladder holds what has a variance w per coordinate between w_l and w_{l+1} = 16 w_l, on a mesh four times as
 * coarse as the level below (or 4 and twice, 64 and eight times); the variance of what a source left tau ago is 2
 * tau/theta and the smear of its quadrature. Modes decay by exact factors, in chapters that move up when they are old
 * enough.  The wide Gaussians of the present force use the same meshes.  docs/theory.md, section 8.
 */
#ifndef MNEMOTAXIS_LADDER_H
#define MNEMOTAXIS_LADDER_H

#include <mnemotaxis/lattice.h>
#include <mnemotaxis/split.h>
#include <mnemotaxis/trail.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mn_ladder mn_ladder;

/** What a ladder is made for. */
typedef struct mn_ladder_options {
  double tolerance; /**< what modes, images and windows may leave out, relative to the kernel of a level */
  double shortest;  /**< shortest step to come */
  double longest;   /**< step at which level 0 is entered; steps may become longer */
  bool shrink;      /**< steps may become shorter, down to `shortest`: levels are kept ready for that */
  int ratio;        /**< of the spacings of neighbouring levels: 2, 4 or 8 */
} mn_ladder_options;

/** A mesh below the ladder, on which cells are spread, and who owns its rows. */
typedef struct mn_ground {
  mn_lattice mesh;
  const mn_shares *rows;
  const mn_window *window; /**< between points and mesh */
} mn_ground;

/** An empty ladder for `count` cells.  Collective. */
mn_error *mn_ladder_create(const mn_parallel *parallel, const mn_model *model, const mn_ladder_options *options,
                           int64_t count, mn_ladder **ladder) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_ladder_destroy(mn_ladder **ladder);

/** Makes ready for cells in a box: widens all meshes if cells have left them, adds and drops levels.  Collective.
 * @param low,high  corners of a box around all cells
 * @param window    lag of the newest sample, or of the first one to come: nothing younger is asked for from now on
 * @param spacing   of the ground mesh that is wanted
 * @param widest    largest variance of the present force that is asked for until cells are taken again
 * Cost: transforms of all chapters when cells have left; nothing else. */
mn_error *mn_ladder_prepare(mn_ladder *ladder, const double low[2], const double high[2], double window, double spacing,
                            double widest) MN_MUST_CHECK;

/** Spacing of the finest level that is needed while the newest sample's lag is `window`: that of the ground mesh
 * divides it, or that of a level added for it.  Local. */
double mn_ladder_entry(const mn_ladder *ladder, double window);

/** The same for the longest step, without a ladder.  Local. */
double mn_ladder_coarsest(const mn_model *model, const mn_ladder_options *options);

/** Spacing of the finest level.  Local. */
double mn_ladder_spacing(const mn_ladder *ladder);

/** Smallest variance the finest level can hold.  Local. */
double mn_ladder_variance(const mn_ladder *ladder);

/** The modes of cells that have been spread on the ground mesh, on all levels that need them: those a step's past may
 * enter, and those the present force reaches.  Collective.
 * @param deposit  [own rows, nodes[0]]; the ground's spacing divides that of the finest level by at most MN_RATIO_MAX
 */
mn_error *mn_ladder_take(mn_ladder *ladder, const mn_ground *ground, const double *deposit) MN_MUST_CHECK;

/** The gradient of the chemical on its way to the ground mesh, in units of chemical of one unit source each: that of
 * the past, and that of the present force of the cells taken last from variances not below `from`.  Collective.
 * @param now    time; at least the last `window` after the newest sample
 * @param from   > 0; below mn_ladder_variance the finest level cuts what is too fine for its modes
 * @param rows   adds it to own rows of the ground mesh, until the ladder is asked for anything else */
mn_error *mn_ladder_gradient(mn_ladder *ladder, double now, const mn_present *present, double from,
                             const mn_ground *ground, mn_row_adder *rows) MN_MUST_CHECK;

/** rms over the cells of what is cut off from the past, in units of the force of one source.  Local.
 * @param now      time, after the newest sample
 * @param density  mean over the cells of the density of cells around them
 * Accuracy: a factor of 2 where the path since the newest sample is Brownian; 0 while there is no past. */
double mn_ladder_error(const mn_ladder *ladder, double now, double density);

/** Makes the cells taken last the newest sample of the past; before a gradient is asked for again, cells have to be
 * taken again.  Collective.
 * @param time  of the sample
 * @param step  that follows
 * @param mine  [local cells, 2] their positions, for the own trails */
mn_error *mn_ladder_remember(mn_ladder *ladder, double time, double step, const double *mine) MN_MUST_CHECK;

/** Cells in all.  Local. */
int64_t mn_ladder_cells(const mn_ladder *ladder);

/** The own trails of this rank's cells.  Local. */
mn_trail *mn_ladder_trail(mn_ladder *ladder);

/** What the last step has told of the cells: later choices rest on it, so it belongs to the state. */
typedef struct mn_scene {
  double force;   /**< rms over the cells of the sum of all D^{ij}; 0: unknown */
  double density; /**< mean over the cells of the density of cells around them */
} mn_scene;

/** The scene; the user sets and reads it.  Local. */
mn_scene *mn_ladder_scene(mn_ladder *ladder);

/** Low x, low y, high x, high y of the region the user has laid a mesh for, part of the state too.  Local. */
double *mn_ladder_frame(mn_ladder *ladder);

/** One level, for reports. */
typedef struct mn_level_report {
  int number;
  mn_lattice mesh;
  double variance; /**< from which on */
  int chapters;
} mn_level_report;

/** Number of levels, and what the k-th is, finest first.  Local. */
int mn_ladder_levels(const mn_ladder *ladder);
mn_level_report mn_ladder_level(const mn_ladder *ladder, int k);

/** The state of a ladder, for checkpoints: a table of numbers, the same on every rank, sets of modes of which every
 * rank holds a consecutive part, and the positions x of its trail. */
typedef struct mn_mode_set {
  int64_t total;  /**< numbers in the whole set */
  int64_t first;  /**< of this rank's part */
  int64_t count;  /**< of this rank's part */
  double *values; /**< [count], the ladder's own */
} mn_mode_set;

/** Numbers in the table, and the table.  Local.  @param table  [mn_ladder_table_size] */
int64_t mn_ladder_table_size(const mn_ladder *ladder);
void mn_ladder_table(const mn_ladder *ladder, double *table);

/** Number of sets, and the k-th of them, to be read or written.  Local. */
int mn_ladder_sets(const mn_ladder *ladder);
mn_mode_set mn_ladder_set(mn_ladder *ladder, int k);

/** Makes levels and chapters of a new ladder as the table says; the sets and the positions are then to be filled.
 * Collective.  Fails: MN_DATA when the table makes no sense. */
mn_error *mn_ladder_restore(mn_ladder *ladder, int64_t size, const double *table) MN_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
