/* Crowds.  Truth: all cells, whose positions every rank can make, looked at one by one. */
#include "crowd_case.h"

#include <mnemotaxis/memory.h>

/* Id of the k-th of the bins, later than `after` (of two at one place); -1: no such cell. */
static int id_of(const cloud *c, const mn_crowd *crowd, int64_t k, int after)
{
  for (int i = after + 1; i < c->count; i++) {
    if (c->x[2 * i] == crowd->x[k] && c->x[2 * i + 1] == crowd->y[k]) {
      return i;
    }
  }
  return -1;
}

/* Runs a check for crowds of many and of few cells, all ways of sharing rows and some bins. */
static void for_all(bool check(const cloud *, const mn_crowd *, const mn_range *))
{
  static const double bins[] = {0.175, 0.35, 0.1};
  const mn_parallel *p = check_world();
  for (int k = 0; k < 2 * SHARINGS * 3; k++) {
    const cloud c = cloud_of(k % 2 ? CELLS : 40, k / 2 % 3 * 1000 - 1000);
    const sharing how = k / 6;
    mn_shares rows = shared(p, how, NY);
    const mn_range strip = {rows.begin[p->rank], rows.begin[p->rank + 1]};
    mn_shares_clear(&rows);
    mn_crowd crowd = gather(p, &c, how, bins[k % 3]);
    const bool good = check(&c, &crowd, &strip);
    mn_crowd_clear(&crowd);
    assert_everywhere(good);
  }
}

/* Strips at the border of the mesh own what lies outside. */
static bool is_in(const cloud *c, const mn_range *strip, double y)
{
  const double row = floor(y / spacing) - (double)c->mesh.first[1];
  const double inside = fmin(fmax(row, 0.0), NY - 1);
  return inside >= (double)strip->begin && inside < (double)strip->end;
}

static bool check_owners(const cloud *c, const mn_crowd *crowd, const mn_range *strip)
{
  bool good = true;
  int owners[CELLS] = {0};
  for (int64_t k = 0; k < crowd->count; k++) {
    const int id = id_of(c, crowd, k, -1);
    good = good && id >= 0 && (crowd->id[k] >= 0) == is_in(c, strip, crowd->y[k]);
    owners[id < 0 ? 0 : id] += crowd->id[k] >= 0;
  }
  MPI_Allreduce(MPI_IN_PLACE, owners, CELLS, MPI_INT, MPI_SUM, check_world()->comm);
  for (int i = 0; i < c->count; i++) {
    const int twins = c->count > 70 && i == 5 ? 2 : c->count > 70 && i == 70 ? 0 : 1; /* found as the first of them */
    good = good && owners[i] == twins;
  }
  return good;
}

static void every_cell_is_own_on_the_one_rank_whose_strip_it_is_in(void **state)
{
  (void)state;
  for_all(check_owners);
}

/* A cell is no neighbour of its twin's: what is in the crowd is there as often as in the cloud. */
static bool check_neighbours(const cloud *c, const mn_crowd *crowd, const mn_range *strip)
{
  bool good = true;
  for (int64_t k = 0; k < crowd->count; k++) {
    for (int i = 0; i < c->count && crowd->id[k] >= 0; i++) {
      const double r = hypot(c->x[2 * i] - crowd->x[k], c->x[2 * i + 1] - crowd->y[k]);
      int here = 0;
      int wanted = 0;
      for (int64_t l = 0; l < crowd->count && r <= reach; l++) {
        here += crowd->x[l] == c->x[2 * i] && crowd->y[l] == c->x[2 * i + 1];
      }
      for (int j = 0; j < c->count && r <= reach; j++) {
        wanted += c->x[2 * j] == c->x[2 * i] && c->x[2 * j + 1] == c->x[2 * i + 1];
      }
      good = good && here == wanted;
    }
  }
  return good && strip;
}

static void neighbours_within_reach_are_all_there_and_once(void **state)
{
  (void)state;
  for_all(check_neighbours);
}

