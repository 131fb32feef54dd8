/* Order 4.  In the coordinates of the cells both fluxes have the form d/dxi (b du/dxi), b = 1/X' and u = rho, or
 * b = rho/X' and u = c.  The narrow stencil of Mattsson (J. Sci. Comput. 51, 2012) for it is a sum of exchanges
 * between pairs of cells, theory.md (24),
 *
 *     near_i (u_{i+1} - u_i),     near_i = (b_{i-1} + b_{i+2})/6 + (b_i + b_{i+1})/2
 *     far_i  (u_{i+1} - u_{i-1}), far_i  = b_i/6 - (b_{i-1} + b_{i+1})/8
 *
 * so mass is conserved to rounding, and the derivative is exact because the form is linear in b and in u. */
#include "system.h"

/* What of an axis the four exchanges of one cell need: 1/X' of the cells around it; weights of c to the left and right,
 * near and far; whether rho may pass there. */
typedef struct node {
  double w0, w1, w2, w3, w4;
  double near_left, near_right, far_left, far_right;
  double open_near_left, open_near_right, open_far_left, open_far_right;
} node;

/* From pointers to the entries of a cell in the arrays of mn_line. */
static inline node node_of(const double *w, const double *near, const double *far, const double *open_near,
                           const double *open_far)
{
  return (node){w[-2],   w[-1],  w[0],          w[1],         w[2],         near[-1],   near[0],
                far[-1], far[1], open_near[-1], open_near[0], open_far[-1], open_far[1]};
}

static node node_at(const mn_line *line, int i)
{
  return node_of(line->inverse + i, line->near + i, line->far + i, line->near_open + i, line->far_open + i);
}

/* d/dx (b du/dx) for c: b = 1/X', open everywhere. */
static inline double spread(node n, const double *u, int64_t s)
{
  return n.w2 * (n.near_right * (u[s] - u[0]) - n.near_left * (u[0] - u[-s]) + n.far_right * (u[2 * s] - u[0]) -
                 n.far_left * (u[0] - u[-2 * s]));
}

/* The same for rho, closed at the border. */
static inline double spread_closed(node n, const double *u, int64_t s)
{
  return n.w2 *
         (n.open_near_right * n.near_right * (u[s] - u[0]) - n.open_near_left * n.near_left * (u[0] - u[-s]) +
          n.open_far_right * n.far_right * (u[2 * s] - u[0]) - n.open_far_left * n.far_left * (u[0] - u[-2 * s]));
}

/* div(rho grad c) along one axis: b = rho/X', closed at the border. */
static inline double carry(node n, const double *rho, const double *c, int64_t s)
{
  const double b0 = rho[-2 * s] * n.w0;
  const double b1 = rho[-s] * n.w1;
  const double b2 = rho[0] * n.w2;
  const double b3 = rho[s] * n.w3;
  const double b4 = rho[2 * s] * n.w4;
  const double near_left = n.open_near_left * ((b0 + b3) * (1.0 / 6.0) + 0.5 * (b1 + b2));
  const double near_right = n.open_near_right * ((b1 + b4) * (1.0 / 6.0) + 0.5 * (b2 + b3));
  const double far_left = n.open_far_left * (b1 * (1.0 / 6.0) - 0.125 * (b0 + b2));
  const double far_right = n.open_far_right * (b3 * (1.0 / 6.0) - 0.125 * (b2 + b4));
  return n.w2 * (near_right * (c[s] - c[0]) - near_left * (c[0] - c[-s]) + far_right * (c[2 * s] - c[0]) -
                 far_left * (c[0] - c[-2 * s]));
}

/* One row of cells from cell `first` on: diffusion of r and d, and b carried by c; `y` is the row's, `up` the stride to
 * the next row.  With r = b = rho and d = c it is the rate, with r = b a direction in rho and d one in c half its
 * derivative. */
static void rate_row(const mn_line *line, int first, node y, double chi, double lambda, int64_t count,
                     const double *restrict r, const double *restrict d, const double *restrict c, int64_t up,
                     double *restrict out)
{
  const double *w = line->inverse + first;
  const double *near = line->near + first;
  const double *far = line->far + first;
  const double *open_near = line->near_open + first;
  const double *open_far = line->far_open + first;
  for (int64_t k = 0; k < count; k++) {
    const node x = node_of(w + k, near + k, far + k, open_near + k, open_far + k);
    const double carried = carry(x, r + k, c + k, 1) + carry(y, r + k, c + k, up);
    out[2 * k] = spread_closed(x, r + k, 1) + spread_closed(y, r + k, up) - chi * carried;
    out[2 * k + 1] = spread(x, d + k, 1) + spread(y, d + k, up) + r[k] - lambda * d[k];
  }
}

/* The other half: rho carried by the direction d. */
static void carry_row(const mn_line *line, int first, node y, double chi, int64_t count, const double *restrict rho,
                      const double *restrict d, int64_t up, double *restrict out)
{
  const double *w = line->inverse + first;
  const double *near = line->near + first;
  const double *far = line->far + first;
  const double *open_near = line->near_open + first;
  const double *open_far = line->far_open + first;
  for (int64_t k = 0; k < count; k++) {
    const node x = node_of(w + k, near + k, far + k, open_near + k, open_far + k);
    out[2 * k] -= chi * (carry(x, rho + k, d + k, 1) + carry(y, rho + k, d + k, up));
  }
}

static void rate(const mn_site *site, mn_pair state, double *out)
{
  const mn_part *part = &site->part;
  for (int j = 0; j < part->count[1]; j++) {
    const int row = part->first[1] + j;
    const int64_t at = mn_part_at(part, part->first[0], row);
    rate_row(&site->line[0], part->first[0], node_at(&site->line[1], row), site->chi, site->lambda, part->count[0],
             state.rho + at, state.c + at, state.c + at, part->ghost_count[0], out + 2 * (int64_t)j * part->count[0]);
  }
}

static void derivative(const mn_site *site, mn_pair state, mn_pair v, double *out)
{
  const mn_part *part = &site->part;
  for (int j = 0; j < part->count[1]; j++) {
    const int row = part->first[1] + j;
    const int64_t at = mn_part_at(part, part->first[0], row);
    const node y = node_at(&site->line[1], row);
    double *to = out + 2 * (int64_t)j * part->count[0];
    rate_row(&site->line[0], part->first[0], y, site->chi, site->lambda, part->count[0], v.rho + at, v.c + at,
             state.c + at, part->ghost_count[0], to);
    carry_row(&site->line[0], part->first[0], y, site->chi, part->count[0], state.rho + at, v.c + at,
              part->ghost_count[0], to);
  }
}

const mn_stencil mn_stencil_central = {4, rate, derivative};
