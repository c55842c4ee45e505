/* Which protocol a connection speaks, told by the client's first bytes. */
#include "tap_state.h"

#include <dvr/wire/http2.h>

static void
decide(struct tap *t, enum tap_protocol protocol)
{
	const struct tap_h2_where where = {
		.proxy = t->proxy, .lane = t->lane, .conn = t->conn,
		.session = t->session,
	};

	t->protocol = protocol;
	if (protocol == TAP_HTTP2)
		t->h2 = tap_h2_create(&where);
	if (t->early_answer.n > 0)
		tap_response(t, buf_slice(&t->early_answer), t->early_ns);
	buf_clear(&t->early_answer);
}

/* The client says no more of it: what it began with is no preface. */
static void
decide_without_more(struct tap *t, uint64_t at_ns)
{
	if (t->protocol != TAP_UNDECIDED)
		return;
	decide(t, TAP_HTTP1);
	if (t->opening.n > 0)
		tap_request_http1(t, buf_slice(&t->opening), at_ns, NULL);
}

/*
 * False as long as the bytes may still become a preface; they are held back,
 * one letter of "POST" as a rule.  *in is then all that was held, too.
 */
static bool
decided(struct tap *t, struct slice *in)
{
	int preface;

	if (t->protocol != TAP_UNDECIDED)
		return true;
	if (t->opening.n > 0) {
		buf_add(&t->opening, *in);
		*in = buf_slice(&t->opening);
	}
	preface = http2_preface(*in);
	if (preface == 0) {
		if (t->opening.n == 0)
			buf_add(&t->opening, *in);
		return false;
	}
	decide(t, preface > 0 ? TAP_HTTP2 : TAP_HTTP1);
	return true;
}

void
tap_request(struct tap *t, struct slice in, uint64_t at_ns,
	    struct tap_out *out)
{
	if (!decided(t, &in)) {
		if (out)
			*out = (struct tap_out){ .tail = { .n = 0 } };
		return;
	}
	if (t->protocol == TAP_HTTP1) {
		tap_request_http1(t, in, at_ns, out);
		return;
	}
	if (out)
		*out = (struct tap_out){ .tail = in };
	tap_h2_read(t->h2, LX_REQUEST, in, at_ns);
}

void
tap_response(struct tap *t, struct slice in, uint64_t at_ns)
{
	if (t->protocol == TAP_UNDECIDED) {
		if (t->early_answer.n == 0)
			t->early_ns = at_ns;
		if (in.n <= TAP_EARLY_MAX - t->early_answer.n) {
			buf_add(&t->early_answer, in);
			return;
		}
		decide_without_more(t, at_ns);
	}
	if (t->protocol == TAP_HTTP1)
		tap_response_http1(t, in, at_ns);
	else
		tap_h2_read(t->h2, LX_RESPONSE, in, at_ns);
}

void
tap_request_end(struct tap *t, enum lx_end how, uint64_t at_ns,
		struct tap_out *out)
{
	struct slice held = t->protocol == TAP_UNDECIDED ?
		buf_slice(&t->opening) : SLICE("");

	decide_without_more(t, at_ns);
	*out = (struct tap_out){ .tail = held };
	if (t->protocol == TAP_HTTP2) {
		tap_h2_end(t->h2, LX_REQUEST, how, at_ns);
		return;
	}
	tap_request_end_http1(t, how, at_ns, out);
	out->tail = held;
}

void
tap_response_end(struct tap *t, enum lx_end how, uint64_t at_ns)
{
	decide_without_more(t, at_ns);
	if (t->protocol == TAP_HTTP1)
		tap_response_end_http1(t, how, at_ns);
	else
		tap_h2_end(t->h2, LX_RESPONSE, how, at_ns);
}

void
tap_refused(struct tap *t, const char *why, uint64_t at_ns)
{
	decide_without_more(t, at_ns);
	if (t->protocol == TAP_HTTP2) {
		tap_h2_refused(t->h2, why, at_ns);
		return;
	}
	if (!t->first)
		tap_begin(t, at_ns);
	for (struct open_exchange *x = t->first; x; x = x->next) {
		if (why)
			tap_go_opaque(t, x, why);
		tap_tell_request_end(t, x);
		tap_tell_end(t, x, LX_RESPONSE, LX_REFUSED, at_ns);
	}
}

void
tap_close(struct tap *t, uint64_t at_ns)
{
	decide_without_more(t, at_ns);
}
