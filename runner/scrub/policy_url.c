/* Reading URLs: the request's target, and those in header fields. */
#include "reading.h"

#include <dvr/field/header.h>

#include <stdio.h>
#include <string.h>

/* "5; url=https://…?token=x": the query up to what ends a URL. */
void
read_url(const struct reading *r)
{
	ssize_t at = slice_chr(r->value, '?');
	struct walk_at in = *r->at;
	struct slice query;
	size_t n = 0;

	job_look_part(r->job, r->piece, at < 0 ? r->value :
		      slice_range(r->value, 0, (size_t)at), r->at);
	if (at < 0)
		return;
	query = slice_from(r->value, (size_t)at + 1);
	while (n < query.n && !strchr("#>\" ", query.p[n]))
		n++;
	in.part = PLACE_HEADER;
	in.where = KEY_URL;
	job_walk(r->job, r->piece, slice_range(query, 0, n),
		 field_format_named("query"), &in);
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
	struct walk_at in = *at;

	in.part = PLACE_QUERY;
	in.where = KEY_URL;
	target_path(j, i, q < 0 ? target : slice_range(target, 0, (size_t)q),
		    at);
	if (q >= 0)
		job_walk(j, i, slice_from(target, (size_t)q + 1),
			 field_format_named("query"), &in);
	job_detect(j, i);
}
