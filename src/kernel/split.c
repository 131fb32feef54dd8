/* With lags tau in [0, h] of density exp(-lambda tau/theta)/theta, and u uniform in [0, a] over the step ahead,
 * w = v0 + kappa tau + 4u has the density
 *
 *     dm/dw = 1/(4a) int over max(0, (w-v0-4a)/kappa) < tau < min(h, (w-v0)/kappa) of exp(-lambda tau/theta)/theta
 * dtau,
 *
 * for a = 0 exp(-lambda (w-v0)/(kappa theta))/(kappa theta).  It is smooth but for two kinks.  Between them
 * Gauss-Legendre panels, none wider than its lower end (then exp(-c/w) is smooth on it), nor, near a kink, than a few
 * lengths of the decay. */
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/split.h>

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

enum { NODES = 12 };

/* Variances nearer to each other than this part of them are one. */
static const double rounding = 1e-13;

/* Spread of the newest sample: v0 + kappa tau + 4u. */
typedef struct spread {
  double start, rate, ahead;
} spread;

static spread spread_of(const mn_model *model, const mn_present *present)
{
  const double path = model->quadrature == MN_BRIDGE ? 2.0 : 0.0;
  return (spread){mn_split_narrowest(model), 2.0 / model->theta + path, 4.0 * present->ahead};
}

double mn_split_narrowest(const mn_model *model)
{
  return 2.0 * model->regularization / model->theta;
}

double mn_split_widest(const mn_model *model, const mn_present *present)
{
  const spread s = spread_of(model, present);
  return s.start + s.rate * present->window + s.ahead;
}

double mn_split_least(double r2)
{
  return r2 / 90.0; /* exp(-45) */
}

static double density(const mn_model *model, const spread *s, double window, double w)
{
  if (s->ahead <= 0.0) {
    return exp(-model->lambda * (w - s->start) / (s->rate * model->theta)) / (s->rate * model->theta);
  }
  const double full = s->rate * window;
  const double above = w - s->start;
  const double from = fmax(0.0, (above - s->ahead) / s->rate);
  const double length = fmin(fmin(full, s->ahead), fmin(above, full + s->ahead - above)) / s->rate;
  return length > 0.0 ? exp(-model->lambda * from / model->theta) * mn_kernel_mass(model, 0.0, length) / s->ahead : 0.0;
}

double mn_split_density(const mn_model *model, const mn_present *present, double w)
{
  const spread s = spread_of(model, present);
  const bool inside = w >= s.start && w <= s.start + s.rate * present->window + s.ahead;
  return inside ? density(model, &s, present->window, w) : 0.0;
}

/* Where the panel that begins at w may end; `corner` is the last kink below, from which the density decays anew. */
static double panel_end(const mn_model *model, const spread *s, double corner, double w)
{
  const double doubled = 2.0 * w;
  const double decay = model->lambda > 0.0 ? s->rate * model->theta / model->lambda : (double)INFINITY;
  return fmin(doubled, w + fmax(fmax(4.0 * decay, rounding * w), w - corner));
}

/* Gauss-Legendre on [-1, 1]. */
typedef struct panel_rule {
  double node[NODES], weight[NODES];
} panel_rule;

static void add_panel(const mn_model *model, const spread *s, const panel_rule *rule, double window, double low,
                      double high, mn_split *split)
{
  const double half = 0.5 * (high - low);
  assert(split->count + NODES <= MN_SPLIT_MAX);
  for (int i = 0; i < NODES; i++) {
    const double w = low + half * (1.0 + rule->node[i]);
    split->variance[split->count] = w;
    split->mass[split->count++] = half * rule->weight[i] * density(model, s, window, w);
  }
}

/* Beyond this variance decay has left less than 1e-18. */
static double cut_by_decay(const mn_model *model, const spread *s)
{
  return model->lambda > 0.0 ? s->start + s->ahead + 42.0 * s->rate * model->theta / model->lambda : (double)INFINITY;
}

void mn_split_range(const mn_model *model, const mn_present *present, double low, double high, mn_split *split)
{
  assert(low > 0.0);
  const spread s = spread_of(model, present);
  const double window = s.rate * present->window;
  const double corner[2] = {s.start + fmin(window, s.ahead), s.start + fmax(window, s.ahead)};
  const double top = fmin(fmin(high, mn_split_widest(model, present)), cut_by_decay(model, &s));
  panel_rule rule;
  mn_gauss_legendre(NODES, rule.node, rule.weight);
  split->count = 0;
  double from = fmax(low, s.start);
  if (s.start > low && top - s.start < 10.0 * rounding * s.start && high > top) { /* all of it decays at the start */
    split->variance[0] = s.start;
    split->mass[split->count++] = mn_kernel_mass(model, 0.0, present->window);
    return;
  }
  while (from < top) {
    const double below = from >= corner[1] ? corner[1] : from >= corner[0] ? corner[0] : s.start;
    double to = fmin(top, panel_end(model, &s, below, from));
    for (int k = 1; k >= 0; k--) {
      to = corner[k] > from && corner[k] < to ? corner[k] : to;
    }
    add_panel(model, &s, &rule, present->window, from, to, split);
    from = to;
  }
}

double mn_split_symbol(const mn_split *split, double k2)
{
  double sum = 0.0;
  for (int k = 0; k < split->count; k++) {
    sum += split->mass[k] * exp(-0.5 * k2 * split->variance[k]);
  }
  return sum;
}

double mn_split_profile(const mn_split *split, double r2)
{
  double sum = 0.0;
  for (int k = split->count - 1; k >= 0 && r2 < 1400.0 * split->variance[k]; k--) { /* below exp(-350) */
    const double w = split->variance[k];
    sum += split->mass[k] / (2.0 * pi * w * w) * exp(-0.5 * r2 / w);
  }
  return sum;
}

static double symbol_of(const void *split, double k2)
{
  return mn_split_symbol(split, k2);
}

/* Smallest and largest square of wave numbers other than 0. */
static void find_squares(int64_t count, const double *k, double *least, double *largest)
{
  for (int64_t i = 0; i < count; i++) {
    *least = k[i] != 0.0 ? fmin(*least, k[i] * k[i]) : *least;
    *largest = fmax(*largest, k[i] * k[i]);
  }
}

void mn_split_tabulate(const mn_model *model, const mn_symbol_key *key, int64_t columns, const double *kx, int64_t rows,
                       const double *ky, double *symbol)
{
  mn_split split;
  mn_table table;
  double least = (double)INFINITY;
  double largest[2] = {0.0, 0.0};
  mn_split_range(model, &key->present, key->low, key->high, &split);
  find_squares(columns, kx, &least, &largest[0]);
  find_squares(rows, ky, &least, &largest[1]);
  const double reach = fmax(1.01 * (largest[0] + largest[1]), 1e-300);
  mn_table_sample(&table, symbol_of, &split, fmin(least, reach), reach);
  const double mass = mn_split_symbol(&split, 0.0);
  for (int64_t c = 0; c < columns; c++) {
    for (int64_t j = 0; j < rows; j++) {
      const double k2 = kx[c] * kx[c] + ky[j] * ky[j];
      symbol[c * rows + j] = k2 > 0.0 ? mn_table_value(&table, k2) : mass;
    }
  }
}
