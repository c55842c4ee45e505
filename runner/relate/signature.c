/* Failure signatures and the names of tapes that follow from them. */
#include <dvr/relate/route.h>

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/field/header.h>
#include <dvr/field/nest.h>
#include <dvr/tape/payload.h>

#include <stdlib.h>
#include <string.h>

#include "segment.h"

#define SHAPE_MAX (64u * KiB)	/* bytes of one field's place */
#define PLAIN_MAX (8u * MiB)	/* larger bodies have no shape */
#define ID_WORDS 3		/* of the route in a tape's id */
#define ID_WORD_MAX 24
#define ID_SIGNATURE 5		/* hex digits: tells 1,000 tapes apart */

/* ---- shape of a body ------------------------------------------------------ */

/* The set of "place kind" lines; array items and keys that are values are
 * one each. */
struct shape {
	struct arena *arena;
	struct slice *v;
	size_t n, cap;
};

static const char *
kind_name(enum field_kind k)
{
	switch (k) {
	case FIELD_STRING:
		return "string";
	case FIELD_NUMBER:
		return "number";
	case FIELD_BOOL:
		return "bool";
	case FIELD_NULL:
		return "null";
	case FIELD_ARRAY:
		return "array";
	case FIELD_OBJECT:
		return "object";
	case FIELD_BYTES:
		return "bytes";
	}
	return "";
}

static int
add_shape(void *arg, const struct field *f)
{
	struct shape *s = arg;
	struct slice rest = f->place;
	struct buf b;

	buf_init(&b, SHAPE_MAX);
	slice_cut(&rest, '/');
	while (rest.p) {
		struct slice segment = slice_cut(&rest, '/');

		buf_addc(&b, '/');
		buf_add(&b, segment_is_value(segment) ? SLICE("*") : segment);
	}
	buf_addc(&b, ' ');
	buf_adds(&b, kind_name(f->kind));
	/* neighbours in a list of equal things need not be kept twice */
	if (s->n == 0 || !slice_eq(s->v[s->n - 1], buf_slice(&b))) {
		s->v = arena_grow(s->arena, s->v, s->n, &s->cap,
				  sizeof(*s->v));
		s->v[s->n++] = arena_copy(s->arena, buf_slice(&b));
	}
	buf_release(&b);
	return 0;
}

