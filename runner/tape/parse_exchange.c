/* Reads exchanges: messages, headers, bodies and their timelines. */
#include "parse.h"

#include "names.h"

#include <stddef.h>

int
parse_list(struct reader *r, const struct yaml_node *n, size_t size,
	   read_fn *read, void **v, size_t *count)
{
	const struct reader_list what = { .size = size, .read = read };

	return reader_list(r, n, &what, v, count);
}

/* ---- bodies ---------------------------------------------------------- */

struct body_ref {
	struct slice file;
	uint64_t bytes;
};

static const struct row body_rows[] = {
	{ "file", reader_text, offsetof(struct body_ref, file), true },
	{ "bytes", reader_u64, offsetof(struct body_ref, bytes), true },
};

/* "bodies/<sha256>" gives the hash; -1 for anything else: no path may lead
 * to another place. */
static int
hash_of(struct slice file, struct slice *hash)
{
	if (!slice_starts(file, SLICE("bodies/")))
		return -1;
	*hash = slice_from(file, sizeof("bodies/") - 1);
	if (hash->n != 64)
		return -1;
	for (size_t i = 0; i < hash->n; i++) {
		char c = hash->p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return -1;
	}
	return 0;
}

static int
load_body(struct reader *r, const struct yaml_node *n, struct slice *out)
{
	const struct parse *p = r->arg;
	struct body_ref ref;
	struct slice hash;

	if (reader_map(r, n, body_rows, ARRAY_LEN(body_rows), &ref) < 0)
		return -1;
	if (hash_of(ref.file, &hash) < 0)
		return reader_fail(r, yaml_get(n, "file"),
				   "bad body file; expected bodies/ and the "
				   "64 hex digits of its SHA-256");
	if (ref.bytes > TAPE_BODY_MAX)
		return reader_fail(r, yaml_get(n, "bytes"),
				   "body of %llu bytes; at most %u are read",
				   (unsigned long long)ref.bytes,
				   TAPE_BODY_MAX);
	if (!p->load)
		return reader_fail(r, n, "body in a file; expected its text");
	if (p->load(p->load_arg, r->a, arena_str(r->a, hash), ref.bytes, out,
		    r->e) == 0)
		return 0;
	return err_prefix(r->e, "%s:%u:%u", r->doc->name, n->line, n->column);
}

int
parse_body(struct reader *r, const struct yaml_node *n, void *out)
{
	if (n->kind == YAML_MAP)
		return load_body(r, n, out);
	return reader_text(r, n, out);
}

/* ---- messages -------------------------------------------------------- */

static int
read_header(struct reader *r, const struct yaml_node *n, void *out)
{
	struct slice line;

	if (reader_text(r, n, &line) < 0)
		return -1;
	*(struct header *)out = header_of_line(line);
	return 0;
}

static int
read_headers(struct reader *r, const struct yaml_node *n, void *out)
{
	struct headers *h = out;
	void *v;

	if (parse_list(r, n, sizeof(*h->v), read_header, &v, &h->n) < 0)
		return -1;
	h->v = v;
	return 0;
}

static int
read_chunks(struct reader *r, const struct yaml_node *n, void *out)
{
	struct message *m = out;
	void *v;

	if (parse_list(r, n, sizeof(*m->chunks), reader_u64, &v, &m->nchunks) <
	    0)
		return -1;
	m->chunks = v;
	return 0;
}

/* "1448@0.000120" */
static int
read_segment(struct reader *r, const struct yaml_node *n, void *out)
{
	struct segment *s = out;
	struct slice time = n->text;
	struct slice bytes = slice_cut(&time, '@');
	char q[QUOTE_MAX];

	if (n->kind == YAML_SCALAR &&
	    slice_uint(bytes, UINT64_MAX, &s->bytes) == 0 &&
	    reader_parse_time(time, &s->at_us) == 0)
		return 0;
	return reader_fail(r, n, "bad segment '%s'; expected BYTES@SECONDS",
			   quote(n->text, q));
}

static int
read_segments(struct reader *r, const struct yaml_node *n, void *out)
{
	struct message *m = out;
	void *v;

	if (parse_list(r, n, sizeof(*m->segments), read_segment, &v,
		       &m->nsegments) < 0)
		return -1;
	m->segments = v;
	return 0;
}

static int
read_end(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, message_end_names, &i) < 0)
		return -1;
	*(enum message_end *)out = (enum message_end)i;
	return 0;
}

/* A name of RFC 9113, or the number of a code that has none. */
static int
read_error(struct reader *r, const struct yaml_node *n, void *out)
{
	uint64_t v;
	size_t i;

	if (n->kind == YAML_SCALAR && n->plain &&
	    slice_uint(n->text, UINT32_MAX, &v) == 0 &&
	    !http2_error_name((uint32_t)v)) {
		*(uint32_t *)out = (uint32_t)v;
		return 0;
	}
	if (reader_word(r, n, http2_error_names, &i) < 0)
		return -1;
	*(uint32_t *)out = (uint32_t)i;
	return 0;
}

