/* Tells what a replay has changed in the data stores of its tape. */
#include "story.h"

#include <stdlib.h>

/* Lines that are kept of each store, on either side; bytes of a line. */
#define LINES_KEPT 40u
#define LINE_KEPT 240u
/* A larger store is not compared (bytes). */
#define COMPARED_MAX (8u * MiB)

/* A line as it is compared, and as it may be shown. */
struct line {
	struct slice raw, shown;
};

struct lines {
	struct arena *a;
	struct line *v;
	size_t n, cap;
};

/* Line by line side by side: false when they are not of as many. */
static bool
add_lines(struct lines *l, struct slice raw, struct slice shown)
{
	while (raw.p && shown.p) {
		struct line one = { .raw = slice_cut(&raw, '\n') };

		one.shown = slice_cut(&shown, '\n');
		if (one.raw.n == 0)
			continue;
		l->v = arena_grow(l->a, l->v, l->n, &l->cap, sizeof(*l->v));
		l->v[l->n++] = one;
	}
	return !raw.p && !shown.p;
}

static int
by_line(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;

	return slice_cmp(a->raw, b->raw);
}

static bool
is_text(struct slice s)
{
	return slice_is_utf8(s) && slice_chr(s, '\0') < 0;
}

static bool
before_of(const struct telling *w, const struct tape_state *s,
	  struct lines *out)
{
	for (size_t i = 0; i < s->nfiles; i++) {
		struct slice shown = s->files[i].bytes, raw;
		struct buf b;

		if (!is_text(shown) || shown.n > COMPARED_MAX)
			return false;
		buf_init(&b, 4 * COMPARED_MAX);
		scrub_expand_as(w->values, shown, &b, NULL);
		raw = arena_copy(out->a, buf_slice(&b));
		buf_release(&b);
		if (!add_lines(out, raw, shown))
			return false;
	}
	return true;
}

/* Made clean as the snapshot of a recording is. */
static bool
after_of(const struct telling *w, const struct tape_state *raw,
	 struct tape *clean, struct lines *out)
{
	struct tape_state state = *raw;
	struct recording in = { .raw = { .arena = out->a, .state = &state,
		.nstate = 1 } };
	struct err e;

	for (size_t i = 0; i < raw->nfiles; i++)
		if (raw->files[i].bytes.n > COMPARED_MAX ||
		    !is_text(raw->files[i].bytes))
			return false;
	if (scrub_recording(w->how->cfg->scrub, &in, clean, &e) != 0 ||
	    scrub_check(w->how->cfg->scrub, clean, &e) != 0 ||
	    clean->nstate != 1 || clean->state[0].nfiles != raw->nfiles)
		return false;
	for (size_t i = 0; i < raw->nfiles; i++)
		if (!add_lines(out, raw->files[i].bytes,
			       clean->state[0].files[i].bytes))
			return false;
	return true;
}

struct kept {
	struct arena *a;
	struct slice *v;
	size_t n;
};

static void
keep_line(struct kept *k, const struct line *l, size_t *more)
{
	size_t n = l->shown.n < LINE_KEPT ? l->shown.n : LINE_KEPT;

	while (n > 0 && n < l->shown.n &&
	       ((unsigned char)l->shown.p[n] & 0xc0) == 0x80)
		n--;
	if (k->n == LINES_KEPT)
		(*more)++;
	else
		k->v[k->n++] = arena_fmt(k->a, "%.*s%s", (int)n, l->shown.p,
					 n < l->shown.n ? "…" : "");
}

/* Two sorted lists, walked side by side. */
static void
compare(struct arena *a, const struct lines *was, const struct lines *is,
	struct story_store *out)
{
	struct kept gone = { .a = a }, come = { .a = a };
	size_t i = 0, k = 0;

	gone.v = arena_array(a, LINES_KEPT, sizeof(*gone.v));
	come.v = arena_array(a, LINES_KEPT, sizeof(*come.v));
	while (i < was->n || k < is->n) {
		int order = i == was->n ? 1 : k == is->n ? -1 :
			    slice_cmp(was->v[i].raw, is->v[k].raw);

		if (order < 0)
			keep_line(&gone, &was->v[i], &out->more);
		if (order > 0)
			keep_line(&come, &is->v[k], &out->more);
		i += order <= 0;
		k += order >= 0;
	}
	out->gone = gone.v;
	out->ngone = gone.n;
	out->come = come.v;
	out->ncome = come.n;
	out->compared = true;
}

/* Reads the store as it is now; only one that is files, because a command
 * may take its time. */
static void
look_again(const struct telling *w, const struct tape_state *s,
	   const struct state_config *c, struct story_store *out)
{
	struct state_where where = { .dir = w->state_dir, .env = w->env };
	struct lines was = { .a = arena_create() }, is = { .a = was.a };
	struct state_image *image = state_snapshot(c, &where);
	struct tape clean = { .arena = NULL };
	struct tape_state raw;
	struct err e;

	if (!image->trouble && image->bytes <= COMPARED_MAX &&
	    state_render(c, image, was.a, &raw, &e) == 0 &&
	    before_of(w, s, &was) && after_of(w, &raw, &clean, &is)) {
		if (was.n)
			qsort(was.v, was.n, sizeof(*was.v), by_line);
		if (is.n)
			qsort(is.v, is.n, sizeof(*is.v), by_line);
		compare(w->how->arena, &was, &is, out);
	}
	state_image_unref(image);
	if (clean.arena)
		tape_release(&clean);
	arena_wipe(was.a);
}

static const struct state_config *
config_of(const struct trial_config *cfg, struct slice name)
{
	for (size_t i = 0; i < cfg->nstate; i++)
		if (slice_eq(slice_str(cfg->state[i].name), name))
			return &cfg->state[i];
	return NULL;
}

void
story_stores(const struct telling *w, bool compare_them, struct story *out)
{
	const struct tape *t = w->how->tape;
	struct arena *a = w->how->arena;

	out->stores = arena_array(a, t->nstate + 1, sizeof(*out->stores));
	for (size_t i = 0; i < t->nstate; i++) {
		const struct tape_state *s = &t->state[i];
		const struct state_config *c = config_of(w->how->cfg, s->name);
		struct story_store *one = &out->stores[out->nstores++];

		one->name = arena_copy(a, s->name);
		one->provider = arena_copy(a, s->provider);
		for (size_t k = 0; k < s->nfiles; k++)
			one->bytes += s->files[k].bytes.n;
		if (compare_them && c && c->provider->has_path &&
		    !c->provider->has_commands && w->state_dir[0] &&
		    s->unscrubbed.n == 0)
			look_again(w, s, c, one);
	}
}
