/* partner_trail.h  Own trails of the witnesses of a history, as their neighbours in the order of ids feel them. */
#ifndef MN_DRIFT_PARTNER_TRAIL_H
#define MN_DRIFT_PARTNER_TRAIL_H

#include <mnemotaxis/drift.h>
#include <mnemotaxis/history.h>

enum { MN_WITNESSES = 4096 /* at most, of an engine that needs no paths */ };

typedef struct mn_partner_trail mn_partner_trail;

/* Releases it; NULL is allowed.  Local. */
void mn_partner_trail_destroy(mn_partner_trail **trail);

/* out [local witnesses, 2] += the past of D^{i,i+1}: what the trail of the next witness does to each.  The trail is
 * made when it is NULL, and follows the history: what it holds depends on the samples, not on when it was asked.
 *
 * all: [witnesses, 2] positions at `now`
 *
 * Accuracy: a tenth of the drift's tolerance, or of 1e-4, relative to the largest force of the past, rms.
 * Cost: decodes what is new of the history; then some hundred samples a witness, which grow no more.  Local. */
mn_error *mn_partner_trail_add(const mn_drift *drift, const mn_history *past, double now, const double *all,
                               mn_partner_trail **trail, double *out) MN_MUST_CHECK;

#endif
