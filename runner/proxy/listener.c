/* Listening sockets: accepts clients, pauses when descriptors run out. */
#include "state.h"

#include <dvr/base/mem.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Accepted in one event at most, so that open connections get their turn. */
#define LISTENER_BURST 64
/* Out of descriptors that somebody else holds: look again after this. */
#define LISTENER_STARVED_NS (100 * NS_PER_MS)

static void
watch_all(struct proxy *p, unsigned events)
{
	for (struct listener *s = p->listeners; s; s = s->next)
		if (s->io.fd >= 0)
			loop_mod(p->loop, &s->io, events);
}

static void
try_again(struct loop_timer *t)
{
	struct proxy *p = t->owner;

	watch_all(p, LOOP_READ);
}

/* A listener that stays readable would spin the loop: wait for a close. */
static void
starve(struct proxy *p)
{
	p->stats.accept_starved++;
	watch_all(p, 0);
	p->starved.fn = try_again;
	p->starved.owner = p;
	loop_timer_set(p->loop, &p->starved,
		       loop_now_ns(p->loop) + LISTENER_STARVED_NS);
}

void
listeners_resume(struct proxy *p)
{
	if (!p->starved.slot)
		return;
	loop_timer_cancel(p->loop, &p->starved);
	watch_all(p, LOOP_READ);
}

static void
on_accept(struct loop_io *io, unsigned ready)
{
	struct listener *s = io->owner;

	if (!(ready & LOOP_READ))
		return;
	for (int i = 0; i < LISTENER_BURST && s->io.fd >= 0; i++) {
		int fd = sock_accept(s->io.fd, NULL);

		if (fd >= 0) {
			relay_open(s, fd);
			continue;
		}
		if (errno == EINTR || errno == ECONNABORTED)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			starve(s->lane->proxy);
		return;
	}
}

/* A URL that a client on this machine can use, also for a wildcard. */
static void
write_url(struct listener *s, struct address a)
{
	char text[ADDRESS_TEXT_MAX];
	struct buf b;

	if (a.sa.ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&a.sa;

		if (in->sin_addr.s_addr == htonl(INADDR_ANY))
			in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	} else if (a.sa.ss_family == AF_INET6) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)&a.sa;

		if (IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr))
			in->sin6_addr = in6addr_loopback;
	}
	buf_init(&b, sizeof(s->url) - 1);
	buf_fmt(&b, "%s://%s", s->lane->tls ? "https" : "http",
		address_text(&a, text));
	memcpy(s->url, buf_cstr(&b), b.n + 1);
	buf_release(&b);
}

int
listener_open(struct lane *l, const char *address, const char *session,
	      struct listener **out, struct err *e)
{
	struct proxy *p = l->proxy;
	struct slice host;
	struct listener *s;
	struct address a, bound;
	char shown[QUOTE_MAX];
	uint16_t port;
	int fd;

	if (address_split(slice_str(address), &host, &port, e) < 0)
		return err_prefix(e, "lane %s: listen", l->name);
	if (address_literal(host, port, &a) < 0)
		return err_set(e, ERR_USAGE, "lane %s: listen: %s is no "
			       "numeric address; use 127.0.0.1:PORT", l->name,
			       quote(slice_str(address), shown));
	if (sock_listen(&a, &fd, &bound, e) < 0)
		return err_prefix(e, "lane %s", l->name);
	s = mem_alloc(sizeof(*s));
	s->io = (struct loop_io){ .fd = fd, .fn = on_accept, .owner = s };
	if (loop_add(p->loop, &s->io, LOOP_READ, e) < 0) {
		close(fd);
		free(s);
		return -1;
	}
	s->lane = l;
	s->session = session ? mem_strdup(session) : NULL;
	s->refs = 1;
	s->port = address_port(&bound);
	write_url(s, bound);
	s->next = p->listeners;
	p->listeners = s;
	*out = s;
	return 0;
}

void
listener_unref(struct listener *s)
{
	struct listener **at = &s->lane->proxy->listeners;

	if (--s->refs)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s->session);
	free(s);
}

void
listener_close(struct listener *s)
{
	if (s->io.fd < 0)
		return;
	loop_del(s->lane->proxy->loop, &s->io);
	close(s->io.fd);
	s->io.fd = -1;
	listener_unref(s);
}
