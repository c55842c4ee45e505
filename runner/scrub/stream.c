/* Messages of gRPC calls and WebSockets: each payload is looked at as a body. */
#include "stream.h"

#include <dvr/field/protobuf.h>
#include <dvr/wire/grpc.h>

/* A call's type says how its messages are written; bytes as a rule. */
static struct slice
payload_type(struct slice type)
{
	if (grpc_type(type) && slice_ifind(type, SLICE("+json")) >= 0)
		return SLICE("application/json");
	return type;
}

/* What its sender's head says of a payload, in the words of a body's. */
static struct headers
payload_headers(struct job *j, const struct exchange *x,
		const struct stream_message *m)
{
	const struct message *side =
		m->from == FROM_CLIENT ? &x->request : &x->response;
	const struct header *type =
		headers_find(&side->headers, "content-type");
	const struct header *coding =
		headers_find(&side->headers, "grpc-encoding");
	struct headers h = { .v = arena_array(j->scratch, 2, sizeof(*h.v)) };

	if (x->protocol != PROTOCOL_HTTP2)
		return h;
	if (type)
		h.v[h.n++] = header_of_line(arena_fmt(j->scratch,
			"content-type: %.*s",
			SLICE_ARG(payload_type(type->value))));
	if (coding && m->kind == STREAM_COMPRESSED && m->decoded.n == 0)
		h.v[h.n++] = header_of_line(arena_fmt(j->scratch,
			"content-encoding: %.*s", SLICE_ARG(coding->value)));
	return h;
}

static const struct field_format *
payload_format(struct job *j, const struct exchange *x,
	       const struct stream_message *m)
{
	const struct message *side =
		m->from == FROM_CLIENT ? &x->request : &x->response;

	return side->format ? proto_bare(j->scratch, side->format) : NULL;
}

void
stream_look(struct job *j, struct stream_work *w)
{
	const struct exchange *x = w->in;
	unsigned nth[] = { [FROM_CLIENT] = 0, [FROM_SERVER] = 0 };

	w->v = arena_array(j->scratch, x->nmessages + 1, sizeof(*w->v));
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *m = &x->messages[i];
		struct message *in = arena_alloc(j->scratch, sizeof(*in));

		*in = (struct message){
			.present = true, .framing = FRAMING_STREAM,
			.headers = payload_headers(j, x, m),
			.format = payload_format(j, x, m),
			.body = m->payload,
		};
		w->v[i] = (struct message_work){
			.in = in, .exchange = x->id,
			.side = m->from == FROM_CLIENT ? PLACE_REQUEST :
				PLACE_RESPONSE,
			.nth = ++nth[m->from],
		};
		message_look_body(j, &w->v[i]);
	}
}

void
stream_store(struct job *j, struct stream_work *w, struct arena *a)
{
	struct exchange *out = w->out;
	size_t n = w->in->nmessages;

	if (n == 0)
		return;
	out->messages = arena_array(a, n, sizeof(*out->messages));
	out->nmessages = n;
	for (size_t i = 0; i < n; i++) {
		struct stream_message *m = &out->messages[i];
		struct message done = { .present = true };

		*m = w->in->messages[i];
		w->v[i].out = &done;
		if (m->withheld.n == 0)
			message_store_body(j, &w->v[i], a);
		m->payload = done.body;
		m->decoded = done.decoded.n ? done.decoded :
			arena_copy(a, m->decoded);
		m->withheld = done.withheld.n ? done.withheld :
			arena_copy(a, m->withheld);
	}
	exchange_join(a, out, FROM_CLIENT, out->request.body);
	exchange_join(a, out, FROM_SERVER, out->response.body);
}
