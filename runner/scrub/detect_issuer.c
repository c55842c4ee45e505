/* Detectors of issuers' formats that a prefix alone does not tell. */
#include "detect.h"

#include <string.h>

/* The run of such characters around `at`. */
static void
run_around(struct slice text, size_t at, const char *more, size_t *from,
	   size_t *to)
{
	*from = *to = at;
	while (*from > 0 && at - *from < 256 &&
	       (is_alnum(text.p[*from - 1]) ||
		strchr(more, text.p[*from - 1])) && text.p[*from - 1])
		(*from)--;
	while (*to < text.n && *to - at < 256 &&
	       (is_alnum(text.p[*to]) || strchr(more, text.p[*to])) &&
	       text.p[*to])
		(*to)++;
}

/* Entra: three characters, a digit, "Q~", 31 to 34 more. */
static bool
entra_secret(struct slice text, size_t at, struct hit *out)
{
	size_t from, to;

	if (at < 5 || text.p[at - 1] != 'Q' || !is_digit(text.p[at - 2]))
		return false;
	run_around(text, at, "-_.~", &from, &to);
	while (to > at && text.p[to - 1] == '.')
		to--;
	from = at - 5;
	if (to - at < 32 || to - at > 36)
		return false;
	*out = (struct hit){ .from = from, .to = to,
			     .class = "azure-secret" };
	return true;
}

/* Keys of services carry a mark inside base64 of a fixed length. */
bool
detect_azure(struct slice text, size_t at, struct hit *out)
{
	size_t from, to, n;

	if (text.p[at] == '~')
		return entra_secret(text, at, out);
	run_around(text, at, "+/", &from, &to);
	n = to - from;
	while (char_at(text, to) == '=' && to - from < 96)
		to++;
	/* 256, 320, 384 and 512 bits; tokens of 52 and 84 characters */
	if (n != 43 && n != 52 && n != 54 && n != 84 && n != 86)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "azure-key" };
	return true;
}

/* Who knows the path of such a URL may post: its last parts are the secret. */
bool
detect_hook(struct slice text, size_t at, struct hit *out)
{
	const char *class = "hook";
	size_t from = at, to;
	ssize_t slash;

	if (text.p[at] == '/') {	/* /api/webhooks/ID/TOKEN */
		from += strlen("/api/webhooks/");
		class = "hook-discord";
	} else {	/* hooks.slack.com/services/T…/B…/… and Office's */
		from += (size_t)slice_chr(slice_from(text, at), '/') + 1;
		slash = slice_chr(slice_range(text, from, from + 32), '/');
		if (slash < 0)
			return false;
		from += (size_t)slash + 1;
		if (text.p[from] == 'T')
			class = "hook-slack";
	}
	for (to = from; to < text.n && (is_token_char(text.p[to]) ||
	     text.p[to] == '/' || text.p[to] == '@'); to++)
		;
	if (to < from + 40 || slice_chr(slice_range(text, from, to), '/') < 0)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = class };
	return true;
}

/* ID in base64, six or seven characters of time, 27 and more of HMAC; asked
 * at the first dot. */
bool
detect_discord(struct slice text, size_t at, struct hit *out)
{
	size_t from = at, to;

	if (at < 23 || (char_at(text, at + 7) != '.' &&
			char_at(text, at + 6) != '.'))
		return false;
	while (from > 0 && at - from < 32 && is_token_char(text.p[from - 1]))
		from--;
	if (at - from < 23 || at - from > 28 ||
	    (text.p[from] != 'M' && text.p[from] != 'N' &&
	     text.p[from] != 'O'))
		return false;
	to = token_end(text, at + 1);
	if (char_at(text, to) != '.' || to - at < 6)
		return false;
	to = token_end(text, to + 1);
	if (to - at < 34 || to - at > 50)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "discord" };
	return true;
}

/* The bot's number, a colon, 35 characters from "AA" on. */
bool
detect_telegram(struct slice text, size_t at, struct hit *out)
{
	size_t from = at, to = token_end(text, at + 1);

	while (from > 0 && is_digit(text.p[from - 1]))
		from--;
	if (at - from < 8 || at - from > 10 || to - at - 1 != 35)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "telegram" };
	return true;
}

bool
detect_twilio(struct slice text, size_t at, struct hit *out)
{
	size_t to = hex_end(text, at + 2);

	if (!token_begins(text, at) || to - at != 34 ||
	    is_token_char(char_at(text, to)))
		return false;
	*out = (struct hit){ .from = at, .to = to, .class = "twilio" };
	return true;
}

/* 32 hex digits, "-us", the data centre's number. */
bool
detect_mailchimp(struct slice text, size_t at, struct hit *out)
{
	size_t to = digits_end(text, at + 3);

	if (at < 32 || hex_end(text, at - 32) != at || to == at + 3 ||
	    to > at + 5 || !token_begins(text, at - 32) ||
	    is_token_char(char_at(text, to)))
		return false;
	*out = (struct hit){ .from = at - 32, .to = to,
			     .class = "mailchimp" };
	return true;
}

/* Keys of all kinds hold "OpenAI" in base64 in their middle. */
bool
detect_openai(struct slice text, size_t at, struct hit *out)
{
	size_t from, to;

	run_around(text, at, "-_", &from, &to);
	if (!slice_starts(slice_from(text, from), SLICE("sk-")) ||
	    to - from < 40)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "openai-old" };
	return true;
}

bool
detect_terraform(struct slice text, size_t at, struct hit *out)
{
	size_t from = at, to = token_end(text, at + strlen(".atlasv1."));

	while (from > 0 && is_alnum(text.p[from - 1]))
		from--;
	if (at - from != 14 || to - at < 60)
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "terraform" };
	return true;
}
