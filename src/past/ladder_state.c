/* A checkpoint holds a table of numbers, the same on every rank, and sets of modes, shared by columns.  The table:
 * time, newest smear, number of samples (0 or 1), low and high corner of the box, scene, frame, levels, number of the
 * finest, samples of the own trails, their words, origin and unit; then the times of those; then per level whether it
 * has seen the newest sample, and its chapters; then per chapter stamp, begin, end, smear.  The sets: per level newest
 * sample (if seen), sum, chapters. Samples of the own trails are read and written by themselves. */
#include <mnemotaxis/memory.h>

#include "ladder_parts.h"

#include <math.h>

enum { HEAD = 20, PER_LEVEL = 2, PER_CHAPTER = 4 };

int64_t mn_ladder_table_size(const mn_ladder *l)
{
  int64_t size = HEAD + l->trail.samples;
  for (int k = 0; k < l->levels; k++) {
    size += PER_LEVEL + PER_CHAPTER * l->level[k]->chapters;
  }
  return size;
}

void mn_ladder_table(const mn_ladder *l, double *table)
{
  const double head[HEAD] = {l->time,
                             l->newest_smear,
                             l->has_sample ? 1.0 : 0.0,
                             l->low[0],
                             l->low[1],
                             l->high[0],
                             l->high[1],
                             l->scene.force,
                             l->scene.density,
                             l->frame[0],
                             l->frame[1],
                             l->frame[2],
                             l->frame[3],
                             (double)l->levels,
                             l->levels > 0 ? (double)l->level[0]->number : 0.0,
                             (double)l->trail.samples,
                             (double)l->trail.words,
                             l->trail.origin[0],
                             l->trail.origin[1],
                             l->trail.unit};
  for (int k = 0; k < HEAD; k++) {
    *table++ = head[k];
  }
  for (int k = 0; k < l->trail.samples; k++) {
    *table++ = l->trail.times[k];
  }
  for (int k = 0; k < l->levels; k++) {
    *table++ = l->level[k]->has_before ? 1.0 : 0.0;
    *table++ = (double)l->level[k]->chapters;
    for (int c = 0; c < l->level[k]->chapters; c++) {
      const mn_chapter *chapter = &l->level[k]->chapter[c];
      *table++ = chapter->stamp;
      *table++ = chapter->begin;
      *table++ = chapter->end;
      *table++ = chapter->smear;
    }
  }
}

static int sets_of(const mn_level *level)
{
  return (level->has_before ? 2 : 1) + level->chapters;
}

int mn_ladder_sets(const mn_ladder *l)
{
  int sets = 0;
  for (int k = 0; k < l->levels; k++) {
    sets += sets_of(l->level[k]);
  }
  return sets;
}

mn_mode_set mn_ladder_set(mn_ladder *l, int index)
{
  int k = 0;
  while (index >= sets_of(l->level[k])) {
    index -= sets_of(l->level[k++]);
  }
  mn_level *level = l->level[k];
  const int sum = level->has_before ? 1 : 0; /* which of the level's sets it is */
  const mn_spectrum *s = level->spectrum;
  const int64_t column = 2 * s->ky_count;
  double *values = index < sum ? level->before : index == sum ? level->sum : level->chapter[index - sum - 1].modes;
  return (mn_mode_set){mn_transform_shape(s->transform)->kept * column, s->kx_begin * column, s->kx_count * column,
                       values};
}

/* Reads the next number of the table. */
typedef struct reader {
  const double *at, *end;
} reader;

static double next(reader *r)
{
  return r->at < r->end ? *r->at++ : (double)NAN;
}

static mn_error *restore_level(mn_ladder *l, int number, reader *r)
{
  mn_level *level = NULL;
  MN_TRY(mn_ladder_make_level(l, number, &level));
  l->level[l->levels++] = level;
  level->has_before = next(r) != 0.0;
  const double chapters = next(r);
  mn_error *error = chapters >= 0.0 && chapters <= MN_CHAPTERS_MAX
                        ? NULL
                        : mn_error_create(MN_DATA, "the table of the ladder is damaged");
  for (int c = 0; c < (int)chapters && !error; c++) {
    const double stamp = next(r);
    error = mn_level_open(level, stamp, 0.0);
    if (!error) {
      mn_chapter *chapter = &level->chapter[c];
      chapter->begin = next(r);
      chapter->end = next(r);
      chapter->smear = next(r);
    }
  }
  return mn_agree(&l->parallel, error);
}

static mn_error *damaged(void)
{
  return mn_error_create(MN_DATA, "the table of the ladder is damaged");
}

mn_error *mn_ladder_restore(mn_ladder *l, int64_t size, const double *table)
{
  reader r = {table, table + size};
  for (int64_t k = 0; k < size; k++) {
    if (!isfinite(table[k])) {
      return damaged();
    }
  }
  l->time = next(&r);
  l->newest_smear = next(&r);
  l->has_sample = next(&r) != 0.0;
  for (int a = 0; a < 2; a++) {
    l->low[a] = next(&r);
  }
  for (int a = 0; a < 2; a++) {
    l->high[a] = next(&r);
  }
  l->scene.force = next(&r);
  l->scene.density = next(&r);
  for (int a = 0; a < 4; a++) {
    l->frame[a] = next(&r);
  }
  const double levels = next(&r);
  const double first = next(&r);
  const double samples = next(&r);
  const double words = next(&r);
  for (int a = 0; a < 2; a++) {
    l->trail.origin[a] = next(&r);
  }
  l->trail.unit = next(&r);
  int exponent;
  if (!(levels >= 0.0 && levels <= MN_LEVELS_MAX) || isnan(first) || !(samples >= 0.0 && samples <= (double)size) ||
      !(words == 1.0 || words == 2.0) || (samples > 0.0 && frexp(l->trail.unit, &exponent) != 0.5)) {
    return damaged();
  }
  l->has_box = levels > 0.0;
  l->trail.words = (int)words;
  mn_error *error = NULL;
  for (int k = 0; k < (int)samples && !error; k++) {
    error = mn_trail_append(&l->trail, next(&r), NULL);
  }
  MN_TRY(mn_agree(&l->parallel, error));
  for (int k = 0; k < (int)levels; k++) {
    MN_TRY(restore_level(l, (int)first + k, &r));
  }
  return size == mn_ladder_table_size(l) ? NULL : damaged();
}
