/* openPMD wants a unit for everything; this model is dimensionless: unitSI 1 and zero dimensions throughout. */
#include "h5.h"
#include "plane_part.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/snapshot.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const double one = 1.0;
static const double zero = 0.0;
static const double no_dimension[7] = {0};

static mn_error *write_root(mn_h5 *file)
{
  const uint32_t no_extension = 0;
  static const char *const text[][2] = {
      {"openPMD", "1.1.0"},
      {"basePath", "/data/%T/"},
      {"meshesPath", "meshes/"},
      {"particlesPath", "particles/"},
      {"iterationEncoding", "groupBased"},
      {"iterationFormat", "/data/%T/"},
      {"software", "mnemotaxis"},
      {"author", "mnemotaxis"},
  };
  for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
    MN_TRY(mn_h5_text(file, "/", text[k][0], text[k][1]));
  }
  MN_TRY(mn_h5_text(file, "/", "softwareVersion", mn_version()));
  return mn_h5_numbers(file, "/", "openPMDextension", MN_U32, 1, &no_extension);
}

static mn_error *describe_record(mn_h5 *file, const char *record)
{
  MN_TRY(mn_h5_numbers(file, record, "unitDimension", MN_F64, 7, no_dimension));
  return mn_h5_numbers(file, record, "timeOffset", MN_F64, 1, &zero);
}

/* A record with components x and y, taken from pairs. */
static mn_error *write_vector(mn_h5 *file, const mn_parallel *parallel, const char *record, int64_t count,
                              const double *pairs, double *column)
{
  const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
  const int64_t local = mn_block_count(block);
  for (int a = 0; a < 2; a++) {
    char name[260];
    snprintf(name, sizeof name, "%s/%s", record, a == 0 ? "x" : "y");
    for (int64_t i = 0; i < local; i++) {
      column[i] = pairs[2 * i + a];
    }
    const mn_rows rows = {name, MN_F64, count, 0, block.begin, local};
    MN_TRY(mn_h5_write(file, &rows, column));
    MN_TRY(mn_h5_numbers(file, name, "unitSI", MN_F64, 1, &one));
  }
  return describe_record(file, record);
}

static mn_error *write_offset(mn_h5 *file, const char *record, int64_t count)
{
  const uint64_t shape = (uint64_t)count;
  for (int a = 0; a < 2; a++) {
    char name[260];
    snprintf(name, sizeof name, "%s/%s", record, a == 0 ? "x" : "y");
    MN_TRY(mn_h5_group(file, name));
    MN_TRY(mn_h5_numbers(file, name, "value", MN_F64, 1, &zero));
    MN_TRY(mn_h5_numbers(file, name, "shape", MN_U64, 1, &shape));
    MN_TRY(mn_h5_numbers(file, name, "unitSI", MN_F64, 1, &one));
  }
  return describe_record(file, record);
}

static mn_error *write_ids(mn_h5 *file, const mn_parallel *parallel, const char *record, int64_t count, uint64_t *id)
{
  const mn_block block = mn_block_of(count, parallel->rank, parallel->size);
  for (int64_t i = 0; i < mn_block_count(block); i++) {
    id[i] = (uint64_t)(block.begin + i);
  }
  const mn_rows rows = {record, MN_U64, count, 0, block.begin, mn_block_count(block)};
  MN_TRY(mn_h5_write(file, &rows, id));
  MN_TRY(mn_h5_numbers(file, record, "unitSI", MN_F64, 1, &one));
  return describe_record(file, record);
}

static mn_error *write_cells(mn_h5 *file, const mn_parallel *parallel, const char *base, const mn_snapshot *s,
                             void *work)
{
  char record[256];
  snprintf(record, sizeof record, "%s/particles/cells/position", base);
  MN_TRY(write_vector(file, parallel, record, s->count, s->position, work));
  snprintf(record, sizeof record, "%s/particles/cells/positionOffset", base);
  MN_TRY(write_offset(file, record, s->count));
  snprintf(record, sizeof record, "%s/particles/cells/id", base);
  MN_TRY(write_ids(file, parallel, record, s->count, work));
  if (!s->drift) {
    return NULL;
  }
  snprintf(record, sizeof record, "%s/particles/cells/drift", base);
  return write_vector(file, parallel, record, s->count, s->drift, work);
}

