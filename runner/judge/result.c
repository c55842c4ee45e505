/* Words, counts and the exit code of results. */
#include <dvr/judge/result.h>

/* 128 + SIGINT: the run was interrupted before it could say anything. */
#define EXIT_INTERRUPTED 130

const char *
verdict_name(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
		return "pass";
	case VERDICT_FAILED:
		return "failed";
	case VERDICT_ERROR:
		return "error";
	case VERDICT_FLAKY:
		return "flaky";
	case VERDICT_XFAIL:
		return "xfail";
	case VERDICT_SKIPPED:
		return "skipped";
	}
	return "error";
}

const char *
risk_name(enum risk r)
{
	switch (r) {
	case RISK_HIGH:
		return "HIGH";
	case RISK_MEDIUM:
		return "MEDIUM";
	case RISK_LOW:
		return "LOW";
	}
	return "HIGH";
}

const char *
story_kind_name(enum story_kind k)
{
	switch (k) {
	case STORY_NONE:
		return "none";
	case STORY_TEXT:
		return "text";
	case STORY_BYTES:
		return "bytes";
	}
	return "none";
}

const struct replay_result *
tape_result_shown(const struct tape_result *t)
{
	const struct replay_result *erred = NULL, *known = NULL;

	for (size_t i = 0; i < t->nreplays; i++) {
		const struct replay_result *r = &t->replays[i];

		if (r->verdict == VERDICT_FAILED)
			return r;
		if (r->verdict == VERDICT_XFAIL && !known)
			known = r;
		if (r->verdict == VERDICT_ERROR)
			erred = r;
	}
	if (known)
		return known;
	if (erred)
		return erred;
	return t->nreplays ? &t->replays[t->nreplays - 1] : NULL;
}

const struct story *
tape_result_story(const struct tape_result *t)
{
	const struct replay_result *shown = tape_result_shown(t);

	if (!shown || shown->story.known)
		return shown ? &shown->story : NULL;
	for (size_t i = t->nreplays; i-- > 0;) {
		if (t->replays[i].story.known)
			return &t->replays[i].story;
	}
	return NULL;
}

void
results_totals(const struct results *r, struct totals *out)
{
	struct totals t = { 0 };

	for (size_t i = 0; i < r->ntapes; i++) {
		switch (r->tapes[i].verdict) {
		case VERDICT_PASS:
			t.pass++;
			break;
		case VERDICT_FAILED:
			t.failed++;
			break;
		case VERDICT_ERROR:
			t.error++;
			break;
		case VERDICT_FLAKY:
			t.flaky++;
			break;
		case VERDICT_XFAIL:
			t.xfail++;
			break;
		case VERDICT_SKIPPED:
			t.skipped++;
			break;
		}
	}
	*out = t;
}

static int
gravity(int code)
{
	/* A mismatch is what the run is for; a target that could not be
	 * tried says less than a tape that cannot be read. */
	static const int order[] = { ERR_NONE,	   ERR_USAGE,	 ERR_TARGET,
				     ERR_TAPE,	   ERR_MISMATCH, ERR_INTERNAL };

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (order[i] == code)
			return (int)i;
	}
	return 0;
}

static int
tape_code(const struct tape_result *t)
{
	switch (t->verdict) {
	case VERDICT_PASS:
	case VERDICT_FLAKY:
	case VERDICT_XFAIL:
	case VERDICT_SKIPPED:
		return ERR_NONE;
	case VERDICT_FAILED:
		return ERR_MISMATCH;
	case VERDICT_ERROR:
		return gravity((int)t->code) ? (int)t->code : ERR_TARGET;
	}
	return ERR_INTERNAL;
}

int
results_exit_code(const struct results *r)
{
	int worst = ERR_NONE;

	for (size_t i = 0; i < r->ntapes; i++) {
		int code = tape_code(&r->tapes[i]);

		if (gravity(code) > gravity(worst))
			worst = code;
	}
	if (worst != ERR_NONE)
		return worst;
	if (r->partial)
		return EXIT_INTERRUPTED;
	return r->ntapes ? ERR_NONE : ERR_NOTHING;
}
