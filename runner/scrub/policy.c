/* The table of header fields that hold secrets, and the ways to read them. */
#include "policy.h"

#include <dvr/base/hash.h>

#include "handle.h"

#include <stdio.h>
#include <string.h>

struct reading {
	struct job *job;
	size_t piece;
	struct slice value;
	const struct walk_at *at;
	const char *class;
};

typedef void read_fn(const struct reading *r);

/* ---- authorization -------------------------------------------------------- */

static bool
is_jwt(struct slice v)
{
	ssize_t dot = slice_chr(v, '.');

	return slice_starts(v, SLICE("ey")) && dot > 0 &&
	       slice_chr(slice_from(v, (size_t)dot + 1), '.') >= 0;
}

/* The password alone becomes known too: it may stand in a body or a log. */
static void
learn_basic(const struct reading *r, struct slice coded)
{
	struct buf b;
	ssize_t colon;

	buf_init(&b, 64 * KiB);
	if (base64_decode(coded, &b) == 0 &&
	    (colon = slice_chr(buf_slice(&b), ':')) >= 0)
		known_add(r->job->s->known, &(struct span){
			.rank = RANK_KEY, .class = SLICE("password"),
			.rule = SLICE("basic"), .value = slice_from(
				buf_slice(&b), (size_t)colon + 1),
		});
	if (b.n)
		explicit_bzero(b.p, b.n);
	buf_release(&b);
}

/* name=value and name="value" of a list, where the name is one of a few. */
static void
read_params(const struct reading *r, struct slice list)
{
	static const char *const secret[] = { "signature", "credential",
		"response", "username", "cnonce", "oauth_token",
		"oauth_signature", "oauth_consumer_key", "oauth_nonce",
		"mac", "token", "sig", "key", "secret" };
	struct slice rest = list;

	while (rest.p) {
		struct slice value = slice_trim(slice_cut(&rest, ','));
		struct slice name = slice_trim(slice_cut(&value, '='));
		size_t i;

		if (!value.p)
			continue;
		value = slice_trim(value);
		if (value.n >= 2 && value.p[0] == '"')
			value = slice_range(value, 1, value.n - 1);
		for (i = 0; i < ARRAY_LEN(secret); i++) {
			if (slice_ieq(name, slice_str(secret[i])))
				break;
		}
		if (i == ARRAY_LEN(secret))
			continue;
		/* AWS: the key id; its scope of date and region is none */
		if (slice_ieq(name, SLICE("credential")) &&
		    slice_chr(value, '/') > 0)
			value = slice_cut(&value, '/');
		job_mark(r->job, r->piece, value, RANK_POLICY, "signature");
	}
}

static bool
has_params(struct slice scheme, struct slice rest)
{
	return slice_ieq(scheme, SLICE("Digest")) ||
	       slice_ieq(scheme, SLICE("OAuth")) ||
	       slice_ieq(scheme, SLICE("Signature")) ||
	       slice_istarts(scheme, SLICE("AWS4-")) ||
	       slice_ifind(rest, SLICE("signature=")) >= 0;
}

/*
 * Accounts whose key everybody may read, so that a signature made with it
 * proves and hides nothing; taking it away would only make a replay's
 * requests be refused.
 */
static const struct {
	const char *scheme, *account, *why;
} public_keys[] = {
	/* Azure's storage emulator and Azurite: Microsoft documents account
	 * and key under "Connect to the emulator account". */
	{ "SharedKey", "devstoreaccount1",
	  "signed with the storage emulator's documented key" },
};

/* SharedKey is SharedKeyLite, too; both sign for "account:". */
static bool
keep_public(const struct reading *r, struct slice scheme, struct slice rest)
{
	struct slice account = slice_cut(&rest, ':');
	size_t i;

	for (i = 0; rest.p && i < ARRAY_LEN(public_keys); i++) {
		struct slice name = slice_str(public_keys[i].scheme);
		struct slice left = slice_from(scheme, name.n);

		if (!slice_istarts(scheme, name) ||
		    (left.n && !slice_ieq(left, SLICE("Lite"))) ||
		    !slice_eq(account, slice_str(public_keys[i].account)))
			continue;
		job_keep(r->job, r->piece, &(struct span){
			.from = (size_t)(r->value.p -
					 r->job->v[r->piece].raw.p),
			.to = (size_t)(r->value.p + r->value.n -
				       r->job->v[r->piece].raw.p),
			.rule = arena_fmt(r->job->scratch, KEEP_RULE "%s",
					  public_keys[i].why),
			.value = r->value,
		});
		return true;
	}
	return false;
}

