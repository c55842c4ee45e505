/* libcurl's multi interface on our loop, only as far as a connected socket,
 * and TLS from there on. */
#include "connect.h"

#include <dvr/base/buf.h>
#include <dvr/base/mem.h>
#include <dvr/net/sock.h>

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct connector {
	struct loop *loop;
	char *url;		/* for curl: http:// always */
	char *host;
	struct tls_trust *trust;	/* NULL: in the clear */
	bool blind;
	struct isolation *isolation;
	CURLM *multi;
	struct loop_timer timer;
	struct connecting *all;
};

struct connecting {
	struct connector *owner;
	CURL *easy;		/* NULL: the socket is ours already */
	struct stream stream;	/* while TLS begins on it */
	struct loop_io io;
	struct loop_timer late;
	struct connect_how how;
	char why[CURL_ERROR_SIZE];
	struct connecting *next;
};

/* One socket that curl watches. */
struct watch {
	struct loop_io io;
	struct connector *owner;
};

static void
drop_handle(struct connecting *k)
{
	if (k->easy == NULL)
		return;
	curl_multi_remove_handle(k->owner->multi, k->easy);
	curl_easy_cleanup(k->easy);
	k->easy = NULL;
}

static void
forget(struct connecting *k)
{
	struct connecting **p = &k->owner->all;

	while (*p != NULL && *p != k)
		p = &(*p)->next;
	if (*p == k)
		*p = k->next;
	drop_handle(k);
	loop_timer_cancel(k->owner->loop, &k->late);
	if (k->stream.fd >= 0)
		loop_del(k->owner->loop, &k->io);
	stream_close(&k->stream);
	free(k);
}

/* ---- TLS ------------------------------------------------------------------ */

static void
shaken(struct connecting *k, const char *why)
{
	connect_fn *fn = k->how.fn;
	void *arg = k->how.arg;
	struct stream s = k->stream;
	char text[CURL_ERROR_SIZE];

	if (why == NULL) {
		loop_del(k->owner->loop, &k->io);
		k->stream = (struct stream){ .fd = -1 };
		forget(k);
		fn(arg, s, NULL);
		return;
	}
	snprintf(text, sizeof(text), "TLS: %s", why);
	forget(k);
	fn(arg, (struct stream){ .fd = -1 }, text);
}

static void
shake(struct loop_io *io, unsigned ready)
{
	struct connecting *k = io->owner;

	(void)ready;
	switch (tls_handshake(k->stream.tls)) {
	case TLS_WAIT_READ:
		loop_mod(k->owner->loop, io, LOOP_READ);
		return;
	case TLS_WAIT_WRITE:
		loop_mod(k->owner->loop, io, LOOP_WRITE);
		return;
	case TLS_DONE:
		shaken(k, k->how.http2 && !slice_eq(tls_alpn(k->stream.tls),
						    SLICE("h2")) ?
			       "the service does not choose HTTP/2" : NULL);
		return;
	case TLS_HELLO:		/* a server's */
	case TLS_FAILED:
		shaken(k, tls_why(k->stream.tls));
		return;
	}
}

static void
too_late(struct loop_timer *t)
{
	shaken(t->owner, "no answer in time");
}

static void
begin_tls(struct connecting *k, int fd)
{
	struct connector *c = k->owner;
	const struct tls_peer peer = { .name = slice_str(c->host),
		.alpn = k->how.http2 ? SLICE("\x02h2") :
				       SLICE("\x08http/1.1") };

	drop_handle(k);
	k->stream = (struct stream){ .fd = fd,
		.tls = tls_client(c->trust, fd, &peer) };
	k->io = (struct loop_io){ .fd = fd, .fn = shake, .owner = k };
	k->late = (struct loop_timer){ .fn = too_late, .owner = k };
	loop_timer_set(c->loop, &k->late, loop_now_ns(c->loop) +
		       (uint64_t)k->how.timeout_ms * NS_PER_MS);
	/* The first step waits for the socket, which is writable. */
	if (loop_add(c->loop, &k->io, LOOP_WRITE, NULL) == 0)
		return;
	stream_close(&k->stream);
	shaken(k, "the event loop refused the socket");
}

/* ---- libcurl --------------------------------------------------------------- */

/*
 * The socket is taken as a duplicate and curl closes its own: its connection
 * cache would drop an idle one that has bytes to read.
 */
static void
finish(struct connecting *k, CURLcode result)
{
	connect_fn *fn = k->how.fn;
	void *arg = k->how.arg;
	bool tls = k->owner->trust != NULL;
	curl_socket_t theirs = CURL_SOCKET_BAD;
	char why[CURL_ERROR_SIZE];
	int fd = -1;

	if (result == CURLE_OK)
		result = curl_easy_getinfo(k->easy, CURLINFO_ACTIVESOCKET,
					   &theirs);
	if (result == CURLE_OK && theirs != CURL_SOCKET_BAD)
		fd = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
	if (tls && fd >= 0) {
		begin_tls(k, fd);
		return;
	}
	snprintf(why, sizeof(why), "%s",
		       k->why[0] ? k->why : curl_easy_strerror(result));
	forget(k);
	fn(arg, (struct stream){ .fd = fd }, fd < 0 ? why : NULL);
}

static void
collect_finished(struct connector *c)
{
	struct connecting *k;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		char *p = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		for (k = c->all; k && (char *)k != p; k = k->next)
			;
		if (k != NULL)
			finish(k, m->data.result);
	}
}

