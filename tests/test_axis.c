/* Graded axes.  Truth: the density of cells (23) integrated by Simpson's rule on 16 panels a cell in long double, its
 * bounds in closed form, and differences of the centres. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/axis.h>

enum { MOST = 100000, WISHES = 6 };

typedef struct example {
  double low, high, growth;
  int wishes;
  mn_wish wish[WISHES];
} example;

/* All cells are narrower than 1/80 of the axis, so that the bound of 1/8 on the widest cell, an eighth power as well,
 * changes them by (8/80)^8/8 = 2e-9 at most. */
static const example examples[] = {
    {-1.0, 4.0, 0.04, 2, {{0.0, 0.02}, {2.5, 0.03}}},
    {0.0, 1.0, 0.0125, 1, {{0.0, 0.001}}},
    {-2.0, 2.0, 0.1, 6, {{-1.6, 0.02}, {-1.3, 0.01}, {-0.4, 0.02}, {0.2, 0.004}, {1.0, 0.01}, {1.8, 0.03}}},
    {10.0, 11.0, 0.02, 2, {{9.5, 0.01}, {10.4, 0.002}}},
};
static const char bound_of_width[] = "(23) with the bound of 1/8 on widths of 1/80: 2e-9; its root and the cells, 4e-9";
enum { EXAMPLES = sizeof examples / sizeof *examples };

/* Equation (23), in cells per length. */
static long double wished(const example *e, long double x)
{
  long double sum = 0;
  for (int k = 0; k < e->wishes; k++) {
    const long double s = e->wish[k].spacing;
    const long double gr = e->growth * (x - e->wish[k].at);
    const long double u = 1 / (s * s + gr * gr);
    sum += u * u * u * u;
  }
  return sqrtl(sqrtl(sqrtl(sum)));
}

/* Integral of (23) over [a, b] by Simpson's rule on `panels` panels. */
static long double wished_between(const example *e, long double a, long double b, int panels)
{
  const long double h = (b - a) / panels;
  long double sum = 0;
  for (int k = 0; k < panels; k++) {
    sum += wished(e, a + k * h) + 4 * wished(e, a + (k + 0.5L) * h) + wished(e, a + (k + 1) * h);
  }
  return sum * h / 6;
}

static mn_axis made(const example *e, int cells, int multiple)
{
  mn_axis axis;
  check_ok(mn_axis_make(e->low, e->high, e->wishes, e->wish, e->growth, cells, multiple, MOST, &axis));
  assert_true(axis.low == e->low && axis.high == e->high);
  return axis;
}

static void centres_and_widths_ascend_and_are_positive(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    mn_axis axis = made(&examples[n], 0, 1);
    for (int k = -MN_GHOSTS; k < axis.cells + MN_GHOSTS; k++) {
      assert_true(axis.width[k] > 0.0);
      assert_true(k == -MN_GHOSTS || axis.x[k] > axis.x[k - 1]);
      assert_true((axis.x[k] > axis.low) == (k >= 0) && (axis.x[k] < axis.high) == (k < axis.cells));
    }
    mn_axis_clear(&axis);
  }
}

/* One cell of the map holds the same integral of (23) everywhere, half a one at the ends: that is the map, ghosts
 * included. */
static void centres_are_at_half_integers_of_the_map(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    const example *e = &examples[n];
    mn_axis axis = made(e, 0, 1);
    const double total = (double)wished_between(e, e->low, e->high, 16 * axis.cells);
    const double one = total / axis.cells;
    check_relative((double)wished_between(e, e->low, axis.x[0], 16), 0.5 * one, 4e-9, bound_of_width);
    check_relative((double)wished_between(e, axis.x[axis.cells - 1], e->high, 16), 0.5 * one, 4e-9, bound_of_width);
    for (int k = 1 - MN_GHOSTS; k < axis.cells + MN_GHOSTS; k++) {
      check_relative((double)wished_between(e, axis.x[k - 1], axis.x[k], 16), one, 4e-9, bound_of_width);
    }
    mn_axis_clear(&axis);
  }
}

