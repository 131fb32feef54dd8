/* xi(x) is the integral of the density (23), by Gauss-Legendre panels of half a cell; X at half-integers by Newton's
 * method inside a panel; X' = 1/density there, exact.  Tried and rejected: smoothing a table of widths (its kinks cost
 * the fourth order), and sinh maps with fixed centres (no use for clusters that move). */
#include <mnemotaxis/axis.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>

#include <math.h>

enum { NODES = 6 };

typedef struct density {
  int wishes;
  const mn_wish *wish;
  double growth2;
  double floor; /* (widest cell allowed)^-8 */
  double scale; /* cells per unit of the integral */
} density;

static double density_at(const density *d, double x)
{
  double sum = d->floor;
  for (int k = 0; k < d->wishes; k++) {
    const double r = x - d->wish[k].at;
    const double u = 1.0 / (d->wish[k].spacing * d->wish[k].spacing + d->growth2 * r * r);
    sum += (u * u) * (u * u);
  }
  return d->scale * sqrt(sqrt(sqrt(sum)));
}

static double integral(const density *d, double a, double b)
{
  double node[NODES];
  double weight[NODES];
  double sum = 0.0;
  mn_gauss_legendre(NODES, node, weight);
  for (int k = 0; k < NODES; k++) {
    sum += weight[k] * density_at(d, 0.5 * (a + b) + 0.5 * (b - a) * node[k]);
  }
  return 0.5 * (b - a) * sum;
}

/* Walks from a to b in panels of half a cell; returns the integral, or infinity where half a cell is below rounding. */
static double walk(const density *d, double a, double b)
{
  double sum = 0.0;
  const double direction = b > a ? 1.0 : -1.0;
  while (a != b) {
    double next = a + direction * 0.5 / density_at(d, a);
    if (next == a) {
      return INFINITY;
    }
    if ((next - b) * direction > 0.0) {
      next = b;
    }
    sum += integral(d, a, next);
    a = next;
  }
  return sum;
}

/* The x at which the integral from `from` is `target`. */
static double advance(const density *d, double from, double target)
{
  double x = from;
  double left = target;
  for (int k = 0; k < 100 && fabs(left) > 1e-13; k++) {
    double step = left / density_at(d, x);
    const double longest = 0.5 / density_at(d, x);
    step = fmin(fmax(step, -longest), longest);
    left -= integral(d, x, x + step);
    x += step;
  }
  return x;
}

mn_error *mn_axis_alloc(int cells, double low, double high, mn_axis *axis)
{
  *axis = (mn_axis){.cells = cells, .low = low, .high = high};
  MN_TRY(mn_alloc(&axis->x, cells + 2 * MN_GHOSTS, sizeof *axis->x));
  axis->x += MN_GHOSTS;
  mn_error *error = mn_alloc(&axis->width, cells + 2 * MN_GHOSTS, sizeof *axis->width);
  if (error) {
    axis->width = NULL;
    mn_axis_clear(axis);
    return error;
  }
  axis->width += MN_GHOSTS;
  return NULL;
}

mn_error *mn_axis_make(double low, double high, int wishes, const mn_wish *wish, double growth, int cells, int multiple,
                       int most, mn_axis *axis)
{
  density d = {wishes, wish, growth * growth, pow(8.0 / (high - low), 8.0), 1.0};
  const double total = walk(&d, low, high);
  if (!isfinite(total)) {
    return mn_error_create(MN_USAGE,
                           "cells from %.9g to %.9g cannot be as narrow as the law needs: it is too far from 0 "
                           "for its width",
                           low, high);
  }
  if (cells == 0) {
    const double needed = ceil(total / multiple) * multiple;
    if (needed > most) {
      return mn_error_create(MN_USAGE, "the mesh would need %.0f cells a side, more than %d", needed, most);
    }
    cells = (int)needed;
  }
  d.scale = cells / total;
  MN_TRY(mn_axis_alloc(cells, low, high, axis));
  double from = advance(&d, low, -MN_GHOSTS);
  double target = 0.5;
  for (int k = -MN_GHOSTS; k < cells + MN_GHOSTS; k++) {
    axis->x[k] = advance(&d, from, target);
    axis->width[k] = 1.0 / density_at(&d, axis->x[k]);
    from = axis->x[k];
    target = 1.0;
  }
  return NULL;
}

void mn_axis_clear(mn_axis *axis)
{
  if (axis->x) {
    axis->x -= MN_GHOSTS;
  }
  if (axis->width) {
    axis->width -= MN_GHOSTS;
  }
  mn_free(&axis->x);
  mn_free(&axis->width);
}

int mn_axis_below(int count, const double *ascending, double z)
{
  int low = 0;
  int high = count;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (ascending[middle] <= z) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

double mn_axis_smallest(const mn_axis *axis)
{
  double smallest = axis->width[0];
  for (int k = 1; k < axis->cells; k++) {
    smallest = fmin(smallest, axis->width[k]);
  }
  return smallest;
}
