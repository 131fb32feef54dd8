/* product.h  The runs of a study: numbers of cells, and all combinations of the values that are varied. */
#ifndef MN_APP_PRODUCT_H
#define MN_APP_PRODUCT_H

#include "config.h"

#include <mnemotaxis/study.h>

enum { MN_COUNTS_MAX = 64, MN_VARIATIONS_MAX = 256 };

/* Owns what the options of a study point to. */
typedef struct mn_product {
  int counts;
  int64_t count[MN_COUNTS_MAX];
  int variations;
  mn_config *config;         /* [variations] */
  char (*name)[MN_TEXT_MAX]; /* [variations] */
  mn_run_options *run;       /* [variations, counts] */
  mn_variation *variation;   /* [variations] */
} mn_product;

/* Makes all runs of a finished config.  Local.
 * Fails: MN_USAGE on unknown keys, bad values, combinations that contradict each other, keys a study varies itself. */
mn_error *mn_product_make(const mn_config *config, mn_product *product) MN_MUST_CHECK;

void mn_product_clear(mn_product *product);

#endif
