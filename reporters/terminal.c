/* The report for people: a line a tape, then what failed and how to see it. */
#include "terminal.h"

#include <dvr/base/plural.h>

#include <stdio.h>

/* Lines of a dead service's log that are shown without --verbose. */
#define LOG_LINES 15
/* Points where tapes first went another way. */
#define TROUBLES_SHOWN 10

static const char *const codes[] = {
	[PLAIN] = "0", [GREEN] = "32", [RED] = "31",
	[YELLOW] = "33", [DIM] = "2",  [BOLD] = "1",
};

const struct look terminal_looks[] = {
	[VERDICT_PASS] = { "✓", "pass", GREEN },
	[VERDICT_FAILED] = { "✗", "FAIL", RED },
	[VERDICT_ERROR] = { "!", "ERROR", RED },
	[VERDICT_FLAKY] = { "~", "flaky", YELLOW },
	[VERDICT_XFAIL] = { "○", "xfail", YELLOW },
	[VERDICT_SKIPPED] = { "-", "skip", DIM },
};

void
screen_paint(const struct screen *s, enum paint p)
{
	if (s->style->colour)
		buf_fmt(s->out, "\x1b[%sm", codes[p]);
}

void
screen_painted(const struct screen *s, enum paint p, const char *text)
{
	screen_paint(s, p);
	buf_adds(s->out, text);
	screen_paint(s, PLAIN);
}

