/* Every rank writes its own positions; of the history, which all ranks hold, rank r writes the samples k = r mod size.
 */
#include "h5.h"
#include "ladder_rows.h"
#include "seal.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/fields.h>
#include <mnemotaxis/memory.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Order and meaning of the table below. */
enum { POSITION, FREE_PATH, BASE, TIME, EXPONENT, WORDS_PER_SAMPLE, WORDS, LADDER, MODES, TRAILS };

const mn_state_field mn_state_fields[] = {
    [POSITION] = {"/cells/position", "float64", "[N, 2]", "positions at the time of the checkpoint, exact"},
    [FREE_PATH] = {"/cells/free_path", "float64", "[N, 2]", "the same cells without drift, moved by the same noise"},
    [BASE] = {"/history/base", "int64", "[K, 2]", "positions of the oldest sample, in units of 2^exponent[0]"},
    [TIME] = {"/history/time", "float64", "[S]", "times of the samples kept, oldest first"},
    [EXPONENT] = {"/history/exponent", "int32", "[S]", "binary exponent of the unit of each sample"},
    [WORDS_PER_SAMPLE] = {"/history/words_per_sample", "int64", "[S]", "length of each coded slab; 0 for the oldest"},
    [WORDS] = {"/history/words", "uint32", "[W]", "the coded slabs one after the other"},
    [LADDER] = {MN_LADDER_TABLE, "float64", "[T]", "spectral engine: box, levels and chapters, see below"},
    [MODES] = {MN_LADDER_MODES, "float64", "[M]",
               "spectral engine: modes of all levels and chapters, one after the other"},
    [TRAILS] = {MN_LADDER_TRAILS, "int32", "[P]",
                "spectral engine: past positions of own trails, one plane after the other"},
    {NULL, NULL, NULL, NULL},
};

const char *mn_version(void)
{
  return MN_VERSION " (" MN_COMMIT ")";
}

static mn_type type_of(int field)
{
  static const struct {
    const char *name;
    mn_type type;
  } known[] = {{"float64", MN_F64}, {"int64", MN_I64}, {"int32", MN_I32}, {"uint32", MN_U32}};
  int k = 0;
  while (strcmp(known[k].name, mn_state_fields[field].type) != 0) {
    k++;
  }
  return known[k].type;
}

static mn_rows rows_of(int field, int64_t rows, int64_t first, int64_t count)
{
  const int64_t columns = strchr(mn_state_fields[field].shape, ',') ? 2 : 0;
  return (mn_rows){mn_state_fields[field].name, type_of(field), rows, columns, first, count};
}

static mn_error *write_header(mn_h5 *file, const mn_checkpoint_header *header, int64_t forgotten)
{
  const int64_t version = MN_CHECKPOINT_VERSION;
  MN_TRY(mn_h5_text(file, "/", "format", "mnemotaxis checkpoint"));
  MN_TRY(mn_h5_numbers(file, "/", "format_version", MN_I64, 1, &version));
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  MN_TRY(mn_h5_text(file, "/", "parameters", header->parameters));
  MN_TRY(mn_h5_numbers(file, "/", "step", MN_I64, 1, &header->step));
  MN_TRY(mn_h5_numbers(file, "/", "time", MN_F64, 1, &header->time));
  MN_TRY(mn_h5_numbers(file, "/", "count", MN_I64, 1, &header->count));
  return mn_h5_numbers(file, "/", "forgotten", MN_I64, 1, &forgotten);
}

/* Columns of the table of samples, [samples] each, and the words before each. */
typedef struct sample_table {
  double *time;
  int32_t *exponent;
  int64_t *words;
} sample_table;

static mn_error *sample_table_create(int samples, sample_table *t)
{
  MN_TRY(mn_alloc(&t->time, samples, sizeof *t->time));
  MN_TRY(mn_alloc(&t->exponent, samples, sizeof *t->exponent));
  return mn_alloc(&t->words, samples, sizeof *t->words);
}

static void sample_table_destroy(sample_table *t)
{
  mn_free(&t->time);
  mn_free(&t->exponent);
  mn_free(&t->words);
}

