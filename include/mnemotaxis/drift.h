/** @file drift.h  The memory drift of this rank's cells, given the past: a table of engines.
 *
 *     drift_i = chi/(N-1) sum_{j != i} D^{ij}                                      docs/theory.md (1), (2)
 *
 * An engine is one constant of type mn_drift_engine in one file of src/drift; its name is the value of
 * `drift.engine`.  The direct engine is the judge of all others.
 */
#ifndef MNEMOTAXIS_DRIFT_H
#define MNEMOTAXIS_DRIFT_H

#include <mnemotaxis/history.h>
#include <mnemotaxis/ladder.h>
#include <mnemotaxis/profile.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Arithmetic of the pair loops over the past. */
typedef enum mn_precision {
  MN_PRECISION_AUTO,  /**< float where its rounding stays below the tolerance, lag by lag */
  MN_PRECISION_FLOAT, /**< float for the whole past */
  MN_PRECISION_DOUBLE
} mn_precision;

/** What the spectral engine's choices rest on: nanoseconds of one core.  Only their ratios count, in forecasts too. */
typedef struct mn_prices {
  double pair; /**< a pair within reach, those looked at in vain included */
  double sort; /**< a cell in bins for near pairs */
  double quad; /**< up to four neighbouring nodes of a row a cell is spread over and read from */
  double node; /**< of the sheet: there and back, and ways to the ladder; 0: the usual prices are meant */
} mn_prices;

/** Constants, so that a run that is repeated makes the same choices anywhere. */
extern const mn_prices mn_prices_usual;

/** The prices of this machine, all ranks at work at once; those of rank 0.  Collective.
 * Accuracy: some ten per cent on a quiet machine; between a tenth and ten times the usual ones (test_prices).
 * Cost: about two seconds, 100 MiB. */
mn_error *mn_prices_measure(const mn_parallel *parallel, mn_prices *prices) MN_MUST_CHECK;

typedef struct mn_drift_options {
  double tolerance; /**< relative rms error of the drift that the quadrature and the arithmetic may make */
  mn_precision precision;
  double shortest_step; /**< of those to come; for engines that prepare meshes */
  double longest_step;
  int64_t ramp;      /**< steps that grow, by one ratio, before they are longest; for forecasts */
  bool steps_shrink; /**< some step is shorter than the one before; false: they stay or grow */
  /* Choices of the spectral engine; 0: as it thinks best. */
  double spacing; /**< of the sheet, at most */
  double cut;     /**< variance up to which the present force is summed over near pairs */
  int window;     /**< nodes in each direction a cell is spread over, at least */
  double trail;   /**< age up to which the own trails keep every sample, at least */
  int ratio;      /**< of the spacings of neighbouring levels of the past: 2, 4 or 8 (0: 4; 2 where steps differ) */
  mn_prices prices;
} mn_drift_options;

/** Largest spacing a sheet may have for `count` cells: that of the finest level the past needs.  Local. */
double mn_drift_coarsest(const mn_model *model, const mn_drift_options *options, int64_t count);

/** Parts of an evaluation by the spectral engine. */
typedef enum mn_phase {
  MN_PHASE_SPREAD,   /**< cells to the sheet */
  MN_PHASE_MODES,    /**< their modes on the ladder */
  MN_PHASE_SHEET,    /**< choice of meshes, fields of the sheet: its own modes, and those of the ladder added to them */
  MN_PHASE_LADDER,   /**< fields of the ladder, down to its finest level */
  MN_PHASE_READ,     /**< fields at the cells */
  MN_PHASE_NEAR,     /**< near pairs */
  MN_PHASE_OWN,      /**< own trails */
  MN_PHASE_REMEMBER, /**< a new sample of the past */
  MN_PHASES
} mn_phase;

/** Where the time of the last evaluation went, seconds summed since creation, and what was summed. */
typedef struct mn_drift_cost {
  double exchange;    /**< gathering positions */
  double decode;      /**< walking through the compressed past (measured by bench_direct, not in runs) */
  int64_t pair_lags;  /**< Gaussians of past samples evaluated, all targets of this rank */
  int64_t float_lags; /**< how many of them in float lanes */
  int64_t pairs;      /**< present pair forces */
  double phase[MN_PHASES];
  int64_t nodes; /**< of the mesh cells were spread on last */
} mn_drift_cost;

