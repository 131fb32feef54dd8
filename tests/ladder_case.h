/* ladder_case.h  Stories of points that a ladder is told, and the truth about them. */
#ifndef MN_TESTS_LADDER_CASE_H
#define MN_TESTS_LADDER_CASE_H

#include "check.h"

#include <math.h>
#include <mnemotaxis/ladder.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>
#include <string.h>

enum { POINTS = 40, PLACES = 30, STEPS = 320 };

/* Paths of all points, where and when the gradient is asked for, and by what. */
typedef struct story {
  mn_model model;
  double tolerance;
  int ratio;   /* of the finest level and the ground mesh */
  int levels;  /* ratio of neighbouring levels */
  bool shrink; /* some t[k + 1] - t[k] are less than those before */
  double t[STEPS + 1];
  double x[STEPS + 1][2 * POINTS]; /* all points at t[k] */
  double place[2 * PLACES];        /* in the box at all times */
  double low[2], high[2];          /* of points and places, so far */
  double found[2 * PLACES];        /* gradient */
} story;

static story told;

/* Steps of `first`, growing by `growth`; Brownian paths from a cloud. */
static inline void tell(story *s, const mn_model *model, double tolerance, int steps, double first, double growth)
{
  *s = (story){
      .model = *model, .tolerance = tolerance, .ratio = 1, .levels = 4, .low = {-1.0, -1.0}, .high = {1.0, 1.0}};
  for (int k = 0; k <= steps; k++) {
    const double step = first * pow(growth, k - 1);
    s->t[k] = k > 0 ? s->t[k - 1] + step : 0.0;
    for (int i = 0; i < 2 * POINTS; i++) {
      const double by = check_normal(5, (uint64_t)(k * 2 * POINTS + i));
      s->x[k][i] = k > 0 ? s->x[k - 1][i] + sqrt(2.0 * step) * by : 0.6 * by;
    }
  }
  for (int i = 0; i < 2 * PLACES; i++) {
    s->place[i] = fmax(-1.0, fmin(0.5 * check_normal(6, (uint64_t)i), 1.0));
  }
}

static inline double step_of(const story *s, int k)
{
  return s->t[k + 1] - s->t[k];
}

static inline mn_ladder *create(const mn_parallel *p, const story *s, int longest)
{
  const mn_ladder_options options = {s->tolerance, step_of(s, 0), step_of(s, longest), s->shrink, s->levels};
  mn_ladder *ladder = NULL;
  check_ok(mn_ladder_create(p, &s->model, &options, POINTS, &ladder));
  return ladder;
}

/* A box around points k and all before; makes the ladder ready. */
static inline mn_present prepare(mn_ladder *l, story *s, int k)
{
  const double step = step_of(s, k > 0 ? k - 1 : 0);
  const mn_present present = {step, step};
  for (int i = 0; i < 2 * POINTS; i++) {
    s->low[i % 2] = fmin(s->low[i % 2], s->x[k][i]);
    s->high[i % 2] = fmax(s->high[i % 2], s->x[k][i]);
  }
  check_ok(mn_ladder_prepare(l, s->low, s->high, step, (double)INFINITY, mn_split_widest(&s->model, &present)));
  return present;
}

/* Ground mesh, with room for all windows. */
static inline mn_lattice mesh_of(const mn_ladder *l, const story *s, int width)
{
  mn_lattice mesh = {.spacing = mn_ladder_spacing(l) / s->ratio};
  for (int a = 0; a < 2; a++) {
    mesh.first[a] = (int64_t)floor(s->low[a] / mesh.spacing) - width;
    mesh.nodes[a] = (int64_t)ceil(s->high[a] / mesh.spacing) + width - mesh.first[a] + 1;
  }
  return mesh;
}

static inline void read_field(const mn_parallel *p, const mn_ground *g, const double *field, const double *at,
                              double *out)
{
  const int64_t width = 2 * g->mesh.nodes[0];
  double *both = NULL;
  check_ok(mn_alloc(&both, width * g->mesh.nodes[1] + 2 * MN_LATTICE_PAD, sizeof *both));
  check_ok(mn_rows_fetch(p, g->rows, width, field, (mn_range){0, g->mesh.nodes[1]}, both));
  memset(out, 0, 2 * PLACES * sizeof *out);
  mn_lattice_interpolate(&g->mesh, g->window, PLACES, at, (mn_range){0, g->mesh.nodes[1]}, both, out);
  mn_free(&both);
}

