/* The bytes a mock sends, and what it does after them. */
#ifndef REPLAY_MOCK_ANSWER_H
#define REPLAY_MOCK_ANSWER_H

#include <dvr/tape/plan.h>

enum answer_then { THEN_KEEP, THEN_CLOSE, THEN_RESET, THEN_HANG };

/* The recorded answer with handles expanded, faults included. */
enum answer_then answer_recorded(const struct exchange *x, struct buf *out);
enum answer_then answer_stub(const struct plan_stub *s, bool head_only,
			     struct buf *out);

#endif
