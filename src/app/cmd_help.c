/* help: everything from the tables that the program itself works with. */
#include "command.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/observe.h>
#include <mnemotaxis/rates.h>

#include <string.h>

static void print_commands(void)
{
  printf("mnemotaxis %s: cells that follow the chemical trail of all the others\n\n", mn_version());
  for (int k = 0; mn_commands[k]; k++) {
    printf("  mnemotaxis %s %s\n      %s\n", mn_commands[k]->name, mn_commands[k]->usage, mn_commands[k]->about);
  }
  printf("\nEvery command works alone or under mpirun or srun.  What follows -- goes to PETSc.\n"
         "Exit codes: 0 finished, 64 refused, 65 damaged or unsuitable data, 70 a bug or a library failed,\n"
         "74 input or output failed, 75 stopped early with a good checkpoint.\n"
         "More: mnemotaxis help config | files | COMMAND\n");
}

static void print_files(void)
{
  printf("checkpoint.h5 (N cells, K of them with a history, S samples of the past, W words)\n");
  for (const mn_state_field *field = mn_state_fields; field->name; field++) {
    printf("  %-28s %-8s %-7s %s\n", field->name, field->type, field->shape, field->about);
  }
  printf("\nseries.h5, /observables: time, step, and, each with its standard error in <name>_error,\n");
  for (int k = 0; k < MN_OBSERVABLES; k++) {
    printf("  %-16s %s\n", mn_observables[k].name, mn_observables[k].about);
  }
  printf("\nstudy.h5, /replicas [variations x counts, replicas], NaN where a run is missing or has failed:\n");
  for (int k = 0; k < MN_STATISTICS; k++) {
    const mn_statistic_info info = mn_statistic_at(k);
    printf("  %-18s %s\n", info.name, info.about);
  }
  printf("study.h5, /table and /paired [variations x counts], each with <name>_error:\n");
  for (int k = 0; k < MN_QUANTITIES; k++) {
    const mn_quantity_info info = mn_quantity_at(k);
    printf("  %-20s %s\n", info.name, info.about);
  }
  printf("\nengines\n");
  for (int k = 0; mn_drift_engines[k]; k++) {
    printf("  %-16s %s\n", mn_drift_engines[k]->name, mn_drift_engines[k]->about);
  }
}

static mn_error *print_command(const char *name)
{
  for (int k = 0; mn_commands[k]; k++) {
    if (strcmp(mn_commands[k]->name, name) == 0) {
      printf("mnemotaxis %s %s\n  %s\n", name, mn_commands[k]->usage, mn_commands[k]->about);
      return NULL;
    }
  }
  return mn_error_create(MN_USAGE, "there is no help on %s; try config, files, or a command", name);
}

static mn_error *print_page(const char *name)
{
  if (strcmp(name, "config") == 0) {
    printf("Keys of a case file, with their defaults; on the command line: section.key=value\n");
    mn_config_help(stdout);
    return NULL;
  }
  if (strcmp(name, "files") == 0) {
    print_files();
    return NULL;
  }
  return print_command(name);
}

static mn_error *help(const mn_session *session, int *exit_code)
{
  mn_error *error = NULL;
  *exit_code = MN_EXIT_FINISHED;
  if (session->parallel->rank == 0) {
    if (session->count == 0) {
      print_commands();
    } else {
      error = print_page(session->argument[0]);
    }
  }
  return mn_agree(session->parallel, error);
}

const mn_command mn_command_help = {"help", "[COMMAND | config | files]",
                                    "this page, the configuration keys, or the files", help, false};
