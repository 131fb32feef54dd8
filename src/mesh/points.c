/* Pieces are graded as smoothly as the cells.  The density at the middle of every piece is interpolated.  To fill a
 * piece of width w evenly adds w^2/24 f'' to the mean of a function f; what that is in sum, (w^2 rho)''/24 in each
 * direction, is taken off the density before, so that the pieces stand for it to order 4.  Only the total is set to 1.
 */
#include <mnemotaxis/memory.h>
#include <mnemotaxis/plane.h>

static mn_error *allocate(int64_t room, mn_plane_points *p)
{
  *p = (mn_plane_points){0};
  MN_TRY(mn_alloc(&p->x, 2 * room, sizeof *p->x));
  MN_TRY(mn_alloc(&p->size, 2 * room, sizeof *p->size));
  return mn_alloc(&p->cumulative, room, sizeof *p->cumulative);
}

/* The pieces: middles and widths of columns and rows, and the density at their middles. */
typedef struct pieces {
  int count[2];
  double *middle[2], *width[2];
  double *density; /* [count[1], count[0]] */
} pieces;

/* (w^2 f)''/24 at f[0], from its neighbours at f[-s] and f[s], positions x and widths w. */
static double excess(const double *f, int64_t s, const double *x, const double *w)
{
  const double back = x[0] - x[-1];
  const double ahead = x[1] - x[0];
  const double g = w[0] * w[0] * f[0];
  return ((w[1] * w[1] * f[s] - g) / ahead - (g - w[-1] * w[-1] * f[-s]) / back) / (12.0 * (ahead + back));
}

/* Average that piece (i, j) is given, never less than half of the value in its middle. */
static double average(const pieces *c, int i, int j)
{
  const double *f = c->density + (int64_t)j * c->count[0] + i;
  if (i == 0 || j == 0 || i == c->count[0] - 1 || j == c->count[1] - 1) {
    return f[0];
  }
  const double value = f[0] - excess(f, 1, c->middle[0] + i, c->width[0] + i) -
                       excess(f, c->count[0], c->middle[1] + j, c->width[1] + j);
  return value > 0.5 * f[0] ? value : 0.5 * f[0];
}

/* Takes the pieces that have mass. */
static void collect(const pieces *c, mn_plane_points *p)
{
  double sum = 0.0;
  for (int j = 0; j < c->count[1]; j++) {
    for (int i = 0; i < c->count[0]; i++) {
      const double rho = average(c, i, j);
      if (rho > 0.0) {
        const int64_t k = p->count++;
        p->x[2 * k] = c->middle[0][i];
        p->x[2 * k + 1] = c->middle[1][j];
        p->size[2 * k] = c->width[0][i];
        p->size[2 * k + 1] = c->width[1][j];
        sum += rho * c->width[0][i] * c->width[1][j];
        p->cumulative[k] = sum;
      }
    }
  }
  for (int64_t k = 0; k < p->count; k++) {
    p->cumulative[k] /= sum;
  }
}

static void free_pieces(pieces *c)
{
  for (int a = 0; a < 2; a++) {
    mn_free(&c->middle[a]);
    mn_free(&c->width[a]);
  }
  mn_free(&c->density);
}

/* A row of values at the centres of cells, at distance t (in cells, |t| < 1/2) from centre k, by a cubic. */
static double between(const double *value, int k, double t)
{
  const double *v = t < 0.0 ? value + k - 1 : value + k;
  const double s = t < 0.0 ? t + 1.0 : t;
  return -s * (s - 1.0) * (s - 2.0) / 6.0 * v[-1] + (s + 1.0) * (s - 1.0) * (s - 2.0) / 2.0 * v[0] -
         (s + 1.0) * s * (s - 2.0) / 2.0 * v[1] + (s + 1.0) * s * (s - 1.0) / 6.0 * v[2];
}

static mn_error *make_pieces(const mn_plane *plane, int split, pieces *c)
{
  for (int a = 0; a < 2; a++) {
    const mn_axis *axis = &plane->axis[a];
    c->count[a] = axis->cells * split;
    MN_TRY(mn_alloc(&c->middle[a], c->count[a], sizeof *c->middle[a]));
    MN_TRY(mn_alloc(&c->width[a], c->count[a], sizeof *c->width[a]));
    for (int k = 0; k < c->count[a]; k++) {
      const double t = (k % split + 0.5) / split - 0.5;
      c->width[a][k] = between(axis->width, k / split, t) / split;
      c->middle[a][k] = between(axis->x, k / split, t);
    }
  }
  MN_TRY(mn_alloc(&c->density, (int64_t)c->count[0] * c->count[1], sizeof *c->density));
  return mn_plane_sample_density(plane, c->count[0], c->middle[0], c->count[1], c->middle[1], c->density);
}

static int finest_split(int64_t cells, int64_t most)
{
  int split = 4;
  while (split > 1 && split * split * cells > most) {
    split /= 2;
  }
  return split;
}

mn_error *mn_plane_points_make(const mn_plane *plane, int64_t most, mn_plane_points *p)
{
  pieces c = {.density = NULL};
  const int64_t cells = (int64_t)plane->axis[0].cells * plane->axis[1].cells;
  const int split = finest_split(cells, most);
  mn_error *error = allocate(cells * split * split, p);
  error = error ? error : make_pieces(plane, split, &c);
  if (!error) {
    collect(&c, p);
  } else {
    mn_plane_points_clear(p);
  }
  free_pieces(&c);
  return error;
}

double mn_plane_points_mass(const mn_plane_points *p, int64_t k)
{
  return k == 0 ? p->cumulative[0] : p->cumulative[k] - p->cumulative[k - 1];
}

void mn_plane_points_clear(mn_plane_points *p)
{
  mn_free(&p->x);
  mn_free(&p->size);
  mn_free(&p->cumulative);
  p->count = 0;
}
