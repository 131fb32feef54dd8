/* One run of a study.  Truth: the same steps taken here, one by one, by the stepper, with cells of the limit whose
 * drift is a known function of time; without chemotaxis, Brownian paths summed from their noise, and E|X_t|^2 = 2 + 4t.
 *
 * The limit is a plane made here, whose chemical is linear in space and time: interpolation has only rounding errors.
 */
#include "check.h"

#include <math.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/replica.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COUNT = 100, STEPS = 32, WINDOWS = 16 };

static const double pi = 3.14159265358979323846;

static mn_run_options small(void)
{
  mn_run_options o = {.count = COUNT,
                      .steps = STEPS,
                      .engine = &mn_drift_direct,
                      .drift = {.tolerance = 1e-3},
                      .history = {.tolerance = 1e-3}};
  o.dynamics = (mn_dynamics){.model = {.theta = 2.0, .chi = 3.0}, .seed = 7, .noise_substeps = 1};
  check_ok(mn_schedule_make(0.03125, 0.0, 1.5, &o.dynamics.schedule)); /* ends at 1 */
  o.initial = (mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0};
  return o;
}

/* The gradient of the chemical of the limit at time t in [0, 1]: cells are farthest from the limit on the way. */
static void gradient_at(double t, double gradient[2])
{
  gradient[0] = 1.0 - 2.0 * t;
  gradient[1] = 0.1 - 0.1 * t;
}

/* The limit and its density. */
typedef struct limit {
  mn_mean_field *field;
  mn_yardstick *yardstick;
} limit;

static void fill_plane(double t, mn_plane *plane)
{
  double gradient[2];
  gradient_at(t, gradient);
  for (int64_t j = 0; j < plane->axis[1].cells; j++) {
    for (int64_t i = 0; i < plane->axis[0].cells; i++) {
      const double at[2] = {plane->axis[0].x[i], plane->axis[1].x[j]};
      const int64_t cell = j * plane->axis[0].cells + i;
      plane->chemical[cell] = gradient[0] * at[0] + gradient[1] * at[1];
      plane->density[cell] = exp(-(at[0] * at[0] + at[1] * at[1]) / 6.0) / (6.0 * pi);
    }
  }
}

static limit make_limit(void)
{
  limit l = {0};
  const mn_wish wish = {0.0, 0.5};
  check_ok(mn_alloc(&l.field, 1, sizeof *l.field));
  *l.field = (mn_mean_field){.end = 1.0, .moments = 2};
  check_ok(mn_alloc(&l.field->plane, 2, sizeof *l.field->plane));
  for (int k = 0; k < 2; k++) {
    mn_axis axis[2];
    for (int a = 0; a < 2; a++) {
      check_ok(mn_axis_make(-16.0, 16.0, 1, &wish, 0.1, 0, 8, 4096, &axis[a]));
    }
    check_ok(mn_plane_alloc(k, axis, &l.field->plane[k]));
    fill_plane(k, &l.field->plane[k]);
  }
  check_ok(mn_yardstick_create(&l.field->plane[1], 1, &l.yardstick));
  mn_free(&l.field->plane[0].density);
  return l;
}

static void clear_limit(limit *l)
{
  mn_yardstick_destroy(&l->yardstick);
  mn_mean_field_destroy(&l->field);
}

/* What needs a limit is unknown without one, and nothing else. */
static void replica_of(const mn_parallel *p, const mn_run_options *o, uint32_t seed, const limit *l,
                       double value[MN_STATISTICS])
{
  bool stopped = true;
  memset(value, 0xff, MN_STATISTICS * sizeof *value);
  check_ok(mn_replica_run(p, o, seed, l ? l->field : NULL, l ? l->yardstick : NULL, value, &stopped));
  assert_false(stopped);
  for (int k = 0; k < MN_STATISTICS; k++) {
    assert_int_equal(isnan(value[k]), !l && k >= MN_STATISTIC_LIMIT_SQUARE);
  }
}

/* A replica taken step by step on this rank alone. */
typedef struct replay {
  mn_parallel alone;
  mn_dynamics dynamics;
  mn_drift *drift;
  mn_history *history;
  mn_stepper *stepper;
  double x[2 * COUNT], free_path[2 * COUNT], y[2 * COUNT], noise[2 * COUNT], anchor[2 * COUNT];
  double away[COUNT], apart[COUNT];
} replay;

