/* Builds tapes for tests: one by hand, others from a seed. */
#include "tape_samples.h"

#include <string.h>

/* xorshift: the same seed, the same tape. */
struct dice {
	uint32_t state;
	struct arena *a;
};

static uint32_t
roll(struct dice *d, uint32_t sides)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 17;
	d->state ^= d->state << 5;
	return d->state % sides;
}

static const char *const pieces[] = {
	"a",
	"GET /x?y=1 HTTP/1.1",
	"Host: h",
	"yes",
	"1.0",
	"null",
	"- x",
	": ",
	" #",
	"#",
	" ",
	"'",
	"\"",
	"\\",
	"\n",
	"\r\n",
	"\t",
	"{",
	"}",
	"[",
	"]",
	",",
	"&",
	"*",
	"!",
	"|",
	">",
	"%",
	"@",
	"`",
	"~",
	"<<<<<<< ",
	"=======",
	"---",
	"...",
	"\xff\xfe",
	"\x80",
	"\xc3\xa9",
	"\xe2\x80\xa8",
	"\xe2\x80\xae",
	"\xef\xbb\xbf",
	"\xf0\x9f\x99\x82",
	"\xc2\x85",
	"\x7f",
	"\x01",
	("\xe2\x9f\xa6"
	 "dvr:bearer:36:9f3a77\xe2\x9f\xa7"),
};

/* Up to `most` pieces, NUL among them. */
static struct slice
bytes(struct dice *d, uint32_t most)
{
	uint32_t count = roll(d, most + 1);
	struct slice out;
	struct buf b;

	buf_init(&b, MiB);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t k = roll(d, ARRAY_LEN(pieces) + 1);

		if (k == ARRAY_LEN(pieces))
			buf_addc(&b, '\0');
		else
			buf_adds(&b, pieces[k]);
	}
	out = arena_copy(d->a, buf_slice(&b));
	buf_release(&b);
	return out;
}

/* Text for the parts that stand in many places: rarely empty. */
static struct slice
word(struct dice *d)
{
	return roll(d, 4) ? arena_fmt(d->a, "w%u", roll(d, 1000)) : bytes(d, 3);
}

static struct slice
body(struct dice *d)
{
	switch (roll(d, 4)) {
	case 0:
		return (struct slice){ 0 };
	case 1:
		return arena_fmt(d->a, "{\"n\":%u,\"t\":\"it's\\n\"}",
				 roll(d, 1000));
	case 2:
		return slice_of(arena_alloc(d->a, 20 * KiB), 17 * KiB);
	}
	return bytes(d, 12);
}

static void
fill_headers(struct dice *d, struct headers *h)
{
	static const char *const lines[] = {
		"Content-Length: 5", "Transfer-Encoding: gzip, chunked",
		"Host: x",           "X-Empty:",
		"no colon",          "X:  two  ",
	};

	h->n = roll(d, 5);
	h->v = h->n ? arena_array(d->a, h->n, sizeof(*h->v)) : NULL;
	for (size_t i = 0; i < h->n; i++)
		h->v[i] =
			header_of_line(roll(d, 2) ? slice_str(lines[roll(d, 6)])
						  : bytes(d, 4));
}

static void
fill_timeline(struct dice *d, struct message *m)
{
	if (roll(d, 3) == 0) {
		m->nchunks = 1 + roll(d, 4);
		m->chunks = arena_array(d->a, m->nchunks, sizeof(*m->chunks));
		for (size_t i = 0; i < m->nchunks; i++)
			m->chunks[i] = roll(d, 100000);
	}
	if (roll(d, 3) == 0) {
		m->nsegments = 1 + roll(d, 4);
		m->segments =
			arena_array(d->a, m->nsegments, sizeof(*m->segments));
		for (size_t i = 0; i < m->nsegments; i++)
			m->segments[i] = (struct segment){
				.at_us = m->at_us + roll(d, 100000),
				.bytes = roll(d, 70000),
			};
	}
}

