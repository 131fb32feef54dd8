/* A set of modes is stored by own columns, without what lies beyond the cutoff.  Every pass works column by column, so
 * that a column is transformed, weighted and transformed back while it is in the cache.  Both components of a gradient
 * go through one complex transform, and so come out side by side. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/spectrum.h>

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static int64_t kept_columns(const mn_lattice *mesh, double cutoff)
{
  const double length = mesh->spacing * (double)mesh->nodes[0];
  const int64_t kept = (int64_t)(cutoff * length / (2.0 * pi)) + 1;
  return kept < mesh->nodes[0] / 2 ? kept : mesh->nodes[0] / 2;
}

/* Largest n of the modes n units that are kept. */
static int64_t kept_rows(const mn_lattice *mesh, double cutoff)
{
  const double length = mesh->spacing * (double)mesh->nodes[1];
  const int64_t kept = (int64_t)(cutoff * length / (2.0 * pi));
  return kept < mesh->nodes[1] / 2 ? kept : mesh->nodes[1] / 2 - 1;
}

static mn_error *allocate(mn_spectrum *s, double cutoff)
{
  const mn_transform_layout *l = mn_transform_shape(s->transform);
  s->row_count = l->row_end - l->row_begin;
  s->kx_begin = l->col_begin;
  s->kx_count = l->col_end - l->col_begin;
  MN_TRY(mn_alloc(&s->kx, s->kx_count, sizeof *s->kx));
  s->ky_count = 2 * kept_rows(&s->mesh, cutoff) + 1;
  MN_TRY(mn_alloc(&s->ky, s->ky_count, sizeof *s->ky));
  MN_TRY(mn_alloc(&s->weight, s->ky_count, sizeof *s->weight));
  MN_TRY(mn_alloc(&s->modes, 2 * s->ky_count, sizeof *s->modes));
  MN_TRY(mn_alloc(&s->whole, 2 * l->ny, sizeof *s->whole));
  return mn_alloc(&s->padded, 2 * l->ny, sizeof *s->padded);
}

static void set_wave_numbers(mn_spectrum *s)
{
  const double unit[2] = {2.0 * pi / (s->mesh.spacing * (double)s->mesh.nodes[0]),
                          2.0 * pi / (s->mesh.spacing * (double)s->mesh.nodes[1])};
  for (int64_t c = 0; c < s->kx_count; c++) {
    s->kx[c] = unit[0] * (double)(s->kx_begin + c);
  }
  for (int64_t j = 0; j < s->ky_count; j++) {
    s->ky[j] = unit[1] * (double)(2 * j < s->ky_count ? j : j - s->ky_count);
  }
}

static mn_error *create(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows,
                        const mn_shares *columns, double cutoff, bool single, mn_spectrum **spectrum)
{
  mn_spectrum *s = NULL;
  mn_error *error = mn_alloc(&s, 1, sizeof *s);
  if (!error) {
    s->parallel = *parallel;
    s->mesh = *mesh;
    error = mn_shares_copy(rows, &s->rows);
  }
  error = mn_agree(parallel, error);
  error = error ? error
                : mn_transform_create(parallel, single, mesh->nodes[0], mesh->nodes[1], kept_columns(mesh, cutoff),
                                      rows, columns, &s->transform);
  error = error ? error : mn_agree(parallel, allocate(s, cutoff));
  if (error) {
    mn_spectrum_destroy(&s);
  } else {
    set_wave_numbers(s);
  }
  *spectrum = s;
  return error;
}

mn_error *mn_spectrum_create(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double cutoff,
                             bool single, mn_spectrum **spectrum)
{
  return create(parallel, mesh, rows, NULL, cutoff, single, spectrum);
}

/* The first node that is a multiple of the coarse spacing. */
static int64_t first_of(int64_t fine, int ratio)
{
  return fine >= 0 ? (fine + ratio - 1) / ratio : -(-fine / ratio);
}

