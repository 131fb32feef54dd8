/* Meshes on a lattice.  Truth: values of the window, summed node by node, and its transform in closed form; inner
 * products, for transposes; integers and bits, for what must not depend on order or ranks. */
#include "check.h"

#include <float.h>
#include <math.h>
#include <mnemotaxis/lattice.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { POINTS = 200, NX = 40, NY = 36, WIDEST = 11, COARSE_MAX = 2 * WIDEST + 5, FINE_MAX = (WIDEST + 7) * 16 + 5 };

static mn_resampling_work work;
static const mn_lattice mesh = {.spacing = 0.3, .first = {-25, 40}, .nodes = {NX, NY}};
static const int widths[] = {4, 7, WIDEST};
static const double cutoff = 1.3;
enum { WIDTHS = sizeof widths / sizeof *widths };

/* So that no rank leaves a test alone. */
static void assert_everywhere(bool mine)
{
  assert_false(mn_any(check_world(), !mine));
}

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

/* A fine mesh and a coarse one; windows of the outermost fine nodes leave the coarse mesh on all sides. */
typedef struct joint {
  mn_window window;
  mn_resampling resampling;
  mn_lattice fine, coarse;
} joint;

static const int ratios[] = {1, 2, 3, 4, 7, MN_RATIO_MAX};
enum { JOINTS = WIDTHS * (int)(sizeof ratios / sizeof *ratios) };

static joint joint_of(int k)
{
  const int ratio = ratios[k / WIDTHS];
  const int w = widths[k % WIDTHS];
  joint j = {.fine.spacing = 0.1 / ratio, .coarse = {.spacing = 0.1, .first = {-w - 3, 2 - w}}};
  for (int a = 0; a < 2; a++) {
    j.coarse.nodes[a] = 2 * w + 5 - a;
    j.fine.first[a] = (j.coarse.first[a] + w / 2 - 1) * ratio - 2;
    j.fine.nodes[a] = (w + 7 - a) * ratio + 5;
  }
  mn_window_make(w, cutoff, &j.window);
  mn_resampling_make(ratio, &j.window, &j.resampling);
  return j;
}

/* Of coarse node c for fine node f of one axis: 0 unless all nodes that f touches lie in the coarse mesh. */
static double joint_weight(const joint *j, int axis, int64_t c, int64_t f)
{
  const int64_t ratio = j->resampling.ratio;
  const int64_t twice_left = 2 * (j->fine.first[axis] + f) - j->window.width * ratio; /* in fine spacings */
  int64_t first = 0;
  while (2 * (j->coarse.first[axis] + first) * ratio < twice_left) {
    first++;
  }
  const bool outside =
      2 * (j->coarse.first[axis] - 1) * ratio >= twice_left || first + j->window.width > j->coarse.nodes[axis];
  const double distance = (double)(j->coarse.first[axis] + c) - (double)(j->fine.first[axis] + f) / (double)ratio;
  return outside || c < first || c >= first + j->window.width ? 0.0 : mn_window_value(&j->window, distance);
}

/* Ways to share rows; in all but the first some rank of three or more has none. */
typedef enum sharing { EVENLY, ALL_TO_LAST, NONE_TO_FIRST, NONE_TO_INNER, SHARINGS } sharing;

static mn_shares shared(const mn_parallel *p, sharing how, int64_t count)
{
  mn_shares shares;
  check_ok(mn_shares_even(count, p->size, &shares));
  for (int r = 1; r < p->size; r++) {
    const int64_t begin[SHARINGS] = {shares.begin[r], 0, count * (r - 1) / (p->size - 1), 5};
    shares.begin[r] = begin[how];
  }
  return shares;
}

static double fine_field[FINE_MAX * FINE_MAX], coarse_result[COARSE_MAX * COARSE_MAX];
static double coarse_pairs[2 * COARSE_MAX * COARSE_MAX], fine_pairs[2 * FINE_MAX * FINE_MAX];
static double fine_result[2 * FINE_MAX * FINE_MAX];

/* Own rows of coarse_result from those of fine_field; fine_result is fine_pairs and what comes from coarse_pairs.
 * `own` are the numbers that are own: fine from .. to, coarse from .. to. */
