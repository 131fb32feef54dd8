/* quad.h  Four doubles at a time. */
#ifndef MN_MESH_QUAD_H
#define MN_MESH_QUAD_H

#include <string.h>

enum { QUAD = 4 };
typedef double quad __attribute__((vector_size(QUAD * sizeof(double))));

static inline quad load(const double *from)
{
  quad q;
  memcpy(&q, from, sizeof q);
  return q;
}

#endif
