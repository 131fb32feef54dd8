/* Modes of a mesh.  Truth: exp(-i k.x) for a point; a Gaussian of mass 1, its modes and its gradient in closed form;
 * for bits, the same on a communicator of one rank.
 *
 * The box is 26 standard deviations wide and the modes end at 8.5: what lies beyond is 1e-16 of the Gaussian.  A window
 * error is a root of squares over the images in one direction; the sum over images in two stays below 3 of them. */
#include "sharing.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/spectrum.h>
#include <string.h>

enum { NX = 192, NY = 160, POINTS = 50 };

static mn_resampling_work work;
static const mn_row_adder nothing = {NULL, NULL};
static const double pi = 3.14159265358979323846;
static const mn_lattice mesh = {.spacing = 0.25, .first = {-107, 33}, .nodes = {NX, NY}};
static const double cutoff = 4.8;
static const double variance = 3.2;
static const double centre[2] = {-2.3, 27.7};
static const char images[] = "images of the window; roundoff";
static const int widths[] = {4, 7, 10, 16};
enum { WIDTHS = sizeof widths / sizeof *widths };

static _Alignas(MN_ALIGNMENT) double field[2][2 * NX * NY];
static _Alignas(MN_ALIGNMENT) double modes[2 * NX * NY];
static _Alignas(MN_ALIGNMENT) double own_values[2 * NX * NY];

static mn_spectrum *created_in(bool single, const mn_parallel *p, const mn_lattice *m, double most, sharing how)
{
  mn_spectrum *s = NULL;
  mn_shares rows = shared(p, how, m->nodes[1]);
  check_ok(mn_spectrum_create(p, m, &rows, most, single, &s));
  mn_shares_clear(&rows);
  return s;
}

static mn_spectrum *created(const mn_parallel *p, const mn_lattice *m, double most, sharing how)
{
  return created_in(false, p, m, most, how);
}

/* The window of a width for modes up to the cutoff on a mesh of that spacing. */
static mn_window window_of(int width, double spacing)
{
  mn_window window;
  mn_window_make(width, cutoff * spacing, &window);
  return window;
}

/* Own modes; columns of all ranks follow one another. */
static bool wave_numbers_are_right(const mn_spectrum *s, double most)
{
  const double unit[2] = {2.0 * pi / (mesh.spacing * NX), 2.0 * pi / (mesh.spacing * NY)};
  int64_t columns = s->kx_count;
  int64_t before = 0;
  MPI_Exscan(&columns, &before, 1, MPI_INT64_T, MPI_SUM, s->parallel.comm);
  MPI_Allreduce(MPI_IN_PLACE, &columns, 1, MPI_INT64_T, MPI_SUM, s->parallel.comm);
  bool right = s->kx_begin == before && mn_spectrum_size(s) == 2 * s->kx_count * s->ky_count;
  right = right && columns == (most > pi / mesh.spacing ? NX / 2 : (int64_t)floor(most / unit[0]) + 1);
  for (int64_t c = 0; c < s->kx_count; c++) {
    right = right && fabs(s->kx[c] - unit[0] * (double)(before + c)) <= 1e-14 * most;
  }
  const int64_t last = most > pi / mesh.spacing ? NY / 2 - 1 : (int64_t)floor(most / unit[1]);
  right = right && s->ky_count == 2 * last + 1;
  for (int64_t j = 0; j < s->ky_count; j++) {
    const double k = unit[1] * (double)(j <= last ? j : j - s->ky_count);
    right = right && fabs(s->ky[j] - k) <= 1e-14 * most;
  }
  return right;
}

static void modes_are_all_those_up_to_the_cutoff_but_for_that_of_alternating_signs(void **state)
{
  (void)state;
  const double cutoffs[] = {0.01, 1.0, cutoff, 12.0, 100.0};
  for (int k = 0; k < 5 * SHARINGS; k++) {
    mn_spectrum *s = created(check_world(), &mesh, cutoffs[k % 5], (sharing)(k / 5));
    const bool right = wave_numbers_are_right(s, cutoffs[k % 5]);
    mn_spectrum_destroy(&s);
    assert_null(s);
    mn_spectrum_destroy(&s);
    assert_everywhere(right);
  }
}

