/* Truth: the sum over all samples of the rules of quadrature.h, term by term. */
#include "brownian.h"

#include <mnemotaxis/memory.h>

/* sum += f(|R|^2) R over samples older than now; size += the same of absolute values. */
static void plain_sum(const mn_trail *t, const mn_model *model, double now, double accuracy, const double *mine,
                      double *sum, double *size)
{
  double times[STEPS + 2];
  int samples = 0;
  while (samples < t->samples && t->times[samples] < now) {
    times[samples] = t->times[samples];
    samples++;
  }
  times[samples] = now;
  for (int k = 0; k < samples; k++) {
    mn_interval intervals[2];
    mn_gaussians rule;
    double then[NUMBERS];
    read_sample(t, k, then);
    const int count = mn_quadrature_intervals(model->quadrature, times, samples, k, intervals);
    mn_quadrature_rule(model, accuracy, count, intervals, &rule);
    for (int i = 0; i < NUMBERS; i++) {
      const double other = mine[i ^ 1] - then[i ^ 1];
      const double r = mine[i] - then[i];
      const double f = mn_gaussians_profile(&rule, r * r + other * other);
      sum[i] += f * r;
      size[i] += f * fabs(r);
    }
  }
}

/* Of positions as the trail knows them, those at `now` too. */
static void subtracted_is_the_plain_sum_over_samples(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(3.0, false, times);
  walk(times);
  for (int k = 0; k < 2 * MODELS; k++) {
    const mn_model model = model_of(k / 2);
    const double accuracy = pow(10.0, -2 - k / 2 % 7);
    const int words = 1 + k % 2;
    mn_trail trail;
    begin(block, words, &trail);
    append(&trail, times, 0, 61);
    double sum[NUMBERS], expected[NUMBERS], size[NUMBERS] = {0.0}, mine[NUMBERS];
    read_sample(&trail, 60, mine);
    for (int i = 0; i < NUMBERS; i++) {
      sum[i] = expected[i] = i % 7 - 3.0;
    }
    check_ok(mn_own_path_subtract(&trail, &model, times[60], accuracy, mine, sum));
    plain_sum(&trail, &model, times[60], accuracy, mine, expected, size);
    for (int i = 0; i < NUMBERS; i++) {
      check_absolute(sum[i], expected[i], (words == 2 ? 1e-12 : 2e-6) * (size[i] + 3.0),
                     "lanes in float where there is one word (own_path.h)");
    }
    mn_trail_clear(&trail);
  }
}

/* Adds what a trail of those positions [61][NUMBERS], the last of them at `now`, has left. */
static void sum_of(const mn_model *model, double now, const double *times, double (*x)[NUMBERS], double *sum)
{
  mn_trail trail;
  begin(block, 2, &trail);
  for (int s = 0; s < 60; s++) {
    check_ok(mn_trail_append(&trail, times[s], x[s]));
  }
  check_ok(mn_own_path_subtract(&trail, model, now, 1e-8, x[60], sum));
  mn_trail_clear(&trail);
}

/* Rounded as coarsely as an accuracy allows, positions make a tenth of what it lets pass. */
static void positions_rounded_to_the_finest_keep_the_accuracy(void **state)
{
  (void)state;
  static double rounded[61][NUMBERS];
  double times[STEPS + 1];
  clock_of(3.0, true, times);
  walk(times);
  for (int k = 0; k < 3 * MODELS; k++) {
    const mn_model model = model_of(k / 3);
    const double window = times[60] - times[59];
    const double accuracy = pow(10.0, -2 - k % 3);
    const double largest = 0.0508 * sqrt(model.theta / window);
    const double finest = mn_own_path_finest(&model, window, accuracy);
    const double low[2] = {-finest * 0x1p29, -finest * 0x1p29};
    const double high[2] = {finest * 0x1p29, finest * 0x1p29};
    double sum[2][NUMBERS] = {{0.0}};
    double squares = 0.0;
    mn_trail trail;
    mn_trail_begin(block, &trail);
    check_ok(mn_trail_reach(&trail, low, high));
    check_ok(mn_trail_resolve(&trail, 4.0 * finest));
    append(&trail, times, 0, 61);
    assert_true(trail.words == 1 && trail.unit <= finest && trail.unit >= 0.5 * finest);
    for (int s = 0; s <= 60; s++) {
      read_sample(&trail, s, rounded[s]);
    }
    mn_trail_clear(&trail);
    sum_of(&model, times[60], times, rounded, sum[0]);
    sum_of(&model, times[60], times, path, sum[1]);
    for (int i = 0; i < NUMBERS; i++) {
      squares += (sum[0][i] - sum[1][i]) * (sum[0][i] - sum[1][i]);
    }
    check_at_most(sqrt(squares / CELLS), 0.1 * accuracy * largest, "the header's");
    assert_true(mn_own_path_finest(&model, window, 1e-5) == 0.0);
  }
}

