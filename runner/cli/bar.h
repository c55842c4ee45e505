/* One line at the bottom of a terminal: how far a run is, and what runs. */
#ifndef CLI_BAR_H
#define CLI_BAR_H

#include "last_run.h"
#include "regression.h"

struct bar {
	const struct regression *g;
	const struct last_run *last;	/* how long tapes take */
	uint64_t began_ns;
	bool *running;			/* by tape */
	bool *tried;			/* by tape: the run's own */
	unsigned failed;
	bool shown;
};

/* Draws, in place of what was drawn. */
void bar_draw(struct bar *b);
/* Takes it off the screen, for a line of text. */
void bar_clear(struct bar *b);
/* The line, at most `columns` wide, without colour or control bytes. */
void bar_text(const struct bar *b, uint64_t now_ns, unsigned columns,
	      struct buf *out);

#endif
