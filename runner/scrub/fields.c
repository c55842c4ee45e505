/* Walks over structured text: secrets by the name of their field. */
#include "job.h"

#include "detect.h"

#include <string.h>

#define NESTING_MAX 4	/* documents within strings within documents */

struct field_walk {
	struct job *job;
	size_t piece;
	const struct field_format *format;
	const struct walk_at *at;
	const struct key_row *deep;	/* strings below are secret as well */
	const char *deep_end;		/* up to here */
	const struct key_row *told;	/* {"name": "password", "value": … */
	struct slice told_in;		/* in this object */
};

static bool
is_integer(struct slice v)
{
	size_t i;

	for (i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	}
	return v.n > 0;
}

/* "Bearer x" under "authorization": the scheme is not the secret. */
static struct slice
without_scheme(const struct key_row *row, struct slice v)
{
	ssize_t space = slice_chr(v, ' ');

	if (strcmp(row->class, "credential") != 0 || space <= 0)
		return v;
	return slice_trim(slice_from(v, (size_t)space + 1));
}

static void
mark_key(struct field_walk *w, const struct field *f,
	 const struct key_row *row)
{
	struct piece *p = &w->job->v[w->piece];
	struct slice at = f->span, value = f->value;

	if (f->value.p == f->span.p)
		at = value = without_scheme(row, f->span);
	spans_add(&p->spans, &(struct span){
		.from = (size_t)(at.p - p->raw.p),
		.to = (size_t)(at.p - p->raw.p) + at.n,
		.rank = RANK_KEY, .class = slice_str(row->class),
		.rule = key_rule(row), .value = value,
		.place = f->place,
	});
}

/* The user's rules about places in exchanges (0: there is none): taken, or
 * kept as it stands?  Nested documents have no places of their own. */
static bool
mark_rule(struct field_walk *w, const struct field *f)
{
	struct piece *p = &w->job->v[w->piece];
	struct place place = {
		.exchange = w->at->exchange, .side = w->at->side,
		.part = w->at->part,
		.name = w->at->part == PLACE_BODY ? f->place : f->key,
	};
	struct slice rule, class;
	size_t from = (size_t)(f->span.p - p->raw.p);

	if (p->depth > 0 || w->at->exchange == 0 ||
	    !rules_have_places(w->job->s->rules))
		return false;
	class = rules_field(w->job->s->rules, &place, &rule);
	if (class.n == 0)	/* parameters of a URL are no headers */
		return place.part != PLACE_HEADER &&
		       job_keep_place(w->job, w->piece, &place, f);
	spans_add(&p->spans, &(struct span){
		.from = from, .to = from + f->span.n, .rank = RANK_USER,
		.class = class, .rule = rule, .value = f->value,
		.place = f->place,
	});
	return true;
}

static bool
looks_nested(struct slice v)
{
	return v.n >= 2 && (v.p[0] == '{' || v.p[0] == '[') &&
	       (v.p[v.n - 1] == '}' || v.p[v.n - 1] == ']');
}

/* A coded value, or a document within the document: looked at decoded. */
static void
add_child(struct field_walk *w, const struct field *f)
{
	struct job *j = w->job;
	size_t i, from = (size_t)(f->span.p - j->v[w->piece].raw.p);
	struct walk_at at = *w->at;

	i = job_add_child(j, w->piece, &(struct piece){
		.raw = f->value, .from = from, .to = from + f->span.n,
		.encode = w->format->encode, .kind = f->kind,
	});
	if (!looks_nested(f->value) || j->v[i].depth > NESTING_MAX) {
		job_detect_text(j, i);
		return;
	}
	at.where = KEY_BODY;
	if (job_walk(j, i, f->value, field_format_named("json"), &at) ==
	    FIELD_OK)
		job_detect(j, i);
	else
		job_detect_text(j, i);
}

/* "…?token=x", "Server=…;Password=…": names within one value. */
static void
mark_named(struct field_walk *w, struct slice span)
{
	struct piece *p = &w->job->v[w->piece];
	size_t from = (size_t)(span.p - p->raw.p), k;
	struct spans found = { 0 };

	detect_named(w->job->s->detecting, span, &found);
	for (k = 0; k < found.n; k++) {
		found.v[k].from += from;
		found.v[k].to += from;
		spans_add(&p->spans, &found.v[k]);
	}
	spans_release(&found);
}

static struct slice
parent_of(struct slice place)
{
	while (place.n > 0 && place.p[place.n - 1] != '/')
		place.n--;
	return place;
}

/* A list of names and values says in one member what the next one is. */
static const struct key_row *
told_key(struct field_walk *w, const struct field *f)
{
	const struct key_row *row;

	if (slice_ieq(f->key, SLICE("name")) ||
	    slice_ieq(f->key, SLICE("key"))) {
		w->told = job_key(w->job, f->value);
		w->told_in = parent_of(f->place);
		return NULL;
	}
	if (!w->told || !slice_ieq(f->key, SLICE("value")) ||
	    !slice_eq(parent_of(f->place), w->told_in))
		return NULL;
	row = w->told;
	w->told = NULL;
	return row;
}

static void
scalar(struct field_walk *w, const struct field *f)
{
	const struct key_row *told = told_key(w, f);
	const struct key_row *row = told ? told : job_key(w->job, f->key);

	if (!row && w->deep && f->kind == FIELD_STRING &&
	    !key_describes(f->key))
		row = w->deep;
	if (row && !key_takes(row, f->value, w->at->where))
		row = NULL;
	if (row && f->kind == FIELD_NUMBER && !is_integer(f->value))
		row = NULL;
	if (row)
		mark_key(w, f, row);
	else if (f->value.p != f->span.p || looks_nested(f->value))
		add_child(w, f);
	else if (f->kind == FIELD_STRING && slice_chr(f->span, '=') >= 0)
		mark_named(w, f->span);
}

static void
container(struct field_walk *w, const struct field *f)
{
	const struct key_row *row = job_key(w->job, f->key);

	if (w->deep || !row || !row->deep)
		return;
	w->deep = row;
	w->deep_end = f->span.p + f->span.n;
}

static int
on_field(void *arg, const struct field *f)
{
	struct field_walk *w = arg;

	if (w->deep && f->span.p >= w->deep_end)
		w->deep = NULL;
	if (f->span.n == 0)
		return 0;
	if (mark_rule(w, f))
		return 0;
	switch (f->kind) {
	case FIELD_STRING:
	case FIELD_NUMBER:
		scalar(w, f);
		break;
	case FIELD_ARRAY:
	case FIELD_OBJECT:
		container(w, f);
		break;
	case FIELD_BYTES:
		if (f->value.p != f->span.p)
			scalar(w, f);
		break;
	case FIELD_BOOL:
	case FIELD_NULL:
		break;
	}
	return 0;
}

enum field_result
job_walk(struct job *j, size_t i, struct slice text,
	 const struct field_format *format, const struct walk_at *at)
{
	struct field_walk w = {
		.job = j, .piece = i, .format = format, .at = at,
	};

	return format->walk(j->scratch, text, on_field, &w);
}
