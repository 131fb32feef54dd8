/* The compressed past.  Truth: the paths themselves, made on every rank; the words that one serial coder makes of all
 * cells through slab.h; counting, for what is forgotten. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/history.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/slab.h>
#include <string.h>

enum { CELLS = 100, STEPS = 40 };

static const mn_model model = {.theta = 0.7, .chi = 1.0};
static const int64_t counts[] = {1, 5, 33, CELLS};
enum { COUNTS = sizeof counts / sizeof *counts };

static double path[STEPS][2 * CELLS];
static double times[STEPS];

/* Steps: the first, and by what factor each is longer than the one before. */
static double first_step;
static double growth;

static double step_after(int m)
{
  return first_step * pow(growth, m);
}

/* Brownian paths of all cells; exponents range over several values. */
static void make_paths(double first, double factor)
{
  first_step = first;
  growth = factor;
  times[0] = 0.0;
  for (int k = 0; k < 2 * CELLS; k++) {
    path[0][k] = check_normal(11, (uint64_t)k);
  }
  for (int m = 1; m < STEPS; m++) {
    times[m] = times[m - 1] + step_after(m - 1);
    for (int k = 0; k < 2 * CELLS; k++) {
      path[m][k] = path[m - 1][k] + sqrt(2.0 * step_after(m - 1)) * check_normal(12, (uint64_t)(2 * CELLS * m + k));
    }
  }
}

/* Comes first: makes the paths of all tests. */
static void paths_of_these_tests_change_exponents(void **state)
{
  (void)state;
  make_paths(0.001, 1.17);
  const int last = mn_slab_exponent(&model, 1e-5, step_after(STEPS - 1));
  assert_true(last - mn_slab_exponent(&model, 1e-5, step_after(0)) >= 3);
}

static bool everywhere(bool mine)
{
  return !mn_any(check_world(), !mine);
}

static mn_history *empty_history(const mn_parallel *parallel, int64_t count, double horizon, int64_t capacity)
{
  const mn_history_options options = {.tolerance = 1e-5, .horizon = horizon, .capacity = capacity};
  mn_history *h = NULL;
  check_ok(mn_history_create(parallel, &model, &options, count, &h));
  return h;
}

static mn_error *append(const mn_parallel *parallel, mn_history *h, int m)
{
  const mn_block block = mn_block_of(mn_history_cells(h), parallel->rank, parallel->size);
  return mn_history_append(h, times[m], step_after(m), path[m] + 2 * block.begin);
}

static mn_history *full_history(int64_t count, double horizon, int64_t capacity)
{
  mn_history *h = empty_history(check_world(), count, horizon, capacity);
  for (int m = 0; m < STEPS; m++) {
    check_ok(append(check_world(), h, m));
  }
  return h;
}

/* Every sample of every cell within eta/2; the oldest kept sample is number `first`. */
static bool remembers(const mn_history *h, int first)
{
  static int64_t q[2 * CELLS];
  bool right = true;
  mn_cursor cursor;
  mn_cursor_start(&cursor, h, q);
  for (int k = 0; k < mn_history_samples(h); k++) {
    mn_cursor_next(&cursor);
    const int exponent = mn_slab_exponent(&model, 1e-5, step_after(first + k));
    right = right && cursor.exponent == exponent && mn_history_slab(h, k)->exponent == exponent &&
            mn_history_slab(h, k)->time == times[first + k];
    for (int64_t j = 0; j < 2 * mn_history_cells(h); j++) {
      right = right && fabs(ldexp((double)q[j], exponent) - path[first + k][j]) <= ldexp(0.5, exponent);
    }
  }
  return right;
}

static void cursor_gives_back_every_sample_within_half_eta(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    mn_history *h = full_history(counts[c], 0.0, 0);
    const bool all = mn_history_cells(h) == counts[c] && mn_history_samples(h) == STEPS;
    assert_true(everywhere(all && mn_history_forgotten(h) == 0 && remembers(h, 0)));
    mn_history_destroy(&h);
    assert_null(h);
  }
}

