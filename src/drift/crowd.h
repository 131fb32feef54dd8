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
  int64_t count;    /* cells here, own and neighbours */
  double *x, *y;    /* [count] by bin */
  int64_t *id;      /* [count] by bin, as that of a visitor */
  double *force;    /* [count, 2] by bin */
  double bin;       /* side */
  int64_t first[2]; /* of the bins: floor(x/bin) */
  int64_t bins[2];
  int32_t *start; /* [bins[0] bins[1] + 1]; there are more bins than cells */
  int reach;      /* bins */
  int ranks;
  int64_t leaving;   /* visitors on other ranks */
  mn_range staying;  /* which of those that came are of this rank */
  mn_visitor *cells; /* [leaving] by rank they go to, then [count] by rank they came from */
  int32_t *point;    /* [leaving + count] of those of this rank, in its listing; of others undefined */
  double *carried;   /* [leaving + count, 2] forces of visitors, on the way back */
  int32_t *order;    /* [count] which of those that came the k-th of the bins is */
  int32_t *bin_of;   /* [count] of those that came */
  int *sent, *sent_at, *received, *received_at; /* [ranks]; of this rank itself nothing is sent */
} mn_crowd;

/* The cells of a rank in any order; near the order of places is fastest. */
typedef struct mn_listing {
  mn_block block;       /* of ids */
  const double *point;  /* [cells, 2] */
  const int64_t *order; /* [cells] point k is that of cell block.begin + order[k]; NULL: of block.begin + k */
} mn_listing;

/* What a strip costs: every cell, and the pairs of a cell of mean surroundings. */
typedef struct mn_crowd_price {
  double cell, pairs;
} mn_crowd_price;

/* Shares the rows of a mesh so that strips cost the same, as far as whole rows allow; cells count for the row they are
 * in, or the one nearest to them.  Collective.  To be released by mn_shares_clear. */
mn_error *mn_crowd_share(const mn_parallel *parallel, const mn_lattice *mesh, mn_crowd_price price,
                         const mn_listing *mine, mn_shares *rows) MN_MUST_CHECK;

/* Collective.  A crowd may be gathered again and again: what it has room for is kept.
 * mesh, rows: whose rows make the strips;  reach: distance up to which neighbours are wanted;  bin: side of the bins */
mn_error *mn_crowd_gather(const mn_parallel *parallel, const mn_lattice *mesh, const mn_shares *rows, double reach,
                          double bin, const mn_listing *mine, mn_crowd *crowd) MN_MUST_CHECK;

/* out [local, 2] = force of own cells of the strips, in the order of the listing, on the ranks that own the cells.
 * Collective. */
mn_error *mn_crowd_return(const mn_parallel *parallel, mn_crowd *crowd, double *out) MN_MUST_CHECK;

/* Releases all of it.  Local. */
void mn_crowd_clear(mn_crowd *crowd);

#endif
