/* From a recording to a clean tape. */
#include "recording.h"

#include "escapes.h"
#include "message.h"
#include "state.h"
#include "stream.h"
#include "tokens.h"

/* Distinct lines of the tape's list; what is beyond goes under one "*". */
#define ENTRIES_MAX 1000

/* Free texts of a tape that came from traffic or from the service. */
static void
texts(struct tape *t, struct slice **out, size_t *n)
{
	size_t i;

	*n = 0;
	out[(*n)++] = &t->namespace;
	out[(*n)++] = &t->session;
	out[(*n)++] = &t->trigger.detail;
	out[(*n)++] = &t->log_tail;
	out[(*n)++] = &t->not_replayable;
	for (i = 0; i < t->nlosses; i++)
		out[(*n)++] = &t->losses[i];
	for (i = 0; i < t->nexchanges; i++)
		out[(*n)++] = &t->exchanges[i].note;
}

#define TEXTS_FIXED 5

static void
add_message(struct recording_work *w, const struct message_work *m)
{
	w->messages = arena_grow(w->job.scratch, w->messages, w->n, &w->cap,
				 sizeof(*w->messages));
	w->messages[w->n++] = *m;
}

static void
copy_exchange(struct recording_work *w, size_t i)
{
	const struct exchange *in = &w->in->exchanges[i];
	struct exchange *out = &w->out->exchanges[i];
	size_t k;

	*out = (struct exchange){
		.id = in->id, .lane = in->lane, .conn = in->conn,
		.cause = in->cause, .injected = in->injected,
		.ninterim = in->ninterim, .note = in->note,
		.protocol = in->protocol, .stream = in->stream,
	};
	w->streams[i] = (struct stream_work){ .in = in, .out = out };
	if (in->ninterim)
		out->interim = arena_array(w->out->arena, in->ninterim,
					   sizeof(*out->interim));
	add_message(w, &(struct message_work){
		.in = &in->request, .out = &out->request, .exchange = in->id,
		.side = PLACE_REQUEST,
		.joined = exchange_joined(in, FROM_CLIENT) });
	for (k = 0; k < in->ninterim; k++)
		add_message(w, &(struct message_work){
			.in = &in->interim[k], .out = &out->interim[k],
			.exchange = in->id, .side = PLACE_RESPONSE });
	add_message(w, &(struct message_work){
		.in = &in->response, .out = &out->response,
		.exchange = in->id, .side = PLACE_RESPONSE,
		.joined = exchange_joined(in, FROM_SERVER) });
}

/* What is not from traffic: names of the configuration, numbers, times. */
static void
copy_head(const struct tape *in, struct tape *out)
{
	struct arena *a = out->arena;
	size_t i;

	out->id = arena_copy(a, in->id);
	out->signature = arena_copy(a, in->signature);
	out->namespace = in->namespace;
	out->session = in->session;
	out->recorded_us = in->recorded_us;
	out->trigger = in->trigger;
	out->origin.truncated = in->origin.truncated;
	out->origin.snapshot = in->origin.snapshot;
	out->origin.at_us = in->origin.at_us;
	out->origin.commit = arena_copy(a, in->origin.commit);
	out->origin.build = arena_copy(a, in->origin.build);
	out->origin.dvr = arena_copy(a, in->origin.dvr);
	out->not_replayable = in->not_replayable;
	out->descriptors = arena_copy(a, in->descriptors);
	out->log_tail = in->log_tail;
	out->nlanes = in->nlanes;
	out->lanes = arena_array(a, in->nlanes + 1, sizeof(*out->lanes));
	for (i = 0; i < in->nlanes; i++)
		out->lanes[i] = (struct tape_lane){
			.name = arena_copy(a, in->lanes[i].name),
			.role = in->lanes[i].role,
		};
	out->nlosses = in->nlosses;
	out->losses = arena_array(a, in->nlosses + 1, sizeof(*out->losses));
	for (i = 0; i < in->nlosses; i++)
		out->losses[i] = in->losses[i];
}

/* ---- texts ------------------------------------------------------------ */

static void
look_texts(struct recording_work *w)
{
	for (size_t i = 0; i < w->ntexts; i++) {
		struct slice **v = w->texts;

		w->pieces[i] = job_add(&w->job,
				       without_escapes(w->job.scratch, *v[i]),
				       v[i] == &w->out->log_tail ?
				       SLICE("log") : SLICE("text"));
		w->job.v[w->pieces[i]].keep_handles = true;
		job_detect_text(&w->job, w->pieces[i]);
	}
}

