/* Cookies in text, and which of them are no secrets. */
#include "detect.h"

#include <dvr/base/attr.h>

#include <string.h>

#define CHOICE_MAX 40	/* bytes of a theme, a language, a time zone */
#define DRAWN_MIN 16	/* letters and digits side by side that nobody chose */

bool
is_drawn(struct slice v)
{
	size_t run = 0, digits = 0, i;

	for (i = 0; i < v.n && run < DRAWN_MIN; i++) {
		run = is_alnum(v.p[i]) ? run + 1 : 0;
		digits += is_digit(v.p[i]);
	}
	return run >= DRAWN_MIN && digits > 0;
}

/* The last word of a name, in whatever case: "user-lang", "cookieConsent". */
static struct slice
last_word(struct slice name)
{
	size_t from = name.n;

	while (from > 0 && is_alnum(name.p[from - 1])) {
		from--;
		if (is_upper(name.p[from]) && from > 0 &&
		    is_lower(name.p[from - 1]))
			break;
	}
	return slice_from(name, from);
}

/* Choices of a person, told apart from secrets by name or by value. */
bool
cookie_is_plain(struct slice name, struct slice value)
{
	static const char *const names[] = { "theme", "lang", "language",
		"locale", "consent", "cookieconsent", "timezone" };
	static const char *const values[] = { "true", "false", "yes", "no",
		"on", "off", "deleted" };
	struct slice word = last_word(name);
	size_t i;

	if (value.n <= 1)
		return true;
	if ((value.n > CHOICE_MAX || is_drawn(value)) && !slice_ieq(word, SLICE("consent")) &&
	    !slice_ieq(word, SLICE("cookieconsent")))
		return false;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_ieq(word, slice_str(names[i])))
			return true;
	}
	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (slice_ieq(value, slice_str(values[i])))
			return true;
	}
	return false;
}

static size_t
skip_blanks(struct slice t, size_t at)
{
	while (char_at(t, at) == ' ' || char_at(t, at) == '\t')
		at++;
	return at;
}

/* Quotes and escapes end the text that the line stands in. */
static bool
goes_on(char c)
{
	return (unsigned char)c > ' ' && c != 0x7f && !strchr(";\"'\\<>", c);
}

size_t
detect_cookie_pairs(struct slice t, size_t at, bool first, struct spans *out)
{
	size_t from, eq, to;

	do {
		from = skip_blanks(t, at);
		for (eq = from; is_token_char(char_at(t, eq)) ||
		     char_at(t, eq) == '.'; eq++)
			;
		if (eq == from || char_at(t, eq) != '=')
			return from;
		for (to = eq + 1; to < t.n && goes_on(t.p[to]); to++)
			;
		at = to + 1;
		if (to == eq + 1 ||
		    cookie_is_plain(slice_range(t, from, eq),
				    slice_range(t, eq + 1, to)))
			continue;
		spans_add(out, &(struct span){
			.from = eq + 1, .to = to, .rank = RANK_KEY,
			.class = SLICE("cookie"), .rule = SLICE("cookie"),
			.value = slice_range(t, eq + 1, to),
		});
	} while (!first && char_at(t, at - 1) == ';');
	return at - 1;
}
