/* Markdown for step summaries and pull requests: a table, then what failed. */
#include "reporters.h"

#include <dvr/base/plural.h>

#include <string.h>

/* GitHub refuses a step summary over 1 MiB; details stop before. */
#define SUMMARY_MAX (900 * KiB)
#define TAPES_SHOWN 500
#define DIFFS_SHOWN 20
#define TROUBLES_SHOWN 20

void
markdown_text(struct slice s, struct buf *out)
{
	struct buf line;

	buf_init(&line, MiB);
	line_print(s, &line);
	for (size_t i = 0; i < line.n; i++) {
		if (strchr("&<>|`*_[]()#@!~\\\"'$", line.p[i]))
			buf_fmt(out, "&#%d;", line.p[i]);
		else
			buf_addc(out, line.p[i]);
	}
	buf_release(&line);
}

static void
cell(struct slice s, struct buf *out)
{
	buf_adds(out, " ");
	markdown_text(s, out);
	buf_adds(out, " |");
}

/* Lines as they are; HTML, because a fence can be closed by what it holds. */
static void
block(struct slice s, struct buf *out)
{
	buf_adds(out, "<pre>");
	while (s.n) {
		markdown_text(slice_cut(&s, '\n'), out);
		buf_adds(out, s.n ? "\n" : "");
	}
	buf_adds(out, "</pre>\n\n");
}

static const char *
mark(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS: return "✅";
	case VERDICT_FAILED: return "❌";
	case VERDICT_ERROR: return "💥";
	case VERDICT_FLAKY: return "⚠️";
	case VERDICT_XFAIL: return "🔶";
	case VERDICT_SKIPPED: return "⏸️";
	}
	return "";
}

static bool
is_bad(const struct tape_result *t)
{
	return t->verdict == VERDICT_FAILED || t->verdict == VERDICT_ERROR;
}

static void
print_head(const struct results *r, struct buf *out)
{
	struct totals n;

	results_totals(r, &n);
	buf_fmt(out, "## dvr: %s\n\n**%zu tape%s**: %u pass, %u failed, %u "
		"error, %u flaky, %u known, %u quarantined; ",
		n.failed + n.error ? "the library does not pass"
		: r->ntapes ? "the library passes" : "no tapes",
		r->ntapes, plural(r->ntapes), n.pass, n.failed, n.error,
		n.flaky, n.xfail, n.skipped);
	seconds_print(r->seconds, out);
	buf_adds(out, " s\n\n");
	if (timing_worst(r)) {
		buf_adds(out, "Timing, the latest tape: ");
		timing_print(timing_worst(r), out);
		buf_adds(out, "\n\n");
	}
	if (r->partial)
		buf_adds(out, "**Interrupted: not every tape was tried.**\n\n");
}

static void
print_row(const struct tape_result *t, struct buf *out)
{
	buf_fmt(out, "| %s %s |", mark(t->verdict), verdict_name(t->verdict));
	cell(t->id, out);
	cell(t->expect, out);
	if (t->hits)
		buf_fmt(out, " %u/%u |", t->hits, t->of);
	else
		buf_adds(out, " unproven |");
	cell(t->reason, out);
	buf_addc(out, ' ');
	seconds_print(t->seconds, out);
	buf_adds(out, " |\n");
}

/* "- **38 tapes**: POST /init now answers 400: currency required" */
static void
print_troubles(const struct results *r, struct buf *out)
{
	struct arena *a = arena_create();
	struct trouble *v;
	size_t n = results_troubles(r, a, &v, NULL);

	if (n)
		buf_adds(out, "Where they first went another way:\n\n");
	for (size_t i = 0; i < n && i < TROUBLES_SHOWN; i++) {
		buf_fmt(out, "- **%zu tape%s**: ", v[i].n,
			v[i].n == 1 ? "" : "s");
		markdown_text(v[i].what, out);
		buf_addc(out, '\n');
	}
	if (n > TROUBLES_SHOWN)
		buf_fmt(out, "- and %zu other points\n", n - TROUBLES_SHOWN);
	if (n)
		buf_addc(out, '\n');
	arena_destroy(a);
}

/* Bad ones first: a long table is read from its top. */
static void
print_table(const struct results *r, struct buf *out)
{
	size_t shown = 0;

	buf_adds(out, "| verdict | tape | expects | reproduces | why | seconds "
		      "|\n|---|---|---|---|---|---|\n");
	for (int bad = 1; bad >= 0; bad--) {
		for (size_t i = 0; i < r->ntapes; i++) {
			if (is_bad(&r->tapes[i]) == (bool)bad &&
			    shown++ < TAPES_SHOWN)
				print_row(&r->tapes[i], out);
		}
	}
	if (shown > TAPES_SHOWN)
		buf_fmt(out, "\n%zu more tapes.\n", shown - TAPES_SHOWN);
	buf_addc(out, '\n');
}

