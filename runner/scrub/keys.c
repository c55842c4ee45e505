/* The table of names whose values are secret. */
#include "keys.h"

#include <dvr/base/attr.h>

#include <string.h>

#define WORDS_BYTES 64	/* of a name's end; more than any row has */

#define ROW(words, class, take, deep) \
	{ { (words), sizeof(words) - 1 }, (class), (take), (deep) }

/* First match counts; a row matches the last words of a name. */
static const struct key_row rows[] = {
	ROW("page token", "", TAKE_NEVER, false),
	ROW("next token", "", TAKE_NEVER, false),
	ROW("continuation token", "", TAKE_NEVER, false),
	ROW("sync token", "", TAKE_NEVER, false),
	ROW("max token", "", TAKE_NEVER, false),
	ROW("password", "password", TAKE_ANY, true),
	ROW("passwords", "password", TAKE_ANY, true),
	ROW("passwd", "password", TAKE_ANY, false),
	ROW("pwd", "password", TAKE_ANY, false),
	ROW("pass", "password", TAKE_ANY, false),
	ROW("passphrase", "password", TAKE_ANY, false),
	ROW("passcode", "password", TAKE_ANY, false),
	ROW("csrf token", "csrf", TAKE_ANY, false),
	ROW("xsrf token", "csrf", TAKE_ANY, false),
	ROW("csrfmiddlewaretoken", "csrf", TAKE_ANY, false),
	ROW("csrf", "csrf", TAKE_LONG, false),
	ROW("xsrf", "csrf", TAKE_LONG, false),
	ROW("secret", "secret", TAKE_ANY, true),
	ROW("secrets", "secret", TAKE_ANY, true),
	ROW("token", "token", TAKE_ANY, true),
	ROW("tokens", "token", TAKE_LONG, true),
	ROW("accesstoken", "token", TAKE_ANY, false),
	ROW("refreshtoken", "token", TAKE_ANY, false),
	ROW("authtoken", "token", TAKE_ANY, false),
	ROW("jwt", "token", TAKE_LONG, false),
	ROW("credential", "secret", TAKE_ANY, true),
	ROW("credentials", "secret", TAKE_ANY, true),
	ROW("private key", "secret", TAKE_ANY, false),
	ROW("secret key", "secret", TAKE_ANY, false),
	ROW("secretkey", "secret", TAKE_ANY, false),
	ROW("encryption key", "secret", TAKE_ANY, false),
	ROW("signing key", "secret", TAKE_ANY, false),
	ROW("api key", "api-key", TAKE_ANY, true),
	ROW("api keys", "api-key", TAKE_ANY, true),
	ROW("apikey", "api-key", TAKE_ANY, false),
	ROW("access key", "api-key", TAKE_ANY, false),
	ROW("access key id", "api-key", TAKE_ANY, false),
	ROW("auth key", "api-key", TAKE_ANY, false),
	ROW("account key", "api-key", TAKE_ANY, false),
	ROW("shared access key", "api-key", TAKE_ANY, false),
	ROW("subscription key", "api-key", TAKE_ANY, false),
	ROW("authorization", "credential", TAKE_ANY, false),
	ROW("assertion", "token", TAKE_LONG, false),
	ROW("saml response", "token", TAKE_LONG, false),
	ROW("code verifier", "token", TAKE_LONG, false),
	ROW("code", "oauth-code", TAKE_RANDOM, false),
	ROW("state", "oauth-state", TAKE_RANDOM, false),
	ROW("nonce", "nonce", TAKE_RANDOM, false),
	ROW("session id", "session", TAKE_LONG, false),
	ROW("sessionid", "session", TAKE_LONG, false),
	ROW("session", "session", TAKE_LONG, false),
	ROW("phpsessid", "session", TAKE_LONG, false),
	ROW("jsessionid", "session", TAKE_LONG, false),
	ROW("sid", "session", TAKE_LONG, false),
	ROW("signature", "signature", TAKE_LONG, false),
	ROW("sig", "signature", TAKE_LONG, false),
	ROW("salt", "secret", TAKE_LONG, false),
	ROW("otp", "pin", TAKE_DIGITS, false),
	ROW("totp", "pin", TAKE_DIGITS, false),
	ROW("two factor code", "pin", TAKE_DIGITS, false),
	ROW("pin", "pin", TAKE_DIGITS, false),
	ROW("pin code", "pin", TAKE_DIGITS, false),
	ROW("cvv", "pin", TAKE_DIGITS, false),
	ROW("cvc", "pin", TAKE_DIGITS, false),
	ROW("security code", "pin", TAKE_DIGITS, false),
	ROW("dsn", "connection", TAKE_LONG, false),
	ROW("connection string", "connection", TAKE_LONG, false),
	ROW("card number", "pan", TAKE_NUMBER, false),
	ROW("cardnumber", "pan", TAKE_NUMBER, false),
	ROW("card no", "pan", TAKE_NUMBER, false),
	ROW("pan", "pan", TAKE_NUMBER, false),
	ROW("ssn", "ssn", TAKE_NUMBER, false),
	ROW("social security number", "ssn", TAKE_NUMBER, false),
	ROW("tax id", "ssn", TAKE_NUMBER, false),
};

