/* Truth: the present force in closed form (with decay by quadrature in the lag) less what is wider than the cut. */
#include "check.h"
#include "drift/narrow.h"

#include <math.h>
#include <string.h>

static const double thetas[] = {1e-3, 1.0, 100.0};

enum { SUBJECTS = 3 * 2 * 2 * 2 * 2 };

static mn_narrow narrow;

/* theta, lambda, quadrature, step ahead, regularization: every combination. */
static mn_model model_of(int k, mn_present *present)
{
  *present = (mn_present){0.02, k / 12 % 2 ? 0.02 : 0.0};
  return (mn_model){.theta = thetas[k % 3],
                    .chi = 1.0,
                    .lambda = k / 3 % 2 ? 2.0 : 0.0,
                    .quadrature = k / 6 % 2 ? MN_FROZEN : MN_BRIDGE,
                    .regularization = k / 24 % 2 ? 1e-4 : 0.0};
}

static mn_narrow_key key_of(const mn_model *m, const mn_present *present, double accuracy)
{
  const double cut = mn_split_narrowest(m) + 0.05 * mn_split_widest(m, present);
  return (mn_narrow_key){*present, cut, sqrt(50.0 * cut), 1e-3 * sqrt(cut), accuracy, {-2.0, -2.0}, {3.0, 3.0}};
}

static void table_is_the_present_less_what_is_wider_than_the_cut(void **state)
{
  (void)state;
  mn_split wide;
  for (int k = 0; k < SUBJECTS; k++) {
    mn_present present;
    const mn_model m = model_of(k, &present);
    const mn_narrow_key key = key_of(&m, &present, 1e-9);
    mn_narrow_tabulate(&m, &key, &narrow);
    assert_true(narrow.curve.kind == MN_CURVE_NONE);
    mn_split_range(&m, &present, key.cut, (double)INFINITY, &wide);
    for (int i = 1; i < 60; i++) {
      const double r2 = key.reach * key.reach * pow(0.58, i);
      const double truth = mn_present_profile(&m, &present, r2) - mn_split_profile(&wide, r2);
      const double envelope = mn_present_profile(&m, &present, r2) + mn_present_profile(&m, &present, 0.5 * r2);
      check_absolute(mn_table_value(&narrow.table, r2), truth, 3e-12 * envelope, "1e-12 of table, profile and split");
    }
  }
}

/* The keys' largest decay, steps and smears; tables as deep as they get. */
static void rules_of_the_fastest_decay_fit(void **state)
{
  (void)state;
  static mn_split split;
  static const double theta[] = {1e-6, 0.5, 1.0, 10.0, 1e9};
  static const double smear[] = {0.0, 1e-6, 1.0, 100.0, 1e6};
  for (int k = 0; k < 5 * 5 * 2 * 2 * 5; k++) {
    const mn_model m = {.theta = theta[k % 5],
                        .chi = 1.0,
                        .lambda = 1e9,
                        .regularization = smear[k / 5 % 5],
                        .quadrature = k / 25 % 2 ? MN_FROZEN : MN_BRIDGE};
    const double step = pow(10.0, 3 * (k / 100) - 6);
    const mn_present present = {step, k / 50 % 2 ? step : 0.0};
    const double widest = mn_split_widest(&m, &present);
    const double low = mn_split_least(ldexp(widest, -MN_TABLE_OCTAVES));
    const double rate = 2.0 / m.theta + (k / 25 % 2 ? 0.0 : 2.0);
    const double least = rate * fmin(m.theta / m.lambda, step); /* variance over which the mass is left */
    mn_split_range(&m, &present, low, (double)INFINITY, &split);
    assert_true(split.count <= MN_SPLIT_MAX);
    const double roundoff = 1e-15 * widest / least;
    if (m.regularization > 0.0 || roundoff < 0.5) { /* else all is narrower than `low` */
      check_relative(mn_split_symbol(&split, 0.0), mn_kernel_mass(&m, 0.0, step), 1e-10 + fmin(roundoff, 0.5),
                     "roundoff next to a kink");
    }
  }
}

static void accuracy_decides_the_form(void **state)
{
  (void)state;
  for (int k = 0; k < SUBJECTS; k++) {
    mn_present present;
    const mn_model m = model_of(k, &present);
    const mn_narrow_key fine = key_of(&m, &present, 1e-4);
    const mn_narrow_key coarse = key_of(&m, &present, 0.1);
    mn_narrow_tabulate(&m, &fine, &narrow);
    assert_true(narrow.curve.kind == MN_CURVE_LINES);
    mn_narrow_tabulate(&m, &coarse, &narrow);
    assert_true(narrow.curve.kind != MN_CURVE_NONE);
  }
}

/* Whether the table is made for the key. */
static bool is_made(const mn_model *m, const mn_narrow_key *key)
{
  static const double nonsense = 1e300;
  narrow.table.term[MN_TABLE_CELLS][0] = nonsense;
  mn_narrow_tabulate(m, key, &narrow);
  return narrow.table.term[MN_TABLE_CELLS][0] != nonsense;
}

static void forms_are_made_again_when_any_part_of_the_key_changes(void **state)
{
  (void)state;
  mn_present present;
  const mn_model m = model_of(12, &present);
  mn_narrow_key key = key_of(&m, &present, 1e-9);
  double part[sizeof key / sizeof(double)];
  mn_narrow_tabulate(&m, &key, &narrow);
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    assert_false(is_made(&m, &key));
    memcpy(part, &key, sizeof part);
    part[i] *= 0.999;
    memcpy(&key, part, sizeof part);
    assert_true(is_made(&m, &key));
  }
}

MN_TESTS("narrow", cmocka_unit_test(rules_of_the_fastest_decay_fit),
         cmocka_unit_test(table_is_the_present_less_what_is_wider_than_the_cut),
         cmocka_unit_test(accuracy_decides_the_form),
         cmocka_unit_test(forms_are_made_again_when_any_part_of_the_key_changes));
