/* A tape's exchanges as it was recorded and as it was replayed, on one axis. */
#include "html.h"

/* Height of a row, and of a bar in it (pixels). */
#define ROW 26
#define BAR 9
/* Lines of the axis, about so many. */
#define TICKS 5
/* Never thinner than can be seen (thousandths of the width). */
#define THIN 4
/* Times come from files: ten years (µs) are more than any replay takes. */
#define LATEST_US 315360000000000

struct axis {
	int64_t end_us;
	int64_t tick_us;
};

static int64_t
bounded(int64_t us)
{
	return us < 0 ? 0 : us > LATEST_US ? LATEST_US : us;
}

static int64_t
later(int64_t at, const struct story_times *t)
{
	int64_t end = t->known ? bounded(t->end_us) : 0;

	return end > at ? end : at;
}

/* 1, 2 or 5 of a power of ten: about TICKS of them to the end. */
static struct axis
axis_of(const struct story *s)
{
	static const int64_t steps[] = { 1, 2, 5 };
	struct axis a = { .end_us = 1, .tick_us = 1 };
	size_t i = 0;

	for (size_t k = 0; k < s->n; k++) {
		a.end_us = later(a.end_us, &s->v[k].recorded);
		a.end_us = later(a.end_us, &s->v[k].replayed);
	}
	for (int64_t ten = 1; a.tick_us * TICKS < a.end_us; i++) {
		if (i > 0 && i % ARRAY_LEN(steps) == 0)
			ten *= 10;
		a.tick_us = steps[i % ARRAY_LEN(steps)] * ten;
	}
	return a;
}

/* A place on the axis as a percentage with one decimal. */
static void
percent(const char *name, int64_t thousandths, struct buf *out)
{
	buf_fmt(out, " %s=\"%lld.%lld%%\"", name,
		(long long)(thousandths / 10), (long long)(thousandths % 10));
}

static int64_t
place(const struct axis *a, int64_t us)
{
	return us <= 0 ? 0 : us >= a->end_us ? 1000 :
	       (int64_t)((double)us / (double)a->end_us * 1000);
}

static void
put_us(int64_t us, struct buf *out)
{
	if (us >= 1000000)
		buf_fmt(out, "%lld.%02lld s", (long long)(us / 1000000),
			(long long)(us % 1000000 / 10000));
	else if (us >= 1000)
		buf_fmt(out, "%lld.%lld ms", (long long)(us / 1000),
			(long long)(us % 1000 / 100));
	else
		buf_fmt(out, "%lld µs", (long long)us);
}

/* Round ones for the axis: "50 ms", "2 s". */
static void
put_tick(int64_t us, struct buf *out)
{
	if (us >= 1000000 && us % 100000 == 0)
		buf_fmt(out, us % 1000000 ? "%lld.%lld s" : "%lld s",
			(long long)(us / 1000000),
			(long long)(us % 1000000 / 100000));
	else if (us >= 1000 && us % 1000 == 0)
		buf_fmt(out, "%lld ms", (long long)(us / 1000));
	else
		buf_fmt(out, "%lld µs", (long long)us);
}

static void
put_grid(const struct axis *a, int height, struct buf *out)
{
	for (int64_t at = 0; at < a->end_us; at += a->tick_us) {
		buf_adds(out, "<line class=\"g\" stroke=\"#9aa0a6\" "
			      "stroke-opacity=\".35\" y1=\"0\"");
		percent("x1", place(a, at), out);
		percent("x2", place(a, at), out);
		/* A row may be higher than its picture. */
		buf_fmt(out, " y2=\"%d\"/>", 4 * height);
	}
}

struct bar {
	const char *class, *fill;
	const char *what;
	int y;
};

static void
put_rect(const struct bar *b, int64_t from, int64_t wide, const char *opacity,
	 struct buf *out)
{
	buf_fmt(out, "<rect class=\"%s\" fill=\"%s\" y=\"%d\" height=\"%d\"",
		b->class, b->fill, b->y, BAR);
	if (opacity)
		buf_fmt(out, " fill-opacity=\"%s\"", opacity);
	else
		buf_adds(out, " rx=\"1\"");
	/* At the very end it must not lie outside. */
	if (wide < THIN)
		wide = THIN;
	percent("x", from + wide > 1000 ? 1000 - wide : from, out);
	percent("width", wide, out);
	buf_adds(out, "/>");
}

/* Pale while it waits for the answer, full while the answer comes. */
static void
put_bar(const struct axis *a, const struct bar *b,
	const struct story_times *t, struct buf *out)
{
	int64_t sent_us = bounded(t->sent_us);
	int64_t sent, answer, end;

	if (!t->known)
		return;
	sent = place(a, t->sent_us);
	answer = place(a, t->answer_us);
	end = place(a, t->end_us);
	buf_fmt(out, "<g><title>%s: sent at ", b->what);
	put_us(sent_us, out);
	buf_adds(out, ", answered after ");
	put_us(bounded(t->answer_us) - sent_us, out);
	buf_adds(out, ", ended after ");
	put_us(bounded(t->end_us) - sent_us, out);
	buf_adds(out, "</title>");
	if (answer > sent)
		put_rect(b, sent, answer - sent, ".45", out);
	put_rect(b, answer, end - answer, NULL, out);
	buf_adds(out, "</g>");
}

static void
put_lanes(const struct axis *a, const struct story_exchange *x, bool bad,
	  struct buf *out)
{
	const struct bar recorded = { "rec", "#8c96a8", "on the tape", 3 };
	struct bar replayed = { "rep", "#3b74d8", "replayed", 14 };

