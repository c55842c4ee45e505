/*
 * Walker for protobuf: members by their numbers, or by their names where
 * descriptors tell them.  What a length stands for is guessed without one:
 * printable text is text, then what reads as a message is one, then text with
 * line ends and tabs, then bytes.  (Message first would read "maria" as one:
 * its first letter says that four bytes follow.)
 */
#include "formats.h"
#include "proto_number.h"
#include "proto_types.h"
#include "proto_wire.h"
#include "siblings.h"

#include <dvr/base/mem.h>

#include <stdlib.h>

#define PROTO_DEPTH_MAX 64
#define POINTER_RATIO 64	/* see json.c */
#define POINTER_SLACK (64u * KiB)

enum guess { GUESS_TEXT, GUESS_MESSAGE, GUESS_BYTES };

struct walking {
	struct proto_walk *w;
	struct buf pointer;
	struct siblings seen;
	size_t depth, messages, pointer_bytes, pointer_max;
	bool told;		/* the second pass */
};

/* ---- guessing ----------------------------------------------------------- */

/* Lengths all the way, in printable text: chance alone writes none. */
static bool
is_all_lengths(struct slice s)
{
	struct proto_item item;

	while (s.n > 0) {
		if (!proto_next(&s, &item) || item.wire != WIRE_LEN ||
		    item.content.n == 0)
			return false;
	}
	return true;
}

/* Where the scrubber put a handle, the length in front of it grew into a
 * letter: what was a message must stay one. */
static bool
has_handle(struct slice s)
{
	return slice_find(s, SLICE("\xe2\x9f\xa6" "dvr:")) >= 0;
}

static enum guess
guess(struct slice s)
{
	bool lines = false, plain = true;
	size_t i;

	if (s.n == 0)
		return GUESS_TEXT;
	for (i = 0; i < s.n && plain; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\t' || c == '\n' || c == '\r')
			lines = true;
		else
			plain = c >= ' ' && c != 0x7f;
	}
	if (!plain || !slice_is_utf8(s))
		return proto_is_message(s) ? GUESS_MESSAGE : GUESS_BYTES;
	if (lines || has_handle(s) ? proto_is_message(s) : is_all_lengths(s))
		return GUESS_MESSAGE;
	return GUESS_TEXT;
}

/* What a length stands for; *type its message's, NULL when not known. */
static enum guess
content_kind(const struct proto_member *m, struct slice s,
	     const struct proto_type **type)
{
	*type = m && m->kind == PROTO_MESSAGE ? m->type : NULL;
	if (!m)
		return guess(s);
	if (m->kind == PROTO_MESSAGE)
		return proto_is_message(s) ? GUESS_MESSAGE : GUESS_BYTES;
	return m->kind == PROTO_STRING && slice_is_utf8(s) ? GUESS_TEXT :
		GUESS_BYTES;
}

/* ---- telling ------------------------------------------------------------- */

/* A member's name, as it stands in the pointer. */
struct key {
	size_t from, to;
};

static void
tell(struct walking *k, struct key key, const struct field *like)
{
	struct field f = *like;

	if (!k->told) {
		k->pointer_bytes += k->pointer.n;
		return;
	}
	f.place = arena_copy(k->w->arena, buf_slice(&k->pointer));
	f.key = slice_range(f.place, key.from, key.to);
	if (!k->w->stopped)
		k->w->stopped = k->w->fn(k->w->arg, &f) != 0;
}

static void
add_number(struct walking *k, char mark, size_t n)
{
	char room[UINT_DIGITS];

	buf_addc(&k->pointer, mark);
	buf_add(&k->pointer, slice_digits(n, room));
}

/* Adds "/name", and which of them it is: "/0" of a list, else ":1" for the
 * second of message number `parent`. */
