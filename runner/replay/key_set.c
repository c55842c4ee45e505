/* Adds the replay's keys to a recorded JWK set (see key_set.h). */
#include "key_set.h"

#include <dvr/field/field.h>
#include <dvr/tape/payload.h>

#define SET_MAX (1u * MiB)

struct set {
	struct slice keys;	/* the array, brackets included */
	bool kty;		/* its first item is a key */
};

static int
on_field(void *arg, const struct field *f)
{
	struct set *s = arg;

	if (f->kind == FIELD_ARRAY && slice_eq(f->place, SLICE("/keys")))
		s->keys = f->span;
	s->kty |= slice_eq(f->place, SLICE("/keys/0/kty"));
	return 0;
}

bool
key_set_add(const struct mint *keys, struct arena *a, const struct message *m,
	    struct message *out)
{
	struct slice type = message_header(m, "Content-Type"), body;
	struct slice coding = m->decoded.n > 0 ? m->decoded :
		message_coding(a, m);
	const struct field_format *json = field_format_for(type);
	struct set set = { .kty = false };
	struct buf b, added;
	size_t end;

	if (keys == NULL || m->body.n == 0 || m->body.n > SET_MAX ||
	    json == NULL || json != field_format_named("json") ||
	    !message_plain(a, m, SET_MAX, &body) ||
	    json->walk(a, body, on_field, &set) != FIELD_OK || !set.kty)
		return false;
	buf_init(&added, 64 * KiB);
	mint_keys(keys, &added);
	if (added.n == 0) {
		buf_release(&added);
		return false;
	}
	end = (size_t)(set.keys.p - body.p) + set.keys.n - 1;
	buf_init(&b, 2 * SET_MAX);
	buf_add(&b, slice_range(body, 0, end));
	buf_addc(&b, ',');
	buf_add(&b, buf_slice(&added));
	buf_add(&b, slice_from(body, end));
	buf_release(&added);
	*out = *m;
	out->body = arena_copy(a, buf_slice(&b));
	out->raw_body = (struct slice){ 0 };
	/* scrub_live() codes it again and mends its framing */
	out->decoded = coding.n > 0 ? coding : SLICE("identity");
	buf_release(&b);
	return true;
}
