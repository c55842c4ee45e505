/*
 * Walker for XML 1.0: elements and attributes by their names as written, with
 * their spans.  It reads no DTD, fetches and expands nothing; a document that
 * is not well-formed is none.
 */
#include "formats.h"
#include "siblings.h"
#include "xml_text.h"

#include <dvr/base/mem.h>

#include <stdlib.h>
#include <string.h>

/* Bytes of all pointers together, a byte of body (see json.c). */
#define POINTER_RATIO 64
#define POINTER_SLACK (64u * KiB)
/* About what "/12" behind a name takes. */
#define NTH_BYTES 8

/* What the first pass finds out about an element. */
struct extent {
	uint32_t to;		/* of its inside; PARENT: it holds elements */
	uint32_t end;		/* behind its end tag */
};
#define PARENT UINT32_MAX	/* no document is as long */

struct open_element {
	struct slice name;
	size_t serial, pointer;	/* length of its own */
	size_t seen;		/* names told before its own inside */
};

struct xml_walk {
	struct arena *arena;
	struct slice s;
	size_t at;
	struct open_element stack[FIELD_DEPTH_MAX];
	size_t depth;
	struct extent *extents;	/* by serial */
	size_t n, cap;
	struct buf pointer;
	struct siblings seen;
	size_t pointer_bytes;
	field_fn *fn;		/* NULL in the first pass */
	void *arg;
	bool root, stopped;
};

static struct slice
rest_of(const struct xml_walk *w)
{
	return slice_from(w->s, w->at);
}

static void
skip_space(struct xml_walk *w)
{
	while (w->at < w->s.n && xml_is_space(w->s.p[w->at]))
		w->at++;
}

static bool
eat(struct xml_walk *w, char c)
{
	if (w->at >= w->s.n || w->s.p[w->at] != c)
		return false;
	w->at++;
	return true;
}

static bool
skip_past(struct xml_walk *w, size_t from, struct slice mark)
{
	ssize_t at = slice_find(slice_from(w->s, from), mark);

	if (at < 0)
		return false;
	w->at = from + (size_t)at + mark.n;
	return true;
}

/* XML 1.0 §2.3, near enough: what cannot stand in a name ends it. */
static struct slice
take_name(struct xml_walk *w)
{
	size_t from = w->at;

	while (w->at < w->s.n && !xml_is_space(w->s.p[w->at]) &&
	       (unsigned char)w->s.p[w->at] > ' ' &&
	       !memchr("/>=<\"'&#?!@~*;", w->s.p[w->at], 14))
		w->at++;
	if (from < w->at && memchr("0123456789-.", w->s.p[from], 12))
		w->at = from;
	return slice_range(w->s, from, w->at);
}

static struct slice
local_name(struct slice name)
{
	ssize_t colon = slice_chr(name, ':');

	return colon < 0 ? name : slice_from(name, (size_t)colon + 1);
}

/* ---- telling ------------------------------------------------------------ */

/* Names a field, an element or what is below the innermost one, whose pointer
 * stands in w->pointer and grows: `mark` is "@", "#" or nothing. */
static void
point_at(struct xml_walk *w, const char *mark, struct slice name)
{
	size_t up = *mark ? 1 : 2, nth;
	char room[UINT_DIGITS];

	buf_addc(&w->pointer, '/');
	buf_adds(&w->pointer, mark);
	buf_add(&w->pointer, name);
	if (!w->fn) {
		w->pointer_bytes += w->pointer.n + NTH_BYTES;
		return;
	}
	nth = siblings_next(&w->seen, &(struct sibling_name){
		.parent = w->depth < up ? 0 :
			w->stack[w->depth - up].serial + 1,
		.kind = (unsigned char)*mark, .text = name });
	if (nth == 0)
		return;
	buf_addc(&w->pointer, '/');
	buf_add(&w->pointer, slice_digits(nth, room));
}

/* At the place that w->pointer has. */
static void
tell(struct xml_walk *w, struct field *f)
{
	if (!w->fn || w->stopped)
		return;
	f->place = arena_copy(w->arena, buf_slice(&w->pointer));
	w->stopped = w->fn(w->arg, f) != 0;
}

