/* Checkpoints.  Truth: the state that was saved, bit by bit, also through another number of ranks; what the saved and
 * the loaded history make of the same further samples; files damaged on purpose. */
#include "check.h"

#include <files/h5.h>
#include <math.h>
#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELLS = 150, SAMPLES = 12, TEXT = 2048 };

static char path[512];

static int make_directory(void **state)
{
  (void)state;
  check_directory_create(check_directory);
  snprintf(path, sizeof path, "%s/checkpoint.h5", check_directory);
  return 0;
}

static const mn_model model = {.theta = 2.0, .chi = 3.0};

static double step_of(int sample)
{
  return 1e-3 * pow(1.7, sample);
}

static double time_of(int sample)
{
  return sample == 0 ? 0.0 : time_of(sample - 1) + step_of(sample - 1);
}

/* Coordinate k of the whole cloud at a sample: Brownian over growing steps. */
static double path_at(int sample, int64_t k)
{
  const double start = check_normal(1, (uint64_t)k);
  const uint64_t place = (uint64_t)(2 * CELLS * sample + k);
  return sample == 0 ? start : path_at(sample - 1, k) + sqrt(2.0 * step_of(sample - 1)) * check_normal(2, place);
}

static mn_block own_block(const mn_parallel *p)
{
  return mn_block_of(CELLS, p->rank, p->size);
}

static void fill(const mn_parallel *p, int sample, double *x)
{
  const mn_block own = own_block(p);
  for (int64_t k = 2 * own.begin; k < 2 * own.end; k++) {
    x[k - 2 * own.begin] = path_at(sample, k);
  }
}

static void append(const mn_parallel *p, mn_history *h, int sample)
{
  double x[2 * CELLS];
  fill(p, sample, x);
  check_ok(mn_history_append(h, time_of(sample), step_of(sample), x));
}

static mn_history *empty_history(const mn_parallel *p, double horizon)
{
  mn_history *h = NULL;
  check_ok(mn_history_create(p, &model, &(mn_history_options){.tolerance = 1e-3, .horizon = horizon}, CELLS, &h));
  return h;
}

static mn_history *history_of(const mn_parallel *p, int samples, double horizon)
{
  mn_history *h = empty_history(p, horizon);
  for (int k = 0; k < samples; k++) {
    append(p, h, k);
  }
  return h;
}

/* Writes the state after `samples` steps; positions are the sample that follows, the free path the one after. */
static void save(const mn_parallel *p, const char *to, int keep, int samples, const mn_history *h)
{
  double x[2 * CELLS];
  double free_path[2 * CELLS];
  const mn_checkpoint_header header = {
      .step = samples, .time = time_of(samples), .count = CELLS, .parameters = (char *)"a = 1\nb = 2\n"};
  fill(p, samples, x);
  fill(p, samples + 1, free_path);
  check_ok(mn_checkpoint_write(p, to, keep, &header, &(mn_cells){x, free_path}, h, NULL));
}

static void save_story(const mn_parallel *p, const char *to, int keep, int samples)
{
  mn_history *h = history_of(p, samples, 0.0);
  save(p, to, keep, samples, h);
  mn_history_destroy(&h);
}

/* Loads and compares the cells; the history is the caller's. */
static mn_history *loaded(const mn_parallel *p, const char *from, int samples, double horizon)
{
  double x[2][2 * CELLS];
  double truth[2 * CELLS];
  const size_t bytes = (size_t)(2 * mn_block_count(own_block(p))) * sizeof(double);
  mn_history *h = empty_history(p, horizon);
  check_ok(mn_checkpoint_load(p, from, own_block(p), &(mn_cells){x[0], x[1]}, h, NULL));
  for (int k = 0; k < 2; k++) {
    fill(p, samples + k, truth);
    assert_memory_equal(x[k], truth, bytes);
  }
  return h;
}

static void check_same_history(const mn_history *a, const mn_history *b)
{
  assert_int_equal(mn_history_samples(a), mn_history_samples(b));
  assert_int_equal(mn_history_forgotten(a), mn_history_forgotten(b));
  if (mn_history_samples(a) > 0) {
    assert_memory_equal(mn_history_base(a), mn_history_base(b), 2 * CELLS * sizeof(int64_t));
  }
  for (int k = 0; k < mn_history_samples(a); k++) {
    const mn_slab *s = mn_history_slab(a, k);
    const mn_slab *t = mn_history_slab(b, k);
    assert_true(s->time == t->time && s->exponent == t->exponent && s->count == t->count);
    if (s->count > 0) {
      assert_memory_equal(s->words, t->words, (size_t)s->count * sizeof *s->words);
    }
  }
}

static void a_state_comes_back_bit_by_bit(void **state)
{
  (void)state;
  for (int samples = 0; samples <= SAMPLES; samples += samples < 3 ? 1 : 3) {
    mn_history *h = history_of(check_world(), samples, 0.0);
    save(check_world(), path, 0, samples, h);
    mn_history *again = loaded(check_world(), path, samples, 0.0);
    check_same_history(h, again);
    mn_history_destroy(&h);
    mn_history_destroy(&again);
  }
}

