/* Cases that are saved, stopped, moved, mirrored and refused.  Truth: an uninterrupted case bit by bit, symmetries of
 * the plane, and what the headers promise. */
#include "pde_case.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* Two clusters of different weight, width and height: no symmetry but in the special cases asked for. */
static mn_pde_options lopsided(double theta)
{
  mn_pde_options o = pde_plain(theta, 4.0 * pi, 0.5, 0.4);
  o.initial = (mn_initial){.kind = MN_INITIAL_CLUSTERS, .clusters = 2};
  o.initial.cluster[0] = (mn_blob){1.0, -0.6, -0.2, 0.5};
  o.initial.cluster[1] = (mn_blob){2.0, 0.7, 0.4, 0.4};
  o.field = (mn_field){.kind = MN_FIELD_GAUSSIAN, .blobs = 1, .blob = {{0.5, 0.3, 0.6, 0.7}}};
  o.tolerance = 3e-3;
  return o;
}

static void refused(const mn_pde_options *o, const char *words)
{
  mn_pde *pde;
  check_refused(mn_pde_create(check_world(), o, &pde), MN_USAGE, words);
  assert_null(pde);
}

static bool same_bits(const mn_plane *p, const mn_plane *q)
{
  const size_t bytes = (size_t)p->axis[0].cells * (size_t)p->axis[1].cells * sizeof(double);
  return p->axis[0].cells == q->axis[0].cells && p->axis[1].cells == q->axis[1].cells &&
         memcmp(&p->time, &q->time, sizeof p->time) == 0 && memcmp(p->density, q->density, bytes) == 0 &&
         memcmp(p->chemical, q->chemical, bytes) == 0;
}

/* A case that goes on without stop, and one that is saved, thrown away and restored after `steps`. */
static void check_restored(const mn_pde_options *o, int steps)
{
  mn_pde *straight = pde_created(o);
  mn_pde *resumed = pde_created(o);
  mn_pde_state saved;
  for (int k = 0; k < steps; k++) {
    pde_step(straight, o->end);
    pde_step(resumed, o->end);
  }
  check_ok(mn_pde_save(resumed, &saved));
  mn_pde_destroy(&resumed);
  check_ok(mn_pde_restore(check_world(), o, &saved, &resumed));
  mn_pde_state_clear(&saved);
  while (mn_pde_now(straight)->time < o->end) {
    mn_plane p = pde_plane_of(straight);
    mn_plane q = pde_plane_of(resumed);
    const bool same = same_bits(&p, &q);
    mn_plane_clear(&p);
    mn_plane_clear(&q);
    assert_true(same);
    assert_memory_equal(mn_pde_now(straight), mn_pde_now(resumed), sizeof(mn_pde_report));
    pde_step(straight, o->end);
    pde_step(resumed, o->end);
  }
  mn_pde_destroy(&straight);
  mn_pde_destroy(&resumed);
}

static void a_restored_case_goes_on_bit_by_bit(void **state)
{
  (void)state;
  mn_pde_options o = lopsided(1.0);
  o.tolerance = 1e-3; /* one that changes its mesh afterwards */
  check_restored(&o, 3);
}

static void a_restored_case_without_delay_goes_on_bit_by_bit(void **state)
{
  (void)state;
  mn_pde_options o = lopsided(0.0);
  check_restored(&o, 3);
  o.model.lambda = 0.0;
  check_restored(&o, 3);
}

static void a_case_is_restored_from_its_very_start(void **state)
{
  (void)state;
  const mn_pde_options o = lopsided(2.0);
  check_restored(&o, 0);
}

static void a_step_lands_exactly_on_the_time_asked_for(void **state)
{
  (void)state;
  const mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 1.0);
  const double until[] = {1e-7, 0.1, 0.1 + 1e-9, 0.3, 1.0 / 3.0, 1.0};
  mn_pde *pde = pde_created(&o);
  for (int k = 0; k < 6; k++) {
    assert_int_equal(pde_run_to(pde, until[k]), MN_PDE_GOES_ON);
    mn_plane p = pde_plane_of(pde);
    const double time = p.time;
    mn_plane_clear(&p);
    assert_true(time == until[k]);
  }
  check_at_most((double)mn_pde_now(pde)->step, 100, "stops on the way do not keep steps short");
  mn_pde_destroy(&pde);
}

static void fixed_steps_have_the_length_asked_for(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 0.2);
  o.step = 0.05;
  mn_pde *pde = pde_created(&o);
  for (int k = 1; k <= 4; k++) {
    pde_step(pde, o.end);
    check_absolute(mn_pde_now(pde)->time, 0.05 * k, 1e-15, "rounding");
  }
  mn_pde_destroy(&pde);
}

/* Largest difference of density and chemical of p at (x, y) and q at (a x + b y, c x + d y) + shift, over a grid of
 * points; in units of the largest value of each. */
static double difference(const mn_plane *p, const mn_plane *q, const double turn[4], const double shift[2])
{
  double top[2] = {0.0, 0.0};
  double apart[2] = {0.0, 0.0};
  for (int k = 0; k < 17 * 17; k++) {
    const double x = 0.23 * (k % 17 - 8);
    const double y = 0.23 * (k / 17 - 8);
    const double to[2] = {turn[0] * x + turn[1] * y + shift[0], turn[2] * x + turn[3] * y + shift[1]};
    const double rho = mn_plane_at(p, p->density, x, y, NULL);
    const double c = mn_plane_at(p, p->chemical, x, y, NULL);
    top[0] = fmax(top[0], fabs(rho));
    top[1] = fmax(top[1], fabs(c));
    apart[0] = fmax(apart[0], fabs(rho - mn_plane_at(q, q->density, to[0], to[1], NULL)));
    apart[1] = fmax(apart[1], fabs(c - mn_plane_at(q, q->chemical, to[0], to[1], NULL)));
  }
  return fmax(apart[0] / top[0], apart[1] / top[1]);
}

