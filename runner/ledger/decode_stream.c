/* Decodes the records of an HTTP/2 stream into its messages. */
#include "decode_sides.h"
#include "stream_record.h"

#include <dvr/wire/grpc.h>

#include <string.h>

/* Messages of one side; more of them stay bytes.  A tape with so many cannot be
 * read by anybody. */
#define SIDE_MESSAGES_MAX 16384u

/* A part of the body that one read brought. */
struct body_mark { size_t end; uint64_t at_ns; };

struct unrolling {
	struct arena *a;
	const struct decode_in *in;
	const struct side *side;
	unsigned which;
	struct exchange *x;
	struct message *m;		/* the side's own */
	size_t ninterim_cap;
	char *body;
	size_t nbody;
	struct body_mark *marks;
	size_t nmarks, marks_cap;
	size_t mark;			/* body_us() was there last */
	uint64_t payload;		/* bytes of records, their heads aside */
	int64_t first_us, last_us;
	bool begun, ended_early;
	struct message early;		/* its end and error */
};

static struct headers
read_headers(struct unrolling *u, struct slice payload)
{
	struct slice rest = payload, line;
	struct headers h = { .n = 0 };
	size_t n = 0;

	while (stream_record_line(&rest, &line))
		n++;
	h.v = arena_array(u->a, n + 1, sizeof(*h.v));
	while (stream_record_line(&payload, &line))
		h.v[h.n++] = header_of_line(line);
	return h;
}

static void
read_head(struct unrolling *u, struct slice payload, int64_t at_us)
{
	struct message m = { .present = true, .framing = FRAMING_STREAM,
			     .at_us = at_us, .end_us = at_us };
	struct exchange *x = u->x;
	unsigned status;

	stream_record_line(&payload, &m.line);
	m.headers = read_headers(u, payload);
	status = u->which == LX_RESPONSE ? message_status(&m) : 0;
	if (status >= 100 && status < 200) {
		x->interim = arena_grow(u->a, x->interim, x->ninterim,
					&u->ninterim_cap, sizeof(m));
		x->interim[x->ninterim++] = m;
		return;
	}
	u->m->line = m.line;
	u->m->headers = m.headers;
}

static void
read_data(struct unrolling *u, struct slice data, uint64_t at_ns)
{
	memcpy(u->body + u->nbody, data.p, data.n);
	u->nbody += data.n;
	if (u->nmarks > 0 && u->marks[u->nmarks - 1].at_ns == at_ns) {
		u->marks[u->nmarks - 1].end = u->nbody;
		return;
	}
	u->marks = arena_grow(u->a, u->marks, u->nmarks, &u->marks_cap,
			      sizeof(*u->marks));
	u->marks[u->nmarks++] = (struct body_mark){ u->nbody, at_ns };
}

static void
read_record(struct unrolling *u, const struct stream_record *r, uint64_t at_ns)
{
	int64_t at_us = decode_us(u->in, at_ns);
	struct slice payload = r->payload, line;

	switch (r->kind) {
	case RECORD_HEAD:
		read_head(u, payload, at_us);
		break;
	case RECORD_DATA:
		read_data(u, payload, at_ns);
		break;
	case RECORD_TRAILERS:
		stream_record_line(&payload, &line);	/* of no start line */
		u->m->trailers = read_headers(u, payload);
		break;
	case RECORD_RESET:
	case RECORD_GOAWAY:
		u->ended_early = true;
		u->early.end = r->kind == RECORD_RESET ? END_RESET : END_GOAWAY;
		u->early.error = stream_record_number(payload);
		return;
	}
	if (!u->begun)
		u->first_us = at_us;
	u->begun = true;
	u->last_us = at_us;
	u->payload += r->payload.n;
}

/* One read brought it all: no timeline. */
static void
set_segments(struct unrolling *u)
{
	struct message *m = u->m;
	size_t from = 0;

	if (u->nmarks < 2)
		return;
	m->segments = arena_array(u->a, u->nmarks, sizeof(*m->segments));
	m->nsegments = u->nmarks;
	for (size_t i = 0; i < u->nmarks; i++) {
		m->segments[i] = (struct segment){
			.at_us = decode_us(u->in, u->marks[i].at_ns),
			.bytes = u->marks[i].end - from,
		};
		from = u->marks[i].end;
	}
}

