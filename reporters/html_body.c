/* Bodies in the HTML report: a diff of text, hex of bytes, the rest outside. */
#include "html.h"

#include <dvr/base/hash.h>

#include <stdio.h>

/* A body in the page, and all of them (bytes); larger ones lie beside it. */
#define INLINE_MAX (12u * KiB)
#define INLINE_ALL (12u * MiB)
/* Room for bodies whose lines were spread. */
#define SPREAD_MAX (8u * MiB)
#define HEX_ROW 16u
#define HEX_ROWS 24u

static void
put_size(const struct story_body *b, struct buf *out)
{
	html_size(b->bytes, out);
	if (b->type.n) {
		buf_adds(out, ", ");
		html_text(b->type, out);
	}
	if (b->part.n && b->part.n < b->bytes) {
		buf_adds(out, "; of it here ");
		html_size(b->part.n, out);
		if (b->from)
			buf_fmt(out, " from byte %llu",
				(unsigned long long)b->from);
	}
}

/* A link to a file with all that is kept of it; its name is its hash's. */
static void
put_outside(const struct html *h, const char *label,
	    const struct story_body *b)
{
	const char *type = b->kind == STORY_TEXT ? "txt" : "bin";
	char hash[SHA256_HEX], name[40];
	const struct report_files *f = h->style->files;
	bool there;

	sha256_hex(b->part, hash);
	snprintf(name, sizeof(name), "%.24s.%s", hash, type);
	there = f && f->put(f->arg, name, b->part) == 0;
	buf_fmt(h->out, "<p class=\"outside\">%s: ", label);
	if (there)
		buf_fmt(h->out, "<a href=\"" REPORT_FILES "/%s\">", name);
	put_size(b, h->out);
	buf_adds(h->out, there ? "</a></p>\n" : "</p>\n");
}

static void
put_note(const char *label, const struct story_body *b, struct buf *out)
{
	buf_fmt(out, "<p class=\"outside\">%s: ", label);
	if (b->withheld.n) {
		buf_adds(out, "withheld: ");
		html_text(b->withheld, out);
	} else {
		buf_adds(out, "empty");
	}
	buf_adds(out, "</p>\n");
}

/* ---- bytes -------------------------------------------------------------- */

static void
hex_row(struct slice s, uint64_t at, struct buf *out)
{
	buf_fmt(out, "%08llx ", (unsigned long long)at);
	for (size_t i = 0; i < HEX_ROW; i++) {
		if (i % 8 == 0)
			buf_addc(out, ' ');
		if (i < s.n)
			buf_fmt(out, "%02x ", (unsigned char)s.p[i]);
		else
			buf_adds(out, "   ");
	}
	buf_adds(out, " ");
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '.';

		html_text(slice_of(&c, 1), out);
	}
}

/* Where the first byte differs, as a row; 0 when one is not there. */
static size_t
first_row(struct slice a, struct slice b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && a.p[i] == b.p[i])
		i++;
	return b.n == 0 || i == a.n ? 0 : i / HEX_ROW;
}

static void
put_hex(const struct story_body *b, const struct story_body *other,
	const char *mark, struct buf *out)
{
	size_t row = first_row(b->part, other->part);
	size_t rows = (b->part.n + HEX_ROW - 1) / HEX_ROW, end;

	row = row > 4 ? row - 4 : 0;
	end = rows < row + HEX_ROWS ? rows : row + HEX_ROWS;
	buf_adds(out, "<pre class=\"hex\">");
	if (row)
		buf_fmt(out, "<i>  %zu rows alike</i>\n", row);
	for (size_t i = row; i < end; i++) {
		struct slice mine = slice_range(b->part, i * HEX_ROW,
						(i + 1) * HEX_ROW);
		bool same = slice_eq(mine, slice_range(other->part,
					i * HEX_ROW, (i + 1) * HEX_ROW));

		if (!same && other->part.n)
			buf_adds(out, mark);
		hex_row(mine, b->from + i * HEX_ROW, out);
		if (!same && other->part.n)
			buf_adds(out, HTML_END);
		buf_addc(out, '\n');
	}
	if (end < rows)
		buf_fmt(out, "<i>  %zu rows more</i>\n", rows - end);
	buf_adds(out, "</pre>\n");
}