static bool check_bins(const cloud *c, const mn_crowd *crowd, const mn_range *strip)
{
  const int64_t bins = crowd->bins[0] * crowd->bins[1];
  bool good = crowd->reach * crowd->bin >= reach * (1.0 - 1e-15) && crowd->start[0] == 0;
  good = good && crowd->start[bins] == crowd->count;
  for (int64_t b = 0; b < bins && good; b++) {
    int last = -1;
    for (int64_t k = crowd->start[b]; k < crowd->start[b + 1]; k++) {
      const bool column = floor(crowd->x[k] / crowd->bin) == (double)(crowd->first[0] + b % crowd->bins[0]);
      const bool row = floor(crowd->y[k] / crowd->bin) == (double)(crowd->first[1] + b / crowd->bins[0]);
      const mn_visitor *v = &crowd->cells[crowd->leaving + crowd->order[k]];
      last = id_of(c, crowd, k, last);
      good = good && column && row && last >= 0;
      good = good && v->x == crowd->x[k] && v->y == crowd->y[k] && v->id == crowd->id[k];
      good = good && (v->id >= 0 ? v->id : ~v->id) == last;
    }
  }
  return good && strip;
}

static void bins_hold_the_cells_of_their_square_by_id(void **state)
{
  (void)state;
  for_all(check_bins);
}

/* As many as are dealt in several goes. */
static void large_crowds_are_whole(void **state)
{
  enum { MANY = 100000 };
  static double x[2 * MANY];
  static bool met[MANY];
  (void)state;
  const mn_parallel *p = check_world();
  const mn_block own = mn_block_of(MANY, p->rank, p->size);
  const mn_lattice mesh = {spacing, {-NX / 2, -NY / 2}, {NX, NY}};
  const mn_listing mine = {own, x + 2 * own.begin, NULL};
  mn_shares rows = shared(p, EVENLY, NY);
  mn_crowd crowd = {0};
  for (int k = 0; k < 2 * MANY; k++) {
    x[k] = 0.5 * check_normal(29, (uint64_t)k);
  }
  check_ok(mn_crowd_gather(p, &mesh, &rows, 0.1, 0.05, &mine, &crowd));
  bool good = crowd.start[crowd.bins[0] * crowd.bins[1]] == crowd.count;
  int owned = 0;
  memset(met, 0, sizeof met);
  for (int64_t b = 0; b < crowd.bins[0] * crowd.bins[1]; b++) {
    int64_t last = -1;
    for (int64_t k = crowd.start[b]; k < crowd.start[b + 1]; k++) {
      const int64_t id = crowd.id[k] < 0 ? ~crowd.id[k] : crowd.id[k];
      const double column = floor(x[2 * id] / crowd.bin) - (double)crowd.first[0];
      const double row = floor(x[2 * id + 1] / crowd.bin) - (double)crowd.first[1];
      good = good && crowd.x[k] == x[2 * id] && crowd.y[k] == x[2 * id + 1] && !met[id];
      good = good && (double)b == row * (double)crowd.bins[0] + column && id > last;
      met[id] = true;
      last = id;
      owned += crowd.id[k] >= 0;
    }
  }
  mn_crowd_clear(&crowd);
  mn_shares_clear(&rows);
  MPI_Allreduce(MPI_IN_PLACE, &owned, 1, MPI_INT, MPI_SUM, p->comm);
  assert_everywhere(good && owned == MANY);
}