static void
print_diffs(const struct case_result *c, struct buf *out)
{
	if (!c->ndiffs)
		return;
	buf_adds(out, "| risk | field | on the tape | live |\n|---|---|---|---|"
		      "\n");
	for (size_t i = 0; i < c->ndiffs && i < DIFFS_SHOWN; i++) {
		buf_fmt(out, "| %s |", risk_name(c->diffs[i].risk));
		cell(c->diffs[i].place, out);
		cell(c->diffs[i].want, out);
		cell(c->diffs[i].got, out);
		buf_addc(out, '\n');
	}
	if (c->ndiffs > DIFFS_SHOWN || c->more)
		buf_fmt(out, "\nand %zu more differences\n", c->more +
			(c->ndiffs > DIFFS_SHOWN ? c->ndiffs - DIFFS_SHOWN : 0));
	buf_addc(out, '\n');
}

static void
print_detail(const struct tape_result *t, struct buf *out)
{
	const struct replay_result *r = tape_result_shown(t);
	const struct case_result *c = first_bad_case(r);
	struct buf b;

	buf_init(&b, MiB);
	buf_fmt(out, "<details><summary>%s ", mark(t->verdict));
	markdown_text(t->id, out);
	buf_adds(out, "</summary>\n\n");
	markdown_text(t->reason, out);
	buf_adds(out, "\n\n");
	if (c) {
		place_of_case(t, c, &b);
		markdown_text(buf_slice(&b), out);
		buf_adds(out, ": ");
		markdown_text(c->name, out);
		if (c->want.n) {
			buf_adds(out, ": on the tape ");
			markdown_text(c->want, out);
			buf_adds(out, ", live ");
			markdown_text(c->got, out);
		}
		buf_adds(out, "\n\n");
		print_diffs(c, out);
	}
	for (size_t i = 0; r && i < r->nnotes; i++) {
		buf_adds(out, "- ");
		markdown_text(r->notes[i], out);
		buf_adds(out, i + 1 < r->nnotes ? "\n" : "\n\n");
	}
	if (r && r->stubs.n) {
		buf_adds(out, "Answers for the new calls, for replay.yaml:\n\n");
		block(r->stubs, out);
	}
	if (t->log_tail.n)
		block(t->log_tail, out);
	if (t->command.n) {
		buf_adds(out, "Reproduce:\n\n");
		block(t->command, out);
	}
	buf_adds(out, "</details>\n\n");
	buf_release(&b);
}

/* Known bugs that are none any more: what to type, ready to copy. */
static void
print_cured(const struct results *r, struct buf *out)
{
	size_t n = 0;
	struct buf command;

	buf_init(&command, 256 * KiB);
	for (size_t i = 0; i < r->ntapes; i++) {
		if (!r->tapes[i].cured || n++ >= TAPES_SHOWN)
			continue;
		buf_fmt(&command, "%s%.*s", n == 1 ? "dvr accept " : " ",
			SLICE_ARG(r->tapes[i].id));
	}
	if (n) {
		buf_fmt(out, "**%zu known bug%s fail%s no more.** Accept the "
			"fix in this change and commit it:\n\n", n, plural(n),
			n == 1 ? "s" : "");
		block(buf_slice(&command), out);
	}
	buf_release(&command);
}

static int
print(const struct results *r, const struct report_style *style UNUSED,
      struct buf *out, struct err *e)
{
	size_t left = 0;

	print_head(r, out);
	print_troubles(r, out);
	print_cured(r, out);
	if (r->ntapes)
		print_table(r, out);
	for (size_t i = 0; i < r->ntapes; i++) {
		struct buf one;

		if (!is_bad(&r->tapes[i]))
			continue;
		buf_init(&one, SUMMARY_MAX);
		print_detail(&r->tapes[i], &one);
		if (one.full || out->n + one.n > SUMMARY_MAX)
			left++;
		else
			buf_add(out, buf_slice(&one));
		buf_release(&one);
	}
	if (left)
		buf_fmt(out, "%zu more failing tapes: their details do not fit "
			"here.\n", left);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "markdown report: over %zu "
			       "bytes", out->limit);
	return 0;
}

const struct reporter reporter_markdown = {
	.name = "markdown",
	.help = "a table and collapsible details, for step summaries",
	.to_stdout = true,
	.print = print,
};
