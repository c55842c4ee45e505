/* Keeps the parts of bodies that a report may show. */
#include "story.h"

#include <dvr/base/hash.h>
#include <dvr/tape/payload.h>

/* A body is undone from its coding up to this (bytes). */
#define PLAIN_MAX (8u * MiB)
/* What is kept in front of the first byte that differs, in a body of which not
 * all is kept (bytes). */
#define BEFORE 4096u
/* Bytes of a message that is no text, in its line. */
#define HEX_SHOWN 64u

/* The payload without its codings, in `a` where that is not the body itself. */
static struct slice
plain(struct arena *a, const struct message *m)
{
	struct slice body;

	(void)message_plain(a, m, PLAIN_MAX, &body);
	return body;
}

/* One message a line: a call's or a WebSocket's talk is read like a log. */
static void
message_line(const struct stream_message *m, struct buf *out)
{
	buf_adds(out, m->from == FROM_CLIENT ? "> " : "< ");
	if (m->kind == STREAM_CLOSE)
		buf_fmt(out, "close %u ", m->code);
	else if (m->kind == STREAM_PING || m->kind == STREAM_PONG)
		buf_adds(out, m->kind == STREAM_PING ? "ping " : "pong ");
	if (m->withheld.n) {
		buf_fmt(out, "(withheld: %.*s)", SLICE_ARG(m->withheld));
	} else if (slice_is_utf8(m->payload) &&
		   slice_chr(m->payload, '\0') < 0) {
		buf_add(out, m->payload);
	} else {
		buf_fmt(out, "(%zu bytes) ", m->payload.n);
		hex_encode(slice_range(m->payload, 0, HEX_SHOWN), out);
	}
	buf_addc(out, '\n');
}

static struct slice
messages(struct arena *a, const struct exchange *x, enum sender from)
{
	struct slice text;
	struct buf b;

	buf_init(&b, PLAIN_MAX);
	for (size_t i = 0; i < x->nmessages; i++)
		if (x->messages[i].from == from)
			message_line(&x->messages[i], &b);
	text = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return text;
}

static bool
is_text(struct slice s)
{
	return slice_is_utf8(s) && slice_chr(s, '\0') < 0;
}

/* Never begins or ends within a UTF-8 sequence. */
static size_t
whole_characters(struct slice s, size_t at)
{
	while (at > 0 && at < s.n && ((unsigned char)s.p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* A part begins behind a line's end or a comma, if there is one near. */
static size_t
begin_of(struct slice s, size_t at)
{
	for (size_t i = at; i > 0 && at - i < BEFORE; i--)
		if (s.p[i - 1] == '\n' || s.p[i - 1] == ',')
			return i;
	return whole_characters(s, at);
}

static void
keep_part(struct story_keeping *k, struct slice body, size_t around,
	  struct story_body *out)
{
	size_t room = k->left < STORY_PART ? k->left : STORY_PART;
	size_t from = 0, to;

	out->bytes = body.n;
	if (body.n == 0)
		return;
	out->kind = is_text(body) ? STORY_TEXT : STORY_BYTES;
	if (body.n > room && around > BEFORE)
		from = begin_of(body, around - BEFORE);
	to = from + room < body.n ? whole_characters(body, from + room)
				  : body.n;
	if (room == 0) {
		out->kind = STORY_NONE;
		out->withheld = SLICE("the report has no room for it");
		return;
	}
	out->from = from;
	out->part = arena_copy(k->a, slice_range(body, from, to));
	k->left -= out->part.n;
}

static struct slice
content(struct arena *scratch, const struct exchange *x, enum sender from)
{
	const struct message *m = from == FROM_CLIENT ? &x->request
						      : &x->response;

	return x->nmessages ? messages(scratch, x, from) : plain(scratch, m);
}

static size_t
first_difference(struct slice a, struct slice b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && a.p[i] == b.p[i])
		i++;
	return i < a.n || i < b.n ? i : 0;
}

static void
keep_side(struct story_keeping *k, const struct message *m, struct slice body,
	  size_t around, struct story_body *out)
{
	out->known = true;
	out->type = arena_copy(k->a, message_header(m, "content-type"));
	out->withheld = arena_copy(k->a, m->withheld);
	if (m->withheld.n == 0)
		keep_part(k, body, around, out);
	else
		out->bytes = m->body_bytes;
}

void
story_keep(struct story_keeping *k, const struct exchange *want,
	   const struct exchange *got, struct story_exchange *out)
{
	struct arena *scratch = arena_create();
	struct slice recorded = content(scratch, want, FROM_SERVER), live;
	size_t around = 0;

	keep_side(k, &want->request, content(scratch, want, FROM_CLIENT), 0,
		  &out->asked);
	if (got && got->response.present) {
		live = content(scratch, got, FROM_SERVER);
		around = first_difference(recorded, live);
		keep_side(k, &got->response, live, around, &out->got_body);
	}
	keep_side(k, &want->response, recorded, around, &out->want_body);
	arena_destroy(scratch);
}
