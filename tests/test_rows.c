/* Shared rows.  Truth: every rank knows the value of every row and what every rank asks for or holds; sums over ranks
 * are made by a serial loop on every rank.  All numbers are integers: everything is exact. */
#include "check.h"

#include <mnemotaxis/memory.h>
#include <mnemotaxis/node_sums.h>
#include <string.h>

enum { ROWS = 23, WIDTH_MAX = 5, ROUNDS = 6 };

static const int64_t widths[] = {1, 3, WIDTH_MAX};
enum { WIDTHS = sizeof widths / sizeof *widths };

/* Ways to share rows; in all but the first some rank of three or more owns nothing. */
typedef enum sharing { EVENLY, ALL_TO_FIRST, ALL_TO_LAST, NONE_TO_FIRST, NONE_TO_INNER, SHARINGS } sharing;

static mn_shares shared(sharing how)
{
  const int size = check_world()->size;
  mn_shares shares;
  check_ok(mn_shares_even(ROWS, size, &shares));
  for (int r = 1; r < size; r++) {
    const int64_t begin[SHARINGS] = {shares.begin[r], ROWS, 0, ROWS * (r - 1) / (size - 1), 7};
    shares.begin[r] = begin[how];
  }
  return shares;
}

/* What a rank looks at in a round: all, nothing (at either end or inside), one row, overlapping and disjoint parts. */
static mn_range range_of(int round, int rank)
{
  const int64_t nothing[] = {0, ROWS, 11};
  const int64_t from = 3 * rank % ROWS;
  const mn_range ranges[ROUNDS] = {{0, ROWS},         {nothing[rank % 3], nothing[rank % 3]},
                                   {from, from + 9},  {22 - 2 * rank, 23 - 2 * rank},
                                   {5, 5 + 6 * rank}, {rank % 2 ? 12 : 11, rank % 2 ? ROWS : 11}};
  return ranges[round];
}

static double value(int64_t row, int64_t k)
{
  return (double)(100 * row + k + 1);
}

static void even_shares_cover_all_indices_and_differ_by_one_at_most(void **state)
{
  (void)state;
  const int64_t counts[] = {0, 1, 2, 3, 7, 8, 9, 100, 1001, INT64_C(3000000001), INT64_C(1) << 52};
  for (int size = 1; size <= 9; size++) {
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
      mn_shares shares;
      check_ok(mn_shares_even(counts[c], size, &shares));
      assert_int_equal(shares.size, size);
      assert_int_equal(shares.begin[0], 0);
      assert_int_equal(shares.begin[size], counts[c]);
      for (int r = 0; r < size; r++) {
        const int64_t count = mn_shares_count(&shares, r);
        assert_int_equal(count, shares.begin[r + 1] - shares.begin[r]);
        assert_true(count >= counts[c] / size && count <= (counts[c] + size - 1) / size);
      }
      mn_shares_clear(&shares);
      assert_null(shares.begin);
    }
  }
}

static void copy_outlives_the_original(void **state)
{
  (void)state;
  mn_shares original;
  mn_shares copy;
  check_ok(mn_shares_even(100, 7, &original));
  check_ok(mn_shares_copy(&original, &copy));
  assert_int_equal(copy.size, 7);
  assert_memory_equal(copy.begin, original.begin, 8 * sizeof *copy.begin);
  original.begin[3] = -1;
  mn_shares_clear(&original);
  assert_int_equal(copy.begin[3], 42);
  assert_int_equal(mn_shares_count(&copy, 6), 100 - copy.begin[6]);
  mn_shares_clear(&copy);
}

/* The rows [begin, end) as their owners know them. */
static void fill(mn_range range, int64_t width, double *to)
{
  for (int64_t i = range.begin; i < range.end; i++) {
    for (int64_t k = 0; k < width; k++) {
      *to++ = value(i, k);
    }
  }
}

static mn_range own_rows(const mn_shares *shares)
{
  return (mn_range){shares->begin[check_world()->rank], shares->begin[check_world()->rank + 1]};
}

/* The rows asked for arrive, what lies behind them stays, and so do the own rows. */
static void check_fetch(sharing how, int round, int64_t width)
{
  double mine[ROWS * WIDTH_MAX];
  double kept[ROWS * WIDTH_MAX];
  double rows[(ROWS + 1) * WIDTH_MAX];
  double expected[(ROWS + 1) * WIDTH_MAX];
  const mn_range wanted = range_of(round, check_world()->rank);
  mn_shares owner = shared(how);
  for (int k = 0; k < (ROWS + 1) * WIDTH_MAX; k++) {
    rows[k] = expected[k] = -7.0;
  }
  memset(mine, 0, sizeof mine);
  fill(own_rows(&owner), width, mine);
  fill(wanted, width, expected);
  memcpy(kept, mine, sizeof mine);
  check_ok(mn_rows_fetch(check_world(), &owner, width, mine, wanted, rows));
  mn_shares_clear(&owner);
  assert_everywhere(memcmp(rows, expected, sizeof rows) == 0 && memcmp(mine, kept, sizeof mine) == 0);
}

