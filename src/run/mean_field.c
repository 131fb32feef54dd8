/* Up to MOST steps the field is kept at every one, and no interpolation in time is needed; beyond, at every stride-th,
 * with the cubic through the four moments around. */
#include <mnemotaxis/mean_field.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <string.h>

enum { MOST = 256 };

void mn_mean_field_destroy(mn_mean_field **field)
{
  mn_mean_field *f = *field;
  if (f) {
    for (int k = 0; k < f->moments && f->plane; k++) {
      mn_plane_clear(&f->plane[k]);
    }
    mn_free(&f->plane);
  }
  mn_free(field);
}

static mn_error *create(int moments, double end, mn_mean_field **field)
{
  MN_TRY(mn_alloc(field, 1, sizeof **field));
  (*field)->moments = moments;
  (*field)->end = end;
  mn_error *error = mn_alloc(&(*field)->plane, moments, sizeof *(*field)->plane);
  if (error) {
    mn_mean_field_destroy(field);
  }
  return error;
}

/* Solves until t; `stopped` if that was requested before. */
static mn_error *advance_to(const mn_parallel *parallel, mn_pde *pde, double t, const mn_stop_options *stop,
                            bool *stopped)
{
  mn_pde_outcome outcome = MN_PDE_GOES_ON;
  while (mn_pde_now(pde)->time < t && outcome == MN_PDE_GOES_ON && !*stopped) {
    MN_TRY(mn_pde_advance(pde, t, &outcome));
    *stopped = mn_any(parallel, stop && stop->requested && stop->requested(stop->context));
  }
  if (outcome == MN_PDE_GOES_ON) {
    return NULL;
  }
  return mn_error_create(MN_USAGE, "the density of the continuum concentrates at time %.6g, before the end",
                         mn_pde_now(pde)->time);
}

static mn_error *record(const mn_parallel *parallel, mn_pde *pde, const mn_schedule *schedule, int64_t steps,
                        const mn_stop_options *stop, mn_mean_field *f, bool *stopped)
{
  const int64_t stride = (steps + MOST - 1) / MOST;
  for (int k = 0; k < f->moments && !*stopped; k++) {
    const int64_t n = k * stride < steps ? k * stride : steps;
    MN_TRY(advance_to(parallel, pde, mn_schedule_time(schedule, n), stop, stopped));
    MN_TRY(mn_pde_plane(pde, &f->plane[k]));
    f->plane[k].time = mn_schedule_time(schedule, n);
    if (k < f->moments - 1) {
      mn_free(&f->plane[k].density);
    }
  }
  return NULL;
}

mn_error *mn_mean_field_solve(const mn_parallel *parallel, const mn_pde_options *options, const mn_schedule *schedule,
                              int64_t steps, const mn_stop_options *stop, mn_mean_field **field)
{
  const int64_t stride = (steps + MOST - 1) / MOST;
  bool stopped = false;
  mn_pde *pde = NULL;
  *field = NULL;
  mn_error *error = create((int)((steps + stride - 1) / stride) + 1, mn_schedule_time(schedule, steps), field);
  error = mn_agree(parallel, error);
  error = error ? error : mn_pde_create(parallel, options, &pde);
  error = error ? error : record(parallel, pde, schedule, steps, stop, *field, &stopped);
  mn_pde_destroy(&pde);
  if (error || stopped) {
    mn_mean_field_destroy(field);
  }
  return error;
}

/* An axis of rank 0 on all ranks; elsewhere it is made. */
static mn_error *share_axis(const mn_parallel *parallel, mn_axis *axis)
{
  double ends[2] = {axis->low, axis->high};
  int cells = axis->cells;
  MPI_Bcast(&cells, 1, MPI_INT, 0, parallel->comm);
  MPI_Bcast(ends, 2, MPI_DOUBLE, 0, parallel->comm);
  MN_TRY(mn_agree(parallel, parallel->rank > 0 ? mn_axis_alloc(cells, ends[0], ends[1], axis) : NULL));
  MPI_Bcast(axis->x - MN_GHOSTS, cells + 2 * MN_GHOSTS, MPI_DOUBLE, 0, parallel->comm);
  MPI_Bcast(axis->width - MN_GHOSTS, cells + 2 * MN_GHOSTS, MPI_DOUBLE, 0, parallel->comm);
  return NULL;
}

