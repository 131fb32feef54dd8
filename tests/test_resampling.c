/* Between the meshes of a lattice.  Truth: values of the window, summed node by node, and its transform in closed form;
 * inner products, for transposes; bits, for what must not depend on ranks. */
#include "sharing.h"

#include <float.h>
#include <math.h>
#include <mnemotaxis/lattice.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { WIDEST = 11, COARSE_MAX = 2 * WIDEST + 5, FINE_MAX = (WIDEST + 7) * 16 + 5 };

static mn_resampling_work work;
static const int widths[] = {4, 7, WIDEST};
static const double cutoff = 1.3;
enum { WIDTHS = sizeof widths / sizeof *widths };

static double value(int64_t k)
{
  return check_normal(41, (uint64_t)k);
}

/* A fine mesh and a coarse one; windows of the outermost fine nodes leave the coarse mesh on all sides. */
typedef struct joint {
  mn_window window; /* one node wide, if there is none */
  mn_resampling resampling;
  mn_lattice fine, coarse;
  bool whole; /* all nodes take part, by a window */
} joint;

static const int ratios[] = {1, 2, 3, 4, 7, MN_RATIO_MAX};
enum { WHOLE = WIDTHS * (int)(sizeof ratios / sizeof *ratios), JOINTS = 2 * (WHOLE + 1) };

/* With windows, one without, and the same again where a part of the nodes takes part, or none. */
static joint joint_of(int n)
{
  const int k = n % (WHOLE + 1);
  const bool windowed = k < WHOLE;
  const int ratio = windowed ? ratios[k / WIDTHS] : 1;
  const int w = widths[k % WIDTHS];
  joint j = {.fine.spacing = 0.1 / ratio, .coarse = {.spacing = 0.1, .first = {-w - 3, 2 - w}}};
  for (int a = 0; a < 2; a++) {
    j.coarse.nodes[a] = 2 * w + 5 - a;
    j.fine.first[a] = (j.coarse.first[a] + w / 2 - 1) * ratio - 2;
    j.fine.nodes[a] = (w + 7 - a) * ratio + 5;
  }
  if (windowed) {
    mn_window_make(w, cutoff, &j.window);
  } else {
    j.window.width = 1;
  }
  mn_resampling_make(ratio, windowed ? &j.window : NULL, &j.fine, &j.resampling);
  j.whole = windowed && n == k;
  for (int a = 0; a < 2 && n > k; a++) {
    const int64_t begin = j.fine.nodes[a] / (3 + a) + n % 3;
    j.resampling.part[a] = (mn_range){begin, a == 1 && n % 5 == 0 ? begin : j.fine.nodes[a] * (2 + a) / 4};
  }
  return j;
}

/* Of coarse node c for fine node f of one axis: 0 unless f takes part and all nodes it touches lie in the coarse mesh.
 */
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
  const mn_range part = j->resampling.part[axis];
  if (outside || f < part.begin || f >= part.end || c < first || c >= first + j->window.width) {
    return 0.0;
  }
  return j->window.width > 1 ? mn_window_value(&j->window, distance) : 1.0;
}

static double fine_field[FINE_MAX * FINE_MAX], coarse_result[COARSE_MAX * COARSE_MAX];
static double coarse_pairs[2 * COARSE_MAX * COARSE_MAX], fine_pairs[2 * FINE_MAX * FINE_MAX];
static double fine_result[2 * FINE_MAX * FINE_MAX];

/* Own coarse rows that nothing meets are left alone; they become 0. */
static void fill_rows_left_alone(const joint *j, const int64_t own[2])
{
  const mn_range met = mn_resampling_meets(&j->resampling, 1, &j->fine, &j->coarse);
  bool alone = true;
  for (int64_t k = own[0]; k < own[1]; k++) {
    const int64_t row = k / j->coarse.nodes[0];
    if (row < met.begin || row >= met.end) {
      alone = alone && isnan(coarse_result[k]);
      coarse_result[k] = 0.0;
    }
  }
  assert_everywhere(alone);
}

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
  mn_refinement finer;
  check_ok(mn_refinement_begin(p, &j->resampling, &work, &j->coarse, &coarse, coarse_pairs + 2 * own[1][0], &j->fine,
                               &fine, &finer));
  for (int64_t row = fine.begin[p->rank]; row < fine.begin[p->rank + 1]; row++) {
    mn_refinement_add(&finer, row, fine_result + 2 * row * j->fine.nodes[0]);
  }
  mn_shares_clear(&fine);
  mn_shares_clear(&coarse);
  fill_rows_left_alone(j, own[1]);
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
  const double mass = j->resampling.ratio * (j->window.width > 1 ? mn_window_transform(&j->window, 0.0) : 1.0);
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

/* Windows of fine nodes are cut at most w/2 away; the range may be two nodes wider, and one where ratios are rounded.
 */
static void check_met(const mn_parallel *self, const joint *j)
{
  (void)self;
  for (int axis = 0; axis < 2; axis++) {
    const mn_range met = mn_resampling_meets(&j->resampling, axis, &j->fine, &j->coarse);
    int64_t first = j->coarse.nodes[axis];
    int64_t end = 0;
    for (int64_t c = 0; c < j->coarse.nodes[axis]; c++) {
      for (int64_t f = 0; f < j->fine.nodes[axis]; f++) {
        if (joint_weight(j, axis, c, f) != 0.0) {
          first = c < first ? c : first;
          end = c + 1;
        }
      }
    }
    const int64_t slack = j->window.width == 1 ? 0 : 4;
    assert_true(end == 0 || (met.begin <= first && met.end >= end));
    assert_true(met.end - met.begin <= (end > 0 ? end - first + 2 * slack : 0));
  }
}

static void what_is_met_is_known_to_a_few_nodes(void **state)
{
  (void)state;
  for_all(check_met);
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
    check_absolute(difference, 0.0, 1e-13 * sqrt(square) + 1e-300, "roundoff; products make the root of that sum");
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
  for (int k = 0; k < 6 && j->whole; k++) {
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

MN_TESTS("resampling", cmocka_unit_test(what_is_met_is_known_to_a_few_nodes),
         cmocka_unit_test(coarse_values_are_sums_over_fine_ones_whose_windows_lie_inside),
         cmocka_unit_test(refining_adds_the_transpose_of_coarsening),
         cmocka_unit_test(resampled_bits_are_those_of_one_rank),
         cmocka_unit_test(coarsening_damps_a_wave_by_the_transform_of_the_window),
         cmocka_unit_test(coarsening_leaves_the_fine_values_as_they_are));