static void fetched_rows_are_those_of_their_owners(void **state)
{
  (void)state;
  for (sharing how = 0; how < SHARINGS; how++) {
    for (int round = 0; round < ROUNDS; round++) {
      for (int w = 0; w < WIDTHS; w++) {
        check_fetch(how, round, widths[w]);
      }
    }
  }
}

/* What a rank adds to an element: up to 2^60, so that a sum in doubles would show. */
static int64_t contribution(int rank, int64_t row, int64_t k)
{
  const int64_t small = 1000 * row + 10 * k + rank + 1;
  return (rank + row + k) % 3 == 0 ? (INT64_C(1) << 60) + small : (rank + row) % 2 ? -small : small;
}

static void check_reduce(sharing how, int64_t width)
{
  int64_t *rows = NULL;
  int64_t *expected = NULL;
  mn_shares owner = shared(how);
  const mn_range own = own_rows(&owner);
  check_ok(mn_alloc(&rows, ROWS * width, sizeof *rows));
  check_ok(mn_alloc(&expected, ROWS * width, sizeof *expected));
  for (int64_t k = 0; k < ROWS * width; k++) {
    rows[k] = contribution(check_world()->rank, k / width, k % width);
  }
  for (int64_t k = 0; k < (own.end - own.begin) * width; k++) {
    for (int r = 0; r < check_world()->size; r++) {
      expected[k] += contribution(r, own.begin + k / width, k % width);
    }
  }
  check_ok(mn_rows_reduce(check_world(), &owner, width, rows));
  mn_shares_clear(&owner);
  assert_everywhere(memcmp(rows, expected, (size_t)((own.end - own.begin) * width) * sizeof *rows) == 0);
  mn_free(&rows);
  mn_free(&expected);
}

/* Of the widest a row is more than goes at a time, of the next a few rows are. */
static void reduced_rows_are_the_sums_of_what_all_ranks_hold(void **state)
{
  static const int64_t wide[] = {1, 3, WIDTH_MAX, 4001, 70001};
  (void)state;
  for (sharing how = 0; how < SHARINGS; how++) {
    for (size_t w = 0; w < sizeof wide / sizeof *wide; w++) {
      check_reduce(how, wide[w]);
    }
  }
}

/* Twice, so that nobody may still read the first counts when the second are made. */
static void check_sums(mn_node_sums *sums, sharing how, int64_t width)
{
  const mn_parallel *p = check_world();
  mn_shares owner = shared(how);
  const mn_range own = own_rows(&owner);
  for (int round = 0; round < 2; round++) {
    mn_node_sums_open(sums, ROWS * width);
    bool good = true;
    for (int64_t k = 0; k < ROWS * width; k++) {
      good = good && sums->counts[k] == 0;
      sums->counts[k] = contribution(p->rank + round, k / width, k % width);
    }
    check_ok(mn_node_sums_reduce(p, &owner, width, sums));
    for (int64_t k = 0; k < (own.end - own.begin) * width; k++) {
      int64_t expected = 0;
      for (int r = 0; r < p->size; r++) {
        expected += contribution(r + round, own.begin + k / width, k % width);
      }
      good = good && sums->own[k] == expected;
      sums->own[k] = -1; /* nobody else's business */
    }
    assert_everywhere(good);
  }
  mn_shares_clear(&owner);
}

static void sums_are_of_what_all_ranks_hold_on_any_number_of_nodes(void **state)
{
  static const int64_t wide[] = {1, 3, WIDTH_MAX, 4001};
  (void)state;
  const mn_parallel *p = check_world();
  for (int most = 0; most <= 3; most++) {
    mn_node_rows nodes;
    mn_node_sums sums = {.on = NULL};
    check_ok(mn_node_rows_create(p, most, &nodes));
    for (sharing how = 0; how < SHARINGS; how++) {
      for (size_t w = 0; w < sizeof wide / sizeof *wide; w++) {
        check_ok(mn_node_sums_reserve(p, &nodes, ROWS * wide[w], &sums));
        check_sums(&sums, how, wide[w]);
      }
    }
    mn_node_sums_clear(&sums);
    mn_node_rows_clear(&nodes);
    assert_null(sums.counts);
  }
}

/* Else one rank fails and the others wait for ever. */
static void shared_memory_that_no_node_has_is_refused_on_all_ranks(void **state)
{
  (void)state;
  const mn_parallel *p = check_world();
  const int64_t too_many = INT64_C(1) << 42;
  mn_node_rows rows;
  mn_node_sums sums = {.on = NULL};
  check_ok(mn_node_rows_create(p, 0, &rows));
  if (p->size > 1) {
    check_refused(mn_node_sums_reserve(p, &rows, too_many, &sums), MN_INTERNAL, "shared memory");
    check_refused(mn_node_rows_reserve(p, &rows, too_many), MN_INTERNAL, "shared memory");
  }
  mn_node_sums_clear(&sums);
  mn_node_rows_clear(&rows);
}

