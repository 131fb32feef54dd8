/* command.h  The commands of the program: one file each, one constant each, listed in main.c. */
#ifndef MN_APP_COMMAND_H
#define MN_APP_COMMAND_H

#include "config.h"

/* What a command gets. */
typedef struct mn_session {
  const mn_parallel *parallel;
  int count; /* arguments after the command */
  char **argument;
  int solver_count; /* those for the solver: "--" and what follows it */
  char **solver_argument;
  bool (*stop_requested)(void *context);
} mn_session;

typedef struct mn_command {
  const char *name;
  const char *usage; /* its arguments */
  const char *about; /* for the help page */
  /* Collective.  Sets the exit code on success. */
  mn_error *(*run)(const mn_session *session, int *exit_code);
  bool solves; /* may use the solver library, and takes what follows "--" */
} mn_command;

extern const mn_command mn_command_run, mn_command_resume, mn_command_pde, mn_command_compare, mn_command_drift,
    mn_command_study, mn_command_plan, mn_command_info, mn_command_help;

/* All commands, ended by NULL. */
extern const mn_command *const mn_commands[];

/* Reads one more file over what is in a config, then the overrides; finished.  Collective. */
mn_error *mn_session_read(const mn_session *session, const char *path, mn_config *config) MN_MUST_CHECK;

/* Defaults, then the case file, then the overrides, finished.  Collective. */
mn_error *mn_session_config(const mn_session *session, mn_config *config) MN_MUST_CHECK;

/* drift.calibrate = yes: measures drift.prices, which then stand in the config as if they had been given.  Collective.
 */
mn_error *mn_session_prices(const mn_session *session, mn_config *config) MN_MUST_CHECK;

/* The same, and what drift.engine = auto takes, unless drift.calibrate = no.  Collective. */
mn_error *mn_session_calibrate(const mn_session *session, mn_config *config) MN_MUST_CHECK;

/* A continuum case with these settings, from the start or a checkpoint.  Collective. */
mn_error *mn_pde_session(const mn_session *session, const mn_config *config, const char *checkpoint, bool replace,
                         int *exit_code) MN_MUST_CHECK;

/* Is this the used.ini of a continuum case?  Local. */
bool mn_pde_was_used(const char *used);

/* Refuses a run that needs more memory than there is on all ranks: now, not after days.  Local. */
mn_error *mn_session_memory(const mn_session *session, const mn_run_options *options) MN_MUST_CHECK;

/* Is this the used.ini of a study?  Local. */
bool mn_study_was_used(const char *used);

/* The overrides from argument `first` on, into a config.  Local. */
mn_error *mn_session_overrides(const mn_session *session, int first, mn_config *config) MN_MUST_CHECK;

/* Text of a config, by mn_config_print; the caller frees it with mn_free.  Local. */
mn_error *mn_config_text(const mn_config *config, bool fixed_only, bool origins, char **text) MN_MUST_CHECK;

#endif
