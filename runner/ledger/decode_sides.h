/* What both decoders of exchanges (HTTP/1.1, HTTP/2 streams) stand on. */
#ifndef LEDGER_DECODE_SIDES_H
#define LEDGER_DECODE_SIDES_H

#include "decode.h"

/* A read: where its bytes end in the side's buffer. */
struct read_mark { uint64_t at_ns; size_t end; };

struct side {
	struct slice bytes;
	struct read_mark *marks;
	size_t n, cap;
};

/* Both sides' bytes, each in one piece. */
void sides_lay_out(struct arena *a, const struct decode_in *in,
		   struct side sides[RING_SIDES]);
/* On the tape's clock. */
int64_t decode_us(const struct decode_in *in, uint64_t ns);
/* The read that brought byte `at`. */
size_t side_mark(const struct side *s, size_t at);

/* The bytes [from, to) of a side are the message's: sets its times. */
struct side_part { struct message *m; size_t from, to; };
void side_times(struct arena *a, const struct decode_in *in,
		const struct side *s, const struct side_part *part);
/* How and when the side ended. */
void side_end(const struct decode_in *in, struct message *m, unsigned which);

/* decode_websocket.c: takes a WebSocket's frames out of both bodies. */
void decode_websocket(struct arena *a, const struct decode_in *in,
		      const struct side sides[RING_SIDES],
		      struct exchange *out);

/* Both sides' messages, as they came; the client's first where that is open. */
void sides_merge(struct arena *a, struct exchange *x,
		 struct stream_message *v[RING_SIDES],
		 const size_t n[RING_SIDES]);

/* decode_stream.c: fills both sides and the messages of an HTTP/2 stream. */
void decode_stream(struct arena *a, const struct decode_in *in,
		   const struct side sides[RING_SIDES], struct exchange *out);

#endif