typedef struct mn_drift mn_drift;

/** The operations of an engine; users call the functions below. */
typedef struct mn_drift_engine {
  const char *name;  /**< value of drift.engine */
  const char *about; /**< one line for the help page */
  mn_error *(*create)(mn_drift *drift)MN_MUST_CHECK;
  void (*destroy)(mn_drift *drift);
  mn_error *(*evaluate)(mn_drift *drift, const mn_history *past, double now, const mn_present *present,
                        const double *mine, double *out)MN_MUST_CHECK;
  /** the positions `mine` at `time` become a sample; NULL: the engine needs no past but the history */
  mn_error *(*remember)(mn_drift *drift, double time, double step, const double *mine)MN_MUST_CHECK;
  /** what the engine remembers besides the history, part of a checkpoint; NULL: nothing */
  mn_ladder *(*ladder)(mn_drift *drift);
  /** bytes per rank of work space for `count` cells of which `local` are its own; NULL: mn_drift_forecast knows */
  int64_t (*bytes)(int64_t count, int64_t local);
} mn_drift_engine;

/** Sums the literal system over all pairs and lags: O(N^2 samples) a step. */
extern const mn_drift_engine mn_drift_direct;

/** Fields of all cells on meshes: a step costs the same whatever the age. */
extern const mn_drift_engine mn_drift_spectral;

/** All engines, ended by NULL. */
extern const mn_drift_engine *const mn_drift_engines[];

/** What an engine is expected to need at the end of a run; room also at its beginning, where steps are shorter. */
typedef struct mn_forecast {
  double bytes;        /**< per rank */
  double state;        /**< bytes of the engine's part of a checkpoint */
  double nodes;        /**< of the sheet; 0: the engine has none */
  double ladder_nodes; /**< of all levels */
  double pairs;        /**< near pairs per cell; 0: none are needed */
  double trail;        /**< samples of every cell's own trail */
  double nanoseconds;  /**< of one evaluation on one core */
} mn_forecast;

/** Forecast for a cloud that begins with that variance per coordinate and spreads until `time`.  Local.
 * Accuracy: meant for planning; bytes within a factor of 1.5 for clouds without clusters (tests of `plan`). */
mn_forecast mn_drift_forecast(const mn_drift_engine *engine, const mn_model *model, const mn_drift_options *options,
                              int64_t count, int ranks, double variance, double time);

/** Equal steps that engines are compared by. */
enum { MN_RIVALS_STEPS = 200 };

/** What the engines are expected to cost, nanoseconds of one core. */
typedef struct mn_rivals {
  double direct, spectral;           /**< over the steps that grow and MN_RIVALS_STEPS more */
  double direct_step, spectral_step; /**< an evaluation amid the latter */
  int64_t samples;                   /**< that the direct engine sums over on average */
} mn_rivals;

/** By constants, so that what is made of it can be repeated.  Local.
 * It depends on nothing that may change while a run goes on, so not on its end: in longer runs spectral is faster
 * still.
 * @param options   with steps longer than 0
 * @param variance  of the cells per coordinate at the start
 * Accuracy: measured on one core; elsewhere the engines compare otherwise, which makes a choice cost up to 2.2 times
 * the better (bench_auto). */
mn_rivals mn_drift_rivals(const mn_model *model, const mn_drift_options *options, int64_t count, double variance);

/** The engine that is expected to be faster; direct where there is no past.  Local. */
const mn_drift_engine *mn_drift_cheapest(const mn_model *model, const mn_drift_options *options, int64_t count,
                                         double variance);

/** An engine at work on one system; the fields below `engine` are read-only for engines. */
struct mn_drift {
  const mn_drift_engine *engine;
  mn_parallel parallel;
  mn_model model;
  mn_drift_options options;
  int64_t count; /**< cells in all */
  mn_block block;
  mn_drift_cost cost;
  double expected;                   /**< relative rms error of the last evaluation, by the engine's own reckoning */
  void *work;                        /**< the engine's own */
  struct mn_partner_trail *partners; /**< what mn_drift_partner remembers of a history, or NULL */
};

