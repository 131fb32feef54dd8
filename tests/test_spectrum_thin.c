/* The modes of a field on a coarser mesh of the same box.  Truth: the values on the fine mesh at the common nodes, of
 * random modes that both meshes hold. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/spectrum.h>
#include <string.h>

enum { NX = 96, NY = 80 };

/* Corners on either side of the origin, on nodes of the coarse mesh and between them. */
static const int64_t corners[][2] = {{0, 0}, {-107, 33}, {8, -16}, {5, -6}};
static const int ratios[] = {1, 2, 4, 8};
enum { CORNERS = sizeof corners / sizeof *corners, RATIOS = sizeof ratios / sizeof *ratios };

static double *numbers(int64_t count)
{
  double *to = NULL;
  check_ok(mn_alloc(&to, count, sizeof *to));
  return to;
}

/* Functions of the wave number alone, on any number of ranks. */
static double *random_modes(const mn_spectrum *s, double cutoff)
{
  double *modes = numbers(mn_spectrum_size(s));
  for (int64_t k = 0; k < mn_spectrum_size(s); k++) {
    const int64_t column = k / 2 / s->ky_count;
    const bool held = s->kx[column] <= cutoff && fabs(s->ky[k / 2 % s->ky_count]) <= cutoff;
    modes[k] = held ? check_normal(61, (uint64_t)(2 * s->kx_begin * s->ky_count + k)) : 0.0;
  }
  return modes;
}

/* All rows of the field's values, on every rank. */
static double *all_values(mn_spectrum *s, const double *modes)
{
  double *own = numbers(2 * s->row_count * s->mesh.nodes[0]);
  double *all = numbers(s->mesh.nodes[0] * s->mesh.nodes[1]);
  mn_spectrum_values(s, modes, own);
  check_ok(mn_rows_fetch(&s->parallel, &s->rows, s->mesh.nodes[0], own, mn_spectrum_all(s), all));
  mn_free(&own);
  return all;
}

/* Largest difference at the common nodes; a coarse node beyond the fine mesh is one at its other end. */
static double difference(const mn_spectrum *fine, const double *values, const mn_spectrum *thin, const double *few)
{
  const int64_t ratio = llrint(thin->mesh.spacing / fine->mesh.spacing);
  double worst = 0.0;
  for (int64_t k = 0; k < thin->mesh.nodes[0] * thin->mesh.nodes[1]; k++) {
    const int64_t column = (thin->mesh.first[0] + k % thin->mesh.nodes[0]) * ratio - fine->mesh.first[0];
    const int64_t row = (thin->mesh.first[1] + k / thin->mesh.nodes[0]) * ratio - fine->mesh.first[1];
    assert_true(column >= 0 && row >= 0);
    worst = fmax(worst, fabs(few[k] - values[row % NY * NX + column % NX]));
  }
  return worst;
}

static void check_thin(const int64_t corner[2], int ratio)
{
  const mn_lattice mesh = {.spacing = 0.25, .first = {corner[0], corner[1]}, .nodes = {NX, NY}};
  const double cutoff = MN_PHASE_END / mesh.spacing;
  mn_spectrum *fine = NULL;
  mn_spectrum *thin = NULL;
  mn_shares rows;
  check_ok(mn_shares_even(NY, check_world()->size, &rows));
  check_ok(mn_spectrum_create(check_world(), &mesh, &rows, cutoff, false, &fine));
  check_ok(mn_spectrum_create_thin(fine, ratio, cutoff / ratio, false, &thin));
  double *modes = random_modes(fine, cutoff / ratio);
  double *few = numbers(mn_spectrum_size(thin));
  mn_spectrum_thin(fine, modes, thin, few);
  double *values[2] = {all_values(fine, modes), all_values(thin, few)};
  const double square = (double)(4 * thin->mesh.nodes[0] * thin->mesh.nodes[1]); /* of the sum of random modes */
  const double unit = sqrt(square) / (mesh.spacing * mesh.spacing * NX * NY);
  const double error = difference(fine, values[0], thin, values[1]);
  const bool nodes = thin->mesh.nodes[0] * ratio == NX && thin->mesh.nodes[1] * ratio == NY;
  mn_free(&modes);
  mn_free(&few);
  mn_free(&values[0]);
  mn_free(&values[1]);
  mn_spectrum_destroy(&fine);
  mn_spectrum_destroy(&thin);
  mn_shares_clear(&rows);
  assert_true(nodes);
  check_at_most(error, 20.0 * 0x1p-53 * unit, "roundoff of 13 passes at random, and of the phase, some 100 radians");
}

static void thin_modes_have_the_same_values_at_the_common_nodes(void **state)
{
  (void)state;
  for (int k = 0; k < CORNERS * RATIOS; k++) {
    check_thin(corners[k / RATIOS], ratios[k % RATIOS]);
  }
}

MN_TESTS("spectrum_thin", cmocka_unit_test(thin_modes_have_the_same_values_at_the_common_nodes));
