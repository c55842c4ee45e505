/* Detectors of credentials: JWT, PEM, Bearer, Basic, URLs, vendors. */
#include "detect.h"

#include <dvr/base/hash.h>

#include "vendor.h"

#include <string.h>

#define TOKEN_MAX (64u * KiB)	/* longer runs are data, not tokens */

static bool
is_alnum(char c)
{
	return is_token_char(c) && c != '-' && c != '_';
}

static size_t
run(struct slice t, size_t at)
{
	size_t n = 0;

	while (at + n < t.n && n < TOKEN_MAX && is_token_char(t.p[at + n]))
		n++;
	return n;
}

/* Does that base64url text decode to a JSON object with "alg"? */
static bool
is_jose_header(struct slice s)
{
	struct slice text;
	struct buf b;
	bool ok;

	buf_init(&b, 8 * KiB);
	ok = base64_decode(slice_range(s, 0, 8 * KiB), &b) == 0;
	text = buf_slice(&b);
	ok = ok && text.n > 0 && text.p[0] == '{' &&
	     slice_find(text, SLICE("\"alg\"")) > 0;
	buf_release(&b);
	return ok;
}

/* RFC 7515 §3.1, RFC 7516 §3.1: three or five parts. */
bool
detect_jwt(struct slice text, size_t at, struct hit *out)
{
	size_t head = run(text, at), to = at + head, dots = 0, part;

	if ((at > 0 && is_token_char(text.p[at - 1]) &&
	     !(at >= 3 && text.p[at - 3] == '%')) || head < 10)
		return false;
	while (dots < 4 && to < text.n && text.p[to] == '.') {
		part = run(text, to + 1);
		if (part == 0 && dots == 0 &&	/* JWE may have no key */
		    (to + 1 >= text.n || text.p[to + 1] != '.'))
			break;
		to += 1 + part;
		dots++;
	}
	if (dots < 2 || !is_jose_header(slice_range(text, at, at + head)))
		return false;
	while (text.p[to - 1] == '.' && dots > 2) {	/* a sentence's end */
		to--;
		dots--;
	}
	*out = (struct hit){ .from = at, .to = to, .class = "jwt" };
	return true;
}

/* From BEGIN … PRIVATE KEY to the END line, or as far as base64 goes. */
bool
detect_pem(struct slice text, size_t at, struct hit *out)
{
	struct slice rest = slice_range(text, at, at + TOKEN_MAX);
	ssize_t label = slice_find(slice_range(rest, 0, 64),
				   SLICE("PRIVATE KEY-----"));
	size_t from, to;

	if (label < 0)
		return false;
	from = (size_t)label + strlen("PRIVATE KEY-----");
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

static bool
token68_char(char c)
{
	return is_token_char(c) || c == '.' || c == '~' || c == '+' ||
	       c == '/';
}

/* RFC 6750 §2.1.  A word of letters behind it is prose, not a token. */
bool
detect_bearer(struct slice text, size_t at, struct hit *out)
{
	size_t from = at + 5, to;
	bool digit = false;

	if (at == 0 || (text.p[at - 1] != 'B' && text.p[at - 1] != 'b'))
		return false;
	if (text.p[from] == '%')
		from += 3;
	else
		from++;
	while (from < text.n && text.p[from] == ' ')
		from++;
	for (to = from; to < text.n && token68_char(text.p[to]); to++)
		digit = digit || (text.p[to] >= '0' && text.p[to] <= '9');
	while (to > from && text.p[to - 1] == '.')
		to--;
	while (to > from && to < text.n && text.p[to] == '=')
		to++;
	if (to - from < 6 || (!digit && to - from < 20))
		return false;
	if (slice_starts(slice_from(text, to), SLICE("=\"")))
		return false;		/* a challenge's parameter */
	*out = (struct hit){ .from = from, .to = to, .class = "bearer" };
	return true;
}

/* RFC 7617: what decodes to user:password. */
bool
detect_basic(struct slice text, size_t at, struct hit *out)
{
	size_t from = at + 5, to;
	struct buf b;
	bool ok;

	if (at == 0 || (text.p[at - 1] != 'B' && text.p[at - 1] != 'b'))
		return false;
	for (to = from; to < text.n && to - from < TOKEN_MAX &&
	     (is_token_char(text.p[to]) || text.p[to] == '+' ||
	      text.p[to] == '/' || text.p[to] == '='); to++)
		;
	if (to - from < 4)
		return false;
	buf_init(&b, TOKEN_MAX);
	ok = base64_decode(slice_range(text, from, to), &b) == 0 &&
	     slice_chr(buf_slice(&b), ':') >= 0 &&
	     slice_is_utf8(buf_slice(&b));
	buf_release(&b);
	if (!ok)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "basic" };
	return true;
}

/* scheme://user:password@host, scheme://token@host (RFC 3986 §3.2.1). */
bool
detect_url_password(struct slice text, size_t at, struct hit *out)
{
	size_t from = at + 3, to, colon = 0;

	for (to = from; to < text.n && to - from < 512; to++) {
		char c = text.p[to];

		if (c == '@')
			break;
		if ((unsigned char)c <= ' ' || strchr("/?#\"'<>\\", c))
			return false;
		if (c == ':' && colon == 0)
			colon = to;
	}
	if (to >= text.n || text.p[to] != '@')
		return false;
	if (colon)
		from = colon + 1;
	else if (to - from < 8)
		return false;		/* a user's name alone */
	if (from == to)
		return false;
	*out = (struct hit){ .from = from, .to = to,
			     .class = colon ? "password" : "token" };
	return true;
}

bool
detect_vendor(struct slice text, size_t at, struct hit *out)
{
	size_t i;

	if (at > 0 && (is_alnum(text.p[at - 1]) || text.p[at - 1] == '_') &&
	    !(at >= 3 && text.p[at - 3] == '%'))
		return false;
	for (i = 0; i < vendor_count; i++) {
		const struct vendor *v = &vendors[i];
		struct slice prefix = slice_str(v->prefix);
		size_t from, to;

		if (!slice_starts(slice_from(text, at), prefix))
			continue;
		from = to = at + prefix.n;
		while (to < text.n && to - from <= v->max &&
		       alphabet_has(v->alphabet, text.p[to]))
			to++;
		while (to > from && text.p[to - 1] == '.')
			to--;
		if (to - from < v->min || to - from > v->max)
			continue;
		*out = (struct hit){ .from = at, .to = to,
				     .class = v->name };
		return true;
	}
	return false;
}
