/* Tells the ledger of an HTTP/2 connection's streams. */
#include "tap_h2.h"

#include <dvr/base/mem.h>
#include <dvr/wire/http2.h>

#include <stdlib.h>

#define BUCKETS 64u

/* RFC 9113 §7. */
enum { NO_ERROR = 0, REFUSED_STREAM = 7 };

struct h2_stream {
	struct h2_stream *next;
	uint32_t id;
	struct lx *lx;
	bool asked, answered;	/* that side has come to its end */
	bool sized;		/* the request told its length */
};

struct tap_h2 {
	struct tap_h2_where at;
	struct ledger *ledger;
	struct http2 *h;
	struct h2_stream *buckets[BUCKETS];
	size_t open;
	bool any;		/* a stream was opened, ever */
	bool opaque, client_left;
};

/* An event on its way to the ledger. */
struct told {
	struct tap_h2 *t;
	const struct http2_event *ev;
	uint64_t at_ns;
};

struct tap_h2 *
tap_h2_create(const struct tap_h2_where *where)
{
	struct tap_h2 *t = mem_alloc(sizeof(*t));

	t->at = *where;
	t->ledger = where->proxy->ledger;
	t->h = http2_create();
	return t;
}

bool
tap_h2_idle(const struct tap_h2 *t)
{
	return t->open == 0;
}

/* ---- streams ------------------------------------------------------------ */

static struct h2_stream **
bucket_of(struct tap_h2 *t, uint32_t id)
{
	return &t->buckets[id / 2 % BUCKETS];
}

static struct h2_stream *
h2_find(struct tap_h2 *t, uint32_t id)
{
	struct h2_stream *s = *bucket_of(t, id);

	while (s && s->id != id)
		s = s->next;
	return s;
}

static struct h2_stream *
h2_open(struct tap_h2 *t, uint32_t id, uint64_t at_ns)
{
	struct h2_stream *s, **bucket = bucket_of(t, id);

	t->any = true;
	if (t->open == TAP_H2_STREAMS_MAX) {
		t->at.proxy->stats.undecoded++;
		return NULL;
	}
	s = mem_alloc(sizeof(*s));
	s->id = id;
	s->lx = ledger_begin(t->ledger, t->at.lane->index, t->at.conn, at_ns);
	ledger_stream(t->ledger, s->lx, id);
	s->next = *bucket;
	*bucket = s;
	t->open++;
	return s;
}

static void
h2_close(struct tap_h2 *t, struct h2_stream *s, uint64_t at_ns)
{
	struct h2_stream **at = bucket_of(t, s->id);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	t->open--;
	ledger_done(t->ledger, s->lx, at_ns);
	free(s);
}

static void
end_request(struct tap_h2 *t, struct h2_stream *s, enum lx_end how,
	    uint64_t at_ns)
{
	s->asked = true;
	ledger_end(t->ledger, s->lx, LX_REQUEST, how, at_ns);
}

static void
end_response(struct tap_h2 *t, struct h2_stream *s, enum lx_end how,
	     uint64_t at_ns)
{
	s->answered = true;
	ledger_end(t->ledger, s->lx, LX_RESPONSE, how, at_ns);
}

/* Its side said that this was all. */
static void
told_end(const struct told *e, struct h2_stream *s, enum lx_side side)
{
	if (!e->ev->end)
		return;
	if (side == LX_REQUEST && !s->asked)
		end_request(e->t, s, LX_COMPLETE, e->at_ns);
	else if (side == LX_RESPONSE && !s->answered)
		end_response(e->t, s, LX_COMPLETE, e->at_ns);
	if (s->asked && s->answered)
		h2_close(e->t, s, e->at_ns);
}

/* ---- events ---------------------------------------------------------------- */

static struct h2_stream *
told_request(const struct told *e)
{
	struct tap_h2 *t = e->t;
	struct h2_stream *s = h2_open(t, e->ev->stream, e->at_ns);

	if (!s)
		return NULL;
	s->sized = http1_field(e->ev->head, "content-length") != NULL;
	ledger_stream_head(t->ledger, s->lx, LX_REQUEST, e->ev->head,
			   e->at_ns);
	(void)ledger_request_head(t->ledger, s->lx, e->ev->head,
				  t->at.session);
	return s;
}

static void
told_promise(const struct told *e)
{
	struct h2_stream *s = told_request(e);

	if (s)
		end_request(e->t, s, LX_COMPLETE, e->at_ns);
}

static void
told_answer(const struct told *e, struct h2_stream *s)
{
	struct ledger *l = e->t->ledger;

	ledger_stream_head(l, s->lx, LX_RESPONSE, e->ev->head, e->at_ns);
	ledger_response_head(l, s->lx, e->ev->head, e->at_ns);
	told_end(e, s, LX_RESPONSE);
}

/* The service has answered whole and wants no more of the call (RFC 9113
 * §8.1): it ends here, unless that is amid a body of known length. */
static void
told_enough(const struct told *e, struct h2_stream *s)
{
	end_request(e->t, s, s->sized ? LX_FIN : LX_COMPLETE, e->at_ns);
	h2_close(e->t, s, e->at_ns);
}

/* The side gives the stream up.  A service that refuses it has not begun. */
static void
told_reset(const struct told *e, struct h2_stream *s, enum lx_side side)
{
	const struct stream_error why = { .code = e->ev->code };
	struct tap_h2 *t = e->t;

	if (side == LX_RESPONSE && s->answered) {
		told_enough(e, s);
		return;
	}
	ledger_stream_error(t->ledger, s->lx, side, &why, e->at_ns);
	if (side == LX_REQUEST)
		end_request(t, s, LX_RST, e->at_ns);
	else
		end_response(t, s, why.code == REFUSED_STREAM ? LX_DECLINED :
			     LX_RST, e->at_ns);
	h2_close(t, s, e->at_ns);
}

