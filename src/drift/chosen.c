/* Sums of squares are sums of integers: each term is rounded alone. */
#include "chosen.h"

#include <math.h>

mn_chosen mn_chosen_cells(int64_t count, mn_block block, int64_t most)
{
  const int64_t stride = (count + most - 1) / most;
  const int64_t first = (block.begin + stride - 1) / stride * stride - block.begin;
  const int64_t local = mn_block_count(block);
  return (mn_chosen){stride, first, first < local ? (local - first + stride - 1) / stride : 0};
}

void mn_chosen_pick(const mn_chosen *c, const double *from, double *to)
{
  for (int64_t i = 0; i < c->n; i++) {
    const double *v = from + 2 * (c->first + i * c->stride);
    to[2 * i] = v[0];
    to[2 * i + 1] = v[1];
  }
}

int64_t mn_chosen_squares(const mn_chosen *c, double largest, const double *vectors)
{
  int64_t sum = 0;
  for (int64_t i = 0; i < c->n; i++) {
    const double *v = vectors + 2 * (c->first + i * c->stride);
    const double x = v[0] / largest;
    const double y = v[1] / largest;
    sum += (int64_t)((x * x + y * y) * 0x1p48);
  }
  return sum;
}

double mn_chosen_rms(const mn_parallel *parallel, const mn_chosen *c, const double *vectors)
{
  double largest = 0.0;
  for (int64_t i = 0; i < c->n; i++) {
    const double *v = vectors + 2 * (c->first + i * c->stride);
    largest = fmax(largest, hypot(v[0], v[1]));
  }
  MPI_Allreduce(MPI_IN_PLACE, &largest, 1, MPI_DOUBLE, MPI_MAX, parallel->comm);
  int64_t total[2] = {largest > 0.0 ? mn_chosen_squares(c, largest, vectors) : 0, c->n};
  MPI_Allreduce(MPI_IN_PLACE, total, 2, MPI_INT64_T, MPI_SUM, parallel->comm);
  return total[1] > 0 ? largest * sqrt(ldexp((double)total[0], -48) / (double)total[1]) : 0.0;
}
