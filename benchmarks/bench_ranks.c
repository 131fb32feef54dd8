/* How much faster is a step of the spectral engine on all ranks than on one?  The same system, a Gaussian cloud of
 * variance 3 per coordinate, averaged steps of 0.02, on rank 0 alone and on all ranks, a step of one after a step of
 * the other, so that both meet the clocks and the neighbours the machine has just then; the others sleep while rank 0
 * works. Virtual cores may be halves of one: before and after every step on all ranks the yardstick is taken on all at
 * once, and added up over them, by that on rank 0 alone.  A step counts as on whole cores when both times they gave 0.9
 * of what as many cores should.  Prints means, medians of the ratio step by step, over all steps and over those on
 * whole cores; fails if positions differ by a bit in the end.  Arguments: cells, steps before, tolerance, theta, steps
 * measured. */
#include "bench.h"
#include "machine.h"

#include <math.h>
#include <mnemotaxis/drift.h>
#include <mnemotaxis/initial.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double dt = 0.02;

typedef struct team {
  mn_parallel parallel;
  mn_block own;
  mn_drift *drift;
  mn_history *past;
  double *x, *force;
} team;

static void begin(MPI_Comm comm, const mn_model *model, double tolerance, int64_t cells, team *t)
{
  const mn_drift_options options = {.tolerance = tolerance, .shortest_step = dt, .longest_step = dt};
  const mn_history_options keep = {.tolerance = tolerance};
  const mn_initial initial = {.kind = MN_INITIAL_GAUSSIAN, .variance = 3.0};
  memset(t, 0, sizeof *t);
  mn_parallel_create(comm, &t->parallel);
  t->own = mn_block_of(cells, t->parallel.rank, t->parallel.size);
  bench_ok(mn_drift_create(&t->parallel, &mn_drift_spectral, model, &options, cells, &t->drift));
  bench_ok(mn_history_create(&t->parallel, model, &keep, mn_drift_witnesses(&mn_drift_spectral, cells), &t->past));
  bench_ok(mn_alloc(&t->x, 2 * mn_block_count(t->own), sizeof *t->x));
  bench_ok(mn_alloc(&t->force, 2 * mn_block_count(t->own), sizeof *t->force));
  mn_initial_draw(&initial, 1, t->own, t->x);
}

static void end(team *t)
{
  mn_drift_destroy(&t->drift);
  mn_history_destroy(&t->past);
  mn_free(&t->x);
  mn_free(&t->force);
  mn_parallel_destroy(&t->parallel);
}

/* Seconds of a step, without the motion that follows. */
static double step(team *t, int64_t n)
{
  MPI_Barrier(t->parallel.comm);
  const double start = mn_seconds();
  bench_ok(mn_drift_evaluate(t->drift, t->past, dt * (double)n, dt, t->x, t->force));
  bench_ok(mn_drift_remember(t->drift, t->past, dt * (double)n, dt, t->x));
  const double spent = mn_seconds() - start;
  bench_move(t->own, n, dt, 0.0, t->force, t->x);
  return spent;
}

/* A barrier that leaves the cores of those who wait to the others. */
static void meet(const mn_parallel *all)
{
  const struct timespec nap = {.tv_nsec = 200000};
  MPI_Request request;
  int done = 0;
  MPI_Ibarrier(all->comm, &request);
  for (MPI_Test(&request, &done, MPI_STATUS_IGNORE); !done; MPI_Test(&request, &done, MPI_STATUS_IGNORE)) {
    nanosleep(&nap, NULL);
  }
}

static bool same_bits(const mn_parallel *all, const team *alone, const team *joint, int64_t cells)
{
  double *gathered = NULL;
  bench_ok(mn_alloc(&gathered, 2 * cells, sizeof *gathered));
  bench_ok(mn_gather_rows(all, cells, 2, joint->x, gathered));
  const bool same = all->rank != 0 || memcmp(gathered, alone->x, (size_t)(2 * cells) * sizeof *gathered) == 0;
  mn_free(&gathered);
  return same;
}

/* Yardsticks of all ranks at once. */
static double exponentials_together(const mn_parallel *all)
{
  MPI_Barrier(all->comm);
  double rate = machine_exponentials(1);
  MPI_Allreduce(MPI_IN_PLACE, &rate, 1, MPI_DOUBLE, MPI_SUM, all->comm);
  return rate;
}

typedef struct record {
  int steps, whole;                   /* measured; on whole cores */
  double mean[2];                     /* seconds on one rank, on all */
  double *ratio, *on_whole, *machine; /* one by all; the same on whole cores; yardstick of all by one */
  double phase[2][MN_PHASES];         /* seconds on one rank, on all, of the steps on whole cores */
} record;

