/* plain_loop.h  The yardstick of bench_pairs: the loop a user would write, for the compiler and libmvec to vectorize.
 */
#ifndef MN_BENCH_PLAIN_LOOP_H
#define MN_BENCH_PLAIN_LOOP_H

/* sum += sum over n sources of w exp(a r^2) (dx, dy) */
void plain_loop_float(int n, const float *x, const float *y, float target_x, float target_y, float a, float w,
                      double sum[2]);
void plain_loop_double(int n, const double *x, const double *y, double target_x, double target_y, double a, double w,
                       double sum[2]);

#endif
