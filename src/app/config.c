/* All text is kept until it is known where every key comes from, then converted once. */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int min_of_three(int a, int b, int c)
{
  const int ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Levenshtein distance of two names. */
static int edit_distance(const char *a, const char *b)
{
  enum { LONGEST = 64 };
  int row[LONGEST + 1];
  const int n = (int)strnlen(b, LONGEST);
  for (int j = 0; j <= n; j++) {
    row[j] = j;
  }
  for (int i = 1; a[i - 1] != '\0'; i++) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= n; j++) {
      const int above = row[j];
      row[j] = min_of_three(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = above;
    }
  }
  return row[n];
}

static void name_of(const mn_key *key, char out[128])
{
  snprintf(out, 128, "%s.%s", key->section, key->name);
}

mn_error *mn_config_find(const char *name, const char *origin, int *key)
{
  int nearest = 0;
  int least = 1000;
  int same_name = -1;
  const char *dot = strchr(name, '.');
  for (int k = 0; k < mn_keys_count; k++) {
    char full[128];
    name_of(&mn_keys[k], full);
    const int distance = edit_distance(name, full);
    if (distance == 0) {
      *key = k;
      return NULL;
    }
    if (distance < least) {
      least = distance;
      nearest = k;
    }
    if (dot && strcmp(dot + 1, mn_keys[k].name) == 0) {
      same_name = k;
    }
  }
  char hint[128];
  name_of(&mn_keys[same_name >= 0 ? same_name : nearest], hint);
  return mn_error_create(MN_USAGE, "%s: there is no key %s%s; did you mean %s?", origin, name,
                         same_name >= 0 ? " in that section" : "", hint);
}

void mn_config_defaults(mn_config *config)
{
  for (int k = 0; k < mn_keys_count; k++) {
    snprintf(config->text[k], MN_TEXT_MAX, "%s", mn_keys[k].fallback);
    snprintf(config->origin[k], MN_TEXT_MAX, "default");
  }
}

mn_error *mn_config_store(mn_config *config, int key, const char *value, const char *origin)
{
  if (strlen(value) >= MN_TEXT_MAX) {
    return mn_error_create(MN_USAGE, "%s: the value of %s.%s is longer than %d bytes", origin, mn_keys[key].section,
                           mn_keys[key].name, MN_TEXT_MAX - 1);
  }
  snprintf(config->text[key], MN_TEXT_MAX, "%s", value);
  snprintf(config->origin[key], MN_TEXT_MAX, "%s", origin);
  return NULL;
}

mn_error *mn_config_override(mn_config *config, const char *assignment)
{
  char name[256];
  const char *equals = strchr(assignment, '=');
  if (!equals || equals == assignment || (size_t)(equals - assignment) >= sizeof name) {
    return mn_error_create(MN_USAGE, "command line: \"%s\" is not of the form section.key=value", assignment);
  }
  snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
  if (strstr(equals, " ;") || strchr(equals, '\n')) {
    return mn_error_create(
        MN_USAGE, "command line: the value of %s holds \" ;\" or a line break, which used.ini cannot keep", name);
  }
  int key = 0;
  MN_TRY(mn_config_find(name, "command line", &key));
  return mn_config_store(config, key, equals + 1, "command line");
}

/* "must be > 0 and <= 5" */
static void describe_range(const mn_key *key, char out[128])
{
  snprintf(out, 128, "%s %.12g and <= %.12g", key->above_low ? ">" : ">=", key->low, key->high);
}

static mn_error *bad_value(const mn_config *config, int k, const char *must)
{
  return mn_error_create(MN_USAGE, "%s: %s.%s = %.200s: it must be %s", config->origin[k], mn_keys[k].section,
                         mn_keys[k].name, config->text[k], must);
}

static mn_error *check_range(const mn_config *config, int k, double value)
{
  const mn_key *key = &mn_keys[k];
  char range[128];
  if (value <= key->high && (key->above_low ? value > key->low : value >= key->low)) {
    return NULL;
  }
  describe_range(key, range);
  return bad_value(config, k, range);
}

static bool only_blanks(const char *text)
{
  while (isspace((unsigned char)*text)) {
    text++;
  }
  return *text == '\0';
}

static mn_error *convert_reals(const mn_config *config, int k, int length, double *out)
{
  char *at = (char *)config->text[k];
  char must[64];
  snprintf(must, sizeof must, length == 1 ? "a number" : "%d numbers", length);
  for (int i = 0; i < length; i++) {
    char *end;
    out[i] = strtod(at, &end);
    if (end == at || !isfinite(out[i])) {
      return bad_value(config, k, must);
    }
    MN_TRY(check_range(config, k, out[i]));
    at = *end == ',' && i + 1 < length ? end + 1 : end;
  }
  return only_blanks(at) ? NULL : bad_value(config, k, must);
}

static mn_error *convert_integer(const mn_config *config, int k, int64_t *out)
{
  char *end;
  const double value = strtod(config->text[k], &end);
  if (end == config->text[k] || !only_blanks(end) || !isfinite(value) || value != floor(value)) {
    return bad_value(config, k, "a whole number");
  }
  MN_TRY(check_range(config, k, value));
  *out = (int64_t)value;
  return NULL;
}

