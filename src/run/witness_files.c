/* The report of a case is stored number by number, by the names of its members. */
#include "witness_files.h"

#include <mnemotaxis/fields.h>
#include <mnemotaxis/memory.h>

#include <math.h>
#include <stddef.h>

typedef struct member {
  const char *name;
  size_t offset;
  enum { REAL, WHOLE } kind;
} member;

#define AT(name, kind)                         \
  {                                            \
#name, offsetof(mn_pde_report, name), kind \
  }

static const member members[] = {
    AT(time, REAL),        AT(step, WHOLE),        AT(next_step, REAL),     AT(peak, REAL),       AT(l2, REAL),
    AT(first_peak, REAL),  AT(edge_mass, REAL),    AT(smallest_cell, REAL), AT(moved_mass, REAL), AT(mass_defect, REAL),
    AT(resolution, REAL),  AT(trusted_time, REAL), AT(relaxation, REAL),    AT(rejected, WHOLE),  AT(solves, WHOLE),
    AT(iterations, WHOLE), AT(meshes, WHOLE),      AT(concentrating, WHOLE)};

enum { MEMBERS = sizeof members / sizeof *members };

static double load(const mn_pde_report *report, const member *m)
{
  const char *at = (const char *)report + m->offset;
  return m->kind == REAL ? *(const double *)(const void *)at : (double)*(const int64_t *)(const void *)at;
}

static void store(mn_pde_report *report, const member *m, double value)
{
  char *at = (char *)report + m->offset;
  if (m->kind == REAL) {
    *(double *)(void *)at = value;
  } else {
    *(int64_t *)(void *)at = (int64_t)value;
  }
}

mn_error *mn_witness_write(const mn_parallel *parallel, const char *path, int keep, const char *parameters,
                           const mn_pde_state *state)
{
  mn_named_number number[MEMBERS];
  for (int k = 0; k < MEMBERS; k++) {
    number[k] = (mn_named_number){members[k].name, load(&state->report, &members[k])};
  }
  const mn_fields fields = {.step = state->report.step,
                            .time = state->report.time,
                            .parameters = (char *)parameters,
                            .plane = state->plane,
                            .moments = state->moments,
                            .moment = state->moment,
                            .numbers = MEMBERS,
                            .number = number};
  return mn_fields_write(parallel, path, keep, &fields);
}

mn_error *mn_witness_read(const mn_parallel *parallel, const char *path, mn_pde_state *state)
{
  mn_named_number number[MEMBERS];
  mn_fields fields = {.numbers = MEMBERS, .number = number};
  for (int k = 0; k < MEMBERS; k++) {
    number[k] = (mn_named_number){members[k].name, 0.0};
  }
  *state = (mn_pde_state){0};
  mn_error *error = mn_fields_read(parallel, path, &fields);
  if (!error) {
    for (int k = 0; k < MEMBERS; k++) {
      store(&state->report, &members[k], number[k].value);
    }
    state->plane = fields.plane;
    state->moments = fields.moments;
    state->moment = fields.moment;
    fields.plane = (mn_plane){0};
    fields.moment = NULL;
  }
  mn_fields_clear(&fields);
  return error;
}

/* Middles of the cells of a picture along one axis. */
static void middles(const mn_axis *axis, int side, double *out)
{
  for (int k = 0; k < side; k++) {
    out[k] = axis->low + (axis->high - axis->low) * (k + 0.5) / side;
  }
}

static mn_error *paint(const mn_plane *plane, int side, double *xy, double *value[4])
{
  double *const slope[2] = {value[2], value[3]};
  middles(&plane->axis[0], side, xy);
  middles(&plane->axis[1], side, xy + side);
  MN_TRY(mn_plane_sample_density(plane, side, xy, side, xy + side, value[0]));
  return mn_plane_sample(plane, plane->chemical, side, xy, side, xy + side, value[1], slope);
}

mn_error *mn_witness_picture(const mn_parallel *parallel, const char *directory, const mn_pde_report *now,
                             const mn_plane *plane, int side, mn_mesh_field *mesh)
{
  const int64_t cells = (int64_t)side * side;
  double *room = NULL;
  MN_TRY(mn_agree(parallel, mn_alloc(&room, 4 * cells + 2 * side, sizeof *room)));
  double *value[4] = {room, room + cells, room + 2 * cells, room + 3 * cells};
  mn_error *error = mn_agree(parallel, paint(plane, side, room + 4 * cells, value));
  mn_mesh_field field[4];
  *mesh = (mn_mesh_field){
      side, {plane->axis[0].low, plane->axis[1].low}, (plane->axis[0].high - plane->axis[0].low) / side, NULL};
  for (int k = 0; k < 4; k++) {
    field[k] = *mesh;
    field[k].value = value[k];
  }
  const mn_snapshot picture = {.step = now->step,
                               .time = now->time,
                               .dt = now->next_step,
                               .density = &field[0],
                               .chemical = &field[1],
                               .gradient = &field[2],
                               .plane = plane};
  error = error ? error : mn_snapshot_write(parallel, directory, &picture);
  mn_free(&room);
  return error;
}
