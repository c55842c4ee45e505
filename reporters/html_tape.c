/* The page of one tape. */
#include "html.h"

/* Lines of a dead service's log. */
#define LOG_LINES 60u
/* Exchanges with a page of their own, in one tape. */
#define PAGES_MAX 60u

const struct case_result *
html_case(const struct replay_result *r, uint32_t exchange)
{
	/* Ids ascend. */
	size_t low = 0, high = r ? r->ncases : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->cases[mid].exchange < exchange)
			low = mid + 1;
		else
			high = mid;
	}
	return r && low < r->ncases && r->cases[low].exchange == exchange ?
		&r->cases[low] : NULL;
}

static void
row(const char *name, struct slice value, struct buf *out)
{
	if (value.n == 0)
		return;
	buf_fmt(out, "<tr><th align=\"left\" valign=\"top\">%s</th><td>",
		name);
	html_text(value, out);
	buf_adds(out, "</td></tr>\n");
}

static void
put_facts(const struct html_tape *p)
{
	const struct tape_result *t = p->t;
	struct buf *out = p->h->out, b;

	buf_init(&b, 16 * KiB);
	buf_adds(out, "<table class=\"facts\" cellpadding=\"2\">\n");
	place_of_case(t, first_bad_case(p->r), &b);
	row("tape", buf_slice(&b), out);
	row("expects", t->expect, out);
	buf_clear(&b);
	odds_print(t, &b);
	row("odds", buf_slice(&b), out);
	if (t->needed || t->clean) {
		buf_clear(&b);
		buf_fmt(&b, "%u of %u", t->clean, t->needed);
		row("clean replays", buf_slice(&b), out);
	}
	if (p->r && p->r->timing.known) {
		buf_clear(&b);
		timing_print(&p->r->timing, &b);
		row("timing", buf_slice(&b), out);
	}
	if (p->r && p->r->isolation)
		row("isolation", slice_str(p->r->isolation), out);
	row("hash", t->hash, out);
	buf_adds(out, "</table>\n");
	buf_release(&b);
}

static void
put_lines(const struct slice *v, size_t n, const char *mark, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, mark);
		html_text(v[i], out);
		buf_adds(out, HTML_END "\n");
	}
}

static void
put_store(const struct story_store *s, struct buf *out)
{
	buf_adds(out, "<details");
	if (s->ngone || s->ncome)
		buf_adds(out, " open");
	buf_adds(out, "><summary><b>");
	html_text(s->name, out);
	buf_adds(out, "</b> (");
	html_text(s->provider, out);
	buf_adds(out, ", ");
	html_size(s->bytes, out);
	buf_adds(out, ")");
	if (s->compared)
		buf_fmt(out, s->ngone || s->ncome ? ": %zu lines gone, %zu "
			"come%s" : ": unchanged", s->ngone, s->ncome,
			s->more ? ", and more" : "");
	buf_adds(out, "</summary>\n");
	if (!s->compared)
		buf_adds(out, "<p>It was restored; what the replay changed in "
			      "it was not looked at.</p>\n");
	if (s->ngone || s->ncome) {
		buf_adds(out, "<pre class=\"diff\">");
		put_lines(s->gone, s->ngone, HTML_GONE "- ", out);
		put_lines(s->come, s->ncome, HTML_COME "+ ", out);
		if (s->more)
			buf_fmt(out, "<i>  and %zu lines more</i>\n", s->more);
		buf_adds(out, "</pre>\n");
	}
	buf_adds(out, "</details>\n");
}

static void
put_state(const struct html_tape *p)
{
	if (!p->story || p->story->nstores == 0)
		return;
	buf_adds(p->h->out, "<h4>State, before and after the replay</h4>\n");
	for (size_t i = 0; i < p->story->nstores; i++)
		put_store(&p->story->stores[i], p->h->out);
}

