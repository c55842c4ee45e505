/* Prints exchanges: messages, headers, bodies and their timelines. */
#include "printer.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/base/yaml.h>

#include "names.h"

/* ---- bodies ---------------------------------------------------------- */

/* Text that a reviewer can read where it stands. */
static bool
is_inline(struct slice s)
{
	unsigned controls = 0, high = 0;

	if (s.n > TAPE_INLINE_MAX)
		return false;
	/* No branches: bodies are most of what is printed. */
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		controls |=
			(c < 0x20u) & (c != '\n') & (c != '\r') & (c != '\t');
		controls |= c == 0x7fu;
		high |= c;
	}
	return !controls && (high < 0x80 || slice_is_utf8(s));
}

static struct tape_blob *
add_blob(struct printer *p, struct slice s)
{
	struct tape_blobs *b = &p->blobs;

	if (b->n == p->blobs_cap) {
		p->blobs_cap = p->blobs_cap ? p->blobs_cap * 2 : 16;
		b->v = mem_grow(b->v, p->blobs_cap, sizeof(*b->v));
	}
	b->v[b->n].bytes = s;
	sha256_hex(s, b->v[b->n].hash);
	return &b->v[b->n++];
}

void
print_payload(struct printer *p, struct slice s)
{
	if (is_inline(s)) {
		yaml_put(p->out, s);
		return;
	}
	buf_adds(p->out, "{file: bodies/");
	buf_adds(p->out, add_blob(p, s)->hash);
	buf_adds(p->out, ", bytes: ");
	print_uint(p->out, s.n);
	buf_addc(p->out, '}');
}

static void
key_body(struct printer *p, const char *name, struct slice s)
{
	if (s.n == 0)
		return;
	if (p->lines_only) {
		print_key(p, name);
		print_end_line(p);
		return;
	}
	print_key(p, name);
	print_payload(p, s);
	print_end_line(p);
}

/* ---- messages -------------------------------------------------------- */

static void
put_headers(struct printer *p, const char *name, const struct headers *h)
{
	if (h->n == 0)
		return;
	print_open_key(p, name);
	for (size_t i = 0; i < h->n; i++) {
		p->indent += 4;
		p->dash = true;
		print_indent(p);
		p->indent -= 4;
		yaml_put(p->out, h->v[i].line);
		print_end_line(p);
	}
}

static void
put_chunks(struct printer *p, const struct message *m)
{
	if (m->nchunks == 0)
		return;
	print_key(p, "chunks");
	for (size_t i = 0; i < m->nchunks; i++) {
		buf_adds(p->out, i == 0 ? "[" : ", ");
		print_uint(p->out, m->chunks[i]);
	}
	buf_adds(p->out, "]\n");
}

static void
put_segments(struct printer *p, const struct message *m)
{
	if (m->nsegments == 0)
		return;
	print_key(p, "segments");
	for (size_t i = 0; i < m->nsegments; i++) {
		buf_adds(p->out, i == 0 ? "[" : ", ");
		print_uint(p->out, m->segments[i].bytes);
		buf_addc(p->out, '@');
		print_time(p->out, m->segments[i].at_us);
	}
	buf_adds(p->out, "]\n");
}

static bool
is_blank(const struct message *m)
{
	return !m->present && m->end == END_COMPLETE && m->at_us == 0 &&
	       m->end_us == 0;
}

static void
put_payload(struct printer *p, const struct message *m, size_t joined)
{
	print_text_if(p, "decoded", m->decoded);
	print_text_if(p, "withheld", m->withheld);
	if (m->body_bytes != m->body.n)
		print_key_uint(p, "body_bytes", m->body_bytes);
	if (m->cut_bytes > 0)
		print_key_uint(p, "cut_bytes", m->cut_bytes);
	key_body(p, "body", slice_from(m->body, joined));
	key_body(p, "raw_body", m->raw_body);
	put_chunks(p, m);
	put_headers(p, "trailers", &m->trailers);
	put_segments(p, m);
}

static void
put_error(struct printer *p, const struct message *m)
{
	const char *name = http2_error_name(m->error);

	if (m->end != END_RESET && m->end != END_GOAWAY)
		return;
	if (name)
		print_text(p, "error", slice_str(name));
	else
		print_key_uint(p, "error", m->error);
}

/* What is not the same for the messages of an exchange. */
struct place_of {
	bool is_request;
	size_t joined; /* bytes of the body that stand among `messages` */
};

/* The keys of one message, at p->indent. */
static void
put_message(struct printer *p, const struct message *m,
	    const struct place_of *where)
{
	if (!m->present) {
		print_key(p, "missing");
		buf_adds(p->out, "true\n");
	}
	print_key_time(p, "at", m->at_us);
	print_key_time(p, "end", m->end_us);
	if (m->end != END_COMPLETE)
		print_text(p, "ended", slice_str(message_end_names[m->end]));
	put_error(p, m);
	if (!m->present)
		return;
	print_text_if(p, "line", m->line);
	put_headers(p, "headers", &m->headers);
	print_text_if(p, "raw_head", m->raw_head);
	if (m->framing != message_framing_told(m, where->is_request))
		print_text(p, "framing", slice_str(framing_names[m->framing]));
	put_payload(p, m, where->joined);
}

static void
put_side(struct printer *p, const struct exchange *x, enum sender from)
{
	bool is_request = from == FROM_CLIENT;
	const struct message *m = is_request ? &x->request : &x->response;
	const struct place_of where = { is_request, exchange_joined(x, from) };

	if (is_blank(m))
		return;
	print_open_key(p, is_request ? "request" : "response");
	p->indent += 2;
	put_message(p, m, &where);
	p->indent -= 2;
}

static void
put_interim(struct printer *p, const struct exchange *x)
{
	const struct place_of answer = { .is_request = false };

	if (x->ninterim == 0)
		return;
	print_open_key(p, "interim");
	p->indent += 4;
	for (size_t i = 0; i < x->ninterim; i++) {
		p->dash = true;
		put_message(p, &x->interim[i], &answer);
	}
	p->indent -= 4;
}

void
print_exchange(struct printer *p, const struct tape *t,
	       const struct exchange *x)
{
	p->indent = 4;
	p->dash = true;
	print_key_uint(p, "id", x->id);
	print_text(p, "lane",
		   x->lane < t->nlanes ? t->lanes[x->lane].name
				       : (struct slice){ 0 });
	print_key_uint(p, "conn", x->conn);
	if (x->cause > 0)
		print_key_uint(p, "cause", x->cause);
	if (x->stream > 0)
		print_key_uint(p, "stream", x->stream);
	if (x->protocol != PROTOCOL_HTTP1)
		print_text(p, "protocol",
			   slice_str(protocol_names[x->protocol]));
	if (x->injected) {
		print_key(p, "injected");
		buf_adds(p->out, "true\n");
	}
	print_text_if(p, "note", x->note);
	put_side(p, x, FROM_CLIENT);
	put_interim(p, x);
	put_side(p, x, FROM_SERVER);
	print_messages(p, x);
	p->indent = 0;
}
