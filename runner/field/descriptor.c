/* Reads FileDescriptorSets (google/protobuf/descriptor.proto). */
#include <dvr/field/protobuf.h>

#include "formats.h"
#include "proto_types.h"
#include "proto_wire.h"

#define NESTING_MAX 32		/* messages declared within messages */

struct method {
	struct slice path;		/* "/pkg.Service/Method" */
	struct slice input, output;	/* ".pkg.Name" */
	struct method *next;
};

struct proto_schema {
	struct arena *arena;
	struct proto_type *types;
	struct method *methods;
};

/* Members of descriptor.proto's messages. */
enum { SET_FILE = 1, FILE_PACKAGE = 2, FILE_MESSAGE = 4, FILE_SERVICE = 6,
	MESSAGE_NAME = 1, MESSAGE_FIELD = 2, MESSAGE_NESTED = 3,
	FIELD_NAME = 1, FIELD_NUMBER_ = 3, FIELD_LABEL = 4, FIELD_TYPE = 5,
	FIELD_TYPE_NAME = 6, SERVICE_NAME = 1, SERVICE_METHOD = 2,
	METHOD_NAME = 1, METHOD_INPUT = 2, METHOD_OUTPUT = 3 };

#define LABEL_REPEATED 3

/* By FieldDescriptorProto.Type. */
static const enum proto_kind kinds[] = {
	[0] = PROTO_NUMBER, [1] = PROTO_REAL, [2] = PROTO_REAL,
	[3] = PROTO_SIGNED, [4] = PROTO_NUMBER, [5] = PROTO_SIGNED,
	[6] = PROTO_NUMBER, [7] = PROTO_NUMBER, [8] = PROTO_BOOL,
	[9] = PROTO_STRING, [10] = PROTO_BYTES, [11] = PROTO_MESSAGE,
	[12] = PROTO_BYTES, [13] = PROTO_NUMBER, [14] = PROTO_SIGNED,
	[15] = PROTO_NUMBER, [16] = PROTO_NUMBER, [17] = PROTO_NUMBER,
	[18] = PROTO_NUMBER,
};

struct proto_schema *
proto_schema_create(struct arena *a)
{
	struct proto_schema *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	return s;
}

static const struct proto_type *
find_type(const struct proto_schema *s, struct slice name)
{
	const struct proto_type *t = s->types;

	if (name.n > 0 && name.p[0] == '.')
		name = slice_from(name, 1);
	while (t && !slice_eq(t->name, name))
		t = t->next;
	return t;
}

const struct proto_member *
proto_member(const struct proto_type *t, uint32_t number)
{
	size_t i;

	for (i = 0; t && i < t->n; i++) {
		if (t->v[i].number == number)
			return &t->v[i];
	}
	return NULL;
}

/* The last LEN member of that number, or "". */
static struct slice
text_of(struct slice message, uint32_t number)
{
	struct slice found = { 0 };
	struct proto_item item;

	while (proto_next(&message, &item)) {
		if (item.number == number && item.wire == WIRE_LEN)
			found = item.content;
	}
	return found;
}

static struct slice
join(struct arena *a, struct slice scope, struct slice name)
{
	return scope.n == 0 ? name : arena_fmt(a, "%.*s.%.*s",
					       SLICE_ARG(scope),
					       SLICE_ARG(name));
}

static int
add_member(struct proto_schema *s, struct proto_type *t, struct slice text)
{
	struct proto_member m = { .name = text_of(text, FIELD_NAME),
				  .type_name = text_of(text, FIELD_TYPE_NAME) };
	struct slice rest = text;
	struct proto_item item;
	uint64_t type = 0;

	while (proto_next(&rest, &item)) {
		if (item.number == FIELD_NUMBER_)
			m.number = (uint32_t)item.value;
		else if (item.number == FIELD_LABEL)
			m.repeated = item.value == LABEL_REPEATED;
		else if (item.number == FIELD_TYPE)
			type = item.value;
	}
	if (rest.n > 0 || m.name.n == 0 || m.number == 0)
		return -1;
	/* a group's wire types are not read: none of it is known */
	m.kind = kinds[type < ARRAY_LEN(kinds) ? type : 0];
	if (type == 10)
		return 0;
	t->v = arena_grow(s->arena, t->v, t->n, &t->cap, sizeof(*t->v));
	t->v[t->n++] = m;
	return 0;
}

