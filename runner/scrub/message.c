/* Messages: their head lines and bodies as pieces of a job, and back. */
#include "message.h"

#include <dvr/tape/payload.h>
#include <dvr/wire/coding.h>

#include "policy.h"

#include <string.h>

/* A decoded body may be larger than what was recorded, within reason. */
#define DECODED_MAX (64u * MiB)
/* Shorter "addresses" in binary data are chance. */
#define BINARY_EMAIL_MIN 12
#define BINARY_LOOK (64u * KiB)
#define WIDE_LOOK 6	/* characters: {"a":1 */
/* With more of them walks give up, and tell less than they could. */
#define PIECES_TRUSTED 900000u

static struct slice
place(struct job *j, const struct message_work *w, const char *part,
      struct slice name)
{
	const char *side = w->side == PLACE_REQUEST ? "req" : "resp";

	if (w->nth > 0)
		return arena_fmt(j->scratch, "%u.%s.message/%u", w->exchange,
				 side, w->nth);
	return arena_fmt(j->scratch, "%u.%s.%s%s%.*s", w->exchange, side,
			 part, name.n ? "/" : "", SLICE_ARG(name));
}

static struct walk_at
walk_at(const struct message_work *w, enum place_part part)
{
	return (struct walk_at){
		.exchange = w->exchange, .side = w->side, .part = part,
		.where = KEY_BODY, .nth = w->nth,
	};
}

/* Names are ASCII as a rule; others are not copied into the list. */
static struct slice
plain_name(struct slice name)
{
	size_t i;

	for (i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];

		if (c <= ' ' || c >= 0x7f || i == 64)
			return SLICE("?");
	}
	return name;
}

static size_t
look_header(struct job *j, const struct message_work *w,
	    const struct header *h)
{
	struct walk_at at = walk_at(w, PLACE_HEADER);
	size_t i = job_add(j, h->line, place(j, w, "header",
					     plain_name(h->name)));

	if (h->name.n == 0 || h->value.p < h->line.p ||
	    h->value.p + h->value.n > h->line.p + h->line.n)
		job_detect_text(j, i);
	else
		policy_header(j, i, h, &at);
	return i;
}

static size_t
look_line(struct job *j, const struct message_work *w)
{
	struct slice target = w->side == PLACE_REQUEST ?
		message_target(w->in) : (struct slice){ 0 };
	struct walk_at at = walk_at(w, PLACE_PATH);
	size_t i = job_add(j, w->in->line, place(j, w,
			   w->side == PLACE_REQUEST ? "path" : "status",
			   SLICE("")));

	/* HTTP by chance only: a lane may see any protocol */
	if (w->side == PLACE_REQUEST &&
	    slice_find(w->in->line, SLICE(" HTTP/")) < 0)
		job_detect_text(j, i);
	else if (target.n > 0)
		policy_target(j, i, target, &at);
	else
		job_detect_text(j, i);
	return i;
}

/* ---- bodies ------------------------------------------------------------ */

/* Undoes the coding; sets w->withheld when that cannot be done, w->coding
 * when there is one, w->broken when the stream ends in the middle. */
static struct slice
decode_body(struct job *j, struct message_work *w)
{
	struct slice coding = message_coding(j->scratch, w->in);
	struct slice text = slice_from(w->in->body, w->joined);
	struct buf b;

	/* on a tape it may be undone already */
	if (w->in->decoded.n > 0 || coding_identity(coding))
		return text;
	buf_init(&b, DECODED_MAX);
	switch (coding_decode(coding, text, &b)) {
	case CODING_OK:
		break;
	case CODING_BROKEN:
		w->broken = true;
		break;
	case CODING_UNKNOWN:
		w->withheld = SLICE("content coding is not known");
		break;
	case CODING_LIMIT:
		w->withheld = SLICE("body unpacks beyond the limit");
		break;
	}
	text = arena_copy(j->scratch, buf_slice(&b));
	buf_release(&b);
	w->coding = coding;
	return text;
}

