/* Journals.  Truth: the lines that were written, and files cut and damaged at every byte. */
#include "check.h"

#include <errno.h>
#include <mnemotaxis/journal.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROOM = 1 << 20, PATH = 1024 };

static char told[ROOM]; /* the lines that were read, each with a line break */
static int calls;

/* A path in the directory; good until the next but three. */
static const char *in_directory(const char *name)
{
  static char path[4][PATH];
  static int k;
  k = (k + 1) % 4;
  assert_true(snprintf(path[k], PATH, "%s/%s", check_directory, name) < PATH);
  return path[k];
}

static void append(const char *name, const char *line)
{
  check_ok(mn_journal_append(in_directory(name), line));
}

static mn_error *listen(void *context, const char *line)
{
  (void)context;
  calls++;
  assert_true(strlen(told) + strlen(line) + 2 < ROOM);
  strcat(told, line);
  strcat(told, "\n");
  return NULL;
}

static const char *lines_of(const char *where, const char *prefix)
{
  told[0] = '\0';
  calls = 0;
  check_ok(mn_journal_read(where, prefix, listen, NULL));
  return told;
}

static long size_of(const char *name)
{
  struct stat info;
  return stat(in_directory(name), &info) == 0 ? (long)info.st_size : 0;
}

static void put_byte(const char *name, long at, int byte)
{
  FILE *file = fopen(in_directory(name), "r+b");
  assert_non_null(file);
  fseek(file, at, SEEK_SET);
  fputc(byte, file);
  assert_int_equal(fclose(file), 0);
}

static int byte_of(const char *name, long at)
{
  FILE *file = fopen(in_directory(name), "rb");
  assert_non_null(file);
  fseek(file, at, SEEK_SET);
  const int byte = fgetc(file);
  fclose(file);
  return byte;
}

static void lines_come_back_file_by_file_in_the_order_of_names(void **state)
{
  (void)state;
  append("log-b.txt", "b1");
  append("log-a.txt", "a1");
  append("log-b.txt", "b2");
  append("log-0010.txt", "10");
  append("log-a.txt", "a2");
  append("log-0009.txt", "9");
  assert_string_equal(lines_of(check_directory, "log"), "9\n10\na1\na2\nb1\nb2\n");
  assert_int_equal(calls, 6);
}

static void any_text_without_line_breaks_comes_back(void **state)
{
  (void)state;
  static const char *const texts[] = {"",        " ",        "\t\ttabs\tbetween\t",   "  leading and trailing  ",
                                      "0x1.8p3", "\xc3\xa4", "0123456789abcdef text", "\r"};
  char expected[PATH] = "";
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    append("log.txt", texts[k]);
    strcat(strcat(expected, texts[k]), "\n");
  }
  assert_string_equal(lines_of(check_directory, "log"), expected);
}

static void lines_longer_than_64_kib_come_back(void **state)
{
  (void)state;
  static const int lengths[] = {4095, 65535, 65536, 65537, 300000};
  static char line[ROOM];
  static char expected[ROOM];
  expected[0] = '\0';
  for (int k = 0; k < 5; k++) {
    for (int i = 0; i < lengths[k]; i++) {
      line[i] = (char)('!' + (i * 7 + k) % 90);
    }
    line[lengths[k]] = '\0';
    append("log.txt", line);
    strcat(strcat(expected, line), "\n");
  }
  assert_true(strcmp(lines_of(check_directory, "log"), expected) == 0);
}

/* Of a line that has lost its end alone the text is whole: whether it counts is left open, but not what it says. */
static void a_line_cut_at_any_byte_is_ignored_and_no_other(void **state)
{
  (void)state;
  static const char last[] = "the last line\t0x1p-3";
  for (long cut = 0;; cut++) {
    remove(in_directory("log.txt"));
    append("log.txt", "one");
    append("log.txt", "two");
    const long start = size_of("log.txt");
    append("log.txt", last);
    const long text_end = size_of("log.txt") - 1;
    if (start + cut > text_end) {
      assert_int_equal(cut, 16 + 1 + strlen(last) + 1);
      return;
    }
    assert_int_equal(truncate(in_directory("log.txt"), start + cut), 0);
    const bool whole = start + cut == text_end;
    if (!whole || strcmp(lines_of(check_directory, "log"), "one\ntwo\nthe last line\t0x1p-3\n") != 0) {
      assert_string_equal(lines_of(check_directory, "log"), "one\ntwo\n");
    }
    append("log.txt", "four");
    append("log.txt", "five");
    if (!whole || strcmp(lines_of(check_directory, "log"), "one\ntwo\nthe last line\t0x1p-3\nfour\nfive\n") != 0) {
      assert_string_equal(lines_of(check_directory, "log"), "one\ntwo\nfour\nfive\n");
    }
  }
}

