/* Truth: what clocks say cannot be known in advance, but a pair and a node cannot be ten times dearer or cheaper than
 * usual, where the measurement stops to be believed, and all ranks have to hear the same. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/drift.h>

/* Of what is built for speed. */
static void check_usual(double price, double usual)
{
#ifdef NDEBUG
  check_at_most(fmax(price / usual, usual / price), 9.9, "drift.h");
#else
  assert_true(price >= usual / 10.0);
#endif
}

static void measured_are_believed_and_the_same_on_all_ranks(void **state)
{
  mn_prices p;
  (void)state;
  check_ok(mn_prices_measure(check_world(), &p));
  check_usual(p.pair, mn_prices_usual.pair);
  check_usual(p.node, mn_prices_usual.node);
  const double mine[4] = {p.pair, p.sort, p.quad, p.node};
  double most[4];
  double least[4];
  MPI_Allreduce(mine, most, 4, MPI_DOUBLE, MPI_MAX, check_world()->comm);
  MPI_Allreduce(mine, least, 4, MPI_DOUBLE, MPI_MIN, check_world()->comm);
  for (int k = 0; k < 4; k++) {
    assert_true(least[k] > 0.0 && most[k] == least[k]);
  }
}

MN_TESTS("prices", cmocka_unit_test(measured_are_believed_and_the_same_on_all_ranks));
