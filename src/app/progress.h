/* progress.h  What the terminal and log.txt show while a run goes on.  Rank 0 only. */
#ifndef MN_APP_PROGRESS_H
#define MN_APP_PROGRESS_H

#include <mnemotaxis/run.h>

#include <stdio.h>

typedef struct mn_reporting {
  const char *directory;
  double interval;  /* seconds between lines */
  double last_line; /* seconds of the run */
  double last_bar;
  FILE *log;
} mn_reporting;

/* An mn_reporter; `context` is a mn_reporting. */
void mn_report_progress(void *context, const mn_progress *progress);

/* Prints a line to the terminal and to log.txt.  `format` as printf. */
void mn_report_line(mn_reporting *reporting, const char *format, ...) MN_PRINTF(2, 3);

/* "1 h 03 min", "12 min 05 s", "8.3 s", or "?" when that is not known. */
void mn_describe_seconds(double seconds, char out[32]);

/* Closes log.txt. */
void mn_report_end(mn_reporting *reporting);

#endif
