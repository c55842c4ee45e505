/*
 * A race that was recorded at the edge of its window: the proxy saw the two
 * requests overlap, but which one won was decided inside the service within
 * a millisecond, so the recorded order of events alone does not bring it back
 * every time.  Holding a dependency's answer back until the overlapping
 * request has ended opens the window as far as it goes.  The hold that makes
 * the failure come again is the reproducer and stands in replay.yaml.
 */
#ifndef DVR_REPLAY_ORDERS_H
#define DVR_REPLAY_ORDERS_H

#include <dvr/replay/trial.h>

/* More candidates than this cost more replays than a run should. */
#define ORDERS_MAX 8

/*
 * Holds worth trying, most promising first: "E.resp until B.resp" for every
 * egress call E inside an ingress exchange that B overlaps and outlives.
 * Strings live in `a`.  Returns how many were written to `out`.
 */
size_t orders_candidates(const struct tape *t, struct arena *a,
			 struct plan_hold out[ORDERS_MAX]);
/* Do requests of the tape overlap?  Else there is no order to hold. */
bool orders_matter(const struct tape *t);
/*
 * Tries the candidates on this build, one replay each and `n` for one that
 * reproduced.  The first that beats *hits of n goes into p->holds and *hits
 * tells its count; none: both stay.  -1 only for internal trouble.
 */
int orders_search(const struct trial_config *cfg, const struct tape *t,
		  struct plan *p, unsigned n, unsigned *hits, struct arena *a,
		  struct err *e);

#endif
