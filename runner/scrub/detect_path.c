/* Tokens that stand in a path, "/reset/TOKEN": told from ids, slugs and hashes
 * by the word before them. */
#include "detect.h"

#include <dvr/base/attr.h>

#define TOKEN_MIN 12		/* shorter ones are ids */
#define UUID_BYTES 36

/* What is sent to one person, to be opened by them alone. */
static const struct {
	const char *word;
	bool uuid;		/* a UUID behind it is a token, too: not the
				 * id of a thing that has such a name */
} words[] = {
	{ "reset", true }, { "token", true }, { "magic", true },
	{ "recover", true }, { "recovery", true }, { "activate", true },
	{ "activation", true }, { "confirm", true }, { "confirmation", true },
	{ "verify", true }, { "verification", true }, { "unlock", true },
	{ "unsubscribe", true }, { "optout", true }, { "sso", true },
	{ "invite", false }, { "invites", false }, { "invitation", false },
	{ "invitations", false }, { "share", false }, { "shared", false },
	{ "hook", false }, { "hooks", false }, { "webhook", false },
	{ "webhooks", false }, { "join", false },
};

/* "password-reset" and "resetPassword" are about a reset. */
static const bool *
word_in(struct slice segment)
{
	size_t i, k, n;

	for (i = 0; i < segment.n; i += n ? n : 1) {
		for (n = 0; i + n < segment.n &&
		     is_letter(segment.p[i + n]); n++) {
			if (n > 0 && segment.p[i + n] <= 'Z' &&
			    segment.p[i + n - 1] >= 'a')
				break;
		}
		for (k = 0; k < ARRAY_LEN(words); k++) {
			if (slice_ieq(slice_range(segment, i, i + n),
				      slice_str(words[k].word)))
				return &words[k].uuid;
		}
	}
	return NULL;
}

static bool
is_uuid(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s.p[i] != '-' : !is_hex_digit(s.p[i]))
			return false;
	}
	return s.n == UUID_BYTES;
}

/* Words with dashes between them are slugs, "step-2" and "2024-06-01" too:
 * in a token letters and digits stand side by side, or letters change their
 * case within a word. */
static bool
is_mixed(struct slice s)
{
	size_t changes = 0, i;

	for (i = 1; i < s.n; i++) {
		char a = s.p[i - 1], b = s.p[i];

		changes += (is_digit(a) && is_letter(b)) ||
			(is_letter(a) && is_digit(b)) ||
			(is_lower(a) && is_upper(b));
	}
	return changes >= 3;
}

/* `at`: the last letters of the word that is before the slash. */
bool
detect_path_token(struct slice text, size_t at, struct hit *out)
{
	size_t from = at, to;
	const bool *uuid;
	struct slice token;

	while (from < text.n && text.p[from] != '/')
		from++;
	while (at > 0 && is_token_char(text.p[at - 1]))
		at--;
	if (at == 0 || text.p[at - 1] != '/')
		return false;
	uuid = word_in(slice_range(text, at, from++));
	for (to = from; is_token_char(char_at(text, to)) ||
	     (to > from && (char_at(text, to) == '.' ||
			    char_at(text, to) == '=')); to++)
		;
	while (to > from && text.p[to - 1] == '.')
		to--;
	token = slice_range(text, from, to);
	if (!uuid || token.n < TOKEN_MIN ||
	    !(is_uuid(token) ? *uuid : is_mixed(token)))
		return false;
	*out = (struct hit){ .from = from, .to = to, .class = "token" };
	return true;
}
