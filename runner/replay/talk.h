/*
 * gRPC calls that were answered while they were still being said: talks in
 * turns, and streams that their client never ended.  A recorded one is found by
 * as many of its messages as stood before the first word of its answer.
 */
#ifndef REPLAY_TALK_H
#define REPLAY_TALK_H

#include <dvr/tape/tape.h>

/* *out is the call as it was behind `said` of its messages; false: it never had
 * as many. */
bool talk_prefix(const struct exchange *x, size_t said, struct exchange *out);
/* Was its answer begun by then, although the call went on? */
bool talk_answered(const struct exchange *x, size_t said);
/* How many messages of the call stood before the answer's end. */
size_t talk_before_end(const struct exchange *x);
/* Did the answer's end wait for the end of the call? */
bool talk_ended_last(const struct exchange *x);
/* From the word before the answer's head to the head. */
int64_t talk_think_us(const struct exchange *x);

#endif