static replay played;

static void begin(const mn_run_options *o, uint32_t seed)
{
  memset(&played, 0, sizeof played);
  mn_parallel_create(MPI_COMM_SELF, &played.alone);
  played.dynamics = o->dynamics;
  played.dynamics.seed = seed;
  check_ok(mn_drift_create(&played.alone, o->engine, &o->dynamics.model, &o->drift, COUNT, &played.drift));
  check_ok(mn_history_create(&played.alone, &o->dynamics.model, &o->history, COUNT, &played.history));
  check_ok(mn_stepper_create(&played.dynamics, played.drift, played.history, &played.stepper));
  mn_initial_draw(&o->initial, seed, (mn_block){0, COUNT}, played.x);
  memcpy(played.free_path, played.x, sizeof played.x);
  memcpy(played.y, played.x, sizeof played.x);
  memcpy(played.anchor, played.x, sizeof played.x);
}

/* Moves the cells of the limit and keeps the largest distances; a window is two of the 32 steps. */
static void move_and_look(int64_t n)
{
  const double h = mn_schedule_step(&played.dynamics.schedule, n);
  double now[2];
  double then[2];
  mn_step_noise(&played.dynamics, (mn_block){0, COUNT}, n, played.noise);
  gradient_at(mn_schedule_time(&played.dynamics.schedule, n), now);
  gradient_at(mn_schedule_time(&played.dynamics.schedule, n + 1), then);
  const bool heun = played.dynamics.scheme == MN_SCHEME_HEUN;
  for (int i = 0; i < COUNT; i++) {
    double from[2];
    double off[2];
    for (int a = 0; a < 2; a++) {
      const int k = 2 * i + a;
      const double gradient = heun ? 0.5 * (now[a] + then[a]) : now[a];
      played.y[k] += played.dynamics.model.chi * h * gradient + played.noise[k];
      from[a] = played.x[k] - played.anchor[k];
      off[a] = played.x[k] - played.y[k];
    }
    played.away[i] = fmax(played.away[i], sqrt(from[0] * from[0] + from[1] * from[1]));
    played.apart[i] = fmax(played.apart[i], off[0] * off[0] + off[1] * off[1]);
  }
  if ((n + 1) % (STEPS / WINDOWS) == 0) {
    memcpy(played.anchor, played.x, sizeof played.x);
  }
}

static double mean_of(const double *values)
{
  long double sum = 0.0L;
  for (int i = 0; i < COUNT; i++) {
    sum += values[i];
  }
  return (double)(sum / COUNT);
}

static void check_replayed(const mn_run_options *o, uint32_t seed, const limit *l)
{
  double found[MN_STATISTICS];
  double expected[MN_STATISTICS];
  replica_of(check_world(), o, seed, l, found);
  begin(o, seed);
  for (int64_t n = 0; n < STEPS; n++) {
    check_ok(mn_stepper_advance(played.stepper, n, played.x, played.free_path));
    move_and_look(n);
  }
  mn_stepper_destroy(&played.stepper);
  mn_history_destroy(&played.history);
  mn_drift_destroy(&played.drift);
  mn_parallel_destroy(&played.alone);
  check_ok(mn_chaos_measure(COUNT, played.x, played.y, l->yardstick, expected));
  expected[MN_STATISTIC_MODULUS] = mean_of(played.away);
  expected[MN_STATISTIC_COUPLING_SUP] = mean_of(played.apart);
  for (int k = 0; k < MN_STATISTICS; k++) {
    check_absolute(found[k], expected[k], 1e-11, "rounding of the interpolation of c: 32 steps, 8 x 8 cells, c of 10");
  }
}

static void a_replica_is_its_steps_and_their_statistics(void **state)
{
  (void)state;
  static const mn_scheme schemes[] = {MN_SCHEME_HEUN, MN_SCHEME_AVERAGED, MN_SCHEME_EULER};
  limit l = make_limit();
  for (int k = 0; k < 3; k++) {
    mn_run_options o = small();
    o.dynamics.scheme = schemes[k];
    o.dynamics.noise_substeps = k + 1;
    check_replayed(&o, 3 + (uint32_t)k, &l);
  }
  clear_limit(&l);
}

