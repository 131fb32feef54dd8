/* The main of every test program: all ranks run all tests; those after the first report only failures. */
#include "check.h"

#include <ftw.h>
#include <math.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/noise.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static mn_parallel world;

const mn_parallel *check_world(void)
{
  return &world;
}

/* By MPI itself: mn_any is on trial too. */
void assert_everywhere(bool mine)
{
  int all = mine;
  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, check_world()->comm);
  assert_true(all);
}

double check_normal(uint32_t seed, uint64_t k)
{
  double pair[2];
  mn_noise_normal(seed, MN_STREAM_INITIAL, 0xfeed, k / 2, 7, pair);
  return pair[k % 2];
}

void check_absolute(double actual, double expected, double absolute, const char *why)
{
  if (!(absolute > 0.0) || !(fabs(actual - expected) <= absolute)) {
    fail_msg("%.17g differs from %.17g by %.3g, more than %.3g (%s)", actual, expected, fabs(actual - expected),
             absolute, why);
  }
}

void check_relative(double actual, double expected, double relative, const char *why)
{
  if (!(relative < 1.0) || expected == 0.0) {
    fail_msg("a relative tolerance of %g of %g checks nothing", relative, expected);
  }
  check_absolute(actual, expected, relative * fabs(expected), why);
}

void check_at_most(double actual, double bound, const char *why)
{
  if (!(actual <= bound)) {
    fail_msg("%.17g is more than %.17g (%s)", actual, bound, why);
  }
}

void check_ok(mn_error *error)
{
  if (error) {
    char message[MN_MESSAGE_MAX];
    snprintf(message, sizeof message, "%s", error->message);
    mn_error_destroy(&error);
    fail_msg("unexpected error: %s", message);
  }
}

void check_refused(mn_error *error, mn_code code, const char *words)
{
  if (!error) {
    fail_msg("expected an error with \"%s\"", words);
    return;
  }
  const mn_error copy = *error;
  mn_error_destroy(&error);
  if (copy.code != code || !strstr(copy.message, words)) {
    fail_msg("expected code %d and \"%s\", got code %d: %s", (int)code, words, (int)copy.code, copy.message);
  }
}

void check_directory_create(char directory[CHECK_PATH])
{
  const char *parent = getenv("TMPDIR");
  if (world.rank == 0) {
    snprintf(directory, CHECK_PATH, "%s/mnemotaxis-%s-XXXXXX", parent ? parent : "/tmp", mn_test_module);
    if (!mkdtemp(directory)) {
      fprintf(stderr, "cannot make %s\n", directory);
      MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    }
  }
  MPI_Bcast(directory, CHECK_PATH, MPI_CHAR, 0, world.comm);
}

static int remove_entry(const char *name, const struct stat *info, int kind, struct FTW *where)
{
  (void)info;
  (void)kind;
  (void)where;
  return remove(name);
}

void check_directory_remove(const char *directory)
{
  MPI_Barrier(world.comm);
  if (world.rank == 0) {
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
  }
}

char check_directory[CHECK_PATH];

int check_directory_setup(void **state)
{
  (void)state;
  check_directory_create(check_directory);
  return 0;
}

int check_directory_teardown(void **state)
{
  (void)state;
  check_directory_remove(check_directory);
  return 0;
}

/* Ranks after the first stay silent: a failure is then told by the sum of failures on rank 0. */
static void silence(void)
{
  if (!freopen("/dev/null", "w", stdout)) {
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
}

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  mn_parallel_create(MPI_COMM_WORLD, &world);
  if (world.rank > 0) {
    silence();
  }
  int failures = _cmocka_run_group_tests(mn_test_module, mn_tests, mn_tests_count, NULL, NULL);
  const int64_t leaked = mn_memory_live();
  if (leaked != 0) {
    fprintf(stderr, "%s: rank %d leaks %lld bytes\n", mn_test_module, world.rank, (long long)leaked);
    failures++;
  }
  MPI_Allreduce(MPI_IN_PLACE, &failures, 1, MPI_INT, MPI_SUM, world.comm);
  mn_parallel_destroy(&world);
  MPI_Finalize();
  return failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
