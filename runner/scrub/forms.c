/* The forms of a known value: raw, percent, JSON, base64, hex. */
#include "forms.h"

#include <dvr/base/hash.h>
#include <dvr/field/field.h>

#include <string.h>

#define LONG_ENOUGH 8	/* bytes from which a value is searched for coded */
#define FORM_VALUE_MAX (64u * KiB)	/* longer ones are data */

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

/* ---- text with escapes --------------------------------------------------- */

/* False when there is nothing to write otherwise. */
static bool
lower_escapes(struct buf *b, size_t from)
{
	bool any = false;
	size_t i;

	for (i = from; i + 2 < b->n; i++) {
		size_t k;

		if (b->p[i] != '%')
			continue;
		for (k = i + 1; k < i + 3; k++) {
			if (b->p[k] < 'A' || b->p[k] > 'F')
				continue;
			b->p[k] = (char)(b->p[k] - 'A' + 'a');
			any = true;
		}
	}
	return any;
}

static bool
put_percent(enum form f, struct slice value, struct buf *out)
{
	bool form = f == FORM_QUERY || f == FORM_QUERY_LOWER;
	size_t from = out->n;

	/* of these the two make different things */
	if (form && slice_chr(value, ' ') < 0 && slice_chr(value, '*') < 0 &&
	    slice_chr(value, '~') < 0)
		return false;
	percent_encode(value, form, out);
	if (f == FORM_PERCENT_LOWER || f == FORM_QUERY_LOWER)
		return lower_escapes(out, from);
	return !slice_eq(slice_from(buf_slice(out), from), value);
}

static bool
put_json(enum form f, struct slice value, struct buf *out)
{
	size_t from = out->n, i;

	if (f == FORM_JSON) {
		field_format_named("json")->encode(FIELD_STRING, value, out);
		return !slice_eq(slice_from(buf_slice(out), from), value);
	}
	if (slice_chr(value, '/') < 0)
		return false;
	for (i = 0; i < value.n; i++) {
		if (value.p[i] == '/')
			buf_addc(out, '\\');
		buf_addc(out, value.p[i]);
	}
	return true;
}

/* ---- coded bytes --------------------------------------------------------- */

#define GROUP 3u		/* bytes that make four letters of base64 */

/* Bytes of the value before the first group. */
static size_t
skipped(enum form f)
{
	if (f >= FORM_HEX)
		return 0;
	return f >= FORM_BASE64URL ? f - FORM_BASE64URL : f - FORM_BASE64;
}

static bool
put_base64(enum form f, struct slice value, struct buf *out)
{
	struct slice part = slice_from(value, skipped(f)), done;
	size_t from = out->n;

	part.n -= part.n % GROUP;
	if (part.n < 2 * GROUP)
		return false;
	if (f < FORM_BASE64URL) {
		base64_encode(part, out);
		return true;
	}
	base64url_encode(part, out);
	done = slice_from(buf_slice(out), from);
	return slice_chr(done, '-') >= 0 || slice_chr(done, '_') >= 0;
}

static bool
put_hex(enum form f, struct slice value, struct buf *out)
{
	size_t i = out->n;

	hex_encode(value, out);
	for (; f == FORM_HEX_UPPER && i < out->n; i++) {
		if (out->p[i] >= 'a')
			out->p[i] = (char)(out->p[i] - 'a' + 'A');
	}
	return true;
}

bool
form_put(enum form f, struct slice value, struct buf *out)
{
	if (value.n > FORM_VALUE_MAX)
		return false;
	if (f > FORM_JSON_SLASHES && value.n < LONG_ENOUGH)
		return false;
	switch (f) {
	case FORM_RAW:
		buf_add(out, value);
		return true;
	case FORM_PERCENT:
	case FORM_PERCENT_LOWER:
	case FORM_QUERY:
	case FORM_QUERY_LOWER:
		return put_percent(f, value, out);
	case FORM_JSON:
	case FORM_JSON_SLASHES:
		return put_json(f, value, out);
	case FORM_BASE64:
	case FORM_BASE64_1:
	case FORM_BASE64_2:
	case FORM_BASE64URL:
	case FORM_BASE64URL_1:
	case FORM_BASE64URL_2:
		return put_base64(f, value, out);
	case FORM_HEX:
	case FORM_HEX_UPPER:
		return put_hex(f, value, out);
	case FORMS:
		break;
	}
	return false;
}

bool
form_is_wrapped(enum form f)
{
	return f >= FORM_BASE64;
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

/* The bytes of the group before `at`, or of the one there. */
static void
read_group(struct slice text, size_t at, bool before, struct buf *out)
{
	size_t from = before ? at - 4 : at, to = from;

	if (before && at < 4)
		return;
	while (to < text.n && to - from < 4 && in_run(text.p[to]) &&
	       text.p[to] != '=')
		to++;
	if ((before && to != at) || to - from < 2 ||
	    base64_decode(slice_range(text, from, to), out) < 0)
		buf_clear(out);
}

static void
read_hex(struct slice text, size_t at, bool before, struct buf *out)
{
	size_t from = before ? at - 2 : at;
	uint64_t byte;

	if ((before && at < 2) || text.n < from + 2 ||
	    slice_hex(slice_range(text, from, from + 2), 255, &byte) < 0)
		return;
	buf_addc(out, (char)byte);
}

/* Head, the value's middle and end, decoded. */
static enum form_around
compare_around(struct slice value, size_t skip, size_t tail,
	       const struct buf *head, const struct buf *end)
{
	struct slice middle = slice_range(value, skip, value.n - tail);
	size_t from = head->n - skip, to = from + value.n;
	enum form_around done = AROUND_OTHER;
	struct buf all;

	buf_init(&all, head->n + middle.n + end->n);
	buf_add(&all, buf_slice(head));
	buf_add(&all, middle);
	buf_add(&all, buf_slice(end));
	if (slice_eq(slice_range(buf_slice(&all), from, to), value))
		done = form_stands_alone(buf_slice(&all), from, to) ?
			AROUND_ALONE : AROUND_JOINED;
	buf_release(&all);
	return done;
}

enum form_around
form_around(enum form f, struct slice value, struct slice text, size_t from)
{
	size_t skip = skipped(f), tail = 0, letters = value.n * 2;
	enum form_around done = AROUND_CUT;
	struct buf head, end;

	buf_init(&head, 4);
	buf_init(&end, 4);
	if (f >= FORM_HEX) {
		read_hex(text, from, true, &head);
		read_hex(text, from + letters, false, &end);
	} else {
		tail = (value.n - skip) % GROUP;
		letters = (value.n - skip - tail) / GROUP * 4;
		read_group(text, from, true, &head);
		read_group(text, from + letters, false, &end);
	}
	if (head.n >= skip && end.n >= tail)
		done = compare_around(value, skip, tail, &head, &end);
	buf_release(&head);
	buf_release(&end);
	return done;
}
