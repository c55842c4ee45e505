/* Prints what was recorded, what was lost and what to do next. */
#include "summary.h"

#include "command.h"

#include <dvr/base/plural.h>

#include <stdio.h>
#include <stdlib.h>

struct print {
	bool colour;
	struct recorded *seen;
};

static const char *
paint(const struct print *p, const char *code)
{
	return p->colour ? code : "";
}

/* A sentence a line; in short where they did no harm. */
static void
print_mocks(const char *mocks, const struct verified *v)
{
	struct slice rest = slice_str(mocks);

	if (mocks && v && v->done && v->hits > 0) {
		fprintf(stderr, "\n        some credentials are mocks in "
			"replays, and it failed with them as recorded (dvr "
			"show)");
		return;
	}
	while (rest.n > 0) {
		struct slice line = slice_cut(&rest, '\n');

		fprintf(stderr, "\n        %.*s", SLICE_ARG(line));
	}
}

static void
print_tape(struct print *p, const struct ledger_tape *t,
	   const struct verified *v)
{
	/* A request line may be anything: bytes that no terminal should see. */
	char shown[QUOTE_MAX];
	const char *trigger = quote(slice_str(t->trigger), shown);
	const char *off = paint(p, "\033[0m");
	char q[QUOTE_MAX];

	if (t->error) {
		fprintf(stderr, "  %slost%s  %s: %s\n",
			paint(p, "\033[31m"), off, trigger, t->error);
		p->seen->trouble = p->seen->incomplete = true;
		return;
	}
	if (t->known) {
		fprintf(stderr, "  known: %s, seen %u×  (%s)\n", t->id,
			t->seen, trigger);
		return;
	}
	fprintf(stderr, "  %stape%s  %s%s%s  (%s%s", paint(p, "\033[32m"), off,
		paint(p, "\033[1m"), t->dir, off, trigger,
		t->seen > 1 ? ", " : ")");
	if (t->seen > 1)
		fprintf(stderr, "seen %u×)", t->seen);
	if (t->not_replayable)
		fprintf(stderr, "\n        not replayable: %s",
			t->not_replayable);
	else if (v && v->done && v->hits) {
		fprintf(stderr, "\n        reproduces: %u/%u on this build",
			v->hits, v->of);
		if (v->alone_told)
			fprintf(stderr, ", by timing alone %u/%u", v->alone,
				v->of);
	}
	else if (v && v->done)
		fprintf(stderr, "\n        unproven: reproduced 0 of %u replays "
			"on this build%s%s", v->of, v->why[0] ? ": " : "",
			v->why);
	else
		fprintf(stderr, "\n        unproven: %s",
			v && v->why[0] ? v->why : "not verified");
	if (v && v->unreached[0])
		fprintf(stderr, "\n        wanted %s, where no lane leads: on a "
			"build without the failure\n        that is an error; "
			"make it an egress lane, or list it in replay: reach "
			"or allow_unreached", v->unreached);
	if (t->loss && !t->not_replayable)
		fprintf(stderr, "\n        not on it: %s",
			quote(slice_str(t->loss), q));
	if (t->loss || t->not_replayable)
		p->seen->incomplete = true;
	if (v && v->uncaused)
		fprintf(stderr, "\n        %zu of %zu calls to dependencies "
			"came without X-DVR-Correlation-Id or traceparent\n"
			"        while requests overlapped: replays tell them "
			"apart by content and order", v->uncaused, v->calls);
	print_mocks(t->mocks, v);
	if (v && v->masked)
		fprintf(stderr, "\n        masked: %u earlier answer%s %s errors "
			"in a replay on this build too (replay.yaml)",
			v->masked, plural(v->masked),
			v->masked == 1 ? "has" : "have");
	fputc('\n', stderr);
}

static void
print_nothing_seen(struct recorder *r, const struct proxy_stats *ps)
{
	fprintf(stderr, "  no exchange was recorded: %llu connections were "
		"accepted, %llu were refused by the target.\n",
		(unsigned long long)ps->accepted,
		(unsigned long long)ps->connect_refused);
	if (ps->accepted == 0)
		fprintf(stderr, "  Does the suite use $DVR_BASE_URL (here %s)? "
			"What it sends elsewhere is not seen.\n",
			proxy_url(r->proxy, 0));
}

