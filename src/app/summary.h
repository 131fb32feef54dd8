/* summary.h  The table at the end of a run: observable, measured, standard error, exact value. */
#ifndef MN_APP_SUMMARY_H
#define MN_APP_SUMMARY_H

#include "progress.h"

/* Prints it.  Local, rank 0. */
void mn_summary_print(mn_reporting *reporting, const mn_run_options *options, const mn_run_report *report);

#endif
