/* What the proxy's taps report: exchanges begin, carry bytes, and end. */
#include "snapshots.h"

#include <dvr/base/mem.h>
#include <dvr/wire/grpc.h>
#include <dvr/wire/websocket.h>

#include <string.h>

struct lx *
ledger_begin(struct ledger *l, uint32_t lane, uint64_t conn, uint64_t at_ns)
{
	struct lx *x = lx_new(l, at_ns);

	l->stats.exchanges++;
	if (!x)
		return &l->nowhere;
	x->seq = ++l->seq;
	x->conn = conn;
	x->lane = (uint16_t)lane;
	x->incarnation = l->incarnation;
	x->at_ns[LX_REQUEST] = at_ns;
	x->live->last_ns = at_ns;
	/* Until its head tells: a request that never has one is the run's. */
	session_join(l, l->run, x);
	if (lx_ingress(l, x)) {
		l->open_ingress++;
		deadline_begin(l, x);
	}
	return x;
}

void
lx_seen(struct lx *x, unsigned side, size_t n, uint64_t at_ns)
{
	if (side == LX_RESPONSE && !(x->flags & LXF_RESP_BYTES)) {
		x->flags |= LXF_RESP_BYTES;
		x->at_ns[LX_RESPONSE] = at_ns;
	}
	x->live->last_ns = at_ns;
	x->wire[side] += n;
	/* Where the other end's last byte was, until it is told. */
	x->end_ns[side] = at_ns;
}

void
ledger_bytes(struct ledger *l, struct lx *x, enum lx_side side,
	     struct slice bytes, uint64_t at_ns)
{
	if (x->flags & LXF_VOID) {
		l->stats.lost_bytes += bytes.n;
		return;
	}
	if (bytes.n == 0)
		return;
	lx_seen(x, side, bytes.n, at_ns);
	lx_store(l, x, side, bytes, at_ns);
}

static uint8_t
intern(struct ledger *l, const char *why)
{
	size_t i;

	for (i = 0; i < l->nnotes; i++)
		if (strcmp(l->notes[i], why) == 0)
			return (uint8_t)(i + 1);
	if (l->nnotes == ARRAY_LEN(l->notes))
		return 0;
	l->notes[l->nnotes++] = mem_strdup(why);
	return (uint8_t)l->nnotes;
}

/* Bytes of a head are kept whatever the caps say. */
static void
add_head(struct lx *x, unsigned side, const struct http1_head *h)
{
	x->heads[side] += (uint32_t)h->raw.n;
}

struct slice
ledger_request_head(struct ledger *l, struct lx *x, const struct http1_head *h,
		    const char *fixed_session)
{
	struct session *s = NULL;
	struct lx *cause;

	if (x->flags & LXF_VOID)
		return SLICE("");
	x->flags |= LXF_HEAD;
	add_head(x, LX_REQUEST, h);
	if (h->ambiguous)
		x->note = intern(l, h->ambiguous);
	if (lx_ingress(l, x)) {
		s = session_of(l, h, fixed_session);
	} else if ((cause = cause_find(l, h))) {
		x->cause = cause->seq;
		s = cause->session;
	}
	/* No room for its session: it stays with the run of the default
	 * namespace only when that is its own; another tenant's is lost. */
	if (s)
		session_join(l, s, x);
	else if (lx_ingress(l, x))
		x->flags |= LXF_STOP_REQ | LXF_STOP_RESP | LXF_LOST;
	cause_name(l, x, h);
	/* The head is not forwarded yet: the service has not seen it. */
	if (lx_ingress(l, x))
		snapshots_request(l, x);
	return slice_of(x->live->correlation, x->live->correlation_n);
}

struct slice
ledger_traceparent(struct ledger *l, struct lx *x)
{
	(void)l;
	if (x->flags & LXF_VOID)
		return SLICE("");
	return slice_str(x->live->traceparent);
}

void
ledger_injected(struct ledger *l, struct lx *x)
{
	(void)l;
	if (!(x->flags & LXF_VOID))
		x->flags |= LXF_INJECTED;
}

/* Answers that may rest for as long as they like once they have begun. */
static bool
is_event_stream(const struct http1_head *h)
{
	const struct http1_header *f = http1_field(h, "content-type");

	return f && (slice_istarts(f->value, SLICE("text/event-stream")) ||
		     grpc_type(f->value));
}

void
ledger_response_head(struct ledger *l, struct lx *x,
		     const struct http1_head *h, uint64_t at_ns)
{
	(void)at_ns;
	if (x->flags & LXF_VOID)
		return;
	add_head(x, LX_RESPONSE, h);
	if (h->ambiguous && !x->note)
		x->note = intern(l, h->ambiguous);
	if (h->status < 200 && h->status != 101)
		return;
	x->flags |= LXF_ANSWER;
	x->status = (uint16_t)h->status;
	lx_grpc_status(x, h);
	if (h->framing == HTTP1_TUNNEL || is_event_stream(h))
		x->flags |= LXF_ENDLESS;
	if (websocket_agreed(h))
		x->flags |= LXF_WEBSOCKET;
}

void
ledger_note(struct ledger *l, struct lx *x, const char *why)
{
	if (!(x->flags & LXF_VOID) && !x->note)
		x->note = intern(l, why);
}

void
ledger_opaque(struct ledger *l, struct lx *x, const char *why)
{
	if (x->flags & LXF_VOID)
		return;
	x->flags |= LXF_ENDLESS;
	if (why)
		ledger_note(l, x, why);
}

void
ledger_end(struct ledger *l, struct lx *x, enum lx_side side, enum lx_end how,
	   uint64_t at_ns)
{
	uint16_t flag = side == LX_REQUEST ? LXF_REQ_ENDED : LXF_RESP_ENDED;
	bool left;

	if (x->flags & LXF_VOID)
		return;
	left = side == LX_REQUEST && how != LX_COMPLETE;
	if (left && !(x->flags & LXF_RESP_ENDED))
		x->flags |= LXF_CLIENT_GONE;
	/* A client that leaves after its request was complete changes how the
	 * request's side ended; nothing else ends twice. */
	if ((x->flags & flag) && !(left && !(x->flags & LXF_RESP_ENDED)))
		return;
	x->flags |= flag;
	x->end[side] = (uint8_t)how;
	x->end_ns[side] = at_ns;
	if (side == LX_REQUEST) {
		x->live->last_ns = at_ns;
		return;
	}
	/* The service never saw it, so no tape misses it. */
	if (how == LX_REFUSED && lx_ingress(l, x)) {
		l->stats.ignored_refused++;
		session_uncount(x->session, x);
	}
	trigger_answered(l, x, how, at_ns);
}

void
ledger_done(struct ledger *l, struct lx *x, uint64_t at_ns)
{
	if (x->flags & LXF_VOID)
		return;
	deadline_end(l, x);
	if (!(x->flags & LXF_RESP_ENDED)) {
		/* Nobody waits for the answer any more. */
		if (x->end[LX_REQUEST] == LX_COMPLETE)
			x->end[LX_REQUEST] = LX_FIN;
		x->flags |= LXF_CLIENT_GONE | LXF_REQ_ENDED;
		x->end_ns[LX_RESPONSE] = at_ns;
		trigger_left(l, x, at_ns);
	}
	if (lx_ingress(l, x)) {
		l->open_ingress--;
		if (!lx_refused(x)) {
			l->last_ingress = lx_slot(l, x);
			l->last_ingress_seq = x->seq;
		}
	}
	lx_close(l, x);
	if (l->pending)
		settle_look(l, at_ns);
}
