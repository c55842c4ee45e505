/* Detectors of structured tokens: JWT, JWE, PEM, SAML. */
#include "detect.h"

#include <dvr/base/hash.h>

#include <string.h>

#define HEADER_MAX (8u * KiB)	/* of a token, in base64 */
#define PEM_MAX (64u * KiB)

/* Does that base64url text decode to a JSON object with "alg"? */
static bool
is_jose_header(struct slice s)
{
	struct slice text;
	struct buf b;
	bool ok;

	buf_init(&b, HEADER_MAX);
	ok = base64_decode(slice_range(s, 0, HEADER_MAX), &b) == 0;
	text = buf_slice(&b);
	ok = ok && text.n > 0 && text.p[0] == '{' &&
	     slice_find(text, SLICE("\"alg\"")) > 0;
	buf_release(&b);
	return ok;
}

/* The parts of a token at `at`, 0 when there is none; *to is its end. */
static unsigned
jose_parts(struct slice text, size_t at, size_t *to)
{
	size_t head, end;
	unsigned dots = 0;

	if (!token_begins(text, at))	/* first: a long run has many anchors */
		return 0;
	head = end = token_end(text, at);
	if (head - at < 10)
		return 0;
	while (dots < 4 && char_at(text, end) == '.') {
		size_t part = token_end(text, end + 1) - end - 1;

		if (part == 0 && dots == 0 &&	/* JWE may have no key */
		    char_at(text, end + 1) != '.')
			break;
		end += 1 + part;
		dots++;
	}
	if (dots < 2 || !is_jose_header(slice_range(text, at, head)))
		return 0;
	while (text.p[end - 1] == '.' && dots > 2) {	/* a sentence's end */
		end--;
		dots--;
	}
	*to = end;
	return dots + 1;
}

/* RFC 7515 §3.1 */
bool
detect_jwt(struct slice text, size_t at, struct hit *out)
{
	size_t to;
	unsigned parts = jose_parts(text, at, &to);

	if (parts == 0 || parts == 5)
		return false;
	*out = (struct hit){ .from = at, .to = to, .class = "jwt" };
	return true;
}

/* RFC 7516 §3.1 */
bool
detect_jwe(struct slice text, size_t at, struct hit *out)
{
	size_t to;

	if (jose_parts(text, at, &to) != 5)
		return false;
	*out = (struct hit){ .from = at, .to = to, .class = "jwe" };
	return true;
}

static bool
base64_char(char c)
{
	return is_token_char(c) || c == '+' || c == '/' || c == '=';
}

static size_t
base64_end(struct slice text, size_t at)
{
	size_t to = at;

	while (to < text.n && to - at < PEM_MAX && base64_char(text.p[to]))
		to++;
	return to;
}

/* A token that was coded once more, in a Basic password or a form's field. */
bool
detect_jwt_base64(struct slice text, size_t at, struct hit *out)
{
	size_t to, end;
	bool found = false;
	struct buf b;

	/* base64 of ASCII without '?', '>' and '~' has no '+' and no '/' */
	if (!token_begins(text, at))
		return false;
	to = token_end(text, at);
	while (char_at(text, to) == '=')
		to++;
	if (to - at < 32)
		return false;
	buf_init(&b, PEM_MAX);
	if (base64_decode(slice_range(text, at, to), &b) == 0)
		found = jose_parts(buf_slice(&b), 0, &end) > 0;
	buf_release(&b);
	if (found)
		*out = (struct hit){ .from = at, .to = to,
				     .class = "base64" };
	return found;
}

/* From BEGIN … PRIVATE KEY to the END line, or as far as base64 goes. */
bool
detect_pem(struct slice text, size_t at, struct hit *out)
{
	struct slice rest = slice_range(text, at, at + PEM_MAX);
	ssize_t label = slice_find(slice_range(rest, 0, 64),
				   SLICE("PRIVATE"));
	size_t from, to;

	if (label < 0)
		return false;
	for (from = (size_t)label; from < rest.n && rest.p[from] != '-'; )
		from++;
	if (!slice_starts(slice_from(rest, from), SLICE("-----")))
		return false;
	from += 5;
	for (to = from; to < rest.n; to++) {
		if (slice_starts(slice_from(rest, to), SLICE("-----END")))
			break;
		if (!is_token_char(rest.p[to]) &&
		    !strchr("+/=\\ \r\n\t:,%", rest.p[to]))
			break;
	}
	if (to == from)
		return false;
	*out = (struct hit){ .from = at + from, .to = at + to,
			     .class = "private-key" };
	return true;
}

/* Base64 of "<saml…", or of an XML head with a SAML tag soon behind it. */
bool
detect_saml(struct slice text, size_t at, struct hit *out)
{
	size_t to = base64_end(text, at);
	bool found = false;
	struct buf b;

	if (!token_begins(text, at) || to - at < 64)
		return false;
	buf_init(&b, HEADER_MAX);
	if (base64_decode(slice_range(text, at, at + (to - at < 1024 ?
			  (to - at) / 4 * 4 : 1024)), &b) == 0)
		found = slice_ifind(buf_slice(&b), SLICE("saml")) > 0;
	buf_release(&b);
	if (found)
		*out = (struct hit){ .from = at, .to = to, .class = "saml" };
	return found;
}
