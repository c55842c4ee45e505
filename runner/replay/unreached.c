/* Sorts what a service wanted in vain into notes and errors. */
#include "unreached.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

/* Of each kind: the first say the most. */
#define WANTED_TOLD 6
/* Loopback answers a connect within microseconds. */
#define LATE_LISTENER_MS 50

struct telling {
	const struct trial_config *cfg;
	struct isolation *in;
	struct observed *seen;
	struct slice *notes;
	size_t n;
	char own[ADDRESS_TEXT_MAX];	/* where we looked for readiness until
					 * the service listened */
	char host[256];
};

bool
unreached_matches(struct slice entry, struct slice wanted)
{
	struct slice address = wanted;
	ssize_t colon = slice_chr(wanted, ':');

	if (slice_ieq(entry, wanted))
		return true;
	if (slice_starts(entry, SLICE("*."))) {
		entry = slice_from(entry, 1);
		return wanted.n > entry.n &&
		       slice_ieq(slice_from(wanted, wanted.n - entry.n), entry);
	}
	if (colon < 0)
		return false;
	address.n = (size_t)colon;
	return slice_eq(entry, address);
}

static bool
is_allowed(const struct telling *t, struct slice wanted)
{
	for (size_t i = 0; i < t->cfg->nallowed; i++)
		if (unreached_matches(slice_str(t->cfg->allowed[i].host),
				      wanted))
			return true;
	return false;
}

/* Asking for its own name, or for an address's, calls nobody. */
static bool
is_harmless_name(const struct telling *t, struct slice name)
{
	struct slice own = slice_str(t->host);

	if (slice_ends(name, SLICE(".arpa")))
		return true;
	return own.n > 0 && slice_starts(name, own) &&
	       (name.n == own.n || name.p[own.n] == '.');
}

/* A part of the service that another part waited for, listening by now. */
static bool
is_there_by_now(struct isolation *in, struct slice text)
{
	struct pollfd p = { .events = POLLOUT };
	struct slice host;
	struct address a;
	uint16_t port;
	bool there;

	if (address_split(text, &host, &port, NULL) != 0 ||
	    address_literal(host, port, &a) != 0 ||
	    isolation_connect(in, &a, &p.fd) != 0)
		return false;
	there = poll(&p, 1, LATE_LISTENER_MS) == 1 &&
		sock_connect_result(p.fd) == 0;
	close(p.fd);
	return there;
}

static void
add_unreached(struct telling *t, struct slice what)
{
	if (t->cfg->replay.on_miss == ON_MISS_FAIL && !is_allowed(t, what))
		t->seen->unreached[t->seen->nunreached++] = what;
}

static void
tell_names(struct telling *t, const struct isolation_wanted *w)
{
	struct arena *a = t->seen->arena;

	for (size_t i = 0; i < w->nnames; i++) {
		if (i < WANTED_TOLD)
			t->notes[t->n++] = arena_fmt(a, "the service looked "
				"up %.*s, which the tape does not hold: no "
				"such name", SLICE_ARG(w->names[i]));
		if (!is_harmless_name(t, w->names[i]))
			add_unreached(t, w->names[i]);
	}
	if (w->nnames > WANTED_TOLD)
		t->notes[t->n++] = arena_fmt(a, "it looked up %zu more names",
					     w->nnames - WANTED_TOLD);
}

static void
tell_addresses(struct telling *t, const struct isolation_wanted *w)
{
	size_t told = 0;

	for (size_t i = 0; i < w->naddresses; i++) {
		if (slice_eq(w->addresses[i], slice_str(t->own)) ||
		    is_there_by_now(t->in, w->addresses[i]))
			continue;
		add_unreached(t, w->addresses[i]);
		if (told++ < WANTED_TOLD)
			t->notes[t->n++] = arena_fmt(t->seen->arena, "the "
				"service tried to reach %.*s, which the tape "
				"does not hold: refused; replay.reach lets it "
				"through", SLICE_ARG(w->addresses[i]));
	}
}

size_t
unreached_tell(const struct trial_config *cfg, struct isolation *in,
	       const struct service *service, struct observed *seen,
	       struct slice *notes)
{
	struct telling t = { .cfg = cfg, .in = in, .seen = seen,
		.notes = notes };
	struct isolation_wanted w;

	isolation_wanted(in, seen->arena, &w);
	seen->unreached = arena_array(seen->arena,
				      w.nnames + w.naddresses + 1,
				      sizeof(*seen->unreached));
	if (service != NULL)
		snprintf(t.own, sizeof(t.own), "127.0.0.1:%u",
			 service_port(service));
	if (gethostname(t.host, sizeof(t.host) - 1) != 0)
		t.host[0] = '\0';
	tell_names(&t, &w);
	tell_addresses(&t, &w);
	return t.n;
}