static void a_file_torn_again_and_again_keeps_its_whole_lines(void **state)
{
  (void)state;
  char expected[PATH] = "";
  for (int k = 0; k < 20; k++) {
    char line[32];
    snprintf(line, sizeof line, "line %d", k);
    const long before = size_of("log.txt");
    append("log.txt", line);
    if (k % 3 == 0) {
      assert_int_equal(truncate(in_directory("log.txt"), before + 1 + k), 0);
    } else {
      strcat(strcat(expected, line), "\n");
    }
    assert_string_equal(lines_of(check_directory, "log"), expected);
  }
}

/* What is left of `all` lines when those from `first` to `last` are gone. */
static void leave_out(const char *const *line, int all, int first, int last, char *expected)
{
  expected[0] = '\0';
  for (int k = 0; k < all; k++) {
    if (k < first || k > last) {
      strcat(strcat(expected, line[k]), "\n");
    }
  }
}

/* A damaged line break joins two lines to one, which is neither (but a zero byte ends a text as a line break does). */
static void a_changed_byte_takes_just_its_line(void **state)
{
  (void)state;
  static const char *const line[] = {"first 0x1.8p+1", "", "third\tline", "4"};
  enum { LINES = 4 };
  long end[LINES];
  for (int k = 0; k < LINES; k++) {
    append("log.txt", line[k]);
    end[k] = size_of("log.txt");
  }
  int of = 0;
  for (long at = 0; at < end[LINES - 1]; at++) {
    of += at >= end[of];
    const int old = byte_of("log.txt", at);
    const int damage[] = {old ^ 0x01, old ^ 0x80, old ^ 0xff, '\n', ' ', '\0'};
    for (int k = 0; k < (at == end[of] - 1 ? 5 : 6); k++) {
      char expected[PATH];
      const bool joins = at == end[of] - 1 && of < LINES - 1;
      leave_out(line, LINES, damage[k] == old ? LINES : of, joins ? of + 1 : of, expected);
      put_byte("log.txt", at, damage[k]);
      if (strcmp(lines_of(check_directory, "log"), expected) != 0) {
        fail_msg("byte %ld of line %d, %d for %d: read \"%s\", expected \"%s\"", at, of, damage[k], old, told,
                 expected);
      }
    }
    put_byte("log.txt", at, old);
  }
  assert_string_equal(lines_of(check_directory, "log"), "first 0x1.8p+1\n\nthird\tline\n4\n");
}

static void lines_of_one_file_in_another_order_are_still_whole(void **state)
{
  (void)state;
  append("log-1.txt", "one");
  append("log-2.txt", "two");
  char text[2][PATH] = {{0}};
  for (int k = 0; k < 2; k++) {
    FILE *file = fopen(in_directory(k == 0 ? "log-1.txt" : "log-2.txt"), "r");
    assert_non_null(fgets(text[k], PATH, file));
    fclose(file);
  }
  FILE *file = fopen(in_directory("log-0.txt"), "w");
  fprintf(file, "%sno line\n\n%s", text[1], text[0]);
  fclose(file);
  assert_string_equal(lines_of(check_directory, "log"), "two\none\none\ntwo\n");
}

static void files_of_other_names_are_passed_over(void **state)
{
  (void)state;
  static const char *const others[] = {"other.txt", "Log.txt", "xlog.txt", "log",       "log.tx",
                                       "log.txt~",  "log.TXT", "log.h5",   "log.txt.1", "lo.txt"};
  for (int k = 0; k < 10; k++) {
    append(others[k], "not this");
  }
  assert_string_equal(lines_of(check_directory, "log"), "");
  append("log.txt", "this");
  append("log-1.h5.txt", "and this");
  assert_string_equal(lines_of(check_directory, "log"), "and this\nthis\n");
}

static void a_directory_that_is_not_there_has_no_lines(void **state)
{
  (void)state;
  assert_string_equal(lines_of(in_directory("nowhere"), "log"), "");
  assert_string_equal(lines_of(in_directory("no/where"), "log"), "");
  assert_string_equal(lines_of(check_directory, "log"), "");
  assert_int_equal(calls, 0);
}

static void a_path_that_cannot_be_written_is_refused(void **state)
{
  (void)state;
  check_refused(mn_journal_append(in_directory("nowhere/log.txt"), "line"), MN_IO, "nowhere/log.txt");
  check_refused(mn_journal_append(check_directory, "line"), MN_IO, "cannot write");
}

