/*
 * The gate gives holds their time: whoever wants a controlled event to happen
 * asks, and is told when it may: at once, when what was recorded before it has
 * happened, or when its time is up (with a note).
 */
#ifndef REPLAY_GATE_H
#define REPLAY_GATE_H

#include "holds.h"
#include "notes.h"

struct gate_wait {
	enum hold_kind kind;
	uint32_t index;
	void (*fn)(struct gate_wait *w);
	void *owner;
	struct gate *gate;
	struct loop_timer timer;
	struct gate_wait *next;
	bool waiting;
};

struct gate {
	struct loop *loop;
	struct holds holds;
	struct notes *notes;
	struct gate_wait *waiting;
	bool open;		/* nothing is held any more */
	bool walking;
};

/* True: go now, `fn` is not called.  False: fn is called later.  `w` must stay
 * until then or until gate_leave(). */
bool gate_ask(struct gate *g, struct gate_wait *w);
void gate_leave(struct gate *g, struct gate_wait *w);
void gate_happened(struct gate *g, enum hold_kind kind, uint32_t index);
/* Lets everybody through, now and later. */
void gate_open(struct gate *g);

#endif
