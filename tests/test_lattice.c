/* Points on a lattice.  Truth: values of the window, summed node by node; inner products, for transposes; integers, for
 * what must not depend on order or ranks. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <mnemotaxis/lattice.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { POINTS = 200, NX = 40, NY = 36, WIDEST = 11 };

static const mn_lattice mesh = {.spacing = 0.3, .first = {-25, 40}, .nodes = {NX, NY}};
static const int widths[] = {4, 7, WIDEST};
static const double cutoff = 1.3;
enum { WIDTHS = sizeof widths / sizeof *widths };

static double value(int64_t k)
{
  return check_normal(41, (uint64_t)k);
}

/* Coordinate k of points whose windows, at most WIDEST wide, lie inside the mesh; every tenth on a node. */
static double coordinate(int axis, int k)
{
  const double middle = (double)mesh.first[axis] + 0.5 * (double)mesh.nodes[axis];
  const double g = middle + fmax(-11.0, fmin(4.0 * value(2 * k + axis), 11.0));
  return mesh.spacing * (k % 10 == 0 ? floor(g) : g);
}

/* Weight of an absolute node for a point at x: the window, on ceil(g - w/2) <= node < ceil(g + w/2). */
static double weight_of(const mn_window *window, int64_t node, double x)
{
  const double distance = (double)node - x / mesh.spacing;
  const bool touched = distance >= -0.5 * window->width && distance < 0.5 * window->width;
  return touched ? mn_window_value(window, distance) : 0.0;
}

static void scale_leaves_room_for_all_masses_and_two_bits_more(void **state)
{
  (void)state;
  for (int64_t count = 1; count < INT64_C(1) << 50; count += 1 + count / 3) {
    int exponent;
    const double scale = mn_lattice_scale(count);
    const double mass = (double)count * scale;
    assert_true(frexp(scale, &exponent) == 0.5);
    assert_true(mass <= 0x1p61 && (mass > 0x1p60 || scale == 0x1p50)); /* one weight stays below 2^51 */
  }
}

static void spread_masses_are_the_values_of_the_window(void **state)
{
  (void)state;
  static int64_t masses[NX * NY + MN_LATTICE_PAD];
  const double scale = mn_lattice_scale(4);
  for (int k = 0; k < POINTS; k++) {
    const double at[2] = {coordinate(0, k), coordinate(1, k)};
    mn_window window;
    mn_window_make(widths[k % WIDTHS], cutoff, &window);
    const double accuracy = 3.0 * fmax(1e-14, 0.1 * window.error);
    memset(masses, 0, sizeof masses);
    mn_lattice_spread(&mesh, &window, 1, at, scale, (mn_range){0, NY}, masses);
    for (int n = 0; n < NX * NY; n++) {
      const double wx = weight_of(&window, mesh.first[0] + n % NX, at[0]);
      const double wy = weight_of(&window, mesh.first[1] + n / NX, at[1]);
      check_absolute((double)masses[n] / scale, wx * wy, accuracy, "two weights as in window.h and their product");
      assert_true(masses[n] == 0 || (wx > 0.0 && wy > 0.0));
    }
  }
}

static void spreading_knows_neither_order_nor_strips_nor_ranks(void **state)
{
  (void)state;
  static int64_t expected[NX * NY + MN_LATTICE_PAD], strip[NX * NY + MN_LATTICE_PAD];
  const mn_parallel *p = check_world();
  const double scale = mn_lattice_scale(POINTS);
  double points[2 * POINTS];
  mn_window window;
  mn_shares owner;
  mn_window_make(7, cutoff, &window);
  check_ok(mn_shares_even(NY, p->size, &owner));
  int count = 0;
  for (int k = 0; k < POINTS; k++) {
    const int other = 7 * k % POINTS;
    const double at[2] = {coordinate(0, other), coordinate(1, other)};
    mn_lattice_spread(&mesh, &window, 1, at, scale, (mn_range){0, NY}, expected);
    if (k % p->size == p->rank) {
      points[2 * count] = coordinate(0, k);
      points[2 * count++ + 1] = coordinate(1, k);
    }
  }
  mn_lattice_spread(&mesh, &window, count, points, scale, (mn_range){0, NY}, strip);
  check_ok(mn_rows_reduce(p, &owner, NX, strip));
  const size_t own = (size_t)(mn_shares_count(&owner, p->rank) * NX) * sizeof *strip;
  const bool same = memcmp(strip, expected + owner.begin[p->rank] * NX, own) == 0;
  mn_shares_clear(&owner);
  assert_everywhere(same);
}

/* Point by point: what is read is the product of the field with what the point spreads.  Without the first row. */
static void interpolating_is_the_transpose_of_spreading(void **state)
{
  (void)state;
  static double field[2 * (NX * NY + MN_LATTICE_PAD)];
  static int64_t masses[NX * NY + MN_LATTICE_PAD];
  const mn_range rows = {1, NY};
  for (int k = 0; k < 2 * NX * NY; k++) {
    field[k] = value(k);
  }
  for (int k = 0; k < POINTS; k++) {
    const double at[2] = {coordinate(0, k), coordinate(1, k)};
    double difference[2] = {100.0, -50.0};
    mn_window window;
    mn_window_make(widths[k % WIDTHS], cutoff, &window);
    memset(masses, 0, sizeof masses);
    mn_lattice_spread(&mesh, &window, 1, at, mn_lattice_scale(1), rows, masses);
    mn_lattice_interpolate(&mesh, &window, 1, at, rows, field, difference);
    for (int n = 0; n < 2 * NX * NY; n++) {
      difference[n % 2] -= (double)masses[n / 2] / mn_lattice_scale(1) * field[n];
    }
    check_absolute(difference[0], 100.0, 1e-12, "roundoff of a sum of up to 121 terms next to 100");
    check_absolute(difference[1], -50.0, 1e-12, "roundoff of a sum of up to 121 terms next to 50");
  }
}

MN_TESTS("lattice", cmocka_unit_test(scale_leaves_room_for_all_masses_and_two_bits_more),
         cmocka_unit_test(spread_masses_are_the_values_of_the_window),
         cmocka_unit_test(spreading_knows_neither_order_nor_strips_nor_ranks),
         cmocka_unit_test(interpolating_is_the_transpose_of_spreading));
