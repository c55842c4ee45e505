/* The one pass over text: anchors and marks, and who is asked where. */
#include "detect.h"

#include <dvr/base/attr.h>
#include <dvr/base/mem.h>
#include <dvr/base/nearest.h>

#include "keys.h"
#include "needle.h"
#include "vendor.h"

#include <assert.h>
#include <stdlib.h>

#define ANCHORS_MAX 256	/* of the whole table */
#define ASKED_MAX 16	/* detectors a mark */
#define MARKS_MAX 16	/* characters that are one */

/* Who is asked at a mark. */
struct mark {
	detect_fn *look[ASKED_MAX];
	const char *name[ASKED_MAX];
	uint32_t runs[ASKED_MAX];
	size_t n;
	bool each_run;		/* of digits, short ones as well */
};

/* Where it stands somebody is asked: a detector, or else a vendor. */
struct anchor {
	struct slice text;
	uint32_t detector, vendor;
};

struct detecting {
	bool on[DETECTORS];
	struct needles *needles;	/* ids: indices of anchors */
	struct anchor *anchors;
	size_t nanchors;
	struct arena *texts;		/* of the anchors */
	struct key_index *keys;
	struct mark marks[MARKS_MAX];
	unsigned char mark_of[256];	/* index + 1 */
	size_t nmarks;
};

/* ---- made ready ------------------------------------------------------ */

static struct slice
anchor_text(struct arena *a, struct slice s)
{
	char *p = arena_str(a, s);

	for (size_t i = 0; i < s.n; i++) {
		if (p[i] == '_')
			p[i] = ' ';
	}
	return slice_of(p, s.n);
}

static void
add_anchor(struct detecting *d, struct slice text, size_t detector,
	   size_t vendor)
{
	assert(d->nanchors < ANCHORS_MAX + vendor_count);
	if (text.n < NEEDLE_MIN)
		return;
	needles_add(d->needles, text, (uint32_t)d->nanchors);
	d->anchors[d->nanchors++] = (struct anchor){
		.text = text, .detector = (uint32_t)detector,
		.vendor = (uint32_t)vendor,
	};
}

static void
add_anchors(struct detecting *d)
{
	size_t count;
	const struct scrub_detector *all = scrub_detectors(&count);

	d->needles = needles_create(NEEDLE_MIN);
	d->anchors = mem_array(ANCHORS_MAX + vendor_count,
			       sizeof(*d->anchors));
	for (size_t i = 0; i < count; i++) {
		struct slice rest = slice_str(all[i].anchors);

		while (d->on[i] && rest.n > 0)
			add_anchor(d, anchor_text(d->texts,
						  slice_cut(&rest, ' ')),
				   i, vendor_count);
	}
	for (size_t i = 0; i < vendor_count; i++) {
		if (d->on[vendors[i].detector])
			add_anchor(d, slice_str(vendors[i].prefix),
				   vendors[i].detector, i);
	}
}

static void
add_mark(struct detecting *d, unsigned char c,
	 const struct scrub_detector *row)
{
	struct mark *m;

	if (d->mark_of[c] == 0 && d->nmarks < MARKS_MAX) {
		d->mark_of[c] = (unsigned char)++d->nmarks;
		for (unsigned char k = '0'; c == '0' && k <= '9'; k++)
			d->mark_of[k] = d->mark_of[c];
	}
	m = &d->marks[d->mark_of[c] - 1];
	if (m->n == ASKED_MAX)
		return;
	m->look[m->n] = row->look;
	m->runs[m->n] = row->runs ? row->runs : UINT32_MAX;
	m->name[m->n++] = row->name;
	m->each_run = m->each_run || row->look == detect_crypto;
}

static void
add_marks(struct detecting *d)
{
	size_t count;
	const struct scrub_detector *all = scrub_detectors(&count);

	for (size_t i = 0; i < count; i++) {
		const char *c = all[i].marks;

		for (; d->on[i] && c && *c; c++)
			add_mark(d, (unsigned char)*c, &all[i]);
	}
}