/* Nor does a limit change the cells. */
static void every_number_of_ranks_gives_the_same_bits(void **state)
{
  (void)state;
  static const int64_t counts[] = {2, 33, COUNT};
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  limit l = make_limit();
  for (int k = 0; k < 3; k++) {
    double value[4][MN_STATISTICS];
    mn_run_options o = small();
    o.count = counts[k];
    for (int j = 0; j < 4; j++) {
      replica_of(j % 2 ? &alone : check_world(), &o, 11, j / 2 ? &l : NULL, value[j]);
    }
    assert_memory_equal(value[0], value[1], sizeof value[0]);
    assert_memory_equal(value[2], value[3], sizeof value[2]);
    assert_memory_equal(value[0], value[2], MN_STATISTIC_LIMIT_SQUARE * sizeof(double));
  }
  clear_limit(&l);
  mn_parallel_destroy(&alone);
}

/* The mean over cells of the farthest sums of noise within a window. */
static double brownian_modulus(const mn_dynamics *dynamics)
{
  static double noise[2 * COUNT], from[2 * COUNT], away[COUNT];
  memset(away, 0, sizeof away);
  for (int64_t n = 0; n < STEPS; n++) {
    mn_step_noise(dynamics, (mn_block){0, COUNT}, n, noise);
    for (int k = 0; k < 2 * COUNT; k++) {
      from[k] = noise[k] + (n % (STEPS / WINDOWS) == 0 ? 0.0 : from[k]);
    }
    for (int i = 0; i < COUNT; i++) {
      away[i] = fmax(away[i], sqrt(from[2 * i] * from[2 * i] + from[2 * i + 1] * from[2 * i + 1]));
    }
  }
  return mean_of(away);
}

static void without_chemotaxis_cells_are_brownian_and_those_of_the_limit(void **state)
{
  (void)state;
  enum { REPLICAS = 20 };
  double sum = 0.0;
  mn_run_options o = small();
  o.dynamics.model.chi = 0.0;
  limit l = make_limit();
  for (int r = 0; r < REPLICAS; r++) {
    double value[MN_STATISTICS];
    const uint32_t seed = mn_replica_seed(1, COUNT, r);
    replica_of(check_world(), &o, seed, &l, value);
    assert_true(value[MN_STATISTIC_COUPLING] == 0.0 && value[MN_STATISTIC_COUPLING_SUP] == 0.0);
    assert_true(value[MN_STATISTIC_LIMIT_SQUARE] == value[MN_STATISTIC_SQUARE]);
    for (int m = 0; m < MN_TESTS_OF_CHAOS; m++) {
      assert_true(value[MN_STATISTIC_WEAK + m] == 0.0);
    }
    o.dynamics.seed = seed;
    check_relative(value[MN_STATISTIC_MODULUS], brownian_modulus(&o.dynamics), 1e-13, "rounding of positions");
    sum += value[MN_STATISTIC_SQUARE] / REPLICAS;
  }
  /* |X|^2 of a normal cell has standard deviation 6 */
  check_absolute(sum, 6.0, 5.5 * 6.0 / sqrt(REPLICAS * COUNT), "E|X|^2 = 2 + 4 x 1; 5.5 standard errors");
  clear_limit(&l);
}

static void only_the_seed_given_decides_the_noise(void **state)
{
  (void)state;
  double one[MN_STATISTICS], other[MN_STATISTICS];
  mn_run_options o = small();
  replica_of(check_world(), &o, 5, NULL, one);
  o.dynamics.seed = 99;
  o.output = (mn_output_options){.directory = check_directory, .every = 1, .snapshot_every = 1, .path_every = 1};
  o.stop = (mn_stop_options){.checkpoint_steps = 1, .keep = 3};
  replica_of(check_world(), &o, 5, NULL, other);
  assert_memory_equal(one, other, sizeof one);
  MPI_Barrier(check_world()->comm);
  assert_true(check_world()->rank > 0 || rmdir(check_directory) == 0); /* it has written nothing */
  replica_of(check_world(), &o, 6, NULL, other);
  assert_true(one[MN_STATISTIC_SQUARE] != other[MN_STATISTIC_SQUARE]);
}