/* ---- both sides --------------------------------------------------------- */

static bool
fits(struct html *h, const struct story_body *b)
{
	if (b->part.n > INLINE_MAX || h->bodies + b->part.n > INLINE_ALL)
		return false;
	h->bodies += b->part.n;
	return true;
}

static void
spread(const struct story_body *b, struct buf *out)
{
	bool json = b->part.n < b->bytes &&
		    slice_ifind(b->type, SLICE("json")) >= 0;

	html_spread(b->part, json, out);
}

static void
put_text(const struct story_body *b, struct buf *out)
{
	struct buf text;

	buf_init(&text, SPREAD_MAX);
	spread(b, &text);
	buf_adds(out, "<pre>");
	html_lines(buf_slice(&text), out);
	buf_adds(out, "</pre>\n");
	buf_release(&text);
}

/* One body alone. */
static void
put_alone(struct html *h, const char *label, const struct story_body *b)
{
	static const struct story_body none = { .kind = STORY_NONE };

	if (b->kind == STORY_NONE) {
		put_note(label, b, h->out);
		return;
	}
	if (b->kind == STORY_TEXT && !fits(h, b)) {
		put_outside(h, label, b);
		return;
	}
	buf_fmt(h->out, "<p class=\"of\">%s: ", label);
	put_size(b, h->out);
	buf_adds(h->out, "</p>\n");
	if (b->kind == STORY_TEXT)
		put_text(b, h->out);
	else
		put_hex(b, &none, "", h->out);
}

static void
put_diff(struct html *h, const struct story_exchange *x)
{
	struct buf want, got;
	size_t before;

	buf_init(&want, SPREAD_MAX);
	buf_init(&got, SPREAD_MAX);
	spread(&x->want_body, &want);
	spread(&x->got_body, &got);
	buf_adds(h->out, "<p class=\"of\">" HTML_GONE "- on the tape" HTML_END
			 ": ");
	put_size(&x->want_body, h->out);
	buf_adds(h->out, " &#160; " HTML_COME "+ live" HTML_END ": ");
	put_size(&x->got_body, h->out);
	buf_adds(h->out, "</p>\n");
	before = h->out->n;
	html_diff(buf_slice(&want), buf_slice(&got), h->out);
	h->bodies += h->out->n - before;
	if (x->want_body.part.n > INLINE_MAX)
		put_outside(h, "answer on the tape", &x->want_body);
	if (x->got_body.part.n > INLINE_MAX)
		put_outside(h, "answer live", &x->got_body);
	buf_release(&want);
	buf_release(&got);
}

static bool
is_there(const struct story_body *b)
{
	return b->kind != STORY_NONE || b->withheld.n > 0;
}

static void
put_answers(struct html *h, const struct story_exchange *x)
{
	const struct story_body *want = &x->want_body, *got = &x->got_body;

	if (want->kind == STORY_TEXT && got->kind == STORY_TEXT &&
	    !slice_eq(want->part, got->part) && h->bodies < INLINE_ALL) {
		put_diff(h, x);
		return;
	}
	if (want->kind != STORY_NONE && want->kind == got->kind &&
	    want->bytes == got->bytes && slice_eq(want->part, got->part)) {
		put_alone(h, "answer, the same on the tape and live", want);
		return;
	}
	if (want->kind == STORY_BYTES && got->kind == STORY_BYTES) {
		put_outside(h, "answer on the tape", want);
		put_hex(want, got, HTML_GONE, h->out);
		put_outside(h, "answer live", got);
		put_hex(got, want, HTML_COME, h->out);
		return;
	}
	if (is_there(want))
		put_alone(h, "answer on the tape", want);
	if (is_there(got))
		put_alone(h, "answer live", got);
}

void
html_bodies(struct html *h, const struct story_exchange *x)
{
	if (!is_there(&x->asked) && !is_there(&x->want_body) &&
	    !is_there(&x->got_body))
		return;
	buf_adds(h->out, "<h5>Bodies</h5>\n");
	if (is_there(&x->asked))
		put_alone(h, "request", &x->asked);
	put_answers(h, x);
}
