/* Finds what a scrubber would take from what is clean already. */
#include <dvr/scrub/inspect.h>

#include "coded.h"
#include "handle.h"
#include "message.h"
#include "recording.h"
#include "state.h"
#include "stream.h"
#include "tokens.h"

#include <string.h>

struct inspection {
	struct job *job;
	scrub_found_fn *fn;
	void *arg;
	const struct recording_work *tape;	/* NULL: text */
};

/* "3.resp.body" → 3 */
static uint32_t
exchange_of(struct slice place)
{
	uint64_t id;

	return slice_uint(slice_cut(&place, '.'), UINT32_MAX, &id) == 0 ?
		(uint32_t)id : 0;
}

/* Is there more than handles and the marks between them? */
static bool
says_something(struct slice value)
{
	struct handle h;
	size_t from = 0, at;
	bool more = true;

	if (slice_eq(value, SLICE("(withheld)")))
		return false;		/* our own word for a dropped line */
	while (more) {
		more = handle_next(value, from, &at, &h);
		for (size_t i = from; i < (more ? at : value.n); i++) {
			unsigned char c = (unsigned char)value.p[i];

			if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c >= 0x80)
				return true;
		}
		if (more)
			from = at + h.text.n;
	}
	return false;
}

/* Does the part lie in handles that are coded, and nothing beside them? */
static bool
is_coded_handle(struct slice text, size_t from, size_t to)
{
	struct arena *a;
	struct coded c;
	bool is = false;
	size_t at = 0;

	if (!coded_any(text))
		return false;
	a = arena_create();
	while (!is && at < to && coded_next(a, text, at, &c)) {
		is = c.from <= from && to <= c.to && !says_something(c.text);
		at = c.to;
	}
	arena_destroy(a);
	return is;
}

/* A rule of the user's that meets the beginning of what it once replaced. */
static bool
touches_handle(struct slice raw, const struct span *x)
{
	struct slice before = slice_range(raw, 0, x->from);

	return slice_starts(slice_from(raw, x->to), SLICE(HANDLE_OPEN)) ||
	       slice_ends(before, SLICE(HANDLE_CLOSE)) ||
	       slice_find(slice_range(raw, x->from, x->to),
			  SLICE(HANDLE_OPEN)) >= 0;
}

static bool
is_finding(const struct piece *p, const struct span *x)
{
	if (x->rank == RANK_EDIT || x->rank == RANK_CODED ||
	    slice_eq(x->class, SLICE(HANDLE_LITERAL)))
		return false;
	if (x->rank == RANK_USER && (touches_handle(p->raw, x) ||
	    (x->text.p && slice_eq(x->text, x->value))))
		return false;
	return says_something(x->value) &&
	       !is_coded_handle(p->raw, x->from, x->to) &&
	       !is_coded_handle(x->value, 0, x->value.n);
}

/* Names in a body may be secrets themselves. */
static struct slice
clean_place(struct inspection *in, const struct piece *p,
	    const struct span *x)
{
	struct slice place = p->place, done;
	struct buf b;

	if (!in->tape)
		return place;
	if (x->place.n > 0 && x->place.n <= 200 && slice_is_utf8(x->place) &&
	    slice_ends(place, SLICE(".body")))
		place = arena_fmt(in->job->scratch, "%.*s#%.*s",
				  SLICE_ARG(place), SLICE_ARG(x->place));
	buf_init(&b, 4 * KiB);
	scrub_text(in->job->s, place, &b);
	done = arena_copy(in->job->scratch, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* The body as it is on the tape: what was looked at may be decoded. */
static struct slice
coded_body(const struct message_work *v, size_t n, size_t piece)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].body == piece && v[i].in->present)
			return v[i].in->body;
	}
	return (struct slice){ 0 };
}

static struct slice
outermost(const struct inspection *in, size_t i)
{
	const struct recording_work *w = in->tape;
	const struct job *j = in->job;
	size_t from = 0, to = j->v[i].raw.n, k;
	struct slice body = { 0 };

	while (j->v[i].parent > 0) {
		from = j->v[i].from;
		to = j->v[i].to;
		i = j->v[i].parent - 1;
	}
	if (w)
		body = coded_body(w->messages, w->n, i);
	for (k = 0; w && body.n == 0 && k < w->in->nexchanges; k++)
		body = coded_body(w->streams[k].v,
				  w->in->exchanges[k].nmessages, i);
	if (body.n > 0 && body.p != j->v[i].raw.p)
		return body;
	return slice_range(j->v[i].raw, from, to);
}

