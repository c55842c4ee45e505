/* Streams of a mock's HTTP/2 connection (private to mock_http2.c). */
#ifndef REPLAY_MOCK_STREAM_H
#define REPLAY_MOCK_STREAM_H

#include "mock_http2.h"

#include <dvr/wire/grpc.h>
#include <dvr/wire/http2_head.h>

#include <nghttp2/nghttp2.h>

struct mock_http2 {
	struct mock_conn *conn;
	nghttp2_session *session;
	struct http2_head head;
	const uint8_t *out;		/* nghttp2's, not yet written */
	size_t nout;
	bool inside;			/* of nghttp2: nothing is sent */
	enum answer_then then;		/* once everything is written */
	struct mock_stream *streams;
};

struct talk {				/* mock_talk.c */
	bool grpc, whole;
	size_t said, said_bytes;	/* whole messages of the call */
	uint64_t *said_ns;		/* when each of them had come */
	size_t cap;
	struct grpc_cursor cursor;
	struct loop_timer patience;
};

struct mock_stream {
	struct mock_http2 *h;
	int32_t id;
	struct message call;
	struct collect collect;
	bool head_seen;
	bool recorded;			/* `index` says by which exchange */
	bool refused;			/* nobody did */
	uint32_t index;
	struct talk talk;
	struct passthrough_h2 *away;	/* asks the real dependency */
	struct message answer;		/* alive, while it goes */
	bool answered;
	size_t sent;
	uint64_t begun_ns;
	struct loop_timer latency, pace;
	struct gate_wait hold;
	struct mock_stream *next;
};

/* A stream that the service opened. */
void mock_stream_create(struct mock_http2 *h, int32_t id);
void mock_stream_destroy(struct mock_stream *s);
/* Its call has come whole. */
void mock_stream_came(struct mock_stream *s);
/* Its answer, now; the connection may be gone afterwards. */
void mock_stream_answer(struct mock_stream *s);

/* ---- for mock_talk.c -------------------------------------------------- */

/* The call with that message. */
struct live_call mock_stream_call(const struct mock_stream *s,
				  const struct message *m);
/* The exchange `index` answers, `think_us` after now where time counts. */
void mock_stream_found(struct mock_stream *s, uint32_t index,
		       const struct message *call, int64_t think_us);
/* What goes on behind what was answered is that exchange's. */
void mock_stream_answers_as(struct mock_stream *s, uint32_t index);
/* A stub answers, or a refusal, which may end an answer that has begun. */
void mock_stream_not_recorded(struct mock_stream *s,
			      const struct live_call *call);
/* More of the answer may be due. */
void mock_stream_resume(struct mock_stream *s);

#endif
