/* What the control endpoint can be asked: sessions, a restart, numbers. */
#include "control.h"

#include <dvr/base/mem.h>
#include <dvr/field/field.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Longer session names are refused: they stand in heads and on tapes. */
#define SESSION_NAME_MAX 512

static void
put_string(struct slice s, struct buf *out)
{
	buf_addc(out, '"');
	field_format_named("json")->encode(FIELD_STRING, s, out);
	buf_addc(out, '"');
}

static unsigned
fail(struct buf *out, unsigned status, const char *text)
{
	buf_adds(out, "{\"error\":");
	put_string(slice_str(text), out);
	buf_adds(out, "}\n");
	return status;
}

/* ---- reading JSON ------------------------------------------------------- */

/* The members that are known; the rest is skipped, clients may say more. */
struct body_fields {
	struct slice name, result, message;
	bool wrong_kind;
};

static int
take_field(void *arg, const struct field *f)
{
	struct body_fields *b = arg;
	struct slice *to = NULL;

	if (slice_eq(f->place, SLICE("/name")))
		to = &b->name;
	else if (slice_eq(f->place, SLICE("/result")))
		to = &b->result;
	else if (slice_eq(f->place, SLICE("/message")))
		to = &b->message;
	if (!to || f->kind == FIELD_NULL)
		return 0;
	if (f->kind != FIELD_STRING)
		b->wrong_kind = true;
	*to = f->value;
	return 0;
}

/* NULL, or what is wrong.  No body at all is an empty object. */
static const char *
read_body(struct arena *a, struct slice body, struct body_fields *out)
{
	body = slice_trim(body);
	if (!body.n)
		return NULL;
	if (body.p[0] != '{' ||
	    field_format_named("json")->walk(a, body, take_field, out) !=
		    FIELD_OK)
		return "the body is not a JSON object";
	if (out->wrong_kind)
		return "name, result and message must be strings";
	return NULL;
}

/* ---- sessions ----------------------------------------------------------- */

static const struct lane *
first_ingress(const struct proxy *p)
{
	for (size_t i = 0; i < p->nlanes; i++)
		if (p->lanes[i].role == LANE_INGRESS)
			return &p->lanes[i];
	return NULL;
}

static void
session_free(struct control_session *s)
{
	free(s->name);
	free(s);
}

static void
put_id(char id[24], uint64_t n)
{
	struct buf b;

	buf_init(&b, 23);
	buf_fmt(&b, "s%" PRIu64, n);
	memcpy(id, b.p, b.n + 1);
	buf_release(&b);
}

static unsigned
open_session(struct control *c, struct control_session *s, struct buf *out)
{
	const struct lane *lane = first_ingress(c->proxy);
	struct err e = { .code = ERR_NONE };
	uint16_t port;

	if (!lane)
		return fail(out, 409, "there is no ingress lane");
	if (ledger_session_start(c->ledger, s->name, &e) < 0)
		return fail(out, 409, e.msg);
	if (proxy_session_listen(c->proxy, lane->index, s->name, &port,
				 &e) < 0) {
		ledger_session_end(c->ledger, s->name, false, SLICE(""), NULL);
		return fail(out, 500, e.msg);
	}
	buf_adds(out, "{\"id\":");
	put_string(slice_str(s->id), out);
	buf_adds(out, ",\"name\":");
	put_string(slice_str(s->name), out);
	buf_fmt(out, ",\"base_url\":\"http%s://127.0.0.1:%u\"",
		lane->tls ? "s" : "", port);
	/* The port alone tells whose traffic it is. */
	buf_adds(out, ",\"headers\":{}}\n");
	return 201;
}

static unsigned
session_start(struct control *c, const struct control_request *r,
	      struct buf *out)
{
	struct arena *a = arena_create();
	struct body_fields b = { .wrong_kind = false };
	const char *wrong = read_body(a, r->body, &b);
	struct control_session *s = NULL;
	unsigned status;

	if (!wrong && b.name.n > SESSION_NAME_MAX)
		wrong = "the name is longer than 512 bytes";
	if (!wrong && b.name.n && memchr(b.name.p, '\0', b.name.n))
		wrong = "the name holds a NUL";
	if (wrong) {
		status = fail(out, 400, wrong);
		goto done;
	}
	s = mem_alloc(sizeof(*s));
	put_id(s->id, ++c->sessions_seen);
	s->name = mem_strdup(b.name.n ? arena_str(a, b.name) : s->id);
	status = open_session(c, s, out);
	if (status == 201) {
		s->next = c->sessions;
		c->sessions = s;
	} else {
		session_free(s);
	}
done:
	arena_wipe(a);
	return status;
}

