/*
 * A forward proxy's requests: where each of them goes, and what of it goes on.
 *
 * The head is what a client says to a proxy; the target gets the same request
 * in origin form, with the Host that the target's URL has and without what
 * was for the proxy alone.  The tap sees what goes on: the proxy's password
 * is in no record.
 */
#include "conn.h"

#include <dvr/base/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct forward {
	struct http1_decoder decoder;
	struct buf held;	/* a head that is not whole */
	struct upstream *wanted;
	const char *bad;	/* what is wrong with a request, or NULL */
	bool heading;		/* between two messages, or in a head */
	bool raw;		/* not to be followed any more */
	bool waiting;		/* c->early is for `wanted` */
};

static const char established[] = "HTTP/1.1 200 Connection established"
				  "\r\n\r\n";

static void
begin_head(struct forward *f)
{
	http1_release(&f->decoder);
	http1_init(&f->decoder, HTTP1_REQUEST);
	buf_clear(&f->held);
	f->heading = true;
}

void
forward_start(struct conn *c)
{
	struct forward *f = mem_alloc(sizeof(*f));

	buf_init(&f->held, CONN_EARLY_MAX);
	http1_init(&f->decoder, HTTP1_REQUEST);
	f->heading = true;
	c->forward = f;
	c->state = CONN_ASKED;
	if (side_watch(c, &c->client, LOOP_READ) < 0)
		conn_abort(c);
}

void
forward_end(struct conn *c)
{
	struct forward *f = c->forward;

	if (!f)
		return;
	upstream_unref(f->wanted);
	http1_release(&f->decoder);
	buf_release(&f->held);
	free(f);
	c->forward = NULL;
}

bool
forward_is_connect(const struct conn *c)
{
	return c->asked.n > 0;
}

bool
forward_waits(const struct conn *c)
{
	return c->forward && (c->forward->waiting || c->forward->bad);
}

/* ---- the edit ----------------------------------------------------------- */

static bool
is_for_proxy(struct slice name)
{
	return slice_ieq(name, SLICE("Proxy-Authorization")) ||
	       slice_ieq(name, SLICE("Proxy-Connection"));
}

static void
put_line(struct slice line, struct buf *out)
{
	buf_add(out, line);
	buf_adds(out, "\r\n");
}

static void
put_host(struct slice authority, struct buf *out)
{
	buf_adds(out, "Host: ");
	put_line(authority, out);
}

/* RFC 9112 §3.2.2: the target's URL says the host, whatever Host says. */
static void
put_fields(const struct http1_head *h, struct slice authority,
	   struct buf *out)
{
	bool host = authority.n == 0;

	for (size_t i = 0; i < h->nheaders; i++) {
		const struct http1_header *f = &h->headers[i];

		if (is_for_proxy(f->name))
			continue;
		if (authority.n && slice_ieq(f->name, SLICE("Host"))) {
			if (host)
				continue;
			host = true;
			if (!slice_ieq(f->value, authority)) {
				put_host(authority, out);
				continue;
			}
		}
		put_line(f->line, out);
	}
	if (!host)
		put_host(authority, out);
	buf_adds(out, "\r\n");
}

/* "host:port" as it stands in an absolute URL. */
static struct slice
authority_of(struct slice target)
{
	struct slice rest = slice_from(target,
			(size_t)slice_find(target, SLICE("//")) + 2);
	size_t n = 0;

	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	return slice_range(rest, 0, n);
}

static void
put_origin_form(const struct http1_head *h, const struct url *u,
		struct buf *out)
{
	const char *version = h->target.p + h->target.n;
	struct slice end = slice_of(version, (size_t)(h->line.p + h->line.n -
						      version));

	buf_add(out, slice_of(h->line.p, (size_t)(h->target.p - h->line.p)));
	buf_add(out, u->path);
	put_line(end, out);
	put_fields(h, authority_of(h->target), out);
}

/* ---- where to ------------------------------------------------------------- */

/* NULL, or what is wrong with it. */
static const char *
find_target(const struct conn *c, const struct http1_head *h, bool connect,
	    struct url *u)
{
	const struct listener *s = c->from;
	struct address self;

	*u = (struct url){ .path = SLICE("/") };
	if (connect && address_split(h->target, &u->host, &u->port, NULL) < 0)
		return "CONNECT without host:port";
	if (!connect && url_parse(h->target, u, NULL) < 0)
		return "a request without an absolute URL: this lane is a "
		       "forward proxy";
	/* Ourselves, for ever. */
	if (u->port == s->port && address_literal(u->host, u->port, &self) == 0)
		return "a request to this proxy itself";
	return NULL;
}

/* Another target than the one before: the head is read again for it. */
static void
wait_for(struct conn *c, struct upstream *u, bool connect, struct slice rest)
{
	struct forward *f = c->forward;

	if (connect) {
		put_line(f->decoder.head.line, &c->asked);
		put_fields(&f->decoder.head, slice_of(NULL, 0), &c->asked);
	} else {
		buf_add(&c->early, buf_slice(&f->held));
	}
	buf_add(&c->early, rest);
	f->wanted = u;
	f->waiting = true;
	begin_head(f);
}

