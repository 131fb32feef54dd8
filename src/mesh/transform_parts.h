/* transform_parts.h  What of a transform depends on the precision: the one-dimensional transforms. */
#ifndef MN_MESH_TRANSFORM_PARTS_H
#define MN_MESH_TRANSFORM_PARTS_H

#include <mnemotaxis/transform.h>

enum { MN_TRANSFORM_BATCH = 16 /* rows at a time */ };

typedef struct mn_transform_parts {
  size_t complex_bytes;
  mn_error *(*create)(const mn_transform_layout *layout, void **plans);
  void (*destroy)(void **plans);
  /* n own rows [nx] from `row` on -> places [kx][own row] of a block of all kept columns */
  void (*rows_forward)(const void *plans, const mn_transform_layout *layout, const double *rows, int64_t row, int n,
                       void *to);
  /* places of two such blocks, of kx and of -kx -> n own rows [nx, 2] */
  void (*rows_back)(const void *plans, const mn_transform_layout *layout, void *const from[2], int64_t row, int n,
                    double *rows);
  /* column [ny], by y -> modes [ny, 2], and back */
  void (*column_forward)(const void *plans, int64_t ny, void *column, double *modes);
  void (*column_back)(const void *plans, int64_t ny, const double *modes, void *column);
} mn_transform_parts;

extern const mn_transform_parts mn_transform_float;
extern const mn_transform_parts mn_transform_double;

#endif
