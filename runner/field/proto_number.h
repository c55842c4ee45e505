/*
 * Protobuf's numbers as text that tells how they are written: 12 is a varint,
 * 0x… of 8 or 16 digits a fixed number, 1.5 a double and 1.5f a float.
 */
#ifndef FIELD_PROTO_NUMBER_H
#define FIELD_PROTO_NUMBER_H

#include <dvr/base/arena.h>

#include "proto_types.h"
#include "proto_wire.h"

struct slice proto_number_text(struct arena *a, const struct proto_item *item,
			       enum proto_kind kind);
/* Text that is no number is 0. */
void proto_number_put(struct slice text, struct buf *out);

#endif
