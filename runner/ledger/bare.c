/* Takes everything out of a recording that a scrubber may have died of. */
#include "bare.h"

static void
bare_message(struct message *m, struct slice why)
{
	if (!m->present || m->body.n + m->raw_body.n == 0)
		return;
	m->body = m->raw_body = SLICE("");
	m->withheld = why;
}

static void
bare_exchange(struct exchange *x, struct slice why)
{
	bare_message(&x->request, why);
	bare_message(&x->response, why);
	for (size_t i = 0; i < x->ninterim; i++)
		bare_message(&x->interim[i], why);
	for (size_t i = 0; i < x->nmessages; i++) {
		if (x->messages[i].payload.n == 0)
			continue;
		x->messages[i].payload = SLICE("");
		x->messages[i].withheld = why;
	}
}

void
bare_recording(struct recording *r, const char *why)
{
	struct tape *t = &r->raw;
	struct slice text = arena_fmt(t->arena, "the scrubber did not survive "
				      "this recording (%s): bodies, state and "
				      "the log are withheld", why);
	struct slice *v = arena_array(t->arena, t->nlosses + 1, sizeof(*v));

	for (size_t i = 0; i < t->nexchanges; i++)
		bare_exchange(&t->exchanges[i],
			      SLICE("the scrubber did not survive it"));
	t->log_tail = SLICE("");
	t->nstate = 0;
	for (size_t i = 0; i < t->nlosses; i++)
		v[i] = t->losses[i];
	v[t->nlosses++] = text;
	t->losses = v;
	t->not_replayable = text;
}
