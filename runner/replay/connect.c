/* libcurl's multi interface on our loop, only as far as a connected socket. */
#include "connect.h"

#include <dvr/base/mem.h>
#include <dvr/net/sock.h>

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

struct connector {
	struct loop *loop;
	const char *url;
	struct isolation *isolation;
	CURLM *multi;
	struct loop_timer timer;
	struct connecting *all;
};

struct connecting {
	struct connector *owner;
	CURL *easy;
	connect_fn *fn;
	void *arg;
	char why[CURL_ERROR_SIZE];
	struct connecting *next;
};

/* One socket that curl watches. */
struct watch {
	struct loop_io io;
	struct connector *owner;
};

static void
forget(struct connecting *k)
{
	struct connecting **p = &k->owner->all;

	while (*p != NULL && *p != k)
		p = &(*p)->next;
	if (*p == k)
		*p = k->next;
	curl_multi_remove_handle(k->owner->multi, k->easy);
	curl_easy_cleanup(k->easy);
	free(k);
}

/*
 * The socket is taken as a duplicate and curl closes its own: its connection
 * cache would drop an idle one that has bytes to read.
 */
static void
finish(struct connecting *k, CURLcode result)
{
	connect_fn *fn = k->fn;
	void *arg = k->arg;
	curl_socket_t theirs = CURL_SOCKET_BAD;
	char why[CURL_ERROR_SIZE];
	int fd = -1;

	if (result == CURLE_OK)
		result = curl_easy_getinfo(k->easy, CURLINFO_ACTIVESOCKET,
					   &theirs);
	if (result == CURLE_OK && theirs != CURL_SOCKET_BAD)
		fd = fcntl(theirs, F_DUPFD_CLOEXEC, 3);
	snprintf(why, sizeof(why), "%s",
		       k->why[0] ? k->why : curl_easy_strerror(result));
	forget(k);
	fn(arg, fd, fd < 0 ? why : NULL);
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

int
connector_create(struct loop *l, const char *url, struct isolation *in,
		 struct connector **out, struct err *e)
{
	struct connector *c;
	struct url u;

	if (url_parse(slice_str(url), &u, e) != 0)
		return -1;
	if (u.tls)
		return err_set(e, ERR_USAGE, "target %s: replay speaks "
			       "plain http only; give an http:// target", url);
	c = mem_alloc(sizeof(*c));
	c->loop = l;
	c->url = url;
	c->isolation = in;
	c->timer = (struct loop_timer){ .fn = timer_fired, .owner = c };
	c->multi = curl_multi_init();
	if (c->multi == NULL) {
		free(c);
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
connector_start(struct connector *c, unsigned timeout_ms, connect_fn *fn,
		void *arg)
{
	struct connecting *k;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return NULL;
	k = mem_alloc(sizeof(*k));
	*k = (struct connecting){ .owner = c, .easy = easy, .fn = fn,
		.arg = arg, .next = c->all };
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
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
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
	curl_multi_cleanup(c->multi);
	loop_timer_cancel(c->loop, &c->timer);
	free(c);
}
