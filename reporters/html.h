/*
 * The parts of the HTML report.  It must be readable where only the markup is
 * honoured (Jenkins blocks scripts and styles): meaning is in elements, tables
 * and SVG attributes; style and script only add.
 */
#ifndef DVR_REPORTERS_HTML_H
#define DVR_REPORTERS_HTML_H

#include "reporters.h"

struct html {
	const struct report_style *style;
	struct buf *out;
	size_t bodies;		/* bytes of bodies that stand in the page */
};

/* A tape's page: its anchors are "tN" and "tN-xID". */
struct html_tape {
	struct html *h;
	const struct tape_result *t;
	const struct replay_result *r;		/* shown, or NULL */
	const struct story *story;		/* or NULL */
	size_t n;				/* number of the tape */
	uint32_t diverged;			/* first exchange that went
						 * another way, 0 none */
	bool brief;				/* no page for an exchange */
};

/*
 * html_text.c: the only way in for text from outside, in elements and in quoted
 * attributes alike.  Markup is escaped; control bytes, bad UTF-8, marks that
 * turn the writing direction and characters without width are made visible.
 */
void html_text(struct slice s, struct buf *out);
/* The same for text of more lines, whose ends and tabs stay. */
void html_lines(struct slice s, struct buf *out);
/* "17 B", "4.2 KiB". */
void html_size(uint64_t bytes, struct buf *out);

/* html_style.c, html_script.c: our own, and nothing from outside in them. */
void html_style(struct buf *out);
void html_script(struct buf *out);

/* html_tape.c */
void html_tape(const struct html_tape *p);
const struct case_result *html_case(const struct replay_result *r,
				    uint32_t exchange);

/* html_timeline.c: both runs on one axis. */
void html_timeline(const struct html_tape *p);

/* html_exchange.c: what differs in one, and where its values come from. */
void html_exchange(const struct html_tape *p, const struct story_exchange *x,
		   const struct case_result *c);
bool html_exchange_tells(const struct html_tape *p,
			 const struct story_exchange *x,
			 const struct case_result *c);

/* html_body.c: the recorded body and the live one. */
void html_bodies(struct html *h, const struct story_exchange *x);

/*
 * What is gone and what came.  Elements of their own would be struck through
 * where styles are blocked, and hard to read; a colour is honoured.
 */
#define HTML_GONE "<font class=\"del\" color=\"#c2332d\">"
#define HTML_COME "<font class=\"ins\" color=\"#2b8449\">"
#define HTML_END "</font>"

/* html_diff.c: lines that are gone, came and stayed. */
void html_diff(struct slice want, struct slice got, struct buf *out);
/* JSON over lines, so that lines can be compared; other text as it is.  A part
 * of a body begins anywhere: `json` says what it is. */
void html_spread(struct slice text, bool json, struct buf *out);
size_t html_count_lines(struct slice text);

#endif
