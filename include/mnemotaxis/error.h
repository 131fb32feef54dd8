/** @file error.h  What went wrong, said once, at the place where it was noticed.
 *
 * A function that can fail because of the outside world (input, files, memory) returns `mn_error *`:
 * NULL on success, otherwise an object that the caller owns, with a code that is also the exit code of
 * the program, and one sentence for the user.  There is no global error state.  docs/errors.md tells
 * the four situations (bug, outside world, before a collective, inside a collective) apart.
 */
#ifndef MNEMOTAXIS_ERROR_H
#define MNEMOTAXIS_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/** Kind of failure; the value is the exit code of the program (docs/errors.md). */
typedef enum mn_code {
  MN_USAGE = 64,    /**< refused: usage or configuration */
  MN_DATA = 65,     /**< a data file is damaged, of a wrong shape or of an unknown version */
  MN_INTERNAL = 70, /**< a library failed or memory ran out */
  MN_IO = 74        /**< input or output failed: disk full, no permission */
} mn_code;

/** Exit codes that are outcomes, not errors. */
enum { MN_EXIT_FINISHED = 0, MN_EXIT_RESUME = 75 };

enum { MN_MESSAGE_MAX = 1024 /**< bytes of a message, with its terminating zero */ };

/** A failure: what kind, and one sentence that a user understands. */
typedef struct mn_error {
  mn_code code;
  char message[MN_MESSAGE_MAX];
} mn_error;

#if defined(__GNUC__)
#define MN_MUST_CHECK __attribute__((warn_unused_result))
#define MN_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define MN_MUST_CHECK
#define MN_PRINTF(text, first)
#endif

/** Makes an error with a printf-style message.  Local.  Never returns NULL: when even this little
 * memory cannot be had, a constant error that says so is returned. */
mn_error *mn_error_create(mn_code code, const char *format, ...) MN_MUST_CHECK MN_PRINTF(2, 3);

/** Puts "context: " before the message of `error` and returns it; NULL stays NULL.  Local. */
mn_error *mn_error_within(mn_error *error, const char *format, ...) MN_MUST_CHECK MN_PRINTF(2, 3);

/** Releases an error; NULL is allowed, `*error` becomes NULL.  Local. */
void mn_error_destroy(mn_error **error);

/** Returns from the calling function with the error of `call`, if it has one. */
#define MN_TRY(call)                  \
  do {                                \
    mn_error *mn_try_error_ = (call); \
    if (mn_try_error_) {              \
      return mn_try_error_;           \
    }                                 \
  } while (0)

#ifdef __cplusplus
}
#endif
#endif
