/* One line per interval; between them, on a terminal, a bar that is overwritten in place. */
#include "progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A launcher gives its ranks terminals of its own, whatever its output goes to. */
static bool is_terminal(void)
{
  return isatty(STDOUT_FILENO) && !getenv("OMPI_COMM_WORLD_SIZE") && !getenv("PMIX_RANK");
}

static void erase_bar(void)
{
  if (is_terminal()) {
    printf("\r\033[K");
  }
}

void mn_report_line(mn_reporting *r, const char *format, ...)
{
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (!r->log) {
    char path[4096];
    snprintf(path, sizeof path, "%s/log.txt", r->directory);
    r->log = fopen(path, "a");
  }
  erase_bar();
  puts(line);
  fflush(stdout);
  if (r->log) {
    fprintf(r->log, "%s\n", line);
    fflush(r->log);
  }
}

void mn_report_end(mn_reporting *r)
{
  if (r->log) {
    fclose(r->log);
    r->log = NULL;
  }
}

void mn_describe_seconds(double seconds, char out[32])
{
  if (!isfinite(seconds)) {
    snprintf(out, 32, "?");
  } else if (seconds >= 3600.0) {
    snprintf(out, 32, "%.0f h %02.0f min", floor(seconds / 3600.0), floor(fmod(seconds, 3600.0) / 60.0));
  } else if (seconds >= 60.0) {
    snprintf(out, 32, "%.0f min %02.0f s", floor(seconds / 60.0), floor(fmod(seconds, 60.0)));
  } else {
    snprintf(out, 32, "%.1f s", seconds);
  }
}

/* The work of a step grows with the number of past samples: step k costs about a + b k.  Share of all of it done. */
static double work_done(const mn_progress *p)
{
  const double now = (double)p->step;
  const double first = (double)p->first_step;
  const double end = (double)p->steps;
  const double fixed = 20.0; /* samples whose sum costs as much as everything else in a step */
  return (now - first) * (now + first + 2.0 * fixed) / fmax((end - first) * (end + first + 2.0 * fixed), 1.0);
}

static void describe(const mn_progress *p, char out[512])
{
  char left[32];
  const double done = work_done(p);
  mn_describe_seconds(done > 0.0 ? p->seconds * (1.0 - done) / done : (double)NAN, left);
  snprintf(
      out, 512,
      "step %lld of %lld  time %-8.6g %3.0f %%  %.3g steps/s  left %s  drift %.0f %%  exchange %.1f %%  output %.1f %%",
      (long long)p->step, (long long)p->steps, p->time, 100.0 * (double)p->step / (double)p->steps,
      (double)(p->step - p->first_step) / fmax(p->seconds, 1e-9), left, 100.0 * p->drift, 100.0 * p->exchange,
      100.0 * p->output);
}

static void draw_bar(const mn_progress *p)
{
  enum { WIDTH = 30 };
  char left[32];
  const double done = work_done(p);
  const int filled = (int)(WIDTH * done);
  mn_describe_seconds(done > 0.0 ? p->seconds * (1.0 - done) / done : (double)NAN, left);
  printf("\r\033[K[%.*s%.*s] step %lld of %lld, left %s", filled, "##############################", WIDTH - filled,
         "..............................", (long long)p->step, (long long)p->steps, left);
  fflush(stdout);
}

void mn_report_progress(void *context, const mn_progress *p)
{
  mn_reporting *r = context;
  char line[512];
  if (p->event) {
    mn_report_line(r, "%s at step %lld, time %.6g", p->event, (long long)p->step, p->time);
    return;
  }
  const double bar_interval = 0.2;
  if (p->seconds - r->last_line >= r->interval || (p->step == p->steps)) {
    describe(p, line);
    mn_report_line(r, "%s", line);
    r->last_line = p->seconds;
  } else if (is_terminal() && p->seconds - r->last_bar >= bar_interval) {
    draw_bar(p);
    r->last_bar = p->seconds;
  }
}
