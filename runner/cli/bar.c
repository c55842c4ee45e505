/* Draws the progress line of a run on a terminal. */
#include "bar.h"

#include <dvr/base/fs.h>

#include <stdio.h>
#include <unistd.h>

#define BAR_CELLS 20
#define CLEAR_LINE "\r\x1b[K"

struct tally {
	size_t done, running, first;	/* first: of those that run */
	double left;			/* seconds of work, as far as known */
	double known;			/* of the run, by the last durations */
	size_t unknown;			/* tapes left that were never timed */
};

static struct tally
count(const struct bar *b)
{
	const struct regression *g = b->g;
	struct tally n = { .first = NO_TAPE };

	for (size_t i = 0; i < g->npicked; i++) {
		const struct last_tape *t = last_run_find(
			b->last, slice_str(g->picked[i]->id));

		if (b->tried[i]) {
			n.done++;
			n.known += g->results.tapes[i].seconds;
			continue;
		}
		if (b->running[i] && n.running++ == 0)
			n.first = i;
		if (t)
			n.left += t->seconds;
		else
			n.unknown++;
	}
	return n;
}

/* Seconds to go, or -1 while nothing is known. */
static double
estimate(const struct bar *b, const struct tally *n)
{
	double left = n->left;

	if (n->unknown > 0 && n->done == 0)
		return -1;
	if (n->unknown > 0)
		left += (double)n->unknown * n->known / (double)n->done;
	return left / b->g->jobs;
}

static void
put_time(double seconds, struct buf *out)
{
	unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;

	if (s >= 60)
		buf_fmt(out, "%lum%02lus", s / 60, s % 60);
	else
		buf_fmt(out, "%lus", s);
}

void
bar_text(const struct bar *b, uint64_t now_ns, unsigned columns,
	 struct buf *out)
{
	struct tally n = count(b);
	size_t total = b->g->npicked, full = n.done * BAR_CELLS / total;
	double left = estimate(b, &n);

	buf_addc(out, '[');
	for (size_t i = 0; i < BAR_CELLS; i++)
		buf_addc(out, i < full ? '#' : '.');
	buf_fmt(out, "] %zu/%zu", n.done, total);
	if (b->failed)
		buf_fmt(out, ", %u not passed", b->failed);
	buf_adds(out, ", ");
	put_time((double)(now_ns - b->began_ns) / (double)NS_PER_S, out);
	if (left >= 0) {
		buf_adds(out, ", about ");
		put_time(left, out);
		buf_adds(out, " to go");
	}
	if (n.first != NO_TAPE)
		buf_fmt(out, "  %s", b->g->picked[n.first]->id);
	if (n.running > 1)
		buf_fmt(out, " +%zu", n.running - 1);
	/* The last column stays free: some terminals wrap after it. */
	if (out->n >= columns)
		out->n = columns - 1;
}

void
bar_draw(struct bar *b)
{
	struct buf text, line;

	buf_init(&text, 4 * KiB);
	buf_init(&line, 8 * KiB);
	bar_text(b, clock_mono_ns(&clock_system), b->g->style.columns, &text);
	buf_adds(&line, CLEAR_LINE);
	/* A folder's name is whatever somebody called it. */
	for (size_t i = 0; i < text.n; i++)
		buf_addc(&line, text.p[i] >= ' ' && text.p[i] < 127 ?
			 text.p[i] : '?');
	fs_write_all(STDOUT_FILENO, buf_slice(&line));
	b->shown = true;
	buf_release(&line);
	buf_release(&text);
}

void
bar_clear(struct bar *b)
{
	if (b->shown)
		fs_write_all(STDOUT_FILENO, SLICE(CLEAR_LINE));
	b->shown = false;
}
