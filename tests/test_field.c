/* Truth: the convolution (5) of the initial chemical with the heat kernel by two-dimensional quadrature in long double:
 * trapezoid rule on the plane for Gaussians (its error is exponentially small), Gauss rule on every cell for grids. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/field.h>

#define PI 3.14159265358979323846264338328L

typedef struct answer {
  long double value, x, y; /* b_t and its gradient */
} answer;

static const mn_model decaying = {2.0, 1.0, 0.7, 0.0, MN_BRIDGE};
static const mn_model lasting = {2.0, 1.0, 0.0, 0.0, MN_BRIDGE};

static const mn_field blobs = {.kind = MN_FIELD_GAUSSIAN,
                               .blobs = 3,
                               .blob = {{1.5, 0.0, 0.2, 0.5}, {-0.7, 1.0, -0.4, 0.3}, {0.2, -1.2, 0.9, 0.8}}};

enum { ROWS = 4, COLUMNS = 5 };

static const double nodes[ROWS * COLUMNS] = {0.3, 1.0, -0.2, 0.0, 0.7, 0.1, 2.0, 1.1,  0.4, 0.0,
                                             0.9, 0.6, 0.5,  1.7, 0.2, 1.3, 0.8, -0.6, 0.0, 0.45};

static const mn_field grid = {.kind = MN_FIELD_GRID,
                              .rows = ROWS,
                              .columns = COLUMNS,
                              .origin = {-0.8, 0.1},
                              .spacing = {0.4, 0.25},
                              .node = nodes};

static long double blobs_at(const mn_field *f, long double x, long double y)
{
  long double sum = 0;
  for (int k = 0; k < f->blobs; k++) {
    const mn_blob *b = &f->blob[k];
    const long double r2 = (x - b->x) * (x - b->x) + (y - b->y) * (y - b->y);
    sum += b->amplitude * expl(-r2 / (2.0L * b->sigma * b->sigma));
  }
  return sum;
}

/* Node [i, j] of a grid, zero outside. */
static double node_of(const mn_field *f, int i, int j)
{
  const int inside = i >= 0 && i < f->rows && j >= 0 && j < f->columns;
  return inside ? f->node[i * f->columns + j] : 0.0;
}

/* Bilinear interpolant in cell [i, j] at fractions p, q of its width and height. */
static long double in_cell(const mn_field *f, int i, int j, long double p, long double q)
{
  return (1 - q) * ((1 - p) * node_of(f, i, j) + p * node_of(f, i, j + 1)) +
         q * ((1 - p) * node_of(f, i + 1, j) + p * node_of(f, i + 1, j + 1));
}

/* Adds what an amount of chemical at distance (dx, dy) has become after t. */
static void add(answer *sum, const mn_model *m, long double t, long double dx, long double dy, long double amount)
{
  const long double theta = m->theta;
  const long double g = theta / (4 * PI * t) * expl(-theta * (dx * dx + dy * dy) / (4 * t) - m->lambda * t / theta);
  sum->value += amount * g;
  sum->x -= amount * g * theta * dx / (2 * t);
  sum->y -= amount * g * theta * dy / (2 * t);
}

/* Trapezoid rule over 13 widths of the wider of kernel and blobs around the narrower one's scale. */
static answer exact_blobs(const mn_model *m, double t, double x, double y)
{
  const long double kernel = sqrtl(2.0L * t / (long double)m->theta);
  const long double h = 0.35L / sqrtl(1 / (kernel * kernel) + 1 / (0.3L * 0.3L));
  const int reach = (int)(9.5L * kernel / h) + 1;
  answer sum = {0, 0, 0};
  for (int i = -reach; i <= reach; i++) {
    for (int j = -reach; j <= reach; j++) {
      add(&sum, m, t, j * h, i * h, h * h * blobs_at(&blobs, x - j * h, y - i * h));
    }
  }
  return sum;
}

/* Gauss rule with ten nodes a side on every cell, the ramps outside the border included. */
static answer exact_grid(const mn_field *f, const mn_model *m, double t, double x, double y)
{
  static const long double node[5] = {0.148874338981631210884826L, 0.433395394129247190799266L,
                                      0.679409568299024406234327L, 0.865063366688984510732097L,
                                      0.973906528517171720077964L};
  static const long double weight[5] = {0.295524224714752870173893L, 0.269266719309996355091227L,
                                        0.219086362515982043995535L, 0.149451349150580593145776L,
                                        0.066671344308688137593569L};
  const long double area = 0.25L * f->spacing[0] * f->spacing[1];
  answer sum = {0, 0, 0};
  for (int cell = 0; cell < (f->rows + 1) * (f->columns + 1); cell++) {
    const int i = cell / (f->columns + 1) - 1;
    const int j = cell % (f->columns + 1) - 1;
    for (int k = 0; k < 100; k++) {
      const long double p = (1 + (k % 2 ? 1 : -1) * node[k % 10 / 2]) / 2;
      const long double q = (1 + (k / 10 % 2 ? 1 : -1) * node[k / 20]) / 2;
      const long double dx = x - (f->origin[0] + (j + p) * f->spacing[0]);
      const long double dy = y - (f->origin[1] + (i + q) * f->spacing[1]);
      add(&sum, m, t, dx, dy, area * weight[k % 10 / 2] * weight[k / 20] * in_cell(f, i, j, p, q));
    }
  }
  return sum;
}

