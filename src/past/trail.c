/* The field of an interval of length g at lag tau is a Gaussian of variance 2 tau/theta.  Without the sample between
 * two intervals the path there is known to sqrt(g/6) only, so the force of the joint interval is wrong by about |second
 * derivative| sqrt(g/6) g, of random sign from interval to interval: with g intervals of a lag of order tau this adds
 * up to 0.008 theta g tau^(-3/2), rms.  What is older than tau altogether is at most mn_kernel_tail(tau). */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/trail.h>

#include <math.h>
#include <string.h>

void mn_trail_begin(mn_block block, mn_trail *t)
{
  *t = (mn_trail){.block = block};
}

void mn_trail_clear(mn_trail *t)
{
  for (int k = 0; k < t->room; k++) {
    mn_free(&t->x[k]);
  }
  mn_free(&t->x);
  mn_free(&t->times);
  mn_free(&t->moments);
  t->samples = 0;
  t->room = 0;
}

mn_error *mn_trail_append(mn_trail *t, double time, const double *mine)
{
  const int64_t numbers = 2 * mn_block_count(t->block);
  if (t->samples == t->room) {
    const int room = t->room == 0 ? 8 : 2 * t->room;
    MN_TRY(mn_resize(&t->times, room, sizeof *t->times));
    MN_TRY(mn_resize(&t->moments, room + 1, sizeof *t->moments));
    MN_TRY(mn_resize(&t->x, room, sizeof *t->x));
    t->room = room;
  }
  if (!t->x[t->samples]) {
    MN_TRY(mn_alloc(&t->x[t->samples], numbers, sizeof(double)));
  }
  t->times[t->samples] = time;
  if (mine) {
    memcpy(t->x[t->samples], mine, (size_t)numbers * sizeof *mine);
  }
  t->samples++;
  return NULL;
}

/* Sample k goes; its array is kept for the next one. */
static void drop(mn_trail *t, int k)
{
  double *array = t->x[k];
  const size_t later = (size_t)(t->samples - k - 1);
  memmove(&t->times[k], &t->times[k + 1], later * sizeof *t->times);
  memmove(&t->x[k], &t->x[k + 1], later * sizeof *t->x);
  t->samples--;
  t->x[t->samples] = array;
}

/* May the two intervals that meet in sample k become one? */
static bool dispensable(const mn_trail *t, const mn_model *model, double now, double allowed, int k)
{
  const double gap = t->times[k + 1] - t->times[k - 1];
  const double lag = now - t->times[k + 1];
  const double theta = model->theta;
  if (!(gap <= lag)) { /* lags of the joint interval stay of one order */
    return false;
  }
  return 0.008 * theta * gap / (lag * sqrt(lag)) * exp(-model->lambda * lag / theta) <= allowed;
}

void mn_trail_thin(mn_trail *t, const mn_model *model, double now, double allowed)
{
  while (t->samples > 1 && now > t->times[1] && mn_kernel_tail(model, now - t->times[1]) <= allowed) {
    drop(t, 0);
  }
  for (int k = t->samples - 2; k > 0; k--) {
    if (dispensable(t, model, now, allowed, k)) {
      drop(t, k);
      k--; /* its neighbour has just become the end of a longer interval */
    }
  }
}

enum { LANES = 8 };

/* f[l] = exp(-c[l]), c >= 0, by 2^(n + f), n an integer, |f| <= 1/2; loops over lanes that compilers turn into vectors.
 */
static inline void decay(const double *c, double *out)
{
  double p[LANES];
  double f[LANES];
  uint64_t bits[LANES];
  for (int l = 0; l < LANES; l++) {
    const double exact = -c[l] * 0x1.71547652b82fep+0;
    const double y = exact > -1000.0 ? exact : -1000.0;
    const double shifted = y + 0x1.8p52;
    memcpy(&bits[l], &shifted, sizeof bits[l]);
    f[l] = (y - (shifted - 0x1.8p52)) * 0x1.62e42fefa39efp-1;
    p[l] = 1.0 / 479001600.0;
  }
  static const double term[] = {
      1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0,
      1.0 / 120.0,      1.0 / 24.0,      1.0 / 6.0,      0.5,           1.0,          1.0};
  for (int k = 0; k < (int)(sizeof term / sizeof *term); k++) {
    for (int l = 0; l < LANES; l++) {
      p[l] = p[l] * f[l] + term[k];
    }
  }
  for (int l = 0; l < LANES; l++) {
    double power;
    const uint64_t exponent = (bits[l] + 1023) << 52; /* the last bits of `shifted` are n */
    memcpy(&power, &exponent, sizeof power);
    out[l] = p[l] * power;
  }
}

/* sum += sum over the rule's Gaussians of weight exp(-rate r^2) r for n <= LANES cells */
static inline void add_cells(int n, const mn_gaussians *rule, const double *mine, const double *then, double *sum)
{
  double dx[LANES] = {0.0};
  double dy[LANES] = {0.0};
  double total[LANES] = {0.0};
  for (int l = 0; l < n; l++) {
    dx[l] = mine[2 * l] - then[2 * l];
    dy[l] = mine[2 * l + 1] - then[2 * l + 1];
  }
  for (int q = 0; q < rule->count; q++) {
    double c[LANES];
    double e[LANES];
    for (int l = 0; l < LANES; l++) {
      c[l] = rule->rate[q] * (dx[l] * dx[l] + dy[l] * dy[l]);
    }
    decay(c, e);
    for (int l = 0; l < LANES; l++) {
      total[l] += rule->weight[q] * e[l];
    }
  }
  for (int l = 0; l < n; l++) {
    sum[2 * l] += total[l] * dx[l];
    sum[2 * l + 1] += total[l] * dy[l];
  }
}

static void add_sample(int64_t local, const mn_gaussians *rule, const double *mine, const double *then, double *sum)
{
  int64_t i = 0;
  for (; i + LANES <= local; i += LANES) {
    add_cells(LANES, rule, mine + 2 * i, then + 2 * i, sum + 2 * i);
  }
  if (i < local) {
    add_cells((int)(local - i), rule, mine + 2 * i, then + 2 * i, sum + 2 * i);
  }
}

void mn_trail_subtract(const mn_trail *t, const mn_model *model, double now, double accuracy, const double *mine,
                       double *sum)
{
  int samples = 0;
  while (samples < t->samples && t->times[samples] < now * (1.0 - 1e-12)) {
    samples++;
  }
  if (samples == 0) {
    return;
  }
  memcpy(t->moments, t->times, (size_t)samples * sizeof *t->moments);
  t->moments[samples] = now;
  for (int k = 0; k < samples; k++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    const int count = mn_quadrature_intervals(model->quadrature, t->moments, samples, k, intervals);
    if (count > 0) {
      mn_quadrature_rule(model, accuracy, count, intervals, &rule);
      add_sample(mn_block_count(t->block), &rule, mine, t->x[k], sum);
    }
  }
}
