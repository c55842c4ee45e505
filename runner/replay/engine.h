/* The engine's inside: replay.c runs it, shots.c sends, step.c steps. */
#ifndef REPLAY_ENGINE_H
#define REPLAY_ENGINE_H

#include "client.h"
#include "gate.h"
#include "mocks.h"
#include "priority.h"
#include "resolve.h"
#include "schedule.h"

/* Connections are opened this long ahead of need: enough for a slow handshake,
 * short against a server's patience with idle ones. */
#define CONNECT_AHEAD_NS (250 * NS_PER_MS)

/* A request in an overlap has its first bytes on the wire this long before its
 * time: enough for a busy machine to read them, short against any server's
 * patience with a head. */
#define HEAD_AHEAD_NS (5 * NS_PER_MS)

struct shot {			/* one ingress exchange of the tape */
	struct replay *replay;
	size_t item;		/* of the schedule, and of replay.shots */
	uint32_t index;		/* into tape.exchanges */
	struct call call;
	struct line *line;
	struct shot *next;	/* on the same recorded connection */
	bool pipelined;		/* recorded before the previous answer ended */
	bool printed;		/* its bytes are made */
	bool cleared;		/* deadline and holds allow it */
	bool out;		/* on the wire */
	bool done;
	bool satisfied;		/* counted in replay.satisfied */
	bool impatient;		/* waits for no socket's word any more */
	uint64_t deadline_ns;	/* when it should leave, holds included */
	uint64_t sent_ns, done_ns;
	struct loop_timer timer;
	struct gate_wait hold;
};

struct line {			/* a recorded connection */
	struct conn conn;
	struct shot *next;	/* first that is not out */
	struct shot *last;
	unsigned left;		/* shots not done */
	struct line *other;	/* list of all */
};

struct replay {
	struct loop *loop;
	const struct tape *tape;
	const struct plan *plan;
	struct mocks *mocks;		/* or NULL */
	struct replay_options options;
	struct arena *arena;
	struct schedule schedule;
	struct gate gate;
	struct mock_run mock_run;
	struct client client;
	struct resolver resolver;
	struct shot *shots;		/* as schedule.items */
	struct line *lines;
	size_t armed;			/* shots whose deadline is known */
	size_t ahead;			/* shots whose connection was seen to */
	size_t satisfied;
	struct loop_timer connect_timer, settle_timer;
	struct priority priority;
	bool realtime;			/* it was raised */
	struct notes notes;
	struct observed *seen;
	struct observed own_seen;	/* step mode's */
	size_t next_step;
	unsigned connected;		/* how often a connection came up */
	bool begun, primed, stepping, over, ended, died, settled;
};

/* Prepares everything for the exchanges to be seen in `seen`. */
void engine_begin(struct replay *r, struct observed *seen);
/* Time starts now. */
void engine_time_starts(struct replay *r);
/* Nothing is sent any more; what is open ends. */
void engine_end(struct replay *r);
/* Ended early for a reason that says nothing about the service's answers. */
void engine_abort(struct replay *r, const char *why);

/* shots.c */
void shots_prepare(struct replay *r);
/* Opens what will be needed soon. */
void shots_connect_ahead(struct replay *r);
/* Sets the timer of every shot whose predecessors have ended. */
void shots_arm(struct replay *r);
/* It may go: puts it on the wire as soon as its connection allows. */
void shot_clear(struct shot *s, uint64_t deadline_ns);
void shots_cancel(struct replay *r);
void shots_release(struct replay *r);

#endif
