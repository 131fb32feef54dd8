/* Lines: a profile singular as 1/r2 or ln r2 is straight between neighbours in a table whose steps shrink with r2; the
 * place in it is read off the bits of r2.  A table has to be looked up lane by lane.
 *
 * Quartics, one for every factor of 4 in r2, fit into registers: half of the instructions.  They err by some 1e-3, and
 * what is nearer than reach/256 meets the first of them, which a logarithm forgives and a pole does not.  So the errors
 * of the fit decide; no singularity has to be known. */
#include "curve.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

const double mn_quartics_from = 1e-3;

static float float_of(int32_t bits)
{
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static int32_t bits_of(float value)
{
  int32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* Fills the table with steps of an octave over per_octave, a power of two. */
static void fill_lines(mn_curve *c, mn_profile *profile, const void *context, double reach, int per_octave)
{
  const double square = c->unit * c->unit;
  int octave; /* 2^octave: largest r2 of the table */
  frexp(reach * reach / square, &octave);
  c->kind = MN_CURVE_LINES;
  c->shift = 23 - ilogb(per_octave);
  c->first = bits_of(ldexpf(1.0F, octave - MN_LINES_OCTAVES)) >> c->shift;
  c->last = MN_LINES_OCTAVES * per_octave - 1;
  double before = 0.0;
  for (int k = 0; k <= c->last + 1; k++) {
    const double at = (double)float_of((c->first + k) << c->shift);
    const double value = at * square <= reach * reach * 1.1 ? profile(context, at * square) : 0.0;
    if (k > 0) {
      const double since = (double)float_of((c->first + k - 1) << c->shift);
      const double slope = (value - before) / (at - since);
      c->line[k - 1] = (struct mn_line){(float)(before - slope * since), (float)slope};
    }
    before = value;
  }
}

/* term[n] of the quartic through the profile at five points s, r2 = s per_s; by Newton's divided differences. */
static void interpolate(mn_profile *profile, const void *context, double per_s, const double *s, double *term)
{
  double difference[MN_QUARTIC_TERMS];
  for (int i = 0; i < MN_QUARTIC_TERMS; i++) {
    difference[i] = profile(context, s[i] * per_s);
    term[i] = 0.0;
  }
  for (int order = 1; order < MN_QUARTIC_TERMS; order++) {
    for (int i = MN_QUARTIC_TERMS - 1; i >= order; i--) {
      difference[i] = (difference[i] - difference[i - 1]) / (s[i] - s[i - order]);
    }
  }
  for (int i = MN_QUARTIC_TERMS - 1; i >= 0; i--) { /* term = term (x - s[i]) + difference[i] */
    for (int n = MN_QUARTIC_TERMS - 1; n > 0; n--) {
      term[n] = term[n - 1] - s[i] * term[n];
    }
    term[0] = difference[i] - s[i] * term[0];
  }
}

static void fill_quartics(mn_curve *c, mn_profile *profile, const void *context, double per_s)
{
  static const double pi = 3.14159265358979323846;
  for (int k = 0; k < MN_QUARTICS; k++) {
    double s[MN_QUARTIC_TERMS];
    double term[MN_QUARTIC_TERMS];
    const double end = ldexp(2.0, 2 * (k + 1 - MN_QUARTICS));
    for (int i = 0; i < MN_QUARTIC_TERMS; i++) { /* Chebyshev's points of [end/4, end] */
      s[i] = end * (0.625 + 0.375 * cos(pi * (i + 0.5) / MN_QUARTIC_TERMS));
    }
    interpolate(profile, context, per_s, s, term);
    for (int n = 0; n < MN_QUARTIC_TERMS; n++) {
      c->quartic[n][k] = (float)term[n];
    }
  }
}

static double quartic(const mn_curve *c, double s)
{
  const int k = (int)fmax(0.0, floor(0.5 * log2(0.5 * s)) + MN_QUARTICS);
  double value = 0.0;
  for (int n = MN_QUARTIC_TERMS - 1; n >= 0; n--) {
    value = value * s + (double)c->quartic[n][k];
  }
  return value;
}

/* rms error of r f over the disc, relative: both are integrals of s ds, from points at even distances in ln s. Infinite
 * if too much is missed from s = nearest on: where cells are dense, what is nearer would be many. */
static double error_of_quartics(const mn_curve *c, mn_profile *profile, const void *context, double per_s,
                                double nearest)
{
  double error = 0.0;
  double square = 0.0;
  for (double s = 1.99; s > 1e-9; s *= 0.85) {
    const double f = profile(context, s * per_s);
    const double missed = quartic(c, s) - f;
    if (s >= nearest && s < 0.1 && fabs(missed) > 0.3 * fabs(f)) {
      return (double)INFINITY;
    }
    error += missed * missed * s * s;
    square += f * f * s * s;
  }
  return sqrt(error / square);
}

/* True when they are good enough. */
static bool try_quartics(mn_curve *c, mn_profile *profile, const void *context, double reach, double nearest,
                         double accuracy)
{
  const double per_s = reach * reach / 1.9999;
  c->kind = MN_CURVE_QUARTICS;
  c->scale = (float)(c->unit * c->unit / per_s);
  fill_quartics(c, profile, context, per_s);
  return error_of_quartics(c, profile, context, per_s, nearest * nearest / per_s) <= accuracy;
}

void mn_curve_fill(mn_curve *c, mn_profile *profile, const void *context, double reach, double nearest, double accuracy,
                   const double low[2], const double high[2])
{
  c->unit = ldexp(fmax(fmax(high[0] - low[0], high[1] - low[1]), 4.0 * reach), -30);
  c->reach2 = (float)(reach * reach / (c->unit * c->unit));
  for (int a = 0; a < 2; a++) {
    c->origin[a] = 0.5 * (low[a] + high[a]);
  }
  if (accuracy >= mn_quartics_from && try_quartics(c, profile, context, reach, nearest, accuracy)) {
    return;
  }
  int per_octave = 8;
  while (per_octave <= MN_LINES_MAX && 0.25 / (per_octave * per_octave) > accuracy) {
    per_octave *= 2;
  }
  c->kind = MN_CURVE_NONE;
  if (per_octave <= MN_LINES_MAX) {
    fill_lines(c, profile, context, reach, per_octave);
  }
}
