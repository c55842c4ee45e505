/* The report for people: a line a tape, then what failed and how to see it. */
#include "reporters.h"

#include <dvr/base/plural.h>

#include <stdio.h>

/* Lines of a dead service's log that are shown without --verbose. */
#define LOG_LINES 15
/* Narrowest column of the exchanges' names. */
#define NAME_MIN 20
/* Widest outcome column; "connection reset in a 200" is cut. */
#define OUTCOME_MAX 20
/* Points where tapes first went another way. */
#define TROUBLES_SHOWN 10

enum paint { PLAIN, GREEN, RED, YELLOW, DIM, BOLD };

static const char *const codes[] = {
	[PLAIN] = "0", [GREEN] = "32", [RED] = "31",
	[YELLOW] = "33", [DIM] = "2",  [BOLD] = "1",
};

struct look {
	const char *symbol, *word;
	enum paint paint;
};

static const struct look looks[] = {
	[VERDICT_PASS] = { "✓", "pass", GREEN },
	[VERDICT_FAILED] = { "✗", "FAIL", RED },
	[VERDICT_ERROR] = { "!", "ERROR", RED },
	[VERDICT_FLAKY] = { "~", "flaky", YELLOW },
	[VERDICT_XFAIL] = { "○", "xfail", YELLOW },
	[VERDICT_SKIPPED] = { "-", "skip", DIM },
};

struct screen {
	const struct report_style *style;
	struct buf *out;
};

static void
paint(const struct screen *s, enum paint p)
{
	if (s->style->colour)
		buf_fmt(s->out, "\x1b[%sm", codes[p]);
}

static void
painted(const struct screen *s, enum paint p, const char *text)
{
	paint(s, p);
	buf_adds(s->out, text);
	paint(s, PLAIN);
}

/* Characters, not bytes: what a terminal's columns are about. */
static size_t
width_of(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Safe text in a column: padded, and cut with an ellipsis. */
static void
column(const struct screen *s, struct slice text, size_t width)
{
	struct buf b;
	struct slice shown;
	size_t have;

	buf_init(&b, MiB);
	line_print(text, &b);
	shown = buf_slice(&b);
	have = width_of(shown);
	if (have > width) {
		while (shown.n > 0 && width_of(shown) >= width)
			shown.n--;
		buf_add(s->out, shown);
		buf_adds(s->out, "…");
		have = width;
	} else {
		buf_add(s->out, shown);
	}
	while (have++ < width)
		buf_addc(s->out, ' ');
	buf_release(&b);
}

static unsigned
columns_of(const struct screen *s)
{
	unsigned n = s->style->columns ? s->style->columns : 80;

	return n < 60 ? 60 : n > 120 ? 120 : n;
}

static bool
gates(enum verdict v)
{
	return v == VERDICT_FAILED || v == VERDICT_ERROR;
}

/* "  ✗ FAIL   post-checkout-pay-500-7889a          0.412 s", behind `used`
 * columns that are taken. */
static void
print_line(const struct screen *s, const struct tape_result *t, size_t used)
{
	const struct look *look = &looks[t->verdict];

	buf_adds(s->out, "  ");
	paint(s, look->paint);
	buf_fmt(s->out, "%s %-5s", look->symbol, look->word);
	paint(s, PLAIN);
	buf_adds(s->out, "  ");
	column(s, t->id, columns_of(s) - 22 - used);
	buf_adds(s->out, "  ");
	seconds_print(t->seconds, s->out);
	buf_adds(s->out, " s\n");
	if (t->verdict == VERDICT_PASS && !s->style->verbose)
		return;
	buf_adds(s->out, "           ");
	line_print(t->reason, s->out);
	buf_addc(s->out, '\n');
}

/* Widths of the columns of one replay's cases. */
struct widths {
	size_t name, want, got;
};

static size_t
max_width(size_t have, struct slice text)
{
	size_t n = width_of(text);

	return n > have ? n : have;
}

static struct widths
measure(const struct screen *s, const struct replay_result *r)
{
	struct widths w = { NAME_MIN, 3, 3 };
	size_t room;

	for (size_t i = 0; i < r->ncases; i++) {
		w.name = max_width(w.name, r->cases[i].name);
		w.want = max_width(w.want, r->cases[i].want);
		w.got = max_width(w.got, r->cases[i].got);
	}
	w.want = w.want > OUTCOME_MAX ? OUTCOME_MAX : w.want;
	w.got = w.got > OUTCOME_MAX ? OUTCOME_MAX : w.got;
	/* "    ✗   5  NAME  WANT → GOT  0.003 s" */
	room = columns_of(s) - 26 - w.want - w.got;
	if (w.name > room)
		w.name = room > NAME_MIN ? room : NAME_MIN;
	return w;
}

static void
print_case(const struct screen *s, const struct case_result *c,
	   const struct widths *w)
{
	const struct look *look = &looks[c->verdict];
	bool same = slice_eq(c->want, c->got);

	buf_adds(s->out, "    ");
	painted(s, look->paint, look->symbol);
	buf_fmt(s->out, " %3u  ", c->exchange);
	column(s, c->name, w->name);
	buf_adds(s->out, "  ");
	column(s, c->want, w->want);
	buf_adds(s->out, " → ");
	if (!same || gates(c->verdict))
		paint(s, gates(c->verdict) ? RED : YELLOW);
	column(s, c->got, w->got);
	if (!same || gates(c->verdict))
		paint(s, PLAIN);
	buf_adds(s->out, "  ");
	seconds_print(c->seconds, s->out);
	buf_adds(s->out, " s\n");
}

static void
print_diffs(const struct screen *s, const struct replay_result *r)
{
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		for (size_t k = 0; k < c->ndiffs; k++) {
			const struct difference *d = &c->diffs[k];

			buf_adds(s->out, "      ");
			paint(s, d->risk == RISK_HIGH ? RED
				 : d->risk == RISK_MEDIUM ? YELLOW : DIM);
			buf_fmt(s->out, "%-6s", risk_name(d->risk));
			paint(s, PLAIN);
			buf_addc(s->out, ' ');
			line_print(d->place, s->out);
			buf_adds(s->out, "\n        on the tape ");
			line_print(d->want, s->out);
			buf_adds(s->out, "\n        live        ");
			line_print(d->got, s->out);
			buf_addc(s->out, '\n');
		}
		if (c->more)
			buf_fmt(s->out, "      and %zu more differences in "
				"exchange %u\n", c->more, c->exchange);
	}
}