static void
tell(struct inspection *in, size_t i, const struct span *x)
{
	const struct piece *p = &in->job->v[i];
	bool plain = p->parent == 0 && x->to <= p->raw.n;

	in->fn(in->arg, &(struct scrub_finding){
		.rule = x->rule, .place = clean_place(in, p, x),
		.exchange = exchange_of(p->place),
		.value = plain ? slice_range(p->raw, x->from, x->to) :
			x->value,
		.coded = outermost(in, i),
	});
}

static void
tell_all(struct inspection *in)
{
	struct job *j = in->job;

	job_settle(j);
	for (size_t i = 0; i < j->n; i++) {
		/* clean_place() adds no pieces to this job */
		const struct piece *p = &j->v[i];

		if (p->gave_up.n > 0)
			tell(in, i, &(struct span){
				.to = p->raw.n, .value = p->raw,
				.rule = SLICE("a rule hit its limits") });
		for (size_t k = 0; k < p->spans.n; k++) {
			if (is_finding(p, &p->spans.v[k]))
				tell(in, i, &p->spans.v[k]);
		}
	}
}

/* What nobody could look into. */
static void
tell_unread(struct inspection *in, const struct message_work *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].withheld.n == 0 || v[i].in->withheld.n > 0)
			continue;
		in->fn(in->arg, &(struct scrub_finding){
			.rule = v[i].withheld, .exchange = v[i].exchange,
			.place = arena_fmt(in->job->scratch, "%u.%s.body",
				v[i].exchange, v[i].side == PLACE_REQUEST ?
				"req" : "resp"),
			.coded = v[i].in->body, .value = v[i].in->body });
	}
}

static void
tell_unread_state(struct inspection *in, const struct recording_work *w)
{
	for (size_t i = 0; i < w->nstate; i++) {
		const struct tape_state *s = &w->in->state[w->state[i].state];
		struct slice bytes = s->files[w->state[i].file].bytes;

		if (w->state[i].withheld.n > 0)
			in->fn(in->arg, &(struct scrub_finding){
				.rule = SLICE("no text that can be read"),
				.place = arena_fmt(in->job->scratch,
					"state.%.*s", SLICE_ARG(s->name)),
				.coded = bytes, .value = bytes });
	}
}

static void
look_names(struct job *j, const struct tape *t)
{
	const struct slice one[] = { t->id, t->origin.commit, t->origin.build };

	for (size_t i = 0; i < ARRAY_LEN(one); i++)
		job_detect(j, job_add(j, one[i], SLICE("head")));
	for (size_t i = 0; i < t->nlanes; i++)
		job_detect(j, job_add(j, t->lanes[i].name, SLICE("lanes")));
	for (size_t i = 0; i < t->nscrubbed; i++)
		job_detect(j, job_add(j, t->scrubbed[i].field,
				      SLICE("scrubbed")));
}

void
scrub_inspect_tape(struct scrub *s, const struct tape *t, scrub_found_fn *fn,
		   void *arg)
{
	struct tape out = { .arena = arena_create() };
	struct recording_work w;
	struct inspection in = { .job = &w.job, .fn = fn, .arg = arg,
				 .tape = &w };

	recording_begin(&w, s, t, &out);
	w.job.ours = true;
	recording_look(&w);
	look_names(&w.job, t);
	tokens_look_again(&w.job, t);
	tell_all(&in);
	tell_unread(&in, w.messages, w.n);
	tell_unread_state(&in, &w);
	for (size_t i = 0; i < t->nexchanges; i++)
		tell_unread(&in, w.streams[i].v, t->exchanges[i].nmessages);
	job_release(&w.job);
	arena_destroy(out.arena);
}

void
scrub_inspect_text(struct scrub *s, struct slice text, bool named,
		   scrub_found_fn *fn, void *arg)
{
	struct job j;
	struct inspection in = { .job = &j, .fn = fn, .arg = arg };
	size_t i;

	job_init(&j, s);
	j.ours = true;
	i = job_add(&j, text, SLICE("text"));
	if (named)
		job_detect_text(&j, i);
	else
		job_detect(&j, i);
	tell_all(&in);
	job_release(&j);
}
