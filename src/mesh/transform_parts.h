/* transform_parts.h  What of a transform depends on the precision: the one-dimensional transforms. */
#ifndef MN_MESH_TRANSFORM_PARTS_H
#define MN_MESH_TRANSFORM_PARTS_H

#include <mnemotaxis/transform.h>

enum { MN_TRANSFORM_BATCH = 32 /* rows at a time: 16 take 5 to 10 % longer on 2000^2 nodes */ };

/* Where the modes of own rows are. */
typedef struct mn_transform_places {
  void *own;    /* [own columns][stride] */
  void *packed; /* [kx][own rows] of the columns of other ranks; if there are any */
} mn_transform_places;

typedef struct mn_transform_parts {
  size_t complex_bytes;
  mn_error *(*create)(const mn_transform_layout *layout, void **plans);
  void (*destroy)(void **plans);
  /* n own rows [nx] from `row` on -> their places; NULL: rows of zeros */
  void (*rows_forward)(const void *plans, const mn_transform_layout *layout, const double *rows, int64_t row, int n,
                       const mn_transform_places *to);
  /* places, of kx and of -kx -> n own rows [nx, 2], and more */
  void (*rows_back)(const void *plans, const mn_transform_layout *layout, const mn_transform_places from[2],
                    int64_t row, int n, mn_row_adder more, double *rows);
  /* column [ny], by y -> modes [ny, 2], and back */
  void (*column_forward)(const void *plans, int64_t ny, void *column, double *modes);
  void (*column_back)(const void *plans, int64_t ny, const double *modes, void *column);
} mn_transform_parts;

extern const mn_transform_parts mn_transform_float;
extern const mn_transform_parts mn_transform_double;

#endif
