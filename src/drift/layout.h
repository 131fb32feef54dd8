/* layout.h  How the present force is shared between near pairs and meshes, from what the tolerance allows. */
#ifndef MN_DRIFT_LAYOUT_H
#define MN_DRIFT_LAYOUT_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/split.h>

enum { MN_TAIL_POINTS = 64 };

/* The present force by wave number: symbol S(k), and what modes beyond k would add,
 * tail(k) = int_k^inf S(q)^2 q^3 (1 + N exp(-2 q^2 window)) dq. */
typedef struct mn_tail {
  mn_present present; /* that it was made for; window 0: none */
  double log_step;    /* between neighbouring k */
  double k[MN_TAIL_POINTS], symbol[MN_TAIL_POINTS], value[MN_TAIL_POINTS];
} mn_tail;

typedef struct mn_layout {
  bool pairs;           /* variances below `cut` are summed over pairs; without pairs meshes carry all of the present */
  double cut;           /* 0 without pairs */
  double reach;         /* distance up to which pairs count; 0 without pairs */
  double near_accuracy; /* relative, of the pairs */
  double cutoff;        /* largest wave number on the sheet */
  double cost;          /* nanoseconds, all cells */
} mn_layout;

/* The cheapest choice that keeps to the tolerance for cells in a box of these sides, on a sheet that divides the
 * coarsest spacing; the scene is known.  Local: the same on all ranks. */
void mn_layout_choose(const mn_drift *drift, const mn_scene *scene, const mn_present *present, const double side[2],
                      double coarsest, mn_tail *tail, mn_layout *layout);

/* rms error of the present force for that choice on a mesh of that spacing, relative to the force of the scene.  Local.
 */
double mn_layout_error(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail, const mn_layout *layout,
                       double spacing);

/* The order of the narrowest spline that keeps to the tolerance on a mesh of that spacing, at least that of the
 * options; MN_WINDOW_MAX + 1: none.  Local. */
int mn_layout_spline(const mn_drift *drift, const mn_scene *scene, const mn_tail *tail, double spacing);

#endif
