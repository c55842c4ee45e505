/* JUnit XML as Jenkins, GitLab, GitHub's readers and Azure really read it. */
#include "reporters.h"

#include <dvr/base/clock.h>

#include <libxml/xmlwriter.h>

/* Lines of differences in a failure's text; the rest is counted. */
#define DIFFS_SHOWN 20
/* Other replays of a tape that are told beside the one that decided. */
#define RERUNS_SHOWN 5

struct counts {
	size_t tests, failures, errors, skipped;
};

struct junit {
	xmlTextWriterPtr w;
	struct buf text;	/* scratch: one value at a time */
	const struct report_style *style;
	bool failed;
};

static void
ok(struct junit *j, int rc)
{
	if (rc < 0)
		j->failed = true;
}

static const xmlChar *
xml(const char *s)
{
	return (const xmlChar *)s;
}

static void
attribute(struct junit *j, const char *name, struct slice value)
{
	buf_clear(&j->text);
	xml_safe_text(value, &j->text);
	ok(j, xmlTextWriterWriteAttribute(j->w, xml(name),
					  xml(buf_cstr(&j->text))));
}

static void
attribute_count(struct junit *j, const char *name, size_t n)
{
	ok(j, xmlTextWriterWriteFormatAttribute(j->w, xml(name), "%zu", n));
}

static void
attribute_seconds(struct junit *j, double seconds)
{
	buf_clear(&j->text);
	seconds_print(seconds, &j->text);
	ok(j, xmlTextWriterWriteAttribute(j->w, xml("time"),
					  xml(buf_cstr(&j->text))));
}

/* UTC, whole seconds, with the `Z` that Azure and Jenkins want. */
static void
attribute_timestamp(struct junit *j, int64_t wall_us)
{
	char full[CLOCK_RFC3339_MAX];

	if (wall_us == 0)
		return;
	clock_rfc3339(wall_us, full);
	full[19] = 'Z';
	full[20] = 0;
	ok(j, xmlTextWriterWriteAttribute(j->w, xml("timestamp"), xml(full)));
}

static void
begin(struct junit *j, const char *name)
{
	ok(j, xmlTextWriterStartElement(j->w, xml(name)));
}

static void
end(struct junit *j)
{
	ok(j, xmlTextWriterEndElement(j->w));
}

static void
content(struct junit *j, const struct buf *raw)
{
	buf_clear(&j->text);
	xml_safe_text(buf_slice(raw), &j->text);
	ok(j, xmlTextWriterWriteString(j->w, xml(buf_cstr(&j->text))));
}

static void
property(struct junit *j, const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	begin(j, "property");
	attribute(j, "name", slice_str(name));
	attribute(j, "value", value);
	end(j);
}

static void
properties(struct junit *j, const struct results *all,
	   const struct tape_result *t)
{
	const struct replay_result *shown = tape_result_shown(t);
	struct buf b;

	buf_init(&b, KiB);
	begin(j, "properties");
	property(j, "dvr.tape", t->id);
	property(j, "dvr.hash", t->hash);
	property(j, "dvr.expect", t->expect);
	property(j, "dvr.verdict", slice_str(verdict_name(t->verdict)));
	property(j, "dvr.reason", t->reason);
	buf_fmt(&b, "%u/%u", t->hits, t->of);
	property(j, "dvr.reproduces", buf_slice(&b));
	buf_clear(&b);
	odds_print(t, &b);
	property(j, t->unproven ? "dvr.unproven" : "dvr.odds", buf_slice(&b));
	buf_clear(&b);
	buf_fmt(&b, "%u/%u", t->clean, t->needed);
	property(j, "dvr.clean_replays", buf_slice(&b));
	if (shown && shown->timing.known) {
		buf_clear(&b);
		timing_print(&shown->timing, &b);
		property(j, "dvr.timing", buf_slice(&b));
	}
	property(j, "dvr.command", t->command);
	property(j, "dvr.version", SLICE(DVR_VERSION));
	if (all->shard.known) {
		buf_clear(&b);
		buf_fmt(&b, "%u/%u", all->shard.index, all->shard.of);
		property(j, "dvr.shard", buf_slice(&b));
	}
	if (all->partial)
		property(j, "dvr.partial",
			 SLICE("interrupted, not every tape was tried"));
	end(j);
	buf_release(&b);
}