static void widths_are_the_inverse_of_the_density(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    const example *e = &examples[n];
    mn_axis axis = made(e, 0, 1);
    const double total = (double)wished_between(e, e->low, e->high, 16 * axis.cells);
    for (int k = -MN_GHOSTS; k < axis.cells + MN_GHOSTS; k++) {
      check_relative(axis.width[k] * (double)wished(e, axis.x[k]), total / axis.cells, 4e-9, bound_of_width);
    }
    mn_axis_clear(&axis);
  }
}

/* Largest relative difference between widths and central differences of order 6 of the centres. */
static double slope_error(const example *e, int cells)
{
  mn_axis axis = made(e, cells, 1);
  double worst = 0.0;
  for (int k = 1; k < axis.cells - 1; k++) {
    const double *x = axis.x + k;
    const double slope = (45.0 * (x[1] - x[-1]) - 9.0 * (x[2] - x[-2]) + (x[3] - x[-3])) / 60.0;
    worst = fmax(worst, fabs(slope / x[0] - axis.width[k] / x[0]) * fabs(x[0]) / axis.width[k]);
  }
  mn_axis_clear(&axis);
  return worst;
}

static void widths_are_slopes_of_the_map_to_high_order(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    mn_axis axis = made(&examples[n], 0, 1);
    const int cells = axis.cells;
    mn_axis_clear(&axis);
    const double coarse = slope_error(&examples[n], 4 * cells);
    const double fine = slope_error(&examples[n], 8 * cells);
    check_at_most(fine, fmax(coarse / pow(2.0, 5.5), 1e-10),
                  "differences of order 6 of a smooth map; rounding 4 eps x/width = 1e-15 10/2e-4 at worst");
    check_at_most(coarse, 1e-6, "X^(7)/140 with (g/4)^6 = 2e-10 at most, 1000 times that where eighth powers cross");
  }
}

static void cells_are_as_many_as_given(void **state)
{
  (void)state;
  const int given[] = {40, 97, 512};
  for (int n = 0; n < EXAMPLES * 3; n++) {
    const example *e = &examples[n / 3];
    mn_axis axis = made(e, given[n % 3], 16);
    assert_int_equal(axis.cells, given[n % 3]);
    const double share = axis.width[0] * (double)wished(e, axis.x[0]);
    for (int k = 0; k < axis.cells; k++) {
      check_relative(axis.width[k] * (double)wished(e, axis.x[k]), share, 4e-9, bound_of_width);
    }
    mn_axis_clear(&axis);
  }
}

static void automatic_cells_are_the_fewest_that_meet_the_wishes(void **state)
{
  (void)state;
  const int multiples[] = {1, 2, 16, 48};
  for (int n = 0; n < EXAMPLES * 4; n++) {
    const example *e = &examples[n / 4];
    const int multiple = multiples[n % 4];
    const double needed = (double)wished_between(e, e->low, e->high, 20000);
    assert_true(fabs(needed - round(needed)) > 1e-3); /* the example is no tie */
    mn_axis axis = made(e, 0, multiple);
    assert_int_equal(axis.cells, (int)ceil(needed / multiple) * multiple);
    mn_axis_clear(&axis);
  }
}

/* The cell nearest to every wish is as narrow as wished, but for its distance from the wish, and all wishes together
 * and the rounding up of the number of cells make it at most wishes^(1/8) (1 + multiple/cells) times narrower. */
static void wishes_are_met(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES * WISHES; n++) {
    const example *e = &examples[n / WISHES];
    const mn_wish *wish = &e->wish[n % WISHES];
    if (n % WISHES >= e->wishes || wish->at < e->low || wish->at > e->high) {
      continue;
    }
    mn_axis axis = made(e, 0, 2);
    int nearest = 0;
    for (int k = 0; k < axis.cells; k++) {
      nearest = fabs(axis.x[k] - wish->at) < fabs(axis.x[nearest] - wish->at) ? k : nearest;
    }
    const double off = e->growth * (axis.x[nearest] - wish->at);
    check_at_most(axis.width[nearest], hypot(wish->spacing, off) * (1 + 1e-9), "(23), rounding and quadrature");
    check_at_most(fabs(axis.x[nearest] - wish->at), 0.51 * axis.width[nearest], "cells leave no hole; growth");
    long double others = 0;
    for (int k = 0; k < e->wishes; k++) {
      const double far = e->growth * (e->wish[k].at - wish->at);
      others += powl(e->wish[k].spacing * e->wish[k].spacing + far * far, -4.0L);
    }
    const double least = (double)powl(others, -0.125L) / (1.0 + 2.0 / axis.cells);
    check_at_most(least * (1.0 - 0.6 * e->growth), axis.width[nearest],
                  "(23) at the wish; over half a cell widths change by less than growth/2");
    mn_axis_clear(&axis);
  }
}

