/* The operation within a route: GraphQL, SOAP, AWS. */
#include <dvr/relate/route.h>

#include <dvr/base/ascii.h>
#include <dvr/tape/payload.h>

#include <string.h>

/* Larger bodies are not looked into (bytes). */
#define PLAIN_MAX (8u * MiB)

struct graphql {
	struct slice name, query;
};

static bool
is_name_char(char c)
{
	return is_alnum(c) || c == '_';
}

/* White space, commas and comments (GraphQL §2.1). */
static struct slice
skip_ignored(struct slice q)
{
	while (q.n > 0) {
		if (q.p[0] == '#') {
			ssize_t end = slice_chr(q, '\n');

			q = slice_from(q, end < 0 ? q.n : (size_t)end);
		} else if (strchr(" \t\r\n,", q.p[0]) && q.p[0]) {
			q = slice_from(q, 1);
		} else {
			break;
		}
	}
	return q;
}

static struct slice
take_name(struct slice *q)
{
	struct slice name;
	size_t n = 0;

	*q = skip_ignored(*q);
	while (n < q->n && is_name_char(q->p[n]))
		n++;
	name = slice_range(*q, 0, n);
	*q = slice_from(*q, n);
	return name;
}

/* The operation's name, else the first field of its selection. */
static struct slice
query_operation(struct slice q)
{
	static const char *const kinds[] = { "query", "mutation",
		"subscription" };
	struct slice word = take_name(&q), first;
	bool known = word.n == 0;
	ssize_t brace;
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++)
		known = known || slice_eq(word, slice_str(kinds[i]));
	if (!known)
		return (struct slice){ 0 };
	if (word.n > 0) {
		struct slice name = take_name(&q);

		if (name.n > 0)
			return name;
	}
	brace = slice_chr(q, '{');
	if (brace < 0)
		return (struct slice){ 0 };
	q = slice_from(q, (size_t)brace + 1);
	first = take_name(&q);
	q = skip_ignored(q);
	if (q.n > 0 && q.p[0] == ':') {		/* an alias */
		q = slice_from(q, 1);
		first = take_name(&q);
	}
	return first;
}

/* Of a batch, the first operation speaks. */
static int
on_field(void *arg, const struct field *f)
{
	struct graphql *g = arg;
	struct slice place = f->place;

	if (slice_starts(place, SLICE("/0/")))
		place = slice_from(place, 2);
	if (f->kind != FIELD_STRING)
		return 0;
	if (slice_eq(place, SLICE("/operationName")) && g->name.n == 0)
		g->name = f->value;
	if (slice_eq(place, SLICE("/query")) && g->query.n == 0)
		g->query = f->value;
	return 0;
}

static struct slice
graphql_operation(struct arena *a, const struct message *m)
{
	const struct header *type = headers_find(&m->headers, "content-type");
	struct slice target = message_target(m);
	ssize_t question = slice_chr(target, '?');
	const struct field_format *f;
	struct graphql g = { 0 };
	struct slice body;

	(void)message_plain(a, m, PLAIN_MAX, &body);
	f = message_format(m, body);

	if (type && slice_istarts(type->value, SLICE("application/graphql")) &&
	    !slice_istarts(type->value, SLICE("application/graphql+")))
		g.query = body;
	else if (f && strcmp(f->name, "json") == 0)
		f->walk(a, body, on_field, &g);
	else if (question >= 0 &&
		 slice_ifind(slice_range(target, 0, (size_t)question),
			     SLICE("graphql")) >= 0)
		field_format_named("query")->walk(a, slice_from(target,
				(size_t)question + 1), on_field, &g);
	if (g.query.n == 0)
		return (struct slice){ 0 };
	/* "query" of a search box is no operation: it has no selection */
	if (slice_chr(g.query, '{') < 0)
		return (struct slice){ 0 };
	return g.name.n ? g.name : query_operation(g.query);
}

struct slice
route_operation(struct arena *a, const struct message *request)
{
	static const char *const named[] = { "soapaction", "x-amz-target" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(named); i++) {
		const struct header *h = headers_find(&request->headers,
						      named[i]);
		struct slice v;

		if (!h)
			continue;
		v = h->value;
		if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
			v = slice_range(v, 1, v.n - 1);
		if (v.n > 0)
			return v;
	}
	return graphql_operation(a, request);
}
