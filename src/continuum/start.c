/* Gaussians are products of one in x and one in y: a law that is a mixture of them (also cells read from a file, each
 * smeared) costs two rows of exponentials a source.  Disk and ring are mixtures of circles: a circle of radius s,
 * smeared by deviation w, has density exp(-(r - s)^2/(2 w^2)) I_0e(r s/w^2)/(2 pi w^2), with I_0e(z) = exp(-z) I_0(z).
 */
#include "start.h"

#include <mnemotaxis/memory.h>
#include <mnemotaxis/quadrature.h>

#include <math.h>

static const double pi = 3.14159265358979323846;

mn_error *mn_start_check(const mn_start *start)
{
  const mn_initial *law = start->law;
  if (start->smoothing > 0.0) {
    return NULL;
  }
  const char *what = NULL;
  if (law->kind == MN_INITIAL_DIRAC || (law->kind == MN_INITIAL_GAUSSIAN && law->variance <= 0.0)) {
    what = "a point";
  } else if (law->kind == MN_INITIAL_RING && law->width <= 0.0) {
    what = "a circle without width";
  } else if (law->kind == MN_INITIAL_DISK && law->radius <= 0.0) {
    what = "a disk of radius 0";
  } else if (law->kind == MN_INITIAL_FILE) {
    what = "a set of points";
  }
  for (int k = 0; law->kind == MN_INITIAL_CLUSTERS && k < law->clusters; k++) {
    if (law->cluster[k].sigma <= 0.0) {
      what = "a mixture with points in it";
    }
  }
  return what ? mn_error_create(MN_USAGE,
                                "the initial law is %s, which has no density for the equation to start from; give a "
                                "smoothing width, pde.smoothing > 0",
                                what)
              : NULL;
}

/* The mixture of Gaussians a law is, source by source.  Returns false at the end, or at once for disk and ring. */
static bool source(const mn_start *start, int64_t k, double *weight, double at[2], double *variance)
{
  const mn_initial *law = start->law;
  const double extra = start->smoothing * start->smoothing;
  const bool one = law->kind == MN_INITIAL_GAUSSIAN || law->kind == MN_INITIAL_DIRAC;
  const int64_t count = one                                ? 1
                        : law->kind == MN_INITIAL_CLUSTERS ? law->clusters
                        : law->kind == MN_INITIAL_FILE     ? start->count
                                                           : 0;
  if (k >= count) {
    return false;
  }
  *weight = 1.0 / (double)count;
  *variance = extra + (law->kind == MN_INITIAL_GAUSSIAN ? law->variance : 0.0);
  at[0] = law->centre[0];
  at[1] = law->centre[1];
  if (law->kind == MN_INITIAL_FILE) {
    at[0] = start->point[2 * k];
    at[1] = start->point[2 * k + 1];
  } else if (law->kind == MN_INITIAL_CLUSTERS) {
    double total = 0.0;
    for (int c = 0; c < law->clusters; c++) {
      total += law->cluster[c].amplitude;
    }
    *weight = law->cluster[k].amplitude / total;
    *variance += law->cluster[k].sigma * law->cluster[k].sigma;
    at[0] += law->cluster[k].x;
    at[1] += law->cluster[k].y;
  }
  return true;
}

static bool is_radial(const mn_start *start)
{
  return start->law->kind == MN_INITIAL_DISK || start->law->kind == MN_INITIAL_RING;
}

bool mn_start_is_sharp(const mn_start *start)
{
  return start->law->kind == MN_INITIAL_DISK && start->smoothing <= 0.0;
}