/* The ladder takes points k; with a present it tells the gradient at the places. */
static inline void take(const mn_parallel *p, mn_ladder *l, story *s, int k, const mn_present *present)
{
  const mn_block block = mn_block_of(POINTS, p->rank, p->size);
  const double scale = mn_lattice_scale(POINTS);
  mn_window window;
  mn_shares rows;
  int64_t *counts = NULL;
  double *deposit = NULL;
  mn_window_choose(s->tolerance, MN_PHASE_WINDOW, &window);
  const mn_ground g = {mesh_of(l, s, window.width), &rows, &window};
  const int64_t nodes = g.mesh.nodes[0] * g.mesh.nodes[1];
  check_ok(mn_shares_even(g.mesh.nodes[1], p->size, &rows));
  const int64_t own = mn_shares_count(&rows, p->rank) * g.mesh.nodes[0];
  check_ok(mn_alloc(&counts, nodes + MN_LATTICE_PAD, sizeof *counts));
  check_ok(mn_alloc(&deposit, 3 * own, sizeof *deposit));
  double *field = deposit + own;
  mn_lattice_spread(&g.mesh, &window, mn_block_count(block), s->x[k] + 2 * block.begin, scale,
                    (mn_range){0, g.mesh.nodes[1]}, counts);
  check_ok(mn_rows_reduce(p, &rows, g.mesh.nodes[0], counts));
  for (int64_t n = 0; n < own; n++) {
    deposit[n] = (double)counts[n] / scale;
  }
  check_ok(mn_ladder_take(l, &g, deposit));
  if (present) {
    mn_row_adder gradient;
    check_ok(mn_ladder_gradient(l, s->t[k], present, mn_ladder_variance(l), &g, &gradient));
    for (int64_t row = rows.begin[p->rank]; row < rows.begin[p->rank + 1]; row++) {
      gradient.add(gradient.of, row, field + 2 * (row - rows.begin[p->rank]) * g.mesh.nodes[0]);
    }
    read_field(p, &g, field, s->place, s->found);
  }
  mn_free(&deposit);
  mn_free(&counts);
  mn_shares_clear(&rows);
}

static inline void ask(const mn_parallel *p, mn_ladder *l, story *s, int k)
{
  const mn_present present = prepare(l, s, k);
  take(p, l, s, k, &present);
}

static inline void remember(const mn_parallel *p, mn_ladder *l, story *s, int k)
{
  const mn_block block = mn_block_of(POINTS, p->rank, p->size);
  prepare(l, s, k);
  take(p, l, s, k, NULL);
  check_ok(mn_ladder_remember(l, s->t[k], step_of(s, k), s->x[k] + 2 * block.begin));
}

static inline void remember_until(const mn_parallel *p, mn_ladder *l, story *s, int end)
{
  for (int k = 0; k < end; k++) {
    remember(p, l, s, k);
  }
}

static inline void add(const story *s, int k, int place, mn_profile *profile, const void *of, double sum[2])
{
  for (int j = 0; j < POINTS; j++) {
    const double x = s->place[2 * place] - s->x[k][2 * j];
    const double y = s->place[2 * place + 1] - s->x[k][2 * j + 1];
    const double f = profile(of, x * x + y * y);
    sum[0] -= f * x;
    sum[1] -= f * y;
  }
}

static inline double past_profile(const void *of, double r2)
{
  return mn_gaussians_profile(of, r2);
}

static inline double present_profile(const void *of, double r2)
{
  return mn_split_profile(of, r2);
}

/* What should have been found at time k. */
static inline void find_truth(const mn_ladder *l, const story *s, int k, double truth[2 * PLACES])
{
  static mn_split split;
  const mn_present present = {step_of(s, k - 1), step_of(s, k - 1)};
  memset(truth, 0, 2 * PLACES * sizeof *truth);
  mn_split_range(&s->model, &present, mn_ladder_variance(l), (double)INFINITY, &split);
  for (int m = 0; m <= k; m++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    const int count = m < k ? mn_quadrature_intervals(s->model.quadrature, s->t, k, m, intervals) : 0;
    mn_quadrature_rule(&s->model, 1e-11, count, intervals, &rule);
    for (int i = 0; i < PLACES; i++) {
      add(s, m, i, m < k ? past_profile : present_profile, m < k ? (void *)&rule : (void *)&split, truth + 2 * i);
    }
  }
}

/* The largest error of `found` at time k, relative to the largest force. */
static inline double error_of(const mn_ladder *l, const story *s, int k)
{
  double truth[2 * PLACES];
  double largest = 0.0;
  double error = 0.0;
  find_truth(l, s, k, truth);
  for (int i = 0; i < PLACES; i++) {
    largest = fmax(largest, hypot(truth[2 * i], truth[2 * i + 1]));
    error = fmax(error, hypot(s->found[2 * i] - truth[2 * i], s->found[2 * i + 1] - truth[2 * i + 1]));
  }
  return error / largest;
}

static inline mn_model model_of(int k)
{
  const double theta = k % 3 == 0 ? 0.05 : k % 3 == 1 ? 1.0 : 10.0;
  return (mn_model){theta, 1.0, k / 3 % 2 ? 2.0 : 0.0, 0.0, k / 6 % 2 ? MN_FROZEN : MN_BRIDGE};
}

static const char because[] = "the header's: what modes, images and windows may leave out";

#endif
