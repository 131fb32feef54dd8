/* sort.h  Many numbers, or points, in ascending order. */
#ifndef MN_CLOUD_SORT_H
#define MN_CLOUD_SORT_H

#include <mnemotaxis/error.h>
#include <stdint.h>

/* Sorts n items of `width` numbers, 1 or 2, by the first, and by the second where the first are equal.  No NaN.  Local.
 * Cost: O(n) where no narrow range holds most of them, a fourth of the C library's sort for a million points of a cloud
 * (docs/testing.md, rows of the series); elsewhere as that one. */
mn_error *mn_sort(double *items, int64_t n, int width) MN_MUST_CHECK;

#endif
