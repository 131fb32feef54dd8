/* The field of an interval of length g at lag tau is a Gaussian of variance 2 tau/theta.  Without the sample between
 * two intervals the path there is known to sqrt(g/6) only, so the force of the joint interval is wrong by about |second
 * derivative| sqrt(g/6) g, of random sign from interval to interval: with g intervals of a lag of order tau this adds
 * up to 0.008 theta g tau^(-3/2), rms; twice that for frozen sources, which take the younger end for all of an interval
 * and so know the path to sqrt(2 g/3) only.  What is older than tau altogether is at most mn_kernel_tail(tau).
 *
 * For theta >> 1 a path seldom comes back into its own narrow trail, and both are far too careful.  A sample that is
 * felt with f a unit of time, rms, independently of its neighbours at worst, is wrong by 0.7 f g on an interval, and f
 * falls like tau^(-3/2): all intervals of a lag of order tau add up to 0.7 f sqrt(g tau), and all that is older to 2 f
 * tau if it points in one direction.  The smaller bound holds. */
#include <mnemotaxis/trail.h>

#include <math.h>

/* What joint intervals of unit length err by, all those of lags of that order. */
static double error_of_joints(const mn_model *model, double lag)
{
  const double known = model->quadrature == MN_FROZEN ? 0.016 : 0.008;
  return known * model->theta / (lag * sqrt(lag)) * exp(-model->lambda * lag / model->theta);
}

/* May the two intervals that meet in sample k become one? */
static bool dispensable(const mn_trail *t, const mn_model *model, double now, double allowed, int k)
{
  const double gap = t->times[k + 1] - t->times[k - 1];
  const double lag = now - t->times[k + 1];
  const double smooth = gap * error_of_joints(model, lag);
  if (!(gap <= lag)) { /* lags of the joint interval stay of one order */
    return false;
  }
  return fmin(smooth, 0.7 * t->felt[k] * sqrt(gap * (now - t->times[k]))) <= allowed;
}

/* All that is older than sample 1. */
static double oldest(const mn_trail *t, const mn_model *model, double now)
{
  const double lag = now - t->times[1];
  return fmin(mn_kernel_tail(model, lag), 2.0 * t->felt[1] * lag);
}

/* Intervals of lags of one order, an octave, may err by `allowed`, and octaves are independent: those of sixteen steps
 * make the tolerance's share, and what grows old has to share with more of them. */
static double share_of_octave(double oldest_by_youngest, double allowed)
{
  return allowed / sqrt(fmax(1.0, 0.25 * log2(oldest_by_youngest)));
}

void mn_trail_thin(mn_trail *t, const mn_model *model, double now, double whole, double allowed)
{
  while (t->samples > 1 && now - t->times[1] > whole && oldest(t, model, now) <= allowed) {
    mn_trail_drop(t, 0);
  }
  const double youngest = t->samples > 0 ? now - t->times[t->samples - 1] : 1.0;
  const double share = t->samples > 0 ? share_of_octave((now - t->times[0]) / youngest, allowed) : allowed;
  for (int k = t->samples - 2; k > 0; k--) {
    if (now - t->times[k] > whole && dispensable(t, model, now, share, k)) {
      mn_trail_drop(t, k);
      k--; /* its neighbour has just become the end of a longer interval */
    }
  }
}

int64_t mn_trail_expected(const mn_model *model, double step, double age, double whole, double allowed)
{
  const double share = share_of_octave(fmax(1.0, age / step), allowed);
  int64_t samples = 1; /* the newest is always kept */
  for (double lag = step; lag < age && (lag <= whole || mn_kernel_tail(model, lag) > allowed); samples++) {
    const double joint = lag <= whole ? step : fmin(share / error_of_joints(model, lag), lag);
    lag += fmax(step, 0.75 * joint); /* intervals are between half of that and that */
  }
  return samples;
}
