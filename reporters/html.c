/* The HTML report: one file, a list of tapes and a page for each. */
#include "html.h"

#include <dvr/base/clock.h>
#include <dvr/base/hash.h>

/* Tapes in the list, and with a page: more help nobody, and browsers not. */
#define BAD_LISTED 5000u
#define REST_LISTED 5000u
#define BAD_TOLD 1500u
#define REST_TOLD 1000u
/* Beyond this (bytes) tapes have no page of their own. */
#define PAGES_END (48u * MiB)
/* First failures that are open before anybody has clicked. */
#define OPEN_FIRST 1u

#define TROUBLES_SHOWN 20u
/* Of more tapes those that passed have no page for each exchange. */
#define WHOLE_MAX 60u

struct page {
	struct html h;
	const struct results *r;
	struct totals n;
	struct arena *a;
	struct trouble *troubles;
	size_t ntroubles;
	size_t *group;
	size_t *order;		/* bad ones first */
	size_t nbad;
};

static bool
is_bad(const struct tape_result *t)
{
	return t->verdict == VERDICT_FAILED || t->verdict == VERDICT_ERROR;
}

static void
sort(struct page *p)
{
	const struct results *r = p->r;
	size_t n = 0;

	p->order = arena_array(p->a, r->ntapes + 1, sizeof(*p->order));
	/* Those of the greatest trouble first: one look may do for many. */
	for (size_t k = 0; k < p->ntroubles && k < TROUBLES_SHOWN; k++)
		for (size_t i = p->troubles[k].first; i < r->ntapes; i++)
			if (p->group[i] == k)
				p->order[n++] = i;
	for (size_t i = 0; i < r->ntapes; i++)
		if (is_bad(&r->tapes[i]) && p->group[i] >= TROUBLES_SHOWN)
			p->order[n++] = i;
	p->nbad = n;
	for (size_t i = 0; i < r->ntapes; i++)
		if (!is_bad(&r->tapes[i]) &&
		    r->tapes[i].verdict != VERDICT_PASS)
			p->order[n++] = i;
	for (size_t i = 0; i < r->ntapes; i++)
		if (r->tapes[i].verdict == VERDICT_PASS)
			p->order[n++] = i;
}

static bool
is_listed(const struct page *p, size_t at)
{
	return at < p->nbad ? at < BAD_LISTED : at - p->nbad < REST_LISTED;
}

static bool
is_told(const struct page *p, size_t at)
{
	return at < p->nbad ? at < BAD_TOLD : at - p->nbad < REST_TOLD;
}

/* ---- head --------------------------------------------------------------- */

static void
put_hash(const struct buf *of, struct buf *out)
{
	unsigned char hash[SHA256_BYTES];

	sha256(buf_slice(of), hash);
	buf_adds(out, "'sha256-");
	base64_encode(slice_of(hash, sizeof(hash)), out);
	buf_addc(out, '\'');
}

static void
put_title(const struct page *p, struct buf *out)
{
	size_t bad = p->n.failed + p->n.error, n = p->r->ntapes;

	if (n == 0)
		buf_adds(out, "No tape was replayed");
	else if (bad)
		buf_fmt(out, "%zu of %zu tape%s do%s not pass", bad, n,
			n == 1 ? "" : "s", bad == 1 ? "es" : "");
	else
		buf_fmt(out, "%s%zu tape%s pass%s", n == 1 ? "" : "All ", n,
			n == 1 ? "" : "s", n == 1 ? "es" : "");
}

