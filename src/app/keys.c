/* The table of all configuration keys. */
#include "config.h"

#include <float.h>
#include <stddef.h>

#define AT(member) .offset = offsetof(mn_values, member)
#define ANY .low = -1e12, .high = 1e12

const mn_key mn_keys[] = {
    {"model", "system", MN_KEY_CHOICE, AT(system), .fallback = "keller-segel", .fixed = true, .choices = "keller-segel",
     .about = "the system of equations: doubly parabolic Keller-Segel, theory.md (1)-(5)"},
    {"model", "chi", MN_KEY_REAL, AT(chi), .fallback = "6.283185307179586", .high = 1e6, .fixed = true,
     .about = "sensitivity of the cells to the chemical"},
    {"model", "theta", MN_KEY_REAL, AT(theta), .fallback = "1", .high = 1e9, .fixed = true,
     .about = "ratio of the diffusion times of chemical and cells; 0 (pde only): the chemical follows at once"},
    {"model", "lambda", MN_KEY_REAL, AT(lambda), .fallback = "0", .high = 1e9, .fixed = true,
     .about = "decay of the chemical"},
    {"model", "regularization", MN_KEY_REAL, AT(regularization), .fallback = "0", .high = 1e6, .fixed = true,
     .about = "eps: smears the kernel by variance 2 eps/theta per coordinate; 0 is the singular system"},
    {"model", "c0", MN_KEY_CHOICE, AT(c0), .fallback = "zero", .fixed = true, .choices = "zero|gaussian|file",
     .about = "the chemical at time 0"},
    {"model", "c0_gaussians", MN_KEY_BLOBS, AT(c0_gaussian), .count_offset = offsetof(mn_values, c0_gaussians),
     .fallback = "", .fixed = true,
     .about = "for c0 = gaussian: amplitude x y sigma, up to 16 of them separated by commas"},
    {"model", "c0_file", MN_KEY_TEXT, AT(c0_file), .fallback = "", .fixed = true,
     .about = "for c0 = file: HDF5 file with a field on a uniform grid"},
    {"model", "c0_dataset", MN_KEY_TEXT, AT(c0_dataset), .fallback = "/c0", .fixed = true,
     .about = "its dataset [rows, columns], attributes origin [2] and spacing [2] (x, y)"},

    {"initial", "kind", MN_KEY_CHOICE, AT(initial_kind), .fallback = "gaussian", .fixed = true,
     .choices = "gaussian|disk|ring|dirac|clusters|file", .about = "law of the starting points"},
    {"initial", "centre", MN_KEY_REALS, AT(centre), .length = 2, .fallback = "0 0", ANY, .fixed = true,
     .about = "x y, added to every starting point that is drawn"},
    {"initial", "variance", MN_KEY_REAL, AT(variance), .fallback = "1", .high = 1e12, .fixed = true,
     .about = "for gaussian: variance per coordinate"},
    {"initial", "radius", MN_KEY_REAL, AT(radius), .fallback = "1", .high = 1e6, .fixed = true,
     .about = "for disk and ring"},
    {"initial", "width", MN_KEY_REAL, AT(width), .fallback = "0", .high = 1e6, .fixed = true,
     .about = "for ring: standard deviation of the radius"},
    {"initial", "clusters", MN_KEY_BLOBS, AT(cluster), .count_offset = offsetof(mn_values, clusters), .fallback = "",
     .fixed = true, .about = "for clusters: weight x y sigma, up to 16 of them separated by commas"},
    {"initial", "file", MN_KEY_TEXT, AT(initial_file), .fallback = "", .fixed = true,
     .about = "for file: HDF5 file, e.g. snapshots.h5 of another run"},
    {"initial", "dataset", MN_KEY_TEXT, AT(initial_dataset), .fallback = "", .fixed = true,
     .about = "for file: dataset [N, 2], or a group with x [N] and y [N]; empty: the last snapshot"},

    {"particles", "count", MN_KEY_INTEGER, AT(count), .fallback = "1000", .low = 2, .high = 2e9, .fixed = true,
     .about = "number of cells N"},
    {"particles", "seed", MN_KEY_INTEGER, AT(seed), .fallback = "1", .high = 4294967295.0, .fixed = true,
     .about = "of all random numbers"},

    {"time", "step", MN_KEY_REAL, AT(step), .fallback = "0.02", .high = 1e6, .above_low = true, .fixed = true,
     .about = "length of a step"},
    {"time", "end", MN_KEY_REAL, AT(end), .fallback = "1", .high = 1e12, .above_low = true,
     .about = "last time, a multiple of the step; may be raised on resume"},
    {"time", "first_step", MN_KEY_REAL, AT(first_step), .fallback = "0", .high = 1e6, .fixed = true,
     .about = "length of the first step, growing up to time.step; 0: all steps equal"},
    {"time", "growth", MN_KEY_REAL, AT(growth), .fallback = "1.2", .low = 1, .high = 4, .above_low = true,
     .fixed = true, .about = "largest ratio of neighbouring steps while they grow"},
    {"time", "scheme", MN_KEY_CHOICE, AT(scheme), .fallback = "heun", .fixed = true, .choices = "heun|averaged|euler",
     .about = "heun: two drift evaluations a step; averaged: one; euler: one, present force not averaged"},
    {"time", "noise_substeps", MN_KEY_INTEGER, AT(noise_substeps), .fallback = "1", .low = 1, .high = 1e6,
     .fixed = true,
     .about = "draws summed into the noise of a step: (step h, k substeps) and (step h/k, 1) follow the same Brownian "
              "paths"},

    {"drift", "engine", MN_KEY_CHOICE, AT(engine), .fallback = "direct", .fixed = true,
     .choices = "direct|spectral|auto",
     .about = "how the drift is summed: over all pairs and lags, from fields, or whichever is expected to be faster"},
    {"drift", "tolerance", MN_KEY_REAL, AT(tolerance), .fallback = "1e-4", .low = 1e-10, .high = 0.1, .fixed = true,
     .about = "relative rms error allowed in the drift"},
    {"drift", "quadrature", MN_KEY_CHOICE, AT(quadrature), .fallback = "bridge", .fixed = true,
     .choices = "bridge|frozen",
     .about = "between samples: conditional mean, or the textbook rule (wrong at short range)"},
    {"drift", "precision", MN_KEY_CHOICE, AT(precision), .fallback = "auto", .fixed = true,
     .choices = "auto|float|double", .about = "arithmetic of old lags; auto: float where the tolerance allows"},

    {"drift", "spacing", MN_KEY_REAL, AT(spacing), .fallback = "0", .high = 1e6, .fixed = true,
     .about =
         "of the mesh cells are spread on, at most; 0: from tolerance, cells and forces; near pairs follow from it"},
    {"drift", "cut", MN_KEY_REAL, AT(cut), .fallback = "0", .high = 1e12, .fixed = true,
     .about = "variance up to which the present force is summed over near pairs, the rest on meshes; 0: whichever is "
              "cheapest"},
    {"drift", "window", MN_KEY_INTEGER, AT(window), .fallback = "0", .high = MN_WINDOW_MAX, .fixed = true,
     .about = "nodes in each direction a cell is spread over, at least; 0: from tolerance, cells and forces"},
    {"drift", "trail", MN_KEY_REAL, AT(trail), .fallback = "0", .high = 1e12, .fixed = true,
     .about = "age up to which every sample of the own trails is kept, at least; 0: as the tolerance allows"},
    {"drift", "ratio", MN_KEY_CHOICE, AT(ratio), .fallback = "auto", .choices = "auto|2|4|8", .fixed = true,
     .about = "of the spacings of neighbouring meshes of the past; auto: 4, or 2 where steps differ"},
    {"drift", "prices", MN_KEY_REALS, AT(prices), .length = 4, .fallback = "2.4 80 7 45", .high = 1e6,
     .above_low = true, .fixed = true,
     .about = "what the choices above rest on, in nanoseconds: a near pair, a cell sorted for pairs, four nodes a cell "
              "is spread over, a node; only ratios count"},
    {"drift", "calibrate", MN_KEY_CHOICE, AT(calibrate), .fallback = "engine", .choices = "no|engine|yes",
     .fixed = true,
     .about = "measured at start: engine, which one auto takes, by some steps of both where there is doubt; yes, "
              "drift.prices too, in two seconds; no, nothing: choices by constants; used.ini keeps what was found for "
              "runs that are to make the same choices"},
    {"drift", "audit", MN_KEY_INTEGER, AT(audit), .fallback = "0", .high = 1e6, .fixed = true,
     .about =
         "cells whose drift is summed directly, over all pairs and lags, with every row of the series, and compared; "
         "needs the paths of all cells"},

    {"history", "horizon", MN_KEY_REAL, AT(horizon), .fallback = "0", .high = 1e12, .fixed = true,
     .about = "forget what is older than this time; 0: never"},
    {"history", "capacity", MN_KEY_REAL, AT(capacity), .fallback = "0", .high = 1e9, .fixed = true,
     .about = "MiB per rank for the remembered past; the oldest is forgotten beyond; 0: no bound"},

    {"study", "case", MN_KEY_TEXT, AT(study_case), .fallback = "",
     .about = "case file that the study file stands on, beside it; keys of the study file come after it"},
    {"study", "counts", MN_KEY_TEXT, AT(study_counts), .fallback = "64 128 256 512 1024", .about = "numbers of cells"},
    {"study", "replicas", MN_KEY_INTEGER, AT(study_replicas), .fallback = "16", .low = 1, .high = 1e6,
     .about = "runs for each number of cells and each variation; may be raised later"},
    {"study", "vary", MN_KEY_TEXT, AT(study_vary), .fallback = "",
     .about = "keys and their values, e.g. model.theta 0.5 1 2 | time.step 0.02 0.01: all combinations are run; "
              "variations see the same noise, and coarse steps sums of fine ones"},
    {"study", "limit", MN_KEY_CHOICE, AT(study_limit), .fallback = "yes", .choices = "no|yes",
     .about = "solve the continuum, for distances to it and cells of the limit with the same noise"},
    {"study", "groups", MN_KEY_INTEGER, AT(study_groups), .fallback = "0", .high = 1e6,
     .about = "groups of ranks that work on one run each; 0: as many as end soonest"},
    {"study", "part", MN_KEY_INTEGER, AT(study_part), .fallback = "1", .low = 1, .high = 1e6,
     .about = "which of study.parts this job does"},
    {"study", "parts", MN_KEY_INTEGER, AT(study_parts), .fallback = "1", .low = 1, .high = 1e6,
     .about = "jobs that share a study: every one does every parts-th replica"},

    {"pde", "tolerance", MN_KEY_REAL, AT(pde_tolerance), .fallback = "1e-3", .low = 1e-7, .high = 0.1, .fixed = true,
     .about = "relative error wanted in the continuum's fields; decides mesh, box and steps"},
    {"pde", "cells", MN_KEY_INTEGER, AT(pde_cells), .fallback = "0", .high = 8192, .fixed = true,
     .about =
         "cells per side of the solver's mesh, a multiple of 8 from 16 on; 0: as many as the tolerance needs, more "
         "where and when the density concentrates"},
    {"pde", "mesh", MN_KEY_CHOICE, AT(pde_mesh), .fallback = "graded", .fixed = true, .choices = "graded|uniform",
     .about = "graded: finer where the density is; uniform: equal cells (needs pde.cells)"},
    {"pde", "half_width", MN_KEY_REAL, AT(pde_half_width), .fallback = "0", .high = 1e9, .fixed = true,
     .about = "of the box around the mean of the initial law; 0: from law, time.end and tolerance"},
    {"pde", "order", MN_KEY_CHOICE, AT(pde_order), .fallback = "4", .fixed = true, .choices = "2|4",
     .about = "of the scheme in space: 4, or 2 (exponentially fitted)"},
    {"pde", "smoothing", MN_KEY_REAL, AT(pde_smoothing), .fallback = "0", .high = 1e6, .fixed = true,
     .about = "deviation of a Gaussian the initial law is smeared with; needed for points and circles"},
    {"pde", "concentration", MN_KEY_REAL, AT(pde_concentration), .fallback = "1e6", .low = 1, .high = 1e12,
     .above_low = true, .fixed = true, .about = "growth of the peak at which a case ends as concentrating"},

    {"output", "directory", MN_KEY_TEXT, AT(directory), .fallback = "run", .about = "the run directory"},
    {"output", "replace", MN_KEY_CHOICE, AT(replace), .fallback = "no", .choices = "no|yes",
     .about = "yes: a run that is already in the directory is deleted first"},
    {"output", "every", MN_KEY_INTEGER, AT(every), .fallback = "1", .low = 1, .high = 1e12,
     .about = "steps between rows of series.h5"},
    {"output", "snapshot_every", MN_KEY_INTEGER, AT(snapshot_every), .fallback = "0", .high = 1e12,
     .about = "steps between snapshots; 0: the first and the last moment only"},
    {"output", "path_every", MN_KEY_INTEGER, AT(path_every), .fallback = "0", .high = 1e12,
     .about = "steps between samples of paths.h5, the recorded paths as the drift command reads them; 0: none"},
    {"output", "drift", MN_KEY_CHOICE, AT(drift), .fallback = "no", .choices = "no|yes",
     .about = "snapshots hold the un-averaged drift (one evaluation each)"},
    {"output", "fields", MN_KEY_INTEGER, AT(fields), .fallback = "0", .high = 4096,
     .about = "cells per side of the density and chemical meshes in snapshots; 0: none (pde: 128)"},
    {"output", "radii", MN_KEY_REALS, AT(radii), .length = MN_SHARES, .fallback = "0.5 1 2 4", .high = 1e12,
     .about = "four radii within which the share of cells is counted"},
    {"output", "file", MN_KEY_TEXT, AT(output_file), .fallback = "drift.h5",
     .about = "for the drift command: its result"},
    {"output", "progress", MN_KEY_REAL, AT(progress), .fallback = "10", .high = 1e6,
     .about = "seconds between progress lines"},

    {"checkpoint", "every_steps", MN_KEY_INTEGER, AT(checkpoint_steps), .fallback = "0", .high = 1e12,
     .about = "steps between checkpoints; 0: by time only"},
    {"checkpoint", "every_minutes", MN_KEY_REAL, AT(checkpoint_minutes), .fallback = "10", .high = 1e6,
     .about = "wall minutes between checkpoints; 0: by steps only"},
    {"checkpoint", "keep", MN_KEY_INTEGER, AT(keep), .fallback = "1", .high = 98,
     .about = "older checkpoints kept beside the newest"},

    {"limit", "wall_minutes", MN_KEY_REAL, AT(wall_minutes), .fallback = "0", .high = 1e6,
     .about = "stop with a checkpoint and exit code 75 after this; 0: no limit"},
};

const int mn_keys_count = sizeof mn_keys / sizeof *mn_keys;