static struct slice
message_of(const struct tape_result *t, const struct case_result *c)
{
	return c->message.n ? c->message : t->reason;
}

/* Begins "file:line: message", because GitLab shows the text alone. */
static void
failure_text(const struct tape_result *t, const struct replay_result *r,
	     const struct case_result *c, struct buf *out)
{
	place_of_case(t, c, out);
	buf_fmt(out, ": %.*s\n", SLICE_ARG(message_of(t, c)));
	if (c->want.n)
		buf_fmt(out, "on the tape: %.*s\nlive:        %.*s\n",
			SLICE_ARG(c->want), SLICE_ARG(c->got));
	for (size_t i = 0; i < c->ndiffs && i < DIFFS_SHOWN; i++)
		buf_fmt(out, "%s %.*s: %.*s -> %.*s\n",
			risk_name(c->diffs[i].risk),
			SLICE_ARG(c->diffs[i].place),
			SLICE_ARG(c->diffs[i].want),
			SLICE_ARG(c->diffs[i].got));
	if (c->more)
		buf_fmt(out, "and %zu more differences\n", c->more);
	if (r && r->timing.known) {
		buf_adds(out, "timing: ");
		timing_print(&r->timing, out);
		buf_addc(out, '\n');
	}
	if (r && r->isolation)
		buf_fmt(out, "isolation: %s\n", r->isolation);
	for (size_t i = 0; r && i < r->nnotes; i++)
		buf_fmt(out, "note: %.*s\n", SLICE_ARG(r->notes[i]));
	if (r && r->stubs.n)
		buf_fmt(out, "answers for the new calls, for replay.yaml:\n"
			     "%.*s", SLICE_ARG(r->stubs));
	if (t->command.n)
		buf_fmt(out, "reproduce: %.*s\n", SLICE_ARG(t->command));
}

static const char *
element_of(enum verdict v)
{
	switch (v) {
	case VERDICT_PASS:
		return NULL;
	case VERDICT_FAILED:
		return "failure";
	case VERDICT_ERROR:
		return "error";
	case VERDICT_FLAKY:
		return "flakyFailure";
	case VERDICT_XFAIL:
	case VERDICT_SKIPPED:
		return "skipped";
	}
	return "error";
}

static struct slice
type_of(const struct case_result *c)
{
	if (c->verdict == VERDICT_XFAIL)
		return SLICE("dvr.xfail");
	if (c->verdict == VERDICT_SKIPPED)
		return SLICE("dvr.quarantined");
	/* GitLab's reader takes some bare types for a cast. */
	return slice_starts(c->type, SLICE("dvr.")) ? c->type
						    : SLICE("dvr.verdict");
}

static void
print_outcome(struct junit *j, const struct tape_result *t,
	      const struct replay_result *r, const struct case_result *c)
{
	const char *element = element_of(c->verdict);
	struct slice message = message_of(t, c);
	struct buf text;

	if (!element)
		return;
	/* What is expected is explained by the tape's reason. */
	if (c->verdict == VERDICT_XFAIL || c->verdict == VERDICT_SKIPPED)
		message = t->reason;
	buf_init(&text, MiB);
	failure_text(t, r, c, &text);
	begin(j, element);
	attribute(j, "type", type_of(c));
	attribute(j, "message", message);
	if (c->verdict == VERDICT_FLAKY) {
		begin(j, "stackTrace");
		content(j, &text);
		end(j);
	} else {
		content(j, &text);
	}
	end(j);
	buf_release(&text);
}