static void
fill_message(struct dice *d, struct message *m, int64_t from_us)
{
	m->at_us = from_us + roll(d, 3000000);
	m->end_us = m->at_us + roll(d, 3000000);
	m->end = (enum message_end)roll(d, 8);
	if (m->end == END_RESET || m->end == END_GOAWAY)
		m->error = roll(d, 20);
	m->present = roll(d, 8) != 0;
	if (!m->present)
		return;
	m->line = roll(d, 2) ? SLICE("HTTP/1.1 200 OK") : bytes(d, 3);
	if (roll(d, 4) == 0)
		m->line = roll(d, 2) ? SLICE("HTTP/2 200")
				     : SLICE("POST /a.B/C HTTP/2");
	fill_headers(d, &m->headers);
	if (roll(d, 4) == 0)
		m->raw_head = bytes(d, 8);
	m->framing = (enum framing)roll(d, 6);
	m->body = body(d);
	m->body_bytes = roll(d, 2) ? m->body.n : roll(d, 9999);
	if (roll(d, 4) == 0)
		m->raw_body = body(d);
	if (roll(d, 4) == 0)
		m->decoded = SLICE("gzip");
	if (roll(d, 4) == 0)
		m->withheld = word(d);
	if (roll(d, 4) == 0)
		m->cut_bytes = roll(d, 100000);
	if (roll(d, 4) == 0)
		fill_headers(d, &m->trailers);
	fill_timeline(d, m);
}

/* Of a side that is there; a body begins with what they make. */
static void
fill_messages(struct dice *d, struct exchange *x)
{
	x->nmessages = roll(d, 4);
	x->messages = arena_array(d->a, x->nmessages + 1, sizeof(*x->messages));
	for (size_t i = 0; i < x->nmessages; i++) {
		struct stream_message *p = &x->messages[i];

		*p = (struct stream_message){
			.from = x->request.present && roll(d, 2) ? FROM_CLIENT
							: FROM_SERVER,
			.kind = (enum stream_kind)roll(d, 7),
			.at_us = roll(d, 1000000),
			.code = roll(d, 2) * 1011,
			.payload = body(d),
		};
		p->end_us = p->at_us + roll(d, 2) * 77;
		p->bytes = roll(d, 2) ? p->payload.n : roll(d, 99);
		if (roll(d, 4) == 0)
			p->decoded = SLICE("gzip");
		if (roll(d, 4) == 0)
			p->withheld = word(d);
	}
	if (x->protocol != PROTOCOL_HTTP2)
		return;
	exchange_join(d->a, x, FROM_CLIENT, x->request.body);
	exchange_join(d->a, x, FROM_SERVER, x->response.body);
}

static void
fill_exchange(struct dice *d, struct exchange *x, uint32_t lanes)
{
	x->lane = roll(d, lanes);
	x->conn = roll(d, 9);
	x->cause = roll(d, 2) ? roll(d, 9) : 0;
	x->injected = roll(d, 2);
	if (roll(d, 3) == 0)
		x->note = word(d);
	fill_message(d, &x->request, 0);
	fill_message(d, &x->response, x->request.at_us);
	x->ninterim = roll(d, 4) ? 0 : 1 + roll(d, 2);
	if (x->ninterim)
		x->interim =
			arena_array(d->a, x->ninterim, sizeof(*x->interim));
	for (size_t i = 0; i < x->ninterim; i++)
		fill_message(d, &x->interim[i], x->request.at_us);
	x->stream = roll(d, 3);
	x->protocol = (enum protocol)roll(d, 3);
	if (x->response.present)
		fill_messages(d, x);
}

static struct slice *
sentences(struct dice *d, size_t n)
{
	struct slice *v = n ? arena_array(d->a, n, sizeof(*v)) : NULL;

	for (size_t i = 0; i < n; i++)
		v[i] = bytes(d, 5);
	return v;
}

