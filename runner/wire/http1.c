/* Walks an HTTP/1.1 byte stream (RFC 9112) from one message to the next. */
#include <dvr/wire/http1.h>

#include "chunk.h"
#include "head.h"

#include <stdlib.h>
#include <string.h>

/* A held head that was larger gives its memory back after use: there are two
 * decoders a connection, and most connections idle. */
#define HELD_KEEP (2u * KiB)

enum state {
	ST_START,	/* between messages */
	ST_HEAD,
	ST_LENGTH,	/* d->left bytes of body */
	ST_CLOSE,	/* body until the stream ends */
	ST_CHUNK,	/* in a chunk header */
	ST_DATA,	/* d->left bytes of a chunk */
	ST_DATA_END,	/* the line end behind them */
	ST_TRAILERS,
	ST_END,		/* complete, not yet told */
	ST_DONE,	/* no message can follow */
	ST_OPAQUE,
	ST_BAD
};

/* Where in a line the search for the empty line stands (d->line). */
enum { LINE_MID, LINE_START, LINE_CR };

/* One call of http1_next(). */
struct step {
	struct slice in;
	size_t at;		/* bytes used so far */
	struct slice *span;
};

/* A step's result when there is nothing to tell yet; no event is negative. */
#define GO_ON (-1)

void
http1_init(struct http1_decoder *d, enum http1_kind kind)
{
	*d = (struct http1_decoder){ .kind = kind, .state = ST_START };
	buf_init(&d->held, HTTP1_HEAD_MAX);
}

void
http1_release(struct http1_decoder *d)
{
	buf_release(&d->held);
	free(d->fields);
	d->fields = NULL;
	d->fields_cap = 0;
}

void
http1_answers(struct http1_decoder *d, struct slice method)
{
	d->no_body = slice_eq(method, SLICE("HEAD"));
	d->connect = slice_eq(method, SLICE("CONNECT"));
}

void
http1_tunnel(struct http1_decoder *d)
{
	d->tunnel = true;
	if (d->state == ST_START || d->state == ST_DONE)
		d->state = ST_OPAQUE;
}

static int
bad(struct http1_decoder *d, const char *why)
{
	d->why = why;
	d->state = ST_BAD;
	return HTTP1_BAD;
}

static struct slice
rest_of(const struct step *s)
{
	return slice_from(s->in, s->at);
}

/*
 * Bytes up to and with the empty line that ends a head, or 0 when it is not in
 * `in`.  What it has seen is in *line, so no byte is looked at twice.
 */
static size_t
find_end(int *line, struct slice in)
{
	size_t i = 0;

	while (i < in.n) {
		const char *lf;

		if (*line != LINE_MID) {
			if (in.p[i] == '\n')
				return i + 1;
			if (in.p[i] == '\r' && *line == LINE_START) {
				*line = LINE_CR;
				i++;
				continue;
			}
			*line = LINE_MID;
		}
		lf = memchr(in.p + i, '\n', in.n - i);
		if (!lf)
			return 0;
		*line = LINE_START;
		i = (size_t)(lf - in.p) + 1;
	}
	return 0;
}

/*
 * Collects a head or trailer block.  GO_ON when *raw is complete; it points
 * into the input when it came in one piece, else into d->held.
 */
static int
collect(struct http1_decoder *d, struct step *s, struct slice *raw)
{
	struct slice rest = rest_of(s);
	size_t end = find_end(&d->line, rest);
	size_t take = end > 0 ? end : rest.n;

	if (take > HTTP1_HEAD_MAX - d->held.n)
		return bad(d, "a head above 256 KiB");
	*raw = slice_range(rest, 0, take);
	s->at += take;
	if (end > 0 && d->held.n == 0)
		return GO_ON;
	buf_add(&d->held, *raw);
	*raw = buf_slice(&d->held);
	return end > 0 ? GO_ON : HTTP1_MORE;
}

/* The bytes of an event that was told are not needed any more. */
static void
drop_held(struct http1_decoder *d)
{
	if (d->held.cap > HELD_KEEP)
		buf_release(&d->held);
	else
		buf_clear(&d->held);
}

static int
body_state(const struct http1_head *h)
{
	switch (h->framing) {
	case HTTP1_NO_BODY:
	case HTTP1_TUNNEL:
		return ST_END;
	case HTTP1_LENGTH:
		return h->length > 0 ? ST_LENGTH : ST_END;
	case HTTP1_CHUNKED:
		return ST_CHUNK;
	case HTTP1_UNTIL_CLOSE:
		return ST_CLOSE;
	}
	return ST_BAD;
}

static int
step_start(struct http1_decoder *d, struct step *s)
{
	/* Empty lines before a message: RFC 9112 §2.2. */
	while (s->at < s->in.n &&
	       (s->in.p[s->at] == '\r' || s->in.p[s->at] == '\n'))
		s->at++;
	if (s->at == s->in.n)
		return HTTP1_MORE;
	if (d->state == ST_DONE) {
		d->state = ST_OPAQUE;
		return GO_ON;
	}
	d->state = ST_HEAD;
	d->line = LINE_MID;
	d->chunks_odd = false;
	return GO_ON;
}

