/* A loopback server of keys and their discovery (see issuer.h). */
#include "issuer.h"

#include <dvr/base/mem.h>
#include <dvr/net/sock.h>
#include <dvr/wire/http1.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In a network of its own the same port every time, beside the mocks'. */
#define ISSUER_PORT 19999
#define JWKS_PATH "/.well-known/jwks.json"
#define SCRATCH (16u * KiB)
#define OUT_MAX (256u * KiB)

struct client {
	struct issuer *issuer;
	struct loop_io io;
	struct http1_decoder in;
	bool head_only, keep_alive;
	struct slice path;		/* of the request that is read; static */
	struct buf out;
	size_t sent;
	struct client *next;
};

struct issuer {
	struct loop *loop;
	const struct mint *mint;
	struct loop_io io;
	char url[64], jwks_url[96];
	struct client *clients;
};

/* ---- what there is to read -------------------------------------------- */

static void
put_jwks(const struct issuer *i, struct buf *out)
{
	mint_jwks(i->mint, out);
}

/* OpenID Connect Discovery 1.0 §3: what is required, and no endpoint that is
 * not here. */
static void
put_discovery(const struct issuer *i, struct buf *out)
{
	buf_fmt(out, "{\"issuer\":\"%s\",\"jwks_uri\":\"%s\","
		"\"authorization_endpoint\":\"%s/authorize\","
		"\"token_endpoint\":\"%s/token\","
		"\"response_types_supported\":[\"code\"],"
		"\"subject_types_supported\":[\"public\"],"
		"\"id_token_signing_alg_values_supported\":[\"RS256\","
		"\"RS384\",\"RS512\",\"PS256\",\"PS384\",\"PS512\",\"ES256\","
		"\"ES384\",\"ES512\",\"EdDSA\"]}", i->url, i->jwks_url, i->url,
		i->url);
}

static const struct {
	const char *path;
	void (*put)(const struct issuer *i, struct buf *out);
} documents[] = {
	{ "/.well-known/openid-configuration", put_discovery },
	{ "/.well-known/oauth-authorization-server", put_discovery },
	{ JWKS_PATH, put_jwks },
	{ "/jwks", put_jwks },
	{ "/jwks.json", put_jwks },
};

/* ---- answering -------------------------------------------------------- */

static void
client_destroy(struct client *c)
{
	struct client **p = &c->issuer->clients;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	loop_del(c->issuer->loop, &c->io);
	close(c->io.fd);
	http1_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void
answer(struct client *c)
{
	const char *status = "404 Not Found";
	struct buf body;

	buf_init(&body, OUT_MAX / 2);
	for (size_t k = 0; k < ARRAY_LEN(documents); k++) {
		if (!slice_eq(c->path, slice_str(documents[k].path)))
			continue;
		status = "200 OK";
		documents[k].put(c->issuer, &body);
	}
	buf_fmt(&c->out, "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\nConnection: %s\r\n\r\n", status,
		body.n, c->keep_alive ? "keep-alive" : "close");
	if (!c->head_only)
		buf_add(&c->out, buf_slice(&body));
	buf_release(&body);
}

/* False: the client is gone. */
static bool
write_some(struct client *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = send(c->io.fd, c->out.p + c->sent,
				 c->out.n - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			loop_mod(c->issuer->loop, &c->io, LOOP_WRITE);
			return true;
		}
		if (n < 0) {
			client_destroy(c);
			return false;
		}
		c->sent += (size_t)n;
	}
	if (c->sent > 0 && !c->keep_alive) {
		client_destroy(c);
		return false;
	}
	c->sent = 0;
	buf_clear(&c->out);
	loop_mod(c->issuer->loop, &c->io, LOOP_READ);
	return true;
}

/* ---- reading ---------------------------------------------------------- */

