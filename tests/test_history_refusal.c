/* A refused append changes nothing: truth is a history that never saw the bad positions, compared by what it decodes.
 */
#include "check.h"

#include <math.h>
#include <mnemotaxis/history.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { CELLS = 100, SAMPLES = 4 };

static mn_history *empty_history(void)
{
  const mn_model model = {.theta = 1.0, .chi = 1.0};
  const mn_history_options options = {.tolerance = 1e-4};
  mn_history *history = NULL;
  check_ok(mn_history_create(check_world(), &model, &options, CELLS, &history));
  return history;
}

static mn_block own_block(void)
{
  return mn_block_of(CELLS, check_world()->rank, check_world()->size);
}

static void fill(int sample, double *mine)
{
  const mn_block block = own_block();
  for (int64_t k = 2 * block.begin; k < 2 * block.end; k++) {
    mine[k - 2 * block.begin] = check_normal((uint32_t)sample, (uint64_t)k);
  }
}

/* Appends all samples; before sample `refused_before` once with a NaN in the last cell and another step length. */
static void append_all(mn_history *history, int refused_before)
{
  double mine[2 * CELLS] = {0.0};
  for (int k = 0; k < SAMPLES; k++) {
    fill(k, mine);
    if (k == refused_before) {
      double bad[2 * CELLS];
      const mn_block block = own_block();
      memcpy(bad, mine, sizeof bad);
      if (block.end == CELLS && block.begin < CELLS) {
        bad[2 * (mn_block_count(block) - 1)] = (double)NAN;
      }
      check_refused(mn_history_append(history, k, 16.0, bad), MN_INTERNAL, "nan");
    }
    check_ok(mn_history_append(history, k, 1.0, mine));
  }
}

static void a_refused_append_changes_nothing(void **state)
{
  (void)state;
  for (int refused = 0; refused < SAMPLES; refused++) {
    mn_history *clean = empty_history();
    mn_history *tried = empty_history();
    append_all(clean, -1);
    append_all(tried, refused);
    int64_t q[2][2 * CELLS];
    mn_cursor cursor[2];
    mn_cursor_start(&cursor[0], clean, q[0]);
    mn_cursor_start(&cursor[1], tried, q[1]);
    assert_int_equal(mn_history_samples(tried), SAMPLES);
    for (int k = 0; k < SAMPLES; k++) {
      mn_cursor_next(&cursor[0]);
      mn_cursor_next(&cursor[1]);
      assert_memory_equal(q[0], q[1], sizeof q[0]);
    }
    mn_history_destroy(&clean);
    mn_history_destroy(&tried);
  }
}

MN_TESTS("history", cmocka_unit_test(a_refused_append_changes_nothing));
