/* On a mesh much larger than the caches cells are first sorted by tiles, so that neighbours in the plane are neighbours
 * in time; sums of integers do not mind.  Measured for 10^6 cells and 4 nodes a direction, with nodes asked for ahead:
 * on 1000^2 nodes sorting costs more than it brings, on 2000^2 as much. */
#include <mnemotaxis/memory.h>

#include "sheet.h"

#include <math.h>
#include <string.h>

enum { TILE = 16 /* nodes */, SORT_FROM = 1 << 21 /* nodes */, AHEAD = 16 /* cells */ };

static int64_t nodes_of(const mn_lattice *mesh)
{
  return mesh->nodes[0] * mesh->nodes[1];
}

static int64_t own_nodes(const mn_sheet *s, int rank)
{
  return mn_shares_count(&s->rows, rank) * s->mesh.nodes[0];
}

static void forget_modes(mn_sheet *s)
{
  mn_spectrum_destroy(&s->spectrum);
  mn_damping_clear(&s->damping);
  mn_free(&s->symbol);
}

/* The mesh may move as a whole: modes count from its corner. */
static bool same_shape(const mn_lattice *a, const mn_lattice *b)
{
  return a->spacing == b->spacing && a->nodes[0] == b->nodes[0] && a->nodes[1] == b->nodes[1];
}

/* Meshes grow by little, and what is touched first costs as much as a transform: room is kept. */
static mn_error *reshape(const mn_parallel *parallel, const mn_lattice *mesh, mn_sheet *s)
{
  forget_modes(s);
  mn_shares_clear(&s->rows);
  MN_TRY(mn_agree(parallel, mn_shares_even(mesh->nodes[1], parallel->size, &s->rows)));
  if (!s->field.first) {
    MN_TRY(mn_node_rows_create(parallel, 0, &s->field));
  }
  MN_TRY(mn_node_sums_reserve(parallel, &s->field, nodes_of(mesh) + MN_LATTICE_PAD, &s->sums));
  return mn_node_rows_reserve(parallel, &s->field, 2 * (nodes_of(mesh) + MN_LATTICE_PAD));
}

mn_error *mn_sheet_lay(const mn_parallel *parallel, const mn_lattice *mesh, const mn_window *window, mn_sheet *s)
{
  if (!same_shape(mesh, &s->mesh)) {
    MN_TRY(reshape(parallel, mesh, s));
  }
  s->mesh = *mesh;
  if (s->spectrum) {
    s->spectrum->mesh = *mesh;
  }
  if (window->width != s->window.width || window->beta != s->window.beta) {
    s->window = *window;
    mn_damping_clear(&s->damping);
  }
  return NULL;
}

mn_error *mn_sheet_tune(const mn_parallel *parallel, double cutoff, bool single, mn_sheet *s)
{
  mn_error *error = NULL;
  if (!s->spectrum) {
    MN_TRY(mn_spectrum_create(parallel, &s->mesh, &s->rows, cutoff, single, &s->spectrum));
    memset(&s->key, 0, sizeof s->key);
    error = mn_alloc(&s->symbol, mn_spectrum_size(s->spectrum) / 2, sizeof *s->symbol);
  }
  if (!error && !s->damping.x) {
    error = mn_damping_make(s->spectrum, &s->window, s->mesh.spacing, &s->damping);
  }
  return mn_agree(parallel, error);
}

void mn_sheet_field(mn_sheet *s, int rank, const mn_model *model, const mn_symbol_key *key, mn_row_adder more)
{
  const int64_t width = 2 * s->mesh.nodes[0];
  double *field = s->field.values + s->rows.begin[rank] * width;
  mn_node_rows_open(&s->field);
  if (!model || !(key->low < key->high)) {
    for (int64_t row = s->rows.begin[rank]; row < s->rows.begin[rank + 1]; row++, field += width) {
      memset(field, 0, (size_t)width * sizeof *field);
      if (more.add) {
        more.add(more.of, row, field);
      }
    }
    return;
  }
  const mn_spectrum *g = s->spectrum;
  if (memcmp(key, &s->key, sizeof *key) != 0) {
    s->key = *key;
    mn_split_tabulate(model, key, g->kx_count, g->kx, g->ky_count, g->ky, s->symbol);
  }
  mn_spectrum_convolve(s->spectrum, s->deposit, s->symbol, &s->damping, more, field);
}

/* Counting sort of the cells by tiles. */
static mn_error *sort(mn_sheet *s, int64_t local, const double *mine)
{
  const int64_t across = s->mesh.nodes[0] / TILE + 1;
  const int64_t tiles = across * (s->mesh.nodes[1] / TILE + 1);
  const double per_tile = 1.0 / (TILE * s->mesh.spacing);
  const double origin[2] = {(double)s->mesh.first[0] / TILE, (double)s->mesh.first[1] / TILE};
  int64_t *start = NULL;
  if (s->cells != local || !s->force) {
    s->cells = local;
    MN_TRY(mn_resize(&s->order, local, sizeof *s->order));
    MN_TRY(mn_resize(&s->point, 2 * local, sizeof *s->point));
    MN_TRY(mn_resize(&s->force, 2 * local, sizeof *s->force));
  }
  int32_t *tile = (int32_t *)s->force; /* free until there are forces */
  MN_TRY(mn_alloc(&start, tiles + 1, sizeof *start));
  for (int64_t i = 0; i < local; i++) {
    const int64_t column = (int64_t)(mine[2 * i] * per_tile - origin[0]);
    const int64_t row = (int64_t)(mine[2 * i + 1] * per_tile - origin[1]);
    tile[i] = (int32_t)(row * across + column);
    start[tile[i] + 1]++;
  }
  for (int64_t t = 0; t < tiles; t++) {
    start[t + 1] += start[t];
  }
  for (int64_t i = 0; i < local; i++) {
    const int64_t soon = start[tile[i + AHEAD < local ? i + AHEAD : i]];
    __builtin_prefetch(s->order + soon, 1);
    __builtin_prefetch(s->point + 2 * soon, 1);
    const int64_t k = start[tile[i]]++;
    s->order[k] = i;
    s->point[2 * k] = mine[2 * i];
    s->point[2 * k + 1] = mine[2 * i + 1];
  }
  mn_free(&start);
  return NULL;
}

