/* Two nghttp2 sessions that talk at random and keep a diary. */
#include "http2_peers.h"

#include <nghttp2/nghttp2.h>

#include <check.h>
#include <string.h>

/* A stream's body: how much is left to be sent, and what follows. */
struct sending {
	size_t left;
	bool trailers;
};

struct peer {
	struct peers *all;
	enum http2_side side;
	nghttp2_session *session;
	struct sending sending[TRACE_STREAMS];
	struct buf head[TRACE_STREAMS];	/* fields of the block at hand */
	struct buf line[TRACE_STREAMS];
};

struct peers {
	uint32_t state;
	struct peer peer[HTTP2_SIDES];
	struct h2_trace diary;	/* its decoder is not used */
	uint32_t streams;
	bool reset[TRACE_STREAMS];
};

uint32_t
peers_roll(struct peers *p, uint32_t sides)
{
	p->state ^= p->state << 13;
	p->state ^= p->state >> 17;
	p->state ^= p->state << 5;
	return p->state % sides;
}

/* ---- what is sent ------------------------------------------------------- */

static ssize_t
give_body(nghttp2_session *s, int32_t id, uint8_t *out, size_t room,
	  uint32_t *flags, nghttp2_data_source *source, void *arg)
{
	static const uint8_t status[] = "0";
	struct peer *me = arg;
	struct sending *b = source->ptr;
	size_t n = b->left < room ? b->left : room;
	nghttp2_nv trailer = { (uint8_t *)(uintptr_t)"grpc-status",
			       (uint8_t *)(uintptr_t)status, 11, 1, 0 };

	n = n > 1 ? 1 + peers_roll(me->all, (uint32_t)n) : n;
	memset(out, 'a' + id % 26, n);
	b->left -= n;
	if (b->left > 0)
		return (ssize_t)n;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	if (b->trailers) {
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
		nghttp2_submit_trailer(s, id, &trailer, 1);
	}
	return (ssize_t)n;
}

static nghttp2_nv
field(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)(uintptr_t)name,
			     (uint8_t *)(uintptr_t)value, strlen(name),
			     strlen(value), 0 };
}

/* Adds fields of which some come again, some are new, some are huge. */
static size_t
more_fields(struct peers *p, nghttp2_nv *v, size_t n, size_t most)
{
	static char huge[40001];
	static const char *const values[] = { "", "x", "application/grpc",
					      "a longer value, with commas",
					      "1", "22", "333", "4444" };
	static const char *const names[] = { "content-type", "x-a", "x-b",
					     "cookie", "te", "x-request-id" };

	memset(huge, 'h', sizeof(huge) - 1);
	while (n < most && peers_roll(p, 5) > 0) {
		v[n] = field(names[peers_roll(p, ARRAY_LEN(names))],
			     values[peers_roll(p, ARRAY_LEN(values))]);
		if (peers_roll(p, 40) == 0)
			v[n].value = (uint8_t *)huge,
			v[n].valuelen = peers_roll(p, sizeof(huge) - 1);
		if (peers_roll(p, 4) == 0)
			v[n].flags = NGHTTP2_NV_FLAG_NO_INDEX;
		n++;
	}
	return n;
}

static nghttp2_data_provider *
some_body(struct peer *me, nghttp2_data_provider *body, uint32_t id)
{
	struct sending *b = &me->sending[id % TRACE_STREAMS];

	if (peers_roll(me->all, 3) == 0)
		return NULL;
	b->left = peers_roll(me->all, peers_roll(me->all, 4) ? 200 : 60000);
	b->trailers = peers_roll(me->all, 2);
	*body = (nghttp2_data_provider){ .source.ptr = b,
					 .read_callback = give_body };
	return body;
}

void
peers_request(struct peers *p)
{
	struct peer *me = &p->peer[HTTP2_CLIENT];
	nghttp2_priority_spec pri;
	nghttp2_data_provider body;
	nghttp2_nv v[12];
	size_t n = 0;

	if (2 * p->streams + 1 >= TRACE_STREAMS)
		return;
	v[n++] = field(":method", peers_roll(p, 2) ? "POST" : "GET");
	v[n++] = field(":scheme", "http");
	v[n++] = field(":path", peers_roll(p, 2) ? "/kv.Kv/Put" : "/a?b=1");
	v[n++] = field(":authority", "h:1");
	n = more_fields(p, v, n, ARRAY_LEN(v));
	nghttp2_priority_spec_init(&pri, 0, 3 + (int)peers_roll(p, 9), 0);
	ck_assert_int_gt(nghttp2_submit_request(me->session,
		peers_roll(p, 2) ? &pri : NULL, v, n,
		some_body(me, &body, 2 * p->streams + 1), NULL), 0);
	p->streams++;
}

