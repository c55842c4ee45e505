/* Reading handles in text, and what a replay makes of them. */
#include "handle.h"

#include "coded.h"

#include <dvr/scrub/scrub.h>
#include <dvr/scrub/values.h>

#include <string.h>

static bool
class_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

bool
handle_parse(struct slice s, struct handle *out)
{
	struct handle h;
	struct slice rest;
	uint64_t length;
	ssize_t end;
	size_t i;

	if (!slice_starts(s, SLICE(HANDLE_OPEN)))
		return false;
	s = slice_range(s, 0, 160);	/* longest form there is */
	end = slice_find(s, SLICE(HANDLE_CLOSE));
	if (end < 0)
		return false;
	h.text = slice_range(s, 0, (size_t)end + strlen(HANDLE_CLOSE));
	rest = slice_range(s, strlen(HANDLE_OPEN), (size_t)end);
	h.class = slice_cut(&rest, ':');
	if (!rest.p || h.class.n == 0 || h.class.n > HANDLE_CLASS_MAX)
		return false;
	for (i = 0; i < h.class.n; i++) {
		if (!class_char(h.class.p[i]))
			return false;
	}
	if (slice_uint(slice_cut(&rest, ':'), HANDLE_LENGTH_MAX, &length) < 0)
		return false;
	h.length = (size_t)length;
	h.hex = rest;
	if (h.hex.n != HANDLE_HEX || slice_hex(h.hex, UINT64_MAX,
					       &length) < 0)
		return false;
	*out = h;
	return true;
}

bool
handle_next(struct slice s, size_t from, size_t *at, struct handle *out)
{
	while (from < s.n) {
		ssize_t i = slice_find(slice_from(s, from),
				       SLICE(HANDLE_OPEN));

		if (i < 0)
			return false;
		from += (size_t)i;
		if (handle_parse(slice_from(s, from), out)) {
			*at = from;
			return true;
		}
		from += strlen(HANDLE_OPEN);
	}
	return false;
}

static void
expand_plain(const struct scrub_values *v, struct slice s, struct buf *out,
	     bool *any)
{
	struct slice live;
	struct handle h;
	size_t from = 0, at;
	bool found = false;

	while (handle_next(s, from, &at, &h)) {
		buf_add(out, slice_range(s, from, at));
		if (scrub_values_get(v, h.text, &live))
			buf_add(out, live);
		else
			handle_expand(&h, out);
		from = at + h.text.n;
		found = true;
	}
	buf_add(out, slice_from(s, from));
	*any = *any || found;
}

static void
expand_coded(const struct scrub_values *v, struct slice s, struct buf *out,
	     bool *any)
{
	struct arena *a = arena_create();
	struct coded c;
	size_t from = 0;

	while (coded_next(a, s, from, &c)) {
		struct buf inner;

		expand_plain(v, slice_range(s, from, c.from), out, any);
		buf_init(&inner, out->limit);
		scrub_expand_as(v, c.text, &inner, NULL);
		*any = true;
		coded_put(&c, buf_slice(&inner), out);
		buf_release(&inner);
		from = c.to;
	}
	expand_plain(v, slice_from(s, from), out, any);
	arena_destroy(a);
}

void
scrub_expand(struct slice s, struct buf *out, bool *any)
{
	scrub_expand_as(NULL, s, out, any);
}

void
scrub_expand_as(const struct scrub_values *v, struct slice s, struct buf *out,
		bool *any)
{
	bool found = false, *told = any ? any : &found;

	*told = false;
	if (coded_any(s))
		expand_coded(v, s, out, told);
	else
		expand_plain(v, s, out, told);
}

static bool
has_coded(struct slice s)
{
	struct arena *a;
	struct coded c;
	bool found;

	if (!coded_any(s))
		return false;
	a = arena_create();
	found = coded_next(a, s, 0, &c);
	arena_destroy(a);
	return found;
}

bool
scrub_has_handle(struct slice s)
{
	struct handle h;
	size_t at;

	return handle_next(s, 0, &at, &h) || has_coded(s);
}

/* Within base64 only what the handles stand for is theirs. */
static bool
equals_expanded(struct slice recorded, struct slice live)
{
	struct buf b;
	bool same;

	buf_init(&b, live.n);
	scrub_expand(recorded, &b, NULL);
	same = !b.full && slice_eq(buf_slice(&b), live);
	buf_release(&b);
	return same;
}

/* How much of `live`, where it begins, stands for the handle. */
typedef size_t span_fn(const struct handle *h, struct slice live,
		       struct slice after);

static size_t
span_exact(const struct handle *h, struct slice live, struct slice after)
{
	(void)after;
	return handle_span(h, live);
}

/* Of a credential: up to the text that follows it. */
static size_t
span_free(const struct handle *h, struct slice live, struct slice after)
{
	ssize_t end;

	if (!scrub_class_is_credential(h->class))
		return handle_span(h, live);
	end = after.n > 0 ? slice_find(live, after) : (ssize_t)live.n;
	return end > 0 ? (size_t)end : live.n + 1;
}

static bool matches(struct slice recorded, struct slice live, span_fn *span);

/* The whole is in base64 or hex: another one's text is compared. */
static bool
matches_coded(struct slice recorded, struct slice live, span_fn *span)
{
	struct arena *a = arena_create();
	bool same = false;
	struct coded c;
	struct nest n;

	if (coded_next(a, recorded, 0, &c) && c.from == 0 &&
	    c.to == recorded.n && !c.percent && nest_uncode(a, live, &n))
		same = matches(c.text, n.text, span);
	arena_wipe(a);
	return same;
}

static bool
matches(struct slice recorded, struct slice live, span_fn *span)
{
	struct handle h, next;
	size_t from = 0, at, to, length;

	if (has_coded(recorded))
		return equals_expanded(recorded, live) ||
		       matches_coded(recorded, live, span);
	while (handle_next(recorded, from, &at, &h)) {
		struct slice literal = slice_range(recorded, from, at);
		struct handle like = h;

		if (!slice_starts(live, literal))
			return false;
		live = slice_from(live, literal.n);
		from = at + h.text.n;
		if (!handle_next(recorded, from, &to, &next))
			to = recorded.n;
		length = span(&h, live, slice_range(recorded, from, to));
		like.length = length;
		if (live.n < length ||
		    !handle_covers(&like, slice_range(live, 0, length)))
			return false;
		live = slice_from(live, length);
	}
	return slice_eq(slice_from(recorded, from), live);
}

bool
scrub_matches(struct slice recorded, struct slice live)
{
	return matches(recorded, live, span_exact);
}

bool
scrub_resembles(struct slice recorded, struct slice live)
{
	return matches(recorded, live, span_free);
}
