/*
 * What our decoder saw in request streams, for a comparison with other parsers.
 * Reads records (four bytes of length, big-endian, then the stream), writes a
 * line for each: "METHOD TARGET BODY;" for every complete message, all in hex,
 * "?" where the framing was not plain, then "ok", "opaque" or "bad".
 */
#include <dvr/wire/http1.h>

#include <stdio.h>
#include <stdlib.h>

static void
put_hex(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		printf("%02x", (unsigned)(unsigned char)s.p[i]);
}

/* One event; false after the last. */
static bool
show(const struct http1_decoder *d, enum http1_event ev, struct slice span,
     bool *opaque)
{
	switch (ev) {
	case HTTP1_MORE:
		return false;
	case HTTP1_HEAD:
		put_hex(d->head.method);
		putchar(' ');
		put_hex(d->head.target);
		putchar(' ');
		if (d->head.ambiguous)
			putchar('?');
		break;
	case HTTP1_BODY:
		put_hex(span);
		break;
	case HTTP1_TRAILERS:
		if (d->head.ambiguous)
			putchar('?');
		break;
	case HTTP1_CHUNK:
		break;
	case HTTP1_END:
		fputs(d->chunks_odd ? "?;" : ";", stdout);
		break;
	case HTTP1_OPAQUE:
		*opaque = true;
		break;
	case HTTP1_BAD:
		return false;
	}
	return true;
}

static void
dump(struct slice in)
{
	struct http1_decoder d;
	enum http1_event ev;
	bool opaque = false;

	http1_init(&d, HTTP1_REQUEST);
	for (;;) {
		struct slice span;
		size_t used;

		ev = http1_next(&d, in, &used, &span);
		if (!show(&d, ev, span, &opaque))
			break;
		in = slice_from(in, used);
	}
	if (ev == HTTP1_MORE)
		ev = http1_eof(&d);
	if (d.chunks_odd)
		putchar('?');
	printf("!%s\n", ev == HTTP1_BAD ? "bad" : opaque ? "opaque" : "ok");
	http1_release(&d);
}

int
main(void)
{
	unsigned char head[4];

	while (fread(head, 1, sizeof(head), stdin) == sizeof(head)) {
		size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
			   (size_t)head[2] << 8 | head[3];
		char *bytes = malloc(n + 1);

		if (!bytes || fread(bytes, 1, n, stdin) != n)
			return EXIT_FAILURE;
		dump(slice_of(bytes, n));
		free(bytes);
	}
	return EXIT_SUCCESS;
}