/* The force is the position, and nonsense for neighbours. */
static bool check_returned(const cloud *c, const mn_crowd *crowd, const mn_range *strip)
{
  const mn_parallel *p = check_world();
  const mn_block own = mn_block_of(c->count, p->rank, p->size);
  double out[2 * CELLS];
  mn_crowd changed = *crowd;
  bool good = true;
  for (int64_t k = 0; k < 2 * crowd->count; k++) {
    changed.force[k] = crowd->id[k / 2] >= 0 ? (k % 2 ? crowd->y : crowd->x)[k / 2] : (double)NAN;
  }
  for (int i = 0; i < 2 * CELLS; i++) {
    out[i] = i;
  }
  check_ok(mn_crowd_return(p, &changed, out));
  mn_free(&changed.carried);
  for (int64_t k = 0; k < CELLS; k++) {
    const bool mine = k < mn_block_count(own);
    const double *x = &c->x[2 * (mine ? own.begin + listed(c, own, k) : 0)];
    for (int64_t a = 0; a < 2; a++) {
      good = good && out[2 * k + a] == (mine ? x[a] : (double)(2 * k + a));
    }
  }
  return good && strip;
}

static void forces_of_own_cells_return_in_the_order_of_the_listing(void **state)
{
  (void)state;
  for_all(check_returned);
}

/* Cost of the rows before `end`, cell by cell: its pairs are as many as cells in its row, by the mean over cells. */
static double cost_before(const cloud *c, mn_crowd_price price, double end)
{
  int cells[NY] = {0};
  double mean = 0.0;
  double cost = 0.0;
  for (int i = 0; i < c->count; i++) {
    cells[(int)fmin(fmax(floor(c->x[2 * i + 1] / spacing) - (double)c->mesh.first[1], 0.0), NY - 1)]++;
  }
  for (int j = 0; j < NY; j++) {
    mean += (double)cells[j] * cells[j] / c->count;
  }
  for (int j = 0; j < end; j++) {
    cost += cells[j] * (price.cell + price.pairs * cells[j] / mean);
  }
  return cost;
}

static bool is_even(const cloud *c, mn_crowd_price price, const mn_shares *rows)
{
  bool good = rows->begin[0] == 0 && rows->begin[rows->size] == NY;
  for (int r = 1; r < rows->size; r++) {
    const double share = cost_before(c, price, NY) * r / rows->size;
    double nearest = INFINITY;
    for (int end = 0; end <= NY; end++) {
      nearest = fmin(nearest, fabs(cost_before(c, price, end) - share));
    }
    const double missed = fabs(cost_before(c, price, (double)rows->begin[r]) - share);
    good = good && rows->begin[r] >= rows->begin[r - 1] && missed <= nearest + 1e-9 * share;
  }
  return good;
}

static void strips_cost_the_same_as_far_as_whole_rows_allow(void **state)
{
  static const mn_crowd_price prices[] = {{1.0, 0.0}, {0.0, 2.0}, {3.0, 40.0}};
  static const int counts[] = {CELLS, 40, 1}; /* of one cell, beyond the last row, most strips are empty */
  const mn_parallel *p = check_world();
  (void)state;
  for (int k = 0; k < 9; k++) {
    cloud c = cloud_of(counts[k / 3], 1000 * k - 2000);
    const mn_block own = mn_block_of(c.count, p->rank, p->size);
    c.x[1] += c.count == 1 ? 10.0 : 0.0;
    const mn_listing mine = {own, c.x + 2 * own.begin, NULL};
    mn_shares rows = {0};
    check_ok(mn_crowd_share(p, &c.mesh, prices[k % 3], &mine, &rows));
    const bool good = rows.size == p->size && is_even(&c, prices[k % 3], &rows);
    mn_shares_clear(&rows);
    assert_everywhere(good);
  }
}

MN_TESTS("crowd", cmocka_unit_test(every_cell_is_own_on_the_one_rank_whose_strip_it_is_in),
         cmocka_unit_test(neighbours_within_reach_are_all_there_and_once),
         cmocka_unit_test(bins_hold_the_cells_of_their_square_by_id), cmocka_unit_test(large_crowds_are_whole),
         cmocka_unit_test(forces_of_own_cells_return_in_the_order_of_the_listing),
         cmocka_unit_test(strips_cost_the_same_as_far_as_whole_rows_allow));
