/* Decay and smoothing are products of a factor in x and one in y, so they cost one exponential per row and column. What
 * a step leaves has the symbol (1 - exp(-(k^2 + lambda) h/theta))/(k^2 + lambda), theory.md (28); with a = exp(..) - 1
 * along x and b along y (and decay), 1 - exp = -(a + b + a b) without cancellation. */
#include <mnemotaxis/memory.h>

#include "level.h"

#include <math.h>
#include <string.h>

static mn_error *allocate(mn_level *l, const mn_window *window)
{
  const int64_t size = mn_spectrum_size(l->spectrum);
  MN_TRY(mn_alloc(&l->present, size, sizeof *l->present));
  MN_TRY(mn_alloc(&l->before, size, sizeof *l->before));
  MN_TRY(mn_alloc(&l->sum, size, sizeof *l->sum));
  MN_TRY(mn_alloc(&l->work, size, sizeof *l->work));
  MN_TRY(mn_alloc(&l->symbol, size / 2, sizeof *l->symbol));
  MN_TRY(mn_alloc(&l->along_x, l->spectrum->kx_count, sizeof *l->along_x));
  MN_TRY(mn_alloc(&l->along_y, l->spectrum->ky_count, sizeof *l->along_y));
  MN_TRY(mn_alloc(&l->gone_y, l->spectrum->ky_count, sizeof *l->gone_y));
  MN_TRY(mn_alloc(&l->left_y, l->spectrum->ky_count, sizeof *l->left_y));
  MN_TRY(mn_alloc(&l->rows, 2 * l->spectrum->row_count * l->spectrum->mesh.nodes[0], sizeof *l->rows));
  return mn_damping_make(l->spectrum, window, l->spectrum->mesh.spacing, &l->chain);
}

mn_error *mn_level_create(const mn_parallel *parallel, int number, const mn_lattice *mesh, int ratio,
                          const mn_window *window, bool single, mn_level **level)
{
  mn_level *l = NULL;
  mn_shares rows = {0};
  mn_error *error = mn_alloc(&l, 1, sizeof *l);
  error = mn_agree(parallel, error ? error : mn_shares_even(mesh->nodes[1], parallel->size, &rows));
  if (!error) {
    l->number = number;
    l->cutoff = MN_PHASE_END / mesh->spacing;
    error = mn_spectrum_create(parallel, mesh, &rows, l->cutoff, single, &l->spectrum);
    error = error ? error : mn_spectrum_create_thin(l->spectrum, ratio, l->cutoff / ratio, single, &l->thin);
    error = error ? error : mn_agree(parallel, allocate(l, window));
  }
  mn_shares_clear(&rows);
  if (error) {
    mn_level_destroy(&l);
  }
  *level = l;
  return error;
}

void mn_level_destroy(mn_level **level)
{
  mn_level *l = *level;
  if (l) {
    while (l->chapters > 0) {
      mn_level_close(l, l->chapters - 1);
    }
    mn_spectrum_destroy(&l->spectrum);
    mn_spectrum_destroy(&l->thin);
    mn_damping_clear(&l->chain);
    mn_free(&l->present);
    mn_free(&l->before);
    mn_free(&l->sum);
    mn_free(&l->work);
    mn_free(&l->rows);
    mn_free(&l->symbol);
    mn_free(&l->along_x);
    mn_free(&l->along_y);
    mn_free(&l->gone_y);
    mn_free(&l->left_y);
  }
  mn_free(level);
}

/* exp(-half k^2) for all own columns and all modes of a column. */
static void gaussians(const mn_level *l, double half, double factor)
{
  const mn_spectrum *s = l->spectrum;
  for (int64_t c = 0; c < s->kx_count; c++) {
    l->along_x[c] = factor * exp(-half * s->kx[c] * s->kx[c]);
  }
  for (int64_t j = 0; j < s->ky_count; j++) {
    l->along_y[j] = exp(-half * s->ky[j] * s->ky[j]);
  }
}

/* Multiplies every mode by exp(-(kx^2 + ky^2) half) factor. */
static void weigh(const mn_level *l, double half, double factor, double *modes)
{
  const int64_t ny = l->spectrum->ky_count;
  gaussians(l, half, factor);
  for (int64_t c = 0; c < l->spectrum->kx_count; c++) {
    double *column = modes + 2 * c * ny;
    for (int64_t j = 0; j < ny; j++) {
      const double weight = l->along_x[c] * l->along_y[j];
      column[2 * j] *= weight;
      column[2 * j + 1] *= weight;
    }
  }
}

void mn_level_decay(const mn_level *l, const mn_model *model, double lag, double *modes)
{
  if (lag > 0.0) {
    weigh(l, lag / model->theta, exp(-model->lambda * lag / model->theta), modes);
  }
}

void mn_level_smooth(const mn_level *l, double variance, double *modes)
{
  weigh(l, 0.5 * variance, 1.0, modes);
}

