/* Truth: the cells are counted out by hand, their rms in closed form. */
#include "check.h"
#include "drift/chosen.h"

#include <math.h>
#include <mnemotaxis/memory.h>

enum { COUNT = 1003, MOST = 128, STRIDE = 8, CHOSEN = 126 };

/* The vector of cell i is (i, -2 i), of the first a million times the longest of them. */
static double *vectors_of(mn_block own)
{
  double *v = NULL;
  check_ok(mn_alloc(&v, 2 * mn_block_count(own), sizeof *v));
  for (int64_t i = own.begin; i < own.end; i++) {
    v[2 * (i - own.begin)] = i == 0 ? 1e9 : (double)i;
    v[2 * (i - own.begin) + 1] = i == 0 ? 0.0 : -2.0 * (double)i;
  }
  return v;
}

static void every_eighth_of_1003_cells_is_chosen_from_the_first_on(void **state)
{
  (void)state;
  const mn_block own = mn_block_of(COUNT, check_world()->rank, check_world()->size);
  const mn_chosen c = mn_chosen_cells(COUNT, own, MOST);
  double *v = vectors_of(own);
  double picked[2 * CHOSEN];
  int64_t wrong = c.stride != STRIDE;
  mn_chosen_pick(&c, v, picked);
  for (int64_t k = 0; k < c.n; k++) {
    const int64_t id = own.begin + c.first + k * c.stride;
    wrong += id % STRIDE != 0 || id >= own.end || picked[2 * k] != v[2 * (id - own.begin)] ||
             picked[2 * k + 1] != v[2 * (id - own.begin) + 1];
  }
  mn_free(&v);
  int64_t n = c.n;
  MPI_Allreduce(MPI_IN_PLACE, &n, 1, MPI_INT64_T, MPI_SUM, check_world()->comm);
  assert_false(mn_any(check_world(), wrong != 0 || n != CHOSEN));
}

static void few_cells_are_all_chosen(void **state)
{
  (void)state;
  const mn_chosen c = mn_chosen_cells(40, (mn_block){0, 40}, MOST);
  assert_true(c.stride == 1 && c.first == 0 && c.n == 40);
}

static void rms_is_that_of_the_chosen_however_different_they_are(void **state)
{
  (void)state;
  const mn_block own = mn_block_of(COUNT, check_world()->rank, check_world()->size);
  const mn_chosen c = mn_chosen_cells(COUNT, own, MOST);
  double *v = vectors_of(own);
  const double with = mn_chosen_rms(check_world(), &c, v);
  if (own.begin == 0) {
    v[0] = 0.0;
  }
  const double without = mn_chosen_rms(check_world(), &c, v);
  mn_free(&v);
  /* sum over m < 126 of 5 (8 m)^2 = 320 125 126 251/6 */
  const double rest = 320.0 * 125.0 * 126.0 * 251.0 / 6.0;
  check_relative(with, sqrt((1e18 + rest) / CHOSEN), 1e-12, "squares are rounded to 2^-48 of the largest");
  check_relative(without, sqrt(rest / CHOSEN), 1e-12, "squares are rounded to 2^-48 of the largest");
}

static void rms_of_nothing_is_0(void **state)
{
  const double zero[2] = {0.0, 0.0};
  (void)state;
  assert_true(mn_chosen_rms(check_world(), &(mn_chosen){1, 0, 1}, zero) == 0.0);
  assert_true(mn_chosen_rms(check_world(), &(mn_chosen){1, 0, 0}, zero) == 0.0);
}

MN_TESTS("chosen", cmocka_unit_test(every_eighth_of_1003_cells_is_chosen_from_the_first_on),
         cmocka_unit_test(few_cells_are_all_chosen),
         cmocka_unit_test(rms_is_that_of_the_chosen_however_different_they_are), cmocka_unit_test(rms_of_nothing_is_0));
