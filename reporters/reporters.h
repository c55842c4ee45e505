/* The rows of the reporters' table, and what several formats say alike. */
#ifndef DVR_REPORTERS_REPORTERS_H
#define DVR_REPORTERS_REPORTERS_H

#include <dvr/reporter.h>

/* A whole report may not grow over this: CI systems refuse larger ones. */
#define REPORT_MAX (30u * MiB)

extern const struct reporter reporter_terminal;
extern const struct reporter reporter_junit;
extern const struct reporter reporter_github;
extern const struct reporter reporter_json;
extern const struct reporter reporter_tap;
extern const struct reporter reporter_markdown;
extern const struct reporter reporter_html;

/*
 * lines.c: untrusted text for a terminal or a CI log.  Each line is put behind
 * `gutter`; control bytes, DEL, C1 and bad UTF-8 become \xNN (tabs a space),
 * and the runner commands `##[` and `::` at a line's start are broken.
 */
void lines_print(struct slice text, const char *gutter, struct buf *out);
/* "0.412": three decimals with a dot in every locale. */
void seconds_print(double seconds, struct buf *out);
/* "fixtures/ID/tape.yaml:71", without the line when it is 0. */
void place_of_case(const struct tape_result *t, const struct case_result *c,
		   struct buf *out);
/* How sure the tape's failure is on the build that made it: "the failure came
 * in 3 of 3 …", "unproven: …"; nothing when there is nothing to say. */
void odds_print(const struct tape_result *t, struct buf *out);
/* The case that a reader should look at first, or NULL. */
const struct case_result *first_bad_case(const struct replay_result *r);
/* "recorded; 4 requests, late by p50 3 us, p99 9 us, max 9 us; drift 4 us" */
void timing_print(const struct timing *t, struct buf *out);
/* Of the shown replay that was latest of all; NULL when none is known. */
const struct timing *timing_worst(const struct results *r);

#endif
