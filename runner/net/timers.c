/* The heap of timers behind the loop. */
#include "timers.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

void
timers_finish(struct timers *h)
{
	for (size_t i = 1; i <= h->count; i++)
		h->heap[i].timer->slot = 0;
	free(h->heap);
	*h = (struct timers){ 0 };
}

static bool
before(const struct timer_entry *a, const struct timer_entry *b)
{
	if (a->key_ns != b->key_ns)
		return a->key_ns < b->key_ns;
	return a->seq < b->seq;
}

static void
place(struct timers *h, size_t slot, struct timer_entry entry)
{
	h->heap[slot] = entry;
	entry.timer->slot = slot;
}

static void
rise(struct timers *h, size_t slot, struct timer_entry entry)
{
	for (; slot > 1 && before(&entry, &h->heap[slot / 2]); slot /= 2)
		place(h, slot, h->heap[slot / 2]);
	place(h, slot, entry);
}

static void
sink(struct timers *h, size_t slot, struct timer_entry entry)
{
	for (size_t child; (child = slot * 2) <= h->count; slot = child) {
		if (child < h->count &&
		    before(&h->heap[child + 1], &h->heap[child]))
			child++;
		if (!before(&h->heap[child], &entry))
			break;
		place(h, slot, h->heap[child]);
	}
	place(h, slot, entry);
}

static void
fit(struct timers *h, size_t slot, struct timer_entry entry)
{
	if (slot > 1 && before(&entry, &h->heap[slot / 2]))
		rise(h, slot, entry);
	else
		sink(h, slot, entry);
}

void
timers_set(struct timers *h, struct loop_timer *t)
{
	struct timer_entry entry = {
		.key_ns = t->at_ns, .seq = h->next_seq++, .timer = t,
	};

	if (t->precise)
		entry.key_ns -= t->at_ns > LOOP_SPIN_NS ? LOOP_SPIN_NS :
			t->at_ns;
	timers_cancel(h, t);
	if (h->count + 1 >= h->cap) {
		h->cap = h->cap ? h->cap * 2 : 16;
		h->heap = mem_grow(h->heap, h->cap, sizeof(*h->heap));
	}
	rise(h, ++h->count, entry);
}

void
timers_cancel(struct timers *h, struct loop_timer *t)
{
	size_t slot = t->slot;
	struct timer_entry last;

	if (slot == 0)
		return;
	h->spinning -= h->heap[slot].spinning;
	t->slot = 0;
	last = h->heap[h->count--];
	if (slot <= h->count)
		fit(h, slot, last);
}

uint64_t
timers_wake_ns(const struct timers *h)
{
	return h->count > 0 ? h->heap[1].key_ns : UINT64_MAX;
}

struct loop_timer *
timers_take(struct timers *h, uint64_t now_ns, uint64_t before_seq)
{
	while (h->count > 0 && h->heap[1].key_ns <= now_ns &&
	       h->heap[1].seq < before_seq) {
		struct timer_entry top = h->heap[1];

		if (top.key_ns == top.timer->at_ns) {
			timers_cancel(h, top.timer);
			return top.timer;
		}
		/* Early on purpose: from here to its time we spin.  Also when
		 * its time has come, since others may come before it. */
		top.key_ns = top.timer->at_ns;
		top.spinning = true;
		h->spinning++;
		sink(h, 1, top);
	}
	return NULL;
}
