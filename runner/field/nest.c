/* Finds documents within values, and walks them (see nest.h). */
#include <dvr/field/nest.h>

#include <dvr/base/hash.h>

#include "formats.h"
#include "xml_text.h"

#include <string.h>

/* Shorter text in base64 is a word that happens to decode. */
#define CODED_MIN 16
#define CODED_MAX (16u * MiB)

struct nest_walk {
	struct arena *arena;
	field_fn *fn;
	void *arg;
	const struct field_format *format;
	struct slice text;		/* that is walked */
	const struct nested *within;	/* NULL: the body */
	struct slice prefix;
	unsigned depth;
	bool stopped;
};

static struct slice
trimmed(struct slice s)
{
	while (s.n > 0 && xml_is_space(s.p[0]))
		s = slice_from(s, 1);
	while (s.n > 0 && xml_is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool
is_jwt(struct slice s)
{
	ssize_t dot = slice_chr(s, '.');

	return slice_starts(s, SLICE("ey")) && dot > 0 &&
	       slice_chr(slice_from(s, (size_t)dot + 1), '.') >= 0;
}

/* By how it begins and ends. */
static const struct field_format *
looks_like(struct slice s)
{
	char first, last;

	s = trimmed(s);
	if (s.n < 2)
		return NULL;
	first = s.p[0];
	last = s.p[s.n - 1];
	if ((first == '{' && last == '}') || (first == '[' && last == ']'))
		return &field_json;
	if (first == '<' && last == '>')
		return &field_xml;
	return is_jwt(s) ? &field_jwt : NULL;
}

/* Text without control characters beside line ends and tabs. */
static bool
is_text(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && !xml_is_space(s.p[i])) || c == 0x7f)
			return false;
	}
	return s.n > 0 && slice_is_utf8(s);
}

/* Which base64 is it by its letters?  -1: none. */
static int
alphabet_of(struct slice s)
{
	bool url = false, plain = false, padded = s.n && s.p[s.n - 1] == '=';
	size_t i, n = s.n;

	while (n > 0 && s.n - n < 2 && s.p[n - 1] == '=')
		n--;
	for (i = 0; i < n; i++) {
		char c = s.p[i];

		if (c == '-' || c == '_')
			url = true;
		else if (c == '+' || c == '/')
			plain = true;
		else if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
			 !(c >= 'A' && c <= 'Z'))
			return -1;
	}
	if (url && plain)
		return -1;
	if (padded || s.n % 4 == 0)
		return url ? NEST_BASE64URL_PADDED : NEST_BASE64;
	return plain ? NEST_BASE64_BARE : NEST_BASE64URL;
}

static bool
unhex(struct slice value, struct buf *out)
{
	uint64_t byte;

	for (size_t i = 0; i < value.n; i += 2) {
		if (slice_hex(slice_range(value, i, i + 2), 255, &byte) < 0)
			return false;
		buf_addc(out, (char)byte);
	}
	return value.n % 2 == 0;
}

/* Is `value` what that coding makes of some text? */
static bool
undo(struct arena *a, struct slice value, enum nest_coding coding,
     struct nest *out)
{
	bool hex = coding == NEST_HEX || coding == NEST_HEX_UPPER, ok;
	struct buf b, again;

	buf_init(&b, value.n);
	buf_init(&again, value.n + 8);
	ok = (hex ? unhex(value, &b) : base64_decode(value, &b) == 0) &&
	     is_text(buf_slice(&b));
	if (ok) {
		nest_wrap(coding, buf_slice(&b), &again);
		ok = slice_eq(buf_slice(&again), value);
	}
	if (ok)
		*out = (struct nest){ coding, arena_copy(a, buf_slice(&b)),
				      NULL };
	if (b.n)
		explicit_bzero(b.p, b.n);
	if (again.n)
		explicit_bzero(again.p, again.n);
	buf_release(&b);
	buf_release(&again);
	return ok;
}

static bool
find_base64(struct arena *a, struct slice value, struct nest *out)
{
	int coding = value.n < CODED_MIN || value.n > CODED_MAX ? -1 :
		alphabet_of(value);

	return coding >= 0 && undo(a, value, (enum nest_coding)coding, out);
}

/* A document in hex; of other text in hex nobody can say that it is not an
 * identifier. */
static bool
find_hex(struct arena *a, struct slice value, struct nest *out)
{
	uint64_t begin;

	if (value.n < CODED_MIN || value.n > CODED_MAX ||
	    slice_hex(slice_range(value, 0, 2), 255, &begin) < 0 ||
	    !strchr("{[<\t\n\r ", (int)begin) || begin == 0)
		return false;
	if (!undo(a, value, NEST_HEX, out) &&
	    !undo(a, value, NEST_HEX_UPPER, out))
		return false;
	return looks_like(out->text) != NULL;
}

bool
nest_uncode(struct arena *a, struct slice value, struct nest *out)
{
	int coding;

	if (value.n == 0 || value.n > CODED_MAX)
		return false;
	if (undo(a, value, NEST_HEX, out) ||
	    undo(a, value, NEST_HEX_UPPER, out))
		return true;
	coding = alphabet_of(value);
	return coding >= 0 && undo(a, value, (enum nest_coding)coding, out);
}