/* The values of one component. */
static mn_error *write_component(mn_h5 *file, const mn_parallel *parallel, const char *name, const mn_mesh_field *mesh)
{
  const int64_t side = mesh->cells;
  const mn_rows rows = {name, MN_F64, side, side, 0, parallel->rank == 0 ? side : 0};
  const double middle[2] = {0.5, 0.5};
  MN_TRY(mn_h5_write(file, &rows, mesh->value));
  MN_TRY(mn_h5_numbers(file, name, "position", MN_F64, 2, middle));
  return mn_h5_numbers(file, name, "unitSI", MN_F64, 1, &one);
}

static mn_error *describe_mesh(mn_h5 *file, const char *record, const mn_mesh_field *mesh)
{
  const double spacing[2] = {mesh->spacing, mesh->spacing};
  const double offset[2] = {mesh->low[1], mesh->low[0]};
  MN_TRY(mn_h5_text(file, record, "geometry", "cartesian"));
  MN_TRY(mn_h5_text(file, record, "dataOrder", "C"));
  MN_TRY(mn_h5_letters(file, record, "axisLabels", "yx"));
  MN_TRY(mn_h5_numbers(file, record, "gridSpacing", MN_F64, 2, spacing));
  MN_TRY(mn_h5_numbers(file, record, "gridGlobalOffset", MN_F64, 2, offset));
  MN_TRY(mn_h5_numbers(file, record, "gridUnitSI", MN_F64, 1, &one));
  return describe_record(file, record);
}

static mn_error *write_mesh(mn_h5 *file, const mn_parallel *parallel, const char *base, const char *name,
                            const mn_mesh_field *mesh)
{
  if (!mesh) {
    return NULL;
  }
  char record[256];
  snprintf(record, sizeof record, "%s/meshes/%s", base, name);
  MN_TRY(write_component(file, parallel, record, mesh));
  return describe_mesh(file, record, mesh);
}

static mn_error *write_vector_mesh(mn_h5 *file, const mn_parallel *parallel, const char *base, const char *name,
                                   const mn_mesh_field *mesh)
{
  if (!mesh) {
    return NULL;
  }
  char record[256];
  char component[260];
  snprintf(record, sizeof record, "%s/meshes/%s", base, name);
  for (int a = 0; a < 2; a++) {
    snprintf(component, sizeof component, "%s/%s", record, a == 0 ? "x" : "y");
    MN_TRY(write_component(file, parallel, component, &mesh[a]));
  }
  return describe_mesh(file, record, mesh);
}

static mn_error *write_snapshot(mn_h5 *file, const mn_parallel *parallel, const mn_snapshot *s)
{
  char base[64];
  snprintf(base, sizeof base, "/data/%" PRId64, s->step);
  MN_TRY(write_root(file));
  MN_TRY(mn_h5_group(file, base));
  MN_TRY(mn_h5_numbers(file, base, "time", MN_F64, 1, &s->time));
  MN_TRY(mn_h5_numbers(file, base, "dt", MN_F64, 1, &s->dt));
  MN_TRY(mn_h5_numbers(file, base, "timeUnitSI", MN_F64, 1, &one));
  MN_TRY(write_mesh(file, parallel, base, "density", s->density));
  MN_TRY(write_mesh(file, parallel, base, "chemical", s->chemical));
  MN_TRY(write_vector_mesh(file, parallel, base, "chemical_gradient", s->gradient));
  if (s->plane) {
    MN_TRY(mn_plane_part_write(file, parallel, s->plane));
  }
  if (s->count == 0) {
    return NULL;
  }
  void *work = NULL;
  const mn_block block = mn_block_of(s->count, parallel->rank, parallel->size);
  mn_error *error = mn_agree(parallel, mn_alloc(&work, mn_block_count(block), 8));
  error = error ? error : write_cells(file, parallel, base, s, work);
  mn_free(&work);
  return error;
}

