/* Sealed HDF5 files.  Truth: every value is a function of its place; files are read through HDF5 itself, compared byte
 * by byte, and damaged one byte at a time.  Under OMPI_MCA_io_ompio_num_aggregators=2 the hundred files are the
 * regression test for data lost by MPI-IO (docs/errors.md). */
#include "check.h"

#include <dirent.h>
#include <files/h5.h>
#include <files/seal.h>
#include <mnemotaxis/memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[512];

static int make_directory(void **state)
{
  (void)state;
  check_directory_create(check_directory);
  snprintf(path, sizeof path, "%s/file.h5", check_directory);
  return 0;
}

static int entries(void)
{
  int count = -2; /* . and .. */
  DIR *handle = opendir(check_directory);
  while (readdir(handle)) {
    count++;
  }
  closedir(handle);
  return count;
}

static double value_at(int version, int64_t row, int64_t column)
{
  return 1000.0 * version + 0.5 * (double)row + 1e-3 * (double)column;
}

/* First row of rank r: very uneven shares, and every second rank has none, the first among them. */
static int64_t first_row(int64_t rows, int r, int size)
{
  const int64_t even = r - r % 2;
  return r == size ? rows : rows * even * even / ((int64_t)size * size);
}

static void write_table(mn_h5 *file, const mn_parallel *p, const char *name, int version, int64_t rows, int64_t columns)
{
  const int64_t first = first_row(rows, p->rank, p->size);
  const int64_t count = first_row(rows, p->rank + 1, p->size) - first;
  const int64_t width = columns > 0 ? columns : 1;
  double *values = NULL;
  check_ok(mn_alloc(&values, count * width, sizeof *values));
  for (int64_t k = 0; k < count * width; k++) {
    values[k] = value_at(version, first + k / width, k % width);
  }
  check_ok(mn_h5_write(file, &(mn_rows){name, MN_F64, rows, columns, first, count}, values));
  mn_free(&values);
}

static void write_file(const mn_parallel *p, const char *to, int version, int64_t rows, int keep)
{
  const double pair[2] = {0.1, -1e300};
  const int64_t big = INT64_MAX - version;
  mn_h5 *file = NULL;
  check_ok(mn_h5_begin(p, to, 1024, &file));
  check_ok(mn_h5_group(file, "/a/b"));
  check_ok(mn_h5_text(file, "/a/b", "text", "some words"));
  check_ok(mn_h5_text(file, "/", "nothing", ""));
  check_ok(mn_h5_numbers(file, "/a", "pair", MN_F64, 2, pair));
  check_ok(mn_h5_numbers(file, "/", "big", MN_I64, 1, &big));
  check_ok(mn_h5_letters(file, "/a", "axes", "yx"));
  check_ok(mn_h5_link(file, "/outside/link", "other.h5"));
  write_table(file, p, "/table", version, rows, 3);
  write_table(file, p, "/deep/vector", version, rows, 0);
  check_ok(mn_h5_commit(&file, keep));
}