static void growing_steps_are_stored_with_their_exponents(void **state)
{
  (void)state;
  save_story(check_world(), path, 0, SAMPLES);
  mn_history *h = loaded(check_world(), path, SAMPLES, 0.0);
  assert_true(mn_history_slab(h, 0)->exponent < mn_history_slab(h, SAMPLES - 1)->exponent);
  mn_history_destroy(&h);
}

static void forgotten_samples_stay_counted(void **state)
{
  (void)state;
  const double horizon = time_of(SAMPLES - 1) - time_of(SAMPLES - 6);
  mn_history *h = history_of(check_world(), SAMPLES, horizon);
  save(check_world(), path, 0, SAMPLES, h);
  mn_history *again = loaded(check_world(), path, SAMPLES, horizon);
  assert_int_equal(mn_history_forgotten(again), SAMPLES - 6);
  check_same_history(h, again);
  mn_history_destroy(&h);
  mn_history_destroy(&again);
}

/* Drift of the cells at the sample that follows the history. */
static void drift_of(const mn_history *h, int sample, double *out)
{
  double x[2 * CELLS];
  mn_drift *drift = NULL;
  fill(check_world(), sample, x);
  check_ok(
      mn_drift_create(check_world(), &mn_drift_direct, &model, &(mn_drift_options){.tolerance = 1e-4}, CELLS, &drift));
  check_ok(mn_drift_evaluate(drift, h, time_of(sample), 0.0, x, out));
  mn_drift_destroy(&drift);
}

static void a_loaded_history_goes_on_with_the_same_bits(void **state)
{
  (void)state;
  const double horizon = time_of(SAMPLES - 1) - time_of(SAMPLES - 4);
  double drift[2][2 * CELLS];
  mn_history *h = history_of(check_world(), SAMPLES - 3, horizon);
  save(check_world(), path, 0, SAMPLES - 3, h);
  mn_history *again = loaded(check_world(), path, SAMPLES - 3, horizon);
  for (int k = SAMPLES - 3; k < SAMPLES; k++) {
    append(check_world(), h, k);
    append(check_world(), again, k);
  }
  assert_true(mn_history_forgotten(h) > 0);
  check_same_history(h, again);
  drift_of(h, SAMPLES, drift[0]);
  drift_of(again, SAMPLES, drift[1]);
  assert_memory_equal(drift[0], drift[1], (size_t)(2 * mn_block_count(own_block(check_world()))) * sizeof(double));
  mn_history_destroy(&h);
  mn_history_destroy(&again);
}

static void a_state_comes_back_on_another_number_of_ranks(void **state)
{
  (void)state;
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_history *h = history_of(&alone, SAMPLES, 0.0);
  save_story(check_world(), path, 0, SAMPLES);
  mn_history *again = loaded(&alone, path, SAMPLES, 0.0); /* every rank for itself */
  check_same_history(h, again);
  mn_history_destroy(&again);
  if (check_world()->rank == 0) {
    save(&alone, path, 0, SAMPLES, h);
  }
  MPI_Barrier(check_world()->comm);
  again = loaded(check_world(), path, SAMPLES, 0.0);
  check_same_history(h, again);
  mn_history_destroy(&again);
  mn_history_destroy(&h);
  mn_parallel_destroy(&alone);
}

static void the_header_tells_what_was_saved(void **state)
{
  (void)state;
  mn_checkpoint_header header;
  save_story(check_world(), path, 0, 7);
  check_ok(mn_checkpoint_header_read(check_world(), path, &header));
  assert_int_equal(header.version, MN_CHECKPOINT_VERSION);
  assert_int_equal(header.step, 7);
  assert_true(header.time == time_of(7));
  assert_int_equal(header.count, CELLS);
  assert_string_equal(header.program, mn_version());
  assert_string_equal(header.parameters, "a = 1\nb = 2\n");
  mn_checkpoint_header_clear(&header);
}

static int64_t extent_of(char letter, int64_t words)
{
  return letter == 'N' || letter == 'K' ? CELLS : letter == 'S' ? SAMPLES : letter == 'W' ? words : letter - '0';
}

/* Shapes are written "[N, 2]" or "[S]". */
static void the_file_holds_the_datasets_of_the_table(void **state)
{
  (void)state;
  int64_t words = 0;
  hid_t file;
  save_story(check_world(), path, 0, SAMPLES);
  mn_history *h = loaded(check_world(), path, SAMPLES, 0.0);
  for (int k = 0; k < SAMPLES; k++) {
    words += mn_history_slab(h, k)->count;
  }
  mn_history_destroy(&h);
  check_ok(mn_h5_open(path, &file));
  for (const mn_state_field *f = mn_state_fields; f->name; f++) {
    bool exists;
    int dimensions;
    int64_t shape[3] = {0};
    check_ok(mn_h5_shape(file, f->name, &exists, &dimensions, shape));
    if (strpbrk(f->shape, "TMP")) { /* of a ladder, which this state has not */
      assert_false(exists);
      continue;
    }
    assert_true(exists && shape[0] == extent_of(f->shape[1], words));
    assert_int_equal(dimensions, strchr(f->shape, ',') ? 2 : 1);
    assert_true(dimensions == 1 || shape[1] == extent_of(f->shape[4], words));
  }
  H5Fclose(file);
}

