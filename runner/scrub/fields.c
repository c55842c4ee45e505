/* Walks over structured text: secrets by the name of their field. */
#include "job.h"


#include "detect.h"

#include <string.h>

#define NESTING_MAX 6	/* codings and documents within one another */
/* Beyond this a body is looked at as text: each piece has its cost. */
#define PIECES_MAX 1000000u
/* A number that is written in fewer digits is no card's and no account's. */
#define DIGITS_MIN 9
/* A file called "password" that is larger is not one. */
#define FILE_MAX (4u * KiB)

struct field_walk {
	struct job *job;
	size_t piece;
	const struct field_format *format;
	const struct walk_at *at;
	const struct key_row *deep;	/* strings below are secret as well */
	const char *deep_end;		/* up to here */
	const struct key_row *told;	/* {"name": "password", "value": … */
	struct slice told_in;		/* in this object */
	bool gave_up;			/* more pieces than there may be */
	struct arena_mark mark;		/* behind what is kept of the walk */
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

/* ---- what stands within values --------------------------------------------- */

/* Tokens are taken whole, by how they look. */
static bool
is_nested(struct job *j, struct slice v, struct nest *n)
{
	return nest_find(j->scratch, v, n) &&
	       !(n->coding == NEST_PLAIN && n->format ==
		 field_format_named("jwt"));
}

/* A document in piece i: by its fields, or as text. */
static void
look_document(struct job *j, size_t i, const struct field_format *format,
	      const struct walk_at *at)
{
	struct walk_at in = *at;

	in.where = KEY_BODY;
	if (format && job_walk(j, i, j->v[i].raw, format, &in) == FIELD_OK &&
	    format == field_format_named("json"))
		job_detect(j, i);
	else
		job_detect_text(j, i);
}

void
job_look_value(struct job *j, size_t i, const struct walk_at *at)
{
	struct nest n;
	size_t child;

	if (j->v[i].depth > NESTING_MAX || j->n > PIECES_MAX ||
	    !is_nested(j, j->v[i].raw, &n)) {
		job_detect_text(j, i);
		return;
	}
	if (n.coding == NEST_PLAIN) {
		look_document(j, i, n.format, at);
		return;
	}
	child = job_add_child(j, i, &(struct piece){
		.raw = n.text, .to = j->v[i].raw.n, .kind = FIELD_STRING,
		.encode = job_encoder(n.coding),
		.whole = n.coding != NEST_PERCENT,
		.taken = job_in_base64(j, i),
	});
	job_detect(j, i);
	job_look_value(j, child, at);
}

/* An element's text may have comments in it that are no part of its value. */
static bool
has_comments(const struct field_format *format, struct slice span)
{
	return format == field_format_named("xml") &&
	       (slice_find(span, SLICE("<!--")) >= 0 ||
		slice_find(span, SLICE("<?")) >= 0);
}

/* Escapes between the marks of a URL: those stay as they are. */
static void
look_escapes(struct job *j, size_t i, struct slice part)
{
	size_t from, to;

	for (from = 0; from < part.n; from = to + 1) {
		struct slice word;

		for (to = from; to < part.n && part.p[to] &&
		     !strchr("/?#&=;,:@ \"<>", part.p[to]); to++)
			;
		word = slice_range(part, from, to);
		if (slice_chr(word, '%') >= 0)
			job_add_percent(j, i, word);
	}
}

void
job_look_part(struct job *j, size_t i, struct slice part,
	      const struct walk_at *at)
{
	size_t child, from = (size_t)(part.p - j->v[i].raw.p);
	struct nest n;

	if (j->n > PIECES_MAX || !is_nested(j, part, &n))
		return;
	if (n.coding == NEST_PERCENT) {
		look_escapes(j, i, part);
		return;
	}
	child = job_add_child(j, i, &(struct piece){
		.raw = part, .from = from, .to = from + part.n,
		.encode = job_encoder(NEST_PLAIN), .kind = FIELD_STRING,
	});
	job_look_value(j, child, at);
}

/* A coded value, or a document within the document: looked at decoded. */
static void
add_child(struct field_walk *w, const struct field *f)
{
	struct job *j = w->job;
	size_t i, from = (size_t)(f->span.p - j->v[w->piece].raw.p);

	i = job_add_child(j, w->piece, &(struct piece){
		.raw = f->value, .from = from, .to = from + f->span.n,
		.encode = w->format->encode, .kind = f->kind,
		.partial = has_comments(w->format, f->span),
	});
	job_look_value(j, i, w->at);
}

/* A handle cannot stand where a binary number does: another number can. */
static void
encode_binary(enum field_kind kind, struct slice value, struct buf *out)
{
	struct buf b;

	buf_init(&b, value.n + KiB);
	scrub_expand(value, &b, NULL);
	field_format_named("protobuf")->encode(kind, buf_slice(&b), out);
	buf_release(&b);
}

static void
add_number(struct field_walk *w, const struct field *f, const struct span *x)
{
	struct job *j = w->job;
	size_t i, from = (size_t)(f->span.p - j->v[w->piece].raw.p);

	i = job_add_child(j, w->piece, &(struct piece){
		.raw = f->value, .from = from, .to = from + f->span.n,
		.encode = encode_binary, .kind = FIELD_NUMBER, .whole = true,
	});
	if (x)
		spans_add(&j->v[i].spans, x);
	job_detect(j, i);
}

/* As the walker of whole gRPC bodies has it: "/0/1/3" in the first message. */
static struct slice
body_place(struct field_walk *w, const struct field *f)
{
	if (w->at->nth == 0)
		return f->place;
	return arena_fmt(w->job->scratch, "/%u%.*s", w->at->nth - 1,
			 SLICE_ARG(f->place));
}

/* The user's rules about places in exchanges (0: there is none): taken, or
 * kept as it stands?  Nested documents have no places of their own. */
static bool
mark_rule(struct field_walk *w, const struct field *f)
{
	struct piece *p = &w->job->v[w->piece];
	struct place place = {
		.exchange = w->at->exchange, .side = w->at->side,
		.part = w->at->part, .name = f->key,
	};
	struct slice rule, class;
	struct span x = {
		.from = (size_t)(f->span.p - p->raw.p), .rank = RANK_USER,
		.value = f->value, .place = f->place,
	};

	if (p->depth > 0 || w->at->exchange == 0 ||
	    !rules_have_places(w->job->s->rules))
		return false;
	if (place.part == PLACE_BODY)
		place.name = body_place(w, f);
	class = rules_field(w->job->s->rules, &place, &rule);
	if (class.n == 0)	/* parameters of a URL are no headers */
		return place.part != PLACE_HEADER &&
		       job_keep_place(w->job, w->piece, &place, f);
	x.class = class;
	x.rule = rule;
	x.to = x.from + f->span.n;
	if (w->format->binary && f->kind == FIELD_NUMBER) {
		x.from = 0;
		x.to = f->value.n;
		add_number(w, f, &x);
	} else {
		spans_add(&p->spans, &x);
	}
	return true;
}

/* The colons of URLs and times have no name before them. */
static bool
may_name(struct slice v)
{
	ssize_t at;

	if (slice_chr(v, '=') >= 0)
		return true;
	while ((at = slice_chr(v, ':')) >= 0) {
		v = slice_from(v, (size_t)at + 1);
		if (v.n > 1 && (v.p[0] == ' ' || v.p[0] == '\''))
			return true;
	}
	return false;
}

/* "…?token=x", "Server=…;Password=…": names within one value. */
static void
mark_named(struct field_walk *w, struct slice span)
{
	struct piece *p = &w->job->v[w->piece];
	size_t from = (size_t)(span.p - p->raw.p), k;
	struct spans found = { 0 };

	detect_named_in(w->job->s->detecting, span, &found);
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
	    slice_ieq(f->key, SLICE("key")) ||
	    slice_ieq(f->key, SLICE("field")) ||
	    slice_ieq(f->key, SLICE("param"))) {
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
scalar_number(struct field_walk *w, const struct field *f,
	      const struct key_row *row)
{
	struct span x = { .to = f->value.n, .rank = RANK_KEY,
			  .value = f->value, .place = f->place };

	if (row)
		x.class = x.rule = slice_str(row->class);
	if (row || (f->value.n >= DIGITS_MIN && is_integer(f->value)))
		add_number(w, f, row ? &x : NULL);
}

static void
scalar(struct field_walk *w, const struct field *f)
{
	const struct key_row *told = told_key(w, f);
	const struct key_row *row = told ? told : job_key(w->job, f->key);
	struct nest n;

	if (!row && w->deep && f->kind == FIELD_STRING &&
	    !key_describes(f->key))
		row = w->deep;
	if (row && !key_takes(row, f->value, w->at->where))
		row = NULL;
	if (row && f->kind == FIELD_NUMBER && !is_integer(f->value))
		row = NULL;
	if (w->format->binary && f->kind == FIELD_NUMBER)
		scalar_number(w, f, row);
	else if (row)
		mark_key(w, f, row);
	else if (f->value.p != f->span.p || w->format->binary ||
		 is_nested(w->job, f->value, &n))
		add_child(w, f);
	else if (f->kind == FIELD_STRING && may_name(f->span))
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
look_field(struct field_walk *w, const struct field *f)
{
	if (w->deep && f->span.p >= w->deep_end)
		w->deep = NULL;
	if (w->job->n > PIECES_MAX) {
		w->gave_up = true;
		return 1;
	}
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
		if (f->value.p != f->span.p || w->format->binary ||
		    (f->value.n <= FILE_MAX && job_key(w->job, f->key)))
			scalar(w, f);
		else if (slice_chr(f->value, '\0') < 0)
			add_child(w, f);	/* a file that may be text */
		break;
	case FIELD_BOOL:
	case FIELD_NULL:
		break;
	}
	return 0;
}

/* Nothing is kept of most fields: their places and values need the memory of
 * one. */
static int
on_field(void *arg, const struct field *f)
{
	struct field_walk *w = arg;
	struct job *j = w->job;
	const struct piece *p = &j->v[w->piece];
	size_t pieces = j->n, marks = p->spans.n + p->kept.n;
	int rc = look_field(w, f);

	if (!w->format->fleeting)
		return rc;
	p = &j->v[w->piece];
	if (j->n == pieces && p->spans.n + p->kept.n == marks &&
	    !(w->told && w->told_in.p == f->place.p))
		arena_rewind(j->scratch, &w->mark);
	else
		w->mark = arena_mark(j->scratch);
	return rc;
}

enum field_result
job_walk(struct job *j, size_t i, struct slice text,
	 const struct field_format *format, const struct walk_at *at)
{
	struct field_walk w = {
		.job = j, .piece = i, .format = format, .at = at,
		.mark = arena_mark(j->scratch),
	};

	enum field_result r;

	if (format->splice && text.p == j->v[i].raw.p)
		j->v[i].format = format;
	r = field_walk(format, j->scratch, text, on_field, &w);
	return w.gave_up ? FIELD_BROKEN : r;
}
