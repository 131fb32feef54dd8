/* Walks through the past.  Truth: the paths themselves; the quadrature asked for every sample by hand. */
#include "check.h"

#include <math.h>
#include <mnemotaxis/recall.h>
#include <string.h>

enum { CELLS = 40, SAMPLES = 7 };

static const mn_model model = {.theta = 0.7, .chi = 1.0, .lambda = 0.3};
static const double tolerance = 1e-5;
static double path[SAMPLES][2 * CELLS];

static double time_of(int m)
{
  return 0.1 * m;
}

static mn_history *past_of(int samples)
{
  const mn_history_options options = {.tolerance = tolerance};
  const mn_block block = mn_block_of(CELLS, check_world()->rank, check_world()->size);
  mn_history *h;
  check_ok(mn_history_create(check_world(), &model, &options, CELLS, &h));
  for (int m = 0; m < samples; m++) {
    for (int k = 0; k < 2 * CELLS; k++) {
      path[m][k] = check_normal(21, (uint64_t)(2 * CELLS * m + k));
    }
    check_ok(mn_history_append(h, time_of(m), 0.1, path[m] + 2 * block.begin));
  }
  return h;
}

/* What a walk has shown. */
typedef struct seen {
  int samples;
  double worst; /* distance from the path, in units of the coder */
  mn_gaussians rule[SAMPLES];
} seen;

static void look(void *context, const mn_gaussians *rule, double unit, const int64_t *q)
{
  seen *s = context;
  for (int k = 0; k < 2 * CELLS; k++) {
    s->worst = fmax(s->worst, fabs(unit * (double)q[k] - path[s->samples][k]) / unit);
  }
  s->rule[s->samples++] = *rule;
}

static void check_walk(mn_recall *recall, const mn_history *h, double now, int samples)
{
  double times[SAMPLES + 1];
  seen s = {.samples = 0};
  check_ok(mn_recall_prepare(recall, h, now));
  assert_int_equal(recall->samples, samples);
  mn_recall_walk(recall, h, &model, tolerance, look, &s);
  assert_int_equal(s.samples, samples);
  check_at_most(s.worst, 0.5, "the coder rounds to the nearest");
  for (int m = 0; m < samples; m++) {
    times[m] = time_of(m);
  }
  times[samples] = now;
  for (int m = 0; m < samples; m++) {
    mn_interval interval[2];
    mn_gaussians rule;
    const int count = mn_quadrature_intervals(model.quadrature, times, samples, m, interval);
    mn_quadrature_rule(&model, tolerance, count, interval, &rule);
    assert_int_equal(s.rule[m].count, rule.count);
    assert_memory_equal(s.rule[m].rate, rule.rate, (size_t)rule.count * sizeof *rule.rate);
    assert_memory_equal(s.rule[m].weight, rule.weight, (size_t)rule.count * sizeof *rule.weight);
  }
}

static void every_older_sample_is_visited_with_its_quadrature(void **state)
{
  (void)state;
  mn_history *h = past_of(SAMPLES);
  mn_recall recall = {0};
  check_walk(&recall, h, time_of(SAMPLES), SAMPLES);
  check_absolute(mn_recall_window(&recall), 0.1, 1e-15, "rounding of two times");
  check_walk(&recall, h, time_of(SAMPLES) + 0.05, SAMPLES);
  check_absolute(mn_recall_window(&recall), 0.15, 1e-15, "rounding of two times");
  mn_recall_clear(&recall);
  mn_history_destroy(&h);
}

static void what_is_not_older_is_left_out(void **state)
{
  (void)state;
  mn_history *h = past_of(SAMPLES);
  mn_recall recall = {0};
  for (int m = 0; m < SAMPLES; m++) {
    check_walk(&recall, h, time_of(m) * (1.0 + 1e-15), m);
  }
  mn_recall_clear(&recall);
  mn_history_destroy(&h);
}

static void work_space_grows_with_the_past(void **state)
{
  (void)state;
  mn_recall recall = {0};
  for (int samples = 0; samples <= SAMPLES; samples++) {
    mn_history *h = past_of(samples);
    check_walk(&recall, h, time_of(samples), samples);
    mn_history_destroy(&h);
  }
  mn_recall_clear(&recall);
  assert_true(recall.q == NULL && recall.times == NULL);
}

static void count_visits(void *context, const mn_gaussians *rule, double unit, const int64_t *q)
{
  int *visited = context;
  (void)rule;
  (void)unit;
  (void)q;
  (*visited)++;
}

/* Seven samples, 0.1 apart; the memory from below to beyond all of them. */
static void samples_that_decay_has_left_nothing_of_are_not_visited(void **state)
{
  (void)state;
  mn_history *h = past_of(SAMPLES);
  mn_recall recall = {0};
  check_ok(mn_recall_prepare(&recall, h, time_of(SAMPLES)));
  for (int k = 0; k <= SAMPLES; k++) {
    mn_model decaying = model;
    decaying.lambda = model.theta * 45.0 / (0.1 * k + 0.05);
    int visited = 0;
    mn_recall_walk(&recall, h, &decaying, tolerance, count_visits, &visited);
    assert_int_equal(visited, k < SAMPLES ? k + 1 : SAMPLES); /* a bridge's youngest lag is that of the next sample */
  }
  mn_recall_clear(&recall);
  mn_history_destroy(&h);
}

MN_TESTS("recall", cmocka_unit_test(every_older_sample_is_visited_with_its_quadrature),
         cmocka_unit_test(what_is_not_older_is_left_out), cmocka_unit_test(work_space_grows_with_the_past),
         cmocka_unit_test(samples_that_decay_has_left_nothing_of_are_not_visited));
