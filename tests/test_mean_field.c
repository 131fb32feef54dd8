/* The chemical of the continuum as cells of the limit feel it, and where they go; test_mean_field_step.c has steps in
 * fields made by hand.  Truth: Brownian cells, whose chemical is a Gaussian; the continuum stopped at every step;
 * E|X_1|^2 of an independent radial solver. */
#include "pde_case.h"

#include <math.h>
#include <mnemotaxis/mean_field.h>
#include <mnemotaxis/memory.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

static mn_schedule schedule_of(double step, double first)
{
  mn_schedule schedule;
  check_ok(mn_schedule_make(step, first, 1.3, &schedule));
  return schedule;
}

static int64_t steps_to(const mn_schedule *schedule, double end)
{
  int64_t steps = 0;
  check_ok(mn_schedule_steps(schedule, end, &steps));
  return steps;
}

static mn_mean_field *solved(const mn_parallel *p, const mn_pde_options *o, const mn_schedule *schedule)
{
  mn_mean_field *field = NULL;
  check_ok(mn_mean_field_solve(p, o, schedule, steps_to(schedule, o->end), NULL, &field));
  return field;
}

static mn_mean_field *solved_alone(const mn_pde_options *o, const mn_schedule *schedule)
{
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_mean_field *field = solved(&alone, o, schedule);
  mn_parallel_destroy(&alone);
  return field;
}

/* Places where cells are likely to be. */
static void find_place(int k, double x[2])
{
  x[0] = 1.5 * check_normal(1, (uint64_t)(2 * k));
  x[1] = 1.5 * check_normal(1, (uint64_t)(2 * k + 1));
}

/* theta = 1: cells and chemical spread alike, so c = t rho + what is left of c_0.  At moments and between. */
static void the_gradient_of_brownian_cells_is_that_of_gaussians(void **state)
{
  (void)state;
  const mn_schedule schedule = schedule_of(0.1, 0.02);
  const mn_blob blob = {0.3, 0.5, -0.5, 0.8};
  mn_pde_options o = pde_plain(1.0, 0.0, 0.0, 0.8);
  o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {blob}};
  mn_mean_field *field = solved(check_world(), &o, &schedule);
  for (int k = 0; k < 100; k++) {
    const double t = k < field->moments ? mn_schedule_time(&schedule, k) : 0.008 * k;
    const double v = 1.0 + 2.0 * t;
    const double w = 0.64 + 2.0 * t;
    double x[2];
    double gradient[2];
    find_place(k, x);
    mn_mean_field_gradient(field, t, x, gradient);
    const double from[2] = {x[0] - blob.x, x[1] - blob.y};
    const double c = t * exp(-0.5 * (x[0] * x[0] + x[1] * x[1]) / v) / (2.0 * pi * v);
    const double left = blob.amplitude * 0.64 / w * exp(-0.5 * (from[0] * from[0] + from[1] * from[1]) / w);
    for (int a = 0; a < 2; a++) {
      check_absolute(gradient[a], -c * x[a] / v - left * from[a] / w, 1e-3 * 0.23,
                     "the tolerance, of the largest gradient of c_0, 0.3/0.8/sqrt(e)");
    }
  }
  mn_mean_field_destroy(&field);
}

/* Largest errors of gradients against the continuum stopped at every step: [1] at moments, [0] between. */
static void compare(const mn_parallel *p, const mn_pde_options *o, const mn_schedule *schedule,
                    const mn_mean_field *field, double worst[2])
{
  mn_pde *pde = NULL;
  int next = 0;
  check_ok(mn_pde_create(p, o, &pde));
  for (int64_t n = 0; n <= steps_to(schedule, o->end); n++) {
    const double t = mn_schedule_time(schedule, n);
    const bool kept = field->plane[next].time == t;
    mn_pde_outcome outcome = MN_PDE_GOES_ON;
    while (mn_pde_now(pde)->time < t) {
      check_ok(mn_pde_advance(pde, t, &outcome));
      assert_int_equal(outcome, MN_PDE_GOES_ON);
    }
    mn_plane plane;
    check_ok(mn_pde_plane(pde, &plane));
    for (int k = 0; k < 8; k++) {
      double x[2];
      double expected[2];
      double gradient[2];
      find_place(k, x);
      (void)mn_plane_at(&plane, plane.chemical, x[0], x[1], expected);
      mn_mean_field_gradient(field, t, x, gradient);
      worst[kept] = fmax(worst[kept], hypot(gradient[0] - expected[0], gradient[1] - expected[1]));
    }
    mn_plane_clear(&plane);
    next += kept ? 1 : 0;
  }
  assert_int_equal(next, field->moments);
  mn_pde_destroy(&pde);
}