/* What one coder of all cells makes of the samples. */
typedef struct serial {
  int64_t base[2 * CELLS];
  int64_t size[STEPS];
  uint32_t words[STEPS][(CELLS / MN_GROUP + 1) * 127];
} serial;

static serial coded;

static void code_serially(int64_t count)
{
  static int64_t q[2][2 * CELLS];
  for (int m = 0; m < STEPS; m++) {
    const int exponent = mn_slab_exponent(&model, 1e-5, step_after(m));
    check_ok(mn_slab_quantize(exponent, count, path[m], q[m % 2]));
    if (m == 0) {
      memcpy(coded.base, q[0], sizeof coded.base);
      continue;
    }
    mn_slab_rescale(mn_slab_exponent(&model, 1e-5, step_after(m - 1)), exponent, count, q[1 - m % 2]);
    coded.size[m] = mn_slab_encode(count, q[1 - m % 2], q[m % 2], coded.words[m]);
  }
}

static bool same_words(const mn_slab *slab, int m)
{
  return slab->count == coded.size[m] &&
         memcmp(slab->words, coded.words[m], (size_t)slab->count * sizeof *slab->words) == 0;
}

static void slabs_are_the_words_of_a_serial_coder(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    code_serially(counts[c]);
    mn_history *h = full_history(counts[c], 0.0, 0);
    bool same = memcmp(mn_history_base(h), coded.base, (size_t)(2 * counts[c]) * sizeof *coded.base) == 0 &&
                !mn_history_slab(h, 0)->words;
    for (int m = 1; m < STEPS; m++) {
      same = same && same_words(mn_history_slab(h, m), m);
    }
    assert_true(everywhere(same));
    mn_history_destroy(&h);
  }
}

static void bits_are_those_of_the_slabs_kept(void **state)
{
  (void)state;
  code_serially(CELLS);
  double words = 0.0;
  mn_history *h = empty_history(check_world(), CELLS, 0.0, 0);
  for (int m = 0; m < STEPS; m++) {
    check_ok(append(check_world(), h, m));
    words += (double)coded.size[m];
    const double expected = 32.0 * words / (2.0 * CELLS * m);
    const double bits = mn_history_bits(h);
    assert_true(everywhere(m == 0 ? isnan(bits) : fabs(bits - expected) <= 1e-14 * expected));
  }
  mn_history_destroy(&h);
}

static void without_a_sample_there_are_no_bits(void **state)
{
  (void)state;
  mn_history *h = empty_history(check_world(), CELLS, 0.0, 0);
  const double bits = mn_history_bits(h);
  mn_history_destroy(&h);
  assert_true(everywhere(isnan(bits)));
}

/* Kept are exactly the samples not older than the horizon, and always the newest. */
static void check_horizon(double horizon, int64_t count)
{
  mn_history *h = empty_history(check_world(), count, horizon, 0);
  for (int m = 0; m < STEPS; m++) {
    check_ok(append(check_world(), h, m));
    int first = 0;
    while (first < m && times[m] - times[first] > horizon) {
      first++;
    }
    const bool right = mn_history_forgotten(h) == first && mn_history_samples(h) == m + 1 - first;
    assert_true(everywhere(right && remembers(h, first)));
  }
  mn_history_destroy(&h);
}

static void samples_beyond_the_horizon_are_forgotten_and_the_rest_kept(void **state)
{
  (void)state;
  const double horizons[] = {1e-9, 0.01, 0.1, 1.0, 1e9};
  for (int k = 0; k < 5; k++) {
    check_horizon(horizons[k], CELLS);
    check_horizon(horizons[k], 5);
  }
}

/* While steps get shorter the ring grows after it has begun to turn. */
static void shrinking_steps_fill_a_turned_ring(void **state)
{
  (void)state;
  make_paths(0.5, 1.0 / 1.17);
  check_horizon(0.6, CELLS);
  make_paths(0.001, 1.17);
}

/* Bytes of the base and of the words of samples first + 1 .. last. */
static int64_t shared_bytes(int64_t count, int first, int last)
{
  int64_t bytes = 2 * count * (int64_t)sizeof(int64_t);
  for (int m = first + 1; m <= last; m++) {
    bytes += coded.size[m] * (int64_t)sizeof(uint32_t);
  }
  return bytes;
}