void mn_start_moments(const mn_start *start, double mean[2], double covariance[3])
{
  double weight;
  double at[2];
  double variance;
  mean[0] = 0.0;
  mean[1] = 0.0;
  for (int k = 0; k < 3; k++) {
    covariance[k] = 0.0;
  }
  if (is_radial(start)) {
    double origin[2];
    mn_initial law = *start->law;
    for (int a = 0; a < 2; a++) {
      mean[a] = law.centre[a];
      law.centre[a] = 0.0;
    }
    covariance[0] = 0.5 * mn_initial_mean_square(&law, origin) + start->smoothing * start->smoothing;
    covariance[2] = covariance[0];
    return;
  }
  for (int64_t k = 0; source(start, k, &weight, at, &variance); k++) {
    mean[0] += weight * at[0];
    mean[1] += weight * at[1];
  }
  for (int64_t k = 0; source(start, k, &weight, at, &variance); k++) { /* about the mean, which may be far from 0 */
    const double dx = at[0] - mean[0];
    const double dy = at[1] - mean[1];
    covariance[0] += weight * (dx * dx + variance);
    covariance[1] += weight * dx * dy;
    covariance[2] += weight * (dy * dy + variance);
  }
}

double mn_start_reach(const mn_start *start, const double from[2], double deviations, double spreading)
{
  double weight;
  double at[2];
  double variance;
  double reach = 0.0;
  for (int64_t k = 0; source(start, k, &weight, at, &variance); k++) {
    const double distance = fmax(fabs(at[0] - from[0]), fabs(at[1] - from[1]));
    reach = fmax(reach, distance + deviations * sqrt(variance + spreading));
  }
  if (is_radial(start)) {
    const mn_initial *law = start->law;
    const double edge = law->kind == MN_INITIAL_RING ? law->width : 0.0;
    const double distance = fmax(fabs(law->centre[0] - from[0]), fabs(law->centre[1] - from[1]));
    reach = distance + law->radius + deviations * sqrt(edge * edge + start->smoothing * start->smoothing + spreading);
  }
  return reach;
}

int mn_start_wishes(const mn_start *start, int axis, double fraction, int room, mn_wish *wish)
{
  double weight;
  double at[2];
  double variance;
  int count = 0;
  const int64_t stride = start->law->kind == MN_INITIAL_FILE ? (start->count + room - 1) / room : 1;
  for (int64_t k = 0; count < room && source(start, k, &weight, at, &variance); k += stride) {
    wish[count++] = (mn_wish){at[axis], fraction * sqrt(variance)};
  }
  if (is_radial(start)) {
    const mn_initial *law = start->law;
    const bool disk = law->kind == MN_INITIAL_DISK;
    const double edge = hypot(start->smoothing, disk ? 0.0 : law->width);
    const double scale = disk && edge == 0.0 ? 0.1 * law->radius : fmin(edge, law->radius);
    const int pieces = room < 65 ? room : 65; /* room is at least 2 */
    for (int k = 0; k < pieces; k++) {        /* the edge crosses every column */
      wish[count++] = (mn_wish){law->centre[axis] + law->radius * (2.0 * k / (pieces - 1) - 1.0), fraction * scale};
    }
  }
  return count;
}

/* exp(-z) I_0(z), z >= 0, relative 1e-14. */
static double scaled_bessel(double z)
{
  double term = 1.0;
  double sum = 1.0;
  if (z < 25.0) {
    for (int k = 1; term > 1e-17 * sum; k++) {
      term *= 0.25 * z * z / ((double)k * k);
      sum += term;
    }
    return sum * exp(-z);
  }
  for (int k = 1; k < 25; k++) {
    term *= (2.0 * k - 1.0) * (2.0 * k - 1.0) / (8.0 * k * z);
    sum += term;
  }
  return sum / sqrt(2.0 * pi * z);
}

static double smeared_circle(double s, double w, double r)
{
  const double u = (r - s) / w;
  return exp(-0.5 * u * u) * scaled_bessel(r * s / (w * w)) / (2.0 * pi * w * w);
}

/* Density of the distance s >= 0 of a ring: a normal law, its negative radii folded over. */
static double ring_radius(const mn_initial *law, double s)
{
  const double inner = (s - law->radius) / law->width;
  const double outer = (s + law->radius) / law->width;
  return (exp(-0.5 * inner * inner) + exp(-0.5 * outer * outer)) / (law->width * sqrt(2.0 * pi));
}