/** Prepares an engine for `count` cells.  Collective. */
mn_error *mn_drift_create(const mn_parallel *parallel, const mn_drift_engine *engine, const mn_model *model,
                          const mn_drift_options *options, int64_t count, mn_drift **drift) MN_MUST_CHECK;

/** Releases it; NULL is allowed.  Collective. */
void mn_drift_destroy(mn_drift **drift);

/** The memory drift at time `now`, 0 while there is no past.  Collective.
 * @param past   samples of the past; the newest ended the interval before `now`
 * @param now    later than the newest past sample
 * @param ahead  length of the step ahead over whose Brownian motion the present force is averaged
 *               (theory.md (9)); 0 for the un-averaged drift
 * @param mine   [local cells, 2] positions at `now` of this rank's block
 * @param out    [local cells, 2] receives chi/(N-1) sum_j D^{ij}, length/time
 * Accuracy: rms error over the cells at most options.tolerance times their rms drift (test_drift, against a
 * brute-force sum: 0.6 of it); where only tails of the kernel are felt, cells far apart or theta >> 1, times
 * chi 0.068 sqrt(theta/h), the largest force of a past sample.
 * Spectral: at most 0.97 of the tolerance in two thousand systems (bench_accuracy), against direct; where rms drifts
 * are below 1e-4 of what one source can do, chi/(N-1) 0.068 sqrt(theta/h), it may be beyond (testing.md).
 * Cost: direct: 0.1 to 0.4 ns per pair and lag, 3 ns per pair, on one core with 512-bit vectors. */
mn_error *mn_drift_evaluate(mn_drift *drift, const mn_history *past, double now, double ahead, const double *mine,
                            double *out) MN_MUST_CHECK;

/** Number of cells whose paths a history has to keep for this engine: all `count` if it sums over them, else some
 * thousand of them, whole groups at even distances, for what is observed of pairs and pictures.  Local. */
int64_t mn_drift_witnesses(const mn_drift_engine *engine, int64_t count);

/** Positions of the witnesses.  Collective.
 * @param witnesses  mn_history_cells of the history they are for
 * @param mine       [local cells, 2]
 * @param out        [local witnesses, 2], shared by mn_block_of */
mn_error *mn_drift_pick(const mn_drift *drift, int64_t witnesses, const double *mine, double *out) MN_MUST_CHECK;

/** Makes positions a sample of the past, of the history (which may be of witnesses only) and of the engine. Collective.
 * @param time  later than the last sample's; if the engine was asked last for this time, then for these positions
 * @param step  that follows
 * @param mine  [local cells, 2] */
mn_error *mn_drift_remember(mn_drift *drift, mn_history *past, double time, double step,
                            const double *mine) MN_MUST_CHECK;

/** What has to go into a checkpoint besides the history, or NULL.  Local. */
mn_ladder *mn_drift_ladder(mn_drift *drift);

/** D^{ij} for one partner of each witness i, the next one modulo their number: un-averaged, without chi/(N-1).
 * Collective.  Serves the moments of |D^{12}|: by exchangeability every pair has the law of (1, 2).
 * @param mine  [local cells, 2]
 * @param out   [local witnesses, 2]
 * Accuracy: relative to the largest force of the past, drift.tolerance for the direct engine; where the engine needs no
 * paths, a tenth of drift.tolerance or of 1e-4, whichever is larger, rms.
 * Cost: direct engine, and where all of more than 4096 paths are kept, one pass over the past, O(local witnesses x
 * samples); else what is new of the past, and some hundred samples (src/drift/partner_trail.c). */
mn_error *mn_drift_partner(mn_drift *drift, const mn_history *past, double now, const double *mine,
                           double *out) MN_MUST_CHECK;

/** Bytes per rank that it is expected to keep from call to call, at `time`.  Local. */
int64_t mn_drift_partner_bytes(const mn_drift_engine *engine, const mn_model *model, const mn_drift_options *options,
                               int64_t witnesses, int ranks, double time);

#ifdef __cplusplus
}
#endif
#endif