static bool is_sorted(const mn_sheet *s)
{
  return nodes_of(&s->mesh) >= SORT_FROM;
}

mn_listing mn_sheet_listing(const mn_sheet *s, mn_block block, const double *mine)
{
  const bool sorted = is_sorted(s);
  return (mn_listing){block, sorted ? s->point : mine, sorted ? s->order : NULL};
}

/* Own counts become masses; on the way the squares of their shares in the whole are added up, at most 1. */
static void count_masses(mn_sheet *s, int64_t own, int64_t count)
{
  const double unit = 1.0 / mn_lattice_scale(count);
  const double mass = mn_window_transform(&s->window, 0.0) * mn_window_transform(&s->window, 0.0);
  const double share = 0x1p30 / (mass * (double)count);
  int64_t squares = 0;
  s->deposit = (double *)s->sums.own;
  for (int64_t k = 0; k < own; k++) {
    const double deposit = (double)s->sums.own[k] * unit;
    squares += (int64_t)((share * deposit) * (share * deposit));
    s->deposit[k] = deposit;
  }
  s->squares = squares;
}

mn_error *mn_sheet_spread(const mn_parallel *parallel, mn_sheet *s, int64_t count, int64_t local, const double *mine)
{
  const mn_range all = {0, s->mesh.nodes[1]};
  const double scale = mn_lattice_scale(count);
  if (is_sorted(s)) {
    MN_TRY(mn_agree(parallel, sort(s, local, mine)));
  }
  mn_node_sums_open(&s->sums, nodes_of(&s->mesh));
  mn_lattice_spread(&s->mesh, &s->window, local, is_sorted(s) ? s->point : mine, scale, all, s->sums.counts);
  MN_TRY(mn_node_sums_reduce(parallel, &s->rows, s->mesh.nodes[0], &s->sums));
  count_masses(s, own_nodes(s, parallel->rank), count);
  return NULL;
}

/* Sum of the squared weights of a point in one direction. */
static double squared_weights(const mn_sheet *s, double x)
{
  double weight[MN_WINDOW_MAX];
  double sum = 0.0;
  mn_window_weights(&s->window, x / s->mesh.spacing, weight);
  for (int j = 0; j < s->window.width; j++) {
    sum += weight[j] * weight[j];
  }
  return sum;
}

/* What chosen cells add to the squares of the deposit by themselves, in units of 2^-48 of a unit mass squared. */
static int64_t own_squares(const mn_sheet *s, const mn_chosen *some, const double *mine)
{
  const double mass = mn_window_transform(&s->window, 0.0);
  const double unit = 0x1p48 / (mass * mass * mass * mass);
  int64_t sum = 0;
  for (int64_t i = 0; i < some->n; i++) {
    const double *x = mine + 2 * (some->first + i * some->stride);
    sum += (int64_t)(unit * squared_weights(s, x[0]) * squared_weights(s, x[1]));
  }
  return sum;
}

double mn_sheet_density(const mn_parallel *parallel, const mn_sheet *s, int64_t count, const mn_chosen *some,
                        const double *mine)
{
  int64_t sum[3] = {s->squares, own_squares(s, some, mine), some->n};
  MPI_Allreduce(MPI_IN_PLACE, sum, 3, MPI_INT64_T, MPI_SUM, parallel->comm);
  const double all = (double)count * ldexp((double)sum[0], -60);
  const double own = ldexp((double)sum[1], -48) / (double)sum[2];
  const double even = (double)count / (double)nodes_of(&s->mesh);
  return fmax(all - own, even) / (s->mesh.spacing * s->mesh.spacing);
}

double *mn_sheet_forces(const mn_sheet *s, double *out)
{
  return is_sorted(s) ? s->force : out;
}

mn_error *mn_sheet_read(const mn_parallel *parallel, mn_sheet *s, int64_t local, const double *mine, double *out)
{
  const mn_range all = {0, s->mesh.nodes[1]};
  MN_TRY(mn_node_rows_share(parallel, &s->rows, 2 * s->mesh.nodes[0], &s->field));
  if (!is_sorted(s)) {
    mn_lattice_interpolate(&s->mesh, &s->window, local, mine, all, s->field.values, out);
    return NULL;
  }
  mn_lattice_interpolate(&s->mesh, &s->window, local, s->point, all, s->field.values, s->force);
  for (int64_t k = 0; k < local; k++) {
    __builtin_prefetch(out + 2 * s->order[k + AHEAD < local ? k + AHEAD : k], 1);
    out[2 * s->order[k]] = s->force[2 * k];
    out[2 * s->order[k] + 1] = s->force[2 * k + 1];
  }
  return NULL;
}

void mn_sheet_clear(mn_sheet *s)
{
  forget_modes(s);
  mn_shares_clear(&s->rows);
  mn_node_sums_clear(&s->sums);
  mn_node_rows_clear(&s->field);
  mn_free(&s->order);
  mn_free(&s->point);
  mn_free(&s->force);
}
