/* Live values in what is said on WebSockets (see resolve_spoken.h). */
#include "resolve_spoken.h"

bool
spoken_place(const struct tape *t, size_t index, const struct place *p)
{
	return index < t->nexchanges && p->part == PLACE_BODY &&
	       t->exchanges[index].protocol == PROTOCOL_WEBSOCKET;
}

static bool
is_data(const struct stream_message *m)
{
	return m->kind == STREAM_TEXT || m->kind == STREAM_BINARY;
}

/* The server's live message in place of a recorded one: pings come when they
 * like.  NULL: it has not come. */
static const struct stream_message *
counterpart(const struct exchange *recorded, const struct stream_message *m,
	    const struct exchange *live)
{
	size_t nth = 0;

	for (const struct stream_message *k = recorded->messages; k < m; k++)
		nth += k->from == FROM_SERVER && is_data(k);
	for (size_t i = 0; i < live->nmessages; i++) {
		const struct stream_message *k = &live->messages[i];

		if (k->from == FROM_SERVER && is_data(k) && nth-- == 0)
			return k;
	}
	return NULL;
}

void
spoken_read(struct resolver *r, struct bound *b)
{
	const struct exchange *x = &r->tape->exchanges[b->from_index];
	const struct stream_message *m, *live;
	struct reading g;
	struct arena *scratch;
	size_t nth;

	if (b->found || !spoken_place(r->tape, b->from_index, &b->from))
		return;
	m = exchange_spoken(x, FROM_SERVER, b->from.name, &nth);
	if (m == NULL)
		return;
	live = counterpart(x, m, &r->seen->v[b->from_index].x);
	if (live == NULL)
		return;
	scratch = arena_create();
	g = reading_of(r, b->from_index);
	values_walk_spoken(scratch, m, nth, reading_value, &g);
	g.live = true;
	values_walk_spoken(scratch, live, nth, reading_value, &g);
	arena_wipe(scratch);
}

struct slice
resolver_message(struct resolver *r, uint32_t index, size_t at,
		 const struct stream_message *live)
{
	const struct exchange *x = &r->tape->exchanges[index];
	const struct stream_message *m = &x->messages[at];
	struct editing e = { .arena = r->arena, .values = r->values };
	struct message out;
	size_t nth = 0, from = r->n, to;

	while (from < r->all && r->v[from].into != m)
		from++;
	for (to = from; to < r->all && r->v[to].into == m; to++) {
		read_answer(r, r->v[to].from_index);
		spoken_read(r, &r->v[to]);
		find_elsewhere(r, &r->v[to]);
	}
	if (from == to)
		return live->payload;
	e.v = r->v + from;
	e.n = to - from;
	e.was = (struct message){ .present = true, .body = live->payload,
		.body_bytes = live->payload.n };
	for (size_t i = 0; i < at; i++)
		nth += x->messages[i].from == FROM_CLIENT;
	values_walk_spoken(e.arena, live, nth, editing_value, &e);
	edit_end(&e, &out);
	for (size_t i = from; i < to; i++)
		tell_missing(r, &r->v[i]);
	return out.body;
}
