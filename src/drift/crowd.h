/* crowd.h  Cells on the ranks that own their place: strips of rows of a mesh, with the neighbours around each strip.
 *
 * Ranks own cells by id; meshes and pairs want them by place.  A crowd is what a rank sees of its strip: the cells in
 * it and those within reach of it, sorted into square bins, by id within a bin. */
#ifndef MN_DRIFT_CROWD_H
#define MN_DRIFT_CROWD_H

#include <mnemotaxis/lattice.h>

typedef struct mn_visitor {
  double x, y;
  int64_t id; /* of an own cell; that of a neighbour of the strip is ~id */
} mn_visitor;

typedef struct mn_crowd {
  int64_t count;       /* cells here, own and neighbours */
  mn_visitor *arrived; /* [count] by sending rank */
  double *x, *y;       /* [count] by bin */
  bool *own;           /* [count] by bin: in the strip of this rank */
  int64_t *order;      /* [count] where in `arrived` the k-th of the bins is */
  int64_t *bin_of;     /* [count] of those that arrived */
  double *force;       /* [count, 2] by bin */
  double bin;          /* side */
  int64_t first[2];    /* of the bins: floor(x/bin) */
  int64_t bins[2];
  int64_t *start;       /* [bins[0] bins[1] + 1] */
  int reach;            /* bins */
  int *sent, *received; /* [ranks] cells */
  int64_t sending;      /* cells sent */
  mn_visitor *leaving;  /* [sending] */
  int64_t *routed;      /* [sending] own cells in the order they were sent */
  double *returning;    /* [count, 2] forces as they return */
  double *returned;     /* [sending, 2] */
} mn_crowd;

/* The cells of a rank in any order; near the order of places is fastest. */
typedef struct mn_listing {
  int64_t first; /* id of the first */
  int64_t count;
  const double *point;  /* [count, 2] */
  const int64_t *order; /* [count] point k is that of cell first + order[k]; NULL: of first + k */
} mn_listing;

/* Collective.  A crowd may be gathered again and again: what it has room for is kept.
 * mesh, rows: whose rows make the strips;  reach: distance up to which neighbours are wanted;  bin: side of the bins */
mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, const mn_listing *mine, mn_crowd *crowd) MN_MUST_CHECK;

/* Adds the forces found for own cells of the strips to out [local, 2], on the ranks that own the cells.  Collective. */
mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *crowd, double *out) MN_MUST_CHECK;

/* Releases all of it.  Local. */
void mn_crowd_clear(mn_crowd *crowd);

#endif