static void resample(const mn_parallel *p, sharing how, const joint *j, int64_t own[2][2])
{
  mn_shares fine = shared(p, how, j->fine.nodes[1]);
  mn_shares coarse = shared(p, (how + 1) % SHARINGS, j->coarse.nodes[1]);
  for (int end = 0; end < 2; end++) {
    own[0][end] = fine.begin[p->rank + end] * j->fine.nodes[0];
    own[1][end] = coarse.begin[p->rank + end] * j->coarse.nodes[0];
  }
  for (int k = 0; k < COARSE_MAX * COARSE_MAX; k++) {
    coarse_result[k] = (double)NAN; /* to be replaced */
  }
  memcpy(fine_result, fine_pairs, sizeof fine_result);
  check_ok(mn_lattice_coarsen(p, &j->resampling, &work, &j->fine, &fine, fine_field + own[0][0], &j->coarse, &coarse,
                              coarse_result + own[1][0]));
  check_ok(mn_lattice_refine(p, &j->resampling, &work, &j->coarse, &coarse, coarse_pairs + 2 * own[1][0], &j->fine,
                             &fine, fine_result + 2 * own[0][0]));
  mn_shares_clear(&fine);
  mn_shares_clear(&coarse);
}

/* to[c] += weight of c for f x from[f] along an axis, for rows (axis 1) or for numbers a row apart (axis 0). */
static void sum_axis(const joint *j, int axis, const double *from, double *to)
{
  const int64_t nx = j->coarse.nodes[0];
  const int64_t lines = axis == 0 ? j->fine.nodes[1] : nx;
  for (int64_t k = 0; k < j->coarse.nodes[axis] * j->fine.nodes[axis]; k++) {
    const int64_t c = k / j->fine.nodes[axis];
    const int64_t f = k % j->fine.nodes[axis];
    const double weight = joint_weight(j, axis, c, f);
    for (int64_t line = 0; line < lines; line++) {
      to[axis == 0 ? line * nx + c : c * nx + line] +=
          weight * from[axis == 0 ? line * j->fine.nodes[0] + f : f * nx + line];
    }
  }
}

/* Runs a check for every pair of meshes, with a communicator of this rank alone. */
static void for_all(void check(const mn_parallel *, const joint *))
{
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  for (int k = 0; k < FINE_MAX * FINE_MAX; k++) {
    fine_field[k] = value(k);
    for (int a = 0; a < 2; a++) {
      fine_pairs[2 * k + a] = value(2 * k + a + 1000000);
      coarse_pairs[(2 * k + a) % (2 * COARSE_MAX * COARSE_MAX)] = value(2 * k + a + 500000);
    }
  }
  for (int k = 0; k < JOINTS; k++) {
    const joint j = joint_of(k);
    check(&self, &j);
  }
  mn_resampling_clear(&work); /* kept till now: what it holds of other meshes must not matter */
  mn_parallel_destroy(&self);
}

static void check_sums(const mn_parallel *self, const joint *j)
{
  static double narrow[FINE_MAX * COARSE_MAX], expected[COARSE_MAX * COARSE_MAX];
  const double mass = j->resampling.ratio * mn_window_transform(&j->window, 0.0);
  int64_t own[2][2];
  memset(narrow, 0, sizeof narrow);
  memset(expected, 0, sizeof expected);
  sum_axis(j, 0, fine_field, narrow);
  sum_axis(j, 1, narrow, expected);
  resample(self, EVENLY, j, own);
  for (int64_t k = 0; k < own[1][1]; k++) {
    check_absolute(coarse_result[k], expected[k], 20.0 * DBL_EPSILON * mass * mass, "roundoff; |values| below 5");
  }
}

static void coarse_values_are_sums_over_fine_ones_whose_windows_lie_inside(void **state)
{
  (void)state;
  for_all(check_sums);
}

/* Of each component. */
static void check_transpose(const mn_parallel *self, const joint *j)
{
  int64_t own[2][2];
  resample(self, EVENLY, j, own);
  for (int a = 0; a < 2; a++) {
    double difference = 0.0;
    double square = 0.0;
    for (int64_t k = 0; k < own[1][1]; k++) {
      difference += coarse_result[k] * coarse_pairs[2 * k + a];
      square += coarse_result[k] * coarse_result[k];
    }
    for (int64_t k = 0; k < own[0][1]; k++) {
      difference -= (fine_result[2 * k + a] - fine_pairs[2 * k + a]) * fine_field[k]; /* it was added */
    }
    check_absolute(difference, 0.0, 1e-13 * sqrt(square), "roundoff; products make the root of that sum");
  }
}

static void refining_adds_the_transpose_of_coarsening(void **state)
{
  (void)state;
  for_all(check_transpose);
}