static mn_error *write_words(mn_h5 *file, const mn_parallel *parallel, const mn_history *history, int64_t total)
{
  const mn_rows all = rows_of(WORDS, total, 0, 0);
  MN_TRY(mn_h5_create_rows(file, &all));
  mn_error *error = NULL;
  int64_t before = 0;
  for (int k = 0; k < mn_history_samples(history); k++) {
    const mn_slab *slab = mn_history_slab(history, k);
    if (k % parallel->size == parallel->rank && !error) {
      const mn_rows part = rows_of(WORDS, total, before, slab->count);
      error = mn_h5_write_part(file, &part, slab->words);
    }
    before += slab->count;
  }
  return mn_agree(parallel, error);
}

static mn_error *write_samples(mn_h5 *file, const mn_parallel *parallel, const mn_history *history, sample_table *t)
{
  const int samples = mn_history_samples(history);
  int64_t total = 0;
  for (int k = 0; k < samples; k++) {
    const mn_slab *slab = mn_history_slab(history, k);
    t->time[k] = slab->time;
    t->exponent[k] = slab->exponent;
    t->words[k] = slab->count;
    total += slab->count;
  }
  const int64_t mine = parallel->rank == 0 ? samples : 0;
  const mn_rows time = rows_of(TIME, samples, 0, mine);
  const mn_rows exponent = rows_of(EXPONENT, samples, 0, mine);
  const mn_rows words = rows_of(WORDS_PER_SAMPLE, samples, 0, mine);
  MN_TRY(mn_h5_write(file, &time, t->time));
  MN_TRY(mn_h5_write(file, &exponent, t->exponent));
  MN_TRY(mn_h5_write(file, &words, t->words));
  return write_words(file, parallel, history, total);
}

static mn_error *write_state(mn_h5 *file, const mn_parallel *parallel, const mn_checkpoint_header *header,
                             const mn_cells *cells, const mn_history *history, mn_ladder *ladder)
{
  const int64_t count = header->count;
  const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
  const mn_rows position = rows_of(POSITION, count, block.begin, mn_block_count(block));
  const int64_t kept = mn_history_cells(history);
  const mn_block witnesses = mn_block_of(kept, parallel->rank, parallel->size);
  const mn_rows base = rows_of(BASE, kept, witnesses.begin, mn_block_count(witnesses));
  MN_TRY(write_header(file, header, mn_history_forgotten(history)));
  const mn_rows free_path = rows_of(FREE_PATH, count, block.begin, mn_block_count(block));
  MN_TRY(mn_h5_write(file, &position, cells->position));
  MN_TRY(mn_h5_write(file, &free_path, cells->free_path));
  MN_TRY(mn_h5_write(file, &base, mn_history_base(history) + 2 * witnesses.begin));
  sample_table table = {0};
  mn_error *error = mn_agree(parallel, sample_table_create(mn_history_samples(history), &table));
  error = error ? error : write_samples(file, parallel, history, &table);
  sample_table_destroy(&table);
  return error || !ladder ? error : mn_ladder_rows_write(file, parallel, ladder);
}

mn_error *mn_checkpoint_write(const mn_parallel *parallel, const char *path, int keep,
                              const mn_checkpoint_header *header, const mn_cells *cells, const mn_history *history,
                              mn_ladder *ladder)
{
  mn_h5 *file = NULL;
  const int64_t bytes = 48 * header->count + mn_history_bytes(history) + (int64_t)strlen(header->parameters) + 65536 +
                        (ladder ? mn_ladder_rows_bytes(ladder) : 0);
  MN_TRY(mn_h5_begin(parallel, path, bytes, &file));
  mn_error *error = write_state(file, parallel, header, cells, history, ladder);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, keep);
}

enum { GENERATIONS = 100 }; /* looked for */

