/* Shows the messages of gRPC calls and WebSockets, decoded as far as may be. */
#include "show.h"

#include <dvr/base/plural.h>
#include <dvr/field/protobuf.h>
#include <dvr/wire/coding.h>
#include <dvr/wire/grpc.h>

#include <stdio.h>

/* A message decoded for showing; a value on the line. */
#define DECODED_MAX (1u * MiB)
#define VALUE_SHOWN 80u
/* Fields of one message on its line. */
#define FIELDS_SHOWN 16u

struct line {
	unsigned n;
};

static void
show_value(struct slice v)
{
	if (!slice_is_utf8(v)) {
		printf("(%zu bytes)", v.n);
		return;
	}
	show_safe(slice_range(v, 0, VALUE_SHOWN));
	if (v.n > VALUE_SHOWN)
		printf("…");
}

static int
show_field(void *arg, const struct field *f)
{
	struct line *l = arg;

	if (f->kind == FIELD_ARRAY || f->kind == FIELD_OBJECT)
		return 0;
	if (l->n == FIELDS_SHOWN) {
		printf(" …");
		return 1;
	}
	fputs(l->n++ ? ", " : " ", stdout);
	show_safe(f->place);
	printf(" = ");
	show_value(f->value);
	return 0;
}

/* Without its compression; as it is where that cannot be undone. */
static struct slice
plain(struct arena *a, const struct exchange *x,
      const struct stream_message *m)
{
	const struct message *side =
		m->from == FROM_CLIENT ? &x->request : &x->response;
	const struct header *coding =
		headers_find(&side->headers, "grpc-encoding");
	struct slice out = m->payload;
	struct buf b;

	if (m->kind != STREAM_COMPRESSED || m->decoded.n > 0 || !coding)
		return out;
	buf_init(&b, DECODED_MAX);
	if (coding_decode(coding->value, m->payload, &b) == CODING_OK)
		out = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return out;
}

static const struct field_format *
format_of(struct arena *a, const struct exchange *x,
	  const struct stream_message *m, struct slice payload)
{
	const struct message *side =
		m->from == FROM_CLIENT ? &x->request : &x->response;
	const struct header *type =
		headers_find(&x->request.headers, "content-type");

	if (side->format)
		return proto_bare(a, side->format);
	if (x->protocol == PROTOCOL_HTTP2 && type && grpc_type(type->value) &&
	    slice_ifind(type->value, SLICE("+json")) < 0)
		return field_format_named("protobuf");
	return slice_starts(payload, SLICE("{")) ?
		field_format_named("json") : NULL;
}

/* Does it walk to its end?  Asked first: half a line helps nobody. */
static int
skip_field(void *arg, const struct field *f)
{
	(void)arg;
	(void)f;
	return 0;
}

static void
show_payload(const struct exchange *x, const struct stream_message *m)
{
	struct arena *a = arena_create();
	struct slice payload = plain(a, x, m);
	const struct field_format *f = format_of(a, x, m, payload);
	struct line line = { .n = 0 };

	if (payload.n == 0) {
		printf(" (empty)");
	} else if (f && field_walk(f, a, payload, skip_field, NULL) ==
			FIELD_OK) {
		field_walk(f, a, payload, show_field, &line);
	} else {
		putchar(' ');
		show_value(payload);
	}
	arena_destroy(a);
}

static void
show_message(const struct exchange *x, const struct stream_message *m)
{
	static const char *const words[] = {
		[STREAM_PLAIN] = "", [STREAM_COMPRESSED] = " compressed",
		[STREAM_TEXT] = "", [STREAM_BINARY] = " binary",
		[STREAM_CLOSE] = " close", [STREAM_PING] = " ping",
		[STREAM_PONG] = " pong",
	};

	printf("       %s %9.3f ms%s", m->from == FROM_CLIENT ? "→" : "←",
	       (double)m->at_us / 1e3, words[m->kind]);
	if (m->code)
		printf(" %u", m->code);
	if (m->withheld.n) {
		printf(" (withheld: ");
		show_safe(m->withheld);
		printf(")");
	} else {
		show_payload(x, m);
	}
	putchar('\n');
}

void
show_messages(const struct exchange *x, size_t most)
{
	for (size_t i = 0; i < x->nmessages && i < most; i++)
		show_message(x, &x->messages[i]);
	if (x->nmessages > most)
		printf("       … %zu message%s more\n", x->nmessages - most,
		       plural(x->nmessages - most));
}