/* Every way of sharing against all rows on this rank. */
static void check_bits(const mn_parallel *self, const joint *j)
{
  static double coarse_alone[COARSE_MAX * COARSE_MAX], fine_alone[2 * FINE_MAX * FINE_MAX];
  int64_t own[2][2];
  resample(self, EVENLY, j, own);
  memcpy(coarse_alone, coarse_result, sizeof coarse_alone);
  memcpy(fine_alone, fine_result, sizeof fine_alone);
  for (sharing how = 0; how < SHARINGS; how++) {
    resample(check_world(), how, j, own);
    const size_t fine = (size_t)(2 * (own[0][1] - own[0][0])) * sizeof(double);
    const size_t coarse = (size_t)(own[1][1] - own[1][0]) * sizeof(double);
    assert_everywhere(memcmp(fine_result + 2 * own[0][0], fine_alone + 2 * own[0][0], fine) == 0 &&
                      memcmp(coarse_result + own[1][0], coarse_alone + own[1][0], coarse) == 0);
  }
}

static void resampled_bits_are_those_of_one_rank(void **state)
{
  (void)state;
  for_all(check_bits);
}

/* Fills a mesh with the real or the imaginary part of exp(i k.x), given k x spacing of the coarse mesh. */
static void make_wave(const mn_lattice *m, double spacing, const double phase[2], bool imaginary, double *values)
{
  for (int64_t k = 0; k < m->nodes[0] * m->nodes[1]; k++) {
    const double x = (double)(m->first[0] + k % m->nodes[0]) * spacing;
    const double y = (double)(m->first[1] + k / m->nodes[0]) * spacing;
    values[k] = cos(phase[0] * x + phase[1] * y - (imaginary ? 0.5 * acos(-1.0) : 0.0));
  }
}

/* On coarse nodes a window away from the edge, all of whose fine nodes exist. */
static void check_wave(const mn_parallel *self, const joint *j)
{
  static const double phases[][2] = {{0.0, 0.0}, {1.29, -0.7}, {-0.3, 1.29}};
  static double expected[COARSE_MAX * COARSE_MAX];
  const int64_t nx = j->coarse.nodes[0];
  int64_t own[2][2];
  for (int k = 0; k < 6; k++) {
    const double *phase = phases[k / 2];
    const double damping = j->resampling.ratio * mn_window_transform(&j->window, phase[0]) * j->resampling.ratio *
                           mn_window_transform(&j->window, phase[1]);
    const double images = damping * (3.0 * j->window.error + 1e-13);
    make_wave(&j->fine, 1.0 / j->resampling.ratio, phase, k % 2, fine_field);
    make_wave(&j->coarse, 1.0, phase, k % 2, expected);
    resample(self, EVENLY, j, own);
    for (int64_t at = 0; at < own[1][1]; at++) {
      const int64_t edge = j->window.width;
      if (at % nx >= edge && at % nx < nx - edge && at / nx >= edge && at / nx < j->coarse.nodes[1] - edge) {
        check_absolute(coarse_result[at], damping * expected[at], images, "images in two directions; roundoff");
      }
    }
  }
}

static void coarsening_damps_a_wave_by_the_transform_of_the_window(void **state)
{
  (void)state;
  for_all(check_wave);
}

/* Down to the sign of a zero. */
static void check_kept(const mn_parallel *self, const joint *j)
{
  static double before[FINE_MAX * FINE_MAX];
  int64_t own[2][2];
  for (int k = 0; k < FINE_MAX * FINE_MAX; k++) {
    before[k] = fine_field[k] = k % 3 == 0 ? -0.0 : value(k);
  }
  resample(self, EVENLY, j, own);
  assert_true(memcmp(fine_field, before, sizeof before) == 0);
}

static void coarsening_leaves_the_fine_values_as_they_are(void **state)
{
  (void)state;
  for_all(check_kept);
}

MN_TESTS("lattice", cmocka_unit_test(scale_leaves_room_for_all_masses_and_two_bits_more),
         cmocka_unit_test(spread_masses_are_the_values_of_the_window),
         cmocka_unit_test(spreading_knows_neither_order_nor_strips_nor_ranks),
         cmocka_unit_test(interpolating_is_the_transpose_of_spreading),
         cmocka_unit_test(coarse_values_are_sums_over_fine_ones_whose_windows_lie_inside),
         cmocka_unit_test(refining_adds_the_transpose_of_coarsening),
         cmocka_unit_test(resampled_bits_are_those_of_one_rank),
         cmocka_unit_test(coarsening_damps_a_wave_by_the_transform_of_the_window),
         cmocka_unit_test(coarsening_leaves_the_fine_values_as_they_are));
