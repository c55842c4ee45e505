/* What mocks do about a call, whatever it came over. */
#ifndef REPLAY_MOCK_CALL_H
#define REPLAY_MOCK_CALL_H

#include "mock_conn.h"

/* From the call's end to the answer, as recorded. */
int64_t answer_think_us(const struct exchange *x);
/* The call is the exchange `index`: noted as seen.  When such a think time from
 * now is over. */
uint64_t mock_call_seen(struct mocks *m, uint32_t index,
			const struct message *call, int64_t think_us);
/* Nobody recorded it: reported, with a stub that would answer it. */
void mock_call_missed(struct mocks *m, const struct live_call *call);

#endif
