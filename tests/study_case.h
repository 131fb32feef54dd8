/* study_case.h  A small study, and what its tests ask of what it leaves: study.h5 byte by byte, journals line by line.
 */
#ifndef MN_TESTS_STUDY_CASE_H
#define MN_TESTS_STUDY_CASE_H

#include "check.h"

#include <mnemotaxis/study.h>

enum {
  CASE_VARIATIONS = 2,
  CASE_COUNTS = 3,
  CASE_REPLICAS = 4,
  CASE_ROWS = CASE_VARIATIONS * CASE_COUNTS,
  CASE_TASKS = CASE_ROWS * CASE_REPLICAS,
  CASE_STEPS = 6,
  CASE_PATH = 1024
};

/* A claim that is tested with two directories, which studies may make; they are gone afterwards. */
extern char case_one[CASE_PATH], case_other[CASE_PATH];
int case_directories(void **state);
#define CASE_IN_DIRECTORIES(claim) cmocka_unit_test_setup_teardown(claim, case_directories, check_directory_teardown)

extern const int64_t case_counts[CASE_COUNTS];
extern const char *const case_names[CASE_VARIATIONS];
extern mn_run_options case_runs[CASE_VARIATIONS][CASE_COUNTS];

/* 4, 12 and 40 cells, chi = 1 and 3, four replicas of six steps, without a limit. */
mn_study_options case_study(const char *directory);

/* Does what is left of it.  Collective in `parallel`. */
mn_study_result case_go_on(const mn_parallel *parallel, const mn_study_options *options);

/* The same, and is finished with all parts.  Collective in `parallel`. */
void case_finish(const mn_parallel *parallel, const mn_study_options *options);

/* The bytes of study.h5. */
typedef struct case_bytes {
  long size;
  char byte[1 << 20];
} case_bytes;

/* Truth: those of a study that the first rank finishes alone in one go, in a directory of its own.  Collective in the
 * world. */
void case_alone(mn_study_options options, case_bytes *bytes);

/* Those of case_study, found once.  Collective in the world. */
const case_bytes *case_truth(void);

/* study.h5 of a directory is what is expected.  Collective in the world. */
void case_check_bytes(const char *directory, const case_bytes *expected);

/* Whole lines of journals: all, of failures, of each replica. */
typedef struct case_lines {
  int all, failed;
  int of[CASE_VARIATIONS][CASE_COUNTS][CASE_REPLICAS];
} case_lines;

/* Of files that begin with `prefix`.  Collective in the world. */
case_lines case_lines_of(const char *directory, const char *prefix);

/* Every replica was done, and none twice.  Collective in the world. */
void case_check_each_once(const char *directory);

#endif
