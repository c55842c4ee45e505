/* Sentences collected on the way, bounded: the first ones say the most. */
#ifndef REPLAY_NOTES_H
#define REPLAY_NOTES_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>

#define NOTES_MAX 64

struct notes {
	struct arena *arena;
	struct slice v[NOTES_MAX];
	size_t n;
	size_t lost;		/* more than NOTES_MAX */
};

void notes_add(struct notes *n, struct slice text);
void notes_fmt(struct notes *n, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