/* Largest error of modes against factor exp(-i k.(x - origin)). */
static double mode_error(const mn_spectrum *s, const double x[2], double factor)
{
  double worst = 0.0;
  for (int64_t k = 0; k < mn_spectrum_size(s) / 2; k++) {
    const double kx = s->kx[k / s->ky_count];
    const double ky = s->ky[k % s->ky_count];
    const double phase = kx * (x[0] - s->mesh.spacing * (double)s->mesh.first[0]) +
                         ky * (x[1] - s->mesh.spacing * (double)s->mesh.first[1]);
    worst = fmax(worst, hypot(modes[2 * k] - factor * cos(phase), modes[2 * k + 1] + factor * sin(phase)));
  }
  return worst;
}

/* Spreads a point over all rows of a mesh. */
static void deposit(const mn_lattice *m, const mn_window *window, const double x[2], double *values)
{
  static int64_t masses[NX * NY + MN_LATTICE_PAD];
  memset(masses, 0, sizeof masses);
  mn_lattice_spread(m, window, 1, x, mn_lattice_scale(1), (mn_range){0, m->nodes[1]}, masses);
  for (int64_t k = 0; k < m->nodes[0] * m->nodes[1]; k++) {
    values[k] = (double)masses[k] / mn_lattice_scale(1);
  }
}

static void point_of(int k, double x[2])
{
  x[0] = centre[0] + 3.0 * check_normal(51, (uint64_t)(2 * k));
  x[1] = centre[1] + 3.0 * check_normal(51, (uint64_t)(2 * k + 1));
}

static void modes_of_a_point_are_plane_waves_from_the_first_node(void **state)
{
  (void)state;
  for (int k = 0; k < SHARINGS * WIDTHS; k++) {
    double x[2];
    mn_damping damping;
    const mn_window window = window_of(widths[k % WIDTHS], mesh.spacing);
    mn_spectrum *s = created(check_world(), &mesh, cutoff, (sharing)(k / WIDTHS));
    point_of(k, x);
    deposit(&mesh, &window, x, field[0]);
    check_ok(mn_damping_make(s, &window, mesh.spacing, &damping));
    mn_spectrum_modes(s, mn_spectrum_all(s), field[0] + s->rows.begin[check_world()->rank] * NX, -2.5, &damping, modes);
    const double error = mode_error(s, x, -2.5);
    mn_damping_clear(&damping);
    mn_spectrum_destroy(&s);
    assert_everywhere(error <= 2.5 * (3.0 * window.error + 1e-13)); /* images; roundoff */
  }
}

/* A fine mesh to which the point comes, then the mesh: two windows, whose units differ. */
static void windows_on_the_way_are_undone_together(void **state)
{
  (void)state;
  const mn_lattice fine = {.spacing = mesh.spacing / 3.0, .first = {-60, 300}, .nodes = {80, 96}};
  const double x[2] = {-1.6, 28.9};
  for (int k = 0; k < WIDTHS; k++) {
    const mn_window near = window_of(8, fine.spacing);
    const mn_window far = window_of(widths[k], mesh.spacing);
    const mn_shares rows = shared(check_world(), EVENLY, fine.nodes[1]);
    mn_spectrum *s = created(check_world(), &mesh, cutoff, EVENLY);
    mn_resampling resampling;
    mn_damping damping;
    mn_resampling_make(3, &far, &fine, &resampling);
    deposit(&fine, &near, x, field[1]);
    check_ok(mn_lattice_coarsen(check_world(), &resampling, &work, &fine, &rows,
                                field[1] + rows.begin[check_world()->rank] * fine.nodes[0], &mesh, &s->rows,
                                own_values));
    mn_resampling_clear(&work);
    check_ok(mn_damping_make(s, &near, fine.spacing, &damping));
    mn_damping_add(s, &far, mesh.spacing, &damping);
    mn_spectrum_modes(s, mn_spectrum_all(s), own_values, 1.0, &damping, modes);
    const double error = mode_error(s, x, 1.0);
    mn_damping_clear(&damping);
    mn_shares_clear((mn_shares *)&rows);
    mn_spectrum_destroy(&s);
    assert_everywhere(error <= 3.0 * (near.error + far.error) + 1e-13); /* images; roundoff */
  }
}