static unsigned
session_end(struct control *c, const struct control_request *r,
	    struct slice id, struct buf *out)
{
	struct control_session **at = &c->sessions, *s;
	struct arena *a = arena_create();
	struct body_fields b = { .wrong_kind = false };
	const char *wrong = read_body(a, r->body, &b);
	struct err e = { .code = ERR_NONE };
	bool failed = slice_eq(b.result, SLICE("failed"));
	unsigned status = 200;

	while (*at && !slice_eq(slice_str((*at)->id), id))
		at = &(*at)->next;
	s = *at;
	if (!s) {
		status = fail(out, 404, "no such session");
	} else if (wrong) {
		status = fail(out, 400, wrong);
	} else if (!failed && !slice_eq(b.result, SLICE("passed"))) {
		status = fail(out, 400, "result must be passed or failed");
	} else {
		*at = s->next;
		proxy_session_close(c->proxy, s->name);
		if (ledger_session_end(c->ledger, s->name, failed, b.message,
				       &e) < 0)
			status = fail(out, 409, e.msg);
		else
			buf_adds(out, "{\"ended\":true}\n");
		session_free(s);
	}
	arena_wipe(a);
	return status;
}

void
control_sessions_release(struct control *c)
{
	while (c->sessions) {
		struct control_session *s = c->sessions;

		c->sessions = s->next;
		session_free(s);
	}
}

/* ---- the rest ----------------------------------------------------------- */

static unsigned
restart(struct control *c, struct buf *out)
{
	struct err e = { .code = ERR_NONE };

	if (!c->restart)
		return fail(out, 409, "dvr did not start the service");
	if (c->restart(c->arg, &e) < 0)
		return fail(out, 500, e.msg);
	buf_adds(out, "{\"restarted\":true}\n");
	return 200;
}

static unsigned
status(struct control *c, struct buf *out)
{
	struct proxy_stats p;
	struct ledger_stats l = { .exchanges = 0 };

	proxy_stats(c->proxy, &p);
	if (c->ledger)
		ledger_stats(c->ledger, &l);
	buf_fmt(out, "{\"connections\":{\"accepted\":%" PRIu64
		",\"open\":%" PRIu64 ",\"peak\":%" PRIu64
		",\"refused\":%" PRIu64 ",\"failed\":%" PRIu64 "}",
		p.accepted, p.open_now, p.open_peak, p.connect_refused,
		p.connect_failed);
	buf_fmt(out, ",\"bytes\":{\"up\":%" PRIu64 ",\"down\":%" PRIu64 "}",
		p.bytes_up, p.bytes_down);
	buf_fmt(out, ",\"not_injected\":%" PRIu64 ",\"undecoded\":%" PRIu64,
		p.not_injected, p.undecoded);
	buf_fmt(out, ",\"exchanges\":%" PRIu64 ",\"sessions\":%" PRIu64
		",\"evicted\":%" PRIu64 ",\"ring_bytes\":%" PRIu64
		",\"tapes\":%zu}\n",
		l.exchanges, l.sessions, l.evicted, l.bytes_now, l.ntapes);
	return 200;
}

/* "/session/ID/end": the ID, or nothing. */
static struct slice
ending_session(struct slice path)
{
	struct slice before = SLICE("/session/"), after = SLICE("/end");

	if (path.n <= before.n + after.n || !slice_starts(path, before) ||
	    !slice_ends(path, after))
		return (struct slice){ .n = 0 };
	return slice_range(path, before.n, path.n - after.n);
}

unsigned
control_route(struct control *c, const struct control_request *r,
	      struct buf *out)
{
	struct slice rest = r->target, path = slice_cut(&rest, '?');
	struct slice id = ending_session(path);
	bool post = slice_eq(r->method, SLICE("POST"));

	if (slice_eq(path, SLICE("/status"))) {
		if (!slice_eq(r->method, SLICE("GET")))
			return fail(out, 405, "use GET");
		return status(c, out);
	}
	if (!id.n && !slice_eq(path, SLICE("/session")) &&
	    !slice_eq(path, SLICE("/service/restart")))
		return fail(out, 404, "unknown path; there are POST /session, "
			    "POST /session/ID/end, POST /service/restart, "
			    "GET /status");
	if (!post)
		return fail(out, 405, "use POST");
	if (slice_eq(path, SLICE("/service/restart")))
		return restart(c, out);
	if (!c->ledger)
		return fail(out, 409, "nothing is being recorded");
	return id.n ? session_end(c, r, id, out) : session_start(c, r, out);
}
