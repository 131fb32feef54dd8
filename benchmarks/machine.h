/* machine.h  What one core of this machine can do: the yardsticks that shares are printed of. */
#ifndef MN_BENCH_MACHINE_H
#define MN_BENCH_MACHINE_H

/* Evaluations of w exp(a r^2)(dx, dy) in float a second, in units of 10^9, with a vector exp; the best of some tries
 * of 5 ms. */
double machine_exponentials(int tries);

/* Bytes read and written a second by a = b + s c on arrays larger than the cache, in units of 10^9; the best of some.
 */
double machine_bandwidth(void);

#endif
