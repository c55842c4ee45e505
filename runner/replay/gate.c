/* Holds in time: waiting, released in order, or given up. */
#include "gate.h"


void
gate_leave(struct gate *g, struct gate_wait *w)
{
	if (!w->waiting)
		return;
	w->waiting = false;
	loop_timer_cancel(g->loop, &w->timer);
	for (struct gate_wait **p = &g->waiting; *p; p = &(*p)->next)
		if (*p == w) {
			*p = w->next;
			break;
		}
}

/*
 * Every callback may make further events happen, which comes back here: one
 * walk at a time, from the start again after each release.
 */
static void
release_free(struct gate *g)
{
	struct gate_wait *w;

	if (g->walking)
		return;
	g->walking = true;
	for (w = g->waiting; w;) {
		if (!g->open && !holds_free(&g->holds, w->kind, w->index)) {
			w = w->next;
			continue;
		}
		gate_leave(g, w);
		w->fn(w);
		w = g->waiting;
	}
	g->walking = false;
}

static void
time_is_up(struct loop_timer *t)
{
	struct gate_wait *w = t->owner;
	struct gate *g = w->gate;
	struct buf note;

	buf_init(&note, 4 * KiB);
	buf_adds(&note, "hold released: ");
	holds_expire(&g->holds, w->kind, w->index, &note);
	notes_add(g->notes, buf_slice(&note));
	buf_release(&note);
	release_free(g);
}

bool
gate_ask(struct gate *g, struct gate_wait *w)
{
	if (g->open || holds_free(&g->holds, w->kind, w->index))
		return true;
	w->gate = g;
	w->waiting = true;
	w->next = g->waiting;
	g->waiting = w;
	w->timer = (struct loop_timer){ .fn = time_is_up, .owner = w };
	loop_timer_set(g->loop, &w->timer,
		       loop_now_ns(g->loop) +
			       holds_timeout_ns(&g->holds, w->kind,
						w->index));
	return false;
}

void
gate_happened(struct gate *g, enum hold_kind kind, uint32_t index)
{
	holds_happened(&g->holds, kind, index);
	release_free(g);
}

void
gate_open(struct gate *g)
{
	g->open = true;
	release_free(g);
}
