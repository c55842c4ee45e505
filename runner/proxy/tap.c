/* A connection's exchanges: begun, told to the ledger, given back. */
#include "tap_state.h"

#include <dvr/base/mem.h>
#include <dvr/wire/http2.h>

#include <stdlib.h>

struct tap *
tap_create(struct proxy *p, struct lane *lane, uint64_t conn,
	   const char *session)
{
	struct tap *t = mem_alloc(sizeof(*t));

	t->proxy = p;
	t->ledger = p->ledger;
	t->lane = lane;
	t->conn = conn;
	t->session = session;
	http1_init(&t->req, HTTP1_REQUEST);
	http1_init(&t->resp, HTTP1_RESPONSE);
	buf_init(&t->held, HTTP1_HEAD_MAX + RELAY_READ_BYTES);
	buf_init(&t->opening, HTTP2_PREFACE_BYTES + RELAY_READ_BYTES);
	buf_init(&t->early_answer, TAP_EARLY_MAX);
	return t;
}

bool
tap_in_request(const struct tap *t)
{
	switch (t->protocol) {
	case TAP_UNDECIDED:
		return t->opening.n > 0;
	case TAP_HTTP1:
		return t->asking != NULL;
	case TAP_HTTP2:
		return tap_h2_in_request(t->h2);
	}
	return false;
}

bool
tap_idle(const struct tap *t)
{
	return !t->first && (!t->h2 || tap_h2_idle(t->h2));
}

/* ---- exchanges ---------------------------------------------------------- */

struct open_exchange *
tap_begin(struct tap *t, uint64_t at_ns)
{
	struct open_exchange *x = mem_alloc(sizeof(*x));

	x->lx = ledger_begin(t->ledger, t->lane->index, t->conn, at_ns);
	if (t->last)
		t->last->next = x;
	else
		t->first = x;
	t->last = x;
	return x;
}

void
tap_tell_request_end(struct tap *t, struct open_exchange *x)
{
	if (!x->req_read || x->req_told)
		return;
	x->req_told = true;
	ledger_end(t->ledger, x->lx, LX_REQUEST, LX_COMPLETE, x->req_end_ns);
}

void
tap_tell_left(struct tap *t, struct open_exchange *x, enum lx_end how,
	      uint64_t at_ns)
{
	tap_tell_request_end(t, x);
	if (x->left_told)
		return;
	x->left_told = x->req_told = true;
	ledger_end(t->ledger, x->lx, LX_REQUEST, how, at_ns);
}

void
tap_tell_end(struct tap *t, struct open_exchange *x, enum lx_side side,
	 enum lx_end how, uint64_t at_ns)
{
	bool *told = side == LX_REQUEST ? &x->req_told : &x->resp_told;

	if (*told)
		return;
	*told = true;
	ledger_end(t->ledger, x->lx, side, how, at_ns);
}

void
tap_give_back(struct tap *t, struct open_exchange *x, uint64_t at_ns)
{
	struct open_exchange **at = &t->first, *before = NULL;

	tap_tell_request_end(t, x);
	while (*at != x) {
		before = *at;
		at = &before->next;
	}
	*at = x->next;
	if (t->last == x)
		t->last = before;
	if (t->asking == x)
		t->asking = NULL;
	if (t->answered == x)
		t->answered = NULL;
	ledger_done(t->ledger, x->lx, at_ns);
	free(x);
}

struct open_exchange *
tap_unanswered(const struct tap *t)
{
	struct open_exchange *x = t->first;

	while (x && x->resp_told)
		x = x->next;
	return x;
}

void
tap_go_opaque(struct tap *t, struct open_exchange *x, const char *why)
{
	if (!x->opaque)
		ledger_opaque(t->ledger, x->lx, why);
	x->opaque = true;
}

/* Whose are bytes that are not decoded? */
static struct open_exchange *
raw_exchange(struct pass *s)
{
	struct tap *t = s->t;
	struct open_exchange *x = t->last;

	if (s->side == LX_RESPONSE && tap_unanswered(t))
		x = tap_unanswered(t);
	if (!x)
		x = tap_begin(t, s->at_ns);
	tap_go_opaque(t, x, "bytes outside any message");
	return x;
}

void
pass_tell(struct pass *s, struct open_exchange *x)
{
	if (s->pos > s->told)
		ledger_bytes(s->t->ledger, x->lx, s->side,
			     slice_range(s->in, s->told, s->pos), s->at_ns);
	s->told = s->pos;
}

void
pass_tell_rest(struct pass *s)
{
	struct slice rest = slice_from(s->in, s->told);
	struct tap *t = s->t;
	struct open_exchange *x;
	unsigned code;

	if (rest.n == 0)
		return;
	s->pos = s->in.n;
	x = raw_exchange(s);
	pass_tell(s, x);
	if (!t->websocket)
		return;
	code = tap_websocket_read(t->websocket, s->side, rest);
	if (code > 0)
		ledger_websocket_close(t->ledger, x->lx, code, s->at_ns);
}

enum http1_event
pass_decode(struct pass *s, struct http1_decoder *d)
{
	struct slice span;
	size_t used;
	enum http1_event ev;

	ev = http1_next(d, slice_from(s->in, s->pos), &used, &span);
	s->pos += used;
	return ev;
}

/* ---- end ---------------------------------------------------------------- */

void
tap_destroy(struct tap *t, uint64_t at_ns)
{
	if (!t)
		return;
	tap_close(t, at_ns);
	while (t->first)
		tap_give_back(t, t->first, at_ns);
	tap_h2_destroy(t->h2, at_ns);
	tap_websocket_destroy(t->websocket);
	http1_release(&t->req);
	http1_release(&t->resp);
	buf_release(&t->held);
	buf_release(&t->opening);
	buf_release(&t->early_answer);
	free(t);
}
