/* Step mode: sends a tape's exchanges one by one at a dvr> prompt. */
#include "step.h"

#include "prompt.h"
#include "regression.h"
#include "told.h"
#include "verify.h"

#include <dvr/judge/outcome.h>
#include <dvr/net/resolve.h>
#include <dvr/net/sock.h>
#include <dvr/replay/stepping.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* No answer for this long: probably a breakpoint; say that we wait. */
#define STEP_HINT_NS (2 * NS_PER_S)
/* A local port answers a connect, or refuses it, in far less. */
#define KNOCK_MS 1000

struct step {
	struct tape tape;
	struct plan plan;
	struct stepping *stepping;
	struct loop_timer hint;
	struct scrub *scrub;	/* live text passes it */
	const char *target;
	size_t at;		/* index of the next ingress exchange */
};

static void
on_hint(struct loop_timer *t)
{
	(void)t;
	puts("[Breakpoint hit in IDE] or a slow answer: waiting");
	fflush(stdout);
}

static void
put_clean(struct slice s)
{
	char q[QUOTE_MAX];

	fputs(quote(s, q), stdout);
}

/* The next exchange that the client sends, or NULL at the end. */
static const struct exchange *
next_exchange(const struct step *s)
{
	for (size_t i = s->at; i < s->tape.nexchanges; i++) {
		const struct exchange *x = &s->tape.exchanges[i];

		if (s->tape.lanes[x->lane].role == LANE_INGRESS)
			return x;
	}
	return NULL;
}

/* What the service says of itself: live, so it is scrubbed. */
static void
put_live(const struct step *s, struct slice raw)
{
	struct buf text;

	buf_init(&text, 64 * KiB);
	scrub_text(s->scrub, slice_words(raw, 1 * KiB), &text);
	put_clean(buf_slice(&text));
	buf_release(&text);
}

static void
print_answer(const struct step *s, const struct exchange *recorded,
	     const struct observed_exchange *seen)
{
	struct outcome want = outcome_of(recorded), got;
	struct slice line = SLICE("");
	char text[48];

	got = outcome_of(&seen->x);
	if (got.kind == OUTCOME_STATUS) {
		line = seen->x.response.line;
		slice_cut(&line, ' ');	/* HTTP/1.1 */
	}
	printf("[Received] ");
	if (line.p && line.n)
		put_live(s, line);
	else
		fputs(outcome_text(&got, text), stdout);
	if (!outcome_eq(&want, &got))
		printf("  (recorded: %s)", outcome_text(&want, text));
	putchar('\n');
}

static bool
is_refused(const struct address *a)
{
	struct pollfd io = { .events = POLLOUT };
	int error = 0;

	if (sock_connect(a, &io.fd) != 0)
		return errno == ECONNREFUSED;
	if (poll(&io, 1, KNOCK_MS) == 1)
		error = sock_connect_result(io.fd);
	close(io.fd);
	return error == ECONNREFUSED;
}

static void
on_addresses(void *arg, const struct address *found, size_t count,
	     const char *why)
{
	bool *refused = arg;

	(void)why;
	*refused = count > 0;
	for (size_t i = 0; i < count && *refused; i++)
		*refused = is_refused(&found[i]);
}

/*
 * Does this machine say that nobody listens there yet?  Names of other
 * machines are left to the engine.  A person starts the service meanwhile: an
 * end would take the ports away that it was just told of.
 */
static bool
nobody_there(const struct step *s)
{
	bool refused = false;
	struct resolve *r;
	struct url url;

	if (s->at > 0 || !isatty(STDIN_FILENO) ||
	    url_parse(slice_str(s->target), &url, NULL) != 0)
		return false;
	r = resolve_start(stepping_loop(s->stepping), url.host, url.port,
			  KNOCK_MS, on_addresses, &refused);
	if (r)
		resolve_cancel(r);
	return refused;
}

/* 1 sent, 0 at the end, or nobody is there to send to; -1 the service cannot
 * be reached. */