/* An attribute or a text: its pointer is not that of what follows. */
static void
tell_inner(struct xml_walk *w, const char *mark, struct slice name,
	   struct slice span)
{
	struct field f = { .kind = FIELD_STRING, .span = span,
			   .key = local_name(name) };
	size_t was = w->pointer.n;

	point_at(w, mark, name);
	if (w->fn)
		f.value = xml_unescape(w->arena, span);
	tell(w, &f);
	w->pointer.n = was;
}

/* Text beside elements, blanks left out as they are between tags. */
static void
tell_text(struct xml_walk *w, struct slice span)
{
	if (w->fn && w->depth > 0 &&
	    w->extents[w->stack[w->depth - 1].serial].to == PARENT &&
	    !xml_is_blank(xml_unescape(w->arena, span)))
		tell_inner(w, "#", SLICE("text"), span);
}

/* ---- tags ---------------------------------------------------------------- */

static bool
attribute(struct xml_walk *w)
{
	struct slice name = take_name(w), span;
	ssize_t end;
	char quote;

	skip_space(w);
	if (name.n == 0 || !eat(w, '='))
		return false;
	skip_space(w);
	quote = w->at < w->s.n ? w->s.p[w->at] : '\0';
	if (quote != '"' && quote != '\'')
		return false;
	w->at++;
	end = slice_chr(rest_of(w), quote);
	if (end < 0)
		return false;
	span = slice_range(rest_of(w), 0, (size_t)end);
	w->at += (size_t)end + 1;
	if (slice_chr(span, '<') >= 0)
		return false;
	tell_inner(w, "@", name, span);
	return true;
}

/* Attributes up to the '>'; *empty for "<a/>". */
static bool
attributes(struct xml_walk *w, bool *empty)
{
	*empty = false;
	for (;;) {
		size_t from = w->at;

		skip_space(w);
		if (eat(w, '>'))
			return true;
		if (eat(w, '/')) {
			*empty = true;
			return eat(w, '>');
		}
		if (w->at == from || w->stopped || !attribute(w))
			return w->stopped;
	}
}

static void
close_element(struct xml_walk *w, size_t inner_end)
{
	struct open_element *e = &w->stack[--w->depth];
	struct extent *x = &w->extents[e->serial];

	if (!w->fn) {
		if (x->to != PARENT)
			x->to = (uint32_t)inner_end;
		x->end = (uint32_t)w->at;
	}
	siblings_leave(&w->seen, e->seen);
	w->pointer.n = w->depth ? w->stack[w->depth - 1].pointer : 0;
}

static struct open_element *
push(struct xml_walk *w, struct slice name)
{
	struct open_element *e = &w->stack[w->depth++];

	*e = (struct open_element){ .name = name, .serial = w->n++ };
	if (w->fn)
		return e;
	if (w->n > w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->extents = mem_grow(w->extents, w->cap,
				      sizeof(*w->extents));
	}
	w->extents[e->serial] = (struct extent){ .to = 0 };
	if (w->depth > 1)
		w->extents[w->stack[w->depth - 2].serial].to = PARENT;
	return e;
}

/* Behind the '<' of a start tag.  An element without elements is a string and
 * told behind its attributes, which stand before it. */
static bool
open_element(struct xml_walk *w)
{
	size_t from = w->at - 1;
	struct slice name = take_name(w);
	struct field f = { .kind = FIELD_OBJECT, .key = local_name(name) };
	struct open_element *e;
	struct extent *x;
	bool empty, leaf;

	if (name.n == 0 || w->depth == FIELD_DEPTH_MAX ||
	    (w->depth == 0 && w->root))
		return false;
	w->root = true;
	e = push(w, name);
	x = &w->extents[e->serial];
	point_at(w, "", name);
	e->pointer = w->pointer.n;
	e->seen = w->seen.n;
	leaf = w->fn && x->to != PARENT;
	f.span = slice_range(w->s, from, x->end);
	if (!leaf)
		tell(w, &f);
	if (!attributes(w, &empty))
		return false;
	if (leaf && !w->stopped) {
		f.kind = FIELD_STRING;
		f.span = slice_range(w->s, w->at, x->to);
		f.value = xml_unescape(w->arena, f.span);
		tell(w, &f);
		w->at = x->to;
	}
	if (empty)
		close_element(w, w->at);
	return true;
}

