/* What snapshots show, from runs that write all of them, so that the paths are known.  Truth: the start that was read;
 * sums of closed forms of docs/theory.md, section 3, over all cells and intervals, written here; integrals. */
#include "check.h"

#include <files/h5.h>
#include <math.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/run.h>
#include <mnemotaxis/series.h>
#include <mnemotaxis/snapshot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CELLS_MAX = 200, STEPS = 8, SIDE = 40, PATH = 1024 };

static const double pi = 3.14159265358979323846;
static const double h = 0.0625; /* all steps; times are exact */

/* Everything a run has shown, on every rank. */
typedef struct shown {
  int64_t count;
  double start[2 * CELLS_MAX]; /* as it was given */
  double x[STEPS + 1][2 * CELLS_MAX];
  double drift[STEPS + 1][2 * CELLS_MAX];
  double density[STEPS + 1][SIDE * SIDE];
  double chemical[STEPS + 1][SIDE * SIDE];
  double low[STEPS + 1][2]; /* y, x */
  double spacing[STEPS + 1];
} shown;

static shown all;

static void read_vector(hid_t file, const char *record, double *pairs)
{
  double column[CELLS_MAX];
  for (int a = 0; a < 2; a++) {
    char name[256];
    snprintf(name, sizeof name, "%s/%s", record, a == 0 ? "x" : "y");
    check_ok(mn_h5_read(file, &(mn_rows){name, MN_F64, all.count, 0, 0, all.count}, column));
    for (int64_t i = 0; i < all.count; i++) {
      pairs[2 * i + a] = column[i];
    }
  }
}

static void read_snapshot(const char *run, int n)
{
  char name[2 * PATH];
  double spacing[2];
  hid_t file;
  snprintf(name, sizeof name, "%s/snapshots/%010d.h5", run, n);
  check_ok(mn_h5_open(name, &file));
  snprintf(name, sizeof name, "/data/%d/particles/cells/position", n);
  read_vector(file, name, all.x[n]);
  snprintf(name, sizeof name, "/data/%d/particles/cells/drift", n);
  read_vector(file, name, all.drift[n]);
  snprintf(name, sizeof name, "/data/%d/meshes/density", n);
  check_ok(mn_h5_read(file, &(mn_rows){name, MN_F64, SIDE, SIDE, 0, SIDE}, all.density[n]));
  snprintf(name, sizeof name, "/data/%d/meshes/chemical", n);
  check_ok(mn_h5_read(file, &(mn_rows){name, MN_F64, SIDE, SIDE, 0, SIDE}, all.chemical[n]));
  check_ok(mn_h5_read_numbers(file, name, "gridGlobalOffset", MN_F64, 2, all.low[n]));
  check_ok(mn_h5_read_numbers(file, name, "gridSpacing", MN_F64, 2, spacing));
  assert_true(spacing[0] == spacing[1]);
  all.spacing[n] = spacing[0];
  H5Fclose(file);
}

/* A cloud of deviation 0.4 with four cells far out at the corners, which make the meshes wide. */
static void make_start(int64_t count)
{
  all.count = count;
  for (int64_t i = 0; i < count; i++) {
    all.start[2 * i] = i < 4 ? (i % 2 ? 4.0 : -4.0) : 0.4 * check_normal(3, (uint64_t)(2 * i));
    all.start[2 * i + 1] = i < 4 ? (i / 2 ? 4.0 : -4.0) : 0.4 * check_normal(3, (uint64_t)(2 * i + 1));
  }
}

/* Runs from a file of starting points and reads back all snapshots. */
static void make_run(mn_model model, const mn_field *field, int64_t count)
{
  char run[PATH];
  char input[PATH];
  mn_run_report report;
  snprintf(run, sizeof run, "%s/run", check_directory);
  snprintf(input, sizeof input, "%s/input.h5", check_directory);
  make_start(count);
  const mn_block own = mn_block_of(count, check_world()->rank, check_world()->size);
  check_ok(mn_dataset_write(check_world(), input, "/start", count, all.start + 2 * own.begin));
  mn_run_options o = {.count = count, .steps = STEPS, .engine = &mn_drift_direct, .parameters = "", .used = ""};
  o.dynamics = (mn_dynamics){.model = model, .field = *field, .seed = 3, .noise_substeps = 1};
  check_ok(mn_schedule_make(h, 0.0, 1.5, &o.dynamics.schedule));
  o.drift.tolerance = model.lambda > 0.0 ? 1e-4 : 1e-6;
  o.history.tolerance = 1e-8;
  o.initial = (mn_initial){.kind = MN_INITIAL_FILE};
  o.initial_file = input;
  o.initial_dataset = "/start";
  o.output = (mn_output_options){
      .directory = run, .replace = true, .every = STEPS, .snapshot_every = 1, .drift = true, .fields = SIDE};
  check_ok(mn_run(check_world(), &o, NULL, NULL, NULL, &report));
  for (int n = 0; n <= STEPS; n++) {
    read_snapshot(run, n);
  }
  MPI_Barrier(check_world()->comm);
}

