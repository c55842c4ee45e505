/* How HTTP/2 is spoken on a connection: nghttp2's session, our sockets. */
#include "client_private.h"
#include "h2_fields.h"

#include <dvr/base/mem.h>
#include <dvr/wire/http2_head.h>

#include <nghttp2/nghttp2.h>

#include <stdlib.h>
#include <string.h>

/* What the service may send before we took it: nothing of ours is slow. */
#define WINDOW_BYTES ((int32_t)(4 * MiB))

struct http2_client {
	nghttp2_session *session;
	struct http2_head head;		/* that is coming */
	const uint8_t *out;		/* nghttp2's, not yet written */
	size_t nout;
	bool goaway;
	uint32_t error;			/* of it */
	int32_t last;
	bool spoken;			/* the service said anything */
	const char *wrong;		/* what it did against the protocol */
};

static struct call *
call_of(struct conn *c, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(c->h2->session, stream);
}

/* ---- what nghttp2 tells -------------------------------------------------- */

static int
on_begin_headers(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;

	(void)s;
	(void)f;
	http2_head_clear(&c->h2->head);
	return 0;
}

static int
on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
	  size_t nname, const uint8_t *value, size_t nvalue, uint8_t flags,
	  void *arg)
{
	struct conn *c = arg;

	(void)s;
	(void)f;
	(void)flags;
	http2_head_add(&c->h2->head, slice_of((const char *)name, nname),
		       slice_of((const char *)value, nvalue));
	return 0;
}

static void
headers_came(struct conn *c, struct call *k)
{
	struct http2_head *h = &c->h2->head;
	struct message *m = &k->seen->x.response;

	http2_head_finish(h);
	if (k->head_seen) {
		collect_trailers(&k->collect, &h->head, m);
		return;
	}
	h->head.keep_alive = true;
	h->head.crlf_only = true;
	call_head(k, &h->head);
	m = k->head_seen ? m : k->interim;
	m->framing = FRAMING_STREAM;
	if (!k->head_seen)
		call_interim_ended(k);
}

static int
on_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;
	struct call *k;

	(void)s;
	if (f->hd.type == NGHTTP2_GOAWAY) {
		c->h2->goaway = c->final = true;
		c->h2->error = f->goaway.error_code;
		c->h2->last = f->goaway.last_stream_id;
		return 0;
	}
	k = call_of(c, f->hd.stream_id);
	if (k == NULL || k->answered)
		return 0;
	if (f->hd.type == NGHTTP2_HEADERS)
		headers_came(c, k);
	else if (f->hd.type != NGHTTP2_DATA)
		return 0;
	if (f->hd.flags & NGHTTP2_FLAG_END_STREAM)
		call_end(k, END_COMPLETE);
	return 0;
}

static int
on_data(nghttp2_session *s, uint8_t flags, int32_t stream,
	const uint8_t *data, size_t n, void *arg)
{
	struct call *k = call_of(arg, stream);
	struct slice in = slice_of((const char *)data, n);

	(void)s;
	(void)flags;
	if (k == NULL || k->answered || !k->head_seen)
		return 0;
	collect_body(&k->collect, in, &k->seen->x.response);
	h2_body(k, in);
	return 0;
}

static int
on_close(nghttp2_session *s, int32_t stream, uint32_t error, void *arg)
{
	struct conn *c = arg;
	struct call *k = call_of(c, stream);

	(void)s;
	if (k == NULL)
		return 0;
	k->h2->closed = k->written = true;
	loop_timer_cancel(c->client->loop, &k->leave);
	if (k->answered)
		return 0;
	if (c->h2->goaway && stream > c->h2->last) {
		k->seen->x.response.error = c->h2->error;
		call_end(k, END_GOAWAY);
	} else {
		k->seen->x.response.error = error;
		call_end(k, END_RESET);
	}
	return 0;
}

/* nghttp2 says good-bye with an error: the service broke the protocol. */
static int
on_sent(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct conn *c = arg;

	(void)s;
	if (f->hd.type == NGHTTP2_GOAWAY &&
	    f->goaway.error_code != NGHTTP2_NO_ERROR)
		c->h2->wrong = nghttp2_http2_strerror(f->goaway.error_code);
	return 0;
}

/* ---- up and down --------------------------------------------------------- */

static nghttp2_session *
make_session(struct conn *c)
{
	nghttp2_session_callbacks *cb;
	nghttp2_option *option;
	nghttp2_session *s = NULL;

	if (nghttp2_session_callbacks_new(&cb) != 0)
		return NULL;
	if (nghttp2_option_new(&option) != 0) {
		nghttp2_session_callbacks_del(cb);
		return NULL;
	}
	/* What the service answers is judged, not refused. */
	nghttp2_option_set_no_http_messaging(option, 1);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
		cb, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_frame);
	nghttp2_session_callbacks_set_on_frame_send_callback(cb, on_sent);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
	if (nghttp2_session_client_new2(&s, cb, c, option) != 0)
		s = NULL;
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(cb);
	return s;
}

static void
down(struct conn *c)
{
	struct http2_client *h = c->h2;

	c->h2 = NULL;
	if (h == NULL)
		return;
	nghttp2_session_del(h->session);
	http2_head_release(&h->head);
	free(h);
}

static void flush(struct conn *c);

static void
up(struct conn *c)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES },
	};
	struct http2_client *h = mem_alloc(sizeof(*h));

	http2_head_init(&h->head);
	c->h2 = h;
	h->session = make_session(c);
	if (h->session == NULL) {
		h->wrong = "no memory for a session";
		c->broken = true;
		return;
	}
	nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
				ARRAY_LEN(settings));
	nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0,
					      WINDOW_BYTES);
	flush(c);
}

