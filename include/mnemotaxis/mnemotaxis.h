/** @file mnemotaxis.h  All public headers, by floor. */
#ifndef MNEMOTAXIS_H
#define MNEMOTAXIS_H

#include <mnemotaxis/error.h>
#include <mnemotaxis/memory.h>
#include <mnemotaxis/parallel.h>

#include <mnemotaxis/field.h>
#include <mnemotaxis/kernel.h>
#include <mnemotaxis/laws.h>
#include <mnemotaxis/node_rows.h>
#include <mnemotaxis/node_sums.h>
#include <mnemotaxis/noise.h>
#include <mnemotaxis/profile.h>
#include <mnemotaxis/quadrature.h>
#include <mnemotaxis/radial.h>
#include <mnemotaxis/recall.h>
#include <mnemotaxis/split.h>
#include <mnemotaxis/window.h>

#include <mnemotaxis/lattice.h>
#include <mnemotaxis/rows.h>
#include <mnemotaxis/spectrum.h>
#include <mnemotaxis/transform.h>

#include <mnemotaxis/history.h>
#include <mnemotaxis/ladder.h>
#include <mnemotaxis/slab.h>
#include <mnemotaxis/trail.h>

#include <mnemotaxis/initial.h>
#include <mnemotaxis/observe.h>

#include <mnemotaxis/axis.h>
#include <mnemotaxis/plane.h>

#include <mnemotaxis/audit.h>
#include <mnemotaxis/drift.h>

#include <mnemotaxis/distance.h>
#include <mnemotaxis/pde.h>
#include <mnemotaxis/solver.h>

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/comparison.h>
#include <mnemotaxis/dataset.h>
#include <mnemotaxis/fields.h>
#include <mnemotaxis/journal.h>
#include <mnemotaxis/series.h>
#include <mnemotaxis/snapshot.h>
#include <mnemotaxis/table.h>

#include <mnemotaxis/mean_field.h>
#include <mnemotaxis/probe.h>
#include <mnemotaxis/run.h>
#include <mnemotaxis/schedule.h>
#include <mnemotaxis/step.h>
#include <mnemotaxis/witness.h>

#include <mnemotaxis/chaos.h>
#include <mnemotaxis/rates.h>
#include <mnemotaxis/replica.h>
#include <mnemotaxis/study.h>

#endif
