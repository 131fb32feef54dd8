/* The sum of the first M steps min(first g^m, step) grows with g; for the smallest M whose sums, 1 <= g <= growth,
 * hold a multiple of `step`, g is found by bisection.  Times never accumulate rounding after the ramp. */
#include <mnemotaxis/schedule.h>

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static double ramp_step(const mn_schedule *s, double growth, int64_t m)
{
  return fmin(s->first * pow(growth, (double)m), s->step);
}

/* Sum of the first steps: a geometric one until `step` is reached, then multiples of it. */
static double ramp_sum(const mn_schedule *s, double growth, int64_t steps)
{
  const double rate = log(growth);
  if (rate <= 0.0) {
    return (double)steps * s->first;
  }
  const double below = fmin((double)steps, ceil(log(s->step / s->first) / rate));
  return s->first * expm1(below * rate) / expm1(rate) + ((double)steps - below) * s->step;
}

static double bisect(const mn_schedule *s, double low, double high, int64_t steps, double goal)
{
  for (int k = 0; k < 200; k++) {
    const double middle = 0.5 * (low + high);
    if (ramp_sum(s, middle, steps) < goal) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return 0.5 * (low + high);
}

/* Can a ramp of s->ramp steps end on a multiple of `step`, and go on to `step` by no more than the allowed ratio?
 * Sets multiple and growth.  With enough steps it always can: the steepest ramp gains `step` per step, the flattest
 * only `first`. */
static bool fits(mn_schedule *s, double growth)
{
  const double flattest = s->first * (double)s->ramp;
  s->multiple = (int64_t)floor(ramp_sum(s, growth, s->ramp) / s->step);
  const double goal = (double)s->multiple * s->step;
  if (s->multiple < 1 || goal < flattest) {
    return false;
  }
  s->growth = bisect(s, 1.0, growth, s->ramp, goal);
  return ramp_step(s, s->growth, s->ramp - 1) * growth >= s->step;
}

mn_error *mn_schedule_make(double step, double first, double growth, mn_schedule *schedule)
{
  if (!(step > 0.0) || !(first >= 0.0) || !(first <= step) || !(growth > 1.0)) {
    return mn_error_create(MN_USAGE,
                           "time.step = %g, time.first_step = %g, time.growth = %g: need 0 <= first_step <= step, "
                           "step > 0 and growth > 1",
                           step, first, growth);
  }
  *schedule = (mn_schedule){.step = step, .first = step, .growth = 1.0};
  if (first == 0.0 || first == step) {
    return NULL;
  }
  schedule->first = first;
  for (schedule->ramp = 1;; schedule->ramp++) {
    if (fits(schedule, growth)) {
      return NULL;
    }
  }
}

double mn_schedule_time(const mn_schedule *s, int64_t n)
{
  if (n >= s->ramp) {
    return (double)(s->multiple + n - s->ramp) * s->step;
  }
  return ramp_sum(s, s->growth, n);
}

double mn_schedule_step(const mn_schedule *s, int64_t n)
{
  return n >= s->ramp ? s->step : ramp_step(s, s->growth, n);
}

mn_error *mn_schedule_steps(const mn_schedule *s, double end, int64_t *steps)
{
  const double multiples = end / s->step;
  const double nearest = round(multiples);
  if (!isfinite(end)) {
    return mn_error_create(MN_USAGE, "time.end = %g must be a finite number", end);
  }
  if (fabs(multiples - nearest) > 1e-9 * fmax(1.0, nearest)) {
    return mn_error_create(MN_USAGE,
                           "time.end = %.12g is not a multiple of time.step = %.12g; near it are %.12g and %.12g", end,
                           s->step, floor(multiples) * s->step, ceil(multiples) * s->step);
  }
  if (nearest < (double)s->multiple || nearest < 1.0) {
    return mn_error_create(MN_USAGE,
                           "time.end = %.12g is before the first possible end, %.12g (where the growing steps "
                           "have reached time.step)",
                           end, (double)(s->multiple > 0 ? s->multiple : 1) * s->step);
  }
  *steps = (int64_t)nearest - s->multiple + s->ramp;
  return NULL;
}