static void
put_block(const char *title, struct slice text, struct buf *out)
{
	if (text.n == 0)
		return;
	buf_fmt(out, "<h4>%s</h4>\n<pre>", title);
	html_lines(text, out);
	buf_adds(out, "</pre>\n");
}

static struct slice
last_lines(struct slice s, unsigned most)
{
	unsigned lines = 0;
	size_t from = s.n;

	for (; from > 0; from--)
		if (s.p[from - 1] == '\n' && from < s.n && ++lines == most)
			break;
	return slice_from(s, from);
}

static void
put_notes(const struct html_tape *p)
{
	struct buf *out = p->h->out;

	if (!p->r || p->r->nnotes == 0)
		return;
	buf_adds(out, "<h4>Notes</h4>\n<ul>\n");
	for (size_t i = 0; i < p->r->nnotes; i++) {
		buf_adds(out, "<li>");
		html_text(p->r->notes[i], out);
		buf_adds(out, "</li>\n");
	}
	buf_adds(out, "</ul>\n");
}

static void
put_replays(const struct html_tape *p)
{
	const struct tape_result *t = p->t;
	struct buf *out = p->h->out;

	if (t->nreplays < 2)
		return;
	buf_fmt(out, "<h4>Replays</h4>\n<ol>\n");
	for (size_t i = 0; i < t->nreplays && i < 20; i++) {
		const struct replay_result *r = &t->replays[i];

		buf_fmt(out, "<li><b class=\"v v-%s\">%s</b> ",
			verdict_name(r->verdict), verdict_name(r->verdict));
		html_text(r->reason, out);
		buf_adds(out, " (");
		seconds_print(r->seconds, out);
		buf_fmt(out, " s)%s</li>\n",
			r == p->r ? ", shown here" : "");
	}
	buf_adds(out, "</ol>\n");
	if (t->nreplays > 20)
		buf_fmt(out, "<p>and %zu more</p>\n", t->nreplays - 20);
}

/* A case that no story tells of, as one of a merged or an older result. */
static void
put_untold(const struct html_tape *p)
{
	size_t n = 0;

	for (size_t i = 0; p->r && !p->story && i < p->r->ncases; i++) {
		const struct case_result *c = &p->r->cases[i];
		struct story_exchange x = { .id = c->exchange, .name = c->name,
			.want = c->want, .got = c->got };

		if ((c->verdict != VERDICT_PASS || c->ndiffs) &&
		    n++ < PAGES_MAX)
			html_exchange(p, &x, c);
	}
}

static void
put_exchanges(const struct html_tape *p)
{
	size_t n = 0;

	for (size_t i = 0; p->story && i < p->story->n; i++) {
		const struct story_exchange *x = &p->story->v[i];
		const struct case_result *c = html_case(p->r, x->id);

		if (html_exchange_tells(p, x, c) && n++ < PAGES_MAX)
			html_exchange(p, x, c);
	}
	put_untold(p);
	if (n > PAGES_MAX)
		buf_fmt(p->h->out, "<p>%zu more exchanges have details; dvr "
			"show prints them.</p>\n", n - PAGES_MAX);
}

void
html_tape(const struct html_tape *p)
{
	const struct tape_result *t = p->t;
	struct buf *out = p->h->out;

	buf_adds(out, "<p class=\"reason\">");
	html_text(t->reason, out);
	buf_adds(out, "</p>\n");
	if (t->command.n) {
		buf_fmt(out, "<p class=\"do\">%s it:</p>\n<pre class=\""
			"command\">", t->verdict == VERDICT_PASS ? "Replay"
			: "Reproduce");
		html_lines(t->command, out);
		buf_adds(out, "</pre>\n");
	}
	html_timeline(p);
	put_exchanges(p);
	put_state(p);
	put_notes(p);
	if (p->r)
		put_block("Answers for the new calls, for replay.yaml",
			  p->r->stubs, out);
	put_block("The service's last lines", last_lines(t->log_tail,
							 LOG_LINES), out);
	put_replays(p);
	put_facts(p);
}