mn_error *mn_checkpoint_find(const mn_parallel *parallel, const char *directory, char *path, char *notes, size_t size)
{
  char newest[MN_PATH_MAX];
  char candidate[MN_PATH_MAX];
  snprintf(newest, sizeof newest, "%s/checkpoint.h5", directory);
  path[0] = '\0';
  notes[0] = '\0';
  for (int k = 0; k < GENERATIONS; k++) {
    mn_h5_generation(newest, k, candidate);
    int there = access(candidate, F_OK) == 0;
    MPI_Bcast(&there, 1, MPI_INT, 0, parallel->comm);
    if (!there) {
      continue;
    }
    mn_error *damage = mn_seal_check(parallel, candidate);
    if (!damage) {
      snprintf(path, size, "%s", candidate);
      return NULL;
    }
    const size_t used = strlen(notes);
    snprintf(notes + used, size - used, "%s%s", used > 0 ? "; " : "", damage->message);
    mn_error_destroy(&damage);
  }
  return notes[0] == '\0' ? NULL : mn_error_create(MN_DATA, "no undamaged checkpoint in %s: %.600s", directory, notes);
}

static mn_error *rename_damaged(const char *directory, const char *good)
{
  char newest[MN_PATH_MAX];
  char candidate[MN_PATH_MAX];
  char aside[MN_PATH_MAX + 16];
  snprintf(newest, sizeof newest, "%s/checkpoint.h5", directory);
  for (int k = 0; k < GENERATIONS; k++) {
    mn_h5_generation(newest, k, candidate);
    if (strcmp(candidate, good) == 0) {
      return NULL;
    }
    snprintf(aside, sizeof aside, "%s.damaged", candidate);
    if (access(candidate, F_OK) == 0 && rename(candidate, aside) != 0) {
      return mn_error_create(MN_IO, "cannot rename %s", candidate);
    }
  }
  return NULL;
}

mn_error *mn_checkpoint_set_aside(const mn_parallel *parallel, const char *directory, const char *good)
{
  const bool mine = parallel->rank == 0 && good[0] != '\0';
  return mn_agree(parallel, mine ? rename_damaged(directory, good) : NULL);
}

static mn_error *read_header(const char *path, mn_checkpoint_header *header)
{
  hid_t file;
  char *format = NULL;
  MN_TRY(mn_h5_open(path, &file));
  mn_error *error = mn_h5_read_text(file, "/", "format", &format);
  const bool continuum = !error && strcmp(format, "mnemotaxis continuum") == 0;
  if (!error && !continuum && strcmp(format, "mnemotaxis checkpoint") != 0) {
    error = mn_error_create(MN_DATA, "it is not a checkpoint but a %.60s", format);
  }
  error = error ? error : mn_h5_read_numbers(file, "/", "format_version", MN_I64, 1, &header->version);
  const int known = continuum ? MN_FIELDS_VERSION : MN_CHECKPOINT_VERSION;
  if (!error && header->version != known) {
    error = mn_error_create(MN_DATA, "its format version is %lld, this program reads version %d",
                            (long long)header->version, known);
  }
  error = error ? error : mn_h5_read_text(file, "/", "program", &header->program);
  error = error ? error : mn_h5_read_text(file, "/", "parameters", &header->parameters);
  error = error ? error : mn_h5_read_numbers(file, "/", "step", MN_I64, 1, &header->step);
  error = error ? error : mn_h5_read_numbers(file, "/", "time", MN_F64, 1, &header->time);
  if (!continuum) {
    error = error ? error : mn_h5_read_numbers(file, "/", "count", MN_I64, 1, &header->count);
  }
  mn_free(&format);
  H5Fclose(file);
  return error;
}

mn_error *mn_checkpoint_header_read(const mn_parallel *parallel, const char *path, mn_checkpoint_header *header)
{
  *header = (mn_checkpoint_header){0};
  MN_TRY(mn_seal_check(parallel, path));
  mn_error *error = mn_agree(parallel, mn_error_within(read_header(path, header), "%s", path));
  if (error) {
    mn_checkpoint_header_clear(header);
  }
  return error;
}

void mn_checkpoint_header_clear(mn_checkpoint_header *header)
{
  mn_free(&header->program);
  mn_free(&header->parameters);
}

