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
check_replay(const struct places *at, const struct replay_result *r)
{
	text(at, r->reason, "a replay's reason");
	bytes(at, r->notes, r->nnotes * sizeof(*r->notes), "notes");
	for (size_t i = 0; i < r->nnotes; i++)
		text(at, r->notes[i], "a note");
	bytes(at, r->cases, r->ncases * sizeof(*r->cases), "cases");
	for (size_t i = 0; i < r->ncases; i++)
		check_case(at, &r->cases[i]);
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
