/* Parts of a value: of URLs and paths, of JWTs (see values.h). */
#include <dvr/relate/values.h>

#include <dvr/base/hash.h>

#define URL_MAX 4096		/* bytes */
#define JWT_MAX (16u * KiB)

struct parts {
	struct arena *arena;
	part_fn *fn;
	void *arg;
	bool stopped;
	const char *kind;		/* "query", "claim" */
};

static void
give(struct parts *p, struct slice take, struct slice key, struct slice value)
{
	struct part part = { .take = take, .key = key, .value = value };

	if (!p->stopped && value.n > 0)
		p->stopped = p->fn(p->arg, &part) != 0;
}

static int
on_field(void *arg, const struct field *f)
{
	struct parts *p = arg;
	struct slice name = slice_from(f->place, 1);

	/* claims of a claim have no names here */
	if (f->kind != FIELD_STRING && f->kind != FIELD_NUMBER)
		return 0;
	if (slice_chr(name, '/') >= 0 && p->kind[0] == 'c')
		return 0;
	give(p, arena_fmt(p->arena, "%s/%.*s", p->kind, SLICE_ARG(name)),
	     f->key, f->value);
	return p->stopped;
}

static bool
is_url(struct slice s)
{
	return slice_istarts(s, SLICE("http://")) ||
	       slice_istarts(s, SLICE("https://")) ||
	       (s.n > 1 && s.p[0] == '/' && s.p[1] != '/');
}

static bool
is_plain(struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++) {
		if ((unsigned char)s.p[i] <= ' ')
			return false;
	}
	return s.n > 0 && s.n <= URL_MAX;
}

static void
url_parts(struct parts *p, struct slice s)
{
	struct slice query = s, path, key = SLICE("");
	ssize_t at = slice_find(s, SLICE("://"));
	unsigned i;

	if (at > 0 && s.p[0] != '/') {
		s = slice_from(s, (size_t)at + 3);
		at = slice_chr(s, '/');
		s = at < 0 ? slice_from(s, s.n) : slice_from(s, (size_t)at);
		query = s;
	}
	query = slice_cut(&query, '#');
	path = slice_cut(&query, '?');
	if (path.n > 0 && path.p[0] == '/')
		path = slice_from(path, 1);
	for (i = 0; path.p && !p->stopped; i++) {
		struct slice value =
			percent_plain(p->arena, slice_cut(&path, '/'), false);

		give(p, arena_fmt(p->arena, "path/%u", i), key, value);
		key = value;
	}
	p->kind = "query";
	if (query.n > 0 && !p->stopped)
		field_format_named("query")->walk(p->arena, query, on_field,
						  p);
}

/* RFC 7519: header.claims.signature, the first of them a JSON object. */
static void
jwt_parts(struct parts *p, struct slice s)
{
	struct slice rest = s, claims;
	struct buf b;

	slice_cut(&rest, '.');
	claims = slice_cut(&rest, '.');
	if (!slice_starts(s, SLICE("eyJ")) || !rest.p || s.n > JWT_MAX ||
	    slice_chr(rest, '.') >= 0)
		return;
	buf_init(&b, JWT_MAX);
	p->kind = "claim";
	if (base64_decode(claims, &b) == 0 && b.n > 0)
		field_format_named("json")->walk(
			p->arena, arena_copy(p->arena, buf_slice(&b)),
			on_field, p);
	buf_release(&b);
}

void
parts_walk(struct arena *a, struct slice value, bool relative, part_fn *fn,
	   void *arg)
{
	struct parts p = { .arena = a, .fn = fn, .arg = arg };
	struct slice plain;

	if (is_plain(value) && (relative || is_url(value)))
		url_parts(&p, value);
	jwt_parts(&p, value);
	plain = value.n <= URL_MAX ? percent_plain(a, value, false) :
		value;
	if (!slice_eq(plain, value))
		give(&p, SLICE("decoded"), SLICE(""), plain);
}

struct wanted {
	struct slice take, value;
	bool found;
};

static int
is_wanted(void *arg, const struct part *p)
{
	struct wanted *w = arg;

	if (!slice_eq(w->take, p->take))
		return 0;
	w->value = p->value;
	w->found = true;
	return 1;
}

bool
parts_take(struct arena *a, struct slice value, struct slice take,
	   struct slice *out)
{
	struct wanted w = { .take = take };

	if (take.n == 0) {
		*out = value;
		return true;
	}
	parts_walk(a, value, true, is_wanted, &w);
	if (w.found)
		*out = w.value;
	return w.found;
}
