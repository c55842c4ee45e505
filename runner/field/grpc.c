/*
 * Walker for gRPC bodies: messages behind five bytes of flag and length.  What
 * is marked as compressed is bytes: who knows the coding undoes it first.
 */
#include "formats.h"
#include "proto_types.h"
#include "proto_wire.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

#define FRAME_HEAD 5		/* bytes: a flag, a length */

struct frame {
	size_t at;		/* of its head in the body */
	unsigned char flag;	/* 1: compressed; 0x80: trailers (grpc-web) */
	struct slice data;
};

/* The frame at `at`; false: it is not all there. */
static bool
frame_at(struct slice body, size_t at, struct frame *out)
{
	const unsigned char *p;
	size_t n;

	if (body.n - at < FRAME_HEAD)
		return false;
	p = (const unsigned char *)body.p + at;
	n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
	if (n > body.n - at - FRAME_HEAD)
		return false;
	*out = (struct frame){
		.at = at, .flag = p[0],
		.data = slice_range(body, at + FRAME_HEAD,
				    at + FRAME_HEAD + n),
	};
	return true;
}

static bool
is_framed(struct slice body)
{
	struct frame f;
	size_t at = 0;

	while (at < body.n) {
		if (!frame_at(body, at, &f) || (f.flag & ~0x81u))
			return false;
		at += FRAME_HEAD + f.data.n;
	}
	return true;
}

/* A message, or what is none: trailers (grpc-web), another codec's text, what
 * is compressed. */
static enum field_kind
frame_kind(const struct frame *f)
{
	if (f->flag == 0 && proto_is_message(f->data))
		return FIELD_OBJECT;
	return (f->flag & 1) == 0 && slice_is_utf8(f->data) ? FIELD_STRING :
		FIELD_BYTES;
}

static bool
walk_frame(struct proto_walk *w, const struct frame *f)
{
	struct slice place = arena_copy(w->arena, w->place);
	struct field field = {
		.place = place, .key = slice_from(place, 1),
		.kind = frame_kind(f), .span = f->data, .value = f->data,
	};

	w->stopped = w->fn(w->arg, &field) != 0;
	if (field.kind != FIELD_OBJECT || w->stopped)
		return true;
	return proto_walk(w, f->data) == FIELD_OK;
}

enum field_result
grpc_walk_as(const struct field_format *self, struct arena *a,
	     struct slice body, field_fn *fn, void *arg)
{
	const struct proto_root *root = self->schema;
	struct proto_walk w = {
		.type = root ? root->type : NULL, .arena = a, .fn = fn,
		.arg = arg,
	};
	struct frame f;
	char place[UINT_DIGITS + 1] = "/", digits[UINT_DIGITS];
	size_t at = 0, i;

	if (!is_framed(body))
		return FIELD_BROKEN;
	for (i = 0; !w.stopped && at < body.n && frame_at(body, at, &f); i++) {
		struct slice number = slice_digits(i, digits);

		/* the arena may be rewound behind each field */
		memcpy(place + 1, number.p, number.n);
		w.place = slice_of(place, number.n + 1);
		if (!walk_frame(&w, &f))
			return FIELD_BROKEN;
		at += FRAME_HEAD + f.data.n;
	}
	return FIELD_OK;
}

static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	return grpc_walk_as(&field_grpc, a, body, fn, arg);
}

static void
put_frame(const struct frame *f, struct slice data, struct buf *out)
{
	buf_addc(out, (char)f->flag);
	buf_addc(out, (char)(data.n >> 24 & 255));
	buf_addc(out, (char)(data.n >> 16 & 255));
	buf_addc(out, (char)(data.n >> 8 & 255));
	buf_addc(out, (char)(data.n & 255));
	buf_add(out, data);
}

/* A frame with the k edits that lie in its data. */
static void
splice_frame(const struct proto_type *type, const struct frame *f,
	     const struct field_edit *v, size_t k, struct buf *out)
{
	struct field_edit *own = mem_array(k, sizeof(*own));
	size_t from = f->at + FRAME_HEAD, i;
	struct buf b;

	for (i = 0; i < k; i++)
		own[i] = (struct field_edit){ v[i].from - from,
			v[i].to - from, v[i].text };
	buf_init(&b, out->limit);
	if (frame_kind(f) == FIELD_OBJECT &&
	    !(own[0].from == 0 && own[0].to == f->data.n))
		proto_splice(type, f->data, own, k, &b);
	else
		field_splice(NULL, f->data, own, k, &b);
	put_frame(f, buf_slice(&b), out);
	buf_release(&b);
	free(own);
}

void
grpc_splice(const struct field_format *self, struct slice body,
	    const struct field_edit *v, size_t n, struct buf *out)
{
	const struct proto_root *root = self->schema;
	size_t at = 0, k;
	struct frame f;

	while (n > 0 && at < body.n && frame_at(body, at, &f)) {
		size_t from = at + FRAME_HEAD, to = from + f.data.n;

		for (k = 0; k < n && v[k].from >= from && v[k].to <= to; k++)
			;
		if (k == 0 && v[0].from < to)
			break;		/* across frames: bytes then */
		if (k > 0)
			splice_frame(root ? root->type : NULL, &f, v, k, out);
		else
			buf_add(out, slice_range(body, at, to));
		v += k;
		n -= k;
		at = to;
	}
	for (; n > 0; v++, n--) {
		buf_add(out, slice_range(body, at, v->from));
		buf_add(out, v->text);
		at = v->to;
	}
	buf_add(out, slice_from(body, at));
}

const struct field_format field_grpc = {
	.name = "grpc", .walk = walk, .walk_as = grpc_walk_as,
	.encode = proto_encode, .splice = grpc_splice, .binary = true,
	.fleeting = true,
};