static const double as_is[4] = {1.0, 0.0, 0.0, 1.0};
static const double no_shift[2] = {0.0, 0.0};

/* Linear solves stop at a tenth of the tolerance of a step, 1e-4, and see x and y differently. */
static void a_symmetric_start_stays_symmetric(void **state)
{
  (void)state;
  const double swap[4] = {0.0, 1.0, 1.0, 0.0};
  const double mirror[4] = {-1.0, 0.0, 0.0, 1.0};
  for (int k = 0; k < 2; k++) {
    const mn_pde_options o = pde_plain(1.0 - k, 5.0 * pi, 0.0, 0.5);
    mn_plane p = pde_finished(&o);
    check_at_most(difference(&p, &p, swap, no_shift), 2e-4, "linear solves: a tenth of the tolerance, a few steps");
    check_at_most(difference(&p, &p, mirror, no_shift), 2e-4, "linear solves: a tenth of the tolerance, a few steps");
    mn_plane_clear(&p);
  }
}

static void clusters_swapped_swap_the_answer(void **state)
{
  (void)state;
  const double swap[4] = {0.0, 1.0, 1.0, 0.0};
  mn_pde_options o = lopsided(1.0);
  mn_plane p = pde_finished(&o);
  for (int k = 0; k < 2; k++) {
    mn_blob *b = &o.initial.cluster[k];
    *b = (mn_blob){b->amplitude, b->y, b->x, b->sigma};
  }
  o.field.blob[0] = (mn_blob){0.5, 0.6, 0.3, 0.7};
  mn_plane q = pde_finished(&o);
  check_at_most(difference(&p, &q, swap, no_shift), 1e-3, "a third of the tolerance: linear solves");
  mn_plane_clear(&p);
  mn_plane_clear(&q);
}

static void a_case_moved_moves_its_answer(void **state)
{
  (void)state;
  const double shift[2] = {3.7, -1.3};
  for (int k = 0; k < 2; k++) {
    mn_pde_options o = lopsided(1.0 - k);
    mn_plane p = pde_finished(&o);
    o.initial.centre[0] = shift[0];
    o.initial.centre[1] = shift[1];
    o.field.blob[0].x += shift[0];
    o.field.blob[0].y += shift[1];
    mn_plane q = pde_finished(&o);
    check_at_most(difference(&p, &q, as_is, shift), 1e-5, "rounding, and what it does to iterative solves");
    mn_plane_clear(&p);
    mn_plane_clear(&q);
  }
}

static void a_box_twice_as_wide_changes_nothing(void **state)
{
  (void)state;
  const double theta[] = {1.0, 0.05, 0.0};
  for (int k = 0; k < 3; k++) {
    mn_pde_options o = lopsided(theta[k]);
    o.model.lambda = 0.0;
    o.half_width = 6.0;
    mn_plane p = pde_finished(&o);
    o.half_width = 12.0;
    mn_plane q = pde_finished(&o);
    check_at_most(difference(&p, &q, as_is, no_shift), 3e-3, "the tolerance");
    mn_plane_clear(&p);
    mn_plane_clear(&q);
  }
}

static void what_cannot_be_solved_is_refused_in_words(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 1.0);
  o.half_width = 3.0;
  refused(&o, "pde.half_width = 3 cuts off");
  o = pde_plain(1.0, 2.0 * pi, 0.0, 1.0);
  o.cells = 16;
  refused(&o, "pde.cells = 16 is too coarse");
  o = pde_plain(1.0, 2.0 * pi, 0.0, 1.0);
  o.initial.kind = MN_INITIAL_DIRAC;
  refused(&o, "pde.smoothing > 0");
  o.initial = (mn_initial){.kind = MN_INITIAL_CLUSTERS, .clusters = 1, .cluster = {{1.0, 0.0, 0.0, 0.0}}};
  refused(&o, "pde.smoothing > 0");
  const double point[] = {0.0, 1.0, 0.5, -1.0};
  o.initial = (mn_initial){.kind = MN_INITIAL_FILE};
  o.points = 2;
  o.point = point;
  refused(&o, "pde.smoothing > 0");
}

static void a_smoothed_point_is_a_normal_law(void **state)
{
  (void)state;
  mn_pde_options o = pde_plain(1.0, 2.0 * pi, 0.0, 0.2);
  o.initial.variance = 0.25;
  mn_plane p = pde_finished(&o);
  o.initial.kind = MN_INITIAL_DIRAC;
  o.smoothing = 0.5;
  mn_plane q = pde_finished(&o);
  assert_true(same_bits(&p, &q));
  mn_plane_clear(&p);
  mn_plane_clear(&q);
}

MN_TESTS("pde_state", cmocka_unit_test_setup(a_restored_case_goes_on_bit_by_bit, pde_solver_start),
         cmocka_unit_test(a_restored_case_without_delay_goes_on_bit_by_bit),
         cmocka_unit_test(a_case_is_restored_from_its_very_start),
         cmocka_unit_test(a_step_lands_exactly_on_the_time_asked_for),
         cmocka_unit_test(fixed_steps_have_the_length_asked_for), cmocka_unit_test(a_symmetric_start_stays_symmetric),
         cmocka_unit_test(clusters_swapped_swap_the_answer), cmocka_unit_test(a_case_moved_moves_its_answer),
         cmocka_unit_test(a_box_twice_as_wide_changes_nothing),
         cmocka_unit_test(what_cannot_be_solved_is_refused_in_words),
         cmocka_unit_test_teardown(a_smoothed_point_is_a_normal_law, pde_solver_end));