/* Say nothing about what the value is: "password_confirmation". */
static const char *const trailing[] = {
	"confirm", "confirmation", "repeat", "again", "hash", "value", "old",
	"new", "plain", "raw", "encrypted", "field", "input",
};

/* A name as lower-case words with one space between them. */
struct words {
	char text[WORDS_BYTES];
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

/* "password2" is a password; "2" alone stays a word. */
static void
end_word(struct words *w)
{
	size_t n = w->n;

	while (n > 0 && is_digit(w->text[n - 1]))
		n--;
	if (n > 0 && w->text[n - 1] != ' ')
		w->n = n;
	if (w->n > 0 && w->text[w->n - 1] != ' ')
		w->text[w->n++] = ' ';
}

static void
split(struct slice s, struct words *w)
{
	size_t i;

	w->n = 0;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool part = is_upper(c) || is_lower(c) || is_digit(c);

		if (!part || (i > 0 && word_breaks(s, i)))
			end_word(w);
		if (part)
			w->text[w->n++] = is_upper(c) ?
				(char)(c - 'A' + 'a') : c;
	}
	end_word(w);
	if (w->n > 0)
		w->n--;		/* the last word's space */
}

/* Does the text end in those words, whole? */
static bool
ends_in(const struct words *w, struct slice name)
{
	size_t from = w->n - name.n;

	if (name.n > w->n || w->text[w->n - 1] != name.p[name.n - 1])
		return false;
	return memcmp(w->text + from, name.p, name.n) == 0 &&
	       (from == 0 || w->text[from - 1] == ' ');
}

/* Takes a last word that says nothing off; false when it says something. */
static bool
drop_trailing(struct words *w)
{
	size_t from = w->n, i;

	while (from > 0 && w->text[from - 1] != ' ')
		from--;
	for (i = 0; i < ARRAY_LEN(trailing); i++) {
		if (slice_eq(slice_of(w->text + from, w->n - from),
			     slice_str(trailing[i])))
			break;
	}
	if (i == ARRAY_LEN(trailing) && !is_digit(w->text[from]))
		return false;		/* "password[0]" ends in a number */
	w->n = from > 0 ? from - 1 : 0;
	return true;
}

const struct key_row *
key_find(struct slice name)
{
	struct words w;
	size_t i;

	/* at most twice as many bytes as letters, for the spaces */
	split(name.n > WORDS_BYTES / 2 - 1 ?
	      slice_from(name, name.n - (WORDS_BYTES / 2 - 1)) : name, &w);
	while (w.n > 0) {
		for (i = 0; i < ARRAY_LEN(rows); i++) {
			if (ends_in(&w, rows[i].name))
				return rows[i].take == TAKE_NEVER ? NULL :
					&rows[i];
		}
		if (!drop_trailing(&w))
			return NULL;
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