static void add_phases(const mn_drift *drift, double sign, double *phase)
{
  for (int k = 0; k < MN_PHASES; k++) {
    phase[k] += sign * drift->cost.phase[k];
  }
}

/* Step n on one rank and on all. */
static void compare(const mn_parallel *all, team *alone, team *joint, int64_t n, bool measured, record *r)
{
  double phase[2][MN_PHASES] = {{0.0}};
  add_phases(joint->drift, -1.0, phase[1]);
  if (all->rank == 0) {
    add_phases(alone->drift, -1.0, phase[0]);
  }
  const double one = all->rank == 0 ? step(alone, n) : 0.0;
  const double core = all->rank == 0 ? machine_exponentials(1) : 0.0;
  meet(all);
  const double before = exponentials_together(all);
  const double many = step(joint, n);
  const double cores = fmin(before, exponentials_together(all)) / core;
  if (all->rank != 0 || !measured) {
    return;
  }
  r->mean[0] += one;
  r->mean[1] += many;
  r->machine[r->steps] = cores;
  r->ratio[r->steps++] = one / many;
  if (cores >= 0.9 * all->size) {
    r->on_whole[r->whole++] = one / many;
    add_phases(alone->drift, 1.0, phase[0]);
    add_phases(joint->drift, 1.0, phase[1]);
    for (int k = 0; k < 2 * MN_PHASES; k++) {
      r->phase[k / MN_PHASES][k % MN_PHASES] += phase[k / MN_PHASES][k % MN_PHASES];
    }
  }
}

/* Milliseconds of the phases, means over the steps on whole cores. */
static void print_phases(const record *r)
{
  printf("# phase        one    all ms\n");
  for (int k = 0; k < MN_PHASES; k++) {
    const double ms = 1e3 / r->whole;
    if (r->phase[0][k] > 0.0) {
      printf("# %-9s %6.2f %6.2f  %.2f\n", bench_phase[k], ms * r->phase[0][k], ms * r->phase[1][k],
             r->phase[0][k] / r->phase[1][k]);
    }
  }
}

int main(int argc, char **argv)
{
  mn_parallel all = bench_start(&argc, &argv, "bench_ranks");
  const int64_t cells = (int64_t)bench_argument(argc, argv, 1, 1e6);
  const int64_t before = (int64_t)bench_argument(argc, argv, 2, 30);
  const double tolerance = bench_argument(argc, argv, 3, 1e-3);
  const mn_model model = {.theta = bench_argument(argc, argv, 4, 1.0), .chi = 6.283185307179586};
  const int measured = (int)bench_argument(argc, argv, 5, 40);
  record r = {0};
  team alone;
  team joint;
  bench_ok(mn_alloc(&r.ratio, measured, sizeof *r.ratio));
  bench_ok(mn_alloc(&r.on_whole, measured, sizeof *r.on_whole));
  bench_ok(mn_alloc(&r.machine, measured, sizeof *r.machine));
  if (all.rank == 0) {
    begin(MPI_COMM_SELF, &model, tolerance, cells, &alone);
  }
  begin(all.comm, &model, tolerance, cells, &joint);
  for (int64_t n = 0; n < before + measured; n++) {
    compare(&all, &alone, &joint, n, n >= before, &r);
  }
  const bool same = same_bits(&all, &alone, &joint, cells);
  if (all.rank == 0) {
    printf("cells,steps,tolerance,theta,ranks,mean_one_s,mean_all_s,ratio_of_means,median_ratio,median_of_machine,"
           "steps_on_whole_cores,median_on_whole_cores,same_bits\n");
    printf("%lld,%lld,%g,%g,%d,%.4f,%.4f,%.2f,%.2f,%.2f,%d,%.2f,%d\n", (long long)cells, (long long)before, tolerance,
           model.theta, all.size, r.mean[0] / measured, r.mean[1] / measured, r.mean[0] / r.mean[1],
           bench_median(r.ratio, r.steps), bench_median(r.machine, r.steps), r.whole,
           r.whole > 0 ? bench_median(r.on_whole, r.whole) : (double)NAN, same);
    print_phases(&r);
    end(&alone);
  }
  end(&joint);
  mn_free(&r.ratio);
  mn_free(&r.on_whole);
  mn_free(&r.machine);
  bench_end(&all);
  return same ? EXIT_SUCCESS : EXIT_FAILURE;
}
