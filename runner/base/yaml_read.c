/* Reads one strict YAML document into a tree with places, over libyaml. */
#include <dvr/base/yaml.h>

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define YAML_BINARY_TAG "tag:yaml.org,2002:binary"

/*
 * More values than this are refused: a node takes 72 bytes, so a document of
 * "[a,a,a…" cannot take memory without end.
 */
#define YAML_NODES_MAX (4u * MiB)
/* Maps up to this size are searched for doubles pair by pair. */
#define YAML_SMALL_MAP 16u

/* A value whose container is not complete yet. */
struct entry {
	struct slice key;
	struct yaml_place place;
	struct yaml_node node;
};

struct reader {
	yaml_parser_t parser;
	struct arena *a;
	struct slice text;
	const char *name;
	enum err_code code;
	struct err *e;
	struct entry *stack;
	size_t n, cap;
	size_t nodes;
};

static int fail(struct reader *r, struct yaml_place at, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static int
fail(struct reader *r, struct yaml_place at, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(r->e, r->code, "%s:%u:%u: %s", r->name, at.line,
		       at.column, text);
}

static struct yaml_place
place_of(yaml_mark_t m)
{
	return (struct yaml_place){ .line = (unsigned)m.line + 1,
				    .column = (unsigned)m.column + 1 };
}

/* Line and column (in bytes) of an offset into the text. */
static struct yaml_place
place_at(struct slice text, size_t offset)
{
	struct yaml_place at = { .line = 1, .column = 1 };

	for (size_t i = 0; i < offset && i < text.n; i++) {
		at.column++;
		if (text.p[i] == '\n') {
			at.line++;
			at.column = 1;
		}
	}
	return at;
}

/* libyaml could not go on: says why in words that tell what to do. */
static int
parser_failed(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	struct yaml_place at = place_of(p->problem_mark);
	struct yaml_place end = place_at(r->text, r->text.n);

	if (p->error == YAML_MEMORY_ERROR)
		return err_set(r->e, ERR_INTERNAL, "%s: out of memory",
			       r->name);
	if (p->error == YAML_READER_ERROR)
		return fail(
			r, place_at(r->text, p->problem_offset),
			"byte 0x%02x: %s; expected printable UTF-8",
			p->problem_offset < r->text.n
				? (unsigned char)r->text.p[p->problem_offset]
				: 0u,
			p->problem ? p->problem : "not readable");
	return fail(r, at, "not YAML: %s%s%s%s%s",
		    p->problem ? p->problem : "not readable",
		    p->context ? " (" : "", p->context ? p->context : "",
		    p->context ? ")" : "",
		    at.line >= end.line ? "; the file ends here, is it cut off?"
					: "");
}

/* The lines that git leaves around a conflict, at the start of a line. */
static bool
is_conflict_marker(struct slice line)
{
	static const char marks[] = "<>=|";

	if (line.n < 7 || !memchr(marks, line.p[0], sizeof(marks) - 1))
		return false;
	for (size_t i = 1; i < 7; i++)
		if (line.p[i] != line.p[0])
			return false;
	return line.n == 7 || line.p[7] == ' ' || line.p[7] == '\r';
}

static int
refuse_conflict_markers(struct reader *r)
{
	struct slice rest = r->text;
	struct yaml_place at = { .line = 1, .column = 1 };

	while (rest.p) {
		struct slice line = slice_cut(&rest, '\n');

		if (is_conflict_marker(line))
			return fail(r, at,
				    "merge-conflict marker '%.7s'; "
				    "resolve the conflict first",
				    line.p);
		at.line++;
	}
	return 0;
}

static int
next_event(struct reader *r, yaml_event_t *ev)
{
	if (!yaml_parser_parse(&r->parser, ev))
		return parser_failed(r);
	return 0;
}

static int
decode_binary(struct reader *r, struct yaml_place at, struct slice *text)
{
	struct buf squeezed, bytes;
	int rc = -1;

	buf_init(&squeezed, text->n);
	buf_init(&bytes, text->n);
	for (size_t i = 0; i < text->n; i++)
		if (!memchr(" \t\r\n", text->p[i], 4))
			buf_addc(&squeezed, text->p[i]);
	if (base64_decode(buf_slice(&squeezed), &bytes) < 0) {
		fail(r, at, "bad !!binary value; expected base64");
		goto out;
	}
	*text = arena_copy(r->a, buf_slice(&bytes));
	rc = 0;
out:
	buf_release(&bytes);
	buf_release(&squeezed);
	return rc;
}

static int
refuse_anchor(struct reader *r, struct yaml_place at, const yaml_char_t *anchor)
{
	if (!anchor)
		return 0;
	return fail(r, at, "anchors are not allowed; write the value out");
}

/* A tag in bytes is quoted: it comes from the file. */
static int
refuse_tag(struct reader *r, struct yaml_place at, const yaml_char_t *tag)
{
	char q[QUOTE_MAX];

	if (!tag)
		return 0;
	return fail(r, at,
		    "tag '%s' is not known; only !!binary before a scalar is",
		    quote(slice_str((const char *)tag), q));
}

static int
read_scalar(struct reader *r, const yaml_event_t *ev, struct yaml_node *out)
{
	const char *tag = (const char *)ev->data.scalar.tag;
	struct yaml_place at = place_of(ev->start_mark);
	struct slice raw =
		slice_of(ev->data.scalar.value, ev->data.scalar.length);

	if (refuse_anchor(r, at, ev->data.scalar.anchor) < 0)
		return -1;
	out->kind = YAML_SCALAR;
	if (tag && strcmp(tag, YAML_BINARY_TAG) == 0) {
		if (decode_binary(r, at, &raw) < 0)
			return -1;
		out->text = raw;
		return 0;
	}
	if (refuse_tag(r, at, ev->data.scalar.tag) < 0)
		return -1;
	out->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	out->text = arena_copy(r->a, raw);
	return 0;
}

/* ---- maps ------------------------------------------------------------ */

struct sort_key {
	struct slice key;
	size_t index;
};

static int
by_key(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;
	int c = slice_cmp(x->key, y->key);

	return c ? c : (x->index > y->index) - (x->index < y->index);
}

/* Index of the later one of two equal keys, or `count`. */
static size_t
find_double(const struct yaml_node *map)
{
	struct sort_key *v;
	size_t found = map->count;

	if (map->count <= YAML_SMALL_MAP) {
		for (size_t i = 1; i < map->count; i++)
			for (size_t j = 0; j < i; j++)
				if (slice_eq(map->keys[i], map->keys[j]))
					return i;
		return found;
	}
	v = mem_array(map->count, sizeof(*v));
	for (size_t i = 0; i < map->count; i++)
		v[i] = (struct sort_key){ map->keys[i], i };
	qsort(v, map->count, sizeof(*v), by_key);
	for (size_t i = 1; i < map->count; i++)
		if (slice_eq(v[i].key, v[i - 1].key) && v[i].index < found)
			found = v[i].index;
	free(v);
	return found;
}

static int
refuse_doubles(struct reader *r, const struct yaml_node *map)
{
	size_t i = find_double(map);
	size_t first = 0;
	char q[QUOTE_MAX];

	if (i == map->count)
		return 0;
	while (!slice_eq(map->keys[first], map->keys[i]))
		first++;
	return fail(r, map->key_places[i],
		    "duplicate key '%s'; it stands in line %u already",
		    quote(map->keys[i], q), map->key_places[first].line);
}

static int
read_key(struct reader *r, const yaml_event_t *ev, struct entry *out)
{
	out->place = place_of(ev->start_mark);
	if (ev->type == YAML_ALIAS_EVENT)
		return fail(r, out->place,
			    "aliases are not allowed; write the value out");
	if (ev->type != YAML_SCALAR_EVENT)
		return fail(r, out->place, "bad key; expected a scalar");
	if (refuse_anchor(r, out->place, ev->data.scalar.anchor) < 0 ||
	    refuse_tag(r, out->place, ev->data.scalar.tag) < 0)
		return -1;
	out->key = arena_copy(
		r->a, slice_of(ev->data.scalar.value, ev->data.scalar.length));
	return 0;
}

/* ---- the tree -------------------------------------------------------- */

static void
push(struct reader *r, const struct entry *x)
{
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->stack = mem_grow(r->stack, r->cap, sizeof(*r->stack));
	}
	r->stack[r->n++] = *x;
}

