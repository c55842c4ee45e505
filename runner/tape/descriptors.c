/* Hands a tape's calls the names of their fields. */
#include <dvr/tape/descriptors.h>

#include <dvr/wire/grpc.h>

static bool
is_call(const struct message *m)
{
	const struct header *type = headers_find(&m->headers, "content-type");

	/* what follows "+" is another codec, but for "+proto" */
	return type && grpc_type(type->value) &&
	       (slice_chr(type->value, '+') < 0 ||
		slice_ifind(type->value, SLICE("+proto")) >= 0);
}

static bool
name(const struct proto_schema *s, struct arena *a, struct exchange *x)
{
	struct slice path = message_path(&x->request);

	if (!is_call(&x->request))
		return false;
	x->request.format = proto_method_format(s, a, path, PLACE_REQUEST);
	if (is_call(&x->response))
		x->response.format = proto_method_format(s, a, path,
							 PLACE_RESPONSE);
	return x->request.format || x->response.format;
}

void
descriptors_name(const struct descriptors *d, struct arena *a,
		 struct tape *t)
{
	if (!d || !d->schema)
		return;
	for (size_t i = 0; i < t->nexchanges; i++)
		t->named |= name(d->schema, a, &t->exchanges[i]);
	if (t->named)
		t->descriptors = d->sha256;
}

void
descriptors_name_again(const struct descriptors *d, struct tape *t)
{
	if (d && t->descriptors.n > 0 && slice_eq(d->sha256, t->descriptors))
		descriptors_name(d, t->arena, t);
}
