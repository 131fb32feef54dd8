/* Blocks, gathers, sums, agreement, memory and errors.  Truth: counting, for blocks; a serial loop over all cells made
 * on every rank, for what is gathered or summed; all subsets of failing ranks, for what is agreed. */
#include "check.h"

#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <string.h>

enum { CELLS = 1000, WIDTH_MAX = 3 };

static const int64_t counts[] = {1, 5, 31, 32, 33, 64, 65, 100, 190, CELLS};
enum { COUNTS = sizeof counts / sizeof *counts };

static void groups_hold_every_cell(void **state)
{
  (void)state;
  for (int64_t n = 0; n < 10 * MN_GROUP; n++) {
    const int64_t groups = mn_groups(n);
    assert_true(groups * MN_GROUP >= n && (groups - 1) * MN_GROUP < n);
  }
}

static void check_blocks(int64_t count, int size)
{
  int64_t next = 0;
  int64_t least = mn_groups(count);
  int64_t most = 0;
  for (int rank = 0; rank < size; rank++) {
    const mn_block block = mn_block_of(count, rank, size);
    assert_int_equal(block.begin, next);
    assert_true(block.end >= block.begin);
    assert_true(block.begin % MN_GROUP == 0 || block.begin == count);
    assert_int_equal(mn_block_count(block), block.end - block.begin);
    const int64_t groups = mn_groups(mn_block_count(block));
    least = groups < least ? groups : least;
    most = groups > most ? groups : most;
    next = block.end;
  }
  assert_int_equal(next, count);
  assert_true(most - least <= 1);
}

static void blocks_cover_every_cell_once_in_whole_groups_evenly(void **state)
{
  (void)state;
  for (int size = 1; size <= 9; size++) {
    for (int64_t count = 0; count <= 700; count++) {
      check_blocks(count, size);
    }
    check_blocks(1000, size);
    check_blocks(INT64_C(3000000001), size);
  }
  check_blocks(33, 1000);
}

/* Magnitudes over twelve decades: another order of the sum has other bits. */
static double value(int64_t cell, int k)
{
  static const double magnitude[] = {1.0, 1e6, 1e-6, 3.0, 1e3};
  return magnitude[(cell + k) % 5] * check_normal(5, (uint64_t)(cell * WIDTH_MAX + k));
}

static void fill(mn_block rows, int width, double *to)
{
  for (int64_t i = rows.begin; i < rows.end; i++) {
    for (int k = 0; k < width; k++) {
      *to++ = value(i, k);
    }
  }
}

static double serial_sum(int64_t count, int k)
{
  double sum = 0.0;
  for (int64_t first = 0; first < count; first += MN_GROUP) {
    double group = 0.0;
    for (int64_t i = first; i < count && i < first + MN_GROUP; i++) {
      group += value(i, k);
    }
    sum += group;
  }
  return sum;
}

static void check_sum(int64_t count, int width)
{
  static double mine[CELLS * WIDTH_MAX];
  fill(mn_block_of(count, check_world()->rank, check_world()->size), width, mine);
  double sums[WIDTH_MAX] = {1e300, 1e300, 1e300};
  check_ok(mn_ordered_sum(check_world(), count, width, mine, sums));
  bool same = true;
  for (int k = 0; k < width; k++) {
    const double expected = serial_sum(count, k);
    same = same && memcmp(&expected, &sums[k], sizeof expected) == 0;
  }
  assert_everywhere(same);
}

static void ordered_sum_has_the_bits_of_the_serial_sum(void **state)
{
  (void)state;
  for (int c = 0; c < COUNTS; c++) {
    check_sum(counts[c], 1);
    check_sum(counts[c], WIDTH_MAX);
  }
}

/* Otherwise the test above would pass for sums in any order. */
static void values_of_the_sum_distinguish_orders(void **state)
{
  (void)state;
  double plain = 0.0;
  for (int64_t i = 0; i < CELLS; i++) {
    plain += value(i, 0);
  }
  assert_true(plain != serial_sum(CELLS, 0));
}

static void gathered_rows_are_all_rows_in_id_order(void **state)
{
  (void)state;
  static double mine[CELLS * WIDTH_MAX];
  static double all[CELLS * WIDTH_MAX];
  static double expected[CELLS * WIDTH_MAX];
  for (int c = 0; c < COUNTS; c++) {
    for (int width = 1; width <= WIDTH_MAX; width++) {
      fill(mn_block_of(counts[c], check_world()->rank, check_world()->size), width, mine);
      fill((mn_block){0, counts[c]}, width, expected);
      memset(all, 0, sizeof all);
      check_ok(mn_gather_rows(check_world(), counts[c], width, mine, all));
      assert_everywhere(memcmp(all, expected, (size_t)(counts[c] * width) * sizeof *all) == 0);
    }
  }
}

/* Words that rank r contributes in round k: 0, 1, 50 and 2000 in turn; none at all in round 4. */
static int64_t length_of(int r, int k)
{
  static const int64_t lengths[] = {0, 1, 50, 2000};
  return k == 4 ? 0 : lengths[(r + k) % 4];
}

