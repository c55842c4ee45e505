/* Messages alive again: what a replay sends for a scrubbed one. */
#include <dvr/scrub/scrub.h>

#include <dvr/wire/coding.h>

#include "head.h"
#include "live_body.h"

/* An expansion has the length of what it stands for, and a handle is at
 * least 30 bytes: a body grows by its longest handles only. */
#define GROWTH_MAX (64u * MiB)

struct revival {
	struct arena *arena;
	const struct scrub_values *values;
	const struct message *in;
	struct message out;
	bool changed;		/* anything at all */
	bool body_changed;
	bool uncoded;		/* its coding could not be made again */
};

static struct slice
expand(struct revival *r, struct slice s, bool *any)
{
	struct slice done = s;
	struct buf b;

	*any = scrub_has_handle(s);
	if (!*any)
		return done;
	buf_init(&b, s.n + GROWTH_MAX);
	scrub_expand_as(r->values, s, &b, NULL);
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	r->changed = true;
	return done;
}

/* "Name: value" with another value; spaces before it stay. */
static void
set_value(struct revival *r, struct header *h, struct slice value)
{
	size_t at = (size_t)(h->value.p - h->line.p);
	struct slice after = slice_from(h->line, at + h->value.n);

	h->line = arena_fmt(r->arena, "%.*s%.*s%.*s",
			    SLICE_ARG(slice_range(h->line, 0, at)),
			    SLICE_ARG(value), SLICE_ARG(after));
	h->name = slice_range(h->line, 0, h->name.n);
	h->value = slice_range(h->line, at, at + value.n);
	r->changed = true;
}

/*
 * Content-Length for the body as it is now.  Where the recorded message was
 * cut short, as much is missing again.
 */
static void
mend_length(struct revival *r, struct header *h)
{
	uint64_t told, now, sent = r->in->body_bytes;

	if (!slice_ieq(h->name, SLICE("content-length")) ||
	    slice_uint(h->value, UINT64_MAX / 2, &told) < 0)
		return;
	if (sent == 0 || sent > told)
		sent = told;
	now = told - sent + r->out.body.n;
	if (now != told)
		set_value(r, h, arena_fmt(r->arena, "%llu",
			  (unsigned long long)now));
}

static void
expand_headers(struct revival *r, const struct headers *in,
	       struct headers *out)
{
	size_t i;

	*out = (struct headers){ .n = in->n };
	if (in->n == 0)
		return;
	out->v = arena_array(r->arena, in->n, sizeof(*out->v));
	for (i = 0; i < in->n; i++) {
		struct header *h = &out->v[i];
		size_t at = in->v[i].value.n ?
			(size_t)(in->v[i].value.p - in->v[i].line.p) : 0;
		bool any;

		*h = in->v[i];
		h->line = expand(r, in->v[i].line, &any);
		if (!any)
			continue;
		h->name = slice_range(h->line, 0, in->v[i].name.n);
		h->value = slice_trim(slice_from(h->line, at));
	}
}

/* Under the coding that was undone for the tape, as its receiver was sent it. */
static bool
code_again(struct arena *a, struct slice coding, struct slice *body)
{
	struct buf b;
	bool ok;

	buf_init(&b, body->n + GROWTH_MAX);
	ok = coding_encode(coding, *body, &b) == CODING_OK;
	if (ok)
		*body = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return ok;
}

/* The coding stays undone, so the field that tells of it goes. */
static void
drop_coding(struct revival *r)
{
	struct headers *h = &r->out.headers;
	size_t i, n = 0;

	for (i = 0; i < h->n; i++) {
		if (!slice_ieq(h->v[i].name, SLICE("content-encoding")))
			h->v[n++] = h->v[i];
	}
	h->n = n;
	r->changed = true;
}

/* Recorded sizes as far as they fit, the last chunk takes the difference;
 * what was missing in the recorded last chunk is missing again. */
static void
mend_chunks(struct revival *r)
{
	const struct message *in = r->in;
	uint64_t sum = 0, missing = 0, left = r->out.body.n, *v;
	size_t i, n = 0;

	for (i = 0; i < in->nchunks; i++)
		sum += in->chunks[i];
	if (in->body_bytes > 0 && sum > in->body_bytes)
		missing = sum - in->body_bytes;
	v = arena_array(r->arena, in->nchunks + 1, sizeof(*v));
	for (i = 0; i < in->nchunks && left > 0; i++) {
		v[n] = in->chunks[i] < left && i + 1 < in->nchunks ?
			in->chunks[i] : left;
		left -= v[n++];
	}
	if (left > 0)
		v[n++] = left;
	if (missing > 0 && n > 0)
		v[n - 1] += missing;
	r->out.chunks = v;
	r->out.nchunks = n;
}

/* The exact head with its new lines; a line that went leaves none behind. */
static void
mend_raw_head(struct revival *r)
{
	const struct message *in = r->in;
	size_t n = in->headers.n + 1, i, k = 0;
	struct slice *lines, *now;
	struct buf b;

	if (in->raw_head.n == 0 || !r->changed)
		return;
	r->out.raw_head = (struct slice){ 0 };
	if (r->out.headers.n != in->headers.n)
		return;		/* rebuilt from its lines */
	lines = arena_array(r->arena, n, sizeof(*lines));
	now = arena_array(r->arena, n, sizeof(*now));
	lines[k] = in->line;
	now[k++] = r->out.line;
	for (i = 0; i < in->headers.n; i++, k++) {
		lines[k] = in->headers.v[i].line;
		now[k] = r->out.headers.v[i].line;
	}
	buf_init(&b, in->raw_head.n + GROWTH_MAX);
	if (head_replace(in->raw_head, lines, now, n, &b))
		r->out.raw_head = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
}