static void capacity_bounds_the_bytes_and_forgets_no_more_than_it_must(void **state)
{
  (void)state;
  code_serially(CELLS);
  const int64_t capacity = shared_bytes(CELLS, 27, STEPS - 1) + 8; /* about a third of the run */
  mn_history *h = empty_history(check_world(), CELLS, 0.0, capacity);
  const int64_t empty = mn_history_bytes(h);
  for (int m = 0; m < STEPS; m++) {
    check_ok(append(check_world(), h, m));
    const int first = (int)mn_history_forgotten(h);
    bool right = mn_history_samples(h) == m + 1 - first && remembers(h, first);
    right = right && shared_bytes(CELLS, first, m) <= capacity && mn_history_bytes(h) <= empty + capacity;
    right = right && (first == 0 || shared_bytes(CELLS, first - 1, m) > capacity);
    assert_true(everywhere(right));
  }
  const int64_t forgotten = mn_history_forgotten(h);
  mn_history_destroy(&h);
  assert_true(forgotten == 27); /* the same on every rank: it is computed from all cells' words */
}

static void bytes_are_those_allocated(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    const int64_t before = mn_memory_live();
    mn_history *h = full_history(counts[c], c % 2 ? 0.05 : 0.0, 0);
    assert_true(everywhere(mn_history_bytes(h) == mn_memory_live() - before));
    mn_history_destroy(&h);
    assert_true(everywhere(mn_memory_live() == before));
  }
}

/* A deep copy of the slabs of `from`, as a restart would read them. */
static void copy_slabs(const mn_history *from, mn_slab *to)
{
  for (int k = 0; k < mn_history_samples(from); k++) {
    to[k] = *mn_history_slab(from, k);
    to[k].words = NULL;
    if (k > 0) {
      check_ok(mn_alloc(&to[k].words, to[k].count, sizeof *to[k].words));
      memcpy(to[k].words, mn_history_slab(from, k)->words, (size_t)to[k].count * sizeof *to[k].words);
    }
  }
}

static bool same_slabs(const mn_history *a, const mn_history *b)
{
  bool same = mn_history_samples(a) == mn_history_samples(b) && mn_history_forgotten(a) == mn_history_forgotten(b) &&
              memcmp(mn_history_base(a), mn_history_base(b), (size_t)(2 * mn_history_cells(a)) * sizeof(int64_t)) == 0;
  for (int k = 0; same && k < mn_history_samples(a); k++) {
    const mn_slab *x = mn_history_slab(a, k);
    const mn_slab *y = mn_history_slab(b, k);
    same = x->time == y->time && x->exponent == y->exponent && x->count == y->count &&
           (k == 0 || memcmp(x->words, y->words, (size_t)x->count * sizeof *x->words) == 0);
  }
  return same;
}

/* Both continue for ten samples after `first` samples and a restart of one of them on other ranks. */
static void check_restart(const mn_parallel *restarted, int64_t count, int first, double horizon)
{
  mn_slab slabs[STEPS];
  mn_history *through = empty_history(check_world(), count, horizon, 0);
  mn_history *again = empty_history(restarted, count, horizon, 0);
  check_ok(append(restarted, again, 3)); /* to be replaced */
  check_ok(append(restarted, again, 4));
  for (int m = 0; m < first; m++) {
    check_ok(append(check_world(), through, m));
  }
  copy_slabs(through, slabs);
  check_ok(mn_history_restore(again, mn_history_samples(through), slabs, mn_history_base(through),
                              mn_history_forgotten(through)));
  bool same = same_slabs(through, again) && remembers(again, (int)mn_history_forgotten(again));
  for (int m = first; m < first + 10; m++) {
    check_ok(append(check_world(), through, m));
    check_ok(append(restarted, again, m));
    same = same && same_slabs(through, again) && remembers(again, (int)mn_history_forgotten(again));
  }
  mn_history_destroy(&through);
  mn_history_destroy(&again);
  assert_true(everywhere(same));
}