/* On rank 0; others wait. */
static void damage(const char *name)
{
  MPI_Barrier(check_world()->comm);
  if (check_world()->rank == 0) {
    FILE *file = fopen(name, "r+b");
    fseek(file, 5000, SEEK_SET);
    const int byte = fgetc(file);
    fseek(file, 5000, SEEK_SET);
    fputc(byte ^ 1, file);
    fclose(file);
  }
  MPI_Barrier(check_world()->comm);
}

static void check_found(const char *name, const char *note)
{
  char found[TEXT];
  char notes[TEXT];
  check_ok(mn_checkpoint_find(check_world(), check_directory, found, notes, TEXT));
  assert_string_equal(found, name);
  if (note[0] == '\0') {
    assert_string_equal(notes, "");
  } else {
    assert_non_null(strstr(notes, note));
  }
  MPI_Barrier(check_world()->comm);
}

static void the_newest_undamaged_checkpoint_is_found(void **state)
{
  (void)state;
  char name[2][MN_PATH_MAX];
  char found[TEXT];
  char notes[TEXT];
  mn_h5_generation(path, 1, name[0]);
  mn_h5_generation(path, 2, name[1]);
  check_found("", "");
  for (int k = 1; k <= 3; k++) {
    save_story(check_world(), path, 2, k);
    check_found(path, "");
  }
  damage(path);
  check_found(name[0], "checkpoint.h5 is damaged");
  damage(name[0]);
  check_found(name[1], "checkpoint.prev.h5 is damaged");
  mn_history *h = loaded(check_world(), name[1], 1, 0.0);
  mn_history_destroy(&h);
  damage(name[1]);
  check_refused(mn_checkpoint_find(check_world(), check_directory, found, notes, TEXT), MN_DATA, "checkpoint.prev2.h5");
}

/* A kill between two renames leaves no newest one. */
static void an_older_checkpoint_is_found_without_a_newest(void **state)
{
  (void)state;
  char name[MN_PATH_MAX];
  mn_h5_generation(path, 1, name);
  save_story(check_world(), path, 1, 1);
  save_story(check_world(), path, 1, 2);
  if (check_world()->rank == 0) {
    assert_int_equal(unlink(path), 0);
  }
  MPI_Barrier(check_world()->comm);
  check_found(name, "");
}

/* A sealed file with this format and version and nothing else. */
static void write_stranger(const char *format, int64_t version)
{
  mn_h5 *file = NULL;
  check_ok(mn_h5_begin(check_world(), path, 1024, &file));
  check_ok(mn_h5_text(file, "/", "format", format));
  check_ok(mn_h5_numbers(file, "/", "format_version", MN_I64, 1, &version));
  check_ok(mn_h5_commit(&file, 0));
}

static void other_formats_and_versions_are_refused(void **state)
{
  (void)state;
  mn_checkpoint_header header;
  for (int other = -1; other <= 1; other += 2) {
    write_stranger("mnemotaxis checkpoint", MN_CHECKPOINT_VERSION + other);
    check_refused(mn_checkpoint_header_read(check_world(), path, &header), MN_DATA,
                  other < 0 ? "version is 2, this program reads version 3" : "version is 4, this program reads");
  }
  write_stranger("mnemotaxis series", MN_CHECKPOINT_VERSION);
  check_refused(mn_checkpoint_header_read(check_world(), path, &header), MN_DATA, "not a checkpoint");
  write_stranger("mnemotaxis checkpoint", MN_CHECKPOINT_VERSION);
  check_refused(mn_checkpoint_header_read(check_world(), path, &header), MN_DATA, "program");
}

static void a_damaged_checkpoint_is_refused(void **state)
{
  (void)state;
  mn_checkpoint_header header;
  save_story(check_world(), path, 0, SAMPLES);
  damage(path);
  check_refused(mn_checkpoint_header_read(check_world(), path, &header), MN_DATA, "damaged");
}

#define IN_DIRECTORY(claim) cmocka_unit_test_setup_teardown(claim, make_directory, check_directory_teardown)

MN_TESTS("checkpoint", IN_DIRECTORY(a_state_comes_back_bit_by_bit),
         IN_DIRECTORY(growing_steps_are_stored_with_their_exponents), IN_DIRECTORY(forgotten_samples_stay_counted),
         IN_DIRECTORY(a_loaded_history_goes_on_with_the_same_bits),
         IN_DIRECTORY(a_state_comes_back_on_another_number_of_ranks), IN_DIRECTORY(the_header_tells_what_was_saved),
         IN_DIRECTORY(the_file_holds_the_datasets_of_the_table), IN_DIRECTORY(the_newest_undamaged_checkpoint_is_found),
         IN_DIRECTORY(an_older_checkpoint_is_found_without_a_newest),
         IN_DIRECTORY(other_formats_and_versions_are_refused), IN_DIRECTORY(a_damaged_checkpoint_is_refused));
