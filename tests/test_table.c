/* Tables of any profile.  Truth: the profile; the whole table.  Those of the present force: test_profile. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/profile.h>

static double one_over_root(const void *context, double r2)
{
  (void)context;
  return 1.0 / sqrt(r2);
}

/* A table from r2_least on is the rest of the whole table, and that a part of one that reaches farther, bit for bit:
 * ranks look at different octaves. */
static void table_from_some_distance_on_is_the_rest_of_the_whole(void **state)
{
  (void)state;
  static mn_table whole, rest, farther;
  static const double least[] = {1e-20, 3e-5, 0.25, 0.3, 0.499, 5.0, 7.0};
  mn_table_sample(&whole, one_over_root, NULL, 0.0, 7.0);
  mn_table_sample(&farther, one_over_root, NULL, 0.0, 900.0);
  assert_true(whole.r2_min == ldexp(1.0, 3 - MN_TABLE_OCTAVES));
  for (size_t k = 0; k < sizeof least / sizeof *least; k++) {
    mn_table_sample(&rest, one_over_root, NULL, least[k], 7.0);
    assert_true(rest.r2_min == whole.r2_min || (rest.r2_min <= least[k] && 2.0 * rest.r2_min > least[k]));
    for (double r2 = fmax(least[k], farther.r2_min); r2 < 7.0; r2 *= 1.01) {
      const double value = mn_table_value(&rest, r2);
      const double expected = mn_table_value(&whole, r2);
      assert_memory_equal(&value, &expected, sizeof value);
      const double longer = mn_table_value(&farther, r2);
      assert_memory_equal(&longer, &expected, sizeof longer);
      check_absolute(value, 1.0 / sqrt(r2), 2e-12 / sqrt(r2), "the header's, twice across an octave");
    }
  }
}

MN_TESTS("table", cmocka_unit_test(table_from_some_distance_on_is_the_rest_of_the_whole));
