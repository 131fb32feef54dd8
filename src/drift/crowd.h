/* crowd.h  Cells on the ranks that own their place: strips of rows of a mesh, with the neighbours around each strip.
 *
 * Ranks own cells by id; meshes and pairs want them by place.  A crowd is what a rank sees of its strip: the cells in
 * it and those within reach of it, sorted into square bins, by id within a bin. */
#ifndef MN_DRIFT_CROWD_H
#define MN_DRIFT_CROWD_H

#include <mnemotaxis/lattice.h>

typedef struct mn_visitor {
  double x, y;
  int64_t own; /* 1 in the strip of the cell, 0 where it is only a neighbour */
} mn_visitor;

typedef struct mn_crowd {
  int64_t count;       /* cells here, own and neighbours */
  mn_visitor *arrived; /* [count] by sending rank, then id */
  double *x, *y;       /* [count] by bin */
  bool *own;           /* [count] by bin: in the strip of this rank */
  int64_t *order;      /* [count] where in `arrived` the k-th of the bins is */
  double *force;       /* [count, 2] by bin */
  double bin;          /* side */
  int64_t first[2];    /* of the bins: floor(x/bin) */
  int64_t bins[2];
  int64_t *start;       /* [bins[0] bins[1] + 1] */
  int reach;            /* bins */
  int *sent, *received; /* [ranks] cells */
  int64_t *routed;      /* [cells sent] own cells in the order they were sent */
  int64_t sending;
} mn_crowd;

/* Collective.
 * mesh, rows: whose rows make the strips;  reach: distance up to which neighbours are wanted;  bin: side of the bins
 * local, mine: own cells [local, 2] */
mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, int64_t local, const double *mine, mn_crowd *crowd) MN_MUST_CHECK;

/* Adds the forces found for own cells of the strips to out [local, 2], on the ranks that own the cells.  Collective. */
mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *crowd, double *out) MN_MUST_CHECK;

/* Releases all of it.  Local. */
void mn_crowd_clear(mn_crowd *crowd);

#endif
