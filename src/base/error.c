/* One heap object per failure; the only constant one is for the failure of the heap itself. */
#include <mnemotaxis/error.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mn_error out_of_memory = {MN_INTERNAL, "out of memory (no room even for an error message)"};

mn_error *mn_error_create(mn_code code, const char *format, ...)
{
  mn_error *error = malloc(sizeof *error);
  if (!error) {
    return &out_of_memory;
  }
  error->code = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
  return error;
}

mn_error *mn_error_within(mn_error *error, const char *format, ...)
{
  if (!error || error == &out_of_memory) {
    return error;
  }
  char context[MN_MESSAGE_MAX];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(context, sizeof context, format, arguments);
  va_end(arguments);
  char message[2 * MN_MESSAGE_MAX + 2];
  snprintf(message, sizeof message, "%s: %s", context, error->message);
  memcpy(error->message, message, MN_MESSAGE_MAX - 1);
  error->message[MN_MESSAGE_MAX - 1] = '\0';
  return error;
}

void mn_error_destroy(mn_error **error)
{
  if (*error != &out_of_memory) {
    free(*error);
  }
  *error = NULL;
}