static void check_answer(const mn_field *f, const mn_model *m, double t, const double at[2], answer truth,
                         double tolerance, const char *why)
{
  double gradient[2];
  const double value = mn_field_at(f, m, t, at[0], at[1], gradient);
  check_absolute(value, (double)truth.value, tolerance, why);
  check_absolute(gradient[0], (double)truth.x, tolerance, why);
  check_absolute(gradient[1], (double)truth.y, tolerance, why);
}

static const double places[][2] = {{0.0, 0.0}, {0.3, 0.4}, {-0.9, 0.15}, {1.1, -0.5}, {-0.45, 0.8}, {2.5, 1.5}};

enum { PLACES = sizeof places / sizeof *places };

static void gaussians_match_the_convolution(void **state)
{
  (void)state;
  static const double times[] = {0.02, 0.3, 2.0};
  for (int k = 0; k < PLACES * 3; k++) {
    const double *at = places[k / 3];
    const double t = times[k % 3];
    check_answer(&blobs, &decaying, t, at, exact_blobs(&decaying, t, at[0], at[1]), 2e-14,
                 "rounding of terms of order 1, slopes up to 5; the trapezoid rule leaves exp(-2 pi^2/0.35^2)");
  }
}

static void grid_matches_the_convolution(void **state)
{
  (void)state;
  static const double times[] = {0.05, 0.3, 2.0};
  for (int k = 0; k < PLACES * 3; k++) {
    const double *at = places[k / 3];
    const double t = times[k % 3];
    check_answer(
        &grid, &decaying, t, at, exact_grid(&grid, &decaying, t, at[0], at[1]), 5e-14,
        "rounding: second differences of ramps lose (distance/spacing) = 10 of terms of order 1, slopes 1/h more");
  }
}

/* More columns than any buffer of the implementation is likely to hold, each with its own value. */
static void wide_grid_matches_the_convolution(void **state)
{
  (void)state;
  static double values[2 * 401];
  for (int k = 0; k < 2 * 401; k++) {
    values[k] = sin(0.7 * k) + 0.3;
  }
  const mn_field wide = {
      .kind = MN_FIELD_GRID, .rows = 2, .columns = 401, .origin = {-10.0, 0.0}, .spacing = {0.05, 0.3}, .node = values};
  for (int k = 0; k < 3; k++) {
    const double at[2] = {-9.95 + 9.5 * k, 0.1};
    check_answer(&wide, &lasting, 0.05, at, exact_grid(&wide, &lasting, 0.05, at[0], at[1]), 2e-13,
                 "rounding: ramps over distances of 400 spacings, in the gradient over a spacing of 1/20");
  }
}

static void at_time_zero_gaussians_are_themselves(void **state)
{
  (void)state;
  for (int k = 0; k < PLACES; k++) {
    double gradient[2];
    const double value = mn_field_at(&blobs, &decaying, 0.0, places[k][0], places[k][1], gradient);
    check_absolute(value, (double)blobs_at(&blobs, places[k][0], places[k][1]), 1e-15, "rounding of three terms");
  }
}

static void at_time_zero_a_grid_is_its_bilinear_interpolant(void **state)
{
  (void)state;
  for (int cell = 0; cell < (ROWS + 1) * (COLUMNS + 1); cell++) {
    const int i = cell / (COLUMNS + 1) - 1;
    const int j = cell % (COLUMNS + 1) - 1;
    const double at[2] = {-0.8 + 0.4 * (j + 0.3), 0.1 + 0.25 * (i + 0.6)};
    const answer truth = {in_cell(&grid, i, j, 0.3L, 0.6L),
                          (in_cell(&grid, i, j, 1, 0.6L) - in_cell(&grid, i, j, 0, 0.6L)) / 0.4L,
                          (in_cell(&grid, i, j, 0.3L, 1) - in_cell(&grid, i, j, 0.3L, 0)) / 0.25L};
    check_answer(&grid, &decaying, 0.0, at, truth, 2e-14,
                 "rounding of differences of positions, over a spacing of 1/4");
  }
}

