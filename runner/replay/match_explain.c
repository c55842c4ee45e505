/* Words for an egress call that nobody recorded. */
#include "likeness.h"

#include <dvr/base/err.h>
#include <dvr/base/yaml.h>
#include <dvr/scrub/scrub.h>

/* A stub to paste holds the closest answer's body up to this size. */
#define STUB_BODY_MAX 2000
/* Live text beyond this is cut; less than what quote() cuts (bytes). */
#define SHOWN_MAX 120

static void
put_place(const struct unlike *d, struct buf *out)
{
	switch (d->place.part) {
	case PLACE_METHOD:
		buf_adds(out, "the method");
		return;
	case PLACE_PATH:
		buf_fmt(out, "path segment %.*s", SLICE_ARG(d->place.name));
		return;
	case PLACE_QUERY:
		buf_adds(out, "the query's ");
		break;
	case PLACE_BODY:
		if (d->place.name.n == 0) {
			buf_adds(out, "the body");
			return;
		}
		buf_adds(out, "the body's ");
		break;
	case PLACE_STATUS:
	case PLACE_HEADER:
	case PLACE_COOKIE:
		break;
	}
	buf_add(out, d->place.name);
}

/* Live text in quotes: whole words of it, because who cleans it does not know
 * a token by its half. */
static void
put_live(struct slice live, struct buf *out)
{
	struct slice shown = slice_words(live, SHOWN_MAX);
	char q[QUOTE_MAX];

	if (shown.n < live.n)
		buf_fmt(out, "'%s…' (%zu bytes)", quote(shown, q), live.n);
	else
		buf_fmt(out, "'%s'", quote(live, q));
}

static void
put_target(struct slice target, struct buf *out)
{
	struct slice shown = slice_words(target, SHOWN_MAX);
	char q[QUOTE_MAX];

	buf_fmt(out, "%s%s", quote(shown, q), shown.n < target.n ? "…" : "");
}

static void
put_unlike(const struct unlike *d, struct buf *out)
{
	char q[QUOTE_MAX];

	buf_adds(out, "; ");
	put_place(d, out);
	/* Where a secret was recorded, one is here; where nothing was, nobody
	 * has said that what is here is none. */
	if (d->live.p == NULL)
		buf_adds(out, " is missing");
	else if (d->recorded.n == 0 || scrub_has_handle(d->recorded))
		buf_fmt(out, " has another value of %zu bytes", d->live.n);
	else {
		buf_adds(out, " is ");
		put_live(d->live, out);
	}
	if (d->recorded.p == NULL)
		buf_adds(out, ", not on the tape");
	else
		buf_fmt(out, ", recorded '%s'", quote(d->recorded, q));
}

/* Was it recorded, and is only used up? */
static void
put_used_up(const struct match *m, const struct exchange *x,
	    const struct live_call *call, struct buf *out)
{
	bool left = !m->used[x - m->tape->exchanges];

	if (left && call->cause != 0)
		buf_fmt(out, "; it was recorded for exchange %u, and this one "
			"is made for exchange %u", x->cause, call->cause);
	else
		buf_adds(out, "; it was recorded, but every recorded answer "
			      "to it is used up: this is one call more");
}

void
match_explain(const struct match *m, const struct live_call *call,
	      struct buf *out)
{
	const struct exchange *x = match_nearest(m, call);
	struct likeness like = { .all = true };
	char q1[QUOTE_MAX], q2[QUOTE_MAX];
	bool other_host;

	buf_fmt(out, "%s: nobody recorded %s ", quote(call->lane, q1),
		quote(message_method(call->message), q2));
	put_target(call->host, out);
	put_target(match_target(call->message), out);
	if (call->cause != 0)
		buf_fmt(out, " (for exchange %u)", call->cause);
	if (x == NULL) {
		buf_adds(out, "; the tape holds no call on this lane");
		return;
	}
	buf_fmt(out, "; closest is exchange %u, %s %s", x->id,
		quote(message_method(&x->request), q1),
		quote(match_target(&x->request), q2));
	other_host = call->host.n > 0 &&
		     !slice_ieq(call->host, match_host(&x->request));
	if (other_host)
		buf_fmt(out, " of %s", quote(match_host(&x->request), q1));
	like.arena = arena_create();
	likeness_of(m, x, call->message, &like);
	for (size_t i = 0; i < like.n; i++)
		put_unlike(&like.v[i], out);
	if (like.differ > like.n)
		buf_fmt(out, "; and %zu more", like.differ - like.n);
	if (like.differ == 0 && !other_host)
		put_used_up(m, x, call, out);
	arena_wipe(like.arena);
}

void
match_offer(const struct match *m, const struct live_call *call,
	    struct buf *out)
{
	bool suspect;
	const struct exchange *x = match_example(m, call, &suspect);
	const struct message *answer = x ? &x->response : NULL;
	const struct header *type = answer ? headers_find(&answer->headers,
							  "Content-Type")
					   : NULL;
	unsigned status = answer ? message_status(answer) : 0;

	buf_adds(out, "  - {lane: ");
	yaml_put(out, call->lane);
	buf_adds(out, ", method: ");
	yaml_put(out, message_method(call->message));
	buf_adds(out, ", path: ");
	yaml_put(out, match_target(call->message));
	buf_fmt(out, ", status: %u", status ? status : 200);
	if (type != NULL) {
		buf_adds(out, ", headers: [");
		yaml_put(out, type->line);
		buf_adds(out, "]");
	}
	if (answer && answer->body.n > 0 && answer->body.n <= STUB_BODY_MAX) {
		buf_adds(out, ", body: ");
		yaml_put(out, answer->body);
	}
	buf_adds(out, "}\n");
	if (x != NULL && suspect)
		buf_fmt(out, "    # the answer of exchange %u, which may be "
			"what the failure comes from: write a good one\n",
			x->id);
	else if (x != NULL)
		buf_fmt(out, "    # the answer of exchange %u\n", x->id);
}
