/*
 * What the HTTP/1.1 decoder says about a stream, as one line of text, so that
 * tests compare strings and the fuzzer compares one feeding with another:
 *
 *   (POST /a =3)abc.        a length-framed request, its body, its end
 *   (200 chunked){4}abcd{0}[X-T: 1].
 *   (GET / none -)          "-": no message may follow; "?": ambiguous
 *   ~bytes                  opaque        !  bad        $  clean end of stream
 */
#ifndef TESTS_HTTP1_TRACE_H
#define TESTS_HTTP1_TRACE_H

#include <dvr/wire/http1.h>

#include <stdlib.h>

struct trace {
	struct http1_decoder d;
	struct buf text;
	const char *answers;	/* method that responses answer, or NULL */
	bool running;		/* the last thing written was a body or opaque */
	bool ended;		/* nothing more to say */
};

static inline void
trace_init(struct trace *t, enum http1_kind kind, const char *answers)
{
	*t = (struct trace){ .answers = answers };
	http1_init(&t->d, kind);
	buf_init(&t->text, 64 * MiB);
	if (answers)
		http1_answers(&t->d, slice_str(answers));
}

static inline void
trace_release(struct trace *t)
{
	http1_release(&t->d);
	buf_release(&t->text);
}

static inline void
trace_head(struct trace *t)
{
	static const char *const framings[] = { "none", "=", "chunked", "close",
						"tunnel" };
	const struct http1_head *h = &t->d.head;

	if (t->d.kind == HTTP1_REQUEST) {
		buf_addc(&t->text, '(');
		buf_add(&t->text, h->method);
		buf_addc(&t->text, ' ');
		buf_add(&t->text, h->target);
	} else {
		buf_fmt(&t->text, "(%u", h->status);
	}
	buf_fmt(&t->text, " %s", framings[h->framing]);
	if (h->framing == HTTP1_LENGTH)
		buf_fmt(&t->text, "%llu", (unsigned long long)h->length);
	buf_adds(&t->text, h->keep_alive ? "" : " -");
	buf_adds(&t->text, h->ambiguous ? " ?" : "");
	buf_addc(&t->text, ')');
}

static inline void
trace_trailers(struct trace *t)
{
	const struct http1_head *h = &t->d.head;

	for (size_t i = 0; i < h->nheaders; i++) {
		buf_addc(&t->text, '[');
		buf_add(&t->text, h->headers[i].line);
		buf_addc(&t->text, ']');
	}
}

static inline void
trace_span(struct trace *t, enum http1_event ev, struct slice span)
{
	if (ev == HTTP1_OPAQUE && !t->running)
		buf_addc(&t->text, '~');
	t->running = ev == HTTP1_OPAQUE;
	buf_add(&t->text, span);
}

static inline void
trace_event(struct trace *t, enum http1_event ev, struct slice span)
{
	switch (ev) {
	case HTTP1_MORE:
		break;
	case HTTP1_HEAD:
		trace_head(t);
		break;
	case HTTP1_BODY:
	case HTTP1_OPAQUE:
		trace_span(t, ev, span);
		break;
	case HTTP1_CHUNK:
		buf_fmt(&t->text, "{%llx}",
			(unsigned long long)t->d.chunk_size);
		break;
	case HTTP1_TRAILERS:
		trace_trailers(t);
		break;
	case HTTP1_END:
		buf_addc(&t->text, '.');
		break;
	case HTTP1_BAD:
		buf_addc(&t->text, '!');
		t->ended = true;
		break;
	}
}

/* Hands over one piece; aborts when the decoder breaks its own contract. */
static inline void
trace_feed(struct trace *t, struct slice in)
{
	enum http1_event ev;

	if (t->ended)
		return;
	do {
		struct slice span;
		size_t used = SIZE_MAX;

		ev = http1_next(&t->d, in, &used, &span);
		if (used > in.n || (ev == HTTP1_MORE && used != in.n) ||
		    ((ev == HTTP1_BODY || ev == HTTP1_OPAQUE) &&
		     (span.n == 0 || used < span.n)))
			abort();
		trace_event(t, ev, span);
		in = slice_from(in, used);
	} while (ev != HTTP1_MORE && ev != HTTP1_BAD);
}

static inline const char *
trace_eof(struct trace *t)
{
	enum http1_event ev;

	if (!t->ended) {
		ev = http1_eof(&t->d);
		trace_event(t, ev, (struct slice){ 0 });
		if (ev != HTTP1_BAD)
			buf_addc(&t->text, '$');
	}
	t->ended = true;
	return buf_cstr(&t->text);
}

#endif
