/* Makes a replay's live answers clean, as a recording of them would be. */
#include "story.h"

#include <dvr/field/nest.h>
#include <dvr/relate/values.h>

#include <stdlib.h>

/* A live body above this is not scrubbed for being looked at (bytes). */
#define RAW_MAX (2u * MiB)

/* The request is the tape's own and needs no second look: only what it asks
 * for is said, because rules go by it. */
static void
raw_exchange(struct arena *a, const struct exchange *recorded,
	     const struct exchange *live, struct exchange *out)
{
	struct message *m = &out->response;

	*out = (struct exchange){ .id = recorded->id, .lane = recorded->lane,
		.conn = recorded->conn, .cause = recorded->cause,
		.protocol = live->protocol, .request = { .present = true,
			.line = recorded->request.line } };
	*m = live->response;
	m->raw_body = m->raw_head = SLICE("");
	m->chunks = NULL;
	m->segments = NULL;
	m->nchunks = m->nsegments = 0;
	if (m->framing == FRAMING_CHUNKED)
		m->framing = FRAMING_LENGTH;
	if (m->body.n > RAW_MAX) {
		m->body = SLICE("");
		m->withheld = arena_fmt(a, "%zu bytes are too many to be "
					"shown", live->response.body.n);
	}
	out->messages = arena_array(a, live->nmessages + 1,
				    sizeof(*out->messages));
	for (size_t i = 0; i < live->nmessages; i++)
		if (live->messages[i].from == FROM_SERVER)
			out->messages[out->nmessages++] = live->messages[i];
}

static void
raw_recording(const struct telling *w, struct arena *a, struct recording *out)
{
	const struct tape *t = w->how->tape;
	const struct observed *seen = w->seen;
	struct tape *raw = &out->raw;

	*raw = (struct tape){ .arena = a, .id = t->id, .trigger = t->trigger,
		.lanes = t->lanes, .nlanes = t->nlanes,
		.recorded_us = t->recorded_us };
	raw->exchanges = arena_array(a, t->nexchanges + 1,
				     sizeof(*raw->exchanges));
	raw->nexchanges = t->nexchanges;
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange none = { .id = t->exchanges[i].id };
		uint32_t lane = t->exchanges[i].lane;
		/* What mocks answered is the tape's. */
		bool answered = i < seen->n && lane < t->nlanes &&
				t->lanes[lane].role == LANE_INGRESS &&
				seen->v[i].x.response.present;

		raw_exchange(a, &t->exchanges[i],
			     answered ? &seen->v[i].x : &none,
			     &raw->exchanges[i]);
	}
}

/* ---- by place ---------------------------------------------------------- */

/* A value of the tape that was scrubbed, and what stood there live. */
struct scrubbed {
	struct slice place, recorded;
	bool same;
};

struct mending {
	struct arena *a;
	struct scrubbed *v;
	size_t n, cap;
	struct field_edit *edits;
	size_t nedits, edits_cap;
	const struct field_format *format;
	const char *body;
};

static struct scrubbed *
find_place(const struct mending *m, struct slice place)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(m->v[mid].place, place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->n && slice_eq(m->v[low].place, place) ? &m->v[low]
							      : NULL;
}

static bool
is_value(const struct field *f)
{
	return f->kind != FIELD_ARRAY && f->kind != FIELD_OBJECT;
}

static int
take_recorded(void *arg, const struct field *f)
{
	struct mending *m = arg;

	if (!is_value(f) || !scrub_has_handle(f->value))
		return 0;
	m->v = arena_grow(m->a, m->v, m->n, &m->cap, sizeof(*m->v));
	m->v[m->n++] = (struct scrubbed){ .place = arena_copy(m->a, f->place),
		.recorded = arena_copy(m->a, f->value) };
	return 0;
}

static int
compare_live(void *arg, const struct field *f)
{
	struct mending *m = arg;
	struct scrubbed *s = find_place(m, f->place);

	if (s && is_value(f))
		s->same = scrub_matches(s->recorded, f->value);
	return 0;
}

/* The same value has the recorded handle; another one where a secret was is
 * one itself, whatever it looks like. */