/* A thousand cells and more are summed some at a time. */
static void many_cells_have_the_bits_of_few(void **state)
{
  (void)state;
  enum { MANY = 10 * CELLS + 3 };
  double times[STEPS + 1];
  double few[NUMBERS] = {0.0};
  double *many = NULL;
  clock_of(3.0, true, times);
  walk(times);
  check_ok(mn_alloc(&many, 4 * MANY, sizeof *many));
  double *sum = many + 2 * MANY;
  for (int words = 1; words <= 2; words++) {
    const mn_model model = model_of(words);
    mn_trail trail[2];
    begin(block, words, &trail[0]);
    begin((mn_block){0, MANY}, words, &trail[1]);
    for (int s = 0; s <= 12; s++) {
      for (int i = 0; i < 2 * MANY; i++) {
        many[i] = path[s][i % NUMBERS];
      }
      if (s < 12) {
        check_ok(mn_trail_append(&trail[0], times[s], path[s]));
        check_ok(mn_trail_append(&trail[1], times[s], many));
      }
    }
    memset(few, 0, sizeof few);
    memset(sum, 0, 2 * MANY * sizeof *sum);
    check_ok(mn_own_path_subtract(&trail[0], &model, times[12], 1e-4, path[12], few));
    check_ok(mn_own_path_subtract(&trail[1], &model, times[12], 1e-4, many, sum));
    for (int i = 0; i < 2 * MANY; i++) {
      assert_true(sum[i] == few[i % NUMBERS] && sum[i] != 0.0);
    }
    mn_trail_clear(&trail[0]);
    mn_trail_clear(&trail[1]);
  }
  mn_free(&many);
}

/* The last cells of a block need not fill the lanes. */
static void a_cell_has_the_same_bits_in_blocks_of_any_size(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(3.0, false, times);
  walk(times);
  for (int cells = 1; cells < 40; cells++) {
    const mn_model model = model_of(cells % MODELS);
    double sum[2][NUMBERS];
    for (int w = 0; w < 2; w++) {
      mn_trail trail;
      begin(w == 0 ? block : (mn_block){64, 64 + cells}, 1 + cells % 2, &trail);
      append(&trail, times, 0, 21);
      for (int i = 0; i < NUMBERS; i++) {
        sum[w][i] = i;
      }
      check_ok(mn_own_path_subtract(&trail, &model, times[21], 1e-4, path[21], sum[w]));
      mn_trail_clear(&trail);
    }
    assert_memory_equal(sum[0], sum[1], (size_t)(2 * cells) * sizeof(double));
    assert_true(sum[1][2 * cells] == 2 * cells); /* of nobody in the block */
  }
}

/* Drifts add -f(|R|^2) R with f > 0: what is subtracted points away from the past. */
static void subtracted_points_away_from_the_past(void **state)
{
  (void)state;
  double here[NUMBERS], there[NUMBERS];
  for (int i = 0; i < NUMBERS; i++) {
    here[i] = check_normal(17, (uint64_t)i);
    there[i] = check_normal(19, (uint64_t)i);
  }
  for (int k = 0; k < MODELS; k++) {
    const mn_model model = model_of(k);
    double sum[NUMBERS] = {0.0};
    mn_trail trail;
    begin(block, 2, &trail);
    check_ok(mn_trail_append(&trail, 0.5, there));
    check_ok(mn_trail_append(&trail, 1.0, there));
    check_ok(mn_own_path_subtract(&trail, &model, 1.5, 1e-6, here, sum));
    for (int i = 0; i < NUMBERS; i += 2) {
      const double away[2] = {here[i] - there[i], here[i + 1] - there[i + 1]};
      assert_true(sum[i] * away[0] + sum[i + 1] * away[1] > 0.0);
      const double rounding = 0x1p-30 * trail.unit * hypot(sum[i], sum[i + 1]);
      check_absolute(sum[i] * away[1], sum[i + 1] * away[0], 1e-15 * fabs(sum[i] * away[1]) + rounding, "along R");
    }
    mn_trail_clear(&trail);
  }
}

static void samples_not_older_than_now_are_left_out(void **state)
{
  (void)state;
  double times[STEPS + 1];
  clock_of(3.0, true, times);
  walk(times);
  for (int k = 0; k < MODELS; k++) {
    const mn_model model = model_of(k);
    double sum[2][NUMBERS] = {{0.0}};
    mn_trail trail;
    begin(block, 2, &trail);
    check_ok(mn_own_path_subtract(&trail, &model, 1.0, 1e-6, path[20], sum[0]));
    assert_true(sum[0][0] == 0.0);
    append(&trail, times, 0, 20);
    check_ok(mn_own_path_subtract(&trail, &model, times[20], 1e-6, path[20], sum[0]));
    append(&trail, times, 20, 30);
    check_ok(mn_own_path_subtract(&trail, &model, times[20], 1e-6, path[20], sum[1]));
    assert_memory_equal(sum[0], sum[1], sizeof sum[0]);
    assert_true(sum[0][0] != 0.0);
    mn_trail_clear(&trail);
  }
}