static void at_moments_the_gradient_is_that_of_the_continuum_stopped_there(void **state)
{
  (void)state;
  const mn_schedule schedule = schedule_of(0.1, 0.02);
  const mn_pde_options o = pde_plain(0.3, 2.0 * pi, 0.5, 0.8);
  double worst[2] = {0.0, 0.0};
  mn_mean_field *field = solved(check_world(), &o, &schedule);
  compare(check_world(), &o, &schedule, field, worst);
  assert_true(worst[1] == 0.0);
  mn_mean_field_destroy(&field);
}

/* 257 steps are too many, so every other moment is kept, and the last.  Steps of a power of 2, which the continuum
 * takes as they are, stopped at every one or not. */
static void between_kept_moments_it_is_as_good_as_the_continuum(void **state)
{
  (void)state;
  if (check_world()->rank > 0) {
    return;
  }
  const mn_schedule schedule = schedule_of(1.0 / 256.0, 0.0);
  double worst[2] = {0.0, 0.0};
  mn_parallel alone;
  mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 257.0 / 256.0);
  o.step = 1.0 / 256.0;
  o.cells = 32;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  mn_mean_field *field = solved(&alone, &o, &schedule);
  assert_int_equal(field->moments, 130);
  compare(&alone, &o, &schedule, field, worst);
  assert_true(worst[1] == 0.0);
  check_at_most(worst[0], 2e-8,
                "0.04 (1/128)^4 of a fourth derivative of 30, that of t times a Gaussian's gradient, and the "
                "residuals of solves");
  mn_mean_field_destroy(&field);
  mn_parallel_destroy(&alone);
}

/* Where moments are kept of so many steps, `stride` apart. */
static void check_kept(int steps, int stride, int moments)
{
  const mn_schedule schedule = schedule_of(1.0 / 1024.0, 0.0);
  mn_pde_options o = pde_plain(1.0, 0.0, 0.0, steps / 1024.0);
  o.tolerance = 1e-2;
  o.cells = 16;
  mn_mean_field *field = solved_alone(&o, &schedule);
  assert_int_equal(field->moments, moments);
  for (int k = 0; k < moments; k++) {
    assert_true(field->plane[k].time == (k < moments - 1 ? k * stride : steps) / 1024.0);
    assert_true((field->plane[k].density == NULL) == (k < moments - 1));
  }
  assert_true(field->end == o.end);
  mn_mean_field_destroy(&field);
}

static void of_more_than_256_steps_every_kth_is_kept_and_the_last(void **state)
{
  (void)state;
  if (check_world()->rank == 0) {
    check_kept(1, 1, 2);
    check_kept(256, 1, 257);
    check_kept(520, 3, 175);
  }
}

typedef struct numbers {
  int count;
  double *value;
} numbers;

static void append(numbers *all, int count, const double *value)
{
  all->value = realloc(all->value, (size_t)(all->count + count) * sizeof *value);
  assert_non_null(all->value);
  memcpy(all->value + all->count, value, (size_t)count * sizeof *value);
  all->count += count;
}

/* All that a field holds, in one row. */
static numbers flattened(const mn_mean_field *f)
{
  numbers all = {0, NULL};
  append(&all, 2, (double[2]){f->moments, f->end});
  for (int k = 0; k < f->moments; k++) {
    const mn_plane *p = &f->plane[k];
    const int cells = p->axis[0].cells * p->axis[1].cells;
    append(&all, 1, &p->time);
    for (int a = 0; a < 2; a++) {
      const mn_axis *axis = &p->axis[a];
      append(&all, 3, (double[3]){axis->cells, axis->low, axis->high});
      append(&all, axis->cells + 2 * MN_GHOSTS, axis->x - MN_GHOSTS);
      append(&all, axis->cells + 2 * MN_GHOSTS, axis->width - MN_GHOSTS);
    }
    append(&all, cells, p->chemical);
    append(&all, p->density ? cells : 1, p->density ? p->density : &(double){-1.0});
  }
  return all;
}

static bool same(const numbers *a, const numbers *b)
{
  return a->count == b->count && memcmp(a->value, b->value, (size_t)a->count * sizeof *a->value) == 0;
}