static void
socket_ready(struct loop_io *io, unsigned ready)
{
	struct watch *w = io->owner;
	struct connector *c = w->owner;
	int ev = 0, running;

	if (ready & LOOP_READ)
		ev |= CURL_CSELECT_IN;
	if (ready & LOOP_WRITE)
		ev |= CURL_CSELECT_OUT;
	if (ready & LOOP_HANGUP)
		ev |= CURL_CSELECT_ERR;
	curl_multi_socket_action(c->multi, io->fd, ev, &running);
	collect_finished(c);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *data)
{
	struct connector *c = arg;
	struct watch *w = data;
	unsigned ev = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w != NULL)
			loop_del(c->loop, &w->io);
		free(w);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		ev |= LOOP_WRITE;
	if (w != NULL) {
		loop_mod(c->loop, &w->io, ev);
		return 0;
	}
	w = mem_alloc(sizeof(*w));
	w->owner = c;
	w->io = (struct loop_io){ .fd = fd, .fn = socket_ready, .owner = w };
	if (loop_add(c->loop, &w->io, ev, NULL) != 0) {
		free(w);
		return -1;
	}
	curl_multi_assign(c->multi, fd, w);
	return 0;
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct connector *c = arg;

	(void)multi;
	if (ms < 0)
		loop_timer_cancel(c->loop, &c->timer);
	else
		loop_timer_set(c->loop, &c->timer,
			       loop_now_ns(c->loop) +
				       (uint64_t)ms * NS_PER_MS);
	return 0;
}

static void
timer_fired(struct loop_timer *t)
{
	struct connector *c = t->owner;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(c);
}

static char *
plain_url(const struct url *u)
{
	bool v6 = slice_chr(u->host, ':') >= 0;
	struct buf b;

	buf_init(&b, 4 * KiB);
	buf_fmt(&b, v6 ? "http://[%.*s]:%u/" : "http://%.*s:%u/",
		SLICE_ARG(u->host), u->port);
	return b.p;	/* the buffer's memory is ours from here */
}

int
connector_trust(struct connector *c, const struct tls_trust_config *t,
		struct err *e)
{
	struct tls_trust *trust;

	if (c->trust == NULL)
		return 0;
	trust = tls_trust_create(t, e);
	if (trust == NULL)
		return -1;
	tls_trust_destroy(c->trust);
	c->trust = trust;
	c->blind = t->insecure;
	return 0;
}

bool
connector_is_blind(const struct connector *c)
{
	return c->blind;
}

/* A service on this machine has a certificate of its own making. */
static int
trust_by_default(struct connector *c, const struct url *u, struct err *e)
{
	struct address a;
	bool here = address_literal(u->host, 0, &a) == 0 &&
		    (slice_starts(u->host, SLICE("127.")) ||
		     slice_eq(u->host, SLICE("::1")) ||
		     slice_ieq(u->host, SLICE("localhost")));
	const struct tls_trust_config t = { .insecure = here };

	if (!u->tls)
		return 0;
	c->blind = here;
	c->trust = tls_trust_create(&t, e);
	return c->trust ? 0 : -1;
}

int
connector_create(struct loop *l, const char *url, struct isolation *in,
		 struct connector **out, struct err *e)
{
	struct connector *c;
	struct url u;

	if (url_parse(slice_str(url), &u, e) != 0)
		return -1;
	c = mem_alloc(sizeof(*c));
	c->loop = l;
	c->url = plain_url(&u);
	c->host = mem_alloc(u.host.n + 1);
	memcpy(c->host, u.host.p, u.host.n);
	c->isolation = in;
	c->timer = (struct loop_timer){ .fn = timer_fired, .owner = c };
	if (trust_by_default(c, &u, e) != 0) {
		connector_destroy(c);
		return -1;
	}
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		connector_destroy(c);
		return err_set(e, ERR_INTERNAL, "libcurl: no multi handle");
	}
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	*out = c;
	return 0;
}

/* A socket belongs to the network that it was made in. */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	const struct connector *c = arg;
	int fd = isolation_socket(c->isolation, a->family, a->socktype,
				  a->protocol);

	(void)purpose;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

struct connecting *
connector_start(struct connector *c, const struct connect_how *how)
{
	struct connecting *k;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return NULL;
	k = mem_alloc(sizeof(*k));
	*k = (struct connecting){ .owner = c, .easy = easy, .how = *how,
		.stream = { .fd = -1 }, .next = c->all };
	curl_easy_setopt(easy, CURLOPT_URL, c->url);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, (char *)k);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, k->why);
	curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	if (c->isolation != NULL) {
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
				 open_socket);
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, c);
	}
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
	/* The environment's proxy is for the suite, not for us. */
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)how->timeout_ms);
	if (curl_multi_add_handle(c->multi, easy) != CURLM_OK) {
		curl_easy_cleanup(easy);
		free(k);
		return NULL;
	}
	c->all = k;
	return k;
}

void
connector_cancel(struct connecting *k)
{
	if (k != NULL)
		forget(k);
}

void
connector_destroy(struct connector *c)
{
	if (c == NULL)
		return;
	while (c->all != NULL)
		forget(c->all);
	if (c->multi != NULL)
		curl_multi_cleanup(c->multi);
	loop_timer_cancel(c->loop, &c->timer);
	tls_trust_destroy(c->trust);
	free(c->url);
	free(c->host);
	free(c);
}