static void every_count_and_replica_has_a_seed_of_its_own(void **state)
{
  (void)state;
  enum { COUNTS = 5, REPLICAS = 200 };
  static const int64_t counts[COUNTS] = {2, 100, 100 + 0x10000, 100 + 0x100000000, 101};
  uint32_t seeds[2 * COUNTS * REPLICAS];
  int made = 0;
  for (uint32_t study = 1; study <= 2; study++) {
    for (int c = 0; c < COUNTS; c++) {
      for (int64_t r = 0; r < REPLICAS; r++) {
        seeds[made] = mn_replica_seed(study, counts[c], r);
        for (int k = 0; k < made; k++) {
          assert_int_not_equal(seeds[k], seeds[made]);
        }
        made++;
      }
    }
  }
}

/* A request of the last rank after `left` calls. */
typedef struct patience {
  int calls, left;
} patience;

static bool enough(void *context)
{
  patience *p = context;
  p->calls++;
  return p->calls >= p->left && check_world()->rank == check_world()->size - 1;
}

static void a_request_of_any_rank_ends_it_after_that_step(void **state)
{
  (void)state;
  for (int left = 1; left <= STEPS + 1; left += 8) {
    double value[MN_STATISTICS];
    bool stopped = left > STEPS;
    patience p = {0, left};
    mn_run_options o = small();
    o.stop.requested = enough;
    o.stop.context = &p;
    check_ok(mn_replica_run(check_world(), &o, 1, NULL, NULL, value, &stopped));
    assert_int_equal(stopped, left <= STEPS);
    assert_int_equal(p.calls, left <= STEPS ? left : STEPS);
  }
}

static mn_run_options from_file(void)
{
  static char input[512];
  mn_run_options o = small();
  snprintf(input, sizeof input, "%s/input.h5", check_directory);
  o.initial.kind = MN_INITIAL_FILE;
  o.initial_file = input;
  o.initial_dataset = "/start";
  return o;
}

static void a_start_that_cannot_be_read_is_refused_on_all_ranks(void **state)
{
  (void)state;
  double value[MN_STATISTICS];
  const double x[2 * COUNT] = {0.0};
  const mn_run_options o = from_file();
  const int64_t live = mn_memory_live();
  for (int k = 0; k < 2; k++) {
    bool stopped = true;
    check_refused(mn_replica_run(check_world(), &o, 1, NULL, NULL, value, &stopped), MN_DATA,
                  k == 0 ? "input.h5" : "99 rows");
    assert_false(stopped);
    assert_true(mn_memory_live() == live);
    check_ok(mn_dataset_write(check_world(), o.initial_file, "/start", 99, x));
  }
}

/* All cells at (3, 4), which no law here would draw. */
static void a_start_is_read_from_a_file(void **state)
{
  (void)state;
  double value[MN_STATISTICS];
  double x[2 * COUNT];
  mn_run_options o = from_file();
  for (int k = 0; k < 2 * COUNT; k++) {
    x[k] = k % 2 == 0 ? 3.0 : 4.0;
  }
  check_ok(mn_dataset_write(check_world(), o.initial_file, "/start", COUNT, x));
  o.dynamics.model.chi = 0.0;
  check_ok(mn_schedule_make(1e-12, 0.0, 1.5, &o.dynamics.schedule));
  replica_of(check_world(), &o, 1, NULL, value);
  check_relative(value[MN_STATISTIC_SQUARE], 25.0, 1e-5, "noise of sqrt(2 x 32e-12) = 8e-6 of 5");
}

MN_TESTS("replica", cmocka_unit_test(a_replica_is_its_steps_and_their_statistics),
         cmocka_unit_test(every_number_of_ranks_gives_the_same_bits),
         cmocka_unit_test(without_chemotaxis_cells_are_brownian_and_those_of_the_limit),
         CHECK_IN_DIRECTORY(only_the_seed_given_decides_the_noise),
         cmocka_unit_test(every_count_and_replica_has_a_seed_of_its_own),
         cmocka_unit_test(a_request_of_any_rank_ends_it_after_that_step),
         CHECK_IN_DIRECTORY(a_start_that_cannot_be_read_is_refused_on_all_ranks),
         CHECK_IN_DIRECTORY(a_start_is_read_from_a_file));
