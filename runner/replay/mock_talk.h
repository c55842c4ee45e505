/*
 * A gRPC call to a mock while it is being said: the recorded call that its
 * first messages repeat begins to answer where it did then, and each message of
 * the answer waits for those that it answered.
 */
#ifndef REPLAY_MOCK_TALK_H
#define REPLAY_MOCK_TALK_H

#include "mock_stream.h"

/* The call's head came. */
void mock_talk_begins(struct mock_stream *s);
/* Bytes of its body, which are collected already. */
void mock_talk_goes_on(struct mock_stream *s, struct slice in);
/* The call is whole, and was found before; false: find it now. */
bool mock_talk_ends(struct mock_stream *s);
/* The service gave the stream up. */
void mock_talk_left(struct mock_stream *s);
void mock_talk_release(struct mock_stream *s);

/* Bytes of the answer's body that are due; sets a timer for the rest where time
 * alone is what they wait for. */
size_t mock_talk_due(struct mock_stream *s);
/* May the answer end behind its body? */
bool mock_talk_may_end(const struct mock_stream *s);

#endif