/* A case that differs in x and y. */
static mn_pde_options askew(double chi)
{
  mn_pde_options o = pde_plain(0.5, chi, 0.7, 0.4);
  o.initial = (mn_initial){.kind = MN_INITIAL_CLUSTERS, .clusters = 2};
  o.initial.cluster[0] = (mn_blob){1.0, -1.5, 0.0, 0.7};
  o.initial.cluster[1] = (mn_blob){2.0, 0.8, 0.3, 0.5};
  return o;
}

/* Memory: it holds what it shows, and nothing is left of it. */
static void alone_a_rank_gets_the_same_bits_every_time(void **state)
{
  (void)state;
  const mn_schedule schedule = schedule_of(0.1, 0.02);
  const int64_t before = mn_memory_live();
  mn_mean_field *field[3];
  numbers all[3];
  for (int k = 0; k < 3; k++) {
    const mn_pde_options o = askew(k == 1 ? 1.0 : 8.0);
    const int64_t held = mn_memory_live();
    field[k] = solved_alone(&o, &schedule);
    all[k] = flattened(field[k]);
    check_at_most((double)(mn_memory_live() - held), 8.0 * all[k].count + 200.0 * field[k]->moments,
                  "the numbers, and a struct of pointers a moment");
  }
  assert_false(same(&all[0], &all[1]));
  assert_true(same(&all[0], &all[2]));
  for (int k = 0; k < 3; k++) {
    mn_mean_field_destroy(&field[k]);
    assert_null(field[k]);
    free(all[k].value);
  }
  mn_mean_field_destroy(&field[0]);
  assert_int_equal(mn_memory_live(), before);
}

/* Memory: as above, whoever made it. */
static void a_shared_field_is_that_of_rank_0_which_every_rank_gets_alone(void **state)
{
  (void)state;
  const mn_schedule schedule = schedule_of(0.1, 0.02);
  const mn_pde_options o = askew(8.0);
  const int64_t before = mn_memory_live();
  mn_mean_field *field = solved_alone(&o, &schedule);
  numbers original = flattened(field);
  if (check_world()->rank > 0) {
    mn_mean_field_destroy(&field);
  }
  check_ok(mn_mean_field_share(check_world(), &field));
  check_at_most((double)(mn_memory_live() - before), 8.0 * original.count + 200.0 * field->moments,
                "the numbers, and a struct of pointers a moment");
  numbers shared = flattened(field);
  assert_true(same(&original, &shared));
  mn_mean_field_destroy(&field);
  free(original.value);
  free(shared.value);
  assert_int_equal(mn_memory_live(), before);
}

static void check_no_field(const mn_pde_options *o, const char *words)
{
  const mn_schedule schedule = schedule_of(0.1, 0.02);
  const int64_t before = mn_memory_live();
  mn_mean_field *field = NULL;
  check_refused(mn_mean_field_solve(check_world(), o, &schedule, steps_to(&schedule, o->end), NULL, &field), MN_USAGE,
                words);
  assert_null(field);
  assert_int_equal(mn_memory_live(), before);
}

/* E|X|^2 = 2 + (4 - chi/2pi) t vanishes at t = 2/3 at the latest. */
static void a_density_that_concentrates_before_the_end_is_refused(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(0.0, 14.0 * pi, 0.0, 0.7);
  o.tolerance = 1e-2;
  o.concentration = 5.0;
  check_no_field(&o, "concentrates at time 0.");
}

static void a_law_without_density_is_refused(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 1.0, 0.0, 0.4);
  o.initial = (mn_initial){.kind = MN_INITIAL_DIRAC};
  check_no_field(&o, "density");
}

enum { LEVELS = 3, WALKERS = 40000 };

/* |X_1|^2 and |B_1|^2 of a block of cells, in steps of 1/4, 1/8 and 1/16 of the same Brownian paths. */
static void walk(const mn_mean_field *field, int level, mn_block block, double *square, double *free_square)
{
  enum { FINEST = 16 };
  const int steps = FINEST >> (LEVELS - 1 - level);
  const int64_t count = mn_block_count(block);
  const mn_dynamics d = {.model = {.theta = 1.0, .chi = 2.0 * pi},
                         .schedule = schedule_of(1.0 / steps, 0.0),
                         .scheme = MN_SCHEME_HEUN,
                         .seed = 3,
                         .noise_substeps = FINEST / steps};
  static double x[2 * WALKERS];
  static double b[2 * WALKERS];
  static double noise[2 * WALKERS];
  mn_initial_draw(&(mn_initial){.kind = MN_INITIAL_GAUSSIAN, .variance = 1.0}, d.seed, block, x);
  memcpy(b, x, sizeof b);
  for (int64_t n = 0; n < steps; n++) {
    mn_step_noise(&d, block, n, noise);
    mn_mean_field_advance(field, &d, n, count, noise, x);
    for (int64_t k = 0; k < 2 * count; k++) {
      b[k] += noise[k];
    }
  }
  for (int64_t i = 0; i < count; i++) {
    square[i] = x[2 * i] * x[2 * i] + x[2 * i + 1] * x[2 * i + 1];
    free_square[i] = b[2 * i] * b[2 * i] + b[2 * i + 1] * b[2 * i + 1];
  }
}