static int
step_next(struct step *s, struct err *e)
{
	const struct exchange *next = next_exchange(s), *recorded;
	const struct observed_exchange *seen;
	struct loop *l = stepping_loop(s->stepping);
	int rc;

	if (!next) {
		puts("[End] the tape is at its end");
		return 0;
	}
	if (nobody_there(s)) {
		printf("[Waiting] nobody listens at %s yet: start the "
		       "service, then next again\n", s->target);
		return 0;
	}
	s->at = (size_t)(next - s->tape.exchanges) + 1;
	printf("[Sent] ");
	put_clean(message_method(&next->request));
	putchar(' ');
	put_clean(message_target(&next->request));
	printf(" (Payload ID: %u)%s\n", next->id,
	       next->id == s->tape.trigger.exchange ? "  ← the failing one" :
						      "");
	fflush(stdout);
	loop_timer_set(l, &s->hint, loop_now_ns(l) + STEP_HINT_NS);
	rc = stepping_next(s->stepping, &recorded, &seen, e);
	loop_timer_cancel(l, &s->hint);
	if (rc == 1)
		print_answer(s, recorded, seen);
	fflush(stdout);
	return rc;
}

static void
list(const struct step *s)
{
	const struct exchange *next = next_exchange(s);

	for (size_t i = 0; i < s->tape.nexchanges; i++) {
		const struct exchange *x = &s->tape.exchanges[i];
		struct outcome o = outcome_of(x);
		char text[48];

		if (s->tape.lanes[x->lane].role != LANE_INGRESS)
			continue;
		printf("%s %3u  ", x == next ? "→" : " ", x->id);
		put_clean(message_method(&x->request));
		putchar(' ');
		put_clean(message_target(&x->request));
		printf("  %s\n", outcome_text(&o, text));
	}
}

/* 1 to go on, 0 to leave, -1 on trouble. */
static int
command(struct step *s, const char *line, struct err *e)
{
	struct slice word = slice_trim(slice_str(line));

	if (word.n == 0)
		return 1;
	if (slice_eq(word, SLICE("next")) || slice_eq(word, SLICE("n")))
		return step_next(s, e) < 0 ? -1 : 1;
	if (slice_eq(word, SLICE("continue")) || slice_eq(word, SLICE("c"))) {
		int rc;

		while ((rc = step_next(s, e)) == 1)
			;
		return rc < 0 ? -1 : 1;
	}
	if (slice_eq(word, SLICE("list")) || slice_eq(word, SLICE("l"))) {
		list(s);
		return 1;
	}
	if (slice_eq(word, SLICE("quit")) || slice_eq(word, SLICE("q")))
		return 0;
	if (!slice_eq(word, SLICE("help")))
		printf("unknown command; ");
	puts("next (n): send one · continue (c): send the rest · list (l) · "
	     "quit (q)");
	return 1;
}

static int
session(struct step *s, struct err *e)
{
	struct prompt *p = prompt_create(stepping_loop(s->stepping));
	const char *line;
	int rc = 1;

	while (rc == 1 && (line = prompt_line(p)) != NULL)
		rc = command(s, line, e);
	prompt_destroy(p);
	return rc < 0 ? -1 : 0;
}

/* Restored data are only those of a service that was started with them. */
static void
tell_state(const struct tape *t)
{
	char q[QUOTE_MAX];

	if (t->nstate)
		printf("the tape's state ('%s') is restored: a service that "
		       "was started before answers from older data\n",
		       quote(t->state[0].name, q));
}

int
step_session(const struct args *args, struct config *c, struct err *e)
{
	struct step s = { .hint = { .fn = on_hint },
		.target = args->value[OPT_TARGET] };
	struct trial_config cfg;
	char dir[4096];
	int rc = -1;

	if (command_tape(c, args->value[OPT_TAPE], &s.tape, &s.plan, dir, e))
		return -1;
	process_guard();
	s.scrub = command_scrub(c, e);
	if (!s.scrub || regression_stubs(c, &s.tape, &s.plan, dir, e) != 0)
		goto out;
	verify_trial_config(c, s.scrub, &cfg);
	cfg.target = s.target;
	cfg.by_hand = true;
	cfg.told = told_print;
	cfg.told_arg = stdout;
	if (stepping_open(&cfg, &s.tape, &s.plan, &s.stepping, e) != 0)
		goto out;
	tell_state(&s.tape);
	if (stepping_is_blind(s.stepping))
		printf("the certificate of %s is not verified\n",
		       cfg.target);
	rc = session(&s, e);
out:
	stepping_close(s.stepping);
	if (s.scrub)
		scrub_destroy(s.scrub);
	tape_release(&s.tape);
	return rc;
}