static void what_is_there_but_cannot_be_read_is_refused(void **state)
{
  (void)state;
  append("log.txt", "line");
  check_refused(mn_journal_read(in_directory("log.txt"), "log", listen, NULL), MN_IO, "log.txt");
  check_ok(mn_journal_directory(in_directory("log-directory.txt")));
  check_refused(mn_journal_read(check_directory, "log", listen, NULL), MN_IO, "log-directory.txt");
}

/* Files may have ten bytes more than this one has: part of a line is written. */
static void a_full_disk_is_told_and_leaves_the_lines_before(void **state)
{
  (void)state;
  struct rlimit limit;
  append("log.txt", "before");
  getrlimit(RLIMIT_FSIZE, &limit);
  const struct rlimit full = {(rlim_t)size_of("log.txt") + 10, limit.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &full);
  errno = 0;
  mn_error *error = mn_journal_append(in_directory("log.txt"), "no room for this");
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_DFL);
  check_refused(error, MN_IO, strerror(ENOSPC));
  append("log.txt", "after");
  assert_string_equal(lines_of(check_directory, "log"), "before\nafter\n");
}

static void directories_are_made_with_those_above_them(void **state)
{
  (void)state;
  static const char *const names[] = {"one", "one", "one/two", "a/b/c/d", "a/b/e/", "a//f"};
  for (int k = 0; k < 6; k++) {
    struct stat info;
    check_ok(mn_journal_directory(in_directory(names[k])));
    assert_true(stat(in_directory(names[k]), &info) == 0 && S_ISDIR(info.st_mode));
  }
  append("a/b/c/d/log.txt", "deep");
  assert_string_equal(lines_of(in_directory("a/b/c/d"), "log"), "deep\n");
}

static void a_relative_directory_is_made_where_we_are(void **state)
{
  (void)state;
  char here[PATH];
  struct stat info;
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(check_directory), 0);
  mn_error *error = mn_journal_directory("x/y");
  assert_int_equal(chdir(here), 0);
  check_ok(error);
  assert_true(stat(in_directory("x/y"), &info) == 0 && S_ISDIR(info.st_mode));
}

static void a_file_in_the_way_of_a_directory_is_refused(void **state)
{
  (void)state;
  append("file", "line");
  check_refused(mn_journal_directory(in_directory("file/below")), MN_USAGE, "cannot make the directory");
  check_refused(mn_journal_directory(in_directory("file")), MN_USAGE, "cannot make the directory");
}

static mn_error *refuse_the_third(void *context, const char *line)
{
  (void)listen(context, line);
  return calls == 3 ? mn_error_create(MN_DATA, "%s is the third", line) : NULL;
}

static void the_first_error_of_a_reader_ends_the_reading(void **state)
{
  (void)state;
  for (int k = 0; k < 6; k++) {
    char name[16];
    snprintf(name, sizeof name, "log-%d.txt", k / 2);
    append(name, name);
  }
  told[0] = '\0';
  calls = 0;
  check_refused(mn_journal_read(check_directory, "log", refuse_the_third, NULL), MN_DATA, "log-1.txt is the third");
  assert_int_equal(calls, 3);
}

MN_TESTS("journal", CHECK_IN_DIRECTORY(lines_come_back_file_by_file_in_the_order_of_names),
         CHECK_IN_DIRECTORY(any_text_without_line_breaks_comes_back),
         CHECK_IN_DIRECTORY(lines_longer_than_64_kib_come_back),
         CHECK_IN_DIRECTORY(a_line_cut_at_any_byte_is_ignored_and_no_other),
         CHECK_IN_DIRECTORY(a_file_torn_again_and_again_keeps_its_whole_lines),
         CHECK_IN_DIRECTORY(a_changed_byte_takes_just_its_line),
         CHECK_IN_DIRECTORY(lines_of_one_file_in_another_order_are_still_whole),
         CHECK_IN_DIRECTORY(files_of_other_names_are_passed_over),
         CHECK_IN_DIRECTORY(a_directory_that_is_not_there_has_no_lines),
         CHECK_IN_DIRECTORY(a_path_that_cannot_be_written_is_refused),
         CHECK_IN_DIRECTORY(what_is_there_but_cannot_be_read_is_refused),
         CHECK_IN_DIRECTORY(a_full_disk_is_told_and_leaves_the_lines_before),
         CHECK_IN_DIRECTORY(directories_are_made_with_those_above_them),
         CHECK_IN_DIRECTORY(a_relative_directory_is_made_where_we_are),
         CHECK_IN_DIRECTORY(a_file_in_the_way_of_a_directory_is_refused),
         CHECK_IN_DIRECTORY(the_first_error_of_a_reader_ends_the_reading));