static void make_gaussian(const mn_spectrum *s)
{
  for (int64_t k = 0; k < mn_spectrum_size(s) / 2; k++) {
    const double kx = s->kx[k / s->ky_count];
    const double ky = s->ky[k % s->ky_count];
    const double size = exp(-0.5 * variance * (kx * kx + ky * ky));
    const double phase = kx * (centre[0] - mesh.spacing * (double)mesh.first[0]) +
                         ky * (centre[1] - mesh.spacing * (double)mesh.first[1]);
    modes[2 * k] = size * cos(phase);
    modes[2 * k + 1] = -size * sin(phase);
  }
}

/* The Gaussian (order 0) or its derivative in x or y (order 1, 2). */
static double gaussian(int order, double x, double y)
{
  const double d[3] = {-variance, x - centre[0], y - centre[1]};
  const double value = exp(-0.5 * (d[1] * d[1] + d[2] * d[2]) / variance) / (2.0 * pi * variance);
  return -d[order] / variance * value;
}

static void gaussian_of_mass_one_and_its_gradient_return_from_their_modes(void **state)
{
  (void)state;
  for (sharing how = 0; how < SHARINGS; how++) {
    mn_spectrum *s = created(check_world(), &mesh, cutoff, how);
    const int64_t first = s->rows.begin[check_world()->rank] + mesh.first[1];
    double worst = 0.0;
    make_gaussian(s);
    mn_spectrum_values(s, modes, field[0]);
    mn_spectrum_gradient(s, modes, NULL, mn_spectrum_all(s), nothing, field[1]);
    for (int64_t k = 0; k < s->row_count * NX; k++) {
      const double x = mesh.spacing * (double)(mesh.first[0] + k % NX);
      const double y = mesh.spacing * (double)(first + k / NX);
      worst = fmax(worst, fabs(field[0][k] - gaussian(0, x, y)));
      worst = fmax(worst, fabs(field[1][2 * k] - gaussian(1, x, y)));
      worst = fmax(worst, fabs(field[1][2 * k + 1] - gaussian(2, x, y)));
    }
    mn_spectrum_destroy(&s);
    assert_everywhere(worst <= 2e-16); /* 15 passes add 2^-53 each of the sum of |modes|/area, 0.05; twice that */
  }
}

/* Largest difference of n numbers, over all ranks, by the root of the mean of their squares. */
static double difference(int64_t n, const double *a, const double *b)
{
  double sums[2] = {0.0, (double)n};
  double largest = 0.0;
  for (int64_t k = 0; k < n; k++) {
    sums[0] += a[k] * a[k];
    largest = fmax(largest, fabs(a[k] - b[k]));
  }
  MPI_Allreduce(MPI_IN_PLACE, sums, 2, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, check_world()->comm);
  return largest / sqrt(sums[0] / sums[1]);
}

