/* Reads YAML maps into structs by tables of keys, with places in errors. */
#include "reader.h"

#include <dvr/base/clock.h>
#include <dvr/base/nearest.h>

#include <stdarg.h>
#include <stdio.h>

int
reader_fail(struct reader *r, const struct yaml_node *at, const char *fmt, ...)
{
	char text[640];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return yaml_error(r->doc, at, ERR_TAPE, r->e, "%s", text);
}

static const char *
kind_name(const struct yaml_node *n)
{
	switch (n->kind) {
	case YAML_SCALAR:
		return n->plain && n->text.n == 0 ? "nothing" : "a scalar";
	case YAML_LIST:
		return "a list";
	case YAML_MAP:
		return "a map";
	}
	return "";
}

static int
expect_kind(struct reader *r, const struct yaml_node *n, enum yaml_kind kind)
{
	struct yaml_node want = { .kind = kind };

	if (n->kind == kind)
		return 0;
	return reader_fail(r, n, "this is %s; expected %s", kind_name(n),
			   kind_name(&want));
}

int
reader_map(struct reader *r, const struct yaml_node *n, const struct row *rows,
	   size_t count, void *out)
{
	const char *known[READER_ROWS_MAX + 1] = { NULL };

	for (size_t i = 0; i < count; i++)
		known[i] = rows[i].key;
	if (expect_kind(r, n, YAML_MAP) < 0 ||
	    yaml_known_keys(r->doc, n, known, ERR_TAPE, r->e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *v = yaml_get(n, rows[i].key);

		if (v) {
			if (rows[i].read(r, v, (char *)out + rows[i].offset) <
			    0)
				return -1;
		} else if (rows[i].needed) {
			return reader_fail(r, n,
					   "key '%s' is missing; is the file "
					   "cut off?",
					   rows[i].key);
		}
	}
	return 0;
}

int
reader_list(struct reader *r, const struct yaml_node *n,
	    const struct reader_list *what, void **v, size_t *count)
{
	char *items;

	if (expect_kind(r, n, YAML_LIST) < 0)
		return -1;
	items = n->count ? arena_array(r->a, n->count, what->size) : NULL;
	for (size_t i = 0; i < n->count; i++)
		if (what->read(r, &n->items[i], items + i * what->size) < 0)
			return -1;
	*v = items;
	*count = n->count;
	return 0;
}

/* ---- values ---------------------------------------------------------- */

int
reader_text(struct reader *r, const struct yaml_node *n, void *out)
{
	if (n->kind != YAML_SCALAR || (n->plain && n->text.n == 0))
		return reader_fail(r, n, "this is %s; expected text",
				   kind_name(n));
	*(struct slice *)out = n->text;
	return 0;
}

/* For errors: what stands there, made safe. */
static const char *
shown(const struct yaml_node *n, char q[QUOTE_MAX])
{
	return n->kind == YAML_SCALAR ? quote(n->text, q) : kind_name(n);
}

int
reader_number(struct reader *r, const struct yaml_node *n, uint64_t max,
	      uint64_t *out)
{
	char q[QUOTE_MAX];

	if (n->kind == YAML_SCALAR && n->plain &&
	    slice_uint(n->text, max, out) == 0)
		return 0;
	return reader_fail(r, n, "bad number '%s'; expected 0..%llu",
			   shown(n, q), (unsigned long long)max);
}

int
reader_u32(struct reader *r, const struct yaml_node *n, void *out)
{
	uint64_t v = 0;

	if (reader_number(r, n, UINT32_MAX, &v) < 0)
		return -1;
	*(uint32_t *)out = (uint32_t)v;
	return 0;
}

int
reader_u64(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_number(r, n, UINT64_MAX, out);
}

int
reader_true(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (n->kind != YAML_SCALAR || !n->plain ||
	    !slice_eq(n->text, SLICE("true")))
		return reader_fail(r, n,
				   "bad value '%s'; expected true (leave the "
				   "key out otherwise)",
				   shown(n, q));
	*(bool *)out = true;
	return 0;
}

int
reader_status(struct reader *r, const struct yaml_node *n, void *out)
{
	uint64_t v;
	char q[QUOTE_MAX];

	if (n->kind != YAML_SCALAR || !n->plain ||
	    slice_uint(n->text, 599, &v) < 0 || v < 100)
		return reader_fail(r, n, "bad status '%s'; expected 100..599",
				   shown(n, q));
	*(unsigned *)out = (unsigned)v;
	return 0;
}

int
reader_parse_time(struct slice s, int64_t *us)
{
	const uint64_t most = (uint64_t)(INT64_MAX / US_PER_S) - 1;
	struct slice fraction = s;
	struct slice whole = slice_cut(&fraction, '.');
	uint64_t seconds, micros;

	if (fraction.n != 6 || slice_uint(whole, most, &seconds) < 0 ||
	    slice_uint(fraction, 999999, &micros) < 0)
		return -1;
	*us = (int64_t)seconds * US_PER_S + (int64_t)micros;
	return 0;
}

int
reader_time(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (n->kind == YAML_SCALAR && n->plain &&
	    reader_parse_time(n->text, out) == 0)
		return 0;
	return reader_fail(r, n,
			   "bad time '%s'; expected seconds from the start "
			   "with six decimals, not negative, as 0.011902",
			   shown(n, q));
}

static void
add_words(const char *const *words, struct buf *out)
{
	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			buf_adds(out, words[i + 1] ? ", " : " or ");
		buf_adds(out, words[i]);
	}
}

int
reader_word(struct reader *r, const struct yaml_node *n,
	    const char *const *words, size_t *index)
{
	struct buf expected;
	char q[QUOTE_MAX];

	for (size_t i = 0; n->kind == YAML_SCALAR && words[i]; i++) {
		if (slice_eq(n->text, slice_str(words[i]))) {
			*index = i;
			return 0;
		}
	}
	buf_init(&expected, 256);
	add_words(words, &expected);
	reader_fail(r, n, "bad word '%s'; expected %s", shown(n, q),
		    buf_cstr(&expected));
	buf_release(&expected);
	return -1;
}
