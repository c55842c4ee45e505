/*
 * Walker for JSON Web Tokens in their compact form (RFC 7515 §3.1): header and
 * claims are strings that hold JSON, the signature is bytes.
 */
#include "formats.h"

#include <dvr/base/hash.h>

#define JWT_MAX (64u * KiB)

static bool
is_base64url(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z') && c != '-' && c != '_')
			return false;
	}
	return true;
}

/* Only what is written the same way again. */
static bool
decode(struct arena *a, struct slice s, struct slice *out)
{
	struct buf b, again;
	bool ok;

	buf_init(&b, JWT_MAX);
	buf_init(&again, 2 * JWT_MAX);
	ok = is_base64url(s) && base64_decode(s, &b) == 0;
	if (ok) {
		base64url_encode(buf_slice(&b), &again);
		ok = slice_eq(buf_slice(&again), s);
		*out = arena_copy(a, buf_slice(&b));
	}
	buf_release(&b);
	buf_release(&again);
	return ok;
}

static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	static const char *const names[] = { "/header", "/claims",
					     "/signature" };
	struct slice rest = body, part[3], value[3];
	size_t i;

	for (i = 0; i < 3; i++)
		part[i] = slice_cut(&rest, '.');
	if (!part[2].p || rest.p || body.n > JWT_MAX || part[0].n == 0 ||
	    part[1].n == 0)
		return FIELD_BROKEN;
	for (i = 0; i < 3; i++) {
		if (!decode(a, part[i], &value[i]))
			return FIELD_BROKEN;
	}
	if (!slice_starts(value[0], SLICE("{")) || !slice_is_utf8(value[0]) ||
	    !slice_is_utf8(value[1]))
		return FIELD_BROKEN;
	for (i = 0; i < 3; i++) {
		struct field f = {
			.place = slice_str(names[i]),
			.key = slice_str(names[i] + 1),
			.kind = i < 2 ? FIELD_STRING : FIELD_BYTES,
			.span = part[i], .value = value[i],
		};

		if (fn(arg, &f) != 0)
			break;
	}
	return FIELD_OK;
}

static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	base64url_encode(value, out);
}

const struct field_format field_jwt = {
	.name = "jwt", .walk = walk, .encode = encode,
};
