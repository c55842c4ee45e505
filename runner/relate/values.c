/* Walks the values of a message (see values.h). */
#include <dvr/relate/values.h>

#include <dvr/field/header.h>
#include <dvr/tape/payload.h>

/* Bodies are decoded up to this (bytes): as far as replays keep them. */
#define PLAIN_MAX (8u * MiB)
/* A body of no known format is one value up to this (bytes). */
#define OPAQUE_MAX (64u * KiB)

struct walk {
	struct arena *arena;
	const struct message *m;
	enum place_side side;
	value_fn *fn;
	void *arg;
	enum place_part part;		/* of fields that come */
	const struct field_format *format;
	struct slice whole;
	bool stopped;
};

static void
give(struct walk *w, struct value v)
{
	v.place.side = w->side;
	v.whole = v.within ? v.within->text : w->whole;
	v.format = v.within ? v.within->format : w->format;
	if (!w->stopped)
		w->stopped = w->fn(w->arg, &v) != 0;
}

/* Nobody makes a token anew whose signature is another's. */
static bool
is_in_token(const struct nested *n)
{
	const struct field_format *jwt = field_format_named("jwt");

	for (; n; n = n->outer)
		if (n->format == jwt)
			return true;
	return false;
}

static int
on_field(void *arg, const struct field *f)
{
	struct walk *w = arg;
	bool body = w->part == PLACE_BODY;

	if ((f->kind == FIELD_ARRAY || f->kind == FIELD_OBJECT) && !f->holds)
		return 0;
	if ((!body && f->place.n < 2) || is_in_token(f->within))
		return 0;
	give(w, (struct value){
		.place = { .part = w->part,
			   .name = slice_from(f->place, body ? 0 : 1) },
		.key = f->key, .span = f->span, .value = f->value,
		.kind = f->holds ? FIELD_STRING : f->kind,
		.within = f->within, .holds = f->holds,
	});
	return w->stopped;
}

/* Fields of one format within `text`, which is in `whole`. */
static void
walk_format(struct walk *w, enum place_part part, const char *name,
	    struct slice text)
{
	w->part = part;
	w->format = field_format_named(name);
	(void)field_walk(w->format, w->arena, text, on_field, w);
}

/* ---- the start line --------------------------------------------------- */

static void
walk_target(struct walk *w)
{
	struct slice path = message_path(w->m), key = SLICE(""), query;
	struct slice target = message_target(w->m);
	unsigned i;

	w->whole = w->m->line;
	w->format = NULL;
	if (path.n == 0 || path.p[0] != '/')
		return;
	query = slice_from(target, path.n);
	path = slice_from(path, 1);
	for (i = 0; path.p && !w->stopped; i++) {
		struct slice s = slice_cut(&path, '/');
		struct slice value = percent_plain(w->arena, s, false);

		give(w, (struct value){
			.place = { .part = PLACE_PATH,
				   .name = arena_fmt(w->arena, "%u", i) },
			.key = key, .kind = FIELD_STRING, .span = s,
			.value = value,
		});
		key = value;
	}
	query = slice_cut(&query, '#');
	if (query.n > 1 && query.p[0] == '?')
		walk_format(w, PLACE_QUERY, "query", slice_from(query, 1));
}

/* ---- headers ------------------------------------------------------------ */

static struct slice
lower(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);
	size_t i;

	for (i = 0; i < s.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	return slice_of(p, s.n);
}

static void
walk_set_cookie(struct walk *w, const struct header *h)
{
	struct header_part p;

	if (!header_cookie(h->value, &p) || !p.value.p || p.name.n == 0)
		return;
	give(w, (struct value){
		.place = { .part = PLACE_COOKIE, .name = p.name },
		.key = p.name, .kind = FIELD_STRING, .span = p.value,
		.value = p.value,
	});
}

/* Only the first of a name has a place. */
static bool
comes_again(const struct headers *in, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++) {
		if (slice_ieq(in->v[i].name, in->v[at].name))
			return true;
	}
	return false;
}

static void
walk_header(struct walk *w, const struct headers *in, size_t i)
{
	/* Live answers' names and values are copies that lie elsewhere. */
	const struct header own = header_of_line(in->v[i].line), *h = &own;

	w->whole = h->line;
	w->format = NULL;
	if (h->name.n == 0 || h->value.n == 0)
		return;
	if (w->side == PLACE_RESPONSE &&
	    slice_ieq(h->name, SLICE("set-cookie"))) {
		walk_set_cookie(w, h);
		return;
	}
	if (comes_again(in, i))
		return;
	if (w->side == PLACE_REQUEST && slice_ieq(h->name, SLICE("cookie"))) {
		walk_format(w, PLACE_COOKIE, "cookie", h->value);
		return;
	}
	give(w, (struct value){
		.place = { .part = PLACE_HEADER,
			   .name = lower(w->arena, h->name) },
		.key = h->name, .kind = FIELD_STRING, .span = h->value,
		.value = h->value,
	});
}

/* ---- the body ------------------------------------------------------------- */

static bool
walk_fields(struct walk *w, const struct field_format *f, struct slice body)
{
	w->part = PLACE_BODY;
	w->format = f;
	return nest_walk(f, w->arena, body, on_field, w) == FIELD_OK;
}

static void
walk_body(struct walk *w)
{
	const struct field_format *f;
	struct slice body;

	if (w->m->body.n == 0 ||
	    !message_plain(w->arena, w->m, PLAIN_MAX, &body))
		return;
	w->whole = body;
	f = message_format(w->m, body);
	if (slice_istarts(message_header(w->m, "Content-Type"),
			  SLICE("text/html")) && w->side == PLACE_RESPONSE)
		f = field_format_named("html");
	if (f && walk_fields(w, f, body))
		return;
	w->format = NULL;
	if (body.n > OPAQUE_MAX)
		return;
	give(w, (struct value){
		.place = { .part = PLACE_BODY }, .kind = FIELD_STRING,
		.span = body, .value = body,
	});
}

void
values_walk(struct arena *a, const struct message *m, enum place_side side,
	    value_fn *fn, void *arg)
{
	struct walk w = {
		.arena = a, .m = m, .side = side, .fn = fn, .arg = arg,
	};
	size_t i;

	if (!m->present)
		return;
	if (side == PLACE_REQUEST)
		walk_target(&w);
	for (i = 0; i < m->headers.n && !w.stopped; i++)
		walk_header(&w, &m->headers, i);
	if (!w.stopped)
		walk_body(&w);
}
