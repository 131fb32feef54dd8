#include "outcome.h"

#include <mnemotaxis/memory.h>
#include <mnemotaxis/table.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

void mn_study_result_clear(mn_study_result *r)
{
  mn_free(&r->replicas);
  mn_free(&r->failed);
  mn_free(&r->estimate);
  mn_free(&r->paired);
  mn_free(&r->fit);
}

static mn_error *allocate(mn_study_result *r)
{
  const int64_t rows = (int64_t)r->variations * r->counts;
  MN_TRY(mn_alloc(&r->replicas, rows, sizeof *r->replicas));
  MN_TRY(mn_alloc(&r->failed, rows, sizeof *r->failed));
  MN_TRY(mn_alloc(&r->estimate, rows * MN_QUANTITIES, sizeof *r->estimate));
  MN_TRY(mn_alloc(&r->paired, rows * MN_QUANTITIES, sizeof *r->paired));
  return mn_alloc(&r->fit, (int64_t)r->variations * MN_QUANTITIES, sizeof *r->fit);
}

/* Finished replicas of every row, one after the other in `values`; first[row] is where they begin. */
static void collect(const mn_tasks *t, mn_study_result *r, double *values, int64_t *first)
{
  int64_t at = 0;
  const int64_t rows = (int64_t)r->variations * r->counts;
  r->complete = true;
  for (int64_t row = 0; row < rows; row++) {
    first[row] = at;
    for (int64_t k = 0; k < t->options->replicas; k++) {
      const int64_t task = row * t->options->replicas + k;
      r->failed[row] += t->state[task] == MN_TASK_FAILED;
      r->complete = r->complete && t->state[task] != MN_TASK_LEFT;
      if (t->state[task] == MN_TASK_DONE) {
        memcpy(values + at * MN_STATISTICS, t->value + task * MN_STATISTICS, MN_STATISTICS * sizeof *values);
        r->replicas[row]++;
        at++;
      }
    }
  }
}

/* A row less the same number of cells of the last variation: replicas that are finished in both. */
static mn_error *compare_row(const mn_tasks *t, mn_study_result *r, int64_t row)
{
  const int64_t replicas = t->options->replicas;
  const int64_t last = (int64_t)(r->variations - 1) * r->counts + row % r->counts;
  double *pair = NULL; /* those of the row, then those of the last variation */
  int64_t n = 0;
  MN_TRY(mn_alloc(&pair, 2 * replicas * MN_STATISTICS, sizeof *pair));
  for (int64_t k = 0; k < replicas; k++) {
    const int64_t task[2] = {row * replicas + k, last * replicas + k};
    if (t->state[task[0]] == MN_TASK_DONE && t->state[task[1]] == MN_TASK_DONE) {
      for (int p = 0; p < 2; p++) {
        memcpy(pair + (p * replicas + n) * MN_STATISTICS, t->value + task[p] * MN_STATISTICS,
               MN_STATISTICS * sizeof *pair);
      }
      n++;
    }
  }
  mn_rates_compare(n, pair, pair + replicas * MN_STATISTICS, r->paired + row * MN_QUANTITIES);
  mn_free(&pair);
  return NULL;
}

static mn_error *summarise(const mn_tasks *t, mn_study_result *r, const double *values, const int64_t *first)
{
  const mn_study_options *o = t->options;
  const double **row_values = NULL;
  MN_TRY(mn_alloc(&row_values, r->counts, sizeof *row_values));
  mn_error *error = NULL;
  for (int v = 0; v < r->variations; v++) {
    const int64_t row = (int64_t)v * r->counts;
    for (int k = 0; k < r->counts; k++) {
      row_values[k] = values + first[row + k] * MN_STATISTICS;
      mn_rates_average(r->replicas[row + k], row_values[k], r->estimate + (row + k) * MN_QUANTITIES);
      error = error ? error : compare_row(t, r, row + k);
    }
    mn_rates_fit(r->counts, o->count, r->replicas + row, row_values, o->seed, r->fit + (int64_t)v * MN_QUANTITIES);
  }
  mn_free(&row_values);
  return error;
}

/* The columns of study.h5 and the room for their names and numbers. */
enum { COLUMNS = 3 + MN_STATISTICS + 8 * MN_QUANTITIES };

typedef struct sheet {
  mn_column column[COLUMNS];
  char name[COLUMNS][96];
  int columns;
} sheet;

static mn_column *add(sheet *s, int64_t rows, const char *about, const char *format, const char *name)
{
  mn_column *c = &s->column[s->columns];
  snprintf(s->name[s->columns], sizeof s->name[0], format, name);
  *c = (mn_column){.name = s->name[s->columns], .about = about, .rows = rows};
  s->columns++;
  return c;
}