static void
fill_head(struct dice *d, struct tape *t)
{
	t->id = arena_fmt(d->a, "tape-%u", roll(d, 100000));
	t->namespace = word(d);
	t->session = bytes(d, 4);
	t->signature = arena_fmt(d->a, "%08x", roll(d, UINT32_MAX));
	t->recorded_us = 1790000000000000 + roll(d, 1000000000);
	t->trigger.kind = (enum trigger_kind)roll(d, 9);
	t->trigger.value = t->trigger.kind == TRIGGER_STATUS
				   ? 100 + (int)roll(d, 500)
				   : (int)roll(d, 3);
	t->trigger.detail = roll(d, 2) ? bytes(d, 5) : (struct slice){ 0 };
	t->origin.truncated = roll(d, 2) ? roll(d, 100) : 0;
	t->origin.snapshot = roll(d, 2);
	t->origin.at_us = t->origin.snapshot ? roll(d, 1000) : 0;
	t->origin.commit = roll(d, 2) ? word(d) : (struct slice){ 0 };
	t->origin.build = roll(d, 2) ? word(d) : (struct slice){ 0 };
	t->origin.dvr = SLICE("0.1.0");
	t->not_replayable = roll(d, 3) ? (struct slice){ 0 } : word(d);
	t->descriptors = roll(d, 2) ? word(d) : (struct slice){ 0 };
	t->log_tail = roll(d, 2) ? bytes(d, 20) : (struct slice){ 0 };
	t->nlosses = roll(d, 4);
	t->losses = sentences(d, t->nlosses);
}

static void
fill_state(struct dice *d, struct tape_state *s)
{
	*s = (struct tape_state){
		.name = word(d), .provider = word(d), .snapshot = word(d),
	};
	if (roll(d, 2))
		s->unscrubbed = word(d);
	if (roll(d, 2))
		return;
	s->snapshot = SLICE("state/a/");
	s->nfiles = 1 + roll(d, 3);
	s->files = arena_array(d->a, s->nfiles, sizeof(*s->files));
	for (size_t i = 0; i < s->nfiles; i++)
		s->files[i].path = arena_fmt(d->a, "state/a/%zu, b/", i);
}

static void
fill_lists(struct dice *d, struct tape *t)
{
	t->nlanes = 1 + roll(d, 3);
	t->lanes = arena_array(d->a, t->nlanes, sizeof(*t->lanes));
	for (size_t i = 0; i < t->nlanes; i++)
		t->lanes[i] = (struct tape_lane){
			.name = arena_fmt(d->a, "%zu: lane", i),
			.role = (enum lane_role)roll(d, 2),
		};
	t->nstate = roll(d, 3);
	t->state = t->nstate ? arena_array(d->a, t->nstate, sizeof(*t->state))
			     : NULL;
	for (size_t i = 0; i < t->nstate; i++)
		fill_state(d, &t->state[i]);
	t->ntokens = roll(d, 3);
	t->tokens = t->ntokens ? arena_array(d->a, t->ntokens,
					     sizeof(*t->tokens))
			       : NULL;
	for (size_t i = 0; i < t->ntokens; i++)
		t->tokens[i] = (struct tape_token){
			.handle = word(d),
			.coding = (enum token_coding)roll(d, 3),
			.header = roll(d, 2) ? word(d) : (struct slice){ 0 },
			.text = bytes(d, 20) };
	t->nmocks = roll(d, 3);
	t->mocks = sentences(d, t->nmocks);
	t->nscrubbed = roll(d, 3);
	t->scrubbed = t->nscrubbed ? arena_array(d->a, t->nscrubbed,
						 sizeof(*t->scrubbed))
				   : NULL;
	for (size_t i = 0; i < t->nscrubbed; i++)
		t->scrubbed[i] = (struct scrub_entry){ .rule = word(d),
						       .field = word(d),
						       .count = roll(d, 99) };
}

void
random_tape(struct tape *t, uint32_t seed)
{
	struct dice d = { .state = seed * 2654435761u + 1 };

	tape_init(t);
	d.a = t->arena;
	fill_head(&d, t);
	fill_lists(&d, t);
	t->nexchanges = roll(&d, 5);
	t->exchanges = t->nexchanges ? arena_array(d.a, t->nexchanges,
						   sizeof(*t->exchanges))
				     : NULL;
	for (size_t i = 0; i < t->nexchanges; i++) {
		t->exchanges[i].id =
			(i ? t->exchanges[i - 1].id : 0) + 1 + roll(&d, 2);
		fill_exchange(&d, &t->exchanges[i], (uint32_t)t->nlanes);
	}
	if (t->nexchanges && roll(&d, 2))
		t->trigger.exchange =
			t->exchanges[roll(&d, (uint32_t)t->nexchanges)].id;
}

