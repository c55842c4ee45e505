/* Detectors of credentials behind the name of their scheme: Bearer, Basic,
 * SSWS, and the password of a URL. */
#include "detect.h"

#include <dvr/base/attr.h>
#include <dvr/base/hash.h>

#include <string.h>

#define CREDENTIAL_MAX (64u * KiB)
#define AUTHORITY_MAX 512

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
	if (char_at(text, from) == '%')
		from += 3;
	else
		from++;
	while (char_at(text, from) == ' ')
		from++;
	for (to = from; to < text.n && token68_char(text.p[to]); to++)
		digit = digit || is_digit(text.p[to]);
	while (to > from && text.p[to - 1] == '.')
		to--;
	while (to > from && char_at(text, to) == '=')
		to++;
	if (to < from + 6 || (!digit && to - from < 20))
		return false;
	if (slice_starts(slice_from(text, to), SLICE("=\"")) ||
	    (to < text.n && text.p[to - 1] == '=' && text.p[to] == '"' &&
	     to - from < 20))
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
	for (to = from; to < text.n && to - from < CREDENTIAL_MAX &&
	     (is_token_char(text.p[to]) || text.p[to] == '+' ||
	      text.p[to] == '/' || text.p[to] == '='); to++)
		;
	if (to < from + 4)
		return false;
	buf_init(&b, CREDENTIAL_MAX);
	ok = base64_decode(slice_range(text, from, to), &b) == 0 &&
	     slice_chr(buf_slice(&b), ':') >= 0 &&
	     slice_is_utf8(buf_slice(&b));
	buf_release(&b);
	if (!ok)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "basic" };
	return true;
}

/* Okta's scheme: "SSWS 00…". */
bool
detect_ssws(struct slice text, size_t at, struct hit *out)
{
	size_t from = at + 5, to = token_end(text, from);

	if (!token_begins(text, at) || to < from + 20)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "credential" };
	return true;
}

/* http://host:8080/@x has a port and a path; where passwords are not escaped
 * in other schemes, '/' and '#' may be of one. */
static bool
may_go_on(struct slice text, size_t scheme, size_t colon, size_t at)
{
	static const char *const parsed[] = { "http", "https", "ws", "wss" };
	struct slice before = slice_range(text, 0, scheme);
	bool web = false;

	for (size_t i = 0; i < ARRAY_LEN(parsed); i++)
		web |= slice_ends(before, slice_str(parsed[i]));
	return colon > 0 && !web && digits_end(text, colon + 1) != at;
}

/* Where the last '@' before the host is, or 0: an unescaped password may have
 * some.  *colon is where the password begins, less one. */
static size_t
userinfo_end(struct slice text, size_t scheme, size_t *colon)
{
	size_t from = scheme + 3, at = 0, to;

	*colon = 0;
	for (to = from; to < text.n && to - from < AUTHORITY_MAX; to++) {
		char c = text.p[to];

		if ((unsigned char)c <= ' ' || strchr("\"'<>\\", c) ||
		    (c == ',' && at > 0))
			break;
		if (strchr("/?#", c) && (at > 0 ||
		    !may_go_on(text, scheme, *colon, to)))
			break;
		if (c == ':' && *colon == 0 && at == 0)
			*colon = to;
		if (c == '@' && (at == 0 || *colon > 0))
			at = to;
	}
	return at;
}

/* scheme://user:password@host, scheme://token@host (RFC 3986 §3.2.1). */
bool
detect_url_password(struct slice text, size_t at, struct hit *out)
{
	size_t colon, from = at + 3, to = userinfo_end(text, at, &colon);

	if (to == 0)
		return false;
	if (colon)
		from = colon + 1;
	else if (to - from < 8)
		return false;		/* a user's name alone */
	if (from >= to)
		return false;
	*out = (struct hit){ .from = from, .to = to,
			     .class = colon ? "password" : "token" };
	return true;
}