static int
unknown_detector(const struct scrub_rule *r, struct err *e)
{
	const char *names[DETECTORS], *near;
	struct slice name = slice_str(r->detector);
	char q[QUOTE_MAX];
	size_t count;
	const struct scrub_detector *all = scrub_detectors(&count);

	for (size_t i = 0; i < count; i++)
		names[i] = all[i].name;
	near = nearest_word(names, count, name);
	return err_set(e, ERR_USAGE, "%s:%u:%u: there is no detector '%s'%s%s%s",
		       r->file ? r->file : "rule", r->line, r->column,
		       quote(name, q), near ? "; did you mean '" : "",
		       near ? near : "", near ? "'?" : "");
}

static int
switch_detectors(struct detecting *d, const struct scrub_rule *rules,
		 size_t n, struct err *e)
{
	size_t count, k;
	const struct scrub_detector *all = scrub_detectors(&count);

	for (k = 0; k < count; k++)
		d->on[k] = all[k].on;
	for (size_t i = 0; i < n; i++) {
		struct slice name = slice_str(rules[i].detector);

		if (!rules[i].detector)
			continue;
		for (k = 0; k < count; k++) {
			if (slice_eq(name, slice_str(all[k].name)))
				break;
		}
		if (k == count)
			return unknown_detector(&rules[i], e);
		d->on[k] = rules[i].enable;
	}
	return 0;
}

struct detecting *
detecting_create(const struct scrub_rule *rules, size_t n, struct err *e)
{
	struct detecting *d = mem_alloc(sizeof(*d));

	d->texts = arena_create();
	if (switch_detectors(d, rules, n, e) < 0) {
		detecting_destroy(d);
		return NULL;
	}
	d->keys = key_index_create();
	add_anchors(d);
	add_marks(d);
	return d;
}

void
detecting_destroy(struct detecting *d)
{
	if (!d)
		return;
	needles_destroy(d->needles);
	free(d->anchors);
	key_index_destroy(d->keys);
	arena_destroy(d->texts);
	free(d);
}

bool
detecting_on(const struct detecting *d, enum detector_id id)
{
	return d->on[id];
}

const struct key_row *
detecting_key(const struct detecting *d, struct slice name)
{
	const struct key_row *row = key_find(d->keys, name);

	return row && d->on[row->detector] ? row : NULL;
}

/* ---- the pass --------------------------------------------------------- */

static void
add_hit(struct slice text, const struct hit *h, const char *rule,
	struct spans *out)
{
	spans_add(out, &(struct span){
		.from = h->from, .to = h->to, .rank = RANK_TEXT,
		.class = slice_str(h->class), .rule = slice_str(rule),
		.value = slice_range(text, h->from, h->to),
	});
}

static bool
ask_anchored(const struct anchor *a, struct slice text, size_t at,
	     struct hit *h)
{
	size_t n;

	if (!slice_starts(slice_from(text, at), a->text))
		return false;
	if (a->vendor < vendor_count)
		return vendor_at(&vendors[a->vendor], text, at, h);
	return scrub_detectors(&n)[a->detector].look(text, at, h);
}

/* Of several anchors at one place the longest has its say. */
static bool
ask_anchors(const struct detecting *d, struct slice text, size_t at,
	    struct hit *h, const char **rule)
{
	const struct anchor *best = NULL;
	struct needle_hit n;
	struct hit own;
	size_t count;
	bool more = needles_first(d->needles, slice_from(text, at), &n);

	for (; more; more = needles_more(d->needles, &n)) {
		const struct anchor *a = &d->anchors[n.id];

		if ((best && a->text.n <= best->text.n) ||
		    !ask_anchored(a, text, at, &own))
			continue;
		best = a;
		*h = own;
	}
	if (best)
		*rule = scrub_detectors(&count)[best->detector].name;
	return best != NULL;
}

static void
at_anchors(const struct detecting *d, struct slice text, struct spans *out)
{
	const char *rule;
	size_t at = 0;
	struct hit h;

	while (needles_next(d->needles, text, &at)) {
		size_t next = at + 1;

		if (ask_anchors(d, text, at, &h, &rule)) {
			add_hit(text, &h, rule, out);
			next = h.to > at ? h.to : next;
		}
		at = next;
	}
}