static bool
takes(const struct conn *c, bool pipelined)
{
	(void)pipelined;
	return c->first == NULL || (!c->final && !c->broken);
}

/* ---- calls that are over -------------------------------------------------- */

static bool
is_same(const struct conn *c, unsigned opened)
{
	return c->state == CONN_UP && c->opened == opened;
}

/* Outside of nghttp2's callbacks: what is told may close the connection. */
static void
finish_calls(struct conn *c)
{
	unsigned opened = c->opened;
	struct call *k = c->first;

	while (k != NULL && is_same(c, opened)) {
		struct call *next = k->next;

		/* Others may have gone meanwhile. */
		k = call_finish(k) ? c->first : next;
	}
	if (is_same(c, opened) && c->final && c->first == NULL)
		conn_close(c);
}

/* ---- writing --------------------------------------------------------------- */

static ssize_t
read_body(nghttp2_session *s, int32_t stream, uint8_t *to, size_t n,
	  uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	struct call *k = source->ptr;
	struct call_h2 *h = k->h2;
	size_t allowed = h2_allowed(k, loop_now_ns(k->client->loop));

	(void)arg;
	if (n > allowed - h->sent)
		n = allowed - h->sent;
	if (n > 0)
		memcpy(to, h->body.p + h->sent, n);
	h->sent += n;
	if (h->sent == h->body.n && h2_end_due(k)) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		h->ended = true;
		if (h->trailers.n == 0)
			return (ssize_t)n;
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		return h2_submit_trailers(s, stream, &h->trailers) == 0 ?
			(ssize_t)n : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	h->idle = n == 0;
	return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
}

/* Streams whose next piece may be due. */
static void
wake(struct conn *c)
{
	for (struct call *k = c->first; k != NULL; k = k->next) {
		struct call_h2 *h = k->h2;

		if (!h->idle || h->closed || h->ended)
			continue;
		h->idle = false;
		nghttp2_session_resume_data(c->h2->session, h->stream);
	}
}

/* Everything that was due is on the wire. */
static void
mark_written(struct conn *c)
{
	for (struct call *k = c->first; k != NULL; k = k->next) {
		const struct call_h2 *h = k->h2;
		bool whole = h->ended || (h->piece == h->npieces &&
					  h->sent == h->body.n);

		if (!k->written && whole)
			call_written(k);
	}
}

/* False: wait until the socket takes more, or it is broken. */
static bool
write_out(struct conn *c)
{
	struct http2_client *h = c->h2;

	for (;;) {
		size_t sent = 0;
		ssize_t n = 0;
		bool went;

		if (h->nout == 0)
			n = nghttp2_session_mem_send(h->session, &h->out);
		if (n < 0) {
			h->wrong = nghttp2_strerror((int)n);
			return false;
		}
		h->nout += (size_t)n;
		if (h->nout == 0)
			return true;
		went = conn_push(c, slice_of(h->out, h->nout), &sent);
		h->out += sent;
		h->nout -= sent;
		if (!went)
			return false;
	}
}

static void
flush(struct conn *c)
{
	if (c->state != CONN_UP)
		return;
	if (!c->broken) {
		wake(c);
		if (write_out(c)) {
			conn_want(c, LOOP_READ);
			mark_written(c);
		}
	}
	if (c->h2->wrong != NULL) {
		conn_garbage(c, c->first, c->h2->wrong);
		return;
	}
	finish_calls(c);
}

static void
send_call(struct conn *c, struct call *k)
{
	const struct message *m = &k->rec->request;
	struct call_h2 *h = k->h2;
	const nghttp2_data_provider body = { .source = { .ptr = k },
		.read_callback = read_body };
	bool bare = h->body.n == 0 && h->trailers.n == 0 &&
		    m->end == END_COMPLETE && m->end_us == m->at_us;
	nghttp2_nv *nv = h2_fields(&h->fields);

	conn_append(c, k);
	call_begin(k, loop_now_ns(c->client->loop));
	h->ended = bare;
	h->stream = c->broken ? 0 :
		nghttp2_submit_request(c->h2->session, NULL, nv, h->fields.n,
				       bare ? NULL : &body, k);
	free(nv);
	if (h->stream < 0) {
		k->written = h->closed = true;
		k->seen->x.note = slice_str(nghttp2_strerror(h->stream));
		call_end(k, END_REFUSED);
	}
	flush(c);
}

/* This stream alone. */
static void
give_up(struct call *k)
{
	struct conn *c = k->conn;
	uint32_t error = k->aborted ? k->rec->request.error :
				      NGHTTP2_CANCEL;

	k->written = true;
	if (c->state == CONN_UP && !c->broken && !k->h2->closed)
		nghttp2_submit_rst_stream(c->h2->session, NGHTTP2_FLAG_NONE,
					  k->h2->stream, error);
	flush(c);
}

/* ---- reading ---------------------------------------------------------------- */

static void
feed(struct conn *c, struct slice in)
{
	struct http2_client *h = c->h2;
	ssize_t n;

	if (!h->spoken && slice_starts(in, SLICE("HTTP/1."))) {
		conn_garbage(c, c->first, "the service answers HTTP/1.1");
		return;
	}
	h->spoken = true;
	n = nghttp2_session_mem_recv(h->session, (const uint8_t *)in.p, in.n);
	if (n < 0) {
		conn_garbage(c, c->first, nghttp2_strerror((int)n));
		return;
	}
	flush(c);
}

static void
eof(struct conn *c)
{
	(void)c;	/* a stream ends by itself */
}

const struct speech speech_http2 = {
	.up = up, .down = down, .takes = takes, .send = send_call,
	.flush = flush, .feed = feed, .eof = eof, .give_up = give_up,
	.http2 = true,
};
