/* Names of fields, compared in whole words. */
#include "keys.h"

#include <dvr/base/attr.h>
#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

#define WORDS_BYTES 96	/* of a name's end; more than any row has */
#define WORD_MAX 32	/* bytes; no row has a longer one */
#define SLOTS 1024u	/* a few times as many as there are last words */
#define NONE UINT16_MAX

/* Say nothing about what the value is: "password_confirmation". */
static const char *const trailing[] = {
	"confirm", "confirmation", "repeat", "again", "hash", "digest", "value",
	"old",
	"new", "plain", "raw", "encrypted", "field", "input", "current",
};

/* Words that others are glued to in front: "dbpassword", "apisecret".  Nothing
 * else ends in them; in "token" too much does. */
static const struct slice glued[] = {
	{ "password", 8 }, { "passwd", 6 }, { "pwd", 3 }, { "secret", 6 },
	{ "apikey", 6 },
};

/* Rows by the hash of their last word, in the table's order. */
struct key_index {
	uint16_t first[SLOTS];
	bool ends[SLOTS];	/* may a name that is secret end in it? */
	uint16_t *next;
};

/* A name as lower-case words with one space between them. */
struct words {
	char text[WORDS_BYTES];
	size_t n;
};

static size_t
hash(struct slice word)
{
	uint32_t h = 2166136261u;	/* FNV-1a */
	size_t i;

	for (i = 0; i < word.n; i++)
		h = (h ^ (unsigned char)word.p[i]) * 16777619u;
	return (h ^ h >> 15) % SLOTS;
}

static struct slice
last_word(const char *text, size_t n)
{
	size_t from = n;

	while (from > 0 && text[from - 1] != ' ')
		from--;
	return slice_of(text + from, n - from);
}

/* What the word ends in of those, or nothing. */
static struct slice
glued_end(struct slice word)
{
	char last = word.n > 3 ? word.p[word.n - 1] : ' ';
	size_t i;

	if (last != 'd' && last != 't' && last != 'y')
		return slice_from(word, word.n);
	for (i = 0; i < ARRAY_LEN(glued); i++) {
		if (word.n > glued[i].n && slice_ends(word, glued[i]))
			return glued[i];
	}
	return slice_from(word, word.n);
}

struct key_index *
key_index_create(void)
{
	struct key_index *x = mem_alloc(sizeof(*x));
	size_t i;

	x->next = mem_array(key_row_count, sizeof(*x->next));
	memset(x->first, 0xff, sizeof(x->first));
	for (i = key_row_count; i > 0; i--) {
		struct slice name = key_rows[i - 1].name;
		size_t h = hash(last_word(name.p, name.n));

		x->next[i - 1] = x->first[h];
		x->first[h] = (uint16_t)(i - 1);
		x->ends[h] = true;
	}
	for (i = 0; i < ARRAY_LEN(trailing); i++)
		x->ends[hash(slice_str(trailing[i]))] = true;
	return x;
}

void
key_index_destroy(struct key_index *x)
{
	if (!x)
		return;
	free(x->next);
	free(x);
}

/* ---- words ---------------------------------------------------------- */

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

static void
split(struct slice s, struct words *w)
{
	size_t i;

	w->n = 0;
	for (i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool part = is_alnum(c);

		if ((!part || (i > 0 && word_breaks(s, i))) && w->n > 0 &&
		    w->text[w->n - 1] != ' ')
			w->text[w->n++] = ' ';
		if (part)
			w->text[w->n++] = is_upper(c) ?
				(char)(c - 'A' + 'a') : c;
	}
	if (w->n > 0 && w->text[w->n - 1] == ' ')
		w->n--;
}

/* Does the text end in those words, whole? */
static bool
ends_in(const struct words *w, struct slice name)
{
	size_t from = w->n - name.n;

	if (name.n > w->n)
		return false;
	return memcmp(w->text + from, name.p, name.n) == 0 &&
	       (from == 0 || w->text[from - 1] == ' ');
}

/* The row of most words: "session key" is more than "key". */
static const struct key_row *
find_words(const struct key_index *x, const struct words *w)
{
	size_t i = x->first[hash(last_word(w->text, w->n))];
	const struct key_row *best = NULL;

	for (; i != NONE; i = x->next[i]) {
		if (ends_in(w, key_rows[i].name) &&
		    (!best || key_rows[i].name.n > best->name.n))
			best = &key_rows[i];
	}
	return best;
}

static const struct key_row *
find_glued(const struct key_index *x, const struct words *w)
{
	struct slice end = glued_end(last_word(w->text, w->n));
	struct words own = { .n = end.n };

	if (end.n == 0)
		return NULL;
	memcpy(own.text, end.p, end.n);
	return find_words(x, &own);
}

/* Takes a last word that says nothing off, or its number ("password2"); false
 * when it says something. */
static bool
drop_trailing(struct words *w)
{
	struct slice last = last_word(w->text, w->n);
	size_t i, n = last.n;

	while (n > 0 && is_digit(last.p[n - 1]))
		n--;
	if (n > 0 && n < last.n) {
		w->n -= last.n - n;
		return true;
	}
	for (i = 0; n > 0 && i < ARRAY_LEN(trailing); i++) {
		if (slice_eq(last, slice_str(trailing[i])))
			break;
	}
	if (i == ARRAY_LEN(trailing))
		return false;		/* "password[0]" ends in a number */
	w->n -= last.n;
	w->n -= w->n > 0;
	return true;
}

/* Most names end in a word that no row and no trailing word is. */
static bool
may_be_secret(const struct key_index *x, struct slice name)
{
	char word[WORD_MAX] = "";
	size_t to = name.n, from, i;

	while (to > 0 && !is_alnum(name.p[to - 1]))
		to--;
	for (from = to; from > 0 && is_alnum(name.p[from - 1]) &&
	     (from == to || !word_breaks(name, from)); from--)
		;
	if (to - from > WORD_MAX || to == 0)
		return false;
	for (i = from; i < to; i++)
		word[i - from] = is_upper(name.p[i]) ?
			(char)(name.p[i] - 'A' + 'a') : name.p[i];
	return is_digit(name.p[to - 1]) ||
	       x->ends[hash(slice_of(word, to - from))] ||
	       glued_end(slice_of(word, to - from)).n > 0;
}

const struct key_row *
key_find(const struct key_index *x, struct slice name)
{
	const struct key_row *row;
	struct words w;

	if (!may_be_secret(x, name))
		return NULL;
	/* at most twice as many bytes as letters, for the spaces */
	split(name.n > WORDS_BYTES / 2 - 1 ?
	      slice_from(name, name.n - (WORDS_BYTES / 2 - 1)) : name, &w);
	while (w.n > 0) {
		row = find_words(x, &w);
		if (!row)
			row = find_glued(x, &w);
		if (row)
			return row->take == TAKE_NEVER ? NULL : row;
		if (!drop_trailing(&w))
			return NULL;
	}
	return NULL;
}

struct slice
key_rule(const struct key_row *row)
{
	size_t n;

	return slice_str(scrub_detectors(&n)[row->detector].name);
}

bool
key_describes(struct slice name)
{
	static const char *const words[] = { "type", "format", "description",
		"title", "$ref", "pattern", "name", "in", "id", "kind",
		"status", "label", "placeholder", "required", "href", "url",
		"message", "scope", "version", "created", "expires" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (slice_ieq(name, slice_str(words[i])))
			return true;
	}
	return false;
}
