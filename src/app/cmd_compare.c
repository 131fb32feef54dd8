/* compare: cells against continuum at every time at which both have a snapshot. */
#include "command.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/comparison.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/distance.h>
#include <mnemotaxis/fields.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/probe.h>
#include <mnemotaxis/snapshot.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 4096, PROBES = 64 };

/* What both directories hold. */
typedef struct pair {
  const mn_session *session;
  const char *run, *pde;
  mn_config *config; /* of the run */
  mn_config *other;  /* of the continuum case */
  mn_run_options options;
  double *nodes;
  mn_snapshot_list cells, fields;
  mn_history *past; /* of the run's newest checkpoint; NULL: not known */
  double past_end;
  double *x; /* [count, 2] all cells at the time looked at */
} pair;

static mn_error *read_config(const mn_session *session, const char *directory, bool *continuum, mn_config *config)
{
  char path[PATH_BYTES];
  char *text = NULL;
  snprintf(path, sizeof path, "%s/used.ini", directory);
  mn_config_defaults(config);
  MN_TRY(mn_config_file(session->parallel, path, &text));
  *continuum = mn_pde_was_used(text);
  mn_error *error = mn_config_read(config, path, text, MN_READ_USED);
  mn_free(&text);
  return error ? error : mn_config_finish(config);
}

/* The same text, but for how numbers and blanks are written. */
static bool is_same(const char *a, const char *b)
{
  for (;;) {
    char *a_end;
    char *b_end;
    const double x = strtod(a, &a_end);
    const double y = strtod(b, &b_end);
    if (a_end > a && b_end > b) {
      if (x != y) {
        return false;
      }
      a = a_end;
      b = b_end;
    } else if (*a != *b) {
      return false;
    } else if (*a == '\0') {
      return true;
    } else {
      a++;
      b++;
    }
  }
}

/* Must both have the same value for this key?  They must be of the same system from the same law. */
static bool must_agree(const pair *p, const mn_key *key)
{
  const bool points = p->config->values.initial_kind == MN_INITIAL_FILE && strcmp(key->section, "particles") == 0 &&
                      strcmp(key->name, "count") == 0;
  return strcmp(key->section, "model") == 0 || strcmp(key->section, "initial") == 0 || points;
}

static mn_error *check_same_case(const pair *p)
{
  for (int k = 0; k < mn_keys_count; k++) {
    const mn_key *key = &mn_keys[k];
    const char *a = p->config->text[k];
    const char *b = p->other->text[k];
    if (must_agree(p, key) && !is_same(a, b)) {
      return mn_error_create(MN_USAGE,
                             "%s and %s are of different cases: %s.%s is %.100s in the first and %.100s in the second",
                             p->run, p->pde, key->section, key->name, a, b);
    }
  }
  return NULL;
}

static mn_error *read_configs(pair *p)
{
  bool continuum = false;
  MN_TRY(read_config(p->session, p->run, &continuum, p->config));
  if (continuum) {
    return mn_error_create(MN_USAGE, "%s holds a continuum case; compare wants RUN_DIR first, then PDE_DIR", p->run);
  }
  MN_TRY(read_config(p->session, p->pde, &continuum, p->other));
  return continuum
             ? NULL
             : mn_error_create(MN_USAGE, "%s holds a run of cells; compare wants RUN_DIR first, then PDE_DIR", p->pde);
}

/* What a reader of the table should know before. */
static void announce(const pair *p)
{
  if (p->session->parallel->rank != 0) {
    return;
  }
  if (p->other->values.pde_smoothing > 0.0) {
    printf("the continuum starts from the law of the cells smeared by pde.smoothing = %g: they differ by as much\n",
           p->other->values.pde_smoothing);
  }
  if (!p->past) {
    printf("c and its gradient are not compared: %s has no checkpoint with the whole past\n", p->run);
  }
}

/* The past of the run as its newest checkpoint holds it; without one, or with a part forgotten, c is not compared. */
static mn_error *read_past(pair *p)
{
  char checkpoint[PATH_BYTES];
  char notes[PATH_BYTES];
  mn_checkpoint_header header;
  const mn_parallel *parallel = p->session->parallel;
  const mn_block block = mn_block_of(p->options.count, parallel->rank, parallel->size);
  mn_cells cells = {NULL, NULL};
  MN_TRY(mn_checkpoint_find(parallel, p->run, checkpoint, notes, sizeof notes));
  if (checkpoint[0] == '\0') {
    return NULL;
  }
  MN_TRY(mn_checkpoint_header_read(parallel, checkpoint, &header));
  p->past_end = header.time;
  mn_checkpoint_header_clear(&header);
  const int64_t kept = mn_run_witnesses(&p->options);
  MN_TRY(mn_history_create(parallel, &p->options.dynamics.model, &p->options.history, kept, &p->past));
  mn_error *error = mn_alloc(&cells.position, 2 * mn_block_count(block), sizeof *cells.position);
  error = mn_agree(parallel, error ? error : mn_alloc(&cells.free_path, 2 * mn_block_count(block), sizeof(double)));
  error = error ? error : mn_checkpoint_load(parallel, checkpoint, block, &cells, p->past, NULL);
  if (!error && (mn_history_forgotten(p->past) > 0 || kept < p->options.count)) {
    mn_history_destroy(&p->past);
  }
  mn_free(&cells.position);
  mn_free(&cells.free_path);
  return error;
}

