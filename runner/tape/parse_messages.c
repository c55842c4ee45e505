/* Reads the messages of a gRPC call or of a WebSocket. */
#include "parse.h"

#include "names.h"

#include <limits.h>
#include <stddef.h>

static int
read_from(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, sender_names, &i) < 0)
		return -1;
	*(enum sender *)out = (enum sender)i;
	return 0;
}

static int
read_kind(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, stream_kind_names, &i) < 0)
		return -1;
	*(enum stream_kind *)out = (enum stream_kind)i;
	return 0;
}

static int
read_code(struct reader *r, const struct yaml_node *n, void *out)
{
	uint64_t v;

	if (reader_number(r, n, UINT16_MAX, &v) < 0)
		return -1;
	*(unsigned *)out = (unsigned)v;
	return 0;
}

#define AT(member) offsetof(struct stream_message, member)
static const struct row rows[] = {
	{ "from", read_from, AT(from), true },
	{ "at", reader_time, AT(at_us), true },
	{ "end", reader_time, AT(end_us), false },
	{ "kind", read_kind, AT(kind), false },
	{ "code", read_code, AT(code), false },
	{ "decoded", reader_text, AT(decoded), false },
	{ "withheld", reader_text, AT(withheld), false },
	{ "bytes", reader_u64, AT(bytes), false },
	{ "body", parse_body, AT(payload), false },
};
#undef AT

static int
read_one(struct reader *r, const struct yaml_node *n, void *out)
{
	struct stream_message *p = out;

	if (reader_map(r, n, rows, ARRAY_LEN(rows), p) < 0)
		return -1;
	if (!yaml_get(n, "end"))
		p->end_us = p->at_us;
	if (!yaml_get(n, "bytes"))
		p->bytes = p->payload.n;
	return 0;
}

int
parse_messages(struct reader *r, const struct yaml_node *n, void *out)
{
	struct exchange *x = out;
	void *v;

	if (parse_list(r, n, sizeof(*x->messages), read_one, &v, &x->nmessages) < 0)
		return -1;
	x->messages = v;
	return 0;
}
