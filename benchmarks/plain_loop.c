#include "plain_loop.h"

#include <math.h>

void plain_loop_float(int n, const float *x, const float *y, float target_x, float target_y, float a, float w,
                      double sum[2])
{
  float sum_x = 0.0f;
  float sum_y = 0.0f;
#pragma omp simd reduction(+ : sum_x, sum_y)
  for (int j = 0; j < n; j++) {
    const float dx = target_x - x[j];
    const float dy = target_y - y[j];
    const float e = w * expf(a * (dx * dx + dy * dy));
    sum_x += e * dx;
    sum_y += e * dy;
  }
  sum[0] += (double)sum_x;
  sum[1] += (double)sum_y;
}

void plain_loop_double(int n, const double *x, const double *y, double target_x, double target_y, double a, double w,
                       double sum[2])
{
  double sum_x = 0.0;
  double sum_y = 0.0;
#pragma omp simd reduction(+ : sum_x, sum_y)
  for (int j = 0; j < n; j++) {
    const double dx = target_x - x[j];
    const double dy = target_y - y[j];
    const double e = w * exp(a * (dx * dx + dy * dy));
    sum_x += e * dx;
    sum_y += e * dy;
  }
  sum[0] += sum_x;
  sum[1] += sum_y;
}
