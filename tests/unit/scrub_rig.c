/* Recordings for the scrubber's tests, and searches of what it made. */
#include "scrub_rig.h"
#include "coders.h"

#include <dvr/base/hash.h>
#include <dvr/field/field.h>

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
rig_init(struct rig *r, const struct scrub_rule *rules, size_t n)
{
	struct err e = { 0 };

	*r = (struct rig){ .arena = arena_create() };
	r->scrub = scrub_create(rules, n, &clock_system, &e);
	ck_assert_msg(r->scrub != NULL, "%s", e.msg);
	r->lane = (struct tape_lane){ SLICE("client"), LANE_INGRESS };
	r->rec.raw.lanes = &r->lane;
	r->rec.raw.nlanes = 1;
	r->rec.raw.exchanges = r->x;
	r->rec.raw.id = SLICE("get-x-500-00000");
	r->rec.raw.signature = SLICE("0000000000000000000000000000000000000000"
				     "000000000000000000000000");
}

void
rig_release(struct rig *r)
{
	if (r->scrubbed)
		tape_release(&r->tape);
	scrub_destroy(r->scrub);
	arena_destroy(r->arena);
}

static void
set_message(struct rig *r, struct message *m, const char *head,
	    struct slice body)
{
	struct slice rest = arena_copy(r->arena, slice_str(head));
	size_t n = 0;

	*m = (struct message){ .present = true, .framing = FRAMING_LENGTH };
	m->line = slice_cut(&rest, '\n');
	m->headers.v = arena_array(r->arena, 64, sizeof(*m->headers.v));
	while (rest.p) {
		struct header *h = &m->headers.v[n];
		struct slice value;

		h->line = value = slice_cut(&rest, '\n');
		if (h->line.n == 0)
			continue;
		ck_assert_uint_lt(n++, 63);
		h->name = slice_cut(&value, ':');
		h->value = slice_trim(value);
	}
	m->headers.n = n;
	m->body = arena_copy(r->arena, body);
	m->body_bytes = body.n;
}

struct exchange *
rig_request(struct rig *r, const char *head, struct slice body)
{
	struct exchange *x = &r->x[r->rec.raw.nexchanges++];

	ck_assert_uint_le(r->rec.raw.nexchanges, RIG_EXCHANGES);
	*x = (struct exchange){
		.id = (uint32_t)r->rec.raw.nexchanges, .conn = 1,
	};
	set_message(r, &x->request, head, body);
	rig_answer(r, x, "HTTP/1.1 200 OK\n", SLICE(""));
	return x;
}

void
rig_answer(struct rig *r, struct exchange *x, const char *head,
	   struct slice body)
{
	set_message(r, &x->response, head, body);
}

const struct tape *
rig_scrub(struct rig *r)
{
	struct err e = { 0 };

	ck_assert_msg(scrub_recording(r->scrub, &r->rec, &r->tape, &e) == 0,
		      "%s", e.msg);
	r->scrubbed = true;
	return &r->tape;
}

struct slice
rig_everything(struct rig *r)
{
	struct tape_blobs blobs = { 0 };
	struct slice all;
	struct buf b;
	size_t i;

	buf_init(&b, 256 * MiB);
	tape_print(&r->tape, &b, &blobs);
	for (i = 0; i < blobs.n; i++)
		buf_add(&b, blobs.v[i].bytes);
	for (i = 0; i < r->tape.nexchanges; i++) {
		message_print(&r->tape.exchanges[i].request, &b);
		message_print(&r->tape.exchanges[i].response, &b);
	}
	all = arena_copy(r->arena, buf_slice(&b));
	free(blobs.v);
	buf_release(&b);
	return all;
}

static void
assert_lacks(struct slice all, const char *what, const char *form,
	     const struct buf *b)
{
	ck_assert_msg(slice_find(all, buf_slice(b)) < 0, "%s: %s is there",
		      what, form);
}

void
rig_assert_gone(struct rig *r, const char *what, struct slice secret)
{
	struct slice all = rig_everything(r);
	struct buf b;
	size_t i;

	buf_init(&b, 1 * MiB);
	buf_add(&b, secret);
	assert_lacks(all, what, "raw", &b);
	buf_clear(&b);
	for (i = 0; i < secret.n; i++)
		buf_fmt(&b, "%%%02X", (unsigned char)secret.p[i]);
	assert_lacks(all, what, "percent", &b);
	buf_clear(&b);
	hex_encode(secret, &b);
	assert_lacks(all, what, "hex", &b);
	for (i = 0; i < 3; i++) {	/* what comes from the value alone */
		struct slice part = slice_from(secret, i);

		part.n -= part.n % 3;
		buf_clear(&b);
		base64_encode(part, &b);
		assert_lacks(all, what, "base64", &b);
	}
	buf_release(&b);
}

struct slice
rig_secret(struct rig *r, const char *seed, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char sum[SHA256_BYTES];
	char *p = arena_alloc(r->arena, n + 1);
	size_t i;

	sha256(slice_str(seed), sum);
	for (i = 0; i < n; i++) {
		if (i > 0 && i % SHA256_BYTES == 0)
			sha256(slice_of(sum, sizeof(sum)), sum);
		p[i] = letters[sum[i % SHA256_BYTES] % 62];
	}
	if (n > 2)
		p[1] = '7';		/* a digit in each */
	return slice_of(p, n);
}

struct slice
rig_gzip(struct rig *r, struct slice plain)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 2 * plain.n + 4 * KiB);
	code_deflate(plain, CODE_GZIP, &b);
	done = arena_copy(r->arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

char *
rig_fmt(struct rig *r, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ck_assert(n >= 0 && (size_t)n < sizeof(text));
	return arena_str(r->arena, slice_str(text));
}

const char *
rig_text(struct rig *r, const struct message *m)
{
	const char *text;
	struct buf b;

	buf_init(&b, 16 * MiB);
	message_print(m, &b);
	text = arena_str(r->arena, buf_slice(&b));
	buf_release(&b);
	return text;
}
