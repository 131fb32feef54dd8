#include "h5.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/comparison.h>
#include <mnemotaxis/memory.h>

#include <stddef.h>
#include <stdio.h>

const mn_comparison_info mn_comparisons[MN_COMPARISONS] = {
    [MN_COMPARED_SQUARE] = {"mean_square", "E|X|^2 of the cells less that of the continuum"},
    [MN_COMPARED_DISTANCE] = {"kolmogorov", "largest difference of the radial distribution functions"},
    [MN_COMPARED_DISTANCE + 1] = {"sliced_wasserstein", "mean Wasserstein-1 distance of projections"},
    [MN_COMPARED_DISTANCE + 2] = {"sobolev", "distance in H^(-2) at the scale of the cloud"},
    [MN_COMPARED_CHEMICAL] = {"chemical", "rms difference of c at the cells"},
    [MN_COMPARED_GRADIENT] = {"chemical_gradient", "rms difference of grad c at the cells"},
};

/* One column of doubles out of the rows. */
static mn_error *write_column(mn_h5 *file, const mn_parallel *parallel, const char *name, const char *about,
                              int64_t rows, const mn_comparison *row, size_t offset, double *buffer)
{
  for (int64_t k = 0; k < rows; k++) {
    buffer[k] = *(const double *)(const void *)((const char *)&row[k] + offset);
  }
  const mn_rows shape = {name, MN_F64, rows, 0, 0, parallel->rank == 0 ? rows : 0};
  MN_TRY(mn_h5_write(file, &shape, buffer));
  return mn_h5_text(file, name, "about", about);
}

static mn_error *write_all(mn_h5 *file, const mn_parallel *parallel, int64_t rows, const mn_comparison *row,
                           double *buffer)
{
  static const struct {
    const char *suffix;
    const char *about;
    size_t offset;
  } part[] = {{"", NULL, offsetof(mn_comparison, value)},
              {"_expected", "mean for independent samples of the continuum", offsetof(mn_comparison, expected)},
              {"_deviation", "standard deviation for independent samples", offsetof(mn_comparison, deviation)}};
  MN_TRY(mn_h5_text(file, "/", "format", "mnemotaxis comparison"));
  MN_TRY(mn_h5_text(file, "/", "program", mn_version()));
  MN_TRY(mn_h5_group(file, "/compare"));
  MN_TRY(write_column(file, parallel, "/compare/time", "time", rows, row, offsetof(mn_comparison, time), buffer));
  for (int k = 0; k < MN_COMPARISONS; k++) {
    for (int p = 0; p < 3; p++) {
      char name[128];
      snprintf(name, sizeof name, "/compare/%s%s", mn_comparisons[k].name, part[p].suffix);
      MN_TRY(write_column(file, parallel, name, part[p].about ? part[p].about : mn_comparisons[k].about, rows, row,
                          part[p].offset + (size_t)k * sizeof(double), buffer));
    }
  }
  return NULL;
}

mn_error *mn_comparison_write(const mn_parallel *parallel, const char *path, int64_t rows, const mn_comparison *row)
{
  mn_h5 *file = NULL;
  double *buffer = NULL;
  MN_TRY(mn_h5_begin(parallel, path, rows * 8 * (3 * MN_COMPARISONS + 1) + 65536, &file));
  mn_error *error = mn_agree(parallel, mn_alloc(&buffer, rows, sizeof *buffer));
  error = error ? error : write_all(file, parallel, rows, row, buffer);
  mn_free(&buffer);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, 0);
}
