/* Walks a result and looks where each of its pointers leads. */
#include "result_places.h"

#include <check.h>

/* The linker's: the first byte of the program and the one behind its data. */
extern const char __executable_start[], _end[];

struct places {
	const char *region;
	size_t n;
};

static void
bytes(const struct places *at, const void *what, size_t n, const char *name)
{
	const char *p = what;

	if (n == 0)
		return;
	if (p >= at->region && p + n <= at->region + at->n)
		return;
	if (p >= __executable_start && p + n <= _end)
		return;
	ck_abort_msg("%s lies at %p, outside the arena", name, what);
}

static void
text(const struct places *at, struct slice s, const char *name)
{
	bytes(at, s.p, s.n, name);
}

static void
check_case(const struct places *at, const struct case_result *c)
{
	text(at, c->name, "a case's name");
	text(at, c->type, "a case's type");
	text(at, c->message, "a case's message");
	text(at, c->want, "a case's want");
	text(at, c->got, "a case's got");
	bytes(at, c->diffs, c->ndiffs * sizeof(*c->diffs), "differences");
	for (size_t i = 0; i < c->ndiffs; i++) {
		text(at, c->diffs[i].place, "a difference's place");
		text(at, c->diffs[i].want, "a difference's want");
		text(at, c->diffs[i].got, "a difference's got");
	}
}

static void
check_body(const struct places *at, const struct story_body *b)
{
	text(at, b->type, "a body's type");
	text(at, b->part, "a body's part");
	text(at, b->withheld, "why a body is withheld");
}

static void
check_told(const struct places *at, const struct story_exchange *x)
{
	text(at, x->lane, "a lane");
	text(at, x->name, "a told name");
	text(at, x->want, "a told want");
	text(at, x->got, "a told got");
	check_body(at, &x->asked);
	check_body(at, &x->want_body);
	check_body(at, &x->got_body);
	bytes(at, x->links, x->nlinks * sizeof(*x->links), "links");
	for (size_t i = 0; i < x->nlinks; i++) {
		text(at, x->links[i].from, "a link's from");
		text(at, x->links[i].to, "a link's to");
	}
	bytes(at, x->scrubbed, x->nscrubbed * sizeof(*x->scrubbed),
	      "scrub entries");
	for (size_t i = 0; i < x->nscrubbed; i++) {
		text(at, x->scrubbed[i].rule, "a scrub rule");
		text(at, x->scrubbed[i].field, "a scrubbed field");
	}
}

static void
check_story(const struct places *at, const struct story *s)
{
	bytes(at, s->v, s->n * sizeof(*s->v), "told exchanges");
	for (size_t i = 0; i < s->n; i++)
		check_told(at, &s->v[i]);
	bytes(at, s->stores, s->nstores * sizeof(*s->stores), "stores");
	for (size_t i = 0; i < s->nstores; i++) {
		const struct story_store *one = &s->stores[i];

		text(at, one->name, "a store's name");
		text(at, one->provider, "a store's provider");
		bytes(at, one->gone, one->ngone * sizeof(*one->gone), "gone");
		bytes(at, one->come, one->ncome * sizeof(*one->come), "come");
		for (size_t k = 0; k < one->ngone; k++)
			text(at, one->gone[k], "a line that is gone");
		for (size_t k = 0; k < one->ncome; k++)
			text(at, one->come[k], "a line that came");
	}
}

static void
check_replay(const struct places *at, const struct replay_result *r)
{
	text(at, r->reason, "a replay's reason");
	bytes(at, r->notes, r->nnotes * sizeof(*r->notes), "notes");
	for (size_t i = 0; i < r->nnotes; i++)
		text(at, r->notes[i], "a note");
	bytes(at, r->cases, r->ncases * sizeof(*r->cases), "cases");
	for (size_t i = 0; i < r->ncases; i++)
		check_case(at, &r->cases[i]);
	text(at, r->diverged, "where it diverged");
	if (r->story.known)
		check_story(at, &r->story);
	if (r->timing.mode)
		bytes(at, r->timing.mode, 1, "the timing's mode");
}

void
result_places_check(const struct tape_result *r, const void *region, size_t n)
{
	const struct places at = { .region = region, .n = n };

	text(&at, r->id, "id");
	text(&at, r->file, "file");
	text(&at, r->classname, "classname");
	text(&at, r->reason, "reason");
	text(&at, r->expect, "expect");
	text(&at, r->log_tail, "log_tail");
	text(&at, r->command, "command");
	text(&at, r->hash, "hash");
	bytes(&at, r->replays, r->nreplays * sizeof(*r->replays), "replays");
	for (size_t i = 0; i < r->nreplays; i++)
		check_replay(&at, &r->replays[i]);
}
