/* Cuts tapes to capture.max_tape (see fit.h). */
#include "fit.h"

#include <dvr/base/plural.h>
#include <dvr/judge/outcome.h>

#include <string.h>

#define REASON "left out: the tape was over max_tape"
/* What an exchange takes besides bodies and header lines, in YAML. */
#define EXCHANGE_BYTES 400u
/* A body below this is not worth a hole. */
#define CUT_MIN (4u * KiB)

static uint64_t
message_bytes(const struct message *m)
{
	uint64_t n = m->line.n + m->body.n;

	for (size_t i = 0; i < m->headers.n; i++)
		n += m->headers.v[i].line.n + 10;
	return n;
}

/* Without the data that the service began with, which has a limit of its own. */
static uint64_t
tape_bytes(const struct tape *t)
{
	uint64_t n = t->log_tail.n;

	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		n += EXCHANGE_BYTES + message_bytes(&x->request) +
		     message_bytes(&x->response);
		for (size_t k = 0; k < x->nmessages; k++)
			n += x->messages[k].payload.n;
	}
	return n;
}

/* Verdicts are made of it: what failed, and what failed in its body alone. */
static bool
is_evidence(const struct tape *t, const struct exchange *x)
{
	return x->id == t->trigger.exchange || outcome_of(x).body_errors;
}

/* The largest body that a replay does without; NULL: none. */
static struct message *
largest(const struct tape *t)
{
	struct message *found = NULL;

	for (size_t i = 0; i < t->nexchanges; i++) {
		struct exchange *x = &t->exchanges[i];
		size_t n = x->response.body.n;

		if (t->lanes[x->lane].role == LANE_INGRESS &&
		    x->nmessages == 0 && n >= CUT_MIN &&
		    (!found || n > found->body.n) && !is_evidence(t, x))
			found = &x->response;
	}
	return found;
}

static void
leave_out(struct message *m)
{
	m->withheld = SLICE(REASON);
	m->body = m->raw_body = m->decoded = (struct slice){ 0 };
}

static void
add_loss(struct tape *t, unsigned n)
{
	struct slice *v = arena_array(t->arena, t->nlosses + 1, sizeof(*v));

	if (t->nlosses)
		memcpy(v, t->losses, t->nlosses * sizeof(*v));
	v[t->nlosses++] = arena_fmt(t->arena, "the bodies of %u answer%s: "
				    "the tape was over max_tape", n,
				    plural(n));
	t->losses = v;
}

int
fit_tape(struct tape *t, size_t max, struct err *e)
{
	uint64_t now = tape_bytes(t);
	struct message *m;
	unsigned cut = 0;

	if (max == 0 || now <= max)
		return 0;
	while (now > max && (m = largest(t)) != NULL) {
		now -= m->body.n;
		leave_out(m);
		cut++;
	}
	if (now > max)
		return err_set(e, ERR_USAGE, "the tape would take %llu KiB, "
			       "more than capture: max_tape (%zu KiB), and what "
			       "is left is needed to replay it; raise max_tape, "
			       "or lower max_body",
			       (unsigned long long)(now / KiB), max / KiB);
	add_loss(t, cut);
	return 0;
}