/* ASCII with a zero on one side of each letter. */
static bool
is_spaced_out(struct slice text)
{
	size_t i, odd = 0, even = 0;

	if (text.n < 2 * WIDE_LOOK)
		return false;
	for (i = 0; i < 2 * WIDE_LOOK; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == 0)
			*(i & 1 ? &odd : &even) += 1;
		else if ((c < ' ' && !strchr("\t\r\n", c)) || c > '~')
			return false;
	}
	return odd + even == WIDE_LOOK && (odd == 0 || even == 0);
}

/* UTF-16 and UTF-32: every name in it is torn apart by zeros.  A byte order
 * mark alone may be chance in binary data; with a zero beside it, it is not. */
static bool
is_wide(struct slice type, struct slice text)
{
	static const char *const marks[] = { "utf-16", "utf-32", "ucs-2",
					     "utf16" };
	bool mark = slice_starts(text, SLICE("\xff\xfe")) ||
		    slice_starts(text, SLICE("\xfe\xff"));

	for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
		if (slice_ifind(type, slice_str(marks[i])) >= 0)
			return true;
	}
	if (is_spaced_out(text))
		return true;
	return mark && text.n >= 4 && (text.p[2] == 0) != (text.p[3] == 0);
}

static void
drop_chance(struct job *j, size_t i)
{
	struct spans *s = &j->v[i].spans;
	size_t k, out = 0;

	if (s->n == 0 || !memchr(j->v[i].raw.p, 0, j->v[i].raw.n) ||
	    slice_is_utf8(slice_range(j->v[i].raw, 0, BINARY_LOOK)))
		return;
	for (k = 0; k < s->n; k++) {
		if (slice_eq(s->v[k].class, SLICE("email")) &&
		    s->v[k].to - s->v[k].from < BINARY_EMAIL_MIN)
			continue;
		s->v[out++] = s->v[k];
	}
	s->n = out;
}

/* A user's rule for the whole body; true when it is kept. */
static bool
mark_whole(struct job *j, const struct message_work *w, size_t i)
{
	struct place p = { .exchange = w->exchange, .side = w->side,
			   .part = PLACE_BODY };
	struct slice rule, class = rules_field(j->s->rules, &p, &rule);

	if (class.n)
		spans_add(&j->v[i].spans, &(struct span){
			.to = j->v[i].raw.n, .rank = RANK_USER,
			.class = class, .rule = rule, .value = j->v[i].raw,
		});
	return class.n == 0 && job_keep_place(j, i, &p, &(struct field){
		.span = j->v[i].raw, .value = j->v[i].raw });
}

/* What is in no field: a detector would cut through a binary body's lengths;
 * an XML document has comments, an event stream lines of text, a multipart one
 * heads of parts and a text around them. */
static void
look_beside_fields(struct job *j, size_t i, const struct field_format *f)
{
	if (f->binary)
		job_detect_rules(j, i, false);
	else if (f == field_format_named("xml") ||
		 f == field_format_named("events") ||
		 (f == field_format_named("multipart") &&
		  slice_is_utf8(j->v[i].raw)))
		job_detect_text(j, i);
	else
		job_detect(j, i);
}

/* What is named as a coding and is none, or what stands behind its end, is
 * kept as it came unless there is something to find. */
static void
look_coded(struct job *j, struct message_work *w)
{
	w->coded = job_add(j, slice_from(w->in->body, w->joined),
			   place(j, w, "body", SLICE("")));
	job_detect_text(j, w->coded);
	drop_chance(j, w->coded);
}

