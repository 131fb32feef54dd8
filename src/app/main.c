/* mnemotaxis: starts MPI, finds the command, and turns its result into an exit code.  The only file with globals. */
#include "command.h"

#include <mnemotaxis/checkpoint.h>
#include <mnemotaxis/memory.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const mn_command *const mn_commands[] = {
    &mn_command_run,   &mn_command_resume, &mn_command_pde,  &mn_command_compare, &mn_command_study,
    &mn_command_drift, &mn_command_plan,   &mn_command_info, &mn_command_help,    NULL};

static volatile sig_atomic_t stop_signal;

static void note_signal(int number)
{
  stop_signal = number;
}

static bool stop_requested(void *context)
{
  (void)context;
  return stop_signal != 0;
}

static void catch_signals(void)
{
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
}

/* Settings of Open MPI; a user's own stay.  The first two keep its file layer from losing data without a word
 * (docs/errors.md).  The others are for a process that was started alone: no daemon, no look at networks, 0.08 s
 * instead of 0.4 s to start. */
static void set_up_mpi(void)
{
  setenv("OMPI_MCA_fs_ufs_lock_algorithm", "3", 0);
  setenv("OMPI_MCA_fbtl_posix_write_datasieving", "0", 0);
  if (!getenv("OMPI_COMM_WORLD_SIZE") && !getenv("PMIX_RANK") && !getenv("PMI_RANK")) {
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self,vader", 0);
  }
}

static const mn_command *find_command(const char *name)
{
  for (int k = 0; mn_commands[k]; k++) {
    if (strcmp(mn_commands[k]->name, name) == 0) {
      return mn_commands[k];
    }
  }
  return NULL;
}

static mn_error *unknown_command(const char *name)
{
  return mn_error_create(MN_USAGE, "there is no command %s; mnemotaxis help lists them", name);
}

/* The first `count` of `all` arguments are ours. */
static mn_error *dispatch(const mn_parallel *parallel, int count, int all, char **argument, int *exit_code)
{
  const char *name = count > 1 ? argument[1] : "help";
  if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
    name = "help";
  }
  if (strcmp(name, "--version") == 0) {
    if (parallel->rank == 0) {
      printf("mnemotaxis %s\n", mn_version());
    }
    return NULL;
  }
  const mn_command *command = find_command(name);
  if (!command) {
    return unknown_command(name);
  }
  const int given = count > 2 ? count - 2 : 0;
  const mn_session session = {parallel, given, argument + 2, all - count, argument + count, stop_requested};
  if (all > count && !command->solves) {
    return mn_error_create(MN_USAGE, "command line: what follows -- is for the solver of pde; %s has none", name);
  }
  return command->run(&session, exit_code);
}

/* Index of "--", or count. */
static int find_separator(int count, char **argument)
{
  int k = 1;
  while (k < count && strcmp(argument[k], "--") != 0) {
    k++;
  }
  return k;
}

static void say(const mn_error *error)
{
  fprintf(stderr, "mnemotaxis: %s\n", error->message);
  fflush(stderr);
}

/* Ends all ranks.  A failure here may be this rank's alone, while others wait in a collective call; and failed output
 * leaves files open on purpose, because closing them could crash.  Rank 0 gets two seconds to speak for all. */
static void end_all(const mn_parallel *parallel, const mn_error *error)
{
  if (parallel->rank > 0) {
    signal(SIGTERM, SIG_DFL); /* how the launcher ends the others */
    sleep(2);
  }
  say(error);
  MPI_Abort(parallel->comm, (int)error->code);
}

/* A refusal is the same on all ranks: told once, and all end in order. */
static int fail(const mn_parallel *parallel, mn_error *error)
{
  const int code = (int)error->code;
  if (code == MN_IO || code == MN_INTERNAL) {
    end_all(parallel, error);
  }
  if (parallel->rank == 0) {
    say(error);
  }
  mn_error_destroy(&error);
  return code;
}

int main(int argc, char **argv)
{
  catch_signals(); /* a job may be asked to stop in its first second */
  set_up_mpi();
  MPI_Init(&argc, &argv);
  mn_parallel parallel;
  mn_parallel_create(MPI_COMM_WORLD, &parallel);
  const int separator = find_separator(argc, argv);
  int exit_code = MN_EXIT_FINISHED;
  mn_error *error = dispatch(&parallel, separator, argc, argv, &exit_code);
  if (error) {
    exit_code = fail(&parallel, error);
  }
  if (mn_memory_live() != 0 && !error) {
    fprintf(stderr, "mnemotaxis: rank %d still holds %lld bytes (a bug)\n", parallel.rank, (long long)mn_memory_live());
  }
  mn_parallel_destroy(&parallel);
  MPI_Finalize();
  return exit_code;
}