mn_error *mn_spectrum_create_thin(const mn_spectrum *fine, int ratio, double cutoff, bool single, mn_spectrum **thin)
{
  const mn_parallel *p = &fine->parallel;
  const mn_lattice mesh = {.spacing = fine->mesh.spacing * ratio,
                           .first = {first_of(fine->mesh.first[0], ratio), first_of(fine->mesh.first[1], ratio)},
                           .nodes = {fine->mesh.nodes[0] / ratio, fine->mesh.nodes[1] / ratio}};
  const int64_t kept = kept_columns(&mesh, cutoff);
  const mn_transform_layout *l = mn_transform_shape(fine->transform);
  mn_shares rows = {0};
  mn_shares columns = {0};
  mn_error *error = mn_shares_even(mesh.nodes[1], p->size, &rows);
  error = mn_agree(p, error ? error : mn_shares_even(l->kept, p->size, &columns));
  if (!error) {
    for (int r = 0; r <= p->size; r++) {
      columns.begin[r] = columns.begin[r] < kept ? columns.begin[r] : kept;
    }
    error = create(p, &mesh, &rows, &columns, cutoff, single, thin);
  }
  mn_shares_clear(&rows);
  mn_shares_clear(&columns);
  return error;
}

void mn_spectrum_destroy(mn_spectrum **spectrum)
{
  mn_spectrum *s = *spectrum;
  if (s) {
    mn_transform_destroy(&s->transform);
    mn_shares_clear(&s->rows);
    mn_free(&s->kx);
    mn_free(&s->ky);
    mn_free(&s->weight);
    mn_free(&s->modes);
    mn_free(&s->whole);
    mn_free(&s->padded);
  }
  mn_free(spectrum);
}

mn_error *mn_damping_make(const mn_spectrum *s, const mn_window *window, double spacing, mn_damping *damping)
{
  MN_TRY(mn_alloc(&damping->x, s->kx_count, sizeof *damping->x));
  MN_TRY(mn_alloc(&damping->y, s->ky_count, sizeof *damping->y));
  for (int64_t c = 0; c < s->kx_count; c++) {
    damping->x[c] = 1.0;
  }
  for (int64_t j = 0; j < s->ky_count; j++) {
    damping->y[j] = 1.0;
  }
  mn_damping_add(s, window, spacing, damping);
  return NULL;
}

void mn_damping_add(const mn_spectrum *s, const mn_window *window, double spacing, mn_damping *damping)
{
  for (int64_t c = 0; c < s->kx_count; c++) {
    damping->x[c] /= mn_window_transform(window, s->kx[c] * spacing);
  }
  for (int64_t j = 0; j < s->ky_count; j++) {
    damping->y[j] /= mn_window_transform(window, s->ky[j] * spacing);
  }
}

void mn_damping_clear(mn_damping *damping)
{
  mn_free(&damping->x);
  mn_free(&damping->y);
}

mn_range mn_spectrum_all(const mn_spectrum *s)
{
  return (mn_range){0, s->mesh.nodes[1]};
}

int64_t mn_spectrum_size(const mn_spectrum *s)
{
  return 2 * s->kx_count * s->ky_count;
}

/* weight[j] = factor/what windows do to mode j of column c */
static void sharpen(const mn_spectrum *s, const mn_damping *damping, int64_t c, double factor, double *weight)
{
  const double along_x = damping ? factor * damping->x[c] : factor;
  for (int64_t j = 0; j < s->ky_count; j++) {
    weight[j] = along_x * (damping ? damping->y[j] : 1.0);
  }
}

/* Two stretches of a column are kept: wave numbers that are not negative, at its begin, and negative ones, at its end.
 */
typedef struct stretch {
  int64_t begin, end; /* among the modes that are kept */
  int64_t gap;        /* how much further on they are among all */
} stretch;

static stretch stretch_of(const mn_spectrum *s, int k)
{
  const int64_t positive = s->ky_count / 2 + 1;
  return k == 0 ? (stretch){0, positive, 0} : (stretch){positive, s->ky_count, s->mesh.nodes[1] - s->ky_count};
}

/* Takes the modes of column c, multiplied by the weights. */
static void take_column(mn_spectrum *s, int64_t c, double *modes)
{
  mn_transform_column_out(s->transform, c, s->whole);
  for (int k = 0; k < 2; k++) {
    const stretch part = stretch_of(s, k);
    const double *from = s->whole + 2 * part.gap;
    for (int64_t j = part.begin; j < part.end; j++) {
      modes[2 * j] = s->weight[j] * from[2 * j];
      modes[2 * j + 1] = s->weight[j] * from[2 * j + 1];
    }
  }
}