static uint32_t word_of(int r, int64_t w)
{
  return (uint32_t)(1000003 * (r + 1)) + (uint32_t)(7919 * w);
}

static bool words_are_right(int k, const uint32_t *all, int64_t count)
{
  int64_t at = 0;
  for (int r = 0; r < check_world()->size; r++) {
    for (int64_t w = 0; w < length_of(r, k); w++, at++) {
      if (at >= count || all[at] != word_of(r, w)) {
        return false;
      }
    }
  }
  return at == count;
}

static void gathered_words_are_in_rank_order_whatever_their_lengths(void **state)
{
  (void)state;
  static uint32_t mine[2000];
  const int rank = check_world()->rank;
  for (int k = 0; k < 5; k++) {
    for (int64_t w = 0; w < length_of(rank, k); w++) {
      mine[w] = word_of(rank, w);
    }
    uint32_t *all = NULL;
    int64_t count = -1;
    check_ok(mn_gather_words(check_world(), mine, length_of(rank, k), &all, &count));
    assert_everywhere(all && words_are_right(k, all, count));
    mn_free(&all);
  }
}

static mn_code code_of(int rank)
{
  static const mn_code codes[] = {MN_USAGE, MN_DATA, MN_INTERNAL, MN_IO};
  return codes[rank % 4];
}

/* The error that every rank must hear when the ranks in the set `failing` have one. */
static bool heard_right(const mn_error *heard, int failing)
{
  int lowest = 0;
  while (failing >> lowest && !(failing >> lowest & 1)) {
    lowest++;
  }
  if (!(failing >> lowest)) {
    return !heard;
  }
  char expected[MN_MESSAGE_MAX];
  snprintf(expected, sizeof expected, "100%% of rank %d failed", lowest);
  return heard && heard->code == code_of(lowest) && strcmp(heard->message, expected) == 0;
}

static void every_rank_hears_the_lowest_failing_rank(void **state)
{
  (void)state;
  const int rank = check_world()->rank;
  for (int failing = 0; failing < 1 << check_world()->size; failing++) {
    mn_error *mine = failing >> rank & 1 ? mn_error_create(code_of(rank), "100%% of rank %d failed", rank) : NULL;
    mn_error *heard = mn_agree(check_world(), mine);
    const bool right = heard_right(heard, failing);
    mn_error_destroy(&heard);
    assert_everywhere(right);
  }
}

static void any_is_true_when_one_rank_says_so(void **state)
{
  (void)state;
  for (int said = 0; said < 1 << check_world()->size; said++) {
    assert_everywhere(mn_any(check_world(), said >> check_world()->rank & 1) == (said != 0));
  }
}

static void communicator_is_a_private_duplicate(void **state)
{
  (void)state;
  mn_parallel mine;
  mn_parallel_create(MPI_COMM_WORLD, &mine);
  int relation = MPI_IDENT;
  MPI_Comm_compare(MPI_COMM_WORLD, mine.comm, &relation);
  int rank = -1;
  int size = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  mn_parallel_destroy(&mine);
  assert_everywhere(relation == MPI_CONGRUENT && mine.rank == rank && mine.size == size);
}

static void clock_runs_forward(void **state)
{
  (void)state;
  const double start = mn_seconds();
  MPI_Barrier(check_world()->comm);
  assert_everywhere(mn_seconds() >= start);
}

static void memory_is_zeroed_aligned_and_counted(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  double *block = NULL;
  check_ok(mn_alloc(&block, 1001, sizeof *block));
  assert_int_equal((uintptr_t)block % MN_ALIGNMENT, 0);
  for (int k = 0; k < 1001; k++) {
    assert_true(block[k] == 0.0);
  }
  assert_int_equal(mn_memory_live() - before, 1001 * 8);
  assert_true(mn_memory_peak() >= mn_memory_live());
  mn_free(&block);
  assert_null(block);
  mn_free(&block);
  assert_int_equal(mn_memory_live(), before);
}

static void peak_is_the_largest_live_value(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  const int64_t size = mn_memory_peak() - before + 1000;
  char *first = NULL;
  char *second = NULL;
  check_ok(mn_alloc(&first, size, 1));
  assert_int_equal(mn_memory_peak(), before + size);
  check_ok(mn_alloc(&second, 500, 1));
  assert_int_equal(mn_memory_peak(), before + size + 500);
  mn_free(&first);
  mn_free(&second);
  assert_int_equal(mn_memory_peak(), before + size + 500);
  assert_int_equal(mn_memory_live(), before);
  mn_memory_forget_peak();
  assert_int_equal(mn_memory_peak(), before);
}

static void nothing_can_be_allocated(void **state)
{
  (void)state;
  int *none = NULL;
  check_ok(mn_alloc(&none, 0, sizeof *none));
  assert_non_null(none);
  mn_free(&none);
}

