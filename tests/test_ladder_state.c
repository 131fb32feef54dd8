/* A ladder in a checkpoint: one restored from table and sets goes on as the other, down to bits, and like the plain
 * sum. */
#include "files/ladder_rows.h"
#include "ladder_case.h"

enum { TABLE = 2000 };

/* A new ladder with the state of another. */
static mn_ladder *copy_of(const mn_parallel *p, const story *s, int longest, mn_ladder *l)
{
  double table[TABLE];
  mn_ladder *copy = create(p, s, longest);
  assert_true(mn_ladder_table_size(l) <= TABLE);
  mn_ladder_table(l, table);
  check_ok(mn_ladder_restore(copy, mn_ladder_table_size(l), table));
  bool good = mn_ladder_sets(copy) == mn_ladder_sets(l) && mn_ladder_table_size(copy) == mn_ladder_table_size(l);
  for (int k = 0; k < mn_ladder_sets(l) && good; k++) {
    const mn_mode_set from = mn_ladder_set(l, k);
    const mn_mode_set to = mn_ladder_set(copy, k);
    int64_t parts = from.count;
    MPI_Allreduce(MPI_IN_PLACE, &parts, 1, MPI_INT64_T, MPI_SUM, p->comm);
    good = from.total == to.total && from.first == to.first && from.count == to.count && parts == from.total;
    memcpy(to.values, from.values, (size_t)(good ? from.count : 0) * sizeof *to.values);
    good = !mn_any(p, !good);
  }
  assert_true(good);
  const mn_trail *from = mn_ladder_trail(l);
  const mn_trail *to = mn_ladder_trail(copy);
  assert_true(from->samples == to->samples && from->words == to->words && from->unit == to->unit &&
              from->origin[0] == to->origin[0] && from->origin[1] == to->origin[1]);
  for (int k = 0; k < from->samples; k++) {
    assert_true(from->times[k] == to->times[k]);
    memcpy(to->x[k], from->x[k], (size_t)(2 * from->words * mn_block_count(from->block)) * sizeof **from->x);
  }
  return copy;
}

static void a_ladder_restored_from_table_and_sets_goes_on_with_the_same_bits(void **state)
{
  (void)state;
  for (int k = 0; k < 3; k++) {
    const mn_model model = model_of(2 * k + 1);
    const mn_parallel *p = check_world();
    double expected[2 * PLACES];
    tell(&told, &model, 1e-4, 60, 0.02, 1.02);
    mn_ladder *l = create(p, &told, 3);
    remember_until(p, l, &told, 40 * (k > 0)); /* an empty one too */
    mn_ladder_scene(l)->force = 3.5;
    mn_ladder *copy = copy_of(p, &told, 3, l);
    bool same = mn_ladder_scene(copy)->force == 3.5;
    for (int m = 40; m < 50; m++) {
      ask(p, l, &told, m);
      memcpy(expected, told.found, sizeof expected);
      remember(p, l, &told, m);
      ask(p, copy, &told, m);
      remember(p, copy, &told, m);
      same = same && memcmp(expected, told.found, sizeof expected) == 0;
    }
    mn_ladder_destroy(&l);
    mn_ladder_destroy(&copy);
    assert_everywhere(same);
  }
}

/* With neighbours of ratio 2: widest by narrowest variance is 18 for bridges, 2 theta for frozen sources. */
static void a_present_on_many_levels_survives_a_restart_and_a_wider_box(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    const mn_model model = {k ? 100.0 : 300.0, 1.0, 0.0, 0.0, k ? MN_FROZEN : MN_BRIDGE};
    const mn_parallel *p = check_world();
    double expected[2 * PLACES];
    tell(&told, &model, 1e-4, 13, 0.02, 1.05);
    told.levels = 2;
    mn_ladder *l = create(p, &told, 10);
    remember_until(p, l, &told, 8);
    mn_ladder *copy = copy_of(p, &told, 10, l);
    told.high[0] += 6.0;
    for (int m = 8; m < 10; m++) {
      remember(p, l, &told, m);
      remember(p, copy, &told, m);
    }
    ask(p, l, &told, 10);
    const double error = error_of(l, &told, 10);
    const int levels = mn_ladder_levels(l);
    memcpy(expected, told.found, sizeof expected);
    ask(p, copy, &told, 10);
    const bool same = memcmp(expected, told.found, sizeof expected) == 0;
    mn_ladder_destroy(&l);
    mn_ladder_destroy(&copy);
    assert_everywhere(same && levels >= (k ? 4 : 3));
    check_at_most(error, told.tolerance, because);
  }
}

