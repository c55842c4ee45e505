/* One request over HTTP/2: its fields, its body in recorded time, and the
 * messages of its answer. */
#include "client_private.h"
#include "holds.h"

/* Pieces closer than this go together: a timer costs more. */
#define PIECE_SLACK_NS (100 * NS_PER_US)

/* ---- preparing ---------------------------------------------------------- */

static struct headers
copy_fields(struct arena *a, const struct headers *in, struct headers out)
{
	for (size_t i = 0; i < in->n; i++)
		out.v[out.n++] = (struct header){
			.name = arena_copy(a, in->v[i].name),
			.value = arena_copy(a, in->v[i].value) };
	return out;
}

static struct header
field(struct arena *a, const char *name, struct slice value)
{
	return (struct header){ .name = slice_str(name),
		.value = arena_copy(a, value) };
}

/* Pseudo fields stand before others (RFC 9113 §8.3). */
static struct headers
fields_of(struct arena *a, const struct message *live)
{
	struct slice method = message_method(live);
	struct headers out = { .n = 0 };

	out.v = arena_array(a, live->headers.n + 2, sizeof(*out.v));
	out.v[out.n++] = field(a, ":method", method);
	if (!slice_eq(method, SLICE("CONNECT")) ||
	    headers_find(&live->headers, ":protocol") != NULL)
		out.v[out.n++] = field(a, ":path", message_target(live));
	return copy_fields(a, &live->headers, out);
}

static void
add_piece(struct call_h2 *h, struct h2_piece p)
{
	h->pieces[h->npieces++] = p;
}

/* As many of the service's messages as had come before that time. */
static size_t
came_before(const struct exchange *x, int64_t at_us)
{
	size_t n = 0;

	for (size_t i = 0; i < x->nmessages; i++)
		n += x->messages[i].from == FROM_SERVER &&
		     x->messages[i].end_us < at_us;
	return n;
}

static void
cut_at_messages(const struct exchange *x, struct call_h2 *h)
{
	struct slice rest = h->body;
	struct grpc_message msg;
	size_t after = 0;

	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *m = &x->messages[i];
		bool whole;

		if (m->from == FROM_SERVER) {
			after++;
			continue;
		}
		/* Values that were put in may have changed its length. */
		whole = grpc_next(&rest, &msg);
		add_piece(h, (struct h2_piece){
			.end = whole ? h->body.n - rest.n : h->body.n,
			.at_us = m->at_us - x->request.at_us,
			.after = after });
	}
}

static void
cut_at_segments(const struct message *m, struct call_h2 *h)
{
	uint64_t total = 0, at = 0;

	for (size_t i = 0; i < m->nsegments; i++)
		total += m->segments[i].bytes;
	for (size_t i = 0; i < m->nsegments && total > 0; i++) {
		at += m->segments[i].bytes;
		/* Expanded handles change the length; the shape stays. */
		add_piece(h, (struct h2_piece){
			.end = (size_t)((double)at / (double)total *
					(double)h->body.n),
			.at_us = m->segments[i].at_us - m->at_us });
	}
}

void
h2_request(struct call *k, const struct message *live)
{
	struct arena *a = k->client->wires;
	const struct exchange *x = k->rec;
	const struct message *m = &x->request;
	struct call_h2 *h = arena_alloc(a, sizeof(*h));
	struct headers none = { .n = 0 };

	k->h2 = h;
	h->fields = fields_of(a, live);
	h->body = arena_copy(a, live->body);
	none.v = arena_array(a, live->trailers.n + 1, sizeof(*none.v));
	h->trailers = copy_fields(a, &live->trailers, none);
	h->pieces = arena_array(a, x->nmessages + m->nsegments + 1,
				sizeof(*h->pieces));
	if (x->nmessages > 0)
		cut_at_messages(x, h);
	else if (m->nsegments > 1)
		cut_at_segments(m, h);
	add_piece(h, (struct h2_piece){ .end = h->body.n,
		.at_us = m->end_us - m->at_us,
		.after = came_before(x, m->end_us) });
}

/* ---- in time -------------------------------------------------------------- */

