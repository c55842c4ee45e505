/* The table of header fields that hold secrets. */
#include "reading.h"

#include <dvr/base/attr.h>

#include <string.h>

#define HMAC_MIN 20	/* "sha256" is the name of one */

void
reading_mark(const struct reading *r, struct slice part, const char *class)
{
	size_t n, from = (size_t)(part.p - r->job->v[r->piece].raw.p);

	if (!detecting_on(r->job->s->detecting, r->detector))
		return;
	spans_add(&r->job->v[r->piece].spans, &(struct span){
		.from = from, .to = from + part.n, .rank = RANK_POLICY,
		.class = slice_str(class), .value = part,
		.rule = slice_str(scrub_detectors(&n)[r->detector].name),
	});
}

bool
reads_as_jwt(struct slice v)
{
	ssize_t dot = slice_chr(v, '.');

	return slice_starts(v, SLICE("ey")) && dot > 0 &&
	       slice_chr(slice_from(v, (size_t)dot + 1), '.') >= 0;
}

static void
read_value(const struct reading *r)
{
	reading_mark(r, r->value, reads_as_jwt(r->value) ? "jwt" : r->class);
}

static void
read_nothing(const struct reading *r)
{
	(void)r;
}

/* Browsers can send a WebSocket's token nowhere else: among the names of
 * protocols. */
static void
read_protocols(const struct reading *r)
{
	struct slice rest = r->value;

	while (rest.p) {
		struct slice one = slice_trim(slice_cut(&rest, ','));

		if (is_drawn(one))
			reading_mark(r, one, reads_as_jwt(one) ? "jwt" :
				     r->class);
	}
}

static const struct {
	const char *name;
	read_fn *read;
	enum detector_id detector;
	const char *class;	/* NULL: not looked through either */
} policies[] = {
	{ "authorization", read_authorization, DETECT_AUTHORIZATION, "" },
	{ "proxy-authorization", read_authorization, DETECT_AUTHORIZATION, "" },
	{ "authentication", read_authorization, DETECT_AUTHORIZATION, "" },
	{ "x-honeycomb-team", read_value, DETECT_API_KEY, "api-key" },
	{ "sec-websocket-protocol", read_protocols, DETECT_TOKEN, "token" },
	{ "cookie", read_cookie, DETECT_COOKIE, "cookie" },
	{ "set-cookie", read_set_cookie, DETECT_COOKIE, "cookie" },
	{ "cookie2", read_cookie, DETECT_COOKIE, "cookie" },
	{ "x-csrf-token", read_value, DETECT_CSRF, "csrf" },
	{ "x-xsrf-token", read_value, DETECT_CSRF, "csrf" },
	{ "x-csrftoken", read_value, DETECT_CSRF, "csrf" },
	{ "x-amz-security-token", read_value, DETECT_TOKEN, "token" },
	{ "cf-access-client-id", read_value, DETECT_TOKEN, "token" },
	{ "cf-access-jwt-assertion", read_value, DETECT_JWT, "jwt" },
	{ "private-token", read_value, DETECT_GITLAB, "token" },
	{ "job-token", read_value, DETECT_GITLAB, "token" },
	{ "dd-api-key", read_value, DETECT_DATADOG, "api-key" },
	{ "dd-application-key", read_value, DETECT_DATADOG, "api-key" },
	{ "dpop", read_value, DETECT_JWT, "jwt" },
	{ "x-forwarded-client-cert", read_value, DETECT_SECRET, "secret" },
	{ "x-shopify-hmac-sha256", read_value, DETECT_SIGNATURE, "signature" },
	{ "signature", read_value, DETECT_SIGNATURE, "signature" },
	{ "referer", read_url, DETECT_TOKEN, "" },
	{ "location", read_url, DETECT_TOKEN, "" },
	{ "content-location", read_url, DETECT_TOKEN, "" },
	{ "link", read_links, DETECT_TOKEN, "" },
	{ "refresh", read_url, DETECT_TOKEN, "" },
	{ "x-forwarded-for", read_addresses, DETECT_IPV4, "" },
	{ "forwarded", read_addresses, DETECT_IPV4, "" },
	{ "x-real-ip", read_addresses, DETECT_IPV4, "" },
	{ "x-client-ip", read_addresses, DETECT_IPV4, "" },
	{ "x-cluster-client-ip", read_addresses, DETECT_IPV4, "" },
	{ "true-client-ip", read_addresses, DETECT_IPV4, "" },
	{ "cf-connecting-ip", read_addresses, DETECT_IPV4, "" },
	{ "fastly-client-ip", read_addresses, DETECT_IPV4, "" },
	{ "x-envoy-external-address", read_addresses, DETECT_IPV4, "" },
	/* never secret, and easily taken for numbers that are */
	{ "traceparent", read_nothing, DETECT_TOKEN, NULL },
	{ "tracestate", read_nothing, DETECT_TOKEN, NULL },
	{ "etag", read_nothing, DETECT_TOKEN, NULL },
	{ "if-none-match", read_nothing, DETECT_TOKEN, NULL },
	{ "if-match", read_nothing, DETECT_TOKEN, NULL },
	{ "x-request-id", read_nothing, DETECT_TOKEN, NULL },
	{ "x-correlation-id", read_nothing, DETECT_TOKEN, NULL },
	{ "x-amzn-trace-id", read_nothing, DETECT_TOKEN, NULL },
	{ "x-b3-traceid", read_nothing, DETECT_TOKEN, NULL },
	{ "x-b3-spanid", read_nothing, DETECT_TOKEN, NULL },
	{ "signature-input", read_nothing, DETECT_TOKEN, NULL },
	{ "date", read_nothing, DETECT_TOKEN, NULL },
	{ "content-length", read_nothing, DETECT_TOKEN, NULL },
	/* keys for caches and for the handshake of WebSockets */
	{ "surrogate-key", read_nothing, DETECT_TOKEN, NULL },
	{ "sec-websocket-key", read_nothing, DETECT_TOKEN, NULL },
	{ "idempotency-key", read_nothing, DETECT_TOKEN, NULL },
};

