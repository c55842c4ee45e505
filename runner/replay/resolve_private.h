/* Between resolve.c (requests) and resolve_spoken.c (messages). */
#ifndef REPLAY_RESOLVE_PRIVATE_H
#define REPLAY_RESOLVE_PRIVATE_H

#include "resolve.h"
#include "resolve_edit.h"

struct reading {
	struct resolver *r;
	size_t from, to;	/* in r->from: all of one answer */
	bool live;		/* else the recorded answer */
};

/* In r->from: where those of that producer begin. */
struct reading reading_of(struct resolver *r, size_t index);
int reading_value(void *arg, const struct value *v);
void read_answer(struct resolver *r, size_t index);
void find_elsewhere(struct resolver *r, struct bound *b);
int editing_value(void *arg, const struct value *v);
void tell_missing(struct resolver *r, const struct bound *b);

#endif
