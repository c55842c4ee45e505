/*
 * Snapshots of the service's data, kept for as long as a failure may need
 * them: one for each life of the service, or one for each session in it.
 */
#ifndef LEDGER_SNAPSHOTS_H
#define LEDGER_SNAPSHOTS_H

#include "book.h"

struct snapshot {
	struct snapshot *older;		/* of an earlier life of the service */
	uint32_t incarnation;
	bool requested;			/* the first request has come */
	uint64_t seq;			/* of the exchange that it came before */
	uint64_t at_ns;
	uint64_t begun;			/* exchanges of the same history that
					 * had begun when it was taken */
	struct state_image **images;	/* by the configuration's order; NULL:
					 * not taken (here) */
};

/* The service is up: `snapshot: run`. */
void snapshots_up(struct ledger *l);
/* Before an ingress request is forwarded: `first_request`, `session`. */
void snapshots_request(struct ledger *l, const struct lx *x);
/* The one that a session's history in that life begins with, when there is one
 * a session; else NULL. */
const struct snapshot *snapshots_session(const struct ledger *l,
					 const struct session *s,
					 uint32_t incarnation);
/* The images that a history begins with, in the configuration's order, each
 * with a reference; NULL when no state is configured. */
struct state_image **snapshots_take(struct ledger *l, const struct session *s,
				    uint32_t incarnation);
void snapshots_give_back(struct ledger *l, struct state_image **images);
void snapshots_free(struct ledger *l, struct snapshot *s);
void snapshots_finish(struct ledger *l);

/* In the commit's child: the images as the recording carries them. */
void snapshots_record(const struct ledger *l, struct state_image **images,
		      struct tape *t);

#endif
