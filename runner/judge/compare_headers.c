/* Compares the header fields of two answers, noise aside. */
#include "compare.h"

#include <dvr/field/header.h>

/* Names that differ from one run to the next by their nature. */
static const char *const noise[] = {
	"age",		 "connection",	"content-length", "date",
	"etag",		 "expires",	"keep-alive",	  "last-modified",
	"sec-websocket-accept",		"sec-websocket-extensions",
	"server-timing", "traceparent", "tracestate",	  "transfer-encoding",
	"via",		 "x-request-id",
};

bool
compare_header_noise(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(noise); i++) {
		if (slice_ieq(name, slice_str(noise[i])))
			return true;
	}
	return false;
}

static struct slice
lower(const struct comparison *c, struct slice s)
{
	char *p = arena_str(c->a, s);

	for (size_t i = 0; i < s.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	return slice_of(p, s.n);
}

/* A Set-Cookie field is known by its cookie; the value is an id, hence noise. */
static bool
is_cookie(const struct header *h)
{
	return slice_ieq(h->name, SLICE("set-cookie"));
}

static struct slice
cookie_name(const struct header *h)
{
	struct header_part p;

	return header_cookie(h->value, &p) ? p.name : SLICE("");
}

static struct place
place_of(const struct comparison *c, const struct header *h)
{
	struct place p = { .exchange = c->exchange,
			   .side = PLACE_RESPONSE,
			   .part = PLACE_HEADER };

	if (is_cookie(h)) {
		p.part = PLACE_COOKIE;
		p.name = cookie_name(h);
	} else {
		p.name = lower(c, h->name);
	}
	return p;
}

static bool
same_field(const struct header *a, const struct header *b)
{
	if (!slice_ieq(a->name, b->name))
		return false;
	return !is_cookie(a) || slice_eq(cookie_name(a), cookie_name(b));
}

/* The nth field like `h` (fields of one name keep their order), or NULL. */
static const struct header *
nth_like(const struct headers *in, const struct header *h, size_t nth)
{
	for (size_t i = 0; i < in->n; i++) {
		if (same_field(&in->v[i], h) && nth-- == 0)
			return &in->v[i];
	}
	return NULL;
}

static size_t
rank_of(const struct headers *in, size_t at)
{
	size_t nth = 0;

	for (size_t i = 0; i < at; i++)
		nth += same_field(&in->v[i], &in->v[at]);
	return nth;
}

static bool
same_media_type(struct slice a, struct slice b)
{
	return slice_ieq(header_bare(a), header_bare(b));
}

/* Made anew for each challenge (RFC 7616 §3.3). */
static bool
is_nonce(const struct header_part *p)
{
	return p->nth > 0 && (slice_ieq(p->name, SLICE("nonce")) ||
			      slice_ieq(p->name, SLICE("opaque")));
}

/* Challenges that ask for the same. */
static bool
same_challenges(const struct header *a, const struct header *b)
{
	struct header_walk v = header_walk(HEADER_CREDENTIALS, a->value);
	struct header_walk w = header_walk(HEADER_CREDENTIALS, b->value);
	struct header_part p, q;

	if (!slice_ieq(a->name, SLICE("www-authenticate")) &&
	    !slice_ieq(a->name, SLICE("proxy-authenticate")))
		return false;
	while (header_next(&v, &p)) {
		if (!header_next(&w, &q) || p.item != q.item ||
		    p.nth != q.nth || !slice_ieq(p.name, q.name) ||
		    (!is_nonce(&p) && !slice_eq(p.value, q.value)))
			return false;
	}
	return !header_next(&w, &q);
}

static void
compare_value(struct comparison *c, const struct place *p,
	      const struct header *want, const struct header *got)
{
	enum risk risk = RISK_MEDIUM;
	struct slice wanted = compare_wanted(c, p, want->value), context;
	struct difference *d;

	if (is_cookie(want) || same_challenges(want, got) ||
	    compare_equal(c, wanted, got->value) ||
	    compare_produced(c, p) ||
	    compare_echo(c, p, wanted, got->value))
		return;
	if (slice_ieq(want->name, SLICE("content-type")) &&
	    !same_media_type(wanted, got->value))
		risk = RISK_HIGH;
	context = arena_fmt(c->a, "%.*s: ", SLICE_ARG(want->name));
	d = compare_add(c, risk, p, compare_cut(c, wanted),
			compare_show(c, context, wanted, got->value));
	/* What a handle stood for, or what the name gives away, is a secret
	 * now as well. */
	if (!compare_has_handle(wanted) && d &&
	    !compare_has_handle(d->got))
		compare_takes(c, d, CHANGE_VALUE, got->value);
}

void
compare_headers(struct comparison *c, const struct message *want,
		const struct message *got)
{
	/* A replay keeps none of its own where they are the tape's. */
	if (want->headers.v == got->headers.v)
		return;
	for (size_t i = 0; i < want->headers.n; i++) {
		const struct header *h = &want->headers.v[i];
		const struct header *live =
			nth_like(&got->headers, h, rank_of(&want->headers, i));
		struct place p;

		if (compare_header_noise(h->name) ||
		    (live && c->in->plan->nchanges == 0 &&
		     slice_eq(h->value, live->value)))
			continue;
		p = place_of(c, h);
		if (compare_masked(c, &p))
			continue;
		/* Undone when it was scrubbed: the tape's body has no coding. */
		if (want->decoded.n &&
		    slice_ieq(h->name, SLICE("content-encoding")))
			continue;
		if (live)
			compare_value(c, &p, h, live);
		else if (!compare_accepted(c, &p, CHANGE_GONE))
			compare_takes(c, compare_add(c, RISK_HIGH, &p,
						     compare_cut(c, h->value),
						     SLICE("(none)")),
				      CHANGE_GONE, SLICE(""));
	}
	for (size_t i = 0; i < got->headers.n; i++) {
		const struct header *h = &got->headers.v[i];
		struct place p;

		if (compare_header_noise(h->name) ||
		    nth_like(&want->headers, h, rank_of(&got->headers, i)))
			continue;
		p = place_of(c, h);
		if (compare_masked(c, &p))
			continue;
		if (want->decoded.n &&
		    slice_ieq(h->name, SLICE("content-encoding")))
			continue;
		/* Nobody vetted this name: its value is not shown. */
		p.name = compare_show(c, SLICE(""), SLICE(""), p.name);
		if (compare_accepted(c, &p, CHANGE_ADDED))
			continue;
		compare_takes(c, compare_add(c, RISK_LOW, &p, SLICE("(none)"),
					     arena_fmt(c->a, "(%zu bytes)",
						       h->value.n)),
			      CHANGE_ADDED, SLICE(""));
	}
}
