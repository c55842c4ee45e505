/* Listeners inside an isolation that lead to chosen addresses outside. */
#include <dvr/service/reach.h>

#include "splice.h"

#include <dvr/base/mem.h>
#include <dvr/net/resolve.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define RESOLVE_MS 5000

struct door {			/* one entry of the list */
	struct reach *reach;
	struct loop_io io;
	struct slice host;	/* in the caller's list */
	uint16_t port;
	struct door *next;
};

/* A connection whose other end is not there yet. */
struct knock {
	struct door *door;
	int fd;
	struct resolve *resolve;
	struct knock *next;
};

struct reach {
	struct loop *loop;
	struct isolation *in;
	struct door *doors;
	struct knock *knocks;
	struct splice *splices;
};

/* ---- outwards --------------------------------------------------------- */

static void
forget(struct knock *k)
{
	struct knock **at = &k->door->reach->knocks;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
	free(k);
}

static void
found(void *arg, const struct address *list, size_t count, const char *why)
{
	struct knock *k = arg;
	struct reach *r = k->door->reach;
	int inner = k->fd, outer;

	(void)why;
	forget(k);
	/* A refusal in there is what a refusal out here looks like. */
	if (count == 0 || sock_connect(&list[0], &outer) < 0) {
		sock_reset_on_close(inner);
		close(inner);
		return;
	}
	splice_start(&r->splices, r->loop, inner, outer);
}

static void
door_ready(struct loop_io *io, unsigned ready)
{
	struct door *d = io->owner;
	int fd;

	(void)ready;
	while ((fd = sock_accept(io->fd, NULL)) >= 0) {
		struct knock *k = mem_alloc(sizeof(*k));
		struct resolve *pending;

		*k = (struct knock){ .door = d, .fd = fd,
			.next = d->reach->knocks };
		d->reach->knocks = k;
		pending = resolve_start(d->reach->loop, d->host, d->port,
					RESOLVE_MS, found, k);
		/* Told already: then `k` is gone. */
		if (pending)
			k->resolve = pending;
	}
}

/* ---- life ---------------------------------------------------------------- */

static int
split(const char *entry, struct slice *host, uint16_t *port, struct err *e)
{
	char q[QUOTE_MAX];

	if (address_split(slice_str(entry), host, port, e) == 0 && *port != 0 &&
	    host->n > 0 && slice_chr(*host, ':') < 0)
		return 0;
	return err_set(e, ERR_USAGE, "bad reach '%s'; expected host:port, the "
		       "host a name or an IPv4 address",
		       quote(slice_str(entry), q));
}

int
reach_check(const char *entry, struct err *e)
{
	struct slice host;
	uint16_t port;

	return split(entry, &host, &port, e);
}

/* Where it is inside: at its own address, a name at 127.0.0.1. */
static int
place(struct isolation *in, const struct door *d, struct address *out,
      struct err *e)
{
	char name[256];

	/* Every IPv4 address is a local one in there. */
	if (address_literal(d->host, d->port, out) == 0)
		return 0;
	if (d->host.n >= sizeof(name))
		return err_set(e, ERR_USAGE, "reach: the name is too long");
	for (size_t i = 0; i < d->host.n; i++)
		name[i] = d->host.p[i];
	name[d->host.n] = '\0';
	address_literal(SLICE("127.0.0.1"), d->port, out);
	return isolation_add_name(in, name, e);
}

static int
add_door(struct reach *r, const char *entry, struct err *e)
{
	struct door *d = mem_alloc(sizeof(*d));
	struct address at;
	int fd;

	*d = (struct door){ .reach = r };
	if (split(entry, &d->host, &d->port, e) < 0 ||
	    place(r->in, d, &at, e) < 0 ||
	    isolation_listen(r->in, &at, &fd, NULL, e) < 0) {
		free(d);
		return err_prefix(e, "reach");
	}
	d->io = (struct loop_io){ .fd = fd, .fn = door_ready, .owner = d };
	if (loop_add(r->loop, &d->io, LOOP_READ, e) < 0) {
		close(fd);
		free(d);
		return -1;
	}
	d->next = r->doors;
	r->doors = d;
	return 0;
}

int
reach_create(struct loop *l, struct isolation *in, char *const *list,
	     struct reach **out, struct err *e)
{
	struct reach *r = mem_alloc(sizeof(*r));

	*r = (struct reach){ .loop = l, .in = in };
	for (; *list; list++) {
		if (add_door(r, *list, e) < 0) {
			reach_destroy(r);
			return -1;
		}
	}
	*out = r;
	return 0;
}

void
reach_destroy(struct reach *r)
{
	struct door *d;

	if (!r)
		return;
	splice_end_all(&r->splices);
	while (r->knocks) {
		resolve_cancel(r->knocks->resolve);
		close(r->knocks->fd);
		forget(r->knocks);
	}
	while ((d = r->doors) != NULL) {
		r->doors = d->next;
		loop_del(r->loop, &d->io);
		close(d->io.fd);
		free(d);
	}
	free(r);
}
