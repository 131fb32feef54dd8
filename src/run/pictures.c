/* The density is a histogram.  The chemical of a past sample is a sum of Gaussians in c (quadrature.h): where the force
 * has weight w at rate c, the concentration has w/(2c), theory.md (17).  On a mesh a Gaussian is a product of one in x
 * and one in y, so a source costs two rows of exponentials and one rank-one update.  Ranks share the rows of the mesh,
 * and each sums over all cells in the order of ids: same bits on any number of ranks. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/recall.h>

#include "pictures.h"

#include <math.h>
#include <string.h>

/* Work space of one drawing. */
typedef struct canvas {
  const mn_drift *drift;
  int side;
  int first, last; /* rows of this rank */
  double low[2], spacing;
  double *all;  /* [count, 2] present positions */
  int64_t kept; /* cells whose paths are known: all, or witnesses that stand for all */
  double *seen; /* [kept, 2] their present positions */
  double *gx;   /* [side] */
  double *gy;   /* [side] */
  double *sum;  /* [side, side] */
  mn_recall recall;
} canvas;

static mn_error *allocate(canvas *c)
{
  const int64_t count = c->drift->count;
  const int64_t side = c->side;
  MN_TRY(mn_alloc(&c->all, 2 * count, sizeof *c->all));
  MN_TRY(mn_alloc(&c->seen, 2 * c->kept, sizeof *c->seen));
  MN_TRY(mn_alloc(&c->gx, side, sizeof *c->gx));
  MN_TRY(mn_alloc(&c->gy, side, sizeof *c->gy));
  return mn_alloc(&c->sum, side * side, sizeof *c->sum);
}

static void release(canvas *c)
{
  mn_free(&c->all);
  mn_free(&c->seen);
  mn_free(&c->gx);
  mn_free(&c->gy);
  mn_free(&c->sum);
  mn_recall_clear(&c->recall);
}

/* A square around all cells, five per cent wider than they need. */
static void frame(canvas *c)
{
  double low[2] = {INFINITY, INFINITY};
  double high[2] = {-INFINITY, -INFINITY};
  for (int64_t k = 0; k < 2 * c->drift->count; k++) {
    low[k % 2] = fmin(low[k % 2], c->all[k]);
    high[k % 2] = fmax(high[k % 2], c->all[k]);
  }
  const double width = fmax(1.05 * fmax(high[0] - low[0], high[1] - low[1]), 1e-6);
  c->spacing = width / c->side;
  for (int a = 0; a < 2; a++) {
    c->low[a] = 0.5 * (low[a] + high[a] - width);
  }
}

static void draw_density(const canvas *c, double *density)
{
  const double share = 1.0 / ((double)c->drift->count * c->spacing * c->spacing);
  for (int64_t j = 0; j < c->drift->count; j++) {
    const int column = (int)((c->all[2 * j] - c->low[0]) / c->spacing);
    const int row = (int)((c->all[2 * j + 1] - c->low[1]) / c->spacing);
    density[row * c->side + column] += share;
  }
}

static double middle(const canvas *c, int axis, int k)
{
  return c->low[axis] + (k + 0.5) * c->spacing;
}

static void add_gaussian(canvas *c, double x, double y, double weight, double rate)
{
  for (int k = 0; k < c->side; k++) {
    const double d = middle(c, 0, k) - x;
    c->gx[k] = exp(-rate * d * d);
  }
  for (int k = c->first; k < c->last; k++) {
    const double d = middle(c, 1, k) - y;
    const double g = weight * exp(-rate * d * d);
    double *row = c->sum + (int64_t)k * c->side;
    for (int i = 0; i < c->side; i++) {
      row[i] += g * c->gx[i];
    }
  }
}

static void add_sample(void *context, const mn_gaussians *rule, double unit, const int64_t *q)
{
  canvas *c = context;
  for (int node = 0; node < rule->count; node++) {
    const double weight = 0.5 * rule->weight[node] / rule->rate[node];
    for (int64_t j = 0; j < c->kept; j++) {
      add_gaussian(c, unit * (double)q[2 * j], unit * (double)q[2 * j + 1], weight, rule->rate[node]);
    }
  }
}