/* The last lines only; the rest is in the verbose report and in JUnit. */
static void
print_log(const struct screen *s, struct slice log)
{
	size_t lines = 0, from;

	while (slice_ends(log, SLICE("\n")))
		log.n--;
	if (log.n == 0)
		return;
	for (from = log.n; from > 0; from--) {
		if (log.p[from - 1] == '\n' && ++lines == LOG_LINES &&
		    !s->style->verbose)
			break;
	}
	buf_adds(s->out, "\n    the service's last lines\n");
	lines_print(slice_from(log, from), "    │ ", s->out);
}

static void
labelled(const struct screen *s, const char *label, struct slice text)
{
	struct slice line;

	if (text.n == 0)
		return;
	buf_fmt(s->out, "    %-10s ", label);
	line = slice_cut(&text, '\n');
	line_print(line, s->out);
	buf_addc(s->out, '\n');
	/* Further lines may be anything, so they stand behind a gutter. */
	lines_print(text, "               │ ", s->out);
}

/* Text to paste, so: at the margin, and as it is to stand in the file. */
static void
print_stubs(const struct screen *s, const struct tape_result *t,
	    const struct replay_result *r)
{
	struct slice dir = t->file;
	bool list = slice_starts(r->stubs, SLICE("stubs:"));

	if (r->stubs.n == 0)
		return;
	while (dir.n > 0 && dir.p[dir.n - 1] != '/')
		dir.n--;
	buf_adds(s->out, "\n    If the new calls are right, answer them: add "
		 "this ");
	buf_adds(s->out, list ? "to " : "to the list 'stubs' in ");
	line_print(dir, s->out);
	buf_adds(s->out, "replay.yaml\n\n");
	lines_print(r->stubs, "", s->out);
	buf_addc(s->out, '\n');
}

static void
print_details(const struct screen *s, const struct tape_result *t)
{
	const struct replay_result *r = tape_result_shown(t);
	struct widths w = { 0 };
	struct buf b;

	buf_init(&b, 64 * KiB);
	buf_addc(s->out, '\n');
	if (r)
		w = measure(s, r);
	for (size_t i = 0; r && i < r->ncases; i++)
		print_case(s, &r->cases[i], &w);
	if (r && r->ncases)
		buf_addc(s->out, '\n');
	if (r)
		print_diffs(s, r);
	place_of_case(t, first_bad_case(r), &b);
	labelled(s, "tape", buf_slice(&b));
	if (r && r->timing.known) {
		buf_clear(&b);
		timing_print(&r->timing, &b);
		labelled(s, "timing", buf_slice(&b));
	}
	if (r && r->isolation)
		labelled(s, "isolation", slice_str(r->isolation));
	buf_clear(&b);
	odds_print(t, &b);
	labelled(s, "odds", buf_slice(&b));
	for (size_t i = 0; r && i < r->nnotes; i++)
		labelled(s, "note", r->notes[i]);
	if (r)
		print_stubs(s, t, r);
	print_log(s, t->log_tail);
	if (t->command.n) {
		buf_addc(s->out, '\n');
		paint(s, BOLD);
		labelled(s, "reproduce", t->command);
		paint(s, PLAIN);
	}
	buf_addc(s->out, '\n');
	buf_release(&b);
}

static void
count(const struct screen *s, unsigned n, const char *word, enum paint p,
      bool *first)
{
	if (n == 0)
		return;
	buf_adds(s->out, *first ? " " : ", ");
	*first = false;
	paint(s, p);
	buf_fmt(s->out, "%u %s", n, word);
	paint(s, PLAIN);
}

