/* Sorting by buckets.  Truth: the C library's sort of the same items. */
#include "cloud/sort.h"
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 20000, KINDS = 7 };

static double items[2 * MOST], expected[2 * MOST];

static int compare(const void *a, const void *b)
{
  const double *p = a;
  const double *q = b;
  return p[0] < q[0] ? -1 : p[0] > q[0] ? 1 : p[1] < q[1] ? -1 : p[1] > q[1];
}

static int compare_first(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Clouds, few values, rising and falling ones, a cluster, some that are far away, infinity. */
static double item_of(int kind, int64_t i)
{
  const double normal = check_normal(71, (uint64_t)i);
  const double of[KINDS] = {normal,
                            floor(normal),
                            1e-3 * (double)i,
                            -1e-3 * (double)i,
                            i % 2 ? 1e-4 * normal : normal,
                            i % 1000 == 7 ? 1e300 * normal : normal,
                            i % 5000 == 11 ? (double)INFINITY : normal};
  return of[kind];
}

static void items_are_in_the_order_of_the_library(void **state)
{
  (void)state;
  static const int64_t counts[] = {0, 1, 2, 500, 513, 4000, MOST};
  for (int k = 0; k < 2 * KINDS * 7; k++) {
    const int width = 1 + k % 2;
    const int64_t n = counts[k / 2 % 7];
    for (int64_t i = 0; i < n * width; i++) {
      items[i] = expected[i] = item_of(k / 14, i);
    }
    qsort(expected, (size_t)n, (size_t)width * sizeof *expected, width == 1 ? compare_first : compare);
    check_ok(mn_sort(items, n, width));
    assert_memory_equal(items, expected, (size_t)(n * width) * sizeof *items);
  }
}

MN_TESTS("sort", cmocka_unit_test(items_are_in_the_order_of_the_library));