/* Nothing is loaded, and no code runs but the one script below. */
static void
put_head(const struct page *p, struct buf *script)
{
	struct buf *out = p->h.out, style;

	buf_init(&style, MiB);
	html_style(&style);
	html_script(script);
	buf_adds(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" "
		"content=\"default-src 'none'; style-src ");
	put_hash(&style, out);
	buf_adds(out, "; script-src ");
	put_hash(script, out);
	buf_adds(out, "; base-uri 'none'; form-action 'none'\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n"
		"<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	put_title(p, out);
	buf_adds(out, " · dvr</title>\n<style>");
	buf_add(out, buf_slice(&style));
	buf_adds(out, "</style>\n</head>\n<body>\n");
	buf_release(&style);
}

struct part {
	unsigned n;
	const char *verdict, *word, *fill;
};

static void
parts_of(const struct totals *n, struct part out[6])
{
	const struct part all[] = {
		{ n->failed, "failed", "failed", "#cf3a34" },
		{ n->error, "error", n->error == 1 ? "error" : "errors",
		  "#b8621b" },
		{ n->flaky, "flaky", "flaky", "#c9a227" },
		{ n->xfail, "xfail", "known to fail", "#7a6fae" },
		{ n->skipped, "skipped", "quarantined", "#9aa0a6" },
		{ n->pass, "pass", "passed", "#3f8f5f" },
	};

	memcpy(out, all, sizeof(all));
}

static void
put_shares(const struct page *p, const struct part *parts)
{
	struct buf *out = p->h.out;
	size_t at = 0;

	if (p->r->ntapes == 0)
		return;
	buf_adds(out, "<svg class=\"shares\" width=\"100%\" height=\"8\" "
		"role=\"img\" aria-label=\"shares of the verdicts\">");
	for (size_t i = 0; i < 6; i++) {
		size_t wide = parts[i].n * 10000u / p->r->ntapes;

		if (parts[i].n == 0)
			continue;
		wide = wide < 40 ? 40 : wide;
		buf_fmt(out, "<rect class=\"s-%s\" fill=\"%s\" x=\"%zu.%02zu"
			"%%\" width=\"%zu.%02zu%%\" height=\"8\"/>",
			parts[i].verdict, parts[i].fill, at / 100, at % 100,
			wide / 100, wide % 100);
		at += wide;
	}
	buf_adds(out, "</svg>\n");
}

static void
put_totals(const struct page *p)
{
	struct buf *out = p->h.out;
	struct part parts[6];

	parts_of(&p->n, parts);
	put_shares(p, parts);
	buf_adds(out, "<ul class=\"totals\">\n");
	for (size_t i = 0; i < 6; i++)
		if (parts[i].n)
			buf_fmt(out, "<li class=\"v-%s\"><b>%u</b> %s</li>\n",
				parts[i].verdict, parts[i].n, parts[i].word);
	buf_adds(out, "</ul>\n");
}

static void
put_run(const struct page *p)
{
	struct buf *out = p->h.out;
	char when[CLOCK_RFC3339_MAX];

	buf_adds(out, "<p class=\"run\">");
	if (p->r->command.n) {
		buf_adds(out, "<code>");
		html_text(p->r->command, out);
		buf_adds(out, "</code>, ");
	}
	if (p->r->started_us) {
		clock_rfc3339(p->r->started_us, when);
		when[10] = ' ';
		buf_fmt(out, "%.19s UTC, ", when);
	}
	seconds_print(p->r->seconds, out);
	buf_adds(out, " s, dvr " DVR_VERSION);
	if (timing_worst(p->r)) {
		buf_adds(out, "<br>timing of the latest tape: ");
		timing_print(timing_worst(p->r), out);
	}
	buf_adds(out, "</p>\n");
	if (p->r->partial)
		buf_adds(out, "<p class=\"partial\" role=\"alert\"><strong>"
			"Interrupted: not every tape was tried.</strong></p>\n");
}

static void
put_troubles(const struct page *p)
{
	struct buf *out = p->h.out;

	if (p->ntroubles == 0)
		return;
	buf_adds(out, "<section class=\"troubles\">\n<h2>Where they first "
		"went another way</h2>\n<ol>\n");
	for (size_t i = 0; i < p->ntroubles && i < TROUBLES_SHOWN; i++) {
		const struct trouble *t = &p->troubles[i];

		buf_fmt(out, "<li><a href=\"#t%zu\" data-group=\"%zu\">%zu "
			"tape%s</a> <span>", t->first, i, t->n,
			t->n == 1 ? "" : "s");
		html_text(t->what, out);
		buf_adds(out, "</span></li>\n");
	}
	buf_adds(out, "</ol>\n");
	if (p->ntroubles > TROUBLES_SHOWN)
		buf_fmt(out, "<p>and %zu other points</p>\n",
			p->ntroubles - TROUBLES_SHOWN);
	buf_adds(out, "</section>\n");
}

/* ---- list --------------------------------------------------------------- */

/* For the filter: the routes of a tape, told once each. */
static void
put_routes(const struct tape_result *t, struct buf *out)
{
	const struct replay_result *r = tape_result_shown(t);

	for (size_t i = 0; r && i < r->ncases && i < 30; i++) {
		struct slice name = r->cases[i].name;
		bool again = slice_ends(name, SLICE("]"));

		if (again)
			continue;
		if (i)
			buf_adds(out, "\\n");
		html_text(name, out);
	}
}

static void
put_row(const struct page *p, size_t at)
{
	size_t i = p->order[at];
	const struct tape_result *t = &p->r->tapes[i];
	const struct replay_result *r = tape_result_shown(t);
	struct slice why = r && r->diverged.n ? r->diverged : t->reason;
	struct buf *out = p->h.out;

	buf_fmt(out, "<tr data-v=\"%s\" data-t=\"t%zu\"",
		verdict_name(t->verdict), i);
	if (p->group[i] != SIZE_MAX)
		buf_fmt(out, " data-g=\"%zu\"", p->group[i]);
	buf_adds(out, " data-r=\"");
	put_routes(t, out);
	buf_fmt(out, "\"><td><b class=\"v v-%s\">%s</b></td><td>",
		verdict_name(t->verdict), verdict_name(t->verdict));
	if (is_told(p, at))
		buf_fmt(out, "<a href=\"#t%zu\">", i);
	html_text(t->id, out);
	buf_adds(out, is_told(p, at) ? "</a>" : "");
	if (t->unproven)
		buf_adds(out, " <span class=\"badge\">unproven</span>");
	if (t->verdict != VERDICT_PASS) {
		buf_adds(out, "<br><small>");
		html_text(why, out);
		buf_adds(out, "</small>");
	}
	buf_adds(out, "</td><td align=\"right\">");
	seconds_print(t->seconds, out);
	buf_adds(out, "</td></tr>\n");
}

static void
put_list(const struct page *p)
{
	struct buf *out = p->h.out;
	size_t left = 0;

	buf_adds(out, "<nav aria-label=\"tapes\">\n<h2>Tapes</h2>\n"
		"<div id=\"tools\" hidden></div>\n"
		"<table id=\"list\" cellpadding=\"3\" cellspacing=\"0\" "
		"rules=\"rows\" frame=\"void\">"
		"<thead><tr><th align=\"left\">verdict</th><th align=\"left\">"
		"tape</th><th align=\"right\">seconds</th></tr></thead>\n"
		"<tbody>\n");
	for (size_t at = 0; at < p->r->ntapes; at++) {
		if (is_listed(p, at))
			put_row(p, at);
		else
			left++;
	}
	buf_adds(out, "</tbody></table>\n");
	if (left)
		buf_fmt(out, "<p>%zu more tapes are not listed; the JSON "
			"lines have all.</p>\n", left);
	buf_adds(out, "</nav>\n");
}

/* ---- pages -------------------------------------------------------------- */

/* Where it first went another way: outcomes first, then fields. */
static uint32_t
diverged(const struct replay_result *r)
{
	for (size_t i = 0; r && i < r->ncases; i++)
		if (!slice_eq(r->cases[i].want, r->cases[i].got))
			return r->cases[i].exchange;
	for (size_t i = 0; r && i < r->ncases; i++)
		if (r->cases[i].ndiffs)
			return r->cases[i].exchange;
	return 0;
}

static void
put_page(struct page *p, size_t at)
{
	size_t i = p->order[at];
	const struct tape_result *t = &p->r->tapes[i];
	struct buf *out = p->h.out;
	struct html_tape tape = { .h = &p->h, .t = t, .n = i,
		.r = tape_result_shown(t), .story = tape_result_story(t) };

	tape.diverged = diverged(tape.r);
	tape.brief = t->verdict == VERDICT_PASS && p->r->ntapes > WHOLE_MAX;
	buf_fmt(out, "<article data-t=\"t%zu\"><details class=\"tape\"%s>"
		"<summary><b class=\"v v-%s\">%s</b> <strong>", i,
		at < OPEN_FIRST && at < p->nbad ? " open" : "",
		verdict_name(t->verdict), verdict_name(t->verdict));
	html_text(t->id, out);
	buf_adds(out, "</strong> <span class=\"seconds\">");
	seconds_print(t->seconds, out);
	buf_fmt(out, " s</span></summary>\n<div class=\"page\" id=\"t%zu\">\n",
		i);
	html_tape(&tape);
	buf_adds(out, "</div></details><hr></article>\n");
}

static void
put_pages(struct page *p)
{
	struct buf *out = p->h.out;
	size_t left = 0;

	buf_adds(out, "<main>\n");
	for (size_t at = 0; at < p->r->ntapes; at++) {
		if (is_told(p, at) && out->n < PAGES_END)
			put_page(p, at);
		else
			left++;
	}
	if (left)
		buf_fmt(out, "<p class=\"left\">%zu more tapes are without a "
			"page here; the JSON lines have all.</p>\n", left);
	buf_adds(out, "</main>\n");
}

static int
print(const struct results *r, const struct report_style *style,
      struct buf *out, struct err *e)
{
	struct page p = { .h = { .style = style, .out = out }, .r = r,
		.a = arena_create() };
	struct buf script;

	buf_init(&script, MiB);
	results_totals(r, &p.n);
	p.ntroubles = results_troubles(r, p.a, &p.troubles, &p.group);
	sort(&p);
	put_head(&p, &script);
	buf_adds(out, "<header>\n<h1>");
	put_title(&p, out);
	buf_adds(out, "</h1>\n");
	put_totals(&p);
	put_run(&p);
	buf_adds(out, "</header>\n");
	put_troubles(&p);
	buf_adds(out, "<div class=\"columns\">\n");
	put_list(&p);
	put_pages(&p);
	buf_adds(out, "</div>\n<script>");
	buf_add(out, buf_slice(&script));
	buf_adds(out, "</script>\n</body>\n</html>\n");
	buf_release(&script);
	arena_destroy(p.a);
	if (out->full)
		return err_set(e, ERR_INTERNAL, "html report: over %zu bytes",
			       out->limit);
	return 0;
}

const struct reporter reporter_html = {
	.name = "html",
	.help = "one page to look at: timelines, differences, reasons",
	.print = print,
};
