/* One exchange in the HTML report: what differs, and where values come from. */
#include "html.h"

/* Steps of a chain of bindings; differences in a table. */
#define CHAIN_MAX 6u
#define DIFFS_SHOWN 20u

static uint32_t
exchange_of(struct slice place)
{
	struct slice id = slice_cut(&place, '.');
	uint64_t n;

	return slice_uint(id, UINT32_MAX, &n) == 0 ? (uint32_t)n : 0;
}

static const struct story_exchange *
told(const struct html_tape *p, uint32_t id)
{
	for (size_t i = 0; id && p->story && i < p->story->n; i++)
		if (p->story->v[i].id == id)
			return &p->story->v[i];
	return NULL;
}

/* A place as a link to its exchange, where that has a page. */
static void
put_place(const struct html_tape *p, struct slice place)
{
	const struct story_exchange *x = told(p, exchange_of(place));
	bool link = x && html_exchange_tells(p, x, html_case(p->r, x->id));
	struct buf *out = p->h->out;

	buf_adds(out, "<code>");
	if (link)
		buf_fmt(out, "<a href=\"#t%zu-x%u\">", p->n, x->id);
	html_text(place, out);
	buf_adds(out, link ? "</a></code>" : "</code>");
}

static void
put_chain(const struct html_tape *p, const struct story_exchange *x,
	  unsigned depth)
{
	struct buf *out = p->h->out;

	if (x->nlinks == 0 || depth == CHAIN_MAX)
		return;
	buf_adds(out, "<ul class=\"why\">\n");
	for (size_t i = 0; i < x->nlinks; i++) {
		const struct story_link *l = &x->links[i];
		const struct story_exchange *from =
			told(p, exchange_of(l->from));

		buf_adds(out, "<li>");
		put_place(p, l->to);
		buf_adds(out, " is what ");
		put_place(p, l->from);
		buf_adds(out, " held");
		/* Once for the last of a row of fields from one answer. */
		if (from && (i + 1 == x->nlinks ||
			     exchange_of(x->links[i + 1].from) != from->id))
			put_chain(p, from, depth + 1);
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ul>\n");
}

static void
put_why(const struct html_tape *p, const struct story_exchange *x)
{
	const struct story_exchange *cause = told(p, x->cause);
	struct buf *out = p->h->out;

	if (!cause && x->nlinks == 0)
		return;
	buf_adds(out, "<h5>Why this request</h5>\n");
	if (cause) {
		buf_fmt(out, "<p>The service made it for <a href=\"#t%zu-x%u\">"
			"%u ", p->n, cause->id, cause->id);
		html_text(cause->name, out);
		buf_adds(out, "</a>.</p>\n");
	}
	put_chain(p, x, 0);
}

static void
put_calls(const struct html_tape *p, const struct story_exchange *x)
{
	struct buf *out = p->h->out;
	bool any = false;

	for (size_t i = 0; !x->egress && i < p->story->n; i++) {
		const struct story_exchange *call = &p->story->v[i];

		if (!call->egress || call->cause != x->id)
			continue;
		buf_adds(out, any ? ", " : "<p>For it the service called ");
		any = true;
		html_text(call->lane, out);
		buf_adds(out, ": ");
		html_text(call->name, out);
		buf_adds(out, " (");
		html_text(call->got, out);
		buf_adds(out, ")");
	}
	if (any)
		buf_adds(out, "</p>\n");
}

static void
put_scrubbed(const struct story_exchange *x, struct buf *out)
{
	if (x->nscrubbed == 0)
		return;
	buf_adds(out, "<h5>Scrubbed</h5>\n<p>");
	for (size_t i = 0; i < x->nscrubbed; i++) {
		buf_adds(out, "<span class=\"badge\">");
		html_text(x->scrubbed[i].rule, out);
		buf_adds(out, " <code>");
		html_text(x->scrubbed[i].field, out);
		buf_adds(out, "</code>");
		if (x->scrubbed[i].count > 1)
			buf_fmt(out, " %llu×", (unsigned long long)
				x->scrubbed[i].count);
		buf_adds(out, "</span> ");
	}
	buf_adds(out, "</p>\n");
}

static void
put_differences(const struct case_result *c, struct buf *out)
{
	if (c->ndiffs == 0)
		return;
	buf_adds(out, "<h5>Fields that differ</h5>\n<table class=\"fields\" "
		"cellpadding=\"4\" rules=\"rows\" frame=\"void\"><thead><tr>"
		"<th align=\"left\">risk</th>"
		"<th align=\"left\">field</th><th align=\"left\">on the tape"
		"</th><th align=\"left\">live</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < c->ndiffs && i < DIFFS_SHOWN; i++) {
		const struct difference *d = &c->diffs[i];

		buf_fmt(out, "<tr><td><b class=\"risk %s\">%s</b></td><td>"
			"<code>", risk_name(d->risk), risk_name(d->risk));
		html_text(d->place, out);
		buf_adds(out, "</code></td><td>" HTML_GONE);
		html_text(d->want, out);
		buf_adds(out, HTML_END "</td><td>" HTML_COME);
		html_text(d->got, out);
		buf_adds(out, HTML_END "</td></tr>\n");
	}
	buf_adds(out, "</tbody></table>\n");
	if (c->more || c->ndiffs > DIFFS_SHOWN)
		buf_fmt(out, "<p>and %zu more differences</p>\n", c->more +
			(c->ndiffs > DIFFS_SHOWN ? c->ndiffs - DIFFS_SHOWN : 0));
}

bool
html_exchange_tells(const struct html_tape *p, const struct story_exchange *x,
		    const struct case_result *c)
{
	if (p->brief)
		return false;
	return x->nlinks || x->nscrubbed ||
	       x->asked.kind != STORY_NONE ||
	       x->want_body.kind != STORY_NONE ||
	       x->got_body.kind != STORY_NONE ||
	       (c && (c->verdict != VERDICT_PASS || c->ndiffs));
}

static void
put_head(const struct html_tape *p, const struct story_exchange *x,
	 const struct case_result *c)
{
	struct buf *out = p->h->out;
	bool open = (c && c->verdict != VERDICT_PASS) || x->id == p->diverged;

	buf_fmt(out, "<details class=\"exchange\"%s><summary><b>%u</b> ",
		open ? " open" : "", x->id);
	html_text(c ? c->name : x->name, out);
	buf_adds(out, " <span class=\"outcome\">");
	html_text(x->want, out);
	if (!slice_eq(x->want, x->got)) {
		buf_adds(out, " → ");
		html_text(x->got, out);
	}
	buf_fmt(out, "</span></summary>\n<div class=\"inside\" "
		"id=\"t%zu-x%u\">\n", p->n, x->id);
}

void
html_exchange(const struct html_tape *p, const struct story_exchange *x,
	      const struct case_result *c)
{
	struct buf *out = p->h->out;

	put_head(p, x, c);
	if (c && c->message.n) {
		buf_adds(out, "<p class=\"message\">");
		html_text(c->message, out);
		buf_adds(out, "</p>\n");
	}
	if (c)
		put_differences(c, out);
	html_bodies(p->h, x);
	put_why(p, x);
	if (p->story)
		put_calls(p, x);
	put_scrubbed(x, out);
	buf_adds(out, "</div></details>\n");
}