static void
read_authorization(const struct reading *r)
{
	struct slice rest = r->value;
	struct slice scheme = slice_cut(&rest, ' ');
	ssize_t colon;

	if (!rest.p || slice_trim(rest).n == 0) {
		job_mark(r->job, r->piece, r->value, RANK_POLICY,
			 "credential");
		return;
	}
	rest = slice_trim(rest);
	if (keep_public(r, scheme, rest))
		return;
	if (slice_ieq(scheme, SLICE("Basic"))) {
		learn_basic(r, rest);
		job_mark(r->job, r->piece, rest, RANK_POLICY, "basic");
	} else if (has_params(scheme, rest)) {
		read_params(r, rest);
	} else if (slice_istarts(scheme, SLICE("SharedKey")) ||
		   slice_ieq(scheme, SLICE("AWS"))) {
		colon = slice_chr(rest, ':');	/* account:signature */
		job_mark(r->job, r->piece, slice_from(rest,
			 (size_t)(colon + 1)), RANK_POLICY, "signature");
	} else {
		job_mark(r->job, r->piece, rest, RANK_POLICY,
			 is_jwt(rest) ? "jwt" :
			 slice_ieq(scheme, SLICE("Bearer")) ? "bearer" :
			 "credential");
	}
}

/* ---- cookies --------------------------------------------------------------- */

/* Choices of a person, told apart from secrets by name or by value. */
static bool
cookie_is_plain(struct slice name, struct slice value)
{
	static const char *const names[] = { "theme", "lang", "language",
		"locale", "consent", "cookieconsent" };
	static const char *const values[] = { "true", "false", "yes", "no",
		"on", "off", "deleted" };
	size_t i;

	if (value.n <= 1)
		return true;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_ieq(name, slice_str(names[i])))
			return true;
	}
	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (slice_ieq(value, slice_str(values[i])))
			return true;
	}
	return false;
}

static int
on_cookie(void *arg, const struct field *f)
{
	const struct reading *r = arg;
	struct place p = {
		.exchange = r->at->exchange, .side = r->at->side,
		.part = PLACE_COOKIE, .name = f->key,
	};
	struct piece *piece = &r->job->v[r->piece];
	struct slice rule = SLICE("cookie"), value = f->span;
	struct slice class = rules_field(r->job->s->rules, &p, &rule);
	struct buf b;

	if (class.n == 0 && job_keep_place(r->job, r->piece, &p, f))
		return 0;
	if (class.n == 0 && cookie_is_plain(f->key, f->span))
		return 0;
	if (slice_chr(f->span, '%') >= 0) {
		/* the same secret stands decoded in bodies and logs */
		buf_init(&b, f->span.n);
		percent_decode(f->span, false, &b);
		value = arena_copy(r->job->scratch, buf_slice(&b));
		buf_release(&b);
	}
	spans_add(&piece->spans, &(struct span){
		.from = (size_t)(f->span.p - piece->raw.p),
		.to = (size_t)(f->span.p - piece->raw.p) + f->span.n,
		.rank = class.n ? RANK_USER : RANK_POLICY,
		.class = class.n ? class : SLICE("cookie"), .rule = rule,
		.value = value,
	});
	return 0;
}

static void
read_cookie(const struct reading *r)
{
	struct reading copy = *r;

	field_format_named("cookie")->walk(r->job->scratch, r->value,
					   on_cookie, &copy);
}

/* Only the first pair is the cookie; the rest are attributes (RFC 6265). */
static void
read_set_cookie(const struct reading *r)
{
	struct reading copy = *r;
	ssize_t end = slice_chr(r->value, ';');

	if (end >= 0)
		copy.value = slice_range(r->value, 0, (size_t)end);
	read_cookie(&copy);
}

/* ---- others ------------------------------------------------------------------ */

static void
read_value(const struct reading *r)
{
	job_mark(r->job, r->piece, r->value, RANK_POLICY,
		 is_jwt(r->value) ? "jwt" : r->class);
}

/* "<https://…?token=x>; rel=next": the query up to what ends a URL. */
static void
read_url(const struct reading *r)
{
	ssize_t at = slice_chr(r->value, '?');
	struct walk_at in = *r->at;
	struct slice query;
	size_t n = 0;

	if (at < 0)
		return;
	query = slice_from(r->value, (size_t)at + 1);
	while (n < query.n && !strchr("#>\" ", query.p[n]))
		n++;
	in.part = PLACE_HEADER;
	in.where = KEY_URL;
	job_walk(r->job, r->piece, slice_range(query, 0, n),
		 field_format_named("query"), &in);
}

static void
read_nothing(const struct reading *r)
{
	(void)r;
}