static int
read_framing(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, framing_names, &i) < 0)
		return -1;
	*(enum framing *)out = (enum framing)i;
	return 0;
}

/* `missing: true` says present = false; both are one bool turned round. */
static int
read_missing(struct reader *r, const struct yaml_node *n, void *out)
{
	bool missing;

	if (reader_true(r, n, &missing) < 0)
		return -1;
	*(bool *)out = !missing;
	return 0;
}

#define AT(member) offsetof(struct message, member)
static const struct row message_rows[] = {
	{ "missing", read_missing, AT(present), false },
	{ "at", reader_time, AT(at_us), true },
	{ "end", reader_time, AT(end_us), true },
	{ "ended", read_end, AT(end), false },
	{ "error", read_error, AT(error), false },
	{ "line", reader_text, AT(line), false },
	{ "headers", read_headers, AT(headers), false },
	{ "raw_head", reader_text, AT(raw_head), false },
	{ "framing", read_framing, AT(framing), false },
	{ "decoded", reader_text, AT(decoded), false },
	{ "withheld", reader_text, AT(withheld), false },
	{ "body_bytes", reader_u64, AT(body_bytes), false },
	{ "cut_bytes", reader_u64, AT(cut_bytes), false },
	{ "body", parse_body, AT(body), false },
	{ "raw_body", parse_body, AT(raw_body), false },
	{ "chunks", read_chunks, 0, false },
	{ "trailers", read_headers, AT(trailers), false },
	{ "segments", read_segments, 0, false },
};
#undef AT

static int
read_message(struct reader *r, const struct yaml_node *n, struct message *m,
	     bool is_request)
{
	m->present = true;
	if (reader_map(r, n, message_rows, ARRAY_LEN(message_rows), m) < 0)
		return -1;
	if (!yaml_get(n, "framing"))
		m->framing = message_framing_told(m, is_request);
	if (!yaml_get(n, "body_bytes"))
		m->body_bytes = m->body.n;
	return 0;
}

static int
read_request(struct reader *r, const struct yaml_node *n, void *out)
{
	return read_message(r, n, out, true);
}

static int
read_response(struct reader *r, const struct yaml_node *n, void *out)
{
	return read_message(r, n, out, false);
}

static int
read_interim(struct reader *r, const struct yaml_node *n, void *out)
{
	struct exchange *x = out;
	void *v;

	if (parse_list(r, n, sizeof(*x->interim), read_response, &v,
		       &x->ninterim) < 0)
		return -1;
	x->interim = v;
	return 0;
}

/* ---- exchanges ------------------------------------------------------- */

static int
read_lane_name(struct reader *r, const struct yaml_node *n, void *out)
{
	const struct parse *p = r->arg;
	struct slice name;
	char q[QUOTE_MAX];

	if (reader_text(r, n, &name) < 0)
		return -1;
	for (size_t i = 0; i < p->tape->nlanes; i++) {
		if (slice_eq(p->tape->lanes[i].name, name)) {
			*(uint32_t *)out = (uint32_t)i;
			return 0;
		}
	}
	return reader_fail(r, n, "unknown lane '%s'; expected one of lanes",
			   quote(name, q));
}

static int
read_protocol(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, protocol_names, &i) < 0)
		return -1;
	*(enum protocol *)out = (enum protocol)i;
	return 0;
}

#define AT(member) offsetof(struct exchange, member)
static const struct row exchange_rows[] = {
	{ "id", reader_u32, AT(id), true },
	{ "lane", read_lane_name, AT(lane), true },
	{ "conn", reader_u32, AT(conn), true },
	{ "cause", reader_u32, AT(cause), false },
	{ "stream", reader_u32, AT(stream), false },
	{ "protocol", read_protocol, AT(protocol), false },
	{ "injected", reader_true, AT(injected), false },
	{ "note", reader_text, AT(note), false },
	{ "request", read_request, AT(request), false },
	{ "interim", read_interim, 0, false },
	{ "response", read_response, AT(response), false },
	{ "messages", parse_messages, 0, false },
};
#undef AT

/* What a side's body is when its messages are put before it. */
static void
join(struct reader *r, const struct yaml_node *n, struct exchange *x,
     enum sender from)
{
	const char *name = from == FROM_CLIENT ? "request" : "response";
	const struct yaml_node *side = yaml_get(n, name);
	struct message *m = exchange_side(x, from);

	if (exchange_joined(x, from) == 0)
		return;
	exchange_join(r->a, x, from, m->body);
	if (!side || !yaml_get(side, "body_bytes"))
		m->body_bytes = m->body.n;
}

int
parse_exchange(struct reader *r, const struct yaml_node *n, void *out)
{
	struct exchange *x = out;

	x->line = n->line;
	if (reader_map(r, n, exchange_rows, ARRAY_LEN(exchange_rows), x) < 0)
		return -1;
	join(r, n, x, FROM_CLIENT);
	join(r, n, x, FROM_SERVER);
	return 0;
}