static mn_error *read_cells(pair *p, int64_t step)
{
  char path[PATH_BYTES];
  char name[128];
  double *mine = NULL;
  const mn_parallel *parallel = p->session->parallel;
  const int64_t local = mn_block_count(mn_block_of(p->options.count, parallel->rank, parallel->size));
  snprintf(path, sizeof path, "%s/snapshots/%010lld.h5", p->run, (long long)step);
  snprintf(name, sizeof name, "/data/%lld/particles/cells/position", (long long)step);
  MN_TRY(mn_agree(parallel, mn_alloc(&mine, 2 * local, sizeof *mine)));
  mn_error *error = mn_dataset_positions(parallel, path, name, p->options.count, mine);
  error = error ? error : mn_gather_rows(parallel, p->options.count, 2, mine, p->x);
  mn_free(&mine);
  return error;
}

static void compare_square(const pair *p, const mn_plane *plane, mn_comparison *row)
{
  const double n = (double)p->options.count;
  double sum = 0.0;
  double square = 0.0;
  for (int64_t k = 0; k < p->options.count; k++) {
    const double r2 = p->x[2 * k] * p->x[2 * k] + p->x[2 * k + 1] * p->x[2 * k + 1];
    sum += r2;
    square += r2 * r2;
  }
  row->value[MN_COMPARED_SQUARE] = sum / n - mn_plane_mean_square(plane);
  row->expected[MN_COMPARED_SQUARE] = 0.0;
  row->deviation[MN_COMPARED_SQUARE] = sqrt((square / n - sum / n * sum / n) / (n - 1.0));
}

/* Root mean square over the probes of the error, of what is expected of it, and the deviation of the former. */
static void compare_probes(const mn_probe *probe, const mn_plane *plane, mn_comparison *row)
{
  double found[2] = {0};
  double expected[2] = {0};
  double spread[2] = {0};
  for (int k = 0; k < PROBES; k++) {
    double gradient[2];
    const double c = mn_plane_at(plane, plane->chemical, probe[k].x[0], probe[k].x[1], gradient);
    const double dc = probe[k].chemical - c;
    const double dx = probe[k].gradient[0] - gradient[0];
    const double dy = probe[k].gradient[1] - gradient[1];
    const double square[2] = {dc * dc, dx * dx + dy * dy};
    const double noise[2] = {probe[k].chemical_error * probe[k].chemical_error,
                             probe[k].gradient_error[0] * probe[k].gradient_error[0] +
                                 probe[k].gradient_error[1] * probe[k].gradient_error[1]};
    for (int q = 0; q < 2; q++) {
      found[q] += square[q] / PROBES;
      expected[q] += noise[q] / PROBES;
      spread[q] += square[q] * square[q] / PROBES;
    }
  }
  for (int q = 0; q < 2; q++) {
    row->value[MN_COMPARED_CHEMICAL + q] = sqrt(found[q]);
    row->expected[MN_COMPARED_CHEMICAL + q] = sqrt(expected[q]);
    /* c is smooth: its errors at all probes are one draw, not PROBES; grad c is local */
    const double draws = q == 0 ? 2.0 : PROBES / 2.0;
    row->deviation[MN_COMPARED_CHEMICAL + q] =
        q == 0 ? sqrt(expected[q] / draws)
               : sqrt(fmax(spread[q] - found[q] * found[q], 0.0) / draws) / (2.0 * sqrt(found[q]));
  }
}

static mn_error *compare_chemical(const pair *p, const mn_plane *plane, mn_comparison *row)
{
  mn_probe probe[PROBES];
  const mn_dynamics *d = &p->options.dynamics;
  if (!p->past || plane->time <= 0.0 || plane->time > p->past_end * (1.0 + 1e-12)) {
    return NULL;
  }
  MN_TRY(mn_probe_cells(p->session->parallel, &d->model, &d->field, p->past, p->options.drift.tolerance, plane->time,
                        p->x, PROBES, probe));
  compare_probes(probe, plane, row);
  return NULL;
}

