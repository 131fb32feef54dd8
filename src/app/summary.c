/* A row has an exact value only where a law of theory.md section 6 covers the case that was run. */
#include "summary.h"

#include <mnemotaxis/laws.h>

#include <math.h>

typedef struct row {
  const char *name;
  double value, error, exact; /* NaN: none */
  const char *law;
} row;

static void print_row(mn_reporting *r, const row *line)
{
  char error[32] = "";
  char exact[32] = "";
  char sigma[32] = "";
  if (isfinite(line->error)) {
    snprintf(error, sizeof error, "%.4g", line->error);
  }
  if (isfinite(line->exact)) {
    snprintf(exact, sizeof exact, "%.6g", line->exact);
  }
  if (isfinite(line->exact) && line->error > 0.0) {
    snprintf(sigma, sizeof sigma, "%+.1f", (line->value - line->exact) / line->error);
  }
  mn_report_line(r, "  %-22s %12.6g %11s %12s %8s  %s", line->name, line->value, error, exact, sigma, line->law);
}

static bool centred_law_known(const mn_run_options *o)
{
  return o->initial.kind != MN_INITIAL_FILE && o->dynamics.field.kind == MN_FIELD_ZERO;
}

static bool pull_law_known(const mn_run_options *o)
{
  const bool shape = o->initial.kind == MN_INITIAL_GAUSSIAN || o->initial.kind == MN_INITIAL_DIRAC;
  return shape && o->dynamics.field.kind == MN_FIELD_ZERO && o->dynamics.model.regularization == 0.0;
}

/* By symmetry the centre of mass of a law with a centre of symmetry stays there on average. */
static double centre_law(const mn_run_options *o, int axis)
{
  double centre[2];
  const bool symmetric = centred_law_known(o) && o->initial.kind != MN_INITIAL_CLUSTERS;
  mn_initial_mean_square(&o->initial, centre);
  return symmetric ? centre[axis] : (double)NAN;
}

/* E|X|^2 with the free cells as control: their E|B|^2 = E|X_0|^2 + 4t is exact, only the pull is noisy. */
static row mean_square(const mn_run_options *o, const mn_observation *last)
{
  const double variance = o->initial.kind == MN_INITIAL_GAUSSIAN ? o->initial.variance : 0.0;
  double centre[2];
  const double free_cells = mn_initial_mean_square(&o->initial, centre) + 4.0 * last->time;
  row line = {"E|X|^2 (controlled)", free_cells + last->value[MN_PULL], last->error[MN_PULL], NAN, ""};
  if (pull_law_known(o)) {
    line.exact = free_cells + mn_law_pull(&o->dynamics.model, variance, last->time);
    line.law = "first order in chi, every N";
  }
  return line;
}

void mn_summary_print(mn_reporting *r, const mn_run_options *o, const mn_run_report *report)
{
  const mn_observation *last = &report->last;
  const double mass =
      mn_field_mass(&o->dynamics.field) * exp(-o->dynamics.model.lambda * last->time / o->dynamics.model.theta) +
      mn_kernel_mass(&o->dynamics.model, 0.0, last->time);
  mn_report_line(r, "at time %.6g, %lld cells:", last->time, (long long)o->count);
  mn_report_line(r, "  %-22s %12s %11s %12s %8s  %s", "observable", "measured", "std error", "exact", "sigma", "law");
  if (o->initial.kind != MN_INITIAL_FILE) {
    const row controlled = mean_square(o, last);
    print_row(r, &controlled);
  }
  const row rows[] = {
      {"E|X|^2", last->value[MN_MEAN_SQUARE], last->error[MN_MEAN_SQUARE], NAN, ""},
      {"centre of mass, x", last->value[MN_CENTRE_X], last->error[MN_CENTRE_X], centre_law(o, 0), "symmetry"},
      {"centre of mass, y", last->value[MN_CENTRE_Y], last->error[MN_CENTRE_Y], centre_law(o, 1), "symmetry"},
      {"median radius", last->value[MN_RADIUS_Q50], last->error[MN_RADIUS_Q50], NAN, ""},
      {"smallest distance", last->value[MN_MIN_DISTANCE], NAN, NAN, ""},
      {"E|D^{12}|", last->value[MN_PAIR_DRIFT_1], last->error[MN_PAIR_DRIFT_1], NAN, ""},
      {"chemical mass", last->value[MN_CHEMICAL_MASS], NAN, mass, "conservation"},
  };
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    print_row(r, &rows[k]);
  }
}