/* |d log(width)/d xi| = |sum_k g^2 r_k u_k^5|/sum u_k^4 / (23) <= g, because g r u^(1/2) <= 1 and u^(1/2) <= (23). */
static void widths_grow_by_the_growth_at_most(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    mn_axis axis = made(&examples[n], 0, 1);
    double most = 0.0;
    for (int k = 1 - MN_GHOSTS; k < axis.cells + MN_GHOSTS; k++) {
      most = fmax(most, fabs(log(axis.width[k] / axis.width[k - 1])));
    }
    check_at_most(most, examples[n].growth * (1 + 1e-9), "a bound in closed form; rounding");
    check_at_most(0.8 * examples[n].growth, most, "far from the wishes widths grow by the growth");
    mn_axis_clear(&axis);
  }
}

static void symmetric_wishes_give_a_symmetric_axis(void **state)
{
  (void)state;
  const example even = {-2.0, 2.0, 0.1, 3, {{-0.5, 0.01}, {0.0, 0.03}, {0.5, 0.01}}};
  for (int cells = 199; cells < 201; cells++) {
    mn_axis axis = made(&even, cells, 1);
    for (int k = -MN_GHOSTS; k < cells + MN_GHOSTS; k++) {
      const char *why = "quadrature: Gauss panels of half a cell where widths change by 10 per cent a cell";
      check_absolute(axis.x[k] + axis.x[cells - 1 - k], 0.0, 1e-10, why);
      check_relative(axis.width[k], axis.width[cells - 1 - k], 1e-9, why);
    }
    mn_axis_clear(&axis);
  }
}

/* Error of the midpoint rule for the integral of X', after the first two terms of its expansion at the ends by
 * differences of the widths there, for which ghosts are needed. */
static double sum_error(const example *e, int cells)
{
  mn_axis axis = made(e, cells, 1);
  const double *low = axis.width;
  const double *high = axis.width + axis.cells;
  double sum = 0.0;
  for (int k = 0; k < axis.cells; k++) {
    sum += axis.width[k];
  }
  const double rise = (27.0 * (high[0] - high[-1]) - (high[1] - high[-2])) / 24.0 -
                      (27.0 * (low[0] - low[-1]) - (low[1] - low[-2])) / 24.0;
  const double bend = high[1] - 3.0 * high[0] + 3.0 * high[-1] - high[-2];
  const double bend_low = low[1] - 3.0 * low[0] + 3.0 * low[-1] - low[-2];
  mn_axis_clear(&axis);
  return fabs(sum + rise / 24.0 - 7.0 * (bend - bend_low) / 5760.0 - (e->high - e->low));
}

static void widths_sum_to_the_length(void **state)
{
  (void)state;
  for (int n = 0; n < EXAMPLES; n++) {
    mn_axis axis = made(&examples[n], 0, 1);
    const double coarse = sum_error(&examples[n], axis.cells);
    const double fine = sum_error(&examples[n], 4 * axis.cells);
    check_at_most(
        coarse, 1e-6 * (examples[n].high - examples[n].low),
        "X^(6) 31/967680 and 3/640 X^(6)/24 from the differences, X of order g^6 or some thousand times that");
    check_at_most(fine, fmax(coarse / pow(4.0, 5.5), 1e-12), "X^(6) falls as cells^-6; rounding of 3000 terms");
    mn_axis_clear(&axis);
  }
}

static void too_many_cells_are_refused(void **state)
{
  (void)state;
  const example *e = &examples[0];
  const int needed = (int)ceil((double)wished_between(e, e->low, e->high, 20000));
  mn_axis axis = {0};
  check_refused(mn_axis_make(e->low, e->high, e->wishes, e->wish, e->growth, 0, 1, needed - 1, &axis), MN_USAGE,
                "cells");
  assert_null(axis.x);
  check_ok(mn_axis_make(e->low, e->high, e->wishes, e->wish, e->growth, 0, 1, needed, &axis));
  assert_int_equal(axis.cells, needed);
  mn_axis_clear(&axis);
}

