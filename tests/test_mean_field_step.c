/* Noise and steps of cells of the limit, in fields made by hand; test_mean_field.c has those of the continuum.  Truth:
 * the draws themselves; cells of a system that is not sensitive; gradients, and what a cubic in time misses, in closed
 * form; orders of convergence. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/mean_field.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <string.h>

enum { CELLS_MAX = 128 };

static mn_schedule schedule_of(double step, double first)
{
  mn_schedule schedule;
  check_ok(mn_schedule_make(step, first, 1.3, &schedule));
  return schedule;
}

/* On a ramp, so that lengths of steps differ. */
static mn_dynamics growing(mn_scheme scheme, double chi)
{
  return (mn_dynamics){.model = {.theta = 1.0, .chi = chi},
                       .schedule = schedule_of(0.2, 0.03),
                       .scheme = scheme,
                       .seed = 5,
                       .noise_substeps = 1};
}

/* c = -t^power ((x - 0.3)^2 + 2 (y + 0.2)^2)/2 at given times: a polynomial that the planes hold without error. */
static mn_mean_field *made_by_hand(int moments, const double *time, int power)
{
  enum { CELLS = 12 };
  mn_mean_field *f = NULL;
  check_ok(mn_alloc(&f, 1, sizeof *f));
  check_ok(mn_alloc(&f->plane, moments, sizeof *f->plane));
  f->moments = moments;
  f->end = time[moments - 1];
  for (int k = 0; k < moments; k++) {
    mn_axis axis[2];
    const mn_wish wish = {0.1, 0.3};
    for (int a = 0; a < 2; a++) {
      check_ok(mn_axis_make(-3.0, 3.0, 1, &wish, 0.1, CELLS, 1, CELLS, &axis[a]));
    }
    check_ok(mn_plane_alloc(time[k], axis, &f->plane[k]));
    for (int n = 0; n < CELLS * CELLS; n++) {
      const double x = f->plane[k].axis[0].x[n % CELLS] - 0.3;
      const double y = f->plane[k].axis[1].x[n / CELLS] + 0.2;
      f->plane[k].chemical[n] = -0.5 * pow(time[k], power) * (x * x + 2.0 * y * y);
    }
  }
  return f;
}

static void gradient_by_hand(double factor, const double x[2], double gradient[2])
{
  gradient[0] = -factor * (x[0] - 0.3);
  gradient[1] = -2.0 * factor * (x[1] + 0.2);
}

static void check_gradient(const double actual[2], const double expected[2], double absolute, const char *why)
{
  for (int a = 0; a < 2; a++) {
    check_absolute(actual[a], expected[a], absolute, why);
  }
}

static void the_noise_of_a_block_is_the_draws_of_its_cells(void **state)
{
  (void)state;
  double noise[2 * CELLS_MAX];
  const mn_dynamics d = growing(MN_SCHEME_HEUN, 0.0);
  for (int64_t n = 0; n < 20; n++) {
    const double h = mn_schedule_time(&d.schedule, n + 1) - mn_schedule_time(&d.schedule, n);
    mn_step_noise(&d, (mn_block){32, 96}, n, noise);
    for (int64_t i = 0; i < 64; i++) {
      double draw[2];
      mn_noise_normal(d.seed, MN_STREAM_MOTION, (uint32_t)(32 + i), (uint64_t)n, 0, draw);
      for (int a = 0; a < 2; a++) {
        check_absolute(noise[2 * i + a], sqrt(2.0 * h) * draw[a], 1e-13,
                       "a normal number below 6, and times of order 1 that are subtracted");
      }
    }
  }
}

static void the_noise_of_a_cell_does_not_know_the_block(void **state)
{
  (void)state;
  double all[2 * CELLS_MAX];
  double part[2 * CELLS_MAX];
  mn_dynamics d = growing(MN_SCHEME_HEUN, 0.0);
  for (d.noise_substeps = 1; d.noise_substeps <= 3; d.noise_substeps++) {
    mn_step_noise(&d, (mn_block){0, 100}, 7, all);
    for (int size = 2; size <= 4; size++) {
      for (int rank = 0; rank < size; rank++) {
        const mn_block block = mn_block_of(100, rank, size);
        mn_step_noise(&d, block, 7, part);
        assert_memory_equal(part, all + 2 * block.begin, 2 * (size_t)mn_block_count(block) * sizeof *all);
      }
    }
  }
}

