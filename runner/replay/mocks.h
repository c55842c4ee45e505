/* Mocks as the rest of the room sees them. */
#ifndef REPLAY_MOCKS_H
#define REPLAY_MOCKS_H

#include "gate.h"
#include "match.h"

/* A replay that runs: what mocks ask and tell while it does. */
struct mock_run {
	struct gate *gate;
	enum replay_timing timing;
	uint64_t t0_ns;
	enum cause_state (*cause_state)(void *arg, uint32_t id);
	void *arg;
};

/* NULL ends it: calls are then answered at once, as before it began. */
void mocks_attach(struct mocks *m, const struct mock_run *run);
/* Calls that nobody recorded so far, raw. */
const struct notes *mocks_misses(const struct mocks *m);
/* What else is worth knowing, raw. */
const struct notes *mocks_notes(const struct mocks *m);
/* The list `stubs` for replay.yaml that answers every miss so far: raw text,
 * "" without a miss. */
struct slice mocks_offer(struct mocks *m, struct arena *a);
/* What was seen of the egress exchange; NULL: never called.  Lives as long as
 * the mocks. */
const struct observed_exchange *mocks_seen(const struct mocks *m,
					   uint32_t index);

#endif
