/* Messages on their way back: clean lines and bodies, or none. */
#include "message.h"

#include "head.h"

#include <string.h>

/* A line that cannot be trusted after all: only its beginning is kept. */
static struct slice
withhold_line(struct job *j, struct slice raw, size_t keep)
{
	struct slice done;
	struct buf b;

	buf_init(&b, raw.n + KiB);
	buf_add(&b, slice_range(raw, 0, keep));
	known_handle(j->s->known, &(struct span){
		.class = SLICE("withheld"), .rule = SLICE("withheld"),
		.value = slice_from(raw, keep),
	}, true, &b);
	done = arena_copy(j->scratch, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct slice
clean_line(struct job *j, size_t i, size_t keep)
{
	struct slice text = job_text(j, i);

	if (job_gave_up(j, i).n > 0 || known_leaks(j->s->known, text))
		text = withhold_line(j, j->v[i].raw, keep);
	return text;
}

/* "GET " of a request line; version and code of a status line. */
static size_t
line_keep(const struct message_work *w)
{
	ssize_t space = slice_chr(w->in->line, ' ');
	size_t code;

	if (space < 0)
		return 0;
	code = (size_t)space + 4;
	if (w->side == PLACE_REQUEST)
		return (size_t)space + 1;
	return w->in->line.n < code ? w->in->line.n : code;
}

static void
store_header(struct job *j, const struct header *in, size_t piece,
	     struct arena *a, struct header *out)
{
	size_t name = in->name.n, keep = name ? name + 1 : 0;
	ssize_t colon;

	if (in->value.n && in->value.p > in->line.p)
		keep = (size_t)(in->value.p - in->line.p);
	out->line = arena_copy(a, clean_line(j, piece, keep));
	if (name == 0 || !slice_starts(out->line, in->name))
		name = header_of_line(out->line).name.n;
	out->name = slice_range(out->line, 0, name);
	colon = slice_chr(slice_from(out->line, name), ':');
	out->value = colon < 0 ? (struct slice){ 0 } :
		slice_trim(slice_from(out->line, name + (size_t)colon + 1));
}

static void
store_headers(struct job *j, const struct headers *in, const size_t *pieces,
	      struct arena *a, struct headers *out)
{
	size_t i;

	*out = (struct headers){ .n = in->n };
	if (in->n == 0)
		return;
	out->v = arena_array(a, in->n, sizeof(*out->v));
	for (i = 0; i < in->n; i++)
		store_header(j, &in->v[i], pieces[i], a, &out->v[i]);
}

/* Exact head bytes with the clean lines in them; none when they do not hold
 * the lines as they were read. */
static struct slice
store_raw_head(struct job *j, const struct message_work *w, struct arena *a)
{
	const struct message *in = w->in, *out = w->out;
	size_t n = in->headers.n + 1, i;
	struct slice *lines, *now, done = { 0 };
	struct buf b;

	if (in->raw_head.n == 0)
		return done;
	lines = arena_array(j->scratch, n, sizeof(*lines));
	now = arena_array(j->scratch, n, sizeof(*now));
	lines[0] = in->line;
	now[0] = out->line;
	for (i = 0; i + 1 < n; i++) {
		lines[i + 1] = in->headers.v[i].line;
		now[i + 1] = out->headers.v[i].line;
	}
	buf_init(&b, in->raw_head.n * 8 + 64 * KiB);
	if (head_replace(in->raw_head, lines, now, n, &b) && !b.full)
		done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static void
withhold(struct message_work *w, struct arena *a, struct slice why)
{
	w->withheld = why;
	w->out->withheld = arena_copy(a, why);
}

/* Why the body may not be kept, "" when it may. */
static struct slice
objection(struct job *j, const struct message_work *w)
{
	if (w->withheld.n)
		return w->withheld;
	if (w->body == NO_PIECE)
		return SLICE("");
	if (job_gave_up(j, w->body).n > 0)
		return arena_fmt(j->scratch, "the rule at %.*s hit its limits "
				 "in it", SLICE_ARG(job_gave_up(j, w->body)));
	if (known_leaks(j->s->known, job_text(j, w->body)))
		return SLICE("it still held a known secret after scrubbing");
	if (w->broken && (job_hit(j, w->body) || job_hit(j, w->coded) ||
			  job_gave_up(j, w->coded).n > 0))
		return SLICE("its coding is broken and what can be read of "
			     "it holds a secret");
	return SLICE("");
}

void
message_store_body(struct job *j, struct message_work *w, struct arena *a)
{
	struct message *out = w->out;
	struct slice why = objection(j, w);

	if (why.n) {
		withhold(w, a, why);
		return;
	}
	if (w->body == NO_PIECE)
		return;
	if (job_hit(j, w->body)) {
		out->body = arena_copy(a, job_text(j, w->body));
		out->decoded = arena_copy(a, w->coding);
		return;
	}
	out->body = arena_copy(a, slice_from(w->in->body, w->joined));
	if (w->raw_body != NO_PIECE && !job_hit(j, w->raw_body))
		out->raw_body = arena_copy(a, w->in->raw_body);
}

static void *
copy_array(struct arena *a, const void *v, size_t n, size_t size)
{
	void *p;

	if (n == 0)
		return NULL;
	p = arena_array(a, n, size);
	memcpy(p, v, n * size);
	return p;
}

void
message_store(struct job *j, struct message_work *w, struct arena *a)
{
	const struct message *in = w->in;
	struct message *out = w->out;

	*out = (struct message){
		.present = in->present, .at_us = in->at_us,
		.end_us = in->end_us, .framing = in->framing,
		.nchunks = in->nchunks, .body_bytes = in->body_bytes,
		.cut_bytes = in->cut_bytes, .nsegments = in->nsegments,
		.end = in->end, .error = in->error,
	};
	out->chunks = copy_array(a, in->chunks, in->nchunks,
				 sizeof(*in->chunks));
	out->segments = copy_array(a, in->segments, in->nsegments,
				   sizeof(*in->segments));
	out->withheld = arena_copy(a, in->withheld);
	if (!in->present)
		return;
	out->line = arena_copy(a, clean_line(j, w->lines[0], line_keep(w)));
	store_headers(j, &in->headers, w->lines + 1, a, &out->headers);
	store_headers(j, &in->trailers, w->lines + 1 + in->headers.n, a,
		      &out->trailers);
	out->raw_head = store_raw_head(j, w, a);
	if (in->withheld.n == 0)
		message_store_body(j, w, a);
}