/* Behind "</". */
static bool
end_tag(struct xml_walk *w)
{
	size_t from = w->at - 2;
	struct slice name = take_name(w);

	skip_space(w);
	if (w->depth == 0 || !eat(w, '>') ||
	    !slice_eq(name, w->stack[w->depth - 1].name))
		return false;
	close_element(w, from);
	return true;
}

/* Up to the '>' that ends it: quotes, comments and the subset's brackets are
 * passed over, entities and all. */
static bool
skip_doctype(struct xml_walk *w)
{
	size_t brackets = 0;
	ssize_t end;

	while (w->at < w->s.n) {
		char c = w->s.p[w->at++];

		if (c == '"' || c == '\'') {
			end = slice_chr(rest_of(w), c);
			if (end < 0)
				return false;
			w->at += (size_t)end + 1;
		} else if (slice_starts(rest_of(w), SLICE("!--")) &&
			   c == '<') {
			if (!skip_past(w, w->at + 3, SLICE("-->")))
				return false;
		} else if (c == '[') {
			brackets++;
		} else if (c == ']' && brackets > 0) {
			brackets--;
		} else if (c == '>' && brackets == 0) {
			return true;
		}
	}
	return false;
}

/* Markup at w->at, where '<' stands. */
static bool
markup(struct xml_walk *w)
{
	struct slice s = rest_of(w);

	if (slice_starts(s, SLICE("<!--")))
		return skip_past(w, w->at + 4, SLICE("-->"));
	if (slice_starts(s, SLICE("<?")))
		return skip_past(w, w->at, SLICE("?>"));
	if (slice_starts(s, SLICE("<!DOCTYPE")) && !w->root)
		return skip_doctype(w);
	if (slice_starts(s, SLICE("</"))) {
		w->at += 2;
		return end_tag(w);
	}
	w->at++;
	return open_element(w);
}

/* Up to the next markup; CDATA sections are part of the text around them. */
static bool
text_run(struct xml_walk *w)
{
	size_t from = w->at;
	struct slice run;

	for (;;) {
		ssize_t next = slice_chr(rest_of(w), '<');

		w->at = next < 0 ? w->s.n : w->at + (size_t)next;
		if (!slice_starts(rest_of(w), SLICE("<![CDATA[")))
			break;
		if (!skip_past(w, w->at, SLICE("]]>")))
			return false;
	}
	run = slice_range(w->s, from, w->at);
	if (w->depth == 0)
		return xml_is_blank(run);
	w->pointer_bytes += w->pointer.n + NTH_BYTES;
	if (run.n > 0)
		tell_text(w, run);
	return true;
}

static bool
document(struct xml_walk *w)
{
	w->at = slice_starts(w->s, SLICE("\xef\xbb\xbf")) ? 3 : 0;
	w->depth = w->n = w->pointer_bytes = 0;
	w->root = false;
	buf_clear(&w->pointer);
	while (w->at < w->s.n && !w->stopped) {
		if (!text_run(w))
			return false;
		if (w->at < w->s.n && !w->stopped && !markup(w))
			return false;
	}
	return w->stopped || (w->root && w->depth == 0);
}

/* Two passes: the first proves the document and finds where elements end and
 * which hold others, so that the second can tell them before their content. */
static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct xml_walk w = { .arena = a, .s = body };
	bool ok;

	if (body.n >= PARENT)
		return FIELD_BROKEN;
	buf_init(&w.pointer, body.n * 2 + POINTER_SLACK);
	ok = document(&w) && w.pointer_bytes / POINTER_RATIO <= body.n +
		POINTER_SLACK / POINTER_RATIO;
	if (ok) {
		w.fn = fn;
		w.arg = arg;
		ok = document(&w);
	}
	buf_release(&w.pointer);
	siblings_release(&w.seen);
	free(w.extents);
	return ok ? FIELD_OK : FIELD_BROKEN;
}

static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	(void)kind;
	xml_escape(value, out);
}

const struct field_format field_xml = {
	.name = "xml", .walk = walk, .encode = encode, .fleeting = true,
};