/* 14 passes add 2^-24 each, at random; five times that, the largest of ten thousand. */
static void transforms_in_float_differ_by_what_float_holds(void **state)
{
  (void)state;
  mn_spectrum *s[2];
  double *out[2][2] = {{NULL}};
  for (int single = 0; single < 2; single++) {
    s[single] = created_in(single, check_world(), &mesh, cutoff, EVENLY);
    check_ok(mn_alloc(&out[0][single], mn_spectrum_size(s[0]), sizeof(double)));
    check_ok(mn_alloc(&out[1][single], 2 * s[0]->row_count * NX, sizeof(double)));
    for (int64_t k = 0; k < s[0]->row_count * NX; k++) {
      field[0][k] = check_normal(3, (uint64_t)(s[0]->rows.begin[check_world()->rank] * NX + k));
    }
    mn_spectrum_modes(s[single], mn_spectrum_all(s[single]), field[0], 1.0, NULL, out[0][single]);
    mn_spectrum_gradient(s[single], out[0][0], NULL, mn_spectrum_all(s[single]), nothing, out[1][single]);
  }
  for (int k = 0; k < 2; k++) {
    const double least = difference(k == 0 ? mn_spectrum_size(s[0]) : 2 * s[0]->row_count * NX, out[k][0], out[k][1]);
    assert_everywhere(least > 1e-9 && least <= 5.0 * sqrt(14.0) * 0x1p-24);
    mn_free(&out[k][0]);
    mn_free(&out[k][1]);
  }
  mn_spectrum_destroy(&s[0]);
  mn_spectrum_destroy(&s[1]);
}

static void sharpened_gradient_read_at_points_is_that_of_the_gaussian(void **state)
{
  (void)state;
  static double both[2 * (NX * NY + MN_LATTICE_PAD)];
  const double sum = sqrt(0.5 * pi / variance) / (2.0 * pi * variance); /* of |k modes|/area, as an integral */
  for (int k = 0; k < SHARINGS * WIDTHS; k++) {
    mn_damping damping;
    const mn_window window = window_of(widths[k % WIDTHS], mesh.spacing);
    mn_spectrum *s = created(check_world(), &mesh, cutoff, (sharing)(k / WIDTHS));
    check_ok(mn_damping_make(s, &window, mesh.spacing, &damping));
    make_gaussian(s);
    mn_spectrum_gradient(s, modes, &damping, mn_spectrum_all(s), nothing, own_values);
    check_ok(mn_rows_fetch(check_world(), &s->rows, 2 * NX, own_values, (mn_range){0, NY}, both));
    mn_damping_clear(&damping);
    mn_spectrum_destroy(&s);
    for (int i = 0; i < POINTS; i++) {
      double x[2];
      double read[2] = {0.0, 0.0};
      point_of(i, x);
      mn_lattice_interpolate(&mesh, &window, 1, x, (mn_range){0, NY}, both, read);
      check_absolute(read[0], gaussian(1, x[0], x[1]), sum * (3.0 * window.error + 1e-13), images);
      check_absolute(read[1], gaussian(2, x[0], x[1]), sum * (3.0 * window.error + 1e-13), images);
    }
  }
}

static void make_deposit(const mn_spectrum *s)
{
  for (int64_t k = 0; k < s->row_count * NX; k++) {
    own_values[k] = check_normal(52, (uint64_t)(s->rows.begin[s->parallel.rank] * NX + k));
  }
}

/* A Gaussian of the wave number, what a window does undone twice. */
static void convolving_is_weighing_modes_on_the_way(void **state)
{
  (void)state;
  static double symbol[NX * NY];
  const mn_window window = window_of(8, mesh.spacing);
  for (sharing how = 0; how < SHARINGS; how++) {
    mn_damping damping;
    mn_spectrum *s = created(check_world(), &mesh, cutoff, how);
    check_ok(mn_damping_make(s, &window, mesh.spacing, &damping));
    make_deposit(s);
    mn_spectrum_modes(s, mn_spectrum_all(s), own_values, 1.0, &damping, modes);
    for (int64_t k = 0; k < mn_spectrum_size(s) / 2; k++) {
      const double kx = s->kx[k / s->ky_count];
      const double ky = s->ky[k % s->ky_count];
      symbol[k] = exp(-0.1 * (kx * kx + ky * ky));
      modes[2 * k] *= symbol[k];
      modes[2 * k + 1] *= symbol[k];
    }
    mn_spectrum_gradient(s, modes, &damping, mn_spectrum_all(s), nothing, field[0]);
    mn_spectrum_convolve(s, own_values, symbol, &damping, nothing, field[1]);
    const double error = difference(2 * s->row_count * NX, field[0], field[1]);
    mn_damping_clear(&damping);
    mn_spectrum_destroy(&s);
    assert_everywhere(error <= 1e-14); /* weights are multiplied in another order: 2^-52 of every mode */
  }
}