/* Transposed copies of the statistics, the estimates and the fits, as files want columns. */
static void fill(sheet *s, const mn_tasks *t, const mn_study_result *r, double *room)
{
  const int64_t rows = (int64_t)r->variations * r->counts;
  for (int k = 0; k < MN_STATISTICS; k++) {
    const mn_statistic_info info = mn_statistic_at(k);
    mn_column *c = add(s, rows, info.about, "/replicas/%s", info.name);
    c->columns = t->options->replicas;
    c->real = room;
    for (int64_t task = 0; task < t->count; task++) {
      *room++ = t->state[task] == MN_TASK_DONE ? t->value[task * MN_STATISTICS + k] : (double)NAN;
    }
  }
  for (int q = 0; q < MN_QUANTITIES; q++) {
    static const char *const part[] = {"/fits/%s_exponent", "/fits/%s_low", "/fits/%s_high", "/fits/%s_prefactor"};
    const mn_quantity_info info = mn_quantity_at(q);
    static const char *const estimates[] = {"/table/%s", "/table/%s_error", "/paired/%s", "/paired/%s_error"};
    for (int p = 0; p < 4; p++) {
      const mn_estimate *from = p < 2 ? r->estimate : r->paired;
      add(s, rows, p % 2 ? "standard error over replicas" : info.about, estimates[p], info.name)->real = room;
      for (int64_t row = 0; row < rows; row++) {
        const mn_estimate *e = &from[row * MN_QUANTITIES + q];
        *room++ = p % 2 ? e->error : e->value;
      }
    }
    for (int p = 0; p < 4; p++) {
      add(s, r->variations, "of a power of the number of cells; low and high hold 95 %", part[p], info.name)->real =
          room;
      for (int v = 0; v < r->variations; v++) {
        const mn_fit *f = &r->fit[(int64_t)v * MN_QUANTITIES + q];
        *room++ = p == 0 ? f->exponent : p == 1 ? f->low : p == 2 ? f->high : f->prefactor;
      }
    }
  }
}

static mn_error *write(const mn_parallel *parallel, const mn_tasks *t, const mn_study_result *r, sheet *s, double *room)
{
  static const char *const groups[] = {"/table", "/paired", "/fits", "/replicas", "/variations", NULL};
  const int64_t rows = (int64_t)r->variations * r->counts;
  char path[4096];
  char(*number)[16] = NULL;
  mn_label *label = NULL;
  add(s, r->counts, "numbers of cells; rows of tables are variations x these", "/table/%s", "cells")->integer =
      t->options->count;
  add(s, rows, "replicas that are finished", "/table/%s", "finished")->integer = r->replicas;
  add(s, rows, "replicas that have failed", "/table/%s", "failed")->integer = r->failed;
  fill(s, t, r, room);
  mn_error *error = mn_alloc(&number, r->variations, sizeof *number);
  error = mn_agree(parallel, error ? error : mn_alloc(&label, r->variations, sizeof *label));
  for (int v = 0; v < r->variations && !error; v++) {
    snprintf(number[v], sizeof number[v], "%04d", v);
    label[v] = (mn_label){"/variations", number[v], t->options->variation[v].name};
  }
  snprintf(path, sizeof path, "%s/study.h5", t->options->directory);
  const mn_table_file file = {"mnemotaxis study", groups, s->columns, s->column, r->variations, label};
  error = error ? error : mn_table_write(parallel, path, &file);
  mn_free(&label);
  mn_free(&number);
  return error;
}

mn_error *mn_outcome_make(const mn_parallel *parallel, const mn_tasks *t, mn_study_result *r)
{
  const int64_t rows = (int64_t)r->variations * r->counts;
  double *values = NULL;
  double *room = NULL;
  int64_t *first = NULL;
  sheet *s = NULL;
  mn_error *error = allocate(r);
  error = error ? error : mn_alloc(&values, t->count * MN_STATISTICS, sizeof *values);
  error = error ? error : mn_alloc(&room, t->count * MN_STATISTICS + 8 * MN_QUANTITIES * rows, sizeof *room);
  error = error ? error : mn_alloc(&first, rows, sizeof *first);
  error = error ? error : mn_alloc(&s, 1, sizeof *s);
  if (!error) {
    collect(t, r, values, first);
    error = summarise(t, r, values, first);
  }
  error = mn_agree(parallel, error);
  error = error ? error : write(parallel, t, r, s, room);
  mn_free(&values);
  mn_free(&room);
  mn_free(&first);
  mn_free(&s);
  return error;
}