/* A head is whole.  False: what follows waits; *rc is what to return. */
static bool
head_came(struct conn *c, struct slice rest, uint64_t at, int *rc)
{
	struct forward *f = c->forward;
	const struct http1_head *h = &f->decoder.head;
	bool connect = slice_eq(h->method, SLICE("CONNECT"));
	struct upstream *u;
	struct url url;
	struct buf head;

	*rc = 0;
	f->heading = false;
	f->bad = find_target(c, h, connect, &url);
	if (f->bad)
		return false;
	u = upstream_get(c->from->lane, &url);
	if (connect || u != c->upstream) {
		wait_for(c, u, connect, rest);
		return false;
	}
	upstream_unref(u);
	buf_init(&head, CONN_EARLY_MAX);
	put_origin_form(h, &url, &head);
	*rc = conn_up(c, buf_slice(&head), at);
	buf_release(&head);
	buf_clear(&f->held);
	return *rc == 0;
}

static int
lose_track(struct conn *c, struct slice rest, uint64_t at)
{
	struct forward *f = c->forward;

	if (!c->upstream) {
		f->bad = "no request of HTTP/1.1";
		return 0;
	}
	f->raw = true;
	if (f->heading && conn_up(c, buf_slice(&f->held), at) < 0)
		return -1;
	return rest.n ? conn_up(c, rest, at) : 0;
}

int
forward_bytes(struct conn *c, struct slice in, uint64_t at)
{
	struct forward *f = c->forward;
	size_t pos = 0, from = 0, used;
	struct slice span;
	int rc;

	if (f->raw)
		return conn_up(c, in, at);
	for (;;) {
		struct slice left = slice_from(in, pos);
		enum http1_event ev = http1_next(&f->decoder, left, &used,
						 &span);

		pos += used;
		if (f->heading) {
			buf_add(&f->held, slice_range(left, 0, used));
			from = pos;
		}
		switch (ev) {
		case HTTP1_MORE:
			return pos > from ? conn_up(c, slice_range(in, from,
							pos), at) : 0;
		case HTTP1_HEAD:
			if (!head_came(c, slice_from(in, pos), at, &rc))
				return rc;
			break;
		case HTTP1_BODY:
		case HTTP1_CHUNK:
		case HTTP1_TRAILERS:
			break;
		case HTTP1_END:
			if (pos > from && conn_up(c, slice_range(in, from, pos),
						  at) < 0)
				return -1;
			from = pos;
			f->heading = true;
			break;
		case HTTP1_OPAQUE:
		case HTTP1_BAD:
			return lose_track(c, slice_from(in, from), at);
		}
	}
}

/* ---- on its way -------------------------------------------------------------- */

void
forward_read(struct conn *c)
{
	struct proxy *p = c->proxy;
	ssize_t n = recv(c->client.io.fd, p->scratch, RELAY_READ_BYTES, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		conn_end(c);
		return;
	}
	forward_bytes(c, slice_of(p->scratch, (size_t)n), conn_now(c));
	forward_turn(c);
}

bool
forward_turn(struct conn *c)
{
	struct forward *f = c->forward;

	if (!forward_waits(c))
		return false;
	if (c->state == CONN_OPEN && c->tap && !tap_idle(c->tap))
		return false;
	if (f->bad) {
		forward_refuse(c, 400, f->bad);
		return true;
	}
	side_close(c, &c->server);
	c->server = (struct side){ .io = c->server.io,
				   .read_max = RELAY_READ_BYTES };
	upstream_unref(c->upstream);
	c->upstream = f->wanted;
	f->wanted = NULL;
	f->waiting = false;
	c->address = 0;
	if (side_watch(c, &c->client, 0) < 0)
		conn_abort(c);
	else
		conn_reach(c);
	return true;
}

void
forward_connected(struct conn *c)
{
	forward_end(c);
	if (send(c->client.io.fd, established, sizeof(established) - 1,
		 MSG_NOSIGNAL) != (ssize_t)sizeof(established) - 1) {
		conn_abort(c);
		return;
	}
	handshake_listen(c);
}

/* An answer of ours: the proxy's business, not the target's. */
void
forward_refuse(struct conn *c, unsigned status, const char *why)
{
	const char *peer = c->upstream ? c->upstream->text : "-";
	uint64_t now = conn_now(c);
	struct buf b, body;

	buf_init(&body, 1024);
	buf_fmt(&body, "dvr: %s: %s\n", peer, why);
	buf_init(&b, 4096);
	buf_fmt(&b, "HTTP/1.1 %u %s\r\nContent-Type: text/plain\r\n"
		"Content-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
		status == 502 ? "Bad Gateway" : "Bad Request", body.n,
		buf_cstr(&body));
	if (status != 502)
		notice(c->from->lane, NOTICE_FORWARD, peer, why);
	conn_tap(c);
	if (c->tap) {
		c->state = CONN_REFUSED;
		if (c->asked.n)
			tap_request(c->tap, buf_slice(&c->asked), now, NULL);
		tap_refused(c->tap, c->failed, now);
	}
	/* It fits an empty socket; who does not read it gets the end. */
	if (send(c->client.io.fd, b.p, b.n, MSG_NOSIGNAL) > 0)
		shutdown(c->client.io.fd, SHUT_WR);
	buf_release(&b);
	buf_release(&body);
	conn_end(c);
}