static const struct {
	const char *name;
	read_fn *read;
	const char *class;
} policies[] = {
	{ "authorization", read_authorization, "" },
	{ "proxy-authorization", read_authorization, "" },
	{ "cookie", read_cookie, "cookie" },
	{ "set-cookie", read_set_cookie, "cookie" },
	{ "x-api-key", read_value, "api-key" },
	{ "api-key", read_value, "api-key" },
	{ "apikey", read_value, "api-key" },
	{ "x-auth-token", read_value, "token" },
	{ "x-access-token", read_value, "token" },
	{ "x-session-token", read_value, "token" },
	{ "x-csrf-token", read_value, "csrf" },
	{ "x-xsrf-token", read_value, "csrf" },
	{ "x-amz-security-token", read_value, "token" },
	{ "x-goog-api-key", read_value, "api-key" },
	{ "ocp-apim-subscription-key", read_value, "api-key" },
	{ "x-functions-key", read_value, "api-key" },
	{ "cf-access-client-id", read_value, "token" },
	{ "cf-access-client-secret", read_value, "secret" },
	{ "cf-access-jwt-assertion", read_value, "jwt" },
	{ "x-vault-token", read_value, "token" },
	{ "private-token", read_value, "token" },
	{ "job-token", read_value, "token" },
	{ "dd-api-key", read_value, "api-key" },
	{ "dpop", read_value, "jwt" },
	{ "x-forwarded-client-cert", read_value, "secret" },
	{ "referer", read_url, "" },
	{ "location", read_url, "" },
	{ "content-location", read_url, "" },
	{ "link", read_url, "" },
	{ "refresh", read_url, "" },
	/* never secret, and easily taken for numbers that are */
	{ "traceparent", read_nothing, NULL },
	{ "tracestate", read_nothing, NULL },
	{ "etag", read_nothing, NULL },
	{ "if-none-match", read_nothing, NULL },
	{ "if-match", read_nothing, NULL },
	{ "x-request-id", read_nothing, NULL },
	{ "date", read_nothing, NULL },
	{ "content-length", read_nothing, NULL },
};

/* Vendors' own names: x-…-token, …-signature…. */
static const char *
class_by_part(struct slice name)
{
	static const struct {
		const char *part, *class;
		bool needs_x;
	} parts[] = {
		{ "-signature", "signature", false },
		{ "token", "token", true },
		{ "secret", "secret", true },
		{ "api-key", "api-key", true },
		{ "apikey", "api-key", true },
		{ "password", "password", true },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].needs_x && !slice_istarts(name, SLICE("x-")))
			continue;
		if (slice_ifind(name, slice_str(parts[i].part)) > 0)
			return parts[i].class;
	}
	return NULL;
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
		policies[k].read(&r);
		job_detect_rules(j, i, r.class != NULL);
	} else if ((r.class = class_by_part(h->name))) {
		read_value(&r);
		job_detect(j, i);
	} else {
		job_detect_text(j, i);
	}
	clip_to_value(&r);
}

/* ---- target ------------------------------------------------------------------- */

/* A path segment that is coded is looked at decoded. */
static void
target_path(struct job *j, size_t i, struct slice path,
	    const struct walk_at *at)
{
	struct slice rest = path;
	unsigned index = 0;
	bool first = true;

	while (rest.p) {
		struct slice seg = slice_cut(&rest, '/');
		struct place p = { .exchange = at->exchange,
				   .side = at->side, .part = PLACE_PATH };
		struct slice rule, class;
		char name[16];

		if (first && seg.n == 0) {	/* before the first slash */
			first = false;
			continue;
		}
		first = false;
		p.name = slice_of(name, (size_t)snprintf(name, sizeof(name),
							 "%u", index++));
		if (seg.n == 0)
			continue;
		class = rules_field(j->s->rules, &p, &rule);
		if (class.n) {
			struct piece *q = &j->v[i];

			spans_add(&q->spans, &(struct span){
				.from = (size_t)(seg.p - q->raw.p),
				.to = (size_t)(seg.p - q->raw.p) + seg.n,
				.rank = RANK_USER, .class = class,
				.rule = rule, .value = seg,
			});
		} else if (job_keep_place(j, i, &p, &(struct field){
				   .span = seg, .value = seg })) {
			continue;
		} else if (slice_chr(seg, '%') >= 0) {
			job_add_percent(j, i, seg);
		}
	}
}

void
policy_target(struct job *j, size_t i, struct slice target,
	      const struct walk_at *at)
{
	ssize_t q = slice_chr(target, '?');
	struct walk_at in = *at;

	in.part = PLACE_QUERY;
	in.where = KEY_URL;
	target_path(j, i, q < 0 ? target : slice_range(target, 0, (size_t)q),
		    at);
	if (q >= 0)
		job_walk(j, i, slice_from(target, (size_t)q + 1),
			 field_format_named("query"), &in);
	job_detect(j, i);
}
