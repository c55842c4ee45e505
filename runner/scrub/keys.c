/* The table of names whose values are secret. */
#include "keys.h"

#include <dvr/base/attr.h>

#include <string.h>

#define WORDS_MAX 12
#define WORD_MAX 24	/* bytes; longer than any word of the table */

/* First match counts; a row matches the last words of a name. */
static const struct key_row rows[] = {
	{ "page token", "", TAKE_NEVER, false },
	{ "next token", "", TAKE_NEVER, false },
	{ "continuation token", "", TAKE_NEVER, false },
	{ "sync token", "", TAKE_NEVER, false },
	{ "max token", "", TAKE_NEVER, false },
	{ "password", "password", TAKE_ANY, true },
	{ "passwords", "password", TAKE_ANY, true },
	{ "passwd", "password", TAKE_ANY, false },
	{ "pwd", "password", TAKE_ANY, false },
	{ "pass", "password", TAKE_ANY, false },
	{ "passphrase", "password", TAKE_ANY, false },
	{ "passcode", "password", TAKE_ANY, false },
	{ "csrf token", "csrf", TAKE_ANY, false },
	{ "xsrf token", "csrf", TAKE_ANY, false },
	{ "csrfmiddlewaretoken", "csrf", TAKE_ANY, false },
	{ "csrf", "csrf", TAKE_LONG, false },
	{ "xsrf", "csrf", TAKE_LONG, false },
	{ "secret", "secret", TAKE_ANY, true },
	{ "secrets", "secret", TAKE_ANY, true },
	{ "token", "token", TAKE_ANY, true },
	{ "tokens", "token", TAKE_LONG, true },
	{ "accesstoken", "token", TAKE_ANY, false },
	{ "refreshtoken", "token", TAKE_ANY, false },
	{ "authtoken", "token", TAKE_ANY, false },
	{ "jwt", "token", TAKE_LONG, false },
	{ "credential", "secret", TAKE_ANY, true },
	{ "credentials", "secret", TAKE_ANY, true },
	{ "private key", "secret", TAKE_ANY, false },
	{ "secret key", "secret", TAKE_ANY, false },
	{ "secretkey", "secret", TAKE_ANY, false },
	{ "encryption key", "secret", TAKE_ANY, false },
	{ "signing key", "secret", TAKE_ANY, false },
	{ "api key", "api-key", TAKE_ANY, true },
	{ "api keys", "api-key", TAKE_ANY, true },
	{ "apikey", "api-key", TAKE_ANY, false },
	{ "access key", "api-key", TAKE_ANY, false },
	{ "access key id", "api-key", TAKE_ANY, false },
	{ "auth key", "api-key", TAKE_ANY, false },
	{ "account key", "api-key", TAKE_ANY, false },
	{ "shared access key", "api-key", TAKE_ANY, false },
	{ "subscription key", "api-key", TAKE_ANY, false },
	{ "authorization", "credential", TAKE_ANY, false },
	{ "assertion", "token", TAKE_LONG, false },
	{ "saml response", "token", TAKE_LONG, false },
	{ "code verifier", "token", TAKE_LONG, false },
	{ "code", "oauth-code", TAKE_RANDOM, false },
	{ "state", "oauth-state", TAKE_RANDOM, false },
	{ "nonce", "nonce", TAKE_RANDOM, false },
	{ "session id", "session", TAKE_LONG, false },
	{ "sessionid", "session", TAKE_LONG, false },
	{ "session", "session", TAKE_LONG, false },
	{ "phpsessid", "session", TAKE_LONG, false },
	{ "jsessionid", "session", TAKE_LONG, false },
	{ "sid", "session", TAKE_LONG, false },
	{ "signature", "signature", TAKE_LONG, false },
	{ "sig", "signature", TAKE_LONG, false },
	{ "salt", "secret", TAKE_LONG, false },
	{ "otp", "pin", TAKE_DIGITS, false },
	{ "totp", "pin", TAKE_DIGITS, false },
	{ "two factor code", "pin", TAKE_DIGITS, false },
	{ "pin", "pin", TAKE_DIGITS, false },
	{ "pin code", "pin", TAKE_DIGITS, false },
	{ "cvv", "pin", TAKE_DIGITS, false },
	{ "cvc", "pin", TAKE_DIGITS, false },
	{ "security code", "pin", TAKE_DIGITS, false },
	{ "dsn", "connection", TAKE_LONG, false },
	{ "connection string", "connection", TAKE_LONG, false },
	{ "card number", "pan", TAKE_NUMBER, false },
	{ "cardnumber", "pan", TAKE_NUMBER, false },
	{ "card no", "pan", TAKE_NUMBER, false },
	{ "pan", "pan", TAKE_NUMBER, false },
	{ "ssn", "ssn", TAKE_NUMBER, false },
	{ "social security number", "ssn", TAKE_NUMBER, false },
	{ "tax id", "ssn", TAKE_NUMBER, false },
};