	if (bad) {
		replayed.class = "rep bad";
		replayed.fill = "#cf3a34";
	}
	buf_fmt(out, "<svg width=\"100%%\" height=\"%d\" role=\"img\" "
		"aria-label=\"times of exchange %u\">", ROW, x->id);
	put_grid(a, ROW, out);
	put_bar(a, &recorded, &x->recorded, out);
	put_bar(a, &replayed, &x->replayed, out);
	buf_adds(out, "</svg>");
}

static void
put_axis(const struct axis *a, struct buf *out)
{
	buf_adds(out, "<svg width=\"100%\" height=\"18\" role=\"img\" "
		      "aria-label=\"time axis\">");
	for (int64_t at = 0; at < a->end_us; at += a->tick_us) {
		int64_t x = place(a, at);

		buf_adds(out, "<line class=\"g\" stroke=\"#9aa0a6\" "
			      "stroke-opacity=\".6\" y1=\"13\" y2=\"18\"");
		percent("x1", x, out);
		percent("x2", x, out);
		buf_adds(out, "/>");
		/* No room for a text behind the last one. */
		if (x > 900)
			continue;
		buf_adds(out, "<text class=\"t\" y=\"10\" font-size=\"10\" "
			      "fill=\"#7b828c\"");
		percent("x", x, out);
		buf_adds(out, ">");
		put_tick(at, out);
		buf_adds(out, "</text>");
	}
	buf_adds(out, "</svg>");
}

static void
put_flags(const struct html_tape *p, const struct story_exchange *x,
	  const struct case_result *c, struct buf *out)
{
	if (x->id == p->diverged)
		buf_adds(out, " <b class=\"flag\">◀ first difference</b>");
	if (c && c->verdict != VERDICT_PASS)
		buf_fmt(out, " <b class=\"flag v-%s\">%s</b>",
			verdict_name(c->verdict), verdict_name(c->verdict));
	if (x->nscrubbed)
		buf_fmt(out, " <span class=\"badge\" title=\"places of this "
			"exchange that were scrubbed\">%zu scrubbed</span>",
			x->nscrubbed);
}

static void
put_outcome(const struct story_exchange *x, struct buf *out)
{
	html_text(x->want, out);
	if (slice_eq(x->want, x->got))
		return;
	buf_adds(out, " → <strong>");
	html_text(x->got, out);
	buf_adds(out, "</strong>");
}

static void
put_row(const struct html_tape *p, const struct axis *a,
	const struct story_exchange *x)
{
	const struct case_result *c = html_case(p->r, x->id);
	bool bad = c ? c->verdict == VERDICT_FAILED ||
		       c->verdict == VERDICT_ERROR ||
		       c->verdict == VERDICT_XFAIL
		     : !slice_eq(x->want, x->got);
	struct buf *out = p->h->out;

	buf_fmt(out, "<tr class=\"%s%s%s\"><td align=\"right\">%u</td><td>",
		x->egress ? "egress" : "ingress", bad ? " bad" : "",
		x->id == p->diverged ? " diverged" : "", x->id);
	if (x->egress) {
		buf_adds(out, "↳ ");
		html_text(x->lane, out);
		buf_adds(out, ": ");
	}
	if (html_exchange_tells(p, x, c))
		buf_fmt(out, "<a href=\"#t%zu-x%u\">", p->n, x->id);
	html_text(c ? c->name : x->name, out);
	if (html_exchange_tells(p, x, c))
		buf_adds(out, "</a>");
	put_flags(p, x, c, out);
	buf_adds(out, "</td><td>");
	put_outcome(x, out);
	buf_adds(out, "</td><td>");
	put_lanes(a, x, bad, out);
	buf_adds(out, "</td></tr>\n");
}

static void
put_legend(struct buf *out)
{
	buf_adds(out, "<p class=\"legend\">"
		"<svg width=\"22\" height=\"9\"><rect class=\"rec\" "
		"fill=\"#8c96a8\" width=\"22\" height=\"9\"/></svg> on the "
		"tape &#160; "
		"<svg width=\"22\" height=\"9\"><rect class=\"rep\" "
		"fill=\"#3b74d8\" width=\"22\" height=\"9\"/></svg> replayed "
		"&#160; "
		"<svg width=\"22\" height=\"9\"><rect class=\"rep bad\" "
		"fill=\"#cf3a34\" width=\"22\" height=\"9\"/></svg> replayed, "
		"and not as it should be &#160; pale: waiting for the answer "
		"&#160; ↳ a call of the service</p>\n");
}

void
html_timeline(const struct html_tape *p)
{
	struct buf *out = p->h->out;
	struct axis a;

	if (!p->story || p->story->n == 0)
		return;
	a = axis_of(p->story);
	buf_adds(out, "<h4>Exchanges</h4>\n<table class=\"timeline\" "
		"width=\"100%\" cellspacing=\"0\" cellpadding=\"3\">\n<thead>"
		"<tr><th align=\"right\">#</th><th align=\"left\">request</th>"
		"<th align=\"left\">answer</th><th width=\"45%\">");
	put_axis(&a, out);
	buf_adds(out, "</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < p->story->n; i++)
		put_row(p, &a, &p->story->v[i]);
	buf_adds(out, "</tbody></table>\n");
	if (p->story->left_out)
		buf_fmt(out, "<p>%zu exchanges of the tape are not shown.</p>"
			"\n", p->story->left_out);
	put_legend(out);
}