static void axes_scale_and_move_with_their_wishes(void **state)
{
  (void)state;
  const double scales[] = {1e-4, 3.0, 1e5};
  for (int n = 0; n < EXAMPLES * 3; n++) {
    const example *e = &examples[n / 3];
    const double scale = scales[n % 3];
    const double shift = scale * 5.0;
    example moved = {shift + scale * e->low, shift + scale * e->high, e->growth, e->wishes, {{0.0, 0.0}}};
    for (int k = 0; k < e->wishes; k++) {
      moved.wish[k] = (mn_wish){shift + scale * e->wish[k].at, scale * e->wish[k].spacing};
    }
    mn_axis a = made(e, 0, 4);
    mn_axis b = made(&moved, 0, 4);
    assert_int_equal(a.cells, b.cells);
    for (int k = -MN_GHOSTS; k < a.cells + MN_GHOSTS; k++) {
      const char *why =
          "rounding of positions, eps 16/width = 4e-12 for the narrowest, and of 2000 steps along the axis";
      check_absolute((b.x[k] - shift) / scale, a.x[k], 1e-10, why);
      check_relative(b.width[k] / scale, a.width[k], 1e-9, why);
    }
    mn_axis_clear(&a);
    mn_axis_clear(&b);
  }
}

static void smallest_is_the_smallest_width(void **state)
{
  (void)state;
  mn_axis axis;
  check_ok(mn_axis_alloc(4, 0.0, 1.0, &axis));
  const double widths[] = {0.01, 0.01, 0.3, 0.1, 0.2, 0.4, 0.02, 0.02};
  for (int k = -MN_GHOSTS; k < 4 + MN_GHOSTS; k++) {
    axis.x[k] = k;
    axis.width[k] = widths[k + MN_GHOSTS];
  }
  assert_int_equal(axis.cells, 4);
  assert_true(axis.low == 0.0 && axis.high == 1.0);
  assert_true(mn_axis_smallest(&axis) == 0.1);
  axis.width[3] = 0.08;
  assert_true(mn_axis_smallest(&axis) == 0.08);
  axis.width[0] = 0.07;
  assert_true(mn_axis_smallest(&axis) == 0.07);
  mn_axis_clear(&axis);
}

/* Fields on the mesh are interpolated over 8 cells. */
static void no_cell_is_wider_than_an_eighth_of_the_axis(void **state)
{
  (void)state;
  const mn_wish coarse = {0.3, 100.0};
  mn_axis axis;
  check_ok(mn_axis_make(-1.0, 3.0, 1, &coarse, 0.1, 0, 1, MOST, &axis));
  assert_in_range(axis.cells, 8, 9);
  for (int k = 0; k < axis.cells; k++) {
    check_absolute(axis.width[k], 4.0 / axis.cells, 1e-9, "uniform, but for a wish (1/200)^8 of the bound; rounding");
  }
  mn_axis_clear(&axis);
}

MN_TESTS("axis", cmocka_unit_test(centres_and_widths_ascend_and_are_positive),
         cmocka_unit_test(centres_are_at_half_integers_of_the_map),
         cmocka_unit_test(widths_are_the_inverse_of_the_density),
         cmocka_unit_test(widths_are_slopes_of_the_map_to_high_order), cmocka_unit_test(cells_are_as_many_as_given),
         cmocka_unit_test(automatic_cells_are_the_fewest_that_meet_the_wishes), cmocka_unit_test(wishes_are_met),
         cmocka_unit_test(widths_grow_by_the_growth_at_most), cmocka_unit_test(symmetric_wishes_give_a_symmetric_axis),
         cmocka_unit_test(widths_sum_to_the_length), cmocka_unit_test(too_many_cells_are_refused),
         cmocka_unit_test(axes_scale_and_move_with_their_wishes),
         cmocka_unit_test(no_cell_is_wider_than_an_eighth_of_the_axis),
         cmocka_unit_test(smallest_is_the_smallest_width));
