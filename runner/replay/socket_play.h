/*
 * One side of a recorded WebSocket, played: its messages go out in order, each
 * not before as many of the other side's came as stand before it on the tape,
 * and then after the recorded gap.  What the other side says is observed.  No
 * sockets: bytes come by play_feed() and go by `send`.
 *
 * Extensions are not offered, so messages go as they are.
 */
#ifndef REPLAY_SOCKET_PLAY_H
#define REPLAY_SOCKET_PLAY_H

#include "schedule.h"

#include <dvr/net/loop.h>
#include <dvr/replay/replay.h>
#include <dvr/wire/websocket.h>

struct play_how {
	struct loop *loop;
	struct arena *arena;		/* of what is observed */
	const struct exchange *live;	/* the recorded one, handles expanded */
	enum sender us;
	enum replay_timing timing;
	uint64_t t0_ns;			/* live times count from here */
	void (*send)(void *arg, struct slice bytes);
	/* What message `at` of ours says now; NULL: what is recorded. */
	struct slice (*words)(void *arg, size_t at);
	/* Nothing more is to be waited for: the connection may go. */
	void (*over)(void *arg);
	/* NULL: play_fired(); for owners that end when it returns. */
	void (*fired)(struct loop_timer *t);
	void *arg;
};

struct play {
	struct play_how how;
	struct websocket in;
	size_t next;			/* message of the tape */
	size_t came, awaited;		/* of the other side */
	uint64_t last_ns;		/* when what stands before came, went */
	struct stream_message *seen;
	size_t nseen, cap;
	bool said, heard;		/* goodbye: by us, by them */
	bool through;			/* all was played */
	struct loop_timer timer;
};

/* Begins where the handshake ended. */
void play_begin(struct play *p, const struct play_how *how);
void play_release(struct play *p);
/* Bytes of the other side; false: they are no frames (p->in.why). */
bool play_feed(struct play *p, struct slice in);
/* Its timer's time has come. */
void play_fired(struct play *p);
/* How such an end of the connection is called, and no more timers. */
enum message_end play_end(struct play *p, enum message_end how);

#endif
