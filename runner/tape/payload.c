/* Undoes the codings around a message's body, and makes them again. */
#include <dvr/tape/payload.h>

#include <dvr/wire/coding.h>
#include <dvr/wire/grpc.h>

#define CODED_MAX ((size_t)1 << 30)
#define FIRST_LOOK 64		/* bytes of space before a body begins */

struct slice
message_coding(struct arena *a, const struct message *m)
{
	struct slice all = SLICE("");

	for (size_t i = 0; m->decoded.n == 0 && i < m->headers.n; i++) {
		const struct header *h = &m->headers.v[i];

		if (!slice_ieq(h->name, SLICE("content-encoding")))
			continue;
		all = all.n > 0 ? arena_fmt(a, "%.*s, %.*s", SLICE_ARG(all),
					    SLICE_ARG(h->value)) : h->value;
	}
	return all;
}

/* ---- gRPC: each message is compressed by itself ------------------------------ */

/* What it is compressed with, or "". */
static struct slice
message_compression(const struct message *m)
{
	struct slice coding = message_header(m, "grpc-encoding");

	if (coding.n == 0 || !grpc_type(message_header(m, "content-type")) ||
	    coding_identity(coding))
		return SLICE("");
	return coding;
}

static bool
any_compressed(struct slice body)
{
	struct grpc_message msg;

	while (grpc_next(&body, &msg))
		if (msg.compressed)
			return true;
	return false;
}

static void
put_message(bool compressed, struct slice payload, struct buf *out)
{
	uint32_t n = (uint32_t)payload.n;

	buf_addc(out, compressed);
	buf_addc(out, (char)(n >> 24 & 0xff));
	buf_addc(out, (char)(n >> 16 & 0xff));
	buf_addc(out, (char)(n >> 8 & 0xff));
	buf_addc(out, (char)(n & 0xff));
	buf_add(out, payload);
}

static bool
decompress(struct slice coding, struct slice body, struct buf *out)
{
	struct grpc_message msg;
	struct buf plain;
	bool ok = true;

	buf_init(&plain, out->limit);
	while (ok && grpc_next(&body, &msg)) {
		buf_clear(&plain);
		if (msg.compressed)
			ok = coding_decode(coding, msg.payload, &plain) ==
			     CODING_OK;
		put_message(false, msg.compressed ? buf_slice(&plain) :
			    msg.payload, out);
		ok = ok && !out->full;
	}
	buf_release(&plain);
	/* the beginning of a message that was cut off */
	buf_add(out, body);
	return ok && !out->full;
}

/* `was` tells which of them had been compressed. */
static bool
compress(struct slice coding, struct slice was, struct slice plain,
	 struct buf *out)
{
	struct grpc_message msg, old;
	struct buf coded;
	bool ok = true;

	buf_init(&coded, CODED_MAX);
	while (ok && grpc_next(&plain, &msg)) {
		bool again = grpc_next(&was, &old) && old.compressed;

		buf_clear(&coded);
		if (again)
			ok = coding_encode(coding, msg.payload, &coded) ==
			     CODING_OK;
		put_message(again, again ? buf_slice(&coded) : msg.payload,
			    out);
	}
	buf_release(&coded);
	buf_add(out, plain);
	return ok && !out->full;
}

/* ---- both ---------------------------------------------------------------------- */

static bool
undo_content(struct arena *a, const struct message *m, size_t max,
	     struct slice *out)
{
	struct slice coding = message_coding(a, m);
	struct buf b;
	bool ok;

	if (coding.n == 0 || coding_identity(coding))
		return true;
	buf_init(&b, max);
	ok = coding_decode(coding, *out, &b) == CODING_OK;
	if (ok)
		*out = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return ok;
}

bool
message_plain(struct arena *a, const struct message *m, size_t max,
	      struct slice *out)
{
	struct slice compression = message_compression(m), body = m->body;
	struct buf b;
	bool ok;

	*out = m->body;
	if (!undo_content(a, m, max, &body))
		return false;
	if (compression.n > 0 && any_compressed(body)) {
		buf_init(&b, max);
		ok = decompress(compression, body, &b);
		if (ok)
			body = arena_copy(a, buf_slice(&b));
		buf_release(&b);
		if (!ok)
			return false;
	}
	*out = body;
	return true;
}

bool
message_code(struct arena *a, const struct message *m, struct slice plain,
	     struct slice *out)
{
	struct slice coding = message_coding(a, m), was = m->body;
	struct slice compression = message_compression(m);
	bool ok = true;
	struct buf b;

	if (compression.n > 0 && undo_content(a, m, CODED_MAX, &was) &&
	    any_compressed(was)) {
		buf_init(&b, CODED_MAX);
		ok = compress(compression, was, plain, &b);
		plain = arena_copy(a, buf_slice(&b));
		buf_release(&b);
	}
	if (ok && coding.n > 0 && !coding_identity(coding)) {
		buf_init(&b, CODED_MAX);
		ok = coding_encode(coding, plain, &b) == CODING_OK;
		plain = arena_copy(a, buf_slice(&b));
		buf_release(&b);
	}
	if (ok)
		*out = plain;
	return ok;
}

const struct field_format *
message_format(const struct message *m, struct slice plain)
{
	const struct field_format *f =
		field_format_for(message_header(m, "content-type"));
	struct slice start = slice_range(plain, 0, FIRST_LOOK);

	if (m->format)
		return m->format;
	while (start.n > 0 && (unsigned char)start.p[0] <= ' ')
		start = slice_from(start, 1);
	if ((!f || f == field_format_named("form")) && start.n > 0 &&
	    (start.p[0] == '{' || start.p[0] == '['))
		return field_format_named("json");
	return f;
}

const struct field_format *
message_format_like(const struct message *named, const struct message *m,
		    struct slice plain)
{
	const struct field_format *f = message_format(m, plain);

	return f && named->format && slice_eq(slice_str(f->name),
					      slice_str(named->format->name)) ?
		named->format : f;
}
