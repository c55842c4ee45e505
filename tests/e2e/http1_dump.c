/*
 * What our decoder saw in streams, for a comparison with other parsers.  Reads
 * records: a letter ('q' requests, 'r' responses, 'h' and 'c' responses to HEAD
 * and CONNECT), four bytes of length, big-endian, then the stream.  Writes a
 * line for each: "METHOD TARGET MINOR FIELDS BODY TRAILERS;" for every complete
 * message (a response's status stands for its method, "-" for its target; all
 * else in hex), "?" where the framing was not plain, then "!" and "ok",
 * "opaque" or "bad".  Each stream is read whole and in pieces: a difference
 * between the two is a failure of its own.
 */
#include <dvr/wire/http1.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put_hex(FILE *out, struct slice s)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		putc(digits[c >> 4], out);
		putc(digits[c & 15], out);
	}
}

static void
put_fields(FILE *out, const struct http1_head *h)
{
	putc(' ', out);
	for (size_t i = 0; i < h->nheaders; i++) {
		put_hex(out, h->headers[i].name);
		putc('=', out);
		put_hex(out, h->headers[i].value);
		putc(',', out);
	}
}

static void
put_head(FILE *out, const struct http1_decoder *d)
{
	const struct http1_head *h = &d->head;

	if (d->kind == HTTP1_RESPONSE) {
		fprintf(out, "%u -", h->status);
	} else {
		put_hex(out, h->method);
		putc(' ', out);
		put_hex(out, h->target);
	}
	fprintf(out, " %u", h->minor);
	put_fields(out, h);
	putc(' ', out);
	if (h->ambiguous)
		putc('?', out);
}

struct reading {
	struct http1_decoder d;
	FILE *out;
	struct slice method;	/* that responses answer */
	bool opaque, trailers;
};

/* One event; false after the last. */
static bool
show(struct reading *r, enum http1_event ev, struct slice span)
{
	const struct http1_decoder *d = &r->d;

	switch (ev) {
	case HTTP1_MORE:
		return false;
	case HTTP1_HEAD:
		put_head(r->out, d);
		break;
	case HTTP1_BODY:
		put_hex(r->out, span);
		break;
	case HTTP1_TRAILERS:
		r->trailers = true;
		put_fields(r->out, &d->head);
		if (d->head.ambiguous)
			putc('?', r->out);
		break;
	case HTTP1_CHUNK:
		break;
	case HTTP1_END:
		fprintf(r->out, "%s%s;", r->trailers ? "" : " ",
			d->chunks_odd ? "?" : "");
		r->trailers = false;
		if (d->kind == HTTP1_RESPONSE)
			http1_answers(&r->d, r->method);
		break;
	case HTTP1_OPAQUE:
		r->opaque = true;
		break;
	case HTTP1_BAD:
		return false;
	}
	return true;
}

static enum http1_event
feed(struct reading *r, struct slice in)
{
	for (;;) {
		struct slice span = { 0 };
		size_t used;
		enum http1_event ev = http1_next(&r->d, in, &used, &span);

		if (!show(r, ev, span))
			return ev;
		in = slice_from(in, used);
	}
}

/* What was seen, with the stream in pieces of so many bytes. */
static char *
dump(char kind, struct slice in, size_t piece)
{
	enum http1_event ev = HTTP1_MORE;
	struct reading r = { 0 };
	char *text;
	size_t n;

	r.out = open_memstream(&text, &n);
	if (!r.out)
		exit(EXIT_FAILURE);
	r.method = slice_str(kind == 'h' ? "HEAD" :
			     kind == 'c' ? "CONNECT" : "GET");
	http1_init(&r.d, kind == 'q' ? HTTP1_REQUEST : HTTP1_RESPONSE);
	if (kind != 'q')
		http1_answers(&r.d, r.method);
	while (in.n > 0 && ev == HTTP1_MORE) {
		size_t k = piece < in.n ? piece : in.n;

		ev = feed(&r, slice_range(in, 0, k));
		in = slice_from(in, k);
	}
	if (ev == HTTP1_MORE) {
		ev = http1_eof(&r.d);
		show(&r, ev, (struct slice){ 0 });
	}
	fprintf(r.out, "%s!%s", r.d.chunks_odd ? "?" : "",
		ev == HTTP1_BAD ? "bad" : r.opaque ? "opaque" : "ok");
	fclose(r.out);
	http1_release(&r.d);
	return text;
}

int
main(void)
{
	unsigned char head[5];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		size_t n = (size_t)head[1] << 24 | (size_t)head[2] << 16 |
			   (size_t)head[3] << 8 | head[4];
		char *bytes = malloc(n + 1), *whole, *pieces;

		if (!bytes || fread(bytes, 1, n, stdin) != n)
			return EXIT_FAILURE;
		whole = dump((char)head[0], slice_of(bytes, n), n + 1);
		pieces = dump((char)head[0], slice_of(bytes, n), 1 + n % 7);
		printf("%s%s\n", whole,
		       strcmp(whole, pieces) == 0 ? "" : "!split");
		free(pieces);
		free(whole);
		free(bytes);
	}
	return EXIT_SUCCESS;
}
