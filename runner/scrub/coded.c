/* Finds runs of base64 and hex that hold handles (see coded.h). */
#include "coded.h"

#include "handle.h"

/* HANDLE_OPEN in base64, at its three alignments; the first two in both
 * alphabets.  What depends on the bytes around it is left out.  And in hex. */
static const struct slice marks[] = {
	{ "4p+mZHZy", 8 }, { "4p-mZHZy", 8 }, { "pmR2cj", 6 },
	{ "n6ZkdnI6", 8 }, { "e29fa66476723a", 14 }, { "E29FA66476723A", 14 },
};

#define RUN_MAX (16u * MiB)

static bool
is_base64(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '+' || c == '/' || c == '-' ||
	       c == '_';
}

/* An escape of base64's own marks at s.p[i]. */
static bool
is_escape(struct slice s, size_t i)
{
	struct slice e = slice_range(s, i, i + 3);

	return slice_ieq(e, SLICE("%2b")) || slice_ieq(e, SLICE("%2f")) ||
	       slice_ieq(e, SLICE("%3d"));
}

/* The run around s.p[at]: a form's '=' in front of it is none of it. */
static void
extent(struct slice s, size_t at, size_t *from, size_t *to)
{
	for (*from = at; *from > 0;) {
		if (is_base64(s.p[*from - 1]))
			(*from)--;
		else if (*from >= 3 && is_escape(s, *from - 3) &&
			 !slice_ieq(slice_range(s, *from - 3, *from),
				    SLICE("%3d")))
			*from -= 3;
		else
			break;
	}
	for (*to = at; *to < s.n;) {
		if (is_base64(s.p[*to]) || s.p[*to] == '=')
			(*to)++;
		else if (is_escape(s, *to))
			*to += 3;
		else
			break;
	}
}

static bool
decode(struct arena *a, struct slice run, struct coded *out)
{
	struct handle h;
	struct nest n;
	struct buf b;
	size_t at;

	out->percent = slice_chr(run, '%') >= 0;
	if (out->percent) {
		buf_init(&b, run.n);
		percent_decode(run, false, &b);
		run = arena_copy(a, buf_slice(&b));
		buf_release(&b);
	}
	if (!nest_uncode(a, run, &n))
		return false;
	/* without a mark to tell: as it is written as a rule */
	if (n.coding == NEST_BASE64URL_PADDED &&
	    !slice_ends(run, SLICE("=")))
		n.coding = NEST_BASE64URL;
	out->coding = n.coding;
	out->text = n.text;
	return handle_next(n.text, 0, &at, &h);
}

/* Slashes may be the path's around it. */
static bool
try_run(struct arena *a, struct slice s, size_t at, struct coded *out)
{
	size_t from, to, inner_from, inner_to, k;

	extent(s, at, &from, &to);
	if (to - from > RUN_MAX)
		return false;
	for (inner_from = at; inner_from > from &&
	     s.p[inner_from - 1] != '/'; inner_from--)
		;
	for (inner_to = at; inner_to < to && s.p[inner_to] != '/'; inner_to++)
		;
	for (k = 0; k < 4; k++) {
		out->from = k & 1 ? inner_from : from;
		out->to = k & 2 ? inner_to : to;
		if (decode(a, slice_range(s, out->from, out->to), out))
			return true;
	}
	return false;
}

bool
coded_any(struct slice s)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(marks); i++) {
		if (slice_find(s, marks[i]) >= 0)
			return true;
	}
	return false;
}

bool
coded_next(struct arena *a, struct slice s, size_t from, struct coded *out)
{
	while (from < s.n) {
		ssize_t first = -1;
		size_t i;

		for (i = 0; i < ARRAY_LEN(marks); i++) {
			ssize_t at = slice_find(slice_from(s, from),
						marks[i]);

			if (at >= 0 && (first < 0 || at < first))
				first = at;
		}
		if (first < 0)
			return false;
		if (try_run(a, s, from + (size_t)first, out) &&
		    out->from >= from)
			return true;
		from += (size_t)first + 1;
	}
	return false;
}

void
coded_put(const struct coded *c, struct slice text, struct buf *out)
{
	struct buf b;

	if (!c->percent) {
		nest_wrap(c->coding, text, out);
		return;
	}
	buf_init(&b, text.n * 2 + 8);
	nest_wrap(c->coding, text, &b);
	percent_encode(buf_slice(&b), false, out);
	buf_release(&b);
}
