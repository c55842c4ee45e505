/* What mocks do about a call, whatever it came over. */
#ifndef REPLAY_MOCK_CALL_H
#define REPLAY_MOCK_CALL_H

#include "mock_conn.h"

/* The call is the exchange `index`: noted as seen.  When its recorded latency
 * will be over. */
uint64_t mock_call_seen(struct mocks *m, uint32_t index,
			const struct message *call);
/* Nobody recorded it: reported, with a stub that would answer it. */
void mock_call_missed(struct mocks *m, const struct live_call *call);

#endif
