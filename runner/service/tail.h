/*
 * What the service wrote last: a bounded tail, and two patterns that look at
 * every whole line on its way through.
 */
#ifndef DVR_SERVICE_TAIL_PRIVATE_H
#define DVR_SERVICE_TAIL_PRIVATE_H

#include <dvr/base/buf.h>
#include <dvr/base/err.h>

struct tail;

/* Either pattern may be NULL.  NULL with ERR_USAGE for a bad pattern. */
struct tail *tail_create(const char *hit, const char *ready, struct err *e);
void tail_destroy(struct tail *t);
/* Forgets what was said, keeps the patterns. */
void tail_clear(struct tail *t);

enum tail_seen { TAIL_HIT = 1, TAIL_READY = 2 };
/* Takes bytes; says which patterns were seen in the lines they ended. */
unsigned tail_add(struct tail *t, struct slice s);
/* Nothing more comes: an unfinished line is a line. */
unsigned tail_end(struct tail *t);

/* At most SERVICE_LOG_TAIL bytes, from the start of a line. */
struct slice tail_text(const struct tail *t);
/* The last line that `hit` matched. */
struct slice tail_hit_line(const struct tail *t);

#endif
