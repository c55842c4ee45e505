/*
 * How an HTTP/2 stream's side stands in the ring.  Its bytes on the wire mean
 * nothing without the connection's header tables, so what was decoded is kept:
 * records of a kind, a length and a payload.  A head's payload is its lines,
 * each behind its length, the start line first.  What was cut off ends in the
 * middle of a record.
 */
#ifndef LEDGER_STREAM_RECORD_H
#define LEDGER_STREAM_RECORD_H

#include <dvr/base/buf.h>
#include <dvr/wire/http1.h>

enum stream_record_kind { RECORD_HEAD, RECORD_DATA, RECORD_TRAILERS,
	RECORD_RESET, RECORD_GOAWAY };

/* Kind and length before the payload, length before a line. */
#define RECORD_HEAD_BYTES 5u
#define RECORD_LINE_BYTES 4u

struct stream_record {
	enum stream_record_kind kind;
	struct slice payload;
};

void stream_record_begin(enum stream_record_kind kind, size_t n,
			 char out[RECORD_HEAD_BYTES]);
/* Appends a whole record. */
void stream_record_lines(enum stream_record_kind kind,
			 const struct http1_head *h, struct buf *out);
void stream_record_code(enum stream_record_kind kind, uint32_t code,
			struct buf *out);

/* Takes one off *in; false at the end.  The last one's payload may be shorter
 * than it was. */
bool stream_record_next(struct slice *in, struct stream_record *out);
/* Takes one line off a head's payload; false at the end. */
bool stream_record_line(struct slice *payload, struct slice *out);
uint32_t stream_record_number(struct slice payload);

#endif
