/* check.h  What every test program shares: checks that say why their tolerance is what it is, and a main for MPI.
 *
 * A test program defines `const char mn_test_module[]` and `mn_tests`/`mn_tests_count` by MN_TESTS(module, ...); names
 * are claims and appear as module.claim.  Rank 0 reports; a failure on any rank fails the program. */
#ifndef MN_TESTS_CHECK_H
#define MN_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <mnemotaxis/error.h>
#include <mnemotaxis/parallel.h>

/* |actual - expected| <= relative |expected|; refuses relative >= 1, NaN, and expected 0. */
void check_relative(double actual, double expected, double relative, const char *why);

/* |actual - expected| <= absolute, absolute > 0; refuses NaN. */
void check_absolute(double actual, double expected, double absolute, const char *why);

/* actual <= bound, with a message that shows both. */
void check_at_most(double actual, double bound, const char *why);

/* The call succeeded; fails with the message of the error (and frees it). */
void check_ok(mn_error *error);

/* The call failed with this code and its message contains `words`; frees the error. */
void check_refused(mn_error *error, mn_code code, const char *words);

/* All ranks: a duplicate of the world, valid while tests run. */
const mn_parallel *check_world(void);

/* True on all ranks, or the test fails on all: no rank leaves it alone.  Collective. */
void assert_everywhere(bool mine);

/* A fresh directory for the files of a test, known to all ranks, and its removal with all that is in it.  Collective.
 */
enum { CHECK_PATH = 256 };
void check_directory_create(char directory[CHECK_PATH]);
void check_directory_remove(const char *directory);

/* A claim that is tested in a directory of its own, which is gone afterwards; its name is good while the test runs. */
extern char check_directory[CHECK_PATH];
int check_directory_setup(void **state);
int check_directory_teardown(void **state);
#define CHECK_IN_DIRECTORY(claim) \
  cmocka_unit_test_setup_teardown(claim, check_directory_setup, check_directory_teardown)

/* Deterministic standard normal numbers for test data: any (seed, k). */
double check_normal(uint32_t seed, uint64_t k);

extern const char mn_test_module[];
extern const struct CMUnitTest mn_tests[];
extern const size_t mn_tests_count;

#define MN_TESTS(module, ...)                         \
  const char mn_test_module[] = module;               \
  const struct CMUnitTest mn_tests[] = {__VA_ARGS__}; \
  const size_t mn_tests_count = sizeof mn_tests / sizeof *mn_tests

#endif
