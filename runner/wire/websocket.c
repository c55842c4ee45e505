/* Puts the messages of one WebSocket direction together from its frames. */
#include <dvr/wire/websocket.h>

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <zlib.h>

#define FIN 0x80u
#define RSV1 0x40u
#define RSV_OTHER 0x30u
#define OPCODE 0x0fu
#define CONTROL 0x08u
#define MASKED 0x80u
#define LENGTH 0x7fu

/* What inflating writes through. */
#define PART (16u * KiB)
#define BITS_RAW (-15)

void
websocket_init(struct websocket *w, const struct websocket_terms *terms,
	       size_t limit_bytes)
{
	*w = (struct websocket){ .terms = *terms, .limit_bytes = limit_bytes };
	buf_init(&w->data, limit_bytes);
	buf_init(&w->plain, limit_bytes);
}

void
websocket_release(struct websocket *w)
{
	if (w->inflater)
		inflateEnd(w->inflater);
	free(w->inflater);
	w->inflater = NULL;
	buf_release(&w->data);
	buf_release(&w->plain);
}

/* ---- inflating -------------------------------------------------------- */

static z_stream *
inflater(struct websocket *w)
{
	if (w->inflater) {
		if (w->terms.no_context)
			inflateReset(w->inflater);
		return w->inflater;
	}
	w->inflater = mem_alloc(sizeof(*w->inflater));
	if (inflateInit2(w->inflater, BITS_RAW) != Z_OK)
		abort();	/* out of memory */
	return w->inflater;
}

/* False: broken, or more than the limit.  *ended: the sender finished its
 * stream, so that the next message begins one. */
static bool
inflate_part(struct websocket *w, z_stream *z, struct slice in, bool *ended)
{
	unsigned char part[PART];
	int r = Z_OK;

	/* zlib never writes through next_in. */
	z->next_in = (z_const Bytef *)(uintptr_t)in.p;
	z->avail_in = (uInt)in.n;
	do {
		z->next_out = part;
		z->avail_out = sizeof(part);
		r = inflate(z, Z_SYNC_FLUSH);
		buf_add(&w->plain, slice_of(part, sizeof(part) - z->avail_out));
		if (w->plain.full)
			return false;
	} while (r == Z_OK && z->avail_out == 0);
	*ended = r == Z_STREAM_END;
	return r == Z_OK || r == Z_BUF_ERROR || r == Z_STREAM_END;
}

/* RFC 7692 §7.2.2: the sender left out the empty block at the end. */
static bool
inflate_message(struct websocket *w)
{
	z_stream *z = inflater(w);
	bool ended = false;

	buf_clear(&w->plain);
	if (w->data.n > UINT32_MAX ||
	    !inflate_part(w, z, buf_slice(&w->data), &ended))
		return false;
	if (!ended && !inflate_part(w, z, SLICE("\0\0\377\377"), &ended))
		return false;
	if (ended)
		inflateReset(z);
	return true;
}

static void
take_compressed(struct websocket *w, struct websocket_message *out)
{
	if (!w->cut && !w->context_lost && inflate_message(w)) {
		out->payload = buf_slice(&w->plain);
		return;
	}
	if (w->limit_bytes > 0 && w->context_lost)
		out->withheld = "compressed upon a message that was not kept";
	else if (w->cut || w->plain.full)
		out->withheld = "larger than what is kept of a message";
	else
		out->withheld = "not compressed as it says";
	if (w->terms.no_context && w->inflater)
		inflateReset(w->inflater);
	w->context_lost = !w->terms.no_context;
	buf_clear(&w->plain);
}

/* ---- frames ----------------------------------------------------------- */

static unsigned
head_length(const unsigned char *head)
{
	unsigned n = 2, len = head[1] & LENGTH;

	if (len == 126)
		n += 2;
	else if (len == 127)
		n += 8;
	return head[1] & MASKED ? n + 4 : n;
}

static const char *
opcode_fault(const struct websocket *w)
{
	switch (w->opcode) {
	case 0:
		return w->kind ? NULL : "a continuation of nothing";
	case WEBSOCKET_TEXT:
	case WEBSOCKET_BINARY:
		return w->kind ? "a message inside another" : NULL;
	case WEBSOCKET_CLOSE:
	case WEBSOCKET_PING:
	case WEBSOCKET_PONG:
		if (!w->final)
			return "a control frame in pieces";
		if (w->left > WEBSOCKET_CONTROL_MAX)
			return "a control frame that is too long";
		if (w->opcode == WEBSOCKET_CLOSE && w->left == 1)
			return "a close frame with half a code";
		return NULL;
	}
	return "a frame of an unknown kind";
}