/* A short run of digits says nothing unless a separator is behind it, or the
 * letters of a country are before it. */
static bool
says_nothing(struct slice text, size_t from, size_t to)
{
	char next = char_at(text, to);

	if (to - from > 3)
		return false;
	return next != '.' && next != '-' && next != ' ' && next != ')' &&
	       next != 'x' && !is_upper(next) &&
	       (from < 2 || !is_upper(text.p[from - 1]));
}

/* Where the search goes on behind the mark at `at`. */
static size_t
ask_marked(const struct mark *m, struct slice text, size_t at,
	   struct spans *out)
{
	size_t next = at + 1;
	uint32_t run = UINT32_MAX;
	struct hit h;

	if (is_digit(text.p[at])) {
		next = digits_end(text, at);
		run = 1u << (next - at < 31 ? next - at : 31);
		if (!m->each_run && says_nothing(text, at, next))
			return next;
	}
	for (size_t i = 0; i < m->n; i++) {
		if (!(m->runs[i] & run) || !m->look[i](text, at, &h))
			continue;
		add_hit(text, &h, m->name[i], out);
		return h.to > next ? h.to : next;
	}
	return next;
}

/* The next mark at or after `at`, four bytes at once while there are some. */
static size_t
next_mark(const struct detecting *d, struct slice text, size_t at)
{
	const unsigned char *mark = d->mark_of;

	while (text.n - at >= 4 &&
	       !(mark[(unsigned char)text.p[at]] |
		 mark[(unsigned char)text.p[at + 1]] |
		 mark[(unsigned char)text.p[at + 2]] |
		 mark[(unsigned char)text.p[at + 3]]))
		at += 4;
	while (at < text.n && !mark[(unsigned char)text.p[at]])
		at++;
	return at;
}

static void
at_marks(const struct detecting *d, struct slice text, struct spans *out)
{
	size_t at = 0;

	while ((at = next_mark(d, text, at)) < text.n) {
		unsigned char mark = d->mark_of[(unsigned char)text.p[at]];

		at = ask_marked(&d->marks[mark - 1], text, at, out);
	}
}

void
detect(const struct detecting *d, struct slice text, struct spans *out)
{
	if (text.n == 0)
		return;
	at_anchors(d, text, out);
	at_marks(d, text, out);
}

/* ---- runs of characters ------------------------------------------------ */

#define RUN_MAX (64u * 1024)	/* longer ones are data, not tokens */

size_t
token_end(struct slice text, size_t at)
{
	size_t to = at;

	while (to < text.n && to - at < RUN_MAX && is_token_char(text.p[to]))
		to++;
	return to;
}

size_t
digits_end(struct slice text, size_t at)
{
	while (at < text.n && is_digit(text.p[at]))
		at++;
	return at;
}

size_t
hex_end(struct slice text, size_t at)
{
	size_t to = at;

	while (to < text.n && to - at < RUN_MAX && is_hex_digit(text.p[to]))
		to++;
	return to;
}

bool
token_begins(struct slice text, size_t at)
{
	char before = at > 0 ? text.p[at - 1] : ' ';

	if (!is_alnum(before) && before != '_')
		return true;
	return (at >= 3 && text.p[at - 3] == '%') ||
	       (at >= 2 && text.p[at - 2] == '\\') ||
	       (at >= 6 && text.p[at - 6] == '\\' && text.p[at - 5] == 'u');
}

bool
number_stands_alone(struct slice text, size_t from, size_t to)
{
	char before = from > 0 ? text.p[from - 1] : ' ';
	char after = char_at(text, to);

	/* the hex digits of a percent escape, or an escape's letter */
	if (from >= 3 && text.p[from - 3] == '%')
		before = ' ';
	if (from >= 2 && text.p[from - 2] == '\\')
		before = ' ';
	if (is_token_char(before) || is_token_char(after))
		return false;
	if (before == '.' && from >= 2 && is_digit(text.p[from - 2]))
		return false;
	return after != '.' || to + 1 >= text.n || !is_digit(text.p[to + 1]);
}
