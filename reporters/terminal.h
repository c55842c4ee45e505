/* What the files of the terminal report share: paint, columns, symbols. */
#ifndef DVR_REPORTERS_TERMINAL_H
#define DVR_REPORTERS_TERMINAL_H

#include "reporters.h"

/* Narrowest column of a text. */
#define NAME_MIN 20

enum paint { PLAIN, GREEN, RED, YELLOW, DIM, BOLD };

struct look {
	const char *symbol, *word;
	enum paint paint;
};
extern const struct look terminal_looks[];	/* by verdict */

struct screen {
	const struct report_style *style;
	struct buf *out;
};

void screen_paint(const struct screen *s, enum paint p);
void screen_painted(const struct screen *s, enum paint p, const char *text);
/* Characters, not bytes: what a terminal's columns are about. */
size_t screen_width(struct slice s);
/* Safe text in a column: padded, and cut with an ellipsis. */
void screen_column(const struct screen *s, struct slice text, size_t width);
/*
 * Safe text that begins at column `indent` and goes on there: where somebody
 * looks at it lines end between words, else it is one line.  With its end.
 */
void screen_text(const struct screen *s, struct slice text, size_t indent);
unsigned screen_columns(const struct screen *s);
bool verdict_gates(enum verdict v);

/* terminal_cases.c */
void terminal_cases(const struct screen *s, const struct replay_result *r);
void terminal_differences(const struct screen *s,
			  const struct replay_result *r);

#endif