mn_error *mn_snapshot_write(const mn_parallel *parallel, const char *directory, const mn_snapshot *s)
{
  char path[MN_PATH_MAX];
  mn_h5 *file = NULL;
  snprintf(path, sizeof path, "%s/snapshots/%010" PRId64 ".h5", directory, s->step);
  const int64_t meshes = s->density ? 32 * (int64_t)s->density->cells * s->density->cells : 0;
  const int64_t plane = s->plane ? mn_plane_part_bytes(s->plane) : 0;
  MN_TRY(mn_h5_begin(parallel, path, 40 * s->count + meshes + plane + 65536, &file));
  mn_error *error = write_snapshot(file, parallel, s);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  return mn_h5_commit(&file, 0);
}

void mn_snapshot_list_cut(mn_snapshot_list *list, int64_t step)
{
  while (list->snapshots > 0 && list->step[list->snapshots - 1] > step) {
    list->snapshots--;
  }
}

mn_error *mn_snapshot_list_append(mn_snapshot_list *list, int64_t step, double time)
{
  mn_snapshot_list_cut(list, step - 1);
  MN_TRY(mn_resize(&list->step, list->snapshots + 1, sizeof *list->step));
  MN_TRY(mn_resize(&list->time, list->snapshots + 1, sizeof *list->time));
  list->step[list->snapshots] = step;
  list->time[list->snapshots] = time;
  list->snapshots++;
  return NULL;
}

void mn_snapshot_list_clear(mn_snapshot_list *list)
{
  mn_free(&list->step);
  mn_free(&list->time);
  *list = (mn_snapshot_list){0};
}

static mn_error *write_index(mn_h5 *file, const mn_parallel *parallel, const mn_snapshot_list *list)
{
  const int64_t mine = parallel->rank == 0 ? list->snapshots : 0;
  const mn_rows steps = {"/index/step", MN_I64, list->snapshots, 0, 0, mine};
  const mn_rows times = {"/index/time", MN_F64, list->snapshots, 0, 0, mine};
  MN_TRY(write_root(file));
  MN_TRY(mn_h5_group(file, "/data"));
  MN_TRY(mn_h5_write(file, &steps, list->step));
  MN_TRY(mn_h5_write(file, &times, list->time));
  for (int64_t k = 0; k < list->snapshots; k++) {
    char name[64];
    char target[64];
    snprintf(name, sizeof name, "/data/%" PRId64, list->step[k]);
    snprintf(target, sizeof target, "snapshots/%010" PRId64 ".h5", list->step[k]);
    MN_TRY(mn_h5_link(file, name, target));
  }
  return NULL;
}

static void write_grid(FILE *out, const mn_snapshot_list *list, int64_t k)
{
  fprintf(out,
          "    <Grid Name=\"cells\" GridType=\"Uniform\">\n"
          "      <Time Value=\"%.17g\"/>\n"
          "      <Topology TopologyType=\"Polyvertex\" NumberOfElements=\"%" PRId64 "\" NodesPerElement=\"1\"/>\n"
          "      <Geometry GeometryType=\"XY\">\n"
          "        <DataItem ItemType=\"Function\" Function=\"JOIN($0,$1)\" Dimensions=\"%" PRId64 " 2\">\n",
          list->time[k], list->count, list->count);
  for (int a = 0; a < 2; a++) {
    fprintf(out,
            "          <DataItem Dimensions=\"%" PRId64 "\" NumberType=\"Float\" Precision=\"8\" Format=\"HDF\">"
            "snapshots/%010" PRId64 ".h5:/data/%" PRId64 "/particles/cells/position/%s</DataItem>\n",
            list->count, list->step[k], list->step[k], a == 0 ? "x" : "y");
  }
  fprintf(out, "        </DataItem>\n      </Geometry>\n    </Grid>\n");
}