/* Characters, not bytes: what a terminal's columns are about. */
size_t
screen_width(struct slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Those from `from` to `to`, counted as screen_width() does. */
static struct slice
characters(struct slice s, size_t from, size_t to)
{
	size_t at = 0, begin = s.n, end = s.n;

	for (size_t i = 0; i < s.n; i++) {
		if (((unsigned char)s.p[i] & 0xc0) == 0x80)
			continue;
		if (at == from)
			begin = i;
		if (at++ == to)
			end = i;
	}
	return slice_range(s, begin, end);
}

/* Safe text in a column: padded, and cut with an ellipsis. */
void
screen_column(const struct screen *s, struct slice text, size_t width)
{
	struct buf b;
	struct slice shown;
	size_t have;

	buf_init(&b, MiB);
	line_print(text, &b);
	shown = buf_slice(&b);
	have = screen_width(shown);
	if (have > width) {
		/* What tells two of them apart stands at either end. */
		size_t tail = (width - 1) / 3;

		buf_add(s->out, characters(shown, 0, width - 1 - tail));
		buf_adds(s->out, "…");
		buf_add(s->out, characters(shown, have - tail, have));
		have = width;
	} else {
		buf_add(s->out, shown);
	}
	while (have++ < width)
		buf_addc(s->out, ' ');
	buf_release(&b);
}

/* The bytes of `s` that fit `width` characters: whole words, if there are. */
static size_t
fitting(struct slice s, size_t width)
{
	size_t n = 0, columns = 0, word = 0;

	while (n < s.n) {
		if (((unsigned char)s.p[n] & 0xc0) != 0x80) {
			if (columns++ == width)
				return word ? word : n;
			if (s.p[n] == ' ')
				word = n;
		}
		n++;
	}
	return n;
}

void
screen_text(const struct screen *s, struct slice text, size_t indent)
{
	size_t all = s->style->columns ? s->style->columns : 80, n;
	size_t width = all > indent + NAME_MIN ? all - indent : NAME_MIN;
	struct slice rest;
	struct buf b;

	buf_init(&b, MiB);
	line_print(text, &b);
	rest = buf_slice(&b);
	while (s->style->wrap && (n = fitting(rest, width)) < rest.n) {
		/* Each line is one of its own, and made safe as one. */
		line_print(slice_range(rest, 0, n), s->out);
		buf_fmt(s->out, "\n%*s", (int)indent, "");
		rest = slice_trim(slice_from(rest, n));
	}
	line_print(rest, s->out);
	buf_addc(s->out, '\n');
	buf_release(&b);
}

unsigned
screen_columns(const struct screen *s)
{
	unsigned n = s->style->columns ? s->style->columns : 80;

	return n < 60 ? 60 : n > 120 ? 120 : n;
}

bool
verdict_gates(enum verdict v)
{
	return v == VERDICT_FAILED || v == VERDICT_ERROR;
}

/* "  ✗ FAIL   post-checkout-pay-500-7889a          0.412 s", behind `used`
 * columns that are taken. */
static void
print_line(const struct screen *s, const struct tape_result *t, size_t used)
{
	const struct look *look = &terminal_looks[t->verdict];

	buf_adds(s->out, "  ");
	screen_paint(s, look->paint);
	buf_fmt(s->out, "%s %-5s", look->symbol, look->word);
	screen_paint(s, PLAIN);
	buf_adds(s->out, "  ");
	screen_column(s, t->id, screen_columns(s) - 22 - used);
	buf_adds(s->out, "  ");
	seconds_print(t->seconds, s->out);
	buf_adds(s->out, " s\n");
	if (t->verdict == VERDICT_PASS && !s->style->verbose)
		return;
	buf_adds(s->out, "           ");
	screen_text(s, t->reason, 11);
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
	screen_text(s, line, 15);
	/* Further lines may be anything, so they stand behind a gutter. */
	lines_print(text, "               │ ", s->out);
}

/* To be copied: whatever its length, it is one line. */
static void
print_command(const struct screen *s, const char *label,
	      const struct tape_result *t)
{
	if (t->command.n == 0)
		return;
	buf_adds(s->out, label);
	line_print(t->command, s->out);
	buf_addc(s->out, '\n');
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
	struct buf b;

	buf_init(&b, 64 * KiB);
	buf_addc(s->out, '\n');
	if (r)
		terminal_cases(s, r);
	if (r)
		terminal_differences(s, r);
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
		screen_paint(s, BOLD);
		print_command(s, "    reproduce  ", t);
		screen_paint(s, PLAIN);
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
	screen_paint(s, p);
	buf_fmt(s->out, "%u %s", n, word);
	screen_paint(s, PLAIN);
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
	screen_paint(s, BOLD);
	buf_fmt(s->out, "%zu tape%s:", r->ntapes, plural(r->ntapes));
	screen_paint(s, PLAIN);
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
	struct buf b;

	if (!t)
		return;
	screen_paint(s, DIM);
	buf_init(&b, KiB);
	buf_adds(&b, r->ntapes > 1 ? "timing, the latest tape: " : "timing: ");
	timing_print(t, &b);
	/* It begins at the margin, and goes on indented. */
	screen_text(s, buf_slice(&b), 2);
	screen_paint(s, PLAIN);
	buf_release(&b);
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
		screen_paint(s, BOLD);
		buf_adds(s->out, "where they first went another way\n");
		screen_paint(s, PLAIN);
	}
	for (size_t i = 0; i < n && bad > 1 && i < TROUBLES_SHOWN; i++) {
		buf_clear(&count);
		buf_fmt(&count, "%zu tape%s:", v[i].n, v[i].n == 1 ? "" : "s");
		buf_adds(s->out, "  ");
		screen_column(s, buf_slice(&count), 10);
		buf_addc(s->out, ' ');
		screen_text(s, v[i].what, 13);
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
		if (style->live &&
		    (!verdict_gates(t->verdict) || r->ntapes == 1))
			continue;
		print_line(&s, t, 0);
		if (style->live)
			print_command(&s, "         reproduce ", t);
		else if (verdict_gates(t->verdict) || style->verbose)
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
		screen_painted(&s, DIM, place);
	}
	print_line(&s, t, (size_t)used);
	if (verdict_gates(t->verdict) || style->verbose)
		print_details(&s, t);
}

const struct reporter reporter_terminal = {
	.name = "terminal",
	.help = "a line a tape, failures with all that is known about them",
	.to_stdout = true,
	.print = print,
	.progress = progress,
};
