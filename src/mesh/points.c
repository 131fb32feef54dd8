/* The density of each piece is interpolated; what the pieces of a cell have is scaled to the mass of the cell. */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/plane.h>

static mn_error *allocate(int64_t room, mn_plane_points *p)
{
  *p = (mn_plane_points){0};
  MN_TRY(mn_alloc(&p->x, 2 * room, sizeof *p->x));
  MN_TRY(mn_alloc(&p->size, 2 * room, sizeof *p->size));
  return mn_alloc(&p->cumulative, room, sizeof *p->cumulative);
}

/* The pieces of cell (i, j). */
static void cut(const mn_plane *plane, int split, int i, int j, mn_plane_points *p)
{
  const double mass =
      plane->density[(int64_t)j * plane->axis[0].cells + i] * plane->axis[0].width[i] * plane->axis[1].width[j];
  const double size[2] = {plane->axis[0].width[i] / split, plane->axis[1].width[j] / split};
  const int64_t first = p->count;
  double sum = 0.0;
  for (int k = 0; k < split * split; k++) {
    double *x = p->x + 2 * p->count;
    x[0] = plane->axis[0].x[i] + size[0] * (k % split + 0.5 - 0.5 * split);
    x[1] = plane->axis[1].x[j] + size[1] * (k / split + 0.5 - 0.5 * split);
    p->size[2 * p->count] = size[0];
    p->size[2 * p->count + 1] = size[1];
    const double density = mn_plane_density_at(plane, x[0], x[1]);
    if (density > 0.0) {
      p->cumulative[p->count++] = density;
      sum += density;
    }
  }
  for (int64_t k = first; k < p->count; k++) {
    p->cumulative[k] *= mass / sum;
  }
}

mn_error *mn_plane_points_make(const mn_plane *plane, int split, mn_plane_points *p)
{
  const int nx = plane->axis[0].cells;
  const int ny = plane->axis[1].cells;
  mn_error *error = allocate((int64_t)nx * ny * split * split, p);
  for (int k = 0; k < nx * ny && !error; k++) {
    if (plane->density[k] > 0.0) {
      cut(plane, split, k % nx, k / nx, p);
    }
  }
  for (int64_t k = 1; k < p->count && !error; k++) {
    p->cumulative[k] += p->cumulative[k - 1];
  }
  const double total = p->count > 0 ? p->cumulative[p->count - 1] : 1.0;
  for (int64_t k = 0; k < p->count; k++) {
    p->cumulative[k] /= total;
  }
  if (error) {
    mn_plane_points_clear(p);
  }
  return error;
}

void mn_plane_points_clear(mn_plane_points *p)
{
  mn_free(&p->x);
  mn_free(&p->size);
  mn_free(&p->cumulative);
  p->count = 0;
}
