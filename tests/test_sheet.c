/* Density of a sheet.  Truth: that of the law the cells come from, N/(4 pi variance) around the cells of a Gaussian
 * cloud; of two ways to share the cells, the other. */
#include "check.h"

#include <drift/sheet.h>
#include <math.h>
#include <mnemotaxis/memory.h>
#include <string.h>

enum { CELLS = 3000 };

static const double pi = 3.14159265358979323846;

/* Of `count` cells of a cloud of that variance, of a sheet of that spacing. */
static double density_of(const mn_parallel *p, int64_t count, double variance, double spacing)
{
  const mn_block block = mn_block_of(count, p->rank, p->size);
  const double side = 5.0 * sqrt(variance);
  mn_sheet sheet = {.cells = 0};
  mn_window window;
  mn_lattice mesh = {.spacing = spacing};
  double *x = NULL;
  mn_window_make(6, MN_PHASE_WINDOW, &window);
  for (int a = 0; a < 2; a++) {
    mesh.first[a] = (int64_t)floor(-side / spacing) - window.width;
    mesh.nodes[a] = mn_transform_size((int64_t)ceil(2.0 * side / spacing) + 2 * window.width);
  }
  check_ok(mn_alloc(&x, 2 * mn_block_count(block), sizeof *x));
  for (int64_t i = 2 * block.begin; i < 2 * block.end; i++) {
    x[i - 2 * block.begin] = fmax(-side, fmin(sqrt(variance) * check_normal(11, (uint64_t)i), side));
  }
  check_ok(mn_sheet_lay(p, &mesh, &window, &sheet));
  check_ok(mn_sheet_spread(p, &sheet, count, mn_block_count(block), x));
  const mn_chosen some = mn_chosen_cells(count, block, 400);
  const double density = mn_sheet_density(p, &sheet, count, &some, x);
  mn_sheet_clear(&sheet);
  mn_free(&x);
  return density;
}

/* On a mesh as fine as this every cell alone makes 270. */
static void density_is_that_of_the_others(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    const double variance = k == 0 ? 1.0 : k == 1 ? 4.0 : 0.25;
    const double density = density_of(check_world(), CELLS, variance, 0.02 * sqrt(variance));
    check_relative(density, CELLS / (4.0 * pi * variance), 0.1, "some thousand pairs in a window: 2 % by chance");
  }
}

/* Cells so far from each other that none sees another: what they make alone is known to a few per cent of itself. */
static void lonely_cells_have_hardly_any(void **state)
{
  (void)state;
  const double variance = 1e4;
  const double density = density_of(check_world(), 60, variance, 1.0);
  check_at_most(density, 1e-3, "60/(4 pi variance) is 0.0005; counting themselves they would make 0.1");
  check_at_most(60.0 / (1200.0 * 1200.0), density, "an even cloud of that size");
}

static void density_is_the_same_on_any_number_of_ranks(void **state)
{
  (void)state;
  mn_parallel alone;
  const double together = density_of(check_world(), CELLS, 1.0, 0.05);
  mn_parallel_create(MPI_COMM_SELF, &alone);
  const double by_itself = density_of(&alone, CELLS, 1.0, 0.05);
  mn_parallel_destroy(&alone);
  assert_true(together == by_itself);
}

static void add_waves(const void *nx, int64_t row, double *values)
{
  const int64_t width = 2 * *(const int64_t *)nx;
  for (int64_t k = 0; k < width; k++) {
    values[k] += sin(0.001 * (double)(row * width + k));
  }
}

/* A wave on the nodes, and on every cell a force of its own before. */
static void check_read(int64_t nx, int64_t ny)
{
  const mn_parallel *p = check_world();
  const mn_block block = mn_block_of(CELLS, p->rank, p->size);
  const int64_t local = mn_block_count(block);
  const mn_lattice mesh = {.spacing = 0.01, .first = {-nx / 2, -ny / 2}, .nodes = {nx, ny}};
  const mn_symbol_key none = {.low = 0.0};
  mn_sheet sheet = {.cells = 0};
  mn_window window;
  double *array[3]; /* cells, forces, and those expected */
  for (int k = 0; k < 3; k++) {
    check_ok(mn_alloc(&array[k], 2 * local, sizeof(double)));
  }
  for (int64_t i = 0; i < 2 * local; i++) {
    array[0][i] = fmax(-1.0, fmin(0.3 * check_normal(13, (uint64_t)(2 * block.begin + i)), 1.0));
    array[2][i] = (double)(2 * block.begin + i);
  }
  mn_window_make(6, MN_PHASE_WINDOW, &window);
  check_ok(mn_sheet_lay(p, &mesh, &window, &sheet));
  check_ok(mn_sheet_spread(p, &sheet, CELLS, local, array[0]));
  mn_sheet_field(&sheet, p->rank, NULL, &none, (mn_row_adder){add_waves, &nx});
  bool same = true;
  for (int64_t k = 2 * nx * sheet.rows.begin[p->rank]; k < 2 * nx * sheet.rows.begin[p->rank + 1]; k++) {
    same = same && sheet.field.values[k] == sin(0.001 * (double)k);
  }
  const mn_listing listing = mn_sheet_listing(&sheet, block, array[0]);
  double *force = mn_sheet_forces(&sheet, array[1]);
  for (int64_t k = 0; k < 2 * local; k++) {
    force[k] = (double)(2 * (block.begin + (listing.order ? listing.order[k / 2] : k / 2)) + k % 2);
  }
  check_ok(mn_sheet_read(p, &sheet, local, array[0], array[1]));
  mn_lattice_interpolate(&mesh, &window, local, array[0], (mn_range){0, ny}, sheet.field.values, array[2]);
  same = same && (local == 0 || memcmp(array[1], array[2], (size_t)(2 * local) * sizeof(double)) == 0);
  mn_sheet_clear(&sheet);
  for (int k = 0; k < 3; k++) {
    mn_free(&array[k]);
  }
  assert_false(mn_any(p, !same));
}

/* On the larger mesh cells are sorted by place. */
static void fields_are_added_to_the_forces_of_their_cells(void **state)
{
  (void)state;
  check_read(256, 240);
  check_read(2048, 1024);
}

MN_TESTS("sheet", cmocka_unit_test(fields_are_added_to_the_forces_of_their_cells),
         cmocka_unit_test(density_is_that_of_the_others), cmocka_unit_test(lonely_cells_have_hardly_any),
         cmocka_unit_test(density_is_the_same_on_any_number_of_ranks));