static int
add_message(struct proto_schema *s, struct slice scope, struct slice text,
	    unsigned depth)
{
	struct proto_type *t = arena_alloc(s->arena, sizeof(*t));
	struct proto_item item;
	int rc = 0;

	t->name = join(s->arena, scope, text_of(text, MESSAGE_NAME));
	t->next = s->types;
	s->types = t;
	while (rc == 0 && text.n > 0) {
		if (!proto_next(&text, &item) || depth == NESTING_MAX)
			return -1;
		if (item.wire != WIRE_LEN)
			continue;
		if (item.number == MESSAGE_FIELD)
			rc = add_member(s, t, item.content);
		else if (item.number == MESSAGE_NESTED)
			rc = add_message(s, t->name, item.content, depth + 1);
	}
	return rc;
}

static int
add_service(struct proto_schema *s, struct slice scope, struct slice text)
{
	struct slice name = join(s->arena, scope, text_of(text, SERVICE_NAME));
	struct proto_item item;

	while (text.n > 0) {
		struct method *m;

		if (!proto_next(&text, &item))
			return -1;
		if (item.number != SERVICE_METHOD || item.wire != WIRE_LEN)
			continue;
		m = arena_alloc(s->arena, sizeof(*m));
		m->path = arena_fmt(s->arena, "/%.*s/%.*s", SLICE_ARG(name),
				    SLICE_ARG(text_of(item.content,
						      METHOD_NAME)));
		m->input = text_of(item.content, METHOD_INPUT);
		m->output = text_of(item.content, METHOD_OUTPUT);
		m->next = s->methods;
		s->methods = m;
	}
	return 0;
}

static int
add_file(struct proto_schema *s, struct slice text)
{
	struct slice scope = text_of(text, FILE_PACKAGE);
	struct proto_item item;
	int rc = 0;

	while (rc == 0 && text.n > 0) {
		if (!proto_next(&text, &item))
			return -1;
		if (item.wire != WIRE_LEN)
			continue;
		if (item.number == FILE_MESSAGE)
			rc = add_message(s, scope, item.content, 0);
		else if (item.number == FILE_SERVICE)
			rc = add_service(s, scope, item.content);
	}
	return rc;
}

static void
resolve(struct proto_schema *s)
{
	struct proto_type *t;
	size_t i;

	for (t = s->types; t; t = t->next) {
		for (i = 0; i < t->n; i++) {
			if (t->v[i].kind == PROTO_MESSAGE)
				t->v[i].type = find_type(s,
							 t->v[i].type_name);
		}
	}
}

int
proto_schema_add(struct proto_schema *s, const char *name, struct slice set,
		 struct err *e)
{
	struct proto_item item;
	int rc = set.n > 0 ? 0 : -1;

	while (rc == 0 && set.n > 0) {
		if (!proto_next(&set, &item) || item.number != SET_FILE ||
		    item.wire != WIRE_LEN)
			rc = -1;
		else
			rc = add_file(s, item.content);
	}
	resolve(s);
	if (rc < 0)
		return err_set(e, ERR_USAGE, "%s: not a descriptor set; "
			       "write one with protoc -o FILE "
			       "--include_imports", name);
	return 0;
}

static const struct field_format *
format_of(struct arena *a, const struct proto_type *type, bool framed)
{
	struct proto_root *root;
	struct field_format *f;

	if (!type)
		return NULL;
	root = arena_alloc(a, sizeof(*root));
	root->type = type;
	f = arena_alloc(a, sizeof(*f));
	*f = framed ? field_grpc : field_protobuf;
	f->schema = root;
	return f;
}

const struct field_format *
proto_format(const struct proto_schema *s, struct arena *a,
	     struct slice message, bool framed)
{
	return format_of(a, find_type(s, message), framed);
}

const struct field_format *
proto_bare(struct arena *a, const struct field_format *framed)
{
	const struct proto_root *root = framed->schema;

	return root ? format_of(a, root->type, false) : &field_protobuf;
}

struct slice
proto_schema_missing(const struct proto_schema *s)
{
	const struct proto_type *t;
	const struct method *m;
	size_t i;

	for (m = s->methods; m; m = m->next) {
		if (!find_type(s, m->input))
			return m->input;
		if (!find_type(s, m->output))
			return m->output;
	}
	for (t = s->types; t; t = t->next) {
		for (i = 0; i < t->n; i++) {
			if (t->v[i].kind == PROTO_MESSAGE && !t->v[i].type)
				return t->v[i].type_name;
		}
	}
	return SLICE("");
}

const struct field_format *
proto_method_format(const struct proto_schema *s, struct arena *a,
		    struct slice path, enum place_side side)
{
	const struct method *m = s->methods;

	while (m && !slice_eq(m->path, path))
		m = m->next;
	return m ? format_of(a, find_type(s, side == PLACE_REQUEST ?
					  m->input : m->output), true) : NULL;
}