static void resized_memory_keeps_its_content_and_is_zeroed_beyond(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  int *block = NULL;
  check_ok(mn_resize(&block, 3, sizeof *block));
  for (int k = 0; k < 3; k++) {
    assert_int_equal(block[k], 0);
    block[k] = k + 1;
  }
  check_ok(mn_resize(&block, 1000, sizeof *block));
  assert_int_equal(mn_memory_live() - before, 4000);
  for (int k = 0; k < 1000; k++) {
    assert_int_equal(block[k], k < 3 ? k + 1 : 0);
  }
  check_ok(mn_resize(&block, 2, sizeof *block));
  assert_true(block[0] == 1 && block[1] == 2);
  assert_int_equal(mn_memory_live() - before, 8);
  mn_free(&block);
}

static void reserved_memory_moves_only_when_it_is_too_small(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  int *block = NULL;
  check_ok(mn_reserve(&block, 80, sizeof *block));
  const int *first = block;
  for (int count = 0; count <= 90; count++) {
    check_ok(mn_reserve(&block, count, sizeof *block));
    assert_ptr_equal(block, first);
  }
  check_ok(mn_reserve(&block, 8000, sizeof *block));
  assert_true(mn_memory_live() - before >= 32000);
  memset(block, 1, 32000); /* sanitizers look */
  check_refused(mn_reserve(&block, -1, sizeof *block), MN_INTERNAL, "allocate");
  assert_null(block);
  assert_int_equal(mn_memory_live(), before);
}

static void impossible_sizes_are_refused_and_the_old_block_stays(void **state)
{
  (void)state;
  const int64_t before = mn_memory_live();
  int *block = NULL;
  check_ok(mn_alloc(&block, 2, sizeof *block));
  block[1] = 42;
  check_refused(mn_resize(&block, INT64_MAX / 2, sizeof *block), MN_INTERNAL, "allocate");
  check_refused(mn_resize(&block, -1, sizeof *block), MN_INTERNAL, "allocate");
#ifndef __SANITIZE_ADDRESS__ /* stops the program instead of failing */
  check_refused(mn_resize(&block, INT64_C(1) << 55, 1), MN_INTERNAL, "memory");
#endif
  assert_int_equal(block[1], 42);
  mn_free(&block);
  assert_int_equal(mn_memory_live(), before);
  assert_true(mn_memory_machine() > INT64_C(1) << 20);
}

static void context_goes_before_the_message(void **state)
{
  (void)state;
  mn_error *error = mn_error_create(MN_IO, "disk %d is full", 3);
  error = mn_error_within(error, "writing %s", "a.h5");
  check_refused(error, MN_IO, "writing a.h5: disk 3 is full");
  mn_error *none = mn_error_within(NULL, "writing %s", "a.h5");
  assert_null(none);
  mn_error_destroy(&none);
}

static void long_messages_are_cut_not_overrun(void **state)
{
  (void)state;
  char text[2 * MN_MESSAGE_MAX];
  memset(text, 'x', sizeof text);
  text[sizeof text - 1] = '\0';
  mn_error *error = mn_error_create(MN_DATA, "%s", text);
  assert_int_equal(strlen(error->message), MN_MESSAGE_MAX - 1);
  error = mn_error_within(error, "reading");
  assert_int_equal(strlen(error->message), MN_MESSAGE_MAX - 1);
  assert_int_equal(strncmp(error->message, "reading: xxx", 12), 0);
  assert_int_equal(error->code, MN_DATA);
  error = mn_error_within(error, "%s", text);
  assert_int_equal(strlen(error->message), MN_MESSAGE_MAX - 1);
  mn_error_destroy(&error);
  assert_null(error);
}

MN_TESTS("parallel", cmocka_unit_test(groups_hold_every_cell),
         cmocka_unit_test(blocks_cover_every_cell_once_in_whole_groups_evenly),
         cmocka_unit_test(ordered_sum_has_the_bits_of_the_serial_sum),
         cmocka_unit_test(values_of_the_sum_distinguish_orders),
         cmocka_unit_test(gathered_rows_are_all_rows_in_id_order),
         cmocka_unit_test(gathered_words_are_in_rank_order_whatever_their_lengths),
         cmocka_unit_test(every_rank_hears_the_lowest_failing_rank),
         cmocka_unit_test(any_is_true_when_one_rank_says_so), cmocka_unit_test(communicator_is_a_private_duplicate),
         cmocka_unit_test(clock_runs_forward), cmocka_unit_test(memory_is_zeroed_aligned_and_counted),
         cmocka_unit_test(peak_is_the_largest_live_value), cmocka_unit_test(nothing_can_be_allocated),
         cmocka_unit_test(resized_memory_keeps_its_content_and_is_zeroed_beyond),
         cmocka_unit_test(reserved_memory_moves_only_when_it_is_too_small),
         cmocka_unit_test(impossible_sizes_are_refused_and_the_old_block_stays),
         cmocka_unit_test(context_goes_before_the_message), cmocka_unit_test(long_messages_are_cut_not_overrun));