static void check_table(const char *from, const char *name, int version, int64_t rows, int64_t columns)
{
  double *values = NULL;
  check_ok(mn_alloc(&values, rows * columns, sizeof *values));
  const hid_t file = H5Fopen(from, H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
  assert_true(set >= 0 && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
  H5Dclose(set);
  H5Fclose(file);
  for (int64_t k = 0; k < rows * columns; k++) {
    if (values[k] != value_at(version, k / columns, k % columns)) {
      fail_msg("%s %s: row %lld is wrong", from, name, (long long)(k / columns));
    }
  }
  mn_free(&values);
}

static void tables_written_in_uneven_blocks_are_read_back(void **state)
{
  (void)state;
  static const int64_t rows[] = {1, 2, 97, 50000};
  for (int k = 0; k < 4; k++) {
    write_file(check_world(), path, k, rows[k], 0);
    check_ok(mn_seal_check(check_world(), path));
    check_table(path, "/table", k, rows[k], 3);
    check_table(path, "/deep/vector", k, rows[k], 1);
  }
}

static void attributes_are_read_back(void **state)
{
  (void)state;
  hid_t file;
  bool exists = false;
  char *text = NULL;
  char *nothing = NULL;
  double pair[2];
  int64_t big;
  write_file(check_world(), path, 3, 10, 0);
  check_ok(mn_h5_open_sealed(check_world(), path, &exists, &file));
  assert_true(exists);
  check_ok(mn_h5_read_text(file, "/a/b", "text", &text));
  check_ok(mn_h5_read_text(file, "/", "nothing", &nothing));
  check_ok(mn_h5_read_numbers(file, "/a", "pair", MN_F64, 2, pair));
  check_ok(mn_h5_read_numbers(file, "/", "big", MN_I64, 1, &big));
  assert_true(mn_h5_has_attribute(file, "/a", "axes") && !mn_h5_has_attribute(file, "/a", "text"));
  assert_true(!mn_h5_has_attribute(file, "/x/y", "z") && H5Lexists(file, "/outside", H5P_DEFAULT) > 0);
  H5Fclose(file);
  assert_string_equal(text, "some words");
  assert_string_equal(nothing, "");
  assert_true(pair[0] == 0.1 && pair[1] == -1e300 && big == INT64_MAX - 3);
  mn_free(&text);
  mn_free(&nothing);
}

static void shapes_and_rows_are_read_and_missing_things_refused(void **state)
{
  (void)state;
  hid_t file;
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  double values[6];
  write_file(check_world(), path, 5, 40, 0);
  check_ok(mn_h5_open(path, &file));
  check_ok(mn_h5_shape(file, "/table", &exists, &dimensions, shape));
  assert_true(exists && dimensions == 2 && shape[0] == 40 && shape[1] == 3);
  check_ok(mn_h5_shape(file, "/deep/none", &exists, &dimensions, shape));
  assert_false(exists);
  check_ok(mn_h5_read(file, &(mn_rows){"/table", MN_F64, 40, 3, 37, 2}, values));
  assert_true(values[0] == value_at(5, 37, 0) && values[5] == value_at(5, 38, 2));
  check_refused(mn_h5_read(file, &(mn_rows){"/none", MN_F64, 40, 3, 0, 1}, values), MN_DATA, "/none");
  check_refused(mn_h5_read(file, &(mn_rows){"/table", MN_F64, 50, 3, 39, 2}, values), MN_DATA, "/table");
  check_refused(mn_h5_read_numbers(file, "/a", "pair", MN_F64, 3, values), MN_DATA, "pair");
  H5Fclose(file);
}

/* Rows [3k, 3k + 3) by rank k mod size: the pattern by which collective transfers lose data. */
static void write_interleaved(int version, int64_t rows)
{
  const mn_parallel *p = check_world();
  mn_h5 *file = NULL;
  check_ok(mn_h5_begin(p, path, 1024, &file));
  check_ok(mn_h5_create_rows(file, &(mn_rows){"/vector", MN_F64, rows, 0, 0, 0}));
  for (int64_t k = 3 * p->rank; k < rows; k += 3 * p->size) {
    const double part[3] = {value_at(version, k, 0), value_at(version, k + 1, 0), value_at(version, k + 2, 0)};
    check_ok(mn_h5_write_part(file, &(mn_rows){"/vector", MN_F64, rows, 0, k, rows - k < 3 ? rows - k : 3}, part));
  }
  check_ok(mn_h5_commit(&file, 1));
}

static void a_hundred_files_of_interleaved_parts_are_all_right(void **state)
{
  (void)state;
  for (int k = 0; k < 100; k++) {
    write_interleaved(k, 60 + 5 * k);
    check_table(path, "/vector", k, 60 + 5 * k, 1);
    MPI_Barrier(check_world()->comm);
  }
}

static void older_generations_are_kept_and_no_more(void **state)
{
  (void)state;
  static const char *const names[] = {"file.h5", "file.prev.h5", "file.prev2.h5"};
  for (int version = 0; version < 6; version++) {
    write_file(check_world(), path, version, 5, 2);
    assert_int_equal(entries(), version < 2 ? version + 1 : 3);
    for (int k = 0; k <= 2 && k <= version; k++) {
      char name[MN_PATH_MAX];
      mn_h5_generation(path, k, name);
      assert_string_equal(name + strlen(check_directory) + 1, names[k]);
      check_table(name, "/table", version - k, 5, 3);
    }
    MPI_Barrier(check_world()->comm);
  }
}

static void giving_up_leaves_the_old_file_alone(void **state)
{
  (void)state;
  write_file(check_world(), path, 1, 5, 0);
  mn_h5 *file = NULL;
  check_ok(mn_h5_begin(check_world(), path, 1024, &file));
  write_table(file, check_world(), "/table", 2, 5, 3);
  mn_h5_abandon(&file);
  MPI_Barrier(check_world()->comm);
  assert_int_equal(entries(), 1);
  check_table(path, "/table", 1, 5, 3);
}

static void what_cannot_be_written_is_refused_and_leaves_nothing(void **state)
{
  (void)state;
  char missing[1024];
  mn_h5 *file = NULL;
  snprintf(missing, sizeof missing, "%s/no/such/file.h5", check_directory);
  check_refused(mn_h5_begin(check_world(), missing, 10, &file), MN_IO, "cannot write");
  check_refused(mn_h5_begin(check_world(), path, INT64_MAX, &file), MN_IO, "are free");
  assert_null(file);
  assert_int_equal(entries(), 0);
}

static void a_file_that_cannot_be_put_in_place_leaves_nothing(void **state)
{
  (void)state;
  mn_h5 *file = NULL;
  if (check_world()->rank == 0) {
    assert_int_equal(mkdir(path, 0777), 0);
  }
  MPI_Barrier(check_world()->comm);
  check_ok(mn_h5_begin(check_world(), path, 10, &file));
  write_table(file, check_world(), "/table", 2, 5, 3);
  check_refused(mn_h5_commit(&file, 0), MN_IO, "rename");
  MPI_Barrier(check_world()->comm);
  assert_int_equal(entries(), 1);
}

/* On rank 0: exchanges byte `at` (from the end if negative) by itself xor `flip`; others wait. */
static void flip_byte(long at, int flip)
{
  MPI_Barrier(check_world()->comm);
  if (check_world()->rank == 0) {
    FILE *file = fopen(path, "r+b");
    const int whence = at < 0 ? SEEK_END : SEEK_SET;
    fseek(file, at, whence);
    const int byte = fgetc(file);
    fseek(file, at, whence);
    fputc(byte ^ flip, file);
    fclose(file);
  }
  MPI_Barrier(check_world()->comm);
}

static long size_of(const char *name)
{
  struct stat info;
  assert_int_equal(stat(name, &info), 0);
  return (long)info.st_size;
}

static void check_flips(long from, long to, long stride, int flip)
{
  for (long at = from; at < to; at += stride) {
    flip_byte(at, flip);
    mn_error *error = mn_seal_check(check_world(), path);
    if (!error) {
      fail_msg("byte %ld xor %d of %ld is not noticed", at, flip, size_of(path));
    }
    check_refused(error, MN_DATA, "file.h5");
    flip_byte(at, flip);
  }
  check_ok(mn_seal_check(check_world(), path));
}

static void a_flipped_byte_behind_the_seal_is_refused(void **state)
{
  (void)state;
  write_file(check_world(), path, 1, 40, 0);
  check_flips(MN_SEAL_BYTES, size_of(path), 41, 0xff);
}

static void a_flipped_byte_of_the_seal_is_refused(void **state)
{
  (void)state;
  write_file(check_world(), path, 1, 4, 0);
  check_flips(0, MN_SEAL_BYTES, 1, 0xff);
  check_flips(0, MN_SEAL_BYTES, 1, 0x20); /* another case of a letter */
}

/* Seals are summed in pieces of 1 MiB that ranks share. */
static void a_flipped_byte_of_a_large_file_is_refused(void **state)
{
  (void)state;
  write_file(check_world(), path, 1, 150000, 0);
  check_flips(MN_SEAL_BYTES, size_of(path), 1 << 18, 4);
  check_flips(MN_SEAL_BYTES + (1 << 20) - 1, MN_SEAL_BYTES + (1 << 20) + 1, 1, 8);
}

static void other_lengths_are_refused(void **state)
{
  (void)state;
  write_file(check_world(), path, 1, 40, 0);
  const long size = size_of(path);
  const long lengths[] = {size + 1, size + 4096, size - 1, size / 2, MN_SEAL_BYTES + 1, MN_SEAL_BYTES, 100, 0};
  for (int k = 0; k < 8; k++) {
    MPI_Barrier(check_world()->comm);
    if (check_world()->rank == 0) {
      assert_int_equal(truncate(path, lengths[k]), 0);
    }
    MPI_Barrier(check_world()->comm);
    check_refused(mn_seal_check(check_world(), path), MN_DATA, "file.h5");
  }
}

static void files_of_others_and_missing_ones_are_refused(void **state)
{
  (void)state;
  hid_t file;
  bool exists = true;
  check_ok(mn_h5_open_sealed(check_world(), path, &exists, &file));
  assert_false(exists);
  check_refused(mn_seal_check(check_world(), path), MN_IO, "file.h5");
  MPI_Barrier(check_world()->comm);
  if (check_world()->rank == 0) {
    H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  }
  MPI_Barrier(check_world()->comm);
  check_refused(mn_seal_check(check_world(), path), MN_DATA, "no seal");
  check_refused(mn_h5_open_sealed(check_world(), path, &exists, &file), MN_DATA, "no seal");
}

static void check_same_bytes(const char *one, const char *other)
{
  FILE *const files[2] = {fopen(one, "rb"), fopen(other, "rb")};
  int byte;
  assert_int_equal(size_of(one), size_of(other));
  while ((byte = fgetc(files[0])) != EOF) {
    assert_int_equal(byte, fgetc(files[1]));
  }
  fclose(files[0]);
  fclose(files[1]);
}

static void every_number_of_ranks_writes_the_same_bytes(void **state)
{
  (void)state;
  char name[1024];
  mn_parallel alone;
  mn_parallel_create(MPI_COMM_SELF, &alone);
  snprintf(name, sizeof name, "%s/alone%d.h5", check_directory, check_world()->rank);
  for (int64_t rows = 1; rows < 70000; rows = 5 * rows + 3) {
    write_file(check_world(), path, 4, rows, 0);
    sleep(rows == 1); /* times of objects, if stored, would differ now */
    write_file(&alone, name, 4, rows, 0);
    check_same_bytes(path, name);
    MPI_Barrier(check_world()->comm);
  }
  mn_parallel_destroy(&alone);
}

#define IN_DIRECTORY(claim) cmocka_unit_test_setup_teardown(claim, make_directory, check_directory_teardown)

MN_TESTS("files", IN_DIRECTORY(tables_written_in_uneven_blocks_are_read_back), IN_DIRECTORY(attributes_are_read_back),
         IN_DIRECTORY(shapes_and_rows_are_read_and_missing_things_refused),
         IN_DIRECTORY(a_hundred_files_of_interleaved_parts_are_all_right),
         IN_DIRECTORY(older_generations_are_kept_and_no_more), IN_DIRECTORY(giving_up_leaves_the_old_file_alone),
         IN_DIRECTORY(what_cannot_be_written_is_refused_and_leaves_nothing),
         IN_DIRECTORY(a_file_that_cannot_be_put_in_place_leaves_nothing),
         IN_DIRECTORY(a_flipped_byte_behind_the_seal_is_refused), IN_DIRECTORY(a_flipped_byte_of_the_seal_is_refused),
         IN_DIRECTORY(a_flipped_byte_of_a_large_file_is_refused), IN_DIRECTORY(other_lengths_are_refused),
         IN_DIRECTORY(files_of_others_and_missing_ones_are_refused),
         IN_DIRECTORY(every_number_of_ranks_writes_the_same_bytes));