static mn_error *convert_choice(const mn_config *config, int k, int *out)
{
  const char *choice = mn_keys[k].choices;
  const size_t length = strlen(config->text[k]);
  for (int index = 0; choice; index++) {
    const char *bar = strchr(choice, '|');
    const size_t width = bar ? (size_t)(bar - choice) : strlen(choice);
    if (width == length && strncmp(choice, config->text[k], width) == 0) {
      *out = index;
      return NULL;
    }
    choice = bar ? bar + 1 : NULL;
  }
  char must[256];
  snprintf(must, sizeof must, "one of %.200s", mn_keys[k].choices);
  return bad_value(config, k, must);
}

static mn_error *convert_blobs(const mn_config *config, int k, mn_blob *out, int *count)
{
  static const char must[] =
      "groups of four numbers, the first and the last of a group > 0, groups separated by commas";
  const char *at = config->text[k];
  *count = 0;
  while (!only_blanks(at)) {
    mn_blob blob;
    int used = 0;
    if (*count == MN_BLOBS_MAX) {
      return bad_value(config, k, "at most 16 groups");
    }
    if (sscanf(at, " %lf %lf %lf %lf %n", &blob.amplitude, &blob.x, &blob.y, &blob.sigma, &used) != 4 ||
        !isfinite(blob.amplitude + blob.x + blob.y + blob.sigma) || !(blob.amplitude > 0.0) || !(blob.sigma > 0.0) ||
        (at[used] != ',' && at[used] != '\0')) {
      return bad_value(config, k, must);
    }
    out[(*count)++] = blob;
    at += used + (at[used] == ',');
  }
  return NULL;
}

static mn_error *convert(mn_config *config, int k)
{
  const mn_key *key = &mn_keys[k];
  char *to = (char *)&config->values + key->offset;
  switch (key->kind) {
  case MN_KEY_REAL:
    return convert_reals(config, k, 1, (double *)(void *)to);
  case MN_KEY_REALS:
    return convert_reals(config, k, key->length, (double *)(void *)to);
  case MN_KEY_INTEGER:
    return convert_integer(config, k, (int64_t *)(void *)to);
  case MN_KEY_CHOICE:
    return convert_choice(config, k, (int *)(void *)to);
  case MN_KEY_BLOBS:
    return convert_blobs(config, k, (mn_blob *)(void *)to,
                         (int *)(void *)((char *)&config->values + key->count_offset));
  case MN_KEY_TEXT:
    break;
  }
  snprintf(to, MN_TEXT_MAX, "%s", config->text[k]);
  return NULL;
}

mn_error *mn_config_finish(mn_config *config)
{
  for (int k = 0; k < mn_keys_count; k++) {
    MN_TRY(convert(config, k));
  }
  return NULL;
}

static const char *origin_of(const mn_config *config, const char *name)
{
  int key = 0;
  mn_error *unknown = mn_config_find(name, "", &key);
  mn_error_destroy(&unknown);
  return config->origin[key];
}

mn_error *mn_config_blame(const mn_config *config, const char *first, const char *second, mn_error *error)
{
  const char *origin = origin_of(config, first);
  if (strcmp(origin, "default") == 0) {
    origin = origin_of(config, second);
  }
  return mn_error_within(error, "%s", origin);
}

mn_error *mn_config_same_run(const mn_config *config, const mn_config *stored)
{
  for (int k = 0; k < mn_keys_count; k++) {
    const mn_key *key = &mn_keys[k];
    if (key->fixed && strcmp(config->text[k], stored->text[k]) != 0) {
      return mn_error_create(MN_USAGE,
                             "%s: %s.%s = %.200s, but the run was begun with %.200s and this cannot change on resume",
                             config->origin[k], key->section, key->name, config->text[k], stored->text[k]);
    }
  }
  return NULL;
}

void mn_config_print(const mn_config *config, bool fixed_only, bool origins, FILE *out)
{
  const char *section = "";
  for (int k = 0; k < mn_keys_count; k++) {
    const mn_key *key = &mn_keys[k];
    if (fixed_only && !key->fixed) {
      continue;
    }
    if (strcmp(section, key->section) != 0) {
      fprintf(out, "%s[%s]\n", section[0] != '\0' ? "\n" : "", key->section);
      section = key->section;
    }
    fprintf(out, "%s = %s", key->name, config->text[k]);
    fprintf(out, origins ? " ; %s\n" : "\n", config->origin[k]);
  }
}

void mn_config_help(FILE *out)
{
  const char *section = "";
  for (int k = 0; k < mn_keys_count; k++) {
    const mn_key *key = &mn_keys[k];
    char range[128] = "text";
    if (strcmp(section, key->section) != 0) {
      fprintf(out, "\n[%s]\n", key->section);
      section = key->section;
    }
    if (key->kind == MN_KEY_CHOICE) {
      snprintf(range, sizeof range, "%s", key->choices);
    } else if (key->kind != MN_KEY_TEXT && key->kind != MN_KEY_BLOBS) {
      describe_range(key, range);
    }
    fprintf(out, "  %s = %s\n      %s (%s%s)\n", key->name, key->fallback, key->about, range,
            key->fixed ? "; fixed for a run" : "");
  }
}
