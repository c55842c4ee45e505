/* Puts a canary into a recording, as its carrier has it. */
#include "canary.h"
#include "coders.h"

#include <check.h>
#include <dvr/base/hash.h>
#include <dvr/field/field.h>
#include <string.h>

#define TRAILED "POST /in HTTP/1.1\nContent-Type: application/json\n"

/* ---- how a value is written ---------------------------------------------- */

static void
each_byte(struct slice s, const char *before, const char *after,
	  struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_fmt(out, "%s%02x%s", before, (unsigned char)s.p[i],
			after);
}

static void
encode(const char *format, struct slice s, struct buf *out)
{
	field_format_named(format)->encode(FIELD_STRING, s, out);
}

static void
write_as(enum canary_form form, struct slice s, struct buf *out)
{
	struct buf b;

	switch (form) {
	case AS_IS:
		buf_add(out, s);
		break;
	case IN_URL:
	case IN_FORM:
		percent_encode(s, form == IN_FORM, out);
		break;
	case EACH_BYTE_PERCENT:
		each_byte(s, "%", "", out);
		break;
	case IN_JSON:
		encode("json", s, out);
		break;
	case IN_JSON_TWICE:
		buf_init(&b, 64 * KiB);
		encode("json", s, &b);
		encode("json", buf_slice(&b), out);
		buf_release(&b);
		break;
	case EACH_BYTE_U:
		each_byte(s, "\\u00", "", out);
		break;
	case IN_XML:
		encode("xml", s, out);
		break;
	case EACH_BYTE_XML:
		each_byte(s, "&#x", ";", out);
		break;
	case AS_BASE64:
		base64_encode(s, out);
		break;
	case AS_BASE64URL:
		base64url_encode(s, out);
		break;
	case AS_HEX:
		hex_encode(s, out);
		break;
	}
}