static void write_rows(const mn_parallel *p, const char *path, mn_ladder *l)
{
  mn_h5 *file = NULL;
  check_ok(mn_h5_begin(p, path, mn_ladder_rows_bytes(l), &file));
  check_ok(mn_ladder_rows_write(file, p, l));
  check_ok(mn_h5_commit(&file, 0));
}

/* The tolerance changes the meshes, as a new version of the program may. */
static void a_file_of_other_meshes_is_refused(void **state)
{
  (void)state;
  const mn_parallel *p = check_world();
  const mn_model model = model_of(1);
  const double tolerances[] = {1e-4, 1e-2, 1e-7};
  char path[CHECK_PATH + 16];
  snprintf(path, sizeof path, "%s/ladder.h5", check_directory);
  for (int k = 0; k < 3; k++) {
    hid_t file;
    tell(&told, &model, tolerances[k], 30, 0.02, 1.0);
    mn_ladder *l = create(p, &told, 0);
    if (k == 0) {
      remember_until(p, l, &told, 25);
      write_rows(p, path, l);
      mn_ladder_destroy(&l);
      l = create(p, &told, 0);
    }
    check_ok(mn_h5_open(path, &file));
    mn_error *error = mn_ladder_rows_read(file, p, l);
    H5Fclose(file);
    if (k == 0) {
      check_ok(error);
    } else {
      check_refused(error, MN_DATA, "another version of the program has written it");
    }
    mn_ladder_destroy(&l);
  }
}

static void a_damaged_table_is_refused(void **state)
{
  (void)state;
  const mn_model model = model_of(1);
  const mn_parallel *p = check_world();
  double table[TABLE] = {0.0};
  tell(&told, &model, 1e-4, 30, 0.02, 1.0);
  mn_ladder *l = create(p, &told, 0);
  remember_until(p, l, &told, 25);
  const int64_t size = mn_ladder_table_size(l); /* some dozens */
  mn_ladder_table(l, table);
  mn_ladder_destroy(&l);
  for (int64_t k = -1; k <= size; k++) { /* one number too few, one NaN, one number too many */
    const int64_t hurt = k < 0 || k == size ? 0 : k;
    const double right = table[hurt];
    table[hurt] = hurt == k ? (double)NAN : right;
    l = create(p, &told, 0);
    check_refused(mn_ladder_restore(l, k < 0 ? size - 1 : k == size ? size + 1 : size, table), MN_DATA, "damaged");
    mn_ladder_destroy(&l);
    table[hurt] = right;
  }
  enum { TRAIL_WORDS = 16, TRAIL_UNIT = 19 }; /* of the table's head, see ladder_state.c */
  const double wrong[] = {0.0, 1.5, 3.0, -1.0};
  for (int k = 0; k < 8; k++) {
    double *number = &table[k < 4 ? TRAIL_WORDS : TRAIL_UNIT];
    const double right = *number;
    *number = wrong[k % 4];
    l = create(p, &told, 0);
    check_refused(mn_ladder_restore(l, size, table), MN_DATA, "damaged");
    mn_ladder_destroy(&l);
    *number = right;
  }
}

MN_TESTS("ladder_state", cmocka_unit_test(a_ladder_restored_from_table_and_sets_goes_on_with_the_same_bits),
         cmocka_unit_test(a_present_on_many_levels_survives_a_restart_and_a_wider_box),
         cmocka_unit_test(a_damaged_table_is_refused), CHECK_IN_DIRECTORY(a_file_of_other_meshes_is_refused));
