/* Compares what a WebSocket's server said, message by message. */
#include "compare.h"

/* Places count a side's messages as the scrubber's do, control frames among
 * them; these are compared by their order among the data alone. */
struct spoken {
	const struct exchange *x;
	size_t at;			/* in x->messages */
	size_t nth;			/* of the server's, from 0 */
};

static bool
is_data(const struct stream_message *m)
{
	return m->kind == STREAM_TEXT || m->kind == STREAM_BINARY;
}

/* The server's next data message; NULL: no more. */
static const struct stream_message *
next_of(struct spoken *s)
{
	while (s->at < s->x->nmessages) {
		const struct stream_message *m = &s->x->messages[s->at++];

		if (m->from != FROM_SERVER)
			continue;
		s->nth++;
		if (is_data(m))
			return m;
	}
	return NULL;
}

static int
pass_by(void *arg, const struct field *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static bool
is_json(struct slice payload)
{
	struct arena *a = arena_create();
	bool is = field_walk(field_format_named("json"), a, payload, pass_by,
			     NULL) == FIELD_OK;

	arena_wipe(a);
	return is;
}

/* Messages have no type of their own.  What is JSON on one side is not shown as
 * text where it is none on the other. */
static void
compare_payload(struct comparison *c, const struct stream_message *want,
		const struct stream_message *got)
{
	bool json = is_json(want->payload) || is_json(got->payload);
	struct header type = header_of_line(json ?
		SLICE("content-type: application/json") :
		SLICE("content-type: application/octet-stream"));
	struct message recorded = {
		.present = true, .headers = { &type, 1 },
		.body = want->payload, .body_bytes = want->payload.n,
	};
	struct message live = recorded;

	live.body = got->payload;
	live.body_bytes = got->payload.n;
	compare_body(c, &recorded, &live);
}

static struct slice
size_of(const struct comparison *c, const struct stream_message *m)
{
	return m ? arena_fmt(c->a, "(a message of %zu bytes)", m->payload.n)
		 : SLICE("(none)");
}

void
compare_exchange(struct comparison *c, const struct exchange *want,
		 const struct exchange *got)
{
	compare_answer(c, &want->response, &got->response);
	if (want->protocol == PROTOCOL_WEBSOCKET)
		compare_messages(c, want, got);
}

void
compare_messages(struct comparison *c, const struct exchange *want,
		 const struct exchange *got)
{
	struct spoken a = { .x = want }, b = { .x = got };
	const struct stream_message *w, *g;
	struct place p = { .exchange = c->exchange, .side = PLACE_RESPONSE,
			   .part = PLACE_BODY };

	for (;;) {
		w = next_of(&a);
		g = next_of(&b);
		if (!w && !g)
			break;
		c->under = arena_fmt(c->a, "/%zu", (w ? a.nth : b.nth) - 1);
		p.name = c->under;
		if (w && g && w->withheld.n == 0)
			compare_payload(c, w, g);
		else if (!(w && g) && !compare_masked(c, &p))
			compare_add(c, w ? RISK_HIGH : RISK_LOW, &p,
				    size_of(c, w), size_of(c, g));
	}
	c->under = SLICE("");
}