static void
head_came(struct client *c)
{
	struct slice target = c->in.head.target, path = slice_cut(&target, '?');

	c->path = SLICE("");
	for (size_t k = 0; k < ARRAY_LEN(documents); k++)
		if (slice_eq(path, slice_str(documents[k].path)))
			c->path = slice_str(documents[k].path);
	c->keep_alive = c->in.head.keep_alive;
	c->head_only = slice_eq(c->in.head.method, SLICE("HEAD"));
}

/* False: it said something that is no request. */
static bool
feed(struct client *c, struct slice in)
{
	struct slice span;
	size_t used;

	for (;;) {
		used = 0;
		switch (http1_next(&c->in, in, &used, &span)) {
		case HTTP1_HEAD:
			head_came(c);
			break;
		case HTTP1_END:
			answer(c);
			break;
		case HTTP1_BODY:
		case HTTP1_CHUNK:
		case HTTP1_TRAILERS:
			break;
		case HTTP1_MORE:
			return true;
		case HTTP1_OPAQUE:
		case HTTP1_BAD:
			return false;
		}
		in = slice_from(in, used);
	}
}

static void
ready_fn(struct loop_io *io, unsigned ready)
{
	struct client *c = io->owner;
	char scratch[SCRATCH];
	ssize_t n;

	if (ready & LOOP_WRITE) {
		write_some(c);
		return;
	}
	n = recv(io->fd, scratch, sizeof(scratch), 0);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0 || !feed(c, slice_of(scratch, (size_t)n)) || c->out.full)
		client_destroy(c);
	else
		write_some(c);
}

static void
accept_all(struct loop_io *io, unsigned ready)
{
	struct issuer *i = io->owner;
	struct client *c;
	int fd;

	(void)ready;
	while ((fd = sock_accept(io->fd, NULL)) >= 0) {
		c = mem_alloc(sizeof(*c));
		c->issuer = i;
		c->io = (struct loop_io){ .fd = fd, .fn = ready_fn,
			.owner = c };
		if (loop_add(i->loop, &c->io, LOOP_READ, NULL) != 0) {
			close(fd);
			free(c);
			continue;
		}
		http1_init(&c->in, HTTP1_REQUEST);
		buf_init(&c->out, OUT_MAX);
		c->next = i->clients;
		i->clients = c;
	}
}

/* ---- life ------------------------------------------------------------- */

int
issuer_create(const struct issuer_place *where, const struct mint *m,
	      struct issuer **out, struct err *e)
{
	struct slice host = SLICE("127.0.0.1");
	uint16_t port = where->isolation ? ISSUER_PORT : 0;
	struct address at, bound;
	struct issuer *i;
	int fd;

	if (where->listen != NULL &&
	    address_split(slice_str(where->listen), &host, &port, e) != 0)
		return -1;
	if (address_literal(host, port, &at) != 0)
		return err_set(e, ERR_USAGE, "listen: not a numeric address");
	if (isolation_listen(where->isolation, &at, &fd, &bound, e) != 0)
		return -1;
	i = mem_alloc(sizeof(*i));
	i->loop = where->loop;
	i->mint = m;
	i->io = (struct loop_io){ .fd = fd, .fn = accept_all, .owner = i };
	snprintf(i->url, sizeof(i->url), "http://127.0.0.1:%u",
		 (unsigned)address_port(&bound));
	snprintf(i->jwks_url, sizeof(i->jwks_url), "%s" JWKS_PATH, i->url);
	if (loop_add(i->loop, &i->io, LOOP_READ, e) != 0) {
		close(fd);
		free(i);
		return -1;
	}
	*out = i;
	return 0;
}

const char *
issuer_url(const struct issuer *i)
{
	return i->url;
}

const char *
issuer_jwks_url(const struct issuer *i)
{
	return i->jwks_url;
}

void
issuer_destroy(struct issuer *i)
{
	if (i == NULL)
		return;
	while (i->clients != NULL)
		client_destroy(i->clients);
	loop_del(i->loop, &i->io);
	close(i->io.fd);
	free(i);
}