static const char *
head_fault(const struct websocket *w)
{
	bool data = w->opcode == WEBSOCKET_TEXT ||
		    w->opcode == WEBSOCKET_BINARY;

	if (w->head[0] & RSV_OTHER)
		return "a frame with reserved bits";
	if ((w->head[0] & RSV1) && !(w->terms.deflate && data))
		return "a frame with reserved bits";
	if (w->masked != (w->terms.sender == WEBSOCKET_CLIENT))
		return w->masked ? "a masked frame of the server"
				 : "a frame of the client without a mask";
	if (w->left >> 63)
		return "a frame of a length that cannot be";
	return opcode_fault(w);
}

static void
begin_frame(struct websocket *w)
{
	unsigned i, n = 2, len = w->head[1] & LENGTH;

	w->final = (w->head[0] & FIN) != 0;
	w->opcode = w->head[0] & OPCODE;
	w->masked = (w->head[1] & MASKED) != 0;
	w->left = len;
	if (len >= 126) {
		w->left = 0;
		for (i = len == 126 ? 2 : 8; i > 0; i--)
			w->left = w->left << 8 | w->head[n++];
	}
	for (i = 0; w->masked && i < 4; i++)
		w->mask[i] = w->head[n++];
	w->taken = 0;
	w->in_payload = true;
	w->nhead = 0;
	w->why = head_fault(w);
	if (w->why || (w->opcode & CONTROL))
		return;
	if (w->opcode) {
		w->kind = w->opcode;
		w->compressed = (w->head[0] & RSV1) != 0;
		w->cut = false;
		w->bytes = 0;
		w->begun = w->frame_begun;
		buf_clear(&w->data);
	}
	w->bytes += w->left;
	if (w->bytes > w->limit_bytes)
		w->cut = true;
}

/* False: the head needs more than there is. */
static bool
read_head(struct websocket *w, struct slice in, size_t *used)
{
	if (w->nhead == 0)
		w->frame_begun = w->at;
	while (*used < in.n) {
		w->head[w->nhead++] = (unsigned char)in.p[(*used)++];
		w->at++;
		if (w->nhead >= 2 && w->nhead == head_length(w->head)) {
			begin_frame(w);
			return true;
		}
	}
	return false;
}

static void
unmask(const struct websocket *w, unsigned char *p, size_t n)
{
	for (size_t i = 0; w->masked && i < n; i++)
		p[i] ^= w->mask[(w->taken + i) & 3];
}

static void
read_payload(struct websocket *w, struct slice in)
{
	unsigned char *to;

	if (w->opcode & CONTROL) {
		to = w->control + w->taken;
		memcpy(to, in.p, in.n);
		unmask(w, to, in.n);
	} else if (!w->cut) {
		buf_add(&w->data, in);
		unmask(w, (unsigned char *)w->data.p + w->data.n - in.n, in.n);
	}
	w->taken += in.n;
	w->left -= in.n;
	w->at += in.n;
}

static void
take_control(const struct websocket *w, struct websocket_message *out)
{
	struct slice payload = slice_of(w->control, (size_t)w->taken);

	*out = (struct websocket_message){
		.kind = (enum websocket_kind)w->opcode, .payload = payload,
		.bytes = w->taken, .from = w->frame_begun, .to = w->at,
	};
	if (out->kind != WEBSOCKET_CLOSE || payload.n < 2)
		return;
	out->code = (unsigned)w->control[0] << 8 | w->control[1];
	out->payload = slice_from(payload, 2);
}

static void
take_data(struct websocket *w, struct websocket_message *out)
{
	*out = (struct websocket_message){
		.kind = (enum websocket_kind)w->kind, .bytes = w->bytes,
		.from = w->begun, .to = w->at,
	};
	w->kind = 0;
	if (w->compressed)
		take_compressed(w, out);
	else if (w->cut)
		out->withheld = "larger than what is kept of a message";
	else
		out->payload = buf_slice(&w->data);
}

enum websocket_event
websocket_next(struct websocket *w, struct slice in, size_t *used,
	       struct websocket_message *out)
{
	size_t n;

	*used = 0;
	while (!w->why) {
		if (!w->in_payload && !read_head(w, in, used))
			return WEBSOCKET_MORE;
		if (w->why)
			break;
		n = in.n - *used;
		if (n > w->left)
			n = (size_t)w->left;
		if (n > 0)
			read_payload(w, slice_of(in.p + *used, n));
		*used += n;
		if (w->left > 0)
			return WEBSOCKET_MORE;
		w->in_payload = false;
		if (w->opcode & CONTROL) {
			take_control(w, out);
			return WEBSOCKET_MESSAGE;
		}
		if (!w->final)
			continue;
		take_data(w, out);
		return WEBSOCKET_MESSAGE;
	}
	return WEBSOCKET_BAD;
}
