/* Step mode: sends a tape's exchanges one by one at a dvr> prompt. */
#include "step.h"

#include "regression.h"

#include <dvr/judge/outcome.h>
#include <dvr/replay/replay.h>
#include <dvr/service/trust.h>

#include <editline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A breakpoint holds an answer back for as long as a person thinks. */
#define STEP_TIMEOUT_NS (24 * 3600 * NS_PER_S)
/* No answer for this long: probably a breakpoint; say that we wait. */
#define STEP_HINT_NS (2 * NS_PER_S)

struct step {
	struct loop *loop;
	struct tape tape;
	struct plan plan;
	struct mocks *mocks;
	struct tls_ca *ca;	/* of mocks that speak TLS; NULL: none does */
	struct trust *trust;
	struct replay *replay;
	struct loop_timer hint;
	struct scrub *scrub;	/* live text passes it */
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

/* 1 sent, 0 at the end, -1 the service cannot be reached. */
static int
step_next(struct step *s, struct err *e)
{
	const struct exchange *next = next_exchange(s), *recorded;
	const struct observed_exchange *seen;
	int rc;

	if (!next) {
		puts("[End] the tape is at its end");
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
	loop_timer_set(s->loop, &s->hint,
		       loop_now_ns(s->loop) + STEP_HINT_NS);
	rc = replay_step(s->replay, &recorded, &seen, e);
	loop_timer_cancel(s->loop, &s->hint);
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
prompt(struct step *s, struct err *e)
{
	bool tty = isatty(STDIN_FILENO);
	char *line = NULL;
	size_t cap = 0;
	int rc = 1;

	while (rc == 1) {
		if (tty) {
			free(line);
			line = readline("dvr> ");
			if (line && line[0])
				add_history(line);
		} else {
			fputs("dvr> ", stdout);
			fflush(stdout);
			if (getline(&line, &cap, stdin) < 0) {
				free(line);
				line = NULL;
			}
		}
		if (!line) {
			putchar('\n');
			break;
		}
		line[strcspn(line, "\r\n")] = '\0';
		if (!tty)
			puts(line);	/* a transcript reads like a session */
		rc = command(s, line, e);
	}
	free(line);
	return rc < 0 ? -1 : 0;
}

/* The service in the IDE must be told where the mocks are. */
static void
print_mocks(const struct step *s, const struct config *c)
{
	for (size_t i = 0; i < c->nlanes; i++) {
		const struct lane_config *l = &c->lanes[i];
		const char *url = l->role == LANE_EGRESS ?
					  mocks_url(s->mocks, l->name) :
					  NULL;

		if (url)
			printf("lane %s answers from the tape at %s=%s\n",
			       l->name, l->env ? l->env : l->forward ?
			       "HTTP_PROXY=HTTPS_PROXY" : "(no variable)",
			       url);
	}
	if (s->trust)
		printf("certificates to believe: SSL_CERT_FILE=%s\n",
		       trust_bundle(s->trust));
}

/* To the real dependency, by our own environment. */
static int
lead_out(struct mocks *m, const struct lane_config *l, struct err *e)
{
	struct env *env = env_create(true);
	char *url = service_expand(l->target, env, e);
	int rc = url ? mocks_target(m, l, url, e) : -1;

	free(url);
	env_destroy(env);
	return rc;
}

/* Mocks that speak TLS have an authority of this replay. */
static int
trust_up(struct step *s, const struct config *c, struct err *e)
{
	bool needed = false;

	for (size_t i = 0; i < c->nlanes; i++)
		needed |= c->lanes[i].role == LANE_EGRESS &&
			  (c->lanes[i].tls || c->lanes[i].forward);
	if (!needed)
		return 0;
	s->ca = tls_ca_create(e);
	return s->ca ? trust_create(s->ca, &s->trust, e) : -1;
}

/* As in a whole replay: also lanes that the tape does not know. */
static int
mocks_up(struct step *s, const struct config *c, struct err *e)
{
	if (mocks_create(s->loop, &s->tape, &s->plan, &s->mocks, e) != 0)
		return -1;
	mocks_on_miss(s->mocks, &c->replay);
	if (trust_up(s, c, e) != 0)
		return -1;
	for (size_t i = 0; i < c->nlanes; i++) {
		const struct lane_config *l = &c->lanes[i];

		if (l->role != LANE_EGRESS)
			continue;
		if (mocks_add_lane(s->mocks, l->name, e) != 0)
			return -1;
		mocks_speak(s->mocks, l, s->ca);
		if (c->replay.on_miss == ON_MISS_PASSTHROUGH && l->target &&
		    lead_out(s->mocks, l, e) != 0)
			return err_prefix(e, "lane %s: target", l->name);
	}
	return 0;
}

/* The service runs already, with data that are not ours to exchange. */
static void
warn_of_state(const struct tape *t)
{
	char q[QUOTE_MAX];

	if (t->nstate)
		warn("the tape has state ('%s') that step mode does not "
		     "restore: the service answers from the data that it has",
		     quote(t->state[0].name, q));
}

int
step_session(const struct args *args, struct config *c, struct err *e)
{
	struct step s = { .hint = { .fn = on_hint } };
	struct replay_options o = c->replay;
	char dir[4096];
	int rc = -1;

	if (command_tape(c, args->value[OPT_TAPE], &s.tape, &s.plan, dir, e))
		return -1;
	s.scrub = command_scrub(c, e);
	if (!s.scrub)
		goto out;
	o.target = args->value[OPT_TARGET];
	o.timeout_ns = o.margin_ns = STEP_TIMEOUT_NS;
	o.holds = false;
	if (regression_stubs(c, &s.tape, &s.plan, dir, e) == 0)
		s.loop = loop_create(&clock_system, e);
	if (!s.loop ||
	    mocks_up(&s, c, e) != 0 ||
	    replay_create(s.loop, &s.tape, &s.plan, s.mocks, &o, &s.replay, e))
		goto out;
	print_mocks(&s, c);
	warn_of_state(&s.tape);
	rc = prompt(&s, e);
out:
	replay_destroy(s.replay);
	mocks_destroy(s.mocks);
	trust_destroy(s.trust);
	tls_ca_destroy(s.ca);
	if (s.loop)
		loop_destroy(s.loop);
	if (s.scrub)
		scrub_destroy(s.scrub);
	tape_release(&s.tape);
	return rc;
}
