/* Reads and writes protobuf's tags, varints and fixed numbers. */
#include "proto_wire.h"

#define NUMBER_MAX ((1u << 29) - 1)	/* of a member */
#define VARINT_MAX 10			/* bytes */

bool
proto_varint(struct slice *rest, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (rest->n > 0 && !(rest->p[0] & 128)) {	/* most are that small */
		*out = (unsigned char)rest->p[0];
		*rest = slice_from(*rest, 1);
		return true;
	}
	for (i = 0; i < rest->n && i < VARINT_MAX; i++) {
		unsigned char c = (unsigned char)rest->p[i];

		v |= (uint64_t)(c & 127) << (7 * i);
		if (c & 128)
			continue;
		*rest = slice_from(*rest, i + 1);
		*out = v;
		return true;
	}
	return false;
}

static bool
fixed(struct slice *rest, size_t n, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (rest->n < n)
		return false;
	for (i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)rest->p[i] << (8 * i);
	*rest = slice_from(*rest, n);
	*out = v;
	return true;
}

bool
proto_next(struct slice *rest, struct proto_item *out)
{
	struct slice from = *rest, s = *rest;
	uint64_t tag, n = 0;
	bool ok = true;

	if (!proto_varint(&s, &tag) || tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
		return false;
	*out = (struct proto_item){
		.number = (uint32_t)(tag >> 3),
		.wire = (enum proto_wire)(tag & 7),
	};
	if (out->wire == WIRE_LEN && (!proto_varint(&s, &n) || n > s.n))
		return false;
	out->tag = slice_range(from, 0, (size_t)(s.p - from.p));
	out->content = s;
	if (out->wire == WIRE_LEN)
		s = slice_from(s, (size_t)n);
	else if (out->wire == WIRE_VARINT)
		ok = proto_varint(&s, &out->value);
	else if (out->wire == WIRE_FIXED64)
		ok = fixed(&s, 8, &out->value);
	else if (out->wire == WIRE_FIXED32)
		ok = fixed(&s, 4, &out->value);
	else
		ok = false;	/* groups, and what there is not */
	if (!ok)
		return false;
	out->content = slice_range(out->content, 0,
				   (size_t)(s.p - out->content.p));
	*rest = s;
	return true;
}

void
proto_put_varint(struct buf *out, uint64_t v)
{
	while (v > 127) {
		buf_addc(out, (char)((v & 127) | 128));
		v >>= 7;
	}
	buf_addc(out, (char)v);
}

void
proto_put_fixed(struct buf *out, uint64_t v, size_t bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_addc(out, (char)(v & 255));
}

bool
proto_is_message(struct slice s)
{
	struct proto_item item;

	while (s.n > 0) {
		if (!proto_next(&s, &item))
			return false;
	}
	return true;
}
