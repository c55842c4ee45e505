/* Walks the values of one message of a WebSocket (see values.h). */
#include <dvr/relate/values.h>

struct spoken {
	struct arena *arena;
	size_t nth;
	value_fn *fn;
	void *arg;
};

static int
on_value(void *arg, const struct value *v)
{
	const struct spoken *s = arg;
	struct value own = *v;

	own.place.name = arena_fmt(s->arena, "/%zu%.*s", s->nth,
				   SLICE_ARG(v->place.name));
	return s->fn(s->arg, &own);
}

void
values_walk_spoken(struct arena *a, const struct stream_message *m, size_t nth,
		   value_fn *fn, void *arg)
{
	struct spoken s = { .arena = a, .nth = nth, .fn = fn, .arg = arg };
	const struct message body = { .present = true, .body = m->payload,
		.body_bytes = m->payload.n };

	if (m->withheld.n == 0 &&
	    (m->kind == STREAM_TEXT || m->kind == STREAM_BINARY))
		values_walk(a, &body, m->from == FROM_CLIENT ?
			    PLACE_REQUEST : PLACE_RESPONSE, on_value, &s);
}
