/* Pieces of text, made clean together. */
#include "job.h"

#include <dvr/base/mem.h>

#include "detect.h"
#include "handle.h"

#include <stdlib.h>
#include <string.h>

void
job_init(struct job *j, struct scrub *s)
{
	*j = (struct job){ .s = s, .scratch = arena_create() };
}

void
job_release(struct job *j)
{
	size_t i;

	for (i = 0; i < j->n; i++) {
		spans_release(&j->v[i].spans);
		spans_release(&j->v[i].kept);
	}
	free(j->v);
	arena_wipe(j->scratch);
	explicit_bzero(j->keys, sizeof(j->keys));
}

static size_t
push(struct job *j, const struct piece *p)
{
	if (j->n == j->cap) {
		j->cap = j->cap ? j->cap * 2 : 64;
		j->v = mem_grow(j->v, j->cap, sizeof(*j->v));
	}
	j->v[j->n] = *p;
	return j->n++;
}

size_t
job_add(struct job *j, struct slice raw, struct slice place)
{
	return push(j, &(struct piece){ .raw = raw, .place = place,
					.keep_handles = j->ours });
}

size_t
job_add_child(struct job *j, size_t parent, const struct piece *p)
{
	size_t i = push(j, p);

	j->v[i].parent = parent + 1;
	j->v[i].depth = j->v[parent].depth + 1;
	j->v[i].place = j->v[parent].place;
	j->v[i].keep_handles = j->v[parent].keep_handles;
	return i;
}

void
job_mark(struct job *j, size_t i, struct slice at, enum span_rank rank,
	 const char *class)
{
	struct piece *p = &j->v[i];
	size_t from = (size_t)(at.p - p->raw.p);

	spans_add(&p->spans, &(struct span){
		.from = from, .to = from + at.n, .rank = rank,
		.class = slice_str(class), .rule = slice_str(class),
		.value = at,
	});
}

/* Traffic that itself holds the opening of a handle must not expand. */
static void
mark_literals(struct job *j, size_t i)
{
	struct slice raw = j->v[i].raw, rest = raw;
	ssize_t at;

	/* text without the first byte is over fast */
	if (raw.n == 0 || slice_chr(raw, HANDLE_OPEN[0]) < 0)
		return;
	while ((at = slice_find(rest, SLICE(HANDLE_OPEN))) >= 0) {
		job_mark(j, i, slice_range(rest, (size_t)at,
					   (size_t)at + strlen(HANDLE_OPEN)),
			 RANK_TEXT, HANDLE_LITERAL);
		rest = slice_from(rest, (size_t)at + strlen(HANDLE_OPEN));
	}
}

enum look { LOOK_RULES, LOOK_DETECT, LOOK_NAMED };

/* Those from number k on were found in a part that begins at `by`. */
static void
spans_move(struct spans *s, size_t k, size_t by)
{
	for (; by > 0 && k < s->n; k++) {
		s->v[k].from += by;
		s->v[k].to += by;
	}
}

/* What is found in the text between the handles that are there already. */
static void
detect_between(struct job *j, size_t i, enum look look)
{
	struct piece *p = &j->v[i];	/* none is added meanwhile */
	struct handle h;
	size_t from = 0, at;
	bool more = true;

	while (more) {
		size_t before = p->spans.n;
		struct slice part;

		more = p->keep_handles && handle_next(p->raw, from, &at, &h);
		part = slice_range(p->raw, from, more ? at : p->raw.n);
		rules_search(j->s->rules, j->scratch, part, &p->spans,
			     &p->gave_up);
		if (look >= LOOK_DETECT)
			detect(j->s->detecting, part, &p->spans);
		if (look >= LOOK_NAMED)
			detect_named(j->s->detecting, part, &p->spans);
		spans_move(&p->spans, before, from);
		if (more)
			from = at + h.text.n;
	}
}

static void
look_through(struct job *j, size_t i, enum look look)
{
	if (!j->v[i].keep_handles)
		mark_literals(j, i);
	detect_between(j, i, look);
}

void
job_detect(struct job *j, size_t i)
{
	look_through(j, i, LOOK_DETECT);
}

void
job_detect_text(struct job *j, size_t i)
{
	look_through(j, i, LOOK_NAMED);
}

void
job_detect_rules(struct job *j, size_t i, bool all)
{
	look_through(j, i, all ? LOOK_DETECT : LOOK_RULES);
}

void
job_add_percent(struct job *j, size_t i, struct slice part)
{
	size_t from = (size_t)(part.p - j->v[i].raw.p), child;
	struct slice value;
	struct buf b;

	buf_init(&b, part.n);
	percent_decode(part, false, &b);
	value = arena_copy(j->scratch, buf_slice(&b));
	buf_release(&b);
	child = job_add_child(j, i, &(struct piece){
		.raw = value, .from = from, .to = from + part.n,
		.encode = job_encoder(NEST_PERCENT), .kind = FIELD_STRING,
	});
	job_detect_text(j, child);
}

