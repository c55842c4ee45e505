/*
 * Every walker, by the first byte: spans lie inside the body, a value that is
 * encoded at its span reads as the same, another one as that, and everything
 * else stays what it was.
 */
#include <dvr/field/nest.h>
#include <dvr/field/protobuf.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FIELDS_MAX 256
#define HANDLE "\xe2\x9f\xa6" "dvr:token:8:0123456789abcdef" "\xe2\x9f\xa7"

static const char *const names[] = { "json", "form", "query", "cookie",
	"multipart", "xml", "protobuf", "grpc", "lines", "events", "jwt" };

struct seen {
	struct arena *a;
	struct slice body;
	struct field v[FIELDS_MAX];
	size_t n;
	bool more;
};

static int
look(void *arg, const struct field *f)
{
	struct seen *s = arg;

	if (f->span.n > 0 && (f->span.p < s->body.p ||
	    f->span.p + f->span.n > s->body.p + s->body.n))
		abort();
	if (f->place.n > 0 && f->place.p[0] != '/')
		abort();
	s->more = s->n == FIELDS_MAX;
	if (s->more)
		return 1;
	s->v[s->n] = *f;
	s->v[s->n++].value = arena_copy(s->a, f->value);
	return 0;
}

static bool
is_scalar(const struct field *f)
{
	return f->kind != FIELD_ARRAY && f->kind != FIELD_OBJECT;
}

/* Puts `value` at field k and walks again: nothing else is another. */
static void
check_edit(const struct field_format *f, const struct seen *was, size_t k,
	   struct slice value)
{
	struct seen *now = arena_alloc(was->a, sizeof(*now));
	const struct field *x = &was->v[k];
	struct field_edit edit = {
		.from = (size_t)(x->span.p - was->body.p),
		.to = (size_t)(x->span.p - was->body.p) + x->span.n,
	};
	struct buf text, out;
	size_t i;

	buf_init(&text, 1 * MiB);
	buf_init(&out, 4 * MiB);
	f->encode(x->kind, value, &text);
	edit.text = buf_slice(&text);
	field_splice(f, was->body, &edit, 1, &out);
	now->a = was->a;
	now->body = buf_slice(&out);
	if (field_walk(f, was->a, now->body, look, now) != FIELD_OK ||
	    now->n != was->n)
		abort();
	for (i = 0; i < now->n; i++) {
		struct slice want = i == k ? value : was->v[i].value;

		if (!slice_eq(now->v[i].place, was->v[i].place) ||
		    now->v[i].kind != was->v[i].kind ||
		    (is_scalar(&now->v[i]) &&
		     !slice_eq(now->v[i].value, want)))
			abort();
	}
	buf_release(&text);
	buf_release(&out);
}

/* Only what the format can say: a cookie holds no ';', a part of a multipart
 * body not its boundary, an event no line end.  Without descriptors a number
 * that shrinks may make text of the message around it. */
static bool
can_hold(const struct field_format *f, const struct field *x)
{
	struct buf b;
	bool same;

	buf_init(&b, 1 * MiB);
	f->encode(x->kind, x->value, &b);
	same = slice_eq(buf_slice(&b), x->span);
	buf_release(&b);
	return same || !f->binary;
}

static void
check(const struct field_format *f, struct slice body, size_t pick)
{
	struct arena *a = arena_create();
	struct seen *s = arena_alloc(a, sizeof(*s));
	size_t i;

	s->a = a;
	s->body = body;
	if (field_walk(f, a, body, look, s) == FIELD_OK && !s->more &&
	    s->n > 0) {
		i = pick % s->n;
		if (is_scalar(&s->v[i]) && s->v[i].span.n > 0 &&
		    can_hold(f, &s->v[i])) {
			check_edit(f, s, i, s->v[i].value);
			/* a token's header must be an object */
			if (s->v[i].kind == FIELD_STRING && !f->binary &&
			    f != field_format_named("jwt"))
				check_edit(f, s, i, SLICE(HANDLE));
		}
	}
	arena_destroy(a);
}

static int
count(void *arg, const struct field *f)
{
	struct slice *last = arg;

	/* every byte is looked at, so that a bad one is seen */
	*last = slice_eq(f->place, f->value) ? f->key : f->value;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct field_format *f;
	struct slice body, last;
	struct arena *a;
	struct err e;

	if (size < 2)
		return 0;
	body = slice_of(data + 2, size - 2);
	a = arena_create();
	if (data[0] % 16 == 15) {	/* as descriptors */
		struct proto_schema *s = proto_schema_create(a);

		(void)proto_schema_add(s, "f", body, &e);
		f = proto_format(s, a, SLICE("M"), data[1] & 1);
		if (f)
			(void)field_walk(f, a, body, count, &last);
	} else {
		f = field_format_named(names[data[0] % ARRAY_LEN(names)]);
		check(f, body, data[1]);
		(void)nest_walk(f, a, body, count, &last);
	}
	arena_destroy(a);
	return 0;
}