static void check_slope(const mn_field *f, double t, double x, double y)
{
  const double h = 1e-4;
  double gradient[2];
  double unused[2];
  mn_field_at(f, &decaying, t, x, y, gradient);
  const double rise_x = mn_field_at(f, &decaying, t, x + h, y, unused) - mn_field_at(f, &decaying, t, x - h, y, unused);
  const double rise_y = mn_field_at(f, &decaying, t, x, y + h, unused) - mn_field_at(f, &decaying, t, x, y - h, unused);
  const char *why = "central difference: h^2/6 times third derivatives of at most 50; rounding 1e-11";
  check_absolute(gradient[0], rise_x / (2.0 * h), 1e-7, why);
  check_absolute(gradient[1], rise_y / (2.0 * h), 1e-7, why);
}

static void gradient_is_the_slope_of_the_value(void **state)
{
  (void)state;
  for (int k = 0; k < PLACES; k++) {
    check_slope(&blobs, 0.0, places[k][0], places[k][1]);
    check_slope(&blobs, 0.4, places[k][0], places[k][1]);
    check_slope(&grid, 0.1, places[k][0], places[k][1]);
  }
}

/* Integral of b_t over the plane by the trapezoid rule with spacing 1/4. */
static double total(const mn_field *f, const mn_model *m, double t)
{
  double sum = 0.0;
  double unused[2];
  for (int k = 0; k < 121 * 121; k++) {
    sum += mn_field_at(f, m, t, 0.25 * (k % 121 - 60), 0.25 * (k / 121 - 60), unused) / 16.0;
  }
  return sum;
}

static void mass_is_conserved_apart_from_decay(void **state)
{
  (void)state;
  const mn_field *fields[] = {&blobs, &grid};
  for (int k = 0; k < 2; k++) {
    const double mass = mn_field_mass(fields[k]);
    for (int i = 1; i <= 2; i++) {
      const char *why = "trapezoid rule of fields wider than 0.7: exp(-2 pi^2 0.5/0.0625) and rounding of 14641 terms";
      check_relative(total(fields[k], &lasting, i), mass, 1e-12, why);
      check_relative(total(fields[k], &decaying, i), mass * exp(-0.35 * i), 1e-12, why);
    }
  }
}

/* Largest difference between a Gaussian and its samples on a mesh of the given width, both after a short time. */
static double sampling_error(int cells)
{
  static double values[129 * 129];
  const mn_field gaussian = {.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{1.0, 0.1, -0.2, 0.5}}};
  const double h = 8.0 / cells;
  const mn_field mesh = {.kind = MN_FIELD_GRID,
                         .rows = cells + 1,
                         .columns = cells + 1,
                         .origin = {-4.0, -4.0},
                         .spacing = {h, h},
                         .node = values};
  for (int k = 0; k < (cells + 1) * (cells + 1); k++) {
    values[k] = (double)blobs_at(&gaussian, -4.0 + h * (k % (cells + 1)), -4.0 + h * (k / (cells + 1)));
  }
  double worst = 0.0;
  for (int k = 0; k < PLACES; k++) {
    double a[2];
    double b[2];
    const double u = mn_field_at(&gaussian, &decaying, 0.1, places[k][0], places[k][1], a);
    const double v = mn_field_at(&mesh, &decaying, 0.1, places[k][0], places[k][1], b);
    worst = fmax(worst, fmax(fabs(u - v), hypot(a[0] - b[0], a[1] - b[1])));
  }
  return worst;
}

static void samples_of_a_gaussian_converge_to_it_at_order_two(void **state)
{
  (void)state;
  const double coarse = sampling_error(32);
  const double middle = sampling_error(64);
  const double fine = sampling_error(128);
  check_absolute(log2(coarse / middle), 2.0, 0.1, "bilinear interpolation; the next order is (h/sigma)^2 = 1/4 of it");
  check_absolute(log2(middle / fine), 2.0, 0.03, "bilinear interpolation; the next order is (h/sigma)^2 = 1/16 of it");
  check_at_most(fine, 0.01, "h^2/12 times the second derivative of slopes, 20 at most");
}

static void no_field_is_zero(void **state)
{
  (void)state;
  const mn_field none = {.kind = MN_FIELD_ZERO};
  double gradient[2] = {7.0, 7.0};
  assert_true(mn_field_at(&none, &decaying, 0.5, 0.1, 0.2, gradient) == 0.0);
  assert_true(gradient[0] == 0.0 && gradient[1] == 0.0 && mn_field_mass(&none) == 0.0);
}

MN_TESTS("field", cmocka_unit_test(gaussians_match_the_convolution), cmocka_unit_test(grid_matches_the_convolution),
         cmocka_unit_test(wide_grid_matches_the_convolution), cmocka_unit_test(at_time_zero_gaussians_are_themselves),
         cmocka_unit_test(at_time_zero_a_grid_is_its_bilinear_interpolant),
         cmocka_unit_test(gradient_is_the_slope_of_the_value), cmocka_unit_test(mass_is_conserved_apart_from_decay),
         cmocka_unit_test(samples_of_a_gaussian_converge_to_it_at_order_two), cmocka_unit_test(no_field_is_zero));
