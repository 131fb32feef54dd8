/* Case files.  inih finds sections, names and values, but its lines are at most 199 bytes long: the reader that feeds
 * it takes lines of any length, cuts off comments, and passes long lines on in pieces, which inih hands back as
 * continuations of the value before. */
#include "config.h"

#include <mnemotaxis/memory.h>

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <string.h>

enum { LINE_MAX_BYTES = 4096 };

/* A text on its way through inih. */
typedef struct reading {
  mn_config *config;
  const char *name;
  mn_read_mode mode;
  const char *rest;          /* lines not yet taken */
  char line[LINE_MAX_BYTES]; /* the current line without its comment */
  char comment[MN_TEXT_MAX]; /* what stood after " ; " */
  const char *pending;       /* of the current line, not yet passed on */
  const char *glue;          /* between the value so far and the piece passed on; NULL: a new value */
  const char *next_glue;
  int lines, pieces; /* taken, passed on */
  int key;           /* of the value before */
  char seen[MN_KEYS_MAX];
  int error_piece;
  mn_error *error;
} reading;

static void strip_end(char *text)
{
  size_t length = strlen(text);
  while (length > 0 && isspace((unsigned char)text[length - 1])) {
    text[--length] = '\0';
  }
}

/* A ; after a blank begins a comment. */
static void split_comment(reading *r)
{
  r->comment[0] = '\0';
  for (char *c = r->line; *c != '\0'; c++) {
    if (*c == ';' && (c == r->line || isspace((unsigned char)c[-1]))) {
      snprintf(r->comment, sizeof r->comment, "%.1000s", c + 1 + strspn(c + 1, " "));
      *c = '\0';
    }
  }
  strip_end(r->comment);
  strip_end(r->line);
}

static void take_line(reading *r)
{
  const size_t length = strcspn(r->rest, "\n");
  const size_t kept = length < sizeof r->line - 1 ? length : sizeof r->line - 1;
  memcpy(r->line, r->rest, kept);
  r->line[kept] = '\0';
  r->rest += length + (r->rest[length] == '\n');
  r->lines++;
  if (kept < length && !r->error) {
    r->error =
        mn_error_create(MN_USAGE, "%s:%d: the line is longer than %d bytes", r->name, r->lines, LINE_MAX_BYTES - 1);
  }
  split_comment(r);
  r->pending = r->line;
  r->next_glue = isspace((unsigned char)r->line[0]) ? " " : NULL;
}

static char *next_piece(char *out, int size, void *stream)
{
  reading *r = stream;
  const bool fresh = *r->pending == '\0';
  if (r->error || (fresh && *r->rest == '\0')) {
    return NULL;
  }
  if (fresh) {
    take_line(r);
  }
  const size_t room = (size_t)size - 3;
  const size_t left = strlen(r->pending);
  size_t length = left;
  r->glue = r->next_glue;
  if (left > room) {
    for (length = room; length > 0 && r->pending[length] != ' '; length--) {
    }
    r->next_glue = length > 0 ? " " : "";
    length = length > 0 ? length : room;
  }
  snprintf(out, (size_t)size, "%s%.*s\n", fresh ? "" : " ", (int)length, r->pending);
  r->pending += length;
  r->pending += strspn(r->pending, " ");
  r->pieces++;
  return out;
}

static mn_error *extend(reading *r, const char *value)
{
  char whole[2 * LINE_MAX_BYTES];
  snprintf(whole, sizeof whole, "%s%s%s", r->config->text[r->key], r->glue, value);
  return mn_config_store(r->config, r->key, whole, r->config->origin[r->key]);
}

/* Where a value comes from: in used.ini the comment says where it first came from. */
static void find_origin(const reading *r, const char *value, char origin[MN_TEXT_MAX])
{
  const bool still_default = strcmp(r->comment, "default") != 0 || strcmp(value, mn_keys[r->key].fallback) == 0;
  if (r->mode == MN_READ_USED && r->comment[0] != '\0' && still_default) {
    snprintf(origin, MN_TEXT_MAX, "%s", r->comment);
  } else {
    snprintf(origin, MN_TEXT_MAX, "%.900s:%d", r->name, r->lines);
  }
}

static mn_error *accept(reading *r, const char *section, const char *name, const char *value)
{
  char full[256];
  char origin[MN_TEXT_MAX];
  if (r->glue) {
    return extend(r, value);
  }
  snprintf(full, sizeof full, "%s.%s", section, name);
  snprintf(origin, sizeof origin, "%.900s:%d", r->name, r->lines);
  MN_TRY(mn_config_find(full, origin, &r->key));
  if (r->seen[r->key]++) {
    return mn_error_create(MN_USAGE, "%s: %s is given a second time", origin, full);
  }
  if (r->mode == MN_READ_FIXED && !mn_keys[r->key].fixed) {
    return NULL;
  }
  find_origin(r, value, origin);
  return mn_config_store(r->config, r->key, value, origin);
}

static int take_value(void *user, const char *section, const char *name, const char *value)
{
  reading *r = user;
  if (!r->error) {
    r->error = accept(r, section, name, value);
    r->error_piece = r->pieces;
  }
  return r->error == NULL;
}

/* Line of the piece that inih could not make sense of. */
static int line_of_piece(const char *text, int piece)
{
  char out[200];
  reading r = {.name = "", .rest = text, .pending = ""};
  while (r.pieces < piece && next_piece(out, sizeof out, &r)) {
  }
  mn_error_destroy(&r.error);
  return r.lines;
}

mn_error *mn_config_read(mn_config *config, const char *name, const char *text, mn_read_mode mode)
{
  reading r = {.config = config, .name = name, .mode = mode, .rest = text, .pending = ""};
  const int bad_piece = ini_parse_stream(next_piece, &r, take_value, &r);
  if (bad_piece > 0 && (!r.error || bad_piece < r.error_piece)) {
    mn_error_destroy(&r.error);
    return mn_error_create(MN_USAGE, "%s:%d: this is neither [section] nor key = value", name,
                           line_of_piece(text, bad_piece));
  }
  return r.error;
}

/* Rank 0 reads; *text is only set there. */
static mn_error *read_file(const char *path, char **text, int64_t *bytes)
{
  FILE *file = fopen(path, "rb");
  if (!file) {
    return mn_error_create(MN_USAGE, "cannot read %s: %s", path, strerror(errno));
  }
  enum { LARGEST = 1 << 20 };
  mn_error *error = mn_alloc(text, LARGEST + 1, 1);
  if (!error) {
    *bytes = (int64_t)fread(*text, 1, LARGEST, file);
    error = ferror(file) ? mn_error_create(MN_USAGE, "cannot read %s: %s", path, strerror(errno)) : NULL;
  }
  fclose(file);
  return error;
}

mn_error *mn_config_file(const mn_parallel *parallel, const char *path, char **text)
{
  int64_t bytes = 0;
  MN_TRY(mn_agree(parallel, parallel->rank == 0 ? read_file(path, text, &bytes) : NULL));
  MPI_Bcast(&bytes, 1, MPI_INT64_T, 0, parallel->comm);
  MN_TRY(mn_agree(parallel, parallel->rank == 0 ? NULL : mn_alloc(text, bytes + 1, 1)));
  MPI_Bcast(*text, (int)bytes, MPI_CHAR, 0, parallel->comm);
  return NULL;
}