static bool
find_percent(struct arena *a, struct slice value, struct nest *out)
{
	struct buf b;
	bool ok;

	if (slice_chr(value, '%') < 0)
		return false;
	buf_init(&b, value.n);
	percent_decode(value, false, &b);
	ok = b.n < value.n && is_text(buf_slice(&b));
	if (ok)
		*out = (struct nest){ NEST_PERCENT,
			arena_copy(a, buf_slice(&b)), NULL };
	if (b.n)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
	return ok;
}

bool
nest_find(struct arena *a, struct slice value, struct nest *out)
{
	const struct field_format *f = looks_like(value);

	if (f) {
		*out = (struct nest){ NEST_PLAIN, value, f };
		return true;
	}
	if (!find_hex(a, value, out) && !find_base64(a, value, out) &&
	    !find_percent(a, value, out))
		return false;
	out->format = looks_like(out->text);
	return true;
}

static void
url_letters(struct buf *b, size_t from)
{
	for (; from < b->n; from++) {
		if (b->p[from] == '+')
			b->p[from] = '-';
		else if (b->p[from] == '/')
			b->p[from] = '_';
	}
}

static void
upper_digits(struct buf *b, size_t from)
{
	for (; from < b->n; from++) {
		if (b->p[from] >= 'a')
			b->p[from] = (char)(b->p[from] - 'a' + 'A');
	}
}

void
nest_wrap(enum nest_coding coding, struct slice text, struct buf *out)
{
	size_t from = out->n;

	switch (coding) {
	case NEST_PLAIN:
		buf_add(out, text);
		break;
	case NEST_BASE64:
		base64_encode(text, out);
		break;
	case NEST_BASE64_BARE:
		base64_encode(text, out);
		while (out->n > from && out->p[out->n - 1] == '=')
			out->p[--out->n] = '\0';
		break;
	case NEST_BASE64URL:
		base64url_encode(text, out);
		break;
	case NEST_BASE64URL_PADDED:
		base64_encode(text, out);
		url_letters(out, from);
		break;
	case NEST_PERCENT:
		percent_encode(text, false, out);
		break;
	case NEST_HEX:
		hex_encode(text, out);
		break;
	case NEST_HEX_UPPER:
		hex_encode(text, out);
		upper_digits(out, from);
		break;
	}
}

void
nest_encode(const struct nested *n, struct slice text, struct buf *out)
{
	struct buf b;

	buf_init(&b, out->limit);
	nest_wrap(n->coding, text, &b);
	n->around->encode(n->kind, buf_slice(&b), out);
	buf_release(&b);
}

/* ---- walking --------------------------------------------------------------- */

static int on_field(void *arg, const struct field *f);

static int
note_first(void *arg, const struct field *f)
{
	(void)f;
	*(bool *)arg = true;
	return 1;
}

/* Does it read as what it looks like? */
static bool
is_document(struct arena *a, const struct nest *n)
{
	bool any = false;

	return n->format && field_walk(n->format, a, n->text, note_first,
				       &any) == FIELD_OK && any;
}

static int
give(struct nest_walk *w, const struct field *f)
{
	struct field own = *f;

	own.within = w->within;
	if (w->prefix.n > 0)
		own.place = arena_fmt(w->arena, "%.*s%.*s",
				      SLICE_ARG(w->prefix),
				      SLICE_ARG(f->place));
	w->stopped = w->fn(w->arg, &own) != 0;
	return w->stopped;
}

static int
go_on_within(struct nest_walk *w, const struct field *f, const struct nest *n)
{
	struct nest_walk inner = *w;
	struct nested *doc = arena_alloc(w->arena, sizeof(*doc));
	struct field own = *f;

	*doc = (struct nested){
		.outer = w->within, .around = w->format, .whole = w->text,
		.span = f->span, .kind = f->kind, .coding = n->coding,
		.text = n->text, .format = n->format,
	};
	own.kind = FIELD_OBJECT;
	own.holds = true;
	if (give(w, &own))
		return 1;
	inner.prefix = w->prefix.n == 0 ? f->place :
		arena_fmt(w->arena, "%.*s%.*s", SLICE_ARG(w->prefix),
			  SLICE_ARG(f->place));
	inner.depth++;
	inner.within = doc;
	inner.text = n->text;
	inner.format = n->format;
	(void)field_walk(n->format, w->arena, n->text, on_field, &inner);
	w->stopped = inner.stopped;
	return w->stopped;
}

static int
on_field(void *arg, const struct field *f)
{
	struct nest_walk *w = arg;
	struct nest n;

	/* the whole of a document is no string within one */
	if (f->kind == FIELD_STRING && w->depth < NEST_DEPTH_MAX &&
	    (f->place.n > 0 || w->prefix.n > 0) &&
	    nest_find(w->arena, f->value, &n) && is_document(w->arena, &n))
		return go_on_within(w, f, &n);
	/* what a document holds as its whole was told already */
	if (w->depth > 0 && f->place.n == 0)
		return 0;
	return give(w, f);
}

enum field_result
nest_walk(const struct field_format *f, struct arena *a, struct slice body,
	  field_fn *fn, void *arg)
{
	struct nest_walk w = { .arena = a, .fn = fn, .arg = arg,
			       .format = f, .text = body };

	return field_walk(f, a, body, on_field, &w);
}