static const mn_field no_field = {.kind = MN_FIELD_ZERO};

static void a_run_starts_where_its_file_says(void **state)
{
  (void)state;
  make_run((mn_model){.theta = 1.0, .chi = 1.0}, &no_field, 50);
  assert_memory_equal(all.x[0], all.start, 2 * 50 * sizeof(double));
}

static double integral(const double *values, double spacing)
{
  double sum = 0.0;
  for (int k = 0; k < SIDE * SIDE; k++) {
    sum += values[k] * spacing * spacing;
  }
  return sum;
}

static void the_density_is_the_histogram_of_all_cells(void **state)
{
  (void)state;
  make_run((mn_model){.theta = 1.0, .chi = 1.0}, &no_field, 100);
  for (int n = 0; n <= STEPS; n++) {
    static double histogram[SIDE * SIDE];
    const double d = all.spacing[n];
    memset(histogram, 0, sizeof histogram);
    for (int64_t i = 0; i < all.count; i++) {
      const int row = (int)floor((all.x[n][2 * i + 1] - all.low[n][0]) / d);
      const int column = (int)floor((all.x[n][2 * i] - all.low[n][1]) / d);
      histogram[row * SIDE + column] += 0.01 / (d * d);
    }
    for (int k = 0; k < SIDE * SIDE; k++) {
      check_absolute(all.density[n][k], histogram[k], 1e-12 / (d * d), "rounding of sums of 1/100");
    }
    check_relative(integral(all.density[n], d), 1.0, 1e-12, "no cell is outside");
  }
}

/* E_1(x) = int_0^1 exp(-x/u)/u du, by the double exponential rule. */
static double e1(double x)
{
  double sum = 0.0;
  for (int i = -150; i <= 150; i++) {
    const double t = 0.022 * i;
    const double q = exp(-pi * sinh(t));
    sum += 0.022 * pi * cosh(t) * q / (1.0 + q) * exp(-x * (1.0 + q));
  }
  return sum;
}

/* What one cell's path has left at a point at step n, lambda = 0: the present, then both ends of every interval. */
static double trail(double theta, int n, int64_t j, const double at[2])
{
  const double shift = theta * h / 6.0;
  double sum = 0.0;
  for (int m = n; m >= 0; m--) {
    const double d[2] = {at[0] - all.x[m][2 * j], at[1] - all.x[m][2 * j + 1]};
    const double r2 = d[0] * d[0] + d[1] * d[1];
    const double age = (n - m) * h;
    if (m == n) {
      sum += e1(theta / (1.0 + theta) * r2 / (4.0 * h)) / (1.0 + theta);
    }
    if (m < n - 1) { /* the younger end of an interval is older than the present one's */
      sum += 0.5 * (e1(theta * r2 / (4.0 * (age + shift))) - e1(theta * r2 / (4.0 * (age - h + shift))));
    }
    if (m > 0 && m < n) {
      sum += 0.5 * (e1(theta * r2 / (4.0 * (age + h + shift))) - e1(theta * r2 / (4.0 * (age + shift))));
    }
  }
  return n == 0 ? 0.0 : sum / (4.0 * pi);
}

static void middle_of(int n, int row, int column, double at[2])
{
  at[0] = all.low[n][1] + (column + 0.5) * all.spacing[n];
  at[1] = all.low[n][0] + (row + 0.5) * all.spacing[n];
}

static void the_chemical_is_the_sum_of_all_trails(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    const double theta = pow(10.0, k - 1);
    make_run((mn_model){.theta = theta, .chi = 2.0}, &no_field, 40);
    for (int n = 0; n <= STEPS; n += n < 3 ? 1 : 5) {
      for (int point = 0; point < 20; point++) {
        const int row = (12 + 7 * point) % SIDE;
        const int column = (15 + 3 * point) % SIDE;
        double at[2];
        double sum = 0.0;
        middle_of(n, row, column, at);
        for (int64_t j = 0; j < all.count; j++) {
          sum += trail(theta, n, j, at) / (double)all.count;
        }
        const double bound = 1e-5 * sum + (n > 0 ? 1e-6 : 1e-300);
        check_absolute(all.chemical[n][row * SIDE + column], sum, bound, "tolerance 1e-6 of a rule for the force");
      }
    }
  }
}

