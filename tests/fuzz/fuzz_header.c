/*
 * The walker of header values, by the first byte: parts lie within the value
 * and one behind the other, a name and a value within their part, and what is
 * not told is separators and blanks.
 */
#include <dvr/base/arena.h>
#include <dvr/field/header.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
within(struct slice in, struct slice s)
{
	return s.p >= in.p && s.p + s.n <= in.p + in.n;
}

static void
check_gap(const char *from, const char *to)
{
	for (; from < to; from++) {
		if (!strchr(" \t\r\n,;&", *from) || *from == '\0')
			abort();
	}
}

static void
check(enum header_grammar g, struct slice v)
{
	struct header_walk w = header_walk(g, v);
	const char *at = v.p;
	struct header_part p;
	size_t item = 0;

	while (header_next(&w, &p)) {
		if (!within(v, p.text) || p.text.n == 0 ||
		    (p.name.n > 0 && !within(p.text, p.name)) ||
		    (p.value.p && !within(p.text, p.value)))
			abort();
		if (p.item < item || p.item > item + 1)
			abort();
		item = p.item;
		check_gap(at, p.text.p);
		at = p.text.p + p.text.n;
	}
	check_gap(at, v.p + v.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_walk w;
	struct header_part p;
	struct slice v;
	struct arena *a;

	if (size < 1)
		return 0;
	v = slice_of(data + 1, size - 1);
	check((enum header_grammar)(data[0] % (HEADER_QUERY + 1)), v);
	a = arena_create();
	if (header_cookie(v, &p) && !within(v, p.text))
		abort();
	if (header_param(v, SLICE("name"), &p) &&
	    header_text(a, &p).n > p.value.n)
		abort();
	w = header_walk(HEADER_CREDENTIALS, v);
	header_scheme(&w);
	while (header_next(&w, &p))
		;
	if (!within(v, header_bare(v)))
		abort();
	arena_destroy(a);
	return 0;
}
