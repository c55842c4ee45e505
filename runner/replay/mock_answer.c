/* Recorded answers and stubs as bytes. */
#include "mock_answer.h"

#include "key_set.h"

#include <dvr/scrub/scrub.h>

static bool
says_close(const struct message *m)
{
	const struct header *h = headers_find(&m->headers, "Connection");

	return h != NULL && slice_ifind(h->value, SLICE("close")) >= 0;
}

static enum answer_then
then_of(const struct message *m)
{
	switch (m->end) {
	case END_COMPLETE:
		break;
	case END_FIN:
		return THEN_CLOSE;
	case END_RST:
	case END_REFUSED:
	case END_RESET:
	case END_GOAWAY:
		return THEN_RESET;
	case END_OPEN:
	case END_TIMEOUT:
		return THEN_HANG;
	}
	if (!m->present)
		return THEN_RESET;
	if (m->framing == FRAMING_CLOSE || says_close(m))
		return THEN_CLOSE;
	return m->framing == FRAMING_TUNNEL ? THEN_HANG : THEN_KEEP;
}

enum answer_then
answer_recorded(const struct exchange *x, const struct scrub_values *v,
		const struct mint *keys, struct buf *out)
{
	struct arena *a = arena_create();
	struct message with_keys;

	/* 100 was sent when it was asked for. */
	for (size_t i = 0; i < x->ninterim; i++)
		if (message_status(&x->interim[i]) != 100)
			scrub_print_live(v, &x->interim[i], out);
	if (x->response.present)
		scrub_print_live(v, key_set_add(keys, a, &x->response,
						&with_keys) ?
				 &with_keys : &x->response, out);
	arena_destroy(a);
	return then_of(&x->response);
}

/* Fields that the stub's framing is made of by us. */
static bool
frames(struct slice line)
{
	return slice_istarts(line, SLICE("content-length:")) ||
	       slice_istarts(line, SLICE("transfer-encoding:"));
}

enum answer_then
answer_stub(const struct plan_stub *s, bool head_only, struct buf *out)
{
	bool bodiless = s->status == 204 || s->status == 304;

	buf_fmt(out, "HTTP/1.1 %u Stub\r\n", s->status ? s->status : 200);
	for (size_t i = 0; i < s->nheaders; i++) {
		if (frames(s->headers[i]))
			continue;
		buf_add(out, s->headers[i]);
		buf_adds(out, "\r\n");
	}
	if (!bodiless)
		buf_fmt(out, "Content-Length: %zu\r\n", s->body.n);
	buf_adds(out, "\r\n");
	if (!head_only && !bodiless)
		buf_add(out, s->body);
	return THEN_KEEP;
}
