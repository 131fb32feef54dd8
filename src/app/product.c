/* study.vary is "key value value ... | key value ...".  The last key varies fastest. */
#include "product.h"

#include <mnemotaxis/memory.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AXES_MAX = 8, VALUES_MAX = 64 };

/* One key and its values, as places in a text. */
typedef struct axis {
  int key;
  int values;
  char *value[VALUES_MAX];
} axis;

static mn_error *bad_counts(const char *text)
{
  return mn_error_create(MN_USAGE, "study.counts = %.200s: it must be up to %d different whole numbers from 2 to 2e9",
                         text, MN_COUNTS_MAX);
}

static mn_error *read_counts(const char *text, mn_product *p)
{
  const char *at = text;
  for (;;) {
    char *end;
    const double value = strtod(at, &end);
    if (end == at) {
      break;
    }
    bool good = value >= 2.0 && value <= 2e9 && value == floor(value) && p->counts < MN_COUNTS_MAX;
    for (int k = 0; k < p->counts; k++) {
      good = good && (double)p->count[k] != value;
    }
    if (!good) {
      return bad_counts(text);
    }
    p->count[p->counts++] = (int64_t)value;
    at = *end == ',' ? end + 1 : end;
  }
  return p->counts > 0 && strspn(at, " \t") == strlen(at) ? NULL : bad_counts(text);
}

static mn_error *check_axis(const axis *all, int axes)
{
  const mn_key *key = &mn_keys[all[axes].key];
  if (strcmp(key->section, "study") == 0 || strcmp(key->section, "particles") == 0 || !key->fixed) {
    return mn_error_create(MN_USAGE, "%s.%s cannot be varied%s", key->section, key->name,
                           key->fixed ? " here: study.counts and study.replicas do that" : " in a study");
  }
  if (strcmp(key->name, "calibrate") == 0) {
    return mn_error_create(MN_USAGE, "drift.calibrate cannot be varied: a study measures nothing");
  }
  if (strcmp(key->name, "noise_substeps") == 0) {
    return mn_error_create(MN_USAGE, "time.noise_substeps cannot be varied: it follows from the steps");
  }
  for (int i = 0; i < all[axes].values; i++) {
    for (int j = 0; j < i; j++) {
      if (strcmp(all[axes].value[i], all[axes].value[j]) == 0) {
        return mn_error_create(MN_USAGE, "%s.%s = %s is there twice", key->section, key->name, all[axes].value[i]);
      }
    }
  }
  for (int k = 0; k < axes; k++) {
    if (all[k].key == all[axes].key) {
      return mn_error_create(MN_USAGE, "%s.%s is varied twice", key->section, key->name);
    }
  }
  return all[axes].values > 0
             ? NULL
             : mn_error_create(MN_USAGE, "%s.%s is to be varied, but there are no values", key->section, key->name);
}

/* "key value value ...", cut up in place. */
static mn_error *read_axis(char *text, axis *a)
{
  static const char blanks[] = " \t,";
  char *rest = NULL;
  const char *word = strtok_r(text, blanks, &rest);
  a->values = 0;
  MN_TRY(mn_config_find(word ? word : "", "study.vary", &a->key));
  while ((a->value[a->values] = strtok_r(NULL, blanks, &rest))) {
    if (++a->values == VALUES_MAX) {
      return mn_error_create(MN_USAGE, "%s has more than %d values", word, VALUES_MAX - 1);
    }
  }
  return NULL;
}

static mn_error *read_axes(char *text, axis *all, int *axes)
{
  *axes = 0;
  if (strspn(text, " \t") == strlen(text)) {
    return NULL;
  }
  for (char *part = text; part; (*axes)++) {
    char *bar = strchr(part, '|');
    if (bar) {
      *bar = '\0';
    }
    if (*axes == AXES_MAX) {
      return mn_error_create(MN_USAGE, "at most %d keys can be varied", AXES_MAX);
    }
    MN_TRY(read_axis(part, &all[*axes]));
    MN_TRY(check_axis(all, *axes));
    part = bar ? bar + 1 : NULL;
  }
  return NULL;
}

/* Steps of all variations see the same Brownian paths: each is a multiple of the finest. */
static mn_error *share_noise(mn_product *p)
{
  double finest = (double)INFINITY;
  for (int v = 0; v < p->variations; v++) {
    finest = fmin(finest, p->config[v].values.step / (double)p->config[v].values.noise_substeps);
  }
  for (int v = 0; v < p->variations; v++) {
    mn_values *values = &p->config[v].values;
    const double ratio = values->step / finest;
    if (fabs(ratio - rint(ratio)) > 1e-9 * ratio) {
      return mn_error_create(MN_USAGE,
                             "time.step = %g is no multiple of the finest step of the study, %g: they could not "
                             "follow the same Brownian paths",
                             values->step, finest);
    }
    if (rint(ratio) > 1.0 && values->first_step > 0.0) {
      return mn_error_create(MN_USAGE, "time.step cannot be varied together with time.first_step");
    }
    values->noise_substeps = (int64_t)rint(ratio);
    if (values->noise_substeps > 1) { /* part of the name: with another finest step these are other paths */
      const size_t at = strlen(p->name[v]);
      snprintf(p->name[v] + at, MN_TEXT_MAX - at, " (%lld substeps)", (long long)values->noise_substeps);
    }
  }
  return NULL;
}