static int
step_head(struct http1_decoder *d, struct step *s)
{
	bool young = d->held.n <= HEAD_METHOD_MAX;
	struct slice raw;
	const char *why = NULL;
	int r = collect(d, s, &raw);

	if (r == HTTP1_MORE && young)
		why = head_glance(d->kind, raw);
	if (why)
		return bad(d, why);
	if (r != GO_ON)
		return r;
	why = head_parse(d, raw);
	if (!why)
		why = framing_decide(d);
	if (why)
		return bad(d, why);
	d->state = body_state(&d->head);
	d->left = d->head.length;
	if (d->state == ST_CHUNK)
		chunk_begin(d);
	return HTTP1_HEAD;
}

static int
step_trailers(struct http1_decoder *d, struct step *s)
{
	struct slice raw;
	const char *why;
	int r = collect(d, s, &raw);

	if (r != GO_ON)
		return r;
	why = head_parse_trailers(d, raw);
	if (why)
		return bad(d, why);
	if (!d->head.crlf_only)
		d->chunks_odd = true;
	d->state = ST_END;
	return d->head.nheaders > 0 ? HTTP1_TRAILERS : GO_ON;
}

static int
step_body(struct http1_decoder *d, struct step *s)
{
	struct slice rest = rest_of(s);

	if (d->state == ST_LENGTH || d->state == ST_DATA) {
		if (rest.n > d->left)
			rest.n = (size_t)d->left;
		d->left -= rest.n;
		if (d->left == 0 && d->state == ST_LENGTH)
			d->state = ST_END;
		if (d->left == 0 && d->state == ST_DATA) {
			d->state = ST_DATA_END;
			chunk_end_begin(d);
		}
	}
	*s->span = rest;
	s->at += rest.n;
	return d->state == ST_OPAQUE ? HTTP1_OPAQUE : HTTP1_BODY;
}

static int
step_chunk(struct http1_decoder *d, struct step *s)
{
	bool header = d->state == ST_CHUNK;
	enum chunk_step c;
	size_t used = 0;

	c = header ? chunk_header(d, rest_of(s), &used)
		   : chunk_end(d, rest_of(s), &used);
	s->at += used;
	if (c == CHUNK_BAD)
		return bad(d, d->why);
	if (c == CHUNK_MORE)
		return HTTP1_MORE;
	if (!header) {
		d->state = ST_CHUNK;
		chunk_begin(d);
		return GO_ON;
	}
	d->left = d->chunk_size;
	d->state = d->left > 0 ? ST_DATA : ST_TRAILERS;
	d->line = LINE_START;
	return HTTP1_CHUNK;
}

static int
step_end(struct http1_decoder *d)
{
	const struct http1_head *h = &d->head;
	bool interim = d->kind == HTTP1_RESPONSE && h->status < 200 &&
		       h->framing != HTTP1_TUNNEL;

	if (!interim)
		d->no_body = d->connect = false;
	if (d->tunnel || h->framing == HTTP1_TUNNEL)
		d->state = ST_OPAQUE;
	else
		d->state = h->keep_alive ? ST_START : ST_DONE;
	return HTTP1_END;
}

static int
step(struct http1_decoder *d, struct step *s)
{
	if (d->state == ST_END)
		return step_end(d);
	if (d->state == ST_BAD)
		return HTTP1_BAD;
	if (s->at == s->in.n)
		return HTTP1_MORE;
	switch ((enum state)d->state) {
	case ST_START:
	case ST_DONE:
		return step_start(d, s);
	case ST_HEAD:
		return step_head(d, s);
	case ST_LENGTH:
	case ST_CLOSE:
	case ST_DATA:
	case ST_OPAQUE:
		return step_body(d, s);
	case ST_CHUNK:
	case ST_DATA_END:
		return step_chunk(d, s);
	case ST_TRAILERS:
		return step_trailers(d, s);
	case ST_END:
	case ST_BAD:
		break;
	}
	return HTTP1_BAD;
}

enum http1_event
http1_next(struct http1_decoder *d, struct slice in, size_t *used,
	   struct slice *span)
{
	struct step s = { .in = in, .span = span };
	int r;

	*span = (struct slice){ 0 };
	if (d->held.n > 0 && d->state != ST_HEAD && d->state != ST_TRAILERS)
		drop_held(d);
	do {
		r = step(d, &s);
	} while (r == GO_ON);
	*used = s.at;
	return (enum http1_event)r;
}

enum http1_event
http1_eof(struct http1_decoder *d)
{
	switch ((enum state)d->state) {
	case ST_START:
	case ST_DONE:
	case ST_OPAQUE:
		return HTTP1_MORE;
	case ST_CLOSE:
	case ST_END:
		return (enum http1_event)step_end(d);
	case ST_HEAD:
		return (enum http1_event)bad(d, "the stream ended in a head");
	case ST_LENGTH:
	case ST_CHUNK:
	case ST_DATA:
	case ST_DATA_END:
	case ST_TRAILERS:
		return (enum http1_event)bad(d, "the stream ended in a body");
	case ST_BAD:
		break;
	}
	return HTTP1_BAD;
}

bool
http1_in_message(const struct http1_decoder *d)
{
	return d->state != ST_START && d->state != ST_DONE &&
	       d->state != ST_OPAQUE && d->state != ST_BAD;
}
