/* dvr show TAPE: what happened, exchange by exchange. */
#include "command.h"

#include <dvr/base/plural.h>
#include <dvr/judge/outcome.h>
#include <dvr/reporter.h>
#include <dvr/tape/yaml.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "show.h"

static const enum opt show_opts[] = { COMMON_OPTS, OPT_COUNT };

/* Longest body shown without -v: one screen for a tape. */
#define BODY_SHOWN 240
#define MESSAGES_SHOWN 10

struct view {
	const struct tape *t;
	bool colour, verbose;
};

static const char *
paint(const struct view *v, const char *code)
{
	return v->colour ? code : "";
}

/* Tapes are clean but not harmless: no control byte reaches the terminal. */
void
show_safe(struct slice s)
{
	struct buf b;

	buf_init(&b, 4 * s.n + 1);	/* "\xNN" */
	line_print(s, &b);
	fputs(buf_cstr(&b), stdout);
	buf_release(&b);
}

static void
show_body(const struct view *v, const struct message *m)
{
	struct slice b = m->body;
	size_t limit = v->verbose ? b.n : BODY_SHOWN;

	if (m->withheld.n) {
		printf("       (body withheld: ");
		show_safe(m->withheld);
		puts(")");
		return;
	}
	if (b.n == 0)
		return;
	if (!slice_is_utf8(b)) {
		printf("       (%zu bytes, not text)\n", b.n);
		return;
	}
	printf("       │ ");
	show_safe(slice_range(b, 0, limit));
	printf("%s\n", b.n > limit ? " …" : "");
}

static void
show_headers(const struct headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		printf("       ");
		show_safe(h->v[i].line);
		putchar('\n');
	}
}

/* A call's host, where its lane alone does not tell it: what a service asks of
 * a lane with a URL of its own goes to this machine. */
static void
show_host(const struct message *call)
{
	static const char *const ours[] = { "127.0.0.1", "localhost", "[::1]" };
	struct slice host = message_host(call);

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (slice_istarts(host, slice_str(ours[i])) &&
		    (host.n == strlen(ours[i]) ||
		     host.p[strlen(ours[i])] == ':'))
			return;
	show_safe(host);
}

static void
show_exchange(const struct view *v, const struct exchange *x)
{
	bool asked = v->t->lanes[x->lane].role == LANE_EGRESS;
	struct outcome o = outcome_of(x);
	char text[48];
	bool failing = x->id == v->t->trigger.exchange;

	printf("%s%s%3u  %9.3f ms  ", failing ? paint(v, "\033[1;31m") : "",
	       failing ? "▶" : " ", x->id, (double)x->request.at_us / 1000.0);
	if (asked) {
		printf("→ ");
		show_safe(v->t->lanes[x->lane].name);
		printf(" (for %u)  ", x->cause);
	}
	show_safe(message_method(&x->request));
	putchar(' ');
	if (asked && slice_starts(message_target(&x->request), SLICE("/")))
		show_host(&x->request);
	show_safe(message_target(&x->request));
	printf("  →  %s  (%.3f ms)%s\n", outcome_text(&o, text),
	       (double)(x->response.end_us - x->request.at_us) / 1000.0,
	       paint(v, "\033[0m"));
	if (v->verbose)
		show_headers(&x->request.headers);
	if (!exchange_joined(x, FROM_CLIENT))
		show_body(v, &x->request);
	if (v->verbose)
		show_headers(&x->response.headers);
	if (!exchange_joined(x, FROM_SERVER))
		show_body(v, &x->response);
	if (v->verbose)
		show_headers(&x->response.trailers);
	show_messages(x, v->verbose ? SIZE_MAX : MESSAGES_SHOWN);
}

static void
show_head(const struct view *v, const struct plan *p, const char *dir)
{
	const struct tape *t = v->t;
	char when[CLOCK_RFC3339_MAX];

	clock_rfc3339(t->recorded_us, when);
	printf("%s%.*s%s  %s\n", paint(v, "\033[1m"), SLICE_ARG(t->id),
	       paint(v, "\033[0m"), dir);
	printf("  recorded %s in %.*s, session ", when,
	       SLICE_ARG(t->namespace));
	show_safe(t->session);
	printf("\n  trigger: %s %d at exchange %u",
	       trigger_kind_name(t->trigger.kind), t->trigger.value,
	       t->trigger.exchange);
	if (t->trigger.detail.n) {
		printf(": ");
		show_safe(t->trigger.detail);
	}
	if (p->of)
		printf("\n  expect: %s · reproduces %u/%u%s",
		       expect_name(p->expect), p->hits, p->of,
		       p->hits ? "" : " (unproven)");
	if (p->of && p->alone_told)
		printf(" · by timing alone %u/%u", p->alone, p->of);
	if (p->of == 0)
		printf("\n  expect: %s · unproven: never verified",
		       expect_name(p->expect));
	if (t->origin.truncated)
		printf("\n  %llu exchange%s before the first %s not on it",
		       (unsigned long long)t->origin.truncated,
		       plural(t->origin.truncated),
		       t->origin.truncated == 1 ? "is" : "are");
	if (t->not_replayable.n) {
		printf("\n  not replayable: ");
		show_safe(t->not_replayable);
	}
	putchar('\n');
}

static void
show_tail(const struct view *v)
{
	const struct tape *t = v->t;

	for (size_t i = 0; i < t->nlosses; i++) {
		printf("  lost: ");
		show_safe(t->losses[i]);
		putchar('\n');
	}
	for (size_t i = 0; i < t->nmocks; i++) {
		printf("  mock: ");
		show_safe(t->mocks[i]);
		putchar('\n');
	}
	if (t->nscrubbed)
		printf("  scrubbed:");
	for (size_t i = 0; i < t->nscrubbed; i++) {
		putchar(' ');
		show_safe(t->scrubbed[i].rule);
		putchar(' ');
		show_safe(t->scrubbed[i].field);
		printf("%s", i + 1 < t->nscrubbed ? "," : "\n");
	}
	if (t->log_tail.n == 0)
		return;
	puts("  the service's last lines:");
	for (struct slice rest = t->log_tail; rest.p && rest.n;) {
		struct slice line = slice_cut(&rest, '\n');

		printf("  │ ");
		show_safe(line);
		putchar('\n');
	}
}

static int
show(const struct args *args, struct err *e)
{
	struct config cfg;
	struct tape t;
	struct plan p;
	struct view v = { .t = &t };
	char dir[4096];
	int rc = -1;

	if (args->nrest != 1)
		return err_set(e, ERR_USAGE, "show: which tape? `dvr ls` lists "
			       "them");
	if (command_config(args, &cfg, e) != 0)
		return -1;
	v.colour = command_colour(args, STDOUT_FILENO);
	if (command_tape(&cfg, args->rest[0], &t, &p, dir, e) != 0)
		goto out;
	v.verbose = args_has(args, OPT_VERBOSE);
	show_head(&v, &p, dir);
	for (size_t i = 0; i < t.nexchanges; i++)
		show_exchange(&v, &t.exchanges[i]);
	show_tail(&v);
	tape_release(&t);
	rc = 0;
out:
	config_release(&cfg);
	return rc;
}

const struct command cmd_show = {
	.name = "show",
	.usage = "[-v] TAPE",
	.summary = "what is on a tape",
	.help = "With -v: headers and whole bodies.\n",
	.opts = show_opts,
	.tapes = true,
	.run = show,
};