static struct slice
expand_field(void *arg, struct slice s, bool *any)
{
	return expand(arg, s, any);
}

/* By its type: lengths in front of what is expanded grow with it.  The
 * messages of a call come without their frames. */
static struct slice
expand_body(struct revival *r, const struct message *head, bool message,
	    struct slice body, bool *any)
{
	const struct header *type = headers_find(&head->headers,
						 "content-type");
	struct live_body b = {
		.arena = r->arena, .expand = expand_field, .arg = r,
		.format = type ? field_format_for(type->value) : NULL,
	};

	if (message && b.format == field_format_named("grpc"))
		b.format = field_format_named("protobuf");
	return live_body(&b, body, any);
}

static void
revive_body(struct revival *r)
{
	bool any;

	r->out.body = expand_body(r, r->in, false, r->in->body, &any);
	r->body_changed = any || r->in->decoded.n > 0;
	if (!r->body_changed)
		return;
	r->out.raw_body = (struct slice){ 0 };
	r->out.decoded = (struct slice){ 0 };
	r->uncoded = r->in->decoded.n > 0 &&
		     !code_again(r->arena, r->in->decoded, &r->out.body);
	if (r->in->framing == FRAMING_CHUNKED)
		mend_chunks(r);
}

/* Framing fields and the exact head follow what was changed. */
static void
mend(struct revival *r)
{
	size_t i;

	if (r->body_changed) {
		for (i = 0; i < r->out.headers.n; i++)
			mend_length(r, &r->out.headers.v[i]);
		r->out.body_bytes = r->out.body.n;
	}
	if (r->uncoded)
		drop_coding(r);
	mend_raw_head(r);
}

void
scrub_live(struct arena *a, const struct scrub_values *v,
	   const struct message *m, struct message *out)
{
	struct revival r = { .arena = a, .values = v, .in = m, .out = *m };
	bool any;

	r.out.line = expand(&r, m->line, &any);
	expand_headers(&r, &m->headers, &r.out.headers);
	expand_headers(&r, &m->trailers, &r.out.trailers);
	revive_body(&r);
	mend(&r);
	*out = r.out;
}

void
scrub_live_mend(struct arena *a, const struct message *was,
		struct message *now)
{
	struct revival r = { .arena = a, .in = was, .out = *now,
			     .changed = true };

	r.body_changed = !slice_eq(was->body, now->body);
	if (r.body_changed) {
		r.out.raw_body = (struct slice){ 0 };
		if (was->framing == FRAMING_CHUNKED)
			mend_chunks(&r);
	}
	mend(&r);
	*now = r.out;
}

/* Of a copy whose list of messages is its own: one side. */
static void
revive_side(struct arena *a, const struct scrub_values *v, enum sender from,
	    struct exchange *x)
{
	struct revival r = { .arena = a, .values = v };
	struct message *side = exchange_side(x, from), was = *side;
	size_t joined = exchange_joined(x, from);
	bool any;

	scrub_live(a, v, &was, side);
	for (size_t i = 0; i < x->nmessages; i++) {
		struct stream_message *m = &x->messages[i];

		if (m->from != from)
			continue;
		m->payload = expand_body(&r, &was,
					 x->protocol == PROTOCOL_HTTP2,
					 m->payload, &any);
		if (m->decoded.n > 0 &&
		    code_again(a, m->decoded, &m->payload))
			m->decoded = (struct slice){ 0 };
	}
	if (x->nmessages > 0 && x->protocol == PROTOCOL_HTTP2)
		exchange_join(a, x, from,
			      expand(&r, slice_from(was.body, joined), &any));
}

static void
copy_messages(struct arena *a, const struct exchange *x, struct exchange *out)
{
	*out = *x;
	if (x->nmessages == 0)
		return;
	out->messages = arena_array(a, x->nmessages, sizeof(*out->messages));
	for (size_t i = 0; i < x->nmessages; i++)
		out->messages[i] = x->messages[i];
}

void
scrub_live_exchange(struct arena *a, const struct scrub_values *v,
		    const struct exchange *x, struct exchange *out)
{
	copy_messages(a, x, out);
	revive_side(a, v, FROM_CLIENT, out);
	revive_side(a, v, FROM_SERVER, out);
}

void
scrub_live_side(struct arena *a, const struct scrub_values *v,
		const struct exchange *x, enum sender from,
		struct message *out)
{
	struct exchange live;

	copy_messages(a, x, &live);
	revive_side(a, v, from, &live);
	*out = *exchange_side(&live, from);
}

void
scrub_print_live(const struct scrub_values *v, const struct message *m,
		 struct buf *out)
{
	struct arena *a = arena_create();
	struct message live;

	scrub_live(a, v, m, &live);
	message_print(&live, out);
	arena_destroy(a);
}