/* Say nothing about what the value is: "password_confirmation". */
static const char *const trailing[] = {
	"confirm", "confirmation", "repeat", "again", "hash", "value", "old",
	"new", "plain", "raw", "encrypted", "field", "input",
};

struct words {
	char v[WORDS_MAX][WORD_MAX];
	size_t n;
};

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Does a word end before s.p[i] (i > 0)?  "userId", "APIKey". */
static bool
word_breaks(struct slice s, size_t i)
{
	char a = s.p[i - 1], b = s.p[i];

	if (is_upper(b) && (is_lower(a) || is_digit(a)))
		return true;
	return is_upper(a) && is_upper(b) && i + 1 < s.n &&
	       is_lower(s.p[i + 1]);
}

/* Only the last WORDS_MAX are kept: rows look at the end. */
static void
words_push(struct words *w, const char *word, size_t n)
{
	if (n == 0)
		return;
	while (n > 1 && is_digit(word[n - 1]) && !is_digit(word[0]))
		n--;			/* password2 */
	if (w->n == WORDS_MAX) {
		memmove(w->v[0], w->v[1], (WORDS_MAX - 1) * WORD_MAX);
		w->n--;
	}
	if (n >= WORD_MAX)
		n = 0;			/* no row has such a word */
	memcpy(w->v[w->n], word, n);
	w->v[w->n++][n] = '\0';
}

static void
split(struct slice s, struct words *w)
{
	char word[WORD_MAX];
	size_t n = 0, i;

	w->n = 0;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (i > 0 && word_breaks(s, i)) {
			words_push(w, word, n);
			n = 0;
		}
		if (!is_upper(c) && !is_lower(c) && !is_digit(c)) {
			words_push(w, word, n);
			n = 0;
			continue;
		}
		if (n < WORD_MAX)
			word[n++] = is_upper(c) ? (char)(c - 'A' + 'a') : c;
	}
	words_push(w, word, n);
}

static bool
row_ends(const struct key_row *row, const struct words *w)
{
	struct slice rest = slice_str(row->name);
	size_t count = 1, i;

	for (i = 0; i < rest.n; i++)
		count += rest.p[i] == ' ';
	if (count > w->n)
		return false;
	for (i = w->n - count; rest.p; i++) {
		if (!slice_eq(slice_cut(&rest, ' '), slice_str(w->v[i])))
			return false;
	}
	return true;
}

static bool
is_trailing(const char *word)
{
	size_t i;

	if (is_digit(word[0]))
		return true;		/* "password[0]" */
	for (i = 0; i < ARRAY_LEN(trailing); i++) {
		if (strcmp(word, trailing[i]) == 0)
			return true;
	}
	return false;
}

const struct key_row *
key_find(struct slice name)
{
	struct words w;
	size_t i;

	split(name.n > 256 ? slice_from(name, name.n - 256) : name, &w);
	while (w.n > 0) {
		for (i = 0; i < ARRAY_LEN(rows); i++) {
			if (row_ends(&rows[i], &w))
				return rows[i].take == TAKE_NEVER ? NULL :
					&rows[i];
		}
		if (!is_trailing(w.v[w.n - 1]))
			return NULL;
		w.n--;
	}
	return NULL;
}

static size_t
count_digits(struct slice s)
{
	size_t i, n = 0;

	for (i = 0; i < s.n; i++)
		n += is_digit(s.p[i]);
	return n;
}

static bool
only_number(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]) && s.p[i] != ' ' && s.p[i] != '-')
			return false;
	}
	return true;
}

bool
key_takes(const struct key_row *row, struct slice value, enum key_where where)
{
	size_t ndigits = count_digits(value);

	switch (row->take) {
	case TAKE_ANY:
		return value.n > 0;
	case TAKE_LONG:
		return value.n >= 8;
	case TAKE_RANDOM:
		return where == KEY_URL && value.n >= 16 && ndigits > 0 &&
		       slice_chr(value, ' ') < 0;
	case TAKE_DIGITS:
		return value.n >= 3 && value.n <= 8 && ndigits == value.n;
	case TAKE_NUMBER:
		return ndigits >= 9 && value.n <= 32 && only_number(value);
	case TAKE_NEVER:
		break;
	}
	return false;
}