static struct slice
fill(struct rig *r, const char *text, const struct canary *c)
{
	struct slice done, with = arena_fmt(r->arena, "x:%.*s:y",
					    SLICE_ARG(c->secret));
	struct buf b;

	buf_init(&b, 64 * KiB);
	for (; *text; text++) {
		if (*text != '%') {
			buf_addc(&b, *text);
			continue;
		}
		switch (*++text) {
		case 'K':
			buf_add(&b, c->key);
			break;
		case 'V':
			write_as(c->by->form, c->value, &b);
			break;
		case 'H':
			write_as(AS_HEX, c->secret, &b);
			break;
		case 'B':
			write_as(AS_BASE64, with, &b);
			break;
		case 'P':
			write_as(EACH_BYTE_PERCENT, c->secret, &b);
			break;
		default:
			ck_abort_msg("%%%c", *text);
		}
	}
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* ---- where it is put ------------------------------------------------------- */

static void
varint(uint64_t n, struct buf *out)
{
	for (; n >= 128; n >>= 7)
		buf_addc(out, (char)(unsigned char)(n | 128));
	buf_addc(out, (char)n);
}

/* Member 2 with member 1 in it. */
static void
protobuf(struct slice s, struct buf *out)
{
	struct buf inner;

	buf_init(&inner, 64 * KiB);
	buf_addc(&inner, 1 << 3 | 2);
	varint(s.n, &inner);
	buf_add(&inner, s);
	buf_addc(out, 2 << 3 | 2);
	varint(inner.n, out);
	buf_add(out, buf_slice(&inner));
	buf_release(&inner);
}

static uint64_t
number(struct slice s)
{
	uint64_t n;

	ck_assert_int_eq(slice_uint(s, UINT64_MAX, &n), 0);
	return n;
}

static void
grpc(struct slice s, struct buf *out)
{
	buf_addc(out, 0);
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_addc(out, (char)(unsigned char)(s.n >> shift & 255));
	buf_add(out, s);
}

static struct slice
wrapped(struct rig *r, const struct canary *c, struct slice body)
{
	struct slice done;
	struct buf b, more;

	buf_init(&b, 64 * KiB);
	buf_init(&more, 64 * KiB);
	switch (c->by->wrap) {
	case WRAP_GZIP:
		code_deflate(body, CODE_GZIP, &b);
		break;
	case WRAP_GZIP_TWICE:
		code_deflate(body, CODE_GZIP, &more);
		code_deflate(buf_slice(&more), CODE_GZIP, &b);
		break;
	case WRAP_CUT_GZIP:	/* its trailer, and what ends the stream */
		code_deflate(body, CODE_GZIP, &b);
		b.n -= 9;
		break;
	case WRAP_DEFLATE:
		code_deflate(body, CODE_ZLIB, &b);
		break;
	case WRAP_BROTLI:
		code_brotli(body, &b);
		break;
	case WRAP_ZSTD:
		code_zstd(body, &b);
		break;
	case WRAP_BASE64:
		base64_encode(body, &b);
		break;
	case WRAP_BASE64_STRING:
		buf_adds(&b, "{\"a\":1,\"data\":\"");
		base64_encode(body, &b);
		buf_adds(&b, "\"}");
		break;
	case WRAP_PERCENT:
		percent_encode(body, false, &b);
		break;
	case WRAP_PROTOBUF:
		protobuf(body, &b);
		break;
	case WRAP_PROTOBUF_NUMBER:
		buf_addc(&b, 3 << 3);
		varint(number(body), &b);
		break;
	case WRAP_GRPC_GZIP:
		protobuf(body, &more);
		code_deflate(buf_slice(&more), CODE_GZIP, &b);
		break;
	case WRAP_GRPC:
		if (c->by->head[0] == '+') {
			buf_add(&b, body);
			break;
		}
		protobuf(body, c->by->head[0] ? &more : &b);
		if (more.n)
			grpc(buf_slice(&more), &b);
		break;
	case WRAP_NONE:
	case WRAP_CHUNKED:
	case WRAP_TRAILER:
	case WRAP_ANSWER:
	case WRAP_WEBSOCKET:
	case WRAP_LOG:
	case WRAP_DETAIL:
	case WRAP_STATE:
	case WRAP_KNOWN:
		buf_add(&b, body);
		break;
	}
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	buf_release(&more);
	return done;
}

static void
send_message(struct rig *r, const struct canary *c, struct slice payload)
{
	bool socket = c->by->wrap == WRAP_WEBSOCKET;
	struct exchange *x = rig_request(r, socket ?
		"GET /ws HTTP/1.1\nHost: a\nUpgrade: websocket\n" :
		rig_fmt(r, "POST /k.V/Put HTTP/2\n:authority: h\n"
			"content-type: application/grpc%s\n"
			"grpc-encoding: gzip\n", c->by->head), SLICE(""));

	x->protocol = socket ? PROTOCOL_WEBSOCKET : PROTOCOL_HTTP2;
	if (!socket) {
		x->stream = 1;
		x->request.framing = x->response.framing = FRAMING_STREAM;
	}
	x->messages = arena_array(r->arena, 1, sizeof(*x->messages));
	x->nmessages = 1;
	x->messages[0] = (struct stream_message){
		.from = FROM_CLIENT, .payload = payload, .bytes = payload.n,
		.kind = socket ? STREAM_TEXT :
			c->by->wrap == WRAP_GRPC_GZIP ? STREAM_COMPRESSED :
			STREAM_PLAIN,
	};
	exchange_join(r->arena, x, FROM_CLIENT, SLICE(""));
	exchange_join(r->arena, x, FROM_SERVER, SLICE(""));
}

static void
send_http(struct rig *r, const struct canary *c, const char *head,
	  struct slice body)
{
	bool trailer = c->by->wrap == WRAP_TRAILER;
	struct exchange *x;

	if (c->by->wrap == WRAP_ANSWER) {
		x = rig_request(r, "GET /in HTTP/1.1\nHost: a\n", SLICE(""));
		rig_answer(r, x, rig_fmt(r, "HTTP/1.1 200 OK\n%s", head),
			   body);
		return;
	}
	x = rig_request(r, trailer ? TRAILED "Transfer-Encoding: chunked\n" :
			head, body);
	if (!trailer && c->by->wrap != WRAP_CHUNKED)
		return;
	x->request.framing = FRAMING_CHUNKED;
	x->request.nchunks = 2;
	x->request.chunks = arena_array(r->arena, 2, sizeof(uint64_t));
	x->request.chunks[0] = body.n / 2;
	x->request.chunks[1] = body.n - body.n / 2;
	if (!trailer)
		return;
	x->request.trailers.v = arena_alloc(r->arena, sizeof(struct header));
	x->request.trailers.v[0] = header_of_line(slice_str(head));
	x->request.trailers.n = 1;
}

static void
send_state(struct rig *r, struct slice dump)
{
	struct tape_state *s = arena_alloc(r->arena, sizeof(*s));

	*s = (struct tape_state){
		.name = SLICE("shop"), .provider = SLICE("sqlite"),
		.snapshot = SLICE("state/shop.sql"), .nfiles = 1,
		.files = arena_alloc(r->arena, sizeof(*s->files)),
	};
	s->files[0] = (struct tape_state_file){
		.path = s->snapshot, .bytes = dump };
	r->rec.raw.state = s;
	r->rec.raw.nstate = 1;
}

static bool
carries(const struct canary *c)
{
	enum canary_needs needs = c->by->needs;

	if ((needs == BY_LOOK || needs == DIGITS_BY_LOOK) && c->kind->key)
		return false;
	for (size_t i = 0; needs >= DIGITS_ONLY && i < c->value.n; i++) {
		if (c->value.p[i] < '0' || c->value.p[i] > '9')
			return false;
	}
	return true;
}

bool
canary_send(struct rig *r, const struct canary *c)
{
	struct slice body;

	if (!carries(c))
		return false;
	body = wrapped(r, c, fill(r, c->by->body, c));
	switch (c->by->wrap) {
	case WRAP_LOG:
		r->rec.raw.log_tail = body;
		break;
	case WRAP_DETAIL:
		r->rec.raw.trigger.detail = body;
		break;
	case WRAP_STATE:
		send_state(r, body);
		break;
	case WRAP_GRPC:
	case WRAP_GRPC_GZIP:
	case WRAP_WEBSOCKET:
		if (slice_starts(slice_str(c->by->head), SLICE("POST")))
			send_http(r, c, c->by->head, body);
		else
			send_message(r, c, body);
		break;
	case WRAP_NONE:
	case WRAP_GZIP:
	case WRAP_GZIP_TWICE:
	case WRAP_CUT_GZIP:
	case WRAP_DEFLATE:
	case WRAP_BROTLI:
	case WRAP_ZSTD:
	case WRAP_CHUNKED:
	case WRAP_BASE64:
	case WRAP_BASE64_STRING:
	case WRAP_PERCENT:
	case WRAP_TRAILER:
	case WRAP_ANSWER:
	case WRAP_PROTOBUF:
	case WRAP_PROTOBUF_NUMBER:
	case WRAP_KNOWN:
		send_http(r, c, arena_str(r->arena, fill(r, c->by->head, c)),
			  body);
	}
	return true;
}