static mn_error *compare_at(pair *p, int64_t cells, int64_t fields, mn_comparison *row)
{
  char path[PATH_BYTES];
  mn_plane plane;
  mn_distance_row distances;
  const mn_parallel *parallel = p->session->parallel;
  for (int k = 0; k < MN_COMPARISONS; k++) {
    row->value[k] = row->expected[k] = row->deviation[k] = NAN;
  }
  row->time = p->cells.time[cells];
  MN_TRY(read_cells(p, p->cells.step[cells]));
  snprintf(path, sizeof path, "%s/snapshots/%010lld.h5", p->pde, (long long)p->fields.step[fields]);
  MN_TRY(mn_fields_read_plane(parallel, path, row->time, &plane));
  compare_square(p, &plane, row);
  mn_error *error = mn_distance_measure(parallel, &plane, p->options.count, p->x, p->options.dynamics.seed, &distances);
  for (int d = 0; d < MN_DISTANCES && !error; d++) {
    row->value[MN_COMPARED_DISTANCE + d] = distances.value[d];
    row->expected[MN_COMPARED_DISTANCE + d] = distances.noise[d];
    row->deviation[MN_COMPARED_DISTANCE + d] = distances.spread[d];
  }
  error = error ? error : compare_chemical(p, &plane, row);
  mn_plane_clear(&plane);
  return error;
}

static void print_table(const mn_comparison *row)
{
  printf("at time %.6g:\n  %-20s %12s %12s %12s %8s\n", row->time, "difference in", "found", "expected", "deviation",
         "sigmas");
  for (int k = 0; k < MN_COMPARISONS; k++) {
    if (isfinite(row->value[k])) {
      printf("  %-20s %12.4g %12.4g %12.4g %+8.1f\n", mn_comparisons[k].name, row->value[k], row->expected[k],
             row->deviation[k], (row->value[k] - row->expected[k]) / row->deviation[k]);
    }
  }
}

/* Compares at all common times; prints and collects. */
static mn_error *compare_all(pair *p, mn_comparison *row, int64_t *rows)
{
  int64_t f = 0;
  for (int64_t c = 0; c < p->cells.snapshots; c++) {
    const double t = p->cells.time[c];
    const double slack = 1e-9 * t;
    while (f < p->fields.snapshots && p->fields.time[f] < t - slack) {
      f++;
    }
    if (f < p->fields.snapshots && p->fields.time[f] <= t + slack) {
      MN_TRY(compare_at(p, c, f, &row[*rows]));
      if (p->session->parallel->rank == 0) {
        print_table(&row[*rows]);
      }
      (*rows)++;
    }
  }
  return *rows > 0 ? NULL
                   : mn_error_create(MN_DATA,
                                     "%s and %s have no snapshot at the same time; give both the same "
                                     "time.step, time.end and output.snapshot_every",
                                     p->run, p->pde);
}

static mn_error *compare_pair(pair *p)
{
  char path[PATH_BYTES];
  const mn_session *session = p->session;
  mn_comparison *row = NULL;
  int64_t rows = 0;
  MN_TRY(read_configs(p));
  MN_TRY(mn_session_overrides(session, 2, p->config));
  MN_TRY(mn_config_finish(p->config));
  MN_TRY(check_same_case(p));
  MN_TRY(mn_case_options(p->config, &p->options));
  const mn_values *v = &p->config->values;
  if (v->c0 == MN_FIELD_GRID) {
    MN_TRY(mn_dataset_field(session->parallel, v->c0_file, v->c0_dataset, &p->options.dynamics.field, &p->nodes));
  }
  MN_TRY(mn_snapshot_index_read(session->parallel, p->run, &p->cells));
  MN_TRY(mn_snapshot_index_read(session->parallel, p->pde, &p->fields));
  MN_TRY(read_past(p));
  announce(p);
  mn_error *error = mn_alloc(&p->x, 2 * p->options.count, sizeof *p->x);
  error = mn_agree(session->parallel, error ? error : mn_alloc(&row, p->cells.snapshots, sizeof *row));
  error = error ? error : compare_all(p, row, &rows);
  snprintf(path, sizeof path, "%s/compare.h5", p->run);
  error = error ? error : mn_comparison_write(session->parallel, path, rows, row);
  if (!error && session->parallel->rank == 0) {
    printf("%s: %lld times; a picture: jobs/python.sh jobs/compare.py %s %s\n", path, (long long)rows, p->run, p->pde);
  }
  mn_free(&row);
  return error;
}

static mn_error *compare(const mn_session *session, int *exit_code)
{
  if (session->count < 2) {
    return mn_error_create(MN_USAGE, "compare needs two directories: mnemotaxis compare RUN_DIR PDE_DIR");
  }
  pair p = {.session = session, .run = session->argument[0], .pde = session->argument[1]};
  mn_error *error = mn_alloc(&p.config, 1, sizeof *p.config);
  error = error ? error : mn_alloc(&p.other, 1, sizeof *p.other);
  error = error ? error : compare_pair(&p);
  mn_history_destroy(&p.past);
  mn_snapshot_list_clear(&p.cells);
  mn_snapshot_list_clear(&p.fields);
  mn_free(&p.nodes);
  mn_free(&p.x);
  mn_free(&p.config);
  mn_free(&p.other);
  *exit_code = MN_EXIT_FINISHED;
  return error;
}

const mn_command mn_command_compare = {"compare", "RUN_DIR PDE_DIR [section.key=value ...]",
                                       "cells against continuum: a table, and compare.h5 in RUN_DIR", compare, false};