static struct key
point_at(struct walking *k, size_t parent, const struct proto_item *item,
	 const struct proto_member *m)
{
	struct key name = { .from = k->pointer.n + 1 };
	size_t nth;

	if (m)
		pointer_add(&k->pointer, m->name);
	else
		add_number(k, '/', item->number);
	if (!k->told) {
		k->pointer_bytes += 4;
		return name;
	}
	name.to = k->pointer.n;
	nth = siblings_next(&k->seen, &(struct sibling_name){
		.parent = parent, .kind = item->number });
	if (m && m->repeated)
		add_number(k, '/', nth);
	else if (nth > 0)
		add_number(k, ':', nth);
	return name;
}

static void
number(struct walking *k, struct key key, const struct proto_item *item,
       const struct proto_member *m)
{
	bool flag = m && m->kind == PROTO_BOOL && item->value <= 1 &&
		item->wire == WIRE_VARINT;
	struct field f = { .kind = flag ? FIELD_BOOL : FIELD_NUMBER,
			   .span = item->content };

	if (k->told)
		f.value = flag ? slice_str(item->value ? "true" : "false") :
			proto_number_text(k->w->arena, item,
					  m ? m->kind : PROTO_NUMBER);
	tell(k, key, &f);
}

/* Is it a list of numbers in one length? */
static bool
is_packed(const struct proto_member *m)
{
	return m && m->repeated && m->kind >= PROTO_BOOL;
}

/* A list of numbers without tags, of the member's own wire type. */
static void
packed(struct walking *k, struct key key, const struct proto_item *list,
       const struct proto_member *m)
{
	struct slice rest = list->content;
	size_t base = k->pointer.n, i;

	for (i = 0; rest.n > 0 && !k->w->stopped; i++) {
		struct slice from = rest;
		struct proto_item item = { .wire = WIRE_VARINT };

		if (!proto_varint(&rest, &item.value))
			return;
		item.content = slice_range(from, 0, (size_t)(rest.p - from.p));
		add_number(k, '/', i);
		number(k, key, &item, m);
		k->pointer.n = base;
	}
}

static bool message(struct walking *k, struct slice s,
		    const struct proto_type *type);

static bool
content(struct walking *k, struct key key, const struct proto_item *item,
	const struct proto_member *m)
{
	const struct proto_type *type;
	enum guess g = content_kind(m, item->content, &type);
	struct field f = { .span = item->content, .value = item->content };

	if (is_packed(m) && m->kind != PROTO_REAL) {
		packed(k, key, item, m);
		return true;
	}
	if (g == GUESS_MESSAGE && k->depth == PROTO_DEPTH_MAX)
		g = GUESS_BYTES;
	f.kind = g == GUESS_TEXT ? FIELD_STRING : g == GUESS_BYTES ?
		FIELD_BYTES : FIELD_OBJECT;
	tell(k, key, &f);
	if (g != GUESS_MESSAGE || k->w->stopped)
		return true;
	return message(k, item->content, type);
}

static bool
message(struct walking *k, struct slice s, const struct proto_type *type)
{
	size_t base = k->pointer.n, serial = k->messages++, seen = k->seen.n;
	struct proto_item item;
	bool ok = true;

	k->depth++;
	while (ok && s.n > 0 && !k->w->stopped) {
		const struct proto_member *m;
		struct key key;

		if (!proto_next(&s, &item))
			return false;
		m = proto_member(type, item.number);
		key = point_at(k, serial, &item, m);
		if (item.wire == WIRE_LEN)
			ok = content(k, key, &item, m);
		else
			number(k, key, &item, m);
		k->pointer.n = base;
		ok = ok && k->pointer_bytes <= k->pointer_max;
	}
	k->depth--;
	siblings_leave(&k->seen, seen);
	return ok;
}

/* Two passes: the first proves it all. */
enum field_result
proto_walk(struct proto_walk *w, struct slice s)
{
	struct walking k = { .w = w };
	bool ok;

	if (s.n > SIZE_MAX / POINTER_RATIO / 2)
		return FIELD_BROKEN;
	k.pointer_max = s.n * POINTER_RATIO + POINTER_SLACK;
	buf_init(&k.pointer, s.n * 2 + w->place.n + POINTER_SLACK * 2);
	buf_add(&k.pointer, w->place);
	ok = message(&k, s, w->type);
	if (ok) {
		k.told = true;
		k.pointer_bytes = 0;
		ok = message(&k, s, w->type);
	}
	buf_release(&k.pointer);
	siblings_release(&k.seen);
	return ok ? FIELD_OK : FIELD_BROKEN;
}