static int
mend_field(void *arg, const struct field *f)
{
	struct mending *m = arg;
	const struct scrubbed *s = find_place(m, f->place);
	struct slice text;
	struct buf b;

	if (!s || !is_value(f) || slice_eq(s->recorded, f->value) ||
	    (!s->same && scrub_has_handle(f->value)))
		return 0;
	text = s->same ? s->recorded : SLICE("(another value)");
	buf_init(&b, MiB);
	if (m->format->encode && f->kind == FIELD_STRING)
		m->format->encode(FIELD_STRING, text, &b);
	else
		buf_fmt(&b, "\"%.*s\"", SLICE_ARG(text));
	m->edits = arena_grow(m->a, m->edits, m->nedits, &m->edits_cap,
			      sizeof(*m->edits));
	m->edits[m->nedits++] = (struct field_edit){
		.from = (size_t)(f->span.p - m->body),
		.to = (size_t)(f->span.p - m->body) + f->span.n,
		.text = arena_copy(m->a, buf_slice(&b)) };
	buf_release(&b);
	return 0;
}

static int
by_place(const void *pa, const void *pb)
{
	const struct scrubbed *a = pa, *b = pb;

	return slice_cmp(a->place, b->place);
}

/* Which part of it is the secret cannot be told. */
static void
withhold(struct message *clean)
{
	clean->withheld = SLICE("a secret stood in the recorded one");
	clean->body_bytes = clean->body.n;
	clean->body = SLICE("");
}

static void
mend_body(struct arena *a, const struct message *want,
	  const struct message *raw, struct message *clean)
{
	const struct header *type = headers_find(&want->headers,
						 "content-type");
	const struct field_format *f = type ? field_format_for(type->value)
					    : NULL;
	struct mending m = { .a = a, .format = f, .body = clean->body.p };
	struct buf out;

	if (!scrub_has_handle(want->body) || clean->body.n == 0)
		return;
	if (!f || f->binary ||
	    field_walk(f, a, want->body, take_recorded, &m) != FIELD_OK) {
		withhold(clean);
		return;
	}
	if (m.n)
		qsort(m.v, m.n, sizeof(*m.v), by_place);
	if (field_walk(f, a, raw->body, compare_live, &m) != FIELD_OK)
		for (size_t i = 0; i < m.n; i++)
			m.v[i].same = false;
	if (field_walk(f, a, clean->body, mend_field, &m) != FIELD_OK)
		withhold(clean);
	if (clean->withheld.n || m.nedits == 0)
		return;
	buf_init(&out, 2 * RAW_MAX);
	field_splice(f, clean->body, m.edits, m.nedits, &out);
	clean->body = arena_copy(a, buf_slice(&out));
	buf_release(&out);
}

/* A call's or a WebSocket's messages are not matched one by one. */
static void
mend_messages(const struct exchange *want, struct exchange *clean)
{
	bool secret = false;

	for (size_t i = 0; i < want->nmessages; i++)
		secret |= want->messages[i].from == FROM_SERVER &&
			  scrub_has_handle(want->messages[i].payload);
	for (size_t i = 0; secret && i < clean->nmessages; i++)
		clean->messages[i].withheld =
			SLICE("a secret stood in a recorded one");
}

int
story_live(const struct telling *w, struct tape *out)
{
	struct scrub *s = w->how->cfg->scrub;
	struct arena *a = arena_create();
	struct recording raw;
	struct err e;
	int rc = -1;

	*out = (struct tape){ .arena = NULL };
	raw_recording(w, a, &raw);
	if (scrub_recording(s, &raw, out, &e) == 0 &&
	    scrub_check(s, out, &e) == 0)
		rc = 0;
	for (size_t i = 0; rc == 0 && i < out->nexchanges; i++) {
		const struct exchange *want = &w->how->tape->exchanges[i];

		mend_body(out->arena, &want->response,
			  &raw.raw.exchanges[i].response,
			  &out->exchanges[i].response);
		mend_messages(want, &out->exchanges[i]);
	}
	arena_wipe(a);
	return rc;
}
