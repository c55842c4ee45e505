/*
 * Free text on tapes: what people wrote, as far as a program can tell it from
 * ids, numbers and addresses.  A reviewer looks at what is new in the library.
 */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H

#include <dvr/tape/library.h>

/* Values that tapes hold, by their hash. */
struct words {
	struct arena *arena;
	uint64_t *v;
	size_t n, cap;
};

typedef void words_fn(void *arg, struct slice place, struct slice text);

/* Every value of free text in bodies, queries and messages. */
void words_walk(const struct tape *t, words_fn *fn, void *arg);
/* Remembers those of all tapes of the library but these `n`.  Tapes that cannot
 * be read hold none. */
void words_learn(struct words *w, const struct library *l,
		 const struct library_entry *const *but, size_t n);
/* One more, into a list that is not learnt; true: it was there. */
bool words_add(struct words *w, struct slice text);
bool words_known(const struct words *w, struct slice text);

#endif