static void restored_history_continues_with_the_same_words_on_any_ranks(void **state)
{
  (void)state;
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  for (int c = 0; c < COUNTS; c++) {
    check_restart(check_world(), counts[c], 7, 0.0);
    check_restart(check_world(), counts[c], 30, 0.05);
    check_restart(&self, counts[c], 1, 0.0);
    check_restart(&self, counts[c], 30, 0.0);
    check_restart(&self, counts[c], 30, 0.05);
  }
  mn_parallel_destroy(&self);
}

/* Damage seen by the last rank alone is heard by all. */
static void damaged_slab_is_refused_on_every_rank(void **state)
{
  (void)state;
  for (int damaged = 1; damaged < 20; damaged += 6) {
    mn_slab slabs[STEPS];
    mn_history *h = full_history(CELLS, 0.0, 0);
    mn_history *again = empty_history(check_world(), CELLS, 0.0, 0);
    copy_slabs(h, slabs);
    if (check_world()->rank == check_world()->size - 1) {
      slabs[damaged].words[0] ^= 1;
    }
    check_refused(mn_history_restore(again, STEPS, slabs, mn_history_base(h), 0), MN_DATA, "slab");
    mn_history_destroy(&h);
    mn_history_destroy(&again);
  }
}

static void lost_position_of_one_cell_is_refused_on_every_rank(void **state)
{
  (void)state;
  for (int victim = 0; victim < CELLS; victim += 33) {
    mn_history *h = empty_history(check_world(), CELLS, 0.0, 0);
    check_ok(append(check_world(), h, 0));
    const double kept = path[1][2 * victim + 1];
    path[1][2 * victim + 1] = NAN;
    mn_error *error = append(check_world(), h, 1);
    path[1][2 * victim + 1] = kept;
    check_refused(error, MN_INTERNAL, "cell");
    mn_history_destroy(&h);
  }
}

static void planned_bytes_are_within_five_percent_of_those_held(void **state)
{
  (void)state;
  enum { COUNT = 1000, SAMPLES = 60 };
  static double x[2 * COUNT];
  const double step = 0.01;
  const mn_history_options options = {.tolerance = 1e-5};
  const mn_block block = mn_block_of(COUNT, check_world()->rank, check_world()->size);
  mn_history *h = NULL;
  check_ok(mn_history_create(check_world(), &model, &options, COUNT, &h));
  memset(x, 0, sizeof x);
  for (int m = 0; m < SAMPLES; m++) {
    check_ok(mn_history_append(h, m * step, step, x + 2 * block.begin));
    for (int k = 0; k < 2 * COUNT; k++) {
      x[k] += sqrt(2.0 * step) * check_normal(21, (uint64_t)(2 * COUNT * m + k));
    }
  }
  const double held = (double)mn_history_bytes(h);
  const int64_t planned = mn_history_expected_bytes(&model, &options, COUNT, mn_block_count(block), SAMPLES, step);
  mn_history_destroy(&h);
  assert_true(everywhere(fabs((double)planned - held) <= 0.05 * held)); /* as promised to users */
}

MN_TESTS("history", cmocka_unit_test(paths_of_these_tests_change_exponents),
         cmocka_unit_test(cursor_gives_back_every_sample_within_half_eta),
         cmocka_unit_test(slabs_are_the_words_of_a_serial_coder), cmocka_unit_test(bits_are_those_of_the_slabs_kept),
         cmocka_unit_test(without_a_sample_there_are_no_bits),
         cmocka_unit_test(samples_beyond_the_horizon_are_forgotten_and_the_rest_kept),
         cmocka_unit_test(shrinking_steps_fill_a_turned_ring),
         cmocka_unit_test(capacity_bounds_the_bytes_and_forgets_no_more_than_it_must),
         cmocka_unit_test(bytes_are_those_allocated),
         cmocka_unit_test(restored_history_continues_with_the_same_words_on_any_ranks),
         cmocka_unit_test(damaged_slab_is_refused_on_every_rank),
         cmocka_unit_test(lost_position_of_one_cell_is_refused_on_every_rank),
         cmocka_unit_test(planned_bytes_are_within_five_percent_of_those_held));