static mn_error *share_plane(const mn_parallel *parallel, bool density, mn_plane *plane)
{
  mn_axis axis[2] = {{0}};
  double *values[2] = {plane->chemical, plane->density};
  if (parallel->rank == 0) {
    axis[0] = plane->axis[0];
    axis[1] = plane->axis[1];
  }
  double time = plane->time;
  mn_error *error = share_axis(parallel, &axis[0]);
  error = error ? error : share_axis(parallel, &axis[1]);
  if (error && parallel->rank > 0) {
    mn_axis_clear(&axis[0]);
  }
  MN_TRY(error);
  const int cells = axis[0].cells * axis[1].cells;
  MPI_Bcast(&time, 1, MPI_DOUBLE, 0, parallel->comm);
  if (parallel->rank > 0) {
    error = mn_plane_alloc(time, axis, plane);
    values[0] = plane->chemical;
    values[1] = plane->density;
  }
  MN_TRY(mn_agree(parallel, error));
  MPI_Bcast(values[0], cells, MPI_DOUBLE, 0, parallel->comm);
  if (density) {
    MPI_Bcast(values[1], cells, MPI_DOUBLE, 0, parallel->comm);
  } else {
    mn_free(&plane->density);
  }
  return NULL;
}

mn_error *mn_mean_field_share(const mn_parallel *parallel, mn_mean_field **field)
{
  int moments = parallel->rank == 0 ? (*field)->moments : 0;
  double end = parallel->rank == 0 ? (*field)->end : 0.0;
  MPI_Bcast(&moments, 1, MPI_INT, 0, parallel->comm);
  MPI_Bcast(&end, 1, MPI_DOUBLE, 0, parallel->comm);
  mn_error *error = mn_agree(parallel, parallel->rank > 0 ? create(moments, end, field) : NULL);
  for (int k = 0; k < moments && !error; k++) {
    error = share_plane(parallel, k == moments - 1, &(*field)->plane[k]);
  }
  return error;
}

/* The first moment at or after t. */
static int moment_after(const mn_mean_field *f, double t)
{
  int low = 0;
  int high = f->moments - 1;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (f->plane[middle].time < t) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void mn_mean_field_gradient(const mn_mean_field *f, double t, const double x[2], double gradient[2])
{
  enum { POINTS = 4 };
  const int after = moment_after(f, t);
  int first = after;
  int points = 1;
  if (f->plane[after].time != t && f->moments > 1) {
    points = f->moments < POINTS ? f->moments : POINTS;
    first = after - points / 2;
    first = first < 0 ? 0 : first > f->moments - points ? f->moments - points : first;
  }
  gradient[0] = gradient[1] = 0.0;
  for (int i = first; i < first + points; i++) {
    double part[2];
    double weight = 1.0;
    for (int j = first; j < first + points; j++) {
      weight *= j == i ? 1.0 : (t - f->plane[j].time) / (f->plane[i].time - f->plane[j].time);
    }
    (void)mn_plane_at(&f->plane[i], f->plane[i].chemical, x[0], x[1], part);
    gradient[0] += weight * part[0];
    gradient[1] += weight * part[1];
  }
}

void mn_mean_field_advance(const mn_mean_field *f, const mn_dynamics *d, int64_t n, int64_t count, const double *noise,
                           double *x)
{
  const double t = mn_schedule_time(&d->schedule, n);
  const double end = mn_schedule_time(&d->schedule, n + 1);
  const double pull = d->model.chi * mn_schedule_step(&d->schedule, n);
  for (int64_t i = 0; i < count; i++) {
    double *at = x + 2 * i;
    double now[2];
    double then[2];
    mn_mean_field_gradient(f, t, at, now);
    if (d->scheme == MN_SCHEME_HEUN) {
      const double predicted[2] = {at[0] + pull * now[0] + noise[2 * i], at[1] + pull * now[1] + noise[2 * i + 1]};
      mn_mean_field_gradient(f, end, predicted, then);
      now[0] = 0.5 * (now[0] + then[0]);
      now[1] = 0.5 * (now[1] + then[1]);
    }
    at[0] += pull * now[0] + noise[2 * i];
    at[1] += pull * now[1] + noise[2 * i + 1];
  }
}