static void
answer(struct peer *me, int32_t id)
{
	struct peers *p = me->all;
	nghttp2_data_provider body;
	nghttp2_nv v[12];
	size_t n = 0;

	if (peers_roll(p, 6) == 0) {
		v[0] = field(":status", "103");
		n = more_fields(p, v, 1, 4);
		nghttp2_submit_headers(me->session, 0, id, NULL, v, n, NULL);
	}
	if (peers_roll(p, 8) == 0) {
		nghttp2_submit_rst_stream(me->session, 0, id,
					  peers_roll(p, 14));
		return;
	}
	v[0] = field(":status", peers_roll(p, 2) ? "200" : "500");
	n = more_fields(p, v, 1, ARRAY_LEN(v));
	nghttp2_submit_response(me->session, id, v, n,
				some_body(me, &body, (uint32_t)id));
}

void
peers_settings(struct peers *p)
{
	struct peer *me = &p->peer[peers_roll(p, 2)];
	static const uint32_t sizes[] = { 0, 64, 100, 4096, 5000, 65536 };
	nghttp2_settings_entry v[2] = {
		{ NGHTTP2_SETTINGS_HEADER_TABLE_SIZE,
		  sizes[peers_roll(p, ARRAY_LEN(sizes))] },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1u << 20 },
	};

	nghttp2_submit_settings(me->session, 0, v, 1 + peers_roll(p, 2));
}

void
peers_reset(struct peers *p)
{
	if (p->streams > 0)
		nghttp2_submit_rst_stream(p->peer[HTTP2_CLIENT].session, 0,
			(int32_t)(2 * peers_roll(p, p->streams) + 1),
			NGHTTP2_CANCEL);
}

void
peers_goaway(struct peers *p)
{
	nghttp2_session *s = p->peer[HTTP2_SERVER].session;

	nghttp2_submit_goaway(s, 0, nghttp2_session_get_last_proc_stream_id(s),
			      NGHTTP2_NO_ERROR,
			      (const uint8_t *)"see you", 7);
}

/* ---- what is told ---------------------------------------------------------- */

static struct buf *
diary_of(struct peer *me, int32_t id)
{
	/* What I was told, the other one has sent. */
	return &me->all->diary.text[me->side == HTTP2_CLIENT ? HTTP2_SERVER :
		HTTP2_CLIENT][(uint32_t)id % TRACE_STREAMS];
}

static int
on_begin(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct peer *me = arg;

	(void)s;
	buf_clear(&me->head[(uint32_t)f->hd.stream_id % TRACE_STREAMS]);
	buf_clear(&me->line[(uint32_t)f->hd.stream_id % TRACE_STREAMS]);
	return 0;
}

static int
on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name,
	  size_t n, const uint8_t *value, size_t vn, uint8_t flags, void *arg)
{
	struct peer *me = arg;
	uint32_t i = (uint32_t)f->hd.stream_id % TRACE_STREAMS;
	struct slice key = slice_of(name, n), text = slice_of(value, vn);

	(void)s;
	(void)flags;
	if (slice_eq(key, SLICE(":status"))) {
		buf_adds(&me->line[i], "HTTP/2 ");
		buf_add(&me->line[i], text);
	} else if (slice_eq(key, SLICE(":method"))) {
		buf_add(&me->line[i], text);
	} else if (slice_eq(key, SLICE(":path"))) {
		buf_addc(&me->line[i], ' ');
		buf_add(&me->line[i], text);
		buf_adds(&me->line[i], " HTTP/2");
	} else {
		buf_addc(&me->head[i], '|');
		buf_add(&me->head[i], key);
		buf_adds(&me->head[i], ": ");
		buf_add(&me->head[i], text);
	}
	return 0;
}

static void
told_head(struct peer *me, const nghttp2_frame *f)
{
	uint32_t i = (uint32_t)f->hd.stream_id % TRACE_STREAMS;
	struct slice line = buf_slice(&me->line[i]);
	struct slice head = buf_slice(&me->head[i]);
	struct buf *b = diary_of(me, f->hd.stream_id);
	const char *marks = "()";

	if (line.n == 0) {
		marks = "[]";
		head = slice_from(head, 1);
	} else if (slice_starts(line, SLICE("HTTP/2 1"))) {
		marks = "<>";
	}
	buf_addc(b, marks[0]);
	buf_add(b, line);
	buf_add(b, head);
	buf_addc(b, marks[1]);
}