/* The other replays that did not pass, in the form that readers of reruns take:
 * a type and a stackTrace. */
static void
print_reruns(struct junit *j, const struct tape_result *t,
	     const struct replay_result *shown)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nreplays && n < RERUNS_SHOWN; i++) {
		const struct replay_result *r = &t->replays[i];
		const struct case_result *c = first_bad_case(r);
		struct buf text;

		if (r == shown || !c || (r->verdict != VERDICT_FAILED &&
					 r->verdict != VERDICT_ERROR))
			continue;
		n++;
		buf_init(&text, MiB);
		failure_text(t, r, c, &text);
		begin(j, r->verdict == VERDICT_FAILED ? "rerunFailure"
						      : "rerunError");
		attribute(j, "message", message_of(t, c));
		attribute(j, "type", type_of(c));
		begin(j, "stackTrace");
		content(j, &text);
		end(j);
		end(j);
		buf_release(&text);
	}
}

static void
print_case(struct junit *j, const struct tape_result *t,
	   const struct replay_result *r, const struct case_result *c)
{
	struct buf log;

	begin(j, "testcase");
	attribute(j, "classname", t->classname.n ? t->classname : t->id);
	attribute(j, "name", c->name);
	if (t->file.n && !j->style->junit_strict) {
		attribute(j, "file", t->file);
		if (c->line)
			attribute_count(j, "line", c->line);
	}
	attribute_seconds(j, c->seconds);
	print_outcome(j, t, r, c);
	if (r && (c->verdict == VERDICT_FAILED || c->verdict == VERDICT_ERROR))
		print_reruns(j, t, r);
	if (t->log_tail.n && (j->style->junit_tapes ||
			      c == first_bad_case(r))) {
		buf_init(&log, MiB);
		buf_add(&log, t->log_tail);
		begin(j, "system-out");
		content(j, &log);
		end(j);
		buf_release(&log);
	}
	end(j);
}

static void
count_case(const struct case_result *c, struct counts *n)
{
	n->tests++;
	n->failures += c->verdict == VERDICT_FAILED;
	n->errors += c->verdict == VERDICT_ERROR;
	n->skipped += c->verdict == VERDICT_XFAIL ||
		      c->verdict == VERDICT_SKIPPED;
}

/* A tape that was never replayed has one case: why not. */
static struct case_result
verdict_case(const struct tape_result *t)
{
	return (struct case_result){ .name = SLICE("verdict"),
				     .verdict = t->verdict,
				     .type = SLICE("dvr.tape"),
				     .message = t->reason };
}

/* The cases of a tape: its exchanges, or one for all of it (*only). */
static void
cases_of(const struct junit *j, const struct tape_result *t,
	 struct case_result *only, const struct case_result **v, size_t *n)
{
	const struct replay_result *r = tape_result_shown(t);
	const struct case_result *bad = first_bad_case(r);

	if (r && r->ncases && !j->style->junit_tapes) {
		*v = r->cases;
		*n = r->ncases;
		return;
	}
	*only = verdict_case(t);
	if (r && bad) {
		*only = *bad;
		only->name = SLICE("verdict");
		only->verdict = t->verdict;
	}
	only->seconds = t->seconds;
	*v = only;
	*n = 1;
}

static struct counts
count_tape(const struct junit *j, const struct tape_result *t)
{
	const struct case_result *v;
	struct case_result only;
	struct counts sum = { 0 };
	size_t n;

	cases_of(j, t, &only, &v, &n);
	for (size_t i = 0; i < n; i++)
		count_case(&v[i], &sum);
	return sum;
}

static void
attribute_counts(struct junit *j, const struct counts *n)
{
	attribute_count(j, "tests", n->tests);
	attribute_count(j, "failures", n->failures);
	attribute_count(j, "errors", n->errors);
	attribute_count(j, "skipped", n->skipped);
}