static void
print_summary(const struct screen *s, const struct results *r)
{
	unsigned unproven = 0, started = 0, resets = 0;
	bool first = true;
	struct totals n;

	results_totals(r, &n);
	for (size_t i = 0; i < r->ntapes; i++) {
		unproven += r->tapes[i].unproven;
		started += r->tapes[i].started;
		resets += r->tapes[i].resets;
	}
	paint(s, BOLD);
	buf_fmt(s->out, "%zu tape%s:", r->ntapes, plural(r->ntapes));
	paint(s, PLAIN);
	count(s, n.failed, "failed", RED, &first);
	count(s, n.error, n.error == 1 ? "error" : "errors", RED, &first);
	count(s, n.flaky, "flaky", YELLOW, &first);
	count(s, n.xfail, "known to fail", YELLOW, &first);
	count(s, n.skipped, "quarantined", DIM, &first);
	count(s, n.pass, "passed", GREEN, &first);
	buf_adds(s->out, first ? " nothing to say in " : " in ");
	seconds_print(r->seconds, s->out);
	buf_adds(s->out, " s");
	if (started)
		buf_fmt(s->out, "; %u service%s started", started,
			plural(started));
	if (resets)
		buf_fmt(s->out, ", %u reset%s", resets,
			plural(resets));
	if (unproven)
		buf_fmt(s->out, "; %u unproven", unproven);
	if (r->partial)
		buf_adds(s->out, "; interrupted, not every tape was tried");
	buf_addc(s->out, '\n');
}

static void
print_worst_timing(const struct screen *s, const struct results *r)
{
	const struct timing *t = timing_worst(r);

	if (!t)
		return;
	paint(s, DIM);
	buf_adds(s->out, r->ntapes > 1 ? "timing, the latest tape: "
				       : "timing: ");
	timing_print(t, s->out);
	paint(s, PLAIN);
	buf_addc(s->out, '\n');
}

/* Of several failures: is it one trouble, or are they many? */
static void
print_troubles(const struct screen *s, const struct results *r)
{
	struct arena *a = arena_create();
	struct trouble *v;
	size_t n = results_troubles(r, a, &v, NULL), bad = 0;
	struct buf count;

	buf_init(&count, 64);
	for (size_t i = 0; i < n; i++)
		bad += v[i].n;
	if (bad > 1) {
		paint(s, BOLD);
		buf_adds(s->out, "where they first went another way\n");
		paint(s, PLAIN);
	}
	for (size_t i = 0; i < n && bad > 1 && i < TROUBLES_SHOWN; i++) {
		buf_clear(&count);
		buf_fmt(&count, "%zu tape%s:", v[i].n, v[i].n == 1 ? "" : "s");
		buf_adds(s->out, "  ");
		column(s, buf_slice(&count), 10);
		buf_addc(s->out, ' ');
		line_print(v[i].what, s->out);
		buf_addc(s->out, '\n');
	}
	if (n > TROUBLES_SHOWN && bad > 1)
		buf_fmt(s->out, "  and %zu other points\n",
			n - TROUBLES_SHOWN);
	if (bad > 1)
		buf_addc(s->out, '\n');
	buf_release(&count);
	arena_destroy(a);
}

static int
print(const struct results *r, const struct report_style *style,
      struct buf *out, struct err *e)
{
	const struct screen s = { .style = style, .out = out };
	struct totals n;

	results_totals(r, &n);
	for (size_t i = 0; i < r->ntapes; i++) {
		const struct tape_result *t = &r->tapes[i];

		/* What was on the screen already is not shown twice, but the
		 * failures' lines are: they may have scrolled away. */
		if (style->live && (!gates(t->verdict) || r->ntapes == 1))
			continue;
		print_line(&s, t, 0);
		if (style->live)
			labelled(&s, "     reproduce", t->command);
		else if (gates(t->verdict) || style->verbose)
			print_details(&s, t);
	}
	if (!slice_ends(buf_slice(out), SLICE("\n\n")) &&
	    (r->ntapes > 1 || !style->live))
		buf_addc(out, '\n');
	print_troubles(&s, r);
	print_worst_timing(&s, r);
	print_summary(&s, r);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "terminal report: over %zu "
			       "bytes", out->limit);
	return 0;
}

static void
progress(const struct tape_result *t, size_t done, size_t total,
	 const struct report_style *style, struct buf *out)
{
	const struct screen s = { .style = style, .out = out };

	char place[48];
	int used = 0;

	if (total > 1) {
		used = snprintf(place, sizeof(place), "[%zu/%zu]", done, total);
		painted(&s, DIM, place);
	}
	print_line(&s, t, (size_t)used);
	if (gates(t->verdict) || style->verbose)
		print_details(&s, t);
}

const struct reporter reporter_terminal = {
	.name = "terminal",
	.help = "a line a tape, failures with all that is known about them",
	.to_stdout = true,
	.print = print,
	.progress = progress,
};
