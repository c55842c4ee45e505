/* The handshake's words and the frames that a replay writes. */
#include <dvr/base/hash.h>
#include <dvr/wire/websocket.h>

bool
websocket_agreed(const struct http1_head *answer)
{
	return answer->status == 101 &&
	       http1_has_token(answer, "upgrade", "websocket") &&
	       http1_field(answer, "sec-websocket-accept");
}

struct slice
websocket_extensions(const struct http1_head *answer)
{
	const struct http1_header *f =
		http1_field(answer, "sec-websocket-extensions");

	return f ? f->value : SLICE("");
}

void
websocket_accept(struct slice key, char out[WEBSOCKET_ACCEPT])
{
	unsigned char digest[SHA1_BYTES];
	struct buf b;

	buf_init(&b, 4 * KiB);
	buf_add(&b, slice_trim(key));
	buf_adds(&b, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
	sha1(buf_slice(&b), digest);
	buf_clear(&b);
	base64_encode(slice_of(digest, sizeof(digest)), &b);
	memcpy(out, b.p, WEBSOCKET_ACCEPT);
	buf_release(&b);
}

int
websocket_agree(struct slice extensions, enum websocket_sender sender,
		struct websocket_terms *out)
{
	struct websocket_terms t = { .sender = sender };
	struct slice all = extensions, one, word;

	while (all.n > 0) {
		one = slice_cut(&all, ',');
		word = slice_trim(slice_cut(&one, ';'));
		if (word.n == 0)
			continue;
		if (!slice_ieq(word, SLICE("permessage-deflate")) || t.deflate)
			return -1;
		t.deflate = true;
		while (one.n > 0) {
			word = slice_trim(slice_cut(&one, ';'));
			/* A smaller window is in the one that is used. */
			if (slice_ieq(word, sender == WEBSOCKET_SERVER ?
				      SLICE("server_no_context_takeover") :
				      SLICE("client_no_context_takeover")))
				t.no_context = true;
		}
	}
	*out = t;
	return 0;
}

bool
websocket_code_failed(unsigned code)
{
	return code == 1011 || code == 1013 || code == 1014;
}

static void
put_head(const struct websocket_frame *f, uint64_t n, struct buf *out)
{
	unsigned mask = f->masked ? 0x80 : 0;
	int i;

	buf_addc(out, (char)(0x80 | (unsigned)f->kind));
	if (n < 126) {
		buf_addc(out, (char)(mask | (unsigned)n));
	} else if (n <= UINT16_MAX) {
		buf_addc(out, (char)(mask | 126));
		for (i = 8; i >= 0; i -= 8)
			buf_addc(out, (char)(n >> i & 0xff));
	} else {
		buf_addc(out, (char)(mask | 127));
		for (i = 56; i >= 0; i -= 8)
			buf_addc(out, (char)(n >> i & 0xff));
	}
	if (f->masked)
		buf_add(out, slice_of(f->mask, sizeof(f->mask)));
}

void
websocket_put(const struct websocket_frame *f, struct buf *out)
{
	bool coded = f->kind == WEBSOCKET_CLOSE && f->code > 0;
	size_t begin;

	put_head(f, f->payload.n + (coded ? 2 : 0), out);
	begin = out->n;
	if (coded) {
		buf_addc(out, (char)(f->code >> 8 & 0xff));
		buf_addc(out, (char)(f->code & 0xff));
	}
	buf_add(out, f->payload);
	for (size_t i = begin; f->masked && i < out->n; i++)
		out->p[i] = (char)(out->p[i] ^ f->mask[(i - begin) & 3]);
}