/* At chi = 0 the paths are the same with and without c_0, so the difference of the pictures is b_t of a Gaussian. */
static void the_initial_chemical_is_part_of_the_picture(void **state)
{
  (void)state;
  static double without[STEPS + 1][SIDE * SIDE];
  const mn_model model = {.theta = 2.0, .lambda = 1.5};
  const mn_field field = {.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{2.0, 0.5, -1.0, 0.7}}};
  make_run(model, &no_field, 40);
  memcpy(without, all.chemical, sizeof without);
  make_run(model, &field, 40);
  for (int k = 0; k < (STEPS + 1) * SIDE * SIDE; k++) {
    double at[2];
    const int n = k / (SIDE * SIDE);
    const int place = k % (SIDE * SIDE);
    middle_of(n, place / SIDE, place % SIDE, at);
    const double v = 0.49 + 2.0 * h * n / 2.0;
    const double r2 = (at[0] - 0.5) * (at[0] - 0.5) + (at[1] + 1.0) * (at[1] + 1.0);
    const double b = 2.0 * 0.49 / v * exp(-1.5 * h * n / 2.0 - r2 / (2.0 * v));
    check_absolute(all.chemical[n][place] - without[n][place], b, 1e-13, "rounding of a difference of order 1");
  }
}

/* Four cells sit at the corners; nearly all that the others left is on the mesh. */
static void the_chemical_on_a_wide_mesh_has_the_mass_of_all_trails(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    const mn_model model = {.theta = 4.0, .chi = 1.0, .lambda = k ? 2.0 : 0.0};
    make_run(model, &no_field, k ? 80 : 200);
    for (int n = 1; n <= STEPS; n++) {
      const double t = n * h;
      const double mass = k ? (1.0 - exp(-2.0 * t / 4.0)) / 2.0 : t / 4.0;
      const double found = integral(all.chemical[n], all.spacing[n]);
      check_relative(found, mass, 4.0 / (double)all.count + 0.01, "cells at the corners; 1 % for the midpoint rule");
    }
  }
}

/* chi/(N-1) times the sum of (7), with no interval older than the present one. */
static void the_drift_after_one_step_is_the_unaveraged_present_force(void **state)
{
  (void)state;
  const double theta = 3.0;
  make_run((mn_model){.theta = theta, .chi = 2.0}, &no_field, 60);
  for (int64_t i = 0; i < all.count; i++) {
    double sum[2] = {0.0, 0.0};
    for (int64_t j = 0; j < all.count; j++) {
      const double r[2] = {all.x[1][2 * i] - all.x[1][2 * j], all.x[1][2 * i + 1] - all.x[1][2 * j + 1]};
      const double r2 = r[0] * r[0] + r[1] * r[1];
      const double f = j == i ? 0.0 : exp(-theta / (1.0 + theta) * r2 / (4.0 * h)) / (2.0 * pi * r2 * (1.0 + theta));
      sum[0] -= 2.0 / 59.0 * f * r[0];
      sum[1] -= 2.0 / 59.0 * f * r[1];
    }
    for (int a = 0; a < 2; a++) {
      assert_true(all.drift[0][2 * i + a] == 0.0);
      check_absolute(all.drift[1][2 * i + a], sum[a], 1e-5 * (1.0 + hypot(sum[0], sum[1])), "ten times the tolerance");
    }
  }
}

static void rows_and_entries_of_the_same_or_a_later_step_are_replaced(void **state)
{
  (void)state;
  static const int64_t steps[] = {0, 4, 8, 12, 8, 8};
  mn_series series = {0};
  mn_snapshot_list list = {0};
  for (int k = 0; k < 6; k++) {
    check_ok(mn_series_append(&series, &(mn_observation){.step = steps[k], .time = k}));
    check_ok(mn_snapshot_list_append(&list, steps[k], k));
  }
  assert_true(series.rows == 3 && series.row[2].step == 8 && series.row[2].time == 5.0);
  assert_true(list.snapshots == 3 && list.step[2] == 8 && list.time[2] == 5.0);
  mn_series_cut(&series, 7);
  mn_snapshot_list_cut(&list, 4);
  assert_true(series.rows == 2 && list.snapshots == 2);
  mn_series_clear(&series);
  mn_snapshot_list_clear(&list);
}

MN_TESTS("pictures", CHECK_IN_DIRECTORY(a_run_starts_where_its_file_says),
         CHECK_IN_DIRECTORY(the_density_is_the_histogram_of_all_cells),
         CHECK_IN_DIRECTORY(the_chemical_is_the_sum_of_all_trails),
         CHECK_IN_DIRECTORY(the_initial_chemical_is_part_of_the_picture),
         CHECK_IN_DIRECTORY(the_chemical_on_a_wide_mesh_has_the_mass_of_all_trails),
         CHECK_IN_DIRECTORY(the_drift_after_one_step_is_the_unaveraged_present_force),
         cmocka_unit_test(rows_and_entries_of_the_same_or_a_later_step_are_replaced));
