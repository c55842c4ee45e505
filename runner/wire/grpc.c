/* Takes gRPC's messages off a body, and knows its status codes. */
#include <dvr/wire/grpc.h>

#include <dvr/base/attr.h>

static const char *const status_names[GRPC_STATUS_MAX + 1] = {
	"OK",
	"CANCELLED",
	"UNKNOWN",
	"INVALID_ARGUMENT",
	"DEADLINE_EXCEEDED",
	"NOT_FOUND",
	"ALREADY_EXISTS",
	"PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED",
	"FAILED_PRECONDITION",
	"ABORTED",
	"OUT_OF_RANGE",
	"UNIMPLEMENTED",
	"INTERNAL",
	"UNAVAILABLE",
	"DATA_LOSS",
	"UNAUTHENTICATED",
};

bool
grpc_type(struct slice content_type)
{
	struct slice base = SLICE("application/grpc");
	struct slice rest;

	if (!slice_istarts(content_type, base))
		return false;
	rest = slice_from(content_type, base.n);
	return rest.n == 0 || rest.p[0] == '+' || rest.p[0] == ';' ||
	       rest.p[0] == ' ';
}

static uint32_t
length_of(const unsigned char *prefix)
{
	return (uint32_t)prefix[1] << 24 | (uint32_t)prefix[2] << 16 |
	       (uint32_t)prefix[3] << 8 | prefix[4];
}

bool
grpc_next(struct slice *body, struct grpc_message *out)
{
	const unsigned char *p = (const unsigned char *)body->p;
	uint32_t n;

	if (body->n < GRPC_PREFIX_BYTES || p[0] > 1)
		return false;
	n = length_of(p);
	if (n > body->n - GRPC_PREFIX_BYTES)
		return false;
	out->compressed = p[0] == 1;
	out->payload = slice_range(*body, GRPC_PREFIX_BYTES,
				   GRPC_PREFIX_BYTES + (size_t)n);
	*body = slice_from(*body, GRPC_PREFIX_BYTES + (size_t)n);
	return true;
}

enum grpc_step
grpc_follow(struct grpc_cursor *c, struct slice *in)
{
	size_t n;

	while (c->nprefix < GRPC_PREFIX_BYTES) {
		if (in->n == 0)
			return GRPC_MORE;
		c->prefix[c->nprefix++] = (unsigned char)in->p[0];
		*in = slice_from(*in, 1);
		if (c->nprefix < GRPC_PREFIX_BYTES)
			continue;
		c->left = length_of(c->prefix);
		return GRPC_BEGINS;
	}
	n = in->n < c->left ? in->n : (size_t)c->left;
	c->left -= n;
	*in = slice_from(*in, n);
	if (c->left > 0)
		return GRPC_MORE;
	c->nprefix = 0;
	return GRPC_ENDS;
}

const char *
grpc_status_name(unsigned status)
{
	return status <= GRPC_STATUS_MAX ? status_names[status] : NULL;
}

int
grpc_status_parse(struct slice s, unsigned *out)
{
	uint64_t v;

	if (slice_uint(s, GRPC_STATUS_MAX, &v) == 0) {
		*out = (unsigned)v;
		return 0;
	}
	for (unsigned i = 0; i < ARRAY_LEN(status_names); i++) {
		if (slice_eq(s, slice_str(status_names[i]))) {
			*out = i;
			return 0;
		}
	}
	return -1;
}
