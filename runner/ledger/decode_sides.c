/* An exchange's bytes laid out by side, with the times of its reads. */
#include "decode_sides.h"

#include <string.h>

static void
add_mark(struct arena *a, struct side *s, uint64_t at_ns, size_t end)
{
	if (s->n > 0 && s->marks[s->n - 1].at_ns == at_ns) {
		s->marks[s->n - 1].end = end;
		return;
	}
	s->marks = arena_grow(a, s->marks, s->n, &s->cap, sizeof(*s->marks));
	s->marks[s->n++] = (struct read_mark){ at_ns, end };
}

/* Both sides' bytes, each in one piece. */
void
sides_lay_out(struct arena *a, const struct decode_in *in,
	struct side sides[RING_SIDES])
{
	char *p[RING_SIDES];
	size_t cap[RING_SIDES], n[RING_SIDES] = { 0, 0 }, part;
	struct ring_cursor w;
	struct record rec;
	unsigned i;

	for (i = 0; i < RING_SIDES; i++) {
		cap[i] = (size_t)in->x->stored[i];
		if (in->max_bytes > 0 && cap[i] > in->max_bytes)
			cap[i] = (size_t)in->max_bytes;
		p[i] = arena_alloc(a, cap[i] + 1);
	}
	ring_walk(&w, &in->ledger->ring, &in->x->chain);
	while (ring_next(&w, &rec)) {
		if (rec.side == LX_RESPONSE && rec.at_ns > in->until_ns)
			continue;
		i = rec.side;
		part = rec.bytes.n < cap[i] - n[i] ? rec.bytes.n :
			cap[i] - n[i];
		if (part == 0)
			continue;
		memcpy(p[i] + n[i], rec.bytes.p, part);
		n[i] += part;
		add_mark(a, &sides[i], rec.at_ns, n[i]);
	}
	for (i = 0; i < RING_SIDES; i++)
		sides[i].bytes = slice_of(p[i], n[i]);
}

int64_t
decode_us(const struct decode_in *in, uint64_t ns)
{
	return ((int64_t)ns - (int64_t)in->t0_ns) / (int64_t)NS_PER_US;
}

/* The read that brought byte `at`. */
size_t
side_mark(const struct side *s, size_t at)
{
	size_t lo = 0, hi = s->n;

	while (lo + 1 < hi) {
		size_t mid = (lo + hi) / 2;

		if (at < s->marks[mid - 1].end)
			hi = mid;
		else
			lo = mid;
	}
	return lo;
}

/* Times of the bytes [from, to) of a side. */
void
side_times(struct arena *a, const struct decode_in *in, const struct side *s,
	   const struct side_part *part)
{
	struct message *m = part->m;
	size_t from = part->from, to = part->to, first, last, i;

	if (to <= from || s->n == 0)
		return;
	first = side_mark(s, from);
	last = side_mark(s, to - 1);
	m->at_us = decode_us(in, s->marks[first].at_ns);
	m->end_us = decode_us(in, s->marks[last].at_ns);
	if (first == last)
		return;
	m->segments = arena_array(a, last - first + 1,
				  sizeof(*m->segments));
	for (i = first; i <= last; i++) {
		size_t end = s->marks[i].end < to ? s->marks[i].end : to;

		m->segments[m->nsegments++] = (struct segment){
			.at_us = decode_us(in, s->marks[i].at_ns),
			.bytes = end - from,
		};
		from = end;
	}
}

static enum message_end
end_of(const struct lx *x, unsigned which)
{
	uint16_t flag = which ? LXF_RESP_ENDED : LXF_REQ_ENDED;

	if (!(x->flags & flag))
		return END_OPEN;
	switch ((enum lx_end)x->end[which]) {
	case LX_COMPLETE: return END_COMPLETE;
	case LX_FIN: return END_FIN;
	case LX_RST: return END_RST;
	case LX_DECLINED: return END_RESET;
	case LX_REFUSED: return END_REFUSED;
	}
	return END_OPEN;
}

/* Of HTTP/2 the end has a flag of its own: a client that talks in turns may say
 * it after the whole answer. */
static bool
ended_apart(const struct message *m)
{
	return m->framing == FRAMING_STREAM && m->end == END_COMPLETE;
}

/* How and when the side ended. */
void
side_end(const struct decode_in *in, struct message *m, unsigned which)
{
	uint64_t end_ns = in->x->end_ns[which];
	bool timed_out = which == LX_RESPONSE && in->until_ns != UINT64_MAX;

	m->end = timed_out ? END_TIMEOUT : end_of(in->x, which);
	if (timed_out)
		end_ns = in->until_ns;
	if (!m->present)
		m->at_us = decode_us(in, end_ns ? end_ns :
				  in->x->at_ns[LX_REQUEST]);
	/* The last byte's time is the reads'; an end without a byte, or bytes
	 * that were not kept, have one of their own. */
	if (!m->present || m->cut_bytes > 0 || m->framing == FRAMING_CLOSE ||
	    ended_apart(m) ||
	    (m->end != END_COMPLETE && m->end != END_OPEN))
		m->end_us = decode_us(in, end_ns);
	if (m->end_us < m->at_us)
		m->end_us = m->at_us;
}

/* Both sides' messages, as they came; the client's first where that is open. */
void
sides_merge(struct arena *a, struct exchange *x,
	    struct stream_message *v[RING_SIDES], const size_t n[RING_SIDES])
{
	size_t i = 0, k = 0;

	x->nmessages = n[0] + n[1];
	if (x->nmessages == 0)
		return;
	x->messages = arena_array(a, x->nmessages, sizeof(*x->messages));
	while (i + k < x->nmessages) {
		bool client = k == n[1] ||
			(i < n[0] && v[0][i].at_us <= v[1][k].at_us);

		x->messages[i + k] = client ? v[0][i] : v[1][k];
		if (client)
			i++;
		else
			k++;
	}
}
