/* layout.h  How the present force is shared between near pairs and meshes, from what the tolerance allows. */
#ifndef MN_DRIFT_LAYOUT_H
#define MN_DRIFT_LAYOUT_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/split.h>
#include <mnemotaxis/window.h>

enum { MN_TAIL_POINTS = 64 };

/* What is left out of every part that is not weighed against the scene, as a share of the tolerance. */
extern const double mn_share_of_tolerance;

/* The present force by wave number: symbol S(k), and what modes beyond k would add,
 * tail(k) = int_k^inf S(q)^2 q^3 (1 + N exp(-2 q^2 window)) dq. */
typedef struct mn_tail {
  mn_present present; /* that it was made for; window 0: none */
  double log_step;    /* between neighbouring k */
  double k[MN_TAIL_POINTS], symbol[MN_TAIL_POINTS], value[MN_TAIL_POINTS];
} mn_tail;

typedef struct mn_layout {
  bool pairs; /* variances below `cut` are summed over pairs; without pairs meshes carry all of the present */
  double cut;
  double reach;         /* distance up to which pairs count */
  double near_accuracy; /* relative, of the pairs */
  double cutoff;        /* largest wave number on the sheet */
  int width;            /* nodes in each direction a cell is spread over */
  double cost;          /* nanoseconds, all cells */
} mn_layout;

/* What a layout has to serve. */
typedef struct mn_setting {
  mn_scene scene; /* known */
  mn_present present;
  double side[2];  /* of the region the sheet is laid for */
  double coarsest; /* spacing of a level of the ladder, which a sheet divides */
  int equal;       /* width of the window that serves all phases; narrower ones are splines */
} mn_setting;

/* What modes, images and windows of the ladder may leave out, relative to the kernel of a level: a share of the
 * tolerance, and less where cells are so few that they are pulled less by others than their own trails are strong.
 * Local. */
double mn_layout_ladder(const mn_model *model, const mn_drift_options *options, int64_t count);

/* Groups of up to four neighbouring nodes of a row that a cell is spread over.  Local. */
double mn_layout_quads(int width);

/* The window that is as good for all phases, at least as wide as the options ask for.  Local. */
void mn_layout_equal(const mn_model *model, const mn_drift_options *options, int64_t count, mn_window *window);

/* Ratio of the options, or the usual one: a level serves variances up to ratio^2 times its own, and where steps differ
 * much of the past lies on meshes that are as much too fine.  Local. */
int mn_layout_ratio(const mn_drift_options *options);

/* Prices of the options, or the usual ones.  Local. */
mn_prices mn_prices_of(const mn_drift_options *options);

/* What the pairs of a cell within reach cost at the options' prices, nanoseconds.  Local. */
double mn_layout_pairs(const mn_drift *drift, const mn_scene *scene, double reach);

/* What a layout costs at the options' prices, nanoseconds.  Local. */
double mn_layout_cost(const mn_drift *drift, const mn_setting *setting, const mn_layout *layout);

/* A choice that keeps to the tolerance: of the spacings, the cheapest if pairs were as accurate as is allowed; they are
 * up to sqrt(2) more accurate.  Local: the same on all ranks. */
void mn_layout_choose(const mn_drift *drift, const mn_setting *setting, mn_tail *tail, mn_layout *layout);

/* rms error of the present force for that choice on a mesh of that spacing, relative to the force of the scene.  Local.
 */
double mn_layout_error(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail, const mn_layout *layout,
                       double spacing);

#endif
