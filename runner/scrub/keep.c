/* Parts that stay as they stand, because a keep says that they are no secret. */
#include "job.h"

#include "handle.h"

static bool
lies_in(const struct span *x, const struct span *kept)
{
	return x->from >= kept->from && x->to <= kept->to;
}

void
job_keep(struct job *j, size_t i, const struct span *x)
{
	struct spans *kept = &j->v[i].kept;

	/* a field of a container that is kept: told once */
	if (kept->n > 0 && lies_in(x, &kept->v[kept->n - 1]))
		return;
	spans_add(kept, x);
}

bool
job_keep_place(struct job *j, size_t i, const struct place *p,
	       const struct field *f)
{
	size_t from = (size_t)(f->span.p - j->v[i].raw.p);
	struct slice rule;

	if (!rules_have_places(j->s->rules))
		return false;
	rule = rules_keep(j->s->rules, p);
	if (rule.n == 0)
		return false;
	job_keep(j, i, &(struct span){
		.from = from, .to = from + f->span.n, .rule = rule,
		.value = f->value, .place = f->place,
	});
	return true;
}

/*
 * What the user's own rules take is taken; so is the opening of a handle,
 * which would expand in a replay, and what reaches out of the kept part.
 */
static bool
stays(const struct piece *p, const struct span *x)
{
	size_t low = 0, high = p->kept.n;

	if (x->rank == RANK_USER ||
	    slice_eq(x->class, SLICE(HANDLE_LITERAL)))
		return false;
	while (low < high) {	/* the last one that begins before x */
		size_t mid = low + (high - low) / 2;

		if (p->kept.v[mid].from <= x->from)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && lies_in(x, &p->kept.v[low - 1]);
}

void
keep_drop(struct piece *p)
{
	size_t k, out = 0;

	if (p->kept.n == 0)
		return;
	for (k = 0; k < p->spans.n; k++) {
		if (!stays(p, &p->spans.v[k]))
			p->spans.v[out++] = p->spans.v[k];
	}
	p->spans.n = out;
}

/*
 * known_search() has gone over the kept parts too, where a value stands that
 * is a secret elsewhere; what is too short for that search is compared here.
 */
void
keep_known(struct job *j, struct piece *p)
{
	size_t k;

	for (k = 0; k < p->kept.n; k++) {
		const struct span *x = &p->kept.v[k];
		const struct known_value *v = known_find(j->s->known,
							 x->value);

		if (v)
			spans_add(&p->spans, &(struct span){
				.from = x->from, .to = x->to,
				.rank = RANK_KNOWN, .class = v->base,
				.rule = v->rule, .value = v->value,
				.place = x->place,
			});
	}
}

void
keep_settle(struct piece *p)
{
	size_t k, i = 0, out = 0;

	for (k = 0; k < p->kept.n; k++) {
		while (i < p->spans.n && p->spans.v[i].to <= p->kept.v[k].from)
			i++;
		if (i == p->spans.n || p->spans.v[i].from >= p->kept.v[k].to)
			p->kept.v[out++] = p->kept.v[k];
	}
	p->kept.n = out;
}
