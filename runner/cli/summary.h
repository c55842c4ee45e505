/* What a recording says at its end. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "recorder.h"

/* What verification found about a new tape, by index of ledger_stats.tapes. */
struct verified {
	char unreached[160];	/* a host that no lane leads to, or "" */
	bool done;
	unsigned hits, of;
	bool alone_told;	/* requests overlap: there was an order to hold */
	unsigned alone;		/* hits of as many replays without holds */
	size_t uncaused, calls;	/* calls to dependencies that name no request;
				 * all */
	unsigned masked;	/* answers whose errors are masked from now */
	char why[256];		/* why it could not be replayed, clean */
};

struct summary_style { bool quiet, colour; };

struct recorded {
	bool trouble;		/* something of dvr's own went wrong */
	bool fresh;		/* a tape was written */
	bool incomplete;	/* a failure is not on a tape, or not whole */
};

/* Prints to stderr. */
void summary_print(struct recorder *r, const struct verified *v,
		   const struct summary_style *style, struct recorded *seen);

#endif