typedef struct estimate {
  double mean, error;
} estimate;

/* Mean of a combination of levels, controlled by the free paths, whose E|B_1|^2 is 2 + 4. */
static estimate controlled(double value[LEVELS + 1][WALKERS], const double weight[LEVELS])
{
  const double *b = value[LEVELS];
  double mean[2] = {0.0, 0.0};
  double product[3] = {0.0, 0.0, 0.0};
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < WALKERS; i++) {
      const double y = weight[0] * value[0][i] + weight[1] * value[1][i] + weight[2] * value[2][i];
      if (pass == 0) {
        mean[0] += y / WALKERS;
        mean[1] += b[i] / WALKERS;
      } else {
        product[0] += (y - mean[0]) * (y - mean[0]) / WALKERS;
        product[1] += (y - mean[0]) * (b[i] - mean[1]) / WALKERS;
        product[2] += (b[i] - mean[1]) * (b[i] - mean[1]) / WALKERS;
      }
    }
  }
  const double slope = product[1] / product[2];
  return (estimate){mean[0] - slope * (mean[1] - 6.0), sqrt((product[0] - slope * product[1]) / WALKERS)};
}

/* As a program would: rank 0 solves, all walk.  A bias of order 2 falls by 4 from level to level, and what is left is a
 * third of the last fall. */
static void limit_cells_meet_the_radial_reference_at_order_2(void **state)
{
  (void)state;
  static double value[LEVELS + 1][WALKERS];
  static double again[WALKERS];
  const mn_schedule schedule = schedule_of(1.0 / 16.0, 0.0);
  const mn_block block = mn_block_of(WALKERS, check_world()->rank, check_world()->size);
  mn_mean_field *field = NULL;
  if (check_world()->rank == 0) {
    const mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 1.0);
    field = solved_alone(&o, &schedule);
  }
  check_ok(mn_mean_field_share(check_world(), &field));
  memset(value, 0, sizeof value);
  for (int level = 0; level < LEVELS; level++) {
    walk(field, level, block, value[level] + block.begin, (level ? again : value[LEVELS]) + block.begin);
  }
  mn_mean_field_destroy(&field);
  MPI_Allreduce(MPI_IN_PLACE, value, (LEVELS + 1) * WALKERS, MPI_DOUBLE, MPI_SUM, check_world()->comm);
  const estimate finest = controlled(value, (double[]){0.0, 0.0, 1.0});
  const estimate fall = controlled(value, (double[]){0.0, 1.0, -1.0});
  const estimate order = controlled(value, (double[]){1.0, -3.5, 2.5});
  check_at_most(5.0 * order.error, order.mean, "one fall is more than 2.5 times the next, surely; order 1 has twice");
  check_absolute(finest.mean, 5.773136, 5.0 * finest.error + fabs(fall.mean) + 2.3e-4,
                 "5 standard errors, the bias, the tolerance of the field, of the pull 0.23");
}

MN_TESTS("mean_field", cmocka_unit_test_setup(the_gradient_of_brownian_cells_is_that_of_gaussians, pde_solver_start),
         cmocka_unit_test(at_moments_the_gradient_is_that_of_the_continuum_stopped_there),
         cmocka_unit_test(between_kept_moments_it_is_as_good_as_the_continuum),
         cmocka_unit_test(of_more_than_256_steps_every_kth_is_kept_and_the_last),
         cmocka_unit_test(alone_a_rank_gets_the_same_bits_every_time),
         cmocka_unit_test(a_shared_field_is_that_of_rank_0_which_every_rank_gets_alone),
         cmocka_unit_test(limit_cells_meet_the_radial_reference_at_order_2),
         cmocka_unit_test(a_law_without_density_is_refused),
         cmocka_unit_test_teardown(a_density_that_concentrates_before_the_end_is_refused, pde_solver_end));
