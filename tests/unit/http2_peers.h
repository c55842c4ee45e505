/*
 * An nghttp2 client and an nghttp2 server that talk in memory, roll dice about
 * what they send, and write down what they were told: the other opinion on
 * every byte that the decoder sees.
 */
#ifndef TESTS_HTTP2_PEERS_H
#define TESTS_HTTP2_PEERS_H

#include "http2_trace.h"

struct peers;

struct peers *peers_create(uint32_t seed);
void peers_destroy(struct peers *p);
/* The client begins a request that the dice make. */
void peers_request(struct peers *p);
/* New SETTINGS of either side with some table size. */
void peers_settings(struct peers *p);
/* The client gives one of its streams up. */
void peers_reset(struct peers *p);
/* Moves bytes of one side to the other, the same to `feed`; false when there
 * were none. */
typedef void peers_feed_fn(void *arg, enum http2_side side, struct slice in);
bool peers_move(struct peers *p, enum http2_side from, peers_feed_fn *feed,
		void *arg);
/* The server says good-bye, the client opens no more. */
void peers_goaway(struct peers *p);
/* What was told of a side's stream, as h2_trace_event() writes it. */
struct slice peers_told(struct peers *p, enum http2_side from,
			size_t stream);
/* nghttp2 passes over what comes for a stream that is closed. */
bool peers_was_reset(const struct peers *p, size_t stream);
uint32_t peers_roll(struct peers *p, uint32_t sides);

#endif
