/** @file transform.h  Fourier transforms of meshes whose rows are shared by ranks.
 *
 * A mesh has ny rows of nx values, x fastest; ranks own consecutive rows.  On the way to modes values are real; on the
 * way back they are two real fields at once, as real and imaginary part.  Modes are held by columns: all ny modes of
 * one wave number kx lie together, and ranks own consecutive columns kx >= 0 and, on the way back, those of -kx.  Only
 * columns |kx| < kept exist; others are dropped on the way to columns and are 0 on the way back.  The arithmetic of a
 * row or column does not depend on who owns it: same bits on any number of ranks.  Values and modes are given and taken
 * in double; the transforms between may be in float.
 */
#ifndef MNEMOTAXIS_TRANSFORM_H
#define MNEMOTAXIS_TRANSFORM_H

#include <mnemotaxis/rows.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MN_TRANSFORM_UNIT = 16 /**< numbers after which rows and columns may begin: on a cache line */ };

typedef struct mn_transform mn_transform;

/** Extent of a transform and the part of it that lies on this rank; read-only. */
typedef struct mn_transform_layout {
  int64_t nx, ny;
  int64_t stride; /**< from column to column: ny or more, a multiple of MN_TRANSFORM_UNIT */
  int64_t kept;   /**< columns 0 <= kx < kept */
  int64_t row_begin, row_end;
  int64_t col_begin, col_end;
} mn_transform_layout;

/** Prepares transforms.  Collective.
 * @param single  float instead of double arithmetic
 * @param nx,ny    even; see mn_transform_size
 * @param kept     1 <= kept <= nx/2 + 1
 * @param rows     who owns which of the ny rows; copied
 * @param columns  who owns which of the kept columns; copied; NULL: evenly shared */
mn_error *mn_transform_create(const mn_parallel *parallel, bool single, int64_t nx, int64_t ny, int64_t kept,
                              const mn_shares *rows, const mn_shares *columns, mn_transform **transform) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Local. */
void mn_transform_destroy(mn_transform **transform);

/** What lies where.  Local. */
const mn_transform_layout *mn_transform_shape(const mn_transform *transform);

/** From rows to columns: sum_x value exp(-2 pi i kx x/nx) of every own row, then the exchange of the ranks. Collective.
 * @param filled  rows of the mesh, the same on all ranks; others count as 0 and are not read
 * @param rows    [own rows, nx] real
 * Cost: one MPI_Alltoallv of 2 kept ny real numbers in all, but for what stays on its rank. */
void mn_transform_to_columns(mn_transform *transform, mn_range filled, const double *rows);

/** One own column after mn_transform_to_columns, from y to ky: sum_y exp(-2 pi i ky y/ny).  Local.
 * @param c      0 <= c < own columns
 * @param modes  [ny, 2] receives it */
void mn_transform_column_out(mn_transform *transform, int64_t c, double *modes);

/** One own column before mn_transform_to_rows, from ky to y, without a factor.  Local.
 * @param side   0: of kx, 1: of -kx; the latter does not count where they are the same, kx = 0 and nx/2
 * @param modes  [ny, 2] */
void mn_transform_column_in(mn_transform *transform, int64_t c, int side, const double *modes);

/** From columns to rows: sum over all kx, without a factor.  Collective.
 * @param wanted  rows of the mesh, the same on all ranks; others are not written
 * @param more    is added to every row that is wanted
 * @param rows    [own rows, nx, 2] complex
 * Cost: two MPI_Alltoallv of 2 kept ny real numbers in all, but for what stays on its rank. */
void mn_transform_to_rows(mn_transform *transform, mn_range wanted, mn_row_adder more, double *rows);

/** The smallest multiple of MN_TRANSFORM_UNIT without prime factors above 7 that is not below n.  Local. */
int64_t mn_transform_size(int64_t n);

/** Bytes of work space on a rank with that many rows and columns.  Local. */
int64_t mn_transform_bytes(bool single, int64_t nx, int64_t ny, int64_t kept, int size);

#ifdef __cplusplus
}
#endif
#endif
