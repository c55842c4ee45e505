/* The bytes a mock sends, and what it does after them. */
#ifndef REPLAY_MOCK_ANSWER_H
#define REPLAY_MOCK_ANSWER_H

#include <dvr/scrub/scrub.h>
#include <dvr/tape/plan.h>

enum answer_then { THEN_KEEP, THEN_CLOSE, THEN_RESET, THEN_HANG };

struct mint;

/* The recorded answer with handles as `v` has them or expanded, faults
 * included; `keys` (may be NULL) are added to a JWK set. */
enum answer_then answer_recorded(const struct exchange *x,
				 const struct scrub_values *v,
				 const struct mint *keys, struct buf *out);
enum answer_then answer_stub(const struct plan_stub *s, bool head_only,
			     struct buf *out);

#endif