/* A deposit of some rows is one with zeros in the others, and rows of a gradient that are not wanted stay. */
static void rows_outside_count_for_nothing(void **state)
{
  (void)state;
  static double all[2 * NX * NY], filled[2 * NX * NY];
  const mn_range some = {NY / 5, NY / 2};
  mn_spectrum *s = created(check_world(), &mesh, cutoff, EVENLY);
  const int64_t first = s->rows.begin[check_world()->rank];
  make_deposit(s);
  for (int64_t k = 0; k < s->row_count * NX; k++) {
    const int64_t row = first + k / NX;
    own_values[k] = row >= some.begin && row < some.end ? own_values[k] : (double)NAN;
    filled[k] = isnan(own_values[k]) ? 0.0 : own_values[k];
    field[0][2 * k] = field[0][2 * k + 1] = (double)NAN;
  }
  mn_spectrum_modes(s, some, own_values, 1.0, NULL, modes);
  mn_spectrum_modes(s, mn_spectrum_all(s), filled, 1.0, NULL, all);
  const bool same = memcmp(modes, all, (size_t)mn_spectrum_size(s) * sizeof *modes) == 0;
  mn_spectrum_gradient(s, modes, NULL, some, nothing, field[0]);
  mn_spectrum_gradient(s, modes, NULL, mn_spectrum_all(s), nothing, field[1]);
  bool right = true;
  for (int64_t k = 0; k < 2 * s->row_count * NX; k++) {
    const bool in = !isnan(own_values[k / 2]);
    right = right && (in ? field[0][k] == field[1][k] : isnan(field[0][k]));
  }
  mn_spectrum_destroy(&s);
  assert_everywhere(same && right);
}

/* Modes of a random deposit of every row, then values or the gradient. */
static int64_t there_and_back(mn_spectrum *s, bool values, double *rows)
{
  make_deposit(s);
  mn_spectrum_modes(s, mn_spectrum_all(s), own_values, 1.0, NULL, modes);
  if (values) {
    mn_spectrum_values(s, modes, rows);
  } else {
    mn_spectrum_gradient(s, modes, NULL, mn_spectrum_all(s), nothing, rows);
  }
  return values ? 1 : 2;
}

static void bits_are_those_of_one_rank(void **state)
{
  (void)state;
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  for (int k = 0; k < 2 * SHARINGS; k++) {
    mn_spectrum *alone = created(&self, &mesh, cutoff, EVENLY);
    mn_spectrum *s = created(check_world(), &mesh, cutoff, (sharing)(k / 2));
    const int64_t width = NX * there_and_back(alone, k % 2, field[0]);
    there_and_back(s, k % 2, field[1]);
    const double *own = field[0] + s->rows.begin[check_world()->rank] * width;
    const bool same = memcmp(field[1], own, (size_t)(s->row_count * width) * sizeof *own) == 0;
    mn_spectrum_destroy(&alone);
    mn_spectrum_destroy(&s);
    assert_everywhere(same);
  }
  mn_parallel_destroy(&self);
}

MN_TESTS("spectrum", cmocka_unit_test(modes_are_all_those_up_to_the_cutoff_but_for_that_of_alternating_signs),
         cmocka_unit_test(modes_of_a_point_are_plane_waves_from_the_first_node),
         cmocka_unit_test(windows_on_the_way_are_undone_together),
         cmocka_unit_test(transforms_in_float_differ_by_what_float_holds),
         cmocka_unit_test(gaussian_of_mass_one_and_its_gradient_return_from_their_modes),
         cmocka_unit_test(sharpened_gradient_read_at_points_is_that_of_the_gaussian),
         cmocka_unit_test(convolving_is_weighing_modes_on_the_way), cmocka_unit_test(rows_outside_count_for_nothing),
         cmocka_unit_test(bits_are_those_of_one_rank));
