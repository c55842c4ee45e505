/* The model's accessors, and the wire bytes of a message from its parts. */
#include <dvr/tape/tape.h>

#include <dvr/base/buf.h>

void
tape_init(struct tape *t)
{
	*t = (struct tape){ .arena = arena_create() };
}

void
tape_release(struct tape *t)
{
	if (!t)
		return;
	arena_destroy(t->arena);
	*t = (struct tape){ 0 };
}

size_t
tape_uncaused(const struct tape *t, size_t *calls)
{
	size_t n = 0;

	*calls = 0;
	for (size_t i = 0; i < t->nexchanges; i++) {
		if (t->lanes[t->exchanges[i].lane].role != LANE_EGRESS)
			continue;
		++*calls;
		n += t->exchanges[i].cause == 0;
	}
	return n;
}

const struct exchange *
tape_exchange(const struct tape *t, uint32_t id)
{
	/* Ids ascend, mostly without gaps: the place is known at once. */
	if (id > 0 && id <= t->nexchanges && t->exchanges[id - 1].id == id)
		return &t->exchanges[id - 1];
	for (size_t i = 0; i < t->nexchanges; i++)
		if (t->exchanges[i].id == id)
			return &t->exchanges[i];
	return NULL;
}

/* ---- headers and start lines ----------------------------------------- */

struct header
header_of_line(struct slice line)
{
	bool pseudo = line.n > 1 && line.p[0] == ':';
	ssize_t colon = slice_chr(slice_from(line, pseudo), ':');
	size_t end;

	/* ": x" is a line without a name, no pseudo header. */
	if (pseudo && colon <= 0)
		colon = 0;
	else if (pseudo)
		colon++;
	end = colon < 0 ? 0 : (size_t)colon;
	return (struct header){
		.line = line,
		.name = slice_range(line, 0, end),
		.value = slice_trim(slice_from(line, colon < 0 ? 0 : end + 1)),
	};
}

const struct header *
headers_find(const struct headers *h, const char *name)
{
	struct slice want = slice_str(name);

	for (size_t i = 0; i < h->n; i++)
		if (slice_ieq(h->v[i].name, want))
			return &h->v[i];
	return NULL;
}

struct slice
message_header(const struct message *m, const char *name)
{
	const struct header *h = headers_find(&m->headers, name);

	return h ? h->value : SLICE("");
}

struct slice
message_method(const struct message *request)
{
	struct slice rest = request->line;
	struct slice method = slice_cut(&rest, ' ');

	return rest.p ? method : (struct slice){ 0 };
}

/* From the first space to the last: a target with spaces stays whole. */
struct slice
message_target(const struct message *request)
{
	struct slice s = request->line;
	ssize_t first = slice_chr(s, ' ');
	size_t last = s.n;

	if (first < 0)
		return (struct slice){ 0 };
	while (s.p[last - 1] != ' ')
		last--;
	/* One space only: HTTP/0.9, or a version that was left out. */
	if (last == (size_t)first + 1)
		return slice_from(s, last);
	return slice_range(s, (size_t)first + 1, last - 1);
}

struct slice
message_host(const struct message *request)
{
	struct slice t = message_target(request), host = { 0 };
	const struct header *h = headers_find(&request->headers, "Host");
	size_t n = 0;

	if (h == NULL)
		h = headers_find(&request->headers, ":authority");
	if (h != NULL)
		host = h->value;
	if (slice_istarts(t, SLICE("http://")) ||
	    slice_istarts(t, SLICE("https://"))) {
		host = slice_from(t, (size_t)slice_find(t, SLICE("//")) + 2);
		while (n < host.n && host.p[n] != '/' && host.p[n] != '?')
			n++;
		host = slice_range(host, 0, n);
	}
	return host;
}

struct slice
message_path(const struct message *request)
{
	struct slice s = message_target(request);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '?' || s.p[i] == '#')
			return slice_range(s, 0, i);
	return s;
}

unsigned
message_status(const struct message *response)
{
	struct slice rest = response->line;
	uint64_t status;

	if (!slice_istarts(rest, SLICE("HTTP/")))
		return 0;
	slice_cut(&rest, ' ');
	rest = slice_trim(rest);
	if (slice_uint(slice_cut(&rest, ' '), 999, &status) < 0)
		return 0;
	return (unsigned)status;
}

/* ---- framing --------------------------------------------------------- */

/* Is `chunked` the last transfer coding of the last such field? */
static bool
is_chunked(const struct headers *h)
{
	bool chunked = false;

	for (size_t i = 0; i < h->n; i++) {
		struct slice rest = h->v[i].value;

		if (!slice_ieq(h->v[i].name, SLICE("Transfer-Encoding")))
			continue;
		while (rest.p)
			chunked = slice_ieq(slice_trim(slice_cut(&rest, ',')),
					    SLICE("chunked"));
	}
	return chunked;
}

enum framing
message_framing_told(const struct message *m, bool is_request)
{
	unsigned status = is_request ? 0 : message_status(m);

	if (is_request ? slice_ends(m->line, SLICE(" HTTP/2"))
		       : slice_starts(m->line, SLICE("HTTP/2 ")))
		return FRAMING_STREAM;
	if (status == 204 || status == 304 || (status >= 100 && status < 200))
		return FRAMING_NONE;
	if (is_chunked(&m->headers))
		return FRAMING_CHUNKED;
	if (headers_find(&m->headers, "Content-Length"))
		return FRAMING_LENGTH;
	return is_request || !m->present ? FRAMING_NONE : FRAMING_CLOSE;
}

/* ---- printing -------------------------------------------------------- */

static void
print_lines(const struct headers *h, struct buf *out)
{
	for (size_t i = 0; i < h->n; i++) {
		buf_add(out, h->v[i].line);
		buf_adds(out, "\r\n");
	}
}

void
message_print_head(const struct message *m, struct buf *out)
{
	if (m->raw_head.n > 0) {
		buf_add(out, m->raw_head);
		return;
	}
	if (m->line.n == 0 && m->headers.n == 0)
		return;
	buf_add(out, m->line);
	buf_adds(out, "\r\n");
	print_lines(&m->headers, out);
	buf_adds(out, "\r\n");
}

/*
 * One chunk of the announced size with what is there of it.  Returns false
 * when it is not all there: the message was cut inside it.
 */
static bool
print_chunk(struct slice *body, uint64_t size, struct buf *out)
{
	size_t have = size < body->n ? (size_t)size : body->n;

	buf_fmt(out, "%llx\r\n", (unsigned long long)size);
	buf_add(out, slice_range(*body, 0, have));
	*body = slice_from(*body, have);
	if (have < size)
		return false;
	buf_adds(out, "\r\n");
	return true;
}

static void
print_chunked(const struct message *m, struct buf *out)
{
	struct slice body = m->body;

	for (size_t i = 0; i < m->nchunks; i++)
		if (!print_chunk(&body, m->chunks[i], out))
			return;
	/* Sizes that do not cover the body: it was written anew. */
	if (body.n > 0)
		print_chunk(&body, body.n, out);
	if (m->end != END_COMPLETE)
		return;
	buf_adds(out, "0\r\n");
	print_lines(&m->trailers, out);
	buf_adds(out, "\r\n");
}

void
message_print(const struct message *m, struct buf *out)
{
	if (!m->present)
		return;
	message_print_head(m, out);
	if (m->raw_body.n > 0)
		buf_add(out, m->raw_body);
	else if (m->framing == FRAMING_CHUNKED)
		print_chunked(m, out);
	else
		buf_add(out, m->body);
}
