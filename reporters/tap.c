/* TAP version 14: a test point a tape, its finding as YAML below it. */
#include "reporters.h"

#include <dvr/base/yaml.h>

/* A description: `#` begins a directive and `\` escapes (testanything.org,
 * TAP 14, "Escaping"). */
static void
describe(struct slice s, struct buf *out)
{
	struct buf line;

	buf_init(&line, MiB);
	line_print(s, &line);
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '#' || line.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, line.p[i]);
	}
	buf_release(&line);
}

static void
directive(const char *name, struct slice reason, struct buf *out)
{
	buf_fmt(out, " # %s ", name);
	describe(reason, out);
}

static void
value(struct slice s, struct buf *out)
{
	struct buf line;

	buf_init(&line, MiB);
	line_print(s, &line);
	yaml_put(out, buf_slice(&line));
	buf_release(&line);
}

static void
entry(const char *key, struct slice s, struct buf *out)
{
	if (!s.n)
		return;
	buf_fmt(out, "  %s: ", key);
	value(s, out);
	buf_addc(out, '\n');
}

static void
print_finding(const struct tape_result *t, struct buf *out)
{
	const struct case_result *c = first_bad_case(tape_result_shown(t));
	struct buf b;

	buf_init(&b, MiB);
	buf_adds(out, "  ---\n");
	entry("message", t->reason, out);
	buf_fmt(out, "  severity: %s\n",
		t->verdict == VERDICT_ERROR ? "error" : "fail");
	place_of_case(t, c, &b);
	entry("at", buf_slice(&b), out);
	if (c) {
		entry("exchange", c->name, out);
		entry("wanted", c->want, out);
		entry("found", c->got, out);
	}
	entry("reproduce", t->command, out);
	for (size_t i = 0; c && i < c->ndiffs; i++) {
		buf_adds(out, i ? "" : "  differences:\n");
		buf_fmt(out, "    - {risk: %s, place: ",
			risk_name(c->diffs[i].risk));
		value(c->diffs[i].place, out);
		buf_adds(out, ", want: ");
		value(c->diffs[i].want, out);
		buf_adds(out, ", got: ");
		value(c->diffs[i].got, out);
		buf_adds(out, "}\n");
	}
	buf_adds(out, "  ...\n");
	buf_release(&b);
}

static void
print_point(const struct tape_result *t, size_t number, struct buf *out)
{
	bool bad = t->verdict == VERDICT_FAILED || t->verdict == VERDICT_ERROR;

	buf_fmt(out, "%sok %zu - ",
		bad || t->verdict == VERDICT_XFAIL ? "not " : "", number);
	describe(t->id, out);
	if (t->verdict == VERDICT_XFAIL)
		directive("TODO", t->reason, out);
	else if (t->verdict == VERDICT_SKIPPED)
		directive("SKIP", t->reason, out);
	buf_addc(out, '\n');
	if (bad)
		print_finding(t, out);
}

static int
print(const struct results *r, const struct report_style *style UNUSED,
      struct buf *out, struct err *e)
{
	buf_fmt(out, "TAP version 14\n1..%zu\n", r->ntapes);
	for (size_t i = 0; i < r->ntapes; i++)
		print_point(&r->tapes[i], i + 1, out);
	if (timing_worst(r)) {
		buf_adds(out, "# timing, the latest tape: ");
		timing_print(timing_worst(r), out);
		buf_addc(out, '\n');
	}
	if (r->partial)
		buf_adds(out, "Bail out! interrupted, not every tape was "
			      "tried\n");
	if (out->full)
		return err_set(e, ERR_INTERNAL, "tap report: over %zu bytes",
			       out->limit);
	return 0;
}

const struct reporter reporter_tap = {
	.name = "tap",
	.help = "TAP version 14: a test point a tape",
	.to_stdout = true,
	.print = print,
};
