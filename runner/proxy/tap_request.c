/* The tap on what the client sends: requests, and the edits in them. */
#include "tap_state.h"

#include "inject.h"

static bool
edit_fits(struct pass *s, const struct http1_head *h,
	  const struct injection *in)
{
	const struct buf *b = &s->t->proxy->edited;
	/* What is appended beside the id: two names and a trace id. */
	size_t more = h->raw.n + s->t->held.n + in->correlation.n +
		      in->traceparent.n + 256;

	return b->n + (s->pos - s->sent) + more < b->limit - s->in.n;
}

/* The head ends at s->pos; what was read of it so far is sent now, edited. */
static void
edit(struct pass *s, const struct injection *in)
{
	struct tap *t = s->t;
	const struct http1_head *h = &t->req.head;
	struct buf *out = &t->proxy->edited;
	bool added;

	if (!inject_allowed(h) || !edit_fits(s, h, in) ||
	    (!in->host && s->pos < 2)) {
		t->proxy->stats.not_injected++;
		buf_add(out, buf_slice(&t->held));
		buf_clear(&t->held);
		return;
	}
	if (in->host || in->decline_h2c) {
		size_t from = t->held.n ? 0 : s->pos - h->raw.n;

		buf_add(out, slice_range(s->in, s->sent, from));
		added = inject_head(in, h, out);
		buf_clear(&t->held);
	} else {
		buf_add(out, slice_range(s->in, s->sent, s->pos - 2));
		added = inject_lines(in, h, out);
		buf_adds(out, "\r\n");
	}
	s->sent = s->pos;
	if (added)
		ledger_injected(t->ledger, t->asking->lx);
}

/* A head that came in pieces has gone out in pieces, unless it was held. */
static bool
may_decline(const struct pass *s)
{
	const struct http1_head *h = &s->t->req.head;
	bool here = s->pos >= h->raw.n && s->pos - h->raw.n >= s->sent;

	return s->edits && (s->t->held.n || here) && inject_allowed(h) &&
	       inject_asks_h2c(h);
}

static void
request_head(struct pass *s)
{
	struct tap *t = s->t;
	struct open_exchange *x = t->asking;
	const struct http1_head *h = &t->req.head;
	struct injection in = { .host = t->lane->host_field };
	struct slice id;

	x->head_read = true;
	if (slice_eq(h->method, SLICE("HEAD")))
		x->method = SLICE("HEAD");
	else if (slice_eq(h->method, SLICE("CONNECT")))
		x->method = SLICE("CONNECT");
	x->wants_tunnel = h->upgrade || slice_eq(x->method, SLICE("CONNECT"));
	id = ledger_request_head(t->ledger, x->lx, h, t->session);
	if (t->lane->inject && id.n) {
		in.correlation = id;
		in.traceparent = ledger_traceparent(t->ledger, x->lx);
	}
	if (may_decline(s)) {
		in.decline_h2c = true;
		x->wants_tunnel = false;
		ledger_note(t->ledger, x->lx, "Upgrade: h2c was not passed on");
	}
	if (s->edits && (in.correlation.n || in.host || in.decline_h2c))
		edit(s, &in);
}

/* False: there is nothing (more) that would begin a request. */
static bool
request_begin(struct pass *s)
{
	struct tap *t = s->t;
	size_t i = s->pos;

	if (t->last && t->last->wants_tunnel && s->pos < s->in.n) {
		t->early = true;
		s->pos = s->in.n;
		pass_tell(s, t->last);
	}
	while (i < s->in.n && (s->in.p[i] == '\r' || s->in.p[i] == '\n'))
		i++;
	/* Empty lines alone (RFC 9112 §2.2) are no request. */
	if (i == s->in.n) {
		s->pos = s->told = i;
		return false;
	}
	t->asking = tap_begin(t, s->at_ns);
	s->begun = s->pos;
	return true;
}

static void
request_complete(struct pass *s)
{
	struct tap *t = s->t;
	struct open_exchange *x = t->asking;

	t->asking = NULL;
	x->req_read = true;
	x->req_end_ns = s->at_ns;
	if (!x->wants_tunnel)
		tap_tell_request_end(t, x);
	if (x->resp_told && !x->opaque)
		tap_give_back(t, x, s->at_ns);
}

static bool
request_step(struct pass *s)
{
	struct tap *t = s->t;

	if (!t->asking && !request_begin(s))
		return false;
	switch (pass_decode(s, &t->req)) {
	case HTTP1_MORE:
		pass_tell(s, t->asking);
		return false;
	case HTTP1_HEAD:
		pass_tell(s, t->asking);
		request_head(s);
		return true;
	case HTTP1_BODY:
	case HTTP1_CHUNK:
	case HTTP1_TRAILERS:
		return true;
	case HTTP1_END:
		pass_tell(s, t->asking);
		request_complete(s);
		return true;
	case HTTP1_OPAQUE:
		t->req_raw = true;
		return false;
	case HTTP1_BAD:
		t->req_raw = true;
		t->proxy->stats.undecoded++;
		tap_go_opaque(t, t->asking, t->req.why);
		return false;
	}
	return false;
}

static void
request_out(struct pass *s, struct tap_out *out)
{
	struct tap *t = s->t;
	struct buf *edited = &t->proxy->edited;

	if (t->lane->host_field && t->asking && !t->asking->head_read &&
	    !t->req_raw) {
		/* Host may still come: the head waits until it is whole. */
		buf_add(edited, slice_range(s->in, s->sent, s->begun));
		buf_add(&t->held, slice_from(s->in, s->begun));
		s->sent = s->in.n;
	} else if (t->held.n) {
		buf_add(edited, buf_slice(&t->held));
		buf_clear(&t->held);
	}
	out->edited = buf_slice(edited);
	out->tail = slice_from(s->in, s->sent);
}

void
tap_request_http1(struct tap *t, struct slice in, uint64_t at_ns,
		  struct tap_out *out)
{
	struct pass s = { .t = t, .in = in, .at_ns = at_ns,
			  .side = LX_REQUEST, .edits = out != NULL };

	buf_clear(&t->proxy->edited);
	while (!t->req_raw && request_step(&s))
		;
	if (t->req_raw)
		pass_tell_rest(&s);
	if (out)
		request_out(&s, out);
}

/* It did not wait for the answers to what it had asked completely. */
static void
client_gone(struct tap *t, const struct open_exchange *asking, uint64_t at_ns)
{
	for (struct open_exchange *x = t->first; x; x = x->next)
		if (x != asking && !x->opaque && !x->resp_told)
			tap_tell_left(t, x, LX_RST, at_ns);
}

void
tap_request_end_http1(struct tap *t, enum lx_end how, uint64_t at_ns,
		      struct tap_out *out)
{
	struct open_exchange *x = t->asking;

	buf_clear(&t->proxy->edited);
	buf_add(&t->proxy->edited, buf_slice(&t->held));
	buf_clear(&t->held);
	*out = (struct tap_out){ .edited = buf_slice(&t->proxy->edited) };
	t->client_left = true;
	t->asking = NULL;
	if (how == LX_RST)
		client_gone(t, x, at_ns);
	if (!x && t->req_raw)
		x = t->last;
	if (!x)
		return;
	if (t->websocket ? tap_websocket_closed(t->websocket) :
	    how == LX_FIN && x->opaque)	/* nobody can tell what is missing */
		tap_tell_end(t, x, LX_REQUEST, LX_COMPLETE, at_ns);
	else
		tap_tell_left(t, x, how, at_ns);
	x->req_read = true;
	if (x->resp_told)
		tap_give_back(t, x, at_ns);
}