/* The newest samples; the logarithmic peak at a cell is cut at a hundredth of the mesh. */
static void add_present(canvas *c, double window)
{
  const double nearest = 1e-4 * c->spacing * c->spacing;
  for (int row = c->first; row < c->last; row++) {
    for (int column = 0; column < c->side; column++) {
      double sum = 0.0;
      for (int64_t j = 0; j < c->kept; j++) {
        const double dx = middle(c, 0, column) - c->seen[2 * j];
        const double dy = middle(c, 1, row) - c->seen[2 * j + 1];
        sum += mn_present_value(&c->drift->model, window, fmax(dx * dx + dy * dy, nearest));
      }
      c->sum[(int64_t)row * c->side + column] += sum;
    }
  }
}

static void draw_chemical(canvas *c, const mn_history *past, const mn_field *initial, double now, double *chemical)
{
  if (c->recall.samples > 0) {
    add_present(c, mn_recall_window(&c->recall));
    mn_recall_walk(&c->recall, past, &c->drift->model, c->drift->options.tolerance, add_sample, c);
  }
  for (int row = c->first; row < c->last; row++) {
    for (int column = 0; column < c->side; column++) {
      double gradient[2];
      const int64_t k = (int64_t)row * c->side + column;
      chemical[k] = c->sum[k] / (double)c->kept +
                    mn_field_at(initial, &c->drift->model, now, middle(c, 0, column), middle(c, 1, row), gradient);
    }
  }
  MPI_Allreduce(MPI_IN_PLACE, chemical, c->side * c->side, MPI_DOUBLE, MPI_SUM,
                c->drift->parallel.comm); /* rows of others are 0 */
}

static mn_mesh_field mesh_of(const canvas *c, const double *value)
{
  return (mn_mesh_field){c->side, {c->low[0], c->low[1]}, c->spacing, value};
}

static mn_error *gather_witnesses(canvas *c, const double *mine)
{
  const mn_parallel *parallel = &c->drift->parallel;
  double *own = NULL;
  const mn_block block = mn_block_of(c->kept, parallel->rank, parallel->size);
  mn_error *error = mn_agree(parallel, mn_alloc(&own, 2 * mn_block_count(block), sizeof *own));
  error = error ? error : mn_drift_pick(c->drift, c->kept, mine, own);
  error = error ? error : mn_gather_rows(parallel, c->kept, 2, own, c->seen);
  mn_free(&own);
  return error;
}

mn_error *mn_pictures_make(const mn_drift *drift, const mn_history *past, const mn_field *initial, double now,
                           const double *mine, int side, mn_pictures *pictures)
{
  const mn_parallel *parallel = &drift->parallel;
  const int64_t cells = (int64_t)side * side;
  canvas c = {.drift = drift, .side = side, .kept = mn_history_cells(past)};
  c.first = (int)((int64_t)side * parallel->rank / parallel->size);
  c.last = (int)((int64_t)side * (parallel->rank + 1) / parallel->size);
  mn_error *error = allocate(&c);
  error = error ? error : mn_recall_prepare(&c.recall, past, now);
  error = error ? error : mn_alloc(&pictures->values, 2 * cells, sizeof *pictures->values);
  error = mn_agree(parallel, error);
  error = error ? error : mn_gather_rows(parallel, drift->count, 2, mine, c.all);
  error = error ? error : gather_witnesses(&c, mine);
  if (!error) {
    frame(&c);
    draw_density(&c, pictures->values);
    draw_chemical(&c, past, initial, now, pictures->values + cells);
    pictures->density = mesh_of(&c, pictures->values);
    pictures->chemical = mesh_of(&c, pictures->values + cells);
  }
  release(&c);
  return error;
}

void mn_pictures_clear(mn_pictures *pictures)
{
  mn_free(&pictures->values);
}
