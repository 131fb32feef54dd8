/* level.h  One mesh of the ladder: the chemical left behind, by age, as modes that decay exactly. */
#ifndef MN_PAST_LEVEL_H
#define MN_PAST_LEVEL_H

#include <mnemotaxis/kernel.h>
#include <mnemotaxis/spectrum.h>
#include <mnemotaxis/split.h>

/* Chemical of consecutive intervals. */
typedef struct mn_chapter {
  double *modes; /* [mn_spectrum_size] as of the time `stamp` */
  double stamp;
  double begin, end; /* times between which it was left */
  double smear;      /* variance per coordinate at `end` of the narrowest in it */
} mn_chapter;

enum { MN_CHAPTERS_MAX = 64 };

typedef struct mn_level {
  int number;
  double cutoff; /* largest kx and ky */
  mn_spectrum *spectrum;
  mn_spectrum *thin;            /* of the same box, with the spacing and the modes of the next coarser level */
  mn_damping chain;             /* undoes all windows down to the points */
  double *present;              /* modes of the masses seen last, until they are remembered */
  double *before;               /* modes of the newest sample */
  bool has_present, has_before; /* false: nobody needs them here, or they are not there yet */
  double *sum;                  /* of all chapters, at the ladder's time */
  double *work;                 /* [mn_spectrum_size] */
  double *rows; /* [own rows, nodes[0], 2] deposit, or field of two components, in rows the ground meets */
  mn_symbol_key key;
  double *symbol;                     /* [kx_count, ky_count] of `key` */
  double *along_x, *along_y;          /* [kx_count], [ky_count] work space */
  double *gone_y, *left_y;            /* [ky_count] work space */
  double chain_spacing, chain_finest; /* spacings of the ground and the finest level that `chain` was made for */
  mn_window chain_window;             /* of the ground */
  int chapters;
  mn_chapter chapter[MN_CHAPTERS_MAX]; /* oldest first; the last may be open */
} mn_level;

/* Collective.  ratio: of the spacings of levels;  `single` as mn_spectrum_create. */
mn_error *mn_level_create(const mn_parallel *parallel, int number, const mn_lattice *mesh, int ratio,
                          const mn_window *window, bool single, mn_level **level) MN_MUST_CHECK;
void mn_level_destroy(mn_level **level);

/* Multiplies modes by exp(-(k^2 + lambda) lag/theta).  Local. */
void mn_level_decay(const mn_level *level, const mn_model *model, double lag, double *modes);

/* Ages modes, and the level's sum, by h, and adds to them what unit sources leave over these h, seen at their end: the
 * mean of both sets.  Local. */
void mn_level_leave(const mn_level *level, const mn_model *model, double h, const double *const sources[2],
                    double *modes);

/* Multiplies modes by exp(-k^2 variance/2), and takes that back for |k| <= cutoff: beyond, in the corners of the square
 * of modes, nothing but rounding would be amplified, so that is dropped.  Local. */
void mn_level_smooth(const mn_level *level, double variance, double *modes);
void mn_level_sharpen(const mn_level *level, double variance, double *modes);

/* work = sum, decayed by `lag`, + symbol of the key times present, if there is any.  Local. */
void mn_level_compose(mn_level *level, const mn_model *model, double lag, const mn_symbol_key *key);

/* Appends an empty chapter.  Local. */
mn_error *mn_level_open(mn_level *level, double time, double smear) MN_MUST_CHECK;

/* Removes chapter k; its modes are freed.  Local. */
void mn_level_close(mn_level *level, int k);

/* Sums all chapters as of `time`.  Local. */
void mn_level_resum(mn_level *level, const mn_model *model, double time);

#endif
