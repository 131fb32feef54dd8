/* config.h  From text to the options of a run.  One table (keys.c) is the parser, the help page, the defaults, the
 * range checks, used.ini and the reference page docs/configuration is printed from. */
#ifndef MN_APP_CONFIG_H
#define MN_APP_CONFIG_H

#include <mnemotaxis/run.h>
#include <mnemotaxis/witness.h>

#include <stdio.h>

enum { MN_TEXT_MAX = 1024, MN_KEYS_MAX = 96 };

/* Values of drift.calibrate. */
enum { MN_CALIBRATE_NOTHING, MN_CALIBRATE_ENGINE, MN_CALIBRATE_ALL };

/* Typed values of all keys, in the order of the table. */
typedef struct mn_values {
  int system;
  double chi, theta, lambda, regularization;
  int c0;
  mn_blob c0_gaussian[MN_BLOBS_MAX];
  int c0_gaussians;
  char c0_file[MN_TEXT_MAX], c0_dataset[MN_TEXT_MAX];
  int initial_kind;
  double centre[2], variance, radius, width;
  mn_blob cluster[MN_BLOBS_MAX];
  int clusters;
  char initial_file[MN_TEXT_MAX], initial_dataset[MN_TEXT_MAX];
  int64_t count, seed;
  double step, end, first_step, growth;
  int scheme;
  int64_t noise_substeps;
  int engine;
  double tolerance;
  int quadrature, precision;
  int64_t audit;
  double spacing, cut, trail;
  int64_t window;
  int ratio, calibrate;
  double prices[4];
  double horizon, capacity;
  char study_case[MN_TEXT_MAX], study_counts[MN_TEXT_MAX], study_vary[MN_TEXT_MAX];
  int study_limit;
  int64_t study_replicas, study_groups, study_part, study_parts;
  double pde_tolerance, pde_half_width, pde_smoothing, pde_concentration;
  int64_t pde_cells;
  int pde_mesh, pde_order;
  char directory[MN_TEXT_MAX], output_file[MN_TEXT_MAX];
  int64_t every, snapshot_every, path_every, fields;
  int drift, replace;
  double radii[MN_SHARES], progress;
  int64_t checkpoint_steps, keep;
  double checkpoint_minutes, wall_minutes;
} mn_values;

typedef enum mn_key_kind {
  MN_KEY_REAL,  /* one number */
  MN_KEY_REALS, /* `length` numbers, separated by blanks or commas */
  MN_KEY_INTEGER,
  MN_KEY_CHOICE, /* one of the words in `choices`; stored as its index */
  MN_KEY_TEXT,
  MN_KEY_BLOBS /* groups of four numbers, "a x y sigma", separated by commas */
} mn_key_kind;

/* One row of the table. */
typedef struct mn_key {
  const char *section, *name;
  mn_key_kind kind;
  size_t offset;        /* in mn_values */
  size_t count_offset;  /* MN_KEY_BLOBS: of the int that counts them */
  int length;           /* MN_KEY_REALS */
  const char *fallback; /* default, as text */
  double low, high;     /* allowed range */
  bool above_low;       /* low itself is not allowed */
  bool fixed;           /* part of what a run is: stored in checkpoints, cannot change on resume */
  const char *choices;  /* "a|b|c" */
  const char *about;
} mn_key;

extern const mn_key mn_keys[];
extern const int mn_keys_count;

/* The text of every key and where it came from. */
typedef struct mn_config {
  char text[MN_KEYS_MAX][MN_TEXT_MAX];
  char origin[MN_KEYS_MAX][MN_TEXT_MAX]; /* "default", "case.ini:12", "command line" */
  mn_values values;                      /* valid after mn_config_finish */
} mn_config;

/* Index of a key by its name "section.key", or an error that names the nearest.  Local. */
mn_error *mn_config_find(const char *name, const char *origin, int *key) MN_MUST_CHECK;

/* All keys at their defaults.  Local. */
void mn_config_defaults(mn_config *config);

/* Sets the text of a key.  Local. */
mn_error *mn_config_store(mn_config *config, int key, const char *value, const char *origin) MN_MUST_CHECK;

/* What is read, and how much of it counts. */
typedef enum mn_read_mode {
  MN_READ_CASE, /* a user's case file */
  MN_READ_USED, /* used.ini: comments say where values first came from */
  MN_READ_FIXED /* parameters of a checkpoint: keys that are not fixed are skipped */
} mn_read_mode;

/* Reads INI text.  Local.  @param name  of the text, for messages and origins */
mn_error *mn_config_read(mn_config *config, const char *name, const char *text, mn_read_mode mode) MN_MUST_CHECK;

/* Reads "section.key=value".  Local. */
mn_error *mn_config_override(mn_config *config, const char *assignment) MN_MUST_CHECK;

/* Turns every text into a value and checks ranges and contradictions.  Local. */
mn_error *mn_config_finish(mn_config *config) MN_MUST_CHECK;

/* Puts before the message of an error where the first of two keys that is not at its default was set; takes and returns
 * ownership.  Local. */
mn_error *mn_config_blame(const mn_config *config, const char *first, const char *second,
                          mn_error *error) MN_MUST_CHECK;

/* Refuses fixed keys whose values differ from those of `stored`; both finished.  Local. */
mn_error *mn_config_same_run(const mn_config *config, const mn_config *stored) MN_MUST_CHECK;

/* Writes all keys (or the fixed ones) as INI text, with origins as comments if asked.  Local. */
void mn_config_print(const mn_config *config, bool fixed_only, bool origins, FILE *out);

/* Prints the reference page of all keys.  Local. */
void mn_config_help(FILE *out);

/* Reads a whole text file on rank 0 and gives it to all.  Collective.  The caller frees *text with mn_free. */
mn_error *mn_config_file(const mn_parallel *parallel, const char *path, char **text) MN_MUST_CHECK;

/* Options of a run from finished values; texts stay owned by `config`.  Fails on contradictions.  Local. */
mn_error *mn_case_options(const mn_config *config, mn_run_options *options) MN_MUST_CHECK;

/* Options of a continuum case, likewise. */
mn_error *mn_case_witness(const mn_config *config, mn_witness_options *options) MN_MUST_CHECK;

/* Refuses theta = 0, which only the continuum knows.  Local. */
mn_error *mn_case_has_memory(const mn_config *config) MN_MUST_CHECK;

/* Is drift.engine = auto, and may it be any?  Local. */
bool mn_case_leaves_choice(const mn_values *values);

/* The engine that drift.engine names, or the cheaper one for that many cells of that variance at the start. */
mn_error *mn_case_engine(const mn_values *values, const mn_model *model, const mn_drift_options *options, int64_t count,
                         double variance, const mn_drift_engine **engine) MN_MUST_CHECK;

/* Refuses a drift.spacing that is too coarse for the tolerance.  Local. */
mn_error *mn_case_spacing(const mn_values *values, const mn_model *model, const mn_drift_options *options,
                          int64_t count, const mn_drift_engine *engine) MN_MUST_CHECK;

/* Model and drift options alone, for the drift command.  Local. */
void mn_case_model(const mn_values *values, mn_model *model, mn_drift_options *drift, mn_history_options *history);

#endif
