/* Which header fields hold secrets by their name, and where in them. */
#ifndef SCRUB_POLICY_H
#define SCRUB_POLICY_H

#include <dvr/tape/tape.h>

#include "job.h"

/* Marks the secrets of a header line, piece i of the job. */
void policy_header(struct job *j, size_t i, const struct header *h,
		   const struct walk_at *at);
/* Marks the secrets of a request target within the piece's text. */
void policy_target(struct job *j, size_t i, struct slice target,
		   const struct walk_at *at);

#endif