static uint64_t
patience(struct call *k, uint64_t now_ns)
{
	struct call_h2 *h = k->h2;

	if (h->patience_ns == 0)
		h->patience_ns = now_ns + HOLD_MAX_NS;
	if (now_ns < h->patience_ns)
		return h->patience_ns;
	h->impatient = true;
	notes_fmt(k->client->notes, "exchange %u: a message went without the "
		  "service's, which was recorded before it", k->rec->id);
	return 0;
}

/* When the recorded client said this behind what it had heard; its think time
 * stays when that comes late. */
static uint64_t
due_ns(const struct call *k, const struct h2_piece *p)
{
	const struct call_h2 *h = k->h2;
	const struct exchange *x = k->rec;
	enum replay_timing timing = k->client->options->timing;
	uint64_t at = k->begun_ns + schedule_scaled_ns(timing, p->at_us), then;
	int64_t heard_us = 0;
	size_t n = 0;

	if (p->after == 0 || p->after > h->nmessages)
		return at;
	for (size_t i = 0; i < x->nmessages && n < p->after; i++) {
		if (x->messages[i].from != FROM_SERVER)
			continue;
		heard_us = x->messages[i].end_us;
		n++;
	}
	then = k->client->t0_ns +
	       (uint64_t)h->messages[p->after - 1].end_us * NS_PER_US +
	       schedule_scaled_ns(timing, x->request.at_us + p->at_us -
						  heard_us);
	return then > at ? then : at;
}

size_t
h2_allowed(struct call *k, uint64_t now_ns)
{
	struct call_h2 *h = k->h2;
	uint64_t next_ns = 0;

	for (; h->piece < h->npieces; h->piece++) {
		const struct h2_piece *p = &h->pieces[h->piece];
		uint64_t at = due_ns(k, p);

		if (at > now_ns + PIECE_SLACK_NS) {
			next_ns = at;
			break;
		}
		if (p->after > h->nmessages && !h->impatient &&
		    !k->answered) {
			next_ns = patience(k, now_ns);
			if (next_ns != 0)
				break;
		}
		h->patience_ns = 0;
	}
	if (next_ns != 0)
		loop_timer_set(k->client->loop, &k->pace, next_ns);
	return h->piece > 0 ? h->pieces[h->piece - 1].end : 0;
}

bool
h2_end_due(const struct call *k)
{
	return k->h2->piece == k->h2->npieces &&
	       k->rec->request.end == END_COMPLETE;
}

/* ---- the answer ------------------------------------------------------------- */

static void
message_begins(struct call *k)
{
	struct call_h2 *h = k->h2;

	h->messages = arena_grow(k->client->arena, h->messages, h->nmessages,
				 &h->cap, sizeof(*h->messages));
	h->messages[h->nmessages] = (struct stream_message){
		.from = FROM_SERVER, .bytes = h->cursor.left,
		.kind = h->cursor.prefix[0] & 1 ? STREAM_COMPRESSED :
						  STREAM_PLAIN,
		.at_us = call_now_us(k) };
}

void
h2_body(struct call *k, struct slice in)
{
	const struct message *m = &k->seen->x.response;
	const struct header *type = headers_find(&m->headers, "content-type");
	struct call_h2 *h = k->h2;

	if (type == NULL || !grpc_type(type->value))
		return;
	for (;;) {
		switch (grpc_follow(&h->cursor, &in)) {
		case GRPC_MORE:
			return;
		case GRPC_BEGINS:
			message_begins(k);
			break;
		case GRPC_ENDS:
			h->messages[h->nmessages++].end_us = call_now_us(k);
			break;
		}
	}
}

void
h2_observe(struct call *k)
{
	struct exchange *x = &k->seen->x;
	struct call_h2 *h = k->h2;
	struct slice rest = x->response.body;
	struct grpc_message msg;

	x->protocol = PROTOCOL_HTTP2;
	x->stream = (uint32_t)h->stream;
	x->messages = h->messages;
	x->nmessages = 0;
	/* Of a body that was cut only those that are there. */
	while (x->nmessages < h->nmessages && grpc_next(&rest, &msg))
		x->messages[x->nmessages++].payload = msg.payload;
}