/* What no tape tells in full: TLS that failed, what was not opened. */
static void
print_notices(const struct proxy *p)
{
	static const struct { const char *says, *unit; } kinds[] = {
		[NOTICE_TLS_TARGET] = { "TLS with the target failed", "time" },
		[NOTICE_TLS_CLIENT] = { "TLS with a client failed", "time" },
		[NOTICE_TLS_ON_PLAIN] = { "a client spoke TLS to this plain "
			"lane", "time" },
		[NOTICE_PLAIN_ON_TLS] = { "a client spoke plainly to this TLS "
			"lane", "time" },
		[NOTICE_PASSTHROUGH] = { "passed through untouched, not "
			"recorded", "connection" },
		[NOTICE_FORWARD] = { "refused", "time" },
	};
	const struct proxy_notice *n;
	size_t count = proxy_notices(p, &n);
	char q[QUOTE_MAX];

	for (size_t i = 0; i < count; i++, n++) {
		fprintf(stderr, "  lane %s: %s: %s%s%s, %llu %s%s", n->lane,
			quote(slice_str(n->peer), q), kinds[n->kind].says,
			n->why[0] ? ": " : "", n->why,
			(unsigned long long)n->count, kinds[n->kind].unit,
			plural(n->count));
		if (n->kind == NOTICE_PASSTHROUGH)
			fprintf(stderr, ", %llu bytes up, %llu down",
				(unsigned long long)n->bytes_up,
				(unsigned long long)n->bytes_down);
		fputc('\n', stderr);
	}
}

static void
print_counts(const struct ledger_stats *s, const struct proxy_stats *ps)
{
	fprintf(stderr, "dvr: %llu exchange%s in %llu session%s",
		(unsigned long long)s->exchanges, plural(s->exchanges),
		(unsigned long long)s->sessions, plural(s->sessions));
	if (s->evicted)
		fprintf(stderr, ", %llu evicted from memory",
			(unsigned long long)s->evicted);
	if (s->cut_bodies)
		fprintf(stderr, ", %llu %s cut",
			(unsigned long long)s->cut_bodies,
			s->cut_bodies == 1 ? "body" : "bodies");
	if (s->lost_bytes)
		fprintf(stderr, ", %llu byte%s not kept",
			(unsigned long long)s->lost_bytes,
			plural(s->lost_bytes));
	if (s->ignored_rules)
		fprintf(stderr, ", %llu ignored by rule",
			(unsigned long long)s->ignored_rules);
	if (s->ignored_refused)
		fprintf(stderr, ", %llu refused (service not there: no "
			"trigger)", (unsigned long long)s->ignored_refused);
	if (ps->undecoded)
		fprintf(stderr, ", %llu connection%s that could not be read",
			(unsigned long long)ps->undecoded,
			plural(ps->undecoded));
	fputc('\n', stderr);
}

/* What to type next, word for word. */
static void
print_next(const struct recorder *r, const char *id)
{
	static const char *const verbs[] = { "show", "regress" };
	struct buf b;

	buf_init(&b, 16 * KiB);
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_fmt(&b, "dvr %s", verbs[i]);
		command_flag("-c", r->flags.config, &b);
		command_flag("--fixtures", r->flags.fixtures, &b);
		buf_fmt(&b, " %s · ", id);
	}
	fprintf(stderr, "  next: %scommit %s\n", buf_cstr(&b),
		r->cfg->fixtures);
	buf_release(&b);
}

/* What is not decoded triggers nothing, so it must be told. */
static void
print_undecoded(const struct proxy_stats *ps)
{
	if (ps->undecoded_5xx == 0)
		return;
	fprintf(stderr, "  %llu answer%s of 5xx on connections that are not "
		"decoded (a tunnel, or bytes that no\n        HTTP parser "
		"agrees on): no trigger, nothing of %s was written\n",
		(unsigned long long)ps->undecoded_5xx,
		plural(ps->undecoded_5xx),
		ps->undecoded_5xx == 1 ? "it" : "them");
}

void
summary_print(struct recorder *r, const struct verified *v,
	      const struct summary_style *style, struct recorded *seen)
{
	struct print p = { .colour = style->colour, .seen = seen };
	bool quiet = style->quiet;
	struct ledger_stats s;
	struct proxy_stats ps;
	size_t fresh = 0;

	*seen = (struct recorded){ .trouble = false };
	ledger_stats(r->ledger, &s);
	proxy_stats(r->proxy, &ps);
	if (!quiet || s.ntapes)
		print_counts(&s, &ps);
	if (s.exchanges == 0 && !quiet)
		print_nothing_seen(r, &ps);
	if (!quiet)
		print_notices(r->proxy);
	print_undecoded(&ps);
	if (r->service_died)
		fprintf(stderr, "  the service died: %s\n", r->death);
	for (size_t i = 0; i < s.ntapes; i++) {
		print_tape(&p, &s.tapes[i], v ? &v[i] : NULL);
		fresh += !s.tapes[i].known && !s.tapes[i].error;
	}
	if (s.exchanges && s.ntapes == 0 && !quiet)
		fprintf(stderr, "  nothing triggered: nothing was written\n");
	seen->incomplete |= s.lost_triggers > 0;
	seen->fresh = fresh > 0;
	if (fresh)
		print_next(r, s.tapes[0].id);
}
