/*
 * Bindings over hostile bodies, targets and types: every place that comes out
 * parses, and the request's value is what the answer's part makes, coded as
 * the binding says, with its text around it.
 */
#include <dvr/relate/bindings.h>
#include <dvr/relate/values.h>

#include <dvr/base/hash.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const types[] = { "application/json",
	"application/x-www-form-urlencoded", "multipart/form-data",
	"text/plain", "text/xml", "application/x-protobuf",
	"application/grpc", "text/html", "application/x-ndjson",
	"text/event-stream", "application/jwt" };

struct wanted {
	const struct place *place;
	struct slice value;
	size_t found;
};

static int
is_wanted(void *arg, const struct value *v)
{
	struct wanted *w = arg;

	if (v->span.p < v->whole.p ||
	    v->span.p + v->span.n > v->whole.p + v->whole.n)
		abort();
	if (v->place.part != w->place->part ||
	    !slice_eq(v->place.name, w->place->name))
		return 0;
	w->value = v->value;
	w->found++;
	return 0;
}

/* false: two of its members have one name, and the place is of both. */
static bool
value_at(struct arena *a, const struct exchange *x, const struct place *p,
	 struct slice *out)
{
	struct wanted w = { .place = p };

	values_walk(a, p->side == PLACE_REQUEST ? &x->request : &x->response,
		    p->side, is_wanted, &w);
	if (w.found == 0)
		abort();
	*out = w.value;
	return w.found == 1;
}

static void
check(struct arena *a, const struct tape *t, const struct plan_binding *b)
{
	struct slice from, to, part;
	struct place p, q;
	struct buf plain;

	if (place_parse(b->from, &p) < 0 || place_parse(b->to, &q) < 0 ||
	    p.exchange >= q.exchange)
		abort();
	if (!value_at(a, &t->exchanges[p.exchange - 1], &p, &from) ||
	    !value_at(a, &t->exchanges[q.exchange - 1], &q, &to))
		return;
	if (!parts_take(a, from, b->take, &part) ||
	    b->before + (size_t)b->after > to.n)
		abort();
	to = slice_range(to, b->before, to.n - b->after);
	buf_init(&plain, 4 * MiB);
	switch (b->as) {
	case AS_IS:
		buf_add(&plain, to);
		break;
	case AS_BASE64:
	case AS_BASE64URL:
		if (base64_decode(to, &plain) < 0)
			abort();
		break;
	case AS_PERCENT:
		percent_decode(to, false, &plain);
		break;
	}
	if (!slice_eq(buf_slice(&plain), part))
		abort();
	buf_release(&plain);
}

static struct header
typed(struct arena *a, size_t i)
{
	return header_of_line(arena_fmt(a, "Content-Type: %s",
					types[i % ARRAY_LEN(types)]));
}

static struct slice
line_of(struct slice s)
{
	struct slice rest = s;

	s = slice_cut(&rest, '\n');
	rest = s;
	return slice_cut(&rest, '\r');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size), part[4];
	struct tape_lane lane = { SLICE("client"), LANE_INGRESS };
	struct tape t = { .lanes = &lane, .nlanes = 1, .nexchanges = 2 };
	struct exchange x[2] = { { .id = 1 }, { .id = 2 } };
	struct header h[3];
	struct plan plan = { .nbindings = 0 };
	struct arena *a;
	size_t i;

	if (size < 2 || size > 16 * KiB)
		return 0;
	a = arena_create();
	rest = slice_from(rest, 2);
	for (i = 0; i < 4; i++)
		part[i] = slice_cut(&rest, '\x02');
	h[0] = typed(a, data[0]);
	h[1] = typed(a, data[1]);
	h[2] = header_of_line(arena_fmt(a, "X-T: Bearer %.*s",
					SLICE_ARG(line_of(part[3]))));
	x[0].request = (struct message){ .present = true,
		.line = SLICE("POST /things HTTP/1.1"), .at_us = 1,
		.end = END_COMPLETE };
	x[0].response = (struct message){ .present = true,
		.line = SLICE("HTTP/1.1 201 Created"), .headers = { h, 1 },
		.body = part[0], .at_us = 2, .end_us = 3,
		.end = END_COMPLETE };
	x[1].request = (struct message){ .present = true,
		.line = arena_fmt(a, "PUT /things/%.*s HTTP/1.1",
				  SLICE_ARG(line_of(part[2]))),
		.headers = { h + 1, 2 }, .body = part[1], .at_us = 10,
		.end_us = 11, .end = END_COMPLETE };
	x[1].response = (struct message){ .end = END_OPEN };
	t.exchanges = x;
	bindings_find(a, &t, &plan);
	for (i = 0; i < plan.nbindings; i++)
		check(a, &t, &plan.bindings[i]);
	arena_destroy(a);
	return 0;
}
