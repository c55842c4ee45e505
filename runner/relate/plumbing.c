/* Names of header fields that bind nothing (see plumbing.h). */
#include "plumbing.h"

static const char *const answers[] = {
	"age", "allow", "cache-control", "connection", "content-length",
	"content-type", "date", "expires", "keep-alive", "server",
	"transfer-encoding", "vary", "via", "x-powered-by",
};

static const char *const requests[] = {
	"accept", "accept-charset", "accept-encoding", "accept-language",
	"cache-control", "connection", "content-length", "content-type",
	"date", "expect", "host", "origin", "te", "traceparent", "tracestate",
	"transfer-encoding", "upgrade", "user-agent", "x-dvr-correlation-id",
};

static bool
is_among(const struct value *v, const char *const *names, size_t n)
{
	size_t i;

	if (v->place.part != PLACE_HEADER)
		return false;
	for (i = 0; i < n; i++) {
		if (slice_eq(v->place.name, slice_str(names[i])))
			return true;
	}
	return false;
}

bool
value_is_plumbing(const struct value *v)
{
	return is_among(v, answers, ARRAY_LEN(answers)) ||
	       (v->place.part == PLACE_HEADER &&
		slice_starts(v->place.name, SLICE("access-control-")));
}

bool
value_is_clients_own(const struct value *v)
{
	return is_among(v, requests, ARRAY_LEN(requests));
}
