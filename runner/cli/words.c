/* Finds free text on tapes, and says whether the library has it (words.h). */
#include "words.h"

#include <dvr/base/ascii.h>
#include <dvr/field/nest.h>
#include <dvr/relate/values.h>
#include <dvr/scrub/scrub.h>
#include <dvr/tape/yaml.h>

#include <stdlib.h>

/* Fewer letters are an abbreviation, a currency, a unit. */
#define LETTERS_MIN 4

/* A word that somebody wrote: letters, and no digits among them. */
static bool
is_word(struct slice s)
{
	size_t letters = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		/* Beyond ASCII there are letters. */
		letters += is_letter(c) || ((unsigned char)c & 0x80);
		if (is_digit(c) || c == '/' || c == '_' ||
		    c == '=' || c == '{')
			return false;
	}
	return letters >= LETTERS_MIN;
}

static bool
is_free_text(struct slice s)
{
	if (!slice_is_utf8(s) || scrub_has_handle(s))
		return false;
	while (s.p && s.n) {
		if (is_word(slice_cut(&s, ' ')))
			return true;
	}
	return false;
}

struct walking {
	words_fn *fn;
	void *arg;
	uint32_t exchange;
	enum place_side side;
};

static void
tell(const struct walking *w, struct place p, struct slice text)
{
	struct buf b;

	if (!is_free_text(text))
		return;
	p.exchange = w->exchange;
	p.side = w->side;
	buf_init(&b, 64 * KiB);
	place_print(&p, &b);
	w->fn(w->arg, buf_slice(&b), text);
	buf_release(&b);
}

static int
on_value(void *arg, const struct value *v)
{
	if (v->place.part == PLACE_BODY || v->place.part == PLACE_QUERY)
		tell(arg, v->place, v->value);
	return 0;
}

static int
on_field(void *arg, const struct field *f)
{
	if (f->kind == FIELD_STRING)
		tell(arg, (struct place){ .part = PLACE_BODY,
					  .name = f->place }, f->value);
	return 0;
}

/* A WebSocket's messages are no body. */
static void
walk_messages(struct arena *a, struct walking *w, const struct exchange *x)
{
	for (size_t i = 0; i < x->nmessages; i++) {
		const struct stream_message *m = &x->messages[i];

		w->side = m->from == FROM_CLIENT ? PLACE_REQUEST
						 : PLACE_RESPONSE;
		if (m->kind == STREAM_TEXT &&
		    nest_walk(field_format_named("json"), a, m->payload,
			      on_field, w) != FIELD_OK)
			tell(w, (struct place){ .part = PLACE_BODY },
			     m->payload);
	}
}

void
words_walk(const struct tape *t, words_fn *fn, void *arg)
{
	struct arena *a = arena_create();

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];
		struct walking w = { .fn = fn, .arg = arg, .exchange = x->id };

		w.side = PLACE_REQUEST;
		values_walk(a, &x->request, PLACE_REQUEST, on_value, &w);
		w.side = PLACE_RESPONSE;
		values_walk(a, &x->response, PLACE_RESPONSE, on_value, &w);
		walk_messages(a, &w, x);
	}
	arena_destroy(a);
}

/* FNV-1a, 64 bits: a value taken for known by chance would need 2^32 of them. */
static uint64_t
hash_of(struct slice s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

static void
keep(void *arg, struct slice place UNUSED, struct slice text)
{
	struct words *w = arg;

	w->v = arena_grow(w->arena, w->v, w->n, &w->cap, sizeof(*w->v));
	w->v[w->n++] = hash_of(text);
}

static int
by_value(const void *pa, const void *pb)
{
	const uint64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

static bool
is_among(const struct library_entry *x, const struct library_entry *const *v,
	 size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == x)
			return true;
	return false;
}

void
words_learn(struct words *w, const struct library *l,
	    const struct library_entry *const *but, size_t n)
{
	for (size_t i = 0; i < l->n; i++) {
		struct tape t;

		if (is_among(&l->v[i], but, n) ||
		    tape_read(l->v[i].dir, &t, NULL) != 0)
			continue;
		words_walk(&t, keep, w);
		tape_release(&t);
	}
	if (w->n)
		qsort(w->v, w->n, sizeof(*w->v), by_value);
}

bool
words_add(struct words *w, struct slice text)
{
	uint64_t h = hash_of(text);

	for (size_t i = 0; i < w->n; i++)
		if (w->v[i] == h)
			return true;
	keep(w, SLICE(""), text);
	return false;
}

bool
words_known(const struct words *w, struct slice text)
{
	uint64_t h = hash_of(text);

	return w->n && bsearch(&h, w->v, w->n, sizeof(*w->v), by_value);
}
