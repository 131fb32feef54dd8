/* Items are dealt to buckets of equal width between the ends of a sample of them, which a few that are far away do not
 * move; buckets hold some four items and are sorted by insertion, fuller ones by the C library. */
#include "sort.h"

#include <mnemotaxis/memory.h>

#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 512, PER_BUCKET = 4, FEW = 32, WIDEST = 2 };

static int compare_numbers(const void *a, const void *b)
{
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

static int compare_points(const void *a, const void *b)
{
  const double *p = a;
  const double *q = b;
  const int by_first = compare_numbers(p, q);
  return by_first != 0 ? by_first : compare_numbers(p + 1, q + 1);
}

static void by_library(double *items, int64_t n, int width)
{
  qsort(items, (size_t)n, (size_t)width * sizeof *items, width == 1 ? compare_numbers : compare_points);
}

static inline void by_insertion(double *items, int64_t n, int width)
{
  for (int64_t i = 1; i < n; i++) {
    double item[WIDEST];
    int64_t k = i;
    memcpy(item, items + i * width, (size_t)width * sizeof *item);
    while (k > 0 &&
           (width == 1 ? compare_numbers(items + k - 1, item) : compare_points(items + 2 * (k - 1), item)) > 0) {
      memcpy(items + k * width, items + (k - 1) * width, (size_t)width * sizeof *item);
      k--;
    }
    memcpy(items + k * width, item, (size_t)width * sizeof *item);
  }
}

typedef struct buckets {
  double low, per_bucket; /* bucket of x: (x - low) per_bucket */
  int64_t count;
} buckets;

/* Between the ends of an even sample. */
static buckets choose(const double *items, int64_t n, int width)
{
  double low = items[0];
  double high = items[0];
  for (int64_t k = 0; k < SAMPLE; k++) {
    const double x = items[n * k / SAMPLE * width];
    low = x < low ? x : low;
    high = x > high ? x : high;
  }
  const int64_t count = n / PER_BUCKET + 1;
  const double per_bucket = high > low ? (double)count / (high - low) : 0.0;
  return (buckets){low, per_bucket, count};
}

static inline int64_t bucket_of(const buckets *b, double x)
{
  const double place = (x - b->low) * b->per_bucket;
  return place > 0.0 ? place < (double)b->count ? (int64_t)place : b->count - 1 : 0;
}

/* dealt [n, width] and the end of every bucket in it, from [1] on, the begin of the first in [0]. */
static inline void deal(const buckets *b, const double *items, int64_t n, int width, int64_t *end, double *dealt)
{
  for (int64_t i = 0; i < n; i++) {
    end[bucket_of(b, items[i * width]) + 2]++;
  }
  for (int64_t k = 2; k < b->count + 2; k++) {
    end[k] += end[k - 1];
  }
  for (int64_t i = 0; i < n; i++) {
    const int64_t to = end[bucket_of(b, items[i * width]) + 1]++;
    memcpy(dealt + to * width, items + i * width, (size_t)width * sizeof *items);
  }
}

/* `width` is known when this is compiled. */
static inline mn_error *by_buckets(double *items, int64_t n, int width)
{
  const buckets b = choose(items, n, width);
  int64_t *end = NULL;
  double *dealt = NULL;
  mn_error *error = mn_alloc(&end, b.count + 2, sizeof *end);
  error = error ? error : mn_alloc(&dealt, n * width, sizeof *dealt);
  if (!error) {
    deal(&b, items, n, width, end, dealt);
    for (int64_t k = 0; k < b.count; k++) {
      const int64_t inside = end[k + 1] - end[k];
      if (inside <= FEW) {
        by_insertion(dealt + end[k] * width, inside, width);
      } else {
        by_library(dealt + end[k] * width, inside, width);
      }
    }
    memcpy(items, dealt, (size_t)(n * width) * sizeof *items);
  }
  mn_free(&end);
  mn_free(&dealt);
  return error;
}

mn_error *mn_sort(double *items, int64_t n, int width)
{
  if (n <= SAMPLE) {
    by_library(items, n, width);
    return NULL;
  }
  return width == 1 ? by_buckets(items, n, 1) : by_buckets(items, n, 2);
}
