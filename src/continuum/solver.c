/* PETSc reports a failure once where it happens and once in every caller.  The first report has the reason, which
 * becomes the sentence of an mn_error; all of them are kept as the trace. */
#include "petsc.h"

#include <mnemotaxis/solver.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* PETSc's error handler is one for the process, and so is what it has to remember (docs/design.md). */
static struct {
  bool in_options; /* the failure is about the value of an option */
  char sentence[512];
  char text[8192];
} trace;

static PetscErrorCode note(MPI_Comm comm, int line, const char *function, const char *file, PetscErrorCode code,
                           PetscErrorType kind, const char *message, void *context)
{
  (void)comm;
  (void)context;
  if (kind == PETSC_ERROR_INITIAL) {
    const char *general = NULL;
    (void)PetscErrorMessage(code, &general, NULL);
    const bool said = message && message[0] != '\0' && message[0] != ' ';
    snprintf(trace.sentence, sizeof trace.sentence, "%s%s%s (in %s)", general ? general : "failure", said ? ": " : "",
             said ? message : "", function);
    trace.text[0] = '\0';
    trace.in_options = strncmp(function, "PetscOptions", 12) == 0;
  }
  const size_t used = strlen(trace.text);
  snprintf(trace.text + used, sizeof trace.text - used, "%s() line %d in %s%s%s\n", function, line, file,
           message && message[0] > ' ' ? ": " : "", message && message[0] > ' ' ? message : "");
  return code;
}

mn_error *mn_petsc_error(PetscErrorCode code)
{
  if (code == PETSC_ERR_ARG_UNKNOWN_TYPE) { /* only options name types that may not exist */
    return mn_error_create(MN_USAGE, "command line: an option after -- names what the solver library does not have: %s",
                           trace.sentence);
  }
  if (trace.in_options) {
    return mn_error_create(MN_USAGE, "command line: the value of an option after -- is wrong: %s", trace.sentence);
  }
  return mn_error_create(MN_INTERNAL, "the solver library failed (PETSc error %d): %s", (int)code,
                         trace.sentence[0] != '\0' ? trace.sentence : "no reason given");
}

const char *mn_solver_trace(void)
{
  return trace.text;
}

/* Words that no option takes would be ignored without a word. */
static mn_error *check_words(int count, char **argument)
{
  bool wanted = false; /* a value may come */
  for (int k = 1; k < count; k++) {
    const bool is_option = argument[k][0] == '-' && isalpha((unsigned char)argument[k][1]);
    if (!is_option && !wanted) {
      return mn_error_create(MN_USAGE,
                             "command line: '%s' after -- is neither an option of the solver (-name) nor the value of "
                             "one",
                             argument[k]);
    }
    wanted = is_option;
  }
  return NULL;
}

mn_error *mn_solver_start(const mn_parallel *parallel, int count, char **argument)
{
  MN_TRY(check_words(count, argument));
  PETSC_COMM_WORLD = parallel->comm; /* on the world itself PETSc would change the error handler of MPI */
  MN_PETSC(PetscInitialize(&count, &argument, NULL, NULL));
  MN_PETSC(PetscPopSignalHandler());
  MN_PETSC(PetscPushErrorHandler(note, NULL));
  return NULL;
}

void mn_solver_end(void)
{
  (void)PetscPopErrorHandler();
  (void)PetscFinalize();
}

/* Names PETSc looks up only when something is solved or ends. */
static bool is_read_late(const char *name)
{
  static const char *const whole[] = {"info",        "options_left", "options_view", "malloc_dump",
                                      "malloc_view", "memory_view",  "log_view",     "log_view_memory"};
  static const char *const tail[] = {"_view", "_converged_reason", "_view_eigenvalues", "_view_final_residual"};
  const size_t length = strlen(name);
  bool late = false;
  for (size_t k = 0; k < sizeof whole / sizeof *whole; k++) {
    late = late || strcmp(name, whole[k]) == 0;
  }
  for (size_t k = 0; k < sizeof tail / sizeof *tail; k++) {
    const size_t part = strlen(tail[k]);
    late = late || (length > part && strcmp(name + length - part, tail[k]) == 0);
  }
  return late;
}

mn_error *mn_solver_check_options(const mn_parallel *parallel)
{
  PetscInt count = 0;
  char **name = NULL;
  char **value = NULL;
  mn_error *error = NULL;
  MN_PETSC(PetscOptionsLeftGet(NULL, &count, &name, &value));
  for (PetscInt k = 0; k < count && !error; k++) {
    if (!is_read_late(name[k])) {
      error =
          mn_error_create(MN_USAGE, "command line: no part of the solver knows the option -%s given after --", name[k]);
    }
  }
  MN_PETSC(PetscOptionsLeftRestore(NULL, &count, &name, &value));
  return mn_agree(parallel, error);
}
