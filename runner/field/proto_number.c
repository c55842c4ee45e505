/* Protobuf's numbers, to text and back. */
#include "proto_number.h"

#include <stdio.h>

static struct slice
real_text(struct arena *a, const struct proto_item *item)
{
	bool wide = item->wire == WIRE_FIXED64;
	uint32_t bits = (uint32_t)item->value;
	char text[64];
	double d;
	float f;

	memcpy(&d, &item->value, sizeof(d));
	memcpy(&f, &bits, sizeof(f));
	/* digits that give the same bits again */
	snprintf(text, sizeof(text), wide ? "%.17g" : "%.9g",
		 wide ? d : (double)f);
	if (strpbrk(text, "naif"))	/* inf, nan: their bits */
		return (struct slice){ 0 };
	return arena_fmt(a, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0",
			 wide ? "" : "f");
}

struct slice
proto_number_text(struct arena *a, const struct proto_item *item,
		  enum proto_kind kind)
{
	char room[UINT_DIGITS];
	struct slice text;

	if (item->wire == WIRE_VARINT && kind == PROTO_SIGNED)
		return arena_fmt(a, "%lld", (long long)item->value);
	if (item->wire == WIRE_VARINT)
		return arena_copy(a, slice_digits(item->value, room));
	if (kind == PROTO_REAL && (text = real_text(a, item)).n > 0)
		return text;
	return item->wire == WIRE_FIXED64 ?
		arena_fmt(a, "0x%016llx", (unsigned long long)item->value) :
		arena_fmt(a, "0x%08llx", (unsigned long long)item->value);
}

static void
put_real(struct slice text, struct buf *out)
{
	bool wide = text.p[text.n - 1] != 'f';
	uint64_t bits = 0;
	uint32_t half;
	double d;
	float f;

	if (slice_real(wide ? text : slice_range(text, 0, text.n - 1), &d)) {
		proto_put_varint(out, 0);
		return;
	}
	f = (float)d;
	memcpy(&half, &f, sizeof(half));
	memcpy(&bits, &d, sizeof(bits));
	proto_put_fixed(out, wide ? bits : half, wide ? 8 : 4);
}

void
proto_number_put(struct slice text, struct buf *out)
{
	bool minus = slice_starts(text, SLICE("-"));
	uint64_t v;

	if (slice_uint(slice_from(text, minus), UINT64_MAX, &v) == 0) {
		proto_put_varint(out, minus ? 0 - v : v);
		return;
	}
	if (slice_starts(text, SLICE("0x")) &&
	    (text.n == 10 || text.n == 18) &&
	    slice_hex(slice_from(text, 2), UINT64_MAX, &v) == 0) {
		proto_put_fixed(out, v, text.n == 10 ? 4 : 8);
		return;
	}
	if (text.n > 0)
		put_real(text, out);
	else
		proto_put_varint(out, 0);
}