static void
store_texts(struct recording_work *w)
{
	for (size_t i = 0; i < w->ntexts; i++) {
		struct slice text = job_text(&w->job, w->pieces[i]);

		if (w->job.v[w->pieces[i]].gave_up.n > 0 ||
		    known_leaks(w->job.s->known, text))
			text = SLICE("(withheld)");
		*w->texts[i] = arena_copy(w->out->arena, text);
	}
}

/* ---- lists of what was done ------------------------------------------------ */

/* `hopeless`: without it the tape cannot be replayed. */
static void
add_loss(struct recording_work *w, struct slice text, bool hopeless)
{
	struct tape *t = w->out;

	/* copy_head() left room for what was there and one more */
	if (w->nlosses_cap == 0)
		w->nlosses_cap = t->nlosses + 1;
	t->losses = arena_grow(t->arena, t->losses, t->nlosses,
			       &w->nlosses_cap, sizeof(*t->losses));
	t->losses[t->nlosses++] = text;
	if (hopeless && t->not_replayable.n == 0)
		t->not_replayable = text;
}

static void
add_message_loss(struct recording_work *w, const struct message_work *m)
{
	struct slice part = m->nth == 0 ? SLICE("body") :
		arena_fmt(w->job.scratch, "message/%u", m->nth);

	add_loss(w, arena_fmt(w->out->arena, "%u.%s.%.*s withheld: %.*s",
		m->exchange, m->side == PLACE_REQUEST ? "req" : "resp",
		SLICE_ARG(part), SLICE_ARG(m->withheld)),
		/* replays end at a tunnel's head */
		m->in->framing != FRAMING_TUNNEL);
}

/* A folder without one of its files is still that folder; a store of which
 * nothing is left is none. */
static void
add_state_loss(struct recording_work *w, const struct state_work *x)
{
	const struct tape_state *s = &w->out->state[x->state];
	struct slice path = w->in->state[x->state].files[x->file].path;

	if (job_hit(&w->job, x->path))
		path = SLICE("a file");
	add_loss(w, arena_fmt(w->out->arena, "state %.*s: %.*s withheld: %.*s",
		SLICE_ARG(s->name), SLICE_ARG(path), SLICE_ARG(x->withheld)),
		s->nfiles == 0);
}

/* Places in the table of entries; more than twice as many as there may be. */
#define ENTRY_SLOTS (4u * 1024)
_Static_assert(ENTRY_SLOTS > ENTRIES_MAX * 4, "the table stays half empty");

static uint64_t
entry_hash(uint64_t h, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211ull;
	return h;		/* FNV-1a */
}

/* Where the entry's index + 1 stands, or 0 does. */
static uint32_t *
entry_slot(struct recording_work *w, struct slice rule, struct slice field)
{
	const struct scrub_entry *v = w->out->scrubbed;
	uint64_t h = entry_hash(entry_hash(1469598103934665603ull, rule),
				field);
	size_t i = (h ^ h >> 32) % ENTRY_SLOTS;

	if (!w->entries)
		w->entries = arena_array(w->job.scratch, ENTRY_SLOTS,
					 sizeof(*w->entries));
	while (w->entries[i] &&
	       !(slice_eq(v[w->entries[i] - 1].field, field) &&
		 slice_eq(v[w->entries[i] - 1].rule, rule)))
		i = (i + 1) % ENTRY_SLOTS;
	return &w->entries[i];
}

static void
add_entry(struct recording_work *w, struct slice rule, struct slice field)
{
	struct tape *t = w->out;
	uint32_t *slot = entry_slot(w, rule, field);

	if (*slot) {
		t->scrubbed[*slot - 1].count++;
		return;
	}
	if (t->nscrubbed >= ENTRIES_MAX * 2)
		return;
	t->scrubbed = arena_grow(t->arena, t->scrubbed, t->nscrubbed,
				 &w->nentries_cap, sizeof(*t->scrubbed));
	t->scrubbed[t->nscrubbed++] = (struct scrub_entry){
		.rule = arena_copy(t->arena, rule),
		.field = arena_copy(t->arena, field), .count = 1,
	};
	*slot = (uint32_t)t->nscrubbed;
}