static void
set_body(struct unrolling *u)
{
	uint64_t wire = u->in->x->wire[u->which];
	struct message *m = u->m;

	if (u->in->until_ns == UINT64_MAX && wire > u->payload)
		m->cut_bytes = wire - u->payload;
	m->body = slice_of(u->body, u->nbody);
	m->body_bytes = m->body.n + m->cut_bytes;
	if (slice_eq(message_method(&u->x->request), SLICE("CONNECT")))
		m->framing = FRAMING_TUNNEL;
	if (u->in->ledger->config.payloads)
		return;
	m->cut_bytes += m->body.n;
	m->body = SLICE("");
	u->nmarks = 0;
}

/* When that byte of the body came; asked for in order. */
static int64_t
body_us(struct unrolling *u, size_t at)
{
	if (u->nmarks == 0)
		return u->m->at_us;
	while (u->mark + 1 < u->nmarks && u->marks[u->mark].end <= at)
		u->mark++;
	return decode_us(u->in, u->marks[u->mark].at_ns);
}

static bool
is_grpc(const struct exchange *x)
{
	const struct header *type =
		headers_find(&x->request.headers, "content-type");

	return type && grpc_type(type->value) &&
	       !headers_find(&x->response.headers, "content-encoding") &&
	       !headers_find(&x->request.headers, "content-encoding");
}

/* The side's whole messages; what follows them is a rest. */
static size_t
split(struct unrolling *u, struct stream_message **out)
{
	struct slice rest = u->m->body;
	struct grpc_message msg;
	size_t n = 0, cap = 0;

	*out = NULL;
	while (is_grpc(u->x) && n < SIDE_MESSAGES_MAX &&
	       grpc_next(&rest, &msg)) {
		size_t end = (size_t)(rest.p - u->m->body.p);
		size_t from = end - msg.payload.n - GRPC_PREFIX_BYTES;

		int64_t at_us = body_us(u, from);

		*out = arena_grow(u->a, *out, n, &cap, sizeof(**out));
		(*out)[n++] = (struct stream_message){
			.from = u->which == LX_RESPONSE ? FROM_SERVER :
				FROM_CLIENT,
			.kind = msg.compressed ? STREAM_COMPRESSED :
				STREAM_PLAIN,
			.at_us = at_us,
			.end_us = body_us(u, end - 1),
			.payload = msg.payload,
			.bytes = msg.payload.n,
		};
	}
	return n;
}

static void
unroll(struct unrolling *u)
{
	struct slice rest = u->side->bytes;
	struct stream_record r;

	u->body = arena_alloc(u->a, rest.n + 1);
	while (stream_record_next(&rest, &r)) {
		size_t end = u->side->bytes.n - rest.n;
		size_t mark = side_mark(u->side, end - 1);

		read_record(u, &r, u->side->marks[mark].at_ns);
	}
	u->m->present = u->begun;
	u->m->framing = FRAMING_STREAM;
	u->m->at_us = u->first_us;
	u->m->end_us = u->last_us;
	set_body(u);
}

void
decode_stream(struct arena *a, const struct decode_in *in,
	      const struct side sides[RING_SIDES], struct exchange *out)
{
	struct stream_message *v[RING_SIDES];
	struct unrolling u[RING_SIDES];
	size_t n[RING_SIDES];

	for (unsigned i = 0; i < RING_SIDES; i++) {
		u[i] = (struct unrolling){
			.a = a, .in = in, .side = &sides[i], .which = i,
			.x = out, .m = i ? &out->response : &out->request,
		};
		unroll(&u[i]);
	}
	for (unsigned i = 0; i < RING_SIDES; i++) {
		n[i] = split(&u[i], &v[i]);
		if (n[i] == 0)
			set_segments(&u[i]);
		side_end(in, u[i].m, i);
		if (u[i].ended_early && u[i].m->end != END_TIMEOUT) {
			u[i].m->end = u[i].early.end;
			u[i].m->error = u[i].early.error;
		}
	}
	sides_merge(a, out, v, n);
}