static mn_error *make_configs(const mn_config *base, const axis *all, int axes, mn_product *p)
{
  for (int v = 0; v < p->variations; v++) {
    mn_config *config = &p->config[v];
    size_t at = 0;
    int place = v;
    int choice[AXES_MAX];
    *config = *base;
    for (int k = axes - 1; k >= 0; k--) {
      choice[k] = place % all[k].values;
      place /= all[k].values;
    }
    snprintf(p->name[v], MN_TEXT_MAX, "-");
    for (int k = 0; k < axes; k++) {
      const mn_key *key = &mn_keys[all[k].key];
      const char *value = all[k].value[choice[k]];
      MN_TRY(mn_config_store(config, all[k].key, value, "study.vary"));
      at += (size_t)snprintf(p->name[v] + at, at < MN_TEXT_MAX ? MN_TEXT_MAX - at : 0, "%s%s.%s=%s", k > 0 ? " " : "",
                             key->section, key->name, value);
    }
    if (at + 32 > MN_TEXT_MAX) { /* room for the substeps; a name cut off would be that of others too */
      return mn_error_create(MN_USAGE, "study.vary: the names of its variations are longer than %d bytes",
                             MN_TEXT_MAX - 32);
    }
    MN_TRY(mn_config_finish(config));
  }
  return share_noise(p);
}

static mn_error *make_runs(mn_product *p, int v)
{
  mn_config *config = &p->config[v];
  mn_witness_options continuum;
  for (int k = 0; k < p->counts; k++) {
    mn_run_options *run = &p->run[v * p->counts + k];
    config->values.count = p->count[k];
    MN_TRY(mn_case_options(config, run));
  }
  if (config->values.c0 == MN_FIELD_GRID) {
    return mn_error_create(MN_USAGE, "model.c0 = file is not for studies; give gaussians");
  }
  mn_variation *variation = &p->variation[v];
  *variation = (mn_variation){.name = p->name[v], .run = &p->run[v * p->counts]};
  if (config->values.study_limit == 1) {
    if (config->values.initial_kind == MN_INITIAL_FILE) {
      return mn_error_create(MN_USAGE, "initial.kind = file has no continuum that all numbers of cells share; give "
                                       "study.limit = no");
    }
    MN_TRY(mn_case_witness(config, &continuum));
    variation->continuum = continuum.pde;
    if (config->values.pde_smoothing > 0.0) {
      return mn_config_blame(config, "pde.smoothing", "pde.smoothing",
                             mn_error_create(MN_USAGE,
                                             "pde.smoothing > 0: the continuum would start elsewhere than the "
                                             "cells; give a law with a density, or study.limit = no"));
    }
    MN_TRY(mn_config_blame(config, "initial.kind", "initial.kind", mn_pde_check(&variation->continuum)));
  }
  return NULL;
}

static mn_error *allocate(mn_product *p)
{
  MN_TRY(mn_alloc(&p->config, p->variations, sizeof *p->config));
  MN_TRY(mn_alloc(&p->name, p->variations, sizeof *p->name));
  MN_TRY(mn_alloc(&p->run, (int64_t)p->variations * p->counts, sizeof *p->run));
  return mn_alloc(&p->variation, p->variations, sizeof *p->variation);
}

mn_error *mn_product_make(const mn_config *config, mn_product *p)
{
  char text[MN_TEXT_MAX];
  axis all[AXES_MAX];
  int axes = 0;
  double variations = 1.0;
  *p = (mn_product){0};
  MN_TRY(mn_config_blame(config, "study.counts", "study.counts", read_counts(config->values.study_counts, p)));
  snprintf(text, sizeof text, "%s", config->values.study_vary);
  MN_TRY(mn_config_blame(config, "study.vary", "study.vary", read_axes(text, all, &axes)));
  for (int k = 0; k < axes; k++) {
    variations *= all[k].values;
  }
  if (variations > MN_VARIATIONS_MAX) {
    return mn_error_create(MN_USAGE, "study.vary makes %.0f variations; at most %d", variations, MN_VARIATIONS_MAX);
  }
  p->variations = (int)variations;
  MN_TRY(allocate(p));
  MN_TRY(make_configs(config, all, axes, p));
  for (int v = 0; v < p->variations; v++) {
    MN_TRY(mn_error_within(make_runs(p, v), "study.vary, %.500s", p->name[v]));
  }
  return NULL;
}

void mn_product_clear(mn_product *p)
{
  mn_free(&p->config);
  mn_free(&p->name);
  mn_free(&p->run);
  mn_free(&p->variation);
}