/* Own rows are written twice, so that nobody may still see the first when the second is shared. */
static void check_share(mn_node_rows *copy, sharing how, int64_t width)
{
  double expected[ROWS * WIDTH_MAX];
  mn_shares owner = shared(how);
  const mn_range own = own_rows(&owner);
  fill((mn_range){0, ROWS}, width, expected);
  for (int round = 0; round < 2; round++) {
    mn_node_rows_open(copy);
    for (int64_t i = own.begin * width; i < own.end * width; i++) {
      copy->values[i] = round == 0 ? -expected[i] : expected[i];
    }
    check_ok(mn_node_rows_share(check_world(), &owner, width, copy));
    bool good = true;
    for (int64_t i = 0; i < ROWS * width; i++) {
      good = good && copy->values[i] == (round == 0 ? -expected[i] : expected[i]);
    }
    assert_everywhere(good);
  }
  mn_shares_clear(&owner);
}

/* Ranks of this machine play one node, or several of at most 1, 2 or 3 ranks. */
static void shared_rows_are_those_of_their_owners_on_any_number_of_nodes(void **state)
{
  (void)state;
  const mn_parallel *p = check_world();
  for (int most = 0; most <= 3; most++) {
    mn_node_rows copy;
    check_ok(mn_node_rows_create(p, most, &copy));
    assert_int_equal(copy.nodes, most == 0 ? 1 : (p->size + most - 1) / most);
    for (sharing how = 0; how < SHARINGS; how++) {
      for (int w = 0; w < WIDTHS; w++) {
        check_ok(mn_node_rows_reserve(p, &copy, ROWS * widths[w]));
        check_share(&copy, how, widths[w]);
      }
    }
    mn_node_rows_clear(&copy);
    assert_null(copy.first);
  }
}

/* What a rank holds in shared memory counts as allocated by it, until it is released. */
static void shared_memory_is_counted_and_aligned(void **state)
{
  enum { COUNT = 10000, ROOM = COUNT + COUNT / 8 };
  (void)state;
  const mn_parallel *p = check_world();
  const int64_t before = mn_memory_live();
  mn_node_rows rows;
  mn_node_sums sums = {.on = NULL};
  check_ok(mn_node_rows_create(p, 0, &rows));
  const int64_t created = mn_memory_live();
  check_ok(mn_node_rows_reserve(p, &rows, COUNT));
  const int64_t reserved = mn_memory_live();
  check_ok(mn_node_sums_reserve(p, &rows, COUNT, &sums));
  const int64_t held[2] = {reserved - created, mn_memory_live() - reserved};
  const int64_t copy = p->rank == 0 ? ROOM * 8 : 0;
  const bool good = held[0] >= copy && held[0] <= copy + 64 && held[1] >= ROOM * 8 && held[1] <= ROOM * 8 + 64;
  const bool aligned = (uintptr_t)sums.counts % MN_ALIGNMENT == 0 && (uintptr_t)rows.values % MN_ALIGNMENT == 0;
  mn_node_sums_clear(&sums);
  mn_node_rows_clear(&rows);
  assert_everywhere(good && aligned && mn_memory_live() == before);
}

/* What one rank of a node writes is what the others read: there is no second copy. */
static void a_node_has_one_copy(void **state)
{
  (void)state;
  const mn_parallel *p = check_world();
  mn_node_rows copy;
  check_ok(mn_node_rows_create(p, 0, &copy));
  check_ok(mn_node_rows_reserve(p, &copy, 1));
  mn_node_rows_open(&copy);
  if (p->rank == p->size - 1) {
    copy.values[0] = 42.0;
  }
  mn_node_rows_open(&copy);
  assert_everywhere(copy.values[0] == 42.0);
  mn_node_rows_clear(&copy);
}

MN_TESTS("rows", cmocka_unit_test(even_shares_cover_all_indices_and_differ_by_one_at_most),
         cmocka_unit_test(copy_outlives_the_original), cmocka_unit_test(fetched_rows_are_those_of_their_owners),
         cmocka_unit_test(reduced_rows_are_the_sums_of_what_all_ranks_hold),
         cmocka_unit_test(sums_are_of_what_all_ranks_hold_on_any_number_of_nodes),
         cmocka_unit_test(shared_rows_are_those_of_their_owners_on_any_number_of_nodes),
         cmocka_unit_test(shared_memory_that_no_node_has_is_refused_on_all_ranks),
         cmocka_unit_test(shared_memory_is_counted_and_aligned), cmocka_unit_test(a_node_has_one_copy));
