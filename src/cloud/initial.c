/* One Philox call a cell for its shape, one more where an angle or a cluster has to be chosen. */
#include <mnemotaxis/initial.h>
#include <mnemotaxis/noise.h>

#include <math.h>

static const double pi = 3.14159265358979323846;

static void on_circle(double radius, double turn, double x[2])
{
  x[0] = radius * cos(2.0 * pi * turn);
  x[1] = radius * sin(2.0 * pi * turn);
}

static const mn_blob *choose(const mn_initial *initial, double u)
{
  double total = 0.0;
  for (int k = 0; k < initial->clusters; k++) {
    total += initial->cluster[k].amplitude;
  }
  double sum = 0.0;
  for (int k = 0; k < initial->clusters; k++) {
    sum += initial->cluster[k].amplitude;
    if (u * total < sum) {
      return &initial->cluster[k];
    }
  }
  return &initial->cluster[initial->clusters - 1];
}

static void draw(const mn_initial *initial, uint32_t seed, uint32_t id, double x[2])
{
  double normal[2];
  double uniform[2];
  mn_noise_normal(seed, MN_STREAM_INITIAL, id, 0, 0, normal);
  mn_noise_uniform(seed, MN_STREAM_INITIAL, id, 0, 1, uniform);
  switch (initial->kind) {
  case MN_INITIAL_GAUSSIAN:
    x[0] = sqrt(initial->variance) * normal[0];
    x[1] = sqrt(initial->variance) * normal[1];
    break;
  case MN_INITIAL_DISK:
    on_circle(initial->radius * sqrt(uniform[0]), uniform[1], x);
    break;
  case MN_INITIAL_RING:
    on_circle(initial->radius + initial->width * normal[0], uniform[1], x);
    break;
  case MN_INITIAL_CLUSTERS: {
    const mn_blob *cluster = choose(initial, uniform[0]);
    x[0] = cluster->x + cluster->sigma * normal[0];
    x[1] = cluster->y + cluster->sigma * normal[1];
    break;
  }
  case MN_INITIAL_DIRAC:
  case MN_INITIAL_FILE:
    x[0] = 0.0;
    x[1] = 0.0;
    break;
  }
  x[0] += initial->centre[0];
  x[1] += initial->centre[1];
}

void mn_initial_draw(const mn_initial *initial, uint32_t seed, mn_block block, double *x)
{
  for (int64_t id = block.begin; id < block.end; id++) {
    draw(initial, seed, (uint32_t)id, x + 2 * (id - block.begin));
  }
}

/* E|X|^2 of the mixture around 0, before the shift; its mean goes to `mean`. */
static double mixture_mean_square(const mn_initial *initial, double mean[2])
{
  double total = 0.0;
  double sum = 0.0;
  for (int k = 0; k < initial->clusters; k++) {
    const mn_blob *c = &initial->cluster[k];
    total += c->amplitude;
    sum += c->amplitude * (c->x * c->x + c->y * c->y + 2.0 * c->sigma * c->sigma);
    mean[0] += c->amplitude * c->x;
    mean[1] += c->amplitude * c->y;
  }
  mean[0] /= total;
  mean[1] /= total;
  return sum / total;
}

double mn_initial_mean_square(const mn_initial *initial, double centre[2])
{
  double mean[2] = {0.0, 0.0};
  double square = 0.0;
  switch (initial->kind) {
  case MN_INITIAL_GAUSSIAN:
    square = 2.0 * initial->variance;
    break;
  case MN_INITIAL_DISK:
    square = 0.5 * initial->radius * initial->radius;
    break;
  case MN_INITIAL_RING:
    square = initial->radius * initial->radius + initial->width * initial->width;
    break;
  case MN_INITIAL_CLUSTERS:
    square = mixture_mean_square(initial, mean);
    break;
  case MN_INITIAL_DIRAC:
  case MN_INITIAL_FILE:
    break;
  }
  const double *shift = initial->centre;
  square += 2.0 * (shift[0] * mean[0] + shift[1] * mean[1]) + shift[0] * shift[0] + shift[1] * shift[1];
  centre[0] = shift[0] + mean[0];
  centre[1] = shift[1] + mean[1];
  return square;
}

double mn_initial_variance(const mn_initial *law)
{
  double centre[2];
  if (law->kind == MN_INITIAL_FILE) {
    return 1.0;
  }
  const double square = mn_initial_mean_square(law, centre);
  return 0.5 * fmax(0.0, square - centre[0] * centre[0] - centre[1] * centre[1]);
}