/* rms over cells of the force of sample k, for every unit of time it stands for. */
static double felt_of(const mn_trail *t, const mn_model *model, double now, int samples, int k)
{
  double times[STEPS + 2];
  mn_interval intervals[2];
  mn_gaussians rule;
  double squares = 0.0;
  double time = 0.0;
  double then[NUMBERS];
  read_sample(t, k, then);
  memcpy(times, t->times, (size_t)samples * sizeof *times);
  times[samples] = now;
  const int count = mn_quadrature_intervals(model->quadrature, times, samples, k, intervals);
  mn_quadrature_rule(model, 1e-6, count, intervals, &rule);
  for (int i = 0; i < count; i++) {
    time += intervals[i].share * (intervals[i].older - intervals[i].younger);
  }
  for (int i = 0; i < NUMBERS; i += 2) {
    const double dx = path[samples][i] - then[i];
    const double dy = path[samples][i + 1] - then[i + 1];
    const double f = mn_gaussians_profile(&rule, dx * dx + dy * dy);
    squares += f * f * (dx * dx + dy * dy);
  }
  return time > 0.0 ? sqrt(squares / CELLS) / time : 0.0;
}

static void felt_is_the_rms_force_and_no_less_than_that_of_the_others_or_of_brownian_paths(void **state)
{
  (void)state;
  double times[STEPS + 1];
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  clock_of(3.0, false, times);
  walk(times);
  for (int m = 0; m < MODELS; m++) {
    const mn_model model = model_of(m);
    double mean = 0.0;
    mn_trail trail;
    begin(block, 2, &trail);
    append(&trail, times, 0, 41);
    for (int k = 0; k < 40; k++) {
      mean += pow(times[40] - times[k], 3.0) * pow(felt_of(&trail, &model, times[40], 40, k), 2.0) / 40.0;
    }
    check_ok(mn_own_path_feel(&self, block.end, &model, times[40], path[40], &trail));
    for (int k = 0; k < 40; k++) {
      const double lag = times[40] - times[k];
      const double brownian = 2.0 * model.theta / (2.0 * model.theta + 1.0) * exp(-model.lambda * lag / model.theta) /
                              (8.0 * 3.14159265358979323846 * pow(lag, 1.5));
      const double measured = fmax(felt_of(&trail, &model, times[40], 40, k), sqrt(mean / pow(lag, 3.0)));
      const double expected = fmax(measured, brownian);
      check_absolute(trail.felt[k], expected, 0.1 * expected, "rules of accuracy 0.1");
    }
    assert_true(isinf(trail.felt[40]));
    mn_trail_clear(&trail);
  }
  mn_parallel_destroy(&self);
}

/* Cells shared by ranks, some of which may have none; the chosen ones are every third. */
static void felt_has_the_same_bits_on_any_number_of_ranks(void **state)
{
  (void)state;
  enum { MANY = 10000, SAMPLES = 6 };
  mn_parallel self;
  mn_parallel_create(MPI_COMM_SELF, &self);
  const mn_parallel *worlds[2] = {&self, check_world()};
  const mn_model model = {10.0, 1.0, 0.0, 0.0, MN_BRIDGE};
  double felt[2][SAMPLES];
  for (int w = 0; w < 2; w++) {
    const mn_block own = mn_block_of(MANY, worlds[w]->rank, worlds[w]->size);
    double *x = NULL;
    mn_trail trail;
    begin(own, 2, &trail);
    check_ok(mn_alloc(&x, 2 * mn_block_count(own), sizeof *x));
    for (int s = 0; s < SAMPLES; s++) {
      for (int64_t i = 0; i < 2 * mn_block_count(own); i++) {
        x[i] += 0.1 * check_normal(23, (uint64_t)(2 * MANY * s + 2 * own.begin + i));
      }
      check_ok(mn_trail_append(&trail, 0.01 * s, x));
    }
    check_ok(mn_own_path_feel(worlds[w], MANY, &model, 0.01 * SAMPLES, x, &trail));
    memcpy(felt[w], trail.felt, sizeof felt[w]);
    mn_trail_clear(&trail);
    mn_free(&x);
  }
  mn_parallel_destroy(&self);
  assert_false(mn_any(check_world(), felt[0][1] <= 0.0 || memcmp(felt[0], felt[1], sizeof felt[0]) != 0));
}

MN_TESTS("own_path", cmocka_unit_test(subtracted_is_the_plain_sum_over_samples),
         cmocka_unit_test(positions_rounded_to_the_finest_keep_the_accuracy),
         cmocka_unit_test(many_cells_have_the_bits_of_few),
         cmocka_unit_test(a_cell_has_the_same_bits_in_blocks_of_any_size),
         cmocka_unit_test(subtracted_points_away_from_the_past),
         cmocka_unit_test(samples_not_older_than_now_are_left_out),
         cmocka_unit_test(felt_is_the_rms_force_and_no_less_than_that_of_the_others_or_of_brownian_paths),
         cmocka_unit_test(felt_has_the_same_bits_on_any_number_of_ranks));
