/* Keeps the gravest finding of a replay and of each of its cases. */
#include "findings.h"

/* Text of the service in a message (bytes). */
#define CLEANED_MAX (16u * KiB)

static const struct finding_rule rules[] = {
	[FIND_CLEAN] = { VERDICT_PASS, ERR_NONE, "" },
	[FIND_UNACCEPTED] = { VERDICT_ERROR, ERR_MISMATCH, "dvr.unaccepted" },
	[FIND_PIN] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.pin" },
	[FIND_MISMATCH] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.mismatch" },
	[FIND_UNMADE] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.unmade" },
	[FIND_ORDER] = { VERDICT_ERROR, ERR_TARGET, "dvr.order" },
	[FIND_DIVERGED] = { VERDICT_ERROR, ERR_MISMATCH, "dvr.diverged" },
	[FIND_TRANSPORT] = { VERDICT_ERROR, ERR_TARGET, "dvr.transport" },
	[FIND_FAILURE] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.failure" },
	[FIND_MISS] = { VERDICT_ERROR, ERR_MISMATCH, "dvr.miss" },
	[FIND_UNREACHED] = { VERDICT_ERROR, ERR_MISMATCH, "dvr.unreached" },
	[FIND_DEATH] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.death" },
	[FIND_REPRODUCED] = { VERDICT_FAILED, ERR_MISMATCH, "dvr.reproduced" },
};

const struct finding_rule *
finding_rule(enum finding f)
{
	return &rules[f];
}

void
judging_find(struct judging *j, enum finding f, size_t at,
	     struct slice message)
{
	struct case_result *c;

	if (f > j->gravest) {
		j->gravest = f;
		j->r->reason = message;
	}
	if (at == NO_CASE)
		at = j->failing;
	if (at >= j->r->ncases || f <= j->found[at])
		return;
	c = &j->r->cases[at];
	j->found[at] = f;
	c->verdict = rules[f].verdict;
	c->type = slice_str(rules[f].type);
	c->message = message;
}

struct slice
judging_clean(const struct judging *j, struct slice raw)
{
	struct slice line;
	struct buf out;

	if (!j->in->clean || raw.n > CLEANED_MAX)
		return arena_fmt(j->a, "(%zu bytes)", raw.n);
	buf_init(&out, 4 * CLEANED_MAX);
	j->in->clean(j->in->clean_arg, raw, &out);
	line = arena_copy(j->a, slice_trim(buf_slice(&out)));
	buf_release(&out);
	return line;
}

struct slice
judging_clean_line(const struct judging *j, struct slice raw)
{
	struct slice text = judging_clean(j, raw);

	return slice_trim(slice_cut(&text, '\n'));
}

const struct exchange *
judging_exchange(const struct judging *j, size_t at)
{
	return &j->in->tape->exchanges[j->index[at]];
}

const struct observed_exchange *
judging_seen(const struct judging *j, size_t at)
{
	size_t i = j->index[at];

	return i < j->in->seen->n ? &j->in->seen->v[i] : NULL;
}