/* ---- one by hand ----------------------------------------------------- */

void
sample_message(struct tape *t, struct message *m, const char *line,
	const char *const *lines, struct slice payload)
{
	m->present = true;
	m->line = slice_str(line);
	while (lines[m->headers.n])
		m->headers.n++;
	m->headers.v =
		arena_array(t->arena, m->headers.n, sizeof(*m->headers.v));
	for (size_t i = 0; i < m->headers.n; i++)
		m->headers.v[i] = header_of_line(slice_str(lines[i]));
	m->body = payload;
	m->body_bytes = payload.n;
	m->framing =
		message_framing_told(m, !slice_starts(m->line, SLICE("HTTP/")));
}

void
sample_times(struct message *m, int64_t at_us, int64_t end_us)
{
	m->at_us = at_us;
	m->end_us = end_us;
}

static const char *const json_request[] = {
	"Host: 127.0.0.1:8080", "Content-Type: application/json",
	("Authorization: Bearer "
	 "\xe2\x9f\xa6"
	 "dvr:bearer:36:9f3a77\xe2\x9f\xa7"),
	"Content-Length: 15", NULL
};
static const char *const json_answer[] = { "Server: cart/1.0",
					   "Content-Type: application/json",
					   "Content-Length: 14", NULL };
static const char *const chunked_answer[] = { "Transfer-Encoding: chunked",
					      "X-Latin: caf\xe9", NULL };
static const char *const no_headers[] = { NULL };

static void
fill_first(struct tape *t, struct exchange *x)
{
	*x = (struct exchange){
		.id = 1, .lane = 0, .conn = 1, .injected = true
	};
	sample_message(t, &x->request, "POST /api/v2/checkout/init HTTP/1.1",
		json_request, SLICE("{\"user\":\"u-17\"}"));
	sample_times(&x->request, 0, 41);
	x->ninterim = 1;
	x->interim = arena_array(t->arena, 1, sizeof(*x->interim));
	sample_message(t, x->interim, "HTTP/1.1 100 Continue", no_headers,
		(struct slice){ 0 });
	sample_times(x->interim, 1200, 1200);
	sample_message(t, &x->response, "HTTP/1.1 200 OK", json_answer,
		SLICE("{\"cart\":\"c-9\"}"));
	sample_times(&x->response, 11902, 12011);
}

static void
fill_second(struct tape *t, struct exchange *x)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 };

	*x = (struct exchange){ .id = 2, .lane = 1, .conn = 1, .cause = 1 };
	sample_message(t, &x->request, "GET /stock/17 HTTP/1.1", no_headers,
		(struct slice){ 0 });
	sample_times(&x->request, 2000, 2000);
	sample_message(t, &x->response, "HTTP/1.1 200 OK", chunked_answer,
		slice_of(gzip, sizeof(gzip)));
	sample_times(&x->response, 3000, 5500);
	x->response.nchunks = 2;
	x->response.chunks = arena_array(t->arena, 2, sizeof(uint64_t));
	x->response.chunks[0] = 3;
	x->response.chunks[1] = 5;
	x->response.nsegments = 2;
	x->response.segments = arena_array(t->arena, 2, sizeof(struct segment));
	x->response.segments[0] = (struct segment){ 3000, 60 };
	x->response.segments[1] = (struct segment){ 5500, 31 };
	x->response.trailers.n = 1;
	x->response.trailers.v =
		arena_array(t->arena, 1, sizeof(struct header));
	x->response.trailers.v[0] = header_of_line(SLICE("X-Sum: 7f"));
}

