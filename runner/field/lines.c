/* Walkers for streams of documents: JSON by lines, server-sent events. */
#include "formats.h"
#include "siblings.h"

#include <string.h>

struct line_walk {
	struct arena *arena;
	char place[UINT_DIGITS + 1];	/* of the line, "/0" */
	size_t place_n;
	field_fn *fn;
	void *arg;
	bool stopped;
};

static struct slice
without_cr(struct slice s)
{
	return s.n > 0 && s.p[s.n - 1] == '\r' ? slice_range(s, 0, s.n - 1) :
		s;
}

/* The arena is the fields' alone: it may be rewound behind each. */
static void
point_at(struct line_walk *w, size_t nth)
{
	char room[UINT_DIGITS];
	struct slice digits = slice_digits(nth, room);

	w->place[0] = '/';
	memcpy(w->place + 1, digits.p, digits.n);
	w->place_n = digits.n + 1;
}

static int
below(void *arg, const struct field *f)
{
	struct line_walk *w = arg;
	struct field own = *f;

	own.place = arena_fmt(w->arena, "%.*s%.*s", (int)w->place_n, w->place,
			      SLICE_ARG(f->place));
	w->stopped = w->fn(w->arg, &own) != 0;
	return w->stopped;
}

static int
ignore(void *arg, const struct field *f)
{
	(void)arg;
	(void)f;
	return 1;
}

/* One document a line (ndjson), or behind a record separator (RFC 7464). */
static enum field_result
walk_lines(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct line_walk w = { .arena = a, .fn = fn, .arg = arg };
	int pass;

	/* all of them are proven before the first is told */
	for (pass = 0; pass < 2; pass++) {
		struct slice rest = body;
		struct arena_mark mark;
		size_t n = 0;

		while (rest.p && !w.stopped) {
			struct slice s = without_cr(slice_cut(&rest, '\n'));
			enum field_result r;

			if (s.n > 0 && s.p[0] == '\x1e')
				s = slice_from(s, 1);
			if (slice_trim(s).n == 0)
				continue;
			point_at(&w, n++);
			mark = arena_mark(a);
			r = field_json.walk(a, s, pass ? below : ignore, &w);
			if (pass == 0)
				arena_rewind(a, &mark);
			if (r != FIELD_OK)
				return FIELD_BROKEN;
		}
		if (n == 0)
			return FIELD_BROKEN;
	}
	return FIELD_OK;
}

/* Any of the three ends a line (HTML, "event stream interpretation"). */
static struct slice
take_line(struct slice *rest)
{
	struct slice line = *rest;
	size_t n = 0;

	while (n < line.n && line.p[n] != '\n' && line.p[n] != '\r')
		n++;
	if (n == line.n) {
		*rest = (struct slice){ 0 };
		return line;
	}
	*rest = slice_from(line, n + 1 + slice_starts(slice_from(line, n),
						      SLICE("\r\n")));
	return slice_range(line, 0, n);
}

/* "name: value" at one line; an empty name is a comment. */
static int
event_field(struct line_walk *w, struct siblings *seen, struct slice line)
{
	struct slice rest = line, name = slice_cut(&rest, ':');
	struct field f = { .kind = FIELD_STRING, .key = name };
	size_t nth;

	if (name.n == 0)
		return 0;
	if (!rest.p)
		rest = slice_from(line, line.n);
	if (rest.n > 0 && rest.p[0] == ' ')
		rest = slice_from(rest, 1);
	f.place = arena_fmt(w->arena, "%.*s/%.*s", (int)w->place_n, w->place,
			    SLICE_ARG(name));
	nth = siblings_next(seen, &(struct sibling_name){ .text = name });
	if (nth > 0)
		f.place = arena_fmt(w->arena, "%.*s/%zu", SLICE_ARG(f.place),
				    nth);
	f.span = f.value = rest;
	return w->fn(w->arg, &f);
}

/* Events end with an empty line; the last one may be cut short. */
static enum field_result
walk_events(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct line_walk w = { .arena = a, .fn = fn, .arg = arg };
	struct siblings seen = { 0 };		/* of one event */
	struct slice rest = body;
	bool within = false;
	size_t n = 0;

	while (rest.p) {
		struct slice s = take_line(&rest);

		if (s.n == 0) {
			n += within;
			within = false;
			siblings_leave(&seen, 0);
			continue;
		}
		within = within || s.p[0] != ':';
		point_at(&w, n);
		if (event_field(&w, &seen, s) != 0)
			break;
	}
	siblings_release(&seen);
	return FIELD_OK;
}

/* A value never leaves its line. */
static void
encode_event(enum field_kind kind, struct slice value, struct buf *out)
{
	size_t i;

	(void)kind;
	for (i = 0; i < value.n; i++)
		buf_addc(out, value.p[i] == '\n' || value.p[i] == '\r' ? ' ' :
			 value.p[i]);
}

static void
encode_line(enum field_kind kind, struct slice value, struct buf *out)
{
	field_json.encode(kind, value, out);
}

const struct field_format field_lines = {
	.name = "lines", .walk = walk_lines, .encode = encode_line,
	.fleeting = true,
};

const struct field_format field_events = {
	.name = "events", .walk = walk_events, .encode = encode_event,
	.fleeting = true,
};