enum field_result
proto_walk_as(const struct field_format *self, struct arena *a,
	      struct slice body, field_fn *fn, void *arg)
{
	const struct proto_root *root = self->schema;
	struct proto_walk w = {
		.type = root ? root->type : NULL, .arena = a, .fn = fn,
		.arg = arg,
	};

	return proto_walk(&w, body);
}

static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	return proto_walk_as(&field_protobuf, a, body, fn, arg);
}

/* ---- editing --------------------------------------------------------------- */

/* One item whose content holds all of the edits, in the content's own
 * offsets. */
static void
splice_item(const struct proto_member *m, const struct proto_item *item,
	    const struct field_edit *v, size_t n, struct buf *out)
{
	const struct proto_type *type;
	struct proto_item head = *item;
	struct slice rest = item->tag;
	uint64_t tag;
	struct buf b;

	if (item->wire != WIRE_LEN) {
		buf_add(out, item->tag);
		field_splice(NULL, item->content, v, n, out);
		return;
	}
	buf_init(&b, out->limit);
	if (content_kind(m, item->content, &type) == GUESS_MESSAGE &&
	    !(v[0].from == 0 && v[0].to == item->content.n))
		proto_splice(type, item->content, v, n, &b);
	else
		field_splice(NULL, item->content, v, n, &b);
	(void)proto_varint(&rest, &tag);
	head.tag = slice_range(item->tag, 0, item->tag.n - rest.n);
	buf_add(out, head.tag);
	proto_put_varint(out, b.n);
	buf_add(out, buf_slice(&b));
	buf_release(&b);
}

void
proto_splice(const struct proto_type *t, struct slice s,
	     const struct field_edit *v, size_t n, struct buf *out)
{
	struct slice rest = s;
	struct proto_item item;
	size_t done = 0;	/* of s, written */

	while (n > 0 && proto_next(&rest, &item)) {
		size_t from = (size_t)(item.content.p - s.p), i, k = 0;
		size_t to = from + item.content.n;
		struct field_edit *own;

		while (k < n && v[k].from >= from && v[k].to <= to)
			k++;
		if (k == 0 && v[0].from < to)
			break;		/* across items: bytes then */
		if (k == 0)
			continue;
		buf_add(out, slice_range(s, done, from - item.tag.n));
		own = mem_array(k, sizeof(*own));
		for (i = 0; i < k; i++)
			own[i] = (struct field_edit){ v[i].from - from,
				v[i].to - from, v[i].text };
		splice_item(proto_member(t, item.number), &item, own, k, out);
		free(own);
		done = to;
		v += k;
		n -= k;
	}
	for (; n > 0; v++, n--) {
		buf_add(out, slice_range(s, done, v->from));
		buf_add(out, v->text);
		done = v->to;
	}
	buf_add(out, slice_from(s, done));
}

void
proto_splice_as(const struct field_format *self, struct slice body,
		const struct field_edit *v, size_t n, struct buf *out)
{
	const struct proto_root *root = self->schema;

	proto_splice(root ? root->type : NULL, body, v, n, out);
}

void
proto_encode(enum field_kind kind, struct slice value, struct buf *out)
{
	if (kind == FIELD_BOOL)
		buf_addc(out, (char)slice_eq(value, SLICE("true")));
	else if (kind == FIELD_NUMBER)
		proto_number_put(value, out);
	else
		buf_add(out, value);
}

const struct field_format field_protobuf = {
	.name = "protobuf", .walk = walk, .walk_as = proto_walk_as,
	.encode = proto_encode, .splice = proto_splice_as, .binary = true,
	.fleeting = true,
};