void mn_level_sharpen(const mn_level *l, double variance, double *modes)
{
  const int64_t ny = l->spectrum->ky_count;
  gaussians(l, -0.5 * variance, 1.0);
  const double most = exp(0.5 * variance * l->cutoff * l->cutoff);
  for (int64_t c = 0; c < l->spectrum->kx_count; c++) {
    double *column = modes + 2 * c * ny;
    for (int64_t j = 0; j < ny; j++) {
      const double weight = l->along_x[c] * l->along_y[j];
      const double kept = weight <= most ? weight : 0.0;
      column[2 * j] *= kept;
      column[2 * j + 1] *= kept;
    }
  }
}

void mn_level_leave(const mn_level *l, const mn_model *model, double h, const double *const sources[2], double *modes)
{
  const mn_spectrum *s = l->spectrum;
  const int64_t ny = s->ky_count;
  const double lag = h / model->theta;
  gaussians(l, mn_kernel_shift(model, h) / model->theta, 0.5); /* half the variance; half of either source */
  for (int64_t j = 0; j < ny; j++) {
    l->gone_y[j] = expm1(-(s->ky[j] * s->ky[j] + model->lambda) * lag);
    l->left_y[j] = exp(-(s->ky[j] * s->ky[j] + model->lambda) * lag);
  }
  for (int64_t c = 0; c < s->kx_count; c++) {
    const double kx2 = s->kx[c] * s->kx[c];
    const double a = expm1(-kx2 * lag);
    const double left_x = exp(-kx2 * lag);
    for (int64_t j = 0; j < ny; j++) {
      const double b = l->gone_y[j];
      const double rate = kx2 + s->ky[j] * s->ky[j] + model->lambda;
      const double symbol = rate > 0.0 ? -(a + b + a * b) / rate : lag;
      const double share = symbol * l->along_x[c] * l->along_y[j];
      const double decay = left_x * l->left_y[j];
      for (int64_t at = 2 * (c * ny + j); at < 2 * (c * ny + j) + 2; at++) {
        const double more = share * (sources[0][at] + sources[1][at]);
        modes[at] = decay * modes[at] + more;
        l->sum[at] = decay * l->sum[at] + more;
      }
    }
  }
}

static void renew_symbol(mn_level *l, const mn_model *model, const mn_symbol_key *key)
{
  const mn_spectrum *s = l->spectrum;
  if (memcmp(key, &l->key, sizeof *key) != 0) {
    l->key = *key;
    mn_split_tabulate(model, key, s->kx_count, s->kx, s->ky_count, s->ky, l->symbol);
  }
}

/* l->work += symbol times present, in one column */
static void add_present(mn_level *l, int64_t c)
{
  const int64_t ny = l->spectrum->ky_count;
  for (int64_t k = c * ny; k < (c + 1) * ny; k++) {
    l->work[2 * k] += l->symbol[k] * l->present[2 * k];
    l->work[2 * k + 1] += l->symbol[k] * l->present[2 * k + 1];
  }
}

void mn_level_compose(mn_level *l, const mn_model *model, double lag, const mn_symbol_key *key)
{
  const mn_spectrum *s = l->spectrum;
  const int64_t ny = s->ky_count;
  gaussians(l, lag / model->theta, exp(-model->lambda * lag / model->theta));
  if (l->has_present) {
    renew_symbol(l, model, key);
  }
  for (int64_t c = 0; c < s->kx_count; c++) {
    for (int64_t j = 0; j < ny; j++) {
      const double decay = l->along_x[c] * l->along_y[j];
      const int64_t at = 2 * (c * ny + j);
      l->work[at] = decay * l->sum[at];
      l->work[at + 1] = decay * l->sum[at + 1];
    }
    if (l->has_present) {
      add_present(l, c);
    }
  }
}

mn_error *mn_level_open(mn_level *l, double time, double smear)
{
  if (l->chapters == MN_CHAPTERS_MAX) {
    return mn_error_create(MN_INTERNAL, "the ladder's level %d has too many chapters", l->number);
  }
  mn_chapter *chapter = &l->chapter[l->chapters];
  *chapter = (mn_chapter){.stamp = time, .begin = time, .end = time, .smear = smear};
  MN_TRY(mn_alloc(&chapter->modes, mn_spectrum_size(l->spectrum), sizeof *chapter->modes));
  l->chapters++;
  return NULL;
}

void mn_level_close(mn_level *l, int k)
{
  mn_free(&l->chapter[k].modes);
  memmove(&l->chapter[k], &l->chapter[k + 1], (size_t)(l->chapters - k - 1) * sizeof l->chapter[k]);
  l->chapters--;
}

void mn_level_resum(mn_level *l, const mn_model *model, double time)
{
  const int64_t size = mn_spectrum_size(l->spectrum);
  memset(l->sum, 0, (size_t)size * sizeof *l->sum);
  for (int k = 0; k < l->chapters; k++) {
    mn_chapter *chapter = &l->chapter[k];
    if (chapter->stamp < time) {
      mn_level_decay(l, model, time - chapter->stamp, chapter->modes);
      chapter->stamp = time;
    }
    for (int64_t i = 0; i < size; i++) {
      l->sum[i] += chapter->modes[i];
    }
  }
}
