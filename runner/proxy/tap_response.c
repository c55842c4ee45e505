/* The tap on what the target answers. */
#include "tap_state.h"

/* False: no bytes are left, or none that a decoder should see. */
static bool
response_begin(struct pass *s)
{
	struct tap *t = s->t;
	struct open_exchange *x = tap_unanswered(t);

	if (s->pos == s->in.n)
		return false;
	if (!x) {
		x = tap_begin(t, s->at_ns);
		tap_go_opaque(t, x, "the server spoke without a request");
		t->req_raw = true;
		t->proxy->stats.undecoded++;
	}
	if (x->opaque) {
		t->resp_raw = true;
		return false;
	}
	http1_answers(&t->resp, x->method);
	t->answered = x;
	return true;
}

/* Behind this head nothing is HTTP any more. */
static void
begin_tunnel(struct pass *s, const struct http1_head *h)
{
	struct tap *t = s->t;
	struct open_exchange *x = t->answered;

	/* A client that spoke before it was answered did not follow the
	 * handshake: where its frames begin cannot be told. */
	if (!t->early)
		t->websocket = tap_websocket_create(h);
	tap_go_opaque(t, x, t->websocket ? NULL : "a tunnel");
	t->req_raw = t->resp_raw = true;
}

static void
response_head(struct pass *s)
{
	struct tap *t = s->t;
	struct open_exchange *x = t->answered;
	const struct http1_head *h = &t->resp.head;
	bool tunnel = h->framing == HTTP1_TUNNEL;

	ledger_response_head(t->ledger, x->lx, h, s->at_ns);
	t->interim = h->status < 200 && !tunnel;
	if (t->interim)
		return;
	x->wants_tunnel = false;
	if (tunnel) {
		begin_tunnel(s, h);
		return;
	}
	if (t->early) {
		tap_go_opaque(t, x, "bytes behind a declined upgrade");
		t->req_raw = true;
		t->resp_raw = false;
		return;
	}
	tap_tell_request_end(t, x);
}

static void
response_complete(struct tap *t, struct open_exchange *x, uint64_t at_ns)
{
	t->answered = NULL;
	if (t->interim)
		return;
	tap_tell_end(t, x, LX_RESPONSE, LX_COMPLETE, at_ns);
	if (x->opaque)
		t->resp_raw = true;
	else if (x->req_read)
		tap_give_back(t, x, at_ns);
}

static bool
response_step(struct pass *s)
{
	struct tap *t = s->t;

	if (!t->answered && !response_begin(s))
		return false;
	switch (pass_decode(s, &t->resp)) {
	case HTTP1_MORE:
		pass_tell(s, t->answered);
		return false;
	case HTTP1_HEAD:
		pass_tell(s, t->answered);
		response_head(s);
		return true;
	case HTTP1_BODY:
	case HTTP1_CHUNK:
	case HTTP1_TRAILERS:
		return true;
	case HTTP1_END:
		pass_tell(s, t->answered);
		response_complete(t, t->answered, s->at_ns);
		return true;
	case HTTP1_OPAQUE:
		t->resp_raw = true;
		return false;
	case HTTP1_BAD:
		t->resp_raw = t->req_raw = true;
		t->proxy->stats.undecoded++;
		tap_go_opaque(t, t->answered, t->resp.why);
		return false;
	}
	return false;
}

/* "HTTP/1.1 5": one look at the beginning of each read, no parsing. */
static bool
begins_5xx(struct slice in)
{
	return in.n > 12 && slice_starts(in, SLICE("HTTP/1.")) &&
	       in.p[8] == ' ' && in.p[9] == '5' && in.p[12] == ' ';
}

void
tap_response_http1(struct tap *t, struct slice in, uint64_t at_ns)
{
	struct pass s = { .t = t, .in = in, .at_ns = at_ns,
			  .side = LX_RESPONSE };

	while (!t->resp_raw && response_step(&s))
		;
	if (!t->resp_raw)
		return;
	if (begins_5xx(slice_from(in, s.told)))
		t->proxy->stats.undecoded_5xx++;
	pass_tell_rest(&s);
}

/* Is the server's end one that tells nothing about what it did? */
static bool
ends_well(const struct tap *t, const struct open_exchange *x, enum lx_end how)
{
	if (t->websocket && x == t->last)
		return tap_websocket_closed(t->websocket) ||
		       (how == LX_FIN && t->client_left);
	return how == LX_FIN && x->opaque;
}

void
tap_response_end_http1(struct tap *t, enum lx_end how, uint64_t at_ns)
{
	struct open_exchange *next;

	if (t->answered && !t->resp_raw && how == LX_FIN &&
	    http1_eof(&t->resp) == HTTP1_END)
		response_complete(t, t->answered, at_ns);
	for (struct open_exchange *x = t->first; x; x = next) {
		next = x->next;
		if (x->resp_told)
			continue;
		if (ends_well(t, x, how))
			tap_tell_end(t, x, LX_RESPONSE, LX_COMPLETE, at_ns);
		else if (how == LX_RST || !t->client_left)
			tap_tell_end(t, x, LX_RESPONSE, how, at_ns);
		else	/* it did not wait: a service that stops is right */
			tap_tell_left(t, x, LX_FIN, at_ns);
		if (x->req_read && !x->opaque)
			tap_give_back(t, x, at_ns);
	}
}
