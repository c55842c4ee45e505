/* The text of replay.yaml, checked, for whoever writes it. */
#ifndef TAPE_PLAN_FILE_H
#define TAPE_PLAN_FILE_H

#include <dvr/tape/plan.h>

/* A plan is short; pins and stubs hold bodies. */
#define PLAN_FILE_MAX (4u * MiB)

/* Prints the plan to `out`, which has that limit; -1 when it could not be read
 * back.  `path` is for messages. */
int plan_text(const struct plan *p, const char *path, struct buf *out,
	      struct err *e);

#endif