static int
on_frame(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct peer *me = arg;
	struct buf *b = diary_of(me, f->hd.stream_id);

	switch (f->hd.type) {
	case NGHTTP2_HEADERS:
		told_head(me, f);
		break;
	case NGHTTP2_RST_STREAM:
		buf_fmt(b, "!%u", f->rst_stream.error_code);
		break;
	case NGHTTP2_GOAWAY:
		buf_fmt(diary_of(me, f->goaway.last_stream_id), "~%u",
			f->goaway.error_code);
		break;
	default:
		break;
	}
	if ((f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
	    (f->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
		buf_addc(b, '.');
	}
	if (me->side == HTTP2_SERVER && f->hd.type == NGHTTP2_HEADERS &&
	    f->headers.cat == NGHTTP2_HCAT_REQUEST)
		answer(me, f->hd.stream_id);
	(void)s;
	return 0;
}

static int
on_sent(nghttp2_session *s, const nghttp2_frame *f, void *arg)
{
	struct peer *me = arg;

	(void)s;
	if (f->hd.type == NGHTTP2_RST_STREAM)
		me->all->reset[(uint32_t)f->hd.stream_id % TRACE_STREAMS] =
			true;
	return 0;
}

bool
peers_was_reset(const struct peers *p, size_t stream)
{
	return p->reset[stream];
}

static int
on_data(nghttp2_session *s, uint8_t flags, int32_t id, const uint8_t *data,
	size_t n, void *arg)
{
	(void)s;
	(void)flags;
	buf_add(diary_of(arg, id), slice_of(data, n));
	return 0;
}

static ssize_t
some_padding(nghttp2_session *s, const nghttp2_frame *f, size_t most,
	     void *arg)
{
	struct peer *me = arg;
	size_t n = f->hd.length + peers_roll(me->all, 3) * 100;

	(void)s;
	return (ssize_t)(n < most ? n : most);
}

/* ---- all of it -------------------------------------------------------------- */

static void
begin(struct peer *me)
{
	nghttp2_session_callbacks *c;

	nghttp2_session_callbacks_new(&c);
	nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin);
	nghttp2_session_callbacks_set_on_header_callback(c, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(c, on_sent);
	nghttp2_session_callbacks_set_select_padding_callback(c, some_padding);
	if (me->side == HTTP2_CLIENT)
		nghttp2_session_client_new(&me->session, c, me);
	else
		nghttp2_session_server_new(&me->session, c, me);
	nghttp2_session_callbacks_del(c);
	nghttp2_submit_settings(me->session, 0, NULL, 0);
	for (size_t i = 0; i < TRACE_STREAMS; i++) {
		buf_init(&me->head[i], MiB);
		buf_init(&me->line[i], MiB);
	}
}

struct peers *
peers_create(uint32_t seed)
{
	struct peers *p = mem_alloc(sizeof(*p));

	p->state = seed * 2654435761u + 1;
	h2_trace_init(&p->diary);
	for (unsigned i = 0; i < HTTP2_SIDES; i++) {
		p->peer[i].all = p;
		p->peer[i].side = (enum http2_side)i;
		begin(&p->peer[i]);
	}
	return p;
}

void
peers_destroy(struct peers *p)
{
	for (unsigned i = 0; i < HTTP2_SIDES; i++) {
		nghttp2_session_del(p->peer[i].session);
		for (size_t k = 0; k < TRACE_STREAMS; k++) {
			buf_release(&p->peer[i].head[k]);
			buf_release(&p->peer[i].line[k]);
		}
	}
	h2_trace_release(&p->diary);
	free(p);
}

bool
peers_move(struct peers *p, enum http2_side from, peers_feed_fn *feed,
	   void *arg)
{
	nghttp2_session *to =
		p->peer[from == HTTP2_CLIENT ? HTTP2_SERVER : HTTP2_CLIENT]
			.session;
	const uint8_t *bytes;
	ssize_t n = nghttp2_session_mem_send(p->peer[from].session, &bytes);

	ck_assert_int_ge(n, 0);
	if (n == 0)
		return false;
	feed(arg, from, slice_of(bytes, (size_t)n));
	ck_assert_int_eq(nghttp2_session_mem_recv(to, bytes, (size_t)n), n);
	return true;
}

struct slice
peers_told(struct peers *p, enum http2_side from, size_t stream)
{
	return buf_slice(&p->diary.text[from][stream]);
}