/* Density at distance r of a disk (2s/R^2 ds of circles) or ring (normal law of s), smeared by w > 0. */
static double smeared_mixture(const mn_initial *law, double w, double r)
{
  enum { PANELS = 24, NODES = 8 };
  const bool disk = law->kind == MN_INITIAL_DISK;
  if (!disk && law->width <= 0.0) {
    return smeared_circle(law->radius, w, r);
  }
  const double low = fmax(fmax(r - 9.0 * w, 0.0), disk ? 0.0 : law->radius - 9.0 * law->width);
  const double high = fmin(r + 9.0 * w, disk ? law->radius : law->radius + 9.0 * law->width);
  double node[NODES];
  double weight[NODES];
  double sum = 0.0;
  mn_gauss_legendre(NODES, node, weight);
  const double half = 0.5 * (high - low) / PANELS;
  for (int k = 0; k < PANELS * NODES && half > 0.0; k++) {
    const double s = low + half * (2 * (k / NODES) + 1 + node[k % NODES]);
    const double p = disk ? 2.0 * s / (law->radius * law->radius) : ring_radius(law, s);
    sum += half * weight[k % NODES] * p * smeared_circle(s, w, r);
  }
  return sum;
}

/* Share of a cell inside the disk of radius `radius` around 0, by 16 x 16 points. */
static double covered(double x, double y, double dx, double dy, double radius)
{
  enum { SIDE = 16 };
  int inside = 0;
  for (int k = 0; k < SIDE * SIDE; k++) {
    const double px = x + dx * ((k % SIDE + 0.5) / SIDE - 0.5);
    const double py = y + dy * ((k / SIDE + 0.5) / SIDE - 0.5);
    inside += px * px + py * py <= radius * radius;
  }
  return (double)inside / (SIDE * SIDE);
}

static double radial_density(const mn_start *start, const double at[2], const double width[2])
{
  const mn_initial *law = start->law;
  const double x = at[0] - law->centre[0];
  const double y = at[1] - law->centre[1];
  const double r = hypot(x, y);
  if (start->smoothing > 0.0) {
    return smeared_mixture(law, start->smoothing, r);
  }
  if (law->kind == MN_INITIAL_RING) {
    const double least = 0.2 * hypot(width[0], width[1]); /* 1/r has this mean over a cell at 0 */
    return ring_radius(law, r) / (2.0 * pi * fmax(r, least));
  }
  return covered(x, y, width[0], width[1], law->radius) / (pi * law->radius * law->radius);
}

/* Adds weight g(x) g(y) for one Gaussian; `gx` is work space for a row. */
static void add_gaussian(const mn_axis axis[2], const mn_patch *p, double weight, const double at[2], double variance,
                         double *gx, double *rho)
{
  for (int i = 0; i < p->count[0]; i++) {
    const double d = axis[0].x[p->first[0] + i] - at[0];
    gx[i] = exp(-0.5 * d * d / variance) / (2.0 * pi * variance);
  }
  for (int j = 0; j < p->count[1]; j++) {
    const double d = axis[1].x[p->first[1] + j] - at[1];
    const double gy = weight * exp(-0.5 * d * d / variance);
    for (int i = 0; i < p->count[0]; i++) {
      rho[j * p->count[0] + i] += gy * gx[i];
    }
  }
}

mn_error *mn_start_density(const mn_start *start, const mn_axis axis[2], const mn_patch *p, double *rho)
{
  double *gx = NULL;
  MN_TRY(mn_alloc(&gx, p->count[0], sizeof *gx));
  double weight;
  double at[2];
  double variance;
  for (int k = 0; k < p->count[0] * p->count[1]; k++) {
    const int i = p->first[0] + k % p->count[0];
    const int j = p->first[1] + k / p->count[0];
    const double centre[2] = {axis[0].x[i], axis[1].x[j]};
    const double width[2] = {axis[0].width[i], axis[1].width[j]};
    rho[k] = is_radial(start) ? radial_density(start, centre, width) : 0.0;
  }
  for (int64_t k = 0; source(start, k, &weight, at, &variance); k++) {
    add_gaussian(axis, p, weight, at, variance, gx, rho);
  }
  mn_free(&gx);
  return NULL;
}
