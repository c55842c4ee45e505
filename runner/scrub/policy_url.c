/* Reading URLs: the request's target, and those in header fields. */
#include "reading.h"

#include <dvr/field/header.h>

#include <stdio.h>
#include <string.h>

/* "name=value&…" of a query, of a fragment, of one parameter of a path. */
static void
read_pairs(const struct reading *r, struct slice pairs)
{
	struct walk_at in = *r->at;

	in.part = PLACE_HEADER;
	in.where = KEY_URL;
	job_walk(r->job, r->piece, pairs, field_format_named("query"), &in);
}

/* "/a;jsessionid=x;v=1/b": parameters of a path's segments. */
static void
read_matrix(const struct reading *r, struct slice path)
{
	while (path.p) {
		struct slice seg = slice_cut(&path, '/');

		slice_cut(&seg, ';');
		while (seg.p)
			read_pairs(r, slice_trim(slice_cut(&seg, ';')));
	}
}

static size_t
up_to(struct slice s, const char *ends)
{
	size_t n = 0;

	while (n < s.n && (!s.p[n] || !strchr(ends, s.p[n])))
		n++;
	return n;
}

/* "5; url=https://…?token=x#state=y": each up to what ends it. */
void
read_url(const struct reading *r)
{
	size_t n = up_to(r->value, "?#");
	struct slice rest = slice_range(r->value, 0, n);

	job_look_part(r->job, r->piece, rest, r->at);
	read_matrix(r, rest);
	for (rest = slice_from(r->value, n); rest.n > 0 &&
	     strchr("?#", rest.p[0]); rest = slice_from(rest, n)) {
		rest = slice_from(rest, 1);
		n = up_to(rest, "#>\" ");
		read_pairs(r, slice_range(rest, 0, n));
	}
}

/* "<https://…?token=x>; rel=next, <https://…>; anchor=\"…\"" */
void
read_links(const struct reading *r)
{
	struct header_walk w = header_walk(HEADER_LIST, r->value);
	struct header_part p;

	while (header_next(&w, &p)) {
		struct reading one = *r;

		/* Without its <> a query's '=' parts the target. */
		one.value = p.value.p && (p.nth > 0 || p.name.n == 0) ?
			p.value : p.text;
		if (one.value.n > 0)
			read_url(&one);
	}
}

/* A path segment that is coded is looked at decoded. */
static void
target_path(struct job *j, size_t i, struct slice path,
	    const struct walk_at *at)
{
	struct slice rest = path;
	unsigned index = 0;
	bool first = true;

	while (rest.p) {
		struct slice seg = slice_cut(&rest, '/');
		struct place p = { .exchange = at->exchange,
				   .side = at->side, .part = PLACE_PATH };
		struct slice rule, class;
		char name[16];

		if (first && seg.n == 0) {	/* before the first slash */
			first = false;
			continue;
		}
		first = false;
		p.name = slice_of(name, (size_t)snprintf(name, sizeof(name),
							 "%u", index++));
		if (seg.n == 0)
			continue;
		class = rules_field(j->s->rules, &p, &rule);
		if (class.n) {
			struct piece *q = &j->v[i];

			spans_add(&q->spans, &(struct span){
				.from = (size_t)(seg.p - q->raw.p),
				.to = (size_t)(seg.p - q->raw.p) + seg.n,
				.rank = RANK_USER, .class = class,
				.rule = rule, .value = seg,
			});
		} else if (job_keep_place(j, i, &p, &(struct field){
				   .span = seg, .value = seg })) {
			continue;
		} else {
			job_look_part(j, i, seg, at);
		}
	}
}

void
policy_target(struct job *j, size_t i, struct slice target,
	      const struct walk_at *at)
{
	ssize_t q = slice_chr(target, '?');
	struct slice path = q < 0 ? target :
		slice_range(target, 0, (size_t)q);
	struct walk_at in = *at;

	in.part = PLACE_QUERY;
	in.where = KEY_URL;
	target_path(j, i, path, at);
	read_matrix(&(struct reading){ .job = j, .piece = i, .at = at }, path);
	if (q >= 0)
		job_walk(j, i, slice_from(target, (size_t)q + 1),
			 field_format_named("query"), &in);
	job_detect(j, i);
}
