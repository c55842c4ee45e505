/*
 * gRPC over HTTP/2: the messages in a body, and the status that ends a call.
 */
#ifndef DVR_WIRE_GRPC_H
#define DVR_WIRE_GRPC_H

#include <dvr/base/slice.h>

#define GRPC_PREFIX_BYTES 5u	/* compressed flag, length */
#define GRPC_STATUS_MAX 16u	/* UNAUTHENTICATED */

/* Statuses by which something is decided. */
enum { GRPC_UNKNOWN = 2, GRPC_DEADLINE_EXCEEDED = 4, GRPC_NOT_FOUND = 5,
	GRPC_PERMISSION_DENIED = 7, GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13, GRPC_UNAVAILABLE = 14, GRPC_DATA_LOSS = 15,
	GRPC_UNAUTHENTICATED = 16 };

struct grpc_message {
	bool compressed;
	struct slice payload;
};

/* Is a body under that Content-Type made of messages ("application/grpc",
 * "application/grpc+proto")?  Not so grpc-web, whose trailers are in it. */
bool grpc_type(struct slice content_type);
/* Takes the first whole message off *body; false when there is none: the body
 * ends, ends in the middle of one, or is no gRPC. */
bool grpc_next(struct slice *body, struct grpc_message *out);

/* Follows a body that comes in pieces; all zero where it begins. */
struct grpc_cursor {
	unsigned char prefix[GRPC_PREFIX_BYTES];
	size_t nprefix;
	uint64_t left;			/* of the payload */
};
enum grpc_step { GRPC_MORE, GRPC_BEGINS, GRPC_ENDS };
/* Takes bytes off *in: to where a message's payload begins (its length is in
 * `left`), to where it ends, or all of them. */
enum grpc_step grpc_follow(struct grpc_cursor *c, struct slice *in);

/* "INTERNAL"; NULL for a number that has no name. */
const char *grpc_status_name(unsigned status);
/* By name or number; -1 when it is neither. */
int grpc_status_parse(struct slice s, unsigned *out);

#endif