static void
look_body(struct job *j, struct message_work *w)
{
	struct walk_at at = walk_at(w, PLACE_BODY);
	const struct field_format *format;
	struct slice text;

	w->body = w->raw_body = w->coded = NO_PIECE;
	if (w->in->body.n == w->joined)
		return;
	w->withheld = rules_withhold(j->s->rules, &(struct place){
		.exchange = w->exchange, .side = w->side,
		.part = PLACE_BODY });
	if (w->withheld.n > 0)
		return;
	if (w->in->framing == FRAMING_TUNNEL) {
		w->withheld = SLICE("what runs in a tunnel is not read");
		return;
	}
	text = decode_body(j, w);
	if (is_wide(message_header(w->in, "content-type"), text))
		w->withheld = SLICE("UTF-16 and UTF-32 are not read");
	if (w->withheld.n)
		return;
	w->body = job_add(j, text, place(j, w, "body", SLICE("")));
	format = message_format(w->in, text);
	/* the messages of a call come without their frames */
	if (w->nth > 0 && !w->in->format &&
	    format == field_format_named("grpc"))
		format = field_format_named("protobuf");
	if (format && strcmp(format->name, "form") == 0)
		at.where = KEY_URL;
	if (mark_whole(j, w, w->body))
		job_detect_rules(j, w->body, false);
	else if (!format)
		job_look_value(j, w->body, &at);
	else if (job_walk(j, w->body, text, format, &at) != FIELD_OK)
		job_detect_text(j, w->body);
	else
		look_beside_fields(j, w->body, format);
	drop_chance(j, w->body);
	if (w->broken)
		look_coded(j, w);
}

/* Of all that decides how a body is looked at; 0: nobody vouches for it. */
static uint64_t
body_sum(struct job *j, const struct message_work *w)
{
	struct slice coding = message_coding(j->scratch, w->in);
	uint64_t at[] = { w->exchange, w->side, w->nth, w->joined,
			  w->in->framing };
	uint64_t sum;

	if (w->in->body.n == w->joined || w->in->decoded.n > 0 ||
	    !coding_identity(coding))
		return 0;
	sum = vouch_sum(1, slice_of((const char *)at, sizeof(at)));
	sum = vouch_sum(sum, message_header(w->in, "content-type"));
	return vouch_sum(sum, w->in->body);
}

/* Nothing was marked in it, nor in what is nested in it. */
static bool
held_nothing(const struct job *j, const struct message_work *w)
{
	if (w->body == NO_PIECE || w->withheld.n > 0 || j->n > PIECES_TRUSTED)
		return false;
	for (size_t i = w->body; i < j->n; i++) {
		const struct piece *p = &j->v[i];

		if (p->spans.n > 0 || p->kept.n > 0 || p->gave_up.n > 0)
			return false;
	}
	return true;
}

void
message_look_body(struct job *j, struct message_work *w)
{
	struct vouched *known = &j->s->vouched;
	uint64_t sum = body_sum(j, w);
	size_t i = j->bodies++;

	w->body = w->raw_body = w->coded = NO_PIECE;
	if (j->ours) {
		if (!vouch_covers(known, i, sum))
			look_body(j, w);
		return;
	}
	look_body(j, w);
	vouch_add(known, held_nothing(j, w) ? sum : 0);
}

void
message_look(struct job *j, struct message_work *w)
{
	const struct message *m = w->in;
	size_t i, n = 0;

	w->body = w->raw_body = w->coded = NO_PIECE;
	if (!m->present)
		return;
	w->lines = arena_array(j->scratch, 1 + m->headers.n + m->trailers.n,
			       sizeof(*w->lines));
	w->lines[n++] = look_line(j, w);
	for (i = 0; i < m->headers.n; i++)
		w->lines[n++] = look_header(j, w, &m->headers.v[i]);
	for (i = 0; i < m->trailers.n; i++)
		w->lines[n++] = look_header(j, w, &m->trailers.v[i]);
	message_look_body(j, w);
	/* raw bytes tell nothing of fields: a kept one would be taken there */
	if (m->raw_body.n &&
	    (w->body == NO_PIECE || j->v[w->body].kept.n == 0)) {
		w->raw_body = job_add(j, m->raw_body,
				      place(j, w, "body", SLICE("")));
		job_detect_text(j, w->raw_body);
	}
}