/* The service serves no stream behind that one. */
static void
told_goaway(const struct told *e)
{
	const struct stream_error why = { true, e->ev->code };
	struct tap_h2 *t = e->t;
	struct h2_stream *next;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct h2_stream *s = t->buckets[i]; s; s = next) {
			next = s->next;
			if (s->id % 2 == 0 || s->id <= e->ev->stream)
				continue;
			ledger_stream_error(t->ledger, s->lx, LX_RESPONSE,
					    &why, e->at_ns);
			if (!s->answered)
				end_response(t, s, why.code == NO_ERROR ?
					     LX_DECLINED : LX_RST, e->at_ns);
			h2_close(t, s, e->at_ns);
		}
	}
}

static void
told_bad(struct tap_h2 *t, uint64_t at_ns)
{
	struct lx *x;

	t->opaque = true;
	t->at.proxy->stats.undecoded++;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct h2_stream *s = t->buckets[i]; s; s = s->next)
			ledger_opaque(t->ledger, s->lx, http2_why(t->h));
	if (t->open > 0)
		return;
	/* Somebody must say why nothing more is seen. */
	x = ledger_begin(t->ledger, t->at.lane->index, t->at.conn, at_ns);
	ledger_opaque(t->ledger, x, http2_why(t->h));
	ledger_end(t->ledger, x, LX_REQUEST, LX_COMPLETE, at_ns);
	ledger_end(t->ledger, x, LX_RESPONSE, LX_COMPLETE, at_ns);
	ledger_done(t->ledger, x, at_ns);
}

static void
told_on_stream(const struct told *e, enum http2_kind kind, enum lx_side side)
{
	struct h2_stream *s = h2_find(e->t, e->ev->stream);
	struct ledger *l = e->t->ledger;

	if (!s && kind == HTTP2_REQUEST)
		s = told_request(e);
	else if (kind == HTTP2_REQUEST)
		return;		/* a second one: nobody knows what it means */
	if (!s)			/* over, or never seen */
		return;
	switch (kind) {
	case HTTP2_INTERIM:
	case HTTP2_RESPONSE:
		told_answer(e, s);
		return;
	case HTTP2_TRAILERS:
		ledger_stream_trailers(l, s->lx, side, e->ev->head, e->at_ns);
		break;
	case HTTP2_DATA:
		ledger_stream_data(l, s->lx, side, e->ev->data, e->at_ns);
		break;
	case HTTP2_RESET:
		told_reset(e, s, side);
		return;
	case HTTP2_REQUEST:
	case HTTP2_PROMISE:
	case HTTP2_GOAWAY:
	case HTTP2_MORE:
	case HTTP2_BAD:
		break;
	}
	told_end(e, s, side);
}

void
tap_h2_read(struct tap_h2 *t, enum lx_side side, struct slice in,
	    uint64_t at_ns)
{
	enum http2_side from =
		side == LX_REQUEST ? HTTP2_CLIENT : HTTP2_SERVER;
	struct http2_event ev;
	struct told e = { .t = t, .ev = &ev, .at_ns = at_ns };
	enum http2_kind kind;
	size_t used;

	while (!t->opaque) {
		kind = http2_next(t->h, from, in, &used, &ev);
		in = slice_from(in, used);
		if (kind == HTTP2_MORE)
			return;
		if (kind == HTTP2_BAD)
			told_bad(t, at_ns);
		else if (kind == HTTP2_PROMISE)
			told_promise(&e);
		else if (kind != HTTP2_GOAWAY)
			told_on_stream(&e, kind, side);
		else if (side == LX_RESPONSE)
			told_goaway(&e);
	}
}

/* ---- the connection's end --------------------------------------------------- */

/* As HTTP/1.1's: a half-close behind a complete request is no end. */
static void
client_end(struct tap_h2 *t, struct h2_stream *s, enum lx_end how, uint64_t at_ns)
{
	if (!s->asked || (how == LX_RST && !s->answered))
		end_request(t, s, how, at_ns);
}

static void
server_end(struct tap_h2 *t, struct h2_stream *s, enum lx_end how, uint64_t at_ns)
{
	if (s->answered)
		return;
	if (how == LX_RST || !t->client_left)
		end_response(t, s, how, at_ns);
	else	/* it did not wait: a service that stops is right */
		end_request(t, s, LX_FIN, at_ns);
}

void
tap_h2_end(struct tap_h2 *t, enum lx_side side, enum lx_end how,
	   uint64_t at_ns)
{
	if (side == LX_REQUEST)
		t->client_left = true;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct h2_stream *s = t->buckets[i]; s; s = s->next) {
			if (side == LX_REQUEST)
				client_end(t, s, how, at_ns);
			else
				server_end(t, s, how, at_ns);
		}
	}
}

void
tap_h2_refused(struct tap_h2 *t, const char *why, uint64_t at_ns)
{
	if (!t->any)
		(void)h2_open(t, 1, at_ns);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct h2_stream *s = t->buckets[i]; s; s = s->next) {
			if (why)
				ledger_opaque(t->ledger, s->lx, why);
			if (!s->answered)
				end_response(t, s, LX_REFUSED, at_ns);
		}
	}
}

bool
tap_h2_in_request(const struct tap_h2 *t)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct h2_stream *s = t->buckets[i]; s; s = s->next)
			if (!s->asked)
				return true;
	return !t->any && !t->opaque;
}

void
tap_h2_destroy(struct tap_h2 *t, uint64_t at_ns)
{
	if (!t)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (t->buckets[i])
			h2_close(t, t->buckets[i], at_ns);
	http2_destroy(t->h);
	free(t);
}
