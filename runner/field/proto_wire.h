/* Protobuf's wire format: one member at a time. */
#ifndef FIELD_PROTO_WIRE_H
#define FIELD_PROTO_WIRE_H

#include <dvr/base/buf.h>

enum proto_wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2,
	WIRE_FIXED32 = 5 };	/* groups (3, 4) are not read */

struct proto_item {
	uint32_t number;
	enum proto_wire wire;
	struct slice tag;	/* with a LEN's length: all before `content` */
	struct slice content;
	uint64_t value;		/* of a number */
};

/* Takes the first item off *rest; false: it is none. */
bool proto_next(struct slice *rest, struct proto_item *out);
/* Takes a varint (at most ten bytes) off *rest. */
bool proto_varint(struct slice *rest, uint64_t *out);
void proto_put_varint(struct buf *out, uint64_t v);
void proto_put_fixed(struct buf *out, uint64_t v, size_t bytes);
/* Items only, to the end? */
bool proto_is_message(struct slice s);

#endif