/* A mesh as ParaView's legacy reader wants it: one layer of cells in three dimensions. */
static void write_mesh_grid(FILE *out, const mn_snapshot_list *list, int64_t k)
{
  static const char *const name[] = {"density", "chemical"};
  const int n = list->mesh.cells;
  fprintf(out,
          "    <Grid Name=\"continuum\" GridType=\"Uniform\">\n"
          "      <Time Value=\"%.17g\"/>\n"
          "      <Topology TopologyType=\"3DCoRectMesh\" Dimensions=\"2 %d %d\"/>\n"
          "      <Geometry GeometryType=\"ORIGIN_DXDYDZ\">\n"
          "        <DataItem Dimensions=\"3\" Format=\"XML\">0 %.17g %.17g</DataItem>\n"
          "        <DataItem Dimensions=\"3\" Format=\"XML\">1 %.17g %.17g</DataItem>\n"
          "      </Geometry>\n",
          list->time[k], n + 1, n + 1, list->mesh.low[1], list->mesh.low[0], list->mesh.spacing, list->mesh.spacing);
  for (int a = 0; a < 2; a++) {
    fprintf(out,
            "      <Attribute Name=\"%s\" AttributeType=\"Scalar\" Center=\"Cell\">\n"
            "        <DataItem Dimensions=\"1 %d %d\" NumberType=\"Float\" Precision=\"8\" Format=\"HDF\">"
            "snapshots/%010" PRId64 ".h5:/data/%" PRId64 "/meshes/%s</DataItem>\n"
            "      </Attribute>\n",
            name[a], n, n, list->step[k], list->step[k], name[a]);
  }
  fprintf(out, "    </Grid>\n");
}

static mn_error *write_xdmf(const char *directory, const mn_snapshot_list *list)
{
  char path[MN_PATH_MAX];
  char temporary[MN_PATH_MAX + 8];
  snprintf(path, sizeof path, "%s/snapshots.xmf", directory);
  snprintf(temporary, sizeof temporary, "%s.tmp", path);
  FILE *out = fopen(temporary, "w");
  if (!out) {
    return mn_error_create(MN_IO, "cannot write %s", path);
  }
  fprintf(out, "<?xml version=\"1.0\"?>\n<Xdmf Version=\"2.0\">\n  <Domain>\n"
               "    <Grid Name=\"snapshots\" GridType=\"Collection\" CollectionType=\"Temporal\">\n");
  for (int64_t k = 0; k < list->snapshots; k++) {
    if (list->count > 0) {
      write_grid(out, list, k);
    } else if (list->mesh.cells > 0) {
      write_mesh_grid(out, list, k);
    }
  }
  fprintf(out, "    </Grid>\n  </Domain>\n</Xdmf>\n");
  const bool good = fclose(out) == 0 && rename(temporary, path) == 0;
  return good ? NULL : mn_error_create(MN_IO, "cannot write %s", path);
}

mn_error *mn_snapshot_index_write(const mn_parallel *parallel, const char *directory, const mn_snapshot_list *list)
{
  char path[MN_PATH_MAX];
  mn_h5 *file = NULL;
  snprintf(path, sizeof path, "%s/snapshots.h5", directory);
  MN_TRY(mn_h5_begin(parallel, path, 65536 + 512 * list->snapshots, &file));
  mn_error *error = write_index(file, parallel, list);
  if (error) {
    mn_h5_abandon(&file);
    return error;
  }
  MN_TRY(mn_h5_commit(&file, 0));
  return mn_agree(parallel, parallel->rank == 0 ? write_xdmf(directory, list) : NULL);
}

static mn_error *read_index(hid_t file, mn_snapshot_list *list)
{
  bool exists;
  int dimensions;
  int64_t shape[3] = {0};
  MN_TRY(mn_h5_shape(file, "/index/step", &exists, &dimensions, shape));
  MN_TRY(mn_resize(&list->step, shape[0], sizeof *list->step));
  MN_TRY(mn_resize(&list->time, shape[0], sizeof *list->time));
  list->snapshots = shape[0];
  const mn_rows steps = {"/index/step", MN_I64, shape[0], 0, 0, shape[0]};
  const mn_rows times = {"/index/time", MN_F64, shape[0], 0, 0, shape[0]};
  MN_TRY(mn_h5_read(file, &steps, list->step));
  return mn_h5_read(file, &times, list->time);
}

mn_error *mn_snapshot_index_read(const mn_parallel *parallel, const char *directory, mn_snapshot_list *list)
{
  char path[MN_PATH_MAX];
  hid_t file = -1;
  snprintf(path, sizeof path, "%s/snapshots.h5", directory);
  bool exists = false;
  MN_TRY(mn_h5_open_sealed(parallel, path, &exists, &file));
  if (!exists) {
    return NULL;
  }
  mn_error *error = read_index(file, list);
  H5Fclose(file);
  return mn_agree(parallel, mn_error_within(error, "%s", path));
}