const struct key_row *
job_key(struct job *j, struct slice name)
{
	struct key_cached *c;
	uint64_t h = 1469598103934665603ull;	/* FNV-1a */
	size_t i;

	if (name.n == 0 || name.n > KEY_CACHED_MAX)
		return detecting_key(j->s->detecting, name);
	for (i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 1099511628211ull;
	c = &j->keys[(h ^ h >> 32) % KEY_CACHE];
	if (c->n != name.n || memcmp(c->name, name.p, name.n) != 0) {
		c->row = detecting_key(j->s->detecting, name);
		memcpy(c->name, name.p, name.n);
		c->n = name.n;
	}
	return c->row;
}

/* ---- finish ------------------------------------------------------------- */

static int
by_from(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/*
 * What a detector saw in a coded value's raw bytes ("\nbob@…" with the `n` of
 * the escape) is wrong at its edges; the child's own text tells better.
 */
static void
drop_in_children(struct job *j, size_t i, size_t first_child)
{
	struct spans *s = &j->v[i].spans;
	size_t k, c = first_child, out = 0;

	if (s->n == 0 || first_child >= j->n)
		return;
	qsort(s->v, s->n, sizeof(*s->v), by_from);
	for (k = 0; k < s->n; k++) {
		while (c < j->n && (j->v[c].parent != i + 1 ||
				    j->v[c].to <= s->v[k].from)) {
			if (j->v[c].depth <= j->v[i].depth)
				c = j->n;	/* no child any more */
			else
				c++;
		}
		if (c < j->n && s->v[k].rank == RANK_TEXT &&
		    !j->v[c].partial && s->v[k].to > j->v[c].from)
			continue;
		s->v[out++] = s->v[k];
	}
	s->n = out;
}

static void
learn(struct job *j, size_t i)
{
	struct spans *s = &j->v[i].spans;
	size_t k;

	for (k = 0; k < s->n; k++) {
		if (!s->v[k].text.p)
			known_add(j->s->known, &s->v[k]);
	}
}

/* Replays find handles in base64, but not in base64 of base64. */
bool
job_in_base64(const struct job *j, size_t i)
{
	while (!j->v[i].whole && j->v[i].parent > 0)
		i = j->v[i].parent - 1;
	return j->v[i].whole;
}

static void
put_span(struct job *j, const struct piece *p, const struct span *x,
	 struct buf *out)
{
	if (x->text.p)
		buf_add(out, x->text);
	else
		known_handle(j->s->known, x,
			     job_in_base64(j, (size_t)(p - j->v)), out);
}

/* Formats that write lengths in front of what changes need all of the edits
 * at once. */
static void
splice(struct job *j, const struct piece *p, struct buf *out)
{
	struct field_edit *v = mem_array(p->spans.n, sizeof(*v));
	struct buf texts;
	size_t k;

	buf_init(&texts, out->limit);
	for (k = 0; k < p->spans.n; k++) {
		const struct span *x = &p->spans.v[k];

		v[k] = (struct field_edit){ x->from, x->to, { 0 } };
		v[k].text.n = texts.n;
		put_span(j, p, x, &texts);
		v[k].text.n = texts.n - v[k].text.n;
	}
	for (k = 0, v[0].text.p = texts.p; k + 1 < p->spans.n; k++)
		v[k + 1].text.p = v[k].text.p + v[k].text.n;
	field_splice(p->format, p->raw, v, p->spans.n, out);
	buf_release(&texts);
	free(v);
}

/* A handle takes no more than a few times the shortest secret's bytes. */
#define GROWTH (2u * HANDLE_CLASS_MAX + 64u)

static void
replace(struct job *j, struct piece *p)
{
	size_t from = 0, texts = 0, k;
	struct buf b;

	for (k = 0; k < p->spans.n; k++)
		texts += p->spans.v[k].text.n + GROWTH;
	buf_init(&b, p->raw.n * 2 + texts + KiB);
	if (p->format)
		splice(j, p, &b);
	for (k = 0; !p->format && k <= p->spans.n; k++) {
		bool more = k < p->spans.n;

		buf_add(&b, slice_range(p->raw, from, more ?
					p->spans.v[k].from : p->raw.n));
		if (!more)
			break;
		put_span(j, p, &p->spans.v[k], &b);
		from = p->spans.v[k].to;
	}
	p->clean = arena_copy(j->scratch, buf_slice(&b));
	buf_release(&b);
}

/* Handles stay what they are in any coding. */
static struct slice
encode_around(struct job *j, const struct piece *p)
{
	struct slice done, s = p->clean;
	struct handle h;
	struct buf b;
	size_t from = 0, at;

	buf_init(&b, s.n * 6 + KiB);
	while (!p->whole && handle_next(s, from, &at, &h)) {
		p->encode(p->kind, slice_range(s, from, at), &b);
		buf_add(&b, h.text);
		from = at + h.text.n;
	}
	p->encode(p->kind, slice_from(s, from), &b);
	done = arena_copy(j->scratch, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* Is it, or holds it, what a known value's coded form is seen in? */
static bool
is_coded(const struct piece *p)
{
	size_t k;

	for (k = 0; k < p->spans.n; k++) {
		if (p->spans.v[k].rank == RANK_CODED)
			return true;
	}
	return p->kind == FIELD_BYTES || p->whole;
}

struct searching {
	struct job *job;
	struct piece *piece;
	bool bare;		/* no coded handles */
	size_t by;		/* where the text begins in the piece */
	size_t next;		/* of the piece's spans in their order */
};

/* Most are what was found first, exactly: these need no further span. */
static void
on_known(void *arg, const struct span *x)
{
	struct searching *s = arg;
	struct piece *p = s->piece;
	struct span own = *x, *same;

	if (!s->bare)
		known_recode(s->job->s->known, s->job->scratch, &own);
	own.from += s->by;
	own.to += s->by;
	while (s->next < p->settled && p->spans.v[s->next].to <= own.from)
		s->next++;
	same = s->next < p->settled ? &p->spans.v[s->next] : NULL;
	if (!same || same->from != own.from || same->to != own.to) {
		spans_add(&p->spans, &own);
	} else if (same->rank < own.rank) {
		own.place = same->place;
		*same = own;
	}
}

/* Known values between the handles that are there already. */
static void
search_between(struct job *j, struct piece *p)
{
	struct searching s = { .job = j, .piece = p,
			       .bare = job_in_base64(j, (size_t)(p - j->v)) };
	struct handle h;
	size_t at;
	bool more = true;

	while (more) {
		more = p->keep_handles && handle_next(p->raw, s.by, &at, &h);
		known_search(j->s->known, slice_range(p->raw, s.by,
			     more ? at : p->raw.n), on_known, &s);
		if (more)
			s.by = at + h.text.n;
	}
}

static void
finish_piece(struct job *j, size_t i)
{
	struct piece *p = &j->v[i];

	search_between(j, p);
	if (p->cells)
		known_search_cells(j->s->known, p->raw, &p->spans);
	keep_known(j, p);
	spans_settle(&p->spans, p->raw);
	if (p->spans.n == 0)
		return;
	keep_settle(p);
	replace(j, p);
	if (p->parent == 0)
		return;
	if (p->taken) {
		spans_add(&j->v[p->parent - 1].spans, &(struct span){
			.from = p->from, .to = p->to, .rank = RANK_CODED,
			.class = SLICE("base64"), .rule = p->spans.v[0].rule,
			.value = slice_range(j->v[p->parent - 1].raw, p->from,
					     p->to),
		});
		return;
	}
	spans_add(&j->v[p->parent - 1].spans, &(struct span){
		.from = p->from, .to = p->to,
		.rank = is_coded(p) ? RANK_CODED : RANK_EDIT,
		.class = p->spans.v[0].class, .rule = p->spans.v[0].rule,
		.value = slice_range(j->v[p->parent - 1].raw, p->from, p->to),
		.text = encode_around(j, p),
	});
}

void
job_settle(struct job *j)
{
	for (size_t i = 0; i < j->n; i++) {
		drop_in_children(j, i, i + 1);
		keep_drop(&j->v[i]);
		spans_settle(&j->v[i].spans, j->v[i].raw);
		j->v[i].settled = j->v[i].spans.n;
	}
}

void
job_finish(struct job *j)
{
	size_t i;

	job_settle(j);
	for (i = 0; i < j->n; i++)
		learn(j, i);
	known_link(j->s->known);
	/* children stand behind their parents */
	for (i = j->n; i > 0; i--)
		finish_piece(j, i - 1);
}

struct slice
job_text(const struct job *j, size_t i)
{
	return job_hit(j, i) ? j->v[i].clean : j->v[i].raw;
}

bool
job_hit(const struct job *j, size_t i)
{
	return j->v[i].spans.n > 0;
}

struct slice
job_gave_up(const struct job *j, size_t i)
{
	do {
		if (j->v[i].gave_up.n > 0)
			return j->v[i].gave_up;
	} while (++i < j->n && j->v[i].depth > 0);
	return SLICE("");
}
