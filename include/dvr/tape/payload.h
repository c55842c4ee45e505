/*
 * What a message carries: its body without the codings around it, and back.
 * Whoever looks for fields asks here, so that all see the same ones.
 */
#ifndef DVR_TAPE_PAYLOAD_H
#define DVR_TAPE_PAYLOAD_H

#include <dvr/field/field.h>
#include <dvr/tape/tape.h>

/* Content-Encoding's fields as one list (RFC 9110 §5.3); "" when there is none,
 * or when its coding was undone already.  Slice into the message or `a`. */
struct slice message_coding(struct arena *a, const struct message *m);
/*
 * The body without content coding, and the messages of a gRPC body without the
 * compression that grpc-encoding names (their flags cleared).  The body itself
 * where nothing is to be undone; a copy in `a` else, of `max` bytes at most.
 * False: that cannot be done, *out is the body as it stands.
 */
bool message_plain(struct arena *a, const struct message *m, size_t max,
		   struct slice *out);
/* How such a body is read: by its type, and by its first byte where that is
 * JSON under a form's type (curl -d) or under none.  NULL: opaque. */
const struct field_format *message_format(const struct message *m,
					  struct slice plain);
/* The same for a live message, by the names that the recorded one has. */
const struct field_format *message_format_like(const struct message *named,
					       const struct message *m,
					       struct slice plain);
/*
 * Such a body, changed, under the codings of `m`: what was compressed is
 * compressed again.  *out is `plain` itself where nothing is, else in `a`.
 */
bool message_code(struct arena *a, const struct message *m,
		  struct slice plain, struct slice *out);

#endif