static mn_error *samples_kept(hid_t file, int *samples)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, mn_state_fields[TIME].name, &exists, &dimensions, shape));
  *samples = (int)shape[0];
  return exists ? NULL : mn_error_create(MN_DATA, "it holds no history");
}

static mn_error *read_table(hid_t file, int samples, const sample_table *t)
{
  const mn_rows time = rows_of(TIME, samples, 0, samples);
  const mn_rows exponent = rows_of(EXPONENT, samples, 0, samples);
  const mn_rows words = rows_of(WORDS_PER_SAMPLE, samples, 0, samples);
  MN_TRY(mn_h5_read(file, &time, t->time));
  MN_TRY(mn_h5_read(file, &exponent, t->exponent));
  return mn_h5_read(file, &words, t->words);
}

static mn_error *read_slabs(hid_t file, int samples, const sample_table *t, mn_slab *slabs)
{
  int64_t before = 0;
  for (int k = 0; k < samples; k++) {
    slabs[k] = (mn_slab){.time = t->time[k], .exponent = t->exponent[k], .count = t->words[k]};
    const mn_rows part = rows_of(WORDS, 0, before, t->words[k]);
    if (t->words[k] > 0) {
      MN_TRY(mn_alloc(&slabs[k].words, t->words[k], sizeof *slabs[k].words));
      MN_TRY(mn_h5_read(file, &part, slabs[k].words));
    }
    before += t->words[k];
  }
  return NULL;
}

/* Everything of a checkpoint as it is read, before it becomes a history. */
typedef struct loaded {
  int samples;
  int64_t forgotten;
  sample_table table;
  mn_slab *slabs;
  int64_t *base;
} loaded;

static mn_error *load_all(hid_t file, int64_t count, int64_t kept, mn_block block, const mn_cells *cells, loaded *in)
{
  const mn_rows position = rows_of(POSITION, count, block.begin, mn_block_count(block));
  const mn_rows base = rows_of(BASE, kept, 0, kept);
  MN_TRY(samples_kept(file, &in->samples));
  MN_TRY(sample_table_create(in->samples, &in->table));
  MN_TRY(mn_alloc(&in->slabs, in->samples, sizeof *in->slabs));
  MN_TRY(mn_alloc(&in->base, 2 * kept, sizeof *in->base));
  MN_TRY(mn_h5_read_numbers(file, "/", "forgotten", MN_I64, 1, &in->forgotten));
  const mn_rows free_path = rows_of(FREE_PATH, count, block.begin, mn_block_count(block));
  MN_TRY(mn_h5_read(file, &position, cells->position));
  MN_TRY(mn_h5_read(file, &free_path, cells->free_path));
  MN_TRY(mn_h5_read(file, &base, in->base));
  MN_TRY(read_table(file, in->samples, &in->table));
  return read_slabs(file, in->samples, &in->table, in->slabs);
}

mn_error *mn_checkpoint_load(const mn_parallel *parallel, const char *path, mn_block block, const mn_cells *cells,
                             mn_history *history, mn_ladder *ladder)
{
  hid_t file = -1;
  loaded in = {0};
  mn_error *error = mn_h5_open(path, &file);
  if (!error) {
    int64_t count = 0;
    error = mn_h5_read_numbers(file, "/", "count", MN_I64, 1, &count);
    error = error ? error : load_all(file, count, mn_history_cells(history), block, cells, &in);
  }
  error = mn_agree(parallel, mn_error_within(error, "%s", path));
  if (!error && ladder) {
    error = mn_agree(parallel, mn_error_within(mn_ladder_rows_read(file, parallel, ladder), "%s", path));
  }
  if (file >= 0) {
    H5Fclose(file);
  }
  if (!error) {
    error = mn_history_restore(history, in.samples, in.slabs, in.base, in.forgotten);
  } else {
    for (int k = 0; in.slabs && k < in.samples; k++) {
      mn_free(&in.slabs[k].words);
    }
  }
  sample_table_destroy(&in.table);
  mn_free(&in.slabs);
  mn_free(&in.base);
  return error;
}
