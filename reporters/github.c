/* Annotations for GitHub Actions: the file and line of each failing tape. */
#include "reporters.h"

/* GitHub shows ten errors a step; the last one is kept for "N more". */
#define ANNOTATIONS_MAX 9

/* Data of a workflow command; `property` escapes ':' and ',' as well. */
static void
escape(struct slice s, bool property, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' || c == '\r' || c == '\n' ||
		    (property && (c == ':' || c == ',')))
			buf_fmt(out, "%%%02X", (unsigned char)c);
		else
			buf_addc(out, c);
	}
}

static void
annotate(const struct tape_result *t, struct buf *out)
{
	const struct replay_result *shown = tape_result_shown(t);
	const struct case_result *c = first_bad_case(shown);
	struct buf text;

	buf_init(&text, MiB);
	/* Control bytes and runner commands out first, then the escapes. */
	line_print(t->file, &text);
	buf_adds(out, "::error file=");
	escape(buf_slice(&text), true, out);
	if (c && c->line)
		buf_fmt(out, ",line=%u", c->line);
	buf_clear(&text);
	line_print(t->id, &text);
	buf_adds(out, ",title=");
	escape(buf_slice(&text), true, out);
	buf_clear(&text);
	buf_fmt(&text, "%s: ", verdict_name(t->verdict));
	line_print(t->reason, &text);
	if (t->unproven && slice_find(t->reason, SLICE("unproven")) < 0) {
		buf_adds(&text, "; ");
		odds_print(t, &text);
	}
	if (t->command.n) {
		buf_adds(&text, "\nreproduce: ");
		line_print(t->command, &text);
	}
	if (shown && shown->timing.known) {
		buf_adds(&text, "\ntiming: ");
		timing_print(&shown->timing, &text);
	}
	buf_adds(out, "::");
	escape(buf_slice(&text), false, out);
	buf_addc(out, '\n');
	buf_release(&text);
}

static int
print(const struct results *r, const struct report_style *style UNUSED,
      struct buf *out, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < r->ntapes; i++) {
		const struct tape_result *t = &r->tapes[i];

		if (t->verdict != VERDICT_FAILED && t->verdict != VERDICT_ERROR)
			continue;
		if (n++ < ANNOTATIONS_MAX)
			annotate(t, out);
	}
	if (n > ANNOTATIONS_MAX)
		buf_fmt(out, "::error title=dvr::%zu more failing tapes\n",
			n - ANNOTATIONS_MAX);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "github report: over %zu bytes",
			       out->limit);
	return 0;
}

const struct reporter reporter_github = {
	.name = "github",
	.help = "annotations for GitHub Actions on the failing tapes",
	.to_stdout = true,
	.print = print,
};