/* X-Company-Secret-Thing: the row of a part of the name that ends before a
 * dash. */
static const struct key_row *
inner_key(struct job *j, struct slice name)
{
	size_t to;

	for (to = name.n; to > 2; to--) {
		const struct key_row *row = name.p[to - 1] == '-' ?
			job_key(j, slice_range(name, 0, to - 1)) : NULL;

		if (row && row->take == TAKE_ANY && row->deep)
			return row;
	}
	return NULL;
}

/* Issuers' own names, in whole words: …-signature…, x-…-token, api-key and all
 * that is a secret as a key of a body. */
static bool
read_by_words(struct reading *r, struct slice name)
{
	const struct key_row *row;
	ssize_t at = slice_ifind(name, SLICE("-signature"));

	if (at > 0 || (slice_ifind(name, SLICE("-hmac")) > 0 &&
		       r->value.n >= HMAC_MIN)) {
		r->detector = DETECT_SIGNATURE;
		r->class = "signature";
		read_value(r);
		return true;
	}
	row = job_key(r->job, name);
	if (!row && slice_istarts(name, SLICE("x-")))
		row = inner_key(r->job, name);
	if (!row || !key_takes(row, r->value, KEY_TEXT))
		return false;
	r->detector = row->detector;
	r->class = row->class;
	read_value(r);
	return true;
}

/* A user's rule for the whole header; true when it is kept. */
static bool
mark_rule(const struct reading *r, struct slice name)
{
	struct place p = {
		.exchange = r->at->exchange, .side = r->at->side,
		.part = PLACE_HEADER, .name = name,
	};
	struct piece *piece = &r->job->v[r->piece];
	struct slice rule, class = rules_field(r->job->s->rules, &p, &rule);

	if (class.n == 0)
		return job_keep_place(r->job, r->piece, &p, &(struct field){
			.span = r->value, .value = r->value });
	spans_add(&piece->spans, &(struct span){
		.from = (size_t)(r->value.p - piece->raw.p),
		.to = (size_t)(r->value.p - piece->raw.p) + r->value.n,
		.rank = RANK_USER, .class = class, .rule = rule,
		.value = r->value,
	});
	return false;
}

/* A rule may name the header, but only its value is ever a handle. */
static void
clip_to_value(const struct reading *r)
{
	struct piece *p = &r->job->v[r->piece];
	size_t value = (size_t)(r->value.p - p->raw.p), k;

	for (k = 0; k < p->spans.n; k++) {
		struct span *x = &p->spans.v[k];

		if (x->text.p || x->from >= value || x->to <= value)
			continue;
		x->from = value;
		x->value = slice_range(p->raw, x->from, x->to);
	}
}

void
policy_header(struct job *j, size_t i, const struct header *h,
	      const struct walk_at *at)
{
	struct reading r = {
		.job = j, .piece = i, .value = h->value, .at = at,
	};
	size_t k;

	if (h->value.n == 0) {
		job_detect_text(j, i);
		return;
	}
	if (mark_rule(&r, h->name)) {
		job_detect_rules(j, i, false);
		clip_to_value(&r);
		return;
	}
	for (k = 0; k < ARRAY_LEN(policies); k++) {
		if (slice_ieq(h->name, slice_str(policies[k].name)))
			break;
	}
	if (k < ARRAY_LEN(policies)) {
		r.class = policies[k].class;
		r.detector = policies[k].detector;
		policies[k].read(&r);
		job_detect_rules(j, i, r.class != NULL);
	} else if (read_by_words(&r, h->name)) {
		job_detect(j, i);
	} else {
		job_look_part(j, i, h->value, at);
		job_detect_text(j, i);
	}
	clip_to_value(&r);
}
