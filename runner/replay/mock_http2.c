/* HTTP/2 towards the service: nghttp2's session on a mock's connection. */
#include "mock_http2.h"

#include "h2_fields.h"
#include "mock_talk.h"

#include <dvr/base/mem.h>
#include <dvr/net/sock.h>

#include <stdlib.h>

/* What a call's body may be before we took it. */
#define WINDOW_BYTES ((int32_t)(4 * MiB))

/* ---- what nghttp2 tells ---------------------------------------------------- */

static int
on_begin_headers(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
	struct mock_http2 *h = arg;

	(void)session;
	http2_head_clear(&h->head);
	if (f->hd.type != NGHTTP2_HEADERS ||
	    f->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	mock_stream_create(h, f->hd.stream_id);
	return 0;
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *f,
	  const uint8_t *name, size_t nname, const uint8_t *value,
	  size_t nvalue, uint8_t flags, void *arg)
{
	struct mock_http2 *h = arg;

	(void)session;
	(void)f;
	(void)flags;
	http2_head_add(&h->head, slice_of((const char *)name, nname),
		       slice_of((const char *)value, nvalue));
	return 0;
}

static void
head_came(struct mock_stream *s)
{
	struct http2_head *head = &s->h->head;

	http2_head_finish(head);
	if (s->head_seen) {
		collect_trailers(&s->collect, &head->head, &s->call);
		return;
	}
	s->head_seen = true;
	head->head.crlf_only = true;
	collect_head(&s->collect, &head->head, &s->call);
	s->call.framing = FRAMING_STREAM;
	mock_talk_begins(s);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *f, void *arg)
{
	struct mock_stream *s = nghttp2_session_get_stream_user_data(
		session, f->hd.stream_id);

	(void)arg;
	if (s == NULL)
		return 0;
	if (f->hd.type == NGHTTP2_HEADERS)
		head_came(s);
	else if (f->hd.type != NGHTTP2_DATA)
		return 0;
	if (f->hd.flags & NGHTTP2_FLAG_END_STREAM)
		mock_stream_came(s);
	return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t id,
	const uint8_t *data, size_t n, void *arg)
{
	struct mock_stream *s =
		nghttp2_session_get_stream_user_data(session, id);
	struct slice in = slice_of((const char *)data, n);

	(void)flags;
	(void)arg;
	if (s == NULL || !s->head_seen)
		return 0;
	collect_body(&s->collect, in, &s->call);
	mock_talk_goes_on(s, in);
	return 0;
}

static int
on_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct mock_stream *s =
		nghttp2_session_get_stream_user_data(session, id);

	(void)error;
	(void)arg;
	if (s == NULL)
		return 0;
	mock_talk_left(s);
	mock_stream_destroy(s);
	return 0;
}

static struct mock_stream *
waiting(struct mock_http2 *h)
{
	struct mock_stream *s = h->streams;

	while (s != NULL && (s->answered ||
			     !(s->hold.waiting || s->latency.slot != 0)))
		s = s->next;
	return s;
}

void
mock_http2_unhold(struct mock_http2 *h)
{
	struct mock_conn *c = h->conn;
	struct mocks *m = c->lane->mocks;
	struct mock_lane *lane = c->lane;
	struct mock_stream *s;

	while ((s = waiting(h)) != NULL) {
		struct mock_conn *left;

		loop_timer_cancel(m->loop, &s->latency);
		if (s->hold.waiting)
			gate_leave(s->hold.gate, &s->hold);
		mock_stream_answer(s);
		/* An answer may have ended the connection. */
		for (left = lane->conns; left && left != c;)
			left = mock_conn_next(left);
		if (left == NULL)
			return;
	}
}

/* ---- the connection ---------------------------------------------------------- */

static nghttp2_session *
make_session(struct mock_http2 *h)
{
	nghttp2_session_callbacks *cb;
	nghttp2_session *s = NULL;

	if (nghttp2_session_callbacks_new(&cb) != 0)
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	if (nghttp2_session_server_new(&s, cb, h) != 0)
		s = NULL;
	nghttp2_session_callbacks_del(cb);
	return s;
}

struct mock_http2 *
mock_http2_create(struct mock_conn *c)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
	};
	struct mock_http2 *h = mem_alloc(sizeof(*h));

	h->conn = c;
	http2_head_init(&h->head);
	h->session = make_session(h);
	if (h->session == NULL)
		return h;
	nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
				ARRAY_LEN(settings));
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
					      WINDOW_BYTES);
	return h;
}

void
mock_http2_destroy(struct mock_http2 *h)
{
	if (h == NULL)
		return;
	while (h->streams != NULL)
		mock_stream_destroy(h->streams);
	nghttp2_session_del(h->session);
	http2_head_release(&h->head);
	free(h);
}

bool
mock_http2_ends_well(const struct mock_http2 *h)
{
	return h->then != THEN_RESET;
}

/* Everything was written; false: that was its end. */
static bool
go_on(struct mock_http2 *h)
{
	struct mock_conn *c = h->conn;

	if (h->then == THEN_RESET)
		sock_reset_on_close(c->io.fd);
	if (h->then == THEN_KEEP && (nghttp2_session_want_read(h->session) ||
				     nghttp2_session_want_write(h->session))) {
		loop_mod(c->lane->mocks->loop, &c->io, LOOP_READ);
		return true;
	}
	mock_conn_destroy(c);
	return false;
}

bool
mock_http2_flush(struct mock_http2 *h)
{
	struct mock_conn *c = h->conn;
	const struct stream s = mock_stream(c);

	if (h->inside)
		return true;
	for (;;) {
		enum stream_push went;
		size_t sent = 0;
		ssize_t n = 0;

		h->inside = true;
		if (h->nout == 0)
			n = nghttp2_session_mem_send(h->session, &h->out);
		h->inside = false;
		if (n < 0)
			break;
		h->nout += (size_t)n;
		if (h->nout == 0)
			return go_on(h);
		went = stream_push(&s, slice_of(h->out, h->nout), &sent);
		h->out += sent;
		h->nout -= sent;
		if (went == STREAM_BROKEN)
			break;
		if (went == STREAM_FULL) {
			loop_mod(c->lane->mocks->loop, &c->io,
				 LOOP_READ | LOOP_WRITE);
			return true;
		}
	}
	mock_conn_destroy(c);
	return false;
}

void
mock_http2_feed(struct mock_http2 *h, struct slice in)
{
	ssize_t n = NGHTTP2_ERR_NOMEM;

	h->inside = true;
	if (h->session != NULL)
		n = nghttp2_session_mem_recv(h->session,
					     (const uint8_t *)in.p, in.n);
	h->inside = false;
	if (n >= 0) {
		mock_http2_flush(h);
		return;
	}
	notes_fmt(&h->conn->lane->mocks->misses, "%.*s: a call that is not "
		  "HTTP/2: %s", SLICE_ARG(h->conn->lane->name),
		  nghttp2_strerror((int)n));
	mock_conn_destroy(h->conn);
}
