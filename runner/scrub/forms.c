/* The forms of a known value: raw, percent, JSON, base64, hex. */
#include "forms.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/field/field.h>

#include <stdlib.h>
#include <string.h>

#define WRAPPED 0x80000000u
#define LONG_ENOUGH 8	/* bytes from which a value is searched for */

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * A plain word ("production", "application/json") is found where it is a
 * secret and nowhere else: searching for it would tear up honest text.
 */
enum strength
value_strength(struct slice v)
{
	size_t digits = 0, letters = 0, upper = 0, i;

	for (i = 0; i < v.n; i++) {
		digits += is_digit(v.p[i]);
		letters += is_alnum(v.p[i]) && !is_digit(v.p[i]);
		upper += v.p[i] >= 'A' && v.p[i] <= 'Z';
	}
	if (v.n < 6 || (v.n < LONG_ENOUGH && (!digits || !letters)))
		return WEAK;
	if (v.n >= 12 && digits && letters)
		return STRONG;
	if (v.n >= 20 && upper && upper < letters && letters == v.n)
		return STRONG;
	if (slice_chr(v, '@') > 0 || slice_chr(v, ' ') > 0)
		return BOUNDED;
	if (digits == 0 && v.n < 24 && (upper <= 1 || upper == letters))
		return WEAK;
	return v.n >= 24 && letters < v.n ? STRONG : BOUNDED;
}

static void
push(struct form_list *l, struct slice text, uint32_t id)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = mem_grow(l->v, l->cap, sizeof(*l->v));
	}
	l->v[l->n++] = (struct needle){ .text = text, .id = id };
}

/* Unless it is the value itself. */
static void
push_coded(struct form_list *l, struct arena *a, struct slice value,
	   const struct buf *coded, uint32_t id)
{
	if (!slice_eq(buf_slice(coded), value))
		push(l, arena_copy(a, buf_slice(coded)), id);
}

static void
lower_escapes(struct buf *b)
{
	size_t i;

	for (i = 0; i + 2 < b->n; i++) {
		size_t k;

		if (b->p[i] != '%')
			continue;
		for (k = i + 1; k < i + 3; k++) {
			if (b->p[k] >= 'A' && b->p[k] <= 'F')
				b->p[k] = (char)(b->p[k] - 'A' + 'a');
		}
	}
}

static void
percent_forms(struct form_list *l, struct arena *a, struct slice value,
	      uint32_t id)
{
	struct buf b;
	int form;

	buf_init(&b, value.n * 3);
	for (form = 0; form < 2; form++) {
		size_t before = l->n;

		buf_clear(&b);
		percent_encode(value, form, &b);
		push_coded(l, a, value, &b, id);
		if (l->n == before)
			break;		/* nothing to escape */
		lower_escapes(&b);
		if (!slice_eq(buf_slice(&b), l->v[l->n - 1].text))
			push_coded(l, a, value, &b, id);
	}
	buf_release(&b);
}

static void
json_forms(struct form_list *l, struct arena *a, struct slice value,
	   uint32_t id)
{
	struct buf b;
	size_t i;

	buf_init(&b, value.n * 12);
	field_format_named("json")->encode(FIELD_STRING, value, &b);
	push_coded(l, a, value, &b, id);
	if (slice_chr(value, '/') >= 0) {	/* PHP's way */
		buf_clear(&b);
		for (i = 0; i < value.n; i++) {
			if (value.p[i] == '/')
				buf_addc(&b, '\\');
			buf_addc(&b, value.p[i]);
		}
		push_coded(l, a, value, &b, id);
	}
	buf_release(&b);
}

/*
 * Base64 of text that holds the value at any of three alignments: only the
 * groups of four that come from the value alone are searched for.
 */
static void
base64_forms(struct form_list *l, struct arena *a, struct slice value,
	     uint32_t id)
{
	struct buf b;
	size_t skip;

	buf_init(&b, value.n * 2 + 8);
	for (skip = 0; skip < 3; skip++) {
		struct slice part = slice_from(value, skip);

		part.n -= part.n % 3;
		if (part.n < 6)
			continue;
		buf_clear(&b);
		base64_encode(part, &b);
		push(l, arena_copy(a, buf_slice(&b)), id | WRAPPED);
		if (slice_chr(buf_slice(&b), '+') < 0 &&
		    slice_chr(buf_slice(&b), '/') < 0)
			continue;
		buf_clear(&b);
		base64url_encode(part, &b);
		push(l, arena_copy(a, buf_slice(&b)), id | WRAPPED);
	}
	buf_release(&b);
}

static void
hex_forms(struct form_list *l, struct arena *a, struct slice value,
	  uint32_t id)
{
	struct buf b;
	size_t i;

	buf_init(&b, value.n * 2);
	hex_encode(value, &b);
	push(l, arena_copy(a, buf_slice(&b)), id | WRAPPED);
	for (i = 0; i < b.n; i++) {
		if (b.p[i] >= 'a')
			b.p[i] = (char)(b.p[i] - 'a' + 'A');
	}
	push(l, arena_copy(a, buf_slice(&b)), id | WRAPPED);
	buf_release(&b);
}

void
forms_add(struct form_list *l, struct arena *a, struct slice value,
	  uint32_t index, enum strength strength)
{
	if (strength == WEAK || value.n > 64 * KiB)
		return;
	push(l, value, index);
	percent_forms(l, a, value, index);
	json_forms(l, a, value, index);
	if (value.n < LONG_ENOUGH)
		return;
	base64_forms(l, a, value, index);
	hex_forms(l, a, value, index);
}

uint32_t
form_value(uint32_t id)
{
	return id & ~WRAPPED;
}

bool
form_is_wrapped(uint32_t id)
{
	return id & WRAPPED;
}

static bool
in_run(char c)
{
	return is_alnum(c) || c == '+' || c == '/' || c == '-' || c == '_' ||
	       c == '=';
}

void
form_extend(struct slice text, size_t *from, size_t *to)
{
	/* an '=' in front belongs to "name=", not to the run */
	while (*from > 0 && text.p[*from - 1] != '=' &&
	       in_run(text.p[*from - 1]))
		(*from)--;
	while (*to < text.n && in_run(text.p[*to]))
		(*to)++;
}

bool
form_stands_alone(struct slice text, size_t from, size_t to)
{
	bool escape = (from >= 3 && text.p[from - 3] == '%') ||
		      (from >= 2 && text.p[from - 2] == '\\');

	if (from > 0 && is_alnum(text.p[from]) &&
	    is_alnum(text.p[from - 1]) && !escape)
		return false;
	return to >= text.n || !is_alnum(text.p[to - 1]) ||
	       !is_alnum(text.p[to]);
}
