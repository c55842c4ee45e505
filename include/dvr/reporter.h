/*
 * A reporter shows results in one format: one file in reporters/, one row in
 * its table, one test.  It takes only clean results.
 */
#ifndef DVR_REPORTER_H
#define DVR_REPORTER_H

#include <dvr/base/buf.h>
#include <dvr/judge/result.h>

/* Files beside a report, for what is too large to stand in it. */
#define REPORT_FILES "report-files"
struct report_files {
	/* Writes REPORT_FILES/NAME there; -1 when it cannot be. */
	int (*put)(void *arg, const char *name, struct slice content);
	void *arg;
};

struct report_style {
	bool colour;
	unsigned columns;	/* terminal width; 0: 80 */
	bool wrap;		/* somebody looks: lines end at that width */
	bool verbose;
	bool live;		/* progress() already went to the same sink */
	bool junit_strict;	/* only what Jenkins' junit-10.xsd knows */
	bool junit_tapes;	/* a case a tape, not an exchange */
	const struct report_files *files;	/* NULL: none can be written */
};

struct reporter {
	const char *name;	/* "junit", "terminal" */
	const char *help;
	bool to_stdout;		/* default sink; else needs NAME=FILE */
	/* Whole report at the end; -1 only when it grew over out's limit. */
	int (*print)(const struct results *r, const struct report_style *s,
		     struct buf *out, struct err *e);
	/* One tape has just finished (progress), or NULL. */
	void (*progress)(const struct tape_result *t, size_t done,
			 size_t total, const struct report_style *s,
			 struct buf *out);
};

extern const struct reporter *const reporters[];	/* NULL-terminated */
const struct reporter *reporter_find(const char *name);

/* reporters/xml.c: text for XML 1.0 (control bytes and bad UTF-8 as \xNN). */
void xml_safe_text(struct slice s, struct buf *out);
/* reporters/lines.c: one line of untrusted text for a terminal or a CI log:
 * control bytes, C1, bad UTF-8 and what turns the writing round become \xNN
 * (tabs a space, line ends \n and \r), runner commands are broken. */
void line_print(struct slice text, struct buf *out);
/* reporters/markdown.c: one line that Markdown and HTML take for text. */
void markdown_text(struct slice s, struct buf *out);
/* reporters/json.c: a quoted JSON string. */
void json_quote(struct slice s, struct buf *out);
/*
 * What the json reporter printed, read back: the whole text of one file, of
 * one run or of any number of them, one behind the other (all tapes, then; the
 * rest is the last run's).  *out is zeroed but for its arena, which owns
 * everything then.  -1 and ERR_USAGE, with the number of the line, on anything
 * else.
 */
enum results_runs { RESULTS_ONE, RESULTS_ANY };
int results_read(struct slice text, enum results_runs runs,
		 struct results *out, struct err *e);

#endif