static void
fill_rest(struct tape *t, struct exchange *x)
{
	x[0] = (struct exchange){ .id = 4,
				  .lane = 0,
				  .conn = 2,
				  .note = SLICE("two Content-Lengths: nginx "
						"and node refuse it") };
	sample_message(t, &x[0].request, "POST /pay HTTP/1.1", json_request,
		SLICE("line one\nline two\n"));
	sample_times(&x[0].request, 50000, 50100);
	x[0].request.cut_bytes = 100;
	x[0].request.body_bytes = 118;
	x[0].request.raw_head = SLICE("POST /pay HTTP/1.1\nHost: x\n\n");
	sample_message(t, &x[0].response, "HTTP/1.1 500 Internal Server Error",
		no_headers, SLICE("oops"));
	sample_times(&x[0].response, 61000, 62000);
	x[0].response.end = END_RST;
	x[0].response.decoded = SLICE("br");
	x[1] = (struct exchange){ .id = 5, .lane = 0, .conn = 3 };
	sample_message(t, &x[1].request, "HEAD / HTTP/1.1", no_headers,
		(struct slice){ 0 });
	sample_times(&x[1].request, 70000, 70000);
	x[1].request.withheld = SLICE("not decodable: zstd");
	x[1].response.end = END_REFUSED;
	sample_times(&x[1].response, 71000, 71000);
}

void
sample_head(struct tape *t)
{
	static struct tape_lane lanes[] = { { { "client", 6 }, LANE_INGRESS },
					    { { "inventory", 9 },
					      LANE_EGRESS } };
	static struct tape_state_file files[] = {
		{ .path = { "state/shop.sql", 14 },
		  .bytes = { "-- dvr sqlite dump 1\n", 21 } }
	};
	static struct tape_state state[] = {
		{ .name = { "shop", 4 }, .provider = { "sqlite", 6 },
		  .snapshot = { "state/shop.sql", 14 },
		  .files = files, .nfiles = ARRAY_LEN(files) }
	};
	static struct scrub_entry scrubbed[] = {
		{ { "bearer", 6 }, { "1.req.header/authorization", 26 }, 1 }
	};

	t->id = SLICE("post-pay-500-7889a");
	t->namespace = SLICE("payment-services");
	t->session = SLICE("test_checkout.py::test_pay");
	t->signature = SLICE("7889a0c1");
	t->recorded_us = 1795348800000000;
	t->trigger = (struct trigger){ TRIGGER_STATUS, 4, 500,
				       SLICE("KeyError: 'cart'") };
	t->origin = (struct origin){ .commit = SLICE("3f2a"),
				     .build = SLICE("main"),
				     .dvr = SLICE("0.1.0") };
	t->lanes = lanes;
	t->nlanes = ARRAY_LEN(lanes);
	t->state = state;
	t->nstate = ARRAY_LEN(state);
	t->scrubbed = scrubbed;
	t->nscrubbed = ARRAY_LEN(scrubbed);
	t->log_tail = SLICE("Traceback (most recent call last):\n"
			    "\tFile \"cart.py\", line 33\n\n"
			    "  KeyError: 'cart'\n");
}

void
sample_tape(struct tape *t)
{
	tape_init(t);
	sample_head(t);
	t->nlosses = 1;
	t->losses = arena_array(t->arena, 1, sizeof(*t->losses));
	t->losses[0] = SLICE("4.req: 100 bytes over max_body");
	t->nexchanges = 4;
	t->exchanges = arena_array(t->arena, 4, sizeof(*t->exchanges));
	fill_first(t, &t->exchanges[0]);
	fill_second(t, &t->exchanges[1]);
	fill_rest(t, &t->exchanges[2]);
}

int
load_from_blobs(void *arg, struct arena *a, const char *hash, uint64_t size,
		struct slice *out, struct err *e)
{
	const struct tape_blobs *blobs = arg;

	for (size_t i = 0; i < blobs->n; i++) {
		if (strcmp(blobs->v[i].hash, hash) != 0)
			continue;
		if (blobs->v[i].bytes.n != size)
			return err_set(e, ERR_TAPE, "size differs");
		*out = arena_copy(a, blobs->v[i].bytes);
		return 0;
	}
	return err_set(e, ERR_TAPE, "no body %s", hash);
}
