/*
 * Walker for JSON (RFC 8259): spans are kept, numbers keep their lexeme, and
 * a scrub handle in a value's place reads as a number.
 */
#include "formats.h"
#include "json_text.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* Bytes of all pointers together, a byte of body: a long key above many
 * values would else grow without bound. */
#define POINTER_RATIO 64
#define POINTER_SLACK (64u * KiB)

enum lexeme { LEX_STRING, LEX_NUMBER, LEX_BOOL, LEX_NULL, LEX_OPEN_ARRAY,
	LEX_OPEN_OBJECT, LEX_BAD };

struct frame {
	bool object;
	size_t index;		/* of the next array item */
	size_t pointer;		/* length of the container's own pointer */
	size_t serial;		/* number of the container in the document */
};

struct json_walk {
	struct arena *arena;
	struct slice s;
	size_t at;
	struct frame stack[FIELD_DEPTH_MAX];
	size_t depth;
	struct buf pointer;	/* spelled in the second pass only */
	size_t pointer_n;	/* its length; in the first pass, about */
	size_t pointer_bytes, pointer_max;
	size_t *ends;		/* where each container ends, by serial */
	size_t nends, ends_cap;
	field_fn *fn;		/* NULL in the first pass */
	void *arg;
	bool stopped;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static void
skip_space(struct json_walk *w)
{
	while (w->at < w->s.n && is_space(w->s.p[w->at]))
		w->at++;
}

static bool
eat(struct json_walk *w, char c)
{
	if (w->at >= w->s.n || w->s.p[w->at] != c)
		return false;
	w->at++;
	return true;
}

/* After the opening quote: *span is the inside, *escaped when it holds a
 * backslash.  -1 when it does not end well. */
static int
lex_string(struct json_walk *w, struct slice *span, bool *escaped)
{
	size_t from = w->at;
	unsigned unit;

	*escaped = false;
	while (w->at < w->s.n) {
		unsigned char c = (unsigned char)w->s.p[w->at++];

		if (c == '"') {
			*span = slice_range(w->s, from, w->at - 1);
			return 0;
		}
		if (c < 0x20)
			return -1;
		if (c != '\\')
			continue;
		*escaped = true;
		if (w->at >= w->s.n)
			return -1;
		c = (unsigned char)w->s.p[w->at++];
		if (c == 'u') {
			if (json_hex4(w->s, w->at, &unit) < 0)
				return -1;
			w->at += 4;
		} else if (!strchr("\"\\/bfnrt", c) || c == 0) {
			return -1;
		}
	}
	return -1;
}

static size_t
digits(struct json_walk *w)
{
	size_t from = w->at;

	while (w->at < w->s.n && w->s.p[w->at] >= '0' && w->s.p[w->at] <= '9')
		w->at++;
	return w->at - from;
}

static bool
lex_number(struct json_walk *w)
{
	eat(w, '-');
	if (!eat(w, '0') && digits(w) == 0)
		return false;
	if (eat(w, '.') && digits(w) == 0)
		return false;
	if (eat(w, 'e') || eat(w, 'E')) {
		if (!eat(w, '+'))
			eat(w, '-');
		if (digits(w) == 0)
			return false;
	}
	return true;
}

/* A handle stands where a number was scrubbed; it expands to digits. */
static bool
lex_handle(struct json_walk *w)
{
	struct slice rest = slice_range(w->s, w->at, w->at + 128);
	ssize_t end;

	if (!slice_starts(rest, SLICE("\xe2\x9f\xa6" "dvr:")))
		return false;
	end = slice_find(rest, SLICE("\xe2\x9f\xa7"));
	if (end < 0)
		return false;
	w->at += (size_t)end + 3;
	return true;
}

static bool
lex_word(struct json_walk *w, struct slice word)
{
	if (!slice_starts(slice_from(w->s, w->at), word))
		return false;
	w->at += word.n;
	return true;
}

/* One value's start: a scalar whole (its span), a container's bracket. */
static enum lexeme
lex(struct json_walk *w, struct slice *span, bool *escaped)
{
	size_t from = w->at;
	enum lexeme kind = LEX_BAD;

	*escaped = false;
	if (w->at >= w->s.n)
		return LEX_BAD;
	switch (w->s.p[w->at]) {
	case '"':
		w->at++;
		return lex_string(w, span, escaped) < 0 ? LEX_BAD : LEX_STRING;
	case '{':
		w->at++;
		return LEX_OPEN_OBJECT;
	case '[':
		w->at++;
		return LEX_OPEN_ARRAY;
	case 't':
		kind = lex_word(w, SLICE("true")) ? LEX_BOOL : LEX_BAD;
		break;
	case 'f':
		kind = lex_word(w, SLICE("false")) ? LEX_BOOL : LEX_BAD;
		break;
	case 'n':
		kind = lex_word(w, SLICE("null")) ? LEX_NULL : LEX_BAD;
		break;
	case '\xe2':
		kind = lex_handle(w) ? LEX_NUMBER : LEX_BAD;
		break;
	default:
		kind = lex_number(w) ? LEX_NUMBER : LEX_BAD;
		break;
	}
	*span = slice_range(w->s, from, w->at);
	return kind;
}

static enum field_kind
kind_of(enum lexeme l)
{
	switch (l) {
	case LEX_STRING:
		return FIELD_STRING;
	case LEX_NUMBER:
		return FIELD_NUMBER;
	case LEX_BOOL:
		return FIELD_BOOL;
	case LEX_NULL:
		return FIELD_NULL;
	case LEX_OPEN_ARRAY:
		return FIELD_ARRAY;
	case LEX_OPEN_OBJECT:
		return FIELD_OBJECT;
	case LEX_BAD:
		break;
	}
	return FIELD_BYTES;
}

/* Tells one value; false when pointers grow past the limit. */
static bool
tell(struct json_walk *w, enum lexeme l, struct slice key, struct slice span,
     bool escaped)
{
	struct field f = { .kind = kind_of(l), .key = key };

	if (!w->fn) {
		w->pointer_bytes += w->pointer_n;
		return w->pointer_bytes <= w->pointer_max;
	}
	f.place = arena_copy(w->arena, buf_slice(&w->pointer));
	f.span = span;
	f.value = escaped ? json_unescape(w->arena, span) : span;
	w->stopped = w->fn(w->arg, &f) != 0;
	return true;
}

static void
add_end(struct json_walk *w)
{
	if (w->nends <= w->ends_cap)
		return;
	w->ends_cap = w->ends_cap ? w->ends_cap * 2 : 64;
	w->ends = mem_grow(w->ends, w->ends_cap, sizeof(*w->ends));
}

static bool
open_container(struct json_walk *w, enum lexeme l, struct slice key)
{
	struct frame *f;
	struct slice span;

	if (w->depth == FIELD_DEPTH_MAX)
		return false;
	f = &w->stack[w->depth++];
	*f = (struct frame){
		.object = l == LEX_OPEN_OBJECT, .pointer = w->pointer_n,
		.serial = w->nends++,
	};
	if (!w->fn) {
		add_end(w);
		return tell(w, l, key, (struct slice){ 0 }, false);
	}
	span = slice_range(w->s, w->at - 1, w->ends[f->serial]);
	return tell(w, l, key, span, false);
}

static void
close_container(struct json_walk *w)
{
	struct frame *f = &w->stack[--w->depth];

	if (!w->fn)
		w->ends[f->serial] = w->at;
}

/* A value at w->at, its pointer already in w->pointer. */
static bool
value(struct json_walk *w, struct slice key)
{
	struct slice span = { 0 };
	bool escaped;
	enum lexeme l = lex(w, &span, &escaped);

	if (l == LEX_BAD)
		return false;
	if (l == LEX_OPEN_ARRAY || l == LEX_OPEN_OBJECT)
		return open_container(w, l, key);
	return tell(w, l, key, span, escaped);
}

static void
point_at_index(struct json_walk *w, size_t index)
{
	char room[UINT_DIGITS];
	struct slice text = slice_digits(index, room);

	if (w->fn) {
		buf_addc(&w->pointer, '/');
		buf_add(&w->pointer, text);
	}
	w->pointer_n += text.n + 1;
}

static void
point_at_key(struct json_walk *w, struct slice key)
{
	if (!w->fn) {
		w->pointer_n += key.n + 1;
		return;
	}
	pointer_add(&w->pointer, key);
	w->pointer_n = w->pointer.n;
}

static bool
member(struct json_walk *w)
{
	struct slice key = { 0 };
	bool escaped;

	if (!eat(w, '"') || lex_string(w, &key, &escaped) < 0)
		return false;
	if (escaped && w->fn)
		key = json_unescape(w->arena, key);
	point_at_key(w, key);
	skip_space(w);
	if (!eat(w, ':'))
		return false;
	skip_space(w);
	return value(w, key);
}

/* The next item of the innermost container, or its end. */
static bool
step(struct json_walk *w)
{
	struct frame *f = &w->stack[w->depth - 1];

	skip_space(w);
	if (eat(w, f->object ? '}' : ']')) {
		close_container(w);
		return true;
	}
	if (f->index > 0) {
		if (!eat(w, ','))
			return false;
		skip_space(w);
	}
	w->pointer_n = f->pointer;
	if (w->fn)
		w->pointer.n = f->pointer;
	f->index++;
	if (f->object)
		return member(w);
	point_at_index(w, f->index - 1);
	return value(w, (struct slice){ 0 });
}

static bool
document(struct json_walk *w)
{
	w->at = 0;
	w->nends = 0;
	w->depth = 0;
	w->pointer_bytes = w->pointer_n = 0;
	buf_clear(&w->pointer);
	lex_word(w, SLICE("\xef\xbb\xbf"));	/* a byte order mark */
	skip_space(w);
	if (!value(w, (struct slice){ 0 }))
		return false;
	while (w->depth > 0 && !w->stopped) {
		if (!step(w))
			return false;
	}
	skip_space(w);
	return w->stopped || w->at == w->s.n;
}

/* Two passes: the first proves the document and finds where containers end,
 * so that the second can tell them before their content. */
static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct json_walk w = {
		.arena = a, .s = body,
		.pointer_max = body.n > SIZE_MAX / POINTER_RATIO / 2 ?
			SIZE_MAX : body.n * POINTER_RATIO + POINTER_SLACK,
	};
	bool ok;

	/* every byte of a name may be escaped */
	buf_init(&w.pointer, body.n * 2 + POINTER_SLACK);
	ok = document(&w);
	if (ok) {
		w.fn = fn;
		w.arg = arg;
		ok = document(&w);
	}
	buf_release(&w.pointer);
	free(w.ends);
	return ok ? FIELD_OK : FIELD_BROKEN;
}

static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	if (kind == FIELD_STRING)
		json_escape(value, out);
	else
		buf_add(out, value);
}

const struct field_format field_json = {
	.name = "json", .walk = walk, .encode = encode,
	.fleeting = true,
};