static void
print_suite(struct junit *j, const struct results *all,
	    const struct tape_result *t)
{
	const struct replay_result *r = tape_result_shown(t);
	struct counts n = count_tape(j, t);
	const struct case_result *v;
	struct case_result only;
	size_t nv;

	begin(j, "testsuite");
	attribute(j, "name", t->classname.n ? t->classname : t->id);
	attribute_counts(j, &n);
	attribute_seconds(j, t->seconds);
	attribute_timestamp(j, t->started_us ? t->started_us
					     : all->started_us);
	if (t->file.n)
		attribute(j, "file", t->file);
	properties(j, all, t);
	cases_of(j, t, &only, &v, &nv);
	for (size_t i = 0; i < nv; i++)
		print_case(j, t, r, &v[i]);
	end(j);
}

/* Who reads the file alone must not take what is missing for a pass. */
static void
print_interruption(struct junit *j, const struct results *r)
{
	const struct tape_result run = { .id = SLICE("dvr.run"),
		.classname = SLICE("dvr.run"), .verdict = VERDICT_ERROR,
		.reason = SLICE("interrupted: not every tape was tried") };

	print_suite(j, r, &run);
}

static void
print_document(struct junit *j, const struct results *r)
{
	struct counts sum = { .tests = r->partial, .errors = r->partial };

	for (size_t i = 0; i < r->ntapes; i++) {
		struct counts n = count_tape(j, &r->tapes[i]);

		sum.tests += n.tests;
		sum.failures += n.failures;
		sum.errors += n.errors;
		sum.skipped += n.skipped;
	}
	ok(j, xmlTextWriterSetIndent(j->w, 1));
	ok(j, xmlTextWriterSetIndentString(j->w, xml("  ")));
	ok(j, xmlTextWriterStartDocument(j->w, "1.0", "UTF-8", NULL));
	begin(j, "testsuites");
	attribute(j, "name", SLICE("dvr"));
	attribute_count(j, "tests", sum.tests);
	attribute_count(j, "failures", sum.failures);
	attribute_count(j, "errors", sum.errors);
	if (!j->style->junit_strict)
		attribute_count(j, "skipped", sum.skipped);
	attribute_seconds(j, r->seconds);
	if (!j->style->junit_strict)
		attribute_timestamp(j, r->started_us);
	if (r->partial)
		print_interruption(j, r);
	for (size_t i = 0; i < r->ntapes; i++)
		print_suite(j, r, &r->tapes[i]);
	ok(j, xmlTextWriterEndDocument(j->w));
}

/* Straight into the report: it may be large, and is held once. */
static int
take_bytes(void *arg, const char *bytes, int n)
{
	buf_add(arg, slice_of(bytes, (size_t)n));
	return n;
}

static int
print(const struct results *r, const struct report_style *style,
      struct buf *out, struct err *e)
{
	xmlOutputBufferPtr sink = xmlOutputBufferCreateIO(take_bytes, NULL,
							  out, NULL);
	struct junit j = { .style = style };
	int rc = 0;

	/* The writer owns the sink. */
	if (sink)
		j.w = xmlNewTextWriter(sink);
	if (!j.w) {
		xmlOutputBufferClose(sink);
		return err_set(e, ERR_INTERNAL, "junit report: no XML writer");
	}
	buf_init(&j.text, 4 * MiB);
	print_document(&j, r);
	/* The report is whole only when its writer is gone. */
	xmlFreeTextWriter(j.w);
	if (j.failed)
		rc = err_set(e, ERR_INTERNAL, "junit report: the XML writer "
			     "failed");
	else if (out->full)
		rc = err_set(e, ERR_INTERNAL, "junit report: over %zu bytes",
			     out->limit);
	buf_release(&j.text);
	return rc;
}

const struct reporter reporter_junit = {
	.name = "junit",
	.help = "JUnit XML: a suite a tape, a case an exchange",
	.print = print,
};
