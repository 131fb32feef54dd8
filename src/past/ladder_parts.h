/* ladder_parts.h  The inside of a ladder, for the files of past/ that work on it: ladder.c (levels and boxes),
 * ladder_fields.c (deposits up, fields down), ladder_past.c (samples and chapters), ladder_state.c (checkpoints). */
#ifndef MN_PAST_LADDER_PARTS_H
#define MN_PAST_LADDER_PARTS_H

#include <mnemotaxis/ladder.h>

#include "level.h"

enum { MN_LEVELS_MAX = 40 };

struct mn_ladder {
  mn_parallel parallel;
  mn_model model;
  mn_ladder_options options;
  double base_variance, base_spacing;
  double reach;     /* exp(-reach) = tolerance */
  mn_window window; /* between neighbouring levels */
  double low[2], high[2];
  bool has_box;
  double time; /* of the newest sample */
  double newest_smear;
  double widest; /* variance of the present force */
  bool has_sample;
  mn_scene scene;
  double frame[4];
  int64_t count; /* cells */
  mn_trail trail;
  mn_resampling_work work;
  mn_refinement last; /* the gradient on its way to the ground */
  int levels;
  mn_level *level[MN_LEVELS_MAX]; /* finest first, numbers consecutive */
};

/* Variance per coordinate that the quadrature of an interval of length h adds.  Local. */
double mn_ladder_smear(const mn_model *model, double h);

/* Smallest variance of a level, and the level that holds a variance.  Local. */
double mn_ladder_variance_of(const mn_ladder *ladder, int number);
int mn_ladder_number_of(const mn_ladder *ladder, double variance);

/* Adds a level at the fine (front) or the coarse end.  Collective. */
mn_error *mn_ladder_add_level(mn_ladder *ladder, bool front) MN_MUST_CHECK;

/* Makes a level of that number for the ladder's box.  Collective. */
mn_error *mn_ladder_make_level(const mn_ladder *ladder, int number, mn_level **level) MN_MUST_CHECK;

#endif
