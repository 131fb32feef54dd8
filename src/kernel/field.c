/* A Gaussian stays one under the heat kernel: variance sigma^2 + 2t/theta.  A bilinear field is a sum of products of
 * hat functions; hat * Gaussian is a second difference of P(z) = z Phi(z/s) + s phi(z/s), and its derivative one of
 * Phi. */
#include <mnemotaxis/field.h>

#include <math.h>

static const double pi = 3.14159265358979323846;

static double at_blobs(const mn_field *field, double spread, double x, double y, double gradient[2])
{
  double value = 0.0;
  for (int k = 0; k < field->blobs; k++) {
    const mn_blob *b = &field->blob[k];
    const double s2 = b->sigma * b->sigma;
    const double v = s2 + spread;
    const double dx = x - b->x;
    const double dy = y - b->y;
    const double part = b->amplitude * s2 / v * exp(-0.5 * (dx * dx + dy * dy) / v);
    value += part;
    gradient[0] -= part * dx / v;
    gradient[1] -= part * dy / v;
  }
  return value;
}

/* Integral of the ramp max(z, 0) against a Gaussian of deviation s, and its slope. */
static double smooth_ramp(double z, double s, double *slope)
{
  if (s <= 0.0) {
    *slope = z > 0.0 ? 1.0 : 0.0;
    return z > 0.0 ? z : 0.0;
  }
  *slope = 0.5 * erfc(-z / (s * sqrt(2.0)));
  return z * *slope + s * exp(-0.5 * z * z / (s * s)) / sqrt(2.0 * pi);
}

/* Hat of half width h, smoothed by deviation s, at distance z from its node, and its derivative. */
static double smooth_hat(double z, double h, double s, double *derivative)
{
  double left;
  double middle;
  double right;
  const double value = smooth_ramp(z + h, s, &left) - 2.0 * smooth_ramp(z, s, &middle) + smooth_ramp(z - h, s, &right);
  *derivative = (left - 2.0 * middle + right) / h;
  return value / h;
}

enum { STRIP = 128 }; /* columns whose hats are kept while the rows go by */

static double at_grid(const mn_field *field, double spread, double x, double y, double gradient[2])
{
  const double s = sqrt(spread);
  const double *h = field->spacing;
  double value = 0.0;
  for (int left = 0; left < field->columns; left += STRIP) {
    const int width = field->columns - left < STRIP ? field->columns - left : STRIP;
    double hat[STRIP];
    double slope[STRIP];
    for (int k = 0; k < width; k++) {
      hat[k] = smooth_hat(x - field->origin[0] - (left + k) * h[0], h[0], s, &slope[k]);
    }
    for (int i = 0; i < field->rows; i++) {
      const double z = y - field->origin[1] - i * h[1];
      if (fabs(z) > 9.0 * s + h[1]) {
        continue;
      }
      double slope_y;
      const double hat_y = smooth_hat(z, h[1], s, &slope_y);
      const double *node = field->node + (long)i * field->columns + left;
      double sum = 0.0;
      double tilt = 0.0;
      for (int k = 0; k < width; k++) {
        sum += node[k] * hat[k];
        tilt += node[k] * slope[k];
      }
      value += sum * hat_y;
      gradient[0] += tilt * hat_y;
      gradient[1] += sum * slope_y;
    }
  }
  return value;
}

double mn_field_at(const mn_field *field, const mn_model *model, double t, double x, double y, double gradient[2])
{
  gradient[0] = 0.0;
  gradient[1] = 0.0;
  const double spread = 2.0 * t / model->theta;
  const double decay = exp(-model->lambda * t / model->theta);
  double value = 0.0;
  if (field->kind == MN_FIELD_GAUSSIAN) {
    value = at_blobs(field, spread, x, y, gradient);
  } else if (field->kind == MN_FIELD_GRID) {
    value = at_grid(field, spread, x, y, gradient);
  }
  gradient[0] *= decay;
  gradient[1] *= decay;
  return value * decay;
}

double mn_field_mass(const mn_field *field)
{
  double mass = 0.0;
  for (int k = 0; field->kind == MN_FIELD_GAUSSIAN && k < field->blobs; k++) {
    mass += 2.0 * pi * field->blob[k].amplitude * field->blob[k].sigma * field->blob[k].sigma;
  }
  const long nodes = field->kind == MN_FIELD_GRID ? (long)field->rows * field->columns : 0;
  for (long k = 0; k < nodes; k++) {
    mass += field->node[k] * field->spacing[0] * field->spacing[1];
  }
  return mass;
}