static int
by_text(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void
hash_text(struct sha256 *h, struct slice s)
{
	sha256_more(h, s);
	sha256_more(h, slice_of("", 1));
}

static void
hash_shape(struct sha256 *h, const struct message *m)
{
	const struct header *type = headers_find(&m->headers, "content-type");
	struct shape s = { .arena = arena_create() };
	const struct field_format *f = NULL;
	struct slice body;
	size_t i;

	if (message_plain(s.arena, m, PLAIN_MAX, &body))
		f = message_format(m, body);
	if (m->body.n == 0) {
		hash_text(h, SLICE("no body"));
	} else if (!f || nest_walk(f, s.arena, body, add_shape, &s) !=
		   FIELD_OK) {
		hash_text(h, f ? SLICE("broken") : SLICE("opaque"));
		hash_text(h, type ? header_bare(type->value) : SLICE(""));
	} else {
		hash_text(h, slice_str(f->name));
		if (s.n > 1)
			qsort(s.v, s.n, sizeof(*s.v), by_text);
		for (i = 0; i < s.n; i++) {
			if (i == 0 || !slice_eq(s.v[i], s.v[i - 1]))
				hash_text(h, s.v[i]);
		}
	}
	arena_destroy(s.arena);
}

/* ---- signature ------------------------------------------------------------- */

static void
hash_number(struct sha256 *h, long long n)
{
	struct buf b;

	buf_init(&b, 32);
	buf_fmt(&b, "%lld", n);
	hash_text(h, buf_slice(&b));
	buf_release(&b);
}

static void
hash_route(struct sha256 *h, const struct exchange *x)
{
	struct arena *a = arena_create();
	struct buf b;

	buf_init(&b, 256 * KiB);
	route_of(&x->request, &b);
	hash_text(h, message_method(&x->request));
	hash_text(h, buf_slice(&b));
	hash_text(h, route_operation(a, &x->request));
	hash_text(h, slice_str(x->response.present ? "answered" :
			       "no answer"));
	hash_number(h, x->response.present ?
		    (long long)message_status(&x->response) : 0);
	hash_shape(h, &x->request);
	buf_release(&b);
	arena_destroy(a);
}

void
route_signature(const struct exchange *x, const struct trigger *t,
		char out[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_BYTES];
	struct sha256 *h = sha256_begin();
	struct buf b;
	size_t i;

	buf_init(&b, 8 * KiB);
	route_normalise_exception(t->detail, &b);
	hash_text(h, slice_str(trigger_kind_name(t->kind)));
	hash_number(h, t->value);
	hash_text(h, buf_slice(&b));
	if (x)
		hash_route(h, x);
	buf_release(&b);
	sha256_end(h, sum);
	for (i = 0; i < SHA256_BYTES; i++) {
		out[i * 2] = digits[sum[i] >> 4];
		out[i * 2 + 1] = digits[sum[i] & 15];
	}
	out[64] = '\0';
}

/* ---- id -------------------------------------------------------------------- */

/* Lower-case letters and digits; all else is one '-'. */
static void
add_word(struct buf *out, struct slice word)
{
	size_t i, from = out->n;

	for (i = 0; i < word.n && out->n - from < ID_WORD_MAX; i++) {
		char c = word.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			buf_addc(out, c);
		else if (out->n > from && out->p[out->n - 1] != '-')
			buf_addc(out, '-');
	}
	if (out->n > from && out->p[out->n - 1] != '-')
		buf_addc(out, '-');
}

/* Says nothing about where the request went. */
static bool
is_filler(struct slice s)
{
	return s.n == 0 || slice_eq(s, SLICE("{}")) ||
	       slice_ieq(s, SLICE("api")) || slice_ieq(s, SLICE("rest")) ||
	       ((s.p[0] == 'v' || s.p[0] == 'V') && s.n > 1 && s.n <= 4 &&
		s.p[1] >= '0' && s.p[1] <= '9');
}

static void
add_route(struct buf *out, const struct exchange *x)
{
	struct slice words[ID_WORDS], rest;
	size_t n = 0, i;
	struct buf b;

	buf_init(&b, 256 * KiB);
	route_of(&x->request, &b);
	rest = buf_slice(&b);
	while (rest.p) {
		struct slice s = slice_cut(&rest, '/');

		if (is_filler(s))
			continue;
		if (n == ID_WORDS) {
			memmove(words, words + 1,
				(ID_WORDS - 1) * sizeof(*words));
			n--;
		}
		words[n++] = s;
	}
	if (n == 0)
		add_word(out, SLICE("root"));
	for (i = 0; i < n; i++)
		add_word(out, words[i]);
	buf_release(&b);
}

static void
add_outcome(struct buf *out, const struct trigger *t)
{
	switch (t->kind) {
	case TRIGGER_STATUS:
		buf_fmt(out, "%d-", t->value);
		return;
	case TRIGGER_GRPC:
		buf_fmt(out, "grpc-%d-", t->value);
		return;
	case TRIGGER_CLOSE:
		buf_fmt(out, "close-%d-", t->value);
		return;
	case TRIGGER_EXIT:
	case TRIGGER_SIGNAL:
		buf_adds(out, "crash-");
		return;
	case TRIGGER_RESET:
		buf_adds(out, "reset-");
		return;
	case TRIGGER_LOG:
		buf_adds(out, "log-");
		return;
	case TRIGGER_TIMEOUT:
		buf_adds(out, "timeout-");
		return;
	case TRIGGER_SESSION:
	case TRIGGER_SUITE:
		buf_adds(out, "failed-");
		return;
	}
}

void
route_tape_id(const struct exchange *x, const struct trigger *t,
	      const char *signature, struct buf *out)
{
	struct slice hex = slice_range(slice_str(signature), 0, ID_SIGNATURE);

	if (x) {
		struct arena *a = arena_create();

		add_word(out, message_method(&x->request));
		add_route(out, x);
		add_word(out, route_operation(a, &x->request));
		arena_destroy(a);
	}
	add_outcome(out, t);
	buf_add(out, hex);
}