/* A pointer is shown when it is clean itself: a key may be an address. */
static struct slice
entry_field(struct recording_work *w, const struct piece *p,
	    const struct span *x)
{
	struct slice place;

	if (w->out->nscrubbed >= ENTRIES_MAX)
		return SLICE("*");
	if (x->place.n == 0 || x->place.n > 200 ||
	    !slice_is_utf8(x->place) ||
	    (!slice_ends(p->place, SLICE(".body")) &&
	     !slice_starts(p->place, SLICE("state."))))
		return p->place;
	place = arena_fmt(w->job.scratch, "%.*s#%.*s", SLICE_ARG(p->place),
			  SLICE_ARG(x->place));
	return known_leaks(w->job.s->known, place) ? p->place : place;
}

static void
list_scrubbed(struct recording_work *w)
{
	size_t i, k;

	for (i = 0; i < w->job.n; i++) {
		const struct piece *p = &w->job.v[i];

		for (k = 0; k < p->spans.n; k++) {
			if (p->spans.v[k].rank != RANK_EDIT &&
			    p->spans.v[k].rank != RANK_CODED)
				add_entry(w, p->spans.v[k].rule,
					  entry_field(w, p, &p->spans.v[k]));
		}
		for (k = 0; k < p->kept.n; k++)
			add_entry(w, p->kept.v[k].rule,
				  entry_field(w, p, &p->kept.v[k]));
	}
}

/* ---- all of it --------------------------------------------------------- */

static void
store_stream(struct recording_work *w, struct stream_work *x)
{
	stream_store(&w->job, x, w->out->arena);
	for (size_t i = 0; i < x->in->nmessages; i++)
		if (x->v[i].withheld.n)
			add_message_loss(w, &x->v[i]);
}

void
recording_look(struct recording_work *w)
{
	size_t max = TEXTS_FIXED + w->in->nlosses + w->in->nexchanges, i;

	for (i = 0; i < w->n; i++)
		message_look(&w->job, &w->messages[i]);
	for (i = 0; i < w->in->nexchanges; i++)
		stream_look(&w->job, &w->streams[i]);
	w->state = state_look(&w->job, w->in, &w->nstate);
	w->texts = arena_array(w->job.scratch, max, sizeof(*w->texts));
	w->pieces = arena_array(w->job.scratch, max, sizeof(*w->pieces));
	texts(w->out, w->texts, &w->ntexts);
	look_texts(w);
	w->tokens = tokens_look(&w->job, &w->ntokens);
}

static void
store(struct recording_work *w)
{
	size_t i;

	store_texts(w);
	for (i = 0; i < w->n; i++) {
		message_store(&w->job, &w->messages[i], w->out->arena);
		if (w->messages[i].withheld.n)
			add_message_loss(w, &w->messages[i]);
	}
	for (i = 0; i < w->in->nexchanges; i++)
		store_stream(w, &w->streams[i]);
	state_store(&w->job, w->in, w->state, w->out);
	for (i = 0; i < w->nstate; i++) {
		if (w->state[i].withheld.n)
			add_state_loss(w, &w->state[i]);
	}
	tokens_store(&w->job, w->tokens, w->ntokens, w->out);
	list_scrubbed(w);
}

void
recording_begin(struct recording_work *w, struct scrub *s,
		const struct tape *in, struct tape *out)
{
	*w = (struct recording_work){ .in = in, .out = out };
	job_init(&w->job, s);
	copy_head(in, out);
	out->nexchanges = in->nexchanges;
	out->exchanges = arena_array(out->arena, out->nexchanges + 1,
				     sizeof(*out->exchanges));
	w->streams = arena_array(w->job.scratch, out->nexchanges + 1,
				 sizeof(*w->streams));
	for (size_t i = 0; i < out->nexchanges; i++)
		copy_exchange(w, i);
}

int
scrub_recording(struct scrub *s, const struct recording *in, struct tape *out,
		struct err *e)
{
	struct recording_work w;

	(void)e;	/* out of memory aborts; nothing else can fail */
	tape_init(out);
	if (!out->arena)
		out->arena = arena_create();
	known_trim(s->known);
	vouch_clear(&s->vouched);
	recording_begin(&w, s, &in->raw, out);
	recording_look(&w);
	job_finish(&w.job);
	store(&w);
	job_release(&w.job);
	return 0;
}
