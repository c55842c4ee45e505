/* The facts about one tape that `dvr review` shows, a row each. */
#ifndef CLI_REVIEW_H
#define CLI_REVIEW_H

#include "retired.h"
#include "words.h"

struct review {
	const struct library *lib;
	const struct library_entry *entry;
	const struct tape *tape;
	const struct plan *plan;
	const struct words *words;	/* of the other tapes */
	struct retired *retired;
	size_t nretired;
	const char *fixtures;
	const char *since;		/* a git ref, or NULL */
	size_t max_tape_bytes;		/* 0: no cap */
};

/* Text may be anything: whoever prints it escapes it. */
typedef void review_fn(void *arg, const char *label, struct slice text);

void review_rows(const struct review *r, review_fn *fn, void *arg);

#endif