static void noise_with_substeps_is_the_sum_of_as_many_fine_steps(void **state)
{
  (void)state;
  double coarse[2 * CELLS_MAX];
  double fine[2 * CELLS_MAX];
  double sum[2 * CELLS_MAX];
  const mn_block block = {0, 64};
  for (int k = 2; k <= 5; k++) {
    mn_dynamics d = {.schedule = schedule_of(0.5, 0.0), .seed = 9, .noise_substeps = k};
    mn_dynamics e = {.schedule = schedule_of(0.5 / k, 0.0), .seed = 9, .noise_substeps = 1};
    for (int64_t n = 0; n < 4; n++) {
      memset(sum, 0, sizeof sum);
      mn_step_noise(&d, block, n, coarse);
      for (int64_t m = 0; m < k; m++) {
        mn_step_noise(&e, block, n * k + m, fine);
        for (int64_t i = 0; i < 128; i++) {
          sum[i] += fine[i];
        }
      }
      for (int64_t i = 0; i < 128; i++) {
        check_absolute(coarse[i], sum[i], 1e-14, "ten roundings of numbers of order 1");
      }
    }
  }
}

/* A system of as many cells, whose drift is nothing times a force, walks beside. */
static void without_sensitivity_a_cell_its_limit_and_its_noise_are_one(void **state)
{
  (void)state;
  enum { CELLS = 40, STEPS = 12 };
  const double time[] = {0.0, 0.5, 1.0, 1.5, 2.0};
  double x[4][2 * CELLS_MAX]; /* sum of the noise, limit, cells, their free paths */
  double noise[2 * CELLS_MAX];
  mn_mean_field *field = made_by_hand(5, time, 2);
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    const mn_dynamics d = growing((mn_scheme)scheme, 0.0);
    mn_drift *drift = NULL;
    mn_history *history = NULL;
    mn_stepper *stepper = NULL;
    check_ok(mn_drift_create(check_world(), &mn_drift_direct, &d.model, &(mn_drift_options){.tolerance = 1e-3}, CELLS,
                             &drift));
    check_ok(mn_history_create(check_world(), &d.model, &(mn_history_options){.tolerance = 1e-3}, CELLS, &history));
    check_ok(mn_stepper_create(&d, drift, history, &stepper));
    const int64_t count = mn_block_count(drift->block);
    mn_initial_draw(&(mn_initial){.variance = 0.1}, d.seed, drift->block, x[0]);
    for (int k = 1; k < 4; k++) {
      memcpy(x[k], x[0], sizeof *x);
    }
    for (int64_t n = 0; n < STEPS; n++) {
      mn_step_noise(&d, drift->block, n, noise);
      mn_mean_field_advance(field, &d, n, count, noise, x[1]);
      check_ok(mn_stepper_advance(stepper, n, x[2], x[3]));
      for (int64_t i = 0; i < 2 * count; i++) {
        x[0][i] += noise[i];
        assert_true(x[1][i] == x[0][i] && x[2][i] == x[0][i] && x[3][i] == x[0][i]);
      }
    }
    mn_stepper_destroy(&stepper);
    mn_history_destroy(&history);
    mn_drift_destroy(&drift);
  }
  mn_mean_field_destroy(&field);
}

