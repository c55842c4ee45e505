/* Puts text from outside on lines where it can do no harm. */
#include "reporters.h"

#include <dvr/base/plural.h>
#include <dvr/judge/judge.h>

#include <math.h>

/* Length of the UTF-8 sequence at p that may be shown, else 0. */
static size_t
shown_sequence(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x20 || c == 0x7f || n > s.n ||
	    !slice_is_utf8(slice_range(s, 0, n)))
		return 0;
	/* C1 controls, and the marks that turn the writing direction round
	 * (U+202A..U+202E, U+2066..U+2069). */
	if (n == 2 && c == 0xc2 && (unsigned char)s.p[1] < 0xa0)
		return 0;
	if (n == 3 && c == 0xe2 && (unsigned char)s.p[1] == 0x80 &&
	    (unsigned char)s.p[2] >= 0xaa && (unsigned char)s.p[2] <= 0xae)
		return 0;
	if (n == 3 && c == 0xe2 && (unsigned char)s.p[1] == 0x81 &&
	    (unsigned char)s.p[2] >= 0xa6 && (unsigned char)s.p[2] <= 0xa9)
		return 0;
	return n;
}

void
line_print(struct slice text, struct buf *out)
{
	bool first = true;

	while (text.n > 0) {
		size_t n = shown_sequence(text);

		if (first && slice_starts(text, SLICE("::"))) {
			buf_adds(out, ":\xe2\x80\x8b:");
			n = 2;
		} else if (slice_starts(text, SLICE("##["))) {
			buf_adds(out, "##\xe2\x80\x8b[");
			n = 3;
		} else if (n > 0) {
			buf_add(out, slice_range(text, 0, n));
		} else {
			n = 1;
			if (text.p[0] == '\t')
				buf_addc(out, ' ');
			else if (text.p[0] == '\n')
				buf_adds(out, "\\n");
			else if (text.p[0] == '\r')
				buf_adds(out, "\\r");
			else
				buf_fmt(out, "\\x%02x",
					(unsigned char)text.p[0]);
		}
		first = first && (text.p[0] == ' ' || text.p[0] == '\t');
		text = slice_from(text, n);
	}
}

void
lines_print(struct slice text, const char *gutter, struct buf *out)
{
	while (text.n > 0) {
		struct slice line = slice_cut(&text, '\n');

		if (slice_ends(line, SLICE("\r")))
			line.n--;
		buf_adds(out, gutter);
		line_print(line, out);
		buf_addc(out, '\n');
	}
}

void
seconds_print(double seconds, struct buf *out)
{
	long long ms = seconds > 0 ? llround(seconds * 1000) : 0;

	buf_fmt(out, "%lld.%03lld", ms / 1000, ms % 1000);
}

void
place_of_case(const struct tape_result *t, const struct case_result *c,
	      struct buf *out)
{
	line_print(t->file.n ? t->file : t->id, out);
	if (c && c->line)
		buf_fmt(out, ":%u", c->line);
}

void
odds_print(const struct tape_result *t, struct buf *out)
{
	double low, high;

	if (t->unproven)
		buf_adds(out, t->of ? "unproven: " : "unproven: no replay has "
			 "shown that this tape brings its failure back");
	if (t->of == 0)
		return;
	judge_wilson(t->hits, t->of, &low, &high);
	buf_fmt(out, "the failure came in %u of %u replays of the build that "
		"made the tape (95 %%: %.2f to %.2f)", t->hits, t->of, low,
		high);
}

const struct case_result *
first_bad_case(const struct replay_result *r)
{
	const struct case_result *first = NULL;

	if (!r)
		return NULL;
	for (size_t i = 0; i < r->ncases; i++) {
		const struct case_result *c = &r->cases[i];

		if (c->verdict == VERDICT_PASS)
			continue;
		/* The one that gave the replay its reason, if it is there. */
		if (slice_eq(c->message, r->reason))
			return c;
		if (!first)
			first = c;
	}
	return first;
}

void
timing_print(const struct timing *t, struct buf *out)
{
	buf_fmt(out, "%s%s%s; %zu request%s, late by p50 %lld \xc2\xb5s, p99 "
		"%lld \xc2\xb5s, max %lld \xc2\xb5s; drift %lld \xc2\xb5s",
		t->mode ? t->mode : "recorded",
		t->realtime ? " at real-time priority" : "",
		t->alone ? ", nothing held" : "", t->count,
		plural(t->count), (long long)t->p50_us,
		(long long)t->p99_us, (long long)t->max_us,
		(long long)t->drift_us);
}

const struct timing *
timing_worst(const struct results *r)
{
	const struct timing *worst = NULL;

	for (size_t i = 0; i < r->ntapes; i++) {
		const struct replay_result *one =
			tape_result_shown(&r->tapes[i]);

		if (one && one->timing.known &&
		    (!worst || one->timing.max_us > worst->max_us))
			worst = &one->timing;
	}
	return worst;
}