void mn_spectrum_modes(mn_spectrum *s, mn_range filled, const double *deposit, double factor, const mn_damping *damping,
                       double *modes)
{
  mn_transform_to_columns(s->transform, filled, deposit);
  for (int64_t c = 0; c < s->kx_count; c++) {
    sharpen(s, damping, c, factor, s->weight);
    take_column(s, c, modes + 2 * c * s->ky_count);
  }
}

static double per_area(const mn_spectrum *s)
{
  return 1.0 / (s->mesh.spacing * s->mesh.spacing * (double)s->mesh.nodes[0] * (double)s->mesh.nodes[1]);
}

/* Column c of a real field, or of its gradient as the complex field of both components: i kx + i (i ky) = i kx - ky
 * times the modes.  Those of -k are the conjugates of those of k. */
static void put_column(mn_spectrum *s, int64_t c, bool gradient, const double *modes)
{
  for (int side = 0; side < 2; side++) {
    const double sign = side == 0 ? 1.0 : -1.0;
    const double kx = gradient ? sign * s->kx[c] : 0.0;
    for (int k = 0; k < 2; k++) {
      const stretch part = stretch_of(s, k);
      double *to = s->padded + 2 * part.gap;
      for (int64_t j = part.begin; j < part.end; j++) {
        const int64_t from = side == 0 || j == 0 ? j : s->ky_count - j;
        const double factor = gradient ? -sign * s->ky[from] : 1.0;
        const double re = s->weight[from] * modes[2 * from];
        const double im = sign * s->weight[from] * modes[2 * from + 1];
        to[2 * j] = factor * re - kx * im;
        to[2 * j + 1] = kx * re + factor * im;
      }
    }
    mn_transform_column_in(s->transform, c, side, s->padded);
  }
}

void mn_spectrum_values(mn_spectrum *s, const double *modes, double *values)
{
  for (int64_t c = 0; c < s->kx_count; c++) {
    sharpen(s, NULL, c, per_area(s), s->weight);
    put_column(s, c, false, modes + 2 * c * s->ky_count);
  }
  mn_transform_to_rows(s->transform, mn_spectrum_all(s), (mn_row_adder){NULL, NULL}, values);
  for (int64_t k = 0; k < s->row_count * s->mesh.nodes[0]; k++) {
    values[k] = values[2 * k];
  }
}

void mn_spectrum_gradient(mn_spectrum *s, const double *modes, const mn_damping *damping, mn_range wanted,
                          mn_row_adder more, double *field)
{
  for (int64_t c = 0; c < s->kx_count; c++) {
    sharpen(s, damping, c, per_area(s), s->weight);
    put_column(s, c, true, modes + 2 * c * s->ky_count);
  }
  mn_transform_to_rows(s->transform, wanted, more, field);
}

/* Modes count from the first node: where that is another, they turn by exp(i k.shift). */
void mn_spectrum_thin(const mn_spectrum *fine, const double *modes, const mn_spectrum *thin, double *out)
{
  const double ratio = rint(thin->mesh.spacing / fine->mesh.spacing);
  double shift[2];
  for (int a = 0; a < 2; a++) {
    shift[a] = fine->mesh.spacing * ((double)thin->mesh.first[a] * ratio - (double)fine->mesh.first[a]);
  }
  for (int64_t c = 0; c < thin->kx_count; c++) {
    for (int64_t j = 0; j < thin->ky_count; j++, out += 2) {
      const int64_t row = 2 * j < thin->ky_count ? j : fine->ky_count - thin->ky_count + j;
      const double *from = modes + 2 * (c * fine->ky_count + row);
      const double phase = thin->kx[c] * shift[0] + thin->ky[j] * shift[1];
      out[0] = cos(phase) * from[0] - sin(phase) * from[1];
      out[1] = cos(phase) * from[1] + sin(phase) * from[0];
    }
  }
}

void mn_spectrum_convolve(mn_spectrum *s, const double *deposit, const double *symbol, const mn_damping *damping,
                          mn_row_adder more, double *field)
{
  mn_transform_to_columns(s->transform, mn_spectrum_all(s), deposit);
  for (int64_t c = 0; c < s->kx_count; c++) {
    sharpen(s, damping, c, 1.0, s->weight);
    take_column(s, c, s->modes);
    for (int64_t j = 0; j < s->ky_count; j++) {
      s->weight[j] *= per_area(s) * symbol[c * s->ky_count + j];
    }
    put_column(s, c, true, s->modes);
  }
  mn_transform_to_rows(s->transform, mn_spectrum_all(s), more, field);
}