/* Moves what stands above `base` on the stack into the finished container. */
static int
close_container(struct reader *r, size_t base, struct yaml_node *out)
{
	const struct entry *x;

	out->count = r->n - base;
	r->n = base;
	if (out->count == 0)
		return 0;
	x = r->stack + base;
	out->items = arena_array(r->a, out->count, sizeof(*out->items));
	for (size_t i = 0; i < out->count; i++)
		out->items[i] = x[i].node;
	if (out->kind == YAML_LIST)
		return 0;
	out->keys = arena_array(r->a, out->count, sizeof(*out->keys));
	out->key_places =
		arena_array(r->a, out->count, sizeof(*out->key_places));
	for (size_t i = 0; i < out->count; i++) {
		out->keys[i] = x[i].key;
		out->key_places[i] = x[i].place;
	}
	return refuse_doubles(r, out);
}

static int read_node(struct reader *r, const yaml_event_t *ev, unsigned depth,
		     struct yaml_node *out);

/* One list item, or one key with its value: 1 when the container ended. */
static int
read_entry(struct reader *r, enum yaml_kind kind, unsigned depth)
{
	struct entry x = { 0 };
	yaml_event_t ev;
	int rc;

	if (next_event(r, &ev) < 0)
		return -1;
	if (ev.type == YAML_SEQUENCE_END_EVENT ||
	    ev.type == YAML_MAPPING_END_EVENT) {
		yaml_event_delete(&ev);
		return 1;
	}
	if (kind == YAML_MAP) {
		rc = read_key(r, &ev, &x);
		yaml_event_delete(&ev);
		if (rc < 0 || next_event(r, &ev) < 0)
			return -1;
	}
	rc = read_node(r, &ev, depth, &x.node);
	yaml_event_delete(&ev);
	if (rc == 0)
		push(r, &x);
	return rc;
}

