/*
 * Tokens that can be told apart: a JWT's header and claims, Basic's user and
 * password.  What is in them becomes pieces of the job like everything else;
 * scrubbed, it stands on the tape beside the handle, and a replay makes the
 * token anew from it.
 */
#ifndef SCRUB_TOKENS_H
#define SCRUB_TOKENS_H

#include <dvr/tape/tape.h>

#include "job.h"

struct token_work {
	enum token_coding coding;
	struct slice value;
	size_t header, text;	/* pieces; header only of a JWT */
};

/* When everything else was looked at: adds the pieces of the tokens that were
 * found.  The list lives in the job's scratch arena. */
struct token_work *tokens_look(struct job *j, size_t *n);
/* The tokens that a tape has already: their text is looked at like others'. */
void tokens_look_again(struct job *j, const struct tape *t);
/* After job_finish(): fills t->tokens, whose memory is of t->arena. */
void tokens_store(struct job *j, const struct token_work *v, size_t n,
		  struct tape *t);

#endif