/* Expected: theory.md, the schemes, with the gradient in closed form. */
static void a_step_is_the_scheme_written_out(void **state)
{
  (void)state;
  enum { CELLS = 3, STEP = 2 };
  const double time[] = {0.0, 0.1, 0.25, 0.4, 0.7};
  const double start[2 * CELLS] = {0.5, -0.4, -1.0, 1.2, 0.3, 2.0};
  const double noise[2 * CELLS] = {0.01, -0.02, 0.3, 0.1, -0.2, 0.05};
  mn_mean_field *field = made_by_hand(5, time, 1);
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    const mn_dynamics d = growing((mn_scheme)scheme, 1.7);
    const double t = mn_schedule_time(&d.schedule, STEP);
    const double end = mn_schedule_time(&d.schedule, STEP + 1);
    double x[2 * CELLS];
    memcpy(x, start, sizeof x);
    mn_mean_field_advance(field, &d, STEP, CELLS, noise, x);
    for (int i = 0; i < CELLS; i++) {
      double now[2];
      double then[2];
      double to[2];
      gradient_by_hand(t, start + 2 * i, now);
      for (int a = 0; a < 2; a++) {
        to[a] = start[2 * i + a] + 1.7 * (end - t) * now[a] + noise[2 * i + a];
      }
      gradient_by_hand(end, to, then);
      for (int a = 0; a < 2 && scheme == MN_SCHEME_HEUN; a++) {
        to[a] += 0.5 * 1.7 * (end - t) * (then[a] - now[a]);
      }
      check_gradient(x + 2 * i, to, 1e-12, "rounding of weights of 8 x 8 cells");
    }
  }
  mn_mean_field_destroy(&field);
}

/* Without noise x - 0.3 falls by exp(-chi t^2/2), y + 0.2 by its square.  Error at time 1. */
static double error_of(const mn_mean_field *field, mn_scheme scheme, int steps)
{
  const double nothing[2] = {0.0, 0.0};
  const mn_dynamics d = {.model.chi = 2.0, .schedule = schedule_of(1.0 / steps, 0.0), .scheme = scheme};
  double x[2] = {1.3, 0.8};
  for (int64_t n = 0; n < steps; n++) {
    mn_mean_field_advance(field, &d, n, 1, nothing, x);
  }
  return hypot(x[0] - 0.3 - exp(-1.0), x[1] + 0.2 - exp(-2.0));
}

static void heun_is_of_order_2_and_the_others_of_order_1(void **state)
{
  (void)state;
  const double time[] = {0.0, 0.5, 1.0};
  mn_mean_field *field = made_by_hand(3, time, 1);
  for (int scheme = MN_SCHEME_HEUN; scheme <= MN_SCHEME_EULER; scheme++) {
    const double order = log2(error_of(field, (mn_scheme)scheme, 64) / error_of(field, (mn_scheme)scheme, 128));
    check_absolute(order, scheme == MN_SCHEME_HEUN ? 2.0 : 1.0, 0.1, "what the next order adds is below h = 1/64");
  }
  mn_mean_field_destroy(&field);
}

/* t^m through m moments misses by the product of t - t_k: a polynomial of degree m that vanishes there. */
static void between_moments_it_is_the_cubic_through_the_four_around(void **state)
{
  (void)state;
  enum { MOMENTS = 7 };
  const double time[MOMENTS] = {0.0, 0.1, 0.3, 0.6, 0.7, 1.0, 1.4};
  const double x[2] = {1.1, -0.7};
  for (int moments = 1; moments <= MOMENTS; moments++) {
    const int points = moments < 4 ? moments : 4;
    mn_mean_field *field = made_by_hand(moments, time, points);
    for (double t = 0.005; t < time[moments - 1]; t += 0.01) {
      int first = 0;
      while (first + points < moments && time[first + points / 2] < t) {
        first++;
      }
      double missed = 1.0;
      for (int k = first; k < first + points; k++) {
        missed *= t - time[k];
      }
      double expected[2];
      double gradient[2];
      gradient_by_hand(pow(t, points) - missed, x, expected);
      mn_mean_field_gradient(field, t, x, gradient);
      check_gradient(gradient, expected, 1e-12, "rounding of weights of 8 x 8 cells");
    }
    mn_mean_field_destroy(&field);
  }
}

MN_TESTS("mean_field_step", cmocka_unit_test(the_noise_of_a_block_is_the_draws_of_its_cells),
         cmocka_unit_test(the_noise_of_a_cell_does_not_know_the_block),
         cmocka_unit_test(noise_with_substeps_is_the_sum_of_as_many_fine_steps),
         cmocka_unit_test(without_sensitivity_a_cell_its_limit_and_its_noise_are_one),
         cmocka_unit_test(a_step_is_the_scheme_written_out),
         cmocka_unit_test(heun_is_of_order_2_and_the_others_of_order_1),
         cmocka_unit_test(between_moments_it_is_the_cubic_through_the_four_around));
