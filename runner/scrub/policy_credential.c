/* Reading Authorization: what is the secret in each scheme. */
#include "reading.h"

#include <dvr/base/hash.h>
#include <dvr/field/header.h>

#include "handle.h"

#include <string.h>

/* The password alone becomes known too: it may stand in a body or a log. */
static void
learn_basic(const struct reading *r, struct slice coded)
{
	struct buf b;
	ssize_t colon;

	buf_init(&b, 64 * KiB);
	if (base64_decode(coded, &b) == 0 &&
	    (colon = slice_chr(buf_slice(&b), ':')) >= 0)
		known_add(r->job->s->known, &(struct span){
			.rank = RANK_KEY, .class = SLICE("password"),
			.rule = SLICE("basic"), .value = slice_from(
				buf_slice(&b), (size_t)colon + 1),
		});
	if (b.n)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
}

/* Parameters whose name is one of a few; all of what is malformed. */
static void
read_params(const struct reading *r, struct header_walk w)
{
	static const char *const secret[] = { "signature", "credential",
		"response", "username", "cnonce", "oauth_token",
		"oauth_signature", "oauth_consumer_key", "oauth_nonce",
		"mac", "token", "sig", "key", "secret" };
	struct header_part p;

	while (header_next(&w, &p)) {
		struct slice value = p.value;
		size_t i;

		if (!value.p)
			continue;
		for (i = 0; i < ARRAY_LEN(secret) && !p.odd; i++) {
			if (slice_ieq(p.name, slice_str(secret[i])))
				break;
		}
		if (i == ARRAY_LEN(secret))
			continue;
		/* AWS: the key id; its scope of date and region is none */
		if (!p.odd && slice_ieq(p.name, SLICE("credential")) &&
		    slice_chr(value, '/') > 0)
			value = slice_cut(&value, '/');
		reading_mark(r, value, "signature");
	}
}

static bool
has_params(struct slice scheme, struct slice rest)
{
	return slice_ieq(scheme, SLICE("Digest")) ||
	       slice_ieq(scheme, SLICE("OAuth")) ||
	       slice_ieq(scheme, SLICE("Signature")) ||
	       slice_istarts(scheme, SLICE("AWS4-")) ||
	       slice_ifind(rest, SLICE("signature=")) >= 0;
}

/*
 * Accounts whose key everybody may read, so that a signature made with it
 * proves and hides nothing; taking it away would only make a replay's
 * requests be refused.
 */
static const struct {
	const char *scheme, *account, *why;
} public_keys[] = {
	/* Azure's storage emulator and Azurite: Microsoft documents account
	 * and key under "Connect to the emulator account". */
	{ "SharedKey", "devstoreaccount1",
	  "signed with the storage emulator's documented key" },
};

/* SharedKey is SharedKeyLite, too; both sign for "account:". */
static bool
keep_public(const struct reading *r, struct slice scheme, struct slice rest)
{
	struct slice account = slice_cut(&rest, ':');
	size_t i;

	for (i = 0; rest.p && i < ARRAY_LEN(public_keys); i++) {
		struct slice name = slice_str(public_keys[i].scheme);
		struct slice left = slice_from(scheme, name.n);

		if (!slice_istarts(scheme, name) ||
		    (left.n && !slice_ieq(left, SLICE("Lite"))) ||
		    !slice_eq(account, slice_str(public_keys[i].account)))
			continue;
		job_keep(r->job, r->piece, &(struct span){
			.from = (size_t)(r->value.p -
					 r->job->v[r->piece].raw.p),
			.to = (size_t)(r->value.p + r->value.n -
				       r->job->v[r->piece].raw.p),
			.rule = arena_fmt(r->job->scratch, KEEP_RULE "%s",
					  public_keys[i].why),
			.value = r->value,
		});
		return true;
	}
	return false;
}

/* The first colon that is in no handle, -1: there is none. */
static ssize_t
bare_colon(struct slice s)
{
	size_t from = 0, at;
	struct handle h;
	ssize_t colon;

	while (handle_next(s, from, &at, &h)) {
		colon = slice_chr(slice_range(s, from, at), ':');
		if (colon >= 0)
			return (ssize_t)from + colon;
		from = at + h.text.n;
	}
	colon = slice_chr(slice_from(s, from), ':');
	return colon < 0 ? colon : (ssize_t)from + colon;
}

void
read_authorization(const struct reading *r)
{
	struct header_walk w = header_walk(HEADER_CREDENTIALS, r->value);
	struct slice scheme = header_scheme(&w), rest = w.rest;
	ssize_t colon;

	if (scheme.n == 0) {
		reading_mark(r, r->value, "credential");
		return;
	}
	if (keep_public(r, scheme, rest))
		return;
	if (slice_ieq(scheme, SLICE("Basic"))) {
		learn_basic(r, rest);
		reading_mark(r, rest, "basic");
	} else if (has_params(scheme, rest)) {
		read_params(r, w);
	} else if (slice_istarts(scheme, SLICE("SharedKey")) ||
		   slice_ieq(scheme, SLICE("AWS"))) {
		colon = bare_colon(rest);	/* account:signature */
		reading_mark(r, slice_from(rest, (size_t)(colon + 1)),
			     "signature");
	} else {
		reading_mark(r, rest, reads_as_jwt(rest) ? "jwt" :
			     slice_ieq(scheme, SLICE("Bearer")) ? "bearer" :
			     "credential");
	}
}
