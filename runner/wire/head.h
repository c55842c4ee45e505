/*
 * Private to wire/: a complete head (or trailer block) to fields, and fields
 * to framing.  All return NULL, or why the connection cannot be read on.
 */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include <dvr/wire/http1.h>

/* Longest method (every registered one is under 20 bytes); more than that
 * without a space is some other protocol. */
#define HEAD_METHOD_MAX 64

/* Fills d->head from `raw`, which ends with its empty line.  The framing is
 * not decided yet. */
const char *head_parse(struct http1_decoder *d, struct slice raw);
/* The same for trailer fields; start line, status, framing stay. */
const char *head_parse_trailers(struct http1_decoder *d, struct slice raw);
/* A look at the first bytes of a head that is not complete: what can never
 * become one is told before HTTP1_HEAD_MAX bytes are held. */
const char *head_glance(enum http1_kind kind, struct slice begun);
/* Sets framing, length, keep_alive, expect_continue, upgrade. */
const char *framing_decide(struct http1_decoder *d);

/* The first reason stays: it is the one that a reader can act on. */
static inline void
head_doubt(struct http1_head *h, const char *reason)
{
	if (!h->ambiguous)
		h->ambiguous = reason;
}

#endif