static int
read_container(struct reader *r, unsigned depth, struct yaml_node *out)
{
	size_t base = r->n;
	int rc;

	if (depth == YAML_DEPTH_MAX)
		return fail(r, (struct yaml_place){ out->line, out->column },
			    "nested too deep; at most %d levels",
			    YAML_DEPTH_MAX);
	do
		rc = read_entry(r, out->kind, depth + 1);
	while (rc == 0);
	if (rc < 0)
		return -1;
	return close_container(r, base, out);
}

static int
read_node(struct reader *r, const yaml_event_t *ev, unsigned depth,
	  struct yaml_node *out)
{
	struct yaml_place at = place_of(ev->start_mark);

	out->line = at.line;
	out->column = at.column;
	if (++r->nodes > YAML_NODES_MAX)
		return fail(r, at, "more than %u values", YAML_NODES_MAX);
	if (ev->type == YAML_SCALAR_EVENT)
		return read_scalar(r, ev, out);
	if (ev->type == YAML_SEQUENCE_START_EVENT) {
		out->kind = YAML_LIST;
		if (refuse_anchor(r, at, ev->data.sequence_start.anchor) < 0 ||
		    refuse_tag(r, at, ev->data.sequence_start.tag) < 0)
			return -1;
		return read_container(r, depth, out);
	}
	if (ev->type == YAML_MAPPING_START_EVENT) {
		out->kind = YAML_MAP;
		if (refuse_anchor(r, at, ev->data.mapping_start.anchor) < 0 ||
		    refuse_tag(r, at, ev->data.mapping_start.tag) < 0)
			return -1;
		return read_container(r, depth, out);
	}
	return fail(r, at, "aliases are not allowed; write the value out");
}

/* The next event must be of this type; anything else is a second document. */
static int
expect_event(struct reader *r, yaml_event_type_t type)
{
	yaml_event_t ev;
	int rc = 0;

	if (next_event(r, &ev) < 0)
		return -1;
	if (ev.type != type)
		rc = fail(r, place_of(ev.start_mark),
			  "a second document starts here; expected one");
	yaml_event_delete(&ev);
	return rc;
}

static int
read_document(struct reader *r, struct yaml_node **root)
{
	struct yaml_node *node;
	yaml_event_t ev;
	int rc;

	*root = NULL;
	if (expect_event(r, YAML_STREAM_START_EVENT) < 0 ||
	    next_event(r, &ev) < 0)
		return -1;
	rc = ev.type == YAML_STREAM_END_EVENT;
	yaml_event_delete(&ev);
	if (rc)
		return 0;
	if (next_event(r, &ev) < 0)
		return -1;
	node = arena_alloc(r->a, sizeof(*node));
	rc = read_node(r, &ev, 0, node);
	yaml_event_delete(&ev);
	if (rc < 0 || expect_event(r, YAML_DOCUMENT_END_EVENT) < 0 ||
	    expect_event(r, YAML_STREAM_END_EVENT) < 0)
		return -1;
	/* "---" alone says no more than an empty file does. */
	if (!node->plain || node->text.n > 0)
		*root = node;
	return 0;
}

int
yaml_parse(struct arena *a, const char *name, struct slice text,
	   enum err_code code, struct yaml_doc *out, struct err *e)
{
	struct reader r = {
		.a = a, .text = text, .name = name, .code = code, .e = e
	};
	struct yaml_node *root;
	int rc = -1;

	if (refuse_conflict_markers(&r) < 0)
		return -1;
	if (!yaml_parser_initialize(&r.parser))
		return err_set(e, ERR_INTERNAL, "%s: out of memory", name);
	/* Told so, libyaml does not take a byte-order mark for UTF-16. */
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r.parser, (const unsigned char *)(text.n ? text.p : ""),
		text.n);
	rc = read_document(&r, &root);
	if (rc == 0)
		*out = (struct yaml_doc){ .name = name, .root = root };
	yaml_parser_delete(&r.parser);
	free(r.stack);
	return rc;
}
